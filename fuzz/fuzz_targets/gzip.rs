//! Decodes a compressed response, and compares it with `flate2`.
//!
//! The first byte of the input selects the size of the chunks, the rest is the body.

#![no_main]

use std::convert::Infallible;
use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use intercom_client::{Client, Method, RetryPolicy};
use libfuzzer_sys::fuzz_target;

/// Maximum length of the decoded body.
const MAX_BYTES: u64 = 1 << 16;

/// Returns the body decoded by the client, or `None` if the call fails.
fn by_client(chunks: Vec<Bytes>) -> Option<Bytes> {
    let service = tower::service_fn(move |_request: http::Request<Bytes>| {
        let frames = chunks
            .clone()
            .into_iter()
            .map(http_body::Frame::data)
            .map(Ok::<_, Infallible>);
        let response = http::Response::builder().header("content-encoding", "gzip");
        std::future::ready(response.body(StreamBody::new(stream::iter(frames))))
    });
    let client = Client::builder("dG9r")
        .http_service(service)
        .retry(RetryPolicy::none())
        .max_response_bytes(MAX_BYTES)
        .build()
        .expect("the settings are valid");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be built");
    runtime.block_on(async {
        let call = client.request(Method::GET, "/me").bytes();
        // The body ends, so the call does too: the clock only advances while nothing else can run.
        let response = tokio::time::timeout(Duration::from_secs(3600), call).await;
        let response = response.expect("the call ends");
        response.ok().map(|response| response.into_inner())
    })
}

/// Returns the body decoded by `flate2`, or `None` if it is invalid or too long.
fn by_flate2(body: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(body).take(MAX_BYTES + 1);
    decoder.read_to_end(&mut decoded).ok()?;
    (decoded.len() as u64 <= MAX_BYTES).then_some(decoded)
}

fn check(chunk: usize, body: &[u8]) {
    let chunks = body.chunks(chunk).map(Bytes::copy_from_slice).collect();
    let decoded = by_client(chunks);
    if let Some(decoded) = &decoded {
        assert!(decoded.len() as u64 <= MAX_BYTES, "{} bytes", decoded.len());
    }
    match by_flate2(body) {
        Some(expected) => assert_eq!(decoded.as_deref(), Some(&*expected)),
        // The client also accepts zeros after the last member, and an empty body.
        None => {
            let end = body.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let accepted = (end..=body.len()).find_map(|end| by_flate2(&body[..end]));
            if let Some(decoded) = decoded {
                assert!(
                    accepted.is_some_and(|expected| expected == decoded) || body.is_empty(),
                    "accepts invalid gzip"
                );
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((chunk, body)) = data.split_first() else {
        return;
    };
    check(usize::from(*chunk) + 1, body);
    // Random bytes are rarely valid gzip, so the input is also used as the content.
    let mut encoder = flate2::read::GzEncoder::new(body, flate2::Compression::fast());
    let mut compressed = Vec::new();
    encoder
        .read_to_end(&mut compressed)
        .expect("reading from memory does not fail");
    check(usize::from(*chunk) + 1, &compressed);
    let half = compressed.len() / 2;
    check(usize::from(*chunk) + 1, &compressed[..half]);
    check(usize::from(*chunk) + 1, &[compressed.as_slice(), body].concat());
});
