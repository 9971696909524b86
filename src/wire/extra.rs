//! The values of an object that its fields cannot hold.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::decode::Decode;
use super::raw_json::{Origin, RawEntries, RawJson, patched, value};
use super::reader::{Fault, Reader};

/// The values of an object that its fields cannot hold: unknown names, and values whose type differs from the description.
///
/// Every object of the API keeps these values, and `serde_json` writes them back digit by digit when the object is serialized
/// as JSON text:
///
/// - A field whose value has another type is `None`, and `Extra` contains the value with the name of the field.
/// - A value that the field can hold but would serialize differently, for example a date as text, `"12"` for a number or
///   `1.50`, is contained too. It is serialized while the field is unchanged.
/// - A field that was `null` is serialized as `null` while it is unset. It has no entry here.
/// - [`List`](crate::List) and [`Map`](crate::Map) keep such values of their items and entries themselves.
///
/// Setting a field replaces the value that is kept for it. Setting a field to `None` that is `None` because of its value's type
/// changes nothing; [`remove`](Self::remove) discards the value.
///
/// The order of names and the white space between values are not kept. If a name occurs twice, only the last value is kept.
/// Formats other than JSON text, including `serde_json::Value`, get the nearest number that they can hold.
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
    #[allow(clippy::box_collection)] // takes 8 bytes instead of 24 in objects without entries
    texts: Option<Box<RawEntries>>,
    /// One bit for each field that was null: see [`null_bit`].
    nulls: u64,
}

impl Extra {
    /// Creates an empty `Extra`.
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

    /// Returns the value of `name`.
    ///
    /// A number that [`serde_json::Value`] cannot hold is returned as the nearest number, or as null if it is out of range.
    /// [`json`](Self::json) returns all digits.
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

    /// Sets the value of `name`. If there is a field of this name, the value is serialized instead of the field.
    ///
    /// Parts of a list or an object that are equal to the previous value keep their digits.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        let json = self.json(&name).and_then(|before| patched(&value, before));
        let json = json.unwrap_or_else(|| value.to_string());
        self.texts.get_or_insert_default().set(&name, &json, Origin::Extra);
    }

    /// Removes `name` and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.texts.as_mut()?.remove(name).map(|json| value(&json))
    }

    fn texts(&self) -> &RawEntries {
        self.texts.as_deref().unwrap_or(const { &RawEntries::new() })
    }

    /// Keeps a text while the object is read. Call [`sort`](Self::sort) when the object is complete.
    #[cold]
    pub(crate) fn keep(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        json: &str,
        origin: Origin,
    ) -> Result<(), Fault> {
        if self.texts.is_none() {
            reader.charge(size_of::<RawEntries>())?;
        }
        let texts = self.texts.get_or_insert_default();
        texts.push(reader, name, json, origin)
    }

    /// Sorts the texts that [`keep`](Self::keep) added.
    pub(crate) fn sort(&mut self) {
        if let Some(texts) = &mut self.texts {
            texts.sort();
        }
    }

    /// Sets which fields were null, by their [`null_bit`]s.
    pub(crate) fn set_nulls(&mut self, nulls: u64) {
        self.nulls = nulls;
    }

    /// Returns `true` if the field at `index` was null.
    pub(crate) fn is_null(&self, index: usize) -> bool {
        null_bit(index) & self.nulls != 0
    }

    /// Returns the JSON text to serialize instead of a field. `original_text` returns the text for a field that was read from
    /// the given text, or `None` if the field has changed.
    pub(crate) fn text_for_field<'a>(
        &'a self,
        name: &str,
        original_text: impl FnOnce(&'a str) -> Option<Cow<'a, str>>,
    ) -> Option<Cow<'a, str>> {
        match self.texts().get(name)? {
            (json, Origin::Extra) => Some(Cow::Borrowed(json)),
            (json, _) => original_text(json),
        }
    }

    /// Returns the names and the JSON texts of their values.
    pub(crate) fn iter_raw(&self) -> impl Iterator<Item = (&str, RawJson<'_>)> {
        self.texts().iter().map(|(name, json, _)| (name, RawJson(json)))
    }
}

/// Returns the bit of the field at `index`, or 0 for fields after the 64th.
#[inline(always)]
pub(crate) const fn null_bit(index: usize) -> u64 {
    if index < 64 { 1 << index } else { 0 }
}

/// Compares the JSON values digit by digit. The order of names does not matter, and a null field is equal to a missing one.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let exact = |json: &str| {
            let mut reader = Reader::new(json);
            let value = Value::decode(&mut reader).ok()?;
            Some(value).filter(|_| !reader.keep_text)
        };
        let same = |a: &str, b: &str| a == b || exact(a).is_some_and(|value| Some(value) == exact(b));
        let (texts, other_texts) = (self.texts(), other.texts());
        texts.len() == other_texts.len()
            && texts
                .iter()
                .zip(other_texts.iter())
                .all(|((name, json, _), (other_name, other_json, _))| name == other_name && same(json, other_json))
    }
}

/// Shows the names and the JSON texts.
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
            texts: Some(texts.collect::<RawEntries>())
                .filter(|texts| !texts.is_empty())
                .map(Box::new),
            nulls: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_inserted_and_removed() {
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
