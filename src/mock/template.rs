//! Templates of new records.
//!
//! A recorded success contains values of its request, and values set by the server. Values of the
//! request, ids, timestamps, lists and free-form objects belong to the recorded record, so a
//! template has null or empty values instead. The other values, for example flags, counts and
//! states, are the server's defaults.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::description::MockOperation;
use crate::wire::id::text_of;

/// The template of the records that an operation creates.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// A record with the server's defaults.
    pub record: Map<String, Value>,
    /// The recorded record, whose id and URLs show the form of those of new records.
    pub example: Map<String, Value>,
}

/// Free-form objects, whose keys belong to the recorded record.
const FREE_FORM_FIELDS: [&str; 6] = [
    "custom_attributes",
    "ticket_attributes",
    "metadata",
    "translated_content",
    "plan",
    "topics",
];
/// Ids that belong to the workspace, and are the same in all records.
const WORKSPACE_FIELDS: [&str; 4] = ["workspace_id", "app_id", "help_center_id", "admin_id"];

impl Template {
    pub(super) fn of(operation: &MockOperation) -> Self {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
        let Some((name, success)) = operation.successes.first() else {
            return Self::default();
        };
        let example = object(success).unwrap_or_default();
        let mut requests = operation.requests.iter().filter(|(other, _)| other == name);
        let request = requests.next().and_then(|(_, request)| object(request));
        let is_created = request.is_some();
        let mut sent = RequestContent::default();
        sent.collect(&Value::Object(request.unwrap_or_default()));
        let record = example.iter();
        let record = record
            .map(|(key, value)| (key.clone(), blank(key, value, &sent, is_created)))
            .collect();
        Self { record, example }
    }

    /// Returns the id of the recorded record, which its URLs contain.
    pub(super) fn example_id(&self, id_field: &str) -> String {
        let id = self.example.get(id_field).or(self.example.get("id"));
        id.and_then(text_of).unwrap_or_default().into_owned()
    }
}

/// The keys and values of a recorded request.
#[derive(Default)]
struct RequestContent {
    keys: BTreeSet<String>,
    texts: BTreeSet<String>,
}

impl RequestContent {
    fn collect(&mut self, value: &Value) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    self.keys.insert(key.clone());
                    self.collect(value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.collect(value)),
            other => self.texts.extend(text_of(other).map(std::borrow::Cow::into_owned)),
        }
    }

    /// Returns `true` if a text contains a value of the request, which the server may have
    /// converted to HTML.
    fn is_in(&self, text: &str) -> bool {
        let mut texts = self.texts.iter().filter(|sent| sent.len() > 2);
        texts.any(|sent| text.contains(sent.as_str()))
    }
}

/// Removes what belongs to the recorded record from a value.
///
/// If a recorded request created the record (`is_created`), values that the request does not
/// contain are the server's defaults.
fn blank(key: &str, value: &Value, sent: &RequestContent, is_created: bool) -> Value {
    let is_common = WORKSPACE_FIELDS.contains(&key) || key == "type";
    match value {
        _ if is_common => value.clone(),
        Value::Object(_) if FREE_FORM_FIELDS.contains(&key) => Value::Object(Map::new()),
        Value::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (key.clone(), blank(key, value, sent, is_created)))
                .collect()
        }
        Value::Array(_) => Value::Array(Vec::new()),
        _ if sent.keys.contains(key) && !value.is_boolean() => Value::Null,
        // `Workspace::new_record` replaces the id in URLs.
        Value::String(text) if text.starts_with("http") || text.starts_with('/') => value.clone(),
        Value::String(text) if !is_created || key == "id" || key.ends_with("_id") || sent.is_in(text) => Value::Null,
        Value::Number(_) if !is_created || key == "id" || key.ends_with("_id") || key.ends_with("_at") => Value::Null,
        Value::Bool(_) if !is_created || sent.keys.contains(key) => Value::Bool(false),
        other => other.clone(),
    }
}

/// Replaces the id of the recorded record in the URLs of a new record.
pub(super) fn replace_id_in_urls(value: &mut Value, example_id: &str, id: &str) {
    match value {
        Value::Object(entries) => entries
            .values_mut()
            .for_each(|value| replace_id_in_urls(value, example_id, id)),
        Value::String(text)
            if (text.starts_with("http") || text.starts_with('/'))
                && example_id.len() > 1
                && text.contains(example_id) =>
        {
            *text = text.replace(example_id, id);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn template_has_no_values_of_the_recorded_record() {
        let mut sent = RequestContent::default();
        sent.collect(&json!({"email": "ada@example.com", "body": "Hello"}));
        let example = json!({
            "type": "contact", "id": "66f1", "workspace_id": "w", "email": "ada@example.com", "body": "<p>Hello</p>",
            "role": "user", "owner_id": 7, "seen_at": 17, "views": 0, "is_spam": false, "plan": {"id": "1"},
            "tags": {"type": "list", "data": [1], "url": "/contacts/66f1/tags", "total_count": 0},
        });
        let blank = blank("", &example, &sent, true);
        let expected = json!({
            "type": "contact", "id": null, "workspace_id": "w", "email": null, "body": null,
            "role": "user", "owner_id": null, "seen_at": null, "views": 0, "is_spam": false, "plan": {},
            "tags": {"type": "list", "data": [], "url": "/contacts/66f1/tags", "total_count": 0},
        });
        assert_eq!(blank, expected);
        let mut url = json!({"url": "/contacts/66f1/tags"});
        replace_id_in_urls(&mut url, "66f1", "8");
        assert_eq!(url, json!({"url": "/contacts/8/tags"}));
    }
}
