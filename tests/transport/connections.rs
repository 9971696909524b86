//! Connections that are refused, lost, stalled, or not HTTP.

use std::time::Duration;

use intercom_client::{Client, Error, RetryPolicy};

use crate::calls::{Op, TOKEN, client, own_settings, quick, settings};
use crate::server::{Move, Server, raw, response};
use Move::{Hang, Read, Reset, Wait};

/// The error that the caller gets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reported {
    Lost,
    Timeout,
    Protocol,
    Decode,
}

impl Reported {
    fn timeout(self) -> Duration {
        match self {
            Self::Timeout => SHORT,
            _ => Duration::from_secs(60),
        }
    }

    fn check(self, error: &Error, context: &str) {
        let text = error.to_string();
        let expected = match self {
            Self::Lost => "connection lost before the response was complete",
            Self::Timeout => "no complete response within",
            Self::Protocol => "the response is not valid HTTP",
            Self::Decode => "cannot decode the response",
        };
        assert!(text.contains(expected), "{context}: {text}");
        assert_eq!(error.is_timeout(), self == Self::Timeout, "{context}");
        assert_eq!(error.is_decode(), self == Self::Decode, "{context}");
        let passing = self == Self::Lost || self == Self::Timeout;
        // A success status says that the change was made.
        let made = error.may_have_been_carried_out() && error.status().is_some();
        assert_eq!(error.is_retryable(), passing && !made, "{context}");
        assert!(!error.is_connect() && !error.is_builder(), "{context}");
        let has_source = std::error::Error::source(error).is_some();
        assert_eq!(has_source, self == Self::Lost || self == Self::Protocol, "{context}");
    }
}

/// How much of a response is sent before the fault.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Head,
    Body,
}

fn faults() -> Vec<(&'static str, Reported, At, Vec<Move>)> {
    let head = |rest: &str| raw(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{rest}"));
    vec![
        ("reset after the request", Reported::Lost, At::Head, vec![Read, Reset]),
        ("closed after the request", Reported::Lost, At::Head, vec![Read]),
        (
            "reset within the headers",
            Reported::Lost,
            At::Head,
            vec![Read, head("content-le"), Reset],
        ),
        (
            "closed within the headers",
            Reported::Lost,
            At::Head,
            vec![Read, head("content-le")],
        ),
        ("no response", Reported::Timeout, At::Head, vec![Read, Hang]),
        (
            "stalled headers",
            Reported::Timeout,
            At::Head,
            vec![Read, head("content-le"), Hang],
        ),
        (
            "slow headers",
            Reported::Timeout,
            At::Head,
            // Single bytes do not extend the timeout.
            std::iter::once(Read)
                .chain([raw("HTTP/1.1 200 OK\r\na"), Wait(SHORT / 2)])
                .chain([raw("b"), Wait(SHORT / 2), raw("c"), Wait(SHORT), ok()])
                .collect(),
        ),
        (
            "closed within the body",
            Reported::Lost,
            At::Body,
            vec![Read, head("content-length: 99\r\n\r\n{}")],
        ),
        (
            "truncated chunked body",
            Reported::Lost,
            At::Body,
            vec![Read, head("transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")],
        ),
        (
            "truncated chunk",
            Reported::Lost,
            At::Body,
            vec![Read, head("transfer-encoding: chunked\r\n\r\nff\r\n{}")],
        ),
        (
            "stalled body",
            Reported::Timeout,
            At::Body,
            vec![Read, head("content-length: 99\r\n\r\n{"), Hang],
        ),
        (
            "garbage instead of HTTP",
            Reported::Protocol,
            At::Head,
            vec![Read, raw("SSH-2.0-OpenSSH_9.6\r\n\r\n")],
        ),
        (
            "two content lengths",
            Reported::Protocol,
            At::Head,
            vec![Read, head("content-length: 2\r\ncontent-length: 3\r\n\r\n{}")],
        ),
        (
            "garbage for a chunk",
            Reported::Protocol,
            At::Body,
            vec![Read, head("transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n")],
        ),
        (
            "body that is not gzip",
            Reported::Protocol,
            At::Body,
            vec![
                Read,
                head("content-encoding: gzip\r\ncontent-length: 12\r\n\r\nplainly none"),
            ],
        ),
    ]
}

/// The timeout of calls that must time out.
const SHORT: Duration = Duration::from_millis(400);

fn ok() -> Move {
    response(200, &[], "{}")
}

/// Returns `true` if a call is retried after the fault, by the table in [`RetryPolicy`].
fn repeats(op: Op, reported: Reported, at: At) -> bool {
    let passing = reported == Reported::Lost || reported == Reported::Timeout;
    match op {
        Op::Get | Op::List | Op::Put | Op::Delete => passing,
        // The caller already has the first bytes.
        Op::Download => passing && at == At::Head,
        Op::Post | Op::Scroll => false,
    }
}

#[tokio::test]
async fn faults_are_classified_and_safe_calls_retried() {
    for (fault, reported, at, moves) in faults() {
        let each_op = Op::ALL.map(async |op| {
            let context = format!("{fault}, {op:?}");
            let server = Server::always(moves.clone()).await;
            let client = settings(&server).timeout(reported.timeout()).build().unwrap();
            let error = op.call(&client).await.expect_err(&context);
            reported.check(&error, &context);
            let times = if repeats(op, reported, at) { 3 } else { 1 };
            assert_eq!(server.requests().len(), times, "{context}: {error:?}");
            assert_eq!(error.attempts() as usize, times, "{context}");
            assert_eq!(error.operation(), op.operation(), "{context}");
        });
        futures_util::future::join_all(each_op).await;
    }
}

#[tokio::test]
async fn retry_after_a_temporary_fault_sends_the_same_request() {
    for (fault, reported, at, moves) in faults() {
        for op in Op::ALL.into_iter().filter(|op| repeats(*op, reported, at)) {
            let context = format!("{fault}, {op:?}");
            let server = Server::new([moves.clone(), vec![Read, ok()]]).await;
            let client = settings(&server).timeout(reported.timeout()).build().unwrap();
            let status = op.call(&client).await.expect(&context);
            assert_eq!(status, 200, "{context}");
            let [first, second] = &server.requests()[..] else {
                panic!("{context}: asked {} times", server.requests().len())
            };
            for request in [first, second] {
                assert_eq!((request.method.as_str(), request.target.as_str()), op.request_line());
                let authorization = format!("Bearer {TOKEN}");
                assert_eq!(request.header("authorization"), Some(authorization.as_str()));
                assert_eq!(request.header("intercom-version"), Some("2.9"));
            }
            assert_eq!(first.body, second.body, "{context}");
            assert_eq!((first.connection, second.connection), (0, 1), "{context}");
        }
    }
}

#[tokio::test]
async fn reset_within_the_body_is_retried_for_reads_unless_streamed() {
    let moves = vec![
        Read,
        raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"),
        Wait(Duration::from_millis(100)),
        Reset,
    ];
    for (op, times) in [
        (Op::Get, 3),
        (Op::Put, 3),
        (Op::Post, 1),
        (Op::Scroll, 1),
        (Op::Download, 1),
    ] {
        let server = Server::always(moves.clone()).await;
        let error = op.call(&client(&server)).await.unwrap_err();
        Reported::Lost.check(&error, &format!("{op:?}"));
        assert_eq!(server.requests().len(), times, "{op:?}");
    }
}

#[tokio::test]
async fn truncated_json_is_a_decode_error() {
    let server = Server::always(vec![
        Read,
        raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"type\": \"admin\"}"),
    ])
    .await;
    for op in [Op::Get, Op::List, Op::Put, Op::Delete, Op::Post, Op::Scroll] {
        let before = server.requests().len();
        let error = op.call(&client(&server)).await.unwrap_err();
        Reported::Decode.check(&error, &format!("{op:?}"));
        assert_eq!(error.status().unwrap(), 200);
        assert_eq!(error.body().unwrap().as_ref(), b"{\"type\": ");
        assert_eq!((error.attempts(), server.requests().len()), (1, before + 1));
    }
}

#[tokio::test]
async fn refused_connection_is_retried_for_every_call() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder(TOKEN)
        .base_url(format!("http://{host}"))
        .retry(quick())
        .build()
        .unwrap();
    for op in Op::ALL {
        let error = op.call(&client).await.unwrap_err();
        assert!(
            error.is_connect() && error.is_retryable() && !error.is_timeout(),
            "{op:?}"
        );
        assert!(!error.is_certificate());
        assert_eq!((error.attempts(), error.status()), (3, None), "{op:?}");
        let text = error.to_string();
        let start = format!("{}: could not connect to {host} after 3 attempts: ", op.operation());
        let advice = "; check the base URL, the network and the proxy";
        assert!(text.starts_with(&start) && text.ends_with(advice), "{text}");
        assert!(text.to_lowercase().contains("refused"), "the reason is shown: {text}");
        assert!(std::error::Error::source(&error).is_some(), "the source is kept");
    }
}

/// The client can notice the reset before or after it has written the request. A read is retried in
/// both cases.
#[tokio::test]
async fn connection_reset_before_the_request_is_retried() {
    let server = Server::new([vec![Reset], vec![Reset], vec![Read, ok()]]).await;
    assert_eq!(Op::Get.call(&client(&server)).await.unwrap(), 200);
    assert_eq!((server.connections(), server.requests().len()), (3, 1));
}

#[tokio::test]
async fn closed_idle_connection_is_replaced() {
    for end in [vec![], vec![Reset]] {
        for op in [Op::Get, Op::Post] {
            let first = [vec![Read, ok()], end.clone()].concat();
            let server = Server::new([first, vec![Read, ok(), Read, ok(), Hang]]).await;
            let client = own_settings(&server).retry(RetryPolicy::none()).build().unwrap();
            op.call(&client).await.unwrap();
            // Gives the client time to notice the end of the connection.
            tokio::time::sleep(Duration::from_millis(100)).await;
            op.call(&client).await.unwrap();
            op.call(&client).await.unwrap();
            let connections: Vec<_> = server.requests().iter().map(|request| request.connection).collect();
            assert_eq!(connections, [0, 1, 1], "the second connection is reused");
        }
    }
}

#[tokio::test]
async fn connection_closed_during_a_request_may_have_carried_it_out() {
    for (op, times, succeeds) in [(Op::Get, 3, true), (Op::Post, 2, false)] {
        let server = Server::new([vec![Read, ok(), Read, Reset], vec![Read, ok()]]).await;
        let client = client(&server);
        op.call(&client).await.unwrap();
        let second = op.call(&client).await;
        assert_eq!(second.is_ok(), succeeds, "{op:?}");
        if let Err(error) = second {
            Reported::Lost.check(&error, "creating");
        }
        assert_eq!(server.requests().len(), times, "{op:?}");
    }
}

#[tokio::test]
async fn slow_download_is_not_limited_by_the_timeout() {
    let timeout = Duration::from_millis(1000);
    let mut moves = vec![Read, raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")];
    for letter in ["s", "l", "o", "w", "!"] {
        moves.extend([Wait(timeout / 4), raw(letter)]);
    }
    let server = Server::always(moves).await;
    let client = settings(&server).timeout(timeout).build().unwrap();
    let download = client.download_data_export().job_identifier("j").send().await.unwrap();
    let mut bytes = Vec::new();
    let mut stream = download.into_inner();
    while let Some(chunk) = stream.next_chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(bytes, b"slow!");
    assert_eq!(server.requests()[0].header("accept"), Some("application/octet-stream"));
    // A JSON body must be complete within the timeout.
    let error = Op::Post.call(&client).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.status().unwrap(), 200);
}

#[tokio::test]
async fn response_length_is_limited() {
    let body = format!("{{\"name\": \"{}\"}}", "x".repeat(80));
    let length = body.len() as u64;
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n");
    for moves in [vec![Read, response(200, &[], &body)], vec![Read, raw(&chunked)]] {
        let server = Server::always(moves).await;
        let client = settings(&server).max_response_bytes(length).build().unwrap();
        assert_eq!(Op::Get.call(&client).await.unwrap(), 200);
        let short = settings(&server).max_response_bytes(length - 1).build().unwrap();
        let error = Op::Get.call(&short).await.unwrap_err();
        assert!(error.is_decode() && !error.is_retryable());
        assert_eq!(
            error.body().unwrap().len() as u64,
            length - 1,
            "the error keeps the bytes read"
        );
        let line = format!("identify_admin: the response is larger than {} bytes", length - 1);
        assert_eq!(error.to_string(), line);
        // Downloads are not limited.
        assert_eq!(Op::Download.call(&short).await.unwrap(), 200);
    }
}

#[tokio::test]
async fn dropped_call_sends_nothing_more() {
    // Before the response, within the body, and in the pause before a second attempt.
    let limited = response(429, &[("retry-after", "1")], "");
    for moves in [
        vec![Read, Hang],
        vec![Read, raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), Hang],
        vec![Read, limited.clone()],
    ] {
        let server = Server::new([moves, vec![Read, ok(), Hang]]).await;
        let client = settings(&server).max_in_flight(1).build().unwrap();
        let dropped = tokio::time::timeout(Duration::from_millis(300), Op::Get.call(&client)).await;
        assert!(dropped.is_err(), "the call is in progress");
        assert_eq!(server.requests().len(), 1);
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(server.requests().len(), 1, "nothing was sent after the drop");
        Op::Post.call(&client).await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Errors are classified by hyper's type, so the crate must use the hyper version of reqwest.
/// Otherwise "garbage instead of HTTP" above would be reported as a lost connection.
#[test]
fn hyper_version_matches_reqwest_0_13() {
    let lock = include_str!("../../Cargo.lock");
    let versions = |name: &str| -> Vec<&str> {
        let begin = format!("\nname = \"{name}\"\nversion = \"");
        let entries = lock.split(&begin).skip(1);
        entries.map(|rest| rest.split('"').next().unwrap()).collect()
    };
    assert_eq!(versions("hyper").len(), 1, "both use the same version");
    assert!(versions("reqwest").iter().all(|version| version.starts_with("0.13.")));
}
