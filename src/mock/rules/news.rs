//! News items, and the newsfeeds that they are assigned to.

use serde_json::{Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::kind;
use super::super::workspace::{Workspace, merge};
use super::Lists;

/// Creates or changes a news item.
pub(super) fn save(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::news_item();
    let id = match call.subject() {
        Some((_, id)) => id.to_owned(),
        None => {
            if call.text("title").is_none() {
                return Err(Refusal::absent("title is required"));
            }
            let mut record = workspace.new_record(call.operation, kind);
            for (name, value) in [("state", json!("draft")), ("deliver_silently", json!(false))] {
                if let Some(held) = record.get_mut(name).filter(|held| held.is_null()) {
                    *held = value;
                }
            }
            workspace.put(kind, Value::Object(record)).unwrap_or_default()
        }
    };
    let feeds: Vec<String> = workspace
        .links
        .of((kind, &id), kind::newsfeed())
        .map(str::to_owned)
        .collect();
    let assigned = call.body.get("newsfeed_assignments").and_then(Value::as_array);
    workspace.change(kind, &id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &call.body, "id");
        }
        // The recorded response sorts them.
        if let Some(labels) = fields.get_mut("labels").and_then(Value::as_array_mut) {
            labels.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        }
    });
    if let Some(assigned) = assigned {
        for feed in feeds {
            workspace.part((kind, &id), (kind::newsfeed(), &feed));
        }
        for assignment in assigned {
            if let Some(feed) = crate::wire::id::text_of(&assignment["newsfeed_id"]) {
                workspace.attach((kind, &id), (kind::newsfeed(), &feed), &Value::Null);
            }
        }
    }
    workspace.show(call, kind, &id)
}

/// A newsfeed shows what is live.
pub(super) fn listed() -> Lists {
    Box::new(|_, record| record.value["state"] != "draft")
}
