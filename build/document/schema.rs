//! Operations, schemas and references of an OpenAPI document, which is a JSON value.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::names::{escape, unescape};

/// The methods of a path item.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

/// Keywords whose value is a schema.
const SCHEMA_KEYWORDS: [&str; 3] = ["items", "additionalProperties", "not"];

/// Keywords whose value is a list of schemas. `x-of` is private: the schemas that a hand-written
/// type contains.
const LIST_KEYWORDS: [&str; 4] = ["oneOf", "anyOf", "allOf", "x-of"];

const SCHEMA_PREFIX: &str = "#/components/schemas/";

/// Returns every operation as `(path, method, operation)`, in the order of the document.
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

/// Calls `change` with every operation as `(path, method, operation)`.
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

/// Returns the component schemas; an empty map if the document has none.
pub fn components(document: &Value) -> Map<String, Value> {
    document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// Returns the component schemas mutably; `None` if the document has none.
pub fn components_mut(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}

/// Returns the parameters of an operation mutably.
pub fn parameters_mut(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// Returns the parameters of an operation.
pub fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// Returns the name of the component schema if `schema` is a `$ref` to one.
pub fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMA_PREFIX)
}

/// Returns a `$ref` to the component `name`.
pub fn reference_to(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("{SCHEMA_PREFIX}{name}") })
}

/// Returns the name if `target` is a component schema.
pub fn component(target: &str) -> Option<&str> {
    target.strip_prefix(SCHEMA_PREFIX)
}

/// Returns the target of a `$ref` in the document.
pub fn find<'a>(document: &'a Value, target: &str) -> Option<&'a Value> {
    let pointer = target.strip_prefix('#')?;
    document.pointer(pointer).or_else(|| {
        let segments = pointer.split('/').map(|segment| escape(&unescape(segment)));
        document.pointer(&segments.collect::<Vec<_>>().join("/"))
    })
}

/// Follows a chain of references to its end. A `value` that is not a reference is returned
/// unchanged. Returns `None` if a target is missing, and if the chain is circular.
pub fn resolve<'a>(document: &'a Value, value: &'a Value) -> Option<&'a Value> {
    let mut seen = BTreeSet::new();
    let mut found = value;
    while let Some(target) = found.get("$ref").and_then(Value::as_str) {
        found = find(document, target).filter(|_| seen.insert(target))?;
    }
    Some(found)
}

/// A `$ref` and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The JSON pointer of the object that contains it.
    pub at: String,
    /// The target.
    pub target: String,
}

/// Keys whose values are not searched for references: data, and parts from which no code is
/// generated.
const DATA_KEYS: &str = "example examples default enum discriminator links callbacks";

/// Keys whose values are maps from names to objects.
const MAP_KEYS: &str = "paths parameters properties requestBodies responses schemas";

/// Returns `true` if `word` is one of the words in `list`, which are separated by spaces.
pub fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Returns every `$ref` in `node` whose target is not `known`.
pub fn dangling(node: &Value, known: impl Fn(&str) -> bool) -> Vec<Reference> {
    fn visit(node: &Value, at: &mut String, is_map: bool, known: &impl Fn(&str) -> bool, found: &mut Vec<Reference>) {
        let depth = at.len();
        match node {
            Value::Object(object) => {
                if let Some(target) = object.get("$ref").and_then(Value::as_str)
                    && !known(target)
                {
                    found.push(Reference {
                        at: at.clone(),
                        target: target.to_owned(),
                    });
                }
                for (key, inner) in object {
                    // The keys of a map are names, not keywords.
                    let data = has_word(DATA_KEYS, key) || (key.starts_with("x-") && key != "x-of");
                    if (is_map || !data) && (inner.is_object() || inner.is_array()) {
                        at.push('/');
                        at.push_str(&escape(key));
                        let is_map = !is_map && has_word(MAP_KEYS, key);
                        visit(inner, at, is_map, known, found);
                        at.truncate(depth);
                    }
                }
            }
            Value::Array(items) => {
                for (i, inner) in items.iter().enumerate() {
                    at.push_str(&format!("/{i}"));
                    visit(inner, at, false, known, found);
                    at.truncate(depth);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(node, &mut String::new(), false, &known, &mut found);
    found
}

/// Returns a path without the names of its parameters, which differ between versions of the API.
pub fn shape(path: &str) -> String {
    let segments = path.split('/');
    let shapes = segments.map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    shapes.collect::<Vec<_>>().join("/")
}

/// Returns the published path of an operation. The rule `parameter_names` renames path parameters.
pub fn published<'a>(path: &'a str, operation: &'a Value) -> &'a str {
    operation["x-path"].as_str().unwrap_or(path)
}

/// Returns the JSON pointer of an operation.
pub fn pointer(path: &str, method: &str) -> String {
    format!("/paths/{}/{method}", escape(path))
}

/// Returns the schema of the JSON body of a request.
pub fn request_schema(operation: &Value) -> Option<&Value> {
    operation.pointer("/requestBody/content/application~1json/schema")
}

/// Returns the status and schema of the JSON success response.
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

/// Calls `visit` with `schema` and all schemas in it, outermost first, and their JSON pointers.
pub fn walk<'a>(schema: &'a Value, pointer: &str, visit: &mut impl FnMut(&'a Value, &str)) {
    visit(schema, pointer);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(inner, &format!("{pointer}/properties/{}", escape(name)), visit);
    }
    for key in SCHEMA_KEYWORDS {
        if let Some(inner) = schema.get(key).filter(|s| s.is_object()) {
            walk(inner, &format!("{pointer}/{key}"), visit);
        }
    }
    for key in LIST_KEYWORDS {
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

/// The kind of type that a schema becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A struct: the schema has properties.
    Object,
    /// An enum: the schema lists its values.
    Enum,
    /// A union: the schema has `oneOf` or `anyOf`.
    Union,
    /// No own type: a scalar, a list, a map, a reference, or any JSON.
    Plain,
}

/// Returns the kind of type that a schema becomes.
pub fn kind(schema: &Value) -> Kind {
    let has = |key: &str| schema.get(key).is_some();
    match () {
        () if has("properties") => Kind::Object,
        () if has("enum") => Kind::Enum,
        () if has("oneOf") || has("anyOf") => Kind::Union,
        () => Kind::Plain,
    }
}

/// Returns `true` if an inline schema becomes a type, for which it needs a name.
pub fn needs_name(schema: &Value) -> bool {
    kind(schema) != Kind::Plain || schema.get("allOf").is_some()
}

/// Returns the members of a union.
pub fn union_members(schema: &Value) -> impl Iterator<Item = &Value> {
    let members = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array());
    members.flatten()
}

/// Returns the only member of a union or `allOf`, if the other keywords are just `description`,
/// `nullable` and `type`.
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

/// Calls `change` with `schema` and all schemas in it, innermost first.
pub fn walk_mut(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|inner| walk_mut(inner, change));
    }
    for key in SCHEMA_KEYWORDS {
        if let Some(inner) = object.get_mut(key) {
            walk_mut(inner, change);
        }
    }
    for key in LIST_KEYWORDS {
        if let Some(members) = object.get_mut(key).and_then(Value::as_array_mut) {
            members.iter_mut().for_each(|inner| walk_mut(inner, change));
        }
    }
    change(object);
}

/// Calls `change` with every schema of the document: components, parameters, request bodies and
/// responses.
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

/// Returns the names of the component schemas that `roots` refer to, directly or indirectly.
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

/// Returns the component schemas in request bodies and parameters.
pub fn request_reach(document: &Value) -> BTreeSet<String> {
    let sent = operations(document).into_iter().flat_map(|(_, _, operation)| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let schemas = parameters.map(|parameter| &parameter["schema"]);
        schemas.chain(request_schema(operation))
    });
    reach(document, sent)
}

/// Returns the component schemas in success responses, and those of webhook items (whose
/// `x-webhook-item` is an object) that contain only items among them.
pub fn response_reach(document: &Value) -> BTreeSet<String> {
    let responses = operations(document)
        .into_iter()
        .filter_map(|(_, _, o)| response_schema(o).map(|(_, s)| s));
    let mut reached = reach(document, responses);
    let schemas = &document["components"]["schemas"];
    let is_item = |name: &str| schemas[name].get("x-webhook-item").is_some();
    let webhooks = schemas.as_object().into_iter().flatten().filter(|(_, schema)| {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut parts = properties.filter_map(|(_, property)| reference(property));
        schema["x-webhook-item"].is_object() && parts.all(|part| !is_item(part) || reached.contains(part))
    });
    let webhooks: Vec<(&String, &Value)> = webhooks.collect();
    let parts = reach(document, webhooks.iter().map(|(_, schema)| *schema));
    reached.extend(webhooks.into_iter().map(|(name, _)| name.clone()));
    reached.extend(parts);
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_are_in_order_without_other_keys() {
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
    fn every_schema_is_visited() {
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
