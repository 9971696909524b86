//! An object with names of the workspace's own choice.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::decode::{Decode, Slot, text_of};
use super::extra::Raw;
use super::kept::{Mark, Texts};
use super::reader::{Fault, Reader, Step};

/// An object with names of the workspace's own choice, such as custom attributes: a [`BTreeMap`] when it is read, `{}` when
/// it is empty, and nothing at all when it is absent.
///
/// An absent object reads as an empty one; [`is_absent`](Self::is_absent) returns `true` for it, and it is not serialized.
///
/// An entry whose value is written differently than it came, such as `1.50` or a number of 30 digits, keeps its text for as
/// long as its value is unchanged, whatever becomes of the others. Entries that are of another type than described are no
/// entries of the map; [`left_out`](Self::left_out) returns them, and they are serialized unless an entry of their name is
/// inserted. A map that is made anew, such as from a [`BTreeMap`], has none.
///
/// ```
/// use intercom_client::types::Contact;
///
/// let contact: Contact = serde_json::from_str(r#"{"custom_attributes":{"plan":"pro","seats":40}}"#)?;
/// assert_eq!(contact.custom_attributes["plan"], "pro");
/// assert_eq!(contact.custom_attributes.get("seats").and_then(|seats| seats.as_i64()), Some(40));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Map<T = Value>(Form<T>);

#[derive(Clone)]
enum Form<T> {
    Absent,
    /// There, without entries: no memory is asked for.
    Empty,
    /// Boxed, since a map of its own would take 24 bytes and more in each of thousands of objects.
    Entries(Box<Entries<T>>),
}

#[derive(Clone)]
struct Entries<T> {
    map: BTreeMap<String, T>,
    /// What the map cannot hold, and what its values would write differently.
    texts: Texts,
}

impl<T> Map<T> {
    /// Creates an object that is absent.
    pub const fn absent() -> Self {
        Self(Form::Absent)
    }

    /// Returns `true` if the object is absent, so that it is not serialized.
    pub const fn is_absent(&self) -> bool {
        matches!(self.0, Form::Absent)
    }

    /// The entries, none when the object is absent.
    pub fn into_map(self) -> BTreeMap<String, T> {
        match self.0 {
            Form::Entries(entries) => entries.map,
            Form::Absent | Form::Empty => BTreeMap::new(),
        }
    }

    /// Returns the entries of the JSON object that are null or of another type than described: the name of each, and its
    /// JSON text.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, &str)> {
        let left_out = self.texts().iter().filter(|(.., mark)| *mark == Mark::Own);
        let left_out = left_out.filter(|(name, ..)| !self.contains_key(*name));
        left_out.map(|(name, json, _)| (name, json))
    }

    /// Removes everything, [`left_out`](Self::left_out) entries included; the object is then there and empty.
    pub fn clear(&mut self) {
        self.0 = Form::Empty;
    }

    fn texts(&self) -> &Texts {
        match &self.0 {
            Form::Entries(entries) => &entries.texts,
            Form::Absent | Form::Empty => const { &Texts::new() },
        }
    }
}

impl<T: Decode + PartialEq> Map<T> {
    /// The texts that are written, by name: those that stand for entries, and those that are left out.
    fn written(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.texts()
            .iter()
            .filter_map(|(name, json, mark)| match (self.get(name), mark) {
                (None, Mark::Own) => Some((name, Cow::Borrowed(json))),
                (None, _) => None,
                (Some(value), _) => Some((name, text_of(value, json)?)),
            })
    }
}

/// Absent.
impl<T> Default for Map<T> {
    fn default() -> Self {
        Self::absent()
    }
}

impl<T> Deref for Map<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &BTreeMap<String, T> {
        match &self.0 {
            Form::Entries(entries) => &entries.map,
            Form::Absent | Form::Empty => const { &BTreeMap::new() },
        }
    }
}

/// The object is then there.
impl<T> DerefMut for Map<T> {
    fn deref_mut(&mut self) -> &mut BTreeMap<String, T> {
        if !matches!(self.0, Form::Entries(_)) {
            self.0 = Form::Entries(Box::new(Entries {
                map: BTreeMap::new(),
                texts: Texts::new(),
            }));
        }
        match &mut self.0 {
            Form::Entries(entries) => &mut entries.map,
            Form::Absent | Form::Empty => unreachable!("it was set just now"),
        }
    }
}

impl<T> From<BTreeMap<String, T>> for Map<T> {
    fn from(map: BTreeMap<String, T>) -> Self {
        Self(match map.is_empty() {
            true => Form::Empty,
            false => Form::Entries(Box::new(Entries {
                map,
                texts: Texts::new(),
            })),
        })
    }
}

impl<T> From<HashMap<String, T>> for Map<T> {
    fn from(entries: HashMap<String, T>) -> Self {
        entries.into_iter().collect()
    }
}

impl From<serde_json::Map<String, Value>> for Map {
    fn from(entries: serde_json::Map<String, Value>) -> Self {
        entries.into_iter().collect()
    }
}

impl<T> From<Map<T>> for BTreeMap<String, T> {
    fn from(map: Map<T>) -> Self {
        map.into_map()
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Object(map.into_iter().collect())
    }
}

/// There, even when there are no entries.
impl<K: Into<String>, T> FromIterator<(K, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value));
        entries.collect::<BTreeMap<_, _>>().into()
    }
}

impl<T> IntoIterator for Map<T> {
    type Item = (String, T);
    type IntoIter = std::collections::btree_map::IntoIter<String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_map().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Map<T> {
    type Item = (&'a String, &'a T);
    type IntoIter = std::collections::btree_map::Iter<'a, String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Compares the JSON of the objects; an absent object is not equal to an empty one.
impl<T: Decode + PartialEq> PartialEq for Map<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_absent() == other.is_absent()
            && **self == **other
            && (self.texts().is_empty() && other.texts().is_empty() || self.written().eq(other.written()))
    }
}

impl<T: fmt::Debug> fmt::Debug for Map<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_absent() {
            true => f.write_str("absent"),
            false => (**self).fmt(f),
        }
    }
}

impl<'de, T: Decode> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::deserialize::deserialize(deserializer)
    }
}

/// An absent object that is encoded by itself is null.
impl<T: Serialize + Decode + PartialEq> Serialize for Map<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_absent() {
            return serializer.serialize_none();
        }
        if self.texts().is_empty() {
            return (**self).serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        let mut texts = self.written().peekable();
        for (name, value) in &**self {
            while let Some((name, json)) = texts.next_if(|(other, _)| *other < &**name) {
                map.serialize_entry(name, &Raw(&json))?;
            }
            match texts.next_if(|(other, _)| *other == &**name) {
                Some((_, json)) => map.serialize_entry(name, &Raw(&json))?,
                None => map.serialize_entry(name, value)?,
            }
        }
        for (name, json) in texts {
            map.serialize_entry(name, &Raw(&json))?;
        }
        map.end()
    }
}

impl<T: Decode> Decode for Map<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (mut map, mut texts) = (BTreeMap::new(), Texts::new());
        let (mut names_lost, mut located) = (false, reader.mismatches.len());
        reader.kept = false;
        reader.object("an object", |reader, name| {
            // Half a surrogate pair in the name: the name that is kept is another.
            names_lost |= std::mem::take(&mut reader.kept);
            let begin = reader.place();
            let read = match !T::NULL && reader.null()? {
                true => None,
                false => match T::decode(reader) {
                    Ok(value) => Some(value),
                    Err(Fault::Kind) => {
                        reader.mismatch(begin)?;
                        None
                    }
                    Err(fault) => return Err(reader.failed(fault, Step::Name)),
                },
            };
            match read {
                Some(value) => {
                    if std::mem::take(&mut reader.kept) {
                        texts.push(reader, &name, reader.since(begin), Mark::Read)?;
                    }
                    reader.charge_entry::<(String, T)>(map.len())?;
                    map.insert(name.into_owned(), value);
                }
                None => {
                    texts.push(reader, &name, reader.since(begin), Mark::Own)?;
                    map.remove(&*name);
                }
            }
            if reader.mismatches.len() > located {
                reader.locate(located, Step::Name);
                located = reader.mismatches.len();
            }
            Ok(())
        })?;
        reader.kept = names_lost;
        if texts.is_empty() {
            return Ok(map.into());
        }
        texts.settle();
        reader.charge(size_of::<Entries<T>>())?;
        Ok(Self(Form::Entries(Box::new(Entries { map, texts }))))
    }

    fn empty() -> Option<Self> {
        Some(Self::absent())
    }
}

impl<T: Decode + PartialEq> Slot for Map<T> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let mut read: Option<Self> = None;
        read.read(reader)?;
        *self = read.unwrap_or_default();
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.is_absent()
    }

    fn text_of<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let mut other = Self::absent();
        let same = other.read(&mut Reader::new(text)).is_ok() && *self == other;
        same.then_some(Cow::Borrowed(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Map;
    use serde_json::{Value, json};

    #[test]
    fn edits_leave_the_texts_of_the_other_entries() {
        const SENT: &str = r#"{"a":1.50,"b":123456789012345678901234567890,"c":{"d":[1e2,2.0]},"e":null}"#;
        let edited = |edit: fn(&mut Map)| {
            let mut map: Map = serde_json::from_str(SENT).unwrap();
            edit(&mut map);
            serde_json::to_string(&map).unwrap()
        };
        assert_eq!(edited(|_| {}), SENT);
        let inserted = edited(|map| drop(map.insert("f".into(), json!(1))));
        assert_eq!(inserted, SENT.replace("null}", r#"null,"f":1}"#));
        assert_eq!(
            edited(|map| drop(map.insert("a".into(), json!(2)))),
            SENT.replace("1.50", "2")
        );
        assert_eq!(edited(|map| drop(map.remove("a"))), SENT.replace(r#""a":1.50,"#, ""));
        let inside = edited(|map| map.get_mut("c").unwrap()["d"][1] = json!(3));
        assert_eq!(inside, SENT.replace("2.0", "3"));
        assert_eq!(edited(Map::clear), "{}");
    }

    #[test]
    fn entries_that_do_not_fit_are_left_out_and_kept() {
        const SENT: &str = r#"{"a":1,"b":null,"c":"x","d":"4"}"#;
        let mut map: Map<i64> = serde_json::from_str(SENT).unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(map.left_out().collect::<Vec<_>>(), [("b", "null"), ("c", "\"x\"")]);
        assert_eq!(serde_json::to_string(&map).unwrap(), SENT);
        map.insert("c".to_owned(), 3);
        map.remove("d");
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"a":1,"b":null,"c":3}"#);
        for (text, last) in [
            (r#"{"a":1,"a":"x"}"#, r#"{"a":"x"}"#),
            (r#"{"a":"x","a":1}"#, r#"{"a":1}"#),
        ] {
            let map: Map<i64> = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&map).unwrap(), last);
        }
    }

    #[test]
    fn objects_are_equal_when_their_json_is() {
        let read = |text: &str| serde_json::from_str::<Map<Value>>(text).unwrap();
        assert_ne!(read(r#"{"a":1.50}"#), read(r#"{"a":1.5}"#));
        let mut edited = read(r#"{"a":1.50}"#);
        edited.insert("a".to_owned(), json!(2));
        assert_eq!(edited, read(r#"{"a":2}"#));
    }
}
