//! What comes back: values, bytes, errors.

pub mod bytes;
pub mod error;
pub mod response;
