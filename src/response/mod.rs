//! Responses: values, bytes and errors.

pub(crate) mod bytes;
pub(crate) mod error;
pub(crate) mod gzip;
pub(crate) mod rate_limit;
pub(crate) mod secret;
pub(crate) mod typed;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the request id from the headers of a response.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(&REQUEST_ID)?.to_str().ok().filter(|id| !id.is_empty())
}

/// Returns the content codings of a body, such as gzip, in the order in which they were applied.
pub(crate) fn content_codings(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    let codings = values.flat_map(|value: &HeaderValue| value.to_str().unwrap_or("unknown").split(','));
    codings
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// Describes the content coding of a body, if it has one. Bodies whose only coding is gzip have
/// been decompressed before.
pub(crate) fn unsupported_coding(headers: &HeaderMap) -> Option<&'static str> {
    let mut codings = content_codings(headers).peekable();
    codings.peek()?;
    let known = [
        ("br", "a body encoded by br"),
        ("compress", "a body encoded by compress"),
        ("deflate", "a body encoded by deflate"),
        ("zstd", "a body encoded by zstd"),
    ];
    let found = codings.find_map(|coding| known.iter().find(|(name, _)| coding.eq_ignore_ascii_case(name)));
    Some(found.map_or("a body with an unknown encoding", |(_, found)| found))
}
