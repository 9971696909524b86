//! What waiting costs. Prints each number with its bound and fails when one is exceeded.
//!
//! - For the rate limit: 64 tasks against a server with one window a second, compared with the time that the windows alone take,
//!   and how many requests the server refuses.
//! - For other calls: thousands of calls that share a few permits. The time of each call must not grow with their number.
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
use server::{Move, Server, answer};

/// Requests that the server allows in each of its windows of one second.
const LIMIT: u64 = 167;
const TASKS: u64 = 64;
/// The largest share of requests that the server may refuse.
const REFUSED: f64 = 0.05;

/// A load: how many windows it fills, how far the server's clock is off in seconds, and how much longer than these windows
/// it may take.
struct Load {
    name: &'static str,
    windows: u64,
    clock: i64,
    /// Whether its responses have a `Date`.
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

/// How many calls wait at once.
const CALLS: [u32; 3] = [4_000, 8_000, 16_000];
/// The permits that they share.
const PERMITS: usize = 16;
/// How much longer a call may take among the most calls than among the fewest.
const GROWTH: f64 = 1.5;

/// What the server counts.
#[derive(Default)]
struct Counts {
    windows: Mutex<BTreeMap<u64, u64>>,
    requests: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    /// Answers a request, with 429 above the limit.
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
            ("x-ratelimit-limit", LIMIT.to_string()),
            ("x-ratelimit-remaining", LIMIT.saturating_sub(count).to_string()),
            ("x-ratelimit-reset", (window + 1).to_string()),
        ];
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .skip(usize::from(!dated))
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.requests.fetch_add(1, Ordering::Relaxed);
        if count > LIMIT {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return vec![answer(429, &headers, "")];
        }
        vec![answer(200, &headers, r#"{"id": "1"}"#)]
    }
}

/// Runs a load; how long it took in relation to its windows, and the share of requests that were refused.
async fn run(load: &Load) -> (f64, f64) {
    let counts = Arc::new(Counts::default());
    let (shared, clock, dated) = (Arc::clone(&counts), load.clock, load.dated);
    let server = Server::serve(move |_| shared.handle(clock, dated)).await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let calls = load.windows * LIMIT;
    let begun = Instant::now();
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
    let ratio = begun.elapsed().as_secs_f64() / load.windows as f64;
    let refused = counts.refused.load(Ordering::Relaxed) as f64;
    (ratio, refused / counts.requests.load(Ordering::Relaxed) as f64)
}

/// Makes so many calls at once; how long each took on average, in microseconds.
async fn wait_in_line(calls: u32) -> f64 {
    let server = Server::serve(|_| vec![answer(200, &[], r#"{"id": "1"}"#)]).await;
    let client = Client::builder("token")
        .base_url(&server.url)
        .max_in_flight(PERMITS)
        .build()
        .unwrap();
    client.find_tag().id("1").send().await.unwrap();
    let begun = Instant::now();
    let tasks = (0..calls).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.find_tag().id("1").send().await.unwrap() })
    });
    let tasks: Vec<_> = tasks.collect();
    for task in tasks {
        task.await.unwrap();
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

#[tokio::main]
async fn main() {
    let mut exceeded = false;
    let mut fewest = None;
    for calls in CALLS {
        let time = wait_in_line(calls).await;
        let growth = time / *fewest.get_or_insert(time);
        exceeded |= growth > GROWTH;
        let name = format!("{calls} calls, {PERMITS} permits");
        println!("{name:36} {time:.0} µs a call, {growth:.2} × the fewest (at most {GROWTH})");
    }
    for load in &LOADS {
        let (ratio, refused) = run(load).await;
        exceeded |= ratio > load.bound || refused > REFUSED;
        println!(
            "{:36} {ratio:.2} × the ideal (at most {}), {:.1} % refused (at most {:.0} %)",
            load.name,
            load.bound,
            100.0 * refused,
            100.0 * REFUSED
        );
    }
    if exceeded {
        std::process::exit(1);
    }
}
