//! Rejects input that is not an OpenAPI 3.0 document. All other problems are repaired, or the
//! affected part is left out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::document::schema;
use super::super::failure::Failure;

/// Checks that the document is an OpenAPI 3.0 description. The error names the kind of any other
/// document.
pub fn openapi_3_0(document: &Value) -> Result<(), Failure> {
    let refuse = |problem: String| {
        Err(Failure::new(
            "openapi_3_0",
            problem,
            "supply an OpenAPI 3.0 description; convert other versions first",
        ))
    };
    let version = match document.get("openapi") {
        Some(Value::String(version)) => Some(version.trim().to_owned()),
        // YAML reads an unquoted version as a number.
        Some(Value::Number(version)) => Some(version.to_string()),
        _ => None,
    };
    match version {
        Some(version) if version == "3.0" || version.starts_with("3.0.") => Ok(()),
        Some(version) => refuse(format!("is OpenAPI {version}, not 3.0")),
        None if document.get("swagger").is_some() => refuse("is Swagger 2, not OpenAPI 3.0".into()),
        None if document.get("overlay").is_some() => refuse("is an OpenAPI Overlay, not an OpenAPI description".into()),
        None if document.get("asyncapi").is_some() => {
            refuse("is an AsyncAPI document, not an OpenAPI description".into())
        }
        None => refuse(format!(
            "is {}, not an OpenAPI description: it has no `openapi` version",
            kind(document)
        )),
    }
}

/// Names the kind of a JSON value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "an empty document",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "plain text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a JSON object",
    }
}

/// Returns the targets of `$ref`s that are missing in the document. Called before the overlay is
/// applied, so that a warning names the right file.
pub fn dangling(document: &Value) -> BTreeSet<String> {
    let found = schema::dangling(document, |target| schema::find(document, target).is_some());
    found.into_iter().map(|reference| reference.target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn error_names_the_kind_of_the_document() {
        for (value, word) in [
            (json!({"openapi": "3.1.0"}), "OpenAPI 3.1.0"),
            (json!({"openapi": 2}), "OpenAPI 2"),
            (json!({"swagger": "2.0"}), "Swagger"),
            (json!({"overlay": "1.1.0"}), "Overlay"),
            (json!({"asyncapi": "2.6.0"}), "AsyncAPI"),
            (json!({"name": "x"}), "a JSON object"),
            (json!("hello"), "plain text"),
            (json!(null), "an empty document"),
        ] {
            let failure = openapi_3_0(&value).unwrap_err();
            assert!(failure.problem.contains(word), "{failure}");
        }
        for version in [json!("3.0"), json!("3.0.4"), json!(3.0)] {
            assert!(openapi_3_0(&json!({ "openapi": version })).is_ok());
        }
    }

    #[test]
    fn dangling_references_are_found_outside_of_data() {
        let mut value = json!({
            "paths": {"/a": {"get": {
                "x": [{"$ref": "#/components/schemas/a"}],
                "example": {"$ref": "nowhere"},
            }}},
            "components": {"schemas": {"b": {"properties": {"example": {"$ref": "#/components/schemas/a"}}}}},
        });
        assert_eq!(dangling(&value), ["#/components/schemas/a".to_owned()].into());
        value["components"]["schemas"]["a"] = json!({});
        assert!(dangling(&value).is_empty());
    }
}
