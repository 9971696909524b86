//! A span for each call, a child span for each attempt, and events, with the feature `tracing`.
//!
//! | level | event | fields |
//! |---|---|---|
//! | debug | `waiting for the rate limit` | `wait_ms` |
//! | info | `retrying` | `attempt`, `pause_ms`, `error.type` |
//! | warn | `response differs from the description` | `count`, and `path`, `expected`, `found` of the first mismatch |
//! | debug | `call failed` | `error.type` |
//!
//! Fields have the names of OpenTelemetry's stable semantic conventions for HTTP clients where
//! there is one. Ids in paths, query values, headers and bodies are never recorded.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use url::Url;

use crate::call::call::Call;
use crate::response::error::Error;
#[cfg(feature = "tracing")]
use crate::response::error::kind::ErrorKind;
#[cfg(feature = "tracing")]
use crate::wire::one_line::one_line;
use crate::wire::read::Mismatch;

/// The span of a call or of an attempt.
#[cfg(feature = "tracing")]
#[derive(Clone)]
pub(crate) struct Span(tracing::Span);

/// Creates a span with the fields of both calls and attempts.
#[cfg(feature = "tracing")]
macro_rules! span {
    ($name:literal, parent: $parent:expr, kind: $kind:literal, $call:ident, $base_url:ident, $($field:tt)*) => {
        tracing::info_span!(
            parent: $parent,
            $name,
            otel.name = tracing::field::Empty,
            otel.kind = $kind,
            intercom.operation = $call.operation.id,
            http.request.method = $call.operation.method.as_str(),
            url.template = $call.operation.path,
            server.address = $base_url.host_str(),
            server.port = $base_url.port_or_known_default(),
            http.response.status_code = tracing::field::Empty,
            http.request.resend_count = tracing::field::Empty,
            error.type = tracing::field::Empty,
            intercom.request_id = tracing::field::Empty,
            $($field)*
        )
    };
}

#[cfg(feature = "tracing")]
impl Span {
    /// Starts the span of a call.
    pub(crate) fn call(call: &Call, base_url: &Url) -> Self {
        use tracing::field::Empty;
        let span = span!(
            "intercom", parent: tracing::Span::current(), kind: "internal", call, base_url,
            intercom.rate_limit_wait_ms = Empty,
            intercom.permit_wait_ms = Empty,
        );
        if !span.is_disabled() {
            span.record("otel.name", call.operation.id);
        }
        Self(span)
    }

    /// Starts the span of an attempt of this call.
    pub(crate) fn attempt(&self, call: &Call, base_url: &Url, number: u32) -> Self {
        let span = span!("intercom.attempt", parent: &self.0, kind: "client", call, base_url,);
        if !span.is_disabled() {
            let name = format!("{} {}", call.operation.method, call.operation.path);
            span.record("otel.name", name);
            if number > 1 {
                span.record("http.request.resend_count", number - 1);
            }
        }
        Self(span)
    }

    /// Runs a boxed future inside the span, so that the spans of layers are its children.
    pub(crate) async fn run<F: Future + Unpin>(&self, future: F) -> F::Output {
        match self.0.is_disabled() {
            true => future.await,
            false => tracing::Instrument::instrument(future, self.0.clone()).await,
        }
    }

    /// Records a field. tracing looks up the field of a disabled span too.
    fn record(&self, field: &str, value: impl tracing::Value) {
        if !self.0.is_disabled() {
            self.0.record(field, value);
        }
    }

    /// Records a response.
    pub(crate) fn response(&self, status: StatusCode, headers: &HeaderMap) {
        if !self.0.is_disabled() {
            self.record("http.response.status_code", status.as_u16());
            self.request_id(crate::response::request_id(headers));
        }
    }

    /// Records the server's request id, which can be any text.
    fn request_id(&self, id: Option<&str>) {
        self.record("intercom.request_id", id.map(one_line));
    }

    /// Emits an event when the call waits for the rate limit.
    pub(crate) fn wait(&self, wait: Duration) {
        tracing::debug!(parent: &self.0, wait_ms = millis(wait), "waiting for the rate limit");
    }

    /// Records the total waits for the rate limit and for permits.
    pub(crate) fn waited(&self, rate_limit: Duration, permit: Duration) {
        self.record("intercom.rate_limit_wait_ms", millis(rate_limit));
        self.record("intercom.permit_wait_ms", millis(permit));
    }

    /// Emits an event before a retry.
    pub(crate) fn pause(&self, attempt: u32, pause: Duration, error: &Error) {
        tracing::info!(
            parent: &self.0,
            attempt,
            pause_ms = millis(pause),
            error.type = error_type(error),
            "retrying"
        );
    }

    /// Records the number of attempts.
    pub(crate) fn end(&self, attempts: u32) {
        self.record("http.request.resend_count", attempts.saturating_sub(1));
    }

    /// Emits one event if values of a response differ from the description.
    pub(crate) fn mismatches(&self, mismatches: &[Mismatch]) {
        if let Some(first) = mismatches.first() {
            tracing::warn!(
                parent: &self.0,
                count = mismatches.len(),
                path = first.path,
                expected = first.expected,
                found = first.found,
                "response differs from the description"
            );
        }
    }

    /// Records the failure of an attempt.
    pub(crate) fn fail_attempt(&self, error: &Error) {
        if self.0.is_disabled() {
            return;
        }
        self.0.record(
            "http.response.status_code",
            error.status().map(|status| status.as_u16()),
        );
        self.request_id(error.request_id());
        self.0.record("error.type", error_type(error));
    }

    /// Records the failure of a call.
    pub(crate) fn fail(&self, error: &Error) {
        self.fail_attempt(error);
        self.end(error.attempts());
        tracing::debug!(parent: &self.0, error.type = error_type(error), "call failed");
    }
}

#[cfg(feature = "tracing")]
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the value of `error.type`: the status, or the label of the kind otherwise.
#[cfg(feature = "tracing")]
fn error_type(error: &Error) -> String {
    match (error.kind(), error.status()) {
        (ErrorKind::Status, Some(status)) => status.as_str().to_owned(),
        (kind, _) => kind.as_str().to_owned(),
    }
}

/// Records nothing.
#[cfg(not(feature = "tracing"))]
#[derive(Clone)]
pub(crate) struct Span;

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn call(_: &Call, _: &Url) -> Self {
        Self
    }
    pub(crate) fn attempt(&self, _: &Call, _: &Url, _: u32) -> Self {
        Self
    }
    pub(crate) async fn run<F: Future>(&self, future: F) -> F::Output {
        future.await
    }
    pub(crate) fn response(&self, _: StatusCode, _: &HeaderMap) {}
    pub(crate) fn wait(&self, _: Duration) {}
    pub(crate) fn waited(&self, _: Duration, _: Duration) {}
    pub(crate) fn pause(&self, _: u32, _: Duration, _: &Error) {}
    pub(crate) fn end(&self, _: u32) {}
    pub(crate) fn mismatches(&self, _: &[Mismatch]) {}
    pub(crate) fn fail_attempt(&self, _: &Error) {}
    pub(crate) fn fail(&self, _: &Error) {}
}
