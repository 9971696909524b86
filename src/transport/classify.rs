//! What a failed exchange was, and whether it may be tried again.

use std::time::Duration;

use crate::call::call::Call;
use crate::call::retry_policy::RetryPolicy;
use crate::response::error::Error;
use crate::response::error::kind::Retry;

/// The most that is added to a wait the server asked for.
const JITTER: Duration = Duration::from_millis(500);

/// How long to wait after a failed attempt: by the policy, or what the server asks for when that is longer.
pub(crate) fn pause(policy: &RetryPolicy, attempt: u32, error: &Error) -> Duration {
    let own = policy.pause(attempt);
    let jitter = policy.base.min(JITTER).mul_f64(fastrand::f64());
    let asked = error.server_wait().map(|wait| wait.saturating_add(jitter));
    own.max(asked.unwrap_or_default())
}

/// Whether a call may be sent again after `error`; the table is in [`RetryPolicy`].
pub(crate) fn repeats(call: &Call, error: &Error, first_internal_error: bool) -> bool {
    let harmless = call.is_idempotent() && !call.is_scroll();
    match error.details().retry() {
        Retry::Always => true,
        Retry::IfRepeatable => harmless,
        Retry::Never => false,
        Retry::ByStatus if error.is_challenge() => true,
        // It is the response to a request for the job.
        Retry::ByStatus if error.ended_job().is_some() => false,
        Retry::ByStatus => match error.status().map(|status| status.as_u16()) {
            Some(429) => !error.is_export_pending(),
            Some(408 | 502 | 503 | 504 | 520..=524 | 529 | 530) => harmless,
            Some(500) => harmless && first_internal_error,
            _ => false,
        },
    }
}
