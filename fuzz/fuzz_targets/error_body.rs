//! Reads an error from a response.
//!
//! The first byte of the input selects the status, the second the content type, the rest is the body.

#![no_main]

use intercom_client::Error;
use intercom_client::http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;

/// Maximum length of an error message in bytes.
const MAX_MESSAGE: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let [status, media, body @ ..] = data else {
        return;
    };
    let status = StatusCode::from_u16(400 + u16::from(*status) % 200).expect("statuses up to 599 are valid");
    let media = ["application/json", "text/html", "", "\u{7f}"][usize::from(*media) % 4];
    let mut headers = HeaderMap::new();
    if let Ok(media) = HeaderValue::from_str(media) {
        headers.insert("content-type", media);
    }
    let error = Error::from_response("create_contact", status, headers, body.to_vec());
    assert_eq!(error.status(), Some(status));
    assert_eq!(error.body().map(|body| &**body), Some(body));
    let message = error.to_string();
    assert!(message.len() <= MAX_MESSAGE, "{} bytes", message.len());
    assert!(!message.contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{message:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        let _ = inner.to_string();
        source = inner.source();
    }
    let _ = format!("{error:?}");
    let _ = (
        error.code(),
        error.errors().len(),
        error.request_id(),
        error.conflicting_id(),
    );
    let _ = (error.is_retryable(), error.is_rate_limited(), error.kind());
});
