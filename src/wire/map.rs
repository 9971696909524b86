//! An object whose names are defined by the workspace.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::decode::{Decode, Field, original_text, skip_and_charge};
use super::raw_json::{Origin, RawEntries, RawJson};
use super::reader::{Fault, PathStep, Reader};

/// An object whose names are defined by the workspace, for example custom attributes. It dereferences to a [`BTreeMap`], and
/// distinguishes an absent object from an empty one.
///
/// An absent object dereferences to an empty map and is not serialized. [`is_absent`](Self::is_absent) returns `true` for it.
///
/// If a value would be serialized differently than it was received, for example `1.50` or a number of 30 digits, the entry
/// keeps the received text until the value is changed. Changes to other entries do not affect it.
///
/// Entries whose type differs from the description are not part of the map. [`left_out`](Self::left_out) returns them, and they
/// are serialized unless an entry with the same name is inserted. A map that is created from a [`BTreeMap`] has none.
///
/// The entries of a map of any JSON are decoded when they are first used. Their text was checked when it was received, so this
/// cannot fail.
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
pub struct Map<T = Value>(Content<T>);

enum Content<T> {
    Absent,
    Empty,
    /// Boxed to take 8 bytes in objects, where most maps are empty.
    Entries(Box<Entries<T>>),
    Received(Box<Received<T>>),
}

#[derive(Clone)]
struct Entries<T> {
    map: BTreeMap<String, T>,
    /// The texts of entries that the map cannot hold or would serialize differently.
    texts: RawEntries,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self {
            map: BTreeMap::new(),
            texts: RawEntries::new(),
        }
    }
}

impl<T: Clone> Clone for Content<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Absent => Self::Absent,
            Self::Empty => Self::Empty,
            Self::Entries(entries) => Self::Entries(entries.clone()),
            Self::Received(received) => match received.decoded.get() {
                // The text is not needed any more.
                Some(entries) => Self::Entries(Box::new(entries.clone())),
                None => Self::Received(Box::new(Received {
                    json: received.json.clone(),
                    decode: received.decode,
                    decoded: OnceLock::new(),
                })),
            },
        }
    }
}

/// Entries that are decoded when they are first used. Their text is kept until the map is edited.
struct Received<T> {
    json: Box<str>,
    decode: fn(&str) -> Entries<T>,
    decoded: OnceLock<Entries<T>>,
}

impl<T> Received<T> {
    fn entries(&self) -> &Entries<T> {
        self.decoded.get_or_init(|| (self.decode)(&self.json))
    }

    fn into_entries(self) -> Entries<T> {
        let Self { json, decode, decoded } = self;
        decoded.into_inner().unwrap_or_else(|| decode(&json))
    }
}

impl<T> Map<T> {
    /// Creates an absent object.
    pub const fn absent() -> Self {
        Self(Content::Absent)
    }

    /// Returns `true` if the object is absent, so that it is not serialized.
    pub const fn is_absent(&self) -> bool {
        matches!(self.0, Content::Absent)
    }

    /// Converts the object to a [`BTreeMap`], which is empty if the object is absent.
    pub fn into_map(self) -> BTreeMap<String, T> {
        match self.0 {
            Content::Entries(entries) => entries.map,
            Content::Received(received) => received.into_entries().map,
            Content::Absent | Content::Empty => BTreeMap::new(),
        }
    }

    /// Returns the entries of the JSON object that are null or of another type than described: the name of each, and its
    /// JSON text.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, &str)> {
        let left_out = self.texts().iter().filter(|(.., origin)| *origin == Origin::Extra);
        let left_out = left_out.filter(|(name, ..)| !self.contains_key(*name));
        left_out.map(|(name, json, _)| (name, json))
    }

    /// Removes everything, including [`left_out`](Self::left_out) entries. The object is then empty, not absent.
    pub fn clear(&mut self) {
        self.0 = Content::Empty;
    }

    fn entries(&self) -> Option<&Entries<T>> {
        match &self.0 {
            Content::Entries(entries) => Some(entries),
            Content::Received(received) => Some(received.entries()),
            Content::Absent | Content::Empty => None,
        }
    }

    fn texts(&self) -> &RawEntries {
        match self.entries() {
            Some(entries) => &entries.texts,
            None => const { &RawEntries::new() },
        }
    }
}

impl<T: Decode + PartialEq> Map<T> {
    /// Returns the texts that are serialized, sorted by name: those of unchanged entries and of entries that are left out.
    fn written_texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.texts()
            .iter()
            .filter_map(|(name, json, origin)| match (self.get(name), origin) {
                (None, Origin::Extra) => Some((name, Cow::Borrowed(json))),
                (None, _) => None,
                (Some(value), _) => Some((name, original_text(value, json)?)),
            })
    }
}

/// Creates an absent object.
impl<T> Default for Map<T> {
    fn default() -> Self {
        Self::absent()
    }
}

impl<T> Deref for Map<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &BTreeMap<String, T> {
        match self.entries() {
            Some(entries) => &entries.map,
            None => const { &BTreeMap::new() },
        }
    }
}

/// Returns the entries for editing. The object is no longer absent.
impl<T> DerefMut for Map<T> {
    fn deref_mut(&mut self) -> &mut BTreeMap<String, T> {
        let entries = match std::mem::replace(&mut self.0, Content::Empty) {
            Content::Entries(entries) => entries,
            Content::Received(received) => Box::new(received.into_entries()),
            Content::Absent | Content::Empty => Box::default(),
        };
        self.0 = Content::Entries(entries);
        match &mut self.0 {
            Content::Entries(entries) => &mut entries.map,
            _ => unreachable!("replaced by entries above"),
        }
    }
}

impl<T> From<BTreeMap<String, T>> for Map<T> {
    fn from(map: BTreeMap<String, T>) -> Self {
        Self(match map.is_empty() {
            true => Content::Empty,
            false => Content::Entries(Box::new(Entries {
                map,
                ..Entries::default()
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

/// Creates an object that is never absent.
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

/// Compares the JSON of the objects. An absent object is not equal to an empty one.
impl<T: Decode + PartialEq> PartialEq for Map<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_absent() == other.is_absent()
            && **self == **other
            && (self.texts().is_empty() && other.texts().is_empty() || self.written_texts().eq(other.written_texts()))
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

/// Serializes an absent object as null, unless it is a field of an object.
impl<T: Serialize + Decode + PartialEq> Serialize for Map<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_absent() {
            return serializer.serialize_none();
        }
        if self.texts().is_empty() {
            return (**self).serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        let mut texts = self.written_texts().peekable();
        for (name, value) in &**self {
            while let Some((name, json)) = texts.next_if(|(other, _)| *other < &**name) {
                map.serialize_entry(name, &RawJson(&json))?;
            }
            match texts.next_if(|(other, _)| *other == &**name) {
                Some((_, json)) => map.serialize_entry(name, &RawJson(&json))?,
                None => map.serialize_entry(name, value)?,
            }
        }
        for (name, json) in texts {
            map.serialize_entry(name, &RawJson(&json))?;
        }
        map.end()
    }
}

impl<T: Decode> Entries<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (mut map, mut texts) = (BTreeMap::new(), RawEntries::new());
        let (mut lost_name, mut located) = (false, reader.mismatch_count());
        reader.keep_text = false;
        reader.object("an object", |reader, name| {
            // An unpaired surrogate in the name: the name cannot be serialized as received.
            lost_name |= std::mem::take(&mut reader.keep_text);
            let start = reader.position();
            let value = match !T::ACCEPTS_NULL && reader.null()? {
                true => None,
                false => match T::decode(reader) {
                    Ok(value) => Some(value),
                    Err(Fault::WrongType) => {
                        reader.skip_mismatch(start)?;
                        None
                    }
                    Err(fault) => return Err(reader.fail_at(PathStep::UnknownName, fault)),
                },
            };
            match value {
                Some(value) => {
                    if std::mem::take(&mut reader.keep_text) {
                        texts.push(reader, &name, reader.text_since(start), Origin::Field)?;
                    }
                    reader.charge_entry::<(String, T)>(map.len())?;
                    map.insert(name.into_owned(), value);
                }
                None => {
                    texts.push(reader, &name, reader.text_since(start), Origin::Extra)?;
                    map.remove(&*name);
                    reader.keep_text = false;
                }
            }
            if reader.mismatch_count() > located {
                reader.add_step(located, PathStep::UnknownName);
                located = reader.mismatch_count();
            }
            Ok(())
        })?;
        reader.keep_text = lost_name;
        texts.sort();
        Ok(Self { map, texts })
    }
}

impl<T: Decode> Decode for Map<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        if let Some(json) = postponed::<T>(reader)? {
            return Ok(Self(Content::Received(Box::new(Received {
                json: json.into(),
                decode: |json| Entries::decode(&mut Reader::new(json)).unwrap_or_default(),
                decoded: OnceLock::new(),
            }))));
        }
        let entries = Entries::decode(reader)?;
        if entries.texts.is_empty() {
            return Ok(entries.map.into());
        }
        reader.charge(size_of::<Entries<T>>())?;
        Ok(Self(Content::Entries(Box::new(entries))))
    }

    fn from_empty_body() -> Option<Self> {
        Some(Self::absent())
    }
}

/// Reads the text of an object whose entries can be decoded later, because every value is valid. Returns `None`, without reading
/// anything, if they have to be decoded now.
fn postponed<'t, T: Decode>(reader: &mut Reader<'t>) -> Result<Option<&'t str>, Fault> {
    if !T::ACCEPTS_ANY || reader.peek()? != b'{' {
        return Ok(None);
    }
    let (mark, start, mut entries) = (reader.mark(), reader.position(), 0);
    reader.keep_text = false;
    reader.object("an object", |reader, name| {
        reader.charge_entry::<(String, T)>(entries)?;
        entries += 1;
        let start = reader.position();
        match skip_and_charge(reader) {
            Ok(false) => Ok(()),
            // The text of the value may be kept.
            Ok(true) => reader.charge(RawEntries::ENTRY_MEMORY + name.len() + reader.position() - start),
            Err(fault) => Err(reader.fail_at(PathStep::UnknownName, fault)),
        }
    })?;
    // Only decoding distinguishes an unpaired surrogate in a name, which the object around the map has to keep, from one in a
    // value.
    if reader.keep_text || entries == 0 {
        reader.return_to(mark);
        return Ok(None);
    }
    let json = reader.text_since(start);
    reader.charge(size_of::<Received<T>>() + json.len())?;
    Ok(Some(json))
}

impl<T: Decode + PartialEq> Field for Map<T> {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let mut map: Option<Self> = None;
        map.read(reader)?;
        *self = map.unwrap_or_default();
        Ok(())
    }

    fn is_unset(&self) -> bool {
        self.is_absent()
    }

    fn original_text<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let mut decoded = Self::absent();
        let unchanged = decoded.read(&mut Reader::new(text)).is_ok() && *self == decoded;
        unchanged.then_some(Cow::Borrowed(text))
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Map};
    use serde_json::{Value, json};

    #[test]
    fn unchanged_entries_keep_their_text_when_the_map_is_edited() {
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
    fn entries_are_decoded_when_they_are_first_used() {
        let read = |text: &str| serde_json::from_str::<Map>(text).unwrap();
        let is_decoded = |map: &Map| !matches!(&map.0, Content::Received(received) if received.decoded.get().is_none());
        let mut map = read(r#" { "a" : 1 , "b" : 1.50, "a": 2 } "#);
        assert!(!is_decoded(&map) && !map.is_absent() && !is_decoded(&map.clone()));
        assert_eq!((map.len(), &map["a"], is_decoded(&map)), (2, &json!(2), true));
        assert_eq!(map.clone().into_map(), map.clone().into_iter().collect());
        map.insert("c".to_owned(), json!(3));
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"a":2,"b":1.50,"c":3}"#);
        let mut unused = read(r#"{"a":1}"#);
        unused.remove("a");
        assert_eq!(serde_json::to_string(&unused).unwrap(), "{}");
        assert_eq!(read(r#"{"a":1}"#).into_map().len(), 1);
        // A clone of decoded entries does not contain their text.
        assert!(matches!(map.clone().0, Content::Entries(_)));
        // These are decoded at once.
        assert!(is_decoded(&read(" { } ")) && is_decoded(&read(r#"{"\ud800":1}"#)));
        for malformed in [
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":"\x"}"#,
            "[]",
            "{",
        ] {
            assert!(serde_json::from_str::<Map>(malformed).is_err(), "{malformed}");
            let text = format!(r#"{{"a":{malformed}}}"#);
            let object = crate::wire::read::text::<Map>(&text);
            assert_eq!(object.is_ok(), malformed == "[]", "{malformed}");
        }
    }

    #[test]
    fn unpaired_surrogates_need_no_more_memory_than_other_text() {
        // Each item takes almost all the memory that its text allows. The size of a value depends on serde_json's features.
        let line = format!(r#"{{"qty":1,"sku":"{}"}}"#, "x".repeat(size_of::<Value>() - 28));
        let lines = vec![line; 5000].join(",");
        for note in [r#""\ud83d""#, r#""none""#, r#"{"\ud83d":1.50}"#, "1.50"] {
            let text = format!(r#"{{"lines":[{lines}],"note":{note}}}"#);
            let (map, _) = crate::wire::read::text::<Map>(&text).unwrap();
            assert_eq!((map.len(), map["lines"].as_array().map(Vec::len)), (2, Some(5000)));
            assert!(serde_json::to_string(&map).unwrap() == text, "{note}");
        }
    }

    #[test]
    fn entries_of_another_type_are_left_out_and_serialized() {
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
    fn maps_are_equal_if_their_json_is_equal() {
        let read = |text: &str| serde_json::from_str::<Map<Value>>(text).unwrap();
        assert_ne!(read(r#"{"a":1.50}"#), read(r#"{"a":1.5}"#));
        let mut edited = read(r#"{"a":1.50}"#);
        edited.insert("a".to_owned(), json!(2));
        assert_eq!(edited, read(r#"{"a":2}"#));
    }
}
