//! Why a notification is refused.

use std::fmt;

use http::StatusCode;

use crate::wire::json::ReadError;

/// Why a request is refused. Neither `Display` nor `Debug` shows anything of its body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// It has no `X-Hub-Signature`.
    MissingSignature,
    /// Its `X-Hub-Signature` is not `sha1=` and 40 hexadecimal digits, or there are several.
    MalformedSignature,
    /// Its body was not signed with the app's client secret, or was changed on its way.
    WrongSignature,
    /// Its body has more bytes than this limit, set by [`Receiver::max_bytes`](super::Receiver::max_bytes).
    TooLarge(usize),
    /// Its signature is right, and its body cannot be read: it is no JSON object, or is nested too deep.
    Unreadable(ReadError),
}

impl WebhookError {
    /// The status to answer with: 401 where the signature is missing, malformed or wrong, 413 where the body is too large, 400
    /// where it cannot be read.
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
            Self::MissingSignature => f.write_str("the request has no X-Hub-Signature header"),
            Self::MalformedSignature => {
                f.write_str("the X-Hub-Signature header is not one of `sha1=` and 40 hexadecimal digits")
            }
            Self::WrongSignature => f.write_str(
                "the signature does not fit the body; check the app's client secret, and that the body is the raw one",
            ),
            Self::TooLarge(limit) => write!(f, "the notification is larger than {limit} bytes"),
            Self::Unreadable(error) => write!(f, "the notification cannot be read: {error}"),
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
