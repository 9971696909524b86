//! One schedule: a server, a client, and its tasks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use intercom_client::{Client, RetryPolicy};
use tokio::time::timeout;

use crate::server::{Server, Settings, World};
use crate::{calls, walks};

/// The result of a schedule.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// A hash of all requests and their times.
    pub digest: u64,
    pub requests: u64,
    pub complete_walks: u64,
}

/// A task's view of its schedule.
#[derive(Clone)]
pub(crate) struct Caller {
    pub client: Client,
    pub server: Server,
    /// The percentage of futures that are dropped, or kept without being polled.
    pub impatience: u32,
}

/// The longest simulated time of a schedule.
const MAX_DURATION: Duration = Duration::from_secs(6 * 3600);

/// Runs the schedule of a seed; the error is the invariant that was violated.
pub(crate) fn run(seed: u64, log: bool) -> Result<Outcome, String> {
    // The client draws its jitter from this generator.
    fastrand::seed(seed);
    let mut random = fastrand::Rng::with_seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let settings = Settings {
            limit: (random.u32(..4) > 0).then(|| random.u64(1..12)),
            has_date: random.u32(..4) > 0,
            clock_error: if random.bool() { 0 } else { random.i64(-60..60) },
            latency: *random.choice(&[5, 50, 900, 4000]).unwrap(),
            faults: *random.choice(&[0, 5, 20, 40]).unwrap(),
            changes: *random.choice(&[0, 20, 60]).unwrap(),
            repeats_pages: random.u32(..4) == 0,
        };
        let records = random.u64(0..14);
        let mut world = World::new(seed, settings, records);
        world.log = log.then(|| vec![format!("{:?}", world.settings)]);
        let server = Server(Arc::new(Mutex::new(world)));
        let policy = RetryPolicy::default()
            .attempts(random.u32(1..6))
            .deadline(Duration::from_secs(60));
        let builder = Client::builder("token").http_service(server.clone()).retry(policy);
        let builder = match random.u64(..6) {
            limit @ 1..=3 => builder.max_in_flight(limit as usize),
            _ => builder,
        };
        let client = builder.timeout(Duration::from_secs(10)).build().unwrap();
        let impatience = *random.choice(&[0, 10, 30]).unwrap();
        let caller = Caller {
            client,
            server,
            impatience,
        };
        let result = timeout(MAX_DURATION, run_tasks(&caller, &mut random)).await;
        let result = result.unwrap_or_else(|_| Err("the schedule does not end".to_owned()));
        let world = caller.server.world();
        for line in world.log.iter().flatten() {
            eprintln!("{line}");
        }
        Ok(Outcome {
            digest: world.digest(),
            requests: world.requests,
            complete_walks: result?,
        })
    })
}

/// Runs the tasks, checks the invariants at the end, and returns the number of complete walks.
async fn run_tasks(caller: &Caller, random: &mut fastrand::Rng) -> Result<u64, String> {
    let mut tasks = Vec::new();
    let calling_tasks = random.u64(0..3);
    for number in 0..calling_tasks {
        tasks.push(tokio::spawn(calls::make_calls(caller.clone(), number, random.fork())));
    }
    if calling_tasks == 0 || random.bool() {
        tasks.push(tokio::spawn(walks::walk(caller.clone(), random.fork())));
    }
    let mut complete_walks = 0;
    for task in tasks {
        complete_walks += task.await.map_err(|_| "a task panicked".to_owned())??;
    }
    requests_are_within_the_limit(&caller.server.world())?;
    client_still_works(caller).await?;
    Ok(complete_walks)
}

/// Checks invariant 1.
fn requests_are_within_the_limit(world: &World) -> Result<(), String> {
    let Some(limit) = world.settings.limit else {
        return Ok(());
    };
    let mut margin = 4 + world.without_limit;
    if !world.settings.has_date {
        margin += 4;
    }
    if world.settings.latency > 500 || world.settings.faults > 0 {
        margin += limit;
    }
    match world.arrived.values().max() {
        Some(most) if *most > limit + margin => Err(format!(
            "{most} requests in a window, but the limit is {limit} and the margin {margin}"
        )),
        _ => Ok(()),
    }
}

/// Checks invariant 4.
async fn client_still_works(caller: &Caller) -> Result<(), String> {
    caller.server.world().settings.faults = 0;
    let policy = RetryPolicy::default().attempts(8);
    match timeout(Duration::from_secs(300), caller.client.identify_admin().retry(policy)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the last call failed: {error}")),
        Err(_) => Err("the last call does not end".to_owned()),
    }
}
