//! Calls that are made of several calls.

pub mod bulk;
#[cfg(intercom_export)]
pub(crate) mod export;
#[cfg(intercom_upsert)]
pub(crate) mod upsert;
