//! What of a JSON value is found again after decoding and encoding.

use serde_json::{Number, Value};

use crate::schema::escape;

/// One place where two values differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// JSON pointer into what was sent.
    pub pointer: String,
    /// What is wrong there, without the value itself.
    pub what: String,
}

impl Difference {
    /// Whether a value is gone, rather than changed.
    pub fn is_loss(&self) -> bool {
        self.what.ends_with(" is lost")
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.pointer, self.what)
    }
}

/// Where `kept` lacks something of `sent`, holds it as something else, or has what was never sent.
///
/// Null and absent are one, as are an absent list and an empty one. A number and its text are one, and so are a boolean
/// and its text. A null among a list's items is no item.
pub fn differences(sent: &Value, kept: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(sent, kept, &mut String::new(), &mut found);
    found
}

/// Whether nothing of `sent` is lost in `kept`, and nothing is added.
pub fn same(sent: &Value, kept: &Value) -> bool {
    differences(sent, kept).is_empty()
}

fn compare(sent: &Value, kept: &Value, pointer: &mut String, found: &mut Vec<Difference>) {
    let mut differ = |what: String| {
        found.push(Difference {
            pointer: pointer.clone(),
            what,
        });
    };
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            for (key, value) in sent {
                at(pointer, &escape(key), |pointer| {
                    compare(value, kept.get(key).unwrap_or(&Value::Null), pointer, found)
                });
            }
            for (key, value) in kept.iter().filter(|(key, _)| !sent.contains_key(*key)) {
                at(pointer, &escape(key), |pointer| {
                    compare(&Value::Null, value, pointer, found)
                });
            }
        }
        (Value::Array(sent), Value::Array(kept)) => {
            let sent: Vec<&Value> = items(sent);
            let kept: Vec<&Value> = items(kept);
            if sent.len() != kept.len() {
                return differ(format!("{} of {} items", kept.len(), sent.len()));
            }
            for (i, (sent, kept)) in sent.into_iter().zip(kept).enumerate() {
                at(pointer, &i.to_string(), |pointer| compare(sent, kept, pointer, found));
            }
        }
        (sent, kept) if is_nothing(sent) && is_nothing(kept) => {}
        // An empty object is something: it stands for a structure without fields.
        (sent, Value::Null) => differ(format!("{} is lost", kind(sent))),
        (Value::Null, kept) => differ(format!("{} is invented", kind(kept))),
        (sent, kept) if equal(sent, kept) => {}
        (sent, kept) if kind(sent) == kind(kept) => differ(format!("{} becomes another", kind(sent))),
        (sent, kept) => differ(format!("{} becomes {}", kind(sent), kind(kept))),
    }
}

fn at(pointer: &mut String, segment: &str, visit: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(segment);
    visit(pointer);
    pointer.truncate(length);
}

fn items(list: &[Value]) -> Vec<&Value> {
    list.iter().filter(|item| !item.is_null()).collect()
}

/// Null, or what a list or map that was left out is encoded as.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

fn equal(sent: &Value, kept: &Value) -> bool {
    let as_text = |scalar: &dyn std::fmt::Display, text: &str| scalar.to_string() == text.trim();
    match (sent, kept) {
        (Value::Number(a), Value::Number(b)) => numbers(a, b),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            text.trim().parse::<Number>().is_ok_and(|other| numbers(number, &other))
        }
        (Value::Bool(truth), Value::String(text)) | (Value::String(text), Value::Bool(truth)) => as_text(truth, text),
        (sent, kept) => sent == kept,
    }
}

/// Whether two numbers are the same: `12` is `12.0`.
fn numbers(a: &Number, b: &Number) -> bool {
    a == b || (a.as_f64() == b.as_f64() && (a.is_f64() || b.is_f64()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The JSON pointer of every value inside `value`, itself first.
pub fn pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    fn visit(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
        found.push(pointer.clone());
        match value {
            Value::Object(entries) => {
                for (key, inner) in entries {
                    at(pointer, &escape(key), |pointer| visit(inner, pointer, found));
                }
            }
            Value::Array(items) => {
                for (i, inner) in items.iter().enumerate() {
                    at(pointer, &i.to_string(), |pointer| visit(inner, pointer, found));
                }
            }
            _ => {}
        }
    }
    visit(value, &mut String::new(), &mut found);
    found
}

/// Whether a request is on the wire exactly as it was written; `12` is `12.0`.
pub fn exactly(written: &Value, sent: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    fn visit(written: &Value, sent: &Value, pointer: &mut String, found: &mut Vec<Difference>) {
        match (written, sent) {
            (Value::Object(written), Value::Object(sent)) => {
                for key in written
                    .keys()
                    .chain(sent.keys().filter(|key| !written.contains_key(*key)))
                {
                    at(pointer, &escape(key), |pointer| {
                        match (written.get(key), sent.get(key)) {
                            (Some(written), Some(sent)) => visit(written, sent, pointer, found),
                            (written, _) => found.push(Difference {
                                pointer: pointer.clone(),
                                what: if written.is_some() { "is lost" } else { "is invented" }.to_owned(),
                            }),
                        }
                    });
                }
            }
            (Value::Array(written), Value::Array(sent)) if written.len() == sent.len() => {
                for (i, (written, sent)) in written.iter().zip(sent).enumerate() {
                    at(pointer, &i.to_string(), |pointer| visit(written, sent, pointer, found));
                }
            }
            (Value::Number(a), Value::Number(b)) if numbers(a, b) => {}
            (written, sent) if written == sent => {}
            (written, sent) => found.push(Difference {
                pointer: pointer.clone(),
                what: format!("{} becomes {}", kind(written), kind(sent)),
            }),
        }
    }
    visit(written, sent, &mut String::new(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn losses_and_inventions_are_found() {
        let found = |sent: Value, kept: Value| {
            differences(&sent, &kept)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found(json!({"a": {"b": 1}}), json!({"a": {}})),
            ["/a/b: a number is lost"]
        );
        assert_eq!(
            found(json!({"a/b": [1, 2]}), json!({"a/b": [1]})),
            ["/a~1b: 1 of 2 items"]
        );
        assert_eq!(found(json!({"a": [1]}), json!({})), ["/a: a list is lost"]);
        assert_eq!(found(json!({}), json!({"a": false})), ["/a: a boolean is invented"]);
        assert_eq!(
            found(json!({"a": "x"}), json!({"a": "y"})),
            ["/a: a text becomes another"]
        );
        assert_eq!(
            found(json!({"a": {"b": 1}}), json!({"a": "y"})),
            ["/a: an object becomes a text"]
        );
        for (sent, kept) in [
            (json!({"a": null, "b": [1, null, 2]}), json!({"b": [1, 2]})),
            (json!({}), json!({"list": [], "map": {}})),
            (json!([12, 12.0, "12", "true", 1.5]), json!(["12", 12, 12, true, "1.5"])),
        ] {
            assert!(same(&sent, &kept), "{sent} {kept}");
        }
        assert!(!same(&json!(9007199254740993_i64), &json!(9007199254740992_i64)));
        assert!(!same(&json!("012"), &json!(13)));
    }

    #[test]
    fn requests_are_compared_to_the_letter() {
        assert_eq!(exactly(&json!({"a": 12, "b": []}), &json!({"b": [], "a": 12.0})), []);
        let found = exactly(
            &json!({"a": "1", "b": null, "d": []}),
            &json!({"a": 1, "c": null, "d": []}),
        );
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["/a: a text becomes a number", "/b: is lost", "/c: is invented"]);
    }

    #[test]
    fn every_place_has_a_pointer() {
        assert_eq!(pointers(&json!({"a": [{"b/c": 1}]})), ["", "/a", "/a/0", "/a/0/b~1c"]);
    }
}
