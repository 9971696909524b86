//! The operations of a description and their examples.

use serde_json::{Value, json};

use crate::document::names::fold;
use crate::document::schema;
use operation_tables::{OPERATIONS, Operation};

/// Returns the description that this crate is built from, with the overlay applied.
pub(crate) fn own() -> Value {
    serde_json::from_str(operation_tables::DESCRIPTION).unwrap()
}

/// A named example.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    pub name: String,
    pub value: Value,
}

/// An operation of a description.
pub(crate) struct Described {
    pub method: String,
    pub path: String,
    /// The operation of this crate, or `None` if the crate does not have it.
    pub operation: Option<&'static Operation>,
    /// Status codes and examples of successful responses.
    pub successes: Vec<(u16, Example)>,
    /// Status codes and examples of errors.
    pub errors: Vec<(u16, Example)>,
    /// Examples of request bodies.
    pub requests: Vec<Example>,
}

impl Described {
    /// Returns the name for reports.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns `true` if the server accepts this request: its name contains "success" or is the name of a successful response.
    pub(crate) fn is_accepted(&self, request: &Example) -> bool {
        let name = fold(&request.name);
        name.contains("success") || self.successes.iter().any(|(_, success)| fold(&success.name) == name)
    }

    /// Returns the request for a successful response: the one with the same name, or any request that the server accepts.
    pub(crate) fn request_for(&self, name: &str) -> Option<&Example> {
        let accepted = || self.requests.iter().filter(|request| self.is_accepted(request));
        accepted()
            .find(|request| fold(&request.name) == fold(name))
            .or_else(|| accepted().next())
    }
}

/// Returns every operation of a description.
pub(crate) fn describe(document: &Value) -> Vec<Described> {
    schema::operations(document)
        .into_iter()
        .map(|(path, method, operation)| {
            let method = method.to_uppercase();
            let mut successes = Vec::new();
            let mut errors = Vec::new();
            for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                let Ok(status) = status.parse() else { continue };
                let list = if (200..300).contains(&status) {
                    &mut successes
                } else {
                    &mut errors
                };
                list.extend(
                    examples(document, response)
                        .into_iter()
                        .map(|example| (status, example)),
                );
            }
            let known = OPERATIONS
                .iter()
                .find(|own| own.method == method && schema::shape(own.path) == schema::shape(path));
            Described {
                path: path.to_owned(),
                operation: known,
                successes,
                errors,
                requests: examples(document, &operation["requestBody"]),
                method,
            }
        })
        .collect()
}

/// Returns the examples of a request body or a response, except external ones.
fn examples(document: &Value, body: &Value) -> Vec<Example> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: Option<&Value>| {
        found.extend(value.map(|value| Example {
            name: name.to_owned(),
            value: value.clone(),
        }));
    };
    let content = resolve(document, body)["content"].as_object();
    // Other media types are byte streams without examples.
    for (_, media) in content
        .into_iter()
        .flatten()
        .filter(|(media, _)| media.contains("json"))
    {
        for (name, example) in media["examples"].as_object().into_iter().flatten() {
            add(name, resolve(document, example).get("value"));
        }
        add("example", media.get("example"));
    }
    found
}

/// Returns the entry of an operation in a description.
pub(crate) fn entry<'a>(document: &'a Value, operation: &Operation) -> &'a Value {
    &document["paths"][operation.path][operation.method.to_lowercase()]
}

/// Resolves a `$ref`. Returns any other schema unchanged.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|r| r.strip_prefix('#'))
    {
        Some(pointer) => resolve(document, document.pointer(pointer).unwrap_or(&Value::Null)),
        None => schema,
    }
}

/// Returns a minimal value that is valid for a schema.
pub(crate) fn minimal_value(document: &Value, schema: &Value) -> Value {
    // Includes only the first variant of a union.
    let mut forms = vec![resolve(document, schema)];
    let mut i = 0;
    while let Some(form) = forms.get(i).copied() {
        forms.extend(
            form["allOf"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|part| resolve(document, part)),
        );
        for key in ["oneOf", "anyOf"] {
            forms.extend(
                form[key]
                    .as_array()
                    .and_then(|members| members.first())
                    .map(|form| resolve(document, form)),
            );
        }
        i += 1;
    }
    let find = |key: &str| forms.iter().find_map(|form| form.get(key));
    if let Some(value) = find("enum").and_then(|values| values.get(0)) {
        return value.clone();
    }
    match find("type").and_then(Value::as_str) {
        Some("integer" | "number") => json!(1_700_000_000),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("string") => json!("a/b ü+&=%2F"),
        _ => {
            let mut value = json!({});
            let required = forms.iter().filter_map(|form| form["required"].as_array()).flatten();
            for name in required.filter_map(Value::as_str) {
                let property = forms.iter().find_map(|form| form["properties"].get(name));
                value[name] = minimal_value(document, property.unwrap_or(&Value::Null));
            }
            value
        }
    }
}
