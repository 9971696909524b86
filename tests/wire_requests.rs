//! Checks requests with `httpmock`. It does not share code with this crate, so it does not share its misunderstandings of HTTP.
//!
//! Each expectation is a matcher of `httpmock`. If a request differs, the server responds with 404 and the test fails.

#![allow(deprecated)] // includes the operations that Intercom removes

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::TryStreamExt;
use httpmock::{MockServer, When};
use intercom_client::search::{contacts, field};
use intercom_client::types::UpdateContactRequest;
use intercom_client::{ApiVersion, Client, ClientBuilder, Method, Nullable, Region, RetryPolicy};
use operation_tables::{OPERATIONS, Operation};
use serde_json::{Value, json};

const TOKEN: &str = "dG9rOmZlcm5oaWxs";

/// Maximum number of items on a page of a search.
const MAX_PER_PAGE: i64 = 150;

/// A text with characters that must be encoded in paths and queries.
const TEXT: &str = "a/b ü%2F?#";
/// [`TEXT`] in a path.
const TEXT_IN_PATH: &str = "a%2Fb%20%C3%BC%252F%3F%23";

/// Returns the builder of a client for this server that does not retry.
fn builder(server: &MockServer) -> ClientBuilder {
    // The feature `rustls-no-provider` needs a crypto provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder(TOKEN)
        .base_url(server.base_url())
        .retry(RetryPolicy::none())
        .wait_for_rate_limit(false)
}

/// Expects the headers of every request, each exactly once.
fn with_headers(when: When, accept: &str) -> When {
    let once = ["authorization", "intercom-version", "accept", "user-agent"];
    let when = once.iter().fold(when, |when, name| {
        when.header_count(format!("(?i)^{name}$").as_str(), ".*", 1_usize)
    });
    when.header("authorization", format!("Bearer {TOKEN}"))
        .header("intercom-version", "2.9")
        .header("accept", accept)
        .header_prefix("user-agent", "intercom-client/")
}

/// Expects a JSON body with a content type, or neither.
fn with_body(when: When, body: Option<&Value>) -> When {
    match body {
        Some(body) => when
            .header_count("(?i)^content-type$", ".*", 1_usize)
            .header("content-type", "application/json")
            .json_body(body.clone()),
        None => when
            .header_missing("content-type")
            .is_true(|request| request.body_ref().is_empty()),
    }
}

/// Expects these query parameters and no others.
fn with_query(when: When, query: &[(String, String)]) -> When {
    let any = || regex(".*");
    let when = when.query_param_count(any(), any(), query.len());
    query
        .iter()
        .fold(when, |when, (name, value)| when.query_param(name, value))
}

fn regex(pattern: &str) -> httpmock::Regex {
    pattern.into()
}

// One request per operation, as described.

/// Returns the description that the client is generated from.
fn own() -> Value {
    serde_json::from_str(operation_tables::DESCRIPTION).unwrap()
}

/// Returns the published description, if the file exists next to the repository.
fn published() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/descriptions/2.9.yaml");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_norway::from_str(&text).unwrap())
}

/// Returns the method, path template and entry of each operation of a description.
fn described(document: &Value) -> Vec<(String, &str, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete", "patch"] {
            if let Some(entry) = item.get(method) {
                found.push((method.to_uppercase(), path.as_str(), entry));
            }
        }
    }
    found
}

/// Returns the path and query parameters of an operation.
fn parameters(entry: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let parameters = entry["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] != "header")
        .map(|parameter| (parameter["name"].as_str().unwrap(), parameter))
}

/// Returns a value for the parameter at `index`, different from the values of the other parameters.
fn argument(parameter: &Value, index: usize) -> String {
    let schema = &parameter["schema"];
    match (schema["enum"][0].as_str(), schema["type"].as_str()) {
        (Some(word), _) => word.to_owned(),
        (None, Some("integer")) => (1_731_369_600 + index).to_string(),
        (None, Some("boolean")) => "true".to_owned(),
        (None, _) if parameter["in"] == "path" => format!("{TEXT}{index}"),
        (None, _) => format!("{TEXT}&=+{index}"),
    }
}

/// Normalizes the spelling of a name.
fn fold(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

/// Returns the example bodies of an operation. Events have no examples, so bodies from the text of the description are used.
///
/// Bodies that the client rejects are left out, unless their name is the name of a successful response.
fn bodies(operation: &Operation, path: &str, entry: &Value) -> Vec<Value> {
    match path {
        "/events" if operation.method == "POST" => {
            return vec![json!({"event_name": "ordered", "created_at": 1_731_369_600, "user_id": "314159"})];
        }
        "/events/summaries" => {
            let summary = json!({"event_name": "ordered", "count": 2, "first": 1_731_369_600, "last": 1_731_456_000});
            return vec![json!({"user_id": "314159", "event_summaries": summary})];
        }
        _ => {}
    }
    let responses = entry["responses"].as_object().unwrap().iter();
    let successes: Vec<String> = responses
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| response["content"]["application/json"]["examples"].as_object())
        .flat_map(|examples| examples.keys().map(|name| fold(name)))
        .collect();
    let is_rejected = |name: &str, body: &Value| {
        let is_accepted = fold(name).contains("success") || successes.contains(&fold(name));
        !is_accepted
            && operation
                .request
                .is_some_and(|encode| encode(&body.to_string()).is_err())
    };
    let examples = entry["requestBody"]["content"]["application/json"]["examples"].as_object();
    examples
        .into_iter()
        .flatten()
        .map(|(name, example)| (name, &example["value"]))
        .filter(|(name, body)| !is_rejected(name, body))
        .map(|(_, body)| body.clone())
        .collect()
}

/// Calls an operation, and compares the request with the description.
async fn call(
    (server, client): (&MockServer, &Client),
    operation: &Operation,
    (method, path, entry): (&str, &str, &Value),
    body: Option<&Value>,
) {
    let mut arguments = BTreeMap::new();
    let (mut filled, mut query) = (path.to_owned(), Vec::new());
    for (index, (name, parameter)) in parameters(entry).enumerate() {
        let value = argument(parameter, index);
        if parameter["in"] == "path" {
            filled = filled.replace(&format!("{{{name}}}"), &value.replace(TEXT, TEXT_IN_PATH));
        } else {
            query.push((name.to_owned(), value.clone()));
        }
        arguments.insert(name.to_owned(), value);
    }
    let success = entry["responses"].as_object().unwrap().iter();
    let mut success = success.filter(|(status, _)| status.starts_with('2'));
    let content = success.next().and_then(|(_, response)| response["content"].as_object());
    let bytes = content.is_some_and(|content| content.contains_key("application/octet-stream"));
    let accept = if bytes {
        "application/octet-stream"
    } else {
        "application/json"
    };
    let expected = server
        .mock_async(|when, then| {
            let when = with_headers(when.method(method).path(filled), accept);
            with_body(with_query(when, &query), body);
            then.status(200).body("{}");
        })
        .await;
    let result = (operation.call)(client, &arguments, body.cloned()).await;
    let error = result.err().map(|error| error.to_string());
    if let Some(error) = error {
        println!("{} ({method} {path}): {error}", operation.id);
        expected.assert_async().await;
        panic!("{}: {error}", operation.id);
    }
    assert_eq!(expected.calls_async().await, 1, "{}", operation.id);
    expected.delete_async().await;
}

fn operation(method: &str, path: &str) -> &'static Operation {
    let mut operations = OPERATIONS.iter();
    operations
        .find(|operation| (operation.method, operation.path) == (method, path))
        .unwrap_or_else(|| panic!("the client lacks {method} {path}"))
}

#[tokio::test]
async fn operations_send_requests_as_described() {
    let server = MockServer::start_async().await;
    let client = builder(&server).build().unwrap();
    let document = own();
    let described = described(&document);
    assert_eq!(described.len(), OPERATIONS.len());
    for (method, path, entry) in described {
        let operation = operation(&method, path);
        let bodies = bodies(operation, path, entry);
        assert_eq!(bodies.is_empty(), entry.get("requestBody").is_none(), "{method} {path}");
        for body in &bodies {
            call((&server, &client), operation, (&method, path, entry), Some(body)).await;
        }
        if bodies.is_empty() {
            call((&server, &client), operation, (&method, path, entry), None).await;
        }
    }
}

#[tokio::test]
async fn operations_send_requests_as_published() {
    let Some(published) = published() else { return };
    let server = MockServer::start_async().await;
    let client = builder(&server).build().unwrap();
    let document = own();
    let calls = |document| {
        let described = described(document).into_iter();
        described
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(calls(&published), calls(&document));
    for (method, path, entry) in described(&published) {
        // The overlay adds parameters, but does not remove published ones.
        let known = &document["paths"][path][method.to_lowercase()];
        for (name, _) in parameters(entry) {
            // The published parameter is an object. Intercom expects its fields as parameters.
            let is_split = (path, name) == ("/events", "filter");
            let is_sent = parameters(known).any(|(described, _)| described == name);
            assert!(is_sent || is_split, "{method} {path} lacks {name}");
        }
        let operation = operation(&method, path);
        let bodies = bodies(operation, path, entry);
        assert_eq!(bodies.is_empty(), entry.get("requestBody").is_none(), "{method} {path}");
        for body in &bodies {
            call((&server, &client), operation, (&method, path, known), Some(body)).await;
        }
        if bodies.is_empty() {
            call((&server, &client), operation, (&method, path, known), None).await;
        }
    }
}

#[test]
fn regions_are_the_published_servers() {
    let Some(published) = published() else { return };
    let servers = published["servers"].as_array().unwrap().iter();
    let servers: BTreeSet<&str> = servers.map(|server| server["url"].as_str().unwrap()).collect();
    // No request is sent, so this works with any TLS feature.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let clients = [Region::Us, Region::Eu, Region::Au].map(|region| {
        let builder = Client::builder(TOKEN).http_client(reqwest::Client::new());
        builder.region(region).build().unwrap()
    });
    assert_eq!(clients.iter().map(Client::base_url).collect::<BTreeSet<_>>(), servers);
}

// The client's settings.

#[tokio::test]
async fn client_settings_are_sent() {
    let server = MockServer::start_async().await;
    let expected = server
        .mock_async(|when, then| {
            when.method("GET")
                .path("/eu/intercom/me")
                .host(server.host())
                .header("authorization", "Bearer bmV4dA")
                .header("intercom-version", "2.11")
                .header("accept", "application/json")
                .header_missing("api-version")
                .header_missing("content-type")
                .header_matches(
                    regex("(?i)^user-agent$"),
                    regex(r"^acme-sync/1\.4 intercom-client/\d+\.\d+\.\d+$"),
                );
            then.status(200).body("{}");
        })
        .await;
    let client = builder(&server)
        .base_url(server.url("/eu/intercom/"))
        .api_version("2.11".parse().unwrap())
        .user_agent("acme-sync/1.4")
        .build()
        .unwrap();
    client.with_token("bmV4dA").unwrap().identify_admin().send().await.ok();
    expected.assert_async().await;
}

#[tokio::test]
async fn call_overrides_version_and_headers_for_one_request() {
    let server = MockServer::start_async().await;
    let overridden = server
        .mock_async(|when, then| {
            when.path("/contacts/5f")
                .header_count("(?i)^intercom-version$", ".*", 1_usize)
                .header("intercom-version", "2.8")
                .header_count("(?i)^user-agent$", ".*", 1_usize)
                .header("user-agent", "acme/1")
                .header("x-trace", "a1")
                .query_param("display_as", "plain text&more");
            then.status(200).body("{}");
        })
        .await;
    let usual = server
        .mock_async(|when, then| {
            with_headers(when.path("/contacts/60"), "application/json").header_missing("x-trace");
            then.status(200).body("{}");
        })
        .await;
    let client = builder(&server).build().unwrap();
    let call = client.show_contact().id("5f").api_version(ApiVersion::V2_8);
    let call = call.header("User-Agent", "acme/1").header("X-Trace", "a1");
    call.query_param("display_as", "plain text&more").send().await.ok();
    client.show_contact().id("60").send().await.ok();
    overridden.assert_async().await;
    usual.assert_async().await;
}

#[tokio::test]
async fn raw_request_is_sent_like_an_operation() {
    let server = MockServer::start_async().await;
    let body = json!({"query": {"field": "open", "operator": "=", "value": true}});
    let expected = server
        .mock_async(|when, then| {
            let when = with_headers(when.method("POST").path("/tickets/search"), "application/json");
            let when = with_query(when, &[("q".to_owned(), "a+b=c".to_owned())]);
            with_body(when, Some(&body));
            then.status(200).body("{}");
        })
        .await;
    let client = builder(&server).build().unwrap();
    let call = client.request(Method::POST, "/tickets/search").query("q", "a+b=c");
    call.json(&body).send::<Value>().await.ok();
    expected.assert_async().await;
}

// Walks.

/// Returns a page of contacts with one item.
fn page(id: &str, next: Value) -> Value {
    json!({"type": "list", "data": [{"type": "contact", "id": id}], "pages": {"type": "pages", "next": next}})
}

/// A cursor with characters that must be encoded in a query.
const CURSOR: &str = "WzE3+MzI/sIj&==";

#[tokio::test]
async fn list_continues_with_the_cursor_of_the_response() {
    let server = MockServer::start_async().await;
    let first = server
        .mock_async(|when, then| {
            let query = [("per_page".to_owned(), "2".to_owned())];
            with_query(when.method("GET").path("/contacts"), &query);
            then.status(200)
                .json_body(page("a", json!({"page": 2, "starting_after": CURSOR})));
        })
        .await;
    let second = server
        .mock_async(|when, then| {
            let query = [("per_page", "2"), ("starting_after", CURSOR)];
            let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
            // `+` has to be encoded, because servers decode it as a space.
            with_query(when.method("GET").path("/contacts"), &query)
                .is_true(|request| request.uri_str().contains("starting_after=WzE3%2BMzI%2FsIj%26%3D%3D"));
            then.status(200).json_body(page("b", Value::Null));
        })
        .await;
    let client = builder(&server).build().unwrap();
    let walked: Result<Vec<_>, _> = client.list_contacts().per_page(2).stream().try_collect().await;
    first.assert_async().await;
    second.assert_async().await;
    let ids: Vec<_> = walked.unwrap().into_iter().map(|contact| contact.id).collect();
    assert_eq!(ids, [Some("a".into()), Some("b".into())]);
}

#[tokio::test]
async fn search_continues_with_the_cursor_in_its_body() {
    let server = MockServer::start_async().await;
    let query = json!({"operator": "AND", "value": [
        {"field": "role", "operator": "=", "value": "user"},
        {"field": "created_at", "operator": ">", "value": 1_731_369_600},
    ]});
    let steps = [
        (
            json!({"per_page": MAX_PER_PAGE}),
            page("a", json!({"page": 2, "starting_after": CURSOR})),
        ),
        (
            json!({"per_page": MAX_PER_PAGE, "starting_after": CURSOR}),
            page("b", Value::Null),
        ),
    ];
    let mut expected = Vec::new();
    for (pagination, page) in steps {
        let body = json!({"query": query, "pagination": pagination});
        let step = server.mock_async(|when, then| {
            let when = with_headers(when.method("POST").path("/contacts/search"), "application/json");
            with_body(with_query(when, &[]), Some(&body));
            then.status(200).json_body(page);
        });
        expected.push(step.await);
    }
    let client = builder(&server).build().unwrap();
    let users = field(contacts::ROLE).eq("user") & field(contacts::CREATED_AT).gt(1_731_369_600);
    let search = client.search_contacts().query(users).per_page(MAX_PER_PAGE);
    let walked: Result<Vec<_>, _> = search.stream().try_collect().await;
    for step in &expected {
        step.assert_async().await;
    }
    assert_eq!(walked.unwrap().len(), 2);
}

// Bodies.

#[tokio::test]
async fn cleared_fields_are_null_and_unset_fields_are_not_sent() {
    let server = MockServer::start_async().await;
    let expected = server
        .mock_async(|when, then| {
            let body = json!({"name": "Ada", "phone": null, "custom_attributes": {"coupon": null, "seats": 40}});
            let when = when.method("PUT").path("/contacts/66f1c2a9d04b7e8351aa0c11");
            with_body(with_headers(when, "application/json"), Some(&body));
            then.status(200).body("{}");
        })
        .await;
    let body = UpdateContactRequest::builder()
        .name("Ada")
        .email(None::<&str>)
        .phone(Nullable::Null)
        .custom_attributes([("coupon", Value::Null), ("seats", json!(40))]);
    let client = builder(&server).build().unwrap();
    let call = client.update_contact().id("66f1c2a9d04b7e8351aa0c11").body(body);
    call.send().await.ok();
    expected.assert_async().await;
}
