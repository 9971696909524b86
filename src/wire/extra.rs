//! What an object holds beyond its fields.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::decode::Decode;
use super::kept::{Mark, Texts, patched, value};
use super::reader::{Fault, Reader};

/// What an object contains beyond its fields: names that its type does not have, and values of another type than described.
///
/// Every object of the API keeps the parts of its JSON that its fields cannot hold, and writes them back when it is
/// serialized as JSON text by `serde_json`, digit by digit. A field whose value has another type is `None`, and the value
/// stands here under the field's name. A value that its field can hold but would write differently, such as a date as text,
/// `"12"` for a number or `1.50`, stands here too, and is written for as long as the field is unchanged. A field that came
/// as `null` is written as `null` while it is unset; this is remembered without an entry here. [`List`](crate::List) and
/// [`Map`](crate::Map) keep such values of their items and entries themselves.
///
/// Setting a field replaces the value kept for it. A field that is `None` because its value has another type is unchanged by
/// setting it to `None`; [`remove`](Self::remove) discards the value. The order of names and the white space between values
/// are not kept, and of a name that occurs twice only the last value is. Formats other than JSON text, `serde_json::Value`
/// among them, get the nearest number that they can hold.
///
/// ```
/// use intercom_client::types::TicketType;
/// use serde_json::json;
///
/// let sent = r#"{"type":"ticket_type","id":"7","colour":{"hue":210},"archived":"perhaps"}"#;
/// let ticket_type: TicketType = serde_json::from_str(sent)?;
/// assert_eq!(ticket_type.extra.get("colour"), Some(json!({"hue": 210})));
/// assert_eq!((ticket_type.archived, ticket_type.extra.get("archived")), (None, Some(json!("perhaps"))));
/// assert_eq!(serde_json::to_value(&ticket_type)?, serde_json::from_str::<serde_json::Value>(sent)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Extra {
    #[allow(clippy::box_collection)] // an object without any takes 8 bytes, not 24
    texts: Option<Box<Texts>>,
    /// The fields that came as null, by their places among the names.
    nulls: u64,
}

impl Extra {
    /// Creates an empty one.
    pub const fn new() -> Self {
        Self { texts: None, nulls: 0 }
    }

    /// Returns `true` if it contains no values.
    pub fn is_empty(&self) -> bool {
        self.texts().is_empty()
    }

    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.texts().len()
    }

    /// Returns the value of `name`. For a number that [`serde_json::Value`] cannot hold it is the nearest one that it can, or
    /// null if there is none; [`json`](Self::json) has all digits.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.json(name).map(value)
    }

    /// Returns the value of `name` as JSON text.
    pub fn json(&self, name: &str) -> Option<&str> {
        self.texts().get(name).map(|(json, _)| json)
    }

    /// Returns the names and their values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value)> {
        self.texts().iter().map(|(name, json, _)| (name, value(json)))
    }

    /// Sets the value of `name`. It takes the place of a field of that name when the object is serialized.
    ///
    /// Parts of a list or an object that are equal to the previous value keep their digits.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        let json = self.json(&name).and_then(|before| patched(&value, before));
        let json = json.unwrap_or_else(|| value.to_string());
        self.texts.get_or_insert_default().set(&name, &json, Mark::Own);
    }

    /// Removes `name`, and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.texts.as_mut()?.remove(name).map(|json| value(&json))
    }

    fn texts(&self) -> &Texts {
        self.texts.as_deref().unwrap_or(const { &Texts::new() })
    }

    /// Keeps the text of a value while the object is read; [`settle`](Self::settle) is called at its end.
    #[cold]
    pub(crate) fn keep(&mut self, reader: &mut Reader<'_>, name: &str, json: &str, mark: Mark) -> Result<(), Fault> {
        if self.texts.is_none() {
            reader.charge(size_of::<Texts>())?;
        }
        let texts = self.texts.get_or_insert_default();
        texts.push(reader, name, json, mark)
    }

    /// Ends what was begun by [`keep`](Self::keep).
    pub(crate) fn settle(&mut self) {
        if let Some(texts) = &mut self.texts {
            texts.settle();
        }
    }

    /// Remembers which fields came as null.
    pub(crate) fn set_nulls(&mut self, nulls: u64) {
        self.nulls = nulls;
    }

    /// Whether the field at this place came as null.
    pub(crate) fn is_null(&self, place: usize) -> bool {
        bit(place) & self.nulls != 0
    }

    /// What is written in the place of a field; `text` returns what the field makes of the text that it was read from.
    pub(crate) fn in_place<'a>(
        &'a self,
        name: &str,
        text: impl FnOnce(&'a str) -> Option<Cow<'a, str>>,
    ) -> Option<Cow<'a, str>> {
        match self.texts().get(name)? {
            (json, Mark::Own) => Some(Cow::Borrowed(json)),
            (json, _) => text(json),
        }
    }

    /// The names and the text of their values.
    pub(crate) fn iter_raw(&self) -> impl Iterator<Item = (&str, Raw<'_>)> {
        self.texts().iter().map(|(name, json, _)| (name, Raw(json)))
    }
}

/// The bit of the field at this place, none where there are too many fields.
#[inline(always)]
pub(crate) const fn bit(place: usize) -> u64 {
    if place < 64 { 1 << place } else { 0 }
}

/// Equal as JSON, to the digit: the order of names does not matter. A null in a field is equal to a missing field.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let exact = |json: &str| {
            let mut reader = Reader::new(json);
            let value = Value::decode(&mut reader).ok()?;
            Some(value).filter(|_| !reader.kept)
        };
        let same = |a: &str, b: &str| a == b || exact(a).is_some_and(|value| Some(value) == exact(b));
        let (mine, others) = (self.texts(), other.texts());
        mine.len() == others.len()
            && mine
                .iter()
                .zip(others.iter())
                .all(|((name, json, _), (other, other_json, _))| name == other && same(json, other_json))
    }
}

/// Shows the names and values.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.texts().iter().map(|(name, json, _)| (name, json));
        f.debug_map().entries(entries).finish()
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Extra {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        let texts = entries
            .into_iter()
            .map(|(name, value)| (name.into(), value.to_string()));
        Self {
            texts: Some(texts.collect::<Texts>())
                .filter(|texts| !texts.is_empty())
                .map(Box::new),
            nulls: 0,
        }
    }
}

/// JSON text that is written as it is.
pub(crate) struct Raw<'a>(pub &'a str);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reader = Reader::new(self.0);
        let value = Value::decode(&mut reader).unwrap_or_default();
        // Only JSON text holds every number as it came.
        let writes_json = std::any::type_name::<S>().contains("serde_json::ser::");
        match serde_json::from_str::<&RawValue>(self.0) {
            Ok(raw) if reader.kept && writes_json => raw.serialize(serializer),
            _ => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_got_set_and_taken_out() {
        let mut extra: Extra = [("a", json!(1)), ("b", json!({"c": [null]}))].into_iter().collect();
        assert_eq!(
            (extra.len(), extra.get("b"), extra.json("a")),
            (2, Some(json!({"c": [null]})), Some("1"))
        );
        extra.insert("a", json!("x"));
        assert_eq!(
            extra.iter().collect::<Vec<_>>(),
            [("a", json!("x")), ("b", json!({"c": [null]}))]
        );
        assert_eq!(
            (extra.remove("a"), extra.remove("a"), extra.get("a")),
            (Some(json!("x")), None, None)
        );
        assert_eq!(format!("{extra:?}"), r#"{"b": "{\"c\":[null]}"}"#);
        assert_ne!(extra, Extra::default());
    }
}
