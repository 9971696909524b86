//! The entries of a ZIP archive.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::read::{ArchiveOffset, Config, ZipArchive};
use zip::result::ZipError;

use super::failure::Failure;
use super::unpack::{MAX_ENTRIES, Metered, Unpacking};

/// The maximum size of the directory of an archive, in bytes. It is kept in memory.
const MAX_DIRECTORY_BYTES: u64 = 4 << 20;
/// The maximum number of bytes read to find the directory, and for the header of an entry.
const MAX_HEADER_BYTES: u64 = 4 * MAX_DIRECTORY_BYTES;

/// Unpacks a ZIP archive.
pub(super) fn unzip(file: &mut File, unpacking: &mut Unpacking<'_>) -> Result<(), Failure> {
    check_directory(file)?;
    file.rewind()?;
    let (reader, meter) = Metered::new(BufReader::new(file));
    meter.limit_headers(MAX_HEADER_BYTES);
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut archive = ZipArchive::with_config(config, reader).map_err(failure)?;
    if archive.has_duplicate_names() {
        return Err(Failure::unfit_archive("two entries with the same name"));
    }
    if archive.has_overlapping_entries().map_err(failure)? {
        return Err(Failure::unfit_archive("entries that overlap"));
    }
    unpacking.check_size(archive.decompressed_size().unwrap_or_default())?;
    for index in 0..archive.len() {
        unpacking.count_entry()?;
        meter.limit_headers(MAX_HEADER_BYTES);
        let mut entry = archive.by_index(index).map_err(failure)?;
        let path = entry.name().map_err(failure)?.into_owned();
        if path.ends_with('/') && entry.size() == 0 {
            continue;
        }
        const TYPE_MASK: u32 = 0o170_000;
        const REGULAR_FILE: u32 = 0o100_000;
        let is_special = |mode: u32| !matches!(mode & TYPE_MASK, 0 | REGULAR_FILE);
        if entry.unix_mode().is_some_and(is_special) {
            return Err(Failure::unfit_archive("an entry that is not a file, such as a link"));
        }
        let size = entry.size();
        meter.unlimited();
        unpacking.entry(&path, size, &mut entry)?;
    }
    Ok(())
}

fn failure(error: ZipError) -> Failure {
    match error {
        ZipError::Io(error) => Failure::of_archive(error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            Failure::unfit_archive("an encrypted entry")
        }
        ZipError::CompressionMethodNotSupported(_) => Failure::unfit_archive("an unknown compression method"),
        error => Failure::Archive(error.into()),
    }
}

/// Checks the end record of the archive, before memory is allocated for the directory that it
/// describes.
///
/// The end record is followed only by a comment, whose length it contains. Further bytes mean that
/// the file is damaged. See <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.14
/// to 4.3.16.
fn check_directory(file: &mut File) -> Result<(), Failure> {
    const END: &[u8] = b"PK\x05\x06";
    const END_BYTES: u64 = 22;
    const LOCATOR: &[u8] = b"PK\x06\x07";
    const LOCATOR_BYTES: u64 = 20;
    const END64: &[u8] = b"PK\x06\x06";
    const END64_BYTES: u64 = 56;
    let damaged = || Failure::Archive("the archive does not end with its directory".into());

    let length = file.seek(SeekFrom::End(0))?;
    let longest = END_BYTES + u64::from(u16::MAX);
    let start = length.saturating_sub(longest);
    let tail = read_at(file, start, length - start)?;
    let at = tail
        .windows(END.len())
        .rposition(|bytes| bytes == END)
        .ok_or_else(damaged)?;
    let end = tail.get(at..).unwrap_or_default();
    let comment = u64::from(little_endian::<2>(end, 20).ok_or_else(damaged)? as u16);
    if end.len() as u64 != END_BYTES + comment {
        return Err(damaged());
    }
    let mut entries = little_endian::<2>(end, 10).ok_or_else(damaged)?;
    let mut bytes = little_endian::<4>(end, 12).ok_or_else(damaged)?;
    let mut offset = little_endian::<4>(end, 16).ok_or_else(damaged)?;
    let mut end_at = start + at as u64;
    let overflows = entries == u64::from(u16::MAX) || [bytes, offset].contains(&u64::from(u32::MAX));
    if let Some(locator) = end_at.checked_sub(LOCATOR_BYTES).filter(|_| overflows) {
        let locator = read_at(file, locator, LOCATOR_BYTES)?;
        if locator.starts_with(LOCATOR) {
            end_at = little_endian::<8>(&locator, 8).ok_or_else(damaged)?;
            let end64 = read_at(file, end_at, END64_BYTES)?;
            if !end64.starts_with(END64) {
                return Err(damaged());
            }
            entries = little_endian::<8>(&end64, 32).ok_or_else(damaged)?;
            bytes = little_endian::<8>(&end64, 40).ok_or_else(damaged)?;
            offset = little_endian::<8>(&end64, 48).ok_or_else(damaged)?;
        }
    }
    if entries == 0 && read_at(file, 0, 4)? == b"PK\x03\x04" {
        return Err(Failure::Archive("the directory of the archive lists no entries".into()));
    }
    // Two concatenated archives would otherwise be read as one, without the entries of the first.
    if offset.checked_add(bytes) != Some(end_at) {
        return Err(damaged());
    }
    match entries > MAX_ENTRIES || bytes > MAX_DIRECTORY_BYTES {
        true => Err(Failure::unfit_archive("more than 10,000 entries")),
        false => Ok(()),
    }
}

/// Reads up to `bytes` bytes at a position.
fn read_at(file: &mut File, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut read = Vec::new();
    file.take(bytes).read_to_end(&mut read)?;
    Ok(read)
}

/// Reads a little-endian number of `N` bytes at a position.
fn little_endian<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(N)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}
