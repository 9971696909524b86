//! A file that is whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::answer::error::{Error, Kind};
use crate::answer::gzip::damaged;

/// Why a file could not be written.
pub enum Failure {
    /// The disk refused something.
    Disk(io::Error),
    /// What came is damaged.
    Gzip(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A failure of the decoder, or of the disk behind it: only that one comes from the operating system.
fn decoding(error: io::Error) -> Failure {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.raw_os_error().is_none() && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof) {
        true => Failure::Gzip(error),
        false => Failure::Disk(error),
    }
}

/// Runs file work on a thread that may block.
pub async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Failure::Disk(error))) => Err(Error::kind(operation, Kind::Io).caused(error).after(1)),
        Ok(Err(Failure::Gzip(error))) => Err(damaged(operation, error)),
        Err(stopped) => Err(Error::kind(operation, Kind::Io).caused(stopped).after(1)),
    }
}

/// A file that is being written. Dropping it removes it.
pub struct Part {
    // Dropped in this order: an open file cannot be removed everywhere.
    file: Sink,
    temporary: Temporary,
    target: PathBuf,
}

/// In what form bytes come, and are written.
#[derive(Clone, Copy)]
pub enum Form {
    Plain,
    /// Compressed, and written decompressed.
    Gzip,
    /// Compressed, and written as it comes once it is known to be whole.
    KeptGzip,
}

enum Sink {
    Plain(File),
    Gzip(Box<MultiGzDecoder<File>>),
    KeptGzip(File, Box<MultiGzDecoder<io::Sink>>),
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
    pub fn create(folder: &Path, name: &str, form: Form) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".{name}.{:016x}.part", fastrand::u64(..)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // It holds customers' data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
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

    pub fn write(mut self, batch: &[Bytes]) -> Result<Self, Failure> {
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
    pub fn finish(self) -> Result<PathBuf, Failure> {
        let file = match self.file {
            Sink::Plain(file) => file,
            Sink::Gzip(decoder) => decoder.finish().map_err(decoding)?,
            Sink::KeptGzip(file, check) => {
                check.finish().map_err(decoding)?;
                file
            }
        };
        file.sync_all()?;
        drop(file);
        fs::rename(&self.temporary.0, &self.target)?;
        // The name is there after a power failure too.
        #[cfg(unix)]
        if let Some(folder) = self.target.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(self.target)
    }
}
