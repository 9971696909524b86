//! The error of a failed call.

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

/// An error of a call.
///
/// `Display` writes one line: the operation, what failed, the innermost reason, the number of
/// attempts, and what to do where that is not obvious. `Debug` writes the same line, so that a
/// `main` that returns the error prints it once. Neither shows the token, a header or the body; the
/// messages of an error response are shown.
///
/// [`kind`](Self::kind) returns the kind of the error, [`ErrorKind`] lists all kinds with their
/// messages. The predicates say what to do:
///
/// | what to do | predicates |
/// |---|---|
/// | fix the code | [`is_builder`](Self::is_builder), [`is_invalid_request`](Self::is_invalid_request) |
/// | check the token, its permissions and the plan | [`is_unauthorized`](Self::is_unauthorized), [`is_token_suspended`](Self::is_token_suspended), [`is_token_unavailable`](Self::is_token_unavailable), [`is_forbidden`](Self::is_forbidden) |
/// | check the record | [`is_not_found`](Self::is_not_found), [`is_conflict`](Self::is_conflict), [`is_permanently_deleted`](Self::is_permanently_deleted) |
/// | use the scroll | [`is_page_limit`](Self::is_page_limit) |
/// | skip the item, or retrieve it later | [`item`](Self::item) |
/// | retry later | [`is_retryable`](Self::is_retryable), which includes [`is_rate_limited`](Self::is_rate_limited) and [`is_timeout`](Self::is_timeout) |
/// | check whether the change was made before retrying | [`may_have_been_carried_out`](Self::may_have_been_carried_out), in addition to the others |
/// | check the network, the proxy and the certificates | [`is_connect`](Self::is_connect), [`is_certificate`](Self::is_certificate) |
/// | check the disk | [`is_io`](Self::is_io) |
/// | report a bug | [`is_decode`](Self::is_decode) |
/// | walk the list again, or start a new scroll | [`is_incomplete`](Self::is_incomplete), [`is_scroll_exists`](Self::is_scroll_exists), [`is_scroll_expired`](Self::is_scroll_expired), [`is_scroll_restart`](Self::is_scroll_restart) |
/// | check the export job | [`is_export_pending`](Self::is_export_pending), [`is_export_failed`](Self::is_export_failed), [`is_export_canceled`](Self::is_export_canceled) |
///
/// For anything else, such as a 402 or an inconsistent response, check [`status`](Self::status) and
/// the message.
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
///     Err(error) if error.is_conflict() => error.conflicting_id().map(str::to_owned), // it exists
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
    /// Creates the error of an unsuccessful response, for tests of your own code.
    ///
    /// The predicates, [`code`](Self::code), [`errors`](Self::errors),
    /// [`request_id`](Self::request_id) and [`rate_limit`](Self::rate_limit) work as for a response
    /// of the server. Predicates that also depend on the request, such as
    /// [`may_have_been_carried_out`](Self::may_have_been_carried_out), return `false`: use the mock
    /// server (feature `mock`) to test those.
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

    /// Returns the context of the call, to create other errors of the same call.
    pub(crate) fn context(&self) -> &ErrorContext {
        &self.0.context
    }

    /// Changes the context, for a call that consists of several calls.
    pub(crate) fn in_context(mut self, change: impl FnOnce(&mut ErrorContext)) -> Self {
        change(&mut self.0.context);
        self
    }

    /// Returns the response to the last attempt, or, if the server sent none, the last response to
    /// an earlier attempt.
    fn received(&self) -> Option<&Received> {
        let context = &self.0.context;
        context.response.as_deref().or(context.earlier_response.as_deref())
    }

    /// Returns the name of the server for a message.
    fn server(&self) -> &str {
        self.0.context.server.as_deref().unwrap_or("the server")
    }

    /// Returns the time limit for connecting. A timeout with a source comes from the HTTP service.
    fn connect_limit(&self) -> Option<Duration> {
        match self.0.source {
            Some(_) => self.0.context.connect_limit,
            None => self.0.context.limit,
        }
    }

    /// Returns the time limit for the response, if this crate sets it.
    fn response_limit(&self) -> Option<Duration> {
        match self.0.source {
            Some(_) => None,
            None => self.0.context.limit,
        }
    }

    /// Returns the operation that failed: its id in snake_case, which is the name of the client's
    /// method.
    ///
    /// Empty for errors of the client's configuration.
    pub fn operation(&self) -> &str {
        self.0.context.operation
    }

    /// Returns the HTTP status, if the server responded.
    ///
    /// If the last attempt got no response, for example because it timed out, this is the status of
    /// the last attempt that got one. The same holds for [`headers`](Self::headers),
    /// [`body`](Self::body), [`errors`](Self::errors) and [`request_id`](Self::request_id).
    /// [`kind`](Self::kind) is [`ErrorKind::Status`] only if the last attempt got a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.received().map(|received| received.status)
    }

    /// Returns the response headers, if the server responded. See [`status`](Self::status).
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.received().map(|received| &received.headers)
    }

    /// Returns the body of the response as far as it was received; empty for a download that was
    /// interrupted.
    ///
    /// It can contain personal data, so no message shows it. See [`status`](Self::status).
    pub fn body(&self) -> Option<&Bytes> {
        self.received().map(|received| &received.body)
    }

    /// Returns the request id from the error body or the `X-Request-Id` header. Intercom's support
    /// asks for it.
    pub fn request_id(&self) -> Option<&str> {
        let received = self.received()?;
        received
            .parsed
            .request_id
            .as_deref()
            .or_else(|| request_id(&received.headers))
    }

    /// Returns the entries of the error response; empty if the body has no known form.
    pub fn errors(&self) -> &[ApiError] {
        self.received().map_or(&[], |received| &received.parsed.errors)
    }

    /// Returns the first code among the [`errors`](Self::errors), such as `parameter_invalid`.
    pub fn code(&self) -> Option<&str> {
        self.errors().iter().find_map(|error| error.code.as_deref())
    }

    /// Returns the id of the existing record from the message of a conflict, which ends with
    /// `id=…`.
    pub fn conflicting_id(&self) -> Option<&str> {
        if let Kind::NotUnarchived(id) = &self.0.kind {
            return Some(id);
        }
        if !self.is_conflict() {
            return None;
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        self.errors().iter().find_map(|error| {
            let message = error.message.as_deref()?;
            // `id=` can also be the end of a longer name, such as `external_id=`.
            let starts_name = |(at, _): &(usize, &str)| !message[..*at].ends_with(is_name);
            let (at, name) = message.rmatch_indices("id=").find(starts_name)?;
            let rest = &message[at + name.len()..];
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            Some(&rest[..end]).filter(|id| !id.is_empty())
        })
    }

    /// Returns the state of the rate limit, if the response has the headers. See
    /// [`status`](Self::status).
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(self.headers()?)
    }

    /// Returns the number of times the request was sent; 0 if the call failed before it was sent.
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// Returns the cursor of the page that failed, for a list; `None` for the first page.
    pub fn page_cursor(&self) -> Option<&str> {
        self.0.context.page.as_deref()
    }

    /// Returns the identifier of the export job that the error is about.
    ///
    /// Pass it to `Client::export_job` to resume the job.
    pub fn export_job(&self) -> Option<&str> {
        self.0.context.job.as_deref()
    }

    /// Returns the id of the item that [`RetrieveEach`](crate::paging::RetrieveEach) could not
    /// retrieve; `None` for other errors.
    pub fn item(&self) -> Option<&str> {
        self.0.context.item.as_deref()
    }

    /// Returns the JSON path at which decoding failed, such as `data[3].created_at`; empty for the
    /// entire body.
    pub fn json_path(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Decode(unread) => Some(&unread.path),
            _ => None,
        }
    }

    /// Returns the type that decoding expected at the [`json_path`](Self::json_path), such as `an
    /// integer`.
    pub fn expected(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Decode(unread) => Some(unread.expected),
            _ => None,
        }
    }

    /// Returns the type of the value that decoding found at the [`json_path`](Self::json_path),
    /// such as `a list`; never the value.
    pub fn found(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Decode(unread) => Some(&unread.found),
            _ => None,
        }
    }
}

/// Returns `true` if AWS WAF responded in place of the server, with a 405 for a captcha or a 202
/// for a challenge:
/// <https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html>.
pub(crate) fn is_waf_challenge(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amzn-waf-action")
}

/// The source is the error of the HTTP service, of the operating system, or of the function that
/// supplies the token.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_small_and_can_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
        assert!(size_of::<Error>() <= 8);
    }
}
