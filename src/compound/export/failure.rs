//! Errors of writing a download, and the threads that write it.

use std::io;

use crate::response::error::context;
use crate::response::error::kind::Kind;
use crate::response::gzip;
use crate::wire::read::DecodeError;

/// The reason why a download could not be written.
#[derive(Debug)]
pub(super) enum Failure {
    /// The operating system reported an error.
    Disk(io::Error),
    /// The gzip is damaged or incomplete.
    Gzip(io::Error),
    /// The archive is damaged or incomplete.
    Archive(Box<dyn std::error::Error + Send + Sync>),
    /// The download, or a file in it, has unexpected content.
    Unfit {
        /// The expected content.
        expected: &'static str,
        /// The content found.
        found: &'static str,
    },
    /// The result exceeds this number of bytes.
    TooLarge(u64),
    /// The future that waits for the result was dropped.
    Dropped,
}

impl Failure {
    /// A download that is not an export.
    pub(super) fn no_export(found: &'static str) -> Self {
        Self::Unfit {
            expected: "CSV, gzip, ZIP or tar",
            found,
        }
    }

    /// An archive that cannot be unpacked.
    pub(super) fn unfit_archive(found: &'static str) -> Self {
        Self::Unfit {
            expected: "an archive of CSV files",
            found,
        }
    }

    /// An error of reading an archive from a file. Errors of the operating system concern the disk,
    /// others the content.
    pub(super) fn of_archive(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(_) => Self::Disk(error),
            None => Self::Archive(error.into()),
        }
    }
}

impl From<Failure> for context::Failure {
    fn from(failure: Failure) -> Self {
        let unread = |expected, found: &str| {
            let unread = DecodeError {
                path: String::new(),
                expected,
                found: found.to_owned(),
            };
            Kind::Decode(Box::new(unread))
        };
        match failure {
            Failure::Disk(error) => Self::new(Kind::Io, error),
            Failure::Gzip(error) => gzip::damaged(error),
            Failure::Archive(error) => Self::new(unread("a complete archive", "damaged or missing bytes"), error),
            Failure::Unfit { expected, found } => unread(expected, found).into(),
            Failure::TooLarge(limit) => Kind::TooLarge(limit).into(),
            Failure::Dropped => Self::new(Kind::Io, "the download was dropped"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Runs file operations on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, context::Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(stopped) => Err(context::Failure::new(Kind::Io, stopped)),
    }
}
