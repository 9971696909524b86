//! Gives the parts of a document the JSON types that OpenAPI requires, so that the other rules need
//! no checks.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::document::names::{escape, snake, unescape};
use super::super::document::schema::{self, METHODS, component, components_mut, reference_to};
use super::super::warnings::Warnings;

/// Makes every `$ref` in a schema refer to a component. The target of a reference to another part
/// becomes a component, and a dangling or circular reference becomes any JSON.
///
/// `before` contains the references that were dangling before the overlay was applied. The others
/// are mistakes of the overlay.
pub fn references(document: &mut Value, before: &BTreeSet<String>, overlay: &str, warnings: &mut Warnings) -> usize {
    const RULE: &str = "references";
    // The rule `well_formed` handles references outside of schemas.
    let is_schema = |target: &str| is_schema_place(target) && schema::find(document, target).is_some();
    let mut dangling = schema::dangling(document, is_schema);
    dangling.retain(|reference| is_schema_place(&reference.at));
    for reference in &dangling {
        let problem = format!(
            "the target of the `$ref` {:?} is missing; replaced by any JSON",
            reference.target
        );
        match before.contains(&reference.target) {
            true => warnings.add(RULE, &reference.at, problem),
            false => warnings.add_in(
                overlay,
                RULE,
                "/actions",
                format!("{problem}, at {} of the document", reference.at),
            ),
        }
    }
    let mut changed = dangling.len();
    with_components(document);
    for reference in &dangling {
        if let Some(object) = document.pointer_mut(&reference.at).and_then(Value::as_object_mut) {
            object.remove("$ref");
        }
    }
    // The new component of a part can contain such references too, to parts that the first pass has
    // repaired.
    for _pass in 0..2 {
        let is_named = |target: &str| {
            let name = component(target);
            name.is_some_and(|name| document["components"]["schemas"].get(name).is_some())
        };
        let mut inner = schema::dangling(document, is_named);
        inner.retain(|reference| is_schema_place(&reference.at));
        changed += inner.len();
        for reference in inner {
            let Some(source) = schema::find(document, &reference.target).cloned() else {
                continue;
            };
            let new = reference_to(&part(document, &reference.target, source));
            if let Some(object) = document.pointer_mut(&reference.at).and_then(Value::as_object_mut) {
                object.extend(new.as_object().cloned().unwrap_or_default());
            }
        }
    }
    changed + circles(document, warnings)
}

/// Returns the name of the component with the content `source` of `target`, and adds the component
/// if it is missing.
fn part(document: &mut Value, target: &str, source: Value) -> String {
    // The name of a component can be escaped.
    let escaped = component(target).map(unescape);
    let known = escaped.filter(|name| document["components"]["schemas"].get(name).is_some());
    let mut name = known.unwrap_or_else(|| part_name(target));
    if let Some(schemas) = components_mut(document) {
        while schemas.get(&name).is_some_and(|other| *other != source) {
            name.push_str("_part");
        }
        schemas.entry(name.clone()).or_insert(source);
    }
    name
}

/// Returns `true` if `at` is the place of a schema. Parameters, responses and bodies are copied to
/// the places that refer to them.
fn is_schema_place(at: &str) -> bool {
    let parts: Vec<&str> = at.rsplit('/').collect();
    let inside = ["schema", "items", "additionalProperties", "not"].contains(&parts[0]);
    let listed = parts
        .get(1)
        .is_some_and(|outer| ["properties", "schemas", "oneOf", "anyOf", "allOf"].contains(outer));
    inside || listed
}

/// Returns the name of the component for a part: the names on the path to it.
fn part_name(target: &str) -> String {
    const WORDS: &str = "components schemas properties paths responses content schema requestBody application~1json";
    let segments = target.trim_start_matches("#/").split('/');
    let names = segments.filter(|segment| !schema::has_word(WORDS, segment));
    let name: Vec<String> = names.map(snake).collect();
    name.join("_")
}

/// Adds the section of component schemas if it is missing.
fn with_components(document: &mut Value) {
    for (outer, inner) in [("", "components"), ("/components", "schemas")] {
        if let Some(object) = document.pointer_mut(outer).and_then(Value::as_object_mut)
            && !object.get(inner).is_some_and(Value::is_object)
        {
            object.insert(inner.to_owned(), json!({}));
        }
    }
}

/// Replaces components that are circular references by any JSON. Unions and `allOf` of one member
/// become such references too.
pub fn circles(document: &mut Value, warnings: &mut Warnings) -> usize {
    let schemas = schema::components(document);
    let next_of = |name: &str| schemas.get(name).and_then(schema::reference);
    let circular = |start: &&String| {
        let mut name = start.as_str();
        for _ in 0..=schemas.len() {
            match next_of(name) {
                Some(next) => name = next,
                None => return false,
            }
        }
        true
    };
    let found: Vec<String> = schemas.keys().filter(circular).cloned().collect();
    for name in &found {
        let at = format!("/components/schemas/{}", escape(name));
        warnings.add("references", at, "the `$ref` is circular; replaced by any JSON");
        if let Some(schemas) = components_mut(document) {
            schemas.insert(name.clone(), json!({}));
        }
    }
    found.len()
}

/// Gives all parts the JSON types that OpenAPI requires. Copies referenced parameters, bodies,
/// responses and path items to the references, and the parameters of a path to its operations.
pub fn well_formed(document: &mut Value, warnings: &mut Warnings) -> usize {
    let before = document.clone();
    if !document.get("paths").is_some_and(Value::is_object) {
        document["paths"] = json!({});
        warnings.add("well_formed", "/paths", "is missing; the client has no operations");
    }
    if document
        .pointer("/components/schemas")
        .is_some_and(|schemas| !schemas.is_object())
    {
        warnings.add("well_formed", "/components/schemas", "is not an object; left out");
    }
    with_components(document);
    for (name, inner) in components_mut(document).into_iter().flatten() {
        repair_schema(inner, &format!("/components/schemas/{}", escape(name)), warnings);
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        // Extensions are not paths.
        paths.retain(|path, _| !path.starts_with("x-"));
        paths.retain(|path, item| {
            let at = format!("/paths/{}", escape(path));
            let own = item.as_object().cloned().unwrap_or_default();
            *item = resolved(&before, item);
            let Some(item) = item.as_object_mut() else {
                warnings.add("well_formed", at, "is not a path item; left out");
                return false;
            };
            // Keys next to a reference take precedence over its target.
            item.extend(own.into_iter().filter(|(key, _)| key != "$ref"));
            let shared = item.remove("parameters").unwrap_or_default();
            let lower = |key: &String| METHODS.contains(&key.to_lowercase().as_str()) && *key != key.to_lowercase();
            for key in item.keys().filter(|key| lower(key)).cloned().collect::<Vec<_>>() {
                warnings.add(
                    "well_formed",
                    format!("{at}/{key}"),
                    "is not in lower case; read as a method",
                );
                if let Some(operation) = item.remove(&key) {
                    item.entry(key.to_lowercase()).or_insert(operation);
                }
            }
            let methods: Vec<String> = item.keys().cloned().collect();
            for method in methods.iter().filter(|method| METHODS.contains(&method.as_str())) {
                let at = format!("{at}/{method}");
                match item.get_mut(method).filter(|operation| operation.is_object()) {
                    Some(operation) => repair_operation(&before, &shared, operation, &at, warnings),
                    None => {
                        item.retain(|key, _| key != method);
                        warnings.add("well_formed", at, "is not an operation; left out");
                    }
                }
            }
            true
        });
    }
    usize::from(*document != before)
}

/// Returns the target of a reference outside of schemas; `null` if it is missing.
fn resolved(document: &Value, value: &Value) -> Value {
    schema::resolve(document, value).cloned().unwrap_or_default()
}

fn repair_operation(document: &Value, shared: &Value, operation: &mut Value, at: &str, warnings: &mut Warnings) {
    const RULE: &str = "well_formed";
    let texts = ["operationId", "summary", "description"];
    if let Some(object) = operation.as_object_mut() {
        object.retain(|key, value| !texts.contains(&key.as_str()) || value.is_string());
    }
    // Parameters of the operation take precedence over those of the path.
    let own = operation.get("parameters").and_then(Value::as_array).cloned();
    let shared = shared.as_array().cloned();
    let mut parameters: Vec<Value> = Vec::new();
    for (index, parameter) in own.into_iter().chain(shared).flatten().enumerate() {
        let mut parameter = resolved(document, &parameter);
        if !parameter["name"].is_string() || !parameter["in"].is_string() {
            let problem = "has no `name` or no `in`; left out";
            warnings.add(RULE, format!("{at}/parameters/{index}"), problem);
            continue;
        }
        let same = |other: &Value| other["name"] == parameter["name"] && other["in"] == parameter["in"];
        if parameters.iter().any(same) {
            continue;
        }
        if let Some(schema) = parameter.get_mut("schema") {
            repair_schema(schema, &format!("{at}/parameters/{index}/schema"), warnings);
        }
        parameters.push(parameter);
    }
    operation["parameters"] = Value::Array(parameters);
    if let Some(body) = operation.get("requestBody") {
        let at = format!("{at}/requestBody");
        let mut body = resolved(document, body);
        if !body.is_object() {
            warnings.add(RULE, &at, "is not a request body; replaced by any JSON");
            body = json!({"content": {"application/json": {}}});
        }
        repair_content(&mut body, &at, warnings);
        operation["requestBody"] = body;
    }
    let responses = operation
        .get("responses")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let repaired = responses.into_iter().filter_map(|(status, response)| {
        let at = format!("{at}/responses/{}", escape(&status));
        let mut response = resolved(document, &response);
        if !response.is_object() {
            // All error responses are decoded alike.
            if status.starts_with('2') {
                warnings.add(RULE, at, "is not a response; replaced by any JSON");
                return Some((status, json!({"content": {"application/json": {}}})));
            }
            return None;
        }
        repair_content(&mut response, &at, warnings);
        Some((status, response))
    });
    operation["responses"] = Value::Object(repaired.collect());
}

/// Repairs the media types of a body or response.
fn repair_content(body: &mut Value, at: &str, warnings: &mut Warnings) {
    let Some(content) = body.get_mut("content") else { return };
    let Some(content) = content.as_object_mut() else {
        if let Some(body) = body.as_object_mut() {
            body.remove("content");
        }
        warnings.add(
            "well_formed",
            format!("{at}/content"),
            "is not a map of media types; left out",
        );
        return;
    };
    for (media, described) in content {
        if !described.is_object() {
            if !described.is_null() {
                let at = format!("{at}/content/{}", escape(media));
                warnings.add("well_formed", at, "is not a media type; replaced by any JSON");
            }
            *described = json!({});
        }
        if let Some(schema) = described.get_mut("schema") {
            repair_schema(schema, &format!("{at}/content/{}/schema", escape(media)), warnings);
        }
    }
}

/// The maximum depth of nested inline schemas.
const MAX_SCHEMA_DEPTH: usize = 24;

/// Repairs the keywords of a schema and of the schemas in it.
fn repair_schema(schema: &mut Value, at: &str, warnings: &mut Warnings) {
    repair_schema_at(schema, at, 0, warnings);
}

fn repair_schema_at(schema: &mut Value, at: &str, depth: usize, warnings: &mut Warnings) {
    if depth > MAX_SCHEMA_DEPTH {
        warnings.add("well_formed", at, "is nested too deeply; replaced by any JSON");
        *schema = json!({});
        return;
    }
    let mut warn = |at: String, problem: String| warnings.add("well_formed", at, problem);
    let Some(object) = schema.as_object_mut() else {
        // Later versions of OpenAPI write any JSON as `true`.
        if *schema != json!(true) && !schema.is_null() {
            warn(at.to_owned(), "is not a schema; replaced by any JSON".to_owned());
        }
        *schema = json!({});
        return;
    };
    repair_type(object, at, &mut warn);
    for (key, wanted) in [("properties", "an object"), ("required", "a list"), ("enum", "a list")] {
        let fits = |value: &Value| match key {
            "properties" => value.is_object(),
            _ => value.is_array(),
        };
        if object.get(key).is_some_and(|value| !fits(value)) {
            // Older descriptions write `required: true` in a property.
            if key != "required" {
                warn(format!("{at}/{key}"), format!("is not {wanted}; left out"));
            }
            object.remove(key);
        }
    }
    if let Some(single) = object.remove("const") {
        object.entry("enum").or_insert_with(|| json!([single]));
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let members = object.get(key).map(|members| members.as_array().map(Vec::len));
        if members.is_some_and(|members| members.is_none_or(|count| count == 0)) {
            warn(format!("{at}/{key}"), "is not a list of schemas; left out".to_owned());
            object.remove(key);
        }
    }
    if object
        .get("additionalProperties")
        .is_some_and(|inner| !inner.is_boolean() && !inner.is_object())
    {
        warn(
            format!("{at}/additionalProperties"),
            "is not a schema; left out".to_owned(),
        );
        object.remove("additionalProperties");
    }
    if object.get("items").is_some_and(Value::is_array) {
        warn(
            format!("{at}/items"),
            "is a list of schemas; replaced by any JSON".to_owned(),
        );
        object.insert("items".to_owned(), json!({}));
    }
    for (name, inner) in object
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        repair_schema_at(inner, &format!("{at}/properties/{}", escape(name)), depth + 1, warnings);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key).filter(|inner| !inner.is_boolean()) {
            repair_schema_at(inner, &format!("{at}/{key}"), depth + 1, warnings);
        }
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let members = object.get_mut(key).and_then(Value::as_array_mut);
        for (place, inner) in members.into_iter().flatten().enumerate() {
            repair_schema_at(inner, &format!("{at}/{key}/{place}"), depth + 1, warnings);
        }
    }
}

/// Makes `type` one of the types of OpenAPI 3.0.
fn repair_type(object: &mut Map<String, Value>, at: &str, warn: &mut impl FnMut(String, String)) {
    const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];
    let Some(value) = object.get("type").cloned() else {
        return;
    };
    let types: Vec<String> = match &value {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    if types.iter().any(|name| name == "null") {
        object.insert("nullable".to_owned(), json!(true));
    }
    let types: Vec<&String> = types.iter().filter(|name| *name != "null").collect();
    match types.as_slice() {
        [name] if TYPES.contains(&name.as_str()) => {
            if value.is_array() {
                warn(
                    format!("{at}/type"),
                    format!("is a list, as in later versions of OpenAPI; read as {name}"),
                );
            }
            object.insert("type".to_owned(), json!(name));
        }
        _ => {
            warn(
                format!("{at}/type"),
                format!("{value} is not a type of OpenAPI 3.0; replaced by any JSON"),
            );
            object.remove("type");
        }
    }
}
