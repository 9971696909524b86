//! A value that can be cleared by sending null.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode::Decode;
use super::reader::{Fault, Reader};

/// A value of a request that the server clears when it is sent as null.
///
/// Three things can be said of such a field: leave it out (do not call its setter), clear it
/// ([`Nullable::Null`]), or set it: every setter takes the plain value as well.
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
    /// Sent as `null`: clears the field.
    Null,
    /// Sent as the value.
    Value(T),
}

impl<T> Nullable<T> {
    /// The value, or `None` when it is null.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The value, or `None` when it is null.
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
    const NULL: bool = true;

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
