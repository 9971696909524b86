//! Error statuses that any operation can return, even if they are not documented.

use intercom_client::Error;
use serde_json::json;

use crate::description::own;
use crate::over_http::{arguments, body};
use crate::server::Server;
use operation_tables::OPERATIONS;

type Predicate = (&'static str, fn(&Error) -> bool);

const PREDICATES: [Predicate; 9] = [
    ("is_unauthorized", Error::is_unauthorized),
    ("is_forbidden", Error::is_forbidden),
    ("is_not_found", Error::is_not_found),
    ("is_conflict", Error::is_conflict),
    ("is_rate_limited", Error::is_rate_limited),
    ("is_invalid_request", Error::is_invalid_request),
    ("is_timeout", Error::is_timeout),
    ("is_decode", Error::is_decode),
    ("is_retryable", Error::is_retryable),
];

#[tokio::test]
async fn every_operation_returns_an_error_of_the_right_kind() {
    let document = own();
    let server = Server::start().await;
    assert_eq!(OPERATIONS.len(), 108);
    for operation in OPERATIONS {
        let arguments = arguments(&document, operation);
        for (status, code, holds) in [
            (401, "unauthorized", vec!["is_unauthorized"]),
            (404, "not_found", vec!["is_not_found"]),
            (409, "conflict", vec!["is_conflict"]),
            (429, "rate_limit_exceeded", vec!["is_rate_limited", "is_retryable"]),
            (503, "service_unavailable", vec!["is_retryable"]),
        ] {
            let message = format!("{code} id=5f1b0a7c");
            let list =
                json!({"type": "error.list", "request_id": "r1", "errors": [{"code": code, "message": message}]});
            server.respond_with(status, list.to_string());
            let result = (operation.call)(&server.client, &arguments, body(&document, operation)).await;
            let error = result.err().unwrap_or_else(|| panic!("{} {status}", operation.id));
            let at = format!("{} {status}", operation.id);
            let true_ones: Vec<_> = PREDICATES
                .into_iter()
                .filter(|(_, predicate)| predicate(&error))
                .map(|(name, _)| name)
                .collect();
            assert_eq!(true_ones, holds, "{at}: {error}");
            assert_eq!(error.operation(), operation.id);
            assert_eq!(error.status().unwrap(), status, "{at}");
            assert_eq!(error.code(), Some(code), "{at}");
            assert_eq!(error.request_id(), Some("r1"), "{at}");
            assert_eq!(error.conflicting_id(), (status == 409).then_some("5f1b0a7c"), "{at}");
            assert_eq!(error.attempts(), 1, "{at}");
            assert_eq!(server.received().len(), 1, "{at}");
        }
    }
}
