//! Tasks that make progress while their result is not polled, and end when the result is dropped.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task::JoinHandle;

/// The result of a spawned task; dropping it aborts the task.
///
/// It is `None` if nothing runs the task: its runtime has shut down, or is a current-thread runtime
/// other than the one that polls.
pub(crate) struct Task<T> {
    task: JoinHandle<T>,
    /// The runtime of the task, if that is a current-thread runtime.
    runtime: Option<Id>,
}

impl<T: Send + 'static> Task<T> {
    /// Spawns a future on the current runtime; returns the future if there is no runtime.
    pub(crate) fn spawn<F: Future<Output = T> + Send + 'static>(future: F) -> Result<Self, F> {
        match Handle::try_current() {
            Ok(runtime) => Ok(Self {
                task: runtime.spawn(future),
                runtime: (runtime.runtime_flavor() == RuntimeFlavor::CurrentThread).then(|| runtime.id()),
            }),
            Err(_) => Err(future),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Poll::Ready(result) = Pin::new(&mut self.task).poll(context) else {
            let is_run = self.runtime.is_none() || self.runtime == current_runtime();
            return if is_run { Poll::Pending } else { Poll::Ready(None) };
        };
        Poll::Ready(match result {
            Ok(value) => Some(value),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => None,
            },
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns the current runtime.
pub(super) fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}
