//! What comes back: values, bytes, errors.

pub mod bytes;
pub mod error;
pub mod error_body;
pub mod gzip;
pub mod rate_limit;
pub mod response;
