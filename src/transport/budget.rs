//! How many repeats a client may spend: a server that is down gets no more load than one that is up.

use std::sync::{Mutex, PoisonError};

use crate::response::error::Error;
use crate::response::error::kind::ErrorKind;

/// A bucket of tokens that all clones of a client share. A repeat takes some out, a success puts some in; a server that
/// answers never empties it, one that is down does so soon, and calls then fail after their first attempt.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<u32>);

/// What the bucket holds at the most, and at first.
const FULL: u32 = 500;
/// What a repeat costs.
const REPEAT: u32 = 5;
/// What a success puts in, besides what its own repeat cost.
const SUCCESS: u32 = 1;

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(FULL))
    }

    fn change<T>(&self, change: impl FnOnce(&mut u32) -> T) -> T {
        // One that a panic left behind is a number like any other.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes out what the repeat after `error` costs; `false` when there is not enough.
    pub(crate) fn take(&self, error: &Error) -> bool {
        if !takes_from_budget(error) {
            return true;
        }
        self.change(|tokens| {
            let left = tokens.checked_sub(REPEAT);
            *tokens = left.unwrap_or(*tokens);
            left.is_some()
        })
    }

    /// Puts in what a success earns, after its first attempt or a repeat.
    pub(crate) fn succeeded(&self, repeated: bool) {
        let earned = SUCCESS + if repeated { REPEAT } else { 0 };
        self.change(|tokens| *tokens = (*tokens + earned).min(FULL));
    }
}

/// Whether a failure says that the server is in trouble. A 429 does not: the rate limit's window is waited for instead.
fn takes_from_budget(error: &Error) -> bool {
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
    fn it_is_spent_by_repeats_and_filled_by_successes() {
        let budget = Budget::new();
        let lost = ErrorContext::of("a").error(Kind::Lost);
        let spent = (0..1000).filter(|_| budget.take(&lost)).count();
        assert_eq!(spent, 100);
        budget.succeeded(true);
        assert!(budget.take(&lost) && !budget.take(&lost));
        (0..REPEAT).for_each(|_| budget.succeeded(false));
        assert!(budget.take(&lost));
        (0..10_000).for_each(|_| budget.succeeded(false));
        assert_eq!(budget.change(|tokens| *tokens), FULL);
    }
}
