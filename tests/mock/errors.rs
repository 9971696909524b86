//! Errors of the mock have the status, code and message of the published error examples. The
//! published description is read if it is next to the project.

use intercom_client::mock::MockIntercom;
use intercom_client::{Client, Method, RetryPolicy};
use serde_json::{Value, json};

use crate::published::{mock_id, normalized, published, with_mock_ids};

/// Returns `true` for published errors that the table "How far it goes" lists as not modelled.
fn not_modelled(path: &str, name: &str) -> bool {
    matches!(
        (path, name),
        (_, "api_plan_restricted")
            | ("/data_attributes/{id}", "has_dependant_object")
            | ("/tags/{id}", "tag_has_dependent_objects")
            | (
                "/phone_call_redirects",
                "bad_request_exception_sending_sms" | "unprocessable_entity"
            )
    )
}

/// Returns the path parameter that is an unknown id in a published 404.
fn unknown_parameter(path: &str, name: &str) -> Option<&'static str> {
    let related = path.matches('{').count() == 2;
    match name {
        _ if path == "/tickets/{id}" => None,
        "contact_not_found" if path.contains("{contact_id}") => Some("contact_id"),
        "conversation_not_found" if path.contains("{conversation_id}") => Some("conversation_id"),
        "company_not_found" | "tag_not_found" | "resource_not_found" | "admin_not_found"
            if path.starts_with("/contacts/") && !related =>
        {
            None
        }
        _ if path.contains("{id}") => Some("id"),
        _ => None,
    }
}

/// Returns the fields of the body that contain unknown ids in a published 404.
fn unknown_fields(path: &str, name: &str) -> &'static [&'static str] {
    match (path, name) {
        (_, "admin_not_found") if path.starts_with("/contacts") => &["admin_id"],
        ("/contacts/{id}/companies" | "/contacts/{contact_id}/subscriptions" | "/contacts/{contact_id}/tags", _) => {
            &["id"]
        }
        ("/conversations", _) => &["from"],
        ("/conversations/redact", _) => &["conversation_id", "conversation_part_id"],
        ("/tags", _) => &["companies", "users"],
        ("/tickets/{id}", _) => &["assignment"],
        ("/visitors", _) => &["user_id"],
        _ => &[],
    }
}

/// The status and body of a failed call.
struct Error {
    status: u16,
    body: Value,
}

async fn call(client: &Client, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = client.request(method.clone(), path);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        request = request.query(name, value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    match request.bytes().await {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) => Err(Error {
            status: error.status().map_or(0, |status| status.as_u16()),
            body: error
                .body()
                .and_then(|body| serde_json::from_slice(body).ok())
                .unwrap_or_default(),
        }),
    }
}

/// Brings the mock into the state in which the published request fails.
async fn prepare(intercom: &MockIntercom, client: &Client, path: &str, name: &str) {
    match (path, name) {
        ("/data_attributes", "same_name_already_exists" | "attribute_already_exists") => {
            let ring = json!({"name": "The One Ring", "model": "company", "data_type": "string"});
            let made = call(client, &Method::POST, "/data_attributes", Some(&ring)).await;
            assert!(made.is_ok());
        }
        ("/contacts/{id}/companies", "contact_company_limit_exceeded") => {
            let company = |i| json!({"type": "company", "id": format!("{i:024x}"), "company_id": format!("c-{i}")});
            intercom.seed("list_companies_for_contact", (0..1_000).map(company));
        }
        _ => {}
    }
}

/// Returns the published request of an error. All ids are known to the mock, except those that cause
/// the error.
fn request(path: &str, status: u16, name: &str, operation: &Value) -> (String, Option<Value>) {
    let unknown = unknown_parameter(path, name).filter(|_| status == 404);
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some(parameter_name) = parameter["name"].as_str() else {
            continue;
        };
        let known = mock_id(path, parameter_name).unwrap_or_default();
        let known = known.as_str().map_or_else(|| known.to_string(), str::to_owned);
        match (parameter["in"].as_str(), parameter_name) {
            (Some("path"), _) if unknown == Some(parameter_name) => {
                target = target.replace(&format!("{{{parameter_name}}}"), "123");
            }
            (Some("path"), _) => target = target.replace(&format!("{{{parameter_name}}}"), &known),
            (Some("query"), "user_id" | "company_id") => query.push(format!("{parameter_name}=123")),
            (Some("query"), "created_at_after") => query.push("created_at_after=0".to_owned()),
            (Some("query"), "type") => query.extend(["type=user".to_owned(), "user_id=usr-1001".to_owned()]),
            _ => {}
        }
    }
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    let requests = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
    let shown = requests.and_then(|requests| {
        let same = requests.iter().find(|(other, _)| normalized(other) == name);
        same.or(requests.iter().next())
    });
    let body = shown.map(|(_, shown)| {
        let mut body = with_mock_ids(path, &shown["value"]);
        for field in unknown_fields(path, name).iter().filter(|_| status == 404) {
            if let Some(value) = shown["value"].get(field) {
                body[*field] = value.clone();
            }
        }
        // The published number is valid; the mock cannot know that it does not exist.
        if name == "bad_request_invalid_number" {
            body["phone"] = json!("none");
        }
        body
    });
    (target, body)
}

#[tokio::test]
async fn errors_have_the_codes_and_messages_of_the_published_examples() {
    let Some(description) = published() else { return };
    let (mut compared, mut flaws) = (0, Vec::new());
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            for (status, response) in operation["responses"].as_object().unwrap() {
                let status: u16 = status.parse().unwrap();
                let shown = response["content"]["application/json"]["examples"].as_object();
                for (name, shown) in shown.into_iter().flatten().filter(|_| status >= 400) {
                    let name = normalized(name);
                    if not_modelled(path, &name) {
                        continue;
                    }
                    let intercom = MockIntercom::new();
                    let token = if status == 401 {
                        "wrong"
                    } else {
                        intercom_client::mock::TOKEN
                    };
                    let client = intercom.client_builder().token(token).retry(RetryPolicy::none());
                    let client = client.build().unwrap();
                    prepare(&intercom, &client, path, &name).await;
                    let (target, body) = request(path, status, &name, operation);
                    compared += 1;
                    let found = match call(&client, &method, &target, body.as_ref()).await {
                        Ok(found) => format!("200 {found}"),
                        Err(error) => summary(error.status, &error.body),
                    };
                    let expected = summary(status, &shown["value"]);
                    if found != expected {
                        flaws.push(format!("{method} {path} {name}: {found} instead of {expected}"));
                    }
                }
            }
        }
    }
    assert!(compared > 150, "{compared}");
    assert!(
        flaws.is_empty(),
        "{compared} compared, {} flaws\n{}",
        flaws.len(),
        flaws.join("\n")
    );
}

/// Formats the status, codes and messages of an error.
fn summary(status: u16, body: &Value) -> String {
    let errors = body["errors"].as_array().into_iter().flatten();
    let errors: Vec<String> = errors
        .map(|error| format!("{} {}", error["code"], error["message"]))
        .collect();
    match errors.is_empty() {
        true => format!("{status} {} {}", body["error_key"], body["message"]),
        false => format!("{status} {} {}", body["type"], errors.join(", ")),
    }
}
