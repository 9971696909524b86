//! One schedule: a world, a client, and what its callers do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use intercom_client::{Client, RetryPolicy};
use tokio::time::timeout;

use crate::server::{Server, Settings, World};
use crate::{calls, walks};

/// What came of a schedule.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub digest: u64,
    pub requests: u64,
    /// Walks that came to their end.
    pub complete: u64,
}

/// What the callers of one schedule have in common.
#[derive(Clone)]
pub(crate) struct Caller {
    pub client: Client,
    pub server: Server,
    /// How many of a hundred calls are dropped or kept without being polled.
    pub hasty: u32,
}

/// No schedule takes longer, on its own clock.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Runs the schedule of a seed; the error is the promise that was broken.
pub(crate) fn run(seed: u64, log: bool) -> Result<Outcome, String> {
    // The jitter of the client.
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
            dated: random.u32(..4) > 0,
            clock_error: if random.bool() { 0 } else { random.i64(-60..60) },
            latency: *random.choice(&[5, 50, 900, 4000]).unwrap(),
            faults: *random.choice(&[0, 5, 20, 40]).unwrap(),
            changes: *random.choice(&[0, 20, 60]).unwrap(),
            repeats: random.u32(..4) == 0,
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
        let hasty = *random.choice(&[0, 10, 30]).unwrap();
        let caller = Caller { client, server, hasty };
        let result = timeout(LONGEST, everything(&caller, &mut random)).await;
        let result = result.unwrap_or_else(|_| Err("something waits for ever".to_owned()));
        let world = caller.server.world();
        for line in world.log.iter().flatten() {
            eprintln!("{line}");
        }
        Ok(Outcome {
            digest: world.digest(),
            requests: world.requests,
            complete: result?,
        })
    })
}

/// Runs the callers and then checks what holds at the end of every schedule.
async fn everything(caller: &Caller, random: &mut fastrand::Rng) -> Result<u64, String> {
    let mut tasks = Vec::new();
    let callers = random.u64(0..3);
    for number in 0..callers {
        tasks.push(tokio::spawn(calls::some(caller.clone(), number, random.fork())));
    }
    if callers == 0 || random.bool() {
        tasks.push(tokio::spawn(walks::one(caller.clone(), random.fork())));
    }
    let mut complete = 0;
    for task in tasks {
        complete += task.await.map_err(|_| "a task panicked".to_owned())??;
    }
    within_the_limit(&caller.server.world())?;
    still_works(caller).await?;
    Ok(complete)
}

/// The server gets no more requests in a window than its limit and a margin: the first requests, before the limit is known, are
/// four and one for each response that does not tell it. Where responses take longer than a second, or do not come, or have no
/// `Date`, a window can be taken for a new one.
fn within_the_limit(world: &World) -> Result<(), String> {
    let Some(limit) = world.settings.limit else {
        return Ok(());
    };
    let mut margin = 4 + world.untold;
    if !world.settings.dated {
        margin += 4;
    }
    if world.settings.latency > 500 || world.settings.faults > 0 {
        margin += limit;
    }
    match world.arrived.values().max() {
        Some(most) if *most > limit + margin => Err(format!("{most} requests in a window of {limit} and {margin}")),
        _ => Ok(()),
    }
}

/// A call after everything else is answered: no permit was lost.
async fn still_works(caller: &Caller) -> Result<(), String> {
    caller.server.world().settings.faults = 0;
    let policy = RetryPolicy::default().attempts(8);
    match timeout(Duration::from_secs(300), caller.client.identify_admin().retry(policy)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the last call failed: {error}")),
        Err(_) => Err("the last call waits for ever".to_owned()),
    }
}
