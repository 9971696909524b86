use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use http::HeaderValue;
use tokio::time::sleep;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const EVER: Duration = Duration::MAX;

fn gate(max_in_flight: usize) -> Arc<Gate> {
    Arc::new(Gate::new(true, Some(max_in_flight)))
}

/// Waits for a permit that never expires.
async fn permit(gate: &Arc<Gate>) -> Permit {
    gate.permit(EVER, |_| {}).await.unwrap()
}

type PermitFuture = Pin<Box<dyn Future<Output = Result<Permit, Expired>> + Send>>;

/// A call that was polled until it waits.
fn unpolled(gate: &Arc<Gate>) -> PermitFuture {
    let gate = Arc::clone(gate);
    let mut call: PermitFuture = Box::pin(async move { gate.permit(EVER, |_| {}).await });
    assert!(call.as_mut().now_or_never().is_none());
    call
}

/// Counts the polls of a future.
fn count_polls<F: Future>(polls: &Arc<AtomicU64>, future: F) -> impl Future<Output = F::Output> + use<F> {
    let polls = Arc::clone(polls);
    let mut future = Box::pin(future);
    poll_fn(move |context| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
}

/// Returns the headers of a response in the window that ends at `reset`, `remaining_time` seconds
/// before its end.
fn headers(limit: u64, remaining: u64, reset: u64, remaining_time: Option<u64>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [("limit", limit), ("remaining", remaining), ("reset", reset)] {
        let name = format!("x-ratelimit-{name}");
        let name = http::HeaderName::try_from(name).unwrap();
        headers.insert(name, HeaderValue::from(value));
    }
    if let Some(remaining_time) = remaining_time {
        let date = std::time::UNIX_EPOCH + Duration::from_secs(reset - remaining_time);
        let date = HeaderValue::try_from(httpdate::fmt_http_date(date)).unwrap();
        headers.insert(http::header::DATE, date);
    }
    headers
}

/// A server that allows `limit` requests per window, and whose clock is wrong.
struct WindowServer {
    start: Instant,
    /// The time of its clock at the start, in epoch seconds.
    clock: u64,
    length: u64,
    limit: u64,
    /// Whether its responses have a `Date`.
    sends_date: bool,
    counts: Mutex<std::collections::BTreeMap<u64, u64>>,
}

impl WindowServer {
    fn new(length: u64, limit: u64, clock_error: i64, sends_date: bool) -> Self {
        let now = crate::response::rate_limit::local_time() as u64;
        Self {
            start: Instant::now(),
            clock: now.saturating_add_signed(clock_error),
            length,
            limit,
            sends_date,
            counts: Mutex::default(),
        }
    }

    /// Sends a request through the gate; returns `true` if it is within the limit.
    async fn serve(&self, gate: &Arc<Gate>) -> bool {
        let permit = permit(gate).await;
        let known = gate.known_window();
        sleep(Duration::from_millis(20)).await;
        let now = self.clock + self.start.elapsed().as_secs();
        let window = now / self.length;
        let count = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(window).or_default();
            *count += 1;
            *count
        };
        let reset = (window + 1) * self.length;
        let remaining_time = self.sends_date.then_some(reset - now);
        let allowed = count <= self.limit;
        let headers = headers(self.limit, self.limit.saturating_sub(count), reset, remaining_time);
        gate.observe(&headers, !allowed, known);
        drop(permit);
        allowed
    }
}

/// Runs six loops until they have made `total` calls, each of which holds its permit for
/// `hold_time`. Returns the number of calls of each loop.
async fn six_loops(gate: &Arc<Gate>, total: u64, hold_time: Duration) -> Vec<u64> {
    let made = Arc::new(AtomicU64::new(0));
    let loops = (0..6).map(|_| {
        let (gate, made) = (Arc::clone(gate), Arc::clone(&made));
        tokio::spawn(async move {
            let mut calls = 0;
            while made.fetch_add(1, Ordering::Relaxed) < total {
                let permit = permit(&gate).await;
                match hold_time.is_zero() {
                    true => tokio::task::yield_now().await,
                    false => sleep(hold_time).await,
                }
                drop(permit);
                calls += 1;
            }
            calls
        })
    });
    let loops: Vec<_> = loops.collect();
    let made = futures_util::future::join_all(loops).await;
    made.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn loops_take_turns_on_one_thread() {
    let made = six_loops(&gate(1), 6000, Duration::ZERO).await;
    assert!(made.iter().all(|calls| (999..=1001).contains(calls)), "{made:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_take_turns_on_several_threads() {
    // Each turn is long enough that a thread that is scheduled late misses few turns.
    let made = six_loops(&gate(1), 600, Duration::from_millis(1)).await;
    let (min, max) = (made.iter().min(), made.iter().max());
    assert!(min.unwrap() * 2 >= *max.unwrap(), "{made:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_are_woken_a_few_times_each() {
    for max_in_flight in [1, 64] {
        for calls in [4_000, 8_000, 16_000] {
            let gate = gate(max_in_flight);
            let polls = Arc::new(AtomicU64::new(0));
            let tasks: Vec<_> = (0..calls)
                .map(|_| {
                    let gate = Arc::clone(&gate);
                    let call = async move {
                        let permit = permit(&gate).await;
                        sleep(Duration::from_millis(1)).await;
                        drop(permit);
                    };
                    tokio::spawn(count_polls(&polls, call))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            // The first poll, the offer, and the end of the work.
            let polls = polls.load(Ordering::Relaxed);
            assert!(polls <= 3 * calls + 100, "{polls} polls of {calls} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn new_window_wakes_only_calls_that_get_a_permit() {
    for calls in [2_000, 4_000, 8_000] {
        let gate = Arc::new(Gate::new(true, None));
        let server = Arc::new(WindowServer::new(10, 167, 0, true));
        let polls = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let (gate, server) = (Arc::clone(&gate), Arc::clone(&server));
                tokio::spawn(count_polls(&polls, async move { server.serve(&gate).await }))
            })
            .collect();
        let mut refused = 0;
        for task in tasks {
            refused += u64::from(!task.await.unwrap());
        }
        let polls = polls.load(Ordering::Relaxed);
        assert!(polls <= 4 * calls, "{polls} polls of {calls} calls");
        assert!(refused * 50 <= calls, "{refused} of {calls} refused");
    }
}

#[tokio::test(start_paused = true)]
async fn unpolled_calls_do_not_hold_up_others() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let unpolled: Vec<_> = (0..1000).map(|_| unpolled(&gate)).collect();
    let since = Instant::now();
    let behind = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { drop(permit(&gate).await) }
    });
    sleep(SECOND).await;
    drop(held);
    behind.await.unwrap();
    assert!(since.elapsed() < 2 * SECOND, "{:?}", since.elapsed());
    // The unpolled calls have kept their places.
    for call in unpolled {
        drop(call.await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn unpolled_call_is_first_when_it_is_polled_again() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let mut first = unpolled(&gate);
    let order = Arc::new(Mutex::new(Vec::new()));
    let spawn = |number: u32| {
        let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
        tokio::spawn(async move {
            let permit = permit(&gate).await;
            order.lock().unwrap().push(number);
            sleep(SECOND).await;
            drop(permit);
        })
    };
    let second = spawn(2);
    tokio::task::yield_now().await;
    let third = spawn(3);
    tokio::task::yield_now().await;
    drop(held);
    // The first call misses its turn.
    sleep(SECOND / 2).await;
    assert!(first.as_mut().now_or_never().is_none());
    let permit = first.await.unwrap();
    order.lock().unwrap().push(1);
    drop(permit);
    second.await.unwrap();
    third.await.unwrap();
    assert_eq!(*order.lock().unwrap(), [2, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn dropped_call_passes_its_turn_on() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let mut calls: Vec<_> = (0..100).map(|_| unpolled(&gate)).collect();
    let last = calls.pop().unwrap();
    drop(held);
    // The first call has been woken. Each dropped call wakes the next one.
    let since = Instant::now();
    calls.into_iter().for_each(drop);
    drop(last.await.unwrap());
    assert_eq!(since.elapsed(), Duration::ZERO);
    assert!(gate.state().queue.is_empty() && gate.state().in_flight == 0);
}

#[tokio::test(start_paused = true)]
async fn new_call_does_not_overtake_waiting_calls() {
    let gate = gate(2);
    let held = [permit(&gate).await, permit(&gate).await];
    let first = unpolled(&gate);
    drop(held);
    // One permit is offered, the other one is free.
    let second = permit(&gate).now_or_never().expect("one permit is free");
    let mut third = unpolled(&gate);
    drop(first.await.unwrap());
    let taken = third.as_mut().now_or_never();
    assert!(taken.is_some());
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn wait_for_other_calls_is_limited_and_wait_for_a_window_does_not_count() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let since = Instant::now();
    assert!(gate.permit(3 * SECOND, |_| {}).await.is_err());
    assert_eq!(since.elapsed().as_secs(), 3);
    gate.observe(&headers(3, 0, 1000, Some(10)), false, 0);
    drop(held);
    let since = Instant::now();
    let permit = gate
        .permit(SECOND, |_| {})
        .await
        .expect("the wait for the window does not count");
    assert!(since.elapsed() >= 10 * SECOND);
    assert!(permit.waited < SECOND, "{:?}", permit.waited);
    // Waits for the window, then for another call.
    drop(permit);
    let gate = self::gate(1);
    gate.observe(&headers(3, 0, 1000, Some(10)), false, 0);
    let since = Instant::now();
    let other = unpolled(&gate);
    let other = tokio::spawn(async move {
        let _held = other.await.unwrap();
        sleep(60 * SECOND).await;
    });
    assert!(gate.permit(3 * SECOND, |_| {}).await.is_err());
    let elapsed = since.elapsed().as_secs();
    assert!((13..15).contains(&elapsed), "{elapsed} s");
    other.abort();
}

#[tokio::test(start_paused = true)]
async fn clocks_can_differ_without_a_date() {
    for (length, limit, clock_error) in [
        (1, 50, 5),
        (1, 50, -2),
        (1, 50, 0),
        (1, 3, 5),
        (10, 50, 5),
        (10, 50, -7),
    ] {
        let gate = Arc::new(Gate::new(true, None));
        let server = Arc::new(WindowServer::new(length, limit, clock_error, false));
        let since = Instant::now();
        let calls = 6 * limit;
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let (gate, server) = (Arc::clone(&gate), Arc::clone(&server));
                tokio::spawn(async move { server.serve(&gate).await })
            })
            .collect();
        let mut refused = 0;
        for task in tasks {
            refused += u64::from(!task.await.unwrap());
        }
        let case = format!("windows of {length} s, limit {limit}, clock {clock_error} s off");
        assert!(refused <= 1 + calls / 50, "{case}: {refused} of {calls} refused");
        // Six windows, and at most one to find their start.
        let elapsed = since.elapsed();
        let max_elapsed = Duration::from_secs(7 * length) + 2 * SECOND;
        assert!(elapsed <= max_elapsed, "{case}: {elapsed:?}");
    }
}

/// A current-thread runtime.
fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The keeper runs on the runtime of the first waiting call.
#[test]
fn keeper_of_an_idle_or_dropped_runtime_is_replaced() {
    for stop in [std::mem::drop::<tokio::runtime::Runtime>, std::mem::forget] {
        let gate = gate(1);
        let held = Arc::clone(&gate).try_permit().unwrap();
        let first = current_thread();
        let waiting: Vec<_> = first.block_on(async {
            let calls = vec![unpolled(&gate), unpolled(&gate)];
            tokio::task::yield_now().await;
            calls
        });
        stop(first);
        let second = current_thread();
        second.block_on(async {
            let mut behind = Box::pin(permit(&gate));
            assert!(behind.as_mut().now_or_never().is_none());
            drop(held);
            let permit = tokio::time::timeout(20 * SECOND, behind).await;
            drop(permit.expect("unpolled calls hold no permit"));
            for call in waiting {
                let permit = tokio::time::timeout(20 * SECOND, call).await;
                drop(permit.expect("the call can be polled on any runtime").unwrap());
            }
        });
    }
}

/// Many current-thread runtimes, like those of a program that uses `block_on` for each call.
#[test]
fn calls_of_many_runtimes_all_make_progress() {
    let gate = gate(1);
    let total = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let runtime = current_thread();
                    runtime.block_on(async {
                        let permit = tokio::time::timeout(20 * SECOND, permit(&gate)).await;
                        let permit = permit.expect("the call gets its turn");
                        tokio::task::yield_now().await;
                        drop(permit);
                    });
                    total.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(total.into_inner(), 200);
    assert_eq!(gate.state().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn keeper_ends_when_no_calls_wait() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let waiting = unpolled(&gate);
    assert!(gate.state().keeper.is_some());
    drop(held);
    drop(waiting.await.unwrap());
    sleep(2 * SECOND).await;
    assert!(gate.state().keeper.is_none());
    assert_eq!(Arc::strong_count(&gate), 1, "nothing holds a dropped client");
}

#[tokio::test(start_paused = true)]
async fn moved_call_is_woken_in_its_new_task() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let moved = unpolled(&gate);
    let task = tokio::spawn(async move { drop(moved.await.unwrap()) });
    tokio::task::yield_now().await;
    let since = Instant::now();
    drop(held);
    task.await.unwrap();
    assert_eq!(since.elapsed(), Duration::ZERO);
}
