//! Decodes the response of an operation, and compares the result with `serde_json`.
//!
//! The first byte of the input selects the operation, the rest is the JSON text.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use operation_tables::{OPERATIONS, Operation};
use serde_json::value::RawValue;

#[allow(dead_code)]
#[path = "../../tests/examples/exact.rs"]
mod exact;

use exact::Json;

/// Maximum nesting depth of lists and objects that the crate accepts.
const MAX_DEPTH: usize = 128;

/// Whether each operation returns an object. Objects are decoded and encoded without loss.
static RETURNS_OBJECT: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let unknown = r#"{"unknown":1.50}"#;
    let returns_object = |operation: &Operation| {
        (operation.response)("7").is_err() && (operation.response)(unknown).as_deref() == Ok(unknown)
    };
    OPERATIONS.iter().map(returns_object).collect()
});

/// Returns `true` if `serde_json` accepts the syntax. It does not check the range of numbers and surrogates in this mode.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Returns the nesting depth of valid JSON.
fn depth(text: &str) -> usize {
    let (mut depth, mut max, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
        max = max.max(depth);
    }
    max
}

fn check(operation: &Operation, text: &str) {
    let encoded = (operation.response)(text);
    let valid = is_json(text) && depth(text) <= MAX_DEPTH;
    if !valid || !text.trim_ascii_start().starts_with('{') {
        assert!(encoded.is_err(), "{}: accepts {text:?}", operation.id);
        return;
    }
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) if error.contains("times the memory of the text") => return,
        Err(error) => panic!("{}: rejects {text:?}: {error}", operation.id),
    };
    // Names with unpaired surrogates cannot be compared.
    if let (Some(before), Some(after)) = (Json::try_read(text), Json::try_read(&encoded)) {
        assert_eq!(before, after, "{}: changes {text:?} to {encoded:?}", operation.id);
    }
    let again = (operation.response)(&encoded);
    assert_eq!(
        again.as_deref(),
        Ok(&*encoded),
        "{}: encodes differently again",
        operation.id
    );
}

fuzz_target!(|data: &[u8]| {
    let Some((selector, text)) = data.split_first() else {
        return;
    };
    let index = usize::from(*selector) % OPERATIONS.len();
    if !RETURNS_OBJECT[index] {
        return;
    }
    let operation = &OPERATIONS[index];
    let decoded = (operation.decode)(text);
    match std::str::from_utf8(text) {
        Ok(text) => check(operation, text),
        // `decode` uses serde, which rejects invalid UTF-8.
        Err(_) => assert!(decoded.is_err()),
    }
    // Free JSON is decoded by other code than the fields of objects.
    if let Ok(text) = std::str::from_utf8(text) {
        let wrapped = format!("{{\"custom_attributes\":{{\"a\":{text},\"b\":[{text}]}},\"unknown\":{text}}}");
        check(operation, &wrapped);
    }
});
