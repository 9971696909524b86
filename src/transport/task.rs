//! Work that goes on while nobody polls it, and ends when nobody waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

/// A spawned task that ends when it is no longer waited for. `None` when its runtime is gone.
pub(crate) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    /// Spawns work on the runtime that this is called in; without one the work comes back.
    pub(crate) fn spawn<F: Future<Output = T> + Send + 'static>(work: F) -> Result<Self, F> {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => Ok(Self(runtime.spawn(work))),
            Err(_) => Err(work),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(value) => Poll::Ready(Some(value)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Poll::Ready(None),
            },
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
