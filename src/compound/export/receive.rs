//! Receives a download into a temporary file: decompresses gzip as it arrives, and checks the
//! content.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::failure::Failure;
use super::files::{ExportFile, ExportFiles};
use super::format::{BINARY, Format, HEAD_BYTES};
use super::names;
use super::part::{Part, rename_all};
use super::unpack::{Unpacking, expansion_limit};
use crate::response::gzip::Members;

/// The settings of a download.
pub(super) struct Settings {
    /// The folder to write into, created if it does not exist.
    pub folder: PathBuf,
    /// The id of the job, from which the name of a file outside of an archive is made.
    pub job: String,
    /// Whether gzip and archives are written unchanged.
    pub keep_compressed: bool,
    /// The maximum number of bytes to write, if the caller set one.
    pub max_bytes: Option<u64>,
}

/// The number of bytes by which an archive may exceed the limit of its entries, for headers and
/// padding.
const ARCHIVE_OVERHEAD_BYTES: u64 = 8 << 20;

/// A download that is being received.
pub(super) struct Receiving {
    part: Part,
    settings: Settings,
    /// The format of the download.
    format: Format,
    /// The format after gzip decompression; `None` until enough of the content has arrived.
    content: Option<Format>,
    /// The decompressor, if the download is gzip.
    gzip: Option<Box<Members>>,
    /// The first bytes of the content.
    head: Vec<u8>,
    /// Bytes received.
    received: u64,
    /// Bytes of content after gzip decompression.
    contained: u64,
}

impl Receiving {
    /// Creates the temporary file of a download in this format.
    pub(super) fn create(settings: Settings, format: Format) -> Result<Self, Failure> {
        let extension = if format == Format::Gzip {
            "csv"
        } else {
            extension(format)
        };
        let name = format!("{}.{extension}", names::of_job(&settings.job));
        Ok(Self {
            part: Part::create(&settings.folder, &name)?,
            settings,
            format,
            content: None,
            gzip: (format == Format::Gzip).then(Box::default),
            head: Vec::new(),
            received: 0,
            contained: 0,
        })
    }

    /// Returns `true` if the received bytes are written unchanged.
    fn keeps(&self) -> bool {
        self.settings.keep_compressed && self.format != Format::Csv
    }

    /// Writes received bytes.
    pub(super) fn write(mut self, batch: &[Bytes]) -> Result<Self, Failure> {
        for chunk in batch {
            self.received += chunk.len() as u64;
            if self.keeps() {
                match self.settings.max_bytes {
                    Some(max) if self.received > max => return Err(Failure::TooLarge(max)),
                    _ => self.part.write(chunk)?,
                }
            }
            let Some(mut members) = self.gzip.take() else {
                self.add_content(chunk)?;
                continue;
            };
            let mut chunk = &chunk[..];
            while !chunk.is_empty() {
                let read = members.push(chunk).map_err(Failure::Gzip)?;
                chunk = chunk.get(read..).unwrap_or_default();
                self.add_content(members.output())?;
                members.output().clear();
            }
            self.gzip = Some(members);
        }
        Ok(self)
    }

    /// Processes bytes of the content.
    fn add_content(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.contained += bytes.len() as u64;
        if self.content.is_some() {
            return self.write_content(bytes);
        }
        self.head.extend_from_slice(bytes);
        match self.head.len() < HEAD_BYTES {
            true => Ok(()),
            false => self.detect_content(),
        }
    }

    /// Writes content in a known format, unless the received bytes are written unchanged.
    fn write_content(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let limit = match self.settings.max_bytes {
            Some(max) if !self.keeps() => Some(match self.content {
                Some(Format::Csv) => max,
                _ => max.saturating_add(ARCHIVE_OVERHEAD_BYTES),
            }),
            _ => self.gzip_limit(),
        };
        match limit {
            Some(limit) if self.contained > limit => Err(Failure::TooLarge(self.settings.max_bytes.unwrap_or(limit))),
            _ if self.keeps() => Ok(()),
            _ => self.part.write(bytes),
        }
    }

    /// Returns the maximum number of bytes that gzip may expand to.
    fn gzip_limit(&self) -> Option<u64> {
        (self.format == Format::Gzip).then(|| expansion_limit(self.received))
    }

    /// Detects the format of the content, and writes the bytes held back until then.
    fn detect_content(&mut self) -> Result<(), Failure> {
        let in_gzip = self.format == Format::Gzip;
        let content = match Format::detect(&self.head) {
            Ok(Format::Gzip) => return Err(Failure::no_export("gzip within gzip")),
            Ok(content) => content,
            // An empty CSV. The checksum of gzip proves that it is complete.
            Err(_) if in_gzip && self.head.is_empty() => Format::Csv,
            // Possibly a tar archive without entries; its size shows at the end.
            Err(BINARY) if in_gzip && self.is_zeros() => Format::Tar,
            Err(found) => return Err(Failure::no_export(found)),
        };
        self.content = Some(content);
        let head = std::mem::take(&mut self.head);
        let written = self.write_content(&head);
        self.head = head;
        self.head.truncate(HEAD_BYTES);
        written
    }

    /// Returns `true` if the content starts with zeros only.
    fn is_zeros(&self) -> bool {
        self.head.iter().all(|byte| *byte == 0)
    }

    /// Returns `true` if the content has the size of a tar archive without entries: at most one
    /// record, in complete blocks.
    fn has_size_of_empty_tar(&self) -> bool {
        const BLOCK_BYTES: u64 = 512;
        const RECORD_BYTES: u64 = 20 * BLOCK_BYTES;
        self.contained.is_multiple_of(BLOCK_BYTES) && (BLOCK_BYTES..=RECORD_BYTES).contains(&self.contained)
    }

    /// Checks that the download is complete, unpacks archives, and renames the files. Stops early
    /// if `dropped` returns `true`.
    pub(super) fn finish(mut self, dropped: impl Fn() -> bool) -> Result<ExportFiles, Failure> {
        if let Some(mut members) = self.gzip.take() {
            members.finish().map_err(Failure::Gzip)?;
            self.add_content(members.output())?;
        }
        if self.content.is_none() {
            self.detect_content()?;
        }
        let content = self.content.unwrap_or(Format::Csv);
        if content == Format::Tar && self.is_zeros() && !self.has_size_of_empty_tar() {
            return Err(Failure::no_export(BINARY));
        }
        let keeps = self.keeps();
        let Self {
            mut part,
            settings,
            format,
            head,
            received,
            ..
        } = self;
        // An archive in gzip that is kept is covered by the checksum of gzip.
        let checks_archive = match (content, keeps) {
            (Format::Zip | Format::Tar, true) => format != Format::Gzip,
            (Format::Zip | Format::Tar, false) => true,
            _ => false,
        };
        if checks_archive {
            let folder = (!keeps).then_some(settings.folder.as_path());
            let max_bytes = settings.max_bytes.filter(|_| !keeps);
            let limit = max_bytes.unwrap_or_else(|| expansion_limit(received));
            let mut unpacking = Unpacking::new(folder, limit, &dropped);
            let archive = part.reader()?;
            match content {
                Format::Tar => super::untar::untar(archive, &mut unpacking)?,
                _ => super::unzip::unzip(archive, &mut unpacking)?,
            }
            if !keeps {
                drop(part);
                let paths = unpacking.finish()?;
                return Ok(ExportFiles::new(paths.into_iter().map(ExportFile::of_entry).collect()));
            }
        }
        let mut name = names::of_job(&settings.job);
        name = format!("{name}.{}", extension(content));
        if keeps && format == Format::Gzip {
            name.push_str(".gz");
        }
        let csv = (content == Format::Csv).then_some(head.as_slice());
        rename_one(part, &settings.folder, &name, csv)
    }
}

/// Returns the file extension of a format.
fn extension(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Gzip => "gz",
        Format::Zip => "zip",
        Format::Tar => "tar",
    }
}

/// Completes and renames a single file.
fn rename_one(part: Part, folder: &Path, name: &str, csv: Option<&[u8]>) -> Result<ExportFiles, Failure> {
    let paths = rename_all(vec![part.complete(folder, name)?])?;
    let files = paths.into_iter().map(|path| ExportFile::of_job(path, csv));
    Ok(ExportFiles::new(files.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_expands_to_1_gib_or_250_times_its_size_at_most() {
        const GIB: u64 = 1 << 30;
        let folder = tempfile::tempdir().unwrap();
        for (received, contained, fits) in [
            (100, GIB, true),
            (100, GIB + 1, false),
            (10 << 20, 2500 << 20, true),
            (10 << 20, (2500 << 20) + 1, false),
        ] {
            let settings = Settings {
                folder: folder.path().to_owned(),
                job: "job-1".to_owned(),
                keep_compressed: false,
                max_bytes: None,
            };
            let mut receiving = Receiving::create(settings, Format::Gzip).ok().unwrap();
            (receiving.received, receiving.contained) = (received, contained);
            receiving.content = Some(Format::Csv);
            let written = receiving.write_content(b"a");
            assert_eq!(written.is_ok(), fits, "{contained} bytes of {received}");
            assert!(fits || matches!(written, Err(Failure::TooLarge(_))));
        }
    }
}
