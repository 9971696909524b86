//! The client.

pub(crate) mod builder;
pub(crate) mod config_error;
mod decoding;
pub(crate) mod region;
pub(crate) mod request;
pub(crate) mod sending;
pub(crate) mod token;
pub(crate) mod version;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::call::call::Call;
use crate::call::options::Options;
use crate::call::retry_policy::RetryPolicy;
use crate::client::version::ApiVersion;
use crate::generated::Region;
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::error::kind::Kind;
use crate::response::typed::Response;
use crate::transport::Transport;
use crate::transport::task::Task;
use crate::wire::decode::Decode;
use builder::ClientBuilder;
use config_error::ConfigError;
use decoding::decoded;

/// A client for one workspace.
///
/// A client is cheap to clone: clones share the connection pool, the rate limit and the retry
/// budget. [`with_token`](Self::with_token) creates a client for another workspace with the same
/// pool.
///
/// Each operation of the API is a method, named after its operation id, that returns a builder;
/// `send()` or `.await` sends the request. [`operations`](crate::operations) lists the methods by
/// group. The methods of a group are available with the feature of that group.
///
/// A client must be used within a Tokio runtime. A current-thread runtime drives its connections
/// only inside `block_on`. If several of them share a client, a call can be given a connection of
/// an idle runtime and time out. Use one client per runtime.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// use intercom_client::{Client, Region};
///
/// let client = Client::builder("dG9rOmFjbWU").region(Region::Eu).build()?;
/// # assert_eq!(client.base_url(), "https://api.eu.intercom.io");
/// # let client = intercom.client();
/// let me = client.identify_admin().send().await?;
/// println!("{:?} of {:?}", me.name, me.app);
/// # assert_eq!(intercom.calls("identify_admin").len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// Whether calls run in tasks, so that they make progress while the caller does not poll them.
    in_background: bool,
}

struct Inner {
    region: Region,
    /// The builder of the client, with the HTTP client that was built.
    settings: ClientBuilder,
    transport: Arc<Transport>,
}

impl Client {
    /// Creates a client with settings from environment variables.
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `INTERCOM_ACCESS_TOKEN` | the access token | required |
    /// | `INTERCOM_REGION` | `us`, `eu` or `au` | `us` |
    /// | `INTERCOM_API_VERSION` | an API version, such as `2.9` | the version of the description |
    /// | `INTERCOM_BASE_URL` | the URL of another server, such as a proxy | the server of the region |
    ///
    /// An empty variable counts as unset.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if the token is missing or a value is invalid.
    #[doc(alias = "env")]
    pub fn from_env() -> Result<Self, ConfigError> {
        let read = |name: &'static str| match std::env::var(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::UnreadableVariable(name)),
        };
        let token = read("INTERCOM_ACCESS_TOKEN")?.ok_or(ConfigError::MissingVariable("INTERCOM_ACCESS_TOKEN"))?;
        let mut builder = Self::builder(token);
        if let Some(region) = read("INTERCOM_REGION")? {
            builder = builder.region(region.parse()?);
        }
        if let Some(version) = read("INTERCOM_API_VERSION")? {
            builder = builder.api_version(version.parse()?);
        }
        if let Some(url) = read("INTERCOM_BASE_URL")? {
            builder = builder.base_url(url);
        }
        builder.build()
    }

    /// Returns the region of the server; [`Region::Custom`] if the base URL is not the server of a
    /// region.
    pub fn region(&self) -> Region {
        self.inner.region
    }

    /// Returns the API version of requests.
    pub fn api_version(&self) -> &ApiVersion {
        &self.inner.settings.api_version
    }

    /// Returns the URL of the server, to which paths are appended, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.inner.transport.base_url.as_str().trim_end_matches('/')
    }

    /// Returns a client whose calls make progress while the caller does not poll them, so that a
    /// slow consumer of a stream causes no timeouts.
    pub(crate) fn in_background(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            in_background: true,
        }
    }

    /// Runs a call in a task. Dropping the future ends the call.
    async fn run<T: Send + 'static, F: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        call: &Call,
        exchange: impl FnOnce(Arc<Transport>, Call) -> F,
    ) -> Result<T, Error> {
        let exchange = exchange(Arc::clone(&self.inner.transport), call.clone());
        // A task does not inherit the caller's span.
        #[cfg(feature = "tracing")]
        let exchange = tracing::Instrument::in_current_span(exchange);
        match Task::spawn(exchange) {
            Ok(task) => task.await.unwrap_or_else(|| {
                // The runtime has shut down, so the response is lost.
                let mut lost = call.context();
                lost.attempts = 1;
                Err(lost.error(Kind::Lost))
            }),
            Err(exchange) => exchange.await,
        }
    }

    /// Returns how long the next request waits for the rate limit.
    pub(crate) fn rate_limit_wait(&self) -> Duration {
        self.inner.transport.gate.wait()
    }

    /// Returns the retry policy of a call with these options.
    pub(crate) fn retry_policy<'a>(&'a self, options: &'a Options) -> &'a RetryPolicy {
        options.retry.as_ref().unwrap_or(&self.inner.transport.retry)
    }

    /// Sends a call and decodes its JSON response.
    pub(crate) async fn decoded<T: Decode + Send + 'static>(&self, call: &Call) -> Result<Response<T>, Error> {
        match self.in_background {
            false => decoded(&self.inner.transport, call).await,
            true => {
                // Boxed because most calls do not need this large future.
                Box::pin(self.run(call, |transport, call| async move { decoded(&transport, &call).await })).await
            }
        }
    }

    /// Sends a call and collects the bytes of the response.
    pub(crate) async fn bytes(&self, call: &Call) -> Result<Response<Bytes>, Error> {
        match self.in_background {
            false => self.inner.transport.bytes(call).await,
            true => Box::pin(self.run(call, |transport, call| async move { transport.bytes(&call).await })).await,
        }
    }

    /// Sends a call and returns the body of the response as a stream.
    pub(crate) fn stream(&self, call: &Call) -> impl Future<Output = Result<Response<ByteStream>, Error>> {
        self.inner.transport.stream(call)
    }
}

/// Shows the region, the API version and the base URL, but not the token.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("region", &self.inner.region)
            .field("api_version", self.api_version())
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}
