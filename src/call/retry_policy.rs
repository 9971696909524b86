//! How often a request is sent again, and after how long.

use std::time::Duration;

/// How often and after what pauses a failed call is repeated.
///
/// What is repeated depends on what happened and on what the operation does; a call that may already have been carried
/// out is only repeated when that does no harm.
///
/// | what happened | reads | PUT, DELETE, idempotent POST | other POST |
/// |---|---|---|---|
/// | could not connect, or a proxy refused to: nothing was sent | yes | yes | yes |
/// | refused over HTTP/2 before it was processed | yes | yes | yes |
/// | connection lost or timed out after sending | yes | yes | no |
/// | 429, rate limit | after the reset | after the reset | after the reset |
/// | 429, another export job is pending | no | no | no |
/// | 408, 502, 503, 504, and 520 to 524, 529 and 530 of proxies | yes | yes | no |
/// | 500 | once | once | no |
/// | a captcha or challenge of AWS WAF, by its header `x-amzn-waf-action`: nothing reached the server | yes | yes | yes |
/// | 405 with an HTML page, a captcha without that header | GETs | no | no |
/// | 401, and the function that supplies the [`AccessToken`](crate::AccessToken::from_fn) now gives another one | once | once | once |
/// | anything else, such as 501, a certificate that is not trusted or an answer that cannot be read | no | no | no |
///
/// Reads are GETs and the POSTs that only search or list. Idempotent POSTs are those that Intercom describes as create-or-update,
/// as attaching, or as setting a state: the table of [`operations`](crate::operations) and the page of each builder say which
/// they are. A single call that does no harm when it is carried out twice says so
/// by `idempotent(true)` of its builder, and is then repeated like a PUT; with `idempotent(false)` it is repeated like a POST.
/// Scrolling is repeated like a POST too, since each answer moves the scroll on, and after a captcha, which does not.
///
/// Beside the policy all clones of a client share a [budget](crate::ClientBuilder::retry_budget) of repeats, so that a server
/// that is down is not asked three times as often.
///
/// An error tells by [`may_have_been_carried_out`](crate::Error::may_have_been_carried_out) whether an attempt before the last
/// one, or the last one itself, may have done what was asked: a repeated DELETE is then answered by 404, a repeated POST by 409.
///
/// Pauses grow exponentially with full jitter: a random time between zero and `base`, then between zero and twice that,
/// up to `cap`. A longer `Retry-After` or rate limit reset of the server wins.
///
/// ```
/// use std::time::Duration;
/// use intercom_client::RetryPolicy;
///
/// let patient = RetryPolicy::default().attempts(6).deadline(Duration::from_secs(300));
/// let single = RetryPolicy::none();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a policy is given to a client or a call"]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) deadline: Duration,
}

/// Three attempts in all, base 500 ms, cap 30 s, deadline 120 s.
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
    /// One attempt, whatever happens.
    pub fn none() -> Self {
        Self::default().attempts(1)
    }

    /// How often a request is sent at the most, the first time included. Default: 3; 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest pause before the second attempt; it doubles from there. Default: 500 ms.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest pause before any attempt. Default: 30 s. What the server asks for can be longer.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The longest time that a call may take over all attempts, the pauses between them, and its waits for other calls. Default:
    /// 120 s.
    ///
    /// - A pause that the server asks for counts. No pause starts that would end after the deadline.
    /// - The wait for [`max_in_flight`](crate::ClientBuilder::max_in_flight) counts: calls are sent in the order in which they are
    ///   made, and one that reaches its deadline before its turn fails with an error that [`is_timeout`](crate::Error::is_timeout)
    ///   and has no [`attempts`](crate::Error::attempts). Nothing was sent.
    /// - The time in which the rate limit is known to be exhausted does not count.
    /// - The first attempt has the whole [`timeout`](crate::ClientBuilder::timeout), even if that ends after the deadline. The others
    ///   end with the deadline. A call that must not be carried out twice is retried only if a whole timeout remains for it.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The pause after failed attempt number `attempt`, counted from 1.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        longest.mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_cap_and_jitter_fully() {
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
