//! What the entries of an archive become: files with safe names of their own, within a limit, all of them or none.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::failure::Failure;
use super::format::Format;
use super::names;
use super::part::{Complete, Part, rename_all};

/// How many entries an archive may have. An export has about one for each statistic.
pub(super) const MAX_ENTRIES: u64 = 10_000;

/// How many bytes a download may expand to when the caller sets no limit: far more than tables compress to, and less than would
/// fill a disk.
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
    /// How many bytes of the limit are left.
    room: u64,
    entries: u64,
    names: HashSet<String>,
    complete: Vec<Complete>,
    dropped: &'a dyn Fn() -> bool,
}

impl<'a> Unpacking<'a> {
    /// Unpacks at most `limit` bytes into `folder`, or checks an archive without one. Stops early if `dropped` says so.
    pub(super) fn new(folder: Option<&'a Path>, limit: u64, dropped: &'a dyn Fn() -> bool) -> Self {
        Self {
            folder,
            limit,
            room: limit,
            entries: 0,
            names: HashSet::new(),
            complete: Vec::new(),
            dropped,
        }
    }

    /// Counts an entry, of whatever kind.
    pub(super) fn count(&mut self) -> Result<(), Failure> {
        self.entries += 1;
        match self.entries > MAX_ENTRIES {
            true => Err(Failure::unfit_archive("more than 10,000 entries")),
            false => Ok(()),
        }
    }

    /// Fails if entries of this many bytes in all do not fit.
    pub(super) fn announce(&self, bytes: u128) -> Result<(), Failure> {
        match bytes > u128::from(self.limit) {
            true => Err(Failure::TooLarge(self.limit)),
            false => Ok(()),
        }
    }

    /// Writes an entry that has `size` bytes by its header.
    pub(super) fn entry(&mut self, path: &str, size: u64, content: &mut dyn Read) -> Result<(), Failure> {
        let name = names::of_entry(path).map_err(Failure::unfit_archive)?;
        if !self.names.insert(names::folded(name)) {
            return Err(Failure::unfit_archive("two entries of one name"));
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
                match Format::detect_within(bytes) {
                    Ok(Format::Csv) => {}
                    Ok(_) => return Err(Failure::unfit_archive("an archive within an archive")),
                    Err(found) => return Err(Failure::unfit_archive(found)),
                }
            }
            written += filled as u64;
            let Some(room) = self.room.checked_sub(filled as u64) else {
                return Err(Failure::TooLarge(self.limit));
            };
            self.room = room;
            if let Some(part) = &mut part {
                part.write(bytes)?;
            }
            if filled < buffer.len() {
                break;
            }
        }
        if written != size {
            return Err(Failure::Archive(
                "an entry has another size than its header says".into(),
            ));
        }
        if let (Some(part), Some(folder)) = (part, self.folder) {
            self.complete.push(part.complete(folder, name)?);
        }
        Ok(())
    }

    /// Gives the files their names.
    pub(super) fn finish(self) -> Result<Vec<PathBuf>, Failure> {
        rename_all(self.complete)
    }
}

/// How many bytes of an entry are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Reads until the buffer is full or the content ends, and returns the number of bytes.
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

/// A reader that gives out a limited number of bytes while headers are read, which the archive crates keep in memory.
pub(super) struct Metered<R> {
    inner: R,
    meter: Meter,
}

/// How many bytes may be read.
#[derive(Clone)]
pub(super) struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// Allows the headers of one step to have this many bytes.
    pub(super) fn headers(&self, bytes: u64) {
        self.0.set(bytes);
    }

    /// Removes the limit, for content that is not kept in memory.
    pub(super) fn content(&self) {
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
        let left = self.meter.0.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("the headers of the archive are too large"));
        }
        let longest = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..longest).unwrap_or_default())?;
        self.meter.0.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
