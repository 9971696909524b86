//! The default HTTP service. No other module uses reqwest or the crates below it.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;
use url::{Host, Url};

use super::attempt::ConnectingFlag;
use super::error::{BoxError, HttpError, HttpErrorKind};
use super::loopback::{is_localhost, is_loopback};
use super::service::{HttpBody, HttpService, Outgoing, ResponseFuture};
use crate::wire::one_line::one_line;

/// Maximum number of unread bytes of all streams of an HTTP/2 connection, far above the sum of the
/// 2 MiB windows of the streams.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// The default service.
#[derive(Clone)]
pub(crate) struct DefaultService(reqwest::Client);

/// Creates a service from a client of the caller.
pub(crate) fn service(client: reqwest::Client) -> HttpService {
    HttpService::from_default(DefaultService(client))
}

impl DefaultService {
    pub(super) fn send(&self, outgoing: Outgoing) -> ResponseFuture {
        let connecting = outgoing.connecting();
        let mut request = reqwest::Request::new(outgoing.method, outgoing.url);
        *request.headers_mut() = outgoing.headers;
        *request.body_mut() = (!outgoing.body.is_empty()).then(|| outgoing.body.into());
        // The request is passed on here, so that the future does not contain it.
        let response = self.0.execute(request);
        Box::pin(async move {
            let response = watch_connector(response, connecting).await;
            let mut received = response.map_err(classify)?;
            let (version, headers) = (received.version(), std::mem::take(received.headers_mut()));
            let extensions = std::mem::take(received.extensions_mut());
            let mut response = http::Response::new(());
            (*response.status_mut(), *response.version_mut()) = (received.status(), version);
            (*response.headers_mut(), *response.extensions_mut()) = (headers, extensions);
            Ok(response.map(|()| HttpBody::from_default(DefaultBody(Box::new(received)))))
        })
    }
}

/// The body of a response of the default service, without trailers.
///
/// Boxed because a response is moved several times before its body is read.
pub(crate) struct DefaultBody(Box<reqwest::Response>);

impl DefaultBody {
    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, HttpError>>> {
        // The future of `chunk` only polls the body and has no state, so it can be created again for each poll.
        let chunk = pin!(self.0.chunk()).poll(context);
        chunk.map(|chunk| chunk.map_err(classify).transpose())
    }

    /// Returns the number of bytes that are still to be received, if it is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.0.content_length()
    }
}

/// The connection settings of the default service.
#[derive(Clone, PartialEq)]
pub(crate) struct ConnectOptions {
    timeout: Duration,
    /// Whether the proxies of the environment are bypassed.
    no_proxy: bool,
    /// A host name under `localhost`, which is resolved without DNS.
    localhost: Option<String>,
}

impl ConnectOptions {
    /// Returns the settings for a server.
    pub(crate) fn for_server(base_url: &Url, timeout: Duration) -> Self {
        let localhost = match base_url.host() {
            Some(Host::Domain(name)) if is_localhost(name) => Some(name.to_owned()),
            _ => None,
        };
        Self {
            timeout,
            // A proxy would receive the token unencrypted.
            no_proxy: base_url.scheme() == "http" && is_loopback(base_url),
            localhost,
        }
    }

    /// Builds a service with these settings.
    pub(crate) fn service(&self) -> Result<HttpService, BoxError> {
        let mut http = reqwest::Client::builder()
            .connect_timeout(self.timeout)
            .connector_layer(WatchLayer)
            .redirect(reqwest::redirect::Policy::none())
            // The retry policy decides about retries.
            .retry(reqwest::retry::never())
            // A response that is not read does not block other responses, because each stream also
            // has its own window.
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            // reqwest silently drops all gzip members but the first, so the transport decompresses.
            .no_gzip();
        if self.no_proxy {
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

/// The TLS support that the crate features enable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// https works.
    Ready,
    /// No TLS feature is enabled, so only plain http works.
    Missing,
    /// rustls has no crypto provider, so reqwest would panic.
    #[cfg_attr(
        not(all(
            feature = "rustls-no-provider",
            not(any(feature = "rustls", feature = "rustls-ring", feature = "native-tls"))
        )),
        expect(dead_code, reason = "only used with the feature rustls-no-provider")
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

/// Runs a request, and sets `connecting` while the request waits for its connection, which is when
/// it polls the connector.
///
/// If the request takes another connection that has become idle, reqwest moves the connector to a
/// separate task, which is ignored.
async fn watch_connector<T>(request: impl Future<Output = T>, connecting: ConnectingFlag) -> T {
    let mut request = pin!(request);
    poll_fn(|context| {
        CONNECTING.set(false);
        let polled = request.as_mut().poll(context);
        connecting.set(CONNECTING.get());
        polled
    })
    .await
}

/// Wraps connectors for [`watch_connector`].
#[derive(Clone)]
struct WatchLayer;

/// A connector for [`watch_connector`].
///
/// reqwest clones the connector for each request, even if the request needs no new connection. The
/// inner connector is large, so it is only cloned for connections.
struct WatchedConnector<S>(Arc<S>);

impl<S> Clone for WatchedConnector<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Layer<S> for WatchLayer {
    type Service = WatchedConnector<S>;

    fn layer(&self, connector: S) -> WatchedConnector<S> {
        WatchedConnector(Arc::new(connector))
    }
}

impl<S, R> Service<R> for WatchedConnector<S>
where
    S: Service<R, Future: Send> + Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ConnectFuture<Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let mut connector = S::clone(&self.0);
        ConnectFuture(Box::pin(async move {
            poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(target).await
        }))
    }
}

/// The future of a connector.
struct ConnectFuture<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> Future for ConnectFuture<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let polled = self.0.as_mut().poll(context);
        CONNECTING.set(polled.is_pending());
        polled
    }
}

/// Converts an error of reqwest.
fn classify(error: reqwest::Error) -> HttpError {
    let kind = if error.is_builder() {
        HttpErrorKind::Request
    } else if error.is_connect() {
        match error.is_timeout() {
            true => HttpErrorKind::ConnectTimeout,
            false => connect_error_kind(&error),
        }
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if sources(&error).any(|source| source.downcast_ref().is_some_and(hyper::Error::is_canceled)) {
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
    // The debug data with which an HTTP/2 server closes a connection can have any length.
    const MAX_TEXT: usize = 1000;
    let long_text = sources(&error)
        .map(ToString::to_string)
        .find(|text| text.len() > MAX_TEXT);
    let source: BoxError = match long_text {
        Some(text) => one_line(&text).into(),
        None => error.into(),
    };
    HttpError::new(kind, source)
}

type DynError = dyn std::error::Error + 'static;

/// Returns an error and its sources, including errors inside I/O errors, which `source` skips.
fn sources(error: &reqwest::Error) -> impl Iterator<Item = &DynError> {
    std::iter::successors(Some(error as &DynError), |error| {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &DynError),
            None => error.source(),
        }
    })
}

/// Returns why a connection failed.
fn connect_error_kind(error: &reqwest::Error) -> HttpErrorKind {
    // The type of the tunnel's error is private, and 407 is the only status that it keeps.
    let tunnel = sources(error).find_map(|source| Some(source.to_string().strip_prefix("tunnel error: ")?.to_owned()));
    match tunnel.as_deref() {
        Some("unsuccessful") => return HttpErrorKind::Proxy,
        Some("proxy authorization required") => return HttpErrorKind::ProxyCredentials,
        _ => {}
    }
    match handshake_error(error) {
        Some(text) if text.contains("certificate") => HttpErrorKind::Certificate,
        // OpenSSL reports a closed connection with this text.
        Some(text) if text.contains("unexpected EOF") => HttpErrorKind::Connect,
        Some(_) => HttpErrorKind::Tls,
        None => HttpErrorKind::Connect,
    }
}

/// Returns why the TLS handshake failed; `None` if the connection failed for another reason.
///
/// rustls reports it inside an I/O error of the kind `InvalidData`, native TLS in its own error
/// type without an I/O error. The text contains "certificate" if the certificate is the reason.
fn handshake_error(error: &reqwest::Error) -> Option<String> {
    let mut kinds = sources(error)
        .filter_map(|source| source.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .peekable();
    let native = kinds.peek().is_none() && sources(error).any(is_native_tls);
    let rustls = kinds.any(|kind| kind == std::io::ErrorKind::InvalidData);
    (native || rustls).then(|| sources(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Returns `true` for an error of the operating system's TLS library.
#[cfg(feature = "native-tls")]
fn is_native_tls(error: &DynError) -> bool {
    error.is::<native_tls::Error>()
}

/// Returns `false`: without the feature, native TLS is not used.
#[cfg(not(feature = "native-tls"))]
fn is_native_tls(_: &DynError) -> bool {
    false
}

/// Returns `true` if an HTTP/2 server did not process the request: it refused the stream, or sent
/// GOAWAY with a lower stream id.
fn is_unprocessed(error: &reqwest::Error) -> bool {
    let is_refusal = |error: &h2::Error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    };
    // After the start of the response, the server has started to process the request.
    error.is_request() && sources(error).filter_map(<DynError>::downcast_ref).any(is_refusal)
}

/// Returns `true` if the bytes received are not valid HTTP, chunked encoding or compressed data.
fn is_protocol(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    sources(error).any(|source| {
        source.downcast_ref().is_some_and(hyper::Error::is_parse)
            || source
                .downcast_ref::<std::io::Error>()
                .is_some_and(|io| matches!(io.kind(), InvalidData | InvalidInput))
    })
}
