//! Webhook events caused by calls: the topics, with items in the form of recorded notifications.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

use super::call::MockCall;
use super::catalog::{EVENT, kind};
use super::clock::MockTime;
use super::store::RecordKind;
use super::workspace::Workspace;
use crate::wire::id::text_of;

/// The supported topics. Other topics are not caused by calls, or their items have other forms.
pub(super) const TOPICS: [&str; 43] = [
    "admin.away_mode_updated",
    "article.created",
    "article.deleted",
    "article.published",
    "article.unpublished",
    "article.updated",
    "company.contact.attached",
    "company.contact.detached",
    "company.created",
    "company.deleted",
    "company.updated",
    "contact.archived",
    "contact.deleted",
    "contact.email.updated",
    "contact.lead.added_email",
    "contact.lead.created",
    "contact.lead.tag.created",
    "contact.lead.tag.deleted",
    "contact.lead.updated",
    "contact.merged",
    "contact.unarchived",
    "contact.user.created",
    "contact.user.tag.created",
    "contact.user.tag.deleted",
    "contact.user.updated",
    "conversation.admin.assigned",
    "conversation.admin.closed",
    "conversation.admin.noted",
    "conversation.admin.opened",
    "conversation.admin.replied",
    "conversation.admin.single.created",
    "conversation.admin.snoozed",
    "conversation.user.created",
    "conversation.user.replied",
    "conversation_part.redacted",
    "event.created",
    "ticket.admin.assigned",
    "ticket.admin.replied",
    "ticket.attribute.updated",
    "ticket.contact.replied",
    "ticket.created",
    "ticket.note.created",
    "ticket.state.updated",
];

/// An event to notify subscribers of.
#[derive(Clone, Debug)]
pub(super) struct WebhookEvent {
    pub topic: String,
    pub item: Value,
    pub at: MockTime,
}

/// The state before a call, which the call may change or delete.
pub(super) struct StateBefore {
    subject: Value,
    ids_issued: u64,
}

impl StateBefore {
    pub(super) fn new(workspace: &Workspace, call: &MockCall<'_>) -> Self {
        let subject = call.subject().and_then(|(kind, id)| workspace.view(kind, id));
        Self {
            subject: subject.unwrap_or_default(),
            ids_issued: workspace.ids_issued(),
        }
    }
}

/// Returns the events caused by a successful call, given the body of its response.
pub(super) fn caused_by(
    workspace: &Workspace,
    call: &MockCall<'_>,
    before: &StateBefore,
    body: &Value,
) -> Vec<WebhookEvent> {
    let events = topics(workspace, call, before, body);
    let subscribed = events.into_iter().filter(|(topic, _)| workspace.topics.contains(topic));
    subscribed
        .map(|(topic, mut item)| {
            timestamps_to_iso(&mut item);
            WebhookEvent {
                topic,
                item,
                at: workspace.now,
            }
        })
        .collect()
}

fn topics(workspace: &Workspace, call: &MockCall<'_>, before: &StateBefore, body: &Value) -> Vec<(String, Value)> {
    let one = |topic: &str, item: Value| vec![(topic.to_owned(), item)];
    let id = |value: &Value| text_of(value).unwrap_or_default().into_owned();
    let view = |kind: RecordKind, id: &str| workspace.view(kind, id).unwrap_or_default();
    let path_id = call.first_path_value();
    let contact = |id: &str| view(kind::contact(), id);
    let role = |contact: &Value| contact["role"].as_str().unwrap_or("user").to_owned();
    let is_new = workspace.ids_issued() > before.ids_issued;
    match (call.operation.method, call.operation.shape) {
        ("PUT", "/admins/{}/away") => one("admin.away_mode_updated", body.clone()),
        ("POST", "/articles") => {
            let mut events = one("article.created", body.clone());
            if body["state"] == "published" {
                events.extend(one("article.published", body.clone()));
            }
            events
        }
        ("PUT", "/articles/{}") => {
            let mut events = one("article.updated", body.clone());
            match (before.subject["state"].as_str(), body["state"].as_str()) {
                (Some("draft"), Some("published")) => events.extend(one("article.published", body.clone())),
                (Some("published"), Some("draft")) => events.extend(one("article.unpublished", body.clone())),
                _ => {}
            }
            events
        }
        ("DELETE", "/articles/{}") => one("article.deleted", before.subject.clone()),
        ("POST", "/companies") if is_new => one("company.created", body.clone()),
        ("POST" | "PUT", "/companies" | "/companies/{}") => one("company.updated", body.clone()),
        ("DELETE", "/companies/{}") => one("company.deleted", short_record(&before.subject, "company", "deleted")),
        ("POST", "/contacts/{}/companies") => one(
            "company.contact.attached",
            with_contact("company", body, contact(path_id)),
        ),
        ("DELETE", "/contacts/{}/companies/{}") => one(
            "company.contact.detached",
            with_contact("company", body, contact(path_id)),
        ),
        ("POST", "/contacts") => one(&format!("contact.{}.created", role(body)), body.clone()),
        ("PUT", "/contacts/{}") => {
            let mut events = one(&format!("contact.{}.updated", role(body)), body.clone());
            if body["email"] != before.subject["email"] {
                events.extend(one("contact.email.updated", body.clone()));
                if role(body) == "lead" && before.subject["email"].is_null() {
                    events.extend(one("contact.lead.added_email", body.clone()));
                }
            }
            events
        }
        ("POST", "/contacts/{}/archive") => {
            let mut item = short_record(&before.subject, "contact", "archived");
            item["external_id"] = before.subject["external_id"].clone();
            one("contact.archived", item)
        }
        ("POST", "/contacts/{}/unarchive") => one("contact.unarchived", contact(path_id)),
        ("DELETE", "/contacts/{}") => one("contact.deleted", short_record(&before.subject, "contact", "deleted")),
        ("POST", "/contacts/merge") => one("contact.merged", body.clone()),
        ("POST" | "DELETE", "/contacts/{}/tags" | "/contacts/{}/tags/{}") => {
            let contact = contact(path_id);
            let change = if call.operation.method == "POST" {
                "created"
            } else {
                "deleted"
            };
            let topic = format!("contact.{}.tag.{change}", role(&contact));
            one(
                &topic,
                json!({"type": "contact_tag", "created_at": workspace.now.seconds(), "contact": contact, "tag": body}),
            )
        }
        ("POST", "/conversations") => one(
            "conversation.user.created",
            view(kind::conversation(), &id(&body["conversation_id"])),
        ),
        ("POST", "/messages") => {
            let conversation = workspace.store.all(kind::conversation()).next_back();
            let conversation = conversation
                .map(|(_, record)| workspace.view_of(kind::conversation(), record))
                .unwrap_or_default();
            let topic = match body["type"].as_str() {
                Some("admin_message") => "conversation.admin.single.created",
                _ => "conversation.user.created",
            };
            one(topic, conversation)
        }
        ("POST", "/conversations/{}/reply") => {
            let topic = match (call.text("type").as_deref(), call.text("message_type").as_deref()) {
                (_, Some("close")) => "conversation.admin.closed",
                (_, Some("snoozed")) => "conversation.admin.snoozed",
                (_, Some("open")) => "conversation.admin.opened",
                (_, Some("assignment")) => "conversation.admin.assigned",
                (Some("admin"), Some("note")) => "conversation.admin.noted",
                (Some("admin"), _) => "conversation.admin.replied",
                _ => "conversation.user.replied",
            };
            one(topic, with_last_part(body))
        }
        ("POST", "/conversations/{}/parts") => {
            let topic = match call.text("message_type").as_deref() {
                Some("close") => "conversation.admin.closed",
                Some("snoozed") => "conversation.admin.snoozed",
                Some("open") => "conversation.admin.opened",
                _ => "conversation.admin.assigned",
            };
            one(topic, with_last_part(body))
        }
        ("POST", "/conversations/redact") => one(
            "conversation_part.redacted",
            with_part(body, &|part| part["redacted"] == true),
        ),
        ("POST", "/events") => {
            let event = workspace
                .store
                .all(EVENT)
                .next_back()
                .map(|(_, record)| record.value.clone());
            one("event.created", event.unwrap_or_default())
        }
        ("POST", "/tickets") => one("ticket.created", notified_ticket(body)),
        ("PUT", "/tickets/{}") => {
            let mut events = Vec::new();
            for part in body["ticket_parts"]["ticket_parts"].as_array().into_iter().flatten() {
                let is_known = before.subject["ticket_parts"]["ticket_parts"]
                    .as_array()
                    .is_some_and(|parts| parts.contains(part));
                let topic = match part["part_type"].as_str() {
                    _ if is_known => continue,
                    Some("ticket_state_updated_by_admin") => "ticket.state.updated",
                    Some("assignment") => "ticket.admin.assigned",
                    Some("ticket_attribute_updated_by_admin") => "ticket.attribute.updated",
                    _ => continue,
                };
                let item = match topic {
                    "ticket.attribute.updated" => ticket_part(body, part),
                    _ => notified_ticket(body),
                };
                events.extend(one(topic, item));
            }
            events
        }
        ("POST", "/tickets/{}/reply") => {
            let topic = match (call.text("type").as_deref(), call.text("message_type").as_deref()) {
                (Some("admin"), Some("note")) => "ticket.note.created",
                (Some("admin"), _) => "ticket.admin.replied",
                _ => "ticket.contact.replied",
            };
            one(topic, ticket_part(&view(kind::ticket(), path_id), body))
        }
        _ => Vec::new(),
    }
}

fn short_record(record: &Value, kind: &str, flag: &str) -> Value {
    json!({"id": record["id"], "type": kind, flag: true})
}

/// Combines a record with its contact. Such items have no `type`.
fn with_contact(name: &str, record: &Value, contact: Value) -> Value {
    let mut item = Map::new();
    item.insert(name.to_owned(), record.clone());
    item.insert("contact".to_owned(), contact);
    Value::Object(item)
}

fn ticket_part(ticket: &Value, part: &Value) -> Value {
    json!({"type": "ticket_ticket_part", "ticket": notified_ticket(ticket), "ticket_part": part})
}

/// Returns a ticket as in recorded notifications: its state is an object.
fn notified_ticket(ticket: &Value) -> Value {
    let mut item = ticket.clone();
    if let Value::Object(fields) = &mut item
        && fields.get("ticket_state").is_some_and(Value::is_string)
    {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let (state, internal, external) = (
            take("ticket_state"),
            take("ticket_state_internal_label"),
            take("ticket_state_external_label"),
        );
        let state = json!({
            "type": "ticket_state",
            "id": null,
            "category": state,
            "internal_label": internal,
            "external_label": external,
        });
        fields.insert("ticket_state".to_owned(), state);
    }
    item
}

/// Returns a conversation with only its last part.
fn with_last_part(conversation: &Value) -> Value {
    let parts = conversation["conversation_parts"]["conversation_parts"].as_array();
    let last = parts.and_then(|parts| parts.last()).cloned();
    with_part(conversation, &|part| Some(part) == last.as_ref())
}

/// Returns a conversation with only the parts selected by a predicate.
fn with_part(conversation: &Value, is_selected: &dyn Fn(&Value) -> bool) -> Value {
    let mut item = conversation.clone();
    let parts = item
        .pointer_mut("/conversation_parts/conversation_parts")
        .and_then(Value::as_array_mut);
    let count = parts.map(|parts| {
        parts.retain(|part| is_selected(part));
        parts.len()
    });
    if let Some(Value::Object(list)) = item.get_mut("conversation_parts") {
        list.insert("total_count".to_owned(), count.unwrap_or_default().into());
    }
    item
}

/// Converts timestamps from seconds, as in the API, to ISO 8601 with milliseconds, as in
/// notifications.
fn timestamps_to_iso(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(timestamps_to_iso),
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_timestamp = name.ends_with("_at") || ["waiting_since", "snoozed_until"].contains(&name.as_str());
                let seconds = value.as_i64().filter(|_| is_timestamp);
                match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
                    Some(time) => *value = time.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
                    None => timestamps_to_iso(value),
                }
            }
        }
        _ => {}
    }
}
