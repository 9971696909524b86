//! What kind of error it is, asked by predicate.

use std::time::Duration;

use bytes::Bytes;

use super::context::leaves_open;
use super::kind::{Kind, Retry};
use super::{Error, asks_for_proof};
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

    /// 401: the token is wrong, revoked, or of another region. Check token and region; repeating does not help.
    /// [`is_token_suspended`](Self::is_token_suspended) tells a workspace that was closed.
    pub fn is_unauthorized(&self) -> bool {
        self.has_status(&[401])
    }

    /// 401 with the code `token_suspended`: the workspace was closed or suspended, so no token of it works. Stop its calls; another
    /// token does not help until the workspace is opened again.
    pub fn is_token_suspended(&self) -> bool {
        self.has_status(&[401]) && self.has_code("token_suspended")
    }

    /// The function that supplies the [`AccessToken`](crate::AccessToken::from_fn) failed, or returned what cannot be a token:
    /// nothing was sent, or, if the error also [`is_unauthorized`](Self::is_unauthorized), nothing after a 401. The source is the
    /// error of the function.
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

    /// 400 because a page-numbered list ends before this page: the server returns at most 10,000 companies. The scroll over all
    /// companies, `scroll_over_all_companies`, has no such limit.
    pub fn is_page_limit(&self) -> bool {
        let limit = |message: &String| message.to_lowercase().contains("page limit reached");
        let mut messages = self.errors().iter().filter_map(|error| error.message.as_ref());
        self.has_status(&[400]) && messages.any(limit)
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
        matches!(self.0.kind, Kind::Incomplete(_))
    }

    /// An upsert met an archived contact that the server does not unarchive: it is marked for permanent deletion, and no other
    /// contact can have its email or external id until it is gone. [`conflicting_id`](Self::conflicting_id) tells which.
    ///
    /// The server reports this with a 400 whose code or message says so, or, for leads, with a persistent 500. That 500 cannot be
    /// told apart from an outage, so [`is_retryable`](Self::is_retryable) also returns `true`.
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

    /// No connection or no complete response in time, or the server said 408, 504, 522 or 524. If [`attempts`](Self::attempts) is 0,
    /// the call reached its [`deadline`](crate::RetryPolicy::deadline) while it waited for other calls: nothing was sent.
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

    /// Whether the same call could succeed later: there was no connection, or it was lost, a timeout, 408, 429, 500, 502, 503,
    /// 504, 520 to 524, 529 or 530, a captcha or challenge of the firewall before the server, or a GET that was answered by 405 and an HTML page; not a TLS
    /// handshake that failed, nor a proxy that asks for credentials. The client has repeated what is safe to repeat; whether more
    /// is, only the caller knows.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind.retry() {
            Retry::Always => true,
            // The status of a change says that it was made, although the rest of the response did not come.
            Retry::IfRepeatable => {
                !(self.0.context.unknown_outcome && self.status().is_some_and(|status| status.is_success()))
            }
            Retry::ByStatus => {
                self.has_status(&[408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530])
                    || self.is_challenge()
            }
            Retry::Never => false,
        }
    }

    /// Returns the identifier and the state of the export job that has ended, if the server reports it with a 5xx: a failed job is
    /// a 504.
    pub(crate) fn ended_job(&self) -> Option<(&str, &str)> {
        let received = self.received().filter(|received| received.status.is_server_error())?;
        let (job, state) = received.parsed.job.as_ref()?;
        let ended = !matches!(state.as_str(), "pending" | "in_progress");
        ended.then_some((job, state))
    }

    /// A captcha or challenge of the firewall before the server, gone a minute later: the request did not reach the server.
    pub(crate) fn is_challenge(&self) -> bool {
        let html = |body: &Bytes| without_bom(body).trim_ascii_start().starts_with(b"<");
        self.headers().is_some_and(asks_for_proof)
            || self.0.context.get && self.has_status(&[405]) && self.body().is_some_and(html)
    }

    /// Whether the call may have been carried out although it failed: the answer to this attempt, or to one before it, did not
    /// arrive whole, could not be read, or was a 408 or a 5xx. Never so for calls that change nothing.
    ///
    /// A repeated DELETE that is answered by 404, or a repeated POST by 409, then most likely reports its own success; look
    /// before you send such a call again.
    pub fn may_have_been_carried_out(&self) -> bool {
        self.0.context.unknown_outcome
    }

    /// Whether a conflict is with a record that is archived, as the server words it.
    pub(crate) fn is_conflict_with_archived(&self) -> bool {
        let archived = |message: &String| message.to_lowercase().contains("archived");
        let mut messages = self.errors().iter().filter_map(|error| error.message.as_ref());
        self.is_conflict() && messages.any(archived)
    }

    /// A scroll that went idle for more than a minute, or was never begun: 404, or another status with the code `not_found`. Begin
    /// a new one.
    pub fn is_scroll_expired(&self) -> bool {
        self.0.context.scroll && (self.is_not_found() || self.has_code("not_found"))
    }

    /// Another scroll of this workspace is open: only one can be. It ends a minute after its last page.
    pub fn is_scroll_exists(&self) -> bool {
        self.has_code("scroll_exists")
    }

    /// A scroll that lost a page: the server failed, or its answer did not arrive whole. It may have moved on, so the page
    /// cannot be asked for again; begin a new scroll, a minute later if [`is_scroll_exists`](Self::is_scroll_exists).
    pub fn is_scroll_restart(&self) -> bool {
        self.0.context.scroll && leaves_open(&self.0.kind, self.status())
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
