//! One call: the operation, its arguments, and what only it sets.

pub mod argument;
#[allow(clippy::module_inception)] // a file is named after the one thing it holds
pub mod call;
pub mod operation;
pub mod options;
pub mod retry_policy;
