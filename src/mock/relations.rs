//! Relations between records, for example the tags of a contact. Every relation can be read from
//! both sides.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::store::RecordKind;

/// The records of one kind that are related to one record, in the order of attachment.
#[derive(Clone, Debug, Default)]
struct RelatedRecords {
    ids: BTreeMap<u64, String>,
    /// The sequence number of each record, and data of the relation, for example when a tag was
    /// applied.
    entries: HashMap<String, (u64, Value)>,
}

/// All relations.
#[derive(Clone, Debug, Default)]
pub(super) struct Relations {
    related: HashMap<(RecordKind, String), HashMap<RecordKind, RelatedRecords>>,
    last_number: u64,
}

/// A reference to a record by kind and id.
pub(super) type RecordRef<'e> = (RecordKind, &'e str);

impl Relations {
    /// Attaches two records to each other, or updates the data of their relation.
    ///
    /// Returns `false` if they were already attached.
    pub(super) fn attach(&mut self, one: RecordRef<'_>, other: RecordRef<'_>, data: &Value) -> bool {
        self.last_number += 1;
        let number = self.last_number;
        let mut is_new = false;
        for (from, to) in [(one, other), (other, one)] {
            let related = self.related.entry((from.0, from.1.to_owned())).or_default();
            let related = related.entry(to.0).or_default();
            let entry = related.entries.entry(to.1.to_owned()).or_insert((number, Value::Null));
            entry.1 = data.clone();
            if entry.0 == number {
                related.ids.insert(number, to.1.to_owned());
                is_new = true;
            }
        }
        is_new
    }

    /// Detaches two records. Returns the data of the relation; `None` if they were not attached.
    pub(super) fn detach(&mut self, one: RecordRef<'_>, other: RecordRef<'_>) -> Option<Value> {
        let mut removed = None;
        for (from, to) in [(one, other), (other, one)] {
            let related = self.related.get_mut(&(from.0, from.1.to_owned()))?.get_mut(to.0)?;
            let (number, data) = related.entries.remove(to.1)?;
            related.ids.remove(&number);
            removed = Some(data);
        }
        removed
    }

    fn related(&self, record: RecordRef<'_>, kind: RecordKind) -> Option<&RelatedRecords> {
        self.related.get(&(record.0, record.1.to_owned()))?.get(kind)
    }

    /// Returns the data of a relation; `None` if the records are not attached.
    pub(super) fn data(&self, one: RecordRef<'_>, other: RecordRef<'_>) -> Option<&Value> {
        let (_, data) = self.related(one, other.0)?.entries.get(other.1)?;
        Some(data)
    }

    /// Returns the ids of the related records of a kind, in the order of attachment.
    pub(super) fn ids(&self, record: RecordRef<'_>, kind: RecordKind) -> impl DoubleEndedIterator<Item = &str> {
        let related = self.related(record, kind).into_iter();
        related.flat_map(|related| related.ids.values().map(String::as_str))
    }

    /// Returns the number of related records of a kind.
    pub(super) fn count(&self, record: RecordRef<'_>, kind: RecordKind) -> usize {
        self.related(record, kind).map_or(0, |related| related.entries.len())
    }

    /// Removes all relations of a record. Returns the records that it was attached to.
    pub(super) fn remove_all(&mut self, record: RecordRef<'_>) -> Vec<(RecordKind, String)> {
        let Some(related) = self.related.remove(&(record.0, record.1.to_owned())) else {
            return Vec::new();
        };
        let mut others = Vec::new();
        for (kind, related) in related {
            for id in related.ids.into_values() {
                if let Some(reverse) = self
                    .related
                    .get_mut(&(kind, id.clone()))
                    .and_then(|related| related.get_mut(record.0))
                    && let Some((number, _)) = reverse.entries.remove(record.1)
                {
                    reverse.ids.remove(&number);
                }
                others.push((kind, id));
            }
        }
        others
    }

    /// Moves all relations of a record to another one of the same kind.
    pub(super) fn transfer(&mut self, kind: RecordKind, from: &str, into: &str) {
        let related = self.related.get(&(kind, from.to_owned()));
        let relations: Vec<(RecordKind, String, Value)> = related
            .into_iter()
            .flatten()
            .flat_map(|(kind, related)| {
                related.ids.values().map(|id| {
                    let data = related.entries.get(id).map(|(_, data)| data.clone());
                    (*kind, id.clone(), data.unwrap_or_default())
                })
            })
            .collect();
        self.remove_all((kind, from));
        for (other, id, data) in relations {
            if self.data((kind, into), (other, &id)).is_none() {
                self.attach((kind, into), (other, &id), &data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn relation_is_visible_from_both_records() {
        let mut relations = Relations::default();
        assert!(relations.attach(("Contact", "1"), ("Tag", "7"), &json!({"at": 1})));
        assert!(!relations.attach(("Tag", "7"), ("Contact", "1"), &json!({"at": 2})));
        relations.attach(("Contact", "2"), ("Tag", "7"), &json!(null));
        assert_eq!(relations.ids(("Tag", "7"), "Contact").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(relations.data(("Contact", "1"), ("Tag", "7")), Some(&json!({"at": 2})));
        relations.transfer("Contact", "1", "3");
        assert_eq!(relations.ids(("Tag", "7"), "Contact").collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(relations.detach(("Tag", "7"), ("Contact", "3")), Some(json!({"at": 2})));
        assert_eq!(relations.detach(("Tag", "7"), ("Contact", "3")), None);
        assert_eq!(relations.remove_all(("Tag", "7")), [("Contact", "2".to_owned())]);
        assert_eq!(relations.count(("Contact", "2"), "Tag"), 0);
    }
}
