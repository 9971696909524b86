//! What the mock knows of each operation, from the API's description.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::paging::Paging;
use crate::types;
use crate::wire::decode::Decode;
use crate::wire::names::Name;
use crate::wire::object::Write;
use crate::wire::read::{self, Mismatch};

/// One operation.
pub(super) struct Operation {
    /// Operation id in snake_case.
    pub id: &'static str,
    /// HTTP method in capitals.
    pub method: &'static str,
    /// Path template, without the query that some descriptions write into it.
    pub path: &'static str,
    /// That query.
    pub query: &'static str,
    /// The path without the names of its parameters.
    pub shape: &'static str,
    pub parameters: &'static [Parameter],
    /// Tells what of a success is not as described; `None` where any will do.
    pub check: Option<fn(&str) -> Vec<String>>,
    /// The object that a success is when it is no list.
    pub record: Option<Object>,
    /// The list that a success is.
    pub list: Option<List>,
    /// The status of a success.
    pub success: u16,
    /// Recorded requests, each by its name and as JSON.
    pub requests: &'static [(&'static str, &'static str)],
    /// Recorded successes; one that answers a recorded request has its name.
    pub successes: &'static [(&'static str, &'static str)],
    /// Recorded errors: status, name and body.
    pub errors: &'static [(u16, &'static str, &'static str)],
}

/// A path or query parameter.
pub(super) struct Parameter {
    pub name: &'static str,
    pub in_path: bool,
    pub required: bool,
}

/// A type of the description.
#[derive(Clone)]
pub(super) struct Object {
    pub name: &'static str,
    names: fn() -> &'static [Name],
    /// Lists the values of an object that are not as described.
    pub check: fn(&str) -> Vec<String>,
}

impl Object {
    /// Whether the type has a field of this name that holds such a value.
    pub(super) fn takes(&self, name: &str, value: &Value) -> bool {
        self.has(name) && (self.check)(&json!({ name: value }).to_string()).is_empty()
    }

    /// Whether it has a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        (self.names)().iter().any(|known| known.text() == name)
    }
}

/// A list of objects.
pub(super) struct List {
    /// The name of its items.
    pub items: &'static str,
    pub item: Object,
    /// What they stand in.
    pub frame: Object,
    /// How it goes on.
    pub paging: Paging,
}

impl Operation {
    /// The names of its path parameters, in the order of the path.
    pub(super) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        let segments = self.path.split('/');
        segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// The operation of a method, path and query, with the values of its path parameters, decoded. A fixed segment goes before a
/// parameter: `/contacts/search` is no contact's id. A query that stands in a path has to be there.
pub(super) fn find(method: &str, path: &str, query: &[(String, String)]) -> Option<(&'static Operation, Vec<String>)> {
    let candidates = OPERATIONS
        .iter()
        .filter(|operation| operation.method == method && has_query(operation.query, query));
    candidates
        .filter_map(|operation| Some((operation, values(operation.path, path)?)))
        .min_by_key(|(operation, values)| (values.len(), Reverse(operation.query.len())))
}

/// Whether a query has all of a template's, with any values for its parameters.
fn has_query(template: &str, query: &[(String, String)]) -> bool {
    url::form_urlencoded::parse(template.as_bytes()).all(|(name, value)| {
        let mut same = query.iter().filter(|(other, _)| *other == name);
        same.any(|(_, other)| value.starts_with('{') || *other == value)
    })
}

/// The operation of an id.
pub(super) fn named(id: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.id == id)
}

/// The id of an operation that is most like this one, when one is like it at all.
pub(super) fn nearest(id: &str) -> Option<&'static str> {
    let distances = OPERATIONS
        .iter()
        .map(|operation| (distance(id, operation.id), operation.id));
    let (distance, nearest) = distances.min()?;
    (distance <= id.len() / 3).then_some(nearest)
}

/// How many characters are to be inserted, removed or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, c) in one.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(line + 1);
        for ((d, above), (diagonal, left)) in other.iter().zip(row.iter().skip(1)).zip(row.iter().zip(0..)) {
            let beside = next.get(left).copied().unwrap_or(usize::MAX);
            let replaced = diagonal + usize::from(*d != c);
            next.push(replaced.min(above + 1).min(beside.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The values that `path` has for the parameters of `template`, when it is of that form.
fn values(template: &str, path: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        if expected.starts_with('{') {
            let value = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
            values.push(value.into_owned());
        } else if expected != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(values)
}

fn names<T: Write>() -> &'static [Name] {
    T::NAMES
}

fn check<T: Decode>(text: &str) -> Vec<String> {
    match read::strictly::<T>(text) {
        Ok((_, mismatches)) => mismatches.iter().map(Mismatch::to_string).collect(),
        Err(unread) => vec![unread.to_string()],
    }
}

include!(concat!(env!("OUT_DIR"), "/mock.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_in_a_path_has_to_be_there() {
        let query = [
            ("kind".to_owned(), "odd".to_owned()),
            ("page".to_owned(), "2".to_owned()),
        ];
        for (template, has) in [
            ("", true),
            ("kind=odd", true),
            ("kind={kind}", true),
            ("kind=even", false),
            ("gone={gone}", false),
        ] {
            assert_eq!(has_query(template, &query), has, "{template}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(distance("list_tag", "list_tags"), 1);
        assert_eq!(distance("abc", "axd"), 2);
        if named("list_tags").is_some() {
            assert_eq!(nearest("list_tag"), Some("list_tags"));
        }
        assert_eq!(nearest("xyz"), None);
    }

    #[test]
    fn no_path_holds_a_query() {
        for operation in OPERATIONS {
            assert!(!operation.path.contains('?'), "{}", operation.path);
        }
    }
}
