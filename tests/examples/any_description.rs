//! Checks the crate against the examples of any description: `INTERCOM_EXAMPLES=FILE cargo test --test examples`.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::compare::{Difference, differences};
use crate::description::{describe, own};
use crate::over_http::{arguments, body};
use crate::server::Server;
use operation_tables::Operation;

/// Returns the description to check and its name: the file in `INTERCOM_EXAMPLES`, or the description of this crate if it is unset.
pub(crate) fn measured() -> (String, Value) {
    match std::env::var("INTERCOM_EXAMPLES") {
        Ok(file) => {
            // Tests run in their package's folder, and the file is named from the repository.
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&file);
            let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"));
            let document = serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            (file, document)
        }
        Err(_) => ("our description".to_owned(), own()),
    }
}

/// Writes to stderr directly, because the test harness hides the output of tests that pass.
pub(crate) fn report(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Every example survives decoding and encoding, also examples of other API versions.
#[test]
fn examples_are_decoded_and_encoded_without_loss() {
    let (file, document) = measured();
    let (mut responses, mut complete_responses, mut requests, mut complete_requests) = (0, 0, 0, 0);
    let (mut lost, mut skipped) = (Vec::new(), Vec::new());
    for described in describe(&document) {
        let Some(operation) = described.operation else {
            skipped.push(format!("  not in this crate: {}", described.name()));
            continue;
        };
        for (_, example) in &described.successes {
            responses += 1;
            let at = format!("{} response {:?}", described.name(), example.name);
            let sent = example.value.to_string();
            let differences = match (operation.response)(&sent) {
                Ok(kept) => differences(&sent, &kept),
                Err(error) => vec![Difference {
                    pointer: String::new(),
                    what: error,
                }],
            };
            complete_responses += usize::from(differences.is_empty());
            lost.extend(differences.iter().map(|difference| format!("  {at}: {difference}")));
        }
        let accepted = described
            .requests
            .iter()
            .filter(|request| described.is_accepted(request));
        for example in accepted {
            requests += 1;
            let at = format!("{} request {:?}", described.name(), example.name);
            let written = example.value.to_string();
            let differences = match operation.request.map(|encode| encode(&written)) {
                Some(Ok(sent)) => differences(&written, &sent),
                Some(Err(error)) => vec![Difference {
                    pointer: String::new(),
                    what: error,
                }],
                None => vec![Difference {
                    pointer: String::new(),
                    what: "takes no body".to_owned(),
                }],
            };
            complete_requests += usize::from(differences.is_empty());
            lost.extend(differences.iter().map(|difference| format!("  {at}: {difference}")));
        }
    }
    let mut lines = vec![format!(
        "{file}: {complete_responses} of {responses} responses and {complete_requests} of {requests} requests complete"
    )];
    lines.extend(lost.iter().chain(&skipped).cloned());
    report(&lines);
    assert_ne!(responses, 0, "{file} has no examples");
    assert!(lost.is_empty(), "{} values are lost", lost.len());
    if std::env::var("INTERCOM_OPENAPI").is_ok_and(|built_from| built_from == file) {
        assert!(skipped.is_empty(), "{skipped:?}");
    }
}

#[tokio::test]
async fn errors_contain_the_values_of_their_examples() {
    let (file, document) = measured();
    let own = own();
    let server = Server::start().await;
    let mut examples = 0;
    for described in describe(&document) {
        let Some(operation) = described.operation else { continue };
        for (status, example) in &described.errors {
            examples += 1;
            server.respond_with(*status, example.value.to_string());
            let result = (operation.call)(&server.client, &arguments(&own, operation), body(&own, operation)).await;
            let error = result.err().unwrap_or_else(|| panic!("{} {status}", operation.id));
            assert_error(&error, operation, *status, &example.value);
        }
    }
    report(&[format!("{file}: {examples} of {examples} error examples complete")]);
    assert_ne!(examples, 0, "{file} has no examples of errors");
}

/// Asserts that the error contains every value of the example.
fn assert_error(error: &intercom_client::Error, operation: &Operation, status: u16, example: &Value) {
    let at = format!("{} {status} {example}", operation.id);
    assert_eq!(error.operation(), operation.id, "{at}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{at}");
    assert_eq!(
        error.request_id(),
        example["request_id"].as_str().or(Some("from-header")),
        "{at}"
    );
    assert_eq!(
        error.body().map(std::convert::AsRef::as_ref),
        Some(example.to_string().as_bytes()),
        "{at}"
    );
    let by_field: Vec<Value> = example["errors"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, message)| serde_json::json!({"field": field, "message": message}))
        .collect();
    let described: Vec<&Value> = match example["errors"].as_array() {
        Some(entries) => entries.iter().collect(),
        None if !by_field.is_empty() => by_field.iter().collect(),
        None if example.get("error_key").or(example.get("message")).is_some() => vec![example],
        None => Vec::new(),
    };
    assert_eq!(error.errors().len(), described.len(), "{at}");
    for (found, entry) in error.errors().iter().zip(described) {
        let code = entry.get("code").or(entry.get("error_key")).unwrap_or(&Value::Null);
        let text = |value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .or((!value.is_null()).then(|| value.to_string()))
        };
        assert_eq!(found.code, text(code), "{at}");
        assert_eq!(found.message, text(&entry["message"]), "{at}");
        assert_eq!(found.field, text(&entry["field"]), "{at}");
    }
}
