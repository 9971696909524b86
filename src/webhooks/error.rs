//! Errors of reading requests to an endpoint.

use std::fmt;

use http::StatusCode;

use crate::wire::json::ReadError;

/// The reason why a request to an endpoint is rejected. Neither `Display` nor `Debug` shows any
/// part of the body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// The request has neither an `X-Hub-Signature` nor an `X-Body-Signature` header.
    MissingSignature,
    /// A signature header occurs more than once, or its value is not `sha1=` with 40 hexadecimal
    /// digits (`X-Hub-Signature`) or 64 hexadecimal digits (`X-Body-Signature`).
    MalformedSignature,
    /// The signature was made with another client secret or for another body.
    WrongSignature,
    /// The body exceeds this number of bytes, set by
    /// [`Receiver::max_bytes`](super::Receiver::max_bytes).
    TooLarge(usize),
    /// The signature is valid, but the body is not a JSON object, or is nested too deeply.
    Unreadable(ReadError),
}

impl WebhookError {
    /// Returns the status to respond with: 401 for signatures, 413 for a body that is too large,
    /// 400 for an unreadable body.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingSignature | Self::MalformedSignature | Self::WrongSignature => StatusCode::UNAUTHORIZED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingSignature => f.write_str("missing header X-Hub-Signature or X-Body-Signature"),
            Self::MalformedSignature => f.write_str(
                "malformed signature: expected `sha1=` and 40 hexadecimal digits in X-Hub-Signature, or 64 digits in \
                 X-Body-Signature",
            ),
            Self::WrongSignature => f.write_str(
                "signature does not match the body: check the client secret, and that the body was not parsed or changed",
            ),
            Self::TooLarge(limit) => write!(f, "request body exceeds {limit} bytes"),
            Self::Unreadable(error) => write!(f, "invalid request body: {error}"),
        }
    }
}

/// Same as `Display`.
impl fmt::Debug for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WebhookError {}

/// The error of a client secret that is empty, or contains whitespace, control or non-ASCII
/// characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidClientSecret;

impl fmt::Display for InvalidClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "client secret is empty or contains whitespace, control or non-ASCII characters; trim a secret that was read from a \
             file",
        )
    }
}

impl std::error::Error for InvalidClientSecret {}
