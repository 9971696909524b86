//! The bearer token, which cannot be printed.

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::config_error::ConfigError;

/// A bearer token: never printed, wiped from memory when dropped.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// Takes a token that can stand in a header.
    pub fn new(text: String) -> Result<Self, ConfigError> {
        let token = SecretString::from(text);
        let text = token.expose_secret();
        if text.is_empty() {
            return Err(ConfigError::EmptyToken);
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(ConfigError::InvalidToken);
        }
        Ok(Self(token))
    }

    /// The `Authorization` header, marked sensitive.
    pub fn header(&self) -> Result<HeaderValue, ConfigError> {
        let text = Zeroizing::new(format!("Bearer {}", self.0.expose_secret()));
        let mut value = HeaderValue::from_str(&text).map_err(|_| ConfigError::InvalidToken)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}
