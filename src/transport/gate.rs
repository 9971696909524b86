//! The gate keeps all clones of a client within the server's rate limit and their limit of
//! concurrent requests.
//!
//! Waiting calls are served from a [queue](super::queue), first come, first served. A waiting call
//! holds no lock or permit, so a future that is never polled again cannot block others. Each permit
//! wakes one call, not all of them.
//!
//! While calls wait, a background task, the *keeper*, makes offers when a window ends and removes
//! offers that expired. Its runtime can stop at any time, so calls that wait on another runtime
//! replace the keeper when it is late.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::select;
use http::HeaderMap;
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::queue::{Queue, Ticket};
use super::sleep::sleep_until;
use super::window::{Room, Window};

/// The state that all clones of a client share: the rate limit's window, the number of requests in
/// flight, and the waiting calls.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Whether requests wait for the rate limit.
    waits_for_rate_limit: bool,
    /// Maximum number of requests in flight.
    max_in_flight: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    window: Window,
    /// Number of requests that were sent and have no response yet.
    in_flight: u64,
    queue: Queue,
    keeper: Option<Keeper>,
    /// The number of the newest keeper.
    keepers: u64,
    /// Start and end of the time in which the window is known to be exhausted.
    exhausted: Option<(Instant, Instant)>,
    /// Total time for which the window was known to be exhausted while calls waited.
    time_exhausted: Duration,
}

/// The background task that makes and withdraws offers.
#[derive(Debug)]
struct Keeper {
    number: u64,
    runtime: Id,
    /// When the keeper checks the queue next, at the latest.
    next_check: Instant,
    /// Wakes the keeper before that.
    wake: Arc<Notify>,
}

/// The longest time that the keeper sleeps, and how long it runs after the last call has waited.
const MAX_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// How late the keeper may be before another one replaces it.
const MAX_DELAY: Duration = Duration::from_millis(100);

/// The permit to send one request. It is dropped when the response arrives or the call is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    /// How long the call waited for the permit, without the time in which the rate limit was known
    /// to be exhausted.
    pub waited: Duration,
    /// How long the call waited for the rate limit.
    pub rate_limit_wait: Duration,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate
            .change(|state, _| state.in_flight = state.in_flight.saturating_sub(1));
    }
}

/// A permit with several owners. It is returned as soon as one of them drops it.
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

/// The calls to wake, and the keeper if its next check becomes earlier. They are woken after the
/// state is unlocked, because a waker can drop a permit.
#[derive(Default)]
struct Wake {
    calls: Vec<(Ticket, Waker)>,
    keeper: Option<Arc<Notify>>,
}

impl Wake {
    fn wake(self) {
        for (_, waker) in self.calls {
            waker.wake();
        }
        if let Some(keeper) = self.keeper {
            keeper.notify_one();
        }
    }
}

impl State {
    /// Returns the number of requests that may be sent now.
    fn room(&mut self, gate: &Gate, now: Instant) -> Room {
        let free_permits = gate.max_in_flight.map(|max| max.saturating_sub(self.in_flight));
        if free_permits == Some(0) {
            return Room::Full;
        }
        let room = match gate.waits_for_rate_limit {
            true => self.window.room(now, self.in_flight),
            false => Room::Free(u64::MAX),
        };
        match room {
            Room::Free(free) => Room::Free(free.min(free_permits.unwrap_or(free))),
            room => room,
        }
    }

    /// Counts a request that is sent now.
    fn take(&mut self, gate: &Gate, now: Instant) {
        if gate.waits_for_rate_limit {
            self.window.take(now, self.in_flight);
        }
        self.in_flight += 1;
    }

    /// Adds the time for which the window was exhausted until now.
    fn count_exhausted(&mut self, now: Instant) {
        if let Some((since, until)) = self.exhausted.take() {
            self.time_exhausted += now.min(until).saturating_duration_since(since);
        }
    }

    /// Offers the free permits to the waiting calls, and schedules the keeper's next check.
    fn settle(&mut self, gate: &Gate, now: Instant) -> (Room, Wake) {
        let room = self.room(gate, now);
        let calls = match room {
            Room::Free(free) => self.queue.offer(now, free),
            _ => Vec::new(),
        };
        if let Room::Exhausted(until) = room {
            self.exhausted = Some((now, until));
        }
        let next_check = self.next_check(room, now);
        let keeper = self.keeper.as_mut().filter(|keeper| next_check < keeper.next_check);
        let keeper = keeper.map(|keeper| {
            keeper.next_check = next_check;
            Arc::clone(&keeper.wake)
        });
        (room, Wake { calls, keeper })
    }

    /// Returns when the keeper must check the queue again.
    fn next_check(&mut self, room: Room, now: Instant) -> Instant {
        let room = match room {
            Room::Exhausted(until) | Room::Unknown(until) if self.queue.waits() => Some(until),
            _ => None,
        };
        let times = [room, self.queue.next_expiry()];
        times.into_iter().flatten().fold(now + MAX_CHECK_INTERVAL, Instant::min)
    }

    /// Registers a new keeper if none is running, and returns its number and how to wake it.
    fn renew_keeper(&mut self, room: Room, now: Instant, runtime: Id) -> Option<(u64, Arc<Notify>)> {
        if self
            .keeper
            .as_ref()
            .is_some_and(|keeper| now < keeper.next_check + MAX_DELAY)
        {
            return None;
        }
        self.keepers += 1;
        let wake = Arc::new(Notify::new());
        self.keeper = Some(Keeper {
            number: self.keepers,
            runtime,
            next_check: self.next_check(room, now),
            wake: Arc::clone(&wake),
        });
        Some((self.keepers, wake))
    }

    /// Returns `true` if this is the newest keeper.
    fn is_current_keeper(&self, number: u64) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| keeper.number == number)
    }
}

impl Gate {
    pub(crate) fn new(wait_for_rate_limit: bool, max_in_flight: Option<usize>) -> Self {
        Self {
            waits_for_rate_limit: wait_for_rate_limit,
            max_in_flight: max_in_flight.map(|requests| requests as u64),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid even if a thread panicked while it held the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes the calls that get a permit because of the change.
    fn change(&self, change: impl FnOnce(&mut State, Instant)) {
        let now = Instant::now();
        let mut state = self.state();
        state.count_exhausted(now);
        change(&mut state, now);
        let wake = match state.queue.is_empty() {
            true => Wake::default(),
            false => state.settle(self, now).1,
        };
        drop(state);
        wake.wake();
    }

    /// Returns `true` if the number of requests in flight is limited.
    pub(crate) fn is_limited(&self) -> bool {
        self.max_in_flight.is_some()
    }

    /// Returns the shortest time that a new request has to wait.
    pub(crate) fn wait(&self) -> Duration {
        match self.waits_for_rate_limit {
            true => self.state().window.wait(Instant::now()),
            false => Duration::ZERO,
        }
    }

    /// Returns the reset time of the newest known window, which identifies the window.
    pub(crate) fn known_window(&self) -> i64 {
        self.state().window.reset()
    }

    /// Updates the window from the headers of a response. `is_rate_limited` is `true` for a 429 for
    /// too many requests; `known_window` is the newest window that was known when the request was
    /// sent.
    pub(crate) fn observe(&self, headers: &HeaderMap, is_rate_limited: bool, known_window: i64) {
        if self.waits_for_rate_limit {
            self.change(|state, now| {
                state
                    .window
                    .learn(now, headers, is_rate_limited, known_window, state.in_flight);
            });
        }
    }

    /// Records that a permit was returned without a request, which does not count against the rate
    /// limit.
    pub(crate) fn unsent(&self) {
        if self.waits_for_rate_limit {
            self.change(|state, _| state.window.untake());
        }
    }

    /// Takes a permit if one is free and no call waits for it.
    fn try_permit(self: &Arc<Self>) -> Option<Permit> {
        let now = Instant::now();
        let mut state = self.state();
        match state.room(self, now) {
            Room::Free(free) if free > state.queue.offered() && !state.queue.waits() => state.take(self, now),
            _ => return None,
        }
        drop(state);
        Some(Permit {
            gate: Arc::clone(self),
            waited: Duration::ZERO,
            rate_limit_wait: Duration::ZERO,
        })
    }

    /// Waits for the permit to send one request, at most for `limit`. The time in which the rate
    /// limit is known to be exhausted does not count. `on_wait` is called with the shortest time
    /// that the wait takes, if it is known.
    pub(crate) async fn permit(
        self: &Arc<Self>,
        limit: Duration,
        on_wait: impl FnOnce(Duration),
    ) -> Result<Permit, Expired> {
        match self.try_permit() {
            Some(permit) => Ok(permit),
            // Boxed because few calls wait and the future would be larger.
            None => Box::pin(self.wait_for_permit(limit, on_wait)).await,
        }
    }

    async fn wait_for_permit(
        self: &Arc<Self>,
        limit: Duration,
        on_wait: impl FnOnce(Duration),
    ) -> Result<Permit, Expired> {
        let wait = self.wait();
        if !wait.is_zero() {
            on_wait(wait);
        }
        let mut waiting = WaitingCall::new(self, limit);
        let mut timer: Option<(Instant, Timer)> = None;
        poll_fn(|context| {
            loop {
                let until = match waiting.poll(context) {
                    WaitStep::Taken(permit) => return Poll::Ready(Ok(permit)),
                    WaitStep::Expired(expired) => return Poll::Ready(Err(expired)),
                    WaitStep::Wait(until) => until,
                };
                if timer.as_ref().map(|(end, _)| *end) != until {
                    timer = until.map(|end| (end, Box::pin(sleep_until(end)) as Pin<Box<_>>));
                }
                let Some((_, sleep)) = &mut timer else {
                    return Poll::Pending;
                };
                if sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                timer = None;
            }
        })
        .await
    }

    /// Runs the keeper: makes and removes offers until no calls wait.
    async fn keep(self: Arc<Self>, number: u64, wake: Arc<Notify>) {
        let mut running = RunningKeeper {
            gate: Arc::clone(&self),
            number,
            started: false,
        };
        running.started = true;
        while let Some(next_check) = self.check(number) {
            select(pin!(wake.notified()), pin!(tokio::time::sleep_until(next_check))).await;
            // Lets the calls that were already woken run first.
            tokio::task::yield_now().await;
        }
    }

    /// Checks the queue for the keeper; returns when the next check is due, or `None` if the keeper
    /// is no longer needed.
    fn check(&self, number: u64) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        if !state.is_current_keeper(number) {
            // Calls that relied on this runtime to run the keeper check who runs it now.
            let calls = state.queue.waiting();
            drop(state);
            Wake { calls, keeper: None }.wake();
            return None;
        }
        if state.queue.is_empty() {
            state.keeper = None;
            return None;
        }
        state.count_exhausted(now);
        state.queue.expire(now);
        let (room, wake) = state.settle(self, now);
        let next_check = state.next_check(room, now);
        if let Some(keeper) = &mut state.keeper {
            keeper.next_check = next_check;
        }
        drop(state);
        wake.wake();
        Some(next_check)
    }
}

/// A timer of a waiting call.
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call reached its time limit while it waited for its permit. The times are those of a [`Permit`].
#[derive(Debug)]
pub(crate) struct Expired {
    pub waited: Duration,
    pub rate_limit_wait: Duration,
}

/// Removes the keeper when its task ends, for example because its runtime shuts down.
struct RunningKeeper {
    gate: Arc<Gate>,
    number: u64,
    /// Whether the task was polled. A runtime that is shutting down drops new tasks immediately.
    started: bool,
}

impl Drop for RunningKeeper {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if !state.is_current_keeper(self.number) {
            return;
        }
        state.keeper = None;
        let calls = match self.started {
            // One of these calls starts another keeper.
            true => state.queue.waiting(),
            false => Vec::new(),
        };
        drop(state);
        Wake { calls, keeper: None }.wake();
    }
}

/// A call in the queue. Dropping it removes the call from the queue.
struct WaitingCall<'g> {
    gate: &'g Arc<Gate>,
    ticket: Ticket,
    since: Instant,
    /// The total exhausted time at the start of the wait.
    exhausted_before: Duration,
    limit: Duration,
}

/// The next step of a waiting call.
enum WaitStep {
    Taken(Permit),
    Expired(Expired),
    /// Wait until woken, or until this time.
    Wait(Option<Instant>),
}

impl<'g> WaitingCall<'g> {
    fn new(gate: &'g Arc<Gate>, limit: Duration) -> Self {
        let since = Instant::now();
        let mut state = gate.state();
        state.count_exhausted(since);
        Self {
            gate,
            ticket: state.queue.ticket(),
            since,
            exhausted_before: state.time_exhausted,
            limit,
        }
    }

    fn poll(&mut self, context: &Context<'_>) -> WaitStep {
        let now = Instant::now();
        let mut state = self.gate.state();
        state.count_exhausted(now);
        let had_offer = state.queue.wait(self.ticket, context.waker());
        let (room, mut wake) = state.settle(self.gate, now);
        let elapsed = now.saturating_duration_since(self.since);
        let exhausted = state.time_exhausted.saturating_sub(self.exhausted_before);
        let waited = elapsed.saturating_sub(exhausted);
        let rate_limit_wait = elapsed.saturating_sub(waited);
        let has_offer = had_offer || state.queue.has_offer(self.ticket);
        let mut keeper = None;
        let step = if matches!(room, Room::Free(_)) && has_offer {
            wake.calls.retain(|(ticket, _)| *ticket != self.ticket);
            state.queue.take(self.ticket);
            state.take(self.gate, now);
            WaitStep::Taken(Permit {
                gate: Arc::clone(self.gate),
                waited,
                rate_limit_wait,
            })
        } else if waited >= self.limit {
            WaitStep::Expired(Expired {
                waited,
                rate_limit_wait,
            })
        } else {
            let runtime = Handle::try_current().ok();
            keeper = runtime.and_then(|runtime| {
                let keeper = state.renew_keeper(room, now, runtime.id());
                keeper.map(|keeper| (runtime, keeper))
            });
            let exhausted = state
                .exhausted
                .map_or(Duration::ZERO, |(_, until)| until.saturating_duration_since(now));
            let remaining = (self.limit - waited).saturating_add(exhausted);
            let end = now.checked_add(remaining);
            let keeper_check = state
                .keeper
                .as_ref()
                .and_then(|keeper| self.keeper_check(keeper, now, elapsed));
            WaitStep::Wait([end, keeper_check].into_iter().flatten().min())
        };
        drop(state);
        if let Some((runtime, (number, wake_keeper))) = keeper {
            runtime.spawn(Arc::clone(self.gate).keep(number, wake_keeper));
        }
        wake.wake();
        step
    }

    /// Returns when this call checks whether the keeper is late, because a keeper on another
    /// runtime may have stopped. The longer the call has waited, the less often it checks.
    fn keeper_check(&self, keeper: &Keeper, now: Instant, elapsed: Duration) -> Option<Instant> {
        let is_elsewhere = Handle::try_current().is_ok_and(|runtime| runtime.id() != keeper.runtime);
        is_elsewhere.then(|| (keeper.next_check + MAX_DELAY).max(now + elapsed / 4))
    }
}

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        let ticket = self.ticket;
        self.gate.change(|state, _| {
            state.queue.remove(ticket);
        });
    }
}

#[cfg(test)]
mod tests;
