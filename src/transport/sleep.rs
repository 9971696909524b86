//! Timers of calls that move between runtimes: a call can be started on one runtime and polled on
//! another.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::Instant;

use super::task::current_runtime;

/// Waits for a duration.
pub(crate) async fn sleep(time: Duration) {
    match Instant::now().checked_add(time) {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Waits until a point in time.
///
/// A timer of a runtime that has shut down cannot be polled, and a timer of a blocked runtime never
/// fires, so each runtime that polls this future creates its own timer.
pub(crate) async fn sleep_until(end: Instant) {
    loop {
        let runtime = current_runtime();
        // Unconstrained, so that the timer fires even if the future polled with it uses up the
        // task's budget.
        let mut timer = pin!(unconstrained(tokio::time::sleep_until(end)));
        let fired = poll_fn(|context| match current_runtime() == runtime {
            true => timer.as_mut().poll(context).map(|()| true),
            false => Poll::Ready(false),
        });
        if fired.await {
            return;
        }
    }
}
