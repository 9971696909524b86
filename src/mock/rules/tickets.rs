//! Tickets, with a type, contacts, a state and an assignee.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, merge};
use super::conversations::{contact_author, operator};
use super::parts::{self, NewPart};
use super::text::html;
use super::{admins, respond};
use crate::wire::id::text_of;

/// The states of a ticket, and their labels.
const STATES: [(&str, &str); 4] = [
    ("submitted", "Submitted"),
    ("in_progress", "In progress"),
    ("waiting_on_customer", "Waiting on you"),
    ("resolved", "Resolved"),
];

/// Creates a ticket with the type and the contacts of the request.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::ticket();
    let type_id = call
        .text("ticket_type_id")
        .ok_or_else(|| ApiError::missing_parameter("ticket_type_id is required"))?;
    let ticket_type = workspace.view(kind::ticket_type(), &type_id);
    let ticket_type = ticket_type.ok_or_else(|| ApiError::record_not_found(call.operation, kind::ticket_type()))?;
    let mut contacts = Vec::new();
    for contact in call
        .body
        .get("contacts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let id = contact.as_object().and_then(|contact| workspace.contact_in(contact));
        contacts.push(id.ok_or_else(|| ApiError::record_not_found(call.operation, kind::contact()))?);
    }
    if contacts.is_empty() {
        return Err(ApiError::missing_parameter("contacts is required"));
    }
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(attributes) = call.body.get("ticket_attributes") {
        record.insert("ticket_attributes".to_owned(), attributes.clone());
    }
    let shown: Vec<Value> = contacts
        .iter()
        .map(|id| json!({"id": id, "role": contact_author(workspace, id)["type"]}))
        .collect();
    record.insert(
        "contacts".to_owned(),
        json!({"type": "contact.list", "contacts": shown}),
    );
    record.insert("ticket_type".to_owned(), ticket_type);
    record.insert("admin_assignee_id".to_owned(), "0".into());
    record.insert("team_assignee_id".to_owned(), "0".into());
    record.remove("ticket_parts");
    set_state(&mut record, "submitted");
    let others = json!({"ticket_state": "submitted", "previous_ticket_state": "submitted"});
    let part = parts::of_ticket(
        workspace,
        NewPart::new("ticket_state_updated_by_admin", operator()),
        others,
    );
    parts::append(&mut record, "ticket_parts", part);
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    for contact in contacts {
        workspace.attach((kind, &id), (kind::contact(), &contact), &Value::Null);
    }
    workspace.show(call, kind, &id)
}

fn set_state(fields: &mut Map<String, Value>, state: &str) {
    let label = STATES
        .iter()
        .find(|(name, _)| *name == state)
        .map_or(state, |(_, label)| label);
    fields.insert("ticket_state".to_owned(), state.into());
    fields.insert("ticket_state_internal_label".to_owned(), label.into());
    fields.insert("ticket_state_external_label".to_owned(), label.into());
}

/// Changes the attributes, state and assignee of a ticket. Each change adds a part.
pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::ticket(), call.last_path_value());
    let state = call.text("state").map(Cow::into_owned);
    if let Some(state) = &state
        && !STATES.iter().any(|(name, _)| name == state)
    {
        return Err(ApiError::invalid_parameter(format!("{state:?} is not a ticket state")));
    }
    let assignment = call.object("assignment");
    let id_in = |name: &str| assignment.and_then(|assignment| assignment.get(name)).and_then(text_of);
    let (admin, assignee) = (id_in("admin_id"), id_in("assignee_id"));
    let exists = |id: &str| {
        let (admin, team) = (
            workspace.store.active(kind::admin(), id),
            workspace.store.active(kind::team(), id),
        );
        id == "0" || admin.or(team).is_some()
    };
    if assignment.is_some() && ![&admin, &assignee].iter().all(|id| id.as_deref().is_none_or(exists)) {
        return Err(ApiError::new(404, "assignee_not_found", "Assignee not found"));
    }
    let previous = workspace
        .store
        .get(kind, id)
        .map(|record| record.value["ticket_state"].clone())
        .unwrap_or_default();
    let mut added = Vec::new();
    for _ in call.object("ticket_attributes").into_iter().flatten() {
        added.push((
            NewPart::new("ticket_attribute_updated_by_admin", operator()),
            Value::Null,
        ));
    }
    if let Some(state) = &state {
        let others = json!({"ticket_state": state, "previous_ticket_state": previous});
        added.push((NewPart::new("ticket_state_updated_by_admin", operator()), others));
    }
    let is_team = assignee
        .as_deref()
        .is_some_and(|id| workspace.store.active(kind::admin(), id).is_none() && id != "0");
    if let Some(assignee) = &assignee {
        let author = admin
            .as_deref()
            .map_or_else(|| admins::token_admin_id(workspace), str::to_owned);
        let part = NewPart::new("assignment", admins::part_author(workspace, &author));
        added.push((
            part.assigned_to(if is_team { "team" } else { "admin" }, assignee),
            Value::Null,
        ));
    }
    let added: Vec<Value> = added
        .into_iter()
        .map(|(part, others)| parts::of_ticket(workspace, part, others))
        .collect();
    workspace.change(kind, id, |fields| {
        if let Some(object) = &call.operation.record {
            let mut body = call.body.clone();
            // The recorded response to a request with `open` and `snoozed_until` has neither.
            body.retain(|name, _| !["open", "snoozed_until", "assignment", "state"].contains(&name.as_str()));
            merge(object, fields, &body, catalog().id_field(kind));
        }
        if let Some(state) = &state {
            set_state(fields, state);
        }
        if let Some(assignee) = &assignee {
            let name = if is_team {
                "team_assignee_id"
            } else {
                "admin_assignee_id"
            };
            fields.insert(name.to_owned(), assignee.as_ref().into());
        }
        for part in added {
            parts::append(fields, "ticket_parts", part);
        }
    });
    workspace.show(call, kind, id)
}

/// Replies to a ticket. The response is the new part.
pub(super) fn reply(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::ticket(), call.first_path_value());
    let body = call.text("body").map(|body| html(&body, ""));
    let body = body.ok_or_else(|| ApiError::missing_parameter("body is required"))?;
    let author = match call.text("type").as_deref() {
        Some("admin") => {
            let admin = call
                .text("admin_id")
                .ok_or_else(|| ApiError::missing_parameter("admin_id is required"))?;
            admins::part_author(workspace, &admin)
        }
        _ => {
            let contact = workspace.contact_in(&call.body);
            contact_author(
                workspace,
                &contact.ok_or_else(|| ApiError::record_not_found(call.operation, kind::contact()))?,
            )
        }
    };
    let part_type = match call.text("message_type").as_deref() {
        Some("note") => "note",
        _ => "comment",
    };
    let part = parts::of_ticket(workspace, NewPart::new(part_type, author).body(Some(body)), Value::Null);
    workspace.change(kind, id, |fields| parts::append(fields, "ticket_parts", part.clone()));
    respond(call, &part)
}

/// Updates the type of a ticket to its current state.
pub(super) fn embed_type(workspace: &Workspace, fields: &mut Map<String, Value>) {
    let Some(embedded) = fields.get_mut("ticket_type") else {
        return;
    };
    let id = text_of(&embedded["id"]).unwrap_or_default().into_owned();
    if let Some(current) = workspace
        .store
        .get(kind::ticket_type(), &id)
        .filter(|record| !record.is_example)
    {
        *embedded = workspace.view_of(kind::ticket_type(), current);
    }
}
