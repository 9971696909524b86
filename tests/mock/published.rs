//! What the published description shows of each operation, against what the mock responds to the same request: the same keys,
//! the same kinds of values, the same ids. The published file is read where it lies beside the project; nothing of it is here.

use std::path::Path;

use intercom_client::mock::MockIntercom;
use intercom_client::{Method, RetryPolicy};
use serde_json::{Map, Value, json};

/// The published file, where there is one.
fn published() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/descriptions/2.9.yaml");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_norway::from_str(&text).unwrap())
}

const ADA: &str = "66f1c2a9d04b7e8351aa0c11";

/// Ids that the mock has, for those of the published examples, by the path and the name of the field or parameter.
fn known_id(path: &str, name: &str) -> Option<Value> {
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

/// A published request with the mock's ids.
fn translated(path: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let person = fields.get("type").and_then(Value::as_str);
            let fields = fields.iter().map(|(name, value)| {
                let known = match (name.as_str(), person) {
                    ("id", Some("admin")) => Some(json!("4021337")),
                    ("id", Some("lead")) => Some(json!("66f1c2a9d04b7e8351aa0c12")),
                    ("id", Some("user")) => Some(json!(ADA)),
                    ("id", _) if path == "/tickets" => Some(json!(ADA)),
                    (name, _) if !value.is_object() => known_id(path, name),
                    _ => None,
                };
                (name.clone(), known.unwrap_or_else(|| translated(path, value)))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(|value| translated(path, value)).collect(),
        other => other.clone(),
    }
}

fn normal(name: &str) -> String {
    let words = name.to_lowercase().replace(['-', ' ', '_'], " ");
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

/// Where two values differ in keys or kinds. Null stands for every kind, and free-form objects for any keys.
fn differences(at: &str, shown: &Value, found: &Value, differences: &mut Vec<String>) {
    match (shown, found) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(shown), Value::Object(found)) => {
            if [
                "custom_attributes",
                "ticket_attributes",
                "plan",
                "topics",
                "location_data",
            ]
            .iter()
            .any(|free| at.ends_with(free))
            {
                return;
            }
            for (name, value) in shown {
                match found.get(name) {
                    Some(found) => self::differences(&format!("{at}.{name}"), value, found, differences),
                    // The recorded list of events names a page after its empty one.
                    None if at == ".pages" && name == "next" => {}
                    None => differences.push(format!("{at}.{name} is missing")),
                }
            }
            for name in found.keys().filter(|name| !shown.contains_key(*name)) {
                differences.push(format!("{at}.{name} is not shown"));
            }
        }
        (Value::Array(shown), Value::Array(found)) => {
            if let (Some(shown), Some(found)) = (shown.first(), found.first()) {
                self::differences(&format!("{at}[0]"), shown, found, differences);
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        _ => differences.push(format!("{at}: {found} instead of {shown}")),
    }
}

#[tokio::test]
async fn published_requests_have_responses_like_the_published_ones() {
    let Some(description) = published() else { return };
    let mut flaws = Vec::new();
    let mut compared = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            let shown = operation["responses"]["200"]["content"]["application/json"]["examples"].as_object();
            let requests = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
            for (name, shown) in shown.into_iter().flatten() {
                let request =
                    requests.and_then(|requests| requests.iter().find(|(other, _)| normal(other) == normal(name)));
                let request = request.or(requests.and_then(|requests| requests.iter().next()));
                let body = request.map(|(_, request)| translated(path, &request["value"]));
                match respond(path, &method, operation, body).await {
                    Ok(found) => {
                        compared += 1;
                        let mut differs = Vec::new();
                        differences("", &shown["value"], &found, &mut differs);
                        flaws.extend(
                            differs
                                .into_iter()
                                .map(|difference| format!("{method} {path} {name}: {difference}")),
                        );
                    }
                    Err(error) => flaws.push(format!("{method} {path} {name}: {error}")),
                }
            }
        }
    }
    assert!(compared > 90, "{compared}");
    assert!(
        flaws.is_empty(),
        "{compared} compared, {} flaws\n{}",
        flaws.len(),
        flaws.join("\n")
    );
}

/// What the mock responds to a request of an operation.
async fn respond(path: &str, method: &Method, operation: &Value, body: Option<Value>) -> Result<Value, String> {
    let intercom = MockIntercom::new();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some(name) = parameter["name"].as_str() else {
            continue;
        };
        let known = known_id(path, name).unwrap_or(Value::Null);
        let text = known.as_str().map_or_else(|| known.to_string(), str::to_owned);
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
    // What the published examples had made before.
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
