//! Compressed responses that do not end and decompress to nothing.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use intercom_client::RetryPolicy;

use crate::calls::{Op, settings};
use crate::server::{Move, Server, raw};

/// Upper bound of the bytes that the server can send before the client stops reading, including the buffers of the sockets.
const MAX_SENT: u64 = 64 << 20;

fn member(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A name, the start of a body and a chunk that can follow any number of times. All of it is valid gzip.
fn endless_bodies() -> [(&'static str, Vec<u8>, Vec<u8>); 3] {
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // A stored block without content, which is not the last block.
    let empty_block = [0, 0, 0, 0xff, 0xff];
    [
        ("empty members", Vec::new(), member(b"").repeat(50)),
        ("zeros after the last member", member(b"{}"), vec![0; 1000]),
        ("empty blocks", header.to_vec(), empty_block.repeat(200)),
    ]
}

fn head(status: u16) -> Move {
    raw(format!(
        "HTTP/1.1 {status} Any\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\
         transfer-encoding: chunked\r\n\r\n"
    ))
}

#[tokio::test]
async fn endless_gzip_fails_after_a_bounded_number_of_bytes() {
    for status in [200, 404, 503] {
        for (name, start, chunk) in endless_bodies() {
            let sent = Arc::new(AtomicU64::new(0));
            let counter = Arc::clone(&sent);
            let chunks = move || -> Box<dyn Iterator<Item = Bytes> + Send> {
                let (counter, chunk) = (Arc::clone(&counter), Bytes::from(chunk.clone()));
                let start = Some(Bytes::from(start.clone())).filter(|start| !start.is_empty());
                let chunks = start.into_iter().chain(std::iter::repeat(chunk));
                Box::new(chunks.inspect(move |chunk| {
                    counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                }))
            };
            let server = Server::always(vec![Move::Read, head(status), Move::Chunks(Arc::new(chunks))]).await;
            let client = settings(&server).retry(RetryPolicy::none()).build().unwrap();
            let error = Op::Get.call(&client).await.unwrap_err();
            assert_eq!(error.is_decode(), status == 200, "{status}, {name}: {error}");
            let reason = "the gzip has too many bytes or members for its content";
            assert_eq!(
                error.to_string().contains(reason),
                status == 200,
                "{status}, {name}: {error}"
            );
            assert!(error.body().is_none_or(|body| body.len() < 100), "{status}, {name}");
            let sent = sent.load(Ordering::Relaxed);
            assert!(sent < MAX_SENT, "{status}, {name}: {sent} bytes");
        }
    }
}

#[tokio::test]
async fn endless_gzip_is_cut_off_by_the_timeout() {
    for (name, start, chunk) in endless_bodies() {
        let mut moves = vec![Move::Read, head(200)];
        for chunk in std::iter::once(&start).chain(std::iter::repeat_n(&chunk, 500)) {
            if !chunk.is_empty() {
                moves.push(raw(format!("{:x}\r\n", chunk.len())));
                moves.push(raw([chunk, &b"\r\n"[..]].concat()));
                moves.push(Move::Wait(Duration::from_millis(20)));
            }
        }
        let server = Server::always(moves).await;
        let settings = settings(&server).retry(RetryPolicy::none());
        let client = settings.timeout(Duration::from_millis(300)).build().unwrap();
        let error = Op::Get.call(&client).await.unwrap_err();
        assert!(error.is_timeout(), "{name}: {error}");
    }
}
