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

type Kept = Pin<Box<dyn Future<Output = Result<Permit, Expired>> + Send>>;

/// A call that was polled until it waits, then kept.
fn kept(gate: &Arc<Gate>) -> Kept {
    let gate = Arc::clone(gate);
    let mut call: Kept = Box::pin(async move { gate.permit(EVER, |_| {}).await });
    assert!(call.as_mut().now_or_never().is_none());
    call
}

/// Counts how often a future is polled.
fn counted<F: Future>(polls: &Arc<AtomicU64>, future: F) -> impl Future<Output = F::Output> + use<F> {
    let polls = Arc::clone(polls);
    let mut future = Box::pin(future);
    poll_fn(move |context| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
}

/// The headers of a response in the window that ends at `reset`, `left` seconds before that.
fn headers(limit: u64, remaining: u64, reset: u64, left: Option<u64>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [("limit", limit), ("remaining", remaining), ("reset", reset)] {
        let name = format!("x-ratelimit-{name}");
        let name = http::HeaderName::try_from(name).unwrap();
        headers.insert(name, HeaderValue::from(value));
    }
    if let Some(left) = left {
        let date = std::time::UNIX_EPOCH + Duration::from_secs(reset - left);
        let date = HeaderValue::try_from(httpdate::fmt_http_date(date)).unwrap();
        headers.insert(http::header::DATE, date);
    }
    headers
}

/// A server that allows `limit` requests in each window and has a clock that is off; its windows start at any time.
struct Windows {
    start: Instant,
    /// Epoch seconds of its clock at the start.
    clock: u64,
    length: u64,
    limit: u64,
    /// Whether its responses have a `Date`.
    dated: bool,
    counts: Mutex<std::collections::BTreeMap<u64, u64>>,
}

impl Windows {
    fn new(length: u64, limit: u64, clock_error: i64, dated: bool) -> Self {
        let now = crate::response::rate_limit::local_time() as u64;
        Self {
            start: Instant::now(),
            clock: now.saturating_add_signed(clock_error),
            length,
            limit,
            dated,
            counts: Mutex::default(),
        }
    }

    /// Sends a request through the gate and answers it; `true` if it is within the limit.
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
        let left = self.dated.then_some(reset - now);
        let allowed = count <= self.limit;
        let headers = headers(self.limit, self.limit.saturating_sub(count), reset, left);
        gate.observe(&headers, !allowed, known);
        drop(permit);
        allowed
    }
}

/// Runs six loops until they made `total` calls together, each of which holds its permit so long; returns how many each made.
async fn six_loops(gate: &Arc<Gate>, total: u64, held: Duration) -> Vec<u64> {
    let made = Arc::new(AtomicU64::new(0));
    let loops = (0..6).map(|_| {
        let (gate, made) = (Arc::clone(gate), Arc::clone(&made));
        tokio::spawn(async move {
            let mut own = 0;
            while made.fetch_add(1, Ordering::Relaxed) < total {
                let permit = permit(&gate).await;
                match held.is_zero() {
                    true => tokio::task::yield_now().await,
                    false => sleep(held).await,
                }
                drop(permit);
                own += 1;
            }
            own
        })
    });
    let loops: Vec<_> = loops.collect();
    let made = futures_util::future::join_all(loops).await;
    made.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn loops_take_turns_on_one_thread() {
    let made = six_loops(&gate(1), 6000, Duration::ZERO).await;
    assert!(made.iter().all(|own| (999..=1001).contains(own)), "{made:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_take_turns_on_several_threads() {
    // Each turn is long enough that a thread which the machine runs late misses few of them.
    let made = six_loops(&gate(1), 600, Duration::from_millis(1)).await;
    let (least, most) = (made.iter().min(), made.iter().max());
    assert!(least.unwrap() * 2 >= *most.unwrap(), "{made:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_are_woken_a_few_times_each_however_many_there_are() {
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
                    tokio::spawn(counted(&polls, call))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            // The first poll, the offer, the end of its work.
            let polls = polls.load(Ordering::Relaxed);
            assert!(polls <= 3 * calls + 100, "{polls} polls of {calls} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_window_wakes_those_whose_turn_it_is() {
    for calls in [2_000, 4_000, 8_000] {
        let gate = Arc::new(Gate::new(true, None));
        let windows = Arc::new(Windows::new(10, 167, 0, true));
        let polls = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let (gate, windows) = (Arc::clone(&gate), Arc::clone(&windows));
                tokio::spawn(counted(&polls, async move { windows.serve(&gate).await }))
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
async fn a_thousand_calls_that_are_kept_hold_up_none_behind_them() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let kept: Vec<_> = (0..1000).map(|_| kept(&gate)).collect();
    let since = Instant::now();
    let behind = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { drop(permit(&gate).await) }
    });
    sleep(SECOND).await;
    drop(held);
    behind.await.unwrap();
    assert!(since.elapsed() < 2 * SECOND, "{:?}", since.elapsed());
    // They have kept their places.
    for call in kept {
        drop(call.await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_kept_is_first_when_it_is_polled_again() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let mut first = kept(&gate);
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
    // It misses its turn.
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
async fn a_call_that_is_dropped_passes_its_turn_on() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let mut calls: Vec<_> = (0..100).map(|_| kept(&gate)).collect();
    let last = calls.pop().unwrap();
    drop(held);
    // The first of them has been woken. Each that is dropped wakes the next one.
    let since = Instant::now();
    calls.into_iter().for_each(drop);
    drop(last.await.unwrap());
    assert_eq!(since.elapsed(), Duration::ZERO);
    assert!(gate.state().queue.is_empty() && gate.state().under_way == 0);
}

#[tokio::test(start_paused = true)]
async fn no_call_passes_those_that_wait() {
    let gate = gate(2);
    let held = [permit(&gate).await, permit(&gate).await];
    let first = kept(&gate);
    drop(held);
    // One permit is offered, the other one is free.
    let second = permit(&gate).now_or_never().expect("there is one for it");
    let mut third = kept(&gate);
    drop(first.await.unwrap());
    let taken = third.as_mut().now_or_never();
    assert!(taken.is_some());
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_other_calls_has_a_limit_and_the_wait_for_a_window_does_not_count() {
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
        .expect("it waited for the window only");
    assert!(since.elapsed() >= 10 * SECOND);
    assert!(permit.waited < SECOND, "{:?}", permit.waited);
    // First the window, then another call.
    drop(permit);
    let gate = self::gate(1);
    gate.observe(&headers(3, 0, 1000, Some(10)), false, 0);
    let since = Instant::now();
    let other = kept(&gate);
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
async fn without_a_date_the_clocks_of_client_and_server_need_not_agree() {
    for (length, limit, clock_error) in [
        (1, 50, 5),
        (1, 50, -2),
        (1, 50, 0),
        (1, 3, 5),
        (10, 50, 5),
        (10, 50, -7),
    ] {
        let gate = Arc::new(Gate::new(true, None));
        let windows = Arc::new(Windows::new(length, limit, clock_error, false));
        let since = Instant::now();
        let calls = 6 * limit;
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let (gate, windows) = (Arc::clone(&gate), Arc::clone(&windows));
                tokio::spawn(async move { windows.serve(&gate).await })
            })
            .collect();
        let mut refused = 0;
        for task in tasks {
            refused += u64::from(!task.await.unwrap());
        }
        let case = format!("windows of {length} s, limit {limit}, clock {clock_error} s off");
        assert!(refused <= 1 + calls / 50, "{case}: {refused} of {calls} refused");
        // Six windows, and at most one to find where they start.
        let elapsed = since.elapsed();
        let most = Duration::from_secs(7 * length) + 2 * SECOND;
        assert!(elapsed <= most, "{case}: {elapsed:?}");
    }
}

/// A runtime without threads of its own.
fn idle() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The keeper runs where the first call waited.
#[test]
fn a_keeper_on_a_runtime_that_does_not_run_or_is_gone_is_replaced() {
    for stop in [std::mem::drop::<tokio::runtime::Runtime>, std::mem::forget] {
        let gate = gate(1);
        let held = Arc::clone(&gate).try_permit().unwrap();
        let first = idle();
        let waiting: Vec<_> = first.block_on(async {
            let calls = vec![kept(&gate), kept(&gate)];
            tokio::task::yield_now().await;
            calls
        });
        stop(first);
        let second = idle();
        second.block_on(async {
            let mut behind = Box::pin(permit(&gate));
            assert!(behind.as_mut().now_or_never().is_none());
            drop(held);
            let permit = tokio::time::timeout(20 * SECOND, behind).await;
            drop(permit.expect("the kept calls hold nothing"));
            for call in waiting {
                let permit = tokio::time::timeout(20 * SECOND, call).await;
                drop(permit.expect("it goes on on any runtime").unwrap());
            }
        });
    }
}

/// Many runtimes of one thread each, as of programs that block on every call.
#[test]
fn threads_that_block_on_their_own_runtimes_all_go_on() {
    let gate = gate(1);
    let total = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let runtime = idle();
                    runtime.block_on(async {
                        let permit = tokio::time::timeout(20 * SECOND, permit(&gate)).await;
                        let permit = permit.expect("it gets its turn");
                        tokio::task::yield_now().await;
                        drop(permit);
                    });
                    total.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(total.into_inner(), 200);
    assert_eq!(gate.state().under_way, 0);
}

#[tokio::test(start_paused = true)]
async fn the_keeper_ends_when_no_call_waits() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let waiting = kept(&gate);
    assert!(gate.state().keeper.is_some());
    drop(held);
    drop(waiting.await.unwrap());
    sleep(2 * SECOND).await;
    assert!(gate.state().keeper.is_none());
    assert_eq!(
        Arc::strong_count(&gate),
        1,
        "nothing keeps a client alive that is dropped"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_moved_to_another_task_is_woken_there() {
    let gate = gate(1);
    let held = permit(&gate).await;
    let moved = kept(&gate);
    let task = tokio::spawn(async move { drop(moved.await.unwrap()) });
    tokio::task::yield_now().await;
    let since = Instant::now();
    drop(held);
    task.await.unwrap();
    assert_eq!(since.elapsed(), Duration::ZERO);
}
