//! A file that is whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::answer::error::{Error, Kind};
use crate::answer::gzip::damaged;

/// Why a file could not be written.
pub(super) enum Failure {
    /// The disk refused something.
    Disk(io::Error),
    /// What came is damaged.
    Gzip(io::Error),
    /// What came is more than these bytes.
    TooLarge(u64),
}

/// A file that takes so many bytes at the most.
struct Bounded {
    file: File,
    limit: u64,
    written: u64,
}

/// The error of a file that is full.
#[derive(Debug)]
struct Full(u64);

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "more than {} bytes", self.0)
    }
}

impl std::error::Error for Full {}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.limit.saturating_sub(self.written);
        if bytes.len() as u64 > left {
            return Err(io::Error::other(Full(self.limit)));
        }
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(Full(limit)) => Self::TooLarge(*limit),
            None => Self::Disk(error),
        }
    }
}

/// A failure of the decoder, or of the disk behind it: only that one comes from the operating system.
fn decoding(error: io::Error) -> Failure {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.raw_os_error().is_none() && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) {
        true => Failure::Gzip(error),
        false => error.into(),
    }
}

/// Runs file work on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Failure::Disk(error))) => Err(Error::new(operation, Kind::Io).with_source(error)),
        Ok(Err(Failure::TooLarge(limit))) => Err(Error::new(operation, Kind::TooLarge(limit))),
        Ok(Err(Failure::Gzip(error))) => Err(damaged(operation, error)),
        Err(stopped) => Err(Error::new(operation, Kind::Io).with_source(stopped)),
    }
}

/// A file that is being written. Dropping it removes it.
pub(super) struct Part {
    // Dropped in this order: an open file cannot be removed everywhere.
    file: Sink,
    temporary: Temporary,
    target: PathBuf,
}

/// In what form bytes come, and are written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Plain,
    /// Compressed, and written decompressed.
    Gzip,
    /// Compressed, and written as it comes once it is known to be whole.
    KeptGzip,
}

enum Sink {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
    KeptGzip(Bounded, Box<MultiGzDecoder<io::Sink>>),
}

/// The name of a file that is removed on drop, if it is still there.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nobody is left to be told that it fails.
        let _ = fs::remove_file(&self.0);
    }
}

impl Part {
    pub(super) fn create(folder: &Path, name: &str, form: Form, limit: u64) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".{name}.{:016x}.part", fastrand::u64(..)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // It holds customers' data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = Bounded {
            file: options.open(&path)?,
            limit,
            written: 0,
        };
        Ok(Self {
            file: match form {
                Form::Plain => Sink::Plain(file),
                Form::Gzip => Sink::Gzip(Box::new(MultiGzDecoder::new(file))),
                Form::KeptGzip => Sink::KeptGzip(file, Box::new(MultiGzDecoder::new(io::sink()))),
            },
            temporary: Temporary(path),
            target: folder.join(name),
        })
    }

    pub(super) fn write(mut self, batch: &[Bytes]) -> Result<Self, Failure> {
        for chunk in batch {
            match &mut self.file {
                Sink::Plain(file) => file.write_all(chunk)?,
                Sink::Gzip(decoder) => decoder.write_all(chunk).map_err(decoding)?,
                Sink::KeptGzip(file, check) => {
                    check.write_all(chunk).map_err(decoding)?;
                    file.write_all(chunk)?;
                }
            }
        }
        Ok(self)
    }

    /// Gives the file its name, once it is on the disk.
    pub(super) fn finish(self) -> Result<PathBuf, Failure> {
        let file = match self.file {
            Sink::Plain(file) => file,
            Sink::Gzip(decoder) => decoder.finish().map_err(decoding)?,
            Sink::KeptGzip(file, check) => {
                check.finish().map_err(decoding)?;
                file
            }
        };
        file.file.sync_all()?;
        drop(file);
        fs::rename(&self.temporary.0, &self.target)?;
        // The name is there after a power failure too.
        #[cfg(unix)]
        if let Some(folder) = self.target.parent() {
            // The parent of a bare name is empty.
            File::open(Path::new(".").join(folder))?.sync_all()?;
        }
        Ok(self.target)
    }
}
