//! JSON texts by name: what an object or a map keeps of what it was read from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::decode::Decode;
use super::reader::{Fault, Reader, plain};

/// JSON texts by name, sorted. While a text is read they are in its order, and [`settle`](Self::settle) sorts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(Vec<Text>);

#[derive(Clone, Debug)]
struct Text {
    /// The name, and the JSON text after it.
    both: Box<str>,
    name: usize,
    mark: Mark,
}

/// How a text counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is a value of its own.
    Own,
    /// It counts while the value that was read from it is unchanged.
    Read,
    /// An earlier text of this name no longer counts.
    Void,
}

impl Text {
    fn new(name: &str, json: &str, mark: Mark) -> Self {
        Self {
            both: [name, json].concat().into(),
            name: name.len(),
            mark,
        }
    }

    fn name(&self) -> &str {
        self.both.get(..self.name).unwrap_or_default()
    }

    fn json(&self) -> &str {
        self.both.get(self.name..).unwrap_or_default()
    }
}

impl Texts {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a text while an object is read.
    #[cold]
    pub(crate) fn push(&mut self, reader: &mut Reader<'_>, name: &str, json: &str, mark: Mark) -> Result<(), Fault> {
        reader.charge(name.len() + json.len())?;
        reader.make_room(&mut self.0)?;
        self.0.push(Text::new(name, &compact(json), mark));
        Ok(())
    }

    /// Sorts the texts after an object was read; the last one of a name counts.
    pub(crate) fn settle(&mut self) {
        let sorted = self.0.windows(2).all(|pair| match pair {
            [first, second] => first.name() < second.name(),
            _ => true,
        });
        if !sorted {
            self.0.reverse();
            self.0.sort_by(|a, b| a.name().cmp(b.name()));
            self.0.dedup_by(|later, kept| later.name() == kept.name());
        }
        self.0.retain(|text| text.mark != Mark::Void);
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|text| text.name().cmp(name))
    }

    pub(crate) fn get(&self, name: &str) -> Option<(&str, Mark)> {
        let text = self.0.get(self.place(name).ok()?)?;
        Some((text.json(), text.mark))
    }

    /// Sets the text of a name.
    pub(crate) fn set(&mut self, name: &str, json: &str, mark: Mark) {
        let text = Text::new(name, json, mark);
        match self.place(name) {
            Ok(place) => {
                if let Some(old) = self.0.get_mut(place) {
                    *old = text;
                }
            }
            Err(place) => self.0.insert(place, text),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place).json().to_owned())
    }

    /// The names with their texts, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, Mark)> {
        self.0.iter().map(|text| (text.name(), text.json(), text.mark))
    }
}

/// Sets any number of texts at once.
impl FromIterator<(String, String)> for Texts {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut texts = Self(entries.map(|(name, json)| Text::new(&name, &json, Mark::Own)).collect());
        texts.settle();
        texts
    }
}

/// The value of a text that was read before.
pub(crate) fn value(json: &str) -> Value {
    Value::decode(&mut Reader::new(json)).unwrap_or_default()
}

/// The JSON text of `value`, which was read from `text` and edited: what is unchanged is written as it came. `None` when
/// nothing that is unchanged is written in another way than values are.
pub(crate) fn patched(value: &Value, text: &str) -> Option<String> {
    let mut out = String::new();
    patch(value, Some(text), &mut out).then_some(out)
}

/// Writes a value to `out`; returns whether a part of it is written in another way than values are.
fn patch(new: &Value, text: Option<&str>, out: &mut String) -> bool {
    let mut differs = false;
    match (new, text) {
        (new, Some(text)) if *new == value(text) => {
            out.push_str(text);
            let plain = new.to_string();
            differs = plain != text;
        }
        (Value::Object(entries), Some(text)) => {
            let mut texts = BTreeMap::new();
            let mut reader = Reader::new(text);
            // A text of another kind has no parts to keep.
            let _ = reader.object("", |reader, name| {
                let begin = reader.place();
                reader.skip()?;
                texts.insert(name.into_owned(), reader.since(begin));
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
                let begin = reader.place();
                reader.skip()?;
                texts.push(reader.since(begin));
                Ok(())
            });
            // Items in front and at the end that are unchanged keep their texts, wherever items were added or removed.
            let same = |(item, text): &(&Value, &&str)| **item == value(text);
            let front = items.iter().zip(&texts).take_while(same).count();
            let back = items.iter().rev().zip(texts.iter().rev()).take_while(same).count();
            let back = back.min(items.len().min(texts.len()) - front);
            let mut separator = '[';
            for (place, item) in items.iter().enumerate() {
                let left = items.len() - place;
                let text = match left <= back {
                    true => texts.len().checked_sub(left).and_then(|place| texts.get(place)),
                    false => texts.get(place).filter(|_| place < texts.len() - back),
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

/// The text without white space between its values.
pub(crate) fn compact(json: &str) -> String {
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
    fn an_edit_leaves_the_digits_of_everything_else() {
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
    fn the_last_text_of_a_name_counts() {
        let mut reader = Reader::new("");
        let mut texts = Texts::new();
        for (name, json, mark) in [
            ("b", "1", Mark::Own),
            ("a", "2", Mark::Read),
            ("b", "3", Mark::Own),
            ("c", "4", Mark::Read),
            ("c", "", Mark::Void),
        ] {
            texts.push(&mut reader, name, json, mark).unwrap();
        }
        texts.settle();
        assert_eq!(
            texts.iter().collect::<Vec<_>>(),
            [("a", "2", Mark::Read), ("b", "3", Mark::Own)]
        );
        texts.set("0", "5", Mark::Own);
        assert_eq!((texts.get("0"), texts.get("c")), (Some(("5", Mark::Own)), None));
    }
}
