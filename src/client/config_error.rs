//! Why a client cannot be built.

use std::fmt;
use std::sync::Arc;

use super::version::ApiVersion;
use crate::generated::Region;
use crate::response::error::Error;
use crate::response::error::context::{ErrorContext, Failure};
use crate::response::error::kind::Kind;
use crate::wire::one_line::one_line;

/// Why a [`Client`](crate::Client) cannot be built, and what to change.
#[derive(Clone)]
#[non_exhaustive]
pub enum ConfigError {
    /// The access token is empty.
    EmptyToken,
    /// The access token has whitespace, control characters or other characters that no token has.
    InvalidToken,
    /// The base URL is refused, for the reason given.
    InvalidBaseUrl(&'static str),
    /// No region of that name.
    UnknownRegion(String),
    /// The region that was named is not the one whose server the base URL is.
    RegionMismatch {
        /// The region that was named.
        region: Region,
        /// The region whose server the base URL is.
        of_url: Region,
    },
    /// Not a version such as `2.9`.
    MalformedVersion(String),
    /// The user agent is empty or has characters that a header cannot carry.
    InvalidUserAgent,
    /// This timeout is zero, in which nothing can be done.
    ZeroTimeout(&'static str),
    /// `max_in_flight` is zero, which would let nothing through.
    NothingInFlight,
    /// This environment variable is not set.
    MissingVariable(&'static str),
    /// This environment variable is not UTF-8.
    UnreadableVariable(&'static str),
    /// No TLS feature is enabled, and the base URL is https. Enable this crate's feature `rustls`, `native-tls` or
    /// `rustls-no-provider`, or give the builder an [`http_client`](crate::ClientBuilder::http_client).
    NoTls,
    /// The feature `rustls-no-provider` is enabled and no crypto provider is installed. Install one for the process by
    /// `CryptoProvider::install_default` of the crate `rustls`, or enable this crate's feature `rustls`.
    NoCryptoProvider,
    /// The HTTP client cannot be set up: TLS has no usable certificates, for instance.
    Http(Arc<dyn std::error::Error + Send + Sync>),
}

impl PartialEq for ConfigError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::InvalidBaseUrl(a), Self::InvalidBaseUrl(b)) => a == b,
            (Self::UnknownRegion(a), Self::UnknownRegion(b)) => a == b,
            (Self::RegionMismatch { region, of_url }, Self::RegionMismatch { region: a, of_url: b }) => {
                (region, of_url) == (a, b)
            }
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
            Self::EmptyToken => f.write_str("the access token is empty; pass the token of the workspace's app"),
            Self::InvalidToken => f.write_str(
                "the access token has whitespace, control or non-ASCII characters; pass it alone, without `Bearer` and without \
                 the line break at the end of a file (`trim`)",
            ),
            Self::InvalidBaseUrl(reason) => write!(f, "the base URL is refused: {reason}"),
            Self::UnknownRegion(name) => {
                let known: Vec<&str> = Region::ALL.iter().map(|region| region.as_str()).collect();
                write!(f, "{:?} is no region; use one of {}", one_line(name), known.join(", "))
            }
            Self::RegionMismatch { region, of_url } => write!(
                f,
                "the region is {region}, and the base URL is the server of {of_url}; a token works in one region only: leave \
                 one of the two out",
            ),
            Self::MalformedVersion(text) => {
                write!(f, "{:?} is no API version; use two numbers with a dot, such as {}", one_line(text), ApiVersion::default())
            }
            Self::InvalidUserAgent => {
                f.write_str("the user agent is empty or cannot stand in a header; use visible ASCII such as acme-sync/1.4")
            }
            Self::ZeroTimeout(name) => {
                write!(f, "{name} is zero, in which nothing can be done; leave it out for the default")
            }
            Self::NothingInFlight => f.write_str("max_in_flight is 0, which lets nothing through; use at least 1"),
            Self::MissingVariable(name) => write!(f, "the environment variable {name} is not set"),
            Self::UnreadableVariable(name) => write!(f, "the environment variable {name} is not UTF-8"),
            Self::NoTls => f.write_str(
                "no TLS feature is enabled, and the base URL is https; enable this crate's feature `rustls`, `native-tls` or \
                 `rustls-no-provider`, or give the builder an HTTP client of your own",
            ),
            Self::NoCryptoProvider => f.write_str(
                "rustls has no crypto provider; install one before the client is built, such as \
                 `rustls::crypto::ring::default_provider().install_default()`, or enable this crate's feature `rustls`",
            ),
            Self::Http(_) => f.write_str("the HTTP client cannot be set up"),
        }
    }
}

/// The same line as `Display`, for a `main` that returns it, and the cause where there is one.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match self {
            Self::Http(error) => write!(f, ": {error:?}"),
            _ => Ok(()),
        }
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

/// A [`ConfigError`] as an error of no operation: nothing was sent.
impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        let kind = Kind::Builder(error.to_string());
        ErrorContext::default().error(Failure::new(kind, error))
    }
}
