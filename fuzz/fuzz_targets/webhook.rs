//! Verifies and reads the request to a webhook endpoint.
//!
//! The first byte of the input selects the signature, the rest is the body.

#![no_main]

use intercom_client::http::{HeaderMap, HeaderValue};
use intercom_client::json;
use intercom_client::webhooks::{Notification, Receiver, Signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((selector, body)) = data.split_first() else {
        return;
    };
    let receiver = Receiver::new("5e0c27a1").expect("the secret is valid");
    let signature = match selector % 2 {
        0 => Signature::Hub,
        _ => Signature::Body,
    };
    // The signature of other bytes, and the input itself, are not a signature of the body.
    let other = receiver.sign_with(signature, &[body, b"x"].concat());
    let mut headers = HeaderMap::new();
    for wrong in [other.as_bytes(), body] {
        if let Ok(wrong) = HeaderValue::from_bytes(wrong) {
            headers.insert(signature.header(), wrong);
            assert!(receiver.read_any(&headers, body).is_err(), "accepts a wrong signature");
        }
    }
    let right = receiver
        .sign_with(signature, body)
        .parse()
        .expect("signatures are valid header values");
    headers.insert(signature.header(), right);
    assert_eq!(receiver.verify(&headers, body).ok(), Some(signature));
    let any = receiver.read_any(&headers, body);
    let notification = receiver.read(&headers, body);
    for error in any.as_ref().err().into_iter().chain(notification.as_ref().err()) {
        let message = error.to_string();
        assert!(message.len() <= 400 && !message.contains('\n'), "{message:?}");
    }
    if let Ok(any) = any {
        let _ = format!("{any:?}");
    }
    if let Ok(notification) = notification {
        let text = serde_json::to_string(&notification).expect("notifications are encoded");
        let again = json::from_slice::<Notification>(text.as_bytes()).expect("encoded notifications are decoded");
        let again = serde_json::to_string(&again.value).expect("notifications are encoded");
        assert_eq!(text, again, "encodes differently again");
    }
});
