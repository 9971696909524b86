//! The server's rate limit, and the gate that keeps clients of one process inside it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The state of the rate limit as a response's headers tell it.
///
/// Intercom counts requests in windows of 10 seconds: a limit of 167 stands for 1,000 a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests allowed per 10-second window, `X-RateLimit-Limit`.
    pub limit: u64,
    /// Requests left in the current window, `X-RateLimit-Remaining`.
    pub remaining: u64,
    /// When the window ends, in epoch seconds, `X-RateLimit-Reset`.
    pub reset: i64,
}

impl RateLimit {
    /// Reads the headers; `None` unless all three are there and well-formed.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        fn read<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
            headers.get(name)?.to_str().ok()?.trim().parse().ok()
        }
        Some(Self {
            limit: read(headers, "x-ratelimit-limit")?,
            remaining: read(headers, "x-ratelimit-remaining")?,
            reset: read(headers, "x-ratelimit-reset")?,
        })
    }
}

/// A reset further ahead than this is a clock that disagrees, not a window of 10 seconds.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// The server's clock by its `Date` header, in epoch seconds; this machine's clock without one.
fn server_time(headers: &HeaderMap) -> f64 {
    let date = headers
        .get(http::header::DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    date.unwrap_or_else(SystemTime::now)
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// How long until the window ends; `None` when the headers do not tell, or tell what cannot be.
pub(crate) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let limit = RateLimit::from_headers(headers)?;
    let wait = Duration::try_from_secs_f64(limit.reset as f64 - server_time(headers)).ok()?;
    (wait <= LONGEST_WINDOW).then_some(wait)
}

/// The wait that a `Retry-After` header asks for, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let until = date.duration_since(UNIX_EPOCH).ok()?.as_secs_f64() - server_time(headers);
    Duration::try_from_secs_f64(until).ok()
}

/// What all clones of a client share: how many requests the window still allows, and when it ends.
#[derive(Debug)]
pub(crate) struct Gate {
    /// `None` when waiting for the rate limit is turned off.
    window: Option<Window>,
    in_flight: Option<Arc<Semaphore>>,
}

#[derive(Debug, Default)]
struct Window {
    state: Mutex<State>,
    /// Held while waiting: tokio's mutex is fair, so that requests go first come, first served.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests per window, once a response told it.
    limit: Option<u64>,
    /// Requests that may still be sent before `until`.
    remaining: u64,
    /// When the window ends; a window that ended is unknown until the next answer.
    until: Option<Instant>,
    /// The server's name for the window, to tell late answers of an old one.
    reset: i64,
    /// Requests sent and not answered yet.
    under_way: u64,
}

/// Leave to send one request; dropped when its answer is there or nobody waits for it any more.
pub(crate) struct Pass<'a> {
    window: Option<&'a Window>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(window) = self.window {
            let mut state = window.state();
            state.under_way = state.under_way.saturating_sub(1);
        }
    }
}

impl Window {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is plain numbers: one that a panic left behind is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one request out of the window, or says until when to wait.
    fn take(&self) -> Result<(), Instant> {
        let mut state = self.state();
        if let (Some(until), Some(limit)) = (state.until, state.limit) {
            if Instant::now() >= until {
                // A new window has begun; what is under way may be counted in it.
                state.until = None;
                state.remaining = limit.saturating_sub(state.under_way).max(1);
            } else if state.remaining == 0 {
                return Err(until);
            }
        }
        if state.limit.is_some() {
            // Without an answer of the new window its end is unknown: let the last ones through as probes.
            state.remaining = state.remaining.saturating_sub(1);
        }
        state.under_way += 1;
        Ok(())
    }
}

impl Gate {
    pub(crate) fn new(wait_for_rate_limit: bool, max_in_flight: Option<usize>) -> Self {
        Self {
            window: wait_for_rate_limit.then(Window::default),
            in_flight: max_in_flight.map(|requests| Arc::new(Semaphore::new(requests))),
        }
    }

    /// How long a request would have to wait at the least, were it to pass now.
    pub(crate) fn wait(&self) -> Duration {
        let Some(window) = &self.window else {
            return Duration::ZERO;
        };
        let state = window.state();
        match state.until {
            Some(until) if state.remaining == 0 => until.saturating_duration_since(Instant::now()),
            _ => Duration::ZERO,
        }
    }

    /// Waits for leave to send one request.
    pub(crate) async fn pass(&self) -> Pass<'_> {
        let slot = match &self.in_flight {
            // The semaphore is never closed.
            Some(semaphore) => Arc::clone(semaphore).acquire_owned().await.ok(),
            None => None,
        };
        if let Some(window) = &self.window {
            let _turn = window.turn.lock().await;
            while let Err(until) = window.take() {
                tokio::time::sleep_until(until).await;
            }
        }
        Pass {
            window: self.window.as_ref(),
            _slot: slot,
        }
    }

    /// Learns from an answer's headers.
    pub(crate) fn observe(&self, headers: &HeaderMap, rate_limited: bool) {
        let Some(window) = &self.window else { return };
        let known = RateLimit::from_headers(headers).zip(until_reset(headers));
        let wait = match (known, retry_after(headers)) {
            (Some((_, reset)), after) => reset.max(after.filter(|_| rate_limited).unwrap_or_default()),
            (None, Some(after)) if rate_limited => after.min(LONGEST_WINDOW),
            _ => return,
        };
        // Many clients wait for the same reset: each adds a little of its own.
        let until = Instant::now() + wait + JITTER.mul_f64(fastrand::f64());
        let mut state = window.state();
        match known {
            Some((limit, _)) => {
                let same_window = state.until.is_some() && state.reset == limit.reset;
                let stale = state.until.is_some() && limit.reset < state.reset;
                if stale && !rate_limited {
                    return;
                }
                let others = state.under_way.saturating_sub(1);
                let remaining = limit.remaining.saturating_sub(others);
                state.remaining = if same_window {
                    state.remaining.min(remaining)
                } else {
                    remaining
                };
                state.limit = Some(limit.limit);
                state.reset = limit.reset;
                if !same_window {
                    state.until = Some(until);
                }
            }
            None => {
                state.limit.get_or_insert(1);
                state.until = Some(until);
            }
        }
        if rate_limited {
            state.remaining = 0;
            state.until = Some(state.until.map_or(until, |known| known.max(until)));
        }
    }
}

/// The most that is added to the end of a window.
const JITTER: Duration = Duration::from_millis(250);
