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
/// Cheap to clone: clones share one connection pool and one view of the rate limit. [`with_token`](Self::with_token) makes a
/// client for another workspace over the same pool. One method for each operation of the API, named after its operation id,
/// starts a builder; `send()` or `.await` sends it. [`operations`](crate::operations) lists them by group.
///
/// A connection lives on the Tokio runtime that it was made on. One without threads of its own drives it only while it is
/// blocked on: where several such runtimes share a client, a call can get a connection that nobody drives, and times out. Give
/// each of them a client, or share a runtime with threads.
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
    /// Whether calls are run by the runtime, so that they make progress while the caller does not poll them.
    in_background: bool,
}

struct Inner {
    region: Region,
    /// What it was built from, with the HTTP client that was made.
    settings: ClientBuilder,
    transport: Arc<Transport>,
}

impl Client {
    /// Builds a client from the environment.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `INTERCOM_ACCESS_TOKEN` | the access token; required |
    /// | `INTERCOM_REGION` | `us`, `eu` or `au`; `us` when unset |
    /// | `INTERCOM_API_VERSION` | such as `2.9`; the description's version when unset |
    /// | `INTERCOM_BASE_URL` | another server than the region's |
    ///
    /// A variable that is set to nothing counts as unset.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the variable that is missing or the value that is refused.
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

    /// The region whose server is called; [`Region::Custom`] for a base URL of none of them.
    pub fn region(&self) -> Region {
        self.inner.region
    }

    /// The API version that requests name.
    pub fn api_version(&self) -> &ApiVersion {
        &self.inner.settings.api_version
    }

    /// The URL that paths are appended to, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.inner.transport.base_url.as_str().trim_end_matches('/')
    }

    /// Returns a client whose calls make progress while the caller does not poll them: time during which a stream of calls is not
    /// polled counts against no timeout.
    pub(crate) fn in_background(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            in_background: true,
        }
    }

    /// Runs a call on the runtime. Dropping the future ends the call.
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
                // The runtime is gone, and the response with it.
                let mut lost = call.context();
                lost.attempts = 1;
                Err(lost.error(Kind::Lost))
            }),
            Err(exchange) => exchange.await,
        }
    }

    /// How long the next request waits for the rate limit.
    pub(crate) fn rate_limit_wait(&self) -> Duration {
        self.inner.transport.gate.wait()
    }

    /// Returns the retry policy of a call with these options.
    pub(crate) fn retry_policy<'a>(&'a self, options: &'a Options) -> &'a RetryPolicy {
        options.retry.as_ref().unwrap_or(&self.inner.transport.retry)
    }

    /// Sends a call and decodes its JSON answer.
    pub(crate) async fn decoded<T: Decode + Send + 'static>(&self, call: &Call) -> Result<Response<T>, Error> {
        match self.in_background {
            false => decoded(&self.inner.transport, call).await,
            true => {
                // Boxed, since most calls do not need it.
                Box::pin(self.run(call, |transport, call| async move { decoded(&transport, &call).await })).await
            }
        }
    }

    /// Sends a call and gathers the bytes of its answer.
    pub(crate) async fn whole(&self, call: &Call) -> Result<Response<Bytes>, Error> {
        match self.in_background {
            false => self.inner.transport.whole(call).await,
            true => Box::pin(self.run(call, |transport, call| async move { transport.whole(&call).await })).await,
        }
    }

    /// Sends a call and hands on the bytes of its answer as they arrive.
    pub(crate) fn stream(&self, call: &Call) -> impl Future<Output = Result<Response<ByteStream>, Error>> {
        self.inner.transport.stream(call)
    }
}

/// Shows region, version and base URL, never the token.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("region", &self.inner.region)
            .field("api_version", self.api_version())
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}
