//! The rate limit: a number of requests per window of ten seconds.

use super::clock::MockTime;
use super::response::MockResponse;

/// The limit reported in headers if none is set: more requests than a test sends.
const UNLIMITED: u32 = 1_000_000;

/// Counts requests, and rejects them when a configured limit is exhausted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestLimiter {
    configured: Option<u32>,
    window_end: i64,
    used: u32,
}

impl RequestLimiter {
    pub(super) fn new(configured: Option<u32>) -> Self {
        Self {
            configured,
            ..Self::default()
        }
    }

    /// Counts a request. Returns a 429 if the limit was already exhausted.
    pub(super) fn count(&mut self, now: MockTime) -> Option<MockResponse> {
        if self.window_end != now.window_end() {
            self.window_end = now.window_end();
            self.used = 0;
        }
        let limit = self.limit();
        if self.used >= limit {
            let message = format!("Exceeded rate limit of {limit} in 10_seconds");
            return self
                .configured
                .map(|_| MockResponse::error(429, "rate_limit_exceeded", &message));
        }
        self.used += 1;
        None
    }

    pub(super) fn limit(&self) -> u32 {
        self.configured.unwrap_or(UNLIMITED)
    }

    /// Returns the number of requests remaining in the window.
    pub(super) fn remaining(&self) -> u32 {
        self.limit().saturating_sub(self.used)
    }
}
