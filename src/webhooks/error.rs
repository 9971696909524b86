//! Why a request to an endpoint is refused.

use std::fmt;

use http::StatusCode;

use crate::wire::json::ReadError;

/// Why a request to an endpoint is refused. Neither `Display` nor `Debug` shows anything of its body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// The request has neither `X-Hub-Signature` nor `X-Body-Signature`.
    MissingSignature,
    /// A signature is not of its form, `sha1=` and 40 hexadecimal digits or 64 hexadecimal digits, or is there several times.
    MalformedSignature,
    /// A signature was not made with the app's client secret, or the body was changed on its way.
    WrongSignature,
    /// The body has more bytes than this limit, set by [`Receiver::max_bytes`](super::Receiver::max_bytes).
    TooLarge(usize),
    /// The signature is right, but the body cannot be read: it is no JSON object, or is nested too deep.
    Unreadable(ReadError),
}

impl WebhookError {
    /// The status to respond with: 401 if the signature is missing, malformed or wrong, 413 if the body is too large, 400 if it
    /// cannot be read.
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
            Self::MissingSignature => {
                f.write_str("the request has neither an X-Hub-Signature nor an X-Body-Signature header")
            }
            Self::MalformedSignature => f.write_str(
                "malformed signature: X-Hub-Signature is `sha1=` and 40 hexadecimal digits, X-Body-Signature 64 digits",
            ),
            Self::WrongSignature => f.write_str(
                "the signature does not fit the body; check the app's client secret, and that the body is the raw one",
            ),
            Self::TooLarge(limit) => write!(f, "the body exceeds {limit} bytes"),
            Self::Unreadable(error) => write!(f, "the body cannot be read: {error}"),
        }
    }
}

/// The same line as `Display`.
impl fmt::Debug for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WebhookError {}

/// The client secret of a [`Receiver`](super::Receiver) is empty, or has whitespace, control or non-ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidClientSecret;

impl fmt::Display for InvalidClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the client secret is empty or has whitespace, control or non-ASCII characters; pass it alone, without the line \
             break at the end of a file (`trim`)",
        )
    }
}

impl std::error::Error for InvalidClientSecret {}
