//! News items and newsfeeds.

use serde_json::{Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::kind;
use super::super::workspace::{Workspace, merge};
use super::ListFilter;
use crate::wire::id::text_of;

/// Creates or changes a news item.
pub(super) fn save(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::news_item();
    let id = match call.subject() {
        Some((_, id)) => id.to_owned(),
        None => {
            if call.text("title").is_none() {
                return Err(ApiError::missing_parameter("title is required"));
            }
            let mut record = workspace.new_record(call.operation, kind);
            for (name, value) in [("state", json!("draft")), ("deliver_silently", json!(false))] {
                if let Some(unset) = record.get_mut(name).filter(|current| current.is_null()) {
                    *unset = value;
                }
            }
            workspace.put(kind, Value::Object(record)).unwrap_or_default()
        }
    };
    let feeds: Vec<String> = workspace
        .relations
        .ids((kind, &id), kind::newsfeed())
        .map(str::to_owned)
        .collect();
    let assigned = call.body.get("newsfeed_assignments").and_then(Value::as_array);
    workspace.change(kind, &id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &call.body, "id");
        }
        // Labels are sorted in the recorded response.
        if let Some(labels) = fields.get_mut("labels").and_then(Value::as_array_mut) {
            labels.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        }
    });
    if let Some(assigned) = assigned {
        for feed in feeds {
            workspace.detach_records((kind, &id), (kind::newsfeed(), &feed));
        }
        for assignment in assigned {
            if let Some(feed) = text_of(&assignment["newsfeed_id"]) {
                workspace.attach((kind, &id), (kind::newsfeed(), &feed), &Value::Null);
            }
        }
    }
    workspace.show(call, kind, &id)
}

/// Selects the live items of a newsfeed.
pub(super) fn list_filter() -> ListFilter {
    Box::new(|_, record| record.value["state"] != "draft")
}
