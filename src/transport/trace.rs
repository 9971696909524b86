//! A span for each call and events for retries and waits, by the `tracing` feature; nothing otherwise.
//!
//! Ids in paths, query values, headers and bodies are never recorded.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::response::error::Error;
#[cfg(feature = "tracing")]
use crate::wire::one_line::one_line;
use crate::wire::read::Mismatch;

/// The span of one call.
#[cfg(feature = "tracing")]
#[derive(Clone)]
pub(crate) struct Span {
    span: tracing::Span,
    /// `None` when nobody looks at the span.
    begun: Option<tokio::time::Instant>,
}

#[cfg(feature = "tracing")]
impl Span {
    pub(crate) fn begin(call: &crate::call::call::Call) -> Self {
        use tracing::field::Empty;
        let span = tracing::info_span!(
            "intercom",
            operation = call.operation.id,
            method = call.operation.method.as_str(),
            path = call.operation.path,
            status = Empty,
            request_id = Empty,
            attempts = Empty,
            elapsed_ms = Empty,
        );
        let begun = (!span.is_disabled()).then(tokio::time::Instant::now);
        Self { span, begun }
    }

    pub(crate) fn answered(&self, status: StatusCode, headers: &HeaderMap) {
        self.span.record("status", status.as_u16());
        self.request_id(crate::response::request_id(headers));
    }

    /// Records what the server calls the request, which can be any text.
    fn request_id(&self, id: Option<&str>) {
        if !self.span.is_disabled() {
            self.span.record("request_id", id.map(one_line));
        }
    }

    pub(crate) fn wait(&self, wait: Duration) {
        tracing::debug!(parent: &self.span, wait_ms = millis(wait), reason = "rate limit", "waiting");
    }

    pub(crate) fn pause(&self, attempt: u32, pause: Duration, error: &Error) {
        tracing::info!(
            parent: &self.span,
            attempt,
            pause_ms = millis(pause),
            reason = reason(error),
            status = status(error),
            "retrying"
        );
    }

    pub(crate) fn end(&self, attempts: u32) {
        self.span.record("attempts", attempts);
        self.span
            .record("elapsed_ms", self.begun.map(|begun| millis(begun.elapsed())));
    }

    /// Says once of an answer that not all of it is as described.
    pub(crate) fn mismatches(&self, mismatches: &[Mismatch]) {
        if let Some(first) = mismatches.first() {
            tracing::warn!(
                parent: &self.span,
                count = mismatches.len(),
                path = first.path,
                expected = first.expected,
                found = first.found,
                "values of another kind than described"
            );
        }
    }

    pub(crate) fn fail(&self, error: &Error) {
        self.span.record("status", status(error));
        self.request_id(error.request_id());
        self.end(error.attempts());
        tracing::debug!(parent: &self.span, reason = reason(error), "failed");
    }
}

#[cfg(feature = "tracing")]
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(feature = "tracing")]
fn status(error: &Error) -> Option<u16> {
    error.status().map(|status| status.as_u16())
}

/// What happened, in a word or two.
#[cfg(feature = "tracing")]
fn reason(error: &Error) -> &'static str {
    use crate::response::error::kind::ErrorKind as Kind;
    match error.kind() {
        Kind::Builder => "not sent",
        Kind::Token => "no access token",
        Kind::NotSent => "not sent in time",
        Kind::Connect => "could not connect",
        Kind::ConnectTimeout => "connect timeout",
        Kind::Proxy => "refused by the proxy",
        Kind::ProxyCredentials => "credentials of the proxy",
        Kind::Certificate => "certificate",
        Kind::Tls => "TLS handshake",
        Kind::Unprocessed => "refused unprocessed",
        Kind::Timeout => "timeout",
        Kind::Lost => "connection lost",
        Kind::Protocol => "not HTTP",
        Kind::Http => "HTTP service",
        Kind::Status if error.is_rate_limited() => "rate limit",
        Kind::Status | Kind::NotUnarchived => "status",
        Kind::Decode | Kind::TooLarge => "body",
        Kind::Io => "write",
        Kind::Contradiction => "contradiction",
        Kind::Incomplete => "incomplete",
        Kind::ExportFailed | Kind::ExportCanceled => "export",
    }
}

/// Nothing is recorded.
#[cfg(not(feature = "tracing"))]
#[derive(Clone)]
pub(crate) struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn begin(_: &crate::call::call::Call) -> Self {
        Self
    }
    pub(crate) fn answered(&self, _: StatusCode, _: &HeaderMap) {}
    pub(crate) fn wait(&self, _: Duration) {}
    pub(crate) fn pause(&self, _: u32, _: Duration, _: &Error) {}
    pub(crate) fn end(&self, _: u32) {}
    pub(crate) fn mismatches(&self, _: &[Mismatch]) {}
    pub(crate) fn fail(&self, _: &Error) {}
}
