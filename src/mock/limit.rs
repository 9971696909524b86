//! The rate limit: so many requests in each window of ten seconds.

use super::answer::Answer;
use super::moment::Moment;

/// What the headers say when no limit is set: more than a test sends.
const PLENTY: u32 = 1_000_000;

/// Counts requests, and refuses them once a limit that was set is spent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limit {
    most: Option<u32>,
    window_end: i64,
    used: u32,
}

impl Limit {
    pub(super) fn new(most: Option<u32>) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Counts a request. Returns the response when the limit was spent before it.
    pub(super) fn spend(&mut self, now: Moment) -> Option<Answer> {
        if self.window_end != now.window_end() {
            self.window_end = now.window_end();
            self.used = 0;
        }
        let most = self.most();
        if self.used >= most {
            let message = format!("Exceeded rate limit of {most} in 10_seconds");
            return self.most.map(|_| Answer::error(429, "rate_limit_exceeded", &message));
        }
        self.used += 1;
        None
    }

    pub(super) fn most(&self) -> u32 {
        self.most.unwrap_or(PLENTY)
    }

    /// Requests that are left in the window.
    pub(super) fn remaining(&self) -> u32 {
        self.most().saturating_sub(self.used)
    }
}
