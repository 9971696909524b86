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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_take_between_half_and_all_of_a_time_that_doubles() {
        let second = Duration::from_secs(1);
        let policy = RetryPolicy::default()
            .base(second)
            .cap(8 * second)
            .deadline(3600 * second);
        let mut relative = Vec::new();
        for _ in 0..50 {
            let mut backoff = Backoff::new(&policy, 5);
            for longest in [1, 2, 4, 8, 8].map(|seconds| seconds * second) {
                let start = Instant::now();
                assert!(backoff.pause().await);
                relative.push(start.elapsed().div_duration_f64(longest));
            }
            assert!(!backoff.pause().await, "the sixth pause");
        }
        // Timers fire up to a millisecond late.
        assert!(relative.iter().all(|part| (0.5..1.001).contains(part)), "{relative:?}");
        assert!(relative.iter().any(|part| *part < 0.6) && relative.iter().any(|part| *part > 0.9));
    }

    #[tokio::test(start_paused = true)]
    async fn no_pause_exceeds_the_policy() {
        assert!(!Backoff::new(&RetryPolicy::none(), 5).pause().await);
        let policy = RetryPolicy::default().base(Duration::from_secs(4));
        assert!(
            !Backoff::new(&policy.clone().deadline(Duration::from_secs(2)), 5)
                .pause()
                .await
        );
        assert!(Backoff::new(&policy, 1).pause().await);
        assert!(!Backoff::new(&policy, 0).pause().await);
    }
}
