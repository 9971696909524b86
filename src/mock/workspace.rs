//! What operations do to the records: the rules are those of paths and types, the same for every kind.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::lists::Scroll;
use super::operations::{OPERATIONS, Operation};
use super::received::Received;
use super::resources::Resources;
use super::store::{Record, Store};
use crate::wire::id::text_of;

/// The records and what becomes of them.
pub(super) struct Workspace {
    pub(super) resources: Resources,
    pub(super) store: Store,
    /// The open scroll of each operation that is one.
    pub(super) scrolls: HashMap<&'static str, Scroll>,
    pub(super) scrolls_begun: u64,
    /// How long a scroll lives without a request.
    pub(super) scroll_idle: Duration,
}

impl Workspace {
    /// The records that the description shows: those of its lists, and those that are shown by themselves.
    pub(super) fn new(scroll_idle: Duration) -> Self {
        let mut workspace = Self {
            resources: Resources::new(),
            store: Store::default(),
            scrolls: HashMap::new(),
            scrolls_begun: 0,
            scroll_idle,
        };
        for operation in OPERATIONS {
            let (Some(list), Some((_, body))) = (&operation.list, operation.successes.first()) else {
                continue;
            };
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            let items = body[list.items].as_array().cloned().unwrap_or_default();
            workspace.fill(operation, items);
        }
        for operation in OPERATIONS {
            let kind = operation
                .record
                .as_ref()
                .map(|record| workspace.resources.kind(record.name));
            let member = kind.and_then(|kind| workspace.resources.member(kind));
            let Some(member) = member.filter(|member| member.shape == operation.shape) else {
                continue;
            };
            let (kind, name) = (member.kind, member.parameter);
            for (_, body) in operation.successes.iter().filter(|_| operation.method != "DELETE") {
                let record = Record::new(&serde_json::from_str(body).unwrap_or_default(), name);
                let id = record.id.as_deref().unwrap_or_default();
                // What is asked for shows more of a record than what lists it, or what it was changed to.
                if operation.method == "GET" || workspace.store.get(kind, id).is_none() {
                    workspace.store.put(kind, record);
                }
            }
        }
        workspace.store.are_described();
        workspace
    }

    /// Puts these records, and no others, into the list of an operation.
    pub(super) fn seed(&mut self, operation: &'static Operation, records: Vec<Value>) -> bool {
        let Some(list) = &operation.list else { return false };
        if self.resources.named(operation).is_empty() {
            let kind = self.resources.kind(list.item.name);
            self.store.clear(kind);
        }
        self.fill(operation, records);
        true
    }

    fn fill(&mut self, operation: &'static Operation, records: Vec<Value>) {
        let Some(list) = &operation.list else { return };
        let kind = self.resources.kind(list.item.name);
        let ids: Vec<String> = records.iter().filter_map(|record| self.put(kind, record)).collect();
        if !self.resources.named(operation).is_empty() {
            self.store.lay_under_all(operation.shape, ids);
        }
    }

    fn put(&mut self, kind: &'static str, value: &Value) -> Option<String> {
        let record = Record::new(value, self.identifier(kind));
        let id = record.id.clone();
        self.store.put(kind, record);
        id
    }

    /// Carries out a call with these values of its path parameters.
    pub(super) fn answer(&mut self, operation: &'static Operation, values: &[String], received: &Received) -> Answer {
        let missing = operation
            .parameters
            .iter()
            .find(|parameter| parameter.required && !parameter.in_path && received.query(parameter.name).is_none());
        if let Some(parameter) = missing {
            return Answer::error(400, "parameter_not_found", &format!("{} is missing", parameter.name));
        }
        let named: Vec<(&str, &'static str, String)> = self
            .resources
            .named(operation)
            .into_iter()
            .filter_map(|(member, place)| Some((member.shape, member.kind, values.get(place)?.clone())))
            .collect();
        if named.iter().any(|(_, kind, id)| self.store.get(kind, id).is_none()) {
            return not_found(operation);
        }
        let shape = operation.shape;
        let subject = named.last().map(|(member, kind, id)| (*member, *kind, id.as_str()));
        if let Some((_, kind, id)) = subject.filter(|(member, ..)| *member == shape) {
            match received.method {
                Method::GET => return self.found(operation, kind, id),
                Method::PUT | Method::PATCH => return self.update(operation, kind, id, received),
                Method::DELETE => {
                    let record = self.store.remove(kind, id);
                    return success(operation, example(operation, received, record.as_ref()));
                }
                _ => {}
            }
        }
        let of = subject.map(|(_, kind, id)| (kind, id));
        if let Some(list) = &operation.list {
            return self.list(operation, list, of, received);
        }
        let kind = operation.record.as_ref().map(|record| self.resources.kind(record.name));
        if let Some(kind) = kind.filter(|kind| received.method == Method::POST && self.makes(shape, kind)) {
            return self.make(operation, kind, of, received);
        }
        if let (Some(of), Some(id), &Method::DELETE) = (of, values.last(), &received.method)
            && let Some(parent) = shape.strip_suffix("/{}")
            && let Some(listed) = listed_under(parent)
        {
            let path = received.path.rsplit_once('/').map_or("", |(path, _)| path);
            let item = self.resources.kind(listed);
            if !self.store.relate(path, parent, of, id, false) {
                return not_found(operation);
            }
            if kind == Some(item) {
                return self.found(operation, item, id);
            }
        }
        let record = of.and_then(|(kind, id)| self.store.get(kind, id));
        success(operation, example(operation, received, record))
    }

    /// Whether a POST to a path of this shape makes a record of this kind: where it lies, or is listed.
    fn makes(&self, shape: &str, kind: &str) -> bool {
        let lies = self
            .resources
            .member(kind)
            .is_some_and(|member| member.parent() == shape);
        lies || listed_under(shape).is_some_and(|item| self.resources.kind(item) == kind)
    }

    fn found(&self, operation: &Operation, kind: &str, id: &str) -> Answer {
        match self.store.get(kind, id) {
            Some(record) => success(operation, Some(record.text.as_bytes().to_vec())),
            None => not_found(operation),
        }
    }

    fn update(&mut self, operation: &Operation, kind: &'static str, id: &str, received: &Received) -> Answer {
        let Some(record) = self.store.get(kind, id) else {
            return not_found(operation);
        };
        let mut record = record.value();
        merge(operation, &mut record, received.json(), self.identifier(kind));
        touch(&mut record, &["updated_at"]);
        self.put(kind, &record);
        self.found(operation, kind, id)
    }

    /// Makes a record, or lays one that there is under the path of another.
    fn make(
        &mut self,
        operation: &'static Operation,
        kind: &'static str,
        of: Option<(&'static str, &str)>,
        received: &Received,
    ) -> Answer {
        let body = received.json();
        let shape = operation.shape;
        if let Some(id) = text_of(&body["id"]) {
            if self.store.get(kind, &id).is_none() {
                return not_found(operation);
            }
            if let Some(of) = of {
                self.store.relate(&received.path, shape, of, &id, true);
                return self.found(operation, kind, &id);
            }
            return self.update(operation, kind, &id, received);
        }
        if operation.conflicts
            && let Some(id) = self.there_already(kind, &body)
        {
            let message = format!("A contact matching those details already exists with id={id}");
            return Answer::error(409, "conflict", &message);
        }
        let shown = example(operation, received, None).unwrap_or_default();
        // Not every description shows one.
        let mut record: Map<String, Value> = serde_json::from_slice(&shown).unwrap_or_default();
        let name = self.identifier(kind);
        let name = if record.contains_key(name) { name } else { "id" };
        let shown = record.get(name).cloned().unwrap_or_default();
        let id = self.store.new_id(&text_of(&shown).unwrap_or_default());
        let number = id.parse::<u64>().ok().filter(|_| shown.is_number());
        record.insert(name.to_owned(), number.map_or_else(|| id.as_str().into(), Value::from));
        let mut record = Value::Object(record);
        merge(operation, &mut record, body, name);
        touch(&mut record, &["created_at", "updated_at"]);
        self.put(kind, &record);
        self.store.was_made(kind, &id);
        if let Some(of) = of {
            self.store.relate(&received.path, shape, of, &id, true);
        }
        self.found(operation, kind, &id)
    }

    /// The identifier of a caller's record with the external id of the body, or of a user with its email.
    fn there_already(&self, kind: &str, body: &Value) -> Option<String> {
        let role = |record: &Value| record["role"].as_str().unwrap_or("user") == "user";
        let mut callers = self.store.all(kind).filter(|record| !record.described);
        callers.find_map(|record| {
            let held = record.value();
            let same = |name: &str| !body[name].is_null() && body[name] == held[name];
            let is_there = same("external_id") || (same("email") && role(body) && role(&held));
            record.id.clone().filter(|_| is_there)
        })
    }

    fn identifier(&self, kind: &str) -> &'static str {
        self.resources.member(kind).map_or("id", |member| member.parameter)
    }
}

/// The type of the items that are listed at a path of this shape.
fn listed_under(shape: &str) -> Option<&'static str> {
    let lists = OPERATIONS.iter().filter(|operation| operation.shape == shape);
    lists
        .filter_map(|operation| Some(operation.list.as_ref()?.item.name))
        .next()
}

pub(super) fn not_found(operation: &Operation) -> Answer {
    match operation.errors.iter().find(|(status, _)| *status == 404) {
        Some((status, body)) => Answer::bytes("application/json", *body).status(*status),
        None => Answer::error(404, "not_found", "Resource Not Found"),
    }
}

fn success(operation: &Operation, body: Option<Vec<u8>>) -> Answer {
    Answer::bytes("application/json", body.unwrap_or_default()).status(operation.success)
}

/// The success that was recorded for the request most like this one, about this record.
fn example(operation: &Operation, received: &Received, record: Option<&Record>) -> Option<Vec<u8>> {
    let body = received.json();
    let alike = |example: &str| {
        let example: Map<String, Value> = serde_json::from_str(example).unwrap_or_default();
        example.iter().filter(|(key, value)| body[*key] == **value).count()
    };
    let requests = operation.requests.iter().rev();
    let named = requests
        .max_by_key(|(_, example)| alike(example))
        .map(|(name, _)| *name);
    let mut successes = operation.successes.iter();
    let same = successes.find(|(name, _)| Some(*name) == named);
    let (_, shown) = same.or(operation.successes.first())?;
    let Some(record) = record else {
        return Some(shown.as_bytes().to_vec());
    };
    let (mut shown, record): (Value, _) = (serde_json::from_str(shown).ok()?, record.value());
    if shown.get("type").is_none_or(|kind| *kind == record["type"])
        && let Value::Object(shown) = &mut shown
    {
        for (name, value) in shown.iter_mut() {
            if (name == "id" || name == "external_id" || name.ends_with("identifier"))
                && let Some(own) = record.get(name)
            {
                *value = own.clone();
            }
        }
    }
    Some(shown.to_string().into_bytes())
}

/// Sets what a request says, as far as the answer's type has it in that form.
fn merge(operation: &Operation, record: &mut Value, body: Value, identifier: &str) {
    let flaws = |record: &Value| operation.check.map_or(0, |check| check(&record.to_string()).len());
    let Value::Object(body) = body else { return };
    if !record.is_object() {
        return;
    }
    for (name, value) in body.into_iter().filter(|(name, _)| name != identifier && name != "id") {
        let mut changed = record.clone();
        match (&mut changed[&name], value) {
            (Value::Object(held), Value::Object(set)) => held.extend(set),
            (held, value) => *held = value,
        }
        if flaws(&changed) <= flaws(record) {
            *record = changed;
        }
    }
}

/// Sets those of these times that the record has to now.
fn touch(record: &mut Value, times: &[&str]) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    for name in times {
        if let Some(time) = record.get_mut(*name) {
            *time = now.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::super::operations::{Parameter, named};
    use super::*;

    /// An operation as a description without examples has it.
    fn bare(id: &str) -> Option<&'static Operation> {
        let shown = named(id)?;
        let parameters: &'static [Parameter] = shown.parameters;
        Some(Box::leak(Box::new(Operation {
            id: shown.id,
            method: shown.method,
            path: shown.path,
            query: shown.query,
            shape: shown.shape,
            parameters,
            check: shown.check,
            conflicts: shown.conflicts,
            record: shown.record.clone(),
            list: None,
            success: shown.success,
            requests: &[],
            successes: &[],
            errors: &[],
        })))
    }

    #[test]
    fn what_no_example_shows_is_made_too() {
        // Not every description and set of features has it.
        let Some(operation) = bare("create_tag") else { return };
        let received = Received {
            number: 0,
            operation: Some(operation.id),
            method: Method::POST,
            path: operation.path.to_owned(),
            query: Vec::new(),
            target: operation.path.to_owned(),
            headers: HeaderMap::new(),
            body: r#"{"name": "vip"}"#.into(),
        };
        let mut workspace = Workspace::new(Duration::ZERO);
        let answer = workspace.answer(operation, &[], &received);
        let made: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert_eq!(
            (answer.status.as_u16(), made),
            (operation.success, json!({"id": "new-1", "name": "vip"}))
        );
    }
}
