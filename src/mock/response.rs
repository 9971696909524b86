//! Responses set by a test.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;

/// A response for [`MockIntercom::on`](super::MockIntercom::on) and
/// [`MockIntercom::on_any`](super::MockIntercom::on_any).
///
/// ```
/// use intercom_client::mock::MockResponse;
/// use serde_json::json;
///
/// let contact = MockResponse::json(json!({"type": "contact", "id": "66f1"}));
/// let conflict = MockResponse::error(409, "conflict", "A contact matching those details already exists with id=66f1");
/// let rate_limited = MockResponse::rate_limited().header("retry-after", "2");
/// let truncated = MockResponse::json(json!({"id": "1"})).truncate(5);
/// ```
#[derive(Clone, Debug)]
#[must_use = "pass it to `on(…).respond(…)`"]
pub struct MockResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) delay: Duration,
    /// The number of body bytes to send before the connection breaks.
    pub(super) truncated_at: Option<usize>,
    /// Whether the connection closes before the status is sent.
    pub(super) is_dropped: bool,
    pub(super) carries_out: bool,
    pub(super) is_unchecked: bool,
}

impl MockResponse {
    /// Creates a 200 response with a JSON body.
    ///
    /// The value can be one of the API's types or any other serializable value.
    ///
    /// # Panics
    ///
    /// If the value cannot be serialized as JSON.
    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    pub fn json(value: impl Serialize) -> Self {
        match serde_json::to_vec(&value) {
            Ok(body) => Self::bytes("application/json", body),
            Err(error) => panic!("response body cannot be serialized as JSON: {error}"),
        }
    }

    /// Creates a 200 response with these bytes as its body.
    ///
    /// # Panics
    ///
    /// If the media type is not a valid header value.
    #[track_caller]
    pub fn bytes(media_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.into(),
            delay: Duration::ZERO,
            truncated_at: None,
            is_dropped: false,
            carries_out: false,
            is_unchecked: false,
        }
        .header(CONTENT_TYPE.as_str(), media_type)
    }

    /// Creates an error response with one entry, in Intercom's error format.
    ///
    /// The body is an `error.list` with a `request_id` of null.
    ///
    /// # Panics
    ///
    /// If the status is not between 100 and 999.
    #[track_caller]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let errors = json!([{"code": code, "message": message}]);
        Self::json(json!({"type": "error.list", "request_id": null, "errors": errors})).status(status)
    }

    /// Creates a 429 response whose headers report an exhausted rate limit.
    ///
    /// The client waits for the end of the window, at most ten seconds. With paused time
    /// (`#[tokio::test(start_paused = true)]`) the wait takes no real time.
    pub fn rate_limited() -> Self {
        let message = "Exceeded rate limit of 167 in 10_seconds";
        Self::error(429, "rate_limit_exceeded", message).header("x-ratelimit-remaining", "0")
    }

    /// Creates a fault: the connection closes after the request, without a response.
    pub fn dropped() -> Self {
        let mut response = Self::bytes("application/json", "");
        response.is_dropped = true;
        response
    }

    /// Sets the status.
    ///
    /// # Panics
    ///
    /// If the status is not between 100 and 999.
    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap_or_else(|_| panic!("invalid HTTP status {status}"));
        self
    }

    /// Sets a header, replacing any previous value.
    ///
    /// # Panics
    ///
    /// If the name or the value is not valid in HTTP.
    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => self.headers.insert(name, value),
            _ => panic!("invalid header {name}: {value}"),
        };
        self
    }

    /// Sets the `Retry-After` header, in seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.insert(RETRY_AFTER, seconds.into());
        self
    }

    /// Sets the time to wait before the response is sent or the connection is closed.
    ///
    /// Default: zero.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Breaks the connection after the status, the headers and this many bytes of the body.
    ///
    /// A shorter body is sent completely before the connection breaks.
    pub fn truncate(mut self, bytes: usize) -> Self {
        self.truncated_at = Some(bytes);
        self
    }

    /// Carries out the call before this response replaces the usual one.
    ///
    /// Records are created, changed or deleted, and scrolls advance. With
    /// [`dropped`](Self::dropped) or [`truncate`](Self::truncate), the change is made and the
    /// caller does not learn of it.
    pub fn after_carrying_out(mut self) -> Self {
        self.carries_out = true;
        self
    }

    /// Disables the check of a success against the description.
    ///
    /// Without it, [`respond`](super::Stub::respond) panics if the body has unknown fields or
    /// values of another type.
    pub fn unchecked(mut self) -> Self {
        self.is_unchecked = true;
        self
    }
}
