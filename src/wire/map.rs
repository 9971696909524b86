//! An object with names of the workspace's own choice.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::decode::{Decode, Slot};
use super::reader::{Fault, Reader, Step};

/// An object with names of the workspace's own choice, such as custom attributes: a [`BTreeMap`] when it is read, `{}` when
/// it is empty, and nothing at all when it is absent.
///
/// An absent object reads as an empty one; [`is_absent`](Self::is_absent) tells them apart, and each is encoded as it is.
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
    #[allow(clippy::box_collection)]
    Entries(Box<BTreeMap<String, T>>),
}

impl<T> Map<T> {
    /// An object that is not there.
    pub const fn absent() -> Self {
        Self(Form::Absent)
    }

    /// Whether the object is not there, so that it is not encoded either.
    pub const fn is_absent(&self) -> bool {
        matches!(self.0, Form::Absent)
    }

    /// The entries, none when the object is absent.
    pub fn into_map(self) -> BTreeMap<String, T> {
        match self.0 {
            Form::Entries(entries) => *entries,
            Form::Absent | Form::Empty => BTreeMap::new(),
        }
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
            Form::Entries(entries) => entries,
            Form::Absent | Form::Empty => const { &BTreeMap::new() },
        }
    }
}

/// The object is then there.
impl<T> DerefMut for Map<T> {
    fn deref_mut(&mut self) -> &mut BTreeMap<String, T> {
        if !matches!(self.0, Form::Entries(_)) {
            self.0 = Form::Entries(Box::default());
        }
        match &mut self.0 {
            Form::Entries(entries) => entries,
            Form::Absent | Form::Empty => unreachable!("it was set just now"),
        }
    }
}

impl<T> From<BTreeMap<String, T>> for Map<T> {
    fn from(entries: BTreeMap<String, T>) -> Self {
        Self(match entries.is_empty() {
            true => Form::Empty,
            false => Form::Entries(Box::new(entries)),
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

/// An absent object is not equal to an empty one.
impl<T: PartialEq> PartialEq for Map<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_absent() == other.is_absent() && **self == **other
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

/// Values that do not fit are left out: a bare map has no place to keep them.
impl<'de, T: Decode> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::deserialize::deserialize(deserializer)
    }
}

/// An absent object that is encoded by itself is null.
impl<T: Serialize> Serialize for Map<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.is_absent() {
            true => serializer.serialize_none(),
            false => (**self).serialize(serializer),
        }
    }
}

impl<T: Decode> Decode for Map<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let mut entries = BTreeMap::new();
        let (mut kept, mut located) = (false, reader.mismatches.len());
        reader.kept = false;
        reader.object("an object", |reader, name| {
            kept |= std::mem::take(&mut reader.kept);
            if !T::NULL && reader.null()? {
                kept = true;
                return Ok(());
            }
            let begin = reader.place();
            match T::decode(reader) {
                Ok(value) => drop(entries.insert(name.into_owned(), value)),
                Err(Fault::Kind) => {
                    reader.mismatch(begin)?;
                    kept = true;
                }
                Err(fault) => return Err(reader.failed(fault, Step::Name)),
            }
            kept |= reader.kept;
            if reader.mismatches.len() > located {
                reader.locate(located, Step::Name);
                located = reader.mismatches.len();
            }
            Ok(())
        })?;
        reader.kept = kept;
        Ok(entries.into())
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

    fn is_read_from(&self, text: &str) -> bool {
        let mut other = Self::absent();
        other.read(&mut Reader::new(text)).is_ok() && *self == other
    }
}
