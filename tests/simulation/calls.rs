//! Tasks that make single calls. The result of a change must match the number of times that the
//! server carried it out.

use std::future::IntoFuture;
use std::pin::pin;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use intercom_client::Error;
use tokio::time::{sleep, timeout};

use crate::schedule::{Caller, DEADLINE, TIMEOUT};

/// Awaits a future as callers do: at once, with a pause after the first poll, or with a timeout.
/// Returns `None` if the future was dropped.
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
                make_call(&caller, call, None, &mut random).await?;
            }
            1 => {
                let call = client.update_contact().id(&key).body_map(|b| b.name("Ada"));
                let change = Change::idempotent(&key);
                make_call(&caller, call.into_future(), Some(change), &mut random).await?;
            }
            2 => make_bulk_calls(&caller, &key, &mut random).await?,
            kind => {
                let call = client.create_contact().body_map(|b| b.email(key.as_str()));
                let (call, change) = match kind {
                    3 => (call.idempotent(true), Change::idempotent(&key)),
                    _ => (call, Change::once(&key)),
                };
                make_call(&caller, call.into_future(), Some(change), &mut random).await?;
            }
        }
    }
    Ok(0)
}

/// A call that changes something on the server.
#[derive(Clone, Copy)]
struct Change<'a> {
    /// Identifies the change in the requests.
    key: &'a str,
    /// Whether the call may be carried out twice.
    is_idempotent: bool,
}

impl<'a> Change<'a> {
    fn once(key: &'a str) -> Self {
        Self {
            key,
            is_idempotent: false,
        }
    }

    fn idempotent(key: &'a str) -> Self {
        Self {
            key,
            is_idempotent: true,
        }
    }
}

/// Makes one call and checks its result. The caller can stop polling it, drop it, or keep it
/// without ever polling it again.
async fn make_call<T: 'static>(
    caller: &Caller,
    call: impl Future<Output = Result<T, Error>> + Send + Unpin + 'static,
    change: Option<Change<'_>>,
    random: &mut fastrand::Rng,
) -> Result<(), String> {
    let mut call = call;
    let start = caller.server.world().elapsed();
    if let Some(change) = change.filter(|change| !change.is_idempotent) {
        caller.server.world().must_not_repeat(change.key);
    }
    let result = if random.u32(..300) < caller.impatience {
        let result = (&mut call).now_or_never();
        if result.is_none() {
            caller.abandon(call);
        }
        result
    } else if random.u32(..100) < caller.impatience {
        in_time(timeout(caller.max_call_duration, await_or_drop(call, 100, random)).await)?
    } else {
        if let Some(change) = change {
            let keys = [change.key.to_owned()];
            caller.server.world().started(keys);
        }
        Some(in_time(timeout(caller.max_call_duration, call).await)?)
    };
    if let Some(Err(error)) = &result {
        let elapsed = caller.server.world().elapsed() - start;
        token_was_renewed(caller, error, elapsed)?;
    }
    match change {
        Some(change) => matches_the_server(caller, change, result.map(|result| result.map(drop))),
        None => Ok(()),
    }
}

/// Makes several calls in bulk, with a caller that is slow to read the results.
async fn make_bulk_calls(caller: &Caller, key: &str, random: &mut fastrand::Rng) -> Result<(), String> {
    let keys: Vec<String> = (0..random.u64(1..6)).map(|number| format!("{key}-{number}")).collect();
    let mut bulk = caller.client.bulk(keys.clone(), |client, key| {
        client.create_contact().body_map(|b| b.email(key.as_str()))
    });
    {
        let mut world = caller.server.world();
        keys.iter().for_each(|key| world.must_not_repeat(key));
        world.started(keys.clone());
    }
    let (mut results, mut dropped) = (0, 0);
    loop {
        if dropped > 50 {
            return Ok(());
        }
        let next = await_or_drop(bulk.next(), caller.impatience, random);
        match in_time(timeout(caller.max_call_duration, next).await)? {
            Some(Some(done)) => {
                results += 1;
                let change = Change::once(&keys[done.index as usize]);
                matches_the_server(caller, change, Some(done.result.map(drop)))?;
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
    result.map_err(|_| "a call does not end in time".to_owned())
}

/// Checks that a call does not fail with a 401 if the policy allows another attempt and the server
/// rejected only one token.
fn token_was_renewed(caller: &Caller, error: &Error, elapsed: Duration) -> Result<(), String> {
    let may_renew = error.attempts() < caller.attempts
        && caller.deadline == DEADLINE
        && elapsed + 2 * TIMEOUT < DEADLINE
        && caller.server.world().rejected_tokens == 1;
    match error.is_unauthorized() && !error.is_token_unavailable() && may_renew {
        true => Err(format!("the token was not renewed: {error}")),
        false => Ok(()),
    }
}

/// Compares the result of a call with the number of times that the server carried it out; `result`
/// is `None` if the call was dropped.
fn matches_the_server(caller: &Caller, change: Change<'_>, result: Option<Result<(), Error>>) -> Result<(), String> {
    let key = change.key;
    let times = caller.server.world().carried_out.get(key).copied().unwrap_or_default();
    if times > 1 && !change.is_idempotent {
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
