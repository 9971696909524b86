//! A value of a request that is cleared by null.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode::Decode;
use super::reader::{Fault, Reader};

/// A value of a request that the server clears if it is null.
///
/// Such a field has three states: left out if its setter is not called, cleared by [`Nullable::Null`], or set to a value. The
/// setters also accept the plain value.
///
/// ```
/// use intercom_client::{Nullable, types::UpdateContactRequest};
///
/// let body = UpdateContactRequest::builder().name("Ada").phone(Nullable::Null);
/// let body = UpdateContactRequest::try_from(body)?;
/// assert_eq!(serde_json::to_string(&body)?, r#"{"phone":null,"name":"Ada"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nullable<T> {
    /// Sent as `null`, which clears the field.
    Null,
    /// Sent as the value.
    Value(T),
}

impl<T> Nullable<T> {
    /// Converts to the value, or `None` if it is null.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Returns the value, or `None` if it is null.
    pub fn as_option(&self) -> Option<&T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<T: Decode> Decode for Nullable<T> {
    const ACCEPTS_NULL: bool = true;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        match reader.null()? {
            true => Ok(Self::Null),
            false => T::decode(reader).map(Self::Value),
        }
    }

    fn patched(&self, text: &str) -> Option<String> {
        self.as_option()?.patched(text)
    }
}

impl<'de, T: Decode> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::deserialize::deserialize(deserializer)
    }
}
