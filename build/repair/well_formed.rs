//! A document whose parts are what OpenAPI says they are, so that the other rules need not ask.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::document::names::{escape, snake, unescape};
use super::super::document::schema::{self, METHODS, component, components_mut, reference_to};
use super::super::warnings::Warnings;

/// How many references into the middle of something can stand inside what another one leads to. A part that contains a
/// reference into itself has no end.
const CHAIN: usize = 16;

/// Every `$ref` in a schema leads to a component: one into the middle of something gets a component of its own, one that
/// leads nowhere, or only to itself, becomes free-form JSON.
///
/// `before` are those that led nowhere before the overlay was applied: they are the description's, the others the
/// overlay's.
pub fn references(document: &mut Value, before: &BTreeSet<String>, overlay: &str, warnings: &mut Warnings) -> usize {
    const RULE: &str = "references";
    // Elsewhere it is the rule `well_formed` that finds that nothing is there.
    let is_schema = |target: &str| is_schema_place(target) && schema::find(document, target).is_some();
    let mut lost = schema::dangling(document, is_schema);
    lost.retain(|reference| is_schema_place(&reference.at));
    for reference in &lost {
        let what = format!(
            "`$ref` {:?} leads to no schema; any JSON stands for it",
            reference.target
        );
        match before.contains(&reference.target) {
            true => warnings.add(RULE, &reference.at, what),
            false => warnings.add_in(
                overlay,
                RULE,
                "/actions",
                format!("{what}, at {} of the document", reference.at),
            ),
        }
    }
    let mut changed = lost.len();
    with_components(document);
    for reference in &lost {
        if let Some(object) = document.pointer_mut(&reference.at).and_then(Value::as_object_mut) {
            object.remove("$ref");
        }
    }
    // A component that is made of a part can have such references itself.
    for depth in 0.. {
        let is_named = |target: &str| {
            let name = component(target);
            name.is_some_and(|name| document["components"]["schemas"].get(name).is_some())
        };
        let mut inner = schema::dangling(document, is_named);
        inner.retain(|reference| is_schema_place(&reference.at) && schema::find(document, &reference.target).is_some());
        if inner.is_empty() {
            break;
        }
        changed += inner.len();
        for reference in inner {
            let Some(source) = schema::find(document, &reference.target).cloned() else {
                continue;
            };
            let new = if depth < CHAIN {
                reference_to(&part(document, &reference.target, source))
            } else {
                let what = format!(
                    "`$ref` {:?} is the end of {CHAIN} references inside one another; any JSON stands for it",
                    reference.target
                );
                warnings.add(RULE, &reference.at, what);
                Value::Null
            };
            if let Some(object) = document.pointer_mut(&reference.at).and_then(Value::as_object_mut) {
                object.remove("$ref");
                object.extend(new.as_object().cloned().unwrap_or_default());
            }
        }
    }
    changed + circles(document, warnings)
}

/// The name of the component that is what `target` leads to: `source`, which becomes one where it is none.
fn part(document: &mut Value, target: &str, source: Value) -> String {
    // A component's name can be escaped.
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

/// Whether a schema can stand there, and not a parameter, response or body, which are written out where they are used.
fn is_schema_place(at: &str) -> bool {
    let parts: Vec<&str> = at.rsplit('/').collect();
    let inside = ["schema", "items", "additionalProperties", "not"].contains(&parts[0]);
    let listed = parts
        .get(1)
        .is_some_and(|outer| ["properties", "schemas", "oneOf", "anyOf", "allOf"].contains(outer));
    inside || listed
}

/// The name of a component made of what a reference leads into: the names on its way.
fn part_name(target: &str) -> String {
    const WORDS: [&str; 9] = [
        "components",
        "schemas",
        "properties",
        "paths",
        "responses",
        "content",
        "schema",
        "requestBody",
        "application~1json",
    ];
    let segments = target.trim_start_matches("#/").split('/');
    let names = segments.filter(|segment| !WORDS.contains(segment));
    let name: Vec<String> = names.map(snake).collect();
    name.join("_")
}

/// Makes the section of component schemas where there is none.
fn with_components(document: &mut Value) {
    for (outer, inner) in [("", "components"), ("/components", "schemas")] {
        if let Some(object) = document.pointer_mut(outer).and_then(Value::as_object_mut)
            && !object.get(inner).is_some_and(Value::is_object)
        {
            object.insert(inner.to_owned(), json!({}));
        }
    }
}

/// Components that are only references to one another stand for any JSON. Unions and `allOf` of one become such references
/// too.
pub fn circles(document: &mut Value, warnings: &mut Warnings) -> usize {
    let schemas = schema::components(document);
    let leads_on = |name: &str| schemas.get(name).and_then(schema::reference);
    let circular = |start: &&String| {
        let mut name = start.as_str();
        for _ in 0..=schemas.len() {
            match leads_on(name) {
                Some(next) => name = next,
                None => return false,
            }
        }
        true
    };
    let found: Vec<String> = schemas.keys().filter(circular).cloned().collect();
    for name in &found {
        let at = format!("/components/schemas/{}", escape(name));
        warnings.add(
            "references",
            at,
            "`$ref` leads round in a circle; any JSON stands for it",
        );
        if let Some(schemas) = components_mut(document) {
            schemas.insert(name.clone(), json!({}));
        }
    }
    found.len()
}

/// What OpenAPI wants to be an object, a list or a name is one. References to parameters, bodies, responses and path items
/// are written out, and parameters of a path stand at each of its operations.
pub fn well_formed(document: &mut Value, warnings: &mut Warnings) -> usize {
    let before = document.clone();
    if !document.get("paths").is_some_and(Value::is_object) {
        document["paths"] = json!({});
        warnings.add(
            "well_formed",
            "/paths",
            "there are no paths, so there are no operations",
        );
    }
    if document
        .pointer("/components/schemas")
        .is_some_and(|schemas| !schemas.is_object())
    {
        warnings.add("well_formed", "/components/schemas", "is not an object; left out");
    }
    with_components(document);
    for (name, inner) in components_mut(document).into_iter().flatten() {
        tidy(inner, &format!("/components/schemas/{}", escape(name)), warnings);
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        // Extensions are no paths.
        paths.retain(|path, _| !path.starts_with("x-"));
        paths.retain(|path, item| {
            let at = format!("/paths/{}", escape(path));
            let own = item.as_object().cloned().unwrap_or_default();
            *item = written_out(&before, item);
            let Some(item) = item.as_object_mut() else {
                warnings.add("well_formed", at, "is no path item; left out");
                return false;
            };
            // What stands beside a reference goes before what it leads to.
            item.extend(own.into_iter().filter(|(key, _)| key != "$ref"));
            let shared = item.remove("parameters").unwrap_or_default();
            let lower = |key: &String| METHODS.contains(&key.to_lowercase().as_str()) && *key != key.to_lowercase();
            for key in item.keys().filter(|key| lower(key)).cloned().collect::<Vec<_>>() {
                warnings.add(
                    "well_formed",
                    format!("{at}/{key}"),
                    "is written in capitals; read as a method",
                );
                if let Some(operation) = item.remove(&key) {
                    item.entry(key.to_lowercase()).or_insert(operation);
                }
            }
            let methods: Vec<String> = item.keys().cloned().collect();
            for method in methods.iter().filter(|method| METHODS.contains(&method.as_str())) {
                let at = format!("{at}/{method}");
                match item.get_mut(method).filter(|operation| operation.is_object()) {
                    Some(operation) => mend_operation(&before, &shared, operation, &at, warnings),
                    None => {
                        item.retain(|key, _| key != method);
                        warnings.add("well_formed", at, "is no operation; left out");
                    }
                }
            }
            true
        });
    }
    usize::from(*document != before)
}

/// What a reference outside of schemas leads to, to the end of the chain; `null` when it leads nowhere.
fn written_out(document: &Value, value: &Value) -> Value {
    schema::followed(document, value).cloned().unwrap_or_default()
}

fn mend_operation(document: &Value, shared: &Value, operation: &mut Value, at: &str, warnings: &mut Warnings) {
    const RULE: &str = "well_formed";
    let texts = ["operationId", "summary", "description"];
    if let Some(object) = operation.as_object_mut() {
        object.retain(|key, value| !texts.contains(&key.as_str()) || value.is_string());
    }
    // The operation's own parameters go before those of its path.
    let own = operation.get("parameters").and_then(Value::as_array).cloned();
    let shared = shared.as_array().cloned();
    let mut parameters: Vec<Value> = Vec::new();
    for (index, parameter) in own.into_iter().chain(shared).flatten().enumerate() {
        let mut parameter = written_out(document, &parameter);
        if !parameter["name"].is_string() || !parameter["in"].is_string() {
            let what = "a parameter has no name, or nowhere to stand; left out";
            warnings.add(RULE, format!("{at}/parameters/{index}"), what);
            continue;
        }
        let same = |other: &Value| other["name"] == parameter["name"] && other["in"] == parameter["in"];
        if parameters.iter().any(same) {
            continue;
        }
        if let Some(schema) = parameter.get_mut("schema") {
            tidy(schema, &format!("{at}/parameters/{index}/schema"), warnings);
        }
        parameters.push(parameter);
    }
    operation["parameters"] = Value::Array(parameters);
    if let Some(body) = operation.get("requestBody") {
        let at = format!("{at}/requestBody");
        let mut body = written_out(document, body);
        if !body.is_object() {
            warnings.add(RULE, &at, "is no request body; any JSON is taken");
            body = json!({"content": {"application/json": {}}});
        }
        mend_content(&mut body, &at, warnings);
        operation["requestBody"] = body;
    }
    let responses = operation
        .get("responses")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mended = responses.into_iter().filter_map(|(status, response)| {
        let at = format!("{at}/responses/{}", escape(&status));
        let mut response = written_out(document, &response);
        if !response.is_object() {
            // Errors are read alike, described or not.
            if status.starts_with('2') {
                warnings.add(RULE, at, "is no response; any JSON is read");
                return Some((status, json!({"content": {"application/json": {}}})));
            }
            return None;
        }
        mend_content(&mut response, &at, warnings);
        Some((status, response))
    });
    operation["responses"] = Value::Object(mended.collect());
}

/// The media types of a body or response.
fn mend_content(body: &mut Value, at: &str, warnings: &mut Warnings) {
    let Some(content) = body.get_mut("content") else { return };
    let Some(content) = content.as_object_mut() else {
        if let Some(body) = body.as_object_mut() {
            body.remove("content");
        }
        warnings.add("well_formed", format!("{at}/content"), "lists no media types; left out");
        return;
    };
    for (media, described) in content {
        if !described.is_object() {
            *described = json!({});
        }
        if let Some(schema) = described.get_mut("schema") {
            tidy(schema, &format!("{at}/content/{}/schema", escape(media)), warnings);
        }
    }
}

/// How deep lists, objects and the like can stand in one another inside one schema.
const DEEP: usize = 24;

/// A schema whose keywords are what they have to be, and those below it.
fn tidy(schema: &mut Value, at: &str, warnings: &mut Warnings) {
    tidy_at(schema, at, 0, warnings);
}

fn tidy_at(schema: &mut Value, at: &str, depth: usize, warnings: &mut Warnings) {
    if depth > DEEP {
        warnings.add("well_formed", at, "is nested too deep; any JSON stands for it");
        *schema = json!({});
        return;
    }
    let mut warn = |at: String, what: String| warnings.add("well_formed", at, what);
    let Some(object) = schema.as_object_mut() else {
        // `true` stands for any value in later versions.
        if *schema != json!(true) && !schema.is_null() {
            warn(at.to_owned(), "is no schema; any JSON stands for it".to_owned());
        }
        *schema = json!({});
        return;
    };
    kinds(object, at, &mut warn);
    for (key, wanted) in [("properties", "an object"), ("required", "a list"), ("enum", "a list")] {
        let fits = |value: &Value| match key {
            "properties" => value.is_object(),
            _ => value.is_array(),
        };
        if object.get(key).is_some_and(|value| !fits(value)) {
            // `required: true` in a property is how older descriptions say it.
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
            warn(format!("{at}/{key}"), "is no list of schemas; left out".to_owned());
            object.remove(key);
        }
    }
    if object
        .get("additionalProperties")
        .is_some_and(|inner| !inner.is_boolean() && !inner.is_object())
    {
        object.remove("additionalProperties");
    }
    if object.get("items").is_some_and(Value::is_array) {
        warn(
            format!("{at}/items"),
            "lists one schema a place; any JSON is an item".to_owned(),
        );
        object.insert("items".to_owned(), json!({}));
    }
    for (name, inner) in object
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        tidy_at(inner, &format!("{at}/properties/{}", escape(name)), depth + 1, warnings);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key).filter(|inner| !inner.is_boolean()) {
            tidy_at(inner, &format!("{at}/{key}"), depth + 1, warnings);
        }
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let members = object.get_mut(key).and_then(Value::as_array_mut);
        for (place, inner) in members.into_iter().flatten().enumerate() {
            tidy_at(inner, &format!("{at}/{key}/{place}"), depth + 1, warnings);
        }
    }
}

/// `type` is one of OpenAPI's words.
fn kinds(object: &mut Map<String, Value>, at: &str, warn: &mut impl FnMut(String, String)) {
    const KINDS: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];
    let Some(said) = object.get("type").cloned() else {
        return;
    };
    let words: Vec<String> = match &said {
        Value::String(word) => vec![word.clone()],
        Value::Array(words) => words
            .iter()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    if words.iter().any(|word| word == "null") {
        object.insert("nullable".to_owned(), json!(true));
    }
    let words: Vec<&String> = words.iter().filter(|word| *word != "null").collect();
    match words.as_slice() {
        [word] if KINDS.contains(&word.as_str()) => {
            if said.is_array() {
                warn(
                    format!("{at}/type"),
                    format!("is a list, as in later versions; read as {word}"),
                );
            }
            object.insert("type".to_owned(), json!(word));
        }
        _ => {
            warn(
                format!("{at}/type"),
                format!("{said} is none of OpenAPI 3.0's; any JSON stands for it"),
            );
            object.remove("type");
        }
    }
}
