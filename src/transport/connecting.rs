//! Whether a request still waits for its connection: until then nothing is sent.
//!
//! A request that waits polls the connector. When it takes another connection that became free meanwhile, the connector is
//! left to a task of its own, which this does not mistake for waiting.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
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

/// A connector whose work is known.
#[derive(Clone)]
pub(crate) struct Watched<S>(S);

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched(connector)
    }
}

impl<S: Service<R, Future: Unpin>, R> Service<R> for Watched<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        Connecting(self.0.call(target))
    }
}

/// A connection that is being made.
pub(crate) struct Connecting<F>(F);

impl<F: Future + Unpin> Future for Connecting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let polled = Pin::new(&mut self.0).poll(context);
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
