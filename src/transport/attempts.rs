//! The attempts of one call: their number, the time they took, and whether another one follows.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::classify::{is_retried, pause};
use crate::call::call::Call;
use crate::call::retry_policy::RetryPolicy;
use crate::response::error::Error;
use crate::response::error::context::{ErrorContext, Failure, Received};
use crate::response::error::kind::Kind;

pub(super) struct Attempts<'c> {
    call: &'c Call,
    policy: &'c RetryPolicy,
    /// Time limit of one attempt.
    timeout: Option<Duration>,
    /// Time limit for connecting, if it is known.
    connect_timeout: Option<Duration>,
    /// Host and port of the server.
    server: &'c Arc<str>,
    /// The number of the current attempt, from 1.
    pub number: u32,
    /// Time taken by the attempts, the pauses between them and the waits for permits. Waits for a
    /// rate limit that is known to be exhausted do not count.
    elapsed: Duration,
    internal_errors: u32,
    /// Whether any attempt may have been carried out.
    unknown_outcome: bool,
    /// The last response that was not a success.
    last_response: Option<Arc<Received>>,
}

/// Time limits of one attempt and of the token request before it.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// Time limit of the attempt, and of the token request.
    pub limit: Option<Duration>,
    /// Whether this is the first attempt, whose time limit does not depend on the deadline.
    is_first: bool,
    /// Time remaining before the deadline.
    remaining: Duration,
    /// Time that must remain for the attempt to start.
    required: Duration,
}

impl Time {
    /// Returns the time limit of the attempt after the token request; `None` if too little time
    /// remains for the attempt.
    pub(super) fn after_token(self, elapsed: Duration) -> Option<Option<Duration>> {
        if self.is_first {
            return Some(self.limit);
        }
        let remaining = self.remaining.checked_sub(elapsed)?;
        (remaining >= self.required).then(|| self.limit.map(|limit| limit.min(remaining)))
    }
}

impl<'c> Attempts<'c> {
    /// Starts to count; `timeout` and `connect_timeout` limit each attempt.
    pub(super) fn new(
        call: &'c Call,
        policy: &'c RetryPolicy,
        timeout: Option<Duration>,
        connect_timeout: Option<Duration>,
        server: &'c Arc<str>,
    ) -> Self {
        Self {
            call,
            policy,
            timeout,
            connect_timeout,
            server,
            number: 1,
            elapsed: Duration::ZERO,
            internal_errors: 0,
            unknown_outcome: false,
            last_response: None,
        }
    }

    /// Returns the time limit of the current attempt: the timeout for the first, at most the time
    /// before the deadline for others.
    fn limit(&self) -> Option<Duration> {
        match self.number {
            1 => self.timeout,
            _ => Some(self.remaining()).min(self.timeout.or(Some(Duration::MAX))),
        }
    }

    /// Returns the time limits of the current attempt.
    pub(super) fn time(&self) -> Time {
        Time {
            limit: self.limit(),
            is_first: self.number == 1,
            remaining: self.remaining(),
            required: self.required(),
        }
    }

    /// Returns the time that must remain for an attempt after the first: a full timeout if the call
    /// must not be repeated.
    fn required(&self) -> Duration {
        match self.call.is_idempotent() {
            true => Duration::ZERO,
            false => self.timeout.unwrap_or_default(),
        }
    }

    /// Adds the time since `start`.
    pub(super) fn add_time_since(&mut self, start: Instant) {
        self.add_time(start.elapsed());
    }

    /// Adds time that was spent on the call.
    pub(super) fn add_time(&mut self, time: Duration) {
        self.elapsed = self.elapsed.saturating_add(time);
    }

    /// Returns the time remaining before the deadline.
    pub(super) fn remaining(&self) -> Duration {
        self.policy.deadline.saturating_sub(self.elapsed)
    }

    /// Returns `true` if the policy allows another attempt.
    pub(super) fn allow_another(&self) -> bool {
        self.number < self.policy.attempts
    }

    /// Returns `true` if enough time remains for another attempt after a pause.
    pub(super) fn have_time(&self, pause: Duration) -> bool {
        let remaining = self.policy.deadline.checked_sub(self.elapsed.saturating_add(pause));
        remaining.is_some_and(|remaining| remaining >= self.required())
    }

    /// Returns the pause before the next attempt after the current one failed; `None` if the call
    /// is not retried.
    pub(super) fn pause(&self, error: &Error) -> Option<Duration> {
        let pause = pause(self.policy, self.number, error);
        let retry =
            self.allow_another() && self.have_time(pause) && is_retried(self.call, error, self.internal_errors == 1);
        retry.then_some(pause)
    }

    /// Moves to the next attempt after a pause.
    pub(super) fn start_next(&mut self, pause: Duration) {
        self.add_time(pause);
        self.number += 1;
    }

    /// Returns the context of errors of the current attempt.
    pub(super) fn context(&self) -> ErrorContext {
        ErrorContext {
            attempts: self.number,
            unknown_outcome: self.unknown_outcome,
            limit: self.limit(),
            connect_limit: self.connect_timeout,
            server: Some(Arc::clone(self.server)),
            ..self.call.context()
        }
    }

    /// Creates the error of a call whose current attempt was not sent.
    pub(super) fn unsent(&self, failure: impl Into<Failure>) -> Error {
        let failure = failure.into();
        let limit = match failure.kind {
            Kind::NotSent => Some(self.policy.deadline),
            _ => self.limit(),
        };
        let context = ErrorContext {
            attempts: self.number - 1,
            limit,
            ..self.context()
        };
        context.error(failure)
    }

    /// Records the error of the current attempt.
    pub(super) fn record(&mut self, error: &Error) {
        self.unknown_outcome |= error.may_have_been_carried_out();
        self.internal_errors += u32::from(error.status() == Some(StatusCode::INTERNAL_SERVER_ERROR));
        // A 401 is only retried with another token, so the rejected token is not why a later
        // attempt failed.
        let response = error.context().response.as_ref();
        if let Some(response) = response.filter(|response| response.status != StatusCode::UNAUTHORIZED) {
            self.last_response = Some(Arc::clone(response));
        }
    }

    /// Returns the error of the call: that of its last attempt, with the last response if the
    /// attempt got none.
    pub(super) fn error(&self, error: Error) -> Error {
        error.in_context(|context| {
            if context.response.is_none() {
                context.earlier_response.clone_from(&self.last_response);
            }
        })
    }
}
