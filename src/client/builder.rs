//! Sets up a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;
use url::Url;
// In the documentation's signatures by a name that is not this crate's own.
use reqwest::Client as ReqwestClient;

use super::config_error::ConfigError;
use super::token::AccessToken;
use super::version::ApiVersion;
use super::{Client, Inner};
use crate::call::retry_policy::RetryPolicy;
use crate::generated::Region;
use crate::http::error::BoxError;
use crate::http::loopback::is_loopback;
use crate::http::reqwest::{Connecting, Tls, service, tls};
use crate::http::service::HttpService;
use crate::transport::budget::Budget;
use crate::transport::gate::Gate;
use crate::transport::{TIMEOUT, Transport};

impl Client {
    /// Starts a builder with the access token of a workspace: a text, or [`AccessToken::from_fn`] for one that changes.
    pub fn builder(token: impl Into<AccessToken>) -> ClientBuilder {
        ClientBuilder {
            token: token.into(),
            region: None,
            api_version: ApiVersion::default(),
            base_url: None,
            timeout: None,
            connect_timeout: CONNECT_TIMEOUT,
            user_agent: None,
            http: Http::Own,
            layers: Vec::new(),
            retry: RetryPolicy::default(),
            max_response_bytes: MAX_RESPONSE_BYTES,
            max_in_flight: None,
            wait_for_rate_limit: true,
            retry_budget: true,
            plain_http: false,
        }
    }

    /// A client for another workspace of the same region, with the same settings: it shares the connection pool, and has a rate
    /// limit, [`max_in_flight`](ClientBuilder::max_in_flight) and [`retry_budget`](ClientBuilder::retry_budget) of its own, so
    /// that one workspace's 429 does not hold up another's calls. Keep one for each workspace: these are learnt as it is used.
    ///
    /// ```
    /// # fn example(client: &intercom_client::Client, tokens: Vec<String>) -> Result<(), intercom_client::ConfigError> {
    /// use intercom_client::{Client, ConfigError};
    ///
    /// let workspaces: Vec<Client> = tokens
    ///     .into_iter()
    ///     .map(|token| client.with_token(token))
    ///     .collect::<Result<_, ConfigError>>()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the token cannot be sent.
    pub fn with_token(&self, token: impl Into<AccessToken>) -> Result<Self, ConfigError> {
        self.to_builder().token(token).build()
    }

    /// A builder with this client's settings, its token included. What it builds shares the connection pool and nothing else:
    /// for workspaces in several regions, or with other limits.
    ///
    /// A pool of its own is made where this one's does not fit: with another
    /// [`connect_timeout`](ClientBuilder::connect_timeout), and between loopback and other servers.
    ///
    /// ```
    /// # fn example(client: &intercom_client::Client, token: &str) -> Result<(), intercom_client::ConfigError> {
    /// use intercom_client::Region;
    ///
    /// let european = client.to_builder().token(token).region(Region::Eu).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_builder(&self) -> ClientBuilder {
        self.inner.settings.clone()
    }
}

/// Default limit of [`ClientBuilder::connect_timeout`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Default limit of [`ClientBuilder::max_response_bytes`]: 64 MiB.
const MAX_RESPONSE_BYTES: u64 = 64 << 20;

/// Sets up a [`Client`]. Made by [`Client::builder`] and [`Client::to_builder`].
#[derive(Clone)]
#[must_use = "nothing is built before `build()`"]
pub struct ClientBuilder {
    token: AccessToken,
    region: Option<Region>,
    pub(super) api_version: ApiVersion,
    base_url: Option<String>,
    timeout: Option<Duration>,
    connect_timeout: Duration,
    user_agent: Option<String>,
    http: Http,
    /// The layers around the service, the innermost first.
    layers: Vec<Wrap>,
    retry: RetryPolicy,
    max_response_bytes: u64,
    max_in_flight: Option<usize>,
    wait_for_rate_limit: bool,
    retry_budget: bool,
    plain_http: bool,
}

/// The HTTP service that requests are sent through, without layers.
#[derive(Clone)]
enum Http {
    /// The default service, to be built.
    Own,
    /// The default service of another client, which connects this way.
    Shared(HttpService, Connecting),
    /// A reqwest client of the caller's, which has its own timeouts.
    Reqwest(HttpService),
    /// A service of the caller's.
    Given(HttpService),
}

/// Wraps a service in a layer.
type Wrap = Arc<dyn Fn(HttpService) -> HttpService + Send + Sync>;

impl ClientBuilder {
    /// The access token of the workspace.
    pub fn token(mut self, token: impl Into<AccessToken>) -> Self {
        self.token = token.into();
        self
    }

    /// The workspace's region. Default: the description's first server, US. With a [`base_url`](Self::base_url) of another
    /// region's server the client is not built.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// The API version to ask for. Default: the version of the description.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Another server than the region's, such as a proxy or a test server: https, or http on loopback
    /// ([elsewhere](Self::allow_plain_http) by a setting). A path is kept as a prefix. No proxy of the environment is used for http
    /// on loopback, and no name server is asked for names under `localhost`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// How long one attempt may take, from connecting to the last byte. Default: 30 seconds, or what a client given with
    /// [`http_client`](Self::http_client) says. For byte streams it limits the wait for the headers and for each next
    /// chunk instead. Zero is refused. Keep it below the policy's [`deadline`](crate::RetryPolicy::deadline): a call that must not be
    /// carried out twice is only begun again when so much is left of that, so never where it is longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long connecting may take, within the [`timeout`](Self::timeout) of the attempt. Default: 10 seconds; zero is
    /// refused. Has no effect on a client given with [`http_client`](Self::http_client).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Names the application in the `User-Agent` header, in front of this crate's own name and version.
    pub fn user_agent(mut self, application: impl Into<String>) -> Self {
        self.user_agent = Some(application.into());
        self
    }

    /// Sends through a [`reqwest::Client`] that the caller has set up, with its proxies, certificates, timeouts and redirects.
    /// It is the one of reqwest 0.13, which this crate re-exports as [`intercom_client::reqwest`](crate::reqwest). The headers
    /// of each request are the same as without it. The client that is used otherwise follows no redirect: give
    /// yours `redirect(reqwest::redirect::Policy::none())` too, so that the token stays with the base URL. Give it a
    /// `connect_timeout` below the timeout of every call as well: a call that times out before it is connected is else
    /// taken for one that may have been sent. With `retry(reqwest::retry::never())` only the policy of
    /// [`retry`](Self::retry) repeats requests; reqwest otherwise sends up to two more of each that an HTTP/2 server refuses.
    ///
    /// ```
    /// use std::time::Duration;
    /// use intercom_client::{Client, reqwest};
    ///
    /// let http = reqwest::Client::builder()
    ///     .proxy(reqwest::Proxy::https("http://proxy.example:3128")?)
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .retry(reqwest::retry::never())
    ///     .connect_timeout(Duration::from_secs(10))
    ///     .build()?;
    /// let client = Client::builder("dG9rOmFjbWU").http_client(http).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn http_client(mut self, client: ReqwestClient) -> Self {
        self.http = Http::Reqwest(service(client));
        self
    }

    /// Sends through an HTTP service of the caller's instead of reqwest: another HTTP stack, a recording, a mock.
    ///
    /// The service is called once for every attempt, below retries and rate limits, after the wait for permits. It gets the complete
    /// request with its absolute URL and an [`Attempt`](crate::Attempt) among the extensions. Every status is a response; an error
    /// is an exchange that failed. An [`HttpError`](crate::HttpError) says whether the request can have reached the server; any
    /// other error counts as "may have been sent", so that only calls that are safe to repeat are retried.
    ///
    /// [`timeout`](Self::timeout) limits each call of the service (default: 30 seconds);
    /// [`connect_timeout`](Self::connect_timeout) has no effect. Response bodies are decompressed from gzip above the service.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use intercom_client::{Client, HttpError, HttpErrorKind, http};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let service = tower::service_fn(|request: http::Request<Bytes>| async move {
    ///     match request.uri().path() {
    ///         "/me" => Ok(http::Response::new(Full::from(r#"{"type": "admin", "id": "814"}"#))),
    ///         _ => Err(HttpError::new(HttpErrorKind::Connect, "only /me is there")),
    ///     }
    /// });
    /// let client = Client::builder("dG9rOmFjbWU").http_service(service).build()?;
    /// assert_eq!(client.identify_admin().await?.id.as_deref(), Some("814"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_service<S, B>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.http = Http::Given(HttpService::new(service));
        self
    }

    /// Wraps the HTTP service in a layer, for example to record metrics or to sign requests. It sees every attempt, retries
    /// included. The last layer added is the outermost; the order of this method and [`http_service`](Self::http_service) does
    /// not matter.
    ///
    /// Clients made with [`with_token`](Client::with_token) and [`to_builder`](Client::to_builder) have the same layers.
    ///
    /// ```
    /// use intercom_client::{Attempt, Client, ConfigError};
    ///
    /// let log = tower::util::MapRequestLayer::new(|request: intercom_client::http::Request<bytes::Bytes>| {
    ///     if let Some(attempt) = request.extensions().get::<Attempt>() {
    ///         println!("{} {}", attempt.operation(), attempt.number());
    ///     }
    ///     request
    /// });
    /// let client = Client::builder("dG9rOmFjbWU").layer(log).build()?;
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + Sync + 'static,
        L::Service: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<http::Request<Bytes>>>::Future: Send + 'static,
        <L::Service as Service<http::Request<Bytes>>>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.layers
            .push(Arc::new(move |service| HttpService::new(layer.layer(service))));
        self
    }

    /// When and how often failed requests are sent again. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The longest JSON body that is read, in bytes after decompression. Default: 64 MiB. Byte streams have no limit.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// The number of requests that may be under way at once, over all clones; a byte stream counts until it begins. Default: no
    /// limit.
    ///
    /// Further calls wait in the order in which they are made, at most until their
    /// [`deadline`](RetryPolicy::deadline). A call that is not polled when its turn comes does not hold up the others; it keeps
    /// its place.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// Whether requests wait for the rate limit's reset once its window is known to be spent, instead of asking in vain. As long
    /// as the limit is not known, four are under way at once, and one more after each answer that does not tell it.
    /// Default: true.
    pub fn wait_for_rate_limit(mut self, wait: bool) -> Self {
        self.wait_for_rate_limit = wait;
        self
    }

    /// Whether all clones share a budget of repeats: 100 of them at first, which successes fill up again. Once it is spent, a
    /// server that is down gets no more requests than one that is up. One that answers never spends it. Default: true.
    pub fn retry_budget(mut self, budget: bool) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Whether a [`base_url`](Self::base_url) on another machine may be plain http, such as a mock or a sidecar in a
    /// network of containers. **The token and all data then cross that network in the clear**, to the environment's proxy where
    /// one is set; never let it be the internet. Default: false.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.plain_http = allow;
        self
    }

    /// Builds the client.
    ///
    /// How it speaks TLS is decided by the features of this crate: by rustls with `rustls` (the default) or
    /// `rustls-no-provider`, by the operating system's library with `native-tls`, which wins when several are enabled. With
    /// `rustls-no-provider` alone a crypto provider has to be installed before. Without any of them only clients of a plain
    /// http base URL can be built. None of this is asked of a client given with [`http_client`](Self::http_client).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says which setting is refused and what to change.
    pub fn build(mut self) -> Result<Client, ConfigError> {
        let authorization = self.token.authorization()?;
        let (base_url, region) = self.server()?;
        let own = concat!("intercom-client/", env!("CARGO_PKG_VERSION"));
        let user_agent = match self.user_agent.as_deref().map(str::trim) {
            None => own.to_owned(),
            Some("") => return Err(ConfigError::InvalidUserAgent),
            Some(application) => format!("{application} {own}"),
        };
        let user_agent = HeaderValue::from_str(&user_agent).map_err(|_| ConfigError::InvalidUserAgent)?;
        if self.max_in_flight == Some(0) {
            return Err(ConfigError::NothingInFlight);
        }
        if self.timeout == Some(Duration::ZERO) {
            return Err(ConfigError::ZeroTimeout("timeout"));
        }
        if self.connect_timeout.is_zero() {
            return Err(ConfigError::ZeroTimeout("connect_timeout"));
        }
        let (http, timeout, connect_timeout) = match &self.http {
            Http::Reqwest(http) => (http.clone(), self.timeout, None),
            Http::Given(http) => (http.clone(), Some(self.timeout.unwrap_or(TIMEOUT)), None),
            made => {
                match tls() {
                    Tls::WithoutProvider => return Err(ConfigError::NoCryptoProvider),
                    Tls::Missing if base_url.scheme() == "https" => return Err(ConfigError::NoTls),
                    Tls::Missing | Tls::Ready => {}
                }
                let connecting = Connecting::to(&base_url, self.connect_timeout);
                let http = match made {
                    Http::Shared(http, set_up) if *set_up == connecting => http.clone(),
                    _ => connecting
                        .service()
                        .map_err(|error: BoxError| ConfigError::Http(error.into()))?,
                };
                self.http = Http::Shared(http.clone(), connecting);
                (http, Some(self.timeout.unwrap_or(TIMEOUT)), Some(self.connect_timeout))
            }
        };
        let http = self.layers.iter().fold(http, |service, wrap| wrap(service));
        let (host, port) = (
            base_url.host_str().unwrap_or_default(),
            base_url.port_or_known_default(),
        );
        let transport = Transport {
            http,
            server: format!("{host}:{}", port.unwrap_or_default()).into(),
            base_url,
            authorization,
            version: self.api_version.header(),
            user_agent,
            timeout,
            connect_timeout,
            retry: self.retry.clone(),
            max_response_bytes: self.max_response_bytes,
            budget: self.retry_budget.then(Budget::new),
            gate: Arc::new(Gate::new(self.wait_for_rate_limit, self.max_in_flight)),
        };
        Ok(Client {
            in_background: false,
            inner: Arc::new(Inner {
                region,
                settings: self,
                transport: Arc::new(transport),
            }),
        })
    }

    /// The server, and the region that it stands for.
    fn server(&self) -> Result<(Url, Region), ConfigError> {
        let Some(url) = &self.base_url else {
            let region = self.region.unwrap_or_default();
            let url = region
                .url()
                .ok_or_else(|| ConfigError::UnknownRegion(region.to_string()))?;
            return Ok((check_base_url(url, self.plain_http)?, region));
        };
        let url = check_base_url(url, self.plain_http)?;
        let text = url.as_str().trim_end_matches('/');
        let known = Region::ALL.iter().copied().find(|region| region.url() == Some(text));
        match (known, self.region) {
            (Some(of_url), Some(region)) if of_url != region => Err(ConfigError::RegionMismatch { region, of_url }),
            (known, _) => Ok((url, known.unwrap_or(Region::Custom))),
        }
    }
}

/// Shows the settings, never the token.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("region", &self.region)
            .field("api_version", &self.api_version)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

/// A base URL is https, or http on loopback, and nothing that would go astray when a path is appended.
fn check_base_url(text: &str, plain_http: bool) -> Result<Url, ConfigError> {
    let refuse = |reason| Err(ConfigError::InvalidBaseUrl(reason));
    let Ok(url) = Url::parse(text) else {
        return refuse("it is not an absolute URL");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it has user info; give the token to the builder instead");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it has a query or a fragment; end it with the path");
    }
    if url.host().is_none() {
        return refuse("it has no host");
    }
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback || plain_http => Ok(url),
        "http" => refuse(
            "it is plain http, which would send the token in the clear; use https (http only on loopback, or with `allow_plain_http`)",
        ),
        _ => refuse("its scheme is not https"),
    }
}
