//! A list of an object, which can be absent.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode::{self, Decode, OddItem, Slot, skip_mismatch, text_of};
use super::extra::Raw;
use super::reader::{Fault, Reader};

/// A list of an object: a slice when it is read, `[]` when it is empty, and nothing at all when it is absent.
///
/// An absent list reads as an empty one; [`is_absent`](Self::is_absent) returns `true` for it, and it is not serialized. Takes
/// no more memory than a [`Vec`].
///
/// Items that are null or of another type than described are no items of the list. They keep their places next to the items
/// around them and are serialized there, whatever is edited, pushed, inserted or removed; [`left_out`](Self::left_out)
/// returns them. A list that is made anew, such as from a [`Vec`], has none.
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
pub struct List<T>(Form<T>);

#[derive(Clone)]
enum Form<T> {
    Absent,
    Items(Vec<T>),
    Odd(Box<Odd<T>>),
}

/// A list with items that its type cannot hold, or would write differently.
#[derive(Clone)]
struct Odd<T> {
    items: Vec<T>,
    /// Their texts, in the order of the list.
    texts: Vec<OddItem>,
}

impl<T> List<T> {
    /// Creates a list that is absent.
    pub const fn absent() -> Self {
        Self(Form::Absent)
    }

    /// Returns `true` if the list is absent, so that it is not serialized.
    pub const fn is_absent(&self) -> bool {
        matches!(self.0, Form::Absent)
    }

    /// Returns the items of the JSON list that are null or of another type than described: the number of items before each,
    /// and its JSON text.
    pub fn left_out(&self) -> impl Iterator<Item = (usize, &str)> {
        let left_out = self.texts().iter().filter(|text| text.left_out);
        left_out.map(|text| (text.at, &*text.json))
    }

    fn texts(&self) -> &[OddItem] {
        match &self.0 {
            Form::Absent | Form::Items(_) => &[],
            Form::Odd(odd) => &odd.texts,
        }
    }

    /// The items, which are then there.
    fn items_mut(&mut self) -> &mut Vec<T> {
        if self.is_absent() {
            self.0 = Form::Items(Vec::new());
        }
        match &mut self.0 {
            Form::Odd(odd) => &mut odd.items,
            Form::Items(items) => items,
            Form::Absent => unreachable!("it was set just now"),
        }
    }

    /// The items as a slice, empty when the list is absent.
    pub fn as_slice(&self) -> &[T] {
        self
    }

    /// The items, none when the list is absent.
    pub fn into_vec(self) -> Vec<T> {
        match self.0 {
            Form::Absent => Vec::new(),
            Form::Items(items) => items,
            Form::Odd(odd) => odd.items,
        }
    }

    /// Appends an item; the list is then there.
    pub fn push(&mut self, item: T) {
        self.items_mut().push(item);
    }

    /// Inserts an item before the one at `index`, at the end if there are fewer items.
    pub fn insert(&mut self, index: usize, item: T) {
        let items = self.items_mut();
        let index = index.min(items.len());
        items.insert(index, item);
        if let Form::Odd(odd) = &mut self.0 {
            let behind = |text: &&mut OddItem| text.at > index || text.at == index && !text.left_out;
            odd.texts.iter_mut().filter(behind).for_each(|text| text.at += 1);
        }
    }

    /// Removes the item at `index` and returns it, `None` if there are fewer items.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let item = self.items_mut().remove(index);
        if let Form::Odd(odd) = &mut self.0 {
            odd.texts.retain(|text| text.left_out || text.at != index);
            let behind = odd.texts.iter_mut().filter(|text| text.at > index);
            behind.for_each(|text| text.at -= 1);
        }
        Some(item)
    }

    /// Removes the items for which `keep` returns `false`.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let Form::Odd(odd) = &mut self.0 else {
            if let Form::Items(items) = &mut self.0 {
                items.retain(keep);
            }
            return;
        };
        let kept: Vec<bool> = odd.items.iter().map(&mut keep).collect();
        let mut kept_items = kept.iter();
        odd.items.retain(|_| kept_items.next().is_some_and(|kept| *kept));
        odd.texts
            .retain(|text| text.left_out || kept.get(text.at).is_some_and(|kept| *kept));
        let (mut place, mut before) = (0, 0);
        for text in &mut odd.texts {
            let passed = kept.get(place..text.at).unwrap_or_default();
            before += passed.iter().filter(|kept| **kept).count();
            place = text.at;
            text.at = before;
        }
    }

    /// Removes everything, [`left_out`](Self::left_out) items included; the list is then there and empty.
    pub fn clear(&mut self) {
        self.0 = Form::Items(Vec::new());
    }
}

impl<T: Decode + PartialEq> List<T> {
    /// The texts that are written, in the order of the list: each with the number of items before it.
    fn written(&self) -> impl Iterator<Item = (usize, bool, Cow<'_, str>)> {
        self.texts().iter().filter_map(|text| {
            let json = match text.left_out {
                true => Cow::Borrowed(&*text.json),
                false => text_of(self.get(text.at)?, &text.json)?,
            };
            Some((text.at, text.left_out, json))
        })
    }
}

/// Absent.
impl<T> Default for List<T> {
    fn default() -> Self {
        Self::absent()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Form::Absent => &[],
            Form::Items(items) => items,
            Form::Odd(odd) => &odd.items,
        }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Form::Absent => &mut [],
            Form::Items(items) => items,
            Form::Odd(odd) => &mut odd.items,
        }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Form::Items(items))
    }
}

/// `None` is absent.
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

/// There, even when there are no items.
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

/// Compares the JSON of the lists; an absent list is not equal to an empty one.
impl<T: Decode + PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_absent() == other.is_absent()
            && **self == **other
            && (self.texts().is_empty() && other.texts().is_empty() || self.written().eq(other.written()))
    }
}

impl<T: Decode + Eq> Eq for List<T> {}

impl<T: Hash> Hash for List<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_absent().hash(state);
        (**self).hash(state);
    }
}

/// Compares the items; an absent list is equal to none.
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

/// An absent list that is encoded by itself is null.
impl<T: Serialize + Decode + PartialEq> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let odd = match &self.0 {
            Form::Absent => return serializer.serialize_none(),
            Form::Items(items) => return items.serialize(serializer),
            Form::Odd(odd) => odd,
        };
        let mut list = serializer.serialize_seq(Some(odd.items.len() + self.left_out().count()))?;
        let mut texts = self.written().peekable();
        for (place, item) in odd.items.iter().enumerate() {
            while let Some((_, _, json)) = texts.next_if(|(at, left_out, _)| *left_out && *at <= place) {
                list.serialize_element(&Raw(&json))?;
            }
            match texts.next_if(|(at, ..)| *at <= place) {
                Some((_, _, json)) => list.serialize_element(&Raw(&json))?,
                None => list.serialize_element(item)?,
            }
        }
        for (_, _, json) in texts {
            list.serialize_element(&Raw(&json))?;
        }
        list.end()
    }
}

impl<T: Decode + PartialEq> Slot for List<T> {
    #[inline]
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        *self = Self::absent();
        let begin = reader.place();
        if decode::null(reader)? {
            return Ok(());
        }
        match Self::decode(reader) {
            Ok(list) => {
                *self = list;
                Ok(())
            }
            Err(fault) => skip_mismatch(reader, begin, fault),
        }
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

impl<T: Decode> Decode for List<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let (items, texts) = decode::list(reader)?;
        if texts.is_empty() {
            return Ok(items.into());
        }
        reader.charge(size_of::<Odd<T>>())?;
        Ok(Self(Form::Odd(Box::new(Odd { items, texts }))))
    }

    fn empty() -> Option<Self> {
        Some(Self::absent())
    }
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn a_bare_list_is_read_leniently() {
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
    fn edits_leave_the_items_that_do_not_fit_in_their_places() {
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
    fn lists_are_equal_when_their_json_is() {
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
