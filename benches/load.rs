//! Measures the cost of waiting. Prints each result, and fails if one exceeds its bound.
//!
//! - Rate limit: 64 tasks call a server with windows of one second. Measures the time relative to
//!   that of the windows alone, and the share of rejected requests.
//! - Permits: thousands of calls share a few permits. The time for each call must not grow with the
//!   number of calls.
//!
//! ```text
//! cargo bench --bench load
//! ```

#[allow(dead_code)]
#[path = "../tests/transport/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use intercom_client::Client;
use server::{Move, Server, response};

/// The number of requests that the server allows in each window of one second.
const REQUESTS_PER_WINDOW: u64 = 167;
const TASKS: u64 = 64;
/// The maximum share of rejected requests.
const MAX_REJECTED: f64 = 0.05;

/// A load: the number of windows that it fills, the offset of the server's clock in seconds, and
/// the maximum time relative to that of the windows.
struct Load {
    name: &'static str,
    windows: u64,
    clock: i64,
    /// Whether responses have a `Date` header.
    dated: bool,
    bound: f64,
}

const LOADS: [Load; 7] = [
    load("5 windows", 5, 0, true, 1.3),
    load("12 windows", 12, 0, true, 1.3),
    load("12 windows, clock 5 s fast", 12, 5, true, 1.3),
    load("12 windows, clock 5 s slow", 12, -5, true, 1.3),
    load("12 windows, clock 5 s fast, no Date", 12, 5, false, 1.3),
    load("12 windows, clock 5 s slow, no Date", 12, -5, false, 1.3),
    load("30 windows", 30, 0, true, 1.15),
];

const fn load(name: &'static str, windows: u64, clock: i64, dated: bool, bound: f64) -> Load {
    Load {
        name,
        windows,
        clock,
        dated,
        bound,
    }
}

/// The numbers of concurrent calls.
const CALLS: [u32; 3] = [4_000, 8_000, 16_000];
/// The number of permits that the calls share.
const PERMITS: usize = 16;
/// The maximum time for each of the most calls, relative to that for each of the fewest.
const MAX_GROWTH: f64 = 1.5;

/// The counters of the server.
#[derive(Default)]
struct Counts {
    windows: Mutex<BTreeMap<u64, u64>>,
    requests: AtomicU64,
    rejected: AtomicU64,
}

impl Counts {
    /// Returns the response to a request: 429 above the limit.
    fn handle(&self, clock: i64, dated: bool) -> Vec<Move> {
        let now = SystemTime::now() + Duration::from_secs(clock.max(0) as u64);
        let now = now - Duration::from_secs(clock.min(0).unsigned_abs());
        let window = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let count = {
            let mut windows = self.windows.lock().unwrap();
            let count = windows.entry(window).or_default();
            *count += 1;
            *count
        };
        let headers = [
            ("date", httpdate::fmt_http_date(now)),
            ("x-ratelimit-limit", REQUESTS_PER_WINDOW.to_string()),
            (
                "x-ratelimit-remaining",
                REQUESTS_PER_WINDOW.saturating_sub(count).to_string(),
            ),
            ("x-ratelimit-reset", (window + 1).to_string()),
        ];
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .skip(usize::from(!dated))
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.requests.fetch_add(1, Ordering::Relaxed);
        if count > REQUESTS_PER_WINDOW {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            return vec![response(429, &headers, "")];
        }
        vec![response(200, &headers, r#"{"id": "1"}"#)]
    }
}

/// Runs a load. Returns the time relative to that of the windows, and the share of rejected
/// requests.
async fn run(load: &Load) -> (f64, f64) {
    let counts = Arc::new(Counts::default());
    let (shared, clock, dated) = (Arc::clone(&counts), load.clock, load.dated);
    let server = Server::serve(move |_| shared.handle(clock, dated)).await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let calls = load.windows * REQUESTS_PER_WINDOW;
    let start = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            for _ in (task..calls).step_by(TASKS as usize) {
                client.find_tag().id("1").send().await.unwrap();
            }
        })
    });
    for task in futures_util::future::join_all(tasks).await {
        task.unwrap();
    }
    let ratio = start.elapsed().as_secs_f64() / load.windows as f64;
    let rejected = counts.rejected.load(Ordering::Relaxed) as f64;
    (ratio, rejected / counts.requests.load(Ordering::Relaxed) as f64)
}

/// Makes concurrent calls. Returns the average time for each, in microseconds.
async fn time_per_call(calls: u32) -> f64 {
    let server = Server::serve(|_| vec![response(200, &[], r#"{"id": "1"}"#)]).await;
    let client = Client::builder("token")
        .base_url(&server.url)
        .max_in_flight(PERMITS)
        .build()
        .unwrap();
    client.find_tag().id("1").send().await.unwrap();
    let start = Instant::now();
    let tasks = (0..calls).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.find_tag().id("1").send().await.unwrap() })
    });
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        task.await.unwrap();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

#[tokio::main]
async fn main() {
    let mut exceeded = false;
    let mut fewest = None;
    for calls in CALLS {
        let time = time_per_call(calls).await;
        let growth = time / *fewest.get_or_insert(time);
        exceeded |= growth > MAX_GROWTH;
        let name = format!("{calls} calls, {PERMITS} permits");
        println!("{name:36} {time:.0} µs a call, {growth:.2} × that of the fewest (at most {MAX_GROWTH})");
    }
    for load in &LOADS {
        let (ratio, rejected) = run(load).await;
        exceeded |= ratio > load.bound || rejected > MAX_REJECTED;
        println!(
            "{:36} {ratio:.2} × the ideal (at most {}), {:.1} % rejected (at most {:.0} %)",
            load.name,
            load.bound,
            100.0 * rejected,
            100.0 * MAX_REJECTED
        );
    }
    if exceeded {
        std::process::exit(1);
    }
}
