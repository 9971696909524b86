//! The attempts of one call: how many there were, how long they took, and whether another one follows.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::classify::{pause, repeats};
use crate::call::call::Call;
use crate::call::retry_policy::RetryPolicy;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;

pub(super) struct Attempts<'c> {
    call: &'c Call,
    policy: &'c RetryPolicy,
    /// How long one may take.
    timeout: Option<Duration>,
    /// The number of the current one, from 1.
    pub number: u32,
    /// How long they took, with the pauses between them and the waits for permits; waits for a rate limit that is known to be
    /// exhausted do not count.
    spent: Duration,
    internal_errors: u32,
    /// Whether one of them may have been carried out.
    unknown_outcome: bool,
}

/// The time that one attempt has, and the token before it.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// How long the attempt may take, and the token too.
    pub limit: Option<Duration>,
    /// Whether it is the first attempt, whose time does not depend on the deadline.
    first: bool,
    /// How much time is left before the deadline, and how much of it the attempt needs at least.
    left: Duration,
    needed: Duration,
}

impl Time {
    /// Returns how long the attempt may take after the token took this long; `None` if it is too late for it.
    pub(super) fn after(self, token: Duration) -> Option<Option<Duration>> {
        if self.first {
            return Some(self.limit);
        }
        let left = self.left.checked_sub(token).filter(|left| *left >= self.needed)?;
        Some(self.limit.map(|limit| limit.min(left)))
    }
}

impl<'c> Attempts<'c> {
    pub(super) fn of(call: &'c Call, policy: &'c RetryPolicy, timeout: Option<Duration>) -> Self {
        Self {
            call,
            policy,
            timeout,
            number: 1,
            spent: Duration::ZERO,
            internal_errors: 0,
            unknown_outcome: false,
        }
    }

    /// How long the current one may take. The first has the whole timeout, the others what the deadline leaves of it.
    pub(super) fn limit(&self) -> Option<Duration> {
        match self.number {
            1 => self.timeout,
            _ => Some(self.left()).min(self.timeout.or(Some(Duration::MAX))),
        }
    }

    /// The time that the current one has.
    pub(super) fn time(&self) -> Time {
        Time {
            limit: self.limit(),
            first: self.number == 1,
            left: self.left(),
            needed: self.needed(),
        }
    }

    /// How much time an attempt after the first needs at least: one of a call that must not be carried out twice a whole timeout.
    fn needed(&self) -> Duration {
        match self.call.is_idempotent() {
            true => Duration::ZERO,
            false => self.timeout.unwrap_or_default(),
        }
    }

    /// Counts what was done since then.
    pub(super) fn spend(&mut self, begun: Instant) {
        self.spent = self.spent.saturating_add(begun.elapsed());
    }

    /// Counts a wait for a permit.
    pub(super) fn wait(&mut self, waited: Duration) {
        self.spent = self.spent.saturating_add(waited);
    }

    /// How much time is left before the deadline.
    pub(super) fn left(&self) -> Duration {
        self.policy.deadline.saturating_sub(self.spent)
    }

    /// Whether there may be another one at all.
    pub(super) fn are_left(&self) -> bool {
        self.number < self.policy.attempts
    }

    /// Whether there is time for another one after a pause.
    pub(super) fn have_time(&self, pause: Duration) -> bool {
        let left = self.policy.deadline.checked_sub(self.spent.saturating_add(pause));
        left.is_some_and(|left| left >= self.needed())
    }

    /// The pause between the current one, which failed, and another one; `None` when there is to be none.
    pub(super) fn pause(&self, error: &Error) -> Option<Duration> {
        let pause = pause(self.policy, self.number, error);
        let again = self.are_left() && self.have_time(pause) && repeats(self.call, error, self.internal_errors == 1);
        again.then_some(pause)
    }

    /// Goes on with another one after a pause.
    pub(super) fn go_on(&mut self, pause: Duration) {
        self.spent = self.spent.saturating_add(pause);
        self.number += 1;
    }

    /// Returns the context of errors of the current one; `server` and `connect_limit` are those of the transport.
    pub(super) fn context(&self, server: &Arc<str>, connect_limit: Option<Duration>) -> ErrorContext {
        ErrorContext {
            attempts: self.number,
            unknown_outcome: self.unknown_outcome,
            limit: self.limit(),
            connect_limit,
            server: Some(Arc::clone(server)),
            ..self.call.context()
        }
    }

    /// Takes the error of the current one into account.
    pub(super) fn failed(&mut self, error: &Error) {
        self.unknown_outcome |= error.may_have_been_carried_out();
        self.internal_errors += u32::from(error.status() == Some(StatusCode::INTERNAL_SERVER_ERROR));
    }
}
