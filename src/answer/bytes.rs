//! A body that is handed on as it arrives.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt;

use super::error::Error;

/// The bytes of a download, chunk by chunk, in constant memory.
///
/// Ends with an error when the connection is lost before the last byte.
pub struct ByteStream {
    /// The operation that it answers.
    operation: &'static str,
    /// The export job that it is the result of.
    job: Option<Box<str>>,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

impl ByteStream {
    pub(crate) fn new(
        operation: &'static str,
        chunks: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
    ) -> Self {
        Self {
            operation,
            job: None,
            chunks: Box::pin(chunks),
        }
    }

    /// The same bytes, with more said of their errors.
    pub(crate) fn map_err(self, say: impl FnMut(Error) -> Error + Send + 'static) -> Self {
        Self::new(self.operation, self.chunks.map_err(say))
    }

    /// The same bytes as the result of an export job, which their errors name, those of what is made of them too.
    pub(crate) fn of_export_job(self, id: &str) -> Self {
        let (job, named) = (Box::from(id), Box::<str>::from(id));
        Self {
            job: Some(job),
            ..self.map_err(move |error| error.with_export_job(&named))
        }
    }

    pub(crate) fn export_job(&self) -> Option<&str> {
        self.job.as_deref()
    }

    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The next chunk; `None` after the last.
    ///
    /// # Errors
    ///
    /// When the connection is lost or nothing arrives for the client's timeout.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|context| self.chunks.as_mut().poll_next(context))
            .await
            .transpose()
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.as_mut().poll_next(context)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}
