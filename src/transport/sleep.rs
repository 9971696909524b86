//! Waiting that outlives its runtime: a call can be begun on one and go on on another.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

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
        let runtime = current();
        let mut timer = pin!(tokio::time::sleep_until(end));
        let ended = poll_fn(|context| match current() == runtime {
            true => timer.as_mut().poll(context).map(|()| true),
            false => Poll::Ready(false),
        });
        if ended.await {
            return;
        }
    }
}

/// The runtime that this is called in.
fn current() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}
