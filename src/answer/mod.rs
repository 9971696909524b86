//! What comes back: values, bytes, errors.

pub mod bytes;
pub mod error;
pub mod rate_limit;
pub mod response;
