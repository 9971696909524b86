//! What happens to every request: headers, limits, attempts, and reading the answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::{Instant, timeout};

use crate::byte_stream::ByteStream;
use crate::client::Client;
use crate::error::{Error, Kind, expectation};
use crate::lenient::Lenient;
use crate::operation::{Call, Operation, Paging};
use crate::response::Response;
use crate::retry::RetryPolicy;
use crate::trace;

/// A success, read to its end.
type Whole = (StatusCode, HeaderMap, Bytes);

impl Client {
    /// Sends a call and decodes its JSON answer.
    pub(crate) async fn decoded<T>(&self, call: Call) -> Result<Response<T>, Error>
    where
        T: for<'de> Lenient<'de>,
    {
        let (status, headers, body) = self.repeat(&call, Client::read_whole).await?;
        match decode(&body) {
            Ok(value) => Ok(Response::new(value, status, headers, body)),
            Err(kind) => Err(Error::kind(call.operation, kind)
                .answered(status, headers, body)
                .after(1)),
        }
    }

    /// Sends a call and hands on the bytes of its answer as they arrive.
    pub(crate) async fn stream(&self, call: Call) -> Result<Response<ByteStream>, Error> {
        let response = self.repeat(&call, Client::read_nothing).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let limit = self.inner.timeout;
        let operation = call.operation;
        let chunks = futures_util::stream::try_unfold(response, move |mut response| async move {
            let chunk = within(limit, response.chunk())
                .await
                .ok_or_else(|| Error::kind(operation, Kind::Timeout).after(1))?
                .map_err(|error| classify(operation, error).after(1))?;
            Ok(chunk.map(|chunk| (chunk, response)))
        });
        Ok(Response::new(
            ByteStream::new(futures_util::StreamExt::fuse(chunks)),
            status,
            headers,
            Bytes::new(),
        ))
    }

    /// Sends a call as often as its policy allows, until `read` has its answer.
    async fn repeat<T>(
        &self,
        call: &Call,
        read: impl AsyncFn(&Client, &Call, reqwest::Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let policy = call.options.retry.as_ref().unwrap_or(&self.inner.retry);
        let span = trace::Call::begin(call);
        let begun = Instant::now();
        let mut internal_errors = 0;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(call, &span, &read).await {
                Ok(value) => {
                    span.end(attempt, begun.elapsed());
                    return Ok(value);
                }
                Err(error) => error.after(attempt),
            };
            internal_errors += u32::from(error.status() == Some(StatusCode::INTERNAL_SERVER_ERROR));
            let pause = self.pause(policy, attempt, &error);
            let in_time = begun.elapsed() + pause <= policy.deadline;
            let again =
                attempt < policy.attempts && in_time && repeats(call.operation, policy, &error, internal_errors == 1);
            if !again {
                span.fail(attempt, begun.elapsed(), &error);
                // What was never sent was not attempted.
                return Err(if error.is_builder() { error.after(0) } else { error });
            }
            span.pause(attempt, pause, &error);
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait after a failed attempt: by the policy, or what the server asks for when that is longer.
    fn pause(&self, policy: &RetryPolicy, attempt: u32, error: &Error) -> Duration {
        let own = policy.pause(attempt);
        let asked = error
            .server_wait()
            .map(|wait| wait + policy.base.min(JITTER).mul_f64(fastrand::f64()));
        own.max(asked.unwrap_or_default())
    }

    /// Sends a call once.
    async fn attempt<T>(
        &self,
        call: &Call,
        span: &trace::Call,
        read: &impl AsyncFn(&Client, &Call, reqwest::Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request = self.request(call)?;
        let waiting = self.inner.gate.wait();
        if !waiting.is_zero() {
            span.wait(waiting);
        }
        let _pass = self.inner.gate.pass().await;
        let exchange = async {
            let response = self
                .inner
                .http
                .execute(request)
                .await
                .map_err(|error| classify(call.operation, error))?;
            span.answered(response.status(), response.headers());
            self.inner
                .gate
                .observe(response.headers(), response.status() == StatusCode::TOO_MANY_REQUESTS);
            if response.status().is_success() {
                return read(self, call, response).await;
            }
            let (status, headers) = (response.status(), response.headers().clone());
            let mut body = BytesMut::new();
            // An error's body is read as far as it can be: the status is what counts.
            let _ = self.read_into(&mut body, call.operation, response).await;
            Err(Error::kind(call.operation, Kind::Status).answered(status, headers, body.freeze()))
        };
        within(self.inner.timeout, exchange)
            .await
            .unwrap_or_else(|| Err(Error::kind(call.operation, Kind::Timeout)))
    }

    /// The request of a call, with the headers that every request carries.
    fn request(&self, call: &Call) -> Result<reqwest::Request, Error> {
        let inner = &self.inner;
        let mut url = inner.base_url.clone();
        url.set_path(&format!("{}{}", inner.base_url.path().trim_end_matches('/'), call.path));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = reqwest::Request::new(call.operation.method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, inner.authorization.header()?);
        headers.insert("intercom-version", inner.version_header.clone());
        headers.insert(USER_AGENT, inner.user_agent.clone());
        let accept = if call.operation.bytes {
            "application/octet-stream"
        } else {
            "application/json"
        };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if let Some(body) = &call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }

    async fn read_nothing(&self, _: &Call, response: reqwest::Response) -> Result<reqwest::Response, Error> {
        Ok(response)
    }

    async fn read_whole(&self, call: &Call, response: reqwest::Response) -> Result<Whole, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        match self.read_into(&mut body, call.operation, response).await {
            Ok(()) => Ok((status, headers, body.freeze())),
            Err(error) => Err(error.answered(status, headers, body.freeze())),
        }
    }

    /// Reads a body into `body`, which keeps what came before an error.
    async fn read_into(
        &self,
        body: &mut BytesMut,
        operation: &Operation,
        mut response: reqwest::Response,
    ) -> Result<(), Error> {
        let limit = self.inner.max_response_bytes;
        if let Some(length) = response.content_length() {
            body.reserve(length.min(limit).min(MOST_RESERVED) as usize);
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| classify(operation, error))? {
            let room = limit.saturating_sub(body.len() as u64);
            if chunk.len() as u64 > room {
                body.extend_from_slice(&chunk[..room as usize]);
                return Err(Error::kind(operation, Kind::TooLarge(limit)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    }
}

/// The most that is added to a wait the server asked for.
const JITTER: Duration = Duration::from_millis(500);
/// The most that is reserved on the word of a `Content-Length`.
const MOST_RESERVED: u64 = 1 << 20;

/// Runs `future` within `limit`; `None` when the time is up.
async fn within<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

/// Whether a call may be sent again after `error`; the table is in [`RetryPolicy`].
fn repeats(operation: &Operation, policy: &RetryPolicy, error: &Error, first_internal_error: bool) -> bool {
    let harmless = operation.reads_only
        || policy.repeatable
        || operation.method == Method::PUT
        || operation.method == Method::DELETE;
    let harmless = harmless && operation.paging != Some(Paging::Scroll);
    match error.what() {
        Kind::Connect | Kind::ConnectTimeout => true,
        Kind::Timeout | Kind::Lost => harmless,
        Kind::Status => match error.status().map(|status| status.as_u16()) {
            Some(429) => !error.is_export_pending(),
            Some(408 | 502 | 503 | 504) => harmless,
            Some(500) => harmless && first_internal_error,
            _ => false,
        },
        _ => false,
    }
}

/// What a failed exchange was.
fn classify(operation: &Operation, error: reqwest::Error) -> Error {
    let kind = if error.is_builder() {
        Kind::Builder("the request cannot be built".to_owned())
    } else if error.is_connect() {
        if is_certificate(&error) {
            Kind::Certificate
        } else if error.is_timeout() {
            Kind::ConnectTimeout
        } else {
            Kind::Connect
        }
    } else if error.is_timeout() {
        Kind::Timeout
    } else if is_protocol(&error) {
        Kind::Protocol
    } else {
        Kind::Lost
    };
    // The URL holds ids and search terms.
    Error::kind(operation, kind).caused(error.without_url())
}

/// The I/O errors behind `error`, the wrapped ones too.
fn io_kinds(error: &reqwest::Error) -> Vec<std::io::ErrorKind> {
    let mut kinds = Vec::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let mut inner = error.downcast_ref::<std::io::Error>();
        while let Some(io) = inner {
            kinds.push(io.kind());
            inner = io
                .get_ref()
                .and_then(|wrapped| wrapped.downcast_ref::<std::io::Error>());
        }
        next = error.source();
    }
    kinds
}

/// A TLS handshake that failed: rustls reports it as invalid data, native TLS as an error without an I/O error.
fn is_certificate(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind;
    let kinds = io_kinds(error);
    let native = cfg!(feature = "native-tls") && kinds.is_empty() && !error.is_timeout();
    native || kinds.contains(&ErrorKind::InvalidData)
}

/// Bytes that are not HTTP, not chunked or not compressed as they claim to be.
fn is_protocol(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && (error.is_parse() || error.is_user())
        {
            return true;
        }
        next = error.source();
    }
    io_kinds(error)
        .iter()
        .any(|kind| matches!(kind, ErrorKind::InvalidData | ErrorKind::InvalidInput))
}

/// Decodes a body in one pass; only a failure is looked at again, for its JSON path.
pub(crate) fn decode<T: for<'de> Lenient<'de>>(body: &[u8]) -> Result<T, Kind> {
    let body = if T::NOTHING { b"null" } else { body };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let error = match T::lenient(&mut reader).and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let tracked = T::lenient(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    let path = if tracked.is_err() {
        track.path().to_string()
    } else {
        ".".to_owned()
    };
    let (expected, found) = expectation(&error.to_string());
    Err(Kind::Decode { path, expected, found })
}
