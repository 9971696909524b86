//! What a new record looks like before anything of a request is in it.
//!
//! A recorded success shows what the request said, and what the server puts there by itself. What comes from the request, ids,
//! moments, lists and free-form values of the recording do not belong to another record: they become null or empty. The rest,
//! such as flags, counts and states, is what the server begins with.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::operations::Operation;
use crate::wire::id::text_of;

/// A new record of an operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// Without ids and moments, and with none of the values of the recorded request.
    pub record: Map<String, Value>,
    /// The recorded record, whose id and URLs show what those of another one look like.
    pub recorded: Map<String, Value>,
}

/// Free-form objects: their recorded keys belong to the recorded record.
const FREE: [&str; 6] = [
    "custom_attributes",
    "ticket_attributes",
    "metadata",
    "translated_content",
    "plan",
    "topics",
];
/// Ids that are the workspace's and not the record's.
const OF_THE_WORKSPACE: [&str; 4] = ["workspace_id", "app_id", "help_center_id", "admin_id"];

impl Template {
    pub(super) fn of(operation: &Operation) -> Self {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
        let Some((name, success)) = operation.successes.first() else {
            return Self::default();
        };
        let recorded = object(success).unwrap_or_default();
        let mut requests = operation.requests.iter().filter(|(other, _)| other == name);
        let request = requests.next().and_then(|(_, request)| object(request));
        let is_made = request.is_some();
        let mut said = Said::default();
        said.hear(&Value::Object(request.unwrap_or_default()));
        let record = recorded.iter();
        let record = record
            .map(|(key, value)| (key.clone(), blank(key, value, &said, is_made)))
            .collect();
        Self { record, recorded }
    }

    /// The text that names the record in its own URLs.
    pub(super) fn recorded_id(&self, identifier: &str) -> String {
        let id = self.recorded.get(identifier).or(self.recorded.get("id"));
        id.and_then(text_of).unwrap_or_default().into_owned()
    }
}

/// The keys and texts of a recorded request.
#[derive(Default)]
struct Said {
    keys: BTreeSet<String>,
    texts: BTreeSet<String>,
}

impl Said {
    fn hear(&mut self, value: &Value) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    self.keys.insert(key.clone());
                    self.hear(value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.hear(value)),
            other => self.texts.extend(text_of(other).map(std::borrow::Cow::into_owned)),
        }
    }

    /// Whether a text of the request stands in this one, which can be the same as HTML.
    fn says(&self, text: &str) -> bool {
        let mut texts = self.texts.iter().filter(|said| said.len() > 2);
        texts.any(|said| text.contains(said.as_str()))
    }
}

/// A recorded value without what belongs to the recorded record. `is_made` says that a request made it: then what the request
/// did not say is what the server begins with.
fn blank(key: &str, value: &Value, said: &Said, is_made: bool) -> Value {
    let kept = OF_THE_WORKSPACE.contains(&key) || key == "type";
    match value {
        _ if kept => value.clone(),
        Value::Object(_) if FREE.contains(&key) => Value::Object(Map::new()),
        Value::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (key.clone(), blank(key, value, said, is_made)))
                .collect()
        }
        Value::Array(_) => Value::Array(Vec::new()),
        _ if said.keys.contains(key) && !value.is_boolean() => Value::Null,
        // Addresses are the record's own: see `Workspace::new_record`.
        Value::String(text) if text.starts_with("http") || text.starts_with('/') => value.clone(),
        Value::String(text) if !is_made || key == "id" || key.ends_with("_id") || said.says(text) => Value::Null,
        Value::Number(_) if !is_made || key == "id" || key.ends_with("_id") || key.ends_with("_at") => Value::Null,
        Value::Bool(_) if !is_made || said.keys.contains(key) => Value::Bool(false),
        other => other.clone(),
    }
}

/// Replaces the id of a recorded record in the addresses of a new one.
pub(super) fn readdress(value: &mut Value, recorded: &str, id: &str) {
    match value {
        Value::Object(entries) => entries.values_mut().for_each(|value| readdress(value, recorded, id)),
        Value::String(text)
            if (text.starts_with("http") || text.starts_with('/')) && recorded.len() > 1 && text.contains(recorded) =>
        {
            *text = text.replace(recorded, id);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_record_has_nothing_of_the_recorded_one() {
        let mut said = Said::default();
        said.hear(&json!({"email": "ada@example.com", "body": "Hello"}));
        let recorded = json!({
            "type": "contact", "id": "66f1", "workspace_id": "w", "email": "ada@example.com", "body": "<p>Hello</p>",
            "role": "user", "owner_id": 7, "seen_at": 17, "views": 0, "is_spam": false, "plan": {"id": "1"},
            "tags": {"type": "list", "data": [1], "url": "/contacts/66f1/tags", "total_count": 0},
        });
        let blank = blank("", &recorded, &said, true);
        let expected = json!({
            "type": "contact", "id": null, "workspace_id": "w", "email": null, "body": null,
            "role": "user", "owner_id": null, "seen_at": null, "views": 0, "is_spam": false, "plan": {},
            "tags": {"type": "list", "data": [], "url": "/contacts/66f1/tags", "total_count": 0},
        });
        assert_eq!(blank, expected);
        let mut url = json!({"url": "/contacts/66f1/tags"});
        readdress(&mut url, "66f1", "8");
        assert_eq!(url, json!({"url": "/contacts/8/tags"}));
    }
}
