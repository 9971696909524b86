//! The gate that keeps clients of one process inside the server's rate limit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::answer::rate_limit::{LONGEST_WINDOW, RateLimit, retry_after, until_reset};

/// What all clones of a client share: how many requests the window still allows, and when it ends.
#[derive(Debug)]
pub(crate) struct Gate {
    /// `None` when waiting for the rate limit is turned off.
    window: Option<Window>,
    in_flight: Option<Semaphore>,
}

#[derive(Debug, Default)]
struct Window {
    state: Mutex<State>,
    /// Held while waiting: tokio's mutex is fair, so that requests go first come, first served.
    turn: tokio::sync::Mutex<()>,
    /// Wakes the one that waits when an answer came or a request ended.
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Requests per window, once an answer told it.
    limit: Option<u64>,
    /// Requests that may still be sent in this window.
    remaining: u64,
    /// When this window ends; `None` until an answer of it comes.
    until: Option<Instant>,
    /// The server's name for the newest window, to tell late answers of an old one.
    reset: i64,
    /// Requests sent and not answered yet.
    under_way: u64,
}

/// Leave to send one request; dropped when its answer is there or nobody waits for it any more.
pub(crate) struct Pass<'a> {
    window: Option<&'a Window>,
    _slot: Option<SemaphorePermit<'a>>,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(window) = self.window {
            let mut state = window.state();
            state.under_way = state.under_way.saturating_sub(1);
            drop(state);
            window.news.notify_one();
        }
    }
}

impl Window {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is plain numbers: one that a panic left behind is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one request out of the window, or says until when to wait: for the window's end, or for the next answer.
    fn take(&self) -> Result<(), Option<Instant>> {
        let mut state = self.state();
        if state.until.is_some_and(|until| Instant::now() >= until) {
            // A new window has begun; the server may count in it what is under way.
            state.until = None;
            state.remaining = state.limit.unwrap_or_default().saturating_sub(state.under_way);
        }
        if state.remaining == 0 {
            match (state.until, state.limit) {
                (Some(until), _) => return Err(Some(until)),
                (None, Some(_)) if state.under_way > 0 => return Err(None),
                // A whole window's worth was answered by nothing that tells the limit: begin anew.
                (None, Some(limit)) => state.remaining = limit.max(1),
                (None, None) => {}
            }
        }
        state.remaining = state.remaining.saturating_sub(1);
        state.under_way += 1;
        Ok(())
    }

    /// Learns from an answer's headers.
    fn learn(&self, headers: &HeaderMap, rate_limited: bool) {
        // Many clients wait for the same reset: each adds a little of its own.
        let end = |wait: Duration| Instant::now() + wait.min(LONGEST_WINDOW) + JITTER.mul_f64(fastrand::f64());
        let mut state = self.state();
        if let Some(limit) = RateLimit::from_headers(headers) {
            let others = state.under_way.saturating_sub(1);
            // Fewer than counted are left when somebody else uses the limit too.
            let lower = |counted: u64| match limit.remaining < counted {
                true => limit.remaining.saturating_sub(others),
                false => counted,
            };
            if limit.reset == state.reset {
                // Answers of a window that is over say nothing about the next one.
                if state.until.is_some() {
                    state.remaining = lower(state.remaining);
                }
            } else if limit.reset > state.reset
                && let Some(wait) = until_reset(headers)
            {
                let counting = state.limit.is_some() && state.until.is_none();
                state.remaining = match counting {
                    // The own count began with the window.
                    true => lower(state.remaining),
                    // What is under way may be counted in it or not.
                    false => limit.remaining.saturating_sub(others),
                };
                state.limit = Some(limit.limit);
                state.reset = limit.reset;
                state.until = Some(end(wait));
            }
        }
        if rate_limited && let Some(wait) = retry_after(headers).max(until_reset(headers)) {
            let until = end(wait);
            state.remaining = 0;
            state.until = Some(state.until.map_or(until, |known| known.max(until)));
        }
    }
}

impl Gate {
    pub(crate) fn new(wait_for_rate_limit: bool, max_in_flight: Option<usize>) -> Self {
        Self {
            window: wait_for_rate_limit.then(Window::default),
            in_flight: max_in_flight.map(|requests| Semaphore::new(requests.min(Semaphore::MAX_PERMITS))),
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
            Some(semaphore) => semaphore.acquire().await.ok(),
            None => None,
        };
        if let Some(window) = &self.window {
            let _turn = window.turn.lock().await;
            while let Err(until) = window.take() {
                match until {
                    Some(until) => drop(timeout_at(until, window.news.notified()).await),
                    None => window.news.notified().await,
                }
            }
        }
        Pass {
            window: self.window.as_ref(),
            _slot: slot,
        }
    }

    /// Learns from an answer's headers; `rate_limited` when the answer is that too much was asked.
    pub(crate) fn observe(&self, headers: &HeaderMap, rate_limited: bool) {
        if let Some(window) = &self.window {
            window.learn(headers, rate_limited);
            window.news.notify_one();
        }
    }
}

/// The most that is added to the end of a window.
const JITTER: Duration = Duration::from_millis(250);
