//! Conversations: creation, replies, states, assignment, contacts and redaction.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall, text_in};
use super::super::catalog::{catalog, kind};
use super::super::description::OPERATIONS;
use super::super::workspace::{Workspace, example_response, merge, set_present};
use super::parts::{self, NewPart};
use super::respond;
use super::text::html;
use super::{admins, visitors};
use crate::wire::id::text_of;

/// The first message of a new conversation.
pub(super) struct NewConversation<'b> {
    pub delivered_as: &'b str,
    pub source_type: &'b str,
    pub author: Value,
    pub contact: &'b str,
    pub subject: &'b str,
    pub body: &'b str,
}

/// Creates a conversation. Returns its id and the id of the message.
pub(super) fn start(workspace: &mut Workspace, new: &NewConversation<'_>) -> (String, String) {
    let kind = kind::conversation();
    let mut record = catalog().blank_record("GET", "/conversations/{}");
    let (id, message_id) = (workspace.new_nested_id(), workspace.new_nested_id());
    let now = workspace.now.seconds();
    let by_contact = new.author["type"] != "admin";
    let contact = workspace.store.get(kind::contact(), new.contact);
    let external_id = contact.map(|record| record.value["external_id"].clone());
    let mut contact = json!({"type": "contact", "id": new.contact});
    if shows_external_id() {
        contact["external_id"] = external_id.unwrap_or_default();
    }
    let mut source = match record.remove("source") {
        Some(Value::Object(source)) => source,
        _ => Map::new(),
    };
    let source_fields = json!({
        "type": new.source_type,
        "id": message_id,
        "delivered_as": new.delivered_as,
        "subject": new.subject,
        "body": html(new.body, ""),
        "author": new.author,
        "attachments": [],
        "url": null,
        "redacted": false,
    });
    source.extend(source_fields.as_object().cloned().unwrap_or_default());
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
    let timestamp = if by_contact {
        "last_replied_at"
    } else {
        "last_contacted_at"
    };
    workspace
        .relations
        .attach((kind, &id), (kind::contact(), new.contact), &Value::Null);
    set_timestamp(workspace, new.contact, timestamp);
    (id, message_id)
}

/// Returns `true` if the description shows the external ids of the contacts of a conversation.
fn shows_external_id() -> bool {
    static SHOWS: LazyLock<bool> = LazyLock::new(|| {
        let shown = OPERATIONS
            .iter()
            .find(|operation| operation.shape == "/conversations/{}");
        let shown = shown.map(example_response).unwrap_or_default();
        let contact = shown.get("contacts").and_then(|contacts| contacts["contacts"].get(0));
        contact.is_some_and(|contact| contact.get("external_id").is_some())
    });
    *SHOWS
}

/// Sets a timestamp of a contact, for example `last_replied_at`, to the current time.
pub(super) fn set_timestamp(workspace: &mut Workspace, contact: &str, name: &str) {
    let now = workspace.now.seconds();
    workspace.store.change(kind::contact(), contact, |record| {
        if let Some(timestamp) = record.value.get_mut(name) {
            *timestamp = now.into();
        }
    });
}

/// Returns a contact or visitor as an author.
pub(super) fn contact_author(workspace: &Workspace, id: &str) -> Value {
    let record = workspace.store.get(kind::contact(), id);
    let field = |name: &str| record.map(|record| record.value[name].clone()).unwrap_or_default();
    let role = field("role");
    let role = role.as_str().unwrap_or("user");
    json!({"type": role, "id": id, "name": field("name"), "email": field("email")})
}

/// Starts a conversation by the contact or visitor in `from`.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let not_found = || ApiError::record_not_found(call.operation, kind::contact());
    let from = call
        .object("from")
        .ok_or_else(|| ApiError::missing_parameter("from is required"))?;
    let contact = match workspace.contact_in(from) {
        Some(id) => id,
        None => visitors::find_in(workspace, from).ok_or_else(not_found)?,
    };
    let body = call
        .text("body")
        .ok_or_else(|| ApiError::missing_parameter("body is required"))?;
    start_by_contact(workspace, call, &contact, &body)
}

/// Starts a conversation with a message of a contact, and responds with the message.
pub(super) fn start_by_contact(
    workspace: &mut Workspace,
    call: &MockCall<'_>,
    contact: &str,
    body: &str,
) -> CallResult {
    let new = NewConversation {
        delivered_as: "customer_initiated",
        source_type: "conversation",
        author: contact_author(workspace, contact),
        contact,
        subject: "",
        body,
    };
    let (id, message_id) = start(workspace, &new);
    let message = json!({
        "type": "user_message",
        "id": message_id,
        "created_at": workspace.now.seconds(),
        "body": body,
        "message_type": "inapp",
        "conversation_id": id,
    });
    respond(call, &message)
}

/// Changes a conversation, and updates its statistics and `updated_at`.
fn change(workspace: &mut Workspace, id: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    workspace.change(kind::conversation(), id, |fields| {
        change(fields);
        let statistics = parts::statistics(fields);
        fields.insert("statistics".to_owned(), statistics);
    });
}

/// Appends a part to a conversation.
fn add_part(workspace: &mut Workspace, id: &str, part: NewPart) {
    let part = parts::of_conversation(workspace, part);
    change(workspace, id, |fields| {
        let author = &part["author"];
        if author["type"] == "admin"
            && let Some(admin) = text_of(&author["id"])
        {
            add_teammate(fields, &admin);
        }
        parts::append(fields, "conversation_parts", part);
    });
}

/// Adds an admin to the teammates of a conversation.
fn add_teammate(fields: &mut Map<String, Value>, admin: &str) {
    let teammates = fields.entry("teammates").or_insert(Value::Null);
    if !teammates.is_object() {
        *teammates = json!({"type": "admin.list", "admins": []});
    }
    if let Some(admins) = teammates.get_mut("admins").and_then(Value::as_array_mut)
        && admins
            .iter()
            .all(|teammate| text_of(&teammate["id"]).as_deref() != Some(admin))
    {
        admins.push(json!({"type": "admin", "id": admin}));
    }
}

fn set(fields: &mut Map<String, Value>, values: Value) {
    if let Value::Object(values) = values {
        fields.extend(values);
    }
}

pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::conversation(), call.last_path_value());
    change(workspace, id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &call.body, "id");
        }
    });
    for _ in call.object("custom_attributes").into_iter().flatten() {
        add_part(
            workspace,
            id,
            NewPart::new("conversation_attribute_updated_by_admin", operator()),
        );
    }
    workspace.show(call, kind, id)
}

/// Returns the bot of the workspace as an author.
pub(super) fn operator() -> Value {
    json!({"id": "0", "type": "bot", "name": "Operator", "email": null})
}

/// Replies as an admin or a contact. If the id is `last`, contacts reply to their most recently
/// updated conversation.
pub(super) fn reply(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::conversation();
    let missing = || ApiError::new(404, "not_found", "Resource Not Found");
    // The official Node SDK sends these to `/reply` instead of `/parts`.
    if is_management(call) {
        workspace
            .store
            .active(kind, call.first_path_value())
            .ok_or_else(missing)?;
        return manage(workspace, call);
    }
    let by_admin = call.text("type").as_deref() == Some("admin");
    let contact = match by_admin {
        true => None,
        false => Some(
            workspace
                .contact_in(&call.body)
                .ok_or_else(|| ApiError::record_not_found(call.operation, kind::contact()))?,
        ),
    };
    let id = match (call.last_path_value(), &contact) {
        ("last", Some(contact)) => {
            let conversations = workspace.relations.ids((kind::contact(), contact), kind);
            let updated_at = |id: &&str| {
                workspace
                    .store
                    .get(kind, id)
                    .map(|record| record.value["updated_at"].as_i64())
            };
            conversations.max_by_key(updated_at).map(str::to_owned)
        }
        (id, _) => Some(id.to_owned()),
    };
    let id = id
        .filter(|id| workspace.store.active(kind, id).is_some())
        .ok_or_else(missing)?;
    let has_attachments = ["attachment_urls", "attachment_files"]
        .iter()
        .any(|name| call.body.contains_key(*name));
    let body = call.text("body").map(|body| html(&body, ""));
    if body.is_none() && !has_attachments {
        return Err(ApiError::missing_parameter("body is required"));
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
            let admin = call.text("admin_id").map(Cow::into_owned);
            admins::part_author(
                workspace,
                &admin.ok_or_else(|| ApiError::missing_parameter("admin_id is required"))?,
            )
        }
    };
    let part_type = match (is_note, &contact) {
        (true, _) => "note",
        // In the recorded responses, the reply of a contact reopens a closed conversation.
        (false, Some(_)) if !is_open => "open",
        _ => "comment",
    };
    add_part(workspace, &id, NewPart::new(part_type, author).body(body));
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
        Some(contact) => set_timestamp(workspace, contact, "last_replied_at"),
        None if !is_note => {
            let contacts: Vec<String> = workspace
                .relations
                .ids((kind, &id), kind::contact())
                .map(str::to_owned)
                .collect();
            contacts
                .iter()
                .for_each(|contact| set_timestamp(workspace, contact, "last_contacted_at"));
        }
        None => {}
    }
    workspace.show(call, kind, &id)
}

/// Returns `true` if a request closes, snoozes, opens or assigns a conversation.
fn is_management(call: &MockCall<'_>) -> bool {
    let message_type = call.text("message_type");
    matches!(
        message_type.as_deref(),
        Some("close" | "snoozed" | "open" | "assignment")
    )
}

/// Closes, snoozes, opens or assigns a conversation.
pub(super) fn manage(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::conversation(), call.first_path_value());
    let admin = call
        .text("admin_id")
        .ok_or_else(|| ApiError::missing_parameter("admin_id is required"))?;
    let author = admins::part_author(workspace, &admin);
    let body = call.text("body").map(|body| html(&body, ""));
    let message_type = call.text("message_type").unwrap_or_default();
    let is_open = workspace
        .store
        .get(kind, id)
        .is_some_and(|record| record.value["open"] == true);
    match message_type.as_ref() {
        "close" => {
            add_part(workspace, id, NewPart::new("close", author).body(body));
            let closed = json!({"open": false, "state": "closed", "waiting_since": null, "snoozed_until": null});
            change(workspace, id, |fields| set(fields, closed));
        }
        "snoozed" => {
            let until = call
                .body
                .get("snoozed_until")
                .and_then(text_of)
                .and_then(|until| until.parse::<i64>().ok());
            let until = until.ok_or_else(|| ApiError::missing_parameter("snoozed_until is required"))?;
            add_part(workspace, id, NewPart::new("snoozed", author).body(body));
            let snoozed = json!({"open": true, "state": "snoozed", "snoozed_until": until});
            change(workspace, id, |fields| set(fields, snoozed));
        }
        "open" => {
            add_part(workspace, id, NewPart::new("open", author).body(body));
            change(workspace, id, |fields| {
                set(fields, json!({"open": true, "state": "open", "snoozed_until": null}));
            });
        }
        "assignment" => {
            let assignee = call
                .text("assignee_id")
                .ok_or_else(|| ApiError::missing_parameter("assignee_id is required"))?;
            let is_team = call.text("type").as_deref() == Some("team");
            let assignee_type = if is_team { "team" } else { "admin" };
            let part_type = if is_open { "assignment" } else { "assign_and_reopen" };
            add_part(
                workspace,
                id,
                NewPart::new(part_type, author)
                    .body(body)
                    .assigned_to(assignee_type, &assignee),
            );
            let assignee_id = assignee.parse::<i64>().ok().filter(|id| *id != 0);
            change(workspace, id, |fields| {
                match assignee_id {
                    Some(id) => set(fields, json!({format!("{assignee_type}_assignee_id"): id})),
                    None => set(fields, json!({"admin_assignee_id": null, "team_assignee_id": null})),
                }
                if !is_team && assignee_id.is_some() {
                    add_teammate(fields, &assignee);
                }
                set(fields, json!({"open": true, "state": "open"}));
            });
        }
        other => {
            return Err(ApiError::invalid_parameter(format!(
                "{other:?} is not a valid message_type"
            )));
        }
    }
    workspace.show(call, kind, id)
}

/// Runs no assignment rules: the conversation is assigned to nobody, as in the recorded response.
pub(super) fn run_assignment_rules(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::conversation(), call.first_path_value());
    let part = NewPart::new("default_assignment", operator()).assigned_to("admin", "0");
    add_part(workspace, id, part);
    workspace.show(call, kind, id)
}

/// Returns the contacts of a conversation as `customers`.
fn customers(workspace: &Workspace, id: &str) -> Value {
    let contacts = workspace.relations.ids((kind::conversation(), id), kind::contact());
    let customers = contacts.map(|contact| {
        let role = contact_author(workspace, contact)["type"].clone();
        json!({"type": role, "id": contact})
    });
    json!({"customers": customers.collect::<Vec<_>>()})
}

fn update_contacts(workspace: &mut Workspace, id: &str) {
    let contacts = workspace.relations.ids((kind::conversation(), id), kind::contact());
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

pub(super) fn attach_contact(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let id = call.first_path_value();
    let customer = call
        .object("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer is required"))?;
    let contact = workspace.contact_in(customer);
    let contact = contact.ok_or_else(|| ApiError::record_not_found(call.operation, kind::contact()))?;
    workspace.attach((kind::conversation(), id), (kind::contact(), &contact), &Value::Null);
    let admin = call
        .text("admin_id")
        .map_or_else(|| admins::token_admin_id(workspace), Cow::into_owned);
    let author = admins::part_author(workspace, &admin);
    add_part(workspace, id, NewPart::new("participant_added", author));
    update_contacts(workspace, id);
    respond(call, &customers(workspace, id))
}

pub(super) fn detach_contact(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, contact_kind) = (kind::conversation(), kind::contact());
    let (id, contact) = (call.first_path_value(), call.last_path_value());
    if workspace.relations.data((kind, id), (contact_kind, contact)).is_none() {
        return Err(ApiError::record_not_found(call.operation, contact_kind));
    }
    if workspace.relations.count((kind, id), contact_kind) == 1 {
        let message = "Removing the last customer is not allowed";
        return Err(ApiError::new(422, "parameter_invalid", message));
    }
    workspace.detach_records((kind, id), (contact_kind, contact));
    let admin = call
        .text("admin_id")
        .map_or_else(|| admins::token_admin_id(workspace), Cow::into_owned);
    let author = admins::part_author(workspace, &admin);
    add_part(workspace, id, NewPart::new("participant_removed", author));
    update_contacts(workspace, id);
    respond(call, &customers(workspace, id))
}

/// Removes the text of a part, or of the first message of a conversation.
pub(super) fn redact(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::conversation();
    let code = "conversation_part_or_message_not_found";
    let missing = || ApiError::new(404, code, "Conversation part or message not found");
    let id = call.text("conversation_id").map(Cow::into_owned).unwrap_or_default();
    if workspace.store.active(kind, &id).is_none() {
        return Err(missing());
    }
    let is_source = call.text("type").as_deref() == Some("source");
    let name = if is_source { "source_id" } else { "conversation_part_id" };
    let target_id = call.text(name).map(Cow::into_owned);
    let now = workspace.now.seconds();
    let is_target =
        |fields: &Map<String, Value>| text_in(fields, "id").as_deref() == target_id.as_deref() && target_id.is_some();
    let mut found = false;
    change(workspace, &id, |fields| {
        let target = match is_source {
            true => fields
                .get_mut("source")
                .and_then(Value::as_object_mut)
                .filter(|source| is_target(source)),
            false => {
                let parts = fields
                    .get_mut("conversation_parts")
                    .and_then(|list| list.get_mut("conversation_parts"));
                let parts = parts.and_then(Value::as_array_mut).into_iter().flatten();
                parts.filter_map(Value::as_object_mut).find(|part| is_target(part))
            }
        };
        if let Some(target) = target {
            found = true;
            set(
                target,
                json!({"body": "<p><i>This message was deleted</i></p>", "redacted": true, "attachments": []}),
            );
            set_present(target, "updated_at", now.into());
        }
    });
    match found {
        true => workspace.show(call, kind, &id),
        false => Err(missing()),
    }
}
