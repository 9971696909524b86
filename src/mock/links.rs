//! Which records belong to which others, such as the tags on a contact. Every relation has two sides.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::store::Kind;

/// The records of one kind that belong to one record, in the order in which they were attached.
#[derive(Clone, Debug, Default)]
struct Side {
    by_place: BTreeMap<u64, String>,
    /// The place of each, and what is known of the relation itself, such as when a tag was applied.
    places: HashMap<String, (u64, Value)>,
}

/// All relations.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    sides: HashMap<(Kind, String), HashMap<Kind, Side>>,
    next: u64,
}

/// One end of a relation.
pub(super) type End<'e> = (Kind, &'e str);

impl Links {
    /// Attaches two records to each other. Returns `false` when they were attached already: then only what is known of the
    /// relation changes.
    pub(super) fn attach(&mut self, one: End<'_>, other: End<'_>, about: &Value) -> bool {
        self.next += 1;
        let place = self.next;
        let mut is_new = false;
        for (from, to) in [(one, other), (other, one)] {
            let side = self.sides.entry((from.0, from.1.to_owned())).or_default();
            let side = side.entry(to.0).or_default();
            let entry = side.places.entry(to.1.to_owned()).or_insert((place, Value::Null));
            entry.1 = about.clone();
            if entry.0 == place {
                side.by_place.insert(place, to.1.to_owned());
                is_new = true;
            }
        }
        is_new
    }

    /// Detaches two records. Returns what was known of the relation, `None` when there was none.
    pub(super) fn detach(&mut self, one: End<'_>, other: End<'_>) -> Option<Value> {
        let mut about = None;
        for (from, to) in [(one, other), (other, one)] {
            let side = self.sides.get_mut(&(from.0, from.1.to_owned()))?.get_mut(to.0)?;
            let (place, known) = side.places.remove(to.1)?;
            side.by_place.remove(&place);
            about = Some(known);
        }
        about
    }

    fn side(&self, end: End<'_>, kind: Kind) -> Option<&Side> {
        self.sides.get(&(end.0, end.1.to_owned()))?.get(kind)
    }

    /// What is known of the relation of two records; `None` when there is none.
    pub(super) fn about(&self, one: End<'_>, other: End<'_>) -> Option<&Value> {
        let (_, about) = self.side(one, other.0)?.places.get(other.1)?;
        Some(about)
    }

    /// The identifiers of the records of a kind that belong to a record, in the order in which they were attached.
    pub(super) fn of(&self, end: End<'_>, kind: Kind) -> impl DoubleEndedIterator<Item = &str> {
        let side = self.side(end, kind).into_iter();
        side.flat_map(|side| side.by_place.values().map(String::as_str))
    }

    /// The number of records of a kind that belong to a record.
    pub(super) fn count(&self, end: End<'_>, kind: Kind) -> usize {
        self.side(end, kind).map_or(0, |side| side.places.len())
    }

    /// Forgets all relations of a record. Returns the other ends.
    pub(super) fn forget(&mut self, end: End<'_>) -> Vec<(Kind, String)> {
        let Some(sides) = self.sides.remove(&(end.0, end.1.to_owned())) else {
            return Vec::new();
        };
        let mut others = Vec::new();
        for (kind, side) in sides {
            for id in side.by_place.into_values() {
                if let Some(back) = self
                    .sides
                    .get_mut(&(kind, id.clone()))
                    .and_then(|sides| sides.get_mut(end.0))
                    && let Some((place, _)) = back.places.remove(end.1)
                {
                    back.by_place.remove(&place);
                }
                others.push((kind, id));
            }
        }
        others
    }

    /// Gives all relations of one record to another one of its kind.
    pub(super) fn hand_over(&mut self, kind: Kind, from: &str, into: &str) {
        let sides = self.sides.get(&(kind, from.to_owned()));
        let relations: Vec<(Kind, String, Value)> = sides
            .into_iter()
            .flatten()
            .flat_map(|(kind, side)| {
                let ends = side.by_place.values();
                ends.map(|id| {
                    (
                        *kind,
                        id.clone(),
                        side.places.get(id).map(|(_, about)| about.clone()).unwrap_or_default(),
                    )
                })
            })
            .collect();
        self.forget((kind, from));
        for (other, id, about) in relations {
            if self.about((kind, into), (other, &id)).is_none() {
                self.attach((kind, into), (other, &id), &about);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn relations_have_two_sides() {
        let mut links = Links::default();
        assert!(links.attach(("Contact", "1"), ("Tag", "7"), &json!({"at": 1})));
        assert!(!links.attach(("Tag", "7"), ("Contact", "1"), &json!({"at": 2})));
        links.attach(("Contact", "2"), ("Tag", "7"), &json!(null));
        assert_eq!(links.of(("Tag", "7"), "Contact").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(links.about(("Contact", "1"), ("Tag", "7")), Some(&json!({"at": 2})));
        links.hand_over("Contact", "1", "3");
        assert_eq!(links.of(("Tag", "7"), "Contact").collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(links.detach(("Tag", "7"), ("Contact", "3")), Some(json!({"at": 2})));
        assert_eq!(links.detach(("Tag", "7"), ("Contact", "3")), None);
        assert_eq!(links.forget(("Tag", "7")), [("Contact", "2".to_owned())]);
        assert_eq!(links.count(("Contact", "2"), "Tag"), 0);
    }
}
