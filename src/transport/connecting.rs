//! Whether a request still waits for its connection: until then nothing is sent.
//!
//! A request that waits polls the connector. When it takes another connection that became free meanwhile, the connector is
//! left to a task of its own, which this does not mistake for waiting.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::attempt::by;

thread_local! {
    /// Whether the connector that was polled last on this thread goes on.
    static CONNECTING: Cell<bool> = const { Cell::new(false) };
}

/// Makes connectors known to [`by_connected`].
#[derive(Clone)]
pub(crate) struct Watch;

/// A connector whose work is known. The HTTP client clones it for each request, whether that needs a connection or not, and
/// what lies within is large: it is cloned for the connections only.
pub(crate) struct Watched<S>(Arc<S>);

impl<S> Clone for Watched<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched(Arc::new(connector))
    }
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Future: Send> + Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let mut connector = S::clone(&self.0);
        Connecting(Box::pin(async move {
            poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(target).await
        }))
    }
}

/// A connection that is being made.
pub(crate) struct Connecting<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> Future for Connecting<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let polled = self.0.as_mut().poll(context);
        CONNECTING.set(polled.is_pending());
        polled
    }
}

/// Runs `request` until `end`; when the time is up, the error is whether it still waited for a connection.
pub(crate) async fn by_connected<T>(end: Option<Instant>, request: impl Future<Output = T>) -> Result<T, bool> {
    let mut request = pin!(request);
    let mut connecting = false;
    let watched = poll_fn(|context| {
        CONNECTING.set(false);
        let polled = request.as_mut().poll(context);
        connecting = CONNECTING.get();
        polled
    });
    by(end, watched).await.ok_or(connecting)
}
