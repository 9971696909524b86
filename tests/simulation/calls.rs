//! Tasks that make single calls. The result of a change must match the number of times that the server carried it out.

use std::future::IntoFuture;
use std::pin::pin;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use intercom_client::Error;
use tokio::time::{sleep, timeout};

use crate::schedule::Caller;

/// The longest time of a call: its deadline, one attempt, and the windows that earlier calls exhaust.
const MAX_DURATION: Duration = Duration::from_secs(600);

/// Awaits a future as callers do: at once, with a pause after the first poll, or with a timeout. Returns `None` if the future was
/// dropped.
pub(crate) async fn await_or_drop<T>(
    future: impl Future<Output = T>,
    impatience: u32,
    random: &mut fastrand::Rng,
) -> Option<T> {
    let mut future = pin!(future);
    if random.u32(..100) < impatience {
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

/// Makes some calls, one after the other.
pub(crate) async fn make_calls(caller: Caller, task: u64, mut random: fastrand::Rng) -> Result<u64, String> {
    for number in 0..random.u64(1..5) {
        let key = format!("{task}-{number}");
        let client = &caller.client;
        match random.u32(..8) {
            0 => {
                let call = client.identify_admin().into_future();
                in_time(timeout(MAX_DURATION, await_or_drop(call, caller.impatience, &mut random)).await)?;
            }
            1 => {
                let call = client
                    .update_contact()
                    .id(&key)
                    .body_map(|b| b.name("Ada"))
                    .into_future();
                let result = in_time(timeout(MAX_DURATION, await_or_drop(call, caller.impatience, &mut random)).await)?;
                matches_the_server(&caller, &key, true, result.map(|result| result.map(drop)))?;
            }
            2 => make_bulk_calls(&caller, &key, &mut random).await?,
            kind => {
                let is_idempotent = kind == 3;
                let call = client.create_contact().body_map(|b| b.email(key.as_str()));
                let call = if is_idempotent { call.idempotent(true) } else { call };
                let call = call.into_future();
                let result = in_time(timeout(MAX_DURATION, await_or_drop(call, caller.impatience, &mut random)).await)?;
                matches_the_server(&caller, &key, is_idempotent, result.map(|result| result.map(drop)))?;
            }
        }
    }
    Ok(0)
}

/// Makes several calls in bulk, with a caller that is slow to read the results.
async fn make_bulk_calls(caller: &Caller, key: &str, random: &mut fastrand::Rng) -> Result<(), String> {
    let keys: Vec<String> = (0..random.u64(1..6)).map(|number| format!("{key}-{number}")).collect();
    let mut bulk = caller.client.bulk(keys.clone(), |client, key| {
        client.create_contact().body_map(|b| b.email(key.as_str()))
    });
    let (mut results, mut dropped) = (0, 0);
    loop {
        if dropped > 50 {
            return Ok(());
        }
        match in_time(timeout(MAX_DURATION, await_or_drop(bulk.next(), caller.impatience, random)).await)? {
            Some(Some(done)) => {
                results += 1;
                let key = &keys[done.index as usize];
                matches_the_server(caller, key, false, Some(done.result.map(drop)))?;
            }
            Some(None) if results < keys.len() => {
                return Err(format!("bulk returned {results} results for {} inputs", keys.len()));
            }
            Some(None) => return Ok(()),
            None => dropped += 1,
        }
    }
}

/// Checks that a call ended in time.
fn in_time<T>(result: Result<T, tokio::time::error::Elapsed>) -> Result<T, String> {
    result.map_err(|_| "a call does not end".to_owned())
}

/// Compares the result of a call with the number of times that the server carried it out; `result` is `None` if the call was dropped.
fn matches_the_server(
    caller: &Caller,
    key: &str,
    is_idempotent: bool,
    result: Option<Result<(), Error>>,
) -> Result<(), String> {
    let times = caller.server.world().carried_out.get(key).copied().unwrap_or_default();
    if times > 1 && !is_idempotent {
        return Err(format!("{key} was carried out {times} times"));
    }
    match result {
        Some(Ok(())) if times == 0 => Err(format!("{key} succeeded and was not carried out")),
        Some(Err(error)) if times > 0 && !error.may_have_been_carried_out() => Err(format!(
            "{key} was carried out, but may_have_been_carried_out is false: {error}"
        )),
        _ => Ok(()),
    }
}
