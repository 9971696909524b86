//! Calls that consist of several requests.

pub(crate) mod backoff;
pub mod bulk;
pub(crate) mod create_or_update;
// The crates that unpack archives are dependencies of the feature.
#[cfg(all(intercom_export, feature = "data-export"))]
pub(crate) mod export;
#[cfg(intercom_upsert)]
pub(crate) mod upsert;
