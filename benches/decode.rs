//! Compares the decoding of this crate's types with that of equal types with derived serde
//! implementations: a page of contacts, a conversation of 500 parts, and one of 200 parts with HTML
//! bodies. Prints each ratio, and fails if one exceeds its bound.
//!
//! ```text
//! cargo bench --bench decode
//! ```

#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use intercom_client::json::{self, FromJson};
use intercom_client::types;
use operation_tables::twins as plain;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

/// Returns an example response of the description.
fn example(path: &str, method: &str) -> Value {
    let document: Value = serde_json::from_str(operation_tables::DESCRIPTION).unwrap();
    let content = &document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["examples"];
    content.as_object().unwrap().values().next().unwrap()["value"].clone()
}

/// Returns `count` copies of an object with distinct ids.
fn copies(object: &Value, count: usize) -> Value {
    let copy = |i| {
        let mut copy = object.clone();
        copy["id"] = format!("{i:024x}").into();
        copy
    };
    (0..count).map(copy).collect()
}

fn contacts() -> Vec<u8> {
    let mut contact = example("/contacts/{id}", "get");
    contact["avatar"] = json!({"type": "avatar", "image_url": "https://example.com/ada.png"});
    let page = json!({
        "type": "list",
        "data": copies(&contact, 150),
        "total_count": 150,
        "pages": {
            "type": "pages", "page": 1, "per_page": 150, "total_pages": 2,
            "next": {"page": 2, "starting_after": "WzE3MzE1MDAwMDAwMDBd"},
        },
    });
    page.to_string().into_bytes()
}

fn conversation() -> Vec<u8> {
    let mut conversation = example("/conversations/{id}/reply", "post");
    let parts = &mut conversation["conversation_parts"];
    parts["conversation_parts"] = copies(&parts["conversation_parts"][0], 500);
    parts["total_count"] = 500.into();
    conversation.to_string().into_bytes()
}

/// Returns a conversation with HTML bodies, which servers escape. Most conversations are like this.
fn html() -> Vec<u8> {
    let html =
        "<p class=\"no-margin\">Good morning,</p>\n<p class=\"no-margin\">the map of <b>Fernhill &amp; Co</b> shows \
                <a href=\"https://maps.example/fernhill?zoom=7&amp;layer=\"roads\"\">last week\'s roads</a>.</p>\n\n\
                <div class=\"intercom-container\"><img src=\"https://static.example/map.png\"></div>\n"
            .repeat(3);
    let mut conversation = example("/conversations/{id}/reply", "post");
    conversation["source"]["body"] = html.as_str().into();
    let parts = &mut conversation["conversation_parts"];
    parts["conversation_parts"] = copies(&parts["conversation_parts"][0], 200);
    for part in parts["conversation_parts"].as_array_mut().unwrap() {
        part["body"] = html.as_str().into();
    }
    // Servers escape these characters.
    let text = conversation.to_string();
    let text = text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    text.into_bytes()
}

/// Decodes with the reader that the client uses for responses.
fn ours<T: FromJson>(body: &[u8]) -> T {
    json::from_slice(body).unwrap().value
}

fn serde<T: DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).unwrap()
}

/// Measures two functions alternately. Returns `true` if the median of their ratios is within the
/// bound.
fn compare<A, B>(what: &str, body: &[u8], ours: fn(&[u8]) -> A, plain: fn(&[u8]) -> B, bound: f64) -> bool {
    const ROUNDS: usize = 301;
    fn time<T>(decode: fn(&[u8]) -> T, body: &[u8]) -> f64 {
        let start = Instant::now();
        drop(black_box(decode(black_box(body))));
        start.elapsed().as_secs_f64()
    }
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (time(ours, body), time(plain, body))).collect();
    rounds.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (ours, plain) = rounds[ROUNDS / 2];
    let ratio = ours / plain;
    println!(
        "{what} ({} kB): {:.0} us, plain serde structs {:.0} us: {ratio:.2} times (at most {bound})",
        body.len() / 1000,
        ours * 1e6,
        plain * 1e6
    );
    ratio <= bound
}

fn main() {
    let (contacts, conversation, html) = (contacts(), conversation(), html());
    let within_bounds = [
        compare(
            "150 contacts",
            &contacts,
            ours::<types::ContactList>,
            serde::<plain::ContactList>,
            1.2,
        ),
        compare(
            "500 parts",
            &conversation,
            ours::<types::Conversation>,
            serde::<plain::Conversation>,
            1.2,
        ),
        compare(
            "200 parts with HTML",
            &html,
            ours::<types::Conversation>,
            serde::<plain::Conversation>,
            1.2,
        ),
    ];
    compare(
        "150 contacts as values",
        &contacts,
        serde::<Value>,
        serde::<plain::ContactList>,
        f64::INFINITY,
    );
    compare(
        "150 contacts skipped",
        &contacts,
        serde::<IgnoredAny>,
        serde::<plain::ContactList>,
        f64::INFINITY,
    );
    compare(
        "150 contacts by serde",
        &contacts,
        serde::<types::ContactList>,
        serde::<plain::ContactList>,
        f64::INFINITY,
    );
    assert!(within_bounds.iter().all(|within| *within), "a bound is exceeded");
}
