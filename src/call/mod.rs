//! One call: the operation, its arguments, and what only it sets.

pub(crate) mod argument;
#[cfg(feature = "client")]
#[allow(clippy::module_inception)] // a file is named after the one thing it holds
pub(crate) mod call;
#[cfg(feature = "client")]
pub(crate) mod operation;
#[cfg(feature = "client")]
pub(crate) mod options;
#[cfg(feature = "client")]
pub(crate) mod retry_policy;
