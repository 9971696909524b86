//! Tickets: of a type, about contacts, with a state and an assignee.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, merge};
use super::conversations::{contact_author, operator};
use super::parts::{self, Part};
use super::text::html;
use super::{admins, respond};
use crate::wire::id::text_of;

/// The states of a ticket, and what people call them.
const STATES: [(&str, &str); 4] = [
    ("submitted", "Submitted"),
    ("in_progress", "In progress"),
    ("waiting_on_customer", "Waiting on you"),
    ("resolved", "Resolved"),
];

/// Creates a ticket of the type of the request, about its contacts.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::ticket();
    let type_id = call
        .text("ticket_type_id")
        .ok_or_else(|| Refusal::absent("ticket_type_id is required"))?;
    let ticket_type = workspace.view(kind::ticket_type(), &type_id);
    let ticket_type = ticket_type.ok_or_else(|| Refusal::missing(call.operation, kind::ticket_type()))?;
    let mut contacts = Vec::new();
    for contact in call
        .body
        .get("contacts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let id = contact.as_object().and_then(|contact| workspace.contact_in(contact));
        contacts.push(id.ok_or_else(|| Refusal::missing(call.operation, kind::contact()))?);
    }
    if contacts.is_empty() {
        return Err(Refusal::absent("contacts is required"));
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
        Part::new("ticket_state_updated_by_admin", operator()),
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

/// Changes attributes, state and assignee of a ticket; each change is a part.
pub(super) fn update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::ticket(), call.last_value());
    let state = call.text("state").map(std::borrow::Cow::into_owned);
    if let Some(state) = &state
        && !STATES.iter().any(|(name, _)| name == state)
    {
        return Err(Refusal::invalid(format!("{state:?} is not a ticket state")));
    }
    let assignment = call.object("assignment");
    let named = |name: &str| assignment.and_then(|assignment| assignment.get(name)).and_then(text_of);
    let (admin, assignee) = (named("admin_id"), named("assignee_id"));
    let is_there = |id: &str| {
        let (admin, team) = (
            workspace.store.live(kind::admin(), id),
            workspace.store.live(kind::team(), id),
        );
        id == "0" || admin.or(team).is_some()
    };
    if assignment.is_some() && ![&admin, &assignee].iter().all(|id| id.as_deref().is_none_or(is_there)) {
        return Err(Refusal::new(404, "assignee_not_found", "Assignee not found"));
    }
    let previous = workspace
        .store
        .get(kind, id)
        .map(|record| record.value["ticket_state"].clone())
        .unwrap_or_default();
    let mut added = Vec::new();
    for _ in call.object("ticket_attributes").into_iter().flatten() {
        added.push((Part::new("ticket_attribute_updated_by_admin", operator()), Value::Null));
    }
    if let Some(state) = &state {
        let others = json!({"ticket_state": state, "previous_ticket_state": previous});
        added.push((Part::new("ticket_state_updated_by_admin", operator()), others));
    }
    let is_team = assignee
        .as_deref()
        .is_some_and(|id| workspace.store.live(kind::admin(), id).is_none() && id != "0");
    if let Some(assignee) = &assignee {
        let by = admin.as_deref().map_or_else(admins::my_id, str::to_owned);
        let part = Part::new("assignment", admins::part_author(workspace, &by));
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
            // The recorded response to a request with these two shows neither.
            body.retain(|name, _| !["open", "snoozed_until", "assignment", "state"].contains(&name.as_str()));
            merge(object, fields, &body, catalog().identifier(kind));
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

/// Replies to a ticket; the response is the new part.
pub(super) fn reply(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::ticket(), call.values.first().map_or("", String::as_str));
    let body = call.text("body").map(|body| html(&body, ""));
    let body = body.ok_or_else(|| Refusal::absent("body is required"))?;
    let author = match call.text("type").as_deref() {
        Some("admin") => {
            let admin = call
                .text("admin_id")
                .ok_or_else(|| Refusal::absent("admin_id is required"))?;
            admins::part_author(workspace, &admin)
        }
        _ => {
            let contact = workspace.contact_in(&call.body);
            contact_author(
                workspace,
                &contact.ok_or_else(|| Refusal::missing(call.operation, kind::contact()))?,
            )
        }
    };
    let part_type = match call.text("message_type").as_deref() {
        Some("note") => "note",
        _ => "comment",
    };
    let part = parts::of_ticket(workspace, Part::new(part_type, author).body(Some(body)), Value::Null);
    workspace.change(kind, id, |fields| parts::append(fields, "ticket_parts", part.clone()));
    respond(call, &part)
}

/// A ticket shows its type as it is now.
pub(super) fn embed_type(workspace: &Workspace, fields: &mut Map<String, Value>) {
    let Some(held) = fields.get_mut("ticket_type") else {
        return;
    };
    let id = text_of(&held["id"]).unwrap_or_default().into_owned();
    if let Some(now) = workspace
        .store
        .get(kind::ticket_type(), &id)
        .filter(|record| !record.described)
    {
        *held = workspace.view_of(kind::ticket_type(), now);
    }
}
