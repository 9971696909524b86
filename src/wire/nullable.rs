//! A value that can be cleared by sending null.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::wire::lenient::Lenient;
use crate::{Id, Timestamp};

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

/// `None` becomes [`Nullable::Null`].
impl<T> From<Option<T>> for Nullable<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
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

impl<'de, T: Lenient<'de>> Lenient<'de> for Nullable<T> {
    fn lenient<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::lenient(deserializer).map(Self::from)
    }
}

impl<'de, T: Lenient<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::lenient(deserializer)
    }
}

/// Lets setters of nullable fields take what the plain ones take.
macro_rules! from {
    ($($target:ty: $($source:ty),+;)*) => {$($(
        impl From<$source> for Nullable<$target> {
            fn from(value: $source) -> Self {
                Self::Value(value.into())
            }
        }
    )+)*};
}
from! {
    String: &str, &String, Box<str>, std::borrow::Cow<'_, str>, char;
    i64: i8, i16, i32, u8, u16, u32;
    f64: f32, i8, i16, i32, u8, u16, u32;
    Id: &str, &String, String, &Id, i16, i32, i64, u16, u32, u64, usize;
    Timestamp: i64, i32, u32, chrono::DateTime<chrono::Utc>;
    Value: &str, String, bool, i64, i32, f64, Map<String, Value>;
}

/// A number that is too large is an error, as for the setters of plain numbers.
macro_rules! try_from {
    ($($source:ty)*) => {$(
        impl TryFrom<$source> for Nullable<i64> {
            type Error = std::num::TryFromIntError;
            fn try_from(value: $source) -> Result<Self, Self::Error> {
                i64::try_from(value).map(Self::Value)
            }
        }
    )*};
}
try_from! { u64 usize }

/// Lets setters of nullable text enums take texts.
macro_rules! from_texts {
    ($($name:ident),* $(,)?) => {$(
        impl ::std::convert::From<&str> for crate::Nullable<$name> {
            fn from(text: &str) -> Self {
                Self::Value(text.into())
            }
        }
        impl ::std::convert::From<::std::string::String> for crate::Nullable<$name> {
            fn from(text: ::std::string::String) -> Self {
                Self::Value(text.into())
            }
        }
    )*};
}
pub(crate) use from_texts;
