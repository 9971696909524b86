//! Single calls: what the caller is told of a change agrees with how often it was carried out.

use std::future::IntoFuture;
use std::pin::pin;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use intercom_client::Error;
use tokio::time::{sleep, timeout};

use crate::schedule::Caller;

/// The longest time that a call may take: its deadline, a whole attempt, and the windows that others exhaust before it.
const LONGEST: Duration = Duration::from_secs(600);

/// Awaits a future as callers do: at once, after a time without polling it, or not to its end. `None` if it was dropped.
pub(crate) async fn awaited<T>(future: impl Future<Output = T>, hasty: u32, random: &mut fastrand::Rng) -> Option<T> {
    let mut future = pin!(future);
    if random.u32(..100) < hasty {
        if random.bool() {
            let patience = Duration::from_millis(random.u64(..3000));
            return timeout(patience, future).await.ok();
        }
        if let Some(value) = future.as_mut().now_or_never() {
            return Some(value);
        }
        sleep(Duration::from_millis(random.u64(..5000))).await;
    }
    Some(future.await)
}

/// Makes some calls one after the other.
pub(crate) async fn some(caller: Caller, task: u64, mut random: fastrand::Rng) -> Result<u64, String> {
    for number in 0..random.u64(1..5) {
        let key = format!("{task}-{number}");
        let client = &caller.client;
        match random.u32(..8) {
            0 => {
                let call = client.identify_admin().into_future();
                waits(timeout(LONGEST, awaited(call, caller.hasty, &mut random)).await)?;
            }
            1 => {
                let call = client
                    .update_contact()
                    .id(&key)
                    .body_map(|b| b.name("Ada"))
                    .into_future();
                let result = waits(timeout(LONGEST, awaited(call, caller.hasty, &mut random)).await)?;
                agrees(&caller, &key, true, result.map(|result| result.map(drop)))?;
            }
            2 => pushed(&caller, &key, &mut random).await?,
            kind => {
                let repeatable = kind == 3;
                let call = client.create_contact().body_map(|b| b.email(key.as_str()));
                let call = if repeatable { call.idempotent(true) } else { call };
                let call = call.into_future();
                let result = waits(timeout(LONGEST, awaited(call, caller.hasty, &mut random)).await)?;
                agrees(&caller, &key, repeatable, result.map(|result| result.map(drop)))?;
            }
        }
    }
    Ok(0)
}

/// Several inputs at once, read by a caller who takes its time.
async fn pushed(caller: &Caller, key: &str, random: &mut fastrand::Rng) -> Result<(), String> {
    let keys: Vec<String> = (0..random.u64(1..6)).map(|number| format!("{key}-{number}")).collect();
    let mut push = caller.client.push(keys.clone(), |client, key| {
        client.create_contact().body_map(|b| b.email(key.as_str()))
    });
    let (mut results, mut dropped) = (0, 0);
    loop {
        if dropped > 50 {
            return Ok(());
        }
        match waits(timeout(LONGEST, awaited(push.next(), caller.hasty, random)).await)? {
            Some(Some(pushed)) => {
                results += 1;
                let key = &keys[pushed.index as usize];
                agrees(caller, key, false, Some(pushed.result.map(drop)))?;
            }
            Some(None) if results < keys.len() => return Err(format!("{results} of {} pushed", keys.len())),
            Some(None) => return Ok(()),
            None => dropped += 1,
        }
    }
}

fn waits<T>(result: Result<T, tokio::time::error::Elapsed>) -> Result<T, String> {
    result.map_err(|_| "a call waits for ever".to_owned())
}

/// Compares what a caller was told with what was done; `result` is `None` if the call was dropped.
fn agrees(caller: &Caller, key: &str, repeatable: bool, result: Option<Result<(), Error>>) -> Result<(), String> {
    let done = caller.server.world().done.get(key).copied().unwrap_or_default();
    if done > 1 && !repeatable {
        return Err(format!("{key} was carried out {done} times"));
    }
    match result {
        Some(Ok(())) if done == 0 => Err(format!("{key} succeeded and was not carried out")),
        Some(Err(error)) if done > 0 && !error.may_have_been_carried_out() => {
            Err(format!("{key} was carried out, and its error does not tell: {error}"))
        }
        _ => Ok(()),
    }
}
