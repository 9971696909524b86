//! The operations and types of the API's description, as far as the mock needs them.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::paging::Paging;
use crate::types;
use crate::wire::decode::Decode;
use crate::wire::names::Names;
use crate::wire::object::WriteObject;
use crate::wire::read::{self, Mismatch};

/// An operation of the description.
pub(super) struct MockOperation {
    /// The operation id in snake_case.
    pub id: &'static str,
    /// The HTTP method in upper case.
    pub method: &'static str,
    /// The path template, without a query.
    pub path: &'static str,
    /// The query that some descriptions have in the path.
    pub query: &'static str,
    /// The path template without the names of its parameters.
    pub shape: &'static str,
    pub parameters: &'static [Parameter],
    /// Lists the mismatches between a success and its type. `None` if the type allows any value.
    pub check: Option<fn(&str) -> Vec<String>>,
    /// The type of a success that is not a list.
    pub record: Option<ObjectType>,
    /// The type of a success that is a list.
    pub list: Option<ListType>,
    /// The status of a success.
    pub success: u16,
    /// The names and JSON bodies of recorded requests.
    pub requests: &'static [(&'static str, &'static str)],
    /// The names and bodies of recorded successes. A success has the name of its request.
    pub successes: &'static [(&'static str, &'static str)],
    /// The statuses, names and bodies of recorded errors.
    pub errors: &'static [(u16, &'static str, &'static str)],
}

/// A path or query parameter.
pub(super) struct Parameter {
    pub name: &'static str,
    pub in_path: bool,
    pub required: bool,
}

/// An object type of the description.
#[derive(Clone)]
pub(super) struct ObjectType {
    pub name: &'static str,
    names: fn() -> &'static Names,
    /// Lists the mismatches between an object and this type.
    pub check: fn(&str) -> Vec<String>,
}

impl ObjectType {
    /// Returns `true` if the type has a field of this name and type.
    pub(super) fn accepts(&self, name: &str, value: &Value) -> bool {
        self.has(name) && (self.check)(&json!({ name: value }).to_string()).is_empty()
    }

    /// Converts a value of a request to the type of a field; `None` if it has another type. The
    /// server accepts ids as numbers and as text, and returns each in one of the two forms.
    pub(super) fn converted(&self, name: &str, value: &Value) -> Option<Value> {
        let is_id = name == "id" || name.ends_with("_id");
        let is_text = is_id && self.accepts(name, &json!("x"));
        let other: Option<Value> = match value {
            Value::String(text) if is_id && !is_text => text.parse::<i64>().ok().map(Value::from),
            Value::Number(number) if is_text => Some(number.to_string().into()),
            _ => None,
        };
        let value = other.unwrap_or_else(|| value.clone());
        self.accepts(name, &value).then_some(value)
    }

    /// Returns `true` if the type has a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        (self.names)().find(name).is_some()
    }
}

/// A list type of the description.
pub(super) struct ListType {
    /// The name of the field that contains the items.
    pub items: &'static str,
    pub item: ObjectType,
    /// The object that contains the items.
    pub frame: ObjectType,
    pub paging: Paging,
}

impl MockOperation {
    /// Returns the names of the path parameters in order.
    pub(super) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        let segments = self.path.split('/');
        segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// Finds the operation of a request, and the decoded values of its path parameters.
///
/// Fixed segments take precedence over parameters, so `/contacts/search` is not read as the id of a
/// contact. If the path template contains a query, the request must have it.
pub(super) fn find(
    method: &str,
    path: &str,
    query: &[(String, String)],
) -> Option<(&'static MockOperation, Vec<String>)> {
    // Official SDKs call some paths with a slash at the end.
    let path = path.strip_suffix('/').unwrap_or(path);
    let candidates = OPERATIONS
        .iter()
        .filter(|operation| operation.method == method && has_query(operation.query, query));
    candidates
        .filter_map(|operation| Some((operation, path_values(operation.path, path)?)))
        .min_by_key(|(operation, values)| (values.len(), Reverse(operation.query.len())))
}

/// Returns `true` if a query has all pairs of a template. A parameter of the template matches any
/// value.
fn has_query(template: &str, query: &[(String, String)]) -> bool {
    url::form_urlencoded::parse(template.as_bytes()).all(|(name, value)| {
        let mut pairs = query.iter().filter(|(other, _)| *other == name);
        pairs.any(|(_, other)| value.starts_with('{') || *other == value)
    })
}

/// Returns the operation with an id.
pub(super) fn operation(id: &str) -> Option<&'static MockOperation> {
    OPERATIONS.iter().find(|operation| operation.id == id)
}

/// Returns the operation id most similar to an unknown id, if any is similar enough.
pub(super) fn nearest_id(id: &str) -> Option<&'static str> {
    let distances = OPERATIONS
        .iter()
        .map(|operation| (distance(id, operation.id), operation.id));
    let (distance, nearest) = distances.min()?;
    (distance <= id.len() / 3).then_some(nearest)
}

/// Returns the Levenshtein distance between two strings.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, c) in one.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(line + 1);
        for ((d, above), (diagonal, left)) in other.iter().zip(row.iter().skip(1)).zip(row.iter().zip(0..)) {
            let insertion = next.get(left).copied().unwrap_or(usize::MAX);
            let replaced = diagonal + usize::from(*d != c);
            next.push(replaced.min(above + 1).min(insertion.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Returns the decoded parameters of a path; `None` if it does not match the template.
fn path_values(template: &str, path: &str) -> Option<Vec<String>> {
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

fn names<T: WriteObject>() -> &'static Names {
    T::names()
}

fn check<T: Decode>(text: &str) -> Vec<String> {
    match read::strict::<T>(text) {
        Ok((_, mismatches)) => mismatches.iter().map(Mismatch::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

include!(concat!(env!("OUT_DIR"), "/mock.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_of_a_path_template_is_required() {
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
    fn nearest_id_finds_similar_operations() {
        assert_eq!(distance("list_tag", "list_tags"), 1);
        assert_eq!(distance("abc", "axd"), 2);
        if operation("list_tags").is_some() {
            assert_eq!(nearest_id("list_tag"), Some("list_tags"));
        }
        assert_eq!(nearest_id("xyz"), None);
    }

    #[test]
    fn path_templates_have_no_query() {
        for operation in OPERATIONS {
            assert!(!operation.path.contains('?'), "{}", operation.path);
        }
    }
}
