//! The records that the mock holds.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::wire::id::text_of;

/// Records by kind, and which of them lie under which path.
#[derive(Debug, Default)]
pub(super) struct Store {
    kinds: HashMap<&'static str, Records>,
    /// The identifiers of the records under a path of another record.
    related: HashMap<String, Vec<String>>,
    /// The same for each path of this shape that nothing else is known of.
    anywhere: HashMap<String, Anywhere>,
    /// The kinds and identifiers of the records that callers made, and how many had been made by then.
    made: HashMap<(&'static str, String), usize>,
    /// How many identifiers were given out.
    given: u64,
}

/// The identifiers of the records under each path of a shape.
#[derive(Debug)]
struct Anywhere {
    ids: Vec<String>,
    /// How many records callers had made when it was said: nothing lies under the paths of those made later.
    made: usize,
}

/// The records of one kind, in the order in which they came.
#[derive(Debug, Default)]
struct Records {
    by_place: BTreeMap<u64, Record>,
    places: HashMap<String, u64>,
    next: u64,
}

/// A record as JSON text, parsed when it is looked into: lists send thousands of them as they are.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub id: Option<String>,
    pub text: Arc<str>,
    /// Whether it is one of the description's, and not of a caller's.
    pub described: bool,
}

impl Record {
    /// A record whose identifier has this name, or is its `id`.
    pub(super) fn new(value: &Value, name: &str) -> Self {
        let id = value.get(name).or(value.get("id"));
        Self {
            id: id.and_then(text_of).map(Cow::into_owned),
            text: value.to_string().into(),
            described: false,
        }
    }

    pub(super) fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Whether a path is one of this shape.
fn has_shape(path: &str, shape: &str) -> bool {
    let (mut path, mut shape) = (path.split('/'), shape.split('/'));
    path.by_ref()
        .zip(shape.by_ref())
        .all(|(segment, expected)| expected == "{}" || segment == expected)
        && path.next().is_none()
        && shape.next().is_none()
}

impl Store {
    /// Adds a record, or puts it in the place of the one with its identifier.
    pub(super) fn put(&mut self, kind: &'static str, record: Record) {
        let records = self.kinds.entry(kind).or_default();
        let next = records.next;
        let place = match &record.id {
            Some(id) => *records.places.entry(id.clone()).or_insert(next),
            None => next,
        };
        records.next = next.max(place + 1);
        records.by_place.insert(place, record);
    }

    /// The record of an identifier.
    pub(super) fn get(&self, kind: &str, id: &str) -> Option<&Record> {
        let records = self.kinds.get(kind)?;
        records.by_place.get(records.places.get(id)?)
    }

    /// Remembers that all records so far are the description's.
    pub(super) fn are_described(&mut self) {
        let records = self.kinds.values_mut();
        for record in records.flat_map(|records| records.by_place.values_mut()) {
            record.described = true;
        }
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, kind: &str, id: &str) -> Option<Record> {
        let records = self.kinds.get_mut(kind)?;
        let place = records.places.remove(id)?;
        records.by_place.remove(&place)
    }

    /// Removes all records of a kind.
    pub(super) fn clear(&mut self, kind: &str) {
        self.kinds.remove(kind);
    }

    /// All records of a kind.
    pub(super) fn all(&self, kind: &str) -> impl Iterator<Item = &Record> {
        self.kinds
            .get(kind)
            .into_iter()
            .flat_map(|records| records.by_place.values())
    }

    /// A new identifier in the form of another one: of digits, of as many hexadecimal digits, or any text.
    pub(super) fn new_id(&mut self, like: &str) -> String {
        self.given += 1;
        let given = self.given;
        match like.len() {
            24 if like.bytes().all(|byte| byte.is_ascii_hexdigit()) => format!("{given:024x}"),
            _ if !like.is_empty() && like.bytes().all(|byte| byte.is_ascii_digit()) => (900_000 + given).to_string(),
            _ => format!("new-{given}"),
        }
    }

    /// Remembers that a caller made this record: nothing lies under its path yet.
    pub(super) fn was_made(&mut self, kind: &'static str, id: &str) {
        let made = self.made.len();
        self.made.insert((kind, id.to_owned()), made);
    }

    /// The records under this path of that shape; `of` is the one that the path belongs to.
    pub(super) fn under(&self, path: &str, shape: &str, of: (&'static str, &str), kind: &str) -> Vec<&Record> {
        let ids = self.related.get(path).or_else(|| self.anywhere(shape, of));
        ids.into_iter().flatten().filter_map(|id| self.get(kind, id)).collect()
    }

    /// What lies under a path of this shape as long as nothing was changed there.
    fn anywhere(&self, shape: &str, of: (&'static str, &str)) -> Option<&Vec<String>> {
        let anywhere = self.anywhere.get(shape)?;
        let made = self.made.get(&(of.0, of.1.to_owned()));
        made.is_none_or(|made| *made < anywhere.made).then_some(&anywhere.ids)
    }

    /// Says which records lie under each path of this shape.
    pub(super) fn lay_under_all(&mut self, shape: &str, ids: Vec<String>) {
        self.related.retain(|path, _| !has_shape(path, shape));
        let made = self.made.len();
        self.anywhere.insert(shape.to_owned(), Anywhere { ids, made });
    }

    /// Lays a record under a path, or takes it away from there; `false` when that changes nothing.
    pub(super) fn relate(&mut self, path: &str, shape: &str, of: (&'static str, &str), id: &str, lies: bool) -> bool {
        if !self.related.contains_key(path) {
            let ids = self.anywhere(shape, of).cloned().unwrap_or_default();
            self.related.insert(path.to_owned(), ids);
        }
        let Some(ids) = self.related.get_mut(path) else {
            return false;
        };
        let place = ids.iter().position(|other| other == id);
        match (place, lies) {
            (None, true) => ids.push(id.to_owned()),
            (Some(place), false) => drop(ids.remove(place)),
            _ => return false,
        }
        true
    }
}
