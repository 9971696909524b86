//! Parts of conversations and tickets, and the statistics computed from them.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::super::description::OPERATIONS;
use super::super::store::field_of;
use super::super::workspace::{Workspace, example_response};
use crate::wire::id::text_of;

/// A part to append to a conversation or ticket.
pub(super) struct NewPart {
    pub part_type: &'static str,
    pub body: Option<String>,
    pub author: Value,
    pub assigned_to: Value,
}

impl NewPart {
    pub(super) fn new(part_type: &'static str, author: Value) -> Self {
        Self {
            part_type,
            body: None,
            author,
            assigned_to: Value::Null,
        }
    }

    pub(super) fn body(mut self, body: Option<String>) -> Self {
        self.body = body.filter(|body| !body.is_empty());
        self
    }

    pub(super) fn assigned_to(mut self, kind: &str, id: &str) -> Self {
        self.assigned_to = match id {
            "0" | "" => json!({"type": "nobody_admin", "id": null}),
            id => json!({"type": kind, "id": id}),
        };
        self
    }
}

/// Returns the keys of the first part of a recorded conversation.
fn recorded_keys() -> &'static [String] {
    static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut parts = OPERATIONS.iter().filter_map(|operation| {
            let record = example_response(operation);
            let part = record
                .get("conversation_parts")?
                .get("conversation_parts")?
                .get(0)?
                .as_object()?;
            Some(part.keys().cloned().collect())
        });
        parts.next().unwrap_or_default()
    });
    &KEYS
}

/// Creates a part of a conversation.
pub(super) fn of_conversation(workspace: &mut Workspace, part: NewPart) -> Value {
    let now = workspace.now.seconds();
    let mut value = json!({
        "type": "conversation_part",
        "id": workspace.new_nested_id(),
        "part_type": part.part_type,
        "body": part.body,
        "created_at": now,
        "updated_at": now,
        "notified_at": now,
        "assigned_to": part.assigned_to,
        "author": part.author,
        "attachments": [],
        "external_id": null,
        "redacted": false,
    });
    if let Value::Object(fields) = &mut value {
        for key in recorded_keys() {
            fields.entry(key.as_str()).or_insert(Value::Null);
        }
    }
    value
}

/// Creates a part of a ticket. Unlike parts of conversations, it omits fields without a value.
pub(super) fn of_ticket(workspace: &mut Workspace, part: NewPart, others: Value) -> Value {
    let now = workspace.now.seconds();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    set("type", "ticket_part".into());
    set("id", workspace.new_nested_id().into());
    set("part_type", part.part_type.into());
    if let Some(body) = part.body {
        set("body", body.into());
    }
    for (name, value) in others.as_object().into_iter().flatten() {
        set(name, value.clone());
    }
    set("created_at", now.into());
    set("updated_at", now.into());
    if !part.assigned_to.is_null() {
        set("assigned_to", part.assigned_to);
    }
    set("author", part.author);
    set("attachments", json!([]));
    set("redacted", false.into());
    Value::Object(fields)
}

/// The maximum number of parts of a conversation. Older parts are removed.
const MAX_PARTS: usize = 500;

/// Appends a part to `conversation_parts` or `ticket_parts`.
pub(super) fn append(fields: &mut Map<String, Value>, list: &str, part: Value) {
    let container = fields.entry(list).or_insert_with(|| json!({}));
    if !container.is_object() {
        *container = json!({});
    }
    let Some(container) = container.as_object_mut() else {
        return;
    };
    let kind = list.strip_suffix('s').unwrap_or(list);
    container.entry("type").or_insert_with(|| format!("{kind}.list").into());
    let total = container.get("total_count").and_then(Value::as_u64).unwrap_or_default();
    container.insert("total_count".to_owned(), (total + 1).into());
    if let Some(parts) = container.entry(list).or_insert_with(|| json!([])).as_array_mut() {
        parts.push(part);
        let excess = parts.len().saturating_sub(MAX_PARTS);
        parts.drain(..excess);
    }
}

/// Computes the statistics of a conversation from its parts.
pub(super) fn statistics(conversation: &Map<String, Value>) -> Value {
    let conversation = Value::Object(conversation.clone());
    let created_at = conversation["created_at"].as_i64().unwrap_or_default();
    let parts = field_of(&conversation, "conversation_parts.conversation_parts").as_array();
    let parts: Vec<&Value> = parts.into_iter().flatten().collect();
    let at = |part: &&Value| part["created_at"].as_i64();
    let kind = |part: &Value| part["part_type"].as_str().unwrap_or_default().to_owned();
    let is_by_admin = |part: &Value| part["author"]["type"] == "admin";
    let is_by_contact = |part: &Value| {
        ["user", "lead", "contact"]
            .iter()
            .any(|kind| part["author"]["type"] == *kind)
    };
    let is_message = |part: &Value| !part["body"].is_null() && kind(part) != "note";
    let times = |predicate: &dyn Fn(&Value) -> bool| -> Vec<i64> {
        parts.iter().filter(|part| predicate(part)).filter_map(at).collect()
    };
    let assignments =
        times(&|part| ["assignment", "assign_and_reopen", "default_assignment"].contains(&kind(part).as_str()));
    let replies = times(&|part| is_by_admin(part) && is_message(part));
    let contact_replies = times(&|part| is_by_contact(part) && is_message(part));
    let closes = times(&|part| kind(part) == "close");
    let reopens = times(&|part| ["open", "assign_and_reopen"].contains(&kind(part).as_str()));
    let last_assignment = assignments.last().copied();
    let after_assignment = replies
        .iter()
        .find(|at| last_assignment.is_some_and(|assigned| **at >= assigned));
    let since = |at: Option<&i64>| at.map(|at| at - created_at);
    let closed_by = parts
        .iter()
        .rev()
        .find(|part| kind(part) == "close")
        .map(|part| part["author"]["id"].clone());
    // The time from the first unanswered message of a contact to each reply of an admin.
    let mut waits = Vec::new();
    let mut waiting_since = (conversation["source"]["author"]["type"] != "admin").then_some(created_at);
    for part in &parts {
        if is_by_contact(part) && is_message(part) {
            waiting_since = waiting_since.or(at(part));
        } else if is_by_admin(part) && is_message(part) {
            waits.extend(waiting_since.take().and_then(|since| Some(at(part)? - since)));
        }
    }
    waits.sort_unstable();
    json!({
        "type": "conversation_statistics",
        "time_to_assignment": since(assignments.first()),
        "time_to_admin_reply": since(replies.first()),
        "time_to_first_close": since(closes.first()),
        "time_to_last_close": since(closes.last()),
        "median_time_to_reply": waits.get(waits.len() / 2),
        "first_contact_reply_at": contact_replies.first(),
        "first_assignment_at": assignments.first(),
        "first_admin_reply_at": replies.first(),
        "first_close_at": closes.first(),
        "last_assignment_at": last_assignment,
        "last_assignment_admin_reply_at": after_assignment,
        "last_contact_reply_at": contact_replies.last(),
        "last_admin_reply_at": replies.last(),
        "last_close_at": closes.last(),
        "last_closed_by_id": closed_by.and_then(|id| text_of(&id)?.parse::<i64>().ok()),
        "count_reopens": reopens.len(),
        "count_assignments": assignments.len(),
        "count_conversation_parts": field_of(&conversation, "conversation_parts.total_count").as_u64().unwrap_or_default(),
    })
}
