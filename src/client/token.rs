//! The access token, which is never printed.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::config_error::ConfigError;
use crate::transport::authorization::Authorization;

/// The access token of a workspace: a text, or a function that supplies it.
///
/// It is kept as the `Authorization` header's value, marked sensitive, so that neither `Debug` nor HTTP/2's header tables
/// show or keep it. Memory is not wiped when a client is dropped: the value lives in buffers of the HTTP client as well, which
/// nothing can wipe.
///
/// ```
/// use intercom_client::{AccessToken, Client, ConfigError};
/// # async fn read_from_vault() -> Result<String, std::io::Error> { Ok("dG9rOmFjbWU".to_owned()) }
///
/// let fixed = Client::builder("dG9rOmFjbWU").build()?;
/// let rotating = Client::builder(AccessToken::from_fn(read_from_vault)).build()?;
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone)]
pub struct AccessToken(Result<Authorization, ConfigError>);

impl AccessToken {
    /// A token that changes while the program runs, for example one from a secret store.
    ///
    /// `supply` is called before each attempt of each call, by many calls at once, when the request may be sent: a call that
    /// waits for the rate limit or for other calls has no token yet. The result is not kept. If asking the store takes time, let
    /// `supply` keep the token as long as it is valid.
    ///
    /// `supply` has the [`timeout`](crate::ClientBuilder::timeout) of an attempt. If it fails, or returns what cannot be a token,
    /// nothing is sent and the call ends with an error that [`is_token_unavailable`](crate::Error::is_token_unavailable), whose
    /// source is the error of `supply`; the call is not retried.
    ///
    /// After a 401, `supply` is called once more. A different token retries the call, as one of the
    /// [`attempts`](crate::RetryPolicy::attempts) of its policy; the same token leaves the 401 as it is. If `supply` fails then,
    /// the error [`is_token_unavailable`](crate::Error::is_token_unavailable) and
    /// [`is_unauthorized`](crate::Error::is_unauthorized).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use intercom_client::{AccessToken, Client};
    /// use tokio::sync::RwLock;
    ///
    /// let current = Arc::new(RwLock::new("dG9rOmFjbWU".to_owned())); // another task writes the next one into it
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

    /// What requests are authorised by.
    pub(crate) fn authorization(&self) -> Result<Authorization, ConfigError> {
        self.0.clone()
    }
}

/// The `Authorization` header of a token.
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

/// Shows nothing of it.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}
