//! Clients of several workspaces over one connection pool, and tokens that change.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use intercom_client::{AccessToken, ConfigError, Error, Region, RetryPolicy};

use crate::calls::{Op, TOKEN, own_settings, quick};
use crate::server::{Move, Request, Server, response};

const OTHER: &str = "dG9rOm90aGVy-secret";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The tokens that were sent, in order.
fn sent(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let tokens = requests.iter().map(|request| request.header("authorization"));
    tokens.map(|token| token.unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn workspaces_share_connections_and_settings_but_no_token() {
    let server = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let first = own_settings(&server).user_agent("acme/1").build().unwrap();
    let second = first.with_token(OTHER).unwrap();
    for client in [&first, &second, &first, &second.clone()] {
        Op::Get.call(client).await.unwrap();
    }
    assert_eq!(sent(&server), [TOKEN, OTHER, TOKEN, OTHER].map(bearer));
    assert_eq!(server.connections(), 1, "one pool");
    let agents = server.requests().into_iter().filter(|request| {
        let agent = request.header("user-agent");
        agent.is_some_and(|agent| agent.starts_with("acme/1 "))
    });
    assert_eq!(agents.count(), 4);
    assert_eq!((second.base_url(), second.region()), (first.base_url(), Region::Custom));
    let shown = format!("{second:?} {:?} {:?}", second.to_builder(), AccessToken::from(OTHER));
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!(first.with_token("a b").unwrap_err(), ConfigError::InvalidToken);
}

#[tokio::test]
async fn rate_limit_of_a_workspace_does_not_hold_up_another() {
    let limited = bearer(TOKEN);
    let server = Server::serve(move |request: &Request| match request.header("authorization") {
        Some(token) if token == limited => vec![response(429, &[("retry-after", "30")], "")],
        _ => vec![response(200, &[], "{}")],
    })
    .await;
    let spent = own_settings(&server).retry(RetryPolicy::none()).build().unwrap();
    let other = spent.with_token(OTHER).unwrap();
    assert!(Op::Get.call(&spent).await.unwrap_err().is_rate_limited());
    let start = Instant::now();
    for _ in 0..5 {
        Op::Get.call(&other).await.unwrap();
    }
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "the other workspace does not wait for the reset"
    );
    let waits = tokio::time::timeout(Duration::from_millis(200), Op::Get.call(&spent.clone())).await;
    assert!(waits.is_err(), "clones wait for the reset");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn each_workspace_has_its_own_max_in_flight_and_retry_budget() {
    let down = bearer(TOKEN);
    let server = Server::serve(move |request: &Request| match request.header("authorization") {
        Some(token) if token == down && request.target == "/me" => vec![response(503, &[], "")],
        Some(token) if token == down => vec![Move::Hang],
        _ => vec![response(200, &[], "{}")],
    })
    .await;
    let first = own_settings(&server).max_in_flight(1).build().unwrap();
    let second = first.with_token(OTHER).unwrap();
    // 100 retries, two per call.
    for _ in 0..50 {
        assert_eq!(Op::Get.call(&first).await.unwrap_err().attempts(), 3);
    }
    assert_eq!(
        Op::Get.call(&first).await.unwrap_err().attempts(),
        1,
        "its budget is empty"
    );
    assert_eq!(
        Op::Get
            .call(&first.with_token(TOKEN).unwrap())
            .await
            .unwrap_err()
            .attempts(),
        3
    );
    let hanging = tokio::spawn(async move { Op::Put.call(&first).await });
    while !server.requests().iter().any(|request| request.method == "PUT") {
        // The request is recorded after its moves are known.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Op::Get.call(&second).await.unwrap();
    hanging.abort();
}

#[tokio::test]
async fn to_builder_keeps_other_settings() {
    let server = Server::serve(|_| vec![response(200, &[], "{}")]).await;
    let first = own_settings(&server).build().unwrap();
    let second = first
        .to_builder()
        .token(OTHER)
        .base_url(format!("{}/eu", server.url))
        .api_version("2.11".parse().unwrap());
    let second = second.build().unwrap();
    Op::Get.call(&first).await.unwrap();
    Op::Get.call(&second).await.unwrap();
    let requests = server.requests();
    let seen = |at: usize| (requests[at].target.as_str(), requests[at].header("intercom-version"));
    assert_eq!([seen(0), seen(1)], [("/me", Some("2.9")), ("/eu/me", Some("2.11"))]);
    assert_eq!(server.connections(), 1);
}

/// A client that gets the next token of a list for each attempt, and keeps the last one.
fn rotating(server: &Server, tokens: &'static [&'static str]) -> (intercom_client::Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let token = AccessToken::from_fn(move || {
        let place = count.fetch_add(1, Ordering::SeqCst).min(tokens.len() - 1);
        async move { Ok::<_, Error>(tokens[place]) }
    });
    (own_settings(server).token(token).build().unwrap(), asked)
}

#[tokio::test]
async fn token_is_supplied_before_each_attempt() {
    let server = Server::new([vec![
        Move::Read,
        response(503, &[], ""),
        Move::Read,
        response(200, &[], "{}"),
        Move::Read,
        response(200, &[], "{}"),
    ]])
    .await;
    let (client, _) = rotating(&server, &["first", "second", "third"]);
    Op::Get.call(&client).await.unwrap();
    Op::Get.call(&client).await.unwrap();
    assert_eq!(sent(&server), ["first", "second", "third"].map(bearer));
}

#[tokio::test]
async fn rejected_token_is_replaced_once() {
    let good = bearer("good");
    let server = Server::serve(move |request: &Request| match request.header("authorization") {
        Some(token) if token == good => vec![response(200, &[], "{}")],
        _ => vec![response(401, &[], r#"{"errors":[{"code":"unauthorized"}]}"#)],
    })
    .await;
    for op in [Op::Get, Op::Post] {
        let (client, asked) = rotating(&server, &["old", "good"]);
        let before = server.requests().len();
        op.call(&client).await.unwrap();
        assert_eq!(sent(&server)[before..], ["old", "good"].map(bearer), "{op:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
    for (tokens, times) in [(&["old"][..], 1), (&["old", "older", "good"], 2)] {
        let (client, asked) = rotating(&server, tokens);
        let before = server.requests().len();
        let error = Op::Get.call(&client).await.unwrap_err();
        assert!(error.is_unauthorized() && error.attempts() == times, "{error}");
        assert_eq!(server.requests().len() - before, times as usize);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
    let (client, asked) = rotating(&server, &["old", "good"]);
    let single = client.to_builder().retry(RetryPolicy::none()).build().unwrap();
    assert!(Op::Get.call(&single).await.unwrap_err().is_unauthorized());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a single attempt requests one token");
    let fixed = own_settings(&server).build().unwrap();
    assert_eq!(Op::Get.call(&fixed).await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn call_after_a_401_is_retried_only_with_enough_time() {
    let refuse = |_: &Request| vec![response(401, &[], r#"{"errors":[{"code":"unauthorized"}]}"#)];
    let server = Server::serve(refuse).await;
    for (op, deadline, sent) in [
        (Op::Get, Duration::from_secs(20), 2),
        (Op::Post, Duration::from_secs(20), 1),
        (Op::Post, Duration::from_secs(120), 2),
        (Op::Get, Duration::ZERO, 1),
    ] {
        let (client, _) = rotating(&server, &["old", "newer"]);
        let policy = RetryPolicy::default().deadline(deadline);
        let client = client.to_builder().timeout(Duration::from_secs(30)).retry(policy);
        let before = server.requests().len();
        let error = op.call(&client.build().unwrap()).await.unwrap_err();
        assert!(error.is_unauthorized(), "{op:?} within {deadline:?}: {error}");
        assert_eq!(server.requests().len() - before, sent, "{op:?} within {deadline:?}");
    }
}

#[tokio::test]
async fn unavailable_token_sends_nothing() {
    let server = Server::always(vec![Move::Read]).await;
    let failing = AccessToken::from_fn(|| async { Err::<String, _>("the vault is sealed") });
    let blank = AccessToken::from_fn(|| async { Ok::<_, Error>(format!("{TOKEN}\n")) });
    let empty = AccessToken::from_fn(|| async { Ok::<_, Error>("") });
    let stuck = AccessToken::from_fn(std::future::pending::<Result<String, Error>>);
    for (token, why) in [
        (failing, "the vault is sealed"),
        (blank, "whitespace"),
        (empty, "empty"),
        (stuck, "in time"),
    ] {
        let client = own_settings(&server)
            .token(token)
            .timeout(Duration::from_millis(50))
            .retry(quick());
        let error = Op::Get.call(&client.build().unwrap()).await.unwrap_err();
        assert!(error.is_token_unavailable() && !error.is_retryable() && !error.is_unauthorized());
        assert!(!error.may_have_been_carried_out() && error.attempts() == 0);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(why), "{source}");
        let text = format!("identify_admin: no access token was supplied: {source}");
        assert_eq!(error.to_string(), text);
        assert!(!format!("{error:?} {error:#?}").contains("secret"));
    }
    assert_eq!(server.connections(), 0);
}

/// Headers of a window with three requests that ends in a minute.
fn three_a_minute(requests: usize) -> Vec<(String, String)> {
    let now = std::time::SystemTime::now();
    let seconds = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    vec![
        ("date".to_owned(), httpdate::fmt_http_date(now)),
        ("x-ratelimit-limit".to_owned(), "3".to_owned()),
        ("x-ratelimit-remaining".to_owned(), (3 - requests).to_string()),
        ("x-ratelimit-reset".to_owned(), (seconds + 60).to_string()),
    ]
}

#[tokio::test]
async fn token_is_supplied_when_the_request_may_be_sent() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, seen) = (Arc::clone(&asked), Arc::new(AtomicUsize::new(0)));
    let early = Arc::new(AtomicUsize::new(0));
    let (requests, ahead) = (Arc::clone(&seen), Arc::clone(&early));
    let server = Server::serve(move |_| {
        let number = requests.fetch_add(1, Ordering::SeqCst) + 1;
        let more = asked.load(Ordering::SeqCst).saturating_sub(number);
        ahead.fetch_max(more, Ordering::SeqCst);
        vec![Move::Wait(Duration::from_millis(20)), response(200, &[], "{}")]
    })
    .await;
    let token = AccessToken::from_fn(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, Error>(TOKEN) }
    });
    let client = own_settings(&server).token(token).max_in_flight(1).build().unwrap();
    let calls = (0..12).map(|_| Op::Get.call(&client));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(seen.load(Ordering::SeqCst), 12);
    assert_eq!(
        early.load(Ordering::SeqCst),
        0,
        "a token was supplied to a waiting call"
    );
}

#[tokio::test]
async fn token_is_supplied_after_the_wait_for_the_rate_limit() {
    let server = crate::limits::three_a_second().await;
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let times = Arc::clone(&asked);
    let token = AccessToken::from_fn(move || {
        times.lock().unwrap().push(Instant::now());
        async { Ok::<_, Error>(TOKEN) }
    });
    let client = own_settings(&server).token(token).build().unwrap();
    for _ in 0..4 {
        Op::Get.call(&client).await.unwrap();
    }
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked[3] - server.requests()[0].at >= Duration::from_secs(1),
        "{asked:?}"
    );
}

#[tokio::test]
async fn unavailable_token_does_not_count_against_the_rate_limit() {
    let count = AtomicUsize::new(0);
    let server = Server::serve(move |_| {
        let headers = three_a_minute(count.fetch_add(1, Ordering::SeqCst) + 1);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        vec![response(200, &headers, "{}")]
    })
    .await;
    let sealed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_sealed = Arc::clone(&sealed);
    let token = AccessToken::from_fn(move || {
        let sealed = is_sealed.load(Ordering::SeqCst);
        async move { if sealed { Err("the vault is sealed") } else { Ok(TOKEN) } }
    });
    let client = own_settings(&server).token(token).build().unwrap();
    Op::Get.call(&client).await.unwrap();
    sealed.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        assert!(Op::Get.call(&client).await.unwrap_err().is_token_unavailable());
    }
    sealed.store(false, Ordering::SeqCst);
    let rest = async {
        Op::Get.call(&client).await.unwrap();
        Op::Get.call(&client).await.unwrap();
    };
    let rest = tokio::time::timeout(Duration::from_secs(30), rest).await;
    rest.expect("two requests remain");
}

#[tokio::test]
async fn failed_supplier_after_a_401_is_reported_with_the_401() {
    let refuse = |_: &Request| {
        vec![response(
            401,
            &[],
            r#"{"errors":[{"code":"token_revoked"}],"request_id":"001r"}"#,
        )]
    };
    let server = Server::serve(refuse).await;
    let count = AtomicUsize::new(0);
    let token = AccessToken::from_fn(move || {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { Ok("old") } else { Err("the vault is sealed") } }
    });
    let client = own_settings(&server).token(token).build().unwrap();
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(error.is_token_unavailable() && error.is_unauthorized() && !error.is_retryable());
    assert!(!error.may_have_been_carried_out());
    assert_eq!((error.attempts(), error.code()), (1, Some("token_revoked")));
    let line = "create_contact: 401 and no other access token was supplied (request 001r): the vault is sealed";
    assert_eq!(error.to_string(), line);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!((source.as_str(), server.requests().len()), ("the vault is sealed", 1));
}
