//! What comes back: values, bytes, errors.

pub(crate) mod bytes;
pub(crate) mod error;
pub(crate) mod error_body;
pub(crate) mod gzip;
pub(crate) mod rate_limit;
pub(crate) mod response;

use http::{HeaderMap, HeaderName};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request id of a response's headers.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(&REQUEST_ID)?.to_str().ok().filter(|id| !id.is_empty())
}
