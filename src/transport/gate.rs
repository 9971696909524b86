//! The gate that keeps all clones of a client inside the server's rate limit and below their limit of concurrent requests.
//!
//! Calls that have to wait stand in a [queue](super::queue), first come, first served. A waiting call holds nothing that others
//! need, so it may be kept and never polled again. Each permit wakes one call, not all of them.
//!
//! A background task, the *keeper*, runs while calls wait: it makes offers when a window ends, and withdraws those that nobody
//! takes. Its runtime can stop running it at any time, so calls that wait on another runtime replace it when it is late.

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

/// What all clones of a client share: the rate limit's window, the requests under way, and the calls that wait.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Whether requests wait for the rate limit.
    paces: bool,
    /// Number of requests that may be under way at once.
    max_in_flight: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    window: Window,
    /// Requests sent and not answered yet.
    under_way: u64,
    queue: Queue,
    keeper: Option<Keeper>,
    /// The number of the newest keeper.
    keepers: u64,
    /// Since when the window is known to be exhausted, and until when.
    exhausted: Option<(Instant, Instant)>,
    /// How long the window was known to be exhausted while calls waited.
    time_exhausted: Duration,
}

/// The background task that makes and withdraws offers.
#[derive(Debug)]
struct Keeper {
    number: u64,
    runtime: Id,
    /// When it looks at the queue next, at the latest.
    next: Instant,
    /// Wakes it before that.
    changed: Arc<Notify>,
}

/// How long the keeper sleeps at most, and runs after the last call that waited.
const LINGER: Duration = Duration::from_secs(1);

/// How late the keeper may be before another one replaces it.
const LATE: Duration = Duration::from_millis(100);

/// The permit to send one request; dropped when its response arrives or is no longer waited for.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    /// How long the call waited for it, without the time in which the rate limit was known to be exhausted.
    pub waited: Duration,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate
            .change(|state, _| state.under_way = state.under_way.saturating_sub(1));
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

/// Calls to wake, and the keeper where it has to look earlier than it planned. They are woken once the state is unlocked:
/// a waker may drop a permit.
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
    /// How many more requests may be sent now.
    fn room(&mut self, gate: &Gate, now: Instant) -> Room {
        let most = gate.max_in_flight.map(|most| most.saturating_sub(self.under_way));
        if most == Some(0) {
            return Room::Full;
        }
        let room = match gate.paces {
            true => self.window.room(now, self.under_way),
            false => Room::Free(u64::MAX),
        };
        match room {
            Room::Free(free) => Room::Free(free.min(most.unwrap_or(free))),
            room => room,
        }
    }

    /// Counts one request that is sent now.
    fn take(&mut self, gate: &Gate, now: Instant) {
        if gate.paces {
            self.window.take(now, self.under_way);
        }
        self.under_way += 1;
    }

    /// Adds up how long the window was exhausted, as known until now.
    fn count_exhausted(&mut self, now: Instant) {
        if let Some((since, until)) = self.exhausted.take() {
            self.time_exhausted += now.min(until).saturating_duration_since(since);
        }
    }

    /// Offers what is free to the calls that wait, and plans when the keeper looks again.
    fn settle(&mut self, gate: &Gate, now: Instant) -> (Room, Wake) {
        let room = self.room(gate, now);
        let calls = match room {
            Room::Free(free) => self.queue.offer(now, free),
            _ => Vec::new(),
        };
        if let Room::Exhausted(until) = room {
            self.exhausted = Some((now, until));
        }
        let next = self.next(room, now);
        let keeper = self.keeper.as_mut().filter(|keeper| next < keeper.next).map(|keeper| {
            keeper.next = next;
            Arc::clone(&keeper.changed)
        });
        (room, Wake { calls, keeper })
    }

    /// When the keeper has to look at the queue again.
    fn next(&mut self, room: Room, now: Instant) -> Instant {
        let room = match room {
            Room::Exhausted(until) | Room::Unknown(until) if self.queue.waits() => Some(until),
            _ => None,
        };
        let times = [room, self.queue.next_expiry()];
        times.into_iter().flatten().fold(now + LINGER, Instant::min)
    }

    /// Plans a new keeper if there is none that runs.
    fn renew_keeper(&mut self, room: Room, now: Instant, runtime: Id) -> Option<(u64, Arc<Notify>)> {
        if self.keeper.as_ref().is_some_and(|keeper| now < keeper.next + LATE) {
            return None;
        }
        self.keepers += 1;
        let changed = Arc::new(Notify::new());
        self.keeper = Some(Keeper {
            number: self.keepers,
            runtime,
            next: self.next(room, now),
            changed: Arc::clone(&changed),
        });
        Some((self.keepers, changed))
    }

    /// Returns `true` if this is the newest keeper.
    fn is_kept_by(&self, number: u64) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| keeper.number == number)
    }
}

impl Gate {
    pub(crate) fn new(wait_for_rate_limit: bool, max_in_flight: Option<usize>) -> Self {
        Self {
            paces: wait_for_rate_limit,
            max_in_flight: max_in_flight.map(|requests| requests as u64),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state stays usable whatever panicked while it was locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes the calls that this makes room for.
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

    /// Returns `true` if the number of requests under way is limited.
    pub(crate) fn is_limited(&self) -> bool {
        self.max_in_flight.is_some()
    }

    /// How long a request would have to wait at least if it were sent now.
    pub(crate) fn wait(&self) -> Duration {
        match self.paces {
            true => self.state().window.wait(Instant::now()),
            false => Duration::ZERO,
        }
    }

    /// The server's name for the newest window that is known.
    pub(crate) fn known_window(&self) -> i64 {
        self.state().window.reset()
    }

    /// Learns from a response's headers; `rate_limited` if the response is a 429 for too many requests, `known` is the newest
    /// window that was known when the request was sent.
    pub(crate) fn observe(&self, headers: &HeaderMap, rate_limited: bool, known: i64) {
        if self.paces {
            self.change(|state, now| state.window.learn(now, headers, rate_limited, known, state.under_way));
        }
    }

    /// Records that a permit was given back without a request: it does not count in the window.
    pub(crate) fn unsent(&self) {
        if self.paces {
            self.change(|state, _| state.window.untake());
        }
    }

    /// Takes a permit if there is one that no other call waits for.
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
        })
    }

    /// Waits for the permit to send one request, at most as long as `limit` allows; the time in which the rate limit is known to
    /// be exhausted does not count. `waits` is called with the shortest time that this takes, if it is known.
    pub(crate) async fn permit(
        self: &Arc<Self>,
        limit: Duration,
        waits: impl FnOnce(Duration),
    ) -> Result<Permit, Expired> {
        if let Some(permit) = self.try_permit() {
            return Ok(permit);
        }
        let wait = self.wait();
        if !wait.is_zero() {
            waits(wait);
        }
        let mut waiting = Waiting::new(self, limit);
        let mut timer: Option<(Instant, Timer)> = None;
        poll_fn(|context| {
            loop {
                let until = match waiting.poll(context) {
                    Step::Taken(permit) => return Poll::Ready(Ok(permit)),
                    Step::Expired => return Poll::Ready(Err(Expired)),
                    Step::Wait(until) => until,
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

    /// Makes and withdraws offers until no call waits.
    async fn keep(self: Arc<Self>, number: u64, changed: Arc<Notify>) {
        let mut running = Running {
            gate: Arc::clone(&self),
            number,
            started: false,
        };
        running.started = true;
        while let Some(next) = self.look(number) {
            select(pin!(changed.notified()), pin!(tokio::time::sleep_until(next))).await;
            // Calls that were woken before are polled first.
            tokio::task::yield_now().await;
        }
    }

    /// What the keeper does from time to time; returns when it is due again, or `None` if it is not needed any more.
    fn look(&self, number: u64) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        if !state.is_kept_by(number) {
            // Those who relied on this runtime to run the keeper decide anew.
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
        let next = state.next(room, now);
        if let Some(keeper) = &mut state.keeper {
            keeper.next = next;
        }
        drop(state);
        wake.wake();
        Some(next)
    }
}

/// A timer that is polled.
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call waited longer for its permit than it may.
#[derive(Debug)]
pub(crate) struct Expired;

/// Ends the keeper when its task ends, with its runtime too.
struct Running {
    gate: Arc<Gate>,
    number: u64,
    /// Whether it was polled. A runtime that shuts down drops a task that is spawned on it at once.
    started: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if !state.is_kept_by(self.number) {
            return;
        }
        state.keeper = None;
        let calls = match self.started {
            // One of them starts another keeper.
            true => state.queue.waiting(),
            false => Vec::new(),
        };
        drop(state);
        Wake { calls, keeper: None }.wake();
    }
}

/// A call in the queue, which it leaves when this is dropped.
struct Waiting<'g> {
    gate: &'g Arc<Gate>,
    ticket: Ticket,
    since: Instant,
    /// How long the window had been exhausted by then.
    exhausted: Duration,
    limit: Duration,
}

/// What a call that waits does next.
enum Step {
    Taken(Permit),
    Expired,
    /// Waits until it is woken, or for this time.
    Wait(Option<Instant>),
}

impl<'g> Waiting<'g> {
    fn new(gate: &'g Arc<Gate>, limit: Duration) -> Self {
        let since = Instant::now();
        let mut state = gate.state();
        state.count_exhausted(since);
        Self {
            gate,
            ticket: state.queue.ticket(),
            since,
            exhausted: state.time_exhausted,
            limit,
        }
    }

    fn poll(&mut self, context: &Context<'_>) -> Step {
        let now = Instant::now();
        let mut state = self.gate.state();
        state.count_exhausted(now);
        let invited = state.queue.wait(self.ticket, context.waker());
        let (room, mut wake) = state.settle(self.gate, now);
        let elapsed = now.saturating_duration_since(self.since);
        let exhausted = state.time_exhausted.saturating_sub(self.exhausted);
        let waited = elapsed.saturating_sub(exhausted);
        let offered = invited || state.queue.has_offer(self.ticket);
        let mut keeper = None;
        let step = if matches!(room, Room::Free(_)) && offered {
            wake.calls.retain(|(ticket, _)| *ticket != self.ticket);
            state.queue.take(self.ticket);
            state.take(self.gate, now);
            Step::Taken(Permit {
                gate: Arc::clone(self.gate),
                waited,
            })
        } else if waited >= self.limit {
            Step::Expired
        } else {
            let runtime = Handle::try_current().ok();
            keeper = runtime.and_then(|runtime| {
                let planned = state.renew_keeper(room, now, runtime.id());
                planned.map(|planned| (runtime, planned))
            });
            let exhausted = state
                .exhausted
                .map_or(Duration::ZERO, |(_, until)| until.saturating_duration_since(now));
            let left = (self.limit - waited).saturating_add(exhausted);
            let end = now.checked_add(left);
            let watch = state
                .keeper
                .as_ref()
                .and_then(|keeper| self.watches(keeper, now, elapsed));
            Step::Wait([end, watch].into_iter().flatten().min())
        };
        drop(state);
        if let Some((runtime, (number, changed))) = keeper {
            runtime.spawn(Arc::clone(self.gate).keep(number, changed));
        }
        wake.wake();
        step
    }

    /// When this call looks whether the keeper is late: a keeper on another runtime may not be run any more. The longer the
    /// call has waited, the more rarely it looks.
    fn watches(&self, keeper: &Keeper, now: Instant, elapsed: Duration) -> Option<Instant> {
        let other = Handle::try_current().is_ok_and(|runtime| runtime.id() != keeper.runtime);
        other.then(|| (keeper.next + LATE).max(now + elapsed / 4))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let ticket = self.ticket;
        self.gate.change(|state, _| {
            state.queue.remove(ticket);
        });
    }
}

#[cfg(test)]
mod tests;
