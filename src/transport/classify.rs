//! What a failed exchange was, and whether it may be tried again.

use std::time::Duration;

use crate::call::call::Call;
use crate::call::retry_policy::RetryPolicy;
use crate::response::error::{Error, Kind, one_line};

/// The most that is added to a wait the server asked for.
const JITTER: Duration = Duration::from_millis(500);

/// How long to wait after a failed attempt: by the policy, or what the server asks for when that is longer.
pub(crate) fn pause(policy: &RetryPolicy, attempt: u32, error: &Error) -> Duration {
    let own = policy.pause(attempt);
    let jitter = policy.base.min(JITTER).mul_f64(fastrand::f64());
    let asked = error.server_wait().map(|wait| wait.saturating_add(jitter));
    own.max(asked.unwrap_or_default())
}

/// Whether a call may be sent again after `error`; the table is in [`RetryPolicy`].
pub(crate) fn repeats(call: &Call, error: &Error, first_internal_error: bool) -> bool {
    let harmless = call.is_idempotent() && !call.is_scroll();
    match error.kind() {
        Kind::Connect | Kind::ConnectTimeout | Kind::Proxy | Kind::Unprocessed => true,
        Kind::Timeout | Kind::Lost => harmless,
        Kind::Status if error.is_challenge() => true,
        Kind::Status => match error.status().map(|status| status.as_u16()) {
            Some(429) => !error.is_export_pending(),
            Some(408 | 502 | 503 | 504) => harmless,
            Some(500) => harmless && first_internal_error,
            _ => false,
        },
        _ => false,
    }
}

/// What a failed exchange was.
pub(crate) fn classify(operation: &'static str, error: reqwest::Error) -> Error {
    let kind = if error.is_builder() {
        Kind::Builder("the request cannot be built".to_owned())
    } else if error.is_connect() {
        match error.is_timeout() {
            true => Kind::ConnectTimeout,
            false => unconnected(&error),
        }
    } else if error.is_timeout() {
        Kind::Timeout
    } else if chain(&error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_canceled)) {
        // The connection closed before hyper began to write the request.
        Kind::Connect
    } else if is_unprocessed(&error) {
        Kind::Unprocessed
    } else if error.is_redirect() || is_protocol(&error) {
        Kind::Protocol
    } else {
        Kind::Lost
    };
    let failed = Error::new(operation, kind);
    // The URL holds ids and search terms.
    let error = error.without_url();
    // An HTTP/2 server can say at any length why it goes away.
    const LONGEST: usize = 1000;
    let long = chain(&error).map(ToString::to_string).find(|text| text.len() > LONGEST);
    match long {
        Some(long) => failed.with_source(one_line(&long)),
        None => failed.with_source(error),
    }
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
fn unconnected(error: &reqwest::Error) -> Kind {
    // The type of the tunnel's error is private, and no other status than this one is kept.
    let tunnel = chain(error).find_map(|cause| Some(cause.to_string().strip_prefix("tunnel error: ")?.to_owned()));
    match tunnel.as_deref() {
        Some("unsuccessful") => return Kind::Proxy,
        Some("proxy authorization required") => return Kind::ProxyCredentials,
        _ => {}
    }
    match handshake(error) {
        Some(text) if text.contains("certificate") => Kind::Certificate,
        // What OpenSSL says of a connection that was closed.
        Some(text) if text.contains("unexpected EOF") => Kind::Connect,
        Some(_) => Kind::Tls,
        None => Kind::Connect,
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
