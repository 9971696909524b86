//! Common mistakes: the message leads to the fix, and nothing is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use intercom_client::mock::MockResponse;
use intercom_client::search::field;
use intercom_client::types::{ConversationSender, CreateContactRequest, DataAttributeOption};
use intercom_client::{Client, ClientBuilder, ConfigError, Error, Region, Response, http};
use operation_tables::OPERATIONS;
use serde_json::{Value, json};

use crate::{builder, https, start, tls};

/// The output of a `main` that returns the error.
fn printed(error: impl std::fmt::Debug) -> String {
    format!("Error: {error:?}")
}

/// The output for invalid settings.
fn refused(builder: ClientBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert_eq!(printed(&error), format!("Error: {error}"));
    printed(error)
}

#[test]
fn token_with_prefix_or_whitespace_is_rejected() {
    for token in ["dG9r\n", "dG9r\r\n", "Bearer dG9r", " dG9r"] {
        let said = refused(Client::builder(token));
        assert!(said.contains("without `Bearer`") && said.contains("trim"), "{said}");
    }
    assert!(refused(Client::builder("")).contains("pass the access token of the workspace's app"));
}

#[test]
fn unknown_region_lists_the_regions() {
    for text in ["europe", "EU1", "", "api.eu.intercom.io"] {
        let error = text.parse::<Region>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("unknown region {text:?}; use one of us, eu, au")
        );
    }
}

#[test]
fn region_must_match_the_base_url() {
    let eu = || https().region(Region::Eu);
    let said = refused(eu().base_url("https://api.intercom.io/"));
    assert!(
        said.contains("the region is eu") && said.contains("the server of us"),
        "{said}"
    );
    let custom = https().region(Region::Custom).base_url("https://api.intercom.io");
    assert!(refused(custom).contains("the region is custom"));
    for url in ["https://api.eu.intercom.io", "https://proxy.example/intercom"] {
        eu().base_url(url).build().unwrap();
    }
    // A builder of an existing client can change the region.
    let client = eu().build().unwrap().to_builder().region(Region::Au).build().unwrap();
    assert_eq!(
        (client.region(), client.base_url()),
        (Region::Au, "https://api.au.intercom.io")
    );
}

#[test]
fn zero_timeouts_are_rejected() {
    let zero = Duration::ZERO;
    assert_eq!(
        https().timeout(zero).build().unwrap_err(),
        ConfigError::ZeroTimeout("timeout")
    );
    let said = refused(https().connect_timeout(zero));
    assert!(said.starts_with("Error: `connect_timeout` is zero"), "{said}");
}

#[test]
fn missing_tls_names_the_features() {
    if !tls::ENABLED {
        let said = refused(builder());
        assert!(
            ["rustls", "native-tls", "http_client"]
                .iter()
                .any(|name| said.contains(name)),
            "{said}"
        );
    }
}

#[tokio::test]
async fn invalid_calls_fail_before_anything_is_sent() {
    let intercom = start().await;
    let client = builder().base_url(intercom.url()).build().unwrap();
    let body = "missing request body (set it with `body` or `body_map`)";
    let deep = field("a").eq(1) & (field("b").eq(1) | (field("c").eq(1) & field("d").eq(1)));
    let said = [
        client.create_ticket().send().await.unwrap_err(),
        client.create_contact().send().await.unwrap_err(),
        client.reply_conversation().send().await.unwrap_err(),
        client.create_conversation().body_map(|b| b).send().await.unwrap_err(),
        client
            .create_conversation()
            .body_map(|b| b.from(ConversationSender::builder()))
            .send()
            .await
            .unwrap_err(),
        client
            .attach_contact_to_company()
            .body_map(|b| b)
            .send()
            .await
            .unwrap_err(),
        client
            .find_tag()
            .id(1)
            .timeout(Duration::ZERO)
            .send()
            .await
            .unwrap_err(),
        client.search_contacts().query(deep).send().await.unwrap_err(),
        client.search_contacts().per_page(2).send().await.unwrap_err(),
        client.search_contacts().send().await.unwrap_err(),
    ];
    assert!(said.iter().all(|error| error.is_builder() && error.attempts() == 0));
    assert_eq!(
        said.map(printed),
        [
            format!("Error: create_ticket: {body}"),
            format!("Error: create_contact: {body}"),
            format!("Error: reply_conversation: missing required value `id`; {body}"),
            "Error: create_conversation: missing required values `body`, `from`".to_owned(),
            "Error: create_conversation: missing required values `from.type`, `from.id`, `body`".to_owned(),
            "Error: attach_contact_to_company: missing required values `id`, `body.id`".to_owned(),
            "Error: find_tag: `timeout`: must be greater than zero".to_owned(),
            "Error: search_contacts: `query`: groups are nested 3 levels deep, but the server allows 2; multiply out the \
             inner groups"
                .to_owned(),
            "Error: search_contacts: missing required value `query`".to_owned(),
            "Error: search_contacts: missing request body (set a search query with `query`, or the complete body with `body`)"
                .to_owned(),
        ]
    );
}

/// The error lists everything that is missing.
#[tokio::test]
async fn every_operation_lists_all_missing_parameters() {
    let intercom = start().await;
    let client = builder().base_url(intercom.url()).build().unwrap();
    let mut lacking = 0;
    for operation in OPERATIONS {
        let required = operation.parameters.iter().filter(|parameter| parameter.required);
        let name = |parameter: &operation_tables::Parameter| match parameter.in_path {
            true => parameter.setter,
            false => parameter.name,
        };
        let names: Vec<_> = required.map(|parameter| format!("`{}`", name(parameter))).collect();
        if names.is_empty() {
            continue;
        }
        let Err(error) = (operation.call)(&client, &BTreeMap::new(), None).await else {
            panic!("{} lacks {names:?}", operation.id);
        };
        let said = error.to_string();
        let start = format!("{}: missing required value", operation.id);
        assert!(said.starts_with(&start) && said.contains(&names.join(", ")), "{said}");
        assert!(error.is_builder() && said.len() < 400);
        lacking += 1;
    }
    assert!(lacking > 50, "{lacking}");
}

#[tokio::test]
async fn long_list_of_missing_fields_is_truncated() {
    let intercom = start().await;
    let client = builder().base_url(intercom.url()).build().unwrap();
    let options = vec![DataAttributeOption::builder(); 5000];
    let call = client.update_data_attribute().id(1).body_map(|b| b.options(options));
    let error = call.send().await.unwrap_err();
    let said = error.to_string();
    assert!(error.is_builder() && intercom.received().is_empty(), "{error}");
    assert!(
        said.contains("`options[9].value`") && said.contains("4990 more"),
        "{said}"
    );
    assert!(said.len() < 500, "{} bytes", said.len());
}

#[tokio::test]
async fn html_response_is_reported_as_html() {
    let intercom = start().await;
    let page = "<!DOCTYPE html><title>Sign in</title>";
    intercom.on_any().respond(MockResponse::bytes("text/html", page));
    let client = builder().base_url(intercom.url()).build().unwrap();
    let raw = client.request(intercom_client::Method::GET, "/me");
    let typed = client.identify_admin().send().await.unwrap_err();
    let pages = raw
        .clone()
        .pages::<Value>(intercom_client::paging::Paging::Page, "data")
        .next()
        .await;
    for error in [
        typed,
        raw.send::<Value>().await.unwrap_err(),
        pages.unwrap().unwrap_err(),
    ] {
        let said = error.to_string();
        assert!(said.contains("expected JSON, found HTML or XML"), "{said}");
        assert_eq!(error.body().unwrap(), page);
    }
}

#[tokio::test]
async fn timeout_shows_its_limit_and_attempts() {
    let intercom = start().await;
    intercom
        .on_any()
        .respond(MockResponse::json(json!({})).delay(Duration::from_secs(20)));
    let client = builder().base_url(intercom.url()).timeout(Duration::from_millis(50));
    let client = client.build().unwrap();
    let call = client
        .create_contact()
        .body(CreateContactRequest::with_email("ada@fernhill.example"));
    let error = call.send().await.unwrap_err();
    assert_eq!(
        printed(error),
        "Error: create_contact: no complete response within 50ms after 1 attempt; it may have been carried out"
    );
}

#[tokio::test]
async fn refused_connection_names_the_server_and_the_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    drop(listener);
    let client = builder()
        .base_url(format!("http://{host}"))
        .retry(intercom_client::RetryPolicy::none());
    let error = client.build().unwrap().identify_admin().send().await.unwrap_err();
    let said = printed(error);
    let line = format!("Error: identify_admin: could not connect to {host}: ");
    assert!(said.starts_with(&line), "{said}");
    assert_eq!(said.to_lowercase().matches("refused").count(), 1, "{said}");
}

/// A message with its sources, as error reporters print them.
fn reported(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn configuration_error_is_printed_once() {
    fn main() -> Result<(), Error> {
        Client::builder("").build()?;
        Ok(())
    }
    let error = main().unwrap_err();
    let text = "the access token is empty; pass the access token of the workspace's app";
    assert_eq!(
        (error.to_string(), reported(&error)),
        (text.to_owned(), text.to_owned())
    );
    assert_eq!(printed(&error), format!("Error: {text}"));
    assert_eq!(format!("{error:#?}"), text);
}

#[test]
fn custom_region_without_a_base_url_asks_for_one() {
    let said = refused(https().region(Region::Custom));
    assert_eq!(
        said,
        "Error: the region `custom` has no server; set a base URL, or use one of us, eu, au"
    );
}

#[tokio::test]
async fn failed_name_resolution_is_shown() {
    struct NoSuchName;
    impl reqwest::dns::Resolve for NoSuchName {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err(std::io::Error::other("no such host").into()) })
        }
    }
    let http = reqwest::Client::builder().dns_resolver(std::sync::Arc::new(NoSuchName));
    // Plain http, so that this holds without a TLS feature.
    let client = https()
        .base_url("http://intercom.example")
        .allow_plain_http(true)
        .http_client(http.build().unwrap())
        .retry(intercom_client::RetryPolicy::none());
    let error = client.build().unwrap().identify_admin().send().await.unwrap_err();
    assert!(error.is_connect());
    assert_eq!(
        printed(&error),
        "Error: identify_admin: could not connect to intercom.example:80: no such host; check the base URL, the network \
         and the proxy"
    );
}

#[tokio::test]
async fn rejected_token_names_the_server_and_the_region() {
    let intercom = start().await;
    let client = Client::builder("dG9rOm90aGVy-workspace").base_url(intercom.url());
    let error = client.build().unwrap().identify_admin().send().await.unwrap_err();
    assert!(error.is_unauthorized());
    let host = intercom.url().replace("http://", "");
    let said = error.to_string();
    assert!(said.starts_with("identify_admin: 401 "), "{said}");
    let advice = "; check the token and the region: a token is valid only in the region of its workspace, and this call \
                  went to ";
    assert!(said.ends_with(&format!("{advice}{host}")), "{said}");
    assert!(!said.contains("dG9rOm90aGVy"), "{said}");
    let suspended = r#"{"errors":[{"code":"token_suspended","message":"Closed"}]}"#;
    let status = http::StatusCode::UNAUTHORIZED;
    let error = Error::from_response("identify_admin", status, http::HeaderMap::new(), suspended);
    assert_eq!(error.to_string(), "identify_admin: 401 token_suspended: Closed");
}

/// Code that handles responses and errors can be tested without a server.
#[test]
fn responses_and_errors_can_be_built_for_tests() {
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("x-request-id", "001f"),
        ("x-ratelimit-limit", "167"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1487332510"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let body = r#"{"type":"error.list","errors":[{"code":"rate_limit_exceeded","message":"Exceeded\nrate limit"}]}"#;
    let error = |status: u16, body: &'static str| {
        Error::from_response(
            "create_contact",
            http::StatusCode::from_u16(status).unwrap(),
            headers.clone(),
            body,
        )
    };
    let limited = error(429, body);
    assert!(limited.is_rate_limited() && limited.is_retryable() && !limited.is_conflict());
    assert_eq!(
        (limited.code(), limited.errors().len()),
        (Some("rate_limit_exceeded"), 1)
    );
    assert_eq!((limited.request_id(), limited.attempts()), (Some("001f"), 1));
    assert_eq!(limited.rate_limit().unwrap().limit, 167);
    assert_eq!(
        printed(limited),
        "Error: create_contact: 429 rate_limit_exceeded: Exceeded rate limit (request 001f)"
    );
    let conflict = error(409, r#"{"errors":[{"code":"conflict","message":"exists with id=5f"}]}"#);
    assert_eq!(conflict.conflicting_id(), Some("5f"));
    let odd = error(200, "{}");
    assert!(
        !odd.is_retryable() && odd.to_string().starts_with("create_contact: 200 ok"),
        "{odd}"
    );

    let response = Response::from_value(7)
        .with_status(http::StatusCode::ACCEPTED)
        .with_headers(headers)
        .with_body("7");
    assert_eq!(
        (*response, response.status().as_u16(), response.attempts()),
        (7, 202, 1)
    );
    assert_eq!(
        (response.request_id(), response.body().as_ref()),
        (Some("001f"), &b"7"[..])
    );
    assert!(response.mismatches().is_empty() && response.rate_limit().is_some());
}
