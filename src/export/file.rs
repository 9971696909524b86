//! A file that is whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::answer::error::{Error, Kind};
use crate::answer::gzip::broken;

/// Runs file work on a thread that may block.
pub async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| broken(operation, error)),
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

enum Sink {
    Plain(File),
    Gzip(Box<MultiGzDecoder<File>>),
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
    pub fn create(folder: &Path, name: &str, decompress: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".{name}.{:016x}.part", fastrand::u64(..)));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self {
            file: if decompress {
                Sink::Gzip(Box::new(MultiGzDecoder::new(file)))
            } else {
                Sink::Plain(file)
            },
            temporary: Temporary(path),
            target: folder.join(name),
        })
    }

    pub fn write(mut self, batch: &[Bytes]) -> io::Result<Self> {
        for chunk in batch {
            match &mut self.file {
                Sink::Plain(file) => file.write_all(chunk)?,
                Sink::Gzip(decoder) => decoder.write_all(chunk)?,
            }
        }
        Ok(self)
    }

    /// Gives the file its name, once it is on the disk.
    pub fn finish(self) -> io::Result<PathBuf> {
        let file = match self.file {
            Sink::Plain(file) => file,
            Sink::Gzip(decoder) => decoder.finish()?,
        };
        file.sync_all()?;
        drop(file);
        fs::rename(&self.temporary.0, &self.target)?;
        Ok(self.target)
    }
}
