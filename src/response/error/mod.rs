//! What can go wrong with a call, as one type with predicates.

pub(crate) mod body;

use std::fmt;
use std::time::Duration;

use super::rate_limit::{self, RateLimit};
use super::request_id;
use crate::http::error::{HttpError, HttpErrorKind};
use crate::wire::one_line::{line, one_line};
use crate::wire::read::{Unread, without_mark};
use body::{ApiError, ErrorBody};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;

/// Why a call failed.
///
/// Ask by predicate what it is and what to do; `Display` is one line for a person, `Debug` that line and the cause. Neither
/// shows the token, a header or the body; what the server says in its error messages is shown.
///
/// | what to do | where it is so |
/// |---|---|
/// | mend the program | [`is_builder`](Self::is_builder), [`is_invalid_request`](Self::is_invalid_request) |
/// | see to token, permissions and plan | [`is_unauthorized`](Self::is_unauthorized), [`is_token_unavailable`](Self::is_token_unavailable), [`is_forbidden`](Self::is_forbidden) |
/// | look at the record | [`is_not_found`](Self::is_not_found), [`is_conflict`](Self::is_conflict), [`is_permanently_deleted`](Self::is_permanently_deleted) |
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
/// # let intercom = intercom_client::mock::MockIntercom::start().await;
/// # let taken = intercom_client::mock::Answer::error(409, "conflict", "is there already with id=66f1");
/// # intercom.on("create_contact").answer(taken);
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
    operation: &'static str,
    kind: Kind,
    attempts: u32,
    get: bool,
    /// Whether the call asked for a page of a scroll.
    scroll: bool,
    /// Whether this attempt or one before it may have been carried out.
    unknown_outcome: bool,
    /// The export job that it is about.
    job: Option<Box<str>>,
    /// Host and port of the server, where connecting to it failed.
    server: Option<Box<str>>,
    /// The time that was not enough.
    limit: Option<Duration>,
    answer: Option<Answer>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What came back, if anything did.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    parsed: ErrorBody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The caller's mistake; nothing was sent.
    Builder(String),
    /// The caller did not supply a token; nothing was sent.
    Token,
    /// The call did not get its turn before its deadline; nothing was sent.
    NotSent,
    /// Could not connect; nothing was sent.
    Connect,
    /// No connection in time; nothing was sent.
    ConnectTimeout,
    /// A proxy refused to connect; nothing was sent.
    Proxy,
    /// A proxy asks for credentials; nothing was sent.
    ProxyCredentials,
    /// An unknown, expired or mismatched certificate; nothing was sent.
    Certificate,
    /// Another failure of the TLS handshake; nothing was sent.
    Tls,
    /// Sent, and refused by the server before it processed it.
    Unprocessed,
    /// No whole answer in time.
    Timeout,
    /// The connection was lost after the request was sent.
    Lost,
    /// Something that is not HTTP.
    Protocol,
    /// The HTTP service failed in a way that it does not explain.
    Http,
    /// A status that is no success.
    Status,
    /// A success whose body is not what the description says.
    Decode(Box<Unread>),
    /// A body over `max_response_bytes`.
    TooLarge(u64),
    /// Writing what was received failed.
    Io,
    /// The answers contradict each other.
    Contradiction(&'static str),
    /// A walk found fewer items than the list counts.
    Incomplete {
        /// How many it found.
        found: u64,
        /// How many the list counts.
        total: u64,
    },
    /// An archived record, by its id, that the server does not unarchive; the answer says so.
    NotUnarchived(Box<str>),
    /// The server gave an export job up.
    ExportFailed,
    /// Somebody canceled an export job.
    ExportCanceled,
}

impl Kind {
    /// Something else in the place of an export.
    pub(crate) fn no_gzip(found: &str) -> Self {
        Self::Decode(Box::new(Unread {
            path: String::new(),
            expected: "gzip or CSV",
            found: found.to_owned(),
        }))
    }
}

impl Error {
    pub(crate) fn new(operation: &'static str, kind: Kind) -> Self {
        Self(Box::new(Inner {
            operation,
            kind,
            attempts: 0,
            get: false,
            scroll: false,
            unknown_outcome: false,
            job: None,
            server: None,
            limit: None,
            answer: None,
            source: None,
        }))
    }

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
    /// let error = Error::from_answer("create_contact", StatusCode::TOO_MANY_REQUESTS, HeaderMap::new(), body);
    /// assert!(error.is_rate_limited() && error.is_retryable());
    /// assert_eq!(error.code(), Some("rate_limit_exceeded"));
    /// ```
    pub fn from_answer(
        operation: &'static str,
        status: StatusCode,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Self {
        Self::new(operation, Kind::Status)
            .with_answer(status, headers, body.into())
            .with_attempts(1)
    }

    /// The error of an HTTP exchange.
    pub(crate) fn http(operation: &'static str, error: HttpError) -> Self {
        let kind = match error.kind() {
            HttpErrorKind::Request => Kind::Builder("the request cannot be built".to_owned()),
            HttpErrorKind::Connect => Kind::Connect,
            HttpErrorKind::ConnectTimeout => Kind::ConnectTimeout,
            HttpErrorKind::Proxy => Kind::Proxy,
            HttpErrorKind::ProxyCredentials => Kind::ProxyCredentials,
            HttpErrorKind::Certificate => Kind::Certificate,
            HttpErrorKind::Tls => Kind::Tls,
            HttpErrorKind::Unprocessed => Kind::Unprocessed,
            HttpErrorKind::Timeout => Kind::Timeout,
            HttpErrorKind::Lost => Kind::Lost,
            HttpErrorKind::Protocol => Kind::Protocol,
            HttpErrorKind::Other => Kind::Http,
        };
        let failed = Self::new(operation, kind);
        match error.into_source() {
            Some(source) => failed.with_source(source),
            None => failed,
        }
    }

    pub(crate) fn builder(operation: &'static str, what: String) -> Self {
        Self::new(operation, Kind::Builder(what))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_answer(mut self, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let parsed = if status.is_success() {
            ErrorBody::default()
        } else {
            ErrorBody::parse(&body)
        };
        self.0.answer = Some(Answer {
            status,
            headers,
            body,
            parsed,
        });
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        self.0.answer.as_ref().map(|answer| &answer.headers)
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0.kind
    }

    fn has_status(&self, statuses: &[u16]) -> bool {
        self.status()
            .is_some_and(|status| !status.is_success() && statuses.contains(&status.as_u16()))
    }

    fn has_code(&self, code: &str) -> bool {
        self.errors().iter().any(|error| error.code.as_deref() == Some(code))
    }

    /// 401: the token is wrong, revoked, or of another region. Check token and region; repeating does not help.
    pub fn is_unauthorized(&self) -> bool {
        self.has_status(&[401])
    }

    /// The function that supplies the [`AccessToken`](crate::AccessToken::from_fn) failed, or gave what cannot be one: nothing
    /// was sent. The source is what it said.
    pub fn is_token_unavailable(&self) -> bool {
        self.0.kind == Kind::Token
    }

    /// 403: the token lacks a permission, or the workspace's plan does not have the feature. Grant it in the app's
    /// settings; repeating does not help.
    pub fn is_forbidden(&self) -> bool {
        self.has_status(&[403])
    }

    /// 404 (or 410): what the call names does not exist, or is not visible to this app.
    pub fn is_not_found(&self) -> bool {
        self.has_status(&[404, 410])
    }

    /// 409: it exists already, or was changed meanwhile. [`conflicting_id`](Self::conflicting_id) often tells which.
    pub fn is_conflict(&self) -> bool {
        self.has_status(&[409])
    }

    /// 429: too many requests. The client waits and repeats by itself; this error means that it gave up. Slow down, or
    /// allow more attempts. See also [`is_export_pending`](Self::is_export_pending), which no short wait cures.
    pub fn is_rate_limited(&self) -> bool {
        self.has_status(&[429])
    }

    /// 429 because another export job of the workspace is pending: wait for that job, or cancel it.
    pub fn is_export_pending(&self) -> bool {
        self.has_status(&[429])
            && self.errors().iter().any(|error| {
                error.message.as_deref().is_some_and(|message| {
                    let message = message.to_lowercase();
                    message.contains("pending") && message.contains("export")
                })
            })
    }

    /// A walk that delivers every item [exactly once](crate::paging::ExactlyOnce) came to its end with fewer items than the
    /// list counts. What it found was delivered; another pass over the list finds the others, or most of them.
    pub fn is_incomplete(&self) -> bool {
        matches!(self.0.kind, Kind::Incomplete { .. })
    }

    /// An upsert met an archived contact that the server does not unarchive: it is marked for permanent deletion, and no other
    /// contact can have its email or external id until it is gone. [`conflicting_id`](Self::conflicting_id) tells which.
    ///
    /// The server says so by 400, of leads by a 500 that lasts. Only time tells the latter from an outage, so that it
    /// [`is_retryable`](Self::is_retryable) too.
    pub fn is_permanently_deleted(&self) -> bool {
        matches!(self.0.kind, Kind::NotUnarchived(_))
    }

    /// An export job that the server gave up. Start another one; report the job's identifier to Intercom's support when that
    /// fails too.
    pub fn is_export_failed(&self) -> bool {
        self.0.kind == Kind::ExportFailed
    }

    /// An export job that was canceled while it was waited for.
    pub fn is_export_canceled(&self) -> bool {
        self.0.kind == Kind::ExportCanceled
    }

    /// What was received could not be written to disk. The source is the operating system's error: look at the folder, its
    /// permissions and free space.
    pub fn is_io(&self) -> bool {
        self.0.kind == Kind::Io
    }

    /// 400 or 422: the server understood the request and refuses it. [`errors`](Self::errors) says why; repeating does
    /// not help.
    pub fn is_invalid_request(&self) -> bool {
        self.has_status(&[400, 422])
    }

    /// No connection or no whole answer in time, or the server said 408, 504, 522 or 524. If [`attempts`](Self::attempts) is 0, the
    /// call reached its [`deadline`](crate::RetryPolicy::deadline) while it waited for other calls: nothing was sent.
    /// [`may_have_been_carried_out`](Self::may_have_been_carried_out) tells what that means for a call that changes something.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::ConnectTimeout | Kind::NotSent)
            || self.has_status(&[408, 504, 522, 524])
    }

    /// There was no connection, or no trusted one: nothing was sent. Check network, proxies, base URL and certificates.
    pub fn is_connect(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect | Kind::ConnectTimeout | Kind::Proxy | Kind::ProxyCredentials | Kind::Certificate | Kind::Tls
        )
    }

    /// The server's certificate is unknown, expired or not for this host: nothing was sent, and repeating does not help.
    /// Check the base URL and the machine's trusted certificates; a proxy that inspects TLS needs its own among them.
    pub fn is_certificate(&self) -> bool {
        self.0.kind == Kind::Certificate
    }

    /// A success whose body does not decode, or is too large. [`json_path`](Self::json_path) tells where,
    /// [`body`](Self::body) holds what came, except for a download. Report it: the types should hold everything that servers
    /// send.
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(_) | Kind::TooLarge(_))
    }

    /// The caller's mistake, such as a required field that was not set. Nothing was sent.
    pub fn is_builder(&self) -> bool {
        matches!(self.0.kind, Kind::Builder(_))
    }

    /// Whether the same call could succeed later: there was no connection, or it was lost, a timeout, 408, 429, 500, 502, 503, 504,
    /// 520 to 524, 529 or 530, a captcha or challenge of the firewall before the server, or a GET that was answered by 405 and an HTML page; not a TLS
    /// handshake that failed, nor a proxy that asks for credentials. The client has repeated what is safe to repeat; whether more
    /// is, only the caller knows.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            Kind::NotSent | Kind::Connect | Kind::ConnectTimeout | Kind::Proxy | Kind::Unprocessed => true,
            // The status of a change says that it was made, though the rest of the answer did not come.
            Kind::Timeout | Kind::Lost | Kind::Http => {
                !(self.0.unknown_outcome && self.status().is_some_and(|status| status.is_success()))
            }
            Kind::Status | Kind::NotUnarchived(_) => {
                self.has_status(&[408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530])
                    || self.is_challenge()
            }
            _ => false,
        }
    }

    /// A captcha or challenge of the firewall before the server, gone a minute later: the request did not reach the server.
    pub(crate) fn is_challenge(&self) -> bool {
        let html = |body: &Bytes| without_mark(body).trim_ascii_start().starts_with(b"<");
        self.headers().is_some_and(asks_for_proof)
            || self.0.get && self.has_status(&[405]) && self.body().is_some_and(html)
    }

    /// Whether the call may have been carried out although it failed: the answer to this attempt, or to one before it, did not
    /// arrive whole, could not be read, or was a 408 or a 5xx. Never so for calls that change nothing.
    ///
    /// A repeated DELETE that is answered by 404, or a repeated POST by 409, then most likely reports its own success; look
    /// before you send such a call again.
    pub fn may_have_been_carried_out(&self) -> bool {
        self.0.unknown_outcome
    }

    /// Whether this attempt alone leaves open what became of it.
    pub(crate) fn has_unknown_outcome(&self) -> bool {
        match self.0.kind {
            Kind::Timeout | Kind::Lost | Kind::Http | Kind::Protocol | Kind::Decode(_) | Kind::TooLarge(_) => true,
            Kind::Status => self.status().is_some_and(|status| status.is_server_error()) || self.has_status(&[408]),
            _ => false,
        }
    }

    /// Says whether an attempt may have been carried out.
    pub(crate) fn with_unknown_outcome(mut self, unknown: bool) -> Self {
        self.0.unknown_outcome = unknown;
        self
    }

    /// The identifier of the export job that could not be waited for or downloaded: `Client::export_job` goes on with it.
    pub fn export_job(&self) -> Option<&str> {
        self.0.job.as_deref()
    }

    /// Says which export job it is about.
    pub(crate) fn with_export_job(mut self, id: &str) -> Self {
        self.0.job = Some(id.into());
        self
    }

    /// Says which server could not be reached.
    pub(crate) fn with_server(mut self, url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        self.0.server = Some(format!("{host}:{port}").into());
        self
    }

    /// Says what time was not enough.
    pub(crate) fn with_limit(mut self, limit: Option<Duration>) -> Self {
        self.0.limit = limit;
        self
    }

    /// Says that the call asked for a page of a scroll.
    pub(crate) fn for_scroll(mut self, scroll: bool) -> Self {
        self.0.scroll = scroll;
        self
    }

    /// Says that the call is a GET.
    pub(crate) fn for_get(mut self, get: bool) -> Self {
        self.0.get = get;
        self
    }

    /// The operation that failed: its id in snake_case, the name of the client's method. Empty for errors of the client's
    /// configuration.
    pub fn operation(&self) -> &str {
        self.0.operation
    }

    /// The status, when the server answered.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// The request id, from the error body or the `X-Request-Id` header: what Intercom's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        let answer = self.0.answer.as_ref()?;
        answer
            .parsed
            .request_id
            .as_deref()
            .or_else(|| request_id(&answer.headers))
    }

    /// Everything that the server says is wrong; empty when its answer is not of a known form.
    pub fn errors(&self) -> &[ApiError] {
        self.0.answer.as_ref().map_or(&[], |answer| &answer.parsed.errors)
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

    /// Whether a conflict is with a record that is archived, as the server words it.
    pub(crate) fn is_conflict_with_archived(&self) -> bool {
        let archived = |message: &String| message.to_lowercase().contains("archived");
        let mut messages = self.errors().iter().filter_map(|error| error.message.as_ref());
        self.is_conflict() && messages.any(archived)
    }

    /// Says that the record of this id could not be unarchived.
    pub(crate) fn not_unarchived(mut self, id: &str) -> Self {
        self.0.kind = Kind::NotUnarchived(id.into());
        self
    }

    /// The state of the rate limit, when the answer's headers tell it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(self.headers()?)
    }

    /// How often the request was sent; 0 when the caller's mistake kept it from being sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
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
        self.0.answer.as_ref().map(|answer| &answer.body)
    }

    /// A scroll that went idle for more than a minute, or was never begun: 404, or another status with the code `not_found`. Begin
    /// a new one.
    pub fn is_scroll_expired(&self) -> bool {
        self.0.scroll && (self.is_not_found() || self.has_code("not_found"))
    }

    /// Another scroll of this workspace is open: only one can be. It ends a minute after its last page.
    pub fn is_scroll_exists(&self) -> bool {
        self.has_code("scroll_exists")
    }

    /// A scroll that lost a page: the server failed, or its answer did not arrive whole. It may have moved on, so the page
    /// cannot be asked for again; begin a new scroll, a minute later if [`is_scroll_exists`](Self::is_scroll_exists).
    pub fn is_scroll_restart(&self) -> bool {
        self.0.scroll && self.has_unknown_outcome()
    }

    /// How long the server asks to wait.
    pub(crate) fn server_wait(&self) -> Option<Duration> {
        let headers = self.headers()?;
        let reset = if self.is_rate_limited() {
            rate_limit::estimated_until_reset(headers)
        } else {
            None
        };
        rate_limit::retry_after(headers).max(reset)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if !inner.operation.is_empty() {
            write!(f, "{}: ", inner.operation)?;
        }
        let server = inner.server.as_deref().unwrap_or("the server");
        match &inner.kind {
            Kind::Builder(what) => f.write_str(&line(what, LONGEST_MISTAKE))?,
            Kind::Token => f.write_str("no access token was supplied")?,
            Kind::NotSent => match inner.limit {
                Some(limit) => write!(f, "not sent: other requests were ahead of it for {}", told(limit))?,
                None => f.write_str("not sent: other requests were ahead of it")?,
            },
            Kind::Connect => write!(f, "could not connect to {server}")?,
            Kind::ConnectTimeout => match inner.limit {
                Some(limit) => write!(f, "could not connect to {server} within {}", told(limit))?,
                None => write!(f, "could not connect to {server} in time")?,
            },
            Kind::Proxy => write!(f, "the proxy refused to connect to {server}")?,
            Kind::ProxyCredentials => f.write_str("the proxy asks for credentials (407)")?,
            Kind::Certificate => write!(f, "the certificate of {server} is not trusted")?,
            Kind::Tls => write!(f, "the TLS handshake with {server} failed")?,
            Kind::Unprocessed => f.write_str("the server refused the request before it processed it")?,
            Kind::Timeout => match inner.limit {
                Some(limit) => write!(f, "no whole answer within {}", told(limit))?,
                None => f.write_str("no whole answer in time")?,
            },
            Kind::Lost => f.write_str("the connection was lost before the whole answer arrived")?,
            Kind::Protocol => f.write_str("the server's answer is not valid HTTP")?,
            Kind::Http => f.write_str("the HTTP exchange failed")?,
            Kind::Status => self.fmt_status(f)?,
            Kind::Decode(unread) => write!(f, "cannot decode the answer: {unread}")?,
            Kind::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes")?,
            Kind::Io => f.write_str("writing what was received failed")?,
            Kind::Contradiction(what) => f.write_str(what)?,
            Kind::Incomplete { found, total } => {
                write!(f, "the walk found {found} of the {total} items that the list counts")?;
            }
            Kind::NotUnarchived(id) => {
                write!(
                    f,
                    "{} is archived and cannot be unarchived, as one that is marked for permanent deletion: ",
                    one_line(id)
                )?;
                self.fmt_status(f)?;
            }
            Kind::ExportFailed => f.write_str("the export job failed on the server")?,
            Kind::ExportCanceled => f.write_str("the export job was canceled")?,
        }
        if let Some(id) = self.request_id() {
            write!(f, " (request {})", one_line(id))?;
        }
        match inner.attempts {
            0 => {}
            1 if inner.kind == Kind::Timeout => f.write_str(" after 1 attempt")?,
            1 => {}
            attempts => write!(f, " after {attempts} attempts")?,
        }
        if let Some(job) = &inner.job {
            write!(f, " (export job {})", one_line(job))?;
        }
        if inner.unknown_outcome {
            f.write_str("; it may have been carried out")?;
        }
        Ok(())
    }
}

impl Error {
    fn fmt_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(status) = self.status() else { return Ok(()) };
        f.write_str(status.as_str())?;
        if self.is_challenge() {
            return f.write_str(", a captcha or challenge of the firewall before the server");
        }
        let known = status.canonical_reason().unwrap_or("unknown status");
        match self.code() {
            Some(code) => write!(f, " {}", one_line(code))?,
            None => write!(f, " {}", known.to_lowercase())?,
        }
        // All of them are in `errors`.
        const SHOWN: usize = 3;
        let more = self.errors().len().saturating_sub(SHOWN);
        let messages = self.errors().iter().take(SHOWN).filter_map(|error| {
            let message = one_line(error.message.as_deref()?);
            Some(match &error.field {
                Some(field) => format!("{message} [{}]", one_line(field)),
                None => message,
            })
        });
        for (i, message) in messages.enumerate() {
            write!(f, "{}{message}", if i == 0 { ": " } else { "; " })?;
        }
        match more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Whether AWS WAF answered in the server's place, by 405 for a captcha and by 202 for a challenge, and asks for a proof that a
/// person is calling: <https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html>.
pub(crate) fn asks_for_proof(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amzn-waf-action")
}

/// So many characters are shown of what the caller did wrong, which can name many fields.
const LONGEST_MISTAKE: usize = 1000;
/// So many characters are shown of a cause.
const LONGEST_CAUSE: usize = 1000;

/// A limit without what is below a millisecond.
fn told(limit: Duration) -> String {
    let whole = Duration::from_millis(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
    format!("{whole:?}")
}

/// The line of `Display`, for a `main` that returns it, then the cause, as one line of bounded length.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match &self.0.source {
            Some(source) => write!(f, " (caused by: {})", line(&format!("{source:?}"), LONGEST_CAUSE)),
            None => Ok(()),
        }
    }
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
