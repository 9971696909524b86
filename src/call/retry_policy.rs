//! When and how often a failed call is retried.

use std::time::Duration;

/// Defines how often a failed call is retried, and how long the pauses between attempts are.
///
/// Whether a call is retried depends on the failure and on the operation. A call that may have been
/// carried out is retried only if carrying it out twice does no harm.
///
/// | failure | reads | PUT, DELETE, idempotent POST | other POST |
/// |---|---|---|---|
/// | no connection, or a proxy refused it: nothing was sent | yes | yes | yes |
/// | the HTTP/2 server refused the request before processing it | yes | yes | yes |
/// | connection lost or timed out after sending | yes | yes | no |
/// | 429, rate limit | after the reset | after the reset | after the reset |
/// | 429, another export job is pending | no | no | no |
/// | 408, 502, 503, 504, and 520 to 524, 529 and 530, which proxies send | yes | yes | no |
/// | 500 | once | once | no |
/// | a captcha or challenge of AWS WAF with the header `x-amzn-waf-action`: nothing reached the server | yes | yes | yes |
/// | 405 with an HTML page: a captcha without that header | GET only | no | no |
/// | 401, and the function of [`AccessToken::from_fn`](crate::AccessToken::from_fn) returns another token | once | once | once |
/// | other failures, for example 501, an untrusted certificate or a response that cannot be decoded | no | no | no |
///
/// - Reads are GETs, and POSTs that only search or list.
/// - Idempotent POSTs are those that Intercom describes as create-or-update, attach or set a state.
///   The table of [`operations`](crate::operations) and the page of each builder list them.
/// - `idempotent(true)` on the builder of a call makes it retry like a PUT, `idempotent(false)`
///   like any other POST.
/// - Scroll requests are treated like POSTs, because each response advances the scroll. They are
///   still retried after a captcha, which does not.
///
/// In addition, all clones of a client share a [retry budget](crate::ClientBuilder::retry_budget),
/// so that retries do not multiply the load on a server that is down.
///
/// [`Error::may_have_been_carried_out`](crate::Error::may_have_been_carried_out) returns `true` if
/// an attempt may have succeeded although the call failed. For example, a retried DELETE then fails
/// with 404, and a retried POST with 409.
///
/// Pauses grow exponentially with full jitter: the first is a random time between zero and
/// [`base`](Self::base), and the maximum doubles for each further pause up to [`cap`](Self::cap).
/// If the server requests a longer pause with `Retry-After` or a rate limit reset, that pause is
/// used.
///
/// ```
/// use std::time::Duration;
/// use intercom_client::RetryPolicy;
///
/// let patient = RetryPolicy::default().attempts(6).deadline(Duration::from_secs(300));
/// let single = RetryPolicy::none();
/// ```
#[doc(alias = "backoff")]
#[doc(alias = "retry")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a policy has no effect until it is passed to a client or a call"]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) deadline: Duration,
}

/// Three attempts, a base of 500 ms, a cap of 30 s and a deadline of 120 s.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Creates a policy without retries.
    pub fn none() -> Self {
        Self::default().attempts(1)
    }

    /// Sets the maximum number of attempts, including the first. Defaults to 3. Zero is treated as
    /// 1.
    #[doc(alias = "max_retries")]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the maximum pause before the second attempt, which doubles for each further attempt.
    /// Defaults to 500 ms.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the maximum pause before any attempt. Defaults to 30 s. Pauses that the server requests
    /// can be longer.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the maximum time for a call, including all attempts, pauses and waits for other calls.
    /// Defaults to 120 s.
    ///
    /// - Pauses that the server requests count. A pause that would end after the deadline does not
    ///   start.
    /// - The wait for [`max_in_flight`](crate::ClientBuilder::max_in_flight) counts. Calls are sent
    ///   in the order in which they are made. If a call reaches its deadline before its turn, it
    ///   fails without sending anything: [`is_timeout`](crate::Error::is_timeout) returns `true`,
    ///   and [`attempts`](crate::Error::attempts) returns 0.
    /// - Waits for a rate limit that is known to be exhausted do not count.
    /// - The first attempt may take the full [`timeout`](crate::ClientBuilder::timeout), even
    ///   beyond the deadline. Further attempts end at the deadline. A call that is not idempotent
    ///   is retried only if a full timeout remains before the deadline.
    ///
    /// If the deadline ends an attempt, the error is a timeout with the last response to an earlier
    /// attempt: see [`Error::status`](crate::Error::status).
    #[doc(alias = "timeout")]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Returns a random pause after the failed attempt number `attempt`, counted from 1.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let max = self.base.saturating_mul(doubled).min(self.cap);
        max.mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_cap_with_full_jitter() {
        let policy = RetryPolicy::default();
        for attempt in 1..80 {
            let longest = Duration::from_millis(500 << (attempt - 1).min(10)).min(Duration::from_secs(30));
            let pauses: Vec<_> = (0..200).map(|_| policy.pause(attempt)).collect();
            assert!(pauses.iter().all(|pause| *pause <= longest));
            assert!(pauses.iter().any(|pause| *pause < longest / 4));
            assert!(pauses.iter().any(|pause| *pause > longest / 2));
        }
        assert_eq!(RetryPolicy::none().attempts(0).attempts, 1);
        let documented = RetryPolicy::none().attempts(3).base(Duration::from_millis(500));
        let documented = documented
            .cap(Duration::from_secs(30))
            .deadline(Duration::from_secs(120));
        assert_eq!(policy, documented);
    }
}
