//! Work that goes on while nobody polls it, and ends when nobody waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task::JoinHandle;

/// A spawned task that ends when it is no longer waited for. `None` when nothing runs it: its runtime is gone, or has no threads
/// of its own and is not the one that waits.
pub(crate) struct Task<T> {
    task: JoinHandle<T>,
    /// The runtime that runs it, where that has no threads of its own.
    runtime: Option<Id>,
}

impl<T: Send + 'static> Task<T> {
    /// Spawns work on the runtime that this is called in; without one the work comes back.
    pub(crate) fn spawn<F: Future<Output = T> + Send + 'static>(work: F) -> Result<Self, F> {
        match Handle::try_current() {
            Ok(runtime) => Ok(Self {
                task: runtime.spawn(work),
                runtime: (runtime.runtime_flavor() == RuntimeFlavor::CurrentThread).then(|| runtime.id()),
            }),
            Err(_) => Err(work),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Poll::Ready(ended) = Pin::new(&mut self.task).poll(context) else {
            let runs = self.runtime.is_none() || self.runtime == current_runtime();
            return if runs { Poll::Pending } else { Poll::Ready(None) };
        };
        Poll::Ready(match ended {
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

/// The runtime that this is called in.
pub(super) fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}
