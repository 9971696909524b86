//! The builder of clients.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;
use url::Url;
// Renamed so that signatures in the documentation do not show it as this crate's `Client`.
use reqwest::Client as ReqwestClient;

use super::config_error::ConfigError;
use super::token::AccessToken;
use super::version::ApiVersion;
use super::{Client, Inner};
use crate::call::retry_policy::RetryPolicy;
use crate::generated::Region;
use crate::http::error::BoxError;
use crate::http::loopback::is_loopback;
use crate::http::reqwest::{ConnectOptions, Tls, service, tls};
use crate::http::service::HttpService;
use crate::transport::budget::Budget;
use crate::transport::gate::Gate;
use crate::transport::{TIMEOUT, Transport};

impl Client {
    /// Returns a builder of a client for the workspace of an access token: a string, or
    /// [`AccessToken::from_fn`] for a token that changes.
    ///
    /// The defaults are the region US, the API version of the description, a
    /// [`timeout`](ClientBuilder::timeout) of 30 seconds per attempt, and three attempts.
    ///
    /// ```
    /// use intercom_client::{Client, Region};
    ///
    /// let client = Client::builder("dG9rOmFjbWU").region(Region::Eu).user_agent("acme-sync/1.4").build()?;
    /// # Ok::<(), intercom_client::ConfigError>(())
    /// ```
    #[doc(alias = "new")]
    pub fn builder(token: impl Into<AccessToken>) -> ClientBuilder {
        ClientBuilder {
            token: token.into(),
            region: None,
            api_version: ApiVersion::default(),
            base_url: None,
            timeout: None,
            connect_timeout: CONNECT_TIMEOUT,
            user_agent: None,
            http: Http::Default,
            layers: Vec::new(),
            retry: RetryPolicy::default(),
            max_response_bytes: MAX_RESPONSE_BYTES,
            max_in_flight: None,
            wait_for_rate_limit: true,
            retry_budget: true,
            plain_http: false,
        }
    }

    /// Creates a client for another workspace of the same region, with the same settings.
    ///
    /// Both clients share the connection pool. The new client has a separate rate limit,
    /// [`max_in_flight`](ClientBuilder::max_in_flight) and
    /// [`retry_budget`](ClientBuilder::retry_budget), so that a 429 of one workspace does not delay
    /// the calls of another. Keep one client per workspace, because the client learns the rate
    /// limit as it is used.
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
    /// Returns a [`ConfigError`] if the token is empty or contains invalid characters.
    pub fn with_token(&self, token: impl Into<AccessToken>) -> Result<Self, ConfigError> {
        self.to_builder().token(token).build()
    }

    /// Returns a builder with the settings of this client, including its token, for example to
    /// create a client for another region.
    ///
    /// The new client shares the connection pool with this one, but not the rate limit or the retry
    /// budget. It gets a separate pool if it has another
    /// [`connect_timeout`](ClientBuilder::connect_timeout), or if one of the servers is on loopback
    /// and the other is not.
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

/// Default of [`ClientBuilder::connect_timeout`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Default of [`ClientBuilder::max_response_bytes`]: 64 MiB.
const MAX_RESPONSE_BYTES: u64 = 64 << 20;

/// Builder of a [`Client`], returned by [`Client::builder`] and [`Client::to_builder`].
#[doc(alias = "config")]
#[doc(alias = "settings")]
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    token: AccessToken,
    region: Option<Region>,
    pub(super) api_version: ApiVersion,
    base_url: Option<String>,
    timeout: Option<Duration>,
    connect_timeout: Duration,
    user_agent: Option<String>,
    http: Http,
    /// The layers around the service, from the innermost to the outermost.
    layers: Vec<WrapService>,
    retry: RetryPolicy,
    max_response_bytes: u64,
    max_in_flight: Option<usize>,
    wait_for_rate_limit: bool,
    retry_budget: bool,
    plain_http: bool,
}

/// The HTTP service without layers.
#[derive(Clone)]
enum Http {
    /// The default service, which is not built yet.
    Default,
    /// The default service of another client, and its connection settings.
    Shared(HttpService, ConnectOptions),
    /// A reqwest client of the caller, which has its own timeouts.
    Reqwest(HttpService),
    /// A service of the caller.
    Service(HttpService),
}

/// Wraps a service in a layer.
type WrapService = Arc<dyn Fn(HttpService) -> HttpService + Send + Sync>;

impl ClientBuilder {
    /// Sets the access token of the workspace.
    pub fn token(mut self, token: impl Into<AccessToken>) -> Self {
        self.token = token.into();
        self
    }

    /// Sets the region that hosts the workspace. Default: US.
    ///
    /// An access token is valid only in this region. [`build`](Self::build) fails if the
    /// [`base_url`](Self::base_url) is the server of another region.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Sets the API version of requests. Default: the version of the description.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Sets the URL of the server, for example of a gateway or a test server. Default: the server
    /// of the region.
    ///
    /// The scheme must be https. It can be http on loopback, and on other hosts with
    /// [`allow_plain_http`](Self::allow_plain_http). A path in the URL is a prefix of all paths.
    /// For http on loopback, the proxies of the environment are not used, and host names under
    /// `localhost` are resolved without DNS.
    #[doc(alias = "host")]
    #[doc(alias = "endpoint")]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets the time limit of one attempt, from connecting to the last byte. Default: 30 seconds,
    /// or the timeout of the client given to [`http_client`](Self::http_client).
    ///
    /// For byte streams, the limit applies to the wait for the headers and to the wait for each
    /// chunk. Zero is rejected. Keep it below [`RetryPolicy::deadline`]: a non-idempotent call is
    /// retried only if a full timeout remains before the deadline.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time limit for connecting, which is part of the [`timeout`](Self::timeout).
    /// Default: 10 seconds.
    ///
    /// Zero is rejected. The setting does not apply to a client or service given to
    /// [`http_client`](Self::http_client) or [`http_service`](Self::http_service).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the name of the application, which precedes the name and version of this crate in the
    /// `User-Agent` header. Default: no name.
    ///
    /// Use visible ASCII characters, such as `acme-sync/1.4`.
    pub fn user_agent(mut self, application: impl Into<String>) -> Self {
        self.user_agent = Some(application.into());
        self
    }

    /// Sends requests through a [`reqwest::Client`], with its proxies, certificates, timeouts and
    /// redirects.
    ///
    /// The type is that of reqwest 0.13, which this crate re-exports as
    /// [`intercom_client::reqwest`](crate::reqwest). Set the client up like the default one:
    ///
    /// - `redirect(reqwest::redirect::Policy::none())`, so that the token is not sent to another
    ///   host.
    /// - `connect_timeout` below the timeout of every call. If a call times out before it is
    ///   connected, it otherwise counts as sent.
    /// - `retry(reqwest::retry::never())`, so that only the [`retry`](Self::retry) policy retries.
    ///   reqwest otherwise sends a request up to three times if an HTTP/2 server refuses it.
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
    #[doc(alias = "proxy")]
    #[doc(alias = "certificate")]
    pub fn http_client(mut self, client: ReqwestClient) -> Self {
        self.http = Http::Reqwest(service(client));
        self
    }

    /// Sends requests through an HTTP service instead of reqwest: another HTTP stack, a recording,
    /// or a mock.
    ///
    /// The service is called once per attempt, after the waits for the rate limit and for other
    /// calls. It gets the request with its absolute URL, and an [`Attempt`](crate::Attempt) as an
    /// extension. It returns a response for every status, and an error if the exchange failed. The
    /// kind of an [`HttpError`](crate::HttpError) says whether the request can have reached the
    /// server. After any other error, the request counts as sent, so that only calls that are safe
    /// to repeat are retried.
    ///
    /// The [`timeout`](Self::timeout) limits each call of the service (default: 30 seconds);
    /// [`connect_timeout`](Self::connect_timeout) does not apply. The client decompresses gzip
    /// bodies.
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
    ///         _ => Err(HttpError::new(HttpErrorKind::Connect, "no such path")),
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
        self.http = Http::Service(HttpService::new(service));
        self
    }

    /// Wraps the HTTP service in a layer, for example to record metrics or to sign requests.
    ///
    /// The layer sees every attempt, including retries. The last layer added is the outermost.
    /// Layers can be added before or after [`http_service`](Self::http_service) is called.
    /// [`with_token`](Client::with_token) and [`to_builder`](Client::to_builder) keep the layers.
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
    #[doc(alias = "middleware")]
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

    /// Sets how often and when failed calls are retried. Default: [`RetryPolicy::default`], three
    /// attempts.
    #[doc(alias = "backoff")]
    #[doc(alias = "attempts")]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the maximum length of a response body in bytes, after decompression. Default: 64 MiB.
    ///
    /// If a body is longer, the call fails, and [`Error::is_decode`](crate::Error::is_decode)
    /// returns `true`. Byte streams have no limit.
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets the maximum number of concurrent requests of all clones. Default: no limit.
    ///
    /// Other calls wait in the order in which they are made, at most until their
    /// [`deadline`](RetryPolicy::deadline). A call that is not polled when its turn comes does not
    /// hold up the others, and keeps its place. A byte stream counts until its headers arrive. Zero
    /// is rejected.
    #[doc(alias = "concurrency")]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// Sets whether calls wait for the reset of the rate limit when it is known to be exhausted.
    /// Default: `true`.
    ///
    /// With `false`, calls are sent at any time and retried after a 429. With `true`, at most four
    /// requests are sent concurrently before the first response with rate-limit headers; each
    /// response without the headers allows one more.
    #[doc(alias = "rate_limit")]
    #[doc(alias = "throttle")]
    pub fn wait_for_rate_limit(mut self, wait: bool) -> Self {
        self.wait_for_rate_limit = wait;
        self
    }

    /// Sets whether all clones share a retry budget. Default: `true`.
    ///
    /// The budget starts at 100 retries and is refilled by successful calls: five successes add one
    /// retry. When it is empty, calls are not retried, except after a 429. Retries therefore do not
    /// multiply the load on a failing server.
    pub fn retry_budget(mut self, budget: bool) -> Self {
        self.retry_budget = budget;
        self
    }

    /// Sets whether the [`base_url`](Self::base_url) of a host other than loopback can be plain
    /// http. Default: `false`.
    ///
    /// Use it for a mock or a sidecar in a container network. **The token and all data are sent
    /// unencrypted**, also to the proxy of the environment if there is one, so never use it across
    /// the internet.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.plain_http = allow;
        self
    }

    /// Builds the client.
    ///
    /// The features of this crate select the TLS library:
    ///
    /// - `rustls` (default), `rustls-ring` or `rustls-no-provider`: rustls, with aws-lc, with ring,
    ///   or with a crypto provider that must be installed first.
    /// - `native-tls`: the library of the operating system. It takes precedence over the others.
    ///
    /// Without any of them, the base URL must be plain http. The features do not apply to a client
    /// or service given to [`http_client`](Self::http_client) or
    /// [`http_service`](Self::http_service).
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if a setting is invalid, if TLS is not available, or if the HTTP
    /// client cannot be set up.
    pub fn build(mut self) -> Result<Client, ConfigError> {
        let authorization = self.token.authorization()?;
        let (base_url, region) = self.server()?;
        let product = concat!("intercom-client/", env!("CARGO_PKG_VERSION"));
        let user_agent = match self.user_agent.as_deref().map(str::trim) {
            None => product.to_owned(),
            Some("") => return Err(ConfigError::InvalidUserAgent),
            Some(application) => format!("{application} {product}"),
        };
        let user_agent = HeaderValue::from_str(&user_agent).map_err(|_| ConfigError::InvalidUserAgent)?;
        if self.max_in_flight == Some(0) {
            return Err(ConfigError::ZeroMaxInFlight);
        }
        if self.timeout == Some(Duration::ZERO) {
            return Err(ConfigError::ZeroTimeout("timeout"));
        }
        if self.connect_timeout.is_zero() {
            return Err(ConfigError::ZeroTimeout("connect_timeout"));
        }
        let (http, timeout, connect_timeout) = match &self.http {
            Http::Reqwest(http) => (http.clone(), self.timeout, None),
            Http::Service(http) => (http.clone(), Some(self.timeout.unwrap_or(TIMEOUT)), None),
            default => {
                match tls() {
                    Tls::WithoutProvider => return Err(ConfigError::NoCryptoProvider),
                    Tls::Missing if base_url.scheme() == "https" => return Err(ConfigError::NoTls),
                    Tls::Missing | Tls::Ready => {}
                }
                let options = ConnectOptions::for_server(&base_url, self.connect_timeout);
                let http = match default {
                    Http::Shared(http, shared) if *shared == options => http.clone(),
                    _ => options
                        .service()
                        .map_err(|error: BoxError| ConfigError::Http(error.into()))?,
                };
                self.http = Http::Shared(http.clone(), options);
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

    /// Returns the URL and the region of the server.
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
        let url_region = Region::ALL.iter().copied().find(|region| region.url() == Some(text));
        match (url_region, self.region) {
            (Some(base_url_region), Some(region)) if base_url_region != region => Err(ConfigError::RegionMismatch {
                region,
                base_url_region,
            }),
            (url_region, _) => Ok((url, url_region.unwrap_or(Region::Custom))),
        }
    }
}

/// Shows the settings, but not the token.
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

/// Parses a base URL: https, or http if it is allowed, without parts that would be lost when a path
/// is appended.
fn check_base_url(text: &str, plain_http: bool) -> Result<Url, ConfigError> {
    let invalid = |reason| Err(ConfigError::InvalidBaseUrl(reason));
    // `localhost:8080` is a URL with the scheme `localhost`.
    let has_scheme = text.contains("://") || text.starts_with("https:") || text.starts_with("http:");
    if !has_scheme {
        return invalid("it has no scheme; start it with `https://`, or with `http://` for a server on this machine");
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::EmptyHost) => return invalid("it has no host"),
        Err(_) => return invalid("it cannot be parsed; write it like `https://gateway.example/intercom`"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("it contains a user name or password; pass the token to the builder instead");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return invalid("it contains a query or a fragment; end it with the path");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) || plain_http => Ok(url),
        "http" => invalid(
            "it is plain http, so the token would be sent unencrypted; use https (http is allowed on loopback, and elsewhere \
             with `allow_plain_http`)",
        ),
        _ => invalid("its scheme is not supported; use https"),
    }
}
