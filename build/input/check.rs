//! Refuses what cannot be built from, before anything is changed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::document::schema::{self, escape};
use super::super::failure::Failure;

/// Media types the build can turn into a request body or a response.
const CONTENT_TYPES: [&str; 2] = ["application/json", "application/octet-stream"];

/// The document is an OpenAPI 3.0 description with paths. Says what it is when it is something else.
pub fn openapi_3_0(document: &Value) -> Result<(), Failure> {
    let refuse = |what: String| {
        Err(Failure::new(
            "openapi_3_0",
            what,
            "supply an OpenAPI 3.0 description; convert other versions first",
        ))
    };
    match document.get("openapi").and_then(Value::as_str) {
        Some(version) if version == "3.0" || version.starts_with("3.0.") => {}
        Some(version) => return refuse(format!("is OpenAPI {version}, not 3.0")),
        None if document.get("swagger").is_some() => return refuse("is Swagger 2, not OpenAPI 3.0".into()),
        None if document.get("overlay").is_some() => {
            return refuse("is an OpenAPI Overlay, not an OpenAPI description".into());
        }
        None if document.get("asyncapi").is_some() => {
            return refuse("is an AsyncAPI document, not an OpenAPI description".into());
        }
        None => {
            return refuse(format!(
                "is {}, not an OpenAPI description: it has no `openapi` version",
                kind(document)
            ));
        }
    }
    if document["info"]["version"].as_str().is_none_or(str::is_empty) {
        return Err(Failure::new(
            "openapi_3_0",
            "`info.version` is missing; it becomes the Intercom-Version header",
            "add it, quoted, such as '2.9'",
        )
        .at("/info/version"));
    }
    if schema::operations(document).is_empty() {
        return Err(Failure::new("openapi_3_0", "describes no operation", "add paths").at("/paths"));
    }
    Ok(())
}

/// What a JSON value is, in words.
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

/// Every `$ref` leads somewhere inside the document.
pub fn references(document: &Value) -> Result<(), Failure> {
    fn visit(document: &Value, node: &Value, pointer: &str) -> Result<(), Failure> {
        match node {
            Value::Object(object) => {
                if let Some(target) = object.get("$ref").and_then(Value::as_str) {
                    let found = target.strip_prefix('#').is_some_and(|p| document.pointer(p).is_some());
                    if !found {
                        return Err(Failure::new(
                            "references",
                            format!("`$ref` \"{target}\" leads nowhere in this document"),
                            "define it, correct the name, or add an overlay action that does",
                        )
                        .at(pointer));
                    }
                }
                for (key, inner) in object {
                    // Examples are data: a `$ref` in one is a value like any other.
                    if key != "example" && key != "examples" {
                        visit(document, inner, &format!("{pointer}/{}", escape(key)))?;
                    }
                }
                Ok(())
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(i, inner)| visit(document, inner, &format!("{pointer}/{i}"))),
            _ => Ok(()),
        }
    }
    visit(document, document, "")
}

/// Every operation has an id, and no two become the same method name.
pub fn operation_ids(document: &Value) -> Result<(), Failure> {
    let mut seen = BTreeMap::new();
    for (path, method, operation) in schema::operations(document) {
        let pointer = format!("/paths/{}/{method}", escape(path));
        let Some(id) = operation["operationId"]
            .as_str()
            .filter(|id| !schema::snake(id).is_empty())
        else {
            return Err(Failure::new(
                "operation_ids",
                "has no `operationId`; it becomes the method's name",
                "add one, in the description or by an overlay action",
            )
            .at(pointer));
        };
        if let Some(first) = seen.insert(schema::snake(id), pointer.clone()) {
            return Err(Failure::new(
                "operation_ids",
                format!("`operationId` \"{id}\" is also that of {first}"),
                "rename one, in the description or by an overlay action",
            )
            .at(pointer));
        }
    }
    Ok(())
}

/// Bodies are JSON, one media type each; a response can also be a byte stream.
pub fn content_types(document: &Value) -> Result<(), Failure> {
    let check = |content: &Value, pointer: String, request: bool| {
        let types: Vec<&String> = content.as_object().into_iter().flatten().map(|(k, _)| k).collect();
        let unsupported = types
            .iter()
            .find(|t| !CONTENT_TYPES.contains(&t.as_str()) || (request && t.as_str() != "application/json"));
        let what = match (unsupported, types.len()) {
            (Some(t), _) => format!("content type `{t}` is not supported"),
            (None, 0 | 1) => return Ok(()),
            (None, n) => format!("{n} content types for one body are not supported"),
        };
        Err(Failure::new(
            "content_types",
            what,
            "describe one body as application/json, or a response as application/octet-stream, by an overlay action",
        )
        .at(pointer))
    };
    for (path, method, operation) in schema::operations(document) {
        let at = format!("/paths/{}/{method}", escape(path));
        check(
            &operation["requestBody"]["content"],
            format!("{at}/requestBody/content"),
            true,
        )?;
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            if status.starts_with('2') {
                check(&response["content"], format!("{at}/responses/{status}/content"), false)?;
            }
        }
    }
    Ok(())
}

/// Every `{name}` of a path is a declared path parameter and the other way round.
pub fn path_parameters(document: &Value) -> Result<(), Failure> {
    for (path, method, operation) in schema::operations(document) {
        let at = format!("/paths/{}/{method}", escape(path));
        let declared: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|p| p["in"] == "path")
            .filter_map(|p| p["name"].as_str())
            .collect();
        let used: Vec<&str> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
            .collect();
        if let Some(name) = used.iter().find(|name| !declared.contains(name)) {
            return Err(Failure::new(
                "path_parameters",
                format!("path parameter `{name}` is not declared"),
                "declare it with `in: path`",
            )
            .at(at));
        }
        if let Some(name) = declared.iter().find(|name| !used.contains(name)) {
            return Err(Failure::new(
                "path_parameters",
                format!("path parameter `{name}` does not occur in the path"),
                "remove it or name it in the path",
            )
            .at(at));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(operation: Value) -> Value {
        json!({"openapi": "3.0.1", "info": {"version": "1"}, "paths": {"/a/{id}": {"get": operation}}})
    }

    #[test]
    fn other_documents_are_named_for_what_they_are() {
        for (value, word) in [
            (json!({"openapi": "3.1.0"}), "OpenAPI 3.1.0"),
            (json!({"swagger": "2.0"}), "Swagger"),
            (json!({"overlay": "1.1.0"}), "Overlay"),
            (json!({"asyncapi": "2.6.0"}), "AsyncAPI"),
            (json!({"name": "x"}), "a JSON object"),
            (json!("hello"), "plain text"),
            (json!(null), "an empty document"),
        ] {
            let failure = openapi_3_0(&value).unwrap_err();
            assert!(failure.what.contains(word), "{failure}");
        }
        let failure = openapi_3_0(&json!({"openapi": "3.0.3", "paths": {}})).unwrap_err();
        assert_eq!(failure.at, "/info/version");
        let failure = openapi_3_0(&json!({"openapi": "3.0.3", "info": {"version": "1"}, "paths": {}})).unwrap_err();
        assert_eq!(failure.at, "/paths");
        assert!(openapi_3_0(&document(json!({}))).is_ok());
    }

    #[test]
    fn dangling_references_are_found_but_not_in_examples() {
        let mut value = document(json!({"x": [{"$ref": "#/components/schemas/a"}], "example": {"$ref": "nowhere"}}));
        let failure = references(&value).unwrap_err();
        assert_eq!(failure.at, "/paths/~1a~1{id}/get/x/0");
        assert!(failure.what.contains("#/components/schemas/a"), "{failure}");
        value["components"] = json!({"schemas": {"a": {}}});
        assert!(references(&value).is_ok());
    }

    #[test]
    fn operation_ids_are_there_and_unique_as_method_names() {
        assert!(
            operation_ids(&document(json!({})))
                .unwrap_err()
                .what
                .contains("no `operationId`")
        );
        let mut value = document(json!({"operationId": "ListTags"}));
        assert!(operation_ids(&value).is_ok());
        value["paths"]["/b"] = json!({"post": {"operationId": "listTags"}});
        let failure = operation_ids(&value).unwrap_err();
        assert_eq!(failure.at, "/paths/~1b/post");
        assert!(failure.what.contains("/paths/~1a~1{id}/get"), "{failure}");
    }

    #[test]
    fn only_json_and_byte_streams_pass() {
        let multipart = document(json!({"requestBody": {"content": {"multipart/form-data": {}}}}));
        let failure = content_types(&multipart).unwrap_err();
        assert!(failure.what.contains("multipart/form-data"), "{failure}");
        let upload = document(json!({"requestBody": {"content": {"application/octet-stream": {}}}}));
        assert!(content_types(&upload).is_err());
        let xml = document(json!({"responses": {"200": {"content": {"application/xml": {}}}}}));
        assert_eq!(
            content_types(&xml).unwrap_err().at,
            "/paths/~1a~1{id}/get/responses/200/content"
        );
        let both = json!({"application/json": {}, "application/octet-stream": {}});
        assert!(content_types(&document(json!({"responses": {"200": {"content": both}}}))).is_err());
        let html_error = document(json!({"responses": {"500": {"content": {"text/html": {}}}}}));
        assert!(
            content_types(&html_error).is_ok(),
            "error bodies are read whatever they are"
        );
    }

    #[test]
    fn path_parameters_match_the_path() {
        assert!(
            path_parameters(&document(json!({})))
                .unwrap_err()
                .what
                .contains("`id` is not declared")
        );
        let both = json!({"parameters": [{"name": "id", "in": "path"}, {"name": "x", "in": "path"}]});
        assert!(
            path_parameters(&document(both))
                .unwrap_err()
                .what
                .contains("`x` does not occur")
        );
        assert!(path_parameters(&document(json!({"parameters": [{"name": "id", "in": "path"}]}))).is_ok());
    }
}
