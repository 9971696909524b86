//! What an object holds beyond its fields.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::decode::Decode;
use super::reader::{Reader, plain};

/// What an object holds beyond its fields: names that its type does not have, and values of another kind than described.
///
/// Every object of the API keeps what nobody foresaw and gives it back when it is encoded, to the digit: numbers of any
/// length and size are kept as they came. A field whose value is of another kind is absent, and its value stands here
/// under the field's name; so it does where the field could take only part of it, such as a list with a null in it. It is
/// encoded in the field's place for as long as the field is not changed. Empty ones take 8 bytes and allocate nothing.
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
#[allow(clippy::box_collection)] // a map of its own would take 24 bytes in each of thousands of objects
pub struct Extra(Option<Box<Entries>>);

type Entries = BTreeMap<Box<str>, Entry>;

#[derive(Clone)]
struct Entry {
    json: Box<str>,
    /// Whether it belongs to a field, in whose place it counts while the field is what was read from it.
    of_field: bool,
}

impl Extra {
    /// Nothing.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// The value of `name`. Of numbers that [`serde_json::Value`] cannot hold it is the nearest that it can, and null where
    /// there is none; [`json`](Self::json) has all digits.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.json(name).map(value)
    }

    /// The value of `name` as JSON text.
    pub fn json(&self, name: &str) -> Option<&str> {
        self.entries().get(name).map(|entry| &*entry.json)
    }

    /// The names and their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value)> {
        self.entries().iter().map(|(name, entry)| (&**name, value(&entry.json)))
    }

    /// Sets the value of `name`, which is encoded in the place of a field of that name.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        self.put(&name.into(), value.to_string().into(), false);
    }

    /// Takes `name` out, and returns what it was.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.0.as_mut()?.remove(name).map(|entry| value(&entry.json))
    }

    fn entries(&self) -> &Entries {
        self.0.as_deref().unwrap_or(const { &BTreeMap::new() })
    }

    /// Keeps the text of a value; of a name that comes twice the last one counts.
    #[cold]
    pub(crate) fn keep(&mut self, name: &str, json: &str, of_field: bool) {
        self.put(name, compact(json).into(), of_field);
    }

    fn put(&mut self, name: &str, json: Box<str>, of_field: bool) {
        let entries = self.0.get_or_insert_default();
        entries.insert(name.into(), Entry { json, of_field });
    }

    /// Forgets a field that came again.
    pub(crate) fn forget(&mut self, name: &str) {
        if let Some(entries) = &mut self.0
            && entries.get(name).is_some_and(|entry| entry.of_field)
        {
            entries.remove(name);
        }
    }

    /// What is to be encoded in the place of a field; `holds` tells whether the field is what a text is read as.
    pub(crate) fn in_place(&self, name: &str, holds: impl FnOnce(&str) -> bool) -> Option<Raw<'_>> {
        let entry = self.entries().get(name)?;
        (!entry.of_field || holds(&entry.json)).then_some(Raw(&entry.json))
    }

    /// The names and the text of their values.
    pub(crate) fn iter_raw(&self) -> impl Iterator<Item = (&str, Raw<'_>)> {
        self.entries().iter().map(|(name, entry)| (&**name, Raw(&entry.json)))
    }
}

/// The value of a text that was read before.
fn value(json: &str) -> Value {
    Value::decode(&mut Reader::new(json)).unwrap_or_default()
}

/// The text without white space between its values.
fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while !rest.is_empty() {
        // A string with its quotes, or what is up to the next one.
        let end = match rest.strip_prefix('"') {
            Some(inner) => 1 + string_end(inner),
            None => rest.find('"').unwrap_or(rest.len()),
        };
        let (part, after) = rest.split_at(end);
        match part.starts_with('"') {
            true => text.push_str(part),
            false => text.extend(part.split_ascii_whitespace()),
        }
        rest = after;
    }
    text
}

/// Where a string ends, its quote included.
fn string_end(inner: &str) -> usize {
    let mut end = 0;
    loop {
        end += plain(inner.as_bytes().get(end..).unwrap_or_default());
        match inner.as_bytes().get(end) {
            Some(b'\\') => end += 2,
            Some(_) => return end + 1,
            None => return inner.len(),
        }
    }
}

/// Equal as JSON, to the digit: the order of names does not matter.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let exact = |json: &str| {
            let mut reader = Reader::new(json);
            let value = Value::decode(&mut reader).ok()?;
            Some(value).filter(|_| !reader.kept)
        };
        let same = |a: &str, b: &str| a == b || exact(a).is_some_and(|value| Some(value) == exact(b));
        let (mine, others) = (self.entries(), other.entries());
        mine.len() == others.len()
            && mine
                .iter()
                .zip(others)
                .all(|((name, entry), (other_name, other))| name == other_name && same(&entry.json, &other.json))
    }
}

/// Shows the names and values.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries().iter().map(|(name, entry)| (name, &entry.json));
        f.debug_map().entries(entries).finish()
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Extra {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        let mut extra = Self::default();
        entries.into_iter().for_each(|(name, value)| extra.insert(name, value));
        extra
    }
}

/// JSON text that is written as it is.
pub(crate) struct Raw<'a>(pub &'a str);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reader = Reader::new(self.0);
        let value = Value::decode(&mut reader).unwrap_or_default();
        // What becomes a `Value` is what that can hold.
        let becomes_value = std::any::type_name::<S::Ok>() == std::any::type_name::<Value>();
        match serde_json::from_str::<&RawValue>(self.0) {
            // Only text has all digits.
            Ok(raw) if reader.kept && !becomes_value => raw.serialize(serializer),
            _ => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn white_space_between_values_is_not_kept() {
        for (text, compacted) in [
            (
                r#" { "a b" : [ 1 , " c \" d " ] , "e\\" : null } "#,
                r#"{"a b":[1," c \" d "],"e\\":null}"#,
            ),
            (r#""\"""#, r#""\"""#),
            ("1", "1"),
        ] {
            assert_eq!(compact(text), compacted);
        }
    }

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
