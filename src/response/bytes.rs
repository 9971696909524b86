//! The body of a response as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::error::Error;
use super::error::context::{ErrorContext, Failure};

/// The bytes of a download as a stream, in constant memory.
///
/// The stream ends with an error if the connection is lost before the last byte, or if no chunk
/// arrives within the client's [`timeout`](crate::ClientBuilder::timeout). Dropping it cancels the
/// download. Its size is not limited.
#[doc(alias = "download")]
pub struct ByteStream {
    context: ErrorContext,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>,
}

impl ByteStream {
    pub(crate) fn new(
        context: ErrorContext,
        chunks: impl Stream<Item = Result<Bytes, Failure>> + Send + 'static,
    ) -> Self {
        Self {
            context,
            chunks: Box::pin(chunks),
        }
    }

    /// Returns the context of the call, for errors in code that reads the stream.
    pub(crate) fn context(&self) -> &ErrorContext {
        &self.context
    }

    /// Changes the context, for a call that consists of several calls.
    pub(crate) fn in_context(mut self, change: impl FnOnce(&mut ErrorContext)) -> Self {
        change(&mut self.context);
        self
    }

    /// Returns the next chunk; `None` after the last.
    ///
    /// # Errors
    ///
    /// If the connection is lost, or if no chunk arrives within the client's
    /// [`timeout`](crate::ClientBuilder::timeout).
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.next_bytes().await.map_err(|failure| self.context.error(failure))
    }

    /// Returns the next chunk, for another stream that reads this one.
    pub(crate) async fn next_bytes(&mut self) -> Result<Option<Bytes>, Failure> {
        std::future::poll_fn(|context| self.chunks.as_mut().poll_next(context))
            .await
            .transpose()
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = std::task::ready!(self.chunks.as_mut().poll_next(context));
        Poll::Ready(chunk.map(|chunk| chunk.map_err(|failure| self.context.error(failure))))
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}
