//! The stored records, indexed by kind, id and the values of fields.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::wire::id::text_of;

/// A kind of record: the name of its type in the description.
pub(super) type RecordKind = &'static str;

/// A stored record. Data derived from other records, for example the tags of a contact, is added
/// when it is shown.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// `None` for records without an id, for example built-in attributes.
    pub id: Option<String>,
    pub value: Value,
    /// Whether it is an example of the description that no call has changed.
    pub is_example: bool,
    /// Whether it is archived. Only the operation that unarchives records finds it.
    pub archived: bool,
}

impl Record {
    /// Creates a record from its value and the name of its id field. Without that field, `id` is
    /// used.
    pub(super) fn new(value: Value, id_field: &str) -> Self {
        let id = value
            .get(id_field)
            .or(value.get("id"))
            .and_then(text_of)
            .map(Cow::into_owned);
        Self {
            id,
            value,
            is_example: false,
            archived: false,
        }
    }
}

/// The slots of records by the text of a field.
type Index = HashMap<String, BTreeSet<u64>>;

/// The records of one kind in their slots, which are numbered in the order of insertion.
#[derive(Clone, Debug, Default)]
struct Records {
    by_slot: BTreeMap<u64, Record>,
    slots: HashMap<String, u64>,
    next_slot: u64,
    /// The indexes by the path of their field. An index is built when it is first used, and updated
    /// with every change.
    indexes: HashMap<String, Index>,
}

impl Records {
    fn unindex(&mut self, slot: u64) {
        let Some(record) = self.by_slot.get(&slot) else {
            return;
        };
        for (field, index) in &mut self.indexes {
            let key = key(&record.value, field);
            if let Some(slots) = key.as_deref().and_then(|key| index.get_mut(key)) {
                slots.remove(&slot);
            }
        }
    }

    fn index(&mut self, slot: u64) {
        let Some(record) = self.by_slot.get(&slot) else {
            return;
        };
        for (field, index) in &mut self.indexes {
            if let Some(key) = key(&record.value, field) {
                index.entry(key).or_default().insert(slot);
            }
        }
    }
}

/// Returns the index key of a record, in lower case if the field ends with [`IGNORE_CASE_SUFFIX`].
fn key(value: &Value, field: &str) -> Option<String> {
    match field.strip_suffix(IGNORE_CASE_SUFFIX) {
        Some(field) => text_of(field_of(value, field)).map(|text| text.to_lowercase()),
        None => text_of(field_of(value, field)).map(Cow::into_owned),
    }
}

/// Marks the name of a field that is compared case-insensitively.
pub(super) const IGNORE_CASE_SUFFIX: char = '~';

/// Returns the value at a path, for example `source.author.email`; null if it is absent.
pub(super) fn field_of<'a>(record: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(record, |value, name| &value[name])
}

/// The records of all kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    kinds: HashMap<RecordKind, Records>,
    /// Incremented by every change.
    revision: u64,
}

impl Store {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Records a change of data outside of the store that is shown in records.
    pub(super) fn bump_revision(&mut self) {
        self.revision += 1;
    }

    /// Adds a record, or replaces the one with the same id in its slot.
    pub(super) fn put(&mut self, kind: RecordKind, record: Record) {
        self.revision += 1;
        let records = self.kinds.entry(kind).or_default();
        let next_slot = records.next_slot;
        let slot = match &record.id {
            Some(id) => *records.slots.entry(id.clone()).or_insert(next_slot),
            None => next_slot,
        };
        records.next_slot = next_slot.max(slot + 1);
        records.unindex(slot);
        records.by_slot.insert(slot, record);
        records.index(slot);
    }

    /// Returns the record with an id, which may be archived.
    pub(super) fn get(&self, kind: RecordKind, id: &str) -> Option<&Record> {
        let records = self.kinds.get(kind)?;
        records.by_slot.get(records.slots.get(id)?)
    }

    /// Returns the record with an id, unless it is archived.
    pub(super) fn active(&self, kind: RecordKind, id: &str) -> Option<&Record> {
        self.get(kind, id).filter(|record| !record.archived)
    }

    /// Changes a record. Returns `false` if there is no record with this id.
    pub(super) fn change(&mut self, kind: RecordKind, id: &str, change: impl FnOnce(&mut Record)) -> bool {
        self.revision += 1;
        let Some(records) = self.kinds.get_mut(kind) else {
            return false;
        };
        let Some(slot) = records.slots.get(id).copied() else {
            return false;
        };
        records.unindex(slot);
        if let Some(record) = records.by_slot.get_mut(&slot) {
            change(record);
            record.is_example = false;
        }
        records.index(slot);
        true
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, kind: RecordKind, id: &str) -> Option<Record> {
        self.revision += 1;
        let records = self.kinds.get_mut(kind)?;
        let slot = records.slots.remove(id)?;
        records.unindex(slot);
        records.by_slot.remove(&slot)
    }

    /// Removes all records of a kind.
    pub(super) fn clear(&mut self, kind: RecordKind) {
        self.revision += 1;
        self.kinds.remove(kind);
    }

    /// Marks all records as examples of the description.
    pub(super) fn mark_as_examples(&mut self) {
        let records = self.kinds.values_mut();
        for record in records.flat_map(|records| records.by_slot.values_mut()) {
            record.is_example = true;
        }
    }

    /// Returns all records of a kind with their slots, in the order of insertion.
    pub(super) fn all(&self, kind: RecordKind) -> impl DoubleEndedIterator<Item = (u64, &Record)> {
        let records = self.kinds.get(kind).into_iter();
        records.flat_map(|records| records.by_slot.iter().map(|(slot, record)| (*slot, record)))
    }

    /// Returns the record in a slot.
    pub(super) fn at(&self, kind: RecordKind, slot: u64) -> Option<&Record> {
        self.kinds.get(kind)?.by_slot.get(&slot)
    }

    /// Returns the slot of a record.
    pub(super) fn slot(&self, kind: RecordKind, id: &str) -> Option<u64> {
        self.kinds.get(kind)?.slots.get(id).copied()
    }

    /// Returns the slots of the records whose field has a text, in the order of insertion.
    pub(super) fn with_text(&mut self, kind: RecordKind, field: &str, text: &str) -> Vec<u64> {
        let Some(records) = self.kinds.get_mut(kind) else {
            return Vec::new();
        };
        let index = records.indexes.entry(field.to_owned()).or_insert_with(|| {
            let mut index = Index::new();
            for (slot, record) in &records.by_slot {
                if let Some(key) = key(&record.value, field) {
                    index.entry(key).or_default().insert(*slot);
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
    fn index_is_updated_by_every_change() {
        let mut store = Store::default();
        store.put("Contact", record("1", "a"));
        assert_eq!(store.with_text("Contact", "email", "a"), [0]);
        store.put("Contact", record("2", "a"));
        store.put("Contact", record("1", "b"));
        assert_eq!(store.with_text("Contact", "email", "a"), [1]);
        store.change("Contact", "2", |record| record.value["email"] = json!("b"));
        assert_eq!(store.with_text("Contact", "email", "b"), [0, 1]);
        store.remove("Contact", "1");
        assert_eq!(store.with_text("Contact", "email", "b"), [1]);
        assert_eq!(store.with_text("Contact", "email", "a"), Vec::<u64>::new());
    }
}
