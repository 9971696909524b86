//! Compressed responses, and responses with invalid characters.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use intercom_client::Method;
use intercom_client::paging::Paging;
use serde_json::{Value, json};

use crate::calls::{Op, settings};
use crate::server::{Move, Server, response};

fn member(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn compressed(body: Vec<u8>) -> Server {
    Server::always(vec![Move::Read, response(200, &[("content-encoding", "gzip")], body)]).await
}

#[tokio::test]
async fn gzip_body_of_any_number_of_members_is_read() {
    let json = br#"{"type":"contact","id":"5f","name":"Ada Lovelace of Fernhill"}"#;
    for members in [1, 2, 3, json.len()] {
        let parts: Vec<Vec<u8>> = json.chunks(json.len().div_ceil(members)).map(member).collect();
        let server = compressed(parts.concat()).await;
        let contact = settings(&server)
            .build()
            .unwrap()
            .show_contact()
            .id("5f")
            .send()
            .await
            .unwrap();
        assert_eq!(contact.body().as_ref(), json, "{members} members");
        assert_eq!(contact.name.as_deref(), Some("Ada Lovelace of Fernhill"));
        let encoding = server.requests()[0].header("accept-encoding").map(str::to_owned);
        assert_eq!(encoding.as_deref(), Some("gzip"));
        assert!(
            contact.headers().get("content-encoding").is_none(),
            "the caller gets the decompressed body"
        );
    }
    let padded = [member(b"{}"), vec![0; 100]].concat();
    let server = compressed(padded).await;
    Op::Get.call(&settings(&server).build().unwrap()).await.unwrap();
    let many = [member(b" ").repeat(20_001), member(b"{}")].concat();
    let server = compressed(many).await;
    Op::Get.call(&settings(&server).build().unwrap()).await.unwrap();
}

#[tokio::test]
async fn truncated_gzip_and_trailing_bytes_are_errors() {
    let complete = member(br#"{"type":"contact"}"#);
    for (body, cut) in [
        (complete[..12].to_vec(), true),
        (complete[..complete.len() - 9].to_vec(), true),
        ([&complete[..], &complete[..5]].concat(), true),
        (complete[..complete.len() - 8].to_vec(), true),
        (complete[..complete.len() - 1].to_vec(), true),
        ([&complete[..complete.len() - 8], &[0; 8]].concat(), false), // a checksum that is not the right one
        ([&complete[..], &complete[..complete.len() - 3]].concat(), true),
        ([&complete[..], b"garbage beyond"].concat(), false),
        (b"plainly none".to_vec(), false),
    ] {
        let server = compressed(body.clone()).await;
        let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
        assert!(!error.is_builder() && error.status().is_some(), "{body:?}: {error}");
        let attempts = if cut { 3 } else { 1 };
        assert_eq!(
            (error.is_retryable(), error.attempts()),
            (cut, attempts),
            "{body:?}: {error}"
        );
    }
}

#[tokio::test]
async fn empty_gzip_body_is_empty() {
    let gzip = [("content-encoding", "gzip")];
    for status in [200, 202, 204] {
        let server = Server::always(vec![Move::Read, response(status, &gzip, "")]).await;
        let client = settings(&server).build().unwrap();
        for op in [Op::Put, Op::Delete] {
            assert_eq!(op.call(&client).await.unwrap(), status, "{op:?}");
        }
        assert!(
            Op::Get.call(&client).await.unwrap_err().is_decode(),
            "a read must have a body"
        );
        let download = client.download_data_export().job_identifier("j").send().await.unwrap();
        assert_eq!(download.into_inner().next_chunk().await.unwrap(), None);
    }
}

#[tokio::test]
async fn unsupported_content_encoding_is_reported() {
    for (encoding, found) in [
        ("br", "a body encoded by br"),
        ("gzip, deflate", "a body encoded by deflate"),
        ("gzip, gzip", "a body with an unknown encoding"),
        ("private-word", "a body with an unknown encoding"),
    ] {
        let server = Server::always(vec![
            Move::Read,
            response(200, &[("content-encoding", encoding)], b"\x0b\x02\x80"),
        ])
        .await;
        let client = settings(&server).build().unwrap();
        let error = Op::Get.call(&client).await.unwrap_err();
        assert_eq!((error.is_decode(), error.found()), (true, Some(found)), "{encoding}");
        assert_eq!(error.body().unwrap().as_ref(), b"\x0b\x02\x80");
    }
    let body = member(b"{}");
    for encoding in ["identity, gzip", "X-Gzip", "gzip, identity"] {
        let server = Server::always(vec![
            Move::Read,
            response(200, &[("content-encoding", encoding)], &body),
        ])
        .await;
        Op::Get.call(&settings(&server).build().unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn decompression_stops_at_the_limit() {
    let bomb = member(&vec![b' '; 64 << 20]);
    let server = compressed(bomb).await;
    let client = settings(&server).max_response_bytes(1 << 20).build().unwrap();
    let error = Op::Get.call(&client).await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert_eq!(error.body().unwrap().len(), 1 << 20);
    let server = compressed(member(&[b' '; 1000])).await;
    let client = settings(&server).max_response_bytes(999).build().unwrap();
    let error = Op::Get.call(&client).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("larger"), "{error}");
    assert_eq!(error.body().unwrap().len(), 999);
}

#[tokio::test]
async fn errors_and_downloads_are_decompressed() {
    let complete = member(br#"{"errors":[{"code":"not_found","message":"gone"}]}"#);
    let without_sum = complete[..complete.len() - 8].to_vec();
    for body in [complete.clone(), without_sum, [complete, b"garbage".to_vec()].concat()] {
        let server = Server::always(vec![Move::Read, response(404, &[("content-encoding", "gzip")], body)]).await;
        let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), Some("not_found"), "the first part is parsed");
    }
    let server = compressed([member(b"ab"), member(b"cd")].concat()).await;
    let client = settings(&server).build().unwrap();
    let mut stream = client
        .download_data_export()
        .job_identifier("j")
        .send()
        .await
        .unwrap()
        .into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next_chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(bytes, b"abcd");
}

#[tokio::test]
async fn invalid_characters_do_not_fail_a_raw_page() {
    let page = b"{\"data\":[{\"id\":1,\"a\\udc00\":\"\\ud83d\"},{\"id\":2,\"b\":\"\xff \\ud83d\\ude00 \\\\ud83d\"}],\"pages\":{}}";
    let server = Server::always(vec![Move::Read, response(200, &[], page)]).await;
    let client = settings(&server).build().unwrap();
    let request = || client.request(Method::GET, "/things");
    let expected = json!([{"id": 1, "a\u{fffd}": "\u{fffd}"}, {"id": 2, "b": "\u{fffd} \u{1f600} \\ud83d"}]);
    let response = request().send::<Value>().await.unwrap();
    assert_eq!(response["data"], expected);
    assert_eq!(response.body().as_ref(), page, "the body is unchanged");
    let items: Vec<Value> = request().stream(Paging::Cursor, "data").try_collect().await.unwrap();
    assert_eq!(Value::Array(items), expected);
}
