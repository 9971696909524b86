//! Repair rules: what progenitor cannot take, or would turn into types that are hard to use, mended for the whole
//! document. A fact about one operation or field belongs in the overlay instead.
//!
//! Each rule is one function that returns how many places it changed; a rule that changes none is reported, so that
//! rules expire visibly. The reasons are listed in `openapi/README.md`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::schema::{
    self, components, for_each_operation, for_each_schema, reference, reference_to, request_reach, request_schema,
    response_reach, snake,
};

/// A repair rule by its name.
pub type Rule = (&'static str, fn(&mut Value) -> Result<usize, Failure>);

/// The rules in the order in which they run.
pub const RULES: [Rule; 19] = [
    ("one_tag", one_tag),
    ("one_success_response", one_success_response),
    ("no_header_parameters", no_header_parameters),
    ("shape_only", shape_only),
    ("required_sets", required_sets),
    ("objects_say_so", objects_say_so),
    ("maps_hold_json", maps_hold_json),
    ("text_enums_only", text_enums_only),
    ("timestamps", timestamps),
    ("ids_in_requests", ids_in_requests),
    ("updates_can_clear", updates_can_clear),
    ("name_bodies", name_bodies),
    ("name_parts", name_parts),
    ("single_member_unions", single_member_unions),
    ("merge_all_of", merge_all_of),
    ("inline_aliases", inline_aliases),
    ("constant_text_in_responses", constant_text_in_responses),
    ("responses_require_nothing", responses_require_nothing),
    ("reachable_only", reachable_only),
];

/// Runs every rule and returns the names of those that found nothing to do.
pub fn repair(document: &mut Value) -> Result<Vec<&'static str>, Failure> {
    let mut idle = Vec::new();
    for (name, rule) in RULES {
        if rule(document)? == 0 {
            idle.push(name);
        }
    }
    Ok(idle)
}

/// An operation belongs to one group, its first tag.
pub fn one_tag(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_operation(document, |_, _, operation| {
        if let Some(tags) = operation.get_mut("tags").and_then(Value::as_array_mut)
            && tags.len() > 1
        {
            tags.truncate(1);
            changed += 1;
        }
    });
    Ok(changed)
}

/// An operation has one success response. Error responses are dropped, whatever their status: the transport reads
/// every one of them alike, described or not. progenitor panics on several success types, or on a body without schema.
pub fn one_success_response(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_operation(document, |_, _, operation| {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            return;
        };
        let chosen = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .max_by_key(|(_, response)| response.get("content").is_some())
            .map(|(status, response)| (status.clone(), response.clone()));
        let (status, mut response) = chosen.unwrap_or_else(|| ("200".into(), json!({"description": "success"})));
        for (_, media) in response
            .get_mut("content")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            if let Some(media) = media.as_object_mut()
                && !media.contains_key("schema")
            {
                media.insert("schema".into(), json!({}));
                changed += 1;
            }
        }
        changed += responses.len().abs_diff(1);
        *responses = Map::from_iter([(status, response)]);
    });
    Ok(changed)
}

/// Headers are the transport's business; a parameter for one would send it twice.
pub fn no_header_parameters(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_operation(document, |_, _, operation| {
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            let before = parameters.len();
            parameters.retain(|p| p["in"] != "header");
            changed += before - parameters.len();
        }
    });
    Ok(changed)
}

/// What says nothing of a value's shape goes. typify names types by titles, which collide; makes a type of its own for
/// each length, range or pattern, which only say what the server refuses; and fills in defaults, though a response
/// shows what was sent and a request sends what the caller set.
pub fn shape_only(document: &mut Value) -> Result<usize, Failure> {
    const ANNOTATIONS: [&str; 21] = [
        "title",
        "example",
        "externalDocs",
        "xml",
        "discriminator",
        "default",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "readOnly",
        "writeOnly",
    ];
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        changed += ANNOTATIONS.iter().filter(|key| schema.remove(**key).is_some()).count();
    });
    Ok(changed)
}

/// `properties` beside `anyOf`/`oneOf` whose members only say what is required is one struct: which combination the
/// server wants is a matter of the request at hand.
pub fn required_sets(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        for key in ["anyOf", "oneOf"] {
            let only_required = schema.contains_key("properties")
                && schema.get(key).and_then(Value::as_array).is_some_and(|members| {
                    members.iter().all(|m| {
                        m.as_object()
                            .is_some_and(|m| m.keys().all(|k| ["required", "description"].contains(&k.as_str())))
                    })
                });
            if only_required {
                schema.remove(key);
                changed += 1;
            }
        }
    });
    Ok(changed)
}

/// A schema with properties is an object, one with a union is only the union, a list without items holds JSON.
pub fn objects_say_so(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        if schema.contains_key("properties") && !schema.contains_key("type") {
            schema.insert("type".into(), json!("object"));
            changed += 1;
        }
        let union = schema.contains_key("oneOf") || schema.contains_key("anyOf");
        if union && !schema.contains_key("properties") && schema.remove("type").is_some() {
            changed += 1;
        }
        if schema.get("type") == Some(&json!("array")) && !schema.contains_key("items") {
            schema.insert("items".into(), json!({}));
            changed += 1;
        }
    });
    Ok(changed)
}

/// A free-form object is a map of JSON values: customers define its keys, and servers send every kind of value.
pub fn maps_hold_json(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let is_object = schema.get("type") == Some(&json!("object"));
        let closed = schema.get("additionalProperties") == Some(&json!(false));
        if closed || (schema.contains_key("properties") && schema.contains_key("additionalProperties")) {
            schema.remove("additionalProperties");
            changed += 1;
        }
        let plain = !schema.contains_key("properties") && !schema.contains_key("allOf");
        let typed = schema
            .get("additionalProperties")
            .is_some_and(|inner| reference(inner).is_some());
        let free = schema.get("additionalProperties") == Some(&json!(true));
        if is_object && plain && !typed && !free {
            schema.insert("additionalProperties".into(), json!(true));
            changed += 1;
        }
    });
    Ok(changed)
}

/// Enums hold distinct texts that can be named in Rust; any other list of values is dropped, `null` among texts too.
pub fn text_enums_only(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) else {
            return;
        };
        let before = values.len();
        values.retain(|v| !v.is_null());
        changed += before - values.len();
        let names: BTreeSet<String> = values.iter().filter_map(|v| v.as_str().map(schema::pascal)).collect();
        let nameable = names.iter().all(|n| n.starts_with(|c: char| c.is_ascii_alphabetic()));
        if values.is_empty() || names.len() != values.len() || !nameable {
            schema.remove("enum");
            changed += 1;
        }
    });
    Ok(changed)
}

/// Integers that are moments become `Timestamp`; every other format is advice and goes: `uuid`, `uri` and `email` are
/// not always what arrives, and `float` would halve the precision.
pub fn timestamps(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let Some(format) = schema.get("format").and_then(Value::as_str) else {
            return;
        };
        match format {
            "date-time" | "timestamp" => {
                schema.insert("type".into(), json!("integer"));
                schema.insert("format".into(), json!("timestamp"));
            }
            "binary" | "id" | "avatar" | "company-or-list" | "ticket-state" => return,
            _ => {
                schema.remove("format");
            }
        }
        changed += 1;
    });
    Ok(changed)
}

/// In requests, and in the path and query, an id is a number or a text: the server takes both.
pub fn ids_in_requests(document: &mut Value) -> Result<usize, Failure> {
    fn is_id(name: &str) -> bool {
        name == "id" || name.ends_with("_id")
    }
    fn mark(schema: &mut Value, changed: &mut usize) {
        let plain = schema.get("enum").is_none() && schema.get("format").is_none();
        if plain && (schema["type"] == "string" || schema["type"] == "integer") {
            schema["type"] = json!("string");
            schema["format"] = json!("id");
            *changed += 1;
        }
    }
    fn mark_properties(schema: &mut Map<String, Value>, changed: &mut usize) {
        for (name, inner) in schema
            .get_mut("properties")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            if is_id(name) {
                mark(inner, changed);
            }
            if name.ends_with("_ids") && inner.get("items").is_some() {
                mark(&mut inner["items"], changed);
            }
        }
    }
    let requests = request_reach(document);
    let mut changed = 0;
    for (name, schema) in document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if requests.contains(name) {
            schema::walk_mut(schema, &mut |inner| mark_properties(inner, &mut changed));
        }
    }
    for_each_operation(document, |_, _, operation| {
        for parameter in operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if parameter["name"].as_str().is_some_and(is_id) {
                mark(&mut parameter["schema"], &mut changed);
            }
        }
        if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
            schema::walk_mut(body, &mut |inner| mark_properties(inner, &mut changed));
        }
    });
    Ok(changed)
}

/// In the body of a PUT, null clears what it is set on: every optional value but lists and maps can be null.
pub fn updates_can_clear(document: &mut Value) -> Result<usize, Failure> {
    let bodies = schema::operations(document)
        .into_iter()
        .filter(|(_, method, _)| *method == "put")
        .filter_map(|(_, _, operation)| request_schema(operation));
    let updates = schema::reach(document, bodies);
    let shared = response_reach(document);
    let mut changed = 0;
    for (name, schema) in document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if !updates.contains(name) || shared.contains(name) {
            continue;
        }
        let required: Vec<String> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        for (property, inner) in schema
            .get_mut("properties")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            let scalar = ["string", "integer", "number", "boolean"]
                .iter()
                .any(|kind| inner["type"] == **kind);
            if scalar && !required.contains(property) {
                inner["nullable"] = json!(true);
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// Whether typify makes a type of its own from an inline schema: then it gets a name of ours first.
fn needs_name(schema: &Value) -> bool {
    let composed = ["oneOf", "anyOf", "allOf"].iter().any(|key| schema.get(key).is_some());
    schema.get("properties").is_some() || schema.get("enum").is_some() || composed
}

/// Moves `schema` to the components under a name that is free, and leaves a reference behind.
fn hoist(schema: &mut Value, name: &str, schemas: &mut Map<String, Value>) {
    let taken: BTreeSet<String> = schemas.keys().map(|key| schema::fold(key)).collect();
    let mut free = name.to_owned();
    while taken.contains(&schema::fold(&free)) {
        free.push_str("_value");
    }
    let nullable = schema.get("nullable").cloned();
    let description = schema.get("description").cloned();
    let mut named = std::mem::replace(schema, reference_to(&free));
    if let Some(named) = named.as_object_mut() {
        named.remove("nullable");
    }
    schemas.insert(free, named);
    if let Some(nullable) = nullable {
        schema["nullable"] = nullable;
    }
    if let Some(description) = description {
        schema["description"] = description;
    }
}

fn take_schemas(document: &mut Value) -> Map<String, Value> {
    document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
        .map(std::mem::take)
        .unwrap_or_default()
}

fn put_schemas(document: &mut Value, schemas: Map<String, Value>) {
    if document.get("components").is_none() {
        document["components"] = json!({});
    }
    document["components"]["schemas"] = Value::Object(schemas);
}

/// Inline request bodies, response bodies and parameter enums become components named after their operation.
pub fn name_bodies(document: &mut Value) -> Result<usize, Failure> {
    let mut schemas = take_schemas(document);
    let before = schemas.len();
    for_each_operation(document, |_, _, operation| {
        let id = operation["operationId"].as_str().map(snake).unwrap_or_default();
        for parameter in operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let name = format!("{id}_{}", parameter["name"].as_str().unwrap_or_default());
            if needs_name(&parameter["schema"]) {
                hoist(&mut parameter["schema"], &name, &mut schemas);
            }
        }
        if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json/schema")
            && needs_name(body)
            && single_member(body).is_none()
        {
            hoist(body, &format!("{id}_request"), &mut schemas);
        }
        for (_, response) in operation
            .get_mut("responses")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            if let Some(body) = response.pointer_mut("/content/application~1json/schema")
                && needs_name(body)
                && single_member(body).is_none()
            {
                hoist(body, &format!("{id}_response"), &mut schemas);
            }
        }
    });
    let changed = schemas.len() - before;
    put_schemas(document, schemas);
    Ok(changed)
}

/// Inline objects, enums and unions inside components become components named `<schema>_<property>`.
pub fn name_parts(document: &mut Value) -> Result<usize, Failure> {
    fn visit(schema: &mut Value, name: &str, schemas: &mut Map<String, Value>) {
        for (property, inner) in schema
            .get_mut("properties")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            visit_part(inner, &format!("{name}_{property}"), schemas);
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get_mut(key).filter(|inner| inner.is_object()) {
                visit_part(inner, &format!("{name}_item"), schemas);
            }
        }
        for key in ["oneOf", "anyOf"] {
            for (i, member) in schema
                .get_mut(key)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .enumerate()
            {
                visit_part(member, &format!("{name}_{}", i + 1), schemas);
            }
        }
        for member in schema
            .get_mut("allOf")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            visit(member, name, schemas);
        }
    }
    fn visit_part(schema: &mut Value, name: &str, schemas: &mut Map<String, Value>) {
        visit(schema, name, schemas);
        if needs_name(schema) && single_member(schema).is_none() {
            hoist(schema, name, schemas);
        }
    }
    let mut schemas = take_schemas(document);
    let before = schemas.len();
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let Some(mut schema) = schemas.get_mut(&name).map(Value::take) else {
            continue;
        };
        visit(&mut schema, &name, &mut schemas);
        schemas.insert(name, schema);
    }
    let changed = schemas.len() - before;
    put_schemas(document, schemas);
    Ok(changed)
}

/// The only member of a union or `allOf` that has nothing beside it but prose and `nullable`.
fn single_member(schema: &Value) -> Option<(&'static str, &Value)> {
    let object = schema.as_object()?;
    ["oneOf", "anyOf", "allOf"].into_iter().find_map(|key| {
        let members = object.get(key)?.as_array()?;
        let bare = object
            .keys()
            .all(|k| [key, "description", "nullable", "type"].contains(&k.as_str()));
        (bare && members.len() == 1).then(|| (key, &members[0]))
    })
}

/// A union of one, or `allOf` of one, is that one. typify makes an enum with one variant.
pub fn single_member_unions(document: &mut Value) -> Result<usize, Failure> {
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let whole = Value::Object(schema.clone());
        if let Some((key, member)) = single_member(&whole) {
            let member = member.clone();
            schema.remove(key);
            if reference(&member).is_some() {
                schema.remove("type");
            }
            for (k, v) in member.as_object().into_iter().flatten() {
                schema.insert(k.clone(), v.clone());
            }
            changed += 1;
        }
    });
    Ok(changed)
}

/// `allOf` becomes one object with all properties, in order: the members' first, then its own.
pub fn merge_all_of(document: &mut Value) -> Result<usize, Failure> {
    fn merged(schema: &Value, all: &Map<String, Value>, depth: usize) -> Option<Value> {
        let members = schema.get("allOf")?.as_array()?;
        if depth > 16 {
            return None;
        }
        let mut whole = schema.clone();
        let object = whole.as_object_mut()?;
        object.remove("allOf");
        let mut properties = Map::new();
        let mut required = Vec::new();
        let own = Value::Object(object.clone());
        for member in members.iter().chain([&own]) {
            let member = reference(member).and_then(|name| all.get(name)).unwrap_or(member);
            let member = merged(member, all, depth + 1).unwrap_or_else(|| member.clone());
            properties.extend(member["properties"].as_object().cloned().unwrap_or_default());
            required.extend(member["required"].as_array().cloned().unwrap_or_default());
            for (key, value) in member.as_object().into_iter().flatten() {
                if !object.contains_key(key) {
                    object.insert(key.clone(), value.clone());
                }
            }
        }
        object.insert("type".into(), json!("object"));
        object.insert("properties".into(), Value::Object(properties));
        required.dedup();
        if !required.is_empty() {
            object.insert("required".into(), Value::Array(required));
        }
        Some(whole)
    }
    let all = components(document);
    let mut changed = 0;
    for_each_schema(document, &mut |schema| {
        let whole = Value::Object(std::mem::take(schema));
        let new = merged(&whole, &all, 0);
        changed += usize::from(new.is_some());
        if let Value::Object(object) = new.unwrap_or(whole) {
            *schema = object;
        }
    });
    Ok(changed)
}

/// A component that is only a scalar, a list or a map stands where it is used: typify would wrap it in a newtype.
pub fn inline_aliases(document: &mut Value) -> Result<usize, Failure> {
    let aliases: Map<String, Value> = components(document)
        .into_iter()
        .filter(|(_, schema)| !needs_name(schema) && schema.get("$ref").is_none())
        .collect();
    let mut changed = 0;
    // An alias may use another one; each pass goes one level deeper.
    for _ in 0..4 {
        for_each_schema(document, &mut |schema| {
            let target = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|r| r.rsplit('/').next());
            if let Some(alias) = target.and_then(|name| aliases.get(name)).and_then(Value::as_object) {
                schema.remove("$ref");
                for (key, value) in alias {
                    schema.entry(key.clone()).or_insert_with(|| value.clone());
                }
                changed += 1;
            }
        });
    }
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        schemas.retain(|name, _| !aliases.contains_key(name));
    }
    Ok(changed)
}

/// In responses, a text with one published value is plain text: an enum of one says nothing.
pub fn constant_text_in_responses(document: &mut Value) -> Result<usize, Failure> {
    let requests = request_reach(document);
    let constants: BTreeSet<String> = components(document)
        .into_iter()
        .filter(|(name, schema)| {
            !requests.contains(name) && schema["enum"].as_array().is_some_and(|values| values.len() == 1)
        })
        .map(|(name, _)| name)
        .collect();
    for_each_schema(document, &mut |schema| {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|r| r.rsplit('/').next());
        if target.is_some_and(|name| constants.contains(name)) {
            schema.remove("$ref");
            schema.insert("type".into(), json!("string"));
        }
    });
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        schemas.retain(|name, _| !constants.contains(name));
    }
    Ok(constants.len())
}

/// A component that no operation leads to becomes no type.
pub fn reachable_only(document: &mut Value) -> Result<usize, Failure> {
    let mut reached = request_reach(document);
    reached.extend(response_reach(document));
    let parameters = schema::operations(document)
        .into_iter()
        .flat_map(|(_, _, operation)| operation["parameters"].as_array().into_iter().flatten())
        .map(|parameter| &parameter["schema"]);
    reached.extend(schema::reach(document, parameters));
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return Ok(0);
    };
    let before = schemas.len();
    schemas.retain(|name, _| reached.contains(name));
    Ok(before - schemas.len())
}

/// What responses carry is never required and never told apart from null: servers leave keys out as they like.
pub fn responses_require_nothing(document: &mut Value) -> Result<usize, Failure> {
    let responses = response_reach(document);
    let requests = request_reach(document);
    let mut changed = 0;
    for (name, schema) in document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        schema::walk_mut(schema, &mut |inner| {
            if responses.contains(name) || !requests.contains(name) {
                changed += usize::from(inner.remove("required").is_some());
            }
            if !requests.contains(name) {
                changed += usize::from(inner.remove("nullable").is_some());
            }
        });
    }
    Ok(changed)
}
