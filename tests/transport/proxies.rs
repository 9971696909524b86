//! Proxies that do not connect.

use std::time::Duration;

use crate::calls::{Op, own_settings};
use crate::server::{Move, Server, raw, response};
use Move::{Hang, Read, Reset, Wait};

/// An HTTP client that uses a proxy.
fn through(proxy: &str) -> reqwest::Client {
    crate::calls::provider();
    let proxy = reqwest::Proxy::all(proxy).unwrap();
    reqwest::Client::builder().proxy(proxy).build().unwrap()
}

#[tokio::test]
async fn failed_proxy_connection_has_sent_nothing() {
    let refused = (
        "the proxy refused to connect to intercom.invalid:443 after 3 attempts",
        "; check the base URL and the rules of the proxy",
    );
    let asks = (
        "the proxy requires credentials (407)",
        "; add the credentials to the URL of the proxy",
    );
    let unreachable = (
        "could not connect to intercom.invalid:443 after 3 attempts: ",
        "; check the base URL, the network and the proxy",
    );
    let handshake = (
        "the TLS handshake with intercom.invalid:443 failed: ",
        "; check the base URL and the proxy",
    );
    let established = || raw("HTTP/1.1 200 Connection established\r\n\r\n");
    for (what, moves, (text, advice), times) in [
        ("403", vec![Read, response(403, &[], "<html>")], refused, 3),
        ("502", vec![Read, response(502, &[], "")], refused, 3),
        ("503", vec![Read, response(503, &[], "")], refused, 3),
        ("no HTTP", vec![Read, raw("SSH-2.0-OpenSSH_9.6\r\n\r\n")], refused, 3),
        (
            "407",
            vec![Read, response(407, &[("proxy-authenticate", "Basic")], "")],
            asks,
            1,
        ),
        ("closes", vec![Read], unreachable, 3),
        ("closes at once", vec![], unreachable, 3),
        ("resets", vec![Read, Reset], unreachable, 3),
        (
            "resets in the response",
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
            vec![Read, established(), Wait(SHORT), response(400, &[], ""), Hang],
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
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("{}: {text}", op.operation())) && message.ends_with(advice),
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
                    "{context}: the proxy does not get the token"
                );
            }
        }
    }
}

#[tokio::test]
async fn unreachable_proxy_is_retried() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::always(vec![]).await;
    let client = own_settings(&server)
        .base_url("https://intercom.invalid")
        .http_client(through(&proxy));
    let error = Op::Post.call(&client.build().unwrap()).await.unwrap_err();
    let text = error.to_string();
    let start = "create_contact: could not connect to intercom.invalid:443 after 3 attempts: ";
    assert!(text.starts_with(start) && text.contains("refused"), "{text}");
}

/// Long enough for the client to read the bytes before and after the pause separately.
const SHORT: Duration = Duration::from_millis(50);
