//! Servers and proxies that repeat the request in their responses: no error shows the token.

use std::time::Duration;

use intercom_client::Error;

use crate::calls::{Op, TOKEN, client};
use crate::server::{Move, Request, Server, raw, response};

/// A response that repeats the request's token.
fn echo(way: usize, token: &str) -> Vec<Move> {
    let id = [("x-request-id", token), ("x-forwarded-authorization", token)];
    let escaped: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let encoded: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let list = |text: &str| {
        format!(
            r#"{{"type":"error.list","errors":[{{"code":"{text}","message":"{text} is not a token","field":"{text}"}}],"request_id":"{text}"}}"#
        )
    };
    match way {
        0 => vec![response(401, &id, list(&format!("Bearer {token}")))],
        1 => vec![response(401, &id, list(&escaped))],
        2 => vec![response(404, &id, list(&encoded))],
        3 => vec![response(400, &id, format!("<pre>authorization: Bearer {token}</pre>"))],
        4 => vec![response(422, &id, format!(r#"{{"errors":{{"{token}":["{token}"]}}}}"#))],
        5 => vec![response(200, &id, format!("[\"{token}\"]"))],
        6 => vec![response(200, &id, format!("{{\"{token}\":\"{token}\""))],
        // Cut off.
        _ => {
            let head = match way {
                7 => format!("HTTP/1.1 400 No\r\nx-request-id: {token}\r\ncontent-length: 999"),
                _ => format!("HTTP/1.1 200 OK\r\nx-request-id: {token}\r\ncontent-length: 999"),
            };
            let cut = raw(format!("{head}\r\n\r\n{{\"a\":\"{}", &token[..12]));
            vec![cut, Move::Wait(Duration::from_millis(50)), Move::Reset]
        }
    }
}

/// Everything that can be seen of an error.
fn seen(error: &Error) -> String {
    let mut text = format!(
        "{error} {error:?} {:?} {:?} {:?}",
        error.errors(),
        error.request_id(),
        error.headers()
    );
    if let Some(body) = error.body() {
        text += &String::from_utf8_lossy(body);
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(" {error} {error:?}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn echoed_token_is_not_in_errors() {
    let mut redacted = 0;
    for way in 0..9 {
        let server = Server::serve(move |request: &Request| {
            let header = request.header("authorization").unwrap();
            echo(way, header.strip_prefix("Bearer ").unwrap())
        })
        .await;
        let client = client(&server);
        for op in [Op::Get, Op::List, Op::Put, Op::Post, Op::Delete] {
            let Err(error) = op.call(&client).await else { continue };
            let seen = seen(&error);
            let escaped: String = TOKEN.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            let encoded: String = TOKEN.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for secret in [TOKEN, &TOKEN[..12], &escaped, &encoded] {
                assert!(!seen.contains(secret), "{op:?}, {way}: {seen}");
            }
            redacted += usize::from(seen.contains("[redacted]"));
        }
    }
    assert!(redacted > 30, "{redacted}");
}

#[tokio::test]
async fn error_shows_the_server_message_but_not_undescribed_fields() {
    let email = "ada@example.com";
    let listed = format!(r#"{{"errors":{{"{email}":["{email} is taken"]}}}}"#);
    let server = Server::serve(move |_| vec![response(422, &[], &listed)]).await;
    let error = Op::Post.call(&client(&server)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("create_contact: 422 unprocessable entity: {email} is taken [{email}]")
    );
    // Names and values of a success that the description does not have.
    let body = format!(r#"{{"id":"1","custom_attributes":{{"{email}":"{email}"}},"name":{{"{email}":1}}}}"#);
    let server = Server::serve(move |_| vec![response(200, &[], &body)]).await;
    let contact = client(&server).show_contact().id("1").send().await.unwrap();
    let mismatches = format!("{:?}", contact.mismatches());
    assert!(
        contact.mismatches().len() == 1 && !mismatches.contains(email),
        "{mismatches}"
    );
}
