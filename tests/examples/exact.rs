//! Reads JSON without the reader of the crate, and keeps the digits of numbers.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A JSON value whose numbers are text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a valid JSON text.
    pub(crate) fn read(text: &str) -> Self {
        Self::try_read(text).unwrap()
    }

    /// Reads a JSON text. Returns `None` if it is invalid, or if a name contains an unpaired surrogate.
    pub(crate) fn try_read(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        Some(match text.as_bytes().first()? {
            b'{' => {
                let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let read = |(name, value): (String, &RawValue)| Some((name, Self::try_read(value.get())?));
                Self::Object(entries.into_iter().map(read).collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Self::List(
                    items
                        .into_iter()
                        .map(|item| Self::try_read(item.get()))
                        .collect::<Option<_>>()?,
                )
            }
            // A string with an unpaired surrogate is compared as written.
            b'"' => Self::Text(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'n' => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}
