//! What can go wrong with a call, as one type with predicates.

pub(crate) mod body;
pub(crate) mod context;
mod display;
pub(crate) mod kind;
mod predicates;

use std::time::Duration;

use super::rate_limit::RateLimit;
use super::request_id;
use body::ApiError;
use bytes::Bytes;
use context::{ErrorContext, Received};
use http::{HeaderMap, StatusCode};
use kind::{ErrorKind, Kind};

use crate::http::error::BoxError;

/// Why a call failed.
///
/// Ask by predicate what it is and what to do; `Display` is one line for a person, `Debug` that line and the cause. Neither
/// shows the token, a header or the body; what the server says in its error messages is shown.
///
/// | what to do | where it is so |
/// |---|---|
/// | mend the program | [`is_builder`](Self::is_builder), [`is_invalid_request`](Self::is_invalid_request) |
/// | see to token, permissions and plan | [`is_unauthorized`](Self::is_unauthorized), [`is_token_suspended`](Self::is_token_suspended), [`is_token_unavailable`](Self::is_token_unavailable), [`is_forbidden`](Self::is_forbidden) |
/// | look at the record | [`is_not_found`](Self::is_not_found), [`is_conflict`](Self::is_conflict), [`is_permanently_deleted`](Self::is_permanently_deleted) |
/// | use the scroll | [`is_page_limit`](Self::is_page_limit) |
/// | skip the item, or retrieve it later | [`item`](Self::item) |
/// | send it again later | [`is_retryable`](Self::is_retryable), among them [`is_rate_limited`](Self::is_rate_limited) and [`is_timeout`](Self::is_timeout) |
/// | look whether it was done before it is sent again | [`may_have_been_carried_out`](Self::may_have_been_carried_out), whatever else it is |
/// | see to network, proxy and certificates | [`is_connect`](Self::is_connect), [`is_certificate`](Self::is_certificate) |
/// | see to the disk | [`is_io`](Self::is_io) |
/// | report it | [`is_decode`](Self::is_decode) |
/// | walk on, or begin a new scroll | [`is_incomplete`](Self::is_incomplete), [`is_scroll_exists`](Self::is_scroll_exists), [`is_scroll_expired`](Self::is_scroll_expired), [`is_scroll_restart`](Self::is_scroll_restart) |
/// | see to the export job | [`is_export_pending`](Self::is_export_pending), [`is_export_failed`](Self::is_export_failed), [`is_export_canceled`](Self::is_export_canceled) |
///
/// What is none of these, such as a 402 or an answer that contradicts itself, is told by [`status`](Self::status), where there is
/// one, and the line.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # let taken = intercom_client::mock::MockResponse::error(409, "conflict", "is there already with id=66f1");
/// # intercom.on("create_contact").respond(taken);
/// # let client = intercom.client();
/// let id = match client.create_contact().body_map(|b| b.email("ada@example.com")).send().await {
///     Ok(contact) => contact.id.clone(),
///     Err(error) if error.is_conflict() => error.conflicting_id().map(str::to_owned), // it is already there
///     Err(error) => return Err(error),
/// };
/// # assert_eq!(id.as_deref(), Some("66f1"));
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    context: ErrorContext,
    source: Option<BoxError>,
}

impl Error {
    /// The error of a call that was answered by a status that is no success: for tests of your own code. The predicates,
    /// [`code`](Self::code), [`errors`](Self::errors), [`request_id`](Self::request_id) and [`rate_limit`](Self::rate_limit) read
    /// it like one that came from a server. What goes by the call as well, such as
    /// [`may_have_been_carried_out`](Self::may_have_been_carried_out) and what is said of scrolls, is false: let a mock Intercom
    /// (feature `mock`) answer for these.
    ///
    /// ```
    /// use intercom_client::Error;
    /// use intercom_client::http::{HeaderMap, StatusCode};
    ///
    /// let body = r#"{"type":"error.list","errors":[{"code":"rate_limit_exceeded","message":"Exceeded rate limit"}]}"#;
    /// let error = Error::from_response("create_contact", StatusCode::TOO_MANY_REQUESTS, HeaderMap::new(), body);
    /// assert!(error.is_rate_limited() && error.is_retryable());
    /// assert_eq!(error.code(), Some("rate_limit_exceeded"));
    /// ```
    pub fn from_response(
        operation: &'static str,
        status: StatusCode,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut context = ErrorContext::of(operation).with_response(status, headers, body.into());
        context.attempts = 1;
        context.error(Kind::Status)
    }

    /// Returns the kind of the error, for `match` and for labels of metrics.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind.public()
    }

    /// Returns the kind with its details.
    pub(crate) fn details(&self) -> &Kind {
        &self.0.kind
    }

    /// Returns the context that it was made by, to make other errors of the same call.
    pub(crate) fn context(&self) -> &ErrorContext {
        &self.0.context
    }

    /// Returns the same error in a changed context: that of a call that consists of several calls.
    pub(crate) fn in_context(mut self, change: impl FnOnce(&mut ErrorContext)) -> Self {
        change(&mut self.0.context);
        self
    }

    fn received(&self) -> Option<&Received> {
        self.0.context.response.as_deref()
    }

    /// Returns the response headers, if the server responded.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.received().map(|received| &received.headers)
    }

    /// Returns the cursor of the page that failed, for a list; `None` for the first page.
    pub fn page_cursor(&self) -> Option<&str> {
        self.0.context.page.as_deref()
    }

    /// Returns the server's name for a message.
    fn server(&self) -> &str {
        self.0.context.server.as_deref().unwrap_or("the server")
    }

    /// Returns the time in which no connection was made. What has a source is a timeout of the HTTP service's own.
    fn connect_limit(&self) -> Option<Duration> {
        match self.0.source {
            Some(_) => self.0.context.connect_limit,
            None => self.0.context.limit,
        }
    }

    /// Returns the time in which no complete response came, if this crate sets it.
    fn response_limit(&self) -> Option<Duration> {
        match self.0.source {
            Some(_) => None,
            None => self.0.context.limit,
        }
    }

    /// The identifier of the export job that could not be waited for or downloaded: `Client::export_job` goes on with it.
    pub fn export_job(&self) -> Option<&str> {
        self.0.context.job.as_deref()
    }

    /// Returns the id of the item that [`RetrieveEach`](crate::paging::RetrieveEach) could not retrieve; `None` for other errors.
    pub fn item(&self) -> Option<&str> {
        self.0.context.item.as_deref()
    }

    /// The operation that failed: its id in snake_case, the name of the client's method. Empty for errors of the client's
    /// configuration.
    pub fn operation(&self) -> &str {
        self.0.context.operation
    }

    /// The status, when the server answered.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.context.status()
    }

    /// The request id, from the error body or the `X-Request-Id` header: what Intercom's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        let received = self.received()?;
        received
            .parsed
            .request_id
            .as_deref()
            .or_else(|| request_id(&received.headers))
    }

    /// Everything that the server says is wrong; empty when its answer is not of a known form.
    pub fn errors(&self) -> &[ApiError] {
        self.received().map_or(&[], |received| &received.parsed.errors)
    }

    /// The code of the first of the [`errors`](Self::errors).
    pub fn code(&self) -> Option<&str> {
        self.errors().iter().find_map(|error| error.code.as_deref())
    }

    /// The id of what is already there, from the end of a conflict's message, `id=…`.
    pub fn conflicting_id(&self) -> Option<&str> {
        if let Kind::NotUnarchived(id) = &self.0.kind {
            return Some(id);
        }
        if !self.is_conflict() {
            return None;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        self.errors().iter().find_map(|error| {
            let message = error.message.as_deref()?;
            // Not the end of another name, such as `external_id=`.
            let own = |(at, _): &(usize, &str)| !message[..*at].ends_with(is_part);
            let (at, name) = message.rmatch_indices("id=").find(own)?;
            let rest = &message[at + name.len()..];
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            Some(&rest[..end]).filter(|id| !id.is_empty())
        })
    }

    /// The state of the rate limit, when the answer's headers tell it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(self.headers()?)
    }

    /// How often the request was sent; 0 when the caller's mistake kept it from being sent.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// Where in the body decoding failed, such as `data[3].created_at`; empty when the whole is meant.
    pub fn json_path(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Decode(unread) => Some(&unread.path),
            _ => None,
        }
    }

    /// What decoding expected at [`json_path`](Self::json_path), such as `an integer`.
    pub fn expected(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Decode(unread) => Some(unread.expected),
            _ => None,
        }
    }

    /// The kind of value that decoding found at [`json_path`](Self::json_path), such as `map`; never the value.
    pub fn found(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Decode(unread) => Some(&unread.found),
            _ => None,
        }
    }

    /// The body as far as it was received; empty for a download, whose bytes were handed on. It can hold customers' data, so it is
    /// shown nowhere else.
    pub fn body(&self) -> Option<&Bytes> {
        self.received().map(|received| &received.body)
    }
}

/// Whether AWS WAF answered in the server's place, by 405 for a captcha and by 202 for a challenge, and asks for a proof that a
/// person is calling: <https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html>.
pub(crate) fn asks_for_proof(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amzn-waf-action")
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_and_can_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
        assert!(size_of::<Error>() <= 8);
    }
}
