//! Finds the values of a JSON text that change when it is decoded and encoded.

use serde_json::Value;

use crate::document::names::escape;
use crate::exact::Json;

/// A difference between two JSON texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    /// JSON pointer in the first text.
    pub pointer: String,
    /// The difference, without the value itself.
    pub what: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.pointer, self.what)
    }
}

/// Returns the differences between two JSON texts, other than the order of names.
pub(crate) fn differences(before: &str, after: &str) -> Vec<Difference> {
    let mut compare = Compare { found: Vec::new() };
    compare.values(&Json::read(before), &Json::read(after), &mut String::new());
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

    fn values(&mut self, before: &Json, after: &Json, pointer: &mut String) {
        match (before, after) {
            (Json::Object(before), Json::Object(after)) => {
                for (name, value) in before {
                    at(pointer, &escape(name), |pointer| match after.get(name) {
                        Some(after) => self.values(value, after, pointer),
                        None => self.differ(pointer, format!("{} is lost", value.kind())),
                    });
                }
                for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                    at(pointer, &escape(name), |pointer| {
                        self.differ(pointer, format!("{} is added", value.kind()));
                    });
                }
            }
            (Json::List(before), Json::List(after)) if before.len() == after.len() => {
                for (i, (before, after)) in before.iter().zip(after).enumerate() {
                    at(pointer, &i.to_string(), |pointer| self.values(before, after, pointer));
                }
            }
            (Json::List(before), Json::List(after)) => {
                self.differ(pointer, format!("{} of {} items", after.len(), before.len()));
            }
            (before, after) if before == after => {}
            (before, after) => self.differ(pointer, format!("{} becomes {}", before.kind(), after.kind())),
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

/// Returns the JSON pointers of a value and of every value in it.
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

    fn found(before: &str, after: &str) -> Vec<String> {
        differences(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lost_and_added_values_are_found() {
        for (before, after, difference) in [
            (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, "/a/b: a number is lost"),
            (r#"{"a/b":[1,2]}"#, r#"{"a/b":[1]}"#, "/a~1b: 1 of 2 items"),
            (r#"{"a":[1,null]}"#, r#"{"a":[1]}"#, "/a: 1 of 2 items"),
            (r#"{"a":[]}"#, "{}", "/a: a list is lost"),
            ("{}", r#"{"a":[]}"#, "/a: a list is added"),
            (r#"{"a":"x"}"#, r#"{"a":"y"}"#, "/a: a string becomes a string"),
            (r#"{"a":12}"#, r#"{"a":"12"}"#, "/a: a number becomes a string"),
            (r#"{"a":true}"#, r#"{"a":"true"}"#, "/a: a boolean becomes a string"),
            (
                r#"{"a":449.49106478873813}"#,
                r#"{"a":449.4910647887382}"#,
                "/a: a number becomes a number",
            ),
            (r#"{"a":[null]}"#, r#"{"a":[1]}"#, "/a/0: null becomes a number"),
            (r#"{"a":null}"#, "{}", "/a: null is lost"),
            (r#"{"a":"12"}"#, r#"{"a":12}"#, "/a: a string becomes a number"),
            (r#"{"a":1.50}"#, r#"{"a":1.5}"#, "/a: a number becomes a number"),
        ] {
            assert_eq!(found(before, after), [difference]);
        }
        assert!(differences(r#"{"a":12,"b":[]}"#, r#"{"b":[],"a":12}"#).is_empty());
    }

    #[test]
    fn every_value_has_a_pointer() {
        assert_eq!(pointers(&json!({"a": [{"b/c": 1}]})), ["", "/a", "/a/0", "/a/0/b~1c"]);
    }
}
