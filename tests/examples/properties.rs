//! Changes every value of every example, and checks that decoding and encoding loses nothing. Uses the description of this crate,
//! or the file in `INTERCOM_EXAMPLES`.

use serde_json::{Value, json};

use crate::any_description::{measured, report};
use crate::compare::{differences, pointers};
use crate::description::{Described, describe};

/// The replacements for a value: values of every type, and values that JSON readers often get wrong.
const REPLACEMENTS: [&str; 23] = [
    "null",
    "true",
    "7",
    "-0",
    "1e2",
    "11.5",
    "1.50",
    "0.0000001",
    "\"1.50\"",
    "449.49106478873813",
    "-2738966400123",
    "9223372036854775808",
    "123456789012345678901234567890",
    "1e400",
    "\"another text\"",
    "\"12.0\"",
    "\"12\"",
    "\"2031-02-03T04:05:06.789+01:00\"",
    "[]",
    "[null,7,\"x\",{\"a\":[null]},[1]]",
    "{}",
    "{\"never heard of\":{\"a\":[1,null],\"b\":0.1}}",
    "{\"type\":7,\"id\":[],\"data\":{},\"pages\":\"none\"}",
];

/// A placeholder for a replacement. No example contains it.
const PLACEHOLDER: &str = "\u{1}here\u{1}";

/// The text before and after a placeholder.
type Around = (String, String);

/// Returns the text around the value at `pointer`.
fn replaced(value: &Value, pointer: &str) -> Around {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = json!(PLACEHOLDER);
    around(&value)
}

/// Returns the text around an unknown name that is added to the object at `pointer`, or `None` if it is not an object.
fn added(value: &Value, pointer: &str) -> Option<Around> {
    let mut value = value.clone();
    let object = value.pointer_mut(pointer)?.as_object_mut()?;
    object.insert("never heard of".to_owned(), json!(PLACEHOLDER));
    Some(around(&value))
}

fn around(value: &Value) -> Around {
    let (text, placeholder) = (value.to_string(), json!(PLACEHOLDER).to_string());
    let (before, after) = text.split_once(&placeholder).unwrap();
    (before.to_owned(), after.to_owned())
}

#[test]
fn nothing_is_lost_when_values_are_replaced_or_added() {
    let (file, document) = measured();
    let described = describe(&document);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (tried, mut lost) = std::thread::scope(|scope| {
        let described = &described;
        let threads: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || changes(described.iter().skip(first).step_by(threads))))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.fold((0, Vec::new()), |(tried, mut lost), (more, further)| {
            lost.extend(further);
            (tried + more, lost)
        })
    });
    report(&[format!(
        "{file}: {} of {tried} changed responses complete",
        tried - lost.len()
    )]);
    assert!(tried > 50_000, "{tried}");
    lost.truncate(50);
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// Tries all changes of the examples of these operations. Returns the number of changes, and what was lost.
fn changes<'a>(described: impl Iterator<Item = &'a Described>) -> (usize, Vec<String>) {
    let (mut tried, mut lost) = (0, Vec::new());
    for described in described {
        let Some(operation) = described.operation else { continue };
        for (_, example) in &described.successes {
            for pointer in pointers(&example.value) {
                // A response of another type is an error.
                let replaced = (!pointer.is_empty()).then(|| replaced(&example.value, &pointer));
                let added = added(&example.value, &pointer);
                for replacement in REPLACEMENTS {
                    for (before, after) in replaced.iter().chain(&added) {
                        tried += 1;
                        let sent = format!("{before}{replacement}{after}");
                        let found = match (operation.response)(&sent) {
                            Ok(kept) => differences(&sent, &kept).first().map(ToString::to_string),
                            Err(error) => Some(error),
                        };
                        let at = || format!("{} {:?}, {replacement} at {pointer:?}", operation.id, example.name);
                        lost.extend(found.map(|what| format!("{}: {what}", at())));
                    }
                }
            }
        }
    }
    (tried, lost)
}

#[test]
fn nothing_is_lost_when_names_are_missing() {
    let (_, document) = measured();
    for described in describe(&document) {
        let Some(operation) = described.operation else { continue };
        for (_, example) in &described.successes {
            for pointer in pointers(&example.value) {
                let Some((parent, name)) = pointer.rsplit_once('/') else {
                    continue;
                };
                let mut value = example.value.clone();
                let name = name.replace("~1", "/").replace("~0", "~");
                let Some(object) = value.pointer_mut(parent).and_then(Value::as_object_mut) else {
                    continue;
                };
                object.remove(&name);
                let sent = value.to_string();
                let kept = (operation.response)(&sent);
                let kept = kept.unwrap_or_else(|error| panic!("{} without {pointer}: {error}", operation.id));
                assert_eq!(differences(&sent, &kept), [], "{} without {pointer}", operation.id);
            }
        }
    }
}
