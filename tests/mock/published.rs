//! Compares the mock's responses with the examples of the published description: the keys, the
//! types of values and the ids.
//!
//! The published file is not part of the repository. Without it, this test does nothing.

use std::path::Path;

use intercom_client::mock::MockIntercom;
use intercom_client::{Method, RetryPolicy};
use serde_json::{Map, Value, json};

/// Reads the published file, if it exists.
pub(crate) fn published() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/descriptions/2.9.yaml");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_norway::from_str(&text).unwrap())
}

const ADA: &str = "66f1c2a9d04b7e8351aa0c11";

/// Returns the id of a mock record for a field or parameter of the published examples.
pub(crate) fn mock_id(path: &str, name: &str) -> Option<Value> {
    let id = match (path, name) {
        (_, "admin_id" | "author_id" | "sender_id" | "assignee_id") => json!(4_021_337),
        (_, "contact_id" | "intercom_user_id" | "into") => json!(ADA),
        (_, "from") => json!("66f1c2a9d04b7e8351aa0c14"),
        (_, "conversation_id") => json!("215478120045"),
        (_, "newsfeed_id") => json!(4411),
        (_, "parent_id") => json!(6_610_201),
        (_, "ticket_type_id") => json!(5102),
        (_, "job_identifier") => json!("mx7qk3w9zt2hv5rd"),
        (_, "user_id") => json!("3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90"),
        ("/contacts/{id}/companies" | "/contacts/{contact_id}/companies/{id}", "id") => {
            json!("66f1b7700d3a5c41e2f09b01")
        }
        (path, "id") if path.ends_with("/tags") || path.contains("tags/{id}") => json!("88120"),
        (path, "id") if path.contains("subscriptions") => json!("7302"),
        (path, "id") if path.starts_with("/admins") => json!("4021337"),
        (path, "id") if path.starts_with("/articles") => json!("7340012"),
        (path, "id") if path.contains("/collections") => json!("6610201"),
        (path, "id") if path.contains("/sections") => json!("6610305"),
        (path, "id") if path.contains("/help_centers") => json!("1190"),
        (path, "id") if path.starts_with("/companies") => json!("66f1b7700d3a5c41e2f09b01"),
        (path, "id") if path.starts_with("/contacts") => json!(ADA),
        (path, "id") if path.starts_with("/conversations") => json!("215478120045"),
        (path, "id") if path.starts_with("/data_attributes") => json!(3_120_077),
        (path, "id") if path.contains("/newsfeeds") => json!("4411"),
        (path, "id") if path.contains("/news_items") => json!("90211"),
        (path, "id") if path.starts_with("/notes") => json!("5512003"),
        (path, "id") if path.starts_with("/segments") => json!("66f1d0330d3a5c41e2f0a101"),
        (path, "id") if path.starts_with("/teams") => json!("6180"),
        (path, "id") if path.contains("/attributes") => json!("64112"),
        (path, "id") if path.starts_with("/ticket_types") => json!("5102"),
        (path, "id") if path.starts_with("/tickets") => json!("71541"),
        ("/visitors", "id") => json!("66f1c2a9d04b7e8351aa0c90"),
        _ => return None,
    };
    Some(id)
}

/// Replaces the ids of a published request by those of the mock.
pub(crate) fn with_mock_ids(path: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let record_type = fields.get("type").and_then(Value::as_str);
            let fields = fields.iter().map(|(name, value)| {
                let id = match (name.as_str(), record_type) {
                    ("id", Some("admin")) => Some(json!("4021337")),
                    ("id", Some("lead")) => Some(json!("66f1c2a9d04b7e8351aa0c12")),
                    ("id", Some("user")) => Some(json!(ADA)),
                    ("id", _) if path == "/tickets" => Some(json!(ADA)),
                    (name, _) if !value.is_object() => mock_id(path, name),
                    _ => None,
                };
                (name.clone(), id.unwrap_or_else(|| with_mock_ids(path, value)))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(|value| with_mock_ids(path, value)).collect(),
        other => other.clone(),
    }
}

/// Normalizes the name of an example: requests and responses spell it differently.
pub(crate) fn normalized(name: &str) -> String {
    let words = name.to_lowercase().replace(['-', ' ', '_'], " ");
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

/// Lists the differences between the keys and types of two values. Null matches any type, and
/// free-form objects any keys.
fn compare(at: &str, expected: &Value, actual: &Value, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(expected), Value::Object(actual)) => {
            if [
                "custom_attributes",
                "ticket_attributes",
                "plan",
                "topics",
                "location_data",
            ]
            .iter()
            .any(|name| at.ends_with(name))
            {
                return;
            }
            for (name, value) in expected {
                match actual.get(name) {
                    Some(actual) => compare(&format!("{at}.{name}"), value, actual, differences),
                    // The published list of events has a next page although it is empty.
                    None if at == ".pages" && name == "next" => {}
                    None => differences.push(format!("{at}.{name} is missing")),
                }
            }
            for name in actual.keys().filter(|name| !expected.contains_key(*name)) {
                differences.push(format!("{at}.{name} is not published"));
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            if let (Some(expected), Some(actual)) = (expected.first(), actual.first()) {
                compare(&format!("{at}[0]"), expected, actual, differences);
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        _ => differences.push(format!("{at}: {actual} instead of {expected}")),
    }
}

#[tokio::test]
async fn responses_have_the_shape_of_the_published_examples() {
    let Some(description) = published() else { return };
    let mut all_differences = Vec::new();
    let mut compared = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let responses = operation["responses"]["200"]["content"]["application/json"]["examples"].as_object();
            let requests = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
            for (name, expected) in responses.into_iter().flatten() {
                let request = requests
                    .and_then(|requests| requests.iter().find(|(other, _)| normalized(other) == normalized(name)));
                let request = request.or(requests.and_then(|requests| requests.iter().next()));
                let body = request.map(|(_, request)| with_mock_ids(path, &request["value"]));
                match send(path, &method, operation, body).await {
                    Ok(actual) => {
                        compared += 1;
                        let mut differences = Vec::new();
                        compare("", &expected["value"], &actual, &mut differences);
                        all_differences.extend(
                            differences
                                .into_iter()
                                .map(|difference| format!("{method} {path} {name}: {difference}")),
                        );
                    }
                    Err(error) => all_differences.push(format!("{method} {path} {name}: {error}")),
                }
            }
        }
    }
    assert!(compared > 90, "only {compared} examples compared");
    assert!(
        all_differences.is_empty(),
        "{} differences in {compared} examples\n{}",
        all_differences.len(),
        all_differences.join("\n")
    );
}

/// Sends a request of an operation to a new mock.
async fn send(path: &str, method: &Method, operation: &Value, body: Option<Value>) -> Result<Value, String> {
    let intercom = MockIntercom::new();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some(name) = parameter["name"].as_str() else {
            continue;
        };
        let id = mock_id(path, name).unwrap_or(Value::Null);
        let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        match (parameter["in"].as_str(), name) {
            (Some("path"), _) => target = target.replace(&format!("{{{name}}}"), &text),
            (Some("query"), "user_id") => query.push(("user_id", text)),
            (Some("query"), "type") => query.extend([("type", "user".to_owned()), ("user_id", "usr-1001".to_owned())]),
            (Some("query"), "created_at_after") => query.push(("created_at_after", "0".to_owned())),
            _ => {}
        }
    }
    let call = async |method: &Method, target: &str, body: Option<&Value>, query: &[(&str, String)]| {
        let mut request = client.request(method.clone(), target);
        for (name, value) in query {
            request = request.query(*name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let bytes = request.bytes().await.map_err(|error| error.to_string())?;
        Ok::<_, String>(serde_json::from_slice::<Value>(&bytes).unwrap_or_default())
    };
    let mut body = body;
    // Creates the records that the published examples assume.
    let conversation = "/conversations/215478120045";
    match (method.as_str(), path) {
        ("POST", "/conversations/redact") => {
            let reply = json!({"message_type": "comment", "type": "user", "intercom_user_id": ADA, "body": "x"});
            let replied = call(&Method::POST, &format!("{conversation}/reply"), Some(&reply), &[]).await?;
            if let Some(body) = &mut body {
                body["conversation_part_id"] = replied["conversation_parts"]["conversation_parts"][0]["id"].clone();
            }
        }
        ("DELETE", "/conversations/{conversation_id}/customers/{contact_id}") => {
            let join = json!({"admin_id": 1, "customer": {"intercom_user_id": "66f1c2a9d04b7e8351aa0c15"}});
            call(&Method::POST, &format!("{conversation}/customers"), Some(&join), &[]).await?;
        }
        ("DELETE", "/conversations/{conversation_id}/tags/{id}") => {
            call(
                &Method::POST,
                &format!("{conversation}/tags"),
                Some(&json!({"id": "88120"})),
                &[],
            )
            .await?;
        }
        ("DELETE", "/contacts/{contact_id}/companies/{id}") => {
            let company = json!({"id": "66f1b7700d3a5c41e2f09b01"});
            call(
                &Method::POST,
                &format!("/contacts/{ADA}/companies"),
                Some(&company),
                &[],
            )
            .await?;
        }
        _ => {}
    }
    call(method, &target, body.as_ref(), &query).await
}
