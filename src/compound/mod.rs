//! Calls that are made of several calls.

pub mod bulk;
pub(crate) mod create_or_update;
// The feature has the crates that unpack archives.
#[cfg(all(intercom_export, feature = "data-export"))]
pub(crate) mod export;
pub(crate) mod patience;
#[cfg(intercom_upsert)]
pub(crate) mod upsert;
