//! Proxies that do not let the client through.

use std::time::Duration;

use crate::calls::{Op, own_settings};
use crate::server::{Move, Server, answer, raw};
use Move::{Hang, Read, Reset, Wait};

/// An HTTP client that goes to https through a proxy.
fn through(proxy: &str) -> reqwest::Client {
    crate::calls::provider();
    let proxy = reqwest::Proxy::all(proxy).unwrap();
    reqwest::Client::builder().proxy(proxy).build().unwrap()
}

#[tokio::test]
async fn a_proxy_that_does_not_connect_has_sent_nothing() {
    let refused = "the proxy refused to connect to intercom.invalid:443 after 3 attempts";
    let asks = "the proxy requires credentials (407)";
    let unreachable = "could not connect to intercom.invalid:443 after 3 attempts";
    let handshake = "the TLS handshake with intercom.invalid:443 failed";
    let established = || raw("HTTP/1.1 200 Connection established\r\n\r\n");
    for (what, moves, text, times) in [
        ("403", vec![Read, answer(403, &[], "<html>")], refused, 3),
        ("502", vec![Read, answer(502, &[], "")], refused, 3),
        ("503", vec![Read, answer(503, &[], "")], refused, 3),
        ("no HTTP", vec![Read, raw("SSH-2.0-OpenSSH_9.6\r\n\r\n")], refused, 3),
        (
            "407",
            vec![Read, answer(407, &[("proxy-authenticate", "Basic")], "")],
            asks,
            1,
        ),
        ("closes", vec![Read], unreachable, 3),
        ("closes at once", vec![], unreachable, 3),
        ("resets", vec![Read, Reset], unreachable, 3),
        (
            "resets in the answer",
            vec![Read, raw("HTTP/1.1 2"), Wait(SHORT), Reset],
            unreachable,
            3,
        ),
        (
            "resets in the handshake",
            vec![Read, established(), Wait(SHORT), Reset],
            unreachable,
            3,
        ),
        (
            "closes in the handshake",
            vec![Read, established(), Wait(SHORT)],
            unreachable,
            3,
        ),
        (
            "no TLS behind it",
            vec![Read, established(), Wait(SHORT), answer(400, &[], ""), Hang],
            handshake,
            1,
        ),
    ] {
        for op in [Op::Get, Op::Post] {
            let context = format!("{what}, {op:?}");
            let server = Server::always(moves.clone()).await;
            let client = own_settings(&server)
                .base_url("https://intercom.invalid")
                .http_client(through(&server.url));
            let error = op.call(&client.build().unwrap()).await.expect_err(&context);
            assert_eq!(
                error.to_string(),
                format!("{}: {text}", op.operation()),
                "{context}: {error:?}"
            );
            assert!(
                error.is_connect() && !error.is_certificate() && !error.is_timeout(),
                "{context}"
            );
            assert_eq!(error.is_retryable(), times == 3, "{context}");
            assert!(!error.may_have_been_carried_out(), "{context}");
            assert!(
                std::error::Error::source(&error).is_some(),
                "{context}: the source is kept"
            );
            assert_eq!(
                (error.status(), error.attempts(), server.connections()),
                (None, times, times as usize),
                "{context}"
            );
            for request in server.requests() {
                assert_eq!(
                    (request.method.as_str(), request.target.as_str()),
                    ("CONNECT", "intercom.invalid:443")
                );
                assert_eq!(
                    request.header("authorization"),
                    None,
                    "{context}: the token is not for the proxy"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::always(vec![]).await;
    let client = own_settings(&server)
        .base_url("https://intercom.invalid")
        .http_client(through(&proxy));
    let error = Op::Post.call(&client.build().unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "create_contact: could not connect to intercom.invalid:443 after 3 attempts"
    );
}

/// Long enough for the client to read what came before apart from what comes after.
const SHORT: Duration = Duration::from_millis(50);
