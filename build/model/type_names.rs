//! The values of `type`, by which objects name their type.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::document::schema;
use super::examples::ExamplesByOperation;

/// The property that names the type of an object.
pub const PROPERTY: &str = "type";
/// Maximum length of a name in bytes. Longer values are ignored.
const MAX_LENGTH: usize = 64;

/// Returns the values of `type` in the enums and in the examples of responses, before the document
/// is repaired: the repair removes enums of one value.
pub fn of(document: &Value, examples: &ExamplesByOperation) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    schema::walk_all(document, &mut |schema, _| {
        let values = schema["properties"][PROPERTY]["enum"].as_array();
        names.extend(
            values
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned),
        );
    });
    for value in examples.successes() {
        add(value, &mut names);
    }
    names.retain(|name| !name.is_empty() && name.len() <= MAX_LENGTH);
    names
}

fn add(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| add(item, names)),
        Value::Object(object) => {
            names.extend(object.get(PROPERTY).and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| add(value, names));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_come_from_enums_and_examples_of_responses() {
        let content = |example: Value| json!({"content": {"application/json": {"example": example}}});
        let document = json!({
            "components": {"schemas": {
                "tag": {"properties": {"type": {"type": "string", "enum": ["tag", 7, ""]}, "id": {"enum": ["x"]}}},
            }},
            "paths": {"/tags": {"get": {
                "operationId": "list_tags",
                "requestBody": content(json!({"type": "request"})),
                "responses": {"200": content(json!({"type": "list", "data": [{"type": "label", "name": "a"}]}))},
            }}},
        });
        let names = of(&document, &ExamplesByOperation::of(&document));
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["label", "list", "tag"]);
    }
}
