//! One HTTP exchange: the request with its headers, the response with its body.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, USER_AGENT,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use super::sleep::sleep_until;
use super::{Transport, trace};
use crate::call::call::Call;
use crate::http::attempt::{Attempt, ConnectingFlag};
use crate::http::error::{HttpError, HttpErrorKind};
use crate::http::service::{HttpBody, Outgoing, ResponseFuture};
use crate::response::content_codings;
use crate::response::error::context::{ErrorContext, Failure};
use crate::response::error::kind::Kind;
use crate::response::error::{Error, is_waf_challenge};
use crate::response::gzip::{Gunzip, undecoded};
use crate::response::typed::Response;

/// A response with a success status.
pub(crate) struct SuccessResponse {
    /// The response with its body, which is empty if it is streamed.
    pub bytes: Response<Bytes>,
    /// The body of an operation that returns a byte stream.
    pub stream: Option<HttpBody>,
    /// Whether the stream is compressed by gzip.
    pub is_gzip: bool,
}

static VERSION: HeaderName = HeaderName::from_static("intercom-version");

/// Returns `true` if gzip is the only content coding of a body.
fn is_gzip(headers: &HeaderMap) -> bool {
    let mut codings = content_codings(headers);
    let first = codings.next();
    first.is_some_and(|coding| ["gzip", "x-gzip"].iter().any(|gzip| coding.eq_ignore_ascii_case(gzip)))
        && codings.next().is_none()
}

impl Transport {
    /// Sends a call once.
    pub(super) async fn attempt(
        &self,
        call: &Call,
        context: Box<ErrorContext>,
        end: Option<Instant>,
        span: &trace::Span,
    ) -> Result<SuccessResponse, Error> {
        let window = self.gate.known_window();
        let (status, mut headers, mut body) = match self.response(call, &context, end).await {
            Ok(response) => response,
            Err(failure) => return Err(context.error(failure)),
        };
        if let Some(secret) = &context.secret {
            secret.remove_from_headers(&mut headers);
        }
        let is_gzip = is_gzip(&headers);
        if is_gzip {
            // The caller gets the decompressed body, to which these headers do not apply.
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
        }
        if !status.is_success() || is_waf_challenge(&headers) {
            // A 429 for a pending export job says nothing about the rate limit. Only its body
            // distinguishes it from other 429s.
            let starts_export = call.operation.starts_export;
            if !starts_export {
                self.gate
                    .observe(&headers, status == StatusCode::TOO_MANY_REQUESTS, window);
            }
            // The status decides, so errors of reading the body are ignored.
            let (bytes, _) = self.read(&mut body, is_gzip, end).await;
            let error = context.with_response(status, headers, bytes).error(Kind::Status);
            if let Some(headers) = error.headers().filter(|_| starts_export && !error.is_export_pending()) {
                self.gate.observe(headers, error.is_rate_limited(), window);
            }
            return Err(error);
        }
        span.response(status, &headers);
        self.gate.observe(&headers, false, window);
        let (body, stream) = if call.operation.method == Method::HEAD {
            // The headers describe a body that is not sent.
            (Bytes::new(), None)
        } else if call.operation.stream_media_type.is_some() {
            (Bytes::new(), Some(body))
        } else {
            match self.read(&mut body, is_gzip, end).await {
                (body, Ok(())) => (body, None),
                (body, Err(failure)) => return Err(context.with_response(status, headers, body).error(failure)),
            }
        };
        Ok(SuccessResponse {
            bytes: Response::received(body.clone(), status, headers, body, context),
            stream,
            is_gzip,
        })
    }

    /// Passes a request to the service and waits for the head of the response.
    async fn response(
        &self,
        call: &Call,
        context: &ErrorContext,
        end: Option<Instant>,
    ) -> Result<(StatusCode, HeaderMap, HttpBody), HttpError> {
        let (response, connecting) = self.start(call, context);
        let response = timeout_at(end, response).await;
        let (parts, body) = response
            .unwrap_or_else(|| {
                Err(HttpError::from(match connecting.get() {
                    true => HttpErrorKind::ConnectTimeout,
                    false => HttpErrorKind::Timeout,
                }))
            })?
            .into_parts();
        Ok((parts.status, parts.headers, body))
    }

    /// Passes a request to the service. Not in the future that awaits it, which would contain the request.
    fn start(&self, call: &Call, context: &ErrorContext) -> (ResponseFuture, ConnectingFlag) {
        let request = self.request(call, context);
        let connecting = request.connecting();
        (self.http.send(request), connecting)
    }

    /// Builds the HTTP request of a call.
    fn request(&self, call: &Call, context: &ErrorContext) -> Outgoing {
        let mut url = self.base_url.clone();
        // The path of a description can contain a fixed query, whose values are encoded.
        let (path, query) = match call.path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (call.path.as_str(), None),
        };
        url.set_path(&format!("{}{path}", self.base_url.path().trim_end_matches('/')));
        url.set_query(query);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let operation = &call.operation;
        let mut headers = HeaderMap::with_capacity(6 + call.options.headers.len());
        if let Some(secret) = &context.secret {
            headers.insert(AUTHORIZATION, secret.header().clone());
        }
        let version = call.options.api_version.as_ref().unwrap_or(&self.version);
        headers.insert(&VERSION, version.clone());
        headers.insert(USER_AGENT, self.user_agent.clone());
        let accept = operation.stream_media_type.unwrap_or("application/json");
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(operation.request_media_type));
        }
        for (name, value) in &call.options.headers {
            headers.insert(name, value.clone());
        }
        Outgoing {
            method: operation.method.clone(),
            url,
            headers,
            body: call.body.clone().unwrap_or_default(),
            attempt: Some(Attempt {
                operation: operation.id,
                group: operation.group,
                path: operation.path,
                number: context.attempts,
                reads_only: operation.reads_only,
                connecting: ConnectingFlag::default(),
            }),
        }
    }

    /// Reads a body to its end, or until an error.
    async fn read(&self, body: &mut HttpBody, is_gzip: bool, end: Option<Instant>) -> (Bytes, Result<(), Failure>) {
        let mut received = match is_gzip {
            true => Received::Gzip(Box::default()),
            false => Received::Plain(Chunks::default()),
        };
        let outcome = timeout_at(end, pin!(self.fill(&mut received, body)))
            .await
            .unwrap_or_else(|| Err(Kind::Timeout.into()));
        let (mut bytes, outcome) = match (received, outcome) {
            (Received::Plain(chunks), outcome) => return (chunks.freeze(), outcome),
            (Received::Gzip(gunzip), outcome) => {
                let (bytes, finished) = gunzip.finish();
                (bytes, outcome.and_then(|()| finished.map_err(undecoded)))
            }
        };
        let limit = self.max_response_bytes;
        let fits = bytes.len() as u64 <= limit;
        if !fits {
            bytes.truncate(limit as usize);
        }
        let outcome = match outcome {
            Ok(()) if !fits => Err(Kind::TooLarge(limit).into()),
            outcome => outcome,
        };
        (bytes.into(), outcome)
    }

    /// Reads the chunks of a body into `received`.
    async fn fill(&self, received: &mut Received, body: &mut HttpBody) -> Result<(), Failure> {
        let limit = self.max_response_bytes;
        let mut remaining = limit;
        let announced = body.size_hint().exact().unwrap_or_default().min(limit) as usize;
        let mut chunks: usize = 0;
        while let Some(mut chunk) = next_chunk(body).await? {
            // A fast server always has the next chunk ready, so yield to the timeout and to other
            // tasks.
            chunks += 1;
            if chunks.is_multiple_of(CHUNKS_BETWEEN_YIELDS) {
                tokio::task::yield_now().await;
            }
            let fits = match received {
                Received::Gzip(gunzip) => gunzip.push(&chunk, limit).map_err(undecoded)?,
                Received::Plain(chunks) => {
                    let length = chunk.len() as u64;
                    let fits = length <= remaining;
                    chunk.truncate(length.min(remaining) as usize);
                    chunks.push(chunk, announced);
                    remaining = remaining.saturating_sub(length);
                    fits
                }
            };
            if !fits {
                return Err(Kind::TooLarge(limit).into());
            }
            consume_budget().await;
        }
        Ok(())
    }
}

/// Returns the next chunk of a body; `None` after the last.
///
/// A body that ends before its announced length is an error: an HTTP/2 stream that the server
/// resets with `NO_ERROR` ends like a complete one.
pub(crate) async fn next_chunk(body: &mut HttpBody) -> Result<Option<Bytes>, Failure> {
    loop {
        let frame = match body.frame().await {
            Some(frame) => frame?,
            None if body.size_hint().lower() > 0 => return Err(Kind::Lost.into()),
            None => return Ok(None),
        };
        // Trailers are ignored.
        if let Ok(chunk) = frame.into_data()
            && !chunk.is_empty()
        {
            return Ok(Some(chunk));
        }
        // A body can return empty frames without end, so yield to the timeout and to other tasks.
        tokio::task::yield_now().await;
    }
}

/// Number of chunks that are read before the task yields.
const CHUNKS_BETWEEN_YIELDS: usize = 64;

/// The part of a body that was read.
enum Received {
    Plain(Chunks),
    Gzip(Box<Gunzip>),
}

/// The chunks of an uncompressed body. A single chunk is not copied.
#[derive(Default)]
struct Chunks {
    first: Bytes,
    joined: Vec<u8>,
}

impl Chunks {
    /// Appends a chunk; `announced` is the length of the body in bytes, if it is known.
    fn push(&mut self, chunk: Bytes, announced: usize) {
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = chunk;
            return;
        }
        if self.joined.is_empty() {
            // The announced bytes may never arrive, so a failed allocation is not an error yet.
            let _ = self.joined.try_reserve_exact(announced);
        }
        self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        self.joined.extend_from_slice(&chunk);
    }

    fn freeze(self) -> Bytes {
        match self.joined.is_empty() {
            true => self.first,
            false => self.joined.into(),
        }
    }
}

/// How late a timer must fire to count as not polled in time, and the extra time that the future
/// gets then.
const GRACE_PERIOD: Duration = Duration::from_secs(1);

/// Runs `future` until `end`; returns `None` on timeout.
///
/// If the timer fires late, neither the timer nor the future was polled in time, because the
/// runtime or the caller was busy. The response may have arrived in time, so the future gets
/// [`GRACE_PERIOD`] once to read it. The future is pinned by the caller, so that it is not stored
/// twice.
pub(crate) async fn timeout_at<T>(end: Option<Instant>, mut future: impl Future<Output = T> + Unpin) -> Option<T> {
    let Some(mut end) = end else { return Some(future.await) };
    let mut late = false;
    loop {
        match select(&mut future, pin!(sleep_until(end))).await {
            Either::Left((value, _)) => return Some(value),
            Either::Right(_) if late || end.elapsed() < GRACE_PERIOD => return None,
            Either::Right(_) => (late, end) = (true, Instant::now() + GRACE_PERIOD),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn future_gets_extra_time_if_it_was_not_polled_in_time() {
        let seconds = Duration::from_secs;
        let start = Instant::now();
        let never = std::future::pending::<()>();
        assert!(timeout_at(Some(start + seconds(10)), Box::pin(never)).await.is_none());
        assert_eq!(start.elapsed().as_secs(), 10, "no extra time");
        for (done, in_time) in [(15_500, true), (17_500, false)] {
            let start = Instant::now();
            let work = Box::pin(tokio::time::sleep_until(start + Duration::from_millis(done)));
            let mut limited = Box::pin(timeout_at(Some(start + seconds(10)), work));
            assert!(limited.as_mut().now_or_never().is_none());
            tokio::time::advance(seconds(15)).await;
            assert_eq!(
                limited.await.is_some(),
                in_time,
                "done after {done} ms, polled after 15 s"
            );
        }
    }
}
