//! Names of operations, their groups, and the schemas that have none.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::document::names::{self, Taken, fold, snake};
use super::super::document::schema::{
    self, components_mut, for_each_operation, needs_name, reference_to, single_member,
};
use super::super::warnings::Warnings;

/// Methods that `Client` has beside those of the operations.
pub const CLIENT: [&str; 17] = [
    "api_version",
    "base_url",
    "builder",
    "clone",
    "decoded",
    "export",
    "export_job",
    "from_env",
    "push",
    "push_stream",
    "rate_limit_wait",
    "region",
    "request",
    "stream",
    "to_builder",
    "whole",
    "with_token",
];

/// An operation belongs to one group, its first tag.
pub fn one_tag(document: &mut Value, _: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_operation(document, |_, _, operation| {
        let first = operation["tags"]
            .as_array()
            .and_then(|tags| tags.first()?.as_str().map(str::to_owned));
        let tags = json!(first.into_iter().collect::<Vec<_>>());
        changed += usize::from(operation["tags"].as_array().is_some_and(|tags| tags.len() > 1));
        operation["tags"] = tags;
    });
    changed
}

/// Every operation has an id that is a method's name, and no two have the same. An operation without one, and one whose
/// id another had before it, is named after its method and path.
pub fn operation_ids(document: &mut Value, warnings: &mut Warnings) -> usize {
    const RULE: &str = "operation_ids";
    let mut taken = Taken::beside(CLIENT);
    let mut seen = BTreeSet::new();
    let mut changed = 0;
    for_each_operation(document, |path, method, operation| {
        let at = schema::pointer(path, method);
        let said = operation["operationId"].as_str().unwrap_or_default();
        let ident = names::ident(said, "");
        let free = !snake(said).is_empty() && seen.insert(fold(said));
        let name = taken.free(&match free {
            true => ident.clone(),
            false => from_path(path, method),
        });
        if !free || name != ident || said.starts_with(|first: char| first.is_ascii_digit()) {
            let why = match (said, free) {
                ("", _) => "has no `operationId`".to_owned(),
                (said, false) if !snake(said).is_empty() => format!("its `operationId` {said:?} is another's as well"),
                (said, _) => format!("its `operationId` {said:?} cannot be a method's name"),
            };
            warnings.add(RULE, at, format!("{why}; its method is `{name}`"));
            changed += 1;
        }
        operation["operationId"] = json!(name);
    });
    changed
}

/// `get_contacts_by_id_tags` of `GET /contacts/{id}/tags`.
fn from_path(path: &str, method: &str) -> String {
    let words = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
        let by = if segment.starts_with('{') { "by_" } else { "" };
        format!("{by}{}", snake(segment))
    });
    let words: Vec<String> = [method.to_owned()].into_iter().chain(words).collect();
    names::ident(&words.join("_"), method)
}

/// The component schemas, with what their names have in common with other spellings of them.
struct Schemas {
    all: Map<String, Value>,
    folded: BTreeSet<String>,
}

impl Schemas {
    fn take(document: &mut Value) -> Self {
        let all = components_mut(document).map(std::mem::take).unwrap_or_default();
        let folded = all.keys().map(|name| fold(name)).collect();
        Self { all, folded }
    }

    fn put(self, document: &mut Value) {
        if let Some(empty) = components_mut(document) {
            *empty = self.all;
        }
    }
}

/// Moves `schema` to the components under a name that is free, and leaves a reference behind.
fn hoist(schema: &mut Value, name: &str, schemas: &mut Schemas) {
    let mut free = name.to_owned();
    while !schemas.folded.insert(fold(&free)) {
        free.push_str("_value");
    }
    let nullable = schema.get("nullable").cloned();
    let description = schema.get("description").cloned();
    let mut named = std::mem::replace(schema, reference_to(&free));
    if let Some(named) = named.as_object_mut() {
        named.remove("nullable");
    }
    schemas.all.insert(free, named);
    if let Some(nullable) = nullable {
        schema["nullable"] = nullable;
    }
    if let Some(description) = description {
        schema["description"] = description;
    }
}

/// Inline request bodies, response bodies and parameter enums become components named after their operation.
pub fn name_bodies(document: &mut Value, _: &mut Warnings) -> usize {
    let mut schemas = Schemas::take(document);
    let before = schemas.all.len();
    for_each_operation(document, |_, _, operation| {
        let id = operation["operationId"].as_str().map(snake).unwrap_or_default();
        for parameter in schema::parameters_mut(operation) {
            let name = format!("{id}_{}", snake(parameter["name"].as_str().unwrap_or_default()));
            // The items of a list are named like the list.
            let schema = match parameter["schema"].get("items").is_some() {
                true => &mut parameter["schema"]["items"],
                false => &mut parameter["schema"],
            };
            if needs_name(schema) && single_member(schema).is_none() {
                hoist(schema, &name, &mut schemas);
            }
        }
        let request = operation.pointer_mut("/requestBody/content/application~1json/schema");
        if let Some(body) = request {
            name_body(body, &format!("{id}_request"), &mut schemas);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (_, response) in responses.into_iter().flatten() {
            if let Some(body) = response.pointer_mut("/content/application~1json/schema") {
                name_body(body, &format!("{id}_response"), &mut schemas);
            }
        }
    });
    let changed = schemas.all.len() - before;
    schemas.put(document);
    changed
}

/// A body, or the items of one that is a list or a map.
fn name_body(body: &mut Value, name: &str, schemas: &mut Schemas) {
    for key in ["items", "additionalProperties"] {
        if body.get("properties").is_none()
            && let Some(inner) = body.get_mut(key).filter(|inner| inner.is_object())
        {
            name_body(inner, &format!("{name}_item"), schemas);
        }
    }
    if needs_name(body) && single_member(body).is_none() {
        hoist(body, name, schemas);
    }
}

/// Inline objects, enums and unions inside components become components named `<schema>_<property>`.
pub fn name_parts(document: &mut Value, _: &mut Warnings) -> usize {
    fn visit(schema: &mut Value, name: &str, schemas: &mut Schemas) {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (property, inner) in properties.into_iter().flatten() {
            visit_part(inner, &format!("{name}_{property}"), schemas);
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get_mut(key).filter(|inner| inner.is_object()) {
                visit_part(inner, &format!("{name}_item"), schemas);
            }
        }
        for key in ["oneOf", "anyOf"] {
            let members = schema.get_mut(key).and_then(Value::as_array_mut);
            for (i, member) in members.into_iter().flatten().enumerate() {
                visit_part(member, &format!("{name}_{}", i + 1), schemas);
            }
        }
        let members = schema.get_mut("allOf").and_then(Value::as_array_mut);
        for member in members.into_iter().flatten() {
            visit(member, name, schemas);
        }
    }
    fn visit_part(schema: &mut Value, name: &str, schemas: &mut Schemas) {
        visit(schema, name, schemas);
        if needs_name(schema) && single_member(schema).is_none() {
            hoist(schema, name, schemas);
        }
    }
    let mut schemas = Schemas::take(document);
    let before = schemas.all.len();
    let names: Vec<String> = schemas.all.keys().cloned().collect();
    for name in names {
        let Some(mut schema) = schemas.all.get_mut(&name).map(Value::take) else {
            continue;
        };
        visit(&mut schema, &name, &mut schemas);
        schemas.all.insert(name, schema);
    }
    let changed = schemas.all.len() - before;
    schemas.put(document);
    changed
}
