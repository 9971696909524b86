//! Access tokens, which are never printed.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::config_error::ConfigError;
use crate::transport::authorization::Authorization;

/// The access token of a workspace: a string, or a function that supplies it.
///
/// The token is stored as a sensitive header value, so that `Debug` does not show it and HTTP/2
/// does not compress it. Its memory is not wiped when the client is dropped, because the HTTP
/// client also holds it in buffers that cannot be wiped.
///
/// ```
/// use intercom_client::{AccessToken, Client, ConfigError};
/// # async fn read_from_vault() -> Result<String, std::io::Error> { Ok("dG9rOmFjbWU".to_owned()) }
///
/// let fixed = Client::builder("dG9rOmFjbWU").build()?;
/// let rotating = Client::builder(AccessToken::from_fn(read_from_vault)).build()?;
/// # Ok::<(), ConfigError>(())
/// ```
#[doc(alias = "authentication")]
#[doc(alias = "bearer")]
#[derive(Clone)]
pub struct AccessToken(Result<Authorization, ConfigError>);

impl AccessToken {
    /// Creates a token that changes while the program runs, for example one from a secret store.
    ///
    /// `supply` is called before each attempt of each call, after the waits for the rate limit and
    /// for other calls. Concurrent calls call it concurrently. The result is not cached: if the
    /// store is slow, let `supply` keep the token while it is valid.
    ///
    /// After a 401, `supply` is called again. If it returns a different token, the call is retried,
    /// which counts as one of the [`attempts`](crate::RetryPolicy::attempts). If it returns the
    /// same token, the call fails with the 401.
    ///
    /// # Errors
    ///
    /// If `supply` fails, returns an invalid token, or takes longer than the
    /// [`timeout`](crate::ClientBuilder::timeout) of an attempt, nothing is sent and the call is
    /// not retried. [`Error::is_token_unavailable`](crate::Error::is_token_unavailable) returns
    /// `true`, and the source is the error of `supply`, whose message is shown. If this happens
    /// after a 401, [`is_unauthorized`](crate::Error::is_unauthorized) also returns `true`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use intercom_client::{AccessToken, Client};
    /// use tokio::sync::RwLock;
    ///
    /// let current = Arc::new(RwLock::new("dG9rOmFjbWU".to_owned())); // another task updates it
    /// let token = AccessToken::from_fn(move || {
    ///     let current = Arc::clone(&current);
    ///     async move { Ok::<_, std::io::Error>(current.read().await.clone()) }
    /// });
    /// let client = Client::builder(token).build()?;
    /// # Ok::<(), intercom_client::ConfigError>(())
    /// ```
    pub fn from_fn<F, S, T, E>(supply: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Future<Output = Result<T, E>> + Send + 'static,
        T: AsRef<str>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let supply = move || {
            let supplied = supply();
            let header = async move {
                let token = supplied.await.map_err(E::into)?;
                header(token.as_ref()).map_err(Into::into)
            };
            Box::pin(header) as _
        };
        Self(Ok(Authorization::Supplied(Arc::new(supply))))
    }

    /// Returns the source of the `Authorization` header.
    pub(crate) fn authorization(&self) -> Result<Authorization, ConfigError> {
        self.0.clone()
    }
}

/// Returns the `Authorization` header of a token.
fn header(token: &str) -> Result<HeaderValue, ConfigError> {
    if token.is_empty() {
        return Err(ConfigError::EmptyToken);
    }
    if !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(ConfigError::InvalidToken);
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConfigError::InvalidToken)?;
    value.set_sensitive(true);
    Ok(value)
}

impl From<&str> for AccessToken {
    fn from(token: &str) -> Self {
        Self(header(token).map(Authorization::Fixed))
    }
}

macro_rules! from {
    ($($text:ty),*) => {$(
        impl From<$text> for AccessToken {
            fn from(token: $text) -> Self {
                Self::from(AsRef::<str>::as_ref(&token))
            }
        }
    )*};
}
from! { String, &String, Box<str>, Cow<'_, str> }

/// Does not show the token.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}
