//! One schedule: a server, a client, and its tasks.

use std::any::Any;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use intercom_client::{AccessToken, Client, RetryPolicy};
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
    /// The attempts and the deadline of the client's policy.
    pub attempts: u32,
    pub deadline: Duration,
    /// The longest time of a call.
    pub max_call_duration: Duration,
    /// Calls that are kept to the end of the schedule and never polled again.
    abandoned: Arc<Mutex<Vec<Box<dyn Any + Send>>>>,
}

impl Caller {
    /// Keeps a call until the end of the schedule.
    pub(crate) fn abandon(&self, call: impl Any + Send) {
        self.abandoned.lock().unwrap().push(Box::new(call));
    }
}

/// The length of a rate-limit window.
const WINDOW: Duration = Duration::from_secs(10);
/// The longest simulated time of a schedule.
const MAX_DURATION: Duration = Duration::from_secs(6 * 3600);
/// The time limit of an attempt.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// The deadline of a call in most schedules.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// The deadline of a call in other schedules.
const SHORT_DEADLINE: Duration = Duration::from_secs(15);

/// Returns the longest time of a call: its deadline, a first attempt that starts shortly before it,
/// and the windows that earlier calls exhaust.
fn max_call_duration(
    settings: &Settings,
    max_in_flight: Option<usize>,
    deadline: Duration,
    impatience: u32,
) -> Duration {
    // The wait for a token is limited separately from the attempt that it belongs to.
    let first_attempt = TIMEOUT + Duration::from_millis(settings.latency);
    let duration = match (settings.limit, max_in_flight) {
        (Some(_), _) => return Duration::from_secs(600),
        (None, Some(_)) => deadline + first_attempt,
        // Before the first response, the client sends one request per second.
        (None, None) => deadline.max(first_attempt + Duration::from_secs(15)),
    };
    // Calls that are not polled for some seconds end so much later.
    duration + Duration::from_secs(if impatience > 0 { 10 } else { 1 })
}

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
            supplies_tokens: random.u32(..3) == 0,
        };
        let max_in_flight = Some(random.usize(..6)).filter(|limit| (1..4).contains(limit));
        let attempts = random.u32(1..6);
        let deadline = if random.u32(..3) == 0 { SHORT_DEADLINE } else { DEADLINE };
        let impatience = *random.choice(&[0, 10, 30]).unwrap();
        let max_call_duration = max_call_duration(&settings, max_in_flight, deadline, impatience);
        let supplies_tokens = settings.supplies_tokens;
        let mut world = World::new(seed, settings, random.u64(0..14));
        world.log = log.then(|| vec![format!("{:?}", world.settings)]);
        let server = Server(Arc::new(Mutex::new(world)));
        let token = match supplies_tokens {
            true => {
                let server = server.clone();
                AccessToken::from_fn(move || server.clone().supply_token())
            }
            false => "token".into(),
        };
        let policy = RetryPolicy::default().attempts(attempts).deadline(deadline);
        let builder = Client::builder(token).http_service(server.clone()).retry(policy);
        let builder = match max_in_flight {
            Some(limit) => builder.max_in_flight(limit),
            None => builder,
        };
        let caller = Caller {
            client: builder.timeout(TIMEOUT).build().unwrap(),
            server,
            impatience,
            attempts,
            deadline,
            max_call_duration,
            abandoned: Arc::default(),
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
    calls_are_sent_in_order(&caller.server.world())?;
    client_still_works(caller).await?;
    let world = caller.server.world();
    match world.repeated().or(world.violation.clone()) {
        Some(violation) => Err(violation),
        None => Ok(complete_walks),
    }
}

/// Checks invariant 1.
fn requests_are_within_the_limit(world: &World) -> Result<(), String> {
    let Some(limit) = world.settings.limit else {
        return Ok(());
    };
    let known_after = world.limit_known_after.unwrap_or(WINDOW).min(WINDOW);
    let mut margin = 4 + known_after.as_secs() + world.without_limit;
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
fn calls_are_sent_in_order(world: &World) -> Result<(), String> {
    // A call gets its permit before its token, which takes a different time for each call.
    if world.settings.supplies_tokens {
        return Ok(());
    }
    let calls = world.started_calls.iter();
    let sent: Vec<_> = calls
        .filter_map(|call| Some((call, *world.first_sent.get(&call.key)?)))
        .collect();
    for (at, (call, call_sent)) in sent.iter().enumerate() {
        let mut earlier = sent[..at]
            .iter()
            .filter(|(earlier, _)| earlier.start < call.start || earlier.group == call.group);
        if let Some((earlier, sent)) = earlier.find(|(_, sent)| sent > call_sent) {
            return Err(format!(
                "{} started at {:?} and was sent at {sent:?}; {} started at {:?} and was sent at {call_sent:?}",
                earlier.key, earlier.start, call.key, call.start
            ));
        }
    }
    Ok(())
}

/// Checks invariant 5.
async fn client_still_works(caller: &Caller) -> Result<(), String> {
    caller.server.world().settings.faults = 0;
    let policy = RetryPolicy::default().attempts(8);
    match timeout(Duration::from_secs(300), caller.client.identify_admin().retry(policy)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("the last call failed: {error}")),
        Err(_) => Err("the last call does not end".to_owned()),
    }
}
