//! JSON texts that objects, lists and maps keep, because their decoded values do not reproduce them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::decode::Decode;
use super::reader::{Fault, Reader, plain_length};

/// JSON texts by name. They are sorted, except between [`push`](Self::push) and [`sort`](Self::sort).
#[derive(Clone, Debug, Default)]
pub(crate) struct RawEntries(Vec<RawEntry>);

#[derive(Clone, Debug)]
struct RawEntry {
    /// The name followed by its JSON text, in one allocation.
    name_and_json: Box<str>,
    name_length: usize,
    origin: Origin,
}

/// The purpose of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A value that is held nowhere else.
    Extra,
    /// The value of a field or entry. It is serialized while the field or entry is unchanged.
    Field,
    /// No text: the texts that were pushed before for this name are obsolete.
    Replaced,
}

impl RawEntry {
    fn new(name: &str, json: &str, origin: Origin) -> Self {
        Self {
            name_and_json: [name, json].concat().into(),
            name_length: name.len(),
            origin,
        }
    }

    fn name(&self) -> &str {
        self.name_and_json.get(..self.name_length).unwrap_or_default()
    }

    fn json(&self) -> &str {
        self.name_and_json.get(self.name_length..).unwrap_or_default()
    }
}

impl RawEntries {
    /// Number of bytes that an entry needs besides its name and its text: the list grows from four entries, and to at most twice
    /// its length.
    pub(crate) const ENTRY_MEMORY: usize = 4 * size_of::<RawEntry>();

    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends a text while an object is read.
    #[cold]
    pub(crate) fn push(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        json: &str,
        origin: Origin,
    ) -> Result<(), Fault> {
        reader.charge(name.len() + json.len())?;
        reader.make_room(&mut self.0)?;
        self.0.push(RawEntry::new(name, &compact(json), origin));
        Ok(())
    }

    /// Sorts the texts after an object was read, and removes all but the last of each name.
    pub(crate) fn sort(&mut self) {
        let sorted = self.0.windows(2).all(|pair| match pair {
            [first, second] => first.name() < second.name(),
            _ => true,
        });
        if !sorted {
            self.0.reverse();
            self.0.sort_by(|a, b| a.name().cmp(b.name()));
            self.0.dedup_by(|earlier, last| earlier.name() == last.name());
        }
        self.0.retain(|entry| entry.origin != Origin::Replaced);
    }

    fn search(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|entry| entry.name().cmp(name))
    }

    pub(crate) fn get(&self, name: &str) -> Option<(&str, Origin)> {
        let entry = self.0.get(self.search(name).ok()?)?;
        Some((entry.json(), entry.origin))
    }

    /// Sets the text of a name.
    pub(crate) fn set(&mut self, name: &str, json: &str, origin: Origin) {
        let entry = RawEntry::new(name, json, origin);
        match self.search(name) {
            Ok(index) => {
                if let Some(old) = self.0.get_mut(index) {
                    *old = entry;
                }
            }
            Err(index) => self.0.insert(index, entry),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<String> {
        let index = self.search(name).ok()?;
        Some(self.0.remove(index).json().to_owned())
    }

    /// Returns the names and their texts, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, Origin)> {
        self.0.iter().map(|entry| (entry.name(), entry.json(), entry.origin))
    }
}

/// Collects names and the JSON texts of their values.
impl FromIterator<(String, String)> for RawEntries {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut texts = Self(
            entries
                .map(|(name, json)| RawEntry::new(&name, &json, Origin::Extra))
                .collect(),
        );
        texts.sort();
        texts
    }
}

/// JSON text that is serialized unchanged by `serde_json`, and as the nearest value by other serializers.
pub(crate) struct RawJson<'a>(pub &'a str);

impl Serialize for RawJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reader = Reader::new(self.0);
        let value = Value::decode(&mut reader).unwrap_or_default();
        // A `RawValue` is only text in JSON text. Other serializers would write it as a struct.
        let writes_json = std::any::type_name::<S>().contains("serde_json::ser::");
        match serde_json::from_str::<&RawValue>(self.0) {
            Ok(raw) if reader.keep_text && writes_json => raw.serialize(serializer),
            _ => value.serialize(serializer),
        }
    }
}

/// Returns the value of a text that was read before.
pub(crate) fn value(json: &str) -> Value {
    Value::decode(&mut Reader::new(json)).unwrap_or_default()
}

/// Returns the JSON text of `value`, which was decoded from `text` and then edited, with the unchanged parts as in `text`.
/// Returns `None` if serializing `value` results in the same text.
pub(crate) fn patched(value: &Value, text: &str) -> Option<String> {
    let mut out = String::new();
    patch(value, Some(text), &mut out).then_some(out)
}

/// Writes a value to `out`. Returns `true` if a part of it is written differently than serializing the value would.
fn patch(new: &Value, text: Option<&str>, out: &mut String) -> bool {
    let mut differs = false;
    match (new, text) {
        (new, Some(text)) if *new == value(text) => {
            out.push_str(text);
            let serialized = new.to_string();
            differs = serialized != text;
        }
        (Value::Object(entries), Some(text)) => {
            let mut texts = BTreeMap::new();
            let mut reader = Reader::new(text);
            // Fails if the text is not an object, and has no entries to keep.
            let _ = reader.object("", |reader, name| {
                let start = reader.position();
                reader.skip()?;
                texts.insert(name.into_owned(), reader.text_since(start));
                Ok(())
            });
            let mut separator = '{';
            for (name, value) in entries {
                out.push(separator);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                differs |= patch(value, texts.get(name).copied(), out);
                separator = ',';
            }
            out.push_str(if entries.is_empty() { "{}" } else { "}" });
        }
        (Value::Array(items), Some(text)) => {
            let mut texts = Vec::new();
            let mut reader = Reader::new(text);
            let _ = reader.list("", |reader| {
                let start = reader.position();
                reader.skip()?;
                texts.push(reader.text_since(start));
                Ok(())
            });
            // Unchanged items at both ends keep their texts, wherever items were added or removed between them.
            let same = |(item, text): &(&Value, &&str)| **item == value(text);
            let front = items.iter().zip(&texts).take_while(same).count();
            let back = items.iter().rev().zip(texts.iter().rev()).take_while(same).count();
            let back = back.min(items.len().min(texts.len()) - front);
            let mut separator = '[';
            for (index, item) in items.iter().enumerate() {
                let remaining = items.len() - index;
                let text = match remaining <= back {
                    true => texts.len().checked_sub(remaining).and_then(|index| texts.get(index)),
                    false => texts.get(index).filter(|_| index < texts.len() - back),
                };
                out.push(separator);
                differs |= patch(item, text.copied(), out);
                separator = ',';
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        (new, _) => out.push_str(&new.to_string()),
    }
    differs
}

/// Removes the white space between the values of a JSON text.
pub(crate) fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while !rest.is_empty() {
        // A string with its quotes, or everything up to the next string.
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

/// Returns the length of a string without its opening quote.
fn string_end(inner: &str) -> usize {
    let mut end = 0;
    loop {
        end += plain_length(inner.as_bytes().get(end..).unwrap_or_default());
        match inner.as_bytes().get(end) {
            Some(b'\\') => end += 2,
            Some(_) => return end + 1,
            None => return inner.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn compact_removes_white_space_between_values() {
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
    fn patched_keeps_the_digits_of_unchanged_parts() {
        let text = r#"{"a":1.50,"b":[1e2,{"c":123456789012345678901234567890},2.0],"d":-0}"#;
        let edited = |edit: fn(&mut Value)| {
            let mut value = value(text);
            edit(&mut value);
            patched(&value, text).unwrap_or_else(|| value.to_string())
        };
        assert_eq!(edited(|_| {}), text);
        assert_eq!(edited(|value| value["a"] = json!(2)), text.replace("1.50", "2"));
        assert_eq!(edited(|value| value["b"][2] = json!(3)), text.replace("2.0", "3"));
        assert_eq!(
            edited(|value| value["b"][1]["e"] = json!([])),
            text.replace("7890}", r#"7890,"e":[]}"#)
        );
        assert_eq!(
            edited(|value| drop(value["b"].as_array_mut().unwrap().remove(0))),
            text.replace("1e2,", "")
        );
        assert_eq!(
            edited(|value| value["b"].as_array_mut().unwrap().insert(1, json!("x"))),
            text.replace("1e2,", "1e2,\"x\",")
        );
        assert_eq!(
            edited(|value| value["b"].as_array_mut().unwrap().push(json!(0))),
            text.replace("2.0]", "2.0,0]")
        );
        assert_eq!(edited(|value| value["b"] = json!({})), r#"{"a":1.50,"b":{},"d":-0}"#);
        assert_eq!(edited(|value| *value = json!([])), "[]");
        let plain = r#"{"a":1,"b":2}"#;
        assert_eq!(patched(&json!({"a": 1, "b": 3}), plain), None);
    }

    #[test]
    fn entries_keep_the_last_text_of_a_name() {
        let mut reader = Reader::new("");
        let mut texts = RawEntries::new();
        for (name, json, origin) in [
            ("b", "1", Origin::Extra),
            ("a", "2", Origin::Field),
            ("b", "3", Origin::Extra),
            ("c", "4", Origin::Field),
            ("c", "", Origin::Replaced),
        ] {
            texts.push(&mut reader, name, json, origin).unwrap();
        }
        texts.sort();
        assert_eq!(
            texts.iter().collect::<Vec<_>>(),
            [("a", "2", Origin::Field), ("b", "3", Origin::Extra)]
        );
        texts.set("0", "5", Origin::Extra);
        assert_eq!((texts.get("0"), texts.get("c")), (Some(("5", Origin::Extra)), None));
    }
}
