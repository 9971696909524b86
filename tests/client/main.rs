//! The settings of clients: regions, versions, environment, headers, TLS, and invalid settings.

mod mistakes;
#[allow(dead_code)]
#[path = "../transport/server.rs"]
mod server;
mod tls;

use std::process::Command;
use std::time::Duration;

use intercom_client::mock::{MockIntercom, MockResponse, MockServer};
use intercom_client::{ApiVersion, Client, ClientBuilder, ConfigError, Error, Region};
use serde_json::json;
use server::{Move, Server, response};

const TOKEN: &str = "dG9rOmZlcm5oaWxs-secret";

/// A builder with the test token.
fn builder() -> ClientBuilder {
    tls::provider();
    Client::builder(TOKEN)
}

/// Like [`builder`], for https with every set of features; requests are not sent.
fn https() -> ClientBuilder {
    match tls::ENABLED {
        true => builder(),
        false => builder().http_client(reqwest::Client::new()),
    }
}

/// A mock Intercom that requires the test token.
async fn start() -> MockServer {
    MockIntercom::builder().token(TOKEN).serve().await
}

#[test]
fn regions_have_the_servers_of_the_description() {
    for (region, name, url) in [
        (Region::Us, "us", "https://api.intercom.io"),
        (Region::Eu, "eu", "https://api.eu.intercom.io"),
        (Region::Au, "au", "https://api.au.intercom.io"),
    ] {
        assert_eq!(name.parse(), Ok(region));
        assert_eq!(name.to_uppercase().parse(), Ok(region), "the spelling of /me");
        assert_eq!((region.as_str(), region.to_string().as_str()), (name, name));
        let client = https().region(region).build().unwrap();
        assert_eq!((client.region(), client.base_url()), (region, url));
    }
    assert_eq!(https().build().unwrap().region(), Region::Us);
    assert_eq!("mars".parse::<Region>(), Err(ConfigError::UnknownRegion("mars".into())));
    assert!(matches!(
        https().region(Region::Custom).build(),
        Err(ConfigError::UnknownRegion(_))
    ));
}

#[test]
fn base_url_is_returned_and_its_region_recognized() {
    let build = |url: &str| https().base_url(url).build().unwrap();
    let proxy = build("https://proxy.example/intercom/");
    assert_eq!(
        (proxy.base_url(), proxy.region()),
        ("https://proxy.example/intercom", Region::Custom)
    );
    assert_eq!(build("https://api.eu.intercom.io/").region(), Region::Eu);
}

#[test]
fn version_is_that_of_the_description_unless_set() {
    let version = |client: Client| client.api_version().to_string();
    assert_eq!(version(https().build().unwrap()), "2.9");
    assert_eq!(version(https().api_version(ApiVersion::V2_8).build().unwrap()), "2.8");
    let newer: ApiVersion = "2.14".parse().unwrap();
    assert_eq!(version(https().api_version(newer).build().unwrap()), "2.14");
    for malformed in [
        "", "2", "2.", ".9", "v2.9", "2.9.1", "2,9", "2.9\n", "unstable", "1234.5",
    ] {
        assert_eq!(
            malformed.parse::<ApiVersion>(),
            Err(ConfigError::MalformedVersion(malformed.into()))
        );
    }
    assert_eq!("Unstable".parse::<ApiVersion>().unwrap().as_str(), "Unstable");
}

#[test]
fn invalid_tokens_are_rejected_without_being_shown() {
    assert!(matches!(Client::builder("").build(), Err(ConfigError::EmptyToken)));
    for wrong in [
        " secret",
        "secret ",
        "sec ret",
        "secret\n",
        "sec\0ret",
        "sec\tret",
        "sécret",
        "sec\u{7f}ret",
    ] {
        let error = Client::builder(wrong).build().unwrap_err();
        assert_eq!(error, ConfigError::InvalidToken);
        assert!(!format!("{error} {error:?}").contains("ret"), "{error}");
    }
}

#[test]
fn invalid_base_urls_are_rejected() {
    for (url, reason) in [
        ("api.intercom.io", "no scheme; start it with `https://`"),
        ("localhost:8080", "no scheme; start it with `https://`"),
        ("127.0.0.1:8080", "no scheme; start it with `https://`"),
        ("", "no scheme"),
        ("https://", "no host"),
        ("https://a b", "cannot be parsed"),
        ("ftp://api.intercom.io", "scheme is not supported"),
        ("file:///etc/passwd", "scheme is not supported"),
        ("https://user:pass@api.intercom.io", "user name or password"),
        ("https://user@api.intercom.io", "user name or password"),
        ("https://api.intercom.io?x=1", "query"),
        ("https://api.intercom.io/#top", "fragment"),
        ("http://api.intercom.io", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://127.0.0.1.example", "plain http"),
    ] {
        let error = https().base_url(url).build().unwrap_err();
        assert!(matches!(error, ConfigError::InvalidBaseUrl(_)), "{url}: {error}");
        assert!(error.to_string().contains(reason), "{url}: {error}");
    }
    for url in [
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:9",
        "https://proxy.example/a/b",
    ] {
        https().base_url(url).build().unwrap();
    }
}

#[test]
fn other_invalid_settings_are_rejected() {
    let build = |agent: &str| https().user_agent(agent).build().map(drop);
    assert_eq!(build(" "), Err(ConfigError::InvalidUserAgent));
    assert_eq!(build("acme\n"), Ok(()), "surrounding whitespace is trimmed");
    assert_eq!(build("ac\nme"), Err(ConfigError::InvalidUserAgent));
    assert_eq!(
        https().max_in_flight(0).build().unwrap_err(),
        ConfigError::ZeroMaxInFlight
    );
}

#[test]
fn configuration_error_converts_to_error() {
    fn connect() -> Result<Client, Error> {
        Ok(Client::builder("").build()?)
    }
    let error = connect().unwrap_err();
    assert!(error.is_builder());
    assert_eq!(error.attempts(), 0);
    assert!(error.to_string().contains("access token is empty"), "{error}");
}

#[test]
fn debug_does_not_show_the_token() {
    let builder = https().base_url("https://proxy.example");
    let shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let shown = format!("{shown} {client:?} {client:#?} {:?}", client.find_tag().id(1));
    assert!(shown.contains("proxy.example") && !shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn every_request_has_the_headers_exactly_once() {
    let intercom = start().await;
    let plain = builder().base_url(intercom.url()).user_agent("acme-sync/1.4");
    plain.build().unwrap().identify_admin().send().await.unwrap();

    let mut defaults = reqwest::header::HeaderMap::new();
    for name in ["authorization", "intercom-version", "accept", "user-agent"] {
        defaults.insert(name, "another".parse().unwrap());
    }
    let own = reqwest::Client::builder().default_headers(defaults).build().unwrap();
    let given = builder()
        .base_url(intercom.url())
        .user_agent("acme-sync/1.4")
        .http_client(own);
    given.build().unwrap().identify_admin().send().await.unwrap();

    let received = intercom.received();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(request.line(), "GET /me");
        let manifest = include_str!("../../Cargo.toml");
        let version = manifest
            .split("\nversion = \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let agent = format!("acme-sync/1.4 intercom-client/{version}");
        for (name, value) in [
            ("authorization", Some(format!("Bearer {TOKEN}").as_str())),
            ("intercom-version", Some("2.9")),
            ("accept", Some("application/json")),
            ("user-agent", Some(&agent)),
            ("api-version", None),
            ("content-type", None),
        ] {
            assert_eq!(request.header(name), value, "{name}");
            assert!(
                request.headers.get_all(name).iter().count() <= 1,
                "{name} is sent twice"
            );
        }
    }
}

#[tokio::test]
async fn version_and_path_prefix_are_sent() {
    let version: ApiVersion = "2.11".parse().unwrap();
    let intercom = MockIntercom::builder().token(TOKEN).api_version(version.clone());
    let intercom = intercom.serve().await;
    intercom.on_any().respond(MockResponse::json(json!({})));
    let client = builder()
        .base_url(format!("{}/proxy/", intercom.url()))
        .api_version(version)
        .build()
        .unwrap();
    client.clone().identify_admin().send().await.unwrap();
    let [request] = &intercom.received()[..] else {
        panic!("one call sends one request")
    };
    assert_eq!(request.line(), "GET /proxy/me");
    assert_eq!(request.header("intercom-version"), Some("2.11"));
}

/// Responds to one request and returns its request line.
async fn request_line(call: impl AsyncFnOnce(Client)) -> String {
    let server = Server::new([vec![Move::Read, response(200, &[], "{}")]]).await;
    call(builder().base_url(&server.url).build().unwrap()).await;
    let [request] = &server.requests()[..] else {
        panic!("one call sends one request")
    };
    request.line()
}

#[tokio::test]
async fn ids_stay_inside_their_path_segment() {
    for (id, segment) in [
        ("88120", "88120"),
        ("a/b", "a%2Fb"),
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("50%", "50%25"),
        ("%2e%2e", "%252e%252e"),
        ("a b", "a%20b"),
        ("a\\b", "a%5Cb"),
        ("a;b&c=d+e", "a%3Bb%26c%3Dd%2Be"),
        ("zoë", "zo%C3%AB"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("...", "..."),
        ("~a_b-c.d", "~a_b-c.d"),
    ] {
        let line = request_line(async |client| drop(client.find_tag().id(id).send().await.unwrap())).await;
        assert_eq!(line, format!("GET /tags/{segment} HTTP/1.1"));
    }
}

#[tokio::test]
async fn ids_that_change_the_path_are_rejected_before_sending() {
    let intercom = start().await;
    let client = builder().base_url(intercom.url()).build().unwrap();
    for id in ["", ".", ".."] {
        let error = client.delete_contact().id(id).send().await.unwrap_err();
        assert!(error.is_builder() && error.attempts() == 0);
        assert!(error.to_string().starts_with("delete_contact: `id`: "), "{error}");
    }
    let error = client.find_tag().send().await.unwrap_err();
    assert_eq!(error.to_string(), "find_tag: missing required value `id`");
    assert_eq!(error.operation(), "find_tag");
    assert!(intercom.received().is_empty());
}

#[tokio::test]
async fn query_values_are_encoded() {
    let line = request_line(async |client| {
        let call = client.retrieve_company().name("Smith & Söhne + 50% = ?/#").per_page(15);
        drop(call.send().await);
    })
    .await;
    assert_eq!(
        line,
        "GET /companies?name=Smith+%26+S%C3%B6hne+%2B+50%25+%3D+%3F%2F%23&per_page=15 HTTP/1.1"
    );
}

#[tokio::test]
async fn timeout_limits_an_attempt() {
    let server = Server::always(vec![Move::Hang]).await;
    let client = builder()
        .base_url(&server.url)
        .timeout(Duration::from_millis(50))
        .retry(intercom_client::RetryPolicy::none())
        .build()
        .unwrap();
    let error = client.identify_admin().send().await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error}");
}

/// Runs in a child process of [`environment_variables_configure_a_client`].
#[test]
fn environment_child() {
    if std::env::var_os("ENVIRONMENT_CHILD").is_none() {
        return;
    }
    tls::provider();
    match Client::from_env() {
        Ok(client) => println!("=> {} {} {}", client.region(), client.api_version(), client.base_url()),
        Err(error) => println!("=> {error}"),
    }
}

#[test]
fn environment_variables_configure_a_client() {
    let run = |variables: &[(&str, &str)]| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["environment_child", "--exact", "--nocapture"])
            .env_clear()
            .env("ENVIRONMENT_CHILD", "1")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.split_once("=> ").map(|(_, rest)| rest.to_owned()));
        line.unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)))
    };
    let token = ("INTERCOM_ACCESS_TOKEN", TOKEN);
    assert_eq!(run(&[]), "the environment variable INTERCOM_ACCESS_TOKEN is not set");
    assert_eq!(
        run(&[("INTERCOM_ACCESS_TOKEN", "")]),
        "the environment variable INTERCOM_ACCESS_TOKEN is not set"
    );
    let eu = [token, ("INTERCOM_REGION", "EU"), ("INTERCOM_API_VERSION", "2.8")];
    if tls::ENABLED {
        assert_eq!(run(&[token]), "us 2.9 https://api.intercom.io");
        assert_eq!(run(&[token, ("INTERCOM_REGION", "")]), "us 2.9 https://api.intercom.io");
        assert_eq!(run(&eu), "eu 2.8 https://api.eu.intercom.io");
    } else {
        assert_eq!(run(&eu), ConfigError::NoTls.to_string());
    }
    assert_eq!(
        run(&[token, ("INTERCOM_BASE_URL", "http://127.0.0.1:9/x")]),
        "custom 2.9 http://127.0.0.1:9/x"
    );
    assert_eq!(
        run(&[token, ("INTERCOM_REGION", "mars")]),
        "unknown region \"mars\"; use one of us, eu, au"
    );
    assert!(run(&[token, ("INTERCOM_API_VERSION", "x")]).contains("invalid API version"));
    assert!(run(&[token, ("INTERCOM_BASE_URL", "http://x.example")]).contains("plain http"));
    assert!(run(&[("INTERCOM_ACCESS_TOKEN", "a b")]).contains("whitespace"));
}

#[test]
fn plain_http_to_another_host_must_be_allowed() {
    let mock = || builder().base_url("http://intercom-mock:8080");
    let error = mock().build().unwrap_err();
    assert!(error.to_string().contains("allow_plain_http"), "{error}");
    assert_eq!(
        mock().allow_plain_http(true).build().unwrap().base_url(),
        "http://intercom-mock:8080"
    );
}

/// Names under `localhost` do not depend on DNS and proxies.
#[tokio::test]
async fn names_under_localhost_resolve_to_loopback() {
    let intercom = start().await;
    for name in ["localhost", "intercom.localhost"] {
        let url = intercom.url().replace("127.0.0.1", name);
        let client = builder().base_url(url).build().unwrap();
        client.identify_admin().send().await.unwrap();
    }
    assert_eq!(intercom.calls("identify_admin").len(), 2);
}

/// The future is part of the futures that await it, and is moved with them.
#[test]
fn future_of_a_call_is_small() {
    let client = builder().base_url("http://127.0.0.1:9").build().unwrap();
    let call = client.list_contacts().send();
    assert!(size_of_val(&call) < 4096, "{}", size_of_val(&call));
    let call = client.create_contact().send();
    assert!(size_of_val(&call) < 4096, "{}", size_of_val(&call));
}
