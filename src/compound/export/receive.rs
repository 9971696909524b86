//! A download on its way into a temporary file: decompressed as it arrives if it is gzip, and examined.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::failure::Failure;
use super::files::{ExportFile, ExportFiles};
use super::format::{Format, HEAD_BYTES};
use super::names;
use super::part::{Part, rename_all};
use super::unpack::{Unpacking, expansion_limit};
use crate::response::gzip::Members;

/// How a download is to be written.
pub(super) struct Settings {
    /// The folder, which is created if it does not exist.
    pub folder: PathBuf,
    /// The id of the job, after which a file is named that has no name of its own.
    pub job: String,
    /// Whether gzip and archives are kept as they come.
    pub keep_compressed: bool,
    /// How many bytes may be written, if the caller limits them.
    pub max_bytes: Option<u64>,
}

/// How many bytes an archive may have beyond the limit of its entries: its headers and padding.
const ARCHIVE_OVERHEAD_BYTES: u64 = 8 << 20;

/// A download that is being received.
pub(super) struct Receiving {
    part: Part,
    settings: Settings,
    /// What the download is.
    format: Format,
    /// What it contains once gzip is decompressed, when enough of it has arrived.
    content: Option<Format>,
    /// The decompressor, if the download is gzip.
    gzip: Option<Box<Members>>,
    /// The first bytes of the content.
    head: Vec<u8>,
    /// How many bytes have arrived.
    received: u64,
    /// How many bytes of content there are.
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

    /// Returns `true` if the bytes are written as they come.
    fn keeps(&self) -> bool {
        self.settings.keep_compressed && self.format != Format::Csv
    }

    /// Writes bytes that have arrived.
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
                self.contain(chunk)?;
                continue;
            };
            let mut chunk = &chunk[..];
            while !chunk.is_empty() {
                let read = members.push(chunk).map_err(Failure::Gzip)?;
                chunk = chunk.get(read..).unwrap_or_default();
                self.contain(members.output())?;
                members.output().clear();
            }
            self.gzip = Some(members);
        }
        Ok(self)
    }

    /// Takes bytes of the content.
    fn contain(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.contained += bytes.len() as u64;
        if self.content.is_some() {
            return self.write_content(bytes);
        }
        self.head.extend_from_slice(bytes);
        match self.head.len() < HEAD_BYTES {
            true => Ok(()),
            false => self.examine(),
        }
    }

    /// Writes bytes of content that is known to be that of an export, unless the download is kept as it came.
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

    /// How much gzip may expand to.
    fn gzip_limit(&self) -> Option<u64> {
        (self.format == Format::Gzip).then(|| expansion_limit(self.received))
    }

    /// Detects what the content is, and writes what was held back until then.
    fn examine(&mut self) -> Result<(), Failure> {
        let detected = match self.format {
            Format::Gzip => Format::detect_within(&self.head),
            _ => Format::detect(&self.head),
        };
        let content = match detected {
            Ok(Format::Gzip) => return Err(Failure::no_export("gzip within gzip")),
            Ok(content) => content,
            // An empty CSV, which is complete by gzip's checksum.
            Err(_) if self.format == Format::Gzip && self.head.is_empty() => Format::Csv,
            Err(found) => return Err(Failure::no_export(found)),
        };
        self.content = Some(content);
        let head = std::mem::take(&mut self.head);
        let written = self.write_content(&head);
        self.head = head;
        self.head.truncate(HEAD_BYTES);
        written
    }

    /// Returns `true` if gzip contains a tar archive without entries, which is one record of zeros or less.
    fn is_empty_tar(&self) -> bool {
        const BLOCK_BYTES: u64 = 512;
        const RECORD_BYTES: u64 = 20 * BLOCK_BYTES;
        let blocks =
            self.contained.is_multiple_of(BLOCK_BYTES) && (BLOCK_BYTES..=RECORD_BYTES).contains(&self.contained);
        self.format == Format::Gzip && blocks && self.head.iter().all(|byte| *byte == 0)
    }

    /// Gives the files their names, once all has arrived and proved to be complete. Stops early if `dropped` says so.
    pub(super) fn finish(mut self, dropped: impl Fn() -> bool) -> Result<ExportFiles, Failure> {
        if let Some(mut members) = self.gzip.take() {
            members.finish().map_err(Failure::Gzip)?;
            self.contain(members.output())?;
        }
        if self.content.is_none() {
            self.examine()?;
        }
        let mut content = self.content.unwrap_or(Format::Csv);
        if self.is_empty_tar() {
            content = Format::Tar;
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
        // The checksums of gzip cover what it contains.
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
        one(part, &settings.folder, &name, csv)
    }
}

/// The extension of a file in this format.
fn extension(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Gzip => "gz",
        Format::Zip => "zip",
        Format::Tar => "tar",
    }
}

/// Gives a single file its name.
fn one(part: Part, folder: &Path, name: &str, csv: Option<&[u8]>) -> Result<ExportFiles, Failure> {
    let paths = rename_all(vec![part.complete(folder, name)?])?;
    let files = paths.into_iter().map(|path| ExportFile::of_job(path, csv));
    Ok(ExportFiles::new(files.collect()))
}
