//! The records that the mock holds, by kind, id and the values of fields.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::wire::id::text_of;

/// The name of the type of the description that records of one kind have.
pub(super) type Kind = &'static str;

/// A record as it is stored. What follows from other records, such as the tags on a contact, is added when it is shown.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// `None` for records that have none, such as built-in attributes.
    pub id: Option<String>,
    pub value: Value,
    /// Whether it is one of the description's examples that no call has changed.
    pub described: bool,
    /// Whether it is out of the way: found by what unarchives it only.
    pub archived: bool,
}

impl Record {
    /// A record whose identifier has this name, or is its `id`.
    pub(super) fn new(value: Value, name: &str) -> Self {
        let id = value
            .get(name)
            .or(value.get("id"))
            .and_then(text_of)
            .map(Cow::into_owned);
        Self {
            id,
            value,
            described: false,
            archived: false,
        }
    }
}

/// The places of the records that hold a text.
type Index = HashMap<String, BTreeSet<u64>>;

/// The records of one kind, in the order in which they came.
#[derive(Clone, Debug, Default)]
struct Records {
    by_place: BTreeMap<u64, Record>,
    places: HashMap<String, u64>,
    next: u64,
    /// By the path of a field. An index is made when it is first asked for, and kept up from then on.
    indexes: HashMap<String, Index>,
}

impl Records {
    fn unindex(&mut self, place: u64) {
        let Some(record) = self.by_place.get(&place) else {
            return;
        };
        for (field, index) in &mut self.indexes {
            let key = key(&record.value, field);
            if let Some(places) = key.as_deref().and_then(|key| index.get_mut(key)) {
                places.remove(&place);
            }
        }
    }

    fn index(&mut self, place: u64) {
        let Some(record) = self.by_place.get(&place) else {
            return;
        };
        for (field, index) in &mut self.indexes {
            if let Some(key) = key(&record.value, field) {
                index.entry(key).or_default().insert(place);
            }
        }
    }
}

/// The text that a record is found by. A field with [`ANY_CASE`] behind it is found in any case.
fn key(value: &Value, field: &str) -> Option<String> {
    match field.strip_suffix(ANY_CASE) {
        Some(field) => text_of(field_of(value, field)).map(|text| text.to_lowercase()),
        None => text_of(field_of(value, field)).map(Cow::into_owned),
    }
}

/// Stands behind the name of a field whose case does not matter.
pub(super) const ANY_CASE: char = '~';

/// The value at a path such as `source.author.email`; null when there is none.
pub(super) fn field_of<'a>(record: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(record, |value, name| &value[name])
}

/// Records by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    kinds: HashMap<Kind, Records>,
    /// Grows with every change.
    revision: u64,
}

impl Store {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Notes a change that shows in records but is kept elsewhere.
    pub(super) fn touch(&mut self) {
        self.revision += 1;
    }

    /// Adds a record, or replaces the one with its identifier in its place.
    pub(super) fn put(&mut self, kind: Kind, record: Record) {
        self.revision += 1;
        let records = self.kinds.entry(kind).or_default();
        let next = records.next;
        let place = match &record.id {
            Some(id) => *records.places.entry(id.clone()).or_insert(next),
            None => next,
        };
        records.next = next.max(place + 1);
        records.unindex(place);
        records.by_place.insert(place, record);
        records.index(place);
    }

    /// The record of an identifier, archived ones included.
    pub(super) fn get(&self, kind: Kind, id: &str) -> Option<&Record> {
        let records = self.kinds.get(kind)?;
        records.by_place.get(records.places.get(id)?)
    }

    /// The record of an identifier, unless it is archived.
    pub(super) fn live(&self, kind: Kind, id: &str) -> Option<&Record> {
        self.get(kind, id).filter(|record| !record.archived)
    }

    /// Changes a record. Returns `false` when there is none.
    pub(super) fn change(&mut self, kind: Kind, id: &str, change: impl FnOnce(&mut Record)) -> bool {
        self.revision += 1;
        let Some(records) = self.kinds.get_mut(kind) else {
            return false;
        };
        let Some(place) = records.places.get(id).copied() else {
            return false;
        };
        records.unindex(place);
        if let Some(record) = records.by_place.get_mut(&place) {
            change(record);
            record.described = false;
        }
        records.index(place);
        true
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, kind: Kind, id: &str) -> Option<Record> {
        self.revision += 1;
        let records = self.kinds.get_mut(kind)?;
        let place = records.places.remove(id)?;
        records.unindex(place);
        records.by_place.remove(&place)
    }

    /// Removes all records of a kind.
    pub(super) fn clear(&mut self, kind: Kind) {
        self.revision += 1;
        self.kinds.remove(kind);
    }

    /// Marks all records as the description's examples.
    pub(super) fn are_described(&mut self) {
        let records = self.kinds.values_mut();
        for record in records.flat_map(|records| records.by_place.values_mut()) {
            record.described = true;
        }
    }

    /// All records of a kind with their places, in the order in which they came.
    pub(super) fn all(&self, kind: Kind) -> impl DoubleEndedIterator<Item = (u64, &Record)> {
        let records = self.kinds.get(kind).into_iter();
        records.flat_map(|records| records.by_place.iter().map(|(place, record)| (*place, record)))
    }

    /// The record at a place.
    pub(super) fn at(&self, kind: Kind, place: u64) -> Option<&Record> {
        self.kinds.get(kind)?.by_place.get(&place)
    }

    /// The place of a record.
    pub(super) fn place(&self, kind: Kind, id: &str) -> Option<u64> {
        self.kinds.get(kind)?.places.get(id).copied()
    }

    /// The places of the records whose field has this text, in the order in which they came.
    pub(super) fn having(&mut self, kind: Kind, field: &str, text: &str) -> Vec<u64> {
        let Some(records) = self.kinds.get_mut(kind) else {
            return Vec::new();
        };
        let index = records.indexes.entry(field.to_owned()).or_insert_with(|| {
            let mut index = Index::new();
            for (place, record) in &records.by_place {
                if let Some(key) = key(&record.value, field) {
                    index.entry(key).or_default().insert(*place);
                }
            }
            index
        });
        index.get(text).into_iter().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(id: &str, email: &str) -> Record {
        Record::new(json!({"id": id, "email": email}), "id")
    }

    #[test]
    fn an_index_follows_every_change() {
        let mut store = Store::default();
        store.put("Contact", record("1", "a"));
        assert_eq!(store.having("Contact", "email", "a"), [0]);
        store.put("Contact", record("2", "a"));
        store.put("Contact", record("1", "b"));
        assert_eq!(store.having("Contact", "email", "a"), [1]);
        store.change("Contact", "2", |record| record.value["email"] = json!("b"));
        assert_eq!(store.having("Contact", "email", "b"), [0, 1]);
        store.remove("Contact", "1");
        assert_eq!(store.having("Contact", "email", "b"), [1]);
        assert_eq!(store.having("Contact", "email", "a"), Vec::<u64>::new());
    }
}
