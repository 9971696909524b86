//! What webhooks tell of a call: the topics that it has, with the items that recorded notifications carry.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::catalog::{EVENT, kind};
use super::moment::Moment;
use super::store::Kind;
use super::workspace::Workspace;
use crate::wire::id::text_of;

/// The topics that the mock has. The others happen in no call, or have items in forms of their own.
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

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    pub topic: String,
    pub item: Value,
    pub at: Moment,
}

/// What is known before a call, and gone or changed after it.
pub(super) struct Before {
    subject: Value,
    /// How many records had been made.
    made: u64,
}

impl Before {
    pub(super) fn new(workspace: &Workspace, call: &Call<'_>) -> Self {
        let subject = call.subject().and_then(|(kind, id)| workspace.view(kind, id));
        Self {
            subject: subject.unwrap_or_default(),
            made: workspace.made(),
        }
    }
}

/// What happened by a call that succeeded with this body.
pub(super) fn of(workspace: &Workspace, call: &Call<'_>, before: &Before, body: &Value) -> Vec<Happening> {
    let told = topics(workspace, call, before, body);
    let wanted = told.into_iter().filter(|(topic, _)| workspace.topics.contains(topic));
    wanted
        .map(|(topic, mut item)| {
            in_iso(&mut item);
            Happening {
                topic,
                item,
                at: workspace.now,
            }
        })
        .collect()
}

fn topics(workspace: &Workspace, call: &Call<'_>, before: &Before, body: &Value) -> Vec<(String, Value)> {
    let one = |topic: &str, item: Value| vec![(topic.to_owned(), item)];
    let id = |value: &Value| text_of(value).unwrap_or_default().into_owned();
    let view = |kind: Kind, id: &str| workspace.view(kind, id).unwrap_or_default();
    let of_path = || call.values.first().map_or("", String::as_str);
    let contact = |id: &str| view(kind::contact(), id);
    let role = |contact: &Value| contact["role"].as_str().unwrap_or("user").to_owned();
    let is_new = workspace.made() > before.made;
    match (call.operation.method, call.operation.shape) {
        ("PUT", "/admins/{}/away") => one("admin.away_mode_updated", body.clone()),
        ("POST", "/articles") => {
            let mut told = one("article.created", body.clone());
            if body["state"] == "published" {
                told.extend(one("article.published", body.clone()));
            }
            told
        }
        ("PUT", "/articles/{}") => {
            let mut told = one("article.updated", body.clone());
            match (before.subject["state"].as_str(), body["state"].as_str()) {
                (Some("draft"), Some("published")) => told.extend(one("article.published", body.clone())),
                (Some("published"), Some("draft")) => told.extend(one("article.unpublished", body.clone())),
                _ => {}
            }
            told
        }
        ("DELETE", "/articles/{}") => one("article.deleted", before.subject.clone()),
        ("POST", "/companies") if is_new => one("company.created", body.clone()),
        ("POST" | "PUT", "/companies" | "/companies/{}") => one("company.updated", body.clone()),
        ("DELETE", "/companies/{}") => one("company.deleted", stub(&before.subject, "company", "deleted")),
        ("POST", "/contacts/{}/companies") => one(
            "company.contact.attached",
            with_contact("company", body, contact(of_path())),
        ),
        ("DELETE", "/contacts/{}/companies/{}") => one(
            "company.contact.detached",
            with_contact("company", body, contact(of_path())),
        ),
        ("POST", "/contacts") => one(&format!("contact.{}.created", role(body)), body.clone()),
        ("PUT", "/contacts/{}") => {
            let mut told = one(&format!("contact.{}.updated", role(body)), body.clone());
            if body["email"] != before.subject["email"] {
                told.extend(one("contact.email.updated", body.clone()));
                if role(body) == "lead" && before.subject["email"].is_null() {
                    told.extend(one("contact.lead.added_email", body.clone()));
                }
            }
            told
        }
        ("POST", "/contacts/{}/archive") => {
            let mut stub = stub(&before.subject, "contact", "archived");
            stub["external_id"] = before.subject["external_id"].clone();
            one("contact.archived", stub)
        }
        ("POST", "/contacts/{}/unarchive") => one("contact.unarchived", contact(of_path())),
        ("DELETE", "/contacts/{}") => one("contact.deleted", stub(&before.subject, "contact", "deleted")),
        ("POST", "/contacts/merge") => one("contact.merged", body.clone()),
        ("POST" | "DELETE", "/contacts/{}/tags" | "/contacts/{}/tags/{}") => {
            let contact = contact(of_path());
            let what = if call.operation.method == "POST" {
                "created"
            } else {
                "deleted"
            };
            let topic = format!("contact.{}.tag.{what}", role(&contact));
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
            let begun = workspace.store.all(kind::conversation()).next_back();
            let begun = begun
                .map(|(_, record)| workspace.view_of(kind::conversation(), record))
                .unwrap_or_default();
            let topic = match body["type"].as_str() {
                Some("admin_message") => "conversation.admin.single.created",
                _ => "conversation.user.created",
            };
            one(topic, begun)
        }
        ("POST", "/conversations/{}/reply") => {
            let topic = match (call.text("type").as_deref(), call.text("message_type").as_deref()) {
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
        ("POST", "/tickets") => one("ticket.created", body.clone()),
        ("PUT", "/tickets/{}") => {
            let mut told = Vec::new();
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
                    _ => body.clone(),
                };
                told.extend(one(topic, item));
            }
            told
        }
        ("POST", "/tickets/{}/reply") => {
            let topic = match (call.text("type").as_deref(), call.text("message_type").as_deref()) {
                (Some("admin"), Some("note")) => "ticket.note.created",
                (Some("admin"), _) => "ticket.admin.replied",
                _ => "ticket.contact.replied",
            };
            one(topic, ticket_part(&view(kind::ticket(), of_path()), body))
        }
        _ => Vec::new(),
    }
}

fn stub(record: &Value, kind: &str, flag: &str) -> Value {
    json!({"id": record["id"], "type": kind, flag: true})
}

/// Items of two records have no `type`.
fn with_contact(name: &str, record: &Value, contact: Value) -> Value {
    let mut item = Map::new();
    item.insert(name.to_owned(), record.clone());
    item.insert("contact".to_owned(), contact);
    Value::Object(item)
}

fn ticket_part(ticket: &Value, part: &Value) -> Value {
    json!({"type": "ticket_ticket_part", "ticket": ticket, "ticket_part": part})
}

/// A conversation with the part that the notification is about.
fn with_last_part(conversation: &Value) -> Value {
    let parts = conversation["conversation_parts"]["conversation_parts"].as_array();
    let last = parts.and_then(|parts| parts.last()).cloned();
    with_part(conversation, &|part| Some(part) == last.as_ref())
}

fn with_part(conversation: &Value, is_it: &dyn Fn(&Value) -> bool) -> Value {
    let mut item = conversation.clone();
    let parts = item
        .pointer_mut("/conversation_parts/conversation_parts")
        .and_then(Value::as_array_mut);
    let kept = parts.map(|parts| {
        parts.retain(|part| is_it(part));
        parts.len()
    });
    if let Some(Value::Object(list)) = item.get_mut("conversation_parts") {
        list.insert("total_count".to_owned(), kept.unwrap_or_default().into());
    }
    item
}

/// Items have moments as ISO 8601 with milliseconds where the API has seconds.
fn in_iso(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(in_iso),
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_moment = name.ends_with("_at") || ["waiting_since", "snoozed_until"].contains(&name.as_str());
                let moment = value.as_i64().filter(|_| is_moment);
                match moment.and_then(|moment| DateTime::from_timestamp(moment, 0)) {
                    Some(moment) => *value = moment.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
                    None => in_iso(value),
                }
            }
        }
        _ => {}
    }
}
