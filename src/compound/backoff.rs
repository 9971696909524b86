//! Pauses between the calls of a compound call, while the server does not yet know a record that
//! another call created.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::retry_policy::RetryPolicy;
use crate::transport::sleep::sleep;

/// The pauses of a compound call, limited by the deadline of its retry policy.
pub(crate) struct Backoff<'p> {
    policy: &'p RetryPolicy,
    started: Instant,
    pauses: u32,
    max_pauses: u32,
}

impl<'p> Backoff<'p> {
    /// Starts the deadline. If the policy allows a single attempt, there are no pauses.
    pub(crate) fn new(policy: &'p RetryPolicy, max_pauses: u32) -> Self {
        Self {
            policy,
            started: Instant::now(),
            pauses: 0,
            max_pauses,
        }
    }

    /// Pauses for between half and all of a time that doubles with each pause. Returns `false`
    /// without a pause if the deadline or the maximum number of pauses would be exceeded.
    pub(crate) async fn pause(&mut self) -> bool {
        let factor = 1_u32.checked_shl(self.pauses).unwrap_or(u32::MAX);
        let longest = self.policy.base.saturating_mul(factor).min(self.policy.cap);
        let pause: Duration = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        let fits = self.started.elapsed().saturating_add(pause) < self.policy.deadline;
        if !fits || self.policy.attempts <= 1 || self.pauses >= self.max_pauses {
            return false;
        }
        self.pauses += 1;
        sleep(pause).await;
        true
    }
}
