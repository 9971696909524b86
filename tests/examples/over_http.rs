//! Calls every operation over HTTP with the examples of the description.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::compare::differences;
use crate::description::{Described, describe, entry, minimal_value, own};
use crate::server::{Received, Server};
use operation_tables::{OPERATIONS, Operation};

/// Returns a value for each parameter of an operation, including optional parameters.
pub(crate) fn arguments(document: &Value, operation: &Operation) -> BTreeMap<String, String> {
    let described = entry(document, operation)["parameters"].as_array();
    operation
        .parameters
        .iter()
        .map(|parameter| {
            let schema = described
                .into_iter()
                .flatten()
                .find(|described| described["name"] == parameter.name)
                .map_or(&Value::Null, |described| &described["schema"]);
            let text = match minimal_value(document, schema) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            (parameter.name.to_owned(), text)
        })
        .collect()
}

/// Returns a minimal request body, or `None` if the operation has no body.
pub(crate) fn body(document: &Value, operation: &Operation) -> Option<Value> {
    operation.request?;
    let schema = &entry(document, operation)["requestBody"]["content"]["application/json"]["schema"];
    Some(minimal_value(document, schema))
}

/// Asserts the method, path and query of a request.
fn assert_addressed(received: &Received, operation: &Operation, arguments: &BTreeMap<String, String>) {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters {
        let value = &arguments[parameter.name];
        if parameter.in_path {
            path = path.replace(&format!("{{{}}}", parameter.name), &value.replace('/', "%2F"));
        } else {
            query.push((parameter.name.to_owned(), value.clone()));
        }
    }
    assert_eq!(received.method, operation.method, "{}", operation.id);
    assert_eq!(received.path, path, "{}", operation.id);
    assert_eq!(received.query, query, "{}", operation.id);
}

/// Returns the operations of the description and of the crate, which have to be the same.
fn described(document: &Value) -> Vec<(Described, &'static Operation)> {
    let described: Vec<_> = describe(document)
        .into_iter()
        .map(|described| {
            let operation = described
                .operation
                .expect("the crate has every operation of its description");
            (described, operation)
        })
        .collect();
    assert_eq!(described.len(), OPERATIONS.len());
    described
}

#[tokio::test]
async fn successful_responses_are_decoded_without_loss() {
    let document = own();
    let server = Server::start().await;
    let (mut examples, mut lost) = (0, Vec::new());
    for (described, operation) in described(&document) {
        let arguments = arguments(&document, operation);
        for (status, example) in &described.successes {
            examples += 1;
            let sent = match described.request_for(&example.name) {
                Some(request) => Some(request.value.clone()),
                None => body(&document, operation),
            };
            server.respond_with(*status, example.value.to_string());
            let result = (operation.call)(&server.client, &arguments, sent).await;
            let received = server.received();
            assert_eq!(received.len(), 1, "{}: {:?}", operation.id, result.err());
            assert_addressed(&received[0], operation, &arguments);
            match result {
                Ok(response) => {
                    assert_eq!(response.body, example.value.to_string());
                    let differences = differences(&example.value.to_string(), &response.value);
                    lost.extend(
                        differences
                            .iter()
                            .map(|difference| format!("{} {}: {difference}", operation.id, example.name)),
                    );
                }
                Err(error) => lost.push(format!("{} {}: {error}", operation.id, example.name)),
            }
        }
    }
    assert!(examples > 100, "{examples} examples");
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[tokio::test]
async fn requests_are_sent_without_loss() {
    let document = own();
    let server = Server::start().await;
    let (mut examples, mut lost) = (0, Vec::new());
    for (described, operation) in described(&document) {
        let arguments = arguments(&document, operation);
        for example in &described.requests {
            examples += 1;
            let Some(check) = operation.request else {
                lost.push(format!("{} {}: takes no body", operation.id, example.name));
                continue;
            };
            if let Err(error) = check(&example.value.to_string()) {
                lost.push(format!("{} {}: {error}", operation.id, example.name));
                continue;
            }
            server.respond_with(200, "{}");
            (operation.call)(&server.client, &arguments, Some(example.value.clone()))
                .await
                .unwrap();
            let received = server.received();
            assert_addressed(&received[0], operation, &arguments);
            let sent = received[0].body.as_ref().unwrap_or(&Value::Null);
            let differences = differences(&example.value.to_string(), &sent.to_string());
            lost.extend(
                differences
                    .iter()
                    .map(|difference| format!("{} {}: {difference}", operation.id, example.name)),
            );
        }
    }
    assert!(examples >= 50, "{examples} examples");
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[tokio::test]
async fn downloads_return_every_byte() {
    let document = own();
    let server = Server::start().await;
    let mut downloads = 0;
    for operation in OPERATIONS {
        let content = &entry(&document, operation)["responses"]["200"]["content"];
        if content.get("application/octet-stream").is_none() {
            continue;
        }
        downloads += 1;
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        server.respond_with(200, bytes.clone());
        let response = (operation.call)(&server.client, &arguments(&document, operation), None)
            .await
            .unwrap();
        assert!(response.body == bytes, "{}", operation.id);
    }
    assert_ne!(downloads, 0);
}

#[tokio::test]
async fn operations_send_their_parameters_and_require_the_required_ones() {
    let document = own();
    let server = Server::start().await;
    server.respond_with(200, "{}");
    for operation in OPERATIONS {
        let complete = arguments(&document, operation);
        (operation.call)(&server.client, &complete, body(&document, operation))
            .await
            .unwrap();
        assert_addressed(&server.received()[0], operation, &complete);
        for parameter in operation.parameters {
            let mut partial = complete.clone();
            partial.remove(parameter.name);
            let result = (operation.call)(&server.client, &partial, body(&document, operation)).await;
            let at = format!("{} without {}", operation.id, parameter.name);
            assert_eq!(server.received().len(), usize::from(!parameter.required), "{at}");
            if parameter.required {
                let error = result.err().unwrap_or_else(|| panic!("{at}"));
                let named = if parameter.in_path {
                    parameter.setter
                } else {
                    parameter.name
                };
                assert!(
                    error.is_builder() && error.to_string().contains(&format!("`{named}`")),
                    "{at}: {error}"
                );
                assert_eq!(error.operation(), operation.id);
            }
        }
    }
}
