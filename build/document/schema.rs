//! Small views of an OpenAPI document as a JSON value: pointers, references, reach, names.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::names::{escape, unescape};

/// The methods a path item can hold.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

/// What holds one schema inside another.
const INNER: [&str; 3] = ["items", "additionalProperties", "not"];

/// What holds several. `x-of` is the overlay's: the schemas that a hand-written type is made over.
const LISTS: [&str; 4] = ["oneOf", "anyOf", "allOf", "x-of"];

const SCHEMA_PREFIX: &str = "#/components/schemas/";

/// Every operation as `(path, method, operation)`, in the order of the document.
pub fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                found.push((path.as_str(), method.as_str(), operation));
            }
        }
    }
    found
}

/// Calls `change` on every operation as `(path, method, operation)`.
pub fn for_each_operation(document: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                change(path, method, operation);
            }
        }
    }
}

/// The component schemas, an empty map when there are none.
pub fn components(document: &Value) -> Map<String, Value> {
    document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// The component schemas, to be changed; `None` when the document has no such section.
pub fn components_mut(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}

/// The parameters of an operation, to be changed.
pub fn parameters_mut(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The parameters of an operation.
pub fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// The component schema a `$ref` names, when `schema` is one.
pub fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMA_PREFIX)
}

/// A schema that refers to the component `name`.
pub fn reference_to(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("{SCHEMA_PREFIX}{name}") })
}

/// The name in a `$ref` to a component schema.
pub fn component(target: &str) -> Option<&str> {
    target.strip_prefix(SCHEMA_PREFIX)
}

/// What a `$ref` to `target` leads to inside the document.
pub fn find<'a>(document: &'a Value, target: &str) -> Option<&'a Value> {
    let pointer = target.strip_prefix('#')?;
    document.pointer(pointer).or_else(|| {
        let segments = pointer.split('/').map(|segment| escape(&unescape(segment)));
        document.pointer(&segments.collect::<Vec<_>>().join("/"))
    })
}

/// What `value` leads to, to the end of a chain of references; anything else is itself. `None` where the chain leads
/// nowhere or round in a circle.
pub fn followed<'a>(document: &'a Value, value: &'a Value) -> Option<&'a Value> {
    let mut seen = BTreeSet::new();
    let mut found = value;
    while let Some(target) = found.get("$ref").and_then(Value::as_str) {
        found = find(document, target).filter(|_| seen.insert(target))?;
    }
    Some(found)
}

/// A `$ref` and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The JSON pointer of the object that holds it.
    pub at: String,
    /// Where it leads.
    pub target: String,
}

/// Keys whose values are data, in which a `$ref` is a value like any other, or lead outside of what is built.
const DATA: [&str; 7] = [
    "example",
    "examples",
    "default",
    "enum",
    "discriminator",
    "links",
    "callbacks",
];

/// Keys whose values are objects by names.
const NAMES: [&str; 6] = [
    "paths",
    "parameters",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
];

/// Every `$ref` below `node` that does not lead where `leads` says.
pub fn dangling(node: &Value, leads: impl Fn(&str) -> bool) -> Vec<Reference> {
    fn visit(node: &Value, at: &mut String, named: bool, leads: &impl Fn(&str) -> bool, found: &mut Vec<Reference>) {
        let depth = at.len();
        match node {
            Value::Object(object) => {
                if let Some(target) = object.get("$ref").and_then(Value::as_str)
                    && !leads(target)
                {
                    found.push(Reference {
                        at: at.clone(),
                        target: target.to_owned(),
                    });
                }
                for (key, inner) in object {
                    // Among properties and components, these are names like any other.
                    let data = DATA.contains(&key.as_str()) || (key.starts_with("x-") && key != "x-of");
                    if (named || !data) && (inner.is_object() || inner.is_array()) {
                        at.push('/');
                        at.push_str(&escape(key));
                        let names = !named && NAMES.contains(&key.as_str());
                        visit(inner, at, names, leads, found);
                        at.truncate(depth);
                    }
                }
            }
            Value::Array(items) => {
                for (i, inner) in items.iter().enumerate() {
                    at.push_str(&format!("/{i}"));
                    visit(inner, at, false, leads, found);
                    at.truncate(depth);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(node, &mut String::new(), false, &leads, &mut found);
    found
}

/// A path without the names of its parameters, in which versions differ.
pub fn shape(path: &str) -> String {
    let segments = path.split('/');
    let shapes = segments.map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    shapes.collect::<Vec<_>>().join("/")
}

/// Returns the published path of an operation. The rule `parameter_names` renames path parameters.
pub fn published<'a>(path: &'a str, operation: &'a Value) -> &'a str {
    operation["x-path"].as_str().unwrap_or(path)
}

/// The JSON pointer of an operation.
pub fn pointer(path: &str, method: &str) -> String {
    format!("/paths/{}/{method}", escape(path))
}

/// The schema of an operation's JSON request body.
pub fn request_schema(operation: &Value) -> Option<&Value> {
    operation.pointer("/requestBody/content/application~1json/schema")
}

/// The status and schema of an operation's JSON success response, if it has one.
pub fn response_schema(operation: &Value) -> Option<(&str, &Value)> {
    operation["responses"]
        .as_object()?
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .find_map(|(status, response)| {
            let schema = response.pointer("/content/application~1json/schema")?;
            Some((status.as_str(), schema))
        })
}

/// Calls `visit` with every schema below `schema`, itself first, and its JSON pointer.
pub fn walk<'a>(schema: &'a Value, pointer: &str, visit: &mut impl FnMut(&'a Value, &str)) {
    visit(schema, pointer);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(inner, &format!("{pointer}/properties/{}", escape(name)), visit);
    }
    for key in INNER {
        if let Some(inner) = schema.get(key).filter(|s| s.is_object()) {
            walk(inner, &format!("{pointer}/{key}"), visit);
        }
    }
    for key in LISTS {
        for (i, inner) in schema[key].as_array().into_iter().flatten().enumerate() {
            walk(inner, &format!("{pointer}/{key}/{i}"), visit);
        }
    }
}

/// Calls `visit` with every schema of the document and its JSON pointer.
pub fn walk_all<'a>(document: &'a Value, visit: &mut impl FnMut(&'a Value, &str)) {
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        walk(schema, &format!("/components/schemas/{}", escape(name)), visit);
    }
    for (path, method, operation) in operations(document) {
        let at = pointer(path, method);
        for (place, parameter) in operation["parameters"].as_array().into_iter().flatten().enumerate() {
            walk(&parameter["schema"], &format!("{at}/parameters/{place}/schema"), visit);
        }
        let body = operation
            .get("requestBody")
            .map(|body| ("requestBody".to_owned(), body));
        let responses = operation["responses"].as_object().into_iter().flatten();
        let responses = responses.map(|(status, response)| (format!("responses/{}", escape(status)), response));
        for (place, body) in body.into_iter().chain(responses) {
            for (media, described) in body["content"].as_object().into_iter().flatten() {
                let at = format!("{at}/{place}/content/{}/schema", escape(media));
                walk(&described["schema"], &at, visit);
            }
        }
    }
}

/// What a schema is to types: an object, an enum or a union gets one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has properties.
    Object,
    /// Its values are listed.
    Enum,
    /// It is one of several.
    Union,
    /// Anything else: a scalar, a list, a map, a reference, any JSON.
    Plain,
}

/// What `schema` is to types.
pub fn kind(schema: &Value) -> Kind {
    let has = |key: &str| schema.get(key).is_some();
    match () {
        () if has("properties") => Kind::Object,
        () if has("enum") => Kind::Enum,
        () if has("oneOf") || has("anyOf") => Kind::Union,
        () => Kind::Plain,
    }
}

/// Whether a type is made from an inline schema: then it needs a name first.
pub fn needs_name(schema: &Value) -> bool {
    kind(schema) != Kind::Plain || schema.get("allOf").is_some()
}

/// The members of a union.
pub fn forms(schema: &Value) -> impl Iterator<Item = &Value> {
    let members = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array());
    members.flatten()
}

/// The only member of a union or `allOf` that has nothing beside it but prose and `nullable`.
pub fn single_member(schema: &Value) -> Option<(&'static str, &Value)> {
    let object = schema.as_object()?;
    ["oneOf", "anyOf", "allOf"].into_iter().find_map(|key| {
        let members = object.get(key)?.as_array()?;
        let bare = object
            .keys()
            .all(|k| [key, "description", "nullable", "type"].contains(&k.as_str()));
        (bare && members.len() == 1).then(|| (key, &members[0]))
    })
}

/// Calls `change` on every schema below `schema`, innermost first.
pub fn walk_mut(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|inner| walk_mut(inner, change));
    }
    for key in INNER {
        if let Some(inner) = object.get_mut(key) {
            walk_mut(inner, change);
        }
    }
    for key in LISTS {
        if let Some(members) = object.get_mut(key).and_then(Value::as_array_mut) {
            members.iter_mut().for_each(|inner| walk_mut(inner, change));
        }
    }
    change(object);
}

/// Calls `change` on every schema of the document: components, parameters, request bodies and responses.
pub fn for_each_schema(document: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    if let Some(schemas) = components_mut(document) {
        schemas.values_mut().for_each(|schema| walk_mut(schema, change));
    }
    for_each_operation(document, |_, _, operation| {
        for parameter in parameters_mut(operation) {
            if let Some(schema) = parameter.get_mut("schema") {
                walk_mut(schema, change);
            }
        }
        let mut bodies: Vec<&mut Value> = Vec::new();
        let object = operation.as_object_mut().into_iter().flatten();
        for (key, value) in object {
            match key.as_str() {
                "requestBody" => bodies.push(value),
                "responses" => bodies.extend(value.as_object_mut().into_iter().flatten().map(|(_, r)| r)),
                _ => {}
            }
        }
        for body in bodies {
            for (_, media) in body
                .get_mut("content")
                .and_then(Value::as_object_mut)
                .into_iter()
                .flatten()
            {
                if let Some(schema) = media.get_mut("schema") {
                    walk_mut(schema, change);
                }
            }
        }
    });
}

/// The names of all component schemas that can be reached from `roots`.
pub fn reach<'a>(document: &'a Value, roots: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Value> = roots.collect();
    while let Some(schema) = open.pop() {
        walk(schema, "", &mut |inner, _| {
            if let Some(name) = reference(inner)
                && reached.insert(name.to_owned())
                && let Some(target) = document["components"]["schemas"].get(name)
            {
                open.push(target);
            }
        });
    }
    reached
}

/// The component schemas that requests send, in their bodies and parameters.
pub fn request_reach(document: &Value) -> BTreeSet<String> {
    let sent = operations(document).into_iter().flat_map(|(_, _, operation)| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let schemas = parameters.map(|parameter| &parameter["schema"]);
        schemas.chain(request_schema(operation))
    });
    reach(document, sent)
}

/// The component schemas that success responses carry, and webhooks whose objects are among them: those whose
/// `x-webhook-item` is an object.
pub fn response_reach(document: &Value) -> BTreeSet<String> {
    let answers = operations(document)
        .into_iter()
        .filter_map(|(_, _, o)| response_schema(o).map(|(_, s)| s));
    let mut reached = reach(document, answers);
    let schemas = &document["components"]["schemas"];
    let is_item = |name: &str| schemas[name].get("x-webhook-item").is_some();
    let carried = schemas.as_object().into_iter().flatten().filter(|(_, schema)| {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut parts = properties.filter_map(|(_, property)| reference(property));
        schema["x-webhook-item"].is_object() && parts.all(|part| !is_item(part) || reached.contains(part))
    });
    let carried: Vec<(&String, &Value)> = carried.collect();
    let parts = reach(document, carried.iter().map(|(_, schema)| *schema));
    reached.extend(carried.into_iter().map(|(name, _)| name.clone()));
    reached.extend(parts);
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_come_in_order_and_skip_what_is_no_method() {
        let mut document = json!({"paths": {
            "/a": {"post": {"operationId": "a"}},
            "/b": {"get": {"operationId": "b1"}, "put": {"operationId": "b2"}, "summary": "two"},
        }});
        let found: Vec<_> = operations(&document)
            .into_iter()
            .map(|(path, method, _)| (path, method))
            .collect();
        assert_eq!(found, [("/a", "post"), ("/b", "get"), ("/b", "put")]);
        let mut changed = Vec::new();
        for_each_operation(&mut document, |path, method, operation| {
            changed.push(format!("{method} {path} {}", operation["operationId"]));
        });
        assert_eq!(changed, [r#"post /a "a""#, r#"get /b "b1""#, r#"put /b "b2""#]);
    }

    #[test]
    fn every_schema_is_visited_wherever_it_stands() {
        let at = |name: &str| json!({"x": name});
        let body = |name: &str| json!({"content": {"application/json": {"schema": at(name)}}});
        let mut document = json!({
            "components": {"schemas": {"c": {"x": "component", "properties": {"p": at("property")}, "items": at("item"),
                "additionalProperties": at("value"), "not": at("not"), "allOf": [at("member")]}}},
            "paths": {"/a": {"post": {
                "parameters": [{"schema": at("parameter")}],
                "requestBody": body("request"),
                "responses": {"200": body("success"), "404": body("error")},
            }}},
        });
        let mut seen = Vec::new();
        for_each_schema(&mut document, &mut |schema| {
            seen.push(schema["x"].as_str().unwrap().to_owned());
        });
        assert_eq!(
            seen,
            [
                "property",
                "item",
                "value",
                "not",
                "member",
                "component",
                "parameter",
                "request",
                "success",
                "error"
            ]
        );
        let mut pointers = Vec::new();
        walk(&document["components"]["schemas"]["c"], "/c", &mut |_, pointer| {
            pointers.push(pointer.to_owned());
        });
        assert_eq!(
            pointers,
            [
                "/c",
                "/c/properties/p",
                "/c/items",
                "/c/additionalProperties",
                "/c/not",
                "/c/allOf/0"
            ]
        );
    }

    #[test]
    fn references_and_bodies_are_found() {
        assert_eq!(reference(&reference_to("tag")), Some("tag"));
        assert_eq!(reference(&json!({"$ref": "other.yaml#/tag"})), None);
        let operation = json!({"responses": {
            "404": {"content": {"application/json": {"schema": 1}}},
            "202": {"content": {"application/json": {"schema": 2}}},
        }});
        assert_eq!(response_schema(&operation), Some(("202", &json!(2))));
        assert_eq!(request_schema(&operation), None);
    }

    #[test]
    fn reach_follows_references_at_any_depth() {
        let document = json!({
            "components": {"schemas": {
                "a": {"properties": {"b": {"items": {"$ref": "#/components/schemas/b"}}}},
                "b": {"oneOf": [{"$ref": "#/components/schemas/a"}, {"additionalProperties": {"$ref": "#/components/schemas/c"}}]},
                "c": {}, "d": {},
            }},
            "paths": {"/x": {"post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/c"}}}},
                "responses": {"400": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/d"}}}},
                              "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/a"}}}}},
            }}},
        });
        assert_eq!(response_reach(&document), ["a", "b", "c"].map(String::from).into());
        assert_eq!(request_reach(&document), ["c"].map(String::from).into());
    }
}
