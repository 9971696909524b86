//! Memory that decoding allocates per byte of text, for the worst texts in each list and object of each response.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use intercom_client::webhooks::Notification;
use intercom_client::{Client, Method, RetryPolicy, json};
use operation_tables::memory::{Counting, peak};
use operation_tables::types::{ArticleList, Contact};
use operation_tables::{DESCRIPTION, OPERATIONS};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Maximum number of bytes that decoding may allocate per byte of text.
const MAX_BYTES_PER_BYTE: f64 = 64.0;
/// Approximate length of each text in bytes.
const LENGTH: usize = 60_000;

/// A placeholder for a value. No example contains it.
const PLACEHOLDER: &str = "placeholder for the value";

/// Values with little text that need much memory. They are repeated in a list.
const ITEMS: [&str; 8] = [
    "{}",
    "null",
    "1.50",
    "\"\"",
    "[[]]",
    "{\"\":0}",
    "{\"data\":[{}]}",
    "{\"id\":1}",
];

/// Returns a list of copies of `item`, about [`LENGTH`] bytes long.
fn list(item: &str) -> String {
    format!("[{}]", vec![item; LENGTH / (item.len() + 1)].join(","))
}

/// Returns an object with copies of `value` under different names, about [`LENGTH`] bytes long.
fn object(value: &str) -> String {
    let mut text = String::from("{");
    for i in 0..LENGTH / (value.len() + 8) {
        let comma = if i == 0 { "" } else { "," };
        write!(text, "{comma}\"{i:x}\":{value}").unwrap();
    }
    text + "}"
}

/// Collects the JSON pointers of the lists and the objects in a value.
fn pointers(value: &Value, pointer: &str, lists: &mut Vec<String>, objects: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            lists.push(pointer.to_owned());
            if let Some(first) = items.first() {
                pointers(first, &format!("{pointer}/0"), lists, objects);
            }
        }
        Value::Object(entries) => {
            objects.push(pointer.to_owned());
            for (name, value) in entries {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(value, &format!("{pointer}/{name}"), lists, objects);
            }
        }
        _ => {}
    }
}

/// Returns the JSON of `value`, with `text` at `pointer`.
fn replace_at(value: &Value, pointer: &str, text: &str) -> String {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = PLACEHOLDER.into();
    value.to_string().replace(&format!("\"{PLACEHOLDER}\""), text)
}

/// Returns the number of bytes allocated per byte of text, and whether the text was decoded.
fn bytes_per_byte(text: &str, decode: fn(&[u8]) -> Result<(), String>) -> (f64, bool) {
    let (bytes, decoded) = peak(|| decode(text.as_bytes()));
    (bytes as f64 / text.len() as f64, decoded.is_ok())
}

/// A list or an object in the example of a response.
struct Container {
    id: &'static str,
    decode: fn(&[u8]) -> Result<(), String>,
    example: Value,
    pointer: String,
    is_list: bool,
}

fn all_containers() -> Vec<Container> {
    let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    for operation in OPERATIONS {
        let described = &document["paths"][operation.path][operation.method.to_lowercase()];
        let content = &described["responses"]["200"]["content"]["application/json"];
        let examples = content["examples"].as_object();
        let Some(example) = examples.and_then(|examples| examples.values().next()) else {
            continue;
        };
        let example = &example["value"];
        let (mut lists, mut objects) = (Vec::new(), Vec::new());
        pointers(example, "", &mut lists, &mut objects);
        let lists = lists.into_iter().map(|pointer| (pointer, true));
        for (pointer, is_list) in lists.chain(objects.into_iter().map(|pointer| (pointer, false))) {
            // Operations that return the same type are tried once.
            if seen.insert((operation.decode as usize, pointer.clone())) {
                let (id, decode, example) = (operation.id, operation.decode, example.clone());
                all.push(Container {
                    id,
                    decode,
                    example,
                    pointer,
                    is_list,
                });
            }
        }
    }
    all
}

/// Returns the bytes per byte of the worst text, and a line for the report.
fn worst(container: &Container) -> (f64, String) {
    let free = || format!("{{\"custom_attributes\":{{\"a\":{}}}}}", list("{\"\":0}"));
    let texts: Vec<String> = match container.is_list {
        true => ITEMS.iter().map(|item| list(item)).collect(),
        false => vec![object("1.50"), free()],
    };
    let mut line = format!("{} {}:", container.id, container.pointer);
    let mut worst = 0.0_f64;
    for text in texts {
        let text_in_example = replace_at(&container.example, &container.pointer, &text);
        let (found, decoded) = bytes_per_byte(&text_in_example, container.decode);
        worst = worst.max(found);
        let end = if decoded { "" } else { " (too large)" };
        write!(line, " {found:.1} for {:.20}…{end}", text).unwrap();
    }
    (worst, line)
}

/// Prints the bytes per byte of each list and object.
#[test]
fn responses_take_memory_in_proportion_to_their_text() {
    let all = all_containers();
    assert!(all.iter().filter(|container| container.is_list).count() > 50);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let lines: Vec<(f64, String)> = std::thread::scope(|scope| {
        let share = |first: usize| all.iter().skip(first).step_by(threads);
        let threads: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || share(first).map(worst).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    lines.iter().for_each(|(_, line)| println!("{line}"));
    let exceeded: Vec<_> = lines.iter().filter(|(worst, _)| *worst > MAX_BYTES_PER_BYTE).collect();
    assert!(exceeded.is_empty(), "{exceeded:#?}");
}

#[test]
fn small_objects_are_within_the_limit() {
    for operation in OPERATIONS.iter().filter(|operation| operation.id.starts_with("list_")) {
        for name in ["data", "conversations", "admins", "teams", "segments", "tags"] {
            let text = format!("{{\"{name}\":[{}]}}", vec!["{\"id\":\"1\"}"; 150].join(","));
            (operation.decode)(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", operation.id));
        }
    }
}

/// The entries of custom attributes are decoded when they are first used, which cannot fail.
#[test]
fn custom_attributes_take_memory_in_proportion_to_their_text_when_they_are_used() {
    let values = ITEMS.iter().map(|item| list(item));
    let texts = values
        .map(|list| format!("{{\"a\":{list}}}"))
        .chain(ITEMS.iter().map(|item| object(item)))
        // An unpaired surrogate is decoded at once.
        .chain(
            ITEMS
                .iter()
                .map(|item| format!("{{\"a\":{},\"b\":\"\\ud83d\",\"c\":1.50}}", list(item))),
        );
    let mut used = 0;
    for entries in texts {
        let text = format!("{{\"custom_attributes\":{entries}}}");
        let (found, decoded) = bytes_per_byte(&text, |body| {
            let contact = json::from_slice::<Contact>(body).map_err(|error| error.to_string())?;
            assert!(!contact.value.custom_attributes.is_empty());
            Ok(())
        });
        assert!(found <= MAX_BYTES_PER_BYTE, "{found} for {text:.60}");
        used += usize::from(decoded);
    }
    assert!(used > ITEMS.len(), "{used}");
}

#[test]
fn response_that_needs_too_much_memory_is_rejected() {
    let text = format!("{{\"data\":{}}}", list("{}"));
    let error = json::from_slice::<ArticleList>(text.as_bytes()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("expected JSON, found values that need more than 40 times the memory"),
        "{message}"
    );
}

#[test]
fn notifications_take_memory_in_proportion_to_their_text() {
    for item in ITEMS {
        for (open, close) in [("{\"data\":{\"item\":", "}}"), ("{\"new\":", "}"), ("", "")] {
            let text = [open, &list(item), close].concat();
            let (found, _) = bytes_per_byte(&text, |body| {
                let decoded = json::from_slice::<Notification>(body);
                decoded.map(drop).map_err(|error| error.to_string())
            });
            assert!(found <= MAX_BYTES_PER_BYTE, "{found} {item} {open}");
        }
    }
}

#[test]
fn error_bodies_take_memory_in_proportion_to_their_text() {
    for item in ITEMS {
        for (open, close) in [
            ("{\"errors\":", "}"),
            ("{\"error\":", "}"),
            ("{\"errors\":{\"a\":", "}}"),
            ("", ""),
        ] {
            let text = [open, &list(item), close].concat();
            let (found, _) = bytes_per_byte(&text, |body| {
                let status = intercom_client::http::StatusCode::BAD_REQUEST;
                let error =
                    intercom_client::Error::from_response("list_contacts", status, Default::default(), body.to_vec());
                drop(error);
                Ok(())
            });
            assert!(found <= MAX_BYTES_PER_BYTE, "{found} {item} {open}");
        }
    }
}

/// Calls a service that responds with compressed chunks. Returns the peak of memory in bytes, and the length of the body.
fn peak_of_call(chunks: impl Iterator<Item = Bytes> + Clone + Send + Sync + 'static) -> (usize, Option<usize>) {
    let service = tower::service_fn(move |_request: http::Request<Bytes>| {
        let frames = chunks.clone().map(Frame::data).map(Ok::<_, Infallible>);
        let response = http::Response::builder().header("content-encoding", "gzip");
        std::future::ready(response.body(StreamBody::new(stream::iter(frames))))
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = Client::builder("dG9r")
        .http_service(service)
        .retry(RetryPolicy::none())
        .max_response_bytes(MAX_RESPONSE_BYTES)
        .build()
        .unwrap();
    let (bytes, result) = peak(|| runtime.block_on(client.request(Method::GET, "/me").bytes()));
    (bytes, result.ok().map(|response| response.len()))
}

/// The limit of the client for the length of a decompressed response.
const MAX_RESPONSE_BYTES: u64 = 1 << 20;

#[test]
fn compressed_responses_take_memory_in_proportion_to_the_limit() {
    let member = |data: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        Bytes::from(encoder.finish().unwrap())
    };
    let max = 4 * MAX_RESPONSE_BYTES as usize;
    let largest = member(&vec![b' '; MAX_RESPONSE_BYTES as usize]);
    let (bytes, length) = peak_of_call(std::iter::once(largest));
    assert_eq!(length, Some(MAX_RESPONSE_BYTES as usize));
    assert!(bytes <= max, "{bytes} bytes");
    // 64 MiB in one member, empty members without end, and zeros without end.
    let (bytes, length) = peak_of_call(std::iter::once(member(&vec![b' '; 64 << 20])));
    assert!(length.is_none() && bytes <= max, "{bytes} bytes");
    let (bytes, length) = peak_of_call(std::iter::repeat(member(b"")));
    assert!(length.is_none() && bytes <= max, "{bytes} bytes");
    let zeros = std::iter::once(member(b"{}")).chain(std::iter::repeat(Bytes::from_static(&[0; 1000])));
    let (bytes, length) = peak_of_call(zeros);
    assert!(length.is_none() && bytes <= max, "{bytes} bytes");
}
