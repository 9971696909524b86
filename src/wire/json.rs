//! Decodes the objects of the API from JSON that is not a response, for example from a file, a queue or a webhook.
//!
//! `serde_json::from_str::<types::Contact>` decodes the same values. [`from_slice`] is faster and also reports the values whose
//! type differs from the description.

use std::fmt;

use crate::wire::decode::Lossless;
use crate::wire::read::{self, DecodeError, Mismatch};

/// A type that can be decoded by [`from_slice`].
///
/// It is implemented for the types in [`types`](crate::types), which keep the values that they have no field for. It is not
/// implemented for `Vec`, which cannot keep items of another type.
pub trait FromJson: Lossless {}

impl<T: Lossless> FromJson for T {}

/// A decoded value and the mismatches in it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decoded<T> {
    /// The value. It keeps everything that its fields cannot hold: see [`Extra`](crate::Extra).
    pub value: T,
    /// The values whose type differs from the description, at most 1,000.
    pub mismatches: Vec<Mismatch>,
}

/// Decodes a value like the body of a response.
///
/// ```
/// use intercom_client::{json, types::Contact};
///
/// let decoded = json::from_slice::<Contact>(br#"{"id":"66f1","email":["a@juniper.example"],"content":{"a":1}}"#)?;
/// assert_eq!(decoded.value.id.as_deref(), Some("66f1"));
/// assert_eq!(decoded.mismatches[0].to_string(), "email: expected a string, found a list");
/// assert_eq!(decoded.value.extra.json("content"), Some(r#"{"a":1}"#));
/// # Ok::<(), intercom_client::json::ReadError>(())
/// ```
///
/// # Errors
///
/// Fails if the text is not valid JSON, is nested more than 128 levels deep, needs more than 40 times its size in memory, or is
/// not a value of the type.
pub fn from_slice<T: FromJson>(text: &[u8]) -> Result<Decoded<T>, ReadError> {
    let (value, mismatches) = read::body(text)?;
    Ok(Decoded { value, mismatches })
}

impl From<DecodeError> for ReadError {
    fn from(error: DecodeError) -> Self {
        Self(error)
    }
}

/// The error of [`from_slice`]. It shows the path, the expected type and the type that was found, but never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(DecodeError);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ReadError {}
