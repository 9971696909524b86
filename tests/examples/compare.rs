//! What of a JSON text is found again after decoding and encoding.

use serde_json::Value;

use crate::document::names::escape;
use crate::exact::Json;

/// One place where two values differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    /// JSON pointer into what was sent.
    pub pointer: String,
    /// What is wrong there, without the value itself.
    pub what: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.pointer, self.what)
    }
}

/// Where `kept` is not what came: only the order of names does not count.
pub(crate) fn differences(came: &str, kept: &str) -> Vec<Difference> {
    let mut compare = Compare { found: Vec::new() };
    compare.values(&Json::read(came), &Json::read(kept), &mut String::new());
    compare.found
}

struct Compare {
    found: Vec<Difference>,
}

impl Compare {
    fn differ(&mut self, pointer: &str, what: String) {
        self.found.push(Difference {
            pointer: pointer.to_owned(),
            what,
        });
    }

    fn values(&mut self, came: &Json, kept: &Json, pointer: &mut String) {
        match (came, kept) {
            (Json::Object(came), Json::Object(kept)) => {
                for (name, value) in came {
                    at(pointer, &escape(name), |pointer| match kept.get(name) {
                        Some(kept) => self.values(value, kept, pointer),
                        None => self.differ(pointer, format!("{} is lost", value.kind())),
                    });
                }
                for (name, value) in kept.iter().filter(|(name, _)| !came.contains_key(*name)) {
                    at(pointer, &escape(name), |pointer| {
                        self.differ(pointer, format!("{} is invented", value.kind()));
                    });
                }
            }
            (Json::List(came), Json::List(kept)) if came.len() == kept.len() => {
                for (i, (came, kept)) in came.iter().zip(kept).enumerate() {
                    at(pointer, &i.to_string(), |pointer| self.values(came, kept, pointer));
                }
            }
            (Json::List(came), Json::List(kept)) => {
                self.differ(pointer, format!("{} of {} items", kept.len(), came.len()));
            }
            (came, kept) if came == kept => {}
            (came, kept) => self.differ(pointer, format!("{} becomes {}", came.kind(), kept.kind())),
        }
    }
}

fn at(pointer: &mut String, segment: &str, visit: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(segment);
    visit(pointer);
    pointer.truncate(length);
}

/// The JSON pointer of every value inside `value`, itself first.
pub(crate) fn pointers(value: &Value) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(came: &str, kept: &str) -> Vec<String> {
        differences(came, kept).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn losses_and_inventions_are_found() {
        for (came, kept, difference) in [
            (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, "/a/b: a number is lost"),
            (r#"{"a/b":[1,2]}"#, r#"{"a/b":[1]}"#, "/a~1b: 1 of 2 items"),
            (r#"{"a":[1,null]}"#, r#"{"a":[1]}"#, "/a: 1 of 2 items"),
            (r#"{"a":[]}"#, "{}", "/a: a list is lost"),
            ("{}", r#"{"a":[]}"#, "/a: a list is invented"),
            (r#"{"a":"x"}"#, r#"{"a":"y"}"#, "/a: a text becomes a text"),
            (r#"{"a":12}"#, r#"{"a":"12"}"#, "/a: a number becomes a text"),
            (r#"{"a":true}"#, r#"{"a":"true"}"#, "/a: a boolean becomes a text"),
            (
                r#"{"a":449.49106478873813}"#,
                r#"{"a":449.4910647887382}"#,
                "/a: a number becomes a number",
            ),
            (r#"{"a":[null]}"#, r#"{"a":[1]}"#, "/a/0: null becomes a number"),
            (r#"{"a":null}"#, "{}", "/a: null is lost"),
            (r#"{"a":"12"}"#, r#"{"a":12}"#, "/a: a text becomes a number"),
            (r#"{"a":1.50}"#, r#"{"a":1.5}"#, "/a: a number becomes a number"),
        ] {
            assert_eq!(found(came, kept), [difference]);
        }
        assert!(differences(r#"{"a":12,"b":[]}"#, r#"{"b":[],"a":12}"#).is_empty());
    }

    #[test]
    fn every_place_has_a_pointer() {
        assert_eq!(pointers(&json!({"a": [{"b/c": 1}]})), ["", "/a", "/a/0", "/a/0/b~1c"]);
    }
}
