//! One HTTP exchange: the request with its headers, the answer with its body.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::classify::classify;
use super::{Transport, trace};
use crate::answer::error::{Error, Kind};
use crate::call::call::Call;

/// An answer with a success status.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The whole body, where it is not streamed.
    pub body: Bytes,
    /// The rest of the answer, where the operation's success is a byte stream.
    pub stream: Option<reqwest::Response>,
}

impl Transport {
    /// Sends a call once.
    pub(super) async fn attempt(&self, call: &Call, end: Option<Instant>, span: &trace::Span) -> Result<Answer, Error> {
        let operation = call.operation.id;
        let request = self.request(call);
        let mut response = by(end, self.http.execute(request))
            .await
            .ok_or_else(|| Error::kind(operation, Kind::Timeout))?
            .map_err(|error| classify(operation, error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        if !status.is_success() {
            // An error's body is read as far as it can be: the status is what counts.
            let (body, _) = self.read(operation, response, end).await;
            let error = Error::kind(operation, Kind::Status).answered(status, headers, body);
            let error = error.of_get(call.operation.method == Method::GET);
            if let Some(headers) = error.headers() {
                // Waiting for an export job says nothing about other requests.
                let rate_limited = error.is_rate_limited() && !error.is_export_pending();
                self.gate.observe(headers, rate_limited);
            }
            return Err(error);
        }
        span.answered(status, &headers);
        self.gate.observe(&headers, false);
        if call.operation.bytes {
            return Ok(Answer {
                status,
                headers,
                body: Bytes::new(),
                stream: Some(response),
            });
        }
        match self.read(operation, response, end).await {
            (body, Ok(())) => Ok(Answer {
                status,
                headers,
                body,
                stream: None,
            }),
            (body, Err(error)) => Err(error.answered(status, headers, body)),
        }
    }

    /// The request of a call, with the headers that every request carries.
    fn request(&self, call: &Call) -> reqwest::Request {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}{}", self.base_url.path().trim_end_matches('/'), call.path));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = reqwest::Request::new(call.operation.method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        let version = call.options.api_version.as_ref().unwrap_or(&self.version);
        headers.insert("intercom-version", version.clone());
        headers.insert(USER_AGENT, self.user_agent.clone());
        let accept = match call.operation.bytes {
            true => "application/octet-stream",
            false => "application/json",
        };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &call.options.headers {
            headers.insert(name, value.clone());
        }
        *request.body_mut() = call.body.clone().map(Into::into);
        request
    }

    /// Reads a body to its end, or as far as it came before an error.
    async fn read(
        &self,
        operation: &'static str,
        response: reqwest::Response,
        end: Option<Instant>,
    ) -> (Bytes, Result<(), Error>) {
        let mut body = Body::default();
        let outcome = by(end, self.fill(&mut body, operation, response))
            .await
            .unwrap_or_else(|| Err(Error::kind(operation, Kind::Timeout)));
        (body.freeze(), outcome)
    }

    async fn fill(
        &self,
        body: &mut Body,
        operation: &'static str,
        mut response: reqwest::Response,
    ) -> Result<(), Error> {
        let limit = self.max_response_bytes;
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

/// Runs `future` until `end`; `None` when the time is up.
pub async fn by<T>(end: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match end {
        Some(end) => timeout_at(end, future).await.ok(),
        None => Some(future.await),
    }
}
