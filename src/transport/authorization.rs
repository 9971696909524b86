//! The source of the `Authorization` header.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use super::TIMEOUT;
use super::attempt::timeout_at;
use crate::http::error::BoxError;
use crate::response::error::context::Failure;
use crate::response::error::kind::Kind;

/// Requests a token from the caller and returns the header.
pub(crate) type Supply = dyn Fn() -> Pin<Box<dyn Future<Output = Result<HeaderValue, BoxError>> + Send>> + Send + Sync;

/// The source of the `Authorization` header. Its values are marked as sensitive, so that no log
/// shows them.
#[derive(Clone)]
pub(crate) enum Authorization {
    /// The same header for every attempt.
    Fixed(HeaderValue),
    /// A function of the caller, which is called before each attempt.
    Supplied(Arc<Supply>),
}

impl Authorization {
    /// Returns the header of the next attempt; `limit` is the time that the caller has to supply
    /// it.
    pub(crate) async fn header(&self, limit: Option<Duration>) -> Result<HeaderValue, Failure> {
        let supply = match self {
            Self::Fixed(header) => return Ok(header.clone()),
            Self::Supplied(supply) => supply,
        };
        let end = Instant::now().checked_add(limit.unwrap_or(TIMEOUT));
        let supplied = timeout_at(end, supply())
            .await
            .unwrap_or_else(|| Err("the token was not supplied in time".into()));
        supplied.map_err(|error| Failure::new(Kind::Token, error))
    }

    /// Returns another header after the server rejected `used`; `None` if the supplied token has
    /// not changed.
    pub(crate) async fn renewed(
        &self,
        used: Option<&HeaderValue>,
        limit: Option<Duration>,
    ) -> Result<Option<HeaderValue>, Failure> {
        let header = self.header(limit).await?;
        Ok(Some(header).filter(|header| Some(header) != used))
    }
}
