//! Decides whether and when a failed call is retried.

use std::time::Duration;

use crate::call::call::Call;
use crate::call::retry_policy::RetryPolicy;
use crate::response::error::Error;
use crate::response::error::kind::Retry;

/// The longest time added to a wait that the server asked for.
const MAX_JITTER: Duration = Duration::from_millis(500);

/// Returns the pause after a failed attempt: that of the policy, or the one the server asks for if
/// that is longer.
pub(crate) fn pause(policy: &RetryPolicy, attempt: u32, error: &Error) -> Duration {
    let pause = policy.pause(attempt);
    let jitter = policy.base.min(MAX_JITTER).mul_f64(fastrand::f64());
    let server_wait = error.server_wait().map(|wait| wait.saturating_add(jitter));
    pause.max(server_wait.unwrap_or_default())
}

/// Returns `true` if a call can be sent again after `error`. [`RetryPolicy`] documents the rules.
pub(crate) fn is_retried(call: &Call, error: &Error, is_first_internal_error: bool) -> bool {
    // A 5xx with a job is the response to a request for the job, not a failure of the server.
    let is_repeatable = call.is_idempotent() && !call.is_scroll() && error.ended_job().is_none();
    match error.retry() {
        Retry::Always => !error.is_export_pending(),
        Retry::IfRepeatable => is_repeatable,
        Retry::OnceIfRepeatable => is_repeatable && is_first_internal_error,
        Retry::ByStatus | Retry::Never => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::header::RETRY_AFTER;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::response::error::context::ErrorContext;
    use crate::response::error::kind::Kind;

    /// Without the random time, all clients that a server sent away would return at the same moment.
    #[test]
    fn wait_of_the_server_is_extended_by_a_random_time() {
        let wait = Duration::from_secs(60);
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("60"))]);
        let context = ErrorContext::of("a");
        for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
            let error = context
                .with_response(status, headers.clone(), Bytes::new())
                .error(Kind::Status);
            for (base, longest) in [(100, 100), (500, 500), (10_000, 500)] {
                let longest = Duration::from_millis(longest);
                let policy = RetryPolicy::default().base(Duration::from_millis(base));
                let pauses: Vec<_> = (0..200).map(|_| pause(&policy, 1, &error)).collect();
                assert!(
                    pauses.iter().all(|pause| (wait..=wait + longest).contains(pause)),
                    "{pauses:?}"
                );
                assert!(pauses.iter().any(|pause| *pause < wait + longest / 4), "{pauses:?}");
                assert!(pauses.iter().any(|pause| *pause > wait + longest / 2), "{pauses:?}");
            }
        }
    }
}
