//! A deterministic simulation of clients, tasks and a server.
//!
//! Each seed determines one schedule: a server with records, a rate limit, a clock and faults, a
//! client with its settings, and up to three tasks that make calls or walk lists while records are
//! created, changed and deleted. Time is paused, so a schedule of hours takes no time.
//!
//! ```sh
//! cargo test --test simulation                     # the default number of schedules
//! SCHEDULES=1000000 cargo test --test simulation   # more schedules
//! KEEP_GOING=1 cargo test --test simulation        # report all failures, not only the first
//! SEED=4711 cargo test --test simulation           # replay one schedule and print its requests
//! ```
//!
//! # Invariants
//!
//! Rate limit (`schedule::requests_are_within_the_limit`):
//!
//! 1. In no window of ten seconds does the server receive more requests than its limit and a margin.
//!    The margin is four requests, which are sent before the limit is known, one for each second
//!    until the first response arrives, and one for each response without the headers of the limit.
//!    It grows by four if responses have no `Date`, and by the limit if responses are slow or get
//!    lost, because then a window can be taken for the next one.
//!
//! Waiting (`calls`, `walks::next`, `schedule`):
//!
//! 2. A call ends at its deadline, or after a first attempt that started before it. If the server
//!    has a rate limit, a call ends within ten minutes. The next item of a walk arrives within an
//!    hour. All of this holds even if other futures are dropped or never polled again.
//! 3. A schedule ends within six hours.
//! 4. Calls that wait for a permit are sent in the order in which they started.
//! 5. After all tasks have ended, a call without faults succeeds: no permit was lost.
//! 6. No task panics.
//!
//! Changes (`calls::matches_the_server`, `server::World::repeated`):
//!
//! 7. A POST is carried out at most once, unless the caller declared it idempotent.
//! 8. A call that succeeds was carried out.
//! 9. If a call fails although it was carried out, `may_have_been_carried_out` returns `true`.
//! 10. `bulk` returns one result for each input.
//!
//! Tokens (`server::World::sent`, `calls::token_was_renewed`):
//!
//! 11. A token that is supplied for a request is at most one second old when the request is sent.
//! 12. If the server rejects one token, no call fails because of it that has attempts and time left.
//!
//! Walks (`walks`):
//!
//! 13. No walk returns an item twice, even if the server returns a page twice, and even if the walk
//!     resumes after an error.
//! 14. A complete walk returns every record that existed from its start to its end, except for items
//!     that the caller skipped. This holds for plain walks of cursor lists, for `exactly_once` of
//!     page-numbered lists whose order and pages change, and for `retrieve_each`.
//! 15. `retrieve_each` returns items in the order of the list.
//! 16. A complete walk of changes has a watermark, which is not before the start of the run.
//! 17. A copy that is kept by several runs, each from the watermark of the previous one, is equal to
//!     the server's records after a last run without changes and faults: no watermark is later than
//!     a change that was not returned.
//! 18. That last run is complete after at most 20 errors.
//!
//! Determinism:
//!
//! 19. A seed always produces the same requests at the same times.

mod calls;
mod schedule;
mod server;
mod walks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use schedule::{Outcome, run};

/// The number of schedules without `SCHEDULES`: less than a minute on two cores.
const SCHEDULES: u64 = 100_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Runs a schedule. A panic is a failure too.
fn checked_run(seed: u64, log: bool) -> Result<Outcome, String> {
    catch_unwind(AssertUnwindSafe(|| run(seed, log))).unwrap_or_else(|_| Err("the schedule panicked".to_owned()))
}

#[test]
fn every_schedule_keeps_the_invariants() {
    if let Some(seed) = number("SEED") {
        let outcome = checked_run(seed, true);
        assert!(outcome.is_ok(), "SEED={seed}: {}", outcome.unwrap_err());
        return;
    }
    let schedules = number("SCHEDULES").unwrap_or(SCHEDULES);
    let (next, stop, requests, complete_walks) = (
        AtomicU64::new(0),
        AtomicBool::new(false),
        AtomicU64::new(0),
        AtomicU64::new(0),
    );
    let keep_going = std::env::var_os("KEEP_GOING").is_some();
    let failures = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= schedules {
                        break;
                    }
                    match checked_run(seed, false) {
                        Ok(outcome) => {
                            requests.fetch_add(outcome.requests, Ordering::Relaxed);
                            complete_walks.fetch_add(outcome.complete_walks, Ordering::Relaxed);
                        }
                        Err(failure) => {
                            stop.store(!keep_going, Ordering::Relaxed);
                            failures.lock().unwrap().push(format!("SEED={seed}: {failure}"));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}\nreplay with SEED=…", failures.join("\n"));
    let (requests, complete_walks) = (requests.into_inner(), complete_walks.into_inner());
    println!("{schedules} schedules, {requests} requests, {complete_walks} complete walks");
    assert!(
        requests > schedules && complete_walks * 4 > schedules,
        "{requests} requests, {complete_walks} complete walks"
    );
}

#[test]
fn a_seed_determines_its_schedule() {
    for seed in 0..200 {
        let (first, second) = (checked_run(seed, false), checked_run(seed, false));
        assert_eq!(
            first.map(|outcome| outcome.digest),
            second.map(|outcome| outcome.digest),
            "SEED={seed}"
        );
    }
}
