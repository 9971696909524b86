//! What decoding allocates, for the worst texts at each place of each response: in proportion to the text.

use std::collections::HashSet;
use std::fmt::Write as _;

use intercom_client::json;
use intercom_client::webhooks::Notification;
use operation_tables::memory::{Counting, peak};
use operation_tables::{DESCRIPTION, OPERATIONS};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// So many bytes of memory are allocated at the most for each byte of text.
const FACTOR: f64 = 64.0;
/// The length of each text, about.
const LENGTH: usize = 60_000;

/// A mark that takes the place of a value: no example has it.
const MARK: &str = "the place of the value";

/// Values that take little text and much memory, repeated in a list.
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

/// A list of `item`, of about [`LENGTH`] bytes.
fn list(item: &str) -> String {
    format!("[{}]", vec![item; LENGTH / (item.len() + 1)].join(","))
}

/// An object of about [`LENGTH`] bytes whose names are all different.
fn object(value: &str) -> String {
    let mut text = String::from("{");
    for i in 0..LENGTH / (value.len() + 8) {
        let comma = if i == 0 { "" } else { "," };
        write!(text, "{comma}\"{i:x}\":{value}").unwrap();
    }
    text + "}"
}

/// The pointers of the lists and the objects in a value.
fn places(value: &Value, pointer: &str, lists: &mut Vec<String>, objects: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            lists.push(pointer.to_owned());
            if let Some(first) = items.first() {
                places(first, &format!("{pointer}/0"), lists, objects);
            }
        }
        Value::Object(entries) => {
            objects.push(pointer.to_owned());
            for (name, value) in entries {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{pointer}/{name}"), lists, objects);
            }
        }
        _ => {}
    }
}

fn with(value: &Value, pointer: &str, text: &str) -> String {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = MARK.into();
    value.to_string().replace(&format!("\"{MARK}\""), text)
}

/// How many bytes are allocated for each byte of a text, and whether it was decoded.
fn factor(text: &str, decode: fn(&[u8]) -> Result<(), String>) -> (f64, bool) {
    let (bytes, decoded) = peak(|| decode(text.as_bytes()));
    (bytes as f64 / text.len() as f64, decoded.is_ok())
}

/// A type, and a place of its example where a list or an object stands.
struct Place {
    id: &'static str,
    decode: fn(&[u8]) -> Result<(), String>,
    example: Value,
    pointer: String,
    is_list: bool,
}

fn all_places() -> Vec<Place> {
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
        places(example, "", &mut lists, &mut objects);
        let lists = lists.into_iter().map(|pointer| (pointer, true));
        for (pointer, is_list) in lists.chain(objects.into_iter().map(|pointer| (pointer, false))) {
            // Several operations return the same type.
            if seen.insert((operation.decode as usize, pointer.clone())) {
                let (id, decode, example) = (operation.id, operation.decode, example.clone());
                all.push(Place {
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

/// The factor of the worst text at a place, for each place.
fn worst(place: &Place) -> (f64, String) {
    let free = || format!("{{\"custom_attributes\":{{\"a\":{}}}}}", list("{\"\":0}"));
    let texts: Vec<String> = match place.is_list {
        true => ITEMS.iter().map(|item| list(item)).collect(),
        false => vec![object("1.50"), free()],
    };
    let mut line = format!("{} {}:", place.id, place.pointer);
    let mut worst = 0.0_f64;
    for text in texts {
        let (found, decoded) = factor(&with(&place.example, &place.pointer, &text), place.decode);
        worst = worst.max(found);
        let end = if decoded { "" } else { " (too large)" };
        write!(line, " {found:.1} for {:.20}…{end}", text).unwrap();
    }
    (worst, line)
}

/// Prints the factors of each list and object.
#[test]
fn memory_is_in_proportion_to_the_text_at_every_place_of_every_response() {
    let all = all_places();
    assert!(all.iter().filter(|place| place.is_list).count() > 50);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let lines: Vec<(f64, String)> = std::thread::scope(|scope| {
        let share = |first: usize| all.iter().skip(first).step_by(threads);
        let threads: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || share(first).map(worst).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    lines.iter().for_each(|(_, line)| println!("{line}"));
    let exceeded: Vec<_> = lines.iter().filter(|(worst, _)| *worst > FACTOR).collect();
    assert!(exceeded.is_empty(), "{exceeded:#?}");
}

#[test]
fn small_objects_are_decoded_however_little_text_they_take() {
    for operation in OPERATIONS.iter().filter(|operation| operation.id.starts_with("list_")) {
        for name in ["data", "conversations", "admins", "teams", "segments", "tags"] {
            let text = format!("{{\"{name}\":[{}]}}", vec!["{\"id\":\"1\"}"; 150].join(","));
            (operation.decode)(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", operation.id));
        }
    }
}

#[test]
fn too_large_a_response_says_so() {
    let text = format!("{{\"data\":{}}}", list("{}"));
    let error = json::from_slice::<operation_tables::types::ArticleList>(text.as_bytes()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("expected JSON that decodes to at most"), "{message}");
}

#[test]
fn notifications_take_memory_in_proportion() {
    for item in ITEMS {
        for (open, close) in [("{\"data\":{\"item\":", "}}"), ("{\"new\":", "}"), ("", "")] {
            let text = [open, &list(item), close].concat();
            let (found, _) = factor(&text, |body| {
                let read = json::from_slice::<Notification>(body);
                read.map(drop).map_err(|error| error.to_string())
            });
            assert!(found <= FACTOR, "{found} {item} {open}");
        }
    }
}

#[test]
fn error_bodies_take_memory_in_proportion() {
    for item in ITEMS {
        for (open, close) in [
            ("{\"errors\":", "}"),
            ("{\"error\":", "}"),
            ("{\"errors\":{\"a\":", "}}"),
            ("", ""),
        ] {
            let text = [open, &list(item), close].concat();
            let (found, _) = factor(&text, |body| {
                let status = intercom_client::http::StatusCode::BAD_REQUEST;
                let error =
                    intercom_client::Error::from_response("list_contacts", status, Default::default(), body.to_vec());
                drop(error);
                Ok(())
            });
            assert!(found <= FACTOR, "{found} {item} {open}");
        }
    }
}
