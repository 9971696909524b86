//! A list of an object, which can be absent.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode::{Decode, Slot};
use super::reader::{Fault, Reader};

/// A list of an object: a slice when it is read, `[]` when it is empty, and nothing at all when it is absent.
///
/// An absent list reads as an empty one; [`is_absent`](Self::is_absent) tells them apart, and each is encoded as it is. Takes
/// no more room than a [`Vec`].
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
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List<T>(Option<Vec<T>>);

impl<T> List<T> {
    /// A list that is not there.
    pub const fn absent() -> Self {
        Self(None)
    }

    /// Whether the list is not there, so that it is not encoded either.
    pub const fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// The items as a slice, empty when the list is absent.
    pub fn as_slice(&self) -> &[T] {
        self
    }

    /// The items, none when the list is absent.
    pub fn into_vec(self) -> Vec<T> {
        self.0.unwrap_or_default()
    }

    /// Appends an item; the list is then there.
    pub fn push(&mut self, item: T) {
        self.0.get_or_insert_default().push(item);
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
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Some(items))
    }
}

/// `None` is absent.
impl<T> From<Option<Vec<T>>> for List<T> {
    fn from(items: Option<Vec<T>>) -> Self {
        Self(items)
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(items: [T; N]) -> Self {
        Self(Some(items.into()))
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
        Self(Some(items.into_iter().collect()))
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.0.get_or_insert_default().extend(items);
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
        match &self.0 {
            Some(items) => items.fmt(f),
            None => f.write_str("absent"),
        }
    }
}

/// Items that do not fit are left out: a bare list has no place to keep them.
impl<'de, T: Decode> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::deserialize::deserialize(deserializer)
    }
}

/// An absent list that is encoded by itself is null.
impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Decode + PartialEq> Slot for List<T> {
    #[inline]
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        self.0.read(reader)
    }

    fn is_empty(&self) -> bool {
        self.is_absent()
    }

    fn is_read_from(&self, text: &str) -> bool {
        self.0.is_read_from(text)
    }
}

impl<T: Decode> Decode for List<T> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        Vec::decode(reader).map(Self::from)
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
}
