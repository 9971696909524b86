//! What a server may change in a response without breaking it: tried at every place of every example.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::compare::{differences, pointers, same};
use crate::description::{describe, own, schemas_at};

/// One way in which a value differs from what is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Null,
    RemovedKey,
    AddedKey,
    OtherText,
    NumberAsText,
    TextAsNumber,
    OtherNumber,
    WholeFloat,
    BooleanAsText,
    TimestampAsText,
}

use Change::*;

const CHANGES: [Change; 10] = [
    Null,
    RemovedKey,
    AddedKey,
    OtherText,
    NumberAsText,
    TextAsNumber,
    OtherNumber,
    WholeFloat,
    BooleanAsText,
    TimestampAsText,
];

/// The value with `change` made at `pointer`; `None` where it does not apply.
fn changed(value: &Value, pointer: &str, change: Change, is_timestamp: impl FnOnce() -> bool) -> Option<Value> {
    let replacement = match (change, value.pointer(pointer)?) {
        (Null, old) if !old.is_null() => Value::Null,
        (OtherText, Value::String(_)) => json!("another text"),
        (NumberAsText, Value::Number(number)) => json!(number.to_string()),
        (TextAsNumber, Value::String(_)) => json!(4021337),
        // Milliseconds, before 1970, beyond 32 bits.
        (OtherNumber, Value::Number(_)) => json!(-2_738_966_400_123_i64),
        (WholeFloat, Value::Number(number)) => json!(number.as_i64()? as f64),
        (BooleanAsText, Value::Bool(truth)) => json!(truth.to_string()),
        (TimestampAsText, Value::Number(_)) if is_timestamp() => json!("2031-02-03T04:05:06.789+01:00"),
        (AddedKey, Value::Object(entries)) => {
            let mut entries = entries.clone();
            entries.insert("never heard of".into(), json!({"a": [1]}));
            Value::Object(entries)
        }
        (RemovedKey, _) => {
            let (parent, _) = pointer.rsplit_once('/')?;
            let mut value = value.clone();
            let key = pointer[parent.len() + 1..].replace("~1", "/").replace("~0", "~");
            value.pointer_mut(parent)?.as_object_mut()?.remove(&key)?;
            return Some(value);
        }
        _ => return None,
    };
    let mut value = value.clone();
    *value.pointer_mut(pointer)? = replacement;
    Some(value)
}

/// Why a change may make a response undecodable; nothing else may.
fn exception(change: Change, pointer: &str, schemas: &[&Value]) -> Option<&'static str> {
    let described = |kind: &str| schemas.iter().any(|schema| schema["type"] == kind);
    let numeric = described("integer") || described("number");
    match change {
        Null if pointer.is_empty() => Some("a whole answer of null says nothing of what was asked for"),
        OtherText if numeric || described("boolean") => {
            Some("a number, moment or boolean that came as text must still read as one")
        }
        TextAsNumber
            if schemas
                .iter()
                .any(|s| s["format"] == "avatar" || s["format"] == "next-page") =>
        {
            Some("the address of a picture or a page is never a number")
        }
        _ => None,
    }
}

#[test]
fn every_place_of_every_response_tolerates_change() {
    let document = own();
    let mut tried = BTreeMap::new();
    let mut failed = Vec::new();
    for described in describe(&document) {
        let operation = described
            .operation
            .expect("the crate has every operation of its description");
        for (_, example) in &described.successes {
            for pointer in pointers(&example.value) {
                for change in CHANGES {
                    let schemas = || schemas_at(&document, operation, &pointer);
                    let is_timestamp = || schemas().iter().any(|schema| schema["format"] == "date-time");
                    let Some(sent) = changed(&example.value, &pointer, change, is_timestamp) else {
                        continue;
                    };
                    *tried.entry(change).or_insert(0) += 1;
                    let at = || format!("{} {:?} {change:?} at {pointer:?}", operation.id, example.name);
                    match (operation.response)(sent.to_string().as_bytes()) {
                        Ok(kept) => {
                            // An unknown key is ignored, or kept where anything goes.
                            let ignored = change == AddedKey && same(&example.value, &kept);
                            let differences = differences(&sent, &kept);
                            if let Some(difference) = differences.first().filter(|_| !ignored) {
                                failed.push(format!("{}: {difference}", at()));
                            }
                        }
                        Err(_) if exception(change, &pointer, &schemas()).is_some() => {}
                        Err(error) => failed.push(format!("{}: {error}", at())),
                    }
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {tried:?}:\n{}",
        failed.len(),
        failed.join("\n")
    );
    for change in CHANGES {
        assert!(
            tried.get(&change).is_some_and(|times| *times > 100),
            "{change:?} of {tried:?}"
        );
    }
}
