//! The default service: [`reqwest`], the only file that knows it and the crates below it.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tower_layer::Layer;
use tower_service::Service;
use url::{Host, Url};

use super::attempt::{self, Attempt};
use super::error::{BoxError, HttpError, HttpErrorKind};
use super::loopback::{is_localhost, is_loopback};
use super::service::HttpService;
use crate::wire::one_line::one_line;

/// How many bytes of all streams of an HTTP/2 connection may be unread: far more than the 2 MiB of each add up to.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// A service over a [`reqwest::Client`].
#[derive(Clone)]
struct Reqwest(reqwest::Client);

/// Makes a service of a client that the caller has set up.
pub(crate) fn service(client: reqwest::Client) -> HttpService {
    HttpService::new(Reqwest(client))
}

impl Service<http::Request<Bytes>> for Reqwest {
    type Response = http::Response<ReqwestBody>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, HttpError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let (connecting, target) = match parts.extensions.remove() {
                Some(Attempt { connecting, target, .. }) => (connecting, target.of(&parts.uri)),
                None => (attempt::Connecting::default(), None),
            };
            let url = match target {
                Some(url) => url,
                None => {
                    Url::parse(&parts.uri.to_string()).map_err(|error| HttpError::new(HttpErrorKind::Request, error))?
                }
            };
            let mut request = reqwest::Request::new(parts.method, url);
            *request.headers_mut() = parts.headers;
            *request.body_mut() = (!body.is_empty()).then(|| body.into());
            let response = watched(client.execute(request), connecting).await;
            let response = http::Response::from(response.map_err(classify)?);
            Ok(response.map(ReqwestBody))
        })
    }
}

/// The body of a response.
struct ReqwestBody(reqwest::Body);

impl Body for ReqwestBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.0).poll_frame(context));
        Poll::Ready(frame.map(|frame| frame.map_err(classify)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// How the default service connects to a server.
#[derive(Clone, PartialEq)]
pub(crate) struct Connecting {
    timeout: Duration,
    /// Whether the proxies of the environment are bypassed.
    directly: bool,
    /// A name of this machine, for which no name server is asked.
    localhost: Option<String>,
}

impl Connecting {
    /// Returns how connections to a server are made.
    pub(crate) fn to(base_url: &Url, timeout: Duration) -> Self {
        let localhost = match base_url.host() {
            Some(Host::Domain(name)) if is_localhost(name) => Some(name.to_owned()),
            _ => None,
        };
        Self {
            timeout,
            // A proxy would get the token in the clear.
            directly: base_url.scheme() == "http" && is_loopback(base_url),
            localhost,
        }
    }

    /// Builds a service that connects this way.
    pub(crate) fn service(&self) -> Result<HttpService, BoxError> {
        let mut http = reqwest::Client::builder()
            .connect_timeout(self.timeout)
            .connector_layer(Watch)
            .redirect(reqwest::redirect::Policy::none())
            // The retry policy decides what is retried, how often and after what pause.
            .retry(reqwest::retry::never())
            // A response that is not read does not hold up others: each stream has a window of its own.
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            // reqwest reads one gzip member and drops the rest in silence; the transport decompresses.
            .no_gzip();
        if self.directly {
            http = http.no_proxy();
        }
        if let Some(name) = &self.localhost {
            let addresses: [SocketAddr; 2] = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
            http = http.resolve_to_addrs(name, &addresses);
        }
        #[cfg(all(feature = "rustls-ring", not(any(feature = "rustls", feature = "native-tls"))))]
        {
            http = http.tls_backend_preconfigured(ring()?);
        }
        Ok(service(http.build()?))
    }
}

/// Configures rustls as reqwest does, with ring if no crypto provider is installed.
#[cfg(all(feature = "rustls-ring", not(any(feature = "rustls", feature = "native-tls"))))]
fn ring() -> Result<rustls::ClientConfig, BoxError> {
    use rustls::crypto::{CryptoProvider, ring::default_provider};
    use rustls_platform_verifier::BuilderVerifierExt;

    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(default_provider()));
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The TLS support that the features of this crate bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// https works.
    Ready,
    /// No TLS feature is enabled: only plain http works.
    Missing,
    /// rustls has no crypto provider: reqwest panics during set-up.
    #[cfg_attr(
        not(all(
            feature = "rustls-no-provider",
            not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))
        )),
        expect(dead_code, reason = "only rustls without a provider lacks one")
    )]
    WithoutProvider,
}

/// Returns the TLS support that is available.
pub(crate) fn tls() -> Tls {
    #[cfg(all(
        feature = "rustls-no-provider",
        not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))
    ))]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Tls::WithoutProvider;
    }
    match cfg!(any(
        feature = "rustls",
        feature = "native-tls",
        feature = "rustls-no-provider"
    )) {
        true => Tls::Ready,
        false => Tls::Missing,
    }
}

thread_local! {
    /// Whether the connector that was polled last on this thread is still connecting.
    static CONNECTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a request and keeps `connecting` up to date: while the request waits for its connection it polls the connector.
///
/// When it takes another connection that became free, the connector is left to a task of its own, which does not count.
async fn watched<T>(request: impl Future<Output = T>, connecting: attempt::Connecting) -> T {
    let mut request = pin!(request);
    poll_fn(|context| {
        CONNECTING.set(false);
        let polled = request.as_mut().poll(context);
        connecting.set(CONNECTING.get());
        polled
    })
    .await
}

/// Lets [`watched`] know about connectors.
#[derive(Clone)]
struct Watch;

/// A connector that is watched. reqwest clones it for each request, whether that needs a connection or not. The inner connector is
/// large and is only cloned for connections.
struct Watched<S>(Arc<S>);

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
    type Future = Connection<Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let mut connector = S::clone(&self.0);
        Connection(Box::pin(async move {
            poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(target).await
        }))
    }
}

/// A connection that is being made.
struct Connection<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> Future for Connection<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let polled = self.0.as_mut().poll(context);
        CONNECTING.set(polled.is_pending());
        polled
    }
}

/// Classifies an error of reqwest.
fn classify(error: reqwest::Error) -> HttpError {
    let kind = if error.is_builder() {
        HttpErrorKind::Request
    } else if error.is_connect() {
        match error.is_timeout() {
            true => HttpErrorKind::ConnectTimeout,
            false => unconnected(&error),
        }
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if chain(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_canceled)) {
        // The connection closed before hyper started to write the request.
        HttpErrorKind::Connect
    } else if is_unprocessed(&error) {
        HttpErrorKind::Unprocessed
    } else if error.is_redirect() || is_protocol(&error) {
        HttpErrorKind::Protocol
    } else {
        HttpErrorKind::Lost
    };
    // The URL contains ids and search terms.
    let error = error.without_url();
    // The reason that an HTTP/2 server gives for closing a connection can have any length.
    const LONGEST: usize = 1000;
    let long = chain(&error).map(ToString::to_string).find(|text| text.len() > LONGEST);
    let source: BoxError = match long {
        Some(long) => one_line(&long).into(),
        None => error.into(),
    };
    HttpError::new(kind, source)
}

type Cause = dyn std::error::Error + 'static;

/// An error and its causes, with those that I/O errors wrap, which their `source` passes over.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &Cause> {
    std::iter::successors(Some(error as &Cause), |cause| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &Cause),
            None => cause.source(),
        }
    })
}

/// Why there is no connection.
fn unconnected(error: &reqwest::Error) -> HttpErrorKind {
    // The type of the tunnel's error is private, and no other status than this one is kept.
    let tunnel = chain(error).find_map(|cause| Some(cause.to_string().strip_prefix("tunnel error: ")?.to_owned()));
    match tunnel.as_deref() {
        Some("unsuccessful") => return HttpErrorKind::Proxy,
        Some("proxy authorization required") => return HttpErrorKind::ProxyCredentials,
        _ => {}
    }
    match handshake(error) {
        Some(text) if text.contains("certificate") => HttpErrorKind::Certificate,
        // What OpenSSL says of a connection that was closed.
        Some(text) if text.contains("unexpected EOF") => HttpErrorKind::Connect,
        Some(_) => HttpErrorKind::Tls,
        None => HttpErrorKind::Connect,
    }
}

/// What a TLS handshake failed for, when that is why there is no connection; `None` when the network is to blame.
///
/// rustls says it inside an I/O error of invalid data, native TLS by an error of its own without any I/O error. All of them
/// name the certificate when it is the reason.
fn handshake(error: &reqwest::Error) -> Option<String> {
    let mut kinds = chain(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .peekable();
    let native = kinds.peek().is_none() && chain(error).any(is_native_tls);
    let rustls = kinds.any(|kind| kind == std::io::ErrorKind::InvalidData);
    (native || rustls).then(|| chain(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Whether it is an error of the operating system's TLS library.
#[cfg(feature = "native-tls")]
fn is_native_tls(cause: &Cause) -> bool {
    cause.is::<native_tls::Error>()
}

/// Without the feature there are none.
#[cfg(not(feature = "native-tls"))]
fn is_native_tls(_: &Cause) -> bool {
    false
}

/// Whether an HTTP/2 server says that it did not take the request: it refuses its stream, or goes away after an earlier one.
fn is_unprocessed(error: &reqwest::Error) -> bool {
    let says_so = |error: &h2::Error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    };
    // Once the answer has begun, so has the work.
    error.is_request() && chain(error).filter_map(<Cause>::downcast_ref).any(says_so)
}

/// Bytes that are not HTTP, not chunked or not compressed as they claim to be.
fn is_protocol(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    chain(error).any(|cause| {
        cause.downcast_ref().is_some_and(hyper::Error::is_parse)
            || cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|io| matches!(io.kind(), InvalidData | InvalidInput))
    })
}
