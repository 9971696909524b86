//! Ids in requests, which the server accepts as numbers and as strings.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::decode::Decode;
use super::reader::{Fault, Reader};

/// The id of a resource, a number or a string, sent as created.
///
/// It is the type of ids in request bodies, paths and queries, and of the few fields of responses that are numbers or strings.
/// Contacts, companies and segments have ids of 24 hexadecimal characters. Conversations, tags, admins, teams and tickets have
/// numeric ids, which most responses contain as strings. Every setter of an id accepts both.
///
/// ```
/// use intercom_client::Id;
///
/// assert_eq!(Id::from(4021337), 4021337.into());
/// assert_eq!(Id::from("4021337").to_string(), Id::from(4021337).to_string());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Id {
    /// Sent as a JSON number.
    Number(i64),
    /// Sent as a JSON string.
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Id {
            fn from(number: $integer) -> Self {
                i64::try_from(number).map_or_else(|_| Self::Text(number.to_string()), Self::Number)
            }
        }
    )*};
}
from_integers! { i16 i32 i64 u16 u32 u64 usize }

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Id {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&Id> for Id {
    fn from(id: &Id) -> Self {
        id.clone()
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Decode for Id {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if let Some(text) = reader.string()? {
            return Ok(Self::Text(text.into_owned()));
        }
        i64::decode(reader).map(Self::Number).map_err(|fault| match fault {
            Fault::WrongType => reader.wrong_type("an id, an integer or a string"),
            fault => fault,
        })
    }
}

super::deserialize::readable! { Id }

/// Returns a string, or a number as a string. Servers send ids and codes as both.
pub(crate) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}
