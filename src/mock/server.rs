//! The mock behind a port, for other processes.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::HeaderValue;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::exchange::{MockBody, exchange};
use super::intercom::{MockBuilder, MockIntercom};
use super::shared::Shared;
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use crate::http::error::{HttpError, HttpErrorKind};

/// A [`MockIntercom`] on a free port of loopback, for programs in other processes. It stops when it is dropped, and its
/// connections are closed.
///
/// Everything else is as with a [`MockIntercom`], which it dereferences to.
///
/// ```
/// use intercom_client::mock::MockIntercom;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// let intercom = MockIntercom::builder().serve().await;
/// // let program = Command::new("my-program").env("INTERCOM_URL", intercom.url()).spawn()?;
/// # let client = intercom.client();
/// # client.list_tags().await?;
/// assert_eq!(intercom.calls("list_tags").len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct MockServer {
    intercom: MockIntercom,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl MockBuilder {
    /// Starts it on a free port of loopback.
    ///
    /// # Panics
    ///
    /// If no port on loopback is free, or outside of a tokio runtime.
    #[expect(clippy::expect_used, reason = "without a port there is nothing to test against")]
    pub async fn serve(self) -> MockServer {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port on loopback is free");
        let address = listener.local_addr().expect("a port that listens has an address");
        let intercom = self.build();
        let task = tokio::spawn(serve(listener, Arc::clone(&intercom.shared)));
        MockServer {
            intercom,
            address,
            task,
        }
    }
}

impl MockServer {
    /// The base URL, such as `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of it with the default settings, over the port: it repeats calls as in production.
    ///
    /// # Panics
    ///
    /// If the HTTP client cannot be set up on this machine.
    #[expect(clippy::expect_used, reason = "without a client there is nothing to test")]
    pub fn client(&self) -> Client {
        self.client_builder()
            .build()
            .expect("a client of loopback can be built")
    }

    /// A builder of a client with its URL, token and version.
    pub fn client_builder(&self) -> ClientBuilder {
        let shared = &self.intercom.shared;
        let builder = Client::builder(&*shared.token).base_url(self.url());
        builder.api_version(shared.api_version.clone())
    }
}

impl Deref for MockServer {
    type Target = MockIntercom;

    fn deref(&self) -> &MockIntercom {
        &self.intercom
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Shows the address.
impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

/// Serves until it is dropped, connections included.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&shared)))),
            // Such as too many open files: others may close theirs.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| handle(request, Arc::clone(&shared)));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // The client reports how a connection ends.
    let _ = connection.await;
}

/// An error closes the connection.
async fn handle(request: Request<Incoming>, shared: Arc<Shared>) -> Result<http::Response<MockBody>, HttpError> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await;
    let body = body
        .map_err(|error| HttpError::new(HttpErrorKind::Lost, error))?
        .to_bytes();
    // What is recorded keeps bytes of its own, not hyper's buffer of 8 KiB that they were read into.
    let body = Bytes::copy_from_slice(&body);
    for value in head.headers.values_mut() {
        if let Ok(own) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = own;
        }
    }
    exchange(shared, Request::from_parts(head, body)).await
}
