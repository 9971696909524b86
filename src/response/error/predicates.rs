//! The predicates of errors.

use std::time::Duration;

use bytes::Bytes;

use super::context::leaves_open;
use super::kind::{Kind, Retry};
use super::{Error, is_waf_challenge};
use crate::response::rate_limit;
use crate::wire::read::without_bom;

impl Error {
    fn has_status(&self, statuses: &[u16]) -> bool {
        self.status()
            .is_some_and(|status| !status.is_success() && statuses.contains(&status.as_u16()))
    }

    fn has_code(&self, code: &str) -> bool {
        self.errors().iter().any(|error| error.code.as_deref() == Some(code))
    }

    fn has_message(&self, holds: impl Fn(&str) -> bool) -> bool {
        let mut messages = self.errors().iter().filter_map(|error| error.message.as_deref());
        messages.any(|message| holds(&message.to_lowercase()))
    }

    /// Returns `true` for a 401: the token is wrong or revoked, or belongs to another region.
    ///
    /// Check the token and the region; retrying does not help. If the workspace was closed,
    /// [`is_token_suspended`](Self::is_token_suspended) also returns `true`.
    #[doc(alias = "token")]
    #[doc(alias = "region")]
    pub fn is_unauthorized(&self) -> bool {
        self.has_status(&[401])
    }

    /// Returns `true` for a 401 with the code `token_suspended`: the workspace was closed or
    /// suspended.
    ///
    /// No token of the workspace works until it is opened again, so stop making calls.
    pub fn is_token_suspended(&self) -> bool {
        self.has_status(&[401]) && self.has_code("token_suspended")
    }

    /// Returns `true` if the function given to
    /// [`AccessToken::from_fn`](crate::AccessToken::from_fn) failed or returned an invalid token.
    ///
    /// The source is the error of the function. Nothing was sent; if
    /// [`is_unauthorized`](Self::is_unauthorized) also returns `true`, nothing was sent after the
    /// 401.
    pub fn is_token_unavailable(&self) -> bool {
        self.0.kind == Kind::Token
    }

    /// Returns `true` for a 403: the token lacks a permission, or the workspace's plan lacks the
    /// feature.
    ///
    /// Grant the permission in the settings of the app; retrying does not help.
    pub fn is_forbidden(&self) -> bool {
        self.has_status(&[403])
    }

    /// Returns `true` for a 404 or 410: the record does not exist, or the app may not see it.
    pub fn is_not_found(&self) -> bool {
        self.has_status(&[404, 410])
    }

    /// Returns `true` for a 400 that rejects a page beyond the end of a page-numbered list.
    ///
    /// The server lists at most 10,000 companies. The scroll over all companies,
    /// `scroll_over_all_companies`, has no such limit.
    pub fn is_page_limit(&self) -> bool {
        self.has_status(&[400]) && self.has_message(|message| message.contains("page limit reached"))
    }

    /// Returns `true` for a 409: the record already exists, or was changed at the same time.
    ///
    /// [`conflicting_id`](Self::conflicting_id) often returns the id of the existing record.
    pub fn is_conflict(&self) -> bool {
        self.has_status(&[409])
    }

    /// Returns `true` for a 429: too many requests.
    ///
    /// The client waits and retries, so this error means that all attempts failed: slow down, or
    /// allow more attempts. See also [`is_export_pending`](Self::is_export_pending), which no short
    /// wait resolves.
    #[doc(alias = "rate_limit")]
    pub fn is_rate_limited(&self) -> bool {
        self.has_status(&[429])
    }

    /// Returns `true` for a 429 because another export job of the workspace is pending: wait for
    /// that job, or cancel it.
    pub fn is_export_pending(&self) -> bool {
        self.has_status(&[429]) && self.has_message(|message| message.contains("pending") && message.contains("export"))
    }

    /// Returns `true` if an [exactly-once](crate::paging::ExactlyOnce) walk ended with fewer items
    /// than the list counts.
    ///
    /// The items that were found have been returned. Another walk over the list usually finds the
    /// others.
    pub fn is_incomplete(&self) -> bool {
        matches!(self.0.kind, Kind::Incomplete(_))
    }

    /// Returns `true` if an upsert matched an archived contact that is marked for permanent
    /// deletion.
    ///
    /// No other contact can have its email or external id until it is deleted.
    /// [`conflicting_id`](Self::conflicting_id) returns its id.
    ///
    /// The server reports this with a 400 whose code or message says so, or, for leads, with a
    /// persistent 500. That 500 cannot be told apart from an outage, so
    /// [`is_retryable`](Self::is_retryable) also returns `true`.
    pub fn is_permanently_deleted(&self) -> bool {
        matches!(self.0.kind, Kind::NotUnarchived(_))
    }

    /// Returns `true` if an export job failed on the server.
    ///
    /// Start another job. If that fails too, report its [identifier](Self::export_job) to
    /// Intercom's support.
    pub fn is_export_failed(&self) -> bool {
        self.0.kind == Kind::ExportFailed
    }

    /// Returns `true` if an export job was canceled during the wait for it.
    pub fn is_export_canceled(&self) -> bool {
        self.0.kind == Kind::ExportCanceled
    }

    /// Returns `true` if a download could not be written to disk.
    ///
    /// The source is the operating system's error. Check the path, its permissions and the free
    /// space.
    pub fn is_io(&self) -> bool {
        self.0.kind == Kind::Io
    }

    /// Returns `true` for a 400 or 422: the server rejects the request.
    ///
    /// [`errors`](Self::errors) has the reasons; retrying does not help.
    pub fn is_invalid_request(&self) -> bool {
        self.has_status(&[400, 422])
    }

    /// Returns `true` if there was no connection or no complete response in time, and for a 408,
    /// 504, 522 or 524.
    ///
    /// If [`attempts`](Self::attempts) is 0, the call reached its
    /// [`deadline`](crate::RetryPolicy::deadline) while it waited for other calls, and nothing was
    /// sent. For a call that changes data, see
    /// [`may_have_been_carried_out`](Self::may_have_been_carried_out).
    #[doc(alias = "timeout")]
    #[doc(alias = "deadline")]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::ConnectTimeout | Kind::NotSent)
            || self.has_status(&[408, 504, 522, 524])
    }

    /// Returns `true` if there was no connection or no trusted connection: nothing was sent.
    ///
    /// Check the network, the proxy, the base URL and the certificates.
    #[doc(alias = "dns")]
    pub fn is_connect(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Connect | Kind::ConnectTimeout | Kind::Proxy | Kind::ProxyCredentials | Kind::Certificate | Kind::Tls
        )
    }

    /// Returns `true` if the server's certificate is unknown, expired or for another host: nothing
    /// was sent.
    ///
    /// Retrying does not help. Check the base URL and the machine's trusted certificates. If a
    /// proxy inspects TLS, its certificate must be trusted too.
    #[doc(alias = "tls")]
    pub fn is_certificate(&self) -> bool {
        self.0.kind == Kind::Certificate
    }

    /// Returns `true` if a successful response cannot be decoded or is too large.
    ///
    /// [`json_path`](Self::json_path) is the place of the error, [`body`](Self::body) has the
    /// received bytes, except for a download. Please report it as a bug: the types should accept
    /// every response of the server.
    #[doc(alias = "deserialize")]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(_) | Kind::TooLarge(_))
    }

    /// Returns `true` if the call itself is invalid, for example because a required field is
    /// missing. Nothing was sent.
    pub fn is_builder(&self) -> bool {
        matches!(self.0.kind, Kind::Builder(_))
    }

    /// Returns `true` if the same call can succeed later.
    ///
    /// This is the case for
    ///
    /// - failed and lost connections and timeouts, but not for a failed TLS handshake or a proxy
    ///   that requires credentials,
    /// - the statuses 408, 429, 500, 502, 503, 504, 520 to 524, 529 and 530,
    /// - a captcha or challenge of the firewall before the server, including a GET that gets a 405
    ///   with an HTML page.
    ///
    /// The client has retried calls that are safe to repeat, as far as its
    /// [`RetryPolicy`](crate::RetryPolicy) allows. For other calls, check
    /// [`may_have_been_carried_out`](Self::may_have_been_carried_out) first.
    #[doc(alias = "retry")]
    #[doc(alias = "is_transient")]
    pub fn is_retryable(&self) -> bool {
        match self.retry() {
            Retry::Never => false,
            // A success status means that the change was made, although the rest of the response is
            // missing.
            Retry::IfRepeatable => {
                !(self.0.context.unknown_outcome && self.0.context.status().is_some_and(|status| status.is_success()))
            }
            Retry::Always | Retry::OnceIfRepeatable | Retry::ByStatus => true,
        }
    }

    /// Returns which calls are retried after this error; never [`Retry::ByStatus`].
    pub(crate) fn retry(&self) -> Retry {
        match self.0.kind.retry() {
            Retry::ByStatus if self.is_challenge() => Retry::Always,
            Retry::ByStatus => match self.status() {
                Some(status) if !status.is_success() => Retry::after_status(status),
                _ => Retry::Never,
            },
            retry => retry,
        }
    }

    /// Returns the identifier and the state of the export job that has ended, if the server reports
    /// it with a 5xx: a failed job is a 504.
    pub(crate) fn ended_job(&self) -> Option<(&str, &str)> {
        let response = self.0.context.response.as_deref();
        let received = response.filter(|received| received.status.is_server_error())?;
        let (job, state) = received.parsed.job.as_ref()?;
        let ended = !matches!(state.as_str(), "pending" | "in_progress");
        ended.then_some((job, state))
    }

    /// Returns `true` for a captcha or challenge of the firewall before the server. The request did
    /// not reach the server, and the challenge usually ends within a minute.
    pub(crate) fn is_challenge(&self) -> bool {
        let is_html = |body: &Bytes| without_bom(body).trim_ascii_start().starts_with(b"<");
        self.headers().is_some_and(is_waf_challenge)
            || self.0.context.get && self.has_status(&[405]) && self.body().is_some_and(is_html)
    }

    /// Returns `true` if the call may have been carried out although it failed.
    ///
    /// This is the case if the response to any attempt was incomplete, could not be decoded, or was
    /// a 408 or a 5xx. Always `false` for calls that change nothing.
    ///
    /// A retried DELETE that gets a 404, or a retried POST that gets a 409, then most likely
    /// succeeded. Check before repeating such a call.
    #[doc(alias = "idempotent")]
    pub fn may_have_been_carried_out(&self) -> bool {
        self.0.context.unknown_outcome
    }

    /// Returns `true` if the message of a conflict says that the existing record is archived.
    pub(crate) fn is_conflict_with_archived(&self) -> bool {
        self.is_conflict() && self.has_message(|message| message.contains("archived"))
    }

    /// Returns `true` if a scroll expired because it was idle for more than a minute, or does not
    /// exist.
    ///
    /// The server responds with a 404, or with another status and the code `not_found`. Start a new
    /// scroll.
    pub fn is_scroll_expired(&self) -> bool {
        self.0.context.scroll && (self.is_not_found() || self.has_code("not_found"))
    }

    /// Returns `true` if another scroll of this workspace is open.
    ///
    /// A workspace can have only one scroll. It expires a minute after its last page.
    pub fn is_scroll_exists(&self) -> bool {
        self.has_code("scroll_exists")
    }

    /// Returns `true` if a scroll lost a page because the server failed or the response was
    /// incomplete.
    ///
    /// The scroll may have advanced, so the page cannot be requested again: start a new scroll. If
    /// that fails with [`is_scroll_exists`](Self::is_scroll_exists), wait a minute.
    pub fn is_scroll_restart(&self) -> bool {
        self.0.context.scroll && leaves_open(&self.0.kind, self.0.context.status())
    }

    /// Returns how long the server asks the client to wait.
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
