//! The retry budget, which keeps retries from multiplying the load on a failing server.

use std::sync::{Mutex, PoisonError};

use crate::response::error::Error;
use crate::response::error::kind::ErrorKind;

/// A token bucket that all clones of a client share.
///
/// A retry removes tokens, a success adds some. A working server never empties the bucket; when a
/// failing server has emptied it, calls fail after their first attempt.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<u32>);

/// Number of tokens in a full bucket, and at the start.
const CAPACITY: u32 = 500;
/// Number of tokens that a retry removes.
const RETRY_COST: u32 = 5;
/// Number of tokens that a success adds, in addition to the cost of its own retry.
const SUCCESS_GAIN: u32 = 1;

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(CAPACITY))
    }

    /// Changes the number of tokens.
    fn change<T>(&self, change: impl FnOnce(&mut u32) -> T) -> T {
        // The number is valid even if a thread panicked while it held the lock.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes the cost of a retry after `error`; returns `false` if too few tokens remain.
    pub(crate) fn take(&self, error: &Error) -> bool {
        if !uses_budget(error) {
            return true;
        }
        self.change(|tokens| {
            let remaining = tokens.checked_sub(RETRY_COST);
            *tokens = remaining.unwrap_or(*tokens);
            remaining.is_some()
        })
    }

    /// Adds the tokens of a success; `is_retry` is `false` if it is that of a first attempt.
    pub(crate) fn succeeded(&self, is_retry: bool) {
        let gain = SUCCESS_GAIN + if is_retry { RETRY_COST } else { 0 };
        self.change(|tokens| *tokens = (*tokens + gain).min(CAPACITY));
    }
}

/// Returns `true` if an error shows that the server is failing. A 429 does not: the client waits
/// for the rate limit instead.
fn uses_budget(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Status => !error.is_rate_limited(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::error::context::ErrorContext;
    use crate::response::error::kind::Kind;

    #[test]
    fn budget_is_emptied_by_retries_and_filled_by_successes() {
        let budget = Budget::new();
        let lost = ErrorContext::of("a").error(Kind::Lost);
        let retries = (0..1000).filter(|_| budget.take(&lost)).count();
        assert_eq!(retries, 100);
        budget.succeeded(true);
        assert!(budget.take(&lost) && !budget.take(&lost));
        (0..RETRY_COST).for_each(|_| budget.succeeded(false));
        assert!(budget.take(&lost));
        (0..10_000).for_each(|_| budget.succeeded(false));
        assert_eq!(budget.change(|tokens| *tokens), CAPACITY);
    }
}
