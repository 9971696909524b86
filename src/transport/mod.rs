//! What happens to every request: headers, limits, attempts, and reading the answer.

pub mod rate_limit;
pub mod retry;
pub mod trace;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use tokio::time::{Instant, timeout_at};

use crate::answer::bytes::ByteStream;
use crate::answer::error::{Error, Kind, expectation};
use crate::answer::response::Response;
use crate::call::operation::{Call, Operation, Paging};
use crate::client::Client;
use crate::transport::rate_limit::Pass;
use crate::transport::retry::RetryPolicy;
use crate::wire::json;
use crate::wire::lenient::Lenient;

impl Client {
    /// Sends a call and decodes its JSON answer.
    pub(crate) async fn decoded<T>(&self, call: Call) -> Result<Response<T>, Error>
    where
        T: for<'de> Lenient<'de>,
    {
        let answer = self.repeat(&call, Client::read_value::<T>).await?;
        Ok(answer.0)
    }

    /// Sends a call and hands on the bytes of its answer as they arrive.
    pub(crate) async fn stream(&self, call: Call) -> Result<Response<ByteStream>, Error> {
        let (mut response, attempts) = self.repeat(&call, Client::read_nothing).await?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let limit = self.inner.timeout;
        let operation = call.operation;
        let chunks = futures_util::stream::try_unfold(response, move |mut response| async move {
            let end = limit.and_then(|limit| Instant::now().checked_add(limit));
            let chunk = by(end, response.chunk())
                .await
                .ok_or_else(|| Error::kind(operation, Kind::Timeout).after(attempts))?
                .map_err(|error| classify(operation, error).after(attempts))?;
            Ok(chunk.map(|chunk| (chunk, response)))
        });
        Ok(Response::new(
            ByteStream::new(futures_util::StreamExt::fuse(chunks)),
            status,
            headers,
            Bytes::new(),
        ))
    }

    /// Sends a call as often as its policy allows, until `read` makes a value of an answer; with the number of attempts.
    async fn repeat<T>(
        &self,
        call: &Call,
        read: impl AsyncFn(&Client, &Call, reqwest::Response, Option<Instant>) -> Result<T, Error>,
    ) -> Result<(T, u32), Error> {
        let policy = call.options.retry.as_ref().unwrap_or(&self.inner.retry);
        let span = trace::Call::begin(call);
        let mut spent = Duration::ZERO;
        let mut internal_errors = 0;
        let mut attempt = 1;
        loop {
            // The first attempt has the whole timeout, the others what the deadline leaves of it.
            let limit = match self.inner.timeout {
                limit if attempt == 1 => limit,
                limit => Some(policy.deadline.saturating_sub(spent)).min(limit.or(Some(Duration::MAX))),
            };
            let pass = self.pass(&span).await;
            let begun = Instant::now();
            let end = limit.and_then(|limit| begun.checked_add(limit));
            let result = self.attempt(call, end, &span, &read).await;
            drop(pass);
            let error = match result {
                Ok(value) => {
                    span.end(attempt);
                    return Ok((value, attempt));
                }
                Err(error) => error.after(attempt),
            };
            spent = spent.saturating_add(begun.elapsed());
            internal_errors += u32::from(error.status() == Some(StatusCode::INTERNAL_SERVER_ERROR));
            let pause = pause(policy, attempt, &error);
            let again = attempt < policy.attempts
                && spent.saturating_add(pause) <= policy.deadline
                && repeats(call.operation, policy, &error, internal_errors == 1);
            if !again {
                // What was never sent was not attempted.
                let error = if error.is_builder() { error.after(0) } else { error };
                span.fail(&error);
                return Err(error);
            }
            span.pause(attempt, pause, &error);
            tokio::time::sleep(pause).await;
            spent = spent.saturating_add(pause);
            attempt += 1;
        }
    }

    /// Waits for leave to send one request.
    async fn pass(&self, span: &trace::Call) -> Pass<'_> {
        let waiting = self.inner.gate.wait();
        if !waiting.is_zero() {
            span.wait(waiting);
        }
        self.inner.gate.pass().await
    }

    /// Sends a call once.
    async fn attempt<T>(
        &self,
        call: &Call,
        end: Option<Instant>,
        span: &trace::Call,
        read: &impl AsyncFn(&Client, &Call, reqwest::Response, Option<Instant>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request = self.request(call)?;
        let mut response = by(end, self.inner.http.execute(request))
            .await
            .ok_or_else(|| Error::kind(call.operation, Kind::Timeout))?
            .map_err(|error| classify(call.operation, error))?;
        if response.status().is_success() {
            span.answered(response.status(), response.headers());
            self.inner.gate.observe(response.headers(), false);
            return read(self, call, response, end).await;
        }
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        // An error's body is read as far as it can be: the status is what counts.
        let (body, _) = self.read(call.operation, response, end).await;
        let error = Error::kind(call.operation, Kind::Status).answered(status, headers, body);
        if let Some(headers) = error.headers() {
            // Waiting for an export job says nothing about other requests.
            let rate_limited = error.is_rate_limited() && !error.is_export_pending();
            self.inner.gate.observe(headers, rate_limited);
        }
        Err(error)
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

    /// Leaves the body for a stream.
    async fn read_nothing(
        &self,
        _: &Call,
        response: reqwest::Response,
        _: Option<Instant>,
    ) -> Result<reqwest::Response, Error> {
        Ok(response)
    }

    /// Reads and decodes the body of a success.
    async fn read_value<T>(
        &self,
        call: &Call,
        mut response: reqwest::Response,
        end: Option<Instant>,
    ) -> Result<Response<T>, Error>
    where
        T: for<'de> Lenient<'de>,
    {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let (body, outcome) = self.read(call.operation, response, end).await;
        let value = outcome.and_then(|()| decode(&body).map_err(|kind| Error::kind(call.operation, kind)));
        match value {
            Ok(value) => Ok(Response::new(value, status, headers, body)),
            Err(error) => Err(error.answered(status, headers, body)),
        }
    }

    /// Reads a body to its end, or as far as it came before an error.
    async fn read(
        &self,
        operation: &Operation,
        response: reqwest::Response,
        end: Option<Instant>,
    ) -> (Bytes, Result<(), Error>) {
        let mut body = Body::default();
        let outcome = by(end, self.fill(&mut body, operation, response))
            .await
            .unwrap_or_else(|| Err(Error::kind(operation, Kind::Timeout)));
        (body.freeze(), outcome)
    }

    async fn fill(&self, body: &mut Body, operation: &Operation, mut response: reqwest::Response) -> Result<(), Error> {
        let limit = self.inner.max_response_bytes;
        let mut room = limit;
        let announced = response.content_length().unwrap_or_default().min(limit) as usize;
        while let Some(mut chunk) = response.chunk().await.map_err(|error| classify(operation, error))? {
            let length = chunk.len() as u64;
            if length > room {
                chunk.truncate(room as usize);
                body.push(chunk, announced);
                return Err(Error::kind(operation, Kind::TooLarge(limit)));
            }
            room -= length;
            body.push(chunk, announced);
        }
        Ok(())
    }
}

/// A body as far as it was read. One that came in one chunk is not copied.
#[derive(Default)]
struct Body {
    first: Bytes,
    whole: Vec<u8>,
}

impl Body {
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

/// The most that is added to a wait the server asked for.
const JITTER: Duration = Duration::from_millis(500);
/// Runs `future` until `end`; `None` when the time is up.
async fn by<T>(end: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match end {
        Some(end) => timeout_at(end, future).await.ok(),
        None => Some(future.await),
    }
}

/// How long to wait after a failed attempt: by the policy, or what the server asks for when that is longer.
fn pause(policy: &RetryPolicy, attempt: u32, error: &Error) -> Duration {
    let own = policy.pause(attempt);
    let jitter = policy.base.min(JITTER).mul_f64(fastrand::f64());
    let asked = error.server_wait().map(|wait| wait.saturating_add(jitter));
    own.max(asked.unwrap_or_default())
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
        if error.is_timeout() {
            Kind::ConnectTimeout
        } else {
            match handshake(&error) {
                Some(text) if text.contains("certificate") => Kind::Certificate,
                Some(_) => Kind::Tls,
                None => Kind::Connect,
            }
        }
    } else if error.is_timeout() {
        Kind::Timeout
    } else if chain(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_canceled)) {
        // The connection closed before hyper began to write the request.
        Kind::Connect
    } else if error.is_redirect() || is_protocol(&error) {
        Kind::Protocol
    } else {
        Kind::Lost
    };
    // The URL holds ids and search terms.
    Error::kind(operation, kind).caused(error.without_url())
}

type Cause = dyn std::error::Error + 'static;

/// An error and its causes, with those that I/O errors wrap, which their `source` passes over.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &Cause> {
    std::iter::successors(Some(error as &Cause), |cause| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &Cause),
            None => cause.source(),
        }
    })
}

/// What a TLS handshake failed for, when that is why there is no connection; `None` when the network is to blame.
///
/// The libraries share no type for it: rustls says it inside an I/O error of invalid data, native TLS without any I/O
/// error. All of them name the certificate when it is the reason.
fn handshake(error: &reqwest::Error) -> Option<String> {
    let mut kinds = chain(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .peekable();
    let native = cfg!(feature = "native-tls") && kinds.peek().is_none();
    let rustls = kinds.any(|kind| kind == std::io::ErrorKind::InvalidData);
    (native || rustls).then(|| chain(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Bytes that are not HTTP, not chunked or not compressed as they claim to be.
fn is_protocol(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    chain(error).any(|cause| {
        cause.downcast_ref().is_some_and(hyper::Error::is_parse)
            || cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|io| matches!(io.kind(), InvalidData | InvalidInput))
    })
}

/// Decodes a body, in one pass when there is nothing unusual in it.
pub(crate) fn decode<T: for<'de> Lenient<'de>>(body: &[u8]) -> Result<T, Kind> {
    // Checked once as a whole, which is cheaper than string by string; what is no UTF-8 is shown as such.
    let body = match std::str::from_utf8(body) {
        _ if T::NOTHING => Cow::Borrowed("null"),
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    };
    let mut reader = json::Reader::new(&body);
    if let Ok(value) = T::lenient(&mut reader).and_then(|value| reader.end().map(|()| value)) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_str(&body);
    let mut track = serde_path_to_error::Track::new();
    let (path, error) = match T::lenient(serde_path_to_error::Deserializer::new(&mut reader, &mut track)) {
        Ok(value) => match reader.end() {
            Ok(()) => return Ok(value),
            Err(error) => (".".to_owned(), error),
        },
        Err(error) => (track.path().to_string(), error),
    };
    let (expected, found) = expectation(&error.to_string());
    Err(Kind::Decode { path, expected, found })
}
