//! The options of a call.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use super::invalid_field::InvalidField;
use super::retry_policy::RetryPolicy;

/// The options of a call. They take the size of one pointer in each builder, because they are rarely set.
#[derive(Clone, Default)]
pub(crate) struct Options(Option<Box<Settings>>);

/// The options that were set for a call.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// Overrides the retry policy of the client.
    pub retry: Option<RetryPolicy>,
    /// Overrides the timeout of the client for one attempt.
    pub timeout: Option<Duration>,
    /// Overrides whether the call can be carried out twice without harm.
    pub idempotent: Option<bool>,
    /// Overrides the API version of the client.
    pub api_version: Option<HeaderValue>,
    /// Headers that are added to those of the client, or replace headers of the same name.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters that the description does not have.
    pub query: Vec<(String, String)>,
    /// The error of the first invalid option.
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

/// Headers that callers cannot set.
const RESERVED_HEADERS: [HeaderName; 5] = [AUTHORIZATION, HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];

impl Options {
    pub(crate) fn timeout(&mut self, timeout: Duration) {
        match timeout.is_zero() {
            true => self.reject("timeout", "must be greater than zero"),
            false => self.timeout = Some(timeout),
        }
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), _) if RESERVED_HEADERS.contains(&name) => {
                self.reject(name.as_str(), "header is set by the client");
            }
            (Ok(name), Ok(mut value)) => {
                // The value may be a secret. This keeps it out of the header tables of HTTP/2.
                value.set_sensitive(true);
                self.headers.retain(|(known, _)| *known != name);
                self.headers.push((name, value));
            }
            (Ok(name), Err(_)) => self.reject(name.as_str(), "invalid header value"),
            (Err(_), _) => self.reject("header", "invalid header name"),
        }
    }

    fn reject(&mut self, option: &str, reason: &str) {
        self.invalid
            .get_or_insert_with(|| InvalidField::new(reason).within(option));
    }
}

/// Shows the options. Headers and query parameters are shown by name, without their values.
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

/// Declares the setters of the options, for the builder of a call.
macro_rules! setters {
    () => {
        /// Overrides the retry policy of the client for this call.
        #[inline]
        pub fn retry(mut self, policy: crate::RetryPolicy) -> Self {
            self.options.retry = Some(policy);
            self
        }

        /// Overrides the [`timeout`](crate::ClientBuilder::timeout) of the client for each attempt of this call. The call fails
        /// if it is zero.
        #[inline]
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.options.timeout(timeout);
            self
        }

        /// Sets whether this call can be carried out twice without harm, so that it is retried like a PUT if the response is
        /// lost.
        ///
        /// Defaults to `true` for operations that [`RetryPolicy`](crate::RetryPolicy) lists as reads or as idempotent.
        #[inline]
        pub fn idempotent(mut self, idempotent: bool) -> Self {
            self.options.idempotent = Some(idempotent);
            self
        }

        /// Overrides the API version of the client for this call.
        #[inline]
        pub fn api_version(mut self, version: crate::ApiVersion) -> Self {
            self.options.api_version = Some(version.header());
            self
        }

        /// Adds a header to this call. It replaces the client's header of the same name.
        ///
        /// The call fails for `Authorization`, `Host`, `Content-Length`, `Transfer-Encoding` and `Connection`, which the client
        /// sets, and for invalid names and values.
        #[inline]
        pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            self.options.header(name.as_ref(), value.as_ref());
            self
        }
    };
}
pub(crate) use setters;

/// Declares the setter of query parameters that have no setter of their own.
macro_rules! query_param {
    () => {
        /// Adds a query parameter that the description does not have. It is percent-encoded when it is sent.
        #[inline]
        pub fn query_param(mut self, name: impl Into<String>, value: impl ::std::string::ToString) -> Self {
            self.options.query.push((name.into(), value.to_string()));
            self
        }
    };
}
pub(crate) use query_param;
