//! The mock as an HTTP service: handles a request, and sends the response with its faults and
//! delays.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};

use super::shared::{Decision, Shared};
use crate::http::error::{HttpError, HttpErrorKind};

/// The size of the frames in which bodies are sent.
const FRAME_BYTES: usize = 64 << 10;

/// The body of a response of [`MockIntercom`](super::MockIntercom).
#[derive(Debug)]
pub struct MockBody {
    bytes: Option<Bytes>,
    /// Whether the body ends with an error.
    is_truncated: bool,
    /// Whether the body has been pending once before its error. A connection flushes buffered bytes
    /// only when the body is pending, and discards them when the body fails.
    was_pending: bool,
}

impl Body for MockBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Some(mut bytes) = self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            // A long body is split into frames, as over a network.
            if bytes.len() > FRAME_BYTES {
                self.bytes = Some(bytes.split_off(FRAME_BYTES));
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.is_truncated {
            return Poll::Ready(None);
        }
        if !self.was_pending {
            self.was_pending = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_truncated = false;
        let error = HttpError::new(HttpErrorKind::Lost, "response truncated by the test");
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        !self.is_truncated && self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match self.is_truncated {
            true => SizeHint::default(),
            false => SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}

/// Handles one request. An error means that the connection breaks without a response.
pub(super) async fn exchange(shared: Arc<Shared>, request: Request<Bytes>) -> Result<Response<MockBody>, HttpError> {
    let Decision {
        response: planned,
        headers,
    } = shared.decide(request);
    let pause = shared.latency.saturating_add(planned.delay);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    if planned.is_dropped {
        let reason = "connection dropped by the test";
        return Err(HttpError::new(HttpErrorKind::Lost, reason));
    }
    let is_empty = planned.body.is_empty();
    let length = planned
        .truncated_at
        .map_or(planned.body.len(), |length| length.min(planned.body.len()));
    let mut response = Response::new(MockBody {
        bytes: Some(planned.body.slice(..length)),
        is_truncated: planned.truncated_at.is_some(),
        was_pending: false,
    });
    *response.status_mut() = planned.status;
    *response.headers_mut() = headers;
    response.headers_mut().extend(planned.headers);
    if is_empty {
        response.headers_mut().remove(CONTENT_TYPE);
    }
    if planned.truncated_at.is_none() {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
    }
    Ok(response)
}
