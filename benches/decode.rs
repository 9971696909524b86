//! Decoding a page of 150 contacts and a conversation of 500 parts: this crate's types against the same fields as serde
//! derives them, against JSON values, and against reading past everything.
//!
//! ```text
//! cargo bench --bench decode
//! ```

#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use intercom_client::types;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

/// The same types without leniency, written by the build.
#[allow(dead_code, clippy::enum_variant_names)]
mod plain {
    include!(concat!(env!("OUT_DIR"), "/twins.rs"));

    #[derive(serde::Deserialize)]
    pub struct Avatar {
        #[serde(rename = "type")]
        type_: Option<String>,
        image_url: Option<String>,
    }

    #[derive(serde::Deserialize)]
    pub struct NextPage {
        page: Option<i64>,
        per_page: Option<i64>,
        starting_after: Option<String>,
    }
}

/// An example of a success in the description.
fn example(path: &str, method: &str) -> Value {
    let document: Value = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/description.json"))).unwrap();
    let content = &document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["examples"];
    content.as_object().unwrap().values().next().unwrap()["value"].clone()
}

/// `count` copies of an object, each with an id of its own.
fn copies(of: &Value, count: usize) -> Value {
    let copy = |i| {
        let mut copy = of.clone();
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

fn decode<T: DeserializeOwned>(group: &mut BenchmarkGroup<criterion::measurement::WallTime>, name: &str, body: &[u8]) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| serde_json::from_slice::<T>(black_box(body)).unwrap());
    });
}

fn benches(criterion: &mut Criterion) {
    let body = contacts();
    let mut group = criterion.benchmark_group("150 contacts");
    group.throughput(Throughput::Bytes(body.len() as u64));
    decode::<types::ContactList>(&mut group, "ours", &body);
    decode::<plain::ContactList>(&mut group, "plain", &body);
    decode::<Value>(&mut group, "value", &body);
    decode::<IgnoredAny>(&mut group, "ignored", &body);
    group.finish();

    let body = conversation();
    let mut group = criterion.benchmark_group("500 parts");
    group.throughput(Throughput::Bytes(body.len() as u64));
    decode::<types::Conversation>(&mut group, "ours", &body);
    decode::<plain::Conversation>(&mut group, "plain", &body);
    decode::<Value>(&mut group, "value", &body);
    decode::<IgnoredAny>(&mut group, "ignored", &body);
    group.finish();
}

criterion_group!(decoding, benches);
criterion_main!(decoding);
