//! Rules for names: operations, groups, components, and inline schemas without a name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::document::names::{self, UniqueNames, alike, escape, fold, snake};
use super::super::document::schema::{
    self, components_mut, for_each_operation, needs_name, reference_to, single_member,
};
use super::super::warnings::Warnings;

/// Names of the hand-written methods of `Client`.
pub const CLIENT_METHODS: &str = "api_version base_url builder bulk bulk_stream bytes clone decoded export export_job from_env \
    in_background rate_limit_wait retry_policy region request run stream to_builder \
    with_token";

/// The types and traits of Rust's prelude, which generated code uses.
const PRELUDE: &str = "AsMut AsRef AsyncFn AsyncFnMut AsyncFnOnce Box Clone Copy Default DoubleEndedIterator Drop Eq Err \
    ExactSizeIterator Extend Fn FnMut FnOnce From FromIterator Into IntoIterator Iterator None Ok Option Ord PartialEq \
    PartialOrd Result Send Sized Some String Sync ToOwned Vec";

/// Makes operation ids distinct method names. An operation whose id is missing or used is named
/// after its method and path.
pub fn operation_ids(document: &mut Value, warnings: &mut Warnings) -> usize {
    const RULE: &str = "operation_ids";
    // Methods must not collide with those of `Client`, builders must not collide with the prelude.
    let mut taken = UniqueNames::described(CLIENT_METHODS.split(' ').chain(PRELUDE.split(' ')), "_operation");
    let mut seen = BTreeSet::new();
    let mut changed = 0;
    for_each_operation(document, |path, method, operation| {
        let at = schema::pointer(path, method);
        let id = operation["operationId"].as_str().unwrap_or_default();
        let ident = names::ident(id, "");
        let free = !snake(id).is_empty() && seen.insert(fold(id));
        let name = taken.free(&match free {
            true => ident.clone(),
            false => from_path(path, method),
        });
        if !free || name != ident || id.starts_with(|first: char| first.is_ascii_digit()) {
            let why = match (id, free) {
                ("", _) => "has no `operationId`".to_owned(),
                (id, false) if !snake(id).is_empty() => format!("the `operationId` {id:?} is not unique"),
                (id, _) => format!("the `operationId` {id:?} cannot be used as a method name"),
            };
            warnings.add(RULE, at, format!("{why}; the method is named `{name}`"));
            changed += 1;
        }
        operation["operationId"] = json!(name);
    });
    changed
}

/// Renames components whose types would have the name of another type or of a type in Rust's
/// prelude. Component names are not sent.
pub fn component_names(document: &mut Value, _: &mut Warnings) -> usize {
    let mut taken = UniqueNames::described(PRELUDE.split(' '), "_value");
    let names = schema::components(document);
    let names = names.into_iter().map(|(name, _)| (taken.free(&name), name));
    let renamed: BTreeMap<String, String> = names
        .filter(|(free, name)| free != name)
        .map(|(free, name)| (name, free))
        .collect();
    if renamed.is_empty() {
        return 0;
    }
    schema::for_each_schema(document, &mut |schema| {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(schema::component);
        if let Some(name) = target.and_then(|name| renamed.get(name)) {
            schema.extend(reference_to(name).as_object().cloned().unwrap_or_default());
        }
    });
    if let Some(schemas) = components_mut(document) {
        let all = std::mem::take(schemas).into_iter();
        *schemas = all
            .map(|(name, schema)| (renamed.get(&name).cloned().unwrap_or(name), schema))
            .collect();
    }
    renamed.len()
}

/// Removes properties that have the same Rust name as an earlier one. Their values are kept in
/// `extra`.
pub fn property_names(document: &mut Value, warnings: &mut Warnings) -> usize {
    let mut changed = 0;
    for (component, schema) in components_mut(document).into_iter().flatten() {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        let mut seen = BTreeMap::new();
        properties.retain(|name, _| {
            let first = seen.entry(alike(name)).or_insert_with(|| name.clone());
            if first != name {
                let at = format!("/components/schemas/{}/properties/{}", escape(component), escape(name));
                let problem = format!("has the same Rust name as {first:?}; it has no field, and is kept in `extra`");
                warnings.add("property_names", at, problem);
                changed += 1;
            }
            first == name
        });
    }
    changed
}

/// Returns a name such as `get_contacts_by_id_tags` for `GET /contacts/{id}/tags`.
fn from_path(path: &str, method: &str) -> String {
    let words = path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
        let by = if segment.starts_with('{') { "by_" } else { "" };
        format!("{by}{}", snake(segment))
    });
    let words: Vec<String> = [method.to_owned()].into_iter().chain(words).collect();
    names::ident(&words.join("_"), method)
}

/// The component schemas and their names as returned by [`fold`].
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

/// Moves `schema` to the components, with an unused name, and replaces it by a reference.
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

/// Moves inline bodies and inline schemas of parameters to the components, named after their
/// operation.
pub fn name_bodies(document: &mut Value, _: &mut Warnings) -> usize {
    let mut schemas = Schemas::take(document);
    let before = schemas.all.len();
    for_each_operation(document, |_, _, operation| {
        let id = operation["operationId"].as_str().map(snake).unwrap_or_default();
        for parameter in schema::parameters_mut(operation) {
            let name = format!("{id}_{}", snake(parameter["name"].as_str().unwrap_or_default()));
            // The items of a list get the name of the list.
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

/// Moves a body, or the items of a list or map, to the components.
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

/// Moves inline objects, enums and unions in components to the components, named
/// `<schema>_<property>`.
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
