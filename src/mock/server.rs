//! The mock on a port, for other processes.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;

use tokio::net::TcpListener;

use super::intercom::{MockBuilder, MockIntercom};
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use crate::http::serve::serve;

/// A [`MockIntercom`] on a free port of the loopback interface, for programs in other processes.
///
/// Returned by [`MockBuilder::serve`]. It dereferences to [`MockIntercom`]. Dropping it stops the
/// server and closes its connections.
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
    /// Builds the mock and serves it on a free port of the loopback interface.
    ///
    /// # Panics
    ///
    /// If no port is free, or if called outside of a tokio runtime.
    #[expect(clippy::expect_used, reason = "a test cannot continue without a port")]
    pub async fn serve(self) -> MockServer {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("no free port on the loopback interface");
        let address = listener.local_addr().expect("listener without a local address");
        let intercom = self.build();
        let task = tokio::spawn(serve(listener, intercom.clone()));
        MockServer {
            intercom,
            address,
            task,
        }
    }
}

impl MockServer {
    /// Returns the base URL, for example `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a client that calls the mock over the port, with the default settings.
    ///
    /// It retries failed calls as in production.
    ///
    /// # Panics
    ///
    /// If the HTTP client cannot be built on this machine.
    #[expect(clippy::expect_used, reason = "a test cannot continue without a client")]
    pub fn client(&self) -> Client {
        self.client_builder()
            .build()
            .expect("client for the mock server cannot be built")
    }

    /// Creates a builder of clients with the URL, the token and the API version of the mock.
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

/// Shows the URL.
impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
