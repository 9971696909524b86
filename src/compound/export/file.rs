//! A file that is whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::response::error::context;
use crate::response::error::kind::Kind;
use crate::response::gzip::{Members, damaged};

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

/// Runs file work on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, context::Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Failure::Disk(error))) => Err(context::Failure::new(Kind::Io, error)),
        Ok(Err(Failure::TooLarge(limit))) => Err(Kind::TooLarge(limit).into()),
        Ok(Err(Failure::Gzip(error))) => Err(damaged(error)),
        Err(stopped) => Err(context::Failure::new(Kind::Io, stopped)),
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
    Gzip(Bounded, Box<Members>),
    KeptGzip(Bounded, Box<Members>),
}

/// Decompresses a chunk, and hands on what comes of it.
fn decompress(
    members: &mut Members,
    mut chunk: &[u8],
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while !chunk.is_empty() {
        let read = members.push(chunk).map_err(Failure::Gzip)?;
        chunk = chunk.get(read..).unwrap_or_default();
        take(members.output())?;
        members.output().clear();
    }
    Ok(())
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
                Form::Gzip => Sink::Gzip(file, Box::default()),
                Form::KeptGzip => Sink::KeptGzip(file, Box::default()),
            },
            temporary: Temporary(path),
            target: folder.join(name),
        })
    }

    pub(super) fn write(mut self, batch: &[Bytes]) -> Result<Self, Failure> {
        for chunk in batch {
            match &mut self.file {
                Sink::Plain(file) => file.write_all(chunk)?,
                Sink::Gzip(file, members) => decompress(members, chunk, |bytes| Ok(file.write_all(bytes)?))?,
                Sink::KeptGzip(file, members) => {
                    decompress(members, chunk, |_| Ok(()))?;
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
            Sink::Gzip(mut file, mut members) => {
                members.finish().map_err(Failure::Gzip)?;
                file.write_all(members.output())?;
                file
            }
            Sink::KeptGzip(file, mut members) => {
                members.finish().map_err(Failure::Gzip)?;
                file
            }
        };
        file.file.sync_all()?;
        drop(file);
        fs::rename(&self.temporary.0, &self.target)?;
        #[cfg(unix)]
        if let Some(folder) = self.target.parent() {
            sync_names(folder)?;
        }
        Ok(self.target)
    }
}

/// Makes the names in a folder last through a power failure, where that can be done: folders may be written that may not be
/// read, and there are file systems that sync none.
#[cfg(unix)]
fn sync_names(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    // The parent of a bare name is empty.
    let synced = File::open(Path::new(".").join(folder)).and_then(|folder| folder.sync_all());
    synced.or_else(|error| match error.kind() {
        PermissionDenied | InvalidInput | Unsupported => Ok(()),
        _ => Err(error),
    })
}
