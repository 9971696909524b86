//! The examples of operations in a description: requests, successes and errors.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::media::{chosen, is_json};
use super::super::document::schema;

/// The examples of one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examples {
    /// Request bodies.
    pub requests: Vec<Example>,
    /// The status of the success response.
    pub success: Option<u16>,
    /// Bodies of success responses.
    pub successes: Vec<Example>,
    /// Statuses and bodies of errors.
    pub errors: Vec<(u16, Example)>,
}

/// A JSON body with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The name; a request and its response have the same one.
    pub name: String,
    /// The body.
    pub value: Value,
}

/// The examples of all operations, by the shape of the path and the method. They are read before
/// the document is repaired, because the repair removes error responses.
pub struct ExamplesByOperation(BTreeMap<(String, String), Examples>);

impl ExamplesByOperation {
    /// Collects the examples of a document.
    pub fn of(document: &Value) -> Self {
        let operations = schema::operations(document);
        let shown = operations.into_iter().map(|(path, method, described)| {
            let mut examples = Examples {
                requests: examples_of(document, &described["requestBody"]),
                ..Default::default()
            };
            for (status, response) in described["responses"].as_object().into_iter().flatten() {
                // A class such as `4XX` is represented by its first status.
                let Ok(status) = status.replace(['X', 'x'], "0").parse::<u16>() else {
                    continue;
                };
                let found = examples_of(document, response);
                match status {
                    200..300 if examples.success.is_none() => {
                        examples.success = Some(status);
                        examples.successes = found;
                    }
                    400..600 => examples
                        .errors
                        .extend(found.into_iter().map(|example| (status, example))),
                    _ => {}
                }
            }
            ((schema::shape(path), method.to_owned()), examples)
        });
        Self(shown.collect())
    }

    /// Returns the bodies of success responses.
    pub fn successes(&self) -> impl Iterator<Item = &Value> {
        let examples = self.0.values().flat_map(|examples| &examples.successes);
        examples.map(|example| &example.value)
    }

    /// Returns the examples of one operation.
    pub fn of_operation(&self, path: &str, method: &str) -> Examples {
        let key = (schema::shape(path), method.to_owned());
        self.0.get(&key).cloned().unwrap_or_default()
    }
}

/// Returns the examples of a body. Examples in other files are ignored.
fn examples_of(document: &Value, body: &Value) -> Vec<Example> {
    let content = resolved(document, body)["content"].as_object();
    let media = content.and_then(|content| Some((chosen(content)?.0, content)));
    let Some(media) = media
        .filter(|(name, _)| is_json(name))
        .map(|(name, content)| &content[&name])
    else {
        return Vec::new();
    };
    let named = media["examples"].as_object().into_iter().flatten();
    let named = named.filter_map(|(name, example)| {
        let value = resolved(document, example).get("value")?.clone();
        Some(Example {
            name: name.clone(),
            value,
        })
    });
    let single = media.get("example").map(|value| Example {
        name: "example".to_owned(),
        value: value.clone(),
    });
    single.into_iter().chain(named).collect()
}

/// Returns the target of a `$ref`, or the node itself if it is not a reference.
fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    schema::resolve(document, node).unwrap_or(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn examples_are_found_by_status_and_through_references() {
        let document = json!({
            "components": {"examples": {"gone": {"value": {"errors": []}}}},
            "paths": {"/tags/{tag}": {"get": {
                "requestBody": {"content": {"application/json": {"example": {"a": 1}}}},
                "responses": {
                    "404": {"content": {"application/json": {"examples": {"gone": {"$ref": "#/components/examples/gone"}}}}},
                    "201": {"content": {"application/json": {"examples": {"made": {"value": 7}}}}},
                    "default": {"content": {"application/json": {"example": 1}}},
                },
            }}},
        });
        let shown = ExamplesByOperation::of(&document).of_operation("/tags/{id}", "get");
        assert_eq!((shown.success, shown.successes[0].value.clone()), (Some(201), json!(7)));
        assert_eq!(shown.requests[0].value, json!({"a": 1}));
        assert_eq!((shown.errors[0].0, shown.errors[0].1.name.as_str()), (404, "gone"));
        assert_eq!(
            ExamplesByOperation::of(&document).of_operation("/tags", "get"),
            Examples::default()
        );
    }
}
