//! What a caller can set for one call.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use super::argument::InvalidField;
use super::retry_policy::RetryPolicy;

/// What a caller can set for one call, which few do: unset, it takes no room in the hundreds of builders.
#[derive(Clone, Default)]
pub(crate) struct Options(Option<Box<Settings>>);

/// What was set for one call.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// The retry policy, in the place of the client's.
    pub retry: Option<RetryPolicy>,
    /// How long one attempt may take, in the place of the client's limit.
    pub timeout: Option<Duration>,
    /// Whether carrying out the call twice does no harm, in the place of what the description says.
    pub idempotent: Option<bool>,
    /// The API version, in the place of the client's.
    pub api_version: Option<HeaderValue>,
    /// Headers besides the client's, or in their place.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters that the description does not have.
    pub query: Vec<(String, String)>,
    /// The first setting that cannot be.
    pub invalid: Option<InvalidField>,
}

static UNSET: Settings = Settings {
    retry: None,
    timeout: None,
    idempotent: None,
    api_version: None,
    headers: Vec::new(),
    query: Vec::new(),
    invalid: None,
};

impl Deref for Options {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        self.0.as_deref().unwrap_or(&UNSET)
    }
}

impl DerefMut for Options {
    fn deref_mut(&mut self) -> &mut Settings {
        self.0.get_or_insert_default()
    }
}

/// Headers that the client and HTTP itself set.
const OWN: [HeaderName; 5] = [AUTHORIZATION, HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];

impl Options {
    pub(crate) fn timeout(&mut self, timeout: Duration) {
        match timeout.is_zero() {
            true => self.refuse("timeout", "is zero, in which nothing can be answered"),
            false => self.timeout = Some(timeout),
        }
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), _) if OWN.contains(&name) => self.refuse(name.as_str(), "is a header that the client sets"),
            (Ok(name), Ok(mut value)) => {
                // It may be a secret; HTTP/2 is not to keep it in its tables.
                value.set_sensitive(true);
                self.headers.retain(|(known, _)| *known != name);
                self.headers.push((name, value));
            }
            (Ok(name), Err(_)) => self.refuse(name.as_str(), "has a value that cannot stand in a header"),
            (Err(_), _) => self.refuse("header", "its name is none of HTTP"),
        }
    }

    fn refuse(&mut self, what: &str, reason: &str) {
        self.invalid
            .get_or_insert_with(|| InvalidField::new(reason).within(what));
    }
}

/// Shows which settings there are; of headers and parameters the names, never the values.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<&str> = self.query.iter().map(|(name, _)| name.as_str()).collect();
        let headers: Vec<&HeaderName> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Options")
            .field("retry", &self.retry)
            .field("timeout", &self.timeout)
            .field("idempotent", &self.idempotent)
            .field("api_version", &self.api_version)
            .field("headers", &headers)
            .field("query", &parameters)
            .finish_non_exhaustive()
    }
}

/// The setters of what every call's builder can set.
macro_rules! setters {
    () => {
        /// Repeats this call by `policy` instead of the client's.
        #[inline]
        pub fn retry(mut self, policy: crate::RetryPolicy) -> Self {
            self.options.retry = Some(policy);
            self
        }

        /// How long one attempt of this call may take, instead of the client's
        /// [`timeout`](crate::ClientBuilder::timeout). Zero is an error of the call.
        #[inline]
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.options.timeout(timeout);
            self
        }

        /// Whether carrying out this call twice does no harm, so that it is repeated like a PUT when its answer is lost.
        /// Default: what the operation does; see [`RetryPolicy`](crate::RetryPolicy).
        #[inline]
        pub fn idempotent(mut self, idempotent: bool) -> Self {
            self.options.idempotent = Some(idempotent);
            self
        }

        /// The API version of this call, instead of the client's.
        #[inline]
        pub fn api_version(mut self, version: crate::ApiVersion) -> Self {
            self.options.api_version = Some(version.header());
            self
        }

        /// Sends a header with this call, in the place of the client's own of that name. `Authorization` and what HTTP sets
        /// itself are refused by an error of the call.
        #[inline]
        pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            self.options.header(name.as_ref(), value.as_ref());
            self
        }
    };
}
pub(crate) use setters;

/// The setter of a query parameter, where the call's own are set by setters of their names.
macro_rules! query_param {
    () => {
        /// Adds a query parameter that the description does not have; percent-encoded as it is sent.
        #[inline]
        pub fn query_param(mut self, name: impl Into<String>, value: impl ::std::string::ToString) -> Self {
            self.options.query.push((name.into(), value.to_string()));
            self
        }
    };
}
pub(crate) use query_param;
