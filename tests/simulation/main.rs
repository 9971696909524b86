//! Many short schedules against a model of the server, each drawn from a seed: what calls and walks promise holds whatever
//! happens to requests, responses, records and callers. The clock is paused, so no schedule waits.
//!
//! ```sh
//! cargo test --test simulation                    # as many schedules as in CI
//! SCHEDULES=100000 cargo test --test simulation   # more
//! GOES_ON=1 cargo test --test simulation          # all failures, not only the first
//! SEED=4711 cargo test --test simulation          # one again, with all its exchanges
//! ```

mod calls;
mod schedule;
mod server;
mod walks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use schedule::{Outcome, run};

/// The schedules of a run without `SCHEDULES`.
const SCHEDULES: u64 = 4_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Runs a schedule; a panic in it is a failure like a broken promise.
fn checked(seed: u64, log: bool) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| run(seed, log))).unwrap_or_else(|_| Err("it panicked".to_owned()))
}

#[test]
fn every_schedule_keeps_what_is_promised() {
    if let Some(seed) = number("SEED") {
        let outcome = checked(seed, true);
        assert!(outcome.is_ok(), "SEED={seed}: {}", outcome.unwrap_err());
        return;
    }
    let schedules = number("SCHEDULES").unwrap_or(SCHEDULES);
    let (next, failed, requests, ended) = (
        AtomicU64::new(0),
        AtomicBool::new(false),
        AtomicU64::new(0),
        AtomicU64::new(0),
    );
    let goes_on = std::env::var_os("GOES_ON").is_some();
    let failures = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= schedules {
                        break;
                    }
                    match checked(seed, false) {
                        Ok(outcome) => {
                            requests.fetch_add(outcome.requests, Ordering::Relaxed);
                            ended.fetch_add(outcome.complete, Ordering::Relaxed);
                        }
                        Err(failure) => {
                            failed.store(!goes_on, Ordering::Relaxed);
                            failures.lock().unwrap().push(format!("SEED={seed}: {failure}"));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}\nrun it again with SEED", failures.join("\n"));
    let (requests, ended) = (requests.into_inner(), ended.into_inner());
    println!("{schedules} schedules, {requests} requests, {ended} complete walks");
    assert!(
        requests > schedules && ended * 4 > schedules,
        "{requests} requests, {ended} complete walks"
    );
}

#[test]
fn a_seed_stands_for_one_schedule() {
    for seed in 0..200 {
        let (first, second) = (checked(seed, false), checked(seed, false));
        assert_eq!(
            first.map(|outcome| outcome.digest),
            second.map(|outcome| outcome.digest),
            "SEED={seed}"
        );
    }
}
