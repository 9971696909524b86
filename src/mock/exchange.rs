//! One exchange of the mock as an HTTP service: the request decided upon, and the response sent when and as far as it should be.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};

use super::shared::{Decision, Shared};
use crate::http::error::{HttpError, HttpErrorKind};

/// How many bytes of a body come at once.
const CHUNK_BYTES: usize = 64 << 10;

/// The body of a response of [`MockIntercom`](super::MockIntercom).
#[derive(Debug)]
pub struct MockBody {
    bytes: Option<Bytes>,
    /// Whether it fails after its bytes.
    is_cut: bool,
    /// Whether it has paused before it fails: an HTTP connection sends what it has when the body pauses, and drops it when
    /// the body fails before that.
    has_paused: bool,
}

impl Body for MockBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Some(mut bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            // A long body comes in pieces, as it does over a network.
            if bytes.len() > CHUNK_BYTES {
                self.bytes = Some(bytes.split_off(CHUNK_BYTES));
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.is_cut {
            return Poll::Ready(None);
        }
        if !self.has_paused {
            self.has_paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_cut = false;
        let error = HttpError::new(HttpErrorKind::Lost, "the response is cut, as the test set it");
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        !self.is_cut && self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match self.is_cut {
            true => SizeHint::default(),
            false => SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}

/// Carries out one exchange. An error is a connection that breaks without a response.
pub(super) async fn exchange(shared: Arc<Shared>, request: Request<Bytes>) -> Result<Response<MockBody>, HttpError> {
    let Decision { answer, headers } = shared.decide(request);
    let pause = shared.latency.saturating_add(answer.delay);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    if answer.dropped {
        let reason = "the connection is dropped, as the test set it";
        return Err(HttpError::new(HttpErrorKind::Lost, reason));
    }
    let is_empty = answer.body.is_empty();
    let length = answer
        .cut
        .map_or(answer.body.len(), |length| length.min(answer.body.len()));
    let mut response = Response::new(MockBody {
        bytes: Some(answer.body.slice(..length)),
        is_cut: answer.cut.is_some(),
        has_paused: false,
    });
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response.headers_mut().extend(answer.headers);
    if is_empty {
        response.headers_mut().remove(CONTENT_TYPE);
    }
    if answer.cut.is_none() {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
    }
    Ok(response)
}
