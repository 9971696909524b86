//! JSON to the digit, read by another reader than the crate's: numbers are kept as they are written.

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
    pub(crate) fn read(text: &str) -> Self {
        let items = |items: Vec<&RawValue>| items.into_iter().map(|item| Self::read(item.get())).collect();
        let text = text.trim();
        match text.as_bytes()[0] {
            b'{' => {
                let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
                let read = |(name, value): (String, &RawValue)| (name, Self::read(value.get()));
                Self::Object(entries.into_iter().map(read).collect())
            }
            b'[' => Self::List(items(serde_json::from_str(text).unwrap())),
            b'"' => Self::Text(serde_json::from_str(text).unwrap()),
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'n' => Self::Null,
            _ => Self::Number(text.to_owned()),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}
