//! The server's rate-limit window as far as it is known: how many requests it still allows, and when it ends.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::response::rate_limit::{LONGEST_WINDOW, RateLimit, WINDOW, retry_after, until_reset};

/// What the responses of one client have said about its rate limit.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Requests per window, from the newest response that names the limit.
    limit: Option<u64>,
    /// Requests that may still be sent in this window.
    remaining: u64,
    /// The end of this window; `None` until the first response of it arrives.
    until: Option<Instant>,
    /// The first response of this window, if it has no `Date` and `until` is therefore an estimate.
    estimated: Option<Instant>,
    /// The last 429 or probe in a window of estimated length: probes are sent after it at the times of [`SCOUTS`].
    refused: Option<Instant>,
    /// The server's name for the newest window, which tells late responses of an earlier one.
    reset: i64,
    /// The shortest time between two windows that was observed, in seconds: a window is at most this long.
    length: Option<u32>,
    /// Responses in a row without rate-limit headers.
    unlimited: u64,
    /// When the client started to wait for a response that says how many requests remain.
    asked: Option<Instant>,
}

/// How many more requests may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Up to this many.
    Free(u64),
    /// None before this time: the window is known to be exhausted.
    Exhausted(Instant),
    /// None before this time, unless a response or a returned permit makes room.
    Unknown(Instant),
    /// None before a permit is returned.
    Full,
}

/// Number of concurrent requests allowed before the first rate-limit header arrives. Each response without one allows one more,
/// so that a first burst does not exceed a small limit.
const UNKNOWN: u64 = 4;

/// How long the client waits for a response that says how many requests remain.
const PATIENCE: Duration = Duration::from_secs(1);

/// When requests that were held back in a window of estimated length are sent, counted from its first response. The first of
/// them that arrives in the next window reveals its start. Each of these times is at most twice the previous one, so none of
/// them skips a window. After a 429 nothing is held back any more: one request is sent at each of these times all the same.
const SCOUTS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The most that is added to the end of a window, for each second of its length.
const JITTER: Duration = Duration::from_millis(25);

impl Window {
    /// The server's name for the newest window.
    pub(super) fn reset(&self) -> i64 {
        self.reset
    }

    /// How long the window remains exhausted.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        match self.until {
            Some(until) if self.remaining == 0 => until.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    /// Returns how many more requests may be sent now; `under_way` have been sent and not yet answered.
    pub(super) fn room(&mut self, now: Instant, under_way: u64) -> Room {
        if self.until.is_some_and(|until| now >= until) {
            // A new window has started; the server may count in it what is under way.
            self.until = None;
            self.estimated = None;
            self.refused = None;
            self.remaining = self.limit.unwrap_or_default().saturating_sub(under_way);
        }
        let (held, next) = self.scouts(now);
        match (self.remaining.saturating_sub(held), self.until, self.limit) {
            (free @ 1.., ..) => Room::Free(free),
            (0, Some(until), _) => {
                let next = match (self.remaining, self.refused) {
                    (0, None) => None,
                    (0, Some(refused)) => self.scout_times().find(|time| *time > refused),
                    _ => next,
                };
                match next {
                    Some(next) if next <= now => Room::Free(1),
                    next => Room::Exhausted(next.map_or(until, |next| next.min(until))),
                }
            }
            (0, None, Some(limit)) => {
                if under_way > 0
                    && let Err(until) = self.ask(now)
                {
                    return Room::Unknown(until);
                }
                // No response named the limit for as many requests as a window allows: start over.
                self.asked = None;
                self.remaining = limit.max(1);
                Room::Free(self.remaining)
            }
            (0, None, None) => match UNKNOWN.saturating_add(self.unlimited).saturating_sub(under_way) {
                0 => self.ask(now).map_or_else(Room::Unknown, |()| Room::Free(1)),
                free => Room::Free(free),
            },
        }
    }

    /// Counts one request that is sent now, for which there is room.
    pub(super) fn take(&mut self, now: Instant, under_way: u64) {
        if self.limit.is_none() && under_way >= UNKNOWN.saturating_add(self.unlimited) {
            // This request asks; the others wait for its response in turn.
            self.asked = Some(now);
        }
        if self.remaining == 0 && self.refused.is_some() {
            self.refused = Some(now);
        }
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Counts one request less, which was not sent.
    pub(super) fn untake(&mut self) {
        if self.limit.is_some_and(|limit| self.remaining < limit) {
            self.remaining += 1;
        }
    }

    /// Waits for a response, but not without a limit: the requests under way may belong to calls that are no longer polled.
    fn ask(&mut self, now: Instant) -> Result<(), Instant> {
        let until = *self.asked.get_or_insert(now) + PATIENCE;
        if now < until { Err(until) } else { Ok(()) }
    }

    /// How many requests are held back to find the end of a window of estimated length, and when the next of them is sent.
    fn scouts(&self, now: Instant) -> (u64, Option<Instant>) {
        let most = self.limit.unwrap_or_default() / 2;
        let mut later = self
            .scout_times()
            .take(most.try_into().unwrap_or(SCOUTS.len()))
            .skip_while(|time| *time <= now)
            .peekable();
        let next = later.peek().copied();
        (later.count() as u64, next)
    }

    /// The times of [`SCOUTS`] in a window of estimated length.
    fn scout_times(&self) -> impl Iterator<Item = Instant> {
        let length = self.length();
        let first = self.estimated.into_iter();
        first.flat_map(move |first| {
            SCOUTS
                .into_iter()
                .filter(move |after| *after < length)
                .map(move |after| first + after)
        })
    }

    /// How long a window lasts at most.
    fn length(&self) -> Duration {
        self.length
            .map_or(WINDOW, |seconds| WINDOW.min(Duration::from_secs(seconds.into())))
    }

    /// Returns `true` if a response that names an earlier window comes from a server whose clock was set back, and is not
    /// merely late: its request was sent when the newest window was known, and that window has ended.
    fn is_set_back(&self, known: i64) -> bool {
        known == self.reset && self.until.is_none()
    }

    /// Learns from a response's headers. `known` is the newest window that was known when its request was sent, `under_way`
    /// counts that request.
    pub(super) fn learn(&mut self, now: Instant, headers: &HeaderMap, rate_limited: bool, known: i64, under_way: u64) {
        let limit =
            RateLimit::from_headers(headers).filter(|limit| until_reset(headers).is_some() || limit.is_plausible());
        if let Some(limit) = limit
            && self.reset != 0
            && let Ok(passed @ 1..) = u32::try_from(limit.reset.saturating_sub(self.reset))
        {
            self.length = Some(passed.min(self.length.unwrap_or(passed)));
        }
        // Many clients wait for the same reset: each adds a little of its own.
        let jitter = (JITTER * 10).min(JITTER.mul_f64(self.length().as_secs_f64()));
        let end = |wait: Duration| now + wait.min(LONGEST_WINDOW) + jitter.mul_f64(fastrand::f64());
        if let Some(limit) = limit {
            let others = under_way.saturating_sub(1);
            // Fewer than counted remain when another client uses the limit too.
            let lower = |counted: u64| match limit.remaining < counted {
                true => limit.remaining.saturating_sub(others),
                false => counted,
            };
            if limit.reset == self.reset {
                // Responses of a window that has ended say nothing about the next one.
                if self.until.is_some() {
                    self.remaining = lower(self.remaining);
                }
            } else if limit.reset > self.reset || self.is_set_back(known) {
                let counting = self.limit.is_some() && self.until.is_none();
                self.remaining = match counting {
                    // The own count started with the window.
                    true => lower(self.remaining),
                    // The window may include what is under way or not.
                    false => limit.remaining.saturating_sub(others),
                };
                self.limit = Some(limit.limit);
                self.reset = limit.reset;
                let wait = until_reset(headers);
                self.until = Some(end(wait.unwrap_or(self.length())));
                self.estimated = wait.is_none().then_some(now);
                self.refused = None;
            }
        }
        if rate_limited {
            // Without the server's clock, the end of the current window is the best estimate.
            let told = retry_after(headers).max(until_reset(headers)).map(end);
            self.refused = told.is_none().then_some(now);
            let until = told.or(limit.and(self.until.or_else(|| Some(end(self.length())))));
            if let Some(until) = until {
                self.remaining = 0;
                self.until = Some(self.until.map_or(until, |known| known.max(until)));
            }
        }
        self.asked = None;
        // After a wait without a known limit, the first requests are few again.
        self.unlimited = if rate_limited {
            0
        } else {
            self.unlimited.saturating_add(1)
        };
    }
}
