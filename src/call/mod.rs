//! One call of an operation: its parameters, body and options.

pub(crate) mod argument;
pub(crate) mod body_builder;
#[cfg(feature = "client")]
#[allow(clippy::module_inception)] // the file is named after the type that it contains
pub(crate) mod call;
pub(crate) mod invalid_field;
pub(crate) mod moment;
#[cfg(feature = "client")]
pub(crate) mod operation;
#[cfg(feature = "client")]
pub(crate) mod options;
pub(crate) mod parameter;
pub(crate) mod required;
#[cfg(feature = "client")]
pub(crate) mod retry_policy;
