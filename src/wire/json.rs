//! Reading the API's objects from JSON that came by another way: a file, a queue, a webhook.
//!
//! `serde_json::from_str::<types::Contact>` does that too, through the same reader; here it goes faster and tells what was of
//! another kind than described.

use std::fmt;

use crate::wire::decode::Keeps;
use crate::wire::read::{self, Mismatch, Unread};

/// A type that JSON can be read as: the objects in [`types`](crate::types), which keep what they have no field for. A bare list
/// has no place to keep what does not fit it.
pub trait FromJson: Keeps {}

impl<T: Keeps> FromJson for T {}

/// A value that was read, and what of it is of another kind than described.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Read<T> {
    /// The value. It keeps all of the text: see [`Extra`](crate::Extra).
    pub value: T,
    /// What is of another kind than described, the first 1,000 of them.
    pub mismatches: Vec<Mismatch>,
}

/// Reads a value as answers are read.
///
/// ```
/// use intercom_client::{json, types::Contact};
///
/// let read = json::from_slice::<Contact>(br#"{"id":"66f1","email":["a@juniper.example"],"content":{"a":1}}"#)?;
/// assert_eq!(read.value.id.as_deref(), Some("66f1"));
/// assert_eq!(read.mismatches[0].to_string(), "email: expected a string, found a list");
/// assert_eq!(read.value.extra.json("content"), Some(r#"{"a":1}"#));
/// # Ok::<(), intercom_client::json::ReadError>(())
/// ```
///
/// # Errors
///
/// When the text is no JSON, is nested more than 128 deep, or is a value of another kind than an object.
pub fn from_slice<T: FromJson>(text: &[u8]) -> Result<Read<T>, ReadError> {
    let (value, mismatches) = read::body(text)?;
    Ok(Read { value, mismatches })
}

impl From<Unread> for ReadError {
    fn from(unread: Unread) -> Self {
        Self(unread)
    }
}

/// Why a text could not be read: where, what was expected there and what was found; never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(Unread);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ReadError {}
