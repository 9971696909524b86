//! A list of an object, which can be absent.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode::{self, Decode, Field, RawItem, keep_mismatch, original_text};
use super::raw_json::RawJson;
use super::reader::{Fault, Reader};

/// A list that dereferences to a slice, and distinguishes an absent list from an empty one.
///
/// An absent list dereferences to an empty slice and is not serialized. [`is_absent`](Self::is_absent) returns `true` for it.
/// A `List` takes no more memory than a [`Vec`].
///
/// Items that are null or whose type differs from the description are not part of the slice. They keep their position between
/// the other items and are serialized there, even after items are edited, pushed, inserted or removed.
/// [`left_out`](Self::left_out) returns them. A list that is created from a [`Vec`] has none.
///
/// ```
/// use intercom_client::types::ContactTags;
///
/// let tags: ContactTags = serde_json::from_str(r#"{"type":"list"}"#)?;
/// assert!(tags.data.is_empty() && tags.data.is_absent());
/// assert_eq!(serde_json::to_string(&tags)?, r#"{"type":"list"}"#);
/// for tag in &tags.data {
///     println!("{:?}", tag.id);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct List<T>(Content<T>);

#[derive(Clone)]
enum Content<T> {
    Absent,
    Items(Vec<T>),
    WithTexts(Box<WithTexts<T>>),
}

/// The items of a list, and the texts that are kept for some of them.
#[derive(Clone)]
struct WithTexts<T> {
    items: Vec<T>,
    /// In the order of the list.
    texts: Vec<RawItem>,
}

impl<T> List<T> {
    /// Creates an absent list.
    pub const fn absent() -> Self {
        Self(Content::Absent)
    }

    /// Returns `true` if the list is absent, so that it is not serialized.
    pub const fn is_absent(&self) -> bool {
        matches!(self.0, Content::Absent)
    }

    /// Returns the items of the JSON list that are null or of another type than described: the number of items before each,
    /// and its JSON text.
    pub fn left_out(&self) -> impl Iterator<Item = (usize, &str)> {
        let left_out = self.texts().iter().filter(|text| text.left_out);
        left_out.map(|text| (text.index, &*text.json))
    }

    fn texts(&self) -> &[RawItem] {
        match &self.0 {
            Content::Absent | Content::Items(_) => &[],
            Content::WithTexts(list) => &list.texts,
        }
    }

    /// Returns the items for editing. An absent list becomes an empty one.
    fn items_mut(&mut self) -> &mut Vec<T> {
        if self.is_absent() {
            self.0 = Content::Items(Vec::new());
        }
        match &mut self.0 {
            Content::WithTexts(list) => &mut list.items,
            Content::Items(items) => items,
            Content::Absent => unreachable!("replaced by an empty list above"),
        }
    }

    /// Returns the items as a slice, which is empty if the list is absent.
    pub fn as_slice(&self) -> &[T] {
        self
    }

    /// Converts the list to a [`Vec`], which is empty if the list is absent.
    pub fn into_vec(self) -> Vec<T> {
        match self.0 {
            Content::Absent => Vec::new(),
            Content::Items(items) => items,
            Content::WithTexts(list) => list.items,
        }
    }

    /// Appends an item. The list is no longer absent.
    pub fn push(&mut self, item: T) {
        self.items_mut().push(item);
    }

    /// Inserts an item at `index`, or at the end if there are fewer items.
    pub fn insert(&mut self, index: usize, item: T) {
        let items = self.items_mut();
        let index = index.min(items.len());
        items.insert(index, item);
        if let Content::WithTexts(list) = &mut self.0 {
            let after = |text: &&mut RawItem| text.index > index || text.index == index && !text.left_out;
            list.texts.iter_mut().filter(after).for_each(|text| text.index += 1);
        }
    }

    /// Removes the item at `index` and returns it, or returns `None` if there are fewer items.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let item = self.items_mut().remove(index);
        if let Content::WithTexts(list) = &mut self.0 {
            list.texts.retain(|text| text.left_out || text.index != index);
            let after = list.texts.iter_mut().filter(|text| text.index > index);
            after.for_each(|text| text.index -= 1);
        }
        Some(item)
    }

    /// Removes the items for which `keep` returns `false`.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let Content::WithTexts(list) = &mut self.0 else {
            if let Content::Items(items) = &mut self.0 {
                items.retain(keep);
            }
            return;
        };
        let retained: Vec<bool> = list.items.iter().map(&mut keep).collect();
        let mut next_retained = retained.iter();
        list.items.retain(|_| next_retained.next().is_some_and(|keep| *keep));
        list.texts
            .retain(|text| text.left_out || retained.get(text.index).is_some_and(|keep| *keep));
        let (mut old_index, mut new_index) = (0, 0);
        for text in &mut list.texts {
            let passed = retained.get(old_index..text.index).unwrap_or_default();
            new_index += passed.iter().filter(|keep| **keep).count();
            old_index = text.index;
            text.index = new_index;
        }
    }

    /// Removes everything, including [`left_out`](Self::left_out) items. The list is then empty, not absent.
    pub fn clear(&mut self) {
        self.0 = Content::Items(Vec::new());
    }
}

impl<T: Decode + PartialEq> List<T> {
    /// Returns the texts that are serialized: the index, whether it is left out, and the JSON.
    fn written_texts(&self) -> impl Iterator<Item = (usize, bool, Cow<'_, str>)> {
        self.texts().iter().filter_map(|text| {
            let json = match text.left_out {
                true => Cow::Borrowed(&*text.json),
                false => original_text(self.get(text.index)?, &text.json)?,
            };
            Some((text.index, text.left_out, json))
        })
    }
}

/// Creates an absent list.
impl<T> Default for List<T> {
    fn default() -> Self {
        Self::absent()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Content::Absent => &[],
            Content::Items(items) => items,
            Content::WithTexts(list) => &list.items,
        }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Content::Absent => &mut [],
            Content::Items(items) => items,
            Content::WithTexts(list) => &mut list.items,
        }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Content::Items(items))
    }
}

/// Converts `None` to an absent list.
impl<T> From<Option<Vec<T>>> for List<T> {
    fn from(items: Option<Vec<T>>) -> Self {
        items.map_or_else(Self::absent, Self::from)
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(items: [T; N]) -> Self {
        Vec::from(items).into()
    }
}

impl<T> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.into_vec()
    }
}

/// Creates a list that is never absent.
impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.items_mut().extend(items);
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Compares the JSON of the lists. An absent list is not equal to an empty one.
impl<T: Decode + PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_absent() == other.is_absent()
            && **self == **other
            && (self.texts().is_empty() && other.texts().is_empty() || self.written_texts().eq(other.written_texts()))
    }
}

impl<T: Decode + Eq> Eq for List<T> {}

impl<T: Hash> Hash for List<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_absent().hash(state);
        (**self).hash(state);
    }
}

/// Compares the items. An absent list is equal to an empty array.
impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for List<T> {
    fn eq(&self, other: &[U; N]) -> bool {
        **self == *other
    }
}

impl<T: PartialEq> PartialEq<Vec<T>> for List<T> {
    fn eq(&self, other: &Vec<T>) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_absent() {
            true => f.write_str("absent"),
            false => (**self).fmt(f),
        }
    }
}

impl<'de, T: Decode> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::deserialize::deserialize(deserializer)
    }
}

/// Serializes an absent list as null, unless it is a field of an object.
impl<T: Serialize + Decode + PartialEq> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let list = match &self.0 {
            Content::Absent => return serializer.serialize_none(),
            Content::Items(items) => return items.serialize(serializer),
            Content::WithTexts(list) => list,
        };
        let mut seq = serializer.serialize_seq(Some(list.items.len() + self.left_out().count()))?;
        let mut texts = self.written_texts().peekable();
        for (index, item) in list.items.iter().enumerate() {
            while let Some((_, _, json)) = texts.next_if(|(before, left_out, _)| *left_out && *before <= index) {
                seq.serialize_element(&RawJson(&json))?;
            }
            match texts.next_if(|(before, ..)| *before <= index) {
                Some((_, _, json)) => seq.serialize_element(&RawJson(&json))?,
                None => seq.serialize_element(item)?,
            }
        }
        for (_, _, json) in texts {
            seq.serialize_element(&RawJson(&json))?;
        }
        seq.end()
    }
}

impl<T: Decode + PartialEq> Field for List<T> {
    #[inline]
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        *self = Self::absent();
        let start = reader.position();
        if decode::read_null(reader)? {
            return Ok(());
        }
        match Self::decode(reader) {
            Ok(list) => {
                *self = list;
                Ok(())
            }
            Err(fault) => keep_mismatch(reader, start, fault),
        }
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

impl<T: Decode> Decode for List<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (items, texts) = decode::list(reader)?;
        if texts.is_empty() {
            return Ok(items.into());
        }
        reader.charge(size_of::<WithTexts<T>>())?;
        Ok(Self(Content::WithTexts(Box::new(WithTexts { items, texts }))))
    }

    fn from_empty_body() -> Option<Self> {
        Some(Self::absent())
    }
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn list_alone_leaves_out_items_of_another_type() {
        let list: List<i64> = serde_json::from_str(r#"[1, "2", null, {}]"#).unwrap();
        assert_eq!(list[..], [1, 2]);
        assert!(serde_json::from_str::<List<i64>>("{}").is_err());
    }

    fn read(text: &str) -> List<i64> {
        serde_json::from_str(text).unwrap()
    }

    fn written(list: &List<i64>) -> String {
        serde_json::to_string(list).unwrap()
    }

    #[test]
    fn left_out_items_keep_their_position_when_the_list_is_edited() {
        const SENT: &str = r#"[null,1,"2",{"a":1.50},3.0,null,4,null]"#;
        let edited = |edit: fn(&mut List<i64>)| {
            let mut list = read(SENT);
            edit(&mut list);
            written(&list)
        };
        assert_eq!(edited(|_| {}), SENT);
        assert_eq!(edited(|list| list.push(5)), SENT.replace("4,null]", "4,null,5]"));
        assert_eq!(
            edited(|list| list.extend([5, 6])),
            SENT.replace("4,null]", "4,null,5,6]")
        );
        assert_eq!(edited(|list| list[1] = 7), SENT.replace("\"2\"", "7"));
        assert_eq!(edited(|list| list[0] = 7), SENT.replace("null,1", "null,7"));
        assert_eq!(edited(|list| list.insert(0, 7)), SENT.replace("null,1", "null,7,1"));
        assert_eq!(edited(|list| list.insert(9, 7)), SENT.replace("4,null]", "4,null,7]"));
        assert_eq!(
            edited(|list| assert_eq!(list.remove(1), Some(2))),
            SENT.replace("\"2\",", "")
        );
        assert_eq!(
            edited(|list| list.retain(|item| *item > 2)),
            r#"[null,{"a":1.50},3.0,null,4,null]"#
        );
        assert_eq!(edited(|list| list.retain(|_| false)), r#"[null,{"a":1.50},null,null]"#);
        assert_eq!(edited(List::clear), "[]");
        assert_eq!(edited(|list| *list = vec![1].into()), "[1]");
        assert_eq!(read(SENT).remove(4), None);
        let left_out = [(0, "null"), (2, r#"{"a":1.50}"#), (3, "null"), (4, "null")];
        assert_eq!(read(SENT).left_out().collect::<Vec<_>>(), left_out);
    }

    #[test]
    fn lists_are_equal_if_their_json_is_equal() {
        assert_eq!(read("[1,null]"), read("[1,null]"));
        assert_ne!(read("[1,null]"), read("[null,1]"));
        assert_ne!(read("[1,null]"), read("[1]"));
        assert_ne!(read("[1.0]"), read("[1]"));
        let mut edited = read("[1.0]");
        edited[0] = 2;
        assert_eq!(edited, List::from([2]));
        assert_ne!(List::<i64>::absent(), read("[]"));
    }
}
