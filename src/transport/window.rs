//! The server's rate-limit window as far as it is known: the number of requests that it still
//! allows, and its end.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::response::rate_limit::{LONGEST_WINDOW, RateLimit, WINDOW, retry_after, until_reset};

/// The rate limit of one client, as learned from responses.
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
    /// The last 429 or probe in a window of estimated length. More probes follow at the times of
    /// [`PROBE_TIMES`].
    last_probe: Option<Instant>,
    /// The reset time of the newest window in epoch seconds, which distinguishes it from earlier
    /// ones.
    reset: i64,
    /// The shortest observed time between two windows in seconds, which is the maximum length of a
    /// window.
    length: Option<u32>,
    /// Responses in a row without rate-limit headers.
    without_headers: u64,
    /// When the client started to wait for a response with the number of remaining requests.
    waiting_since: Option<Instant>,
}

/// The number of requests that may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Up to this many.
    Free(u64),
    /// No requests before this time, because the window is known to be exhausted.
    Exhausted(Instant),
    /// No requests before this time, unless a response arrives or a permit is returned.
    Unknown(Instant),
    /// No requests before a permit is returned.
    Full,
}

/// Number of concurrent requests allowed before the first rate-limit header arrives. Each response
/// without one allows one more, so that a first burst does not exceed a small limit.
const INITIAL_CONCURRENCY: u64 = 4;

/// The longest wait for a response with the number of remaining requests.
const MAX_HEADER_WAIT: Duration = Duration::from_secs(1);

/// Times at which probes are sent in a window of estimated length, counted from its first response.
///
/// Probes are requests that are held back for this purpose. The first probe that arrives in the
/// next window reveals its start. Each time is at most twice the previous one, so that the probes
/// cannot skip a window. After a 429, one request is sent at each of these times although no
/// requests are held back.
const PROBE_TIMES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The longest time added to the end of a window, per second of its length.
const MAX_JITTER_PER_SECOND: Duration = Duration::from_millis(25);

impl Window {
    /// Returns the reset time of the newest window, which identifies it.
    pub(super) fn reset(&self) -> i64 {
        self.reset
    }

    /// Returns how long the window remains exhausted.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        match self.until {
            Some(until) if self.remaining == 0 => until.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    /// Returns the number of requests that may be sent now; `in_flight` requests have no response
    /// yet.
    pub(super) fn room(&mut self, now: Instant, in_flight: u64) -> Room {
        if self.until.is_some_and(|until| now >= until) {
            // A new window has started. The server may count the requests in flight in it.
            self.until = None;
            self.estimated = None;
            self.last_probe = None;
            self.remaining = self.limit.unwrap_or_default().saturating_sub(in_flight);
        }
        let (held_back, next_probe) = self.probes(now);
        match (self.remaining.saturating_sub(held_back), self.until, self.limit) {
            (free @ 1.., ..) => Room::Free(free),
            (0, Some(until), _) => {
                let next_probe = match (self.remaining, self.last_probe) {
                    (0, None) => None,
                    (0, Some(last_probe)) => self.probe_times().find(|time| *time > last_probe),
                    _ => next_probe,
                };
                match next_probe {
                    Some(probe) if probe <= now => Room::Free(1),
                    probe => Room::Exhausted(probe.map_or(until, |probe| probe.min(until))),
                }
            }
            (0, None, Some(limit)) => {
                if in_flight > 0
                    && let Err(until) = self.await_headers(now)
                {
                    return Room::Unknown(until);
                }
                // No response had the limit for as many requests as a window allows, so assume a
                // new window.
                self.waiting_since = None;
                self.remaining = limit.max(1);
                Room::Free(self.remaining)
            }
            (0, None, None) => match INITIAL_CONCURRENCY
                .saturating_add(self.without_headers)
                .saturating_sub(in_flight)
            {
                0 => self.await_headers(now).map_or_else(Room::Unknown, |()| Room::Free(1)),
                free => Room::Free(free),
            },
        }
    }

    /// Counts a request that is sent now, after [`room`](Self::room) allowed it.
    pub(super) fn take(&mut self, now: Instant, in_flight: u64) {
        if self.limit.is_none() && in_flight >= INITIAL_CONCURRENCY.saturating_add(self.without_headers) {
            // The other calls wait for the response to this request.
            self.waiting_since = Some(now);
        }
        if self.remaining == 0 && self.last_probe.is_some() {
            self.last_probe = Some(now);
        }
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Reverts [`take`](Self::take) for a request that was not sent.
    pub(super) fn untake(&mut self) {
        if self.limit.is_some_and(|limit| self.remaining < limit) {
            self.remaining += 1;
        }
    }

    /// Returns until when to wait for a response with the number of remaining requests; `Ok` if the
    /// wait is over. The wait is limited, because the requests in flight may belong to calls that
    /// are no longer polled.
    fn await_headers(&mut self, now: Instant) -> Result<(), Instant> {
        let until = *self.waiting_since.get_or_insert(now) + MAX_HEADER_WAIT;
        if now < until { Err(until) } else { Ok(()) }
    }

    /// Returns the number of requests that are held back as probes in a window of estimated length,
    /// and when the next one is sent.
    fn probes(&self, now: Instant) -> (u64, Option<Instant>) {
        let max_probes = self.limit.unwrap_or_default() / 2;
        let mut later = self
            .probe_times()
            .take(max_probes.try_into().unwrap_or(PROBE_TIMES.len()))
            .skip_while(|time| *time <= now)
            .peekable();
        let next = later.peek().copied();
        (later.count() as u64, next)
    }

    /// Returns the [`PROBE_TIMES`] within a window of estimated length.
    fn probe_times(&self) -> impl Iterator<Item = Instant> {
        let length = self.length();
        let first = self.estimated.into_iter();
        first.flat_map(move |first| {
            PROBE_TIMES
                .into_iter()
                .filter(move |after| *after < length)
                .map(move |after| first + after)
        })
    }

    /// Returns the maximum length of a window.
    fn length(&self) -> Duration {
        self.length
            .map_or(WINDOW, |seconds| WINDOW.min(Duration::from_secs(seconds.into())))
    }

    /// Returns `true` if a response with an earlier reset time comes from a server whose clock was
    /// set back, and is not merely late. Then its request was sent when the newest window was
    /// known, and that window has ended.
    fn is_set_back(&self, known_window: i64) -> bool {
        known_window == self.reset && self.until.is_none()
    }

    /// Updates the window from the headers of a response. `known_window` is the newest window that
    /// was known when its request was sent; `in_flight` includes that request.
    pub(super) fn learn(
        &mut self,
        now: Instant,
        headers: &HeaderMap,
        is_rate_limited: bool,
        known_window: i64,
        in_flight: u64,
    ) {
        let limit = RateLimit::from_headers(headers);
        // Most responses belong to a window that is known, so its end is not computed again.
        let is_known = limit.is_some_and(|limit| self.limit.is_some() && limit.reset == self.reset);
        let until_reset = match is_known && !is_rate_limited {
            true => None,
            false => until_reset(headers),
        };
        let limit = limit.filter(|limit| is_known || until_reset.is_some() || limit.is_plausible());
        if let Some(limit) = limit
            && self.reset != 0
            && let Ok(seconds @ 1..) = u32::try_from(limit.reset.saturating_sub(self.reset))
        {
            self.length = Some(seconds.min(self.length.unwrap_or(seconds)));
        }
        // Many clients can wait for the same reset, so each adds a random time.
        let jitter = (MAX_JITTER_PER_SECOND * 10).min(MAX_JITTER_PER_SECOND.mul_f64(self.length().as_secs_f64()));
        let end = |wait: Duration| now + wait.min(LONGEST_WINDOW) + jitter.mul_f64(fastrand::f64());
        if let Some(limit) = limit {
            let others = in_flight.saturating_sub(1);
            // If another client shares the limit, fewer requests remain than this client counted.
            let lower = |counted: u64| match limit.remaining < counted {
                true => limit.remaining.saturating_sub(others),
                false => counted,
            };
            if limit.reset == self.reset {
                // A response of a window that has ended says nothing about the next window.
                if self.until.is_some() {
                    self.remaining = lower(self.remaining);
                }
            } else if limit.reset > self.reset || self.is_set_back(known_window) {
                let is_counting = self.limit.is_some() && self.until.is_none();
                self.remaining = match is_counting {
                    // This client has counted since the window started.
                    true => lower(self.remaining),
                    // The server may or may not have counted the requests in flight in this window.
                    false => limit.remaining.saturating_sub(others),
                };
                self.limit = Some(limit.limit);
                self.reset = limit.reset;
                self.until = Some(end(until_reset.unwrap_or(self.length())));
                self.estimated = until_reset.is_none().then_some(now);
                self.last_probe = None;
            }
        }
        if is_rate_limited {
            // Without the server's clock, the end of the current window is the best estimate.
            let reset = retry_after(headers).max(until_reset).map(end);
            self.last_probe = reset.is_none().then_some(now);
            let until = reset.or(limit.and(self.until.or_else(|| Some(end(self.length())))));
            if let Some(until) = until {
                self.remaining = 0;
                self.until = Some(self.until.map_or(until, |end| end.max(until)));
            }
        }
        self.waiting_since = None;
        // After a 429 without a known limit, start with few concurrent requests again.
        self.without_headers = if is_rate_limited {
            0
        } else {
            self.without_headers.saturating_add(1)
        };
    }
}
