//! The entries of a ZIP archive.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::read::{ArchiveOffset, Config, ZipArchive};
use zip::result::ZipError;

use super::failure::Failure;
use super::unpack::{MAX_ENTRIES, Metered, Unpacking};

/// How many bytes the directory of an archive may have, which is kept in memory.
const MAX_DIRECTORY_BYTES: u64 = 4 << 20;
/// How many bytes may be read to find and read the directory and the headers of all entries.
const MAX_HEADER_BYTES: u64 = 4 * MAX_DIRECTORY_BYTES;

/// Unpacks a ZIP archive.
pub(super) fn unzip(file: &mut File, unpacking: &mut Unpacking<'_>) -> Result<(), Failure> {
    check_directory(file)?;
    file.rewind()?;
    let (reader, meter) = Metered::new(BufReader::new(file));
    meter.headers(MAX_HEADER_BYTES);
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut archive = ZipArchive::with_config(config, reader).map_err(failure)?;
    if archive.has_duplicate_names() {
        return Err(Failure::unfit_archive("two entries of one name"));
    }
    if archive.has_overlapping_entries().map_err(failure)? {
        return Err(Failure::unfit_archive("entries that overlap"));
    }
    unpacking.announce(archive.decompressed_size().unwrap_or_default())?;
    for index in 0..archive.len() {
        unpacking.count()?;
        meter.headers(MAX_HEADER_BYTES);
        let mut entry = archive.by_index(index).map_err(failure)?;
        let path = entry.name().map_err(failure)?.into_owned();
        if path.ends_with('/') && entry.size() == 0 {
            continue;
        }
        const KIND: u32 = 0o170_000;
        const FILE: u32 = 0o100_000;
        if entry.unix_mode().is_some_and(|mode| !matches!(mode & KIND, 0 | FILE)) {
            return Err(Failure::unfit_archive("an entry that is no file, such as a link"));
        }
        let size = entry.size();
        meter.content();
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

/// Checks what the end of the archive says of its directory, before memory is reserved for that.
///
/// The record is the last thing in the file, except for a comment of the length that it states: bytes that follow are damage.
/// <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.14 to 4.3.16.
fn check_directory(file: &mut File) -> Result<(), Failure> {
    const END: &[u8] = b"PK\x05\x06";
    const END_BYTES: u64 = 22;
    const LOCATOR: &[u8] = b"PK\x06\x07";
    const LOCATOR_BYTES: u64 = 20;
    const END64: &[u8] = b"PK\x06\x06";
    const END64_BYTES: u64 = 56;
    let damaged = || Failure::Archive("the archive does not end by its directory".into());

    let length = file.seek(SeekFrom::End(0))?;
    let longest = END_BYTES + u64::from(u16::MAX);
    let start = length.saturating_sub(longest);
    let tail = read_at(file, start, length - start)?;
    let at = tail
        .windows(END.len())
        .rposition(|bytes| bytes == END)
        .ok_or_else(damaged)?;
    let end = tail.get(at..).unwrap_or_default();
    let comment = u64::from(little::<2>(end, 20).ok_or_else(damaged)? as u16);
    if end.len() as u64 != END_BYTES + comment {
        return Err(damaged());
    }
    let mut entries = little::<2>(end, 10).ok_or_else(damaged)?;
    let mut bytes = little::<4>(end, 12).ok_or_else(damaged)?;
    let mut offset = little::<4>(end, 16).ok_or_else(damaged)?;
    let mut end_at = start + at as u64;
    let overflows = entries == u64::from(u16::MAX) || [bytes, offset].contains(&u64::from(u32::MAX));
    if let Some(locator) = end_at.checked_sub(LOCATOR_BYTES).filter(|_| overflows) {
        let locator = read_at(file, locator, LOCATOR_BYTES)?;
        if locator.starts_with(LOCATOR) {
            end_at = little::<8>(&locator, 8).ok_or_else(damaged)?;
            let end64 = read_at(file, end_at, END64_BYTES)?;
            if !end64.starts_with(END64) {
                return Err(damaged());
            }
            entries = little::<8>(&end64, 32).ok_or_else(damaged)?;
            bytes = little::<8>(&end64, 40).ok_or_else(damaged)?;
            offset = little::<8>(&end64, 48).ok_or_else(damaged)?;
        }
    }
    if entries == 0 && read_at(file, 0, 4)? == b"PK\x03\x04" {
        return Err(Failure::Archive("the directory of the archive lists no entries".into()));
    }
    // Of two archives one after the other, the directory of the first would be taken for that of both.
    if offset.checked_add(bytes) != Some(end_at) {
        return Err(damaged());
    }
    match entries > MAX_ENTRIES || bytes > MAX_DIRECTORY_BYTES {
        true => Err(Failure::unfit_archive("more than 10,000 entries")),
        false => Ok(()),
    }
}

/// Reads bytes of a file; fewer if it ends before.
fn read_at(file: &mut File, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut read = Vec::new();
    file.take(bytes).read_to_end(&mut read)?;
    Ok(read)
}

/// The number of `N` bytes, the lowest first, that starts at a place.
fn little<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(N)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}
