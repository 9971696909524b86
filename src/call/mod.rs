//! One call: the operation, its arguments, and what only it sets.

pub mod argument;
pub mod operation;
