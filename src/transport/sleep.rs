//! Waiting that outlives its runtime: a call can be begun on one and go on on another.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use super::task::current_runtime;

/// Waits for a while.
pub(crate) async fn sleep(time: Duration) {
    match Instant::now().checked_add(time) {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Waits until then. A timer of a runtime that is gone cannot be polled: another runtime has its own.
pub(crate) async fn sleep_until(end: Instant) {
    loop {
        let runtime = current_runtime();
        let mut timer = pin!(tokio::time::sleep_until(end));
        let ended = poll_fn(|context| match current_runtime() == runtime {
            true => timer.as_mut().poll(context).map(|()| true),
            false => Poll::Ready(false),
        });
        if ended.await {
            return;
        }
    }
}
