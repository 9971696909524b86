//! Repair rules: what progenitor cannot take, or would turn into types that are hard to use, mended for the whole
//! document. A fact about one operation or field belongs in the overlay instead.
//!
//! Each rule is one function that returns how many places it changed; a rule that changes none is reported, so that
//! rules expire visibly. The reasons are listed in `openapi/README.md`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::schema::{
    self, components, for_each_operation, for_each_schema, reference, reference_to, request_reach, request_schema,
    response_reach, snake,
};
use super::failure::Failure;
use super::model::generate;

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
            "binary" => return,
            private if generate::has_type(private) => return,
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
    for (name, schema) in schema::components_mut(document).into_iter().flatten() {
        if requests.contains(name) {
            schema::walk_mut(schema, &mut |inner| mark_properties(inner, &mut changed));
        }
    }
    for_each_operation(document, |_, _, operation| {
        for parameter in schema::parameters_mut(operation) {
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

/// In the body of a PUT, null clears what it is set on: every optional value but lists and maps can be null, unless
/// the description says that it cannot.
pub fn updates_can_clear(document: &mut Value) -> Result<usize, Failure> {
    let bodies = schema::operations(document)
        .into_iter()
        .filter(|(_, method, _)| *method == "put")
        .filter_map(|(_, _, operation)| request_schema(operation));
    let updates = schema::reach(document, bodies);
    let shared = response_reach(document);
    let mut changed = 0;
    for (name, schema) in schema::components_mut(document).into_iter().flatten() {
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
            let said = inner.get("nullable").is_some();
            if scalar && !said && !required.contains(property) {
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
    schema::components_mut(document).map(std::mem::take).unwrap_or_default()
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
        for parameter in schema::parameters_mut(operation) {
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
    if let Some(schemas) = schema::components_mut(document) {
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
    if let Some(schemas) = schema::components_mut(document) {
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
    let Some(schemas) = schema::components_mut(document) else {
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
    for (name, schema) in schema::components_mut(document).into_iter().flatten() {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A document of component schemas only.
    fn of_schemas(schemas: Value) -> Value {
        json!({"components": {"schemas": schemas}})
    }

    /// A document with one operation, `POST /tags` named `createTag`.
    fn of_operation(mut operation: Value) -> Value {
        operation["operationId"] = json!("createTag");
        json!({"paths": {"/tags": {"post": operation}}})
    }

    fn json_body(schema: Value) -> Value {
        json!({"content": {"application/json": {"schema": schema}}})
    }

    /// What `rule` makes of `document`, with the number of places that it says it changed.
    fn after(rule: fn(&mut Value) -> Result<usize, Failure>, mut document: Value) -> (usize, Value) {
        let changed = rule(&mut document).unwrap();
        (changed, document)
    }

    fn schemas_after(rule: fn(&mut Value) -> Result<usize, Failure>, schemas: Value) -> (usize, Value) {
        let (changed, document) = after(rule, of_schemas(schemas));
        (changed, document["components"]["schemas"].clone())
    }

    fn operation_after(rule: fn(&mut Value) -> Result<usize, Failure>, operation: Value) -> (usize, Value) {
        let (changed, document) = after(rule, of_operation(operation));
        (changed, document["paths"]["/tags"]["post"].clone())
    }

    #[test]
    fn rules_that_find_nothing_are_named() {
        let mut document = of_operation(json!({"tags": ["A", "B"], "responses": {"204": {}}}));
        let idle = repair(&mut document).unwrap();
        let others: Vec<&str> = RULES
            .iter()
            .map(|(name, _)| *name)
            .filter(|n| *n != "one_tag")
            .collect();
        assert_eq!(idle, others);
    }

    #[test]
    fn one_tag_keeps_the_first() {
        let (changed, operation) = operation_after(one_tag, json!({"tags": ["Tags", "Contacts"]}));
        assert_eq!((changed, &operation["tags"]), (1, &json!(["Tags"])));
        assert_eq!(operation_after(one_tag, json!({"tags": ["Tags"]})).0, 0);
    }

    #[test]
    fn one_success_response_drops_errors_and_prefers_a_body() {
        let (changed, operation) = operation_after(
            one_success_response,
            json!({"responses": {
                "204": {"description": "nothing"},
                "200": json_body(json!({"type": "string"})),
                "404": {"content": {"text/html": {}}},
            }}),
        );
        assert_eq!(changed, 2);
        assert_eq!(
            operation["responses"],
            json!({"200": json_body(json!({"type": "string"}))})
        );
    }

    #[test]
    fn one_success_response_invents_one_and_gives_bare_bodies_a_schema() {
        let (changed, operation) = operation_after(one_success_response, json!({"responses": {}}));
        assert_eq!(
            (changed, &operation["responses"]["200"]["description"]),
            (1, &json!("success"))
        );
        let bare = json!({"responses": {"200": {"content": {"application/json": {}}}}});
        let (changed, operation) = operation_after(one_success_response, bare);
        assert_eq!((changed, &operation["responses"]["200"]), (1, &json_body(json!({}))));
    }

    #[test]
    fn no_header_parameters_keeps_path_and_query() {
        let (changed, operation) = operation_after(
            no_header_parameters,
            json!({"parameters": [{"in": "header", "name": "Intercom-Version"}, {"in": "query", "name": "page"}]}),
        );
        assert_eq!(
            (changed, &operation["parameters"]),
            (1, &json!([{"in": "query", "name": "page"}]))
        );
    }

    #[test]
    fn shape_only_drops_annotations_but_no_property_of_that_name() {
        let (changed, schemas) = schemas_after(
            shape_only,
            json!({"tag": {"title": "Tag", "type": "object", "properties": {
                "title": {"type": "string", "maxLength": 9, "default": "x", "description": "Its title."},
            }}}),
        );
        assert_eq!(changed, 3);
        assert_eq!(
            schemas["tag"],
            json!({"type": "object", "properties": {"title": {"type": "string", "description": "Its title."}}})
        );
    }

    #[test]
    fn required_sets_become_one_struct() {
        let properties = json!({"id": {"type": "string"}, "email": {"type": "string"}});
        let (changed, schemas) = schemas_after(
            required_sets,
            json!({
                "either": {"properties": properties, "anyOf": [{"required": ["id"]}, {"required": ["email"]}]},
                "union": {"properties": properties, "oneOf": [{"type": "object"}]},
            }),
        );
        assert_eq!(changed, 1);
        assert_eq!(schemas["either"], json!({"properties": properties}));
        assert!(schemas["union"]["oneOf"].is_array(), "members with a shape stay");
    }

    #[test]
    fn objects_say_so_and_unions_do_not() {
        let (changed, schemas) = schemas_after(
            objects_say_so,
            json!({
                "object": {"properties": {}},
                "union": {"type": "object", "oneOf": [{"type": "string"}]},
                "list": {"type": "array"},
                "fine": {"type": "array", "items": {"type": "string"}},
            }),
        );
        assert_eq!(changed, 3);
        assert_eq!(schemas["object"]["type"], "object");
        assert_eq!(schemas["union"], json!({"oneOf": [{"type": "string"}]}));
        assert_eq!(schemas["list"], json!({"type": "array", "items": {}}));
    }

    #[test]
    fn maps_hold_json_unless_they_hold_a_component() {
        let component = json!({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/tag"}});
        let (changed, schemas) = schemas_after(
            maps_hold_json,
            json!({
                "free": {"type": "object"},
                "texts": {"type": "object", "additionalProperties": {"type": "string"}},
                "closed": {"type": "object", "properties": {"a": {}}, "additionalProperties": false},
                "component": component,
            }),
        );
        assert_eq!(changed, 3);
        let free = json!({"type": "object", "additionalProperties": true});
        assert_eq!((&schemas["free"], &schemas["texts"]), (&free, &free));
        assert_eq!(schemas["closed"], json!({"type": "object", "properties": {"a": {}}}));
        assert_eq!(schemas["component"], component);
    }

    #[test]
    fn text_enums_only_drops_null_numbers_symbols_and_double_names() {
        let (changed, schemas) = schemas_after(
            text_enums_only,
            json!({
                "nullable": {"enum": ["open", null]},
                "numbers": {"enum": [1, 2]},
                "symbols": {"enum": ["=", "!="]},
                "doubles": {"enum": ["in_app", "inApp"]},
                "fine": {"enum": ["in_app", "email"]},
            }),
        );
        assert_eq!(changed, 4);
        assert_eq!(schemas["nullable"], json!({"enum": ["open"]}));
        assert_eq!(schemas["numbers"], json!({}));
        assert_eq!(schemas["symbols"], json!({}));
        assert_eq!(schemas["doubles"], json!({}));
        assert_eq!(schemas["fine"], json!({"enum": ["in_app", "email"]}));
    }

    #[test]
    fn timestamps_are_the_only_format_that_stays() {
        let (changed, schemas) = schemas_after(
            timestamps,
            json!({
                "moment": {"type": "string", "format": "date-time"},
                "link": {"type": "string", "format": "uri"},
                "bytes": {"type": "string", "format": "binary"},
                "ours": {"type": "string", "format": "avatar"},
            }),
        );
        assert_eq!(changed, 2);
        assert_eq!(schemas["ours"], json!({"type": "string", "format": "avatar"}));
        assert_eq!(schemas["moment"], json!({"type": "integer", "format": "timestamp"}));
        assert_eq!(schemas["link"], json!({"type": "string"}));
        assert_eq!(schemas["bytes"], json!({"type": "string", "format": "binary"}));
    }

    #[test]
    fn ids_in_requests_are_marked_in_bodies_paths_and_queries_only() {
        let id = json!({"type": "string", "format": "id"});
        let mut document = of_operation(json!({
            "parameters": [{"name": "tag_id", "schema": {"type": "integer"}}, {"name": "page", "schema": {"type": "integer"}}],
            "requestBody": json_body(json!({"properties": {
                "admin_ids": {"type": "array", "items": {"type": "integer"}},
                "owner": {"$ref": "#/components/schemas/owner"},
                "hybrid": {"type": "string"},
            }})),
        }));
        document["components"] = json!({"schemas": {
            "owner": {"properties": {"id": {"type": "string"}}},
            "answer": {"properties": {"id": {"type": "string"}}},
        }});
        let (changed, document) = after(ids_in_requests, document);
        assert_eq!(changed, 3);
        let operation = &document["paths"]["/tags"]["post"];
        assert_eq!(operation["parameters"][0]["schema"], id);
        assert_eq!(operation["parameters"][1]["schema"], json!({"type": "integer"}));
        let body = &schema::request_schema(operation).unwrap()["properties"];
        assert_eq!(body["admin_ids"]["items"], id);
        assert_eq!(body["hybrid"], json!({"type": "string"}), "it only ends in the letters");
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["owner"]["properties"]["id"], id);
        assert_eq!(
            schemas["answer"]["properties"]["id"],
            json!({"type": "string"}),
            "no request has it"
        );
    }

    #[test]
    fn updates_can_clear_optional_values_of_put_bodies_only() {
        let object = json!({"required": ["name"], "properties": {
            "name": {"type": "string"},
            "phone": {"type": "string"},
            "labels": {"type": "array", "items": {"type": "string"}},
        }});
        let mut document = json!({"paths": {
            "/tags": {"post": {"requestBody": json_body(reference_to("create"))}},
            "/tags/{id}": {"put": {"requestBody": json_body(reference_to("update"))}},
        }});
        document["components"] = json!({"schemas": {"create": object, "update": object}});
        let (changed, document) = after(updates_can_clear, document);
        assert_eq!(changed, 1);
        let mut cleared = object.clone();
        cleared["properties"]["phone"]["nullable"] = json!(true);
        assert_eq!(
            document["components"]["schemas"],
            json!({"create": object, "update": cleared})
        );
    }

    #[test]
    fn name_bodies_names_after_the_operation_and_finds_a_free_name() {
        let object = json!({"type": "object", "properties": {"name": {"type": "string"}}});
        let mut document = of_operation(json!({
            "parameters": [{"name": "order", "schema": {"type": "string", "enum": ["asc", "desc"]}}],
            "requestBody": json_body(object.clone()),
            "responses": {"200": json_body(object.clone()), "204": json_body(json!({"type": "string"}))},
        }));
        document["components"] = json!({"schemas": {"create_tag_request": {}}});
        let (changed, document) = after(name_bodies, document);
        assert_eq!(changed, 3);
        let operation = &document["paths"]["/tags"]["post"];
        assert_eq!(operation["parameters"][0]["schema"], reference_to("create_tag_order"));
        assert_eq!(
            schema::request_schema(operation),
            Some(&reference_to("create_tag_request_value"))
        );
        assert_eq!(
            operation["responses"]["200"],
            json_body(reference_to("create_tag_response"))
        );
        assert_eq!(document["components"]["schemas"]["create_tag_response"], object);
    }

    #[test]
    fn name_parts_names_after_schema_and_property_at_any_depth() {
        let (changed, schemas) = schemas_after(
            name_parts,
            json!({"tag": {"properties": {
                "owner": {"nullable": true, "description": "Who made it.", "properties": {
                    "kind": {"enum": ["admin", "bot"]},
                }},
                "uses": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"properties": {"n": {}}}]}},
            }}}),
        );
        assert_eq!(changed, 4);
        let owner = &schemas["tag"]["properties"]["owner"];
        assert_eq!(
            *owner,
            json!({"$ref": "#/components/schemas/tag_owner", "nullable": true, "description": "Who made it."})
        );
        assert_eq!(
            schemas["tag_owner"]["properties"]["kind"],
            reference_to("tag_owner_kind")
        );
        assert_eq!(
            schemas["tag"]["properties"]["uses"]["items"],
            reference_to("tag_uses_item")
        );
        assert_eq!(schemas["tag_uses_item"]["oneOf"][1], reference_to("tag_uses_item_2"));
    }

    #[test]
    fn single_member_unions_are_their_member() {
        let (changed, schemas) = schemas_after(
            single_member_unions,
            json!({
                "one": {"nullable": true, "type": "object", "allOf": [reference_to("tag")]},
                "two": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                "more": {"allOf": [reference_to("tag")], "properties": {"a": {}}},
            }),
        );
        assert_eq!(changed, 1);
        assert_eq!(
            schemas["one"],
            json!({"nullable": true, "$ref": "#/components/schemas/tag"})
        );
        assert!(schemas["two"]["oneOf"].is_array() && schemas["more"]["allOf"].is_array());
    }

    #[test]
    fn merge_all_of_puts_members_first_and_own_properties_last() {
        let (changed, schemas) = schemas_after(
            merge_all_of,
            json!({
                "base": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
                "middle": {"allOf": [reference_to("base"), {"properties": {"name": {"type": "string"}}}]},
                "whole": {"allOf": [reference_to("middle")], "properties": {"id": {"type": "integer"}, "x": {}}},
            }),
        );
        assert_eq!(changed, 2);
        assert_eq!(
            schemas["whole"],
            json!({
                "type": "object",
                "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "x": {}},
                "required": ["id"],
            })
        );
    }

    #[test]
    fn inline_aliases_stand_where_they_are_used_through_other_aliases() {
        let (changed, schemas) = schemas_after(
            inline_aliases,
            json!({
                "tag": {"properties": {"names": {"$ref": "#/components/schemas/names", "nullable": true}}},
                "names": {"type": "array", "items": {"$ref": "#/components/schemas/name"}},
                "name": {"type": "string"},
            }),
        );
        assert_eq!(
            schemas,
            json!({"tag": {"properties": {
                "names": {"nullable": true, "type": "array", "items": {"type": "string"}},
            }}})
        );
        assert!(changed > 0);
    }

    #[test]
    fn constant_text_in_responses_is_text_and_stays_an_enum_in_requests() {
        let mut document = of_operation(json!({"requestBody": json_body(reference_to("sent"))}));
        document["components"] = json!({"schemas": {
            "sent": {"properties": {"type": reference_to("sent_type")}},
            "sent_type": {"type": "string", "enum": ["user"]},
            "tag": {"properties": {"type": reference_to("tag_type")}},
            "tag_type": {"type": "string", "enum": ["tag"]},
        }});
        let (changed, document) = after(constant_text_in_responses, document);
        assert_eq!(changed, 1);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["tag"]["properties"]["type"], json!({"type": "string"}));
        assert_eq!(schemas.get("tag_type"), None);
        assert_eq!(schemas["sent"]["properties"]["type"], reference_to("sent_type"));
    }

    #[test]
    fn reachable_only_keeps_what_operations_lead_to() {
        let mut document = of_operation(json!({
            "parameters": [{"name": "order", "schema": reference_to("order")}],
            "requestBody": json_body(reference_to("sent")),
            "responses": {"200": json_body(json!({"type": "array", "items": reference_to("answer")}))},
        }));
        document["components"] = json!({"schemas": {
            "order": {}, "sent": {"properties": {"part": reference_to("part")}}, "part": {}, "answer": {}, "lost": {},
        }});
        let (changed, document) = after(reachable_only, document);
        assert_eq!(changed, 1);
        let kept: BTreeSet<String> = components(&document).into_iter().map(|(name, _)| name).collect();
        assert_eq!(kept, ["answer", "order", "part", "sent"].map(String::from).into());
    }

    #[test]
    fn responses_require_nothing_but_requests_keep_required_and_null() {
        let object = json!({"required": ["id"], "properties": {"id": {"nullable": true}}});
        let mut document = of_operation(json!({
            "requestBody": json_body(reference_to("sent")),
            "responses": {"200": json_body(reference_to("answer"))},
        }));
        document["components"] = json!({"schemas": {"sent": object, "answer": object}});
        let (changed, document) = after(responses_require_nothing, document);
        assert_eq!(changed, 2);
        assert_eq!(document["components"]["schemas"]["sent"], object);
        assert_eq!(
            document["components"]["schemas"]["answer"],
            json!({"properties": {"id": {}}})
        );
    }

    #[test]
    fn every_rule_is_explained_beside_the_description() {
        let readme = include_str!("../../openapi/README.md");
        for (name, _) in RULES {
            assert!(
                readme.contains(&format!("| `{name}` |")),
                "openapi/README.md leaves out {name}"
            );
        }
        let listed = readme.matches("\n| `").count();
        assert!(listed >= RULES.len(), "{listed}");
    }
}
