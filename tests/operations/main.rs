//! Calls every operation as a user does, and checks the request and the response.
//!
//! There is one module per group of the API, and at least one test per operation, with the name of the operation. The test in this
//! file fails if an operation has no test.

mod wire;

mod admins;
mod articles;
mod companies;
mod contacts;
mod conversations;
mod data_attributes;
mod data_events;
mod data_export;
mod help_center;
mod messages;
mod news;
mod notes;
mod segments;
mod subscription_types;
mod switch;
mod tags;
mod teams;
mod ticket_type_attributes;
mod ticket_types;
mod tickets;
mod visitors;

use std::collections::BTreeMap;
use std::path::Path;

/// Every operation of the description has a test with its name, which calls it and checks the request.
#[test]
fn every_operation_is_tested() {
    let mut tests = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("operations");
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for test in source.split("#[tokio::test]\nasync fn ").skip(1) {
            let (name, body) = test.split_once("()").unwrap();
            tests.insert(name.to_owned(), body.split_whitespace().collect::<String>());
        }
    }
    let mut missing = Vec::new();
    let paths = wire::DESCRIPTION["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let mut count = 0;
    for operation in operations {
        let id = snake(operation["operationId"].as_str().unwrap());
        let proves = tests.get(&id).is_some_and(|body| {
            [&format!(".{id}()"), "assert_eq!(sent.line,\"", "assert_eq!(sent.body,"]
                .iter()
                .all(|part| body.contains(*part))
        });
        if !proves {
            missing.push(id);
        }
        count += 1;
    }
    assert!(
        missing.is_empty(),
        "{} of {count} operations have no test: {missing:?}",
        missing.len()
    );
}

fn snake(id: &str) -> String {
    let mut name = String::new();
    for letter in id.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
