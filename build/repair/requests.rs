//! Rules for requests: parameters, bodies, ids, and nulls that clear values.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::document::media::{JSON, chosen, is_json};
use super::super::document::names::{alike, snake};
use super::super::document::schema::{self, for_each_operation, request_reach, request_schema, response_reach};
use super::super::warnings::Warnings;
use super::plain::only;

/// Removes header and cookie parameters, because the transport sets headers. Adds the schema of a
/// string to parameters without schema. Combines `style` and `explode` of query parameters in
/// `x-style`.
pub fn parameters(document: &mut Value, warnings: &mut Warnings) -> usize {
    let mut changed = 0;
    for_each_operation(document, |path, method, operation| {
        let at = schema::pointer(path, method);
        let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else {
            return;
        };
        let before = parameters.len();
        parameters.retain(|parameter| match parameter["in"].as_str().unwrap_or_default() {
            "path" | "query" => true,
            "header" => false,
            place => {
                let problem = format!("the parameter {} in {place:?} is left out", parameter["name"]);
                warnings.add("parameters", format!("{at}/parameters"), problem);
                false
            }
        });
        changed += before - parameters.len();
        for parameter in parameters {
            if !parameter.get("schema").is_some_and(Value::is_object) {
                if parameter.get("content").is_some() {
                    let problem = format!(
                        "the parameter {} has `content` instead of a schema; sent as a string",
                        parameter["name"]
                    );
                    warnings.add("parameters", format!("{at}/parameters"), problem);
                }
                parameter["schema"] = json!({"type": "string"});
                changed += 1;
            }
            let style = match (parameter["style"].as_str(), &parameter["explode"]) {
                (Some("deepObject"), _) => "deep",
                (Some("pipeDelimited"), explode) if *explode != true => "pipe",
                (Some("spaceDelimited"), explode) if *explode != true => "space",
                (None | Some("form"), Value::Bool(false)) => "comma",
                _ => continue,
            };
            parameter["x-style"] = json!(style);
            changed += 1;
        }
    });
    changed
}

/// Makes the path parameters those that occur in the path.
pub fn path_parameters(document: &mut Value, warnings: &mut Warnings) -> usize {
    const RULE: &str = "path_parameters";
    let mut changed = 0;
    for_each_operation(document, |path, method, operation| {
        let at = schema::pointer(path, method);
        let names: Vec<&str> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
            .collect();
        let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else {
            return;
        };
        parameters.retain(|parameter| {
            let fits = parameter["in"] != "path" || names.iter().any(|name| parameter["name"] == *name);
            if !fits {
                let problem = format!(
                    "the path parameter {} does not occur in the path; left out",
                    parameter["name"]
                );
                warnings.add(RULE, &at, problem);
                changed += 1;
            }
            fits
        });
        for name in names {
            let declared = parameters.iter().any(|p| p["in"] == "path" && p["name"] == name);
            if !declared {
                warnings.add(
                    RULE,
                    &at,
                    format!("the path parameter `{name}` is not declared; sent as a string"),
                );
                parameters.push(json!({"name": name, "in": "path", "schema": {"type": "string"}}));
                changed += 1;
            }
        }
    });
    changed
}

/// Makes the Rust names of the parameters of an operation distinct. A path parameter can be
/// renamed, because its name is not sent: the only id of a path becomes `id`, and `x-path` and
/// `x-name` keep the published names. Of several query parameters with the same Rust name, only the
/// first one remains.
pub fn parameter_names(document: &mut Value, warnings: &mut Warnings) -> usize {
    let mut changed = 0;
    let Some(paths) = document["paths"].as_object_mut().map(std::mem::take) else {
        return 0;
    };
    let published: BTreeSet<String> = paths.keys().cloned().collect();
    let mut renamed = Map::new();
    for (path, item) in paths {
        for (method, mut operation) in item.as_object().cloned().unwrap_or_default() {
            changed += distinct_queries(&mut operation, &schema::pointer(&path, &method), warnings);
            let names = path_names(&operation);
            let new = names.iter().fold(path.clone(), |path, (name, new)| {
                path.replace(&format!("{{{name}}}"), &format!("{{{new}}}"))
            });
            let new = match new == path || published.contains(&new) {
                true => path.clone(),
                false => {
                    for parameter in schema::parameters_mut(&mut operation) {
                        let new = names.iter().find(|(name, _)| parameter["name"] == *name);
                        if let Some((name, new)) = new.filter(|_| parameter["in"] == "path") {
                            parameter["x-name"] = json!(name);
                            parameter["name"] = json!(new);
                            changed += 1;
                        }
                    }
                    operation["x-path"] = json!(path);
                    new
                }
            };
            renamed.entry(new).or_insert_with(|| json!({}))[method] = operation;
        }
    }
    document["paths"] = Value::Object(renamed);
    changed
}

/// Removes query parameters that have the same Rust name as an earlier one.
fn distinct_queries(operation: &mut Value, at: &str, warnings: &mut Warnings) -> usize {
    let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else {
        return 0;
    };
    let before = parameters.len();
    let mut seen = BTreeSet::new();
    parameters.retain(|parameter| {
        let name = parameter["name"].as_str().unwrap_or_default();
        let first = parameter["in"] == "path" || seen.insert(alike(name));
        if !first {
            let problem =
                format!("the parameter {name:?} has the Rust name of another; left out, `query_param` can send it");
            warnings.add("parameter_names", format!("{at}/parameters"), problem);
        }
        first
    });
    before - parameters.len()
}

/// Returns the path parameters to rename, each with its new name.
fn path_names(operation: &Value) -> Vec<(String, String)> {
    let name = |parameter: &Value| parameter["name"].as_str().unwrap_or_default().to_owned();
    let (paths, others): (Vec<_>, Vec<_>) =
        schema::parameters(operation).partition(|parameter| parameter["in"] == "path");
    let mut taken: BTreeSet<String> = others.into_iter().map(|other| alike(&name(other))).collect();
    let names: Vec<String> = paths.into_iter().map(name).collect();
    if let [only] = names.as_slice()
        && snake(only).ends_with("_id")
        && taken.insert("id".to_owned())
    {
        return vec![(only.clone(), "id".to_owned())];
    }
    let names = names.into_iter().map(|name| {
        let mut new = name.clone();
        while !taken.insert(alike(&new)) {
            new.insert_str(0, "path_");
        }
        (name, new)
    });
    names.filter(|(name, new)| name != new).collect()
}

/// Reduces a request body or a response to one media type: JSON if possible, else bytes.
/// `x-media-type` keeps a type that is not plain JSON.
pub fn one_media_type(document: &mut Value, warnings: &mut Warnings) -> usize {
    const BYTES: &str = "application/octet-stream";
    let mut changed = 0;
    for_each_operation(document, |path, method, operation| {
        for place in ["requestBody", "responses/200"] {
            let at = format!("{}/{place}/content", schema::pointer(path, method));
            let Some(body) = operation.pointer_mut(&format!("/{place}")) else {
                continue;
            };
            let content = body["content"].as_object();
            let Some((content, (media, others))) = content.and_then(|content| Some((content, chosen(content)?))) else {
                only(body, &["description", "required"]);
                continue;
            };
            let schema = content[&media].get("schema");
            let (used, schema) = match is_json(&media) {
                true => (JSON, schema.cloned().unwrap_or_else(|| json!({}))),
                false => (BYTES, json!({"type": "string", "format": "binary"})),
            };
            if content.len() == 1 && content[&media].get("schema") == Some(&schema) && media == used {
                continue;
            }
            changed += 1;
            if !others.is_empty() {
                let problem = format!("only `{media}` is used; `{}` is left out", others.join("`, `"));
                warnings.add("one_media_type", &at, problem);
            }
            if used == BYTES && media != BYTES {
                warnings.add("one_media_type", &at, format!("`{media}` is treated as bytes"));
            }
            body["content"] = json!({used: {"schema": schema}});
            if media != JSON {
                body["x-media-type"] = json!(media);
            }
        }
        // A body without media types is not sent.
        let is_empty = operation
            .get("requestBody")
            .is_some_and(|body| body.get("content").is_none());
        if let Some(operation) = operation.as_object_mut().filter(|_| is_empty) {
            operation.remove("requestBody");
            changed += 1;
        }
    });
    changed
}

/// Gives ids in requests the format `id`, because the server accepts numbers and strings.
pub fn ids_in_requests(document: &mut Value, _: &mut Warnings) -> usize {
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
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, inner) in properties.into_iter().flatten() {
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
    changed
}

/// Makes optional scalars in the bodies of PUT and PATCH nullable, because null clears a value
/// there. A `nullable` in the description takes precedence.
pub fn updates_can_clear(document: &mut Value, _: &mut Warnings) -> usize {
    let bodies = schema::operations(document)
        .into_iter()
        .filter(|(_, method, _)| ["put", "patch"].contains(method))
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
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (property, inner) in properties.into_iter().flatten() {
            let scalar = ["string", "integer", "number", "boolean"]
                .iter()
                .any(|kind| inner["type"] == **kind);
            let is_stated = inner.get("nullable").is_some();
            if scalar && !is_stated && !required.contains(property) {
                inner["nullable"] = json!(true);
                changed += 1;
            }
        }
    }
    changed
}
