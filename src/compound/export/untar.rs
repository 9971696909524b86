//! The entries of a tar archive.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::failure::Failure;
use super::unpack::{Metered, Unpacking};

/// The maximum size of the headers of one entry, in bytes. Long names and extensions are kept in
/// memory.
const MAX_HEADER_BYTES: u64 = 256 << 10;
/// The size of a block, in bytes.
const BLOCK_BYTES: u64 = 512;

/// Unpacks a tar archive.
pub(super) fn untar(file: &mut File, unpacking: &mut Unpacking<'_>) -> Result<(), Failure> {
    let (reader, meter) = Metered::new(BufReader::new(file));
    let mut archive = tar::Archive::new(reader);
    let mut entries = archive.entries().map_err(Failure::of_archive)?;
    loop {
        meter.limit_headers(MAX_HEADER_BYTES);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(Failure::of_archive)?;
        unpacking.count_entry()?;
        let kind = entry.header().entry_type();
        match kind {
            tar::EntryType::Directory | tar::EntryType::XGlobalHeader => continue,
            tar::EntryType::Regular | tar::EntryType::Continuous => {}
            _ => return Err(Failure::unfit_archive("an entry that is not a file, such as a link")),
        }
        let path = entry.path_bytes().into_owned();
        let Ok(path) = String::from_utf8(path) else {
            return Err(Failure::unfit_archive("an entry whose name is not UTF-8"));
        };
        let size = entry.size();
        // The oldest format has no type for folders.
        if path.ends_with('/') && size == 0 {
            continue;
        }
        unpacking.check_size(size.into())?;
        meter.unlimited();
        unpacking.entry(&path, size, &mut entry)?;
    }
    meter.unlimited();
    check_end(archive.into_inner().into_inner()).map_err(Failure::of_archive)
}

/// Checks that only zeros follow, at least one block. Anything else, such as a second archive,
/// would be ignored.
fn check_end(mut reader: BufReader<&mut File>) -> io::Result<()> {
    let damaged = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the archive does not end with a block of zeros",
        )
    };
    if reader.get_ref().metadata()?.len() % BLOCK_BYTES != 0 {
        return Err(damaged());
    }
    reader.seek(SeekFrom::Current(-(BLOCK_BYTES as i64)))?;
    let mut buffer = [0; 8 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        if buffer.iter().take(read).any(|byte| *byte != 0) {
            return Err(damaged());
        }
    }
}
