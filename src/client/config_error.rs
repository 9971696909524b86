//! The error of [`ClientBuilder::build`](crate::ClientBuilder::build).

use std::fmt;
use std::sync::Arc;

use super::version::ApiVersion;
use crate::generated::Region;
use crate::response::error::Error;
use crate::response::error::context::{ErrorContext, Failure};
use crate::response::error::kind::Kind;
use crate::wire::one_line::one_line;

/// An error of the settings of a [`Client`](crate::Client).
///
/// `Display` and `Debug` write one line with the invalid setting and how to correct it. Neither
/// shows the token or the base URL.
#[derive(Clone)]
#[non_exhaustive]
pub enum ConfigError {
    /// The access token is empty.
    EmptyToken,
    /// The access token contains whitespace, control characters or non-ASCII characters.
    InvalidToken,
    /// The base URL is invalid, for the given reason.
    InvalidBaseUrl(&'static str),
    /// The name of the region is unknown, or the region has no server and no base URL is set.
    UnknownRegion(String),
    /// The base URL is the server of another region.
    RegionMismatch {
        /// The region that was set.
        region: Region,
        /// The region of the base URL.
        base_url_region: Region,
    },
    /// This text is not an API version such as `2.9`.
    MalformedVersion(String),
    /// The user agent is empty or contains characters that are not allowed in a header.
    InvalidUserAgent,
    /// The timeout with this name is zero.
    ZeroTimeout(&'static str),
    /// `max_in_flight` is zero, so no request could be sent.
    ZeroMaxInFlight,
    /// This environment variable is not set.
    MissingVariable(&'static str),
    /// This environment variable is not UTF-8.
    UnreadableVariable(&'static str),
    /// The base URL is https, and no TLS feature of this crate is enabled.
    ///
    /// Enable the feature `rustls`, `rustls-ring`, `native-tls` or `rustls-no-provider`, or set an
    /// [`http_client`](crate::ClientBuilder::http_client).
    NoTls,
    /// The feature `rustls-no-provider` is enabled, and no crypto provider is installed.
    ///
    /// Install one with `CryptoProvider::install_default` of the crate `rustls`, or enable the
    /// feature `rustls`.
    NoCryptoProvider,
    /// The HTTP client cannot be set up, for example because the system has no usable certificates.
    Http(Arc<dyn std::error::Error + Send + Sync>),
}

impl PartialEq for ConfigError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::InvalidBaseUrl(a), Self::InvalidBaseUrl(b)) => a == b,
            (Self::UnknownRegion(a), Self::UnknownRegion(b)) => a == b,
            (
                Self::RegionMismatch {
                    region,
                    base_url_region,
                },
                Self::RegionMismatch {
                    region: a,
                    base_url_region: b,
                },
            ) => (region, base_url_region) == (a, b),
            (Self::ZeroTimeout(a), Self::ZeroTimeout(b)) => a == b,
            (Self::MalformedVersion(a), Self::MalformedVersion(b)) => a == b,
            (Self::MissingVariable(a), Self::MissingVariable(b)) => a == b,
            (Self::UnreadableVariable(a), Self::UnreadableVariable(b)) => a == b,
            (Self::Http(a), Self::Http(b)) => Arc::ptr_eq(a, b),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyToken => f.write_str("the access token is empty; pass the access token of the workspace's app"),
            Self::InvalidToken => f.write_str(
                "the access token contains whitespace, control or non-ASCII characters; pass it without `Bearer`, and `trim` \
                 it if it is read from a file",
            ),
            Self::InvalidBaseUrl(reason) => write!(f, "invalid base URL: {reason}"),
            Self::UnknownRegion(name) => {
                let names: Vec<&str> = Region::ALL.iter().map(|region| region.as_str()).collect();
                let names = names.join(", ");
                match name == Region::Custom.as_str() {
                    true => write!(f, "the region `custom` has no server; set a base URL, or use one of {names}"),
                    false => write!(f, "unknown region {:?}; use one of {names}", one_line(name)),
                }
            }
            Self::RegionMismatch {
                region,
                base_url_region,
            } => write!(
                f,
                "the region is {region}, but the base URL is the server of {base_url_region}, and a token is valid in one \
                 region only; set only one of them",
            ),
            Self::MalformedVersion(text) => {
                let example = ApiVersion::default();
                write!(f, "invalid API version {:?}; use two numbers and a dot, such as {example}", one_line(text))
            }
            Self::InvalidUserAgent => {
                f.write_str("the user agent is empty or not allowed in a header; use visible ASCII, such as acme-sync/1.4")
            }
            Self::ZeroTimeout(name) => write!(f, "`{name}` is zero; set a longer time, or leave it unset for the default"),
            Self::ZeroMaxInFlight => f.write_str("`max_in_flight` is 0, so no request could be sent; use at least 1"),
            Self::MissingVariable(name) => write!(f, "the environment variable {name} is not set"),
            Self::UnreadableVariable(name) => write!(f, "the environment variable {name} is not UTF-8"),
            Self::NoTls => f.write_str(
                "the base URL is https, and no TLS feature is enabled; enable the feature `rustls`, `rustls-ring`, `native-tls` \
                 or `rustls-no-provider` of this crate, or set an `http_client`",
            ),
            Self::NoCryptoProvider => f.write_str(
                "rustls has no crypto provider; install one before the client is built, for example with \
                 `rustls::crypto::ring::default_provider().install_default()`, or enable the feature `rustls` or `rustls-ring` of this crate",
            ),
            Self::Http(error) => {
                let mut innermost: &dyn std::error::Error = error.as_ref();
                while let Some(source) = innermost.source() {
                    innermost = source;
                }
                write!(f, "the HTTP client cannot be set up: {}", one_line(&innermost.to_string()))
            }
        }
    }
}

/// Shows the same line as `Display`, for a `main` that returns the error.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Http(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// Converts a [`ConfigError`] into an error without an operation, with the same message and source.
impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        let kind = Kind::Builder(error.to_string());
        let failure = match error {
            ConfigError::Http(source) => Failure::new(kind, source),
            _ => kind.into(),
        };
        ErrorContext::default().error(failure)
    }
}
