//! Errors after which it is unknown whether the call was carried out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use intercom_client::{AccessToken, ApiVersion, ClientBuilder, Method, Region, RetryPolicy};
use serde_json::json;

use crate::calls::{Op, quick, settings};
use crate::server::{Move, Server, response};

/// A server that loses the response to the first attempt, and responds to the second.
async fn carried_out_then(status: u16) -> Server {
    Server::new([
        vec![Move::Read, Move::Reset],
        vec![Move::Read, response(status, &[], "{}")],
    ])
    .await
}

#[tokio::test]
async fn retry_that_fails_because_of_its_own_success_says_so() {
    for (op, status) in [(Op::Delete, 404), (Op::Put, 409)] {
        let server = carried_out_then(status).await;
        let error = op.call(&settings(&server).build().unwrap()).await.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (status, 2));
        assert!(error.may_have_been_carried_out(), "{op:?}");
        assert!(error.to_string().ends_with("; it may have been carried out"), "{error}");
    }
    let server = carried_out_then(409).await;
    let client = settings(&server).build().unwrap();
    let error = client
        .create_contact()
        .body(json!({"role": "lead"}))
        .idempotent(true)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_conflict() && error.may_have_been_carried_out());
}

#[tokio::test]
async fn only_changes_with_unknown_outcome_may_have_been_carried_out() {
    for (op, moves, said) in [
        (Op::Post, vec![Move::Read, Move::Reset], true),
        (Op::Post, vec![Move::Read, response(502, &[], "")], true),
        (Op::Post, vec![Move::Read, response(400, &[], "{}")], false),
        (Op::Delete, vec![Move::Read, response(404, &[], "{}")], false),
        (Op::Get, vec![Move::Read, Move::Reset], false),
        (Op::List, vec![Move::Read, response(500, &[], "")], false),
    ] {
        let server = Server::always(moves).await;
        let client = settings(&server).retry(RetryPolicy::none()).build().unwrap();
        let error = op.call(&client).await.unwrap_err();
        assert_eq!(error.may_have_been_carried_out(), said, "{op:?}: {error}");
    }
}

#[tokio::test]
async fn non_idempotent_call_is_not_retried_without_a_full_timeout() {
    let limited = response(429, &[("retry-after", "1.2")], "{}");
    let server = Server::always(vec![Move::Read, limited]).await;
    let policy = quick().attempts(5).deadline(Duration::from_secs(2));
    let client = settings(&server)
        .timeout(Duration::from_secs(1))
        .retry(policy)
        .build()
        .unwrap();
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(error.is_rate_limited() && !error.may_have_been_carried_out());
    assert_eq!(
        server.requests().len(),
        1,
        "800 ms remain before the deadline, but an attempt can take a second"
    );
    let start = std::time::Instant::now();
    assert!(Op::Get.call(&client).await.unwrap_err().is_rate_limited());
    assert!(server.requests().len() > 2, "a read is retried");
    assert!(
        start.elapsed() >= Duration::from_millis(1200),
        "fractions of a second are respected"
    );
}

#[tokio::test]
async fn slow_token_prevents_a_late_retry() {
    let server = Server::serve(|_| vec![response(429, &[("retry-after", "1")], "{}")]).await;
    let asked = AtomicUsize::new(0);
    let token = AccessToken::from_fn(move || {
        let slow = asked.fetch_add(1, Ordering::SeqCst) > 0;
        async move {
            tokio::time::sleep(Duration::from_secs(if slow { 1 } else { 0 })).await;
            Ok::<_, std::io::Error>("dG9r")
        }
    });
    let client = settings(&server)
        .token(token)
        .timeout(Duration::from_secs(5))
        .retry(quick().deadline(Duration::from_millis(6500)))
        .build()
        .unwrap();
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(error.is_rate_limited() && !error.may_have_been_carried_out(), "{error}");
    assert_eq!((error.attempts(), server.requests().len()), (1, 1));
}

#[tokio::test]
async fn timeout_of_a_custom_http_client_shows_no_other_limit() {
    let server = Server::always(vec![Move::Read, Move::Hang]).await;
    let http = reqwest::Client::builder().timeout(Duration::from_millis(50));
    let http = http.build().unwrap();
    for (timeout, op) in [
        (None, Op::Get),
        (Some(Duration::from_secs(20)), Op::Get),
        (Some(Duration::from_secs(20)), Op::Post),
    ] {
        let settings = settings(&server).http_client(http.clone());
        let settings = timeout.into_iter().fold(settings, ClientBuilder::timeout);
        let error = op.call(&settings.build().unwrap()).await.unwrap_err();
        assert!(
            error.to_string().contains(": no complete response in time after"),
            "{error}"
        );
        // The source says nothing else.
        assert!(!error.to_string().contains("timed out"), "{error}");
    }
}

#[tokio::test]
async fn failed_download_counts_all_attempts() {
    let damaged = response(200, &[("content-encoding", "gzip")], "plainly none");
    let cut = crate::server::raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nab");
    for end in [damaged, cut] {
        let server = Server::new([vec![Move::Read, response(503, &[], ""), Move::Read, end]]).await;
        let error = Op::Download
            .call(&settings(&server).build().unwrap())
            .await
            .unwrap_err();
        assert_eq!((error.attempts(), server.requests().len()), (2, 2), "{error}");
    }
}

#[tokio::test]
async fn error_takes_memory_in_proportion_to_its_body() {
    let name = "n".repeat(100_000);
    let messages = vec![r#""a""#; 5000].join(",");
    let body = format!(r#"{{"errors":{{"email":["b"],"{name}":[{messages}]}}}}"#);
    let server = Server::always(vec![Move::Read, response(422, &[], body)]).await;
    let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
    let errors = error.errors();
    let fields: Vec<&str> = errors.iter().filter_map(|error| error.field.as_deref()).collect();
    assert!(fields.iter().map(|field| field.len()).sum::<usize>() < 10_000_000);
    assert_eq!((errors.len(), fields[0]), (5001, "email"));
}

#[tokio::test]
async fn server_messages_are_truncated() {
    let entry = format!(
        r#"{{"code":"c","message":"{}","field":"{}"}}"#,
        "m".repeat(5000),
        "f".repeat(5000)
    );
    let list = vec![entry; 60].join(",");
    let body = format!(
        r#"{{"type":"error.list","request_id":"{}","errors":[{list}]}}"#,
        "r".repeat(5000)
    );
    let server = Server::always(vec![Move::Read, response(422, &[], body)]).await;
    let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.len() < 3000, "{}", text.len());
    assert!(text.contains("; and 57 more") && !text.contains('\n'), "{text}");
    assert_eq!(error.errors().len(), 60, "all errors are kept");
    assert_eq!(error.errors()[59].message.as_ref().map(String::len), Some(5000));
}

#[tokio::test]
async fn messages_of_callers_and_sources_are_truncated() {
    struct Unwritable;
    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no\nway ".repeat(10_000)))
        }
    }
    let long = "x".repeat(60_000);
    let server = Server::always(vec![Move::Read, response(200, &[], "{}")]).await;
    let client = settings(&server).build().unwrap();
    let forgetful = AccessToken::from_fn(|| async { Err::<String, _>("no\ntoken ".repeat(10_000)) });
    let forgetful = client.to_builder().token(forgetful).build().unwrap();
    let errors = [
        client.identify_admin().header(&long, "a\nb").send().await.unwrap_err(),
        client
            .request(Method::POST, "/x")
            .json(&Unwritable)
            .bytes()
            .await
            .unwrap_err(),
        forgetful.identify_admin().send().await.unwrap_err(),
        long.parse::<Region>().unwrap_err().into(),
        long.parse::<ApiVersion>().unwrap_err().into(),
    ];
    for error in errors {
        for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
            assert!(text.len() < 3000 && !text.contains('\n'), "{}: {text:.100}", text.len());
        }
    }
}

#[tokio::test]
async fn raw_change_may_have_been_carried_out() {
    let server = Server::always(vec![Move::Read, response(200, &[], "<html>")]).await;
    let client = settings(&server).build().unwrap();
    for (method, said) in [(Method::POST, true), (Method::GET, false)] {
        let request = client.request(method, "/brands");
        let error = request.send::<serde_json::Value>().await.unwrap_err();
        assert_eq!((error.is_decode(), error.may_have_been_carried_out()), (true, said));
    }
    let cut = crate::server::raw("HTTP/1.1 200 OK\r\nx-request-id: 1\r\ncontent-length: 9\r\n\r\nab");
    let server = Server::always(vec![Move::Read, cut]).await;
    let client = settings(&server).build().unwrap();
    for (method, changes) in [(Method::POST, true), (Method::GET, false)] {
        let mut stream = client
            .request(method, "/brands")
            .byte_stream()
            .await
            .unwrap()
            .into_inner();
        assert_eq!(stream.next_chunk().await.unwrap().unwrap().as_ref(), b"ab");
        let error = stream.next_chunk().await.unwrap_err();
        assert_eq!(
            (error.may_have_been_carried_out(), error.is_retryable()),
            (changes, !changes)
        );
        assert_eq!(error.request_id(), Some("1"));
    }
}

#[tokio::test]
async fn retry_budget_limits_the_load_on_a_failing_server() {
    let server = Server::serve(|_| vec![response(503, &[], "")]).await;
    let client = settings(&server).build().unwrap();
    let calls = async |count: usize| {
        let before = server.requests().len();
        for _ in 0..count {
            Op::Get.call(&client).await.unwrap_err();
        }
        server.requests().len() - before
    };
    assert_eq!(calls(50).await, 150, "the budget has a hundred retries");
    assert_eq!(calls(200).await, 200, "an empty budget allows no retries");

    let server = Server::serve(|_| vec![response(503, &[], "")]).await;
    let client = settings(&server).retry_budget(false).build().unwrap();
    for _ in 0..60 {
        Op::Get.call(&client).await.unwrap_err();
    }
    assert_eq!(server.requests().len(), 180, "without a budget, the policy decides");
}

#[tokio::test]
async fn truncated_response_of_a_change_is_not_retryable() {
    let cut = crate::server::raw("HTTP/1.1 202 Accepted\r\ncontent-length: 99\r\n\r\n{");
    let server = Server::always(vec![Move::Read, cut, Move::Reset]).await;
    let client = settings(&server).build().unwrap();
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(error.may_have_been_carried_out() && !error.is_retryable(), "{error}");
    assert_eq!((error.status().unwrap().as_u16(), server.requests().len()), (202, 1));
}
