//! Answers that come compressed: all of them, or an error.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::calls::{Op, settings};
use crate::server::{Move, Server, answer};

fn member(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn compressed(body: Vec<u8>) -> Server {
    Server::always(vec![Move::Read, answer(200, &[("content-encoding", "gzip")], body)]).await
}

#[tokio::test]
async fn a_body_of_any_number_of_members_is_read_whole() {
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
            "the caller gets it plain"
        );
    }
    let many: Vec<u8> = (0..20_001).flat_map(|_| member(b" ")).chain(member(b"{}")).collect();
    let server = compressed(many).await;
    Op::Get.call(&settings(&server).build().unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_is_cut_off_or_goes_on_after_the_end_is_an_error() {
    let whole = member(br#"{"type":"contact"}"#);
    for body in [
        whole[..whole.len() - 1].to_vec(),
        whole[..12].to_vec(),
        [whole.clone(), b"garbage".to_vec()].concat(),
        [whole.clone(), whole[..5].to_vec()].concat(),
        b"plainly none".to_vec(),
    ] {
        let server = compressed(body.clone()).await;
        let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
        assert!(!error.is_builder() && error.status().is_some(), "{body:?}: {error}");
    }
}

#[tokio::test]
async fn a_little_that_becomes_very_much_is_stopped_at_the_limit() {
    let bomb = member(&vec![b' '; 64 << 20]);
    let server = compressed(bomb).await;
    let client = settings(&server).max_response_bytes(1 << 20).build().unwrap();
    let error = Op::Get.call(&client).await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert_eq!(error.body().unwrap().len(), 1 << 20);
}

#[tokio::test]
async fn an_error_and_a_download_are_decompressed_too() {
    let body = member(br#"{"errors":[{"code":"not_found","message":"gone"}]}"#);
    let server = Server::always(vec![Move::Read, answer(404, &[("content-encoding", "gzip")], body)]).await;
    let error = Op::Get.call(&settings(&server).build().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Some("not_found"));
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
