//! One call: the operation, its arguments, and what only it sets.

pub(crate) mod argument;
#[allow(clippy::module_inception)] // a file is named after the one thing it holds
pub(crate) mod call;
pub(crate) mod operation;
pub(crate) mod options;
pub(crate) mod retry_policy;
