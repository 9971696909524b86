//! One HTTP exchange: the request with its headers, the answer with its body.

use std::future::poll_fn;
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
use tower_service::Service;

use super::sleep::sleep_until;
use super::{Transport, trace};
use crate::call::call::Call;
use crate::http::attempt::{Attempt, Connecting, Target};
use crate::http::error::{HttpError, HttpErrorKind};
use crate::http::service::HttpBody;
use crate::response::content_codings;
use crate::response::error::context::{ErrorContext, Failure};
use crate::response::error::kind::Kind;
use crate::response::error::{Error, asks_for_proof};
use crate::response::gzip::{Gunzip, undecoded};

/// An answer with a success status.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The whole body, where it is not streamed.
    pub body: Bytes,
    /// The rest of the answer, where the operation's success is a byte stream.
    pub stream: Option<HttpBody>,
    /// Whether the stream is compressed.
    pub gzip: bool,
}

static VERSION: HeaderName = HeaderName::from_static("intercom-version");

/// Whether a body came compressed by gzip, and by nothing else.
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
        authorization: &HeaderValue,
        context: &ErrorContext,
        end: Option<Instant>,
        span: &trace::Span,
    ) -> Result<Answer, Error> {
        let (request, connecting) = self
            .request(call, authorization, context.attempts)
            .map_err(|error| context.error(error))?;
        let window = self.gate.known_window();
        let response = timeout_at(end, pin!(self.exchange_once(request))).await;
        let response = response
            .unwrap_or_else(|| {
                Err(HttpError::from(match connecting.get() {
                    true => HttpErrorKind::ConnectTimeout,
                    false => HttpErrorKind::Timeout,
                }))
            })
            .map_err(|error| context.error(error))?;
        let (parts, mut body) = response.into_parts();
        let (status, mut headers) = (parts.status, parts.headers);
        if let Some(secret) = &context.secret {
            secret.remove_from_headers(&mut headers);
        }
        let gzip = is_gzip(&headers);
        if gzip {
            // They are about what was on the wire, not about what the caller gets.
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
        }
        if !status.is_success() || asks_for_proof(&headers) {
            // What waiting for an export job takes says nothing about other requests; only the body tells it from a limit.
            let pending = call.operation.starts_export;
            if !pending {
                self.gate
                    .observe(&headers, status == StatusCode::TOO_MANY_REQUESTS, window);
            }
            // An error's body is read as far as it can be: the status is what counts.
            let (bytes, _) = self.read(&mut body, gzip, end).await;
            let error = context.with_response(status, headers, bytes).error(Kind::Status);
            if let Some(headers) = error.headers().filter(|_| pending && !error.is_export_pending()) {
                self.gate.observe(headers, error.is_rate_limited(), window);
            }
            return Err(error);
        }
        span.response(status, &headers);
        self.gate.observe(&headers, false, window);
        let (body, stream) = if call.operation.method == Method::HEAD {
            // Its headers are those of a body that it does not have.
            (Bytes::new(), None)
        } else if call.operation.stream_media_type.is_some() {
            (Bytes::new(), Some(body))
        } else {
            match self.read(&mut body, gzip, end).await {
                (body, Ok(())) => (body, None),
                (body, Err(failure)) => return Err(context.with_response(status, headers, body).error(failure)),
            }
        };
        Ok(Answer {
            status,
            headers,
            body,
            stream,
            gzip,
        })
    }

    /// Passes a request to the service.
    async fn exchange_once(&self, request: http::Request<Bytes>) -> Result<http::Response<HttpBody>, HttpError> {
        let mut service = self.http.clone();
        poll_fn(|context| service.poll_ready(context)).await?;
        service.call(request).await
    }

    /// Builds the request of a call, with the headers that every request has.
    fn request(
        &self,
        call: &Call,
        authorization: &HeaderValue,
        number: u32,
    ) -> Result<(http::Request<Bytes>, Connecting), HttpError> {
        let mut url = self.base_url.clone();
        // A description can contain a fixed query in a path; values in it are encoded.
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
        let uri = http::Uri::try_from(url.as_str()).map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        let mut request = http::Request::new(call.body.clone().unwrap_or_default());
        *request.method_mut() = operation.method.clone();
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.reserve(6 + call.options.headers.len());
        headers.insert(AUTHORIZATION, authorization.clone());
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
        let connecting = Connecting::default();
        request.extensions_mut().insert(Attempt {
            operation: operation.id,
            group: operation.group,
            path: operation.path,
            number,
            reads_only: operation.reads_only,
            connecting: connecting.clone(),
            target: Target::new(url),
        });
        Ok((request, connecting))
    }

    /// Reads a body to its end, or as far as it came before an error.
    async fn read(&self, body: &mut HttpBody, gzip: bool, end: Option<Instant>) -> (Bytes, Result<(), Failure>) {
        let mut received = match gzip {
            true => Received::Gzip(Box::default()),
            false => Received::Plain(Chunks::default()),
        };
        let outcome = timeout_at(end, pin!(self.fill(&mut received, body)))
            .await
            .unwrap_or_else(|| Err(Kind::Timeout.into()));
        let (mut bytes, outcome) = match (received, outcome) {
            (Received::Plain(chunks), outcome) => return (chunks.freeze(), outcome),
            (Received::Gzip(gunzip), outcome) => {
                let (bytes, whole) = gunzip.finish();
                (bytes, outcome.and_then(|()| whole.map_err(undecoded)))
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

    async fn fill(&self, received: &mut Received, body: &mut HttpBody) -> Result<(), Failure> {
        let limit = self.max_response_bytes;
        let mut room = limit;
        let announced = body.size_hint().exact().unwrap_or_default().min(limit) as usize;
        let mut chunks: usize = 0;
        while let Some(mut chunk) = next_chunk(body).await? {
            // A body can always be ready: the timeout gets its turn.
            chunks += 1;
            if chunks.is_multiple_of(CHUNKS_BETWEEN_YIELDS) {
                tokio::task::yield_now().await;
            }
            let fits = match received {
                Received::Gzip(gunzip) => gunzip.push(&chunk, limit).map_err(undecoded)?,
                Received::Plain(chunks) => {
                    let length = chunk.len() as u64;
                    let fits = length <= room;
                    chunk.truncate(length.min(room) as usize);
                    chunks.push(chunk, announced);
                    room = room.saturating_sub(length);
                    fits
                }
            };
            if !fits {
                return Err(Kind::TooLarge(limit).into());
            }
            // A server that is fast enough always has the next chunk ready. The timeout and other tasks get their turn.
            consume_budget().await;
        }
        Ok(())
    }
}

/// Returns the next chunk of a body; `None` after the last. A body that ends before its announced length was lost: over HTTP/2 a
/// stream that the server resets with the code for no error looks complete.
pub(crate) async fn next_chunk(body: &mut HttpBody) -> Result<Option<Bytes>, Failure> {
    loop {
        let frame = match body.frame().await {
            Some(frame) => frame?,
            None if body.size_hint().lower() > 0 => return Err(Kind::Lost.into()),
            None => return Ok(None),
        };
        // Trailers are of no use.
        if let Ok(chunk) = frame.into_data()
            && !chunk.is_empty()
        {
            return Ok(Some(chunk));
        }
        // A body can be ready for ever without a byte in it: others, and the timeout, get their turn.
        tokio::task::yield_now().await;
    }
}

/// How many chunks are read in a row before other tasks and the timeout get their turn.
const CHUNKS_BETWEEN_YIELDS: usize = 64;

/// A body that is being read.
enum Received {
    Plain(Chunks),
    Gzip(Box<Gunzip>),
}

/// A plain body as far as it was read. One that came in one chunk is not copied.
#[derive(Default)]
struct Chunks {
    first: Bytes,
    whole: Vec<u8>,
}

impl Chunks {
    /// Appends a chunk of a body that is announced to have so many bytes.
    fn push(&mut self, chunk: Bytes, announced: usize) {
        if self.first.is_empty() && self.whole.is_empty() {
            self.first = chunk;
            return;
        }
        if self.whole.is_empty() {
            // One that cannot be had is no reason to fail: it may never come.
            let _ = self.whole.try_reserve_exact(announced);
        }
        self.whole.extend_from_slice(&std::mem::take(&mut self.first));
        self.whole.extend_from_slice(&chunk);
    }

    fn freeze(self) -> Bytes {
        match self.whole.is_empty() {
            true => self.first,
            false => self.whole.into(),
        }
    }
}

/// Runs `future` until `end`; `None` if the time is up. The future is pinned, so that this does not hold it twice.
///
/// A timer that is late was not polled in time, and neither was the future: the runtime was blocked, or the caller was busy. What
/// arrived meanwhile is not late, so the future gets a moment to take it, once.
pub(crate) async fn timeout_at<T>(end: Option<Instant>, mut future: impl Future<Output = T> + Unpin) -> Option<T> {
    /// How late a timer is that was not polled in time, and the moment that the future gets.
    const LATE: Duration = Duration::from_secs(1);
    let Some(mut end) = end else { return Some(future.await) };
    let mut late = false;
    loop {
        match select(&mut future, pin!(sleep_until(end))).await {
            Either::Left((value, _)) => return Some(value),
            Either::Right(_) if late || end.elapsed() < LATE => return None,
            Either::Right(_) => (late, end) = (true, Instant::now() + LATE),
        }
    }
}
