//! Parts of conversations and tickets: what was said and done, in order, and what follows from it.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::super::operations::OPERATIONS;
use super::super::store::field_of;
use super::super::workspace::{Workspace, recorded};
use crate::wire::id::text_of;

/// What is said or done.
pub(super) struct Part {
    pub part_type: &'static str,
    pub body: Option<String>,
    pub author: Value,
    pub assigned_to: Value,
}

impl Part {
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

/// The keys that the description shows of the parts of a conversation: of the first one in a recorded conversation.
fn keys() -> &'static [String] {
    static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut shown = OPERATIONS.iter().filter_map(|operation| {
            let record = recorded(operation);
            let part = record
                .get("conversation_parts")?
                .get("conversation_parts")?
                .get(0)?
                .as_object()?;
            Some(part.keys().cloned().collect())
        });
        shown.next().unwrap_or_default()
    });
    &KEYS
}

/// A part of a conversation.
pub(super) fn of_conversation(workspace: &mut Workspace, part: Part) -> Value {
    let now = workspace.now.seconds();
    let mut value = json!({
        "type": "conversation_part",
        "id": workspace.new_id_within(),
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
        for key in keys() {
            fields.entry(key.as_str()).or_insert(Value::Null);
        }
    }
    value
}

/// A part of a ticket. Unlike those of conversations they leave out what they do not have.
pub(super) fn of_ticket(workspace: &mut Workspace, part: Part, others: Value) -> Value {
    let now = workspace.now.seconds();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    set("type", "ticket_part".into());
    set("id", workspace.new_id_within().into());
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

/// Parts that a conversation shows at most: its newest.
const MOST: usize = 500;

/// Appends a part to `conversation_parts` or `ticket_parts`.
pub(super) fn append(fields: &mut Map<String, Value>, list: &str, part: Value) {
    let held = fields.entry(list).or_insert_with(|| json!({}));
    if !held.is_object() {
        *held = json!({});
    }
    let Some(held) = held.as_object_mut() else { return };
    let kind = list.strip_suffix('s').unwrap_or(list);
    held.entry("type").or_insert_with(|| format!("{kind}.list").into());
    let total = held.get("total_count").and_then(Value::as_u64).unwrap_or_default();
    held.insert("total_count".to_owned(), (total + 1).into());
    if let Some(parts) = held.entry(list).or_insert_with(|| json!([])).as_array_mut() {
        parts.push(part);
        let surplus = parts.len().saturating_sub(MOST);
        parts.drain(..surplus);
    }
}

/// The moments, counts and durations that follow from the parts of a conversation.
pub(super) fn statistics(conversation: &Map<String, Value>) -> Value {
    let whole = Value::Object(conversation.clone());
    let begun = whole["created_at"].as_i64().unwrap_or_default();
    let parts = field_of(&whole, "conversation_parts.conversation_parts").as_array();
    let parts: Vec<&Value> = parts.into_iter().flatten().collect();
    let at = |part: &&Value| part["created_at"].as_i64();
    let kind = |part: &Value| part["part_type"].as_str().unwrap_or_default().to_owned();
    let is_by_admin = |part: &Value| part["author"]["type"] == "admin";
    let is_by_contact = |part: &Value| {
        ["user", "lead", "contact"]
            .iter()
            .any(|kind| part["author"]["type"] == *kind)
    };
    let is_said = |part: &Value| !part["body"].is_null() && kind(part) != "note";
    let moments =
        |is: &dyn Fn(&Value) -> bool| -> Vec<i64> { parts.iter().filter(|part| is(part)).filter_map(at).collect() };
    let assignments =
        moments(&|part| ["assignment", "assign_and_reopen", "default_assignment"].contains(&kind(part).as_str()));
    let replies = moments(&|part| is_by_admin(part) && is_said(part));
    let contact_replies = moments(&|part| is_by_contact(part) && is_said(part));
    let closes = moments(&|part| kind(part) == "close");
    let reopens = moments(&|part| ["open", "assign_and_reopen"].contains(&kind(part).as_str()));
    let last_assignment = assignments.last().copied();
    let after_assignment = replies
        .iter()
        .find(|at| last_assignment.is_some_and(|assigned| **at >= assigned));
    let since = |at: Option<&i64>| at.map(|at| at - begun);
    let closed_by = parts
        .iter()
        .rev()
        .find(|part| kind(part) == "close")
        .map(|part| part["author"]["id"].clone());
    // Of each admin's reply, the time since the contact spoke last.
    let mut waits = Vec::new();
    let mut waiting = (whole["source"]["author"]["type"] != "admin").then_some(begun);
    for part in &parts {
        if is_by_contact(part) && is_said(part) {
            waiting = waiting.or(at(part));
        } else if is_by_admin(part) && is_said(part) {
            waits.extend(waiting.take().and_then(|since| Some(at(part)? - since)));
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
        "count_conversation_parts": field_of(&whole, "conversation_parts.total_count").as_u64().unwrap_or_default(),
    })
}
