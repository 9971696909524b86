//! Conversations: begun, replied to, closed, snoozed, opened, assigned, with contacts that come and go.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal, text_in};
use super::super::catalog::{catalog, kind};
use super::super::operations::OPERATIONS;
use super::super::workspace::{Workspace, merge, recorded};
use super::parts::{self, Part};
use super::respond;
use super::text::html;
use super::{admins, visitors};
use crate::wire::id::text_of;

/// A conversation that begins with a message.
pub(super) struct Beginning<'b> {
    pub delivered_as: &'b str,
    pub kind: &'b str,
    pub author: Value,
    pub contact: &'b str,
    pub subject: &'b str,
    pub body: &'b str,
}

/// Begins a conversation. Returns its id, and that of the message.
pub(super) fn begin(workspace: &mut Workspace, beginning: &Beginning<'_>) -> (String, String) {
    let kind = kind::conversation();
    let mut record = catalog().blank("GET", "/conversations/{}");
    let (id, message) = (workspace.new_id_within(), workspace.new_id_within());
    let now = workspace.now.seconds();
    let by_contact = beginning.author["type"] != "admin";
    let contact = workspace.store.get(kind::contact(), beginning.contact);
    let external_id = contact.map(|record| record.value["external_id"].clone());
    let mut contact = json!({"type": "contact", "id": beginning.contact});
    if shows_external_id() {
        contact["external_id"] = external_id.unwrap_or_default();
    }
    let mut source = match record.remove("source") {
        Some(Value::Object(source)) => source,
        _ => Map::new(),
    };
    let of_source = json!({
        "type": beginning.kind,
        "id": message,
        "delivered_as": beginning.delivered_as,
        "subject": beginning.subject,
        "body": html(beginning.body, ""),
        "author": beginning.author,
        "attachments": [],
        "url": null,
        "redacted": false,
    });
    source.extend(of_source.as_object().cloned().unwrap_or_default());
    let fields = json!({
        "type": "conversation",
        "id": id,
        "created_at": now,
        "updated_at": now,
        "waiting_since": by_contact.then_some(now),
        "source": source,
        "contacts": {"type": "contact.list", "contacts": [contact]},
        "admin_assignee_id": null,
        "team_assignee_id": null,
        "open": true,
        "state": "open",
        "read": false,
        "priority": "not_priority",
        "tags": {"type": "tag.list", "tags": []},
        "conversation_parts": {"type": "conversation_part.list", "conversation_parts": [], "total_count": 0},
    });
    record.extend(fields.as_object().cloned().unwrap_or_default());
    record.insert("statistics".to_owned(), parts::statistics(&record));
    workspace.put(kind, Value::Object(record));
    let moment = if by_contact {
        "last_replied_at"
    } else {
        "last_contacted_at"
    };
    workspace
        .links
        .attach((kind, &id), (kind::contact(), beginning.contact), &Value::Null);
    note_moment(workspace, beginning.contact, moment);
    (id, message)
}

/// Whether the description shows the caller's ids of the contacts of a conversation.
fn shows_external_id() -> bool {
    static SHOWS: LazyLock<bool> = LazyLock::new(|| {
        let shown = OPERATIONS
            .iter()
            .find(|operation| operation.shape == "/conversations/{}");
        let shown = shown.map(recorded).unwrap_or_default();
        let contact = shown.get("contacts").and_then(|contacts| contacts["contacts"].get(0));
        contact.is_some_and(|contact| contact.get("external_id").is_some())
    });
    *SHOWS
}

/// Sets when a contact was last written to, or wrote.
pub(super) fn note_moment(workspace: &mut Workspace, contact: &str, name: &str) {
    let now = workspace.now.seconds();
    workspace.store.change(kind::contact(), contact, |record| {
        if let Some(at) = record.value.get_mut(name) {
            *at = now.into();
        }
    });
}

/// A contact or visitor as an author.
pub(super) fn contact_author(workspace: &Workspace, id: &str) -> Value {
    let record = workspace.store.get(kind::contact(), id);
    let field = |name: &str| record.map(|record| record.value[name].clone()).unwrap_or_default();
    let role = field("role");
    let role = role.as_str().unwrap_or("user");
    json!({"type": role, "id": id, "name": field("name"), "email": field("email")})
}

/// Begins a conversation of the contact in `from`.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let missing = || Refusal::missing(call.operation, kind::contact());
    let from = call.object("from").ok_or_else(|| Refusal::absent("from is required"))?;
    let contact = match workspace.contact_in(from) {
        Some(id) => id,
        None => visitors::find_in(workspace, from).ok_or_else(missing)?,
    };
    let body = call.text("body").ok_or_else(|| Refusal::absent("body is required"))?;
    let beginning = Beginning {
        delivered_as: "customer_initiated",
        kind: "conversation",
        author: contact_author(workspace, &contact),
        contact: &contact,
        subject: "",
        body: &body,
    };
    let (id, message) = begin(workspace, &beginning);
    respond(call, &user_message(workspace, &message, &body, &id))
}

/// The response to a message of a contact.
pub(super) fn user_message(workspace: &Workspace, id: &str, body: &str, conversation: &str) -> Value {
    json!({
        "type": "user_message",
        "id": id,
        "created_at": workspace.now.seconds(),
        "body": body,
        "message_type": "inapp",
        "conversation_id": conversation,
    })
}

/// Changes a conversation, its statistics and the time of its last change.
fn change(workspace: &mut Workspace, id: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    workspace.change(kind::conversation(), id, |fields| {
        change(fields);
        let statistics = parts::statistics(fields);
        fields.insert("statistics".to_owned(), statistics);
    });
}

/// Appends a part to a conversation.
fn add(workspace: &mut Workspace, id: &str, part: Part) {
    let part = parts::of_conversation(workspace, part);
    change(workspace, id, |fields| {
        let author = &part["author"];
        if author["type"] == "admin"
            && let Some(admin) = text_of(&author["id"])
        {
            take_part(fields, &admin);
        }
        parts::append(fields, "conversation_parts", part);
    });
}

/// Lists an admin among the teammates of a conversation.
fn take_part(fields: &mut Map<String, Value>, admin: &str) {
    let teammates = fields.entry("teammates").or_insert(Value::Null);
    if !teammates.is_object() {
        *teammates = json!({"type": "admin.list", "admins": []});
    }
    if let Some(admins) = teammates.get_mut("admins").and_then(Value::as_array_mut)
        && admins.iter().all(|held| text_of(&held["id"]).as_deref() != Some(admin))
    {
        admins.push(json!({"type": "admin", "id": admin}));
    }
}

fn set(fields: &mut Map<String, Value>, values: Value) {
    if let Value::Object(values) = values {
        fields.extend(values);
    }
}

pub(super) fn update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::conversation(), call.last_value());
    change(workspace, id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &call.body, "id");
        }
    });
    for _ in call.object("custom_attributes").into_iter().flatten() {
        add(
            workspace,
            id,
            Part::new("conversation_attribute_updated_by_admin", operator()),
        );
    }
    workspace.show(call, kind, id)
}

/// The bot that acts for the workspace.
pub(super) fn operator() -> Value {
    json!({"id": "0", "type": "bot", "name": "Operator", "email": null})
}

/// Replies as an admin or as a contact, to a conversation or to the contact's last one.
pub(super) fn reply(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::conversation();
    let missing = || Refusal::new(404, "not_found", "Resource Not Found");
    let by_admin = call.text("type").as_deref() == Some("admin");
    let contact = match by_admin {
        true => None,
        false => Some(
            workspace
                .contact_in(&call.body)
                .ok_or_else(|| Refusal::missing(call.operation, kind::contact()))?,
        ),
    };
    let id = match (call.last_value(), &contact) {
        ("last", Some(contact)) => {
            let conversations = workspace.links.of((kind::contact(), contact), kind);
            let changed = |id: &&str| {
                workspace
                    .store
                    .get(kind, id)
                    .map(|record| record.value["updated_at"].as_i64())
            };
            conversations.max_by_key(changed).map(str::to_owned)
        }
        (id, _) => Some(id.to_owned()),
    };
    let id = id
        .filter(|id| workspace.store.live(kind, id).is_some())
        .ok_or_else(missing)?;
    let files = ["attachment_urls", "attachment_files"]
        .iter()
        .any(|name| call.body.contains_key(*name));
    let body = call.text("body").map(|body| html(&body, ""));
    if body.is_none() && !files {
        return Err(Refusal::absent("body is required"));
    }
    let is_note = call.text("message_type").as_deref() == Some("note");
    let is_open = workspace
        .store
        .get(kind, &id)
        .is_some_and(|record| record.value["open"] == true);
    let now = workspace.now.seconds();
    let author = match &contact {
        Some(contact) => contact_author(workspace, contact),
        None => {
            let admin = call.text("admin_id").map(std::borrow::Cow::into_owned);
            admins::part_author(
                workspace,
                &admin.ok_or_else(|| Refusal::absent("admin_id is required"))?,
            )
        }
    };
    let part_type = match (is_note, &contact) {
        (true, _) => "note",
        // The recorded reply of a contact to a closed conversation opens it.
        (false, Some(_)) if !is_open => "open",
        _ => "comment",
    };
    add(workspace, &id, Part::new(part_type, author).body(body));
    change(workspace, &id, |fields| match (&contact, is_note) {
        (Some(_), _) => {
            if fields.get("first_contact_reply").is_none_or(Value::is_null) {
                let first = json!({"created_at": now, "type": "conversation", "url": null});
                fields.insert("first_contact_reply".to_owned(), first);
            }
            if fields.get("waiting_since").is_none_or(Value::is_null) {
                fields.insert("waiting_since".to_owned(), now.into());
            }
            set(
                fields,
                json!({"open": true, "state": "open", "snoozed_until": null, "read": false}),
            );
        }
        (None, false) => set(fields, json!({"waiting_since": null})),
        (None, true) => {}
    });
    match &contact {
        Some(contact) => note_moment(workspace, contact, "last_replied_at"),
        None if !is_note => {
            let contacts: Vec<String> = workspace
                .links
                .of((kind, &id), kind::contact())
                .map(str::to_owned)
                .collect();
            contacts
                .iter()
                .for_each(|contact| note_moment(workspace, contact, "last_contacted_at"));
        }
        None => {}
    }
    workspace.show(call, kind, &id)
}

/// Closes, snoozes, opens or assigns a conversation.
pub(super) fn manage(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::conversation(), call.values.first().map_or("", String::as_str));
    let admin = call
        .text("admin_id")
        .ok_or_else(|| Refusal::absent("admin_id is required"))?;
    let author = admins::part_author(workspace, &admin);
    let body = call.text("body").map(|body| html(&body, ""));
    let message_type = call.text("message_type").unwrap_or_default();
    let is_open = workspace
        .store
        .get(kind, id)
        .is_some_and(|record| record.value["open"] == true);
    match message_type.as_ref() {
        "close" => {
            add(workspace, id, Part::new("close", author).body(body));
            let closed = json!({"open": false, "state": "closed", "waiting_since": null, "snoozed_until": null});
            change(workspace, id, |fields| set(fields, closed));
        }
        "snoozed" => {
            let until = call
                .body
                .get("snoozed_until")
                .and_then(text_of)
                .and_then(|until| until.parse::<i64>().ok());
            let until = until.ok_or_else(|| Refusal::absent("snoozed_until is required"))?;
            add(workspace, id, Part::new("snoozed", author).body(body));
            let snoozed = json!({"open": true, "state": "snoozed", "snoozed_until": until});
            change(workspace, id, |fields| set(fields, snoozed));
        }
        "open" => {
            add(workspace, id, Part::new("open", author).body(body));
            change(workspace, id, |fields| {
                set(fields, json!({"open": true, "state": "open", "snoozed_until": null}));
            });
        }
        "assignment" => {
            let to = call
                .text("assignee_id")
                .ok_or_else(|| Refusal::absent("assignee_id is required"))?;
            let is_team = call.text("type").as_deref() == Some("team");
            let kind_name = if is_team { "team" } else { "admin" };
            let part_type = if is_open { "assignment" } else { "assign_and_reopen" };
            add(
                workspace,
                id,
                Part::new(part_type, author).body(body).assigned_to(kind_name, &to),
            );
            let number = to.parse::<i64>().ok().filter(|to| *to != 0);
            change(workspace, id, |fields| {
                match number {
                    Some(to) => set(fields, json!({format!("{kind_name}_assignee_id"): to})),
                    None => set(fields, json!({"admin_assignee_id": null, "team_assignee_id": null})),
                }
                if !is_team && number.is_some() {
                    take_part(fields, &to);
                }
                set(fields, json!({"open": true, "state": "open"}));
            });
        }
        other => {
            return Err(Refusal::invalid(format!(
                "{other:?} is not a message_type of a conversation part"
            )));
        }
    }
    workspace.show(call, kind, id)
}

/// Assignment rules are the workspace's: the recorded run assigns to nobody.
pub(super) fn run_assignment_rules(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::conversation(), call.values.first().map_or("", String::as_str));
    let part = Part::new("default_assignment", operator()).assigned_to("admin", "0");
    add(workspace, id, part);
    workspace.show(call, kind, id)
}

/// The contacts of a conversation as the responses about its customers have them.
fn customers(workspace: &Workspace, id: &str) -> Value {
    let contacts = workspace.links.of((kind::conversation(), id), kind::contact());
    let customers = contacts.map(|contact| {
        let role = contact_author(workspace, contact)["type"].clone();
        json!({"type": role, "id": contact})
    });
    json!({"customers": customers.collect::<Vec<_>>()})
}

fn set_contacts(workspace: &mut Workspace, id: &str) {
    let contacts = workspace.links.of((kind::conversation(), id), kind::contact());
    let contacts: Vec<Value> = contacts
        .map(|contact| json!({"type": "contact", "id": contact}))
        .collect();
    change(workspace, id, |fields| {
        set(
            fields,
            json!({"contacts": {"type": "contact.list", "contacts": contacts}}),
        );
    });
}

pub(super) fn attach_contact(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let id = call.values.first().map_or("", String::as_str);
    let customer = call
        .object("customer")
        .ok_or_else(|| Refusal::absent("customer is required"))?;
    let contact = workspace.contact_in(customer);
    let contact = contact.ok_or_else(|| Refusal::missing(call.operation, kind::contact()))?;
    workspace.attach((kind::conversation(), id), (kind::contact(), &contact), &Value::Null);
    let admin = call
        .text("admin_id")
        .map_or_else(admins::my_id, std::borrow::Cow::into_owned);
    let author = admins::part_author(workspace, &admin);
    add(workspace, id, Part::new("participant_added", author));
    set_contacts(workspace, id);
    respond(call, &customers(workspace, id))
}

pub(super) fn detach_contact(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, of) = (kind::conversation(), kind::contact());
    let (id, contact) = (call.values.first().map_or("", String::as_str), call.last_value());
    if workspace.links.about((kind, id), (of, contact)).is_none() {
        return Err(Refusal::missing(call.operation, of));
    }
    if workspace.links.count((kind, id), of) == 1 {
        let message = "Removing the last customer is not allowed";
        return Err(Refusal::new(422, "parameter_invalid", message));
    }
    workspace.part((kind, id), (of, contact));
    let admin = call
        .text("admin_id")
        .map_or_else(admins::my_id, std::borrow::Cow::into_owned);
    let author = admins::part_author(workspace, &admin);
    add(workspace, id, Part::new("participant_removed", author));
    set_contacts(workspace, id);
    respond(call, &customers(workspace, id))
}

/// Removes the text of a part, or of the message that began a conversation.
pub(super) fn redact(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::conversation();
    let code = "conversation_part_or_message_not_found";
    let missing = || Refusal::new(404, code, "Conversation part or message not found");
    let id = call
        .text("conversation_id")
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default();
    if workspace.store.live(kind, &id).is_none() {
        return Err(missing());
    }
    let is_source = call.text("type").as_deref() == Some("source");
    let name = if is_source { "source_id" } else { "conversation_part_id" };
    let wanted = call.text(name).map(std::borrow::Cow::into_owned);
    let now = workspace.now.seconds();
    let is_wanted =
        |fields: &Map<String, Value>| text_in(fields, "id").as_deref() == wanted.as_deref() && wanted.is_some();
    let mut found = false;
    change(workspace, &id, |fields| {
        let target = match is_source {
            true => fields
                .get_mut("source")
                .and_then(Value::as_object_mut)
                .filter(|source| is_wanted(source)),
            false => {
                let parts = fields
                    .get_mut("conversation_parts")
                    .and_then(|list| list.get_mut("conversation_parts"));
                let parts = parts.and_then(Value::as_array_mut).into_iter().flatten();
                parts.filter_map(Value::as_object_mut).find(|part| is_wanted(part))
            }
        };
        if let Some(target) = target {
            found = true;
            set(
                target,
                json!({"body": "<p><i>This message was deleted</i></p>", "redacted": true, "attachments": []}),
            );
            super::super::workspace::set_present(target, "updated_at", now.into());
        }
    });
    match found {
        true => workspace.show(call, kind, &id),
        false => Err(missing()),
    }
}
