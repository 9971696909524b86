//! Waiting until the server knows what another call has just created.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::retry_policy::RetryPolicy;
use crate::transport::sleep::sleep;

/// The pauses of a compound call, within the deadline of its retry policy.
pub(crate) struct Patience<'p> {
    policy: &'p RetryPolicy,
    started: Instant,
    pauses: u32,
    max_pauses: u32,
}

impl<'p> Patience<'p> {
    /// Starts to count the deadline. There are no pauses if the policy allows a single attempt.
    pub(crate) fn new(policy: &'p RetryPolicy, max_pauses: u32) -> Self {
        Self {
            policy,
            started: Instant::now(),
            pauses: 0,
            max_pauses,
        }
    }

    /// Pauses, twice as long each time, by half at least of what the policy allows. Returns `false` at once if that would exceed
    /// the deadline.
    pub(crate) async fn pause(&mut self) -> bool {
        let doubled = 1_u32.checked_shl(self.pauses).unwrap_or(u32::MAX);
        let longest = self.policy.base.saturating_mul(doubled).min(self.policy.cap);
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
