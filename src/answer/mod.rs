//! What comes back: values, bytes, errors.

pub mod bytes;
pub mod error;
pub mod error_body;
pub mod gzip;
pub mod rate_limit;
pub mod response;

use http::HeaderMap;

/// The request id of a response's headers.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-request-id")?.to_str().ok().filter(|id| !id.is_empty())
}
