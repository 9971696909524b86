//! Reduces the document to the parts from which code is generated. progenitor parses the entire
//! document, and fails at mistakes in any part.

use serde_json::{Map, Value, json};

use super::super::document::formats;
use super::super::document::names::escape;
use super::super::document::schema::{
    self, Kind, METHODS, components_mut, for_each_operation, kind, reference, union_members,
};
use super::super::warnings::Warnings;

/// Removes all entries but those with these names and the private marks. Returns how many were
/// removed.
pub fn only(value: &mut Value, names: &[&str]) -> usize {
    let Some(object) = value.as_object_mut() else {
        return 0;
    };
    let before = object.len();
    object.retain(|name, _| names.contains(&name.as_str()) || name.starts_with("x-"));
    before - object.len()
}

/// Returns the value if it is a string, else an empty string.
fn text(value: &Value) -> Value {
    json!(value.as_str().unwrap_or_default())
}

/// Removes the parts from which no code is generated, such as servers, security, callbacks and
/// examples, except one example of each parameter. Converts texts and flags to the JSON types that
/// OpenAPI requires.
pub fn bare_document(document: &mut Value, _: &mut Warnings) -> usize {
    let (title, version) = (text(&document["info"]["title"]), text(&document["info"]["version"]));
    let tags = document["tags"].as_array().into_iter().flatten();
    let tags = tags.map(|tag| json!({"name": text(&tag["name"]), "description": text(&tag["description"])}));
    let tags = tags.collect();
    document["openapi"] = json!("3.0.3");
    document["info"] = json!({"title": title, "version": version});
    document["tags"] = tags;
    let mut changed = only(document, &["openapi", "info", "tags", "paths", "components"]);
    changed += only(&mut document["components"], &["schemas"]);
    for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
        changed += only(item, &METHODS);
    }
    for_each_operation(document, |_, _, operation| {
        changed += only(
            operation,
            &[
                "operationId",
                "summary",
                "description",
                "tags",
                "parameters",
                "requestBody",
                "responses",
            ],
        );
        for parameter in schema::parameters_mut(operation) {
            changed += bare_parameter(parameter);
        }
        if let Some(body) = operation.get_mut("requestBody") {
            body["required"] = json!(body["required"] == true);
            changed += only(body, &["required", "content"]) + bare_content(body);
        }
        for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            response["description"] = text(&response["description"]);
            changed += only(response, &["description", "content"]) + bare_content(response);
        }
    });
    changed
}

fn bare_parameter(parameter: &mut Value) -> usize {
    let first = || parameter["examples"].as_object()?.values().next()?.get("value");
    let example = parameter.get("example").or_else(first).cloned();
    let in_path = parameter["in"] == "path";
    parameter["required"] = json!(in_path || parameter["required"] == true);
    parameter["description"] = text(&parameter["description"]);
    if let Some(example) = example {
        parameter["example"] = example;
    }
    only(
        parameter,
        &["name", "in", "required", "description", "schema", "example"],
    )
}

fn bare_content(body: &mut Value) -> usize {
    let content = body.get_mut("content").and_then(Value::as_object_mut);
    content
        .into_iter()
        .flatten()
        .map(|(_, media)| only(media, &["schema"]))
        .sum()
}

/// Reduces each schema to the keywords of one shape, because progenitor combines all keywords and
/// panics at some combinations. Only a component can be an object, an enum or a union; a schema
/// inside another one is a reference, a scalar, a list or a map.
pub fn one_shape(document: &mut Value, warnings: &mut Warnings) -> usize {
    let mut changed = 0;
    let mut shape = |schema: &mut Value, is_component: bool, at: String| {
        let shaped = shaped(schema, is_component, &at, warnings);
        changed += usize::from(*schema != shaped);
        *schema = shaped;
    };
    for (name, schema) in components_mut(document).into_iter().flatten() {
        shape(schema, true, format!("/components/schemas/{}", escape(name)));
    }
    for_each_operation(document, |path, method, operation| {
        let at = schema::pointer(path, method);
        for parameter in schema::parameters_mut(operation) {
            shape(&mut parameter["schema"], false, format!("{at}/parameters"));
        }
        for body in ["requestBody", "responses/200"] {
            if let Some(schema) = operation.pointer_mut(&format!("/{body}/content/application~1json/schema")) {
                shape(schema, false, format!("{at}/{body}"));
            }
        }
    });
    changed
}

fn shaped(schema: &Value, is_component: bool, at: &str, warnings: &mut Warnings) -> Value {
    let mut result = Map::new();
    let mut keep = |names: &[&str]| {
        for name in names {
            if let Some(value) = schema.get(name) {
                result.insert((*name).to_owned(), value.clone());
            }
        }
    };
    // A reference can be nullable, a component cannot.
    if schema["nullable"] == true && !is_component {
        keep(&["nullable"]);
    }
    if schema["description"].is_string() {
        keep(&["description"]);
    }
    let is_type = is_component && kind(schema) != Kind::Plain;
    let format = schema["format"].as_str().and_then(formats::find);
    if let Some(format) = format.filter(|_| !is_type && reference(schema).is_none()) {
        keep(&["format", "x-of"]);
        result.insert(
            "type".to_owned(),
            json!(if format.integer { "integer" } else { "string" }),
        );
        return Value::Object(result);
    }
    let marks = schema.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    keep(&marks.filter(|name| name.starts_with("x-")).collect::<Vec<_>>());
    if !is_type && reference(schema).is_some() {
        keep(&["$ref"]);
        return Value::Object(result);
    }
    let mut inner = |inner: &Value, place: String| shaped(inner, false, &format!("{at}/{place}"), warnings);
    match (kind(schema), schema["type"].as_str()) {
        (Kind::Object, _) if is_component => {
            let properties: Map<String, Value> = schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, property)| (name.clone(), inner(property, format!("properties/{}", escape(name)))))
                .collect();
            let required = schema["required"].as_array().into_iter().flatten();
            let required = required.filter(|name| name.as_str().is_some_and(|name| properties.contains_key(name)));
            result.insert("type".to_owned(), json!("object"));
            let required: Vec<Value> = required.cloned().collect();
            if !required.is_empty() {
                result.insert("required".to_owned(), json!(required));
            }
            result.insert("properties".to_owned(), Value::Object(properties));
        }
        (Kind::Enum, _) if is_component => {
            result.insert("type".to_owned(), json!("string"));
            result.insert("enum".to_owned(), schema["enum"].clone());
        }
        (Kind::Union, _) if is_component => {
            let members = union_members(schema).enumerate().map(|(place, member)| {
                let mut member = inner(member, format!("oneOf/{place}"));
                // typify numbers all variants of a union if it finds no name for one of them.
                if kind(&member) == Kind::Plain && reference(&member).is_none() && member.get("type").is_none() {
                    member["title"] = json!("Any");
                }
                member
            });
            result.insert("oneOf".to_owned(), members.collect());
        }
        (Kind::Plain, Some("array")) => {
            result.insert("type".to_owned(), json!("array"));
            result.insert("items".to_owned(), inner(&schema["items"], "items".to_owned()));
        }
        (Kind::Plain, Some("object")) => {
            let values = schema.get("additionalProperties").filter(|values| values.is_object());
            let values = values.map(|values| inner(values, "additionalProperties".to_owned()));
            result.insert("type".to_owned(), json!("object"));
            result.insert("additionalProperties".to_owned(), values.unwrap_or(json!(true)));
        }
        (Kind::Plain, Some(scalar)) => {
            result.insert("type".to_owned(), json!(scalar));
        }
        (Kind::Plain, None) => {}
        _ => {
            let problem = "an inline object, enum or union is not supported here; replaced by any JSON";
            warnings.add("one_shape", at, problem);
        }
    }
    Value::Object(result)
}
