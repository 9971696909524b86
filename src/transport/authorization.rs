//! Where the `Authorization` header of each attempt comes from.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use super::TIMEOUT;
use super::attempt::timeout_at;
use crate::response::error::context::Failure;
use crate::response::error::kind::Kind;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Asks the caller for the header.
pub(crate) type Supply = dyn Fn() -> Pin<Box<dyn Future<Output = Result<HeaderValue, Cause>> + Send>> + Send + Sync;

/// Where the `Authorization` header of each attempt comes from. Its values are marked sensitive: no log shows them.
#[derive(Clone)]
pub(crate) enum Authorization {
    /// It is always the same.
    Fixed(HeaderValue),
    /// The caller is asked before each attempt.
    Supplied(Arc<Supply>),
}

impl Authorization {
    /// The header of the next attempt, which the caller has so much time to supply.
    pub(crate) async fn header(&self, limit: Option<Duration>) -> Result<HeaderValue, Failure> {
        let supply = match self {
            Self::Fixed(header) => return Ok(header.clone()),
            Self::Supplied(supply) => supply,
        };
        let end = Instant::now().checked_add(limit.unwrap_or(TIMEOUT));
        let supplied = timeout_at(end, supply())
            .await
            .unwrap_or_else(|| Err("it was not supplied in time".into()));
        supplied.map_err(|cause| Failure::new(Kind::Token, cause))
    }

    /// The header to repeat a call with that was refused with `used`; `None` if it is the same.
    pub(crate) async fn renewed(
        &self,
        used: Option<&HeaderValue>,
        limit: Option<Duration>,
    ) -> Result<Option<HeaderValue>, Failure> {
        let header = self.header(limit).await?;
        Ok(Some(header).filter(|header| Some(header) != used))
    }
}
