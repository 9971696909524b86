//! The errors of one HTTP exchange.

use std::error::Error;
use std::fmt;

/// The error of a service, a layer or a body.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The error of an HTTP exchange. Its kind says whether the request can have reached the server.
///
/// A service given to [`ClientBuilder::http_service`](crate::ClientBuilder::http_service) can
/// return this error, alone or as the source of another error. Any other error type counts as
/// [`HttpErrorKind::Other`].
///
/// ```
/// use intercom_client::{HttpError, HttpErrorKind};
///
/// let error = HttpError::new(HttpErrorKind::Connect, "no route to host");
/// assert_eq!(error.kind(), HttpErrorKind::Connect);
/// assert!(!error.kind().may_have_been_sent());
/// ```
#[derive(Debug)]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Option<BoxError>,
}

/// The kind of an [`HttpError`].
///
/// | kind | the server may have received the request | the client retries |
/// |---|---|---|
/// | `Request` | no | never |
/// | `Connect`, `ConnectTimeout`, `Proxy` | no | every call |
/// | `ProxyCredentials`, `Certificate`, `Tls` | no | never |
/// | `Unprocessed` | it did, and did not process it | every call |
/// | `Timeout`, `Lost`, `Other` | yes | calls that are safe to repeat |
/// | `Protocol` | yes | never |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The request is invalid and cannot be sent.
    Request,
    /// No connection could be made.
    Connect,
    /// No connection could be made in time.
    ConnectTimeout,
    /// A proxy refused to connect to the server.
    Proxy,
    /// A proxy requires credentials.
    ProxyCredentials,
    /// The server's certificate is unknown, expired or for another name.
    Certificate,
    /// The TLS handshake failed for another reason.
    Tls,
    /// The server refused the request before processing it, for example an HTTP/2 stream that was
    /// refused.
    Unprocessed,
    /// The response did not arrive in time.
    Timeout,
    /// The connection was lost before the response was complete.
    Lost,
    /// The bytes received are not valid HTTP.
    Protocol,
    /// Any other failure. The request may have been sent.
    Other,
}

impl HttpErrorKind {
    /// Returns a label in snake_case for metrics, such as `connect_timeout`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Proxy => "proxy",
            Self::ProxyCredentials => "proxy_credentials",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Unprocessed => "unprocessed",
            Self::Timeout => "timeout",
            Self::Lost => "connection_lost",
            Self::Protocol => "protocol",
            Self::Other => "other",
        }
    }

    /// Returns `true` if the server may have received the request and processed it.
    pub fn may_have_been_sent(self) -> bool {
        match self {
            Self::Timeout | Self::Lost | Self::Protocol | Self::Other => true,
            Self::Request
            | Self::Connect
            | Self::ConnectTimeout
            | Self::Proxy
            | Self::ProxyCredentials
            | Self::Certificate
            | Self::Tls
            | Self::Unprocessed => false,
        }
    }
}

impl HttpError {
    /// Creates an error with its source.
    pub fn new(kind: HttpErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }

    /// Returns the source.
    pub(crate) fn into_source(self) -> Option<BoxError> {
        self.source
    }

    /// Converts any error of a service. The kind is that of the first `HttpError` among the error
    /// and its sources.
    pub(crate) fn from_any(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        let mut kind = HttpErrorKind::Other;
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<Self>() {
                kind = error.kind;
                break;
            }
            source = error.source();
        }
        Self {
            kind,
            source: Some(error),
        }
    }
}

impl From<HttpErrorKind> for HttpError {
    fn from(kind: HttpErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            HttpErrorKind::Request => "the request is invalid",
            HttpErrorKind::Connect => "connection failed",
            HttpErrorKind::ConnectTimeout => "connecting timed out",
            HttpErrorKind::Proxy => "the proxy refused to connect",
            HttpErrorKind::ProxyCredentials => "the proxy requires credentials",
            HttpErrorKind::Certificate => "the certificate is not trusted",
            HttpErrorKind::Tls => "the TLS handshake failed",
            HttpErrorKind::Unprocessed => "the server refused the request before processing it",
            HttpErrorKind::Timeout => "the response timed out",
            HttpErrorKind::Lost => "connection lost before the response was complete",
            HttpErrorKind::Protocol => "the response is not valid HTTP",
            HttpErrorKind::Other => "the HTTP exchange failed",
        })
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wrapped(HttpError);

    impl fmt::Display for Wrapped {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn kind_is_found_behind_other_errors_and_is_other_for_foreign_ones() {
        let wrapped = HttpError::from_any(Box::new(Wrapped(HttpErrorKind::Unprocessed.into())));
        assert_eq!(wrapped.kind(), HttpErrorKind::Unprocessed);
        assert!(wrapped.source().is_some_and(|source| source.to_string() == "wrapped"));
        assert_eq!(HttpError::from_any("anything".into()).kind(), HttpErrorKind::Other);
        let tls = HttpError::new(HttpErrorKind::Tls, "handshake");
        assert_eq!(HttpError::from_any(tls.into()).kind(), HttpErrorKind::Tls);
    }
}
