//! Answers that a test sets.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;

/// An answer of [`MockIntercom`](super::MockIntercom), to be set by [`on`](super::MockIntercom::on) or
/// [`on_any`](super::MockIntercom::on_any).
///
/// ```
/// use intercom_client::mock::Answer;
/// use serde_json::json;
///
/// let found = Answer::json(json!({"type": "contact", "id": "66f1"}));
/// let refused = Answer::error(409, "conflict", "A contact matching those details already exists with id=66f1");
/// let limited = Answer::rate_limited().header("retry-after", "2");
/// let lost = Answer::json(json!({"id": "1"})).cut(5);
/// ```
#[derive(Clone, Debug)]
#[must_use = "an answer is given by `on(…)`"]
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) delay: Duration,
    /// After so many bytes of the body the connection breaks.
    pub(super) cut: Option<usize>,
    /// Whether not even a status is sent.
    pub(super) dropped: bool,
    pub(super) carried_out: bool,
    pub(super) as_it_is: bool,
}

impl Answer {
    /// A success, 200, with this value as JSON: one of the API's types or any other.
    ///
    /// # Panics
    ///
    /// When the value cannot be written as JSON.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that gives what is no JSON has to fail")]
    pub fn json(value: impl Serialize) -> Self {
        match serde_json::to_vec(&value) {
            Ok(body) => Self::bytes("application/json", body),
            Err(error) => panic!("the answer is no JSON: {error}"),
        }
    }

    /// A success, 200, with these bytes.
    ///
    /// # Panics
    ///
    /// When the media type is no header value.
    #[track_caller]
    pub fn bytes(media_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.into(),
            delay: Duration::ZERO,
            cut: None,
            dropped: false,
            carried_out: false,
            as_it_is: false,
        }
        .header(CONTENT_TYPE.as_str(), media_type)
    }

    /// An error in the form in which Intercom sends it, with one entry: a `type`, a `request_id` of null, and `errors`.
    ///
    /// # Panics
    ///
    /// When the status is not between 100 and 999.
    #[track_caller]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let errors = json!([{"code": code, "message": message}]);
        Self::json(json!({"type": "error.list", "request_id": null, "errors": errors})).status(status)
    }

    /// A spent rate limit: 429, and headers that say that nothing remains. The client waits for the end of the window, at most ten
    /// seconds, which pass at once in a test with paused time (`#[tokio::test(start_paused = true)]`).
    pub fn rate_limited() -> Self {
        let message = "Exceeded rate limit of 167 in 10_seconds";
        Self::error(429, "rate_limit_exceeded", message).header("x-ratelimit-remaining", "0")
    }

    /// No answer at all: once the request has arrived, the connection is closed.
    pub fn dropped() -> Self {
        let mut answer = Self::bytes("application/json", "");
        answer.dropped = true;
        answer
    }

    /// Sets the status.
    ///
    /// # Panics
    ///
    /// When it is not between 100 and 999.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that gives what is no status has to fail")]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or_else(|_| panic!("{status} is no HTTP status"));
        self
    }

    /// Sets a header, in the place of the one of that name.
    ///
    /// # Panics
    ///
    /// When name or value is no header's.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that gives what is no header has to fail")]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => self.headers.insert(name, value),
            _ => panic!("{name}: {value} is no header"),
        };
        self
    }

    /// Sets the `Retry-After` header, in seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.insert(RETRY_AFTER, seconds.into());
        self
    }

    /// Waits so long before it answers, or before it closes the connection.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends status, headers and so many bytes of the body, or all of it where it is shorter, and breaks the connection.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// Carries the call out, and then gives this answer in the place of the usual one: a record is made, changed or deleted, a
    /// scroll moves on. With [`dropped`](Self::dropped) or [`cut`](Self::cut) the change is made and the caller does not learn
    /// of it.
    pub fn after_carrying_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    /// Takes a success that is not as the description says, which fails the test otherwise: with fields that it does not have,
    /// or values of another kind.
    pub fn as_it_is(mut self) -> Self {
        self.as_it_is = true;
        self
    }
}
