//! Waiting that outlives its runtime: a call can be begun on one and go on on another, whose timers are its own.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::Instant;

use super::task::current_runtime;

/// Waits for a while.
pub(crate) async fn sleep(time: Duration) {
    match Instant::now().checked_add(time) {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Waits until then. A timer of a runtime that is gone cannot be polled, and one of a runtime that does not run never ends:
/// another runtime has its own.
pub(crate) async fn sleep_until(end: Instant) {
    loop {
        let runtime = current_runtime();
        // It ends though what is polled beside it never rests.
        let mut timer = pin!(unconstrained(tokio::time::sleep_until(end)));
        let ended = poll_fn(|context| match current_runtime() == runtime {
            true => timer.as_mut().poll(context).map(|()| true),
            false => Poll::Ready(false),
        });
        if ended.await {
            return;
        }
    }
}
