//! Unpacks the entries of an archive into files with safe names, within a size limit, all or none
//! of them.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::failure::Failure;
use super::format::Format;
use super::names;
use super::part::{Complete, Part, rename_all};

/// The maximum number of entries in an archive. An export has about one per statistic.
pub(super) const MAX_ENTRIES: u64 = 10_000;

/// Returns the number of bytes that a download may expand to if the caller set no limit: far more
/// than tables expand to, but less than a disk holds.
pub(super) fn expansion_limit(compressed_bytes: u64) -> u64 {
    const ALWAYS_ALLOWED_BYTES: u64 = 1 << 30;
    const MAX_RATIO: u64 = 250;
    compressed_bytes.saturating_mul(MAX_RATIO).max(ALWAYS_ALLOWED_BYTES)
}

/// An archive that is being unpacked, or only checked.
pub(super) struct Unpacking<'a> {
    /// The folder, unless the entries are only checked.
    folder: Option<&'a Path>,
    limit: u64,
    /// The number of bytes that may still be written.
    remaining: u64,
    entries: u64,
    names: HashSet<String>,
    complete: Vec<Complete>,
    dropped: &'a dyn Fn() -> bool,
}

impl<'a> Unpacking<'a> {
    /// Unpacks at most `limit` bytes into `folder`, or only checks the archive if there is no
    /// folder. Stops early if `dropped` returns `true`.
    pub(super) fn new(folder: Option<&'a Path>, limit: u64, dropped: &'a dyn Fn() -> bool) -> Self {
        Self {
            folder,
            limit,
            remaining: limit,
            entries: 0,
            names: HashSet::new(),
            complete: Vec::new(),
            dropped,
        }
    }

    /// Counts an entry of any type, and fails if there are too many.
    pub(super) fn count_entry(&mut self) -> Result<(), Failure> {
        self.entries += 1;
        match self.entries > MAX_ENTRIES {
            true => Err(Failure::unfit_archive("more than 10,000 entries")),
            false => Ok(()),
        }
    }

    /// Fails if entries with a total of `bytes` bytes exceed the limit.
    pub(super) fn check_size(&self, bytes: u128) -> Result<(), Failure> {
        match bytes > u128::from(self.limit) {
            true => Err(Failure::TooLarge(self.limit)),
            false => Ok(()),
        }
    }

    /// Writes an entry, whose size in the header is `size`.
    pub(super) fn entry(&mut self, path: &str, size: u64, content: &mut dyn Read) -> Result<(), Failure> {
        let name = names::of_entry(path).map_err(Failure::unfit_archive)?;
        if !self.names.insert(names::folded(name)) {
            return Err(Failure::unfit_archive("two entries with the same name"));
        }
        let mut part = self.folder.map(|folder| Part::create(folder, name)).transpose()?;
        let is_csv = name.to_ascii_lowercase().ends_with(".csv");
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut written = 0;
        let mut filled;
        loop {
            if (self.dropped)() {
                return Err(Failure::Dropped);
            }
            filled = fill(content, &mut buffer).map_err(Failure::of_archive)?;
            let bytes = buffer.get(..filled).unwrap_or_default();
            if written == 0 && is_csv && !bytes.is_empty() {
                match Format::detect(bytes) {
                    Ok(Format::Csv) => {}
                    Ok(_) => return Err(Failure::unfit_archive("an archive within an archive")),
                    Err(found) => return Err(Failure::unfit_archive(found)),
                }
            }
            written += filled as u64;
            let Some(remaining) = self.remaining.checked_sub(filled as u64) else {
                return Err(Failure::TooLarge(self.limit));
            };
            self.remaining = remaining;
            if let Some(part) = &mut part {
                part.write(bytes)?;
            }
            if filled < buffer.len() {
                break;
            }
        }
        if written != size {
            return Err(Failure::Archive("the size of an entry differs from its header".into()));
        }
        if let (Some(part), Some(folder)) = (part, self.folder) {
            self.complete.push(part.complete(folder, name)?);
        }
        Ok(())
    }

    /// Renames the files to their final names.
    pub(super) fn finish(self) -> Result<Vec<PathBuf>, Failure> {
        rename_all(self.complete)
    }
}

/// The size of the buffer through which entries are copied, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// Fills the buffer until the content ends. Returns the number of bytes read.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match content.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A reader that limits the size of headers, because the archive crates keep them in memory.
pub(super) struct Metered<R> {
    inner: R,
    meter: Meter,
}

/// The number of bytes that may be read.
#[derive(Clone)]
pub(super) struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// Allows the next headers to have at most `bytes` bytes.
    pub(super) fn limit_headers(&self, bytes: u64) {
        self.0.set(bytes);
    }

    /// Removes the limit, for content that is not kept in memory.
    pub(super) fn unlimited(&self) {
        self.0.set(u64::MAX);
    }
}

impl<R> Metered<R> {
    pub(super) fn new(inner: R) -> (Self, Meter) {
        let meter = Meter(Rc::new(Cell::new(0)));
        let metered = Self {
            inner,
            meter: meter.clone(),
        };
        (metered, meter)
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let remaining = self.meter.0.get();
        if remaining == 0 && !buffer.is_empty() {
            return Err(io::Error::other("the headers of the archive are too large"));
        }
        let longest = usize::try_from(remaining).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..longest).unwrap_or_default())?;
        self.meter.0.set(remaining.saturating_sub(read as u64));
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
