//! The gate that keeps clients of one process inside the server's rate limit.
//!
//! Whoever waits holds nothing that others need: it may be kept and never polled again. All who wait are woken when
//! something changes, and each looks for itself whether it may go on; they are woken in the order in which they came.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use http::HeaderMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::sleep::sleep_until;
use crate::response::rate_limit::{LONGEST_WINDOW, RateLimit, retry_after, until_reset};

/// What all clones of a client share: how many requests the window still allows, and when it ends.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Whether requests wait for the rate limit.
    paces: bool,
    /// How many requests may be under way at once.
    max_in_flight: Option<u64>,
    state: Mutex<State>,
    /// Wakes those who wait.
    changed: Notify,
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
    /// How many seconds a window lasts at the most, once two of them are known.
    window: Option<u32>,
    /// Requests sent and not answered yet.
    under_way: u64,
    /// Answers that told no limit, since the beginning or the last that said that there is one.
    untold: u64,
    /// Since when an answer is waited for that tells how many requests are left.
    asked: Option<Instant>,
}

/// So many requests are under way at once as long as nothing is known of the server's limit, and one more after each answer
/// that does not tell it: a first burst would exceed a small one.
const UNKNOWN: u64 = 4;

/// So long is an answer waited for that tells how many requests are left.
const PATIENCE: Duration = Duration::from_secs(1);

/// What keeps a request from being sent.
enum Wait {
    /// The window is spent until then.
    Until(Instant),
    /// An answer has to come, or a permit back.
    Answer,
}

/// The permit to send one request; dropped when its answer is there or nobody waits for it any more.
pub(crate) struct Permit(Arc<Gate>);

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way = state.under_way.saturating_sub(1);
        drop(state);
        self.0.changed.notify_waiters();
    }
}

/// A permit that several hold: it is given back as soon as one of them lets go.
#[derive(Clone)]
pub(crate) struct SharedPermit(Arc<Mutex<Option<Permit>>>);

impl From<Permit> for SharedPermit {
    fn from(permit: Permit) -> Self {
        Self(Arc::new(Mutex::new(Some(permit))))
    }
}

impl Drop for SharedPermit {
    fn drop(&mut self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl State {
    /// Takes one request out of the window, or says what to wait for.
    fn take(&mut self, paces: bool, max_in_flight: Option<u64>) -> Result<(), Wait> {
        if max_in_flight.is_some_and(|most| self.under_way >= most) {
            return Err(Wait::Answer);
        }
        if paces {
            self.pace()?;
            self.remaining = self.remaining.saturating_sub(1);
        }
        self.under_way += 1;
        Ok(())
    }

    fn pace(&mut self) -> Result<(), Wait> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            // A new window has begun; the server may count in it what is under way.
            self.until = None;
            self.remaining = self.limit.unwrap_or_default().saturating_sub(self.under_way);
        }
        if self.remaining > 0 {
            return Ok(());
        }
        match (self.until, self.limit) {
            (Some(until), _) => Err(Wait::Until(until)),
            (None, Some(limit)) => {
                if self.under_way > 0 {
                    self.ask()?;
                }
                // Nothing told the limit of a whole window's worth of requests: begin anew.
                self.asked = None;
                self.remaining = limit.max(1);
                Ok(())
            }
            (None, None) if self.under_way >= UNKNOWN.saturating_add(self.untold) => self.ask(),
            (None, None) => Ok(()),
        }
    }

    /// Waits for an answer, but not for ever: what is under way may be a call that nobody polls any more.
    fn ask(&mut self) -> Result<(), Wait> {
        let now = Instant::now();
        let until = *self.asked.get_or_insert(now) + PATIENCE;
        if now < until {
            return Err(Wait::Until(until));
        }
        // One goes on to ask; the others wait for its answer in their turn.
        self.asked = Some(now);
        Ok(())
    }

    /// Whether an answer that names an earlier window is not late but of a server whose clock was set back: it was asked for when
    /// the newest window was known, which is over.
    fn is_set_back(&self, known: i64) -> bool {
        known == self.reset && self.until.is_none()
    }

    /// Learns from an answer's headers; `known` is the newest window that was known when it was asked for.
    fn learn(&mut self, headers: &HeaderMap, rate_limited: bool, known: i64) {
        let limit = RateLimit::from_headers(headers);
        if let Some(limit) = limit
            && self.reset != 0
            && let Ok(passed @ 1..) = u32::try_from(limit.reset.saturating_sub(self.reset))
        {
            self.window = Some(passed.min(self.window.unwrap_or(passed)));
        }
        // Many clients wait for the same reset: each adds a little of its own.
        let jitter = JITTER * self.window.unwrap_or(WINDOW).min(WINDOW);
        let end = |wait: Duration| Instant::now() + wait.min(LONGEST_WINDOW) + jitter.mul_f64(fastrand::f64());
        if let Some(limit) = limit {
            let others = self.under_way.saturating_sub(1);
            // Fewer than counted are left when somebody else uses the limit too.
            let lower = |counted: u64| match limit.remaining < counted {
                true => limit.remaining.saturating_sub(others),
                false => counted,
            };
            if limit.reset == self.reset {
                // Answers of a window that is over say nothing about the next one.
                if self.until.is_some() {
                    self.remaining = lower(self.remaining);
                }
            } else if (limit.reset > self.reset || self.is_set_back(known))
                && let Some(wait) = until_reset(headers)
            {
                let counting = self.limit.is_some() && self.until.is_none();
                self.remaining = match counting {
                    // The own count began with the window.
                    true => lower(self.remaining),
                    // What is under way may be counted in it or not.
                    false => limit.remaining.saturating_sub(others),
                };
                self.limit = Some(limit.limit);
                self.reset = limit.reset;
                self.until = Some(end(wait));
            }
        }
        if rate_limited && let Some(wait) = retry_after(headers).max(until_reset(headers)) {
            let until = end(wait);
            self.remaining = 0;
            self.until = Some(self.until.map_or(until, |known| known.max(until)));
        }
        self.asked = None;
        // After a wait of which no limit is known, the first requests feel their way again.
        self.untold = if rate_limited { 0 } else { self.untold.saturating_add(1) };
    }
}

impl Gate {
    pub(crate) fn new(wait_for_rate_limit: bool, max_in_flight: Option<usize>) -> Self {
        Self {
            paces: wait_for_rate_limit,
            max_in_flight: max_in_flight.map(|requests| requests as u64),
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is plain numbers: one that a panic left behind is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether only so many requests may be under way.
    pub(crate) fn is_limited(&self) -> bool {
        self.max_in_flight.is_some()
    }

    /// How long a request would have to wait at the least, were it to pass now.
    pub(crate) fn wait(&self) -> Duration {
        let state = self.state();
        match state.until {
            Some(until) if self.paces && state.remaining == 0 => until.saturating_duration_since(Instant::now()),
            _ => Duration::ZERO,
        }
    }

    fn take(self: &Arc<Self>) -> Result<Permit, Wait> {
        let taken = self.state().take(self.paces, self.max_in_flight);
        taken.map(|()| Permit(Arc::clone(self)))
    }

    /// Waits for the permit to send one request; `waits` is told how long that takes at the least, where it is known.
    pub(crate) async fn permit(self: &Arc<Self>, waits: impl FnOnce(Duration)) -> Permit {
        if let Ok(permit) = self.take() {
            return permit;
        }
        let wait = self.wait();
        if !wait.is_zero() {
            waits(wait);
        }
        loop {
            // Made before the look, so that no change between the two is missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let wait = match self.take() {
                Ok(permit) => return permit,
                Err(wait) => wait,
            };
            match wait {
                Wait::Until(until) => {
                    select(changed, pin!(sleep_until(until))).await;
                }
                Wait::Answer => changed.await,
            }
        }
    }

    /// The server's name for the newest window that is known.
    pub(crate) fn known_window(&self) -> i64 {
        self.state().reset
    }

    /// Learns from an answer's headers; `rate_limited` when the answer is that too much was asked, `known` the newest window that
    /// was known when it was asked for.
    pub(crate) fn observe(&self, headers: &HeaderMap, rate_limited: bool, known: i64) {
        if self.paces {
            self.state().learn(headers, rate_limited, known);
            self.changed.notify_waiters();
        }
    }
}

/// How many seconds a window of Intercom's lasts.
const WINDOW: u32 = 10;
/// The most that is added to the end of a window, for each second that it lasts.
const JITTER: Duration = Duration::from_millis(25);
