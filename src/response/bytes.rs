//! A body that is handed on as it arrives.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
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
    say: Say,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>,
}

/// Says of an error what is known of the answer, such as its request id.
pub(crate) type Say = Arc<dyn Fn(Error) -> Error + Send + Sync>;

impl ByteStream {
    pub(crate) fn new(
        operation: &'static str,
        chunks: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
    ) -> Self {
        Self {
            operation,
            say: Arc::new(|error| error),
            chunks: Box::pin(chunks),
        }
    }

    /// The same bytes, with more said of their errors, and of those of whatever reads them.
    pub(crate) fn map_err(self, more: impl Fn(Error) -> Error + Send + Sync + 'static) -> Self {
        let more = Arc::new(more);
        let (known, said) = (self.say, Arc::clone(&more));
        Self {
            say: Arc::new(move |error| said(known(error))),
            ..Self::new(self.operation, self.chunks.map_err(move |error| more(error)))
        }
    }

    /// The same bytes, where `say` says more of the errors of whatever reads them.
    pub(crate) fn with_say(self, say: Say) -> Self {
        Self { say, ..self }
    }

    /// What is to be said of an error of whatever reads these bytes.
    pub(crate) fn say(&self) -> Say {
        Arc::clone(&self.say)
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
