//! Contacts: conflicts, archiving, merging and subscriptions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall, short_record, text_in};
use super::super::catalog::{SUBSCRIPTION, VISITOR, catalog, kind};
use super::super::description::OPERATIONS;
use super::super::store::RecordKind;
use super::super::template::replace_id_in_urls;
use super::super::workspace::{Workspace, merge as merge_fields, set_present, with};
use super::{data_attributes, events, relation_changed, respond};

/// The maximum number of related records in a contact.
const MAX_EMBEDDED: usize = 10;

/// Creates a contact, unless its external id is taken, or a user with the same email address
/// exists.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::contact();
    data_attributes::check_options(workspace, "contact", &call.body)?;
    reject_duplicate(workspace, &call.body, None)?;
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge_fields(object, &mut record, &call.body, catalog().id_field(kind));
    }
    // The server sets the external id of a lead that has none.
    if record.get("role").is_some_and(|role| role == "lead") && record.get("external_id").is_some_and(Value::is_null) {
        let id = text_in(&record, "id").unwrap_or_default().into_owned();
        record.insert("external_id".to_owned(), uuid(&id).into());
    }
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}

/// Derives a UUID from an id.
pub(super) fn uuid(id: &str) -> String {
    let digits = format!(
        "{:0>32}",
        id.chars().filter(char::is_ascii_hexdigit).collect::<String>()
    );
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(0..8),
        part(8..12),
        part(13..16),
        part(17..20),
        part(20..32)
    )
}

/// Fails if another contact has the same external id, or is a user with the same email address.
fn reject_duplicate(
    workspace: &mut Workspace,
    body: &Map<String, Value>,
    own_id: Option<&str>,
) -> Result<(), ApiError> {
    let kind = kind::contact();
    let current_role = own_id
        .and_then(|id| workspace.store.get(kind, id))
        .map(|record| record.value["role"].clone());
    let role = body.get("role").cloned().or(current_role).unwrap_or_default();
    let is_user = |role: &Value| role.as_str().unwrap_or("user") == "user";
    for field in ["external_id", "email"] {
        let Some(text) = text_in(body, field) else { continue };
        for slot in workspace.store.with_text(kind, field, &text) {
            let Some(record) = workspace.store.at(kind, slot) else {
                continue;
            };
            let id = record.id.clone().unwrap_or_default();
            // Leads share email addresses.
            let conflicts = field == "external_id" || (is_user(&role) && is_user(&record.value["role"]));
            if own_id == Some(id.as_str()) || !conflicts {
                continue;
            }
            if record.is_example {
                // Examples of the description are replaced.
                workspace.remove(kind, &id);
                continue;
            }
            let subject = if record.archived {
                "An archived contact"
            } else {
                "A contact"
            };
            let message = format!("{subject} matching those details already exists with id={id}");
            return Err(ApiError::new(409, "conflict", message));
        }
    }
    Ok(())
}

pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::contact(), call.last_path_value());
    let role = workspace.store.get(kind, id).map(|record| record.value["role"].clone());
    // Source: reports of connectors.
    if role.is_some_and(|role| role == "user") && call.body.get("role").is_some_and(|role| role == "lead") {
        return Err(ApiError::new(400, "client_error", "a user cannot become a lead"));
    }
    data_attributes::check_options(workspace, "contact", &call.body)?;
    reject_duplicate(workspace, &call.body, Some(id))?;
    workspace.merge_into(call, kind, id);
    workspace.show(call, kind, id)
}

/// Merges one contact into another, which gets its relations, conversations and events, and the
/// fields that it lacks.
pub(super) fn merge(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::contact();
    let id = |name: &str| call.text(name).map(Cow::into_owned);
    let (Some(from), Some(into)) = (id("from"), id("into")) else {
        return Err(ApiError::missing_parameter("from and into are required"));
    };
    for id in [&from, &into] {
        if workspace.store.active(kind, id).is_none() {
            return Err(ApiError::record_not_found(call.operation, kind));
        }
    }
    if from == into {
        return Err(ApiError::invalid_parameter("a contact cannot be merged into itself"));
    }
    let conversations: Vec<String> = workspace
        .relations
        .ids((kind, &from), kind::conversation())
        .map(str::to_owned)
        .collect();
    let notes: Vec<String> = workspace
        .relations
        .ids((kind, &from), kind::note())
        .map(str::to_owned)
        .collect();
    // A company of both contacts loses one user.
    let shared = workspace.relations.ids((kind, &from), kind::company());
    let shared = shared.filter(|id| workspace.relations.data((kind, &into), (kind::company(), id)).is_some());
    for id in shared.map(str::to_owned).collect::<Vec<_>>() {
        relation_changed(workspace, (kind::company(), &id), (kind, &from), -1);
    }
    workspace.relations.transfer(kind, &from, &into);
    let from_record = workspace
        .store
        .remove(kind, &from)
        .map(|record| record.value)
        .unwrap_or_default();
    for id in conversations {
        workspace.store.change(kind::conversation(), &id, |record| {
            replace_contact(&mut record.value, &from, &into);
        });
    }
    for id in notes {
        workspace.store.change(kind::note(), &id, |record| {
            if let Some(id) = record
                .value
                .get_mut("contact")
                .and_then(|contact| contact.get_mut("id"))
            {
                *id = into.as_str().into();
            }
        });
    }
    events::transfer(workspace, &from, &into);
    workspace.change(kind, &into, |fields| {
        let is_unset = |value: Option<&Value>| value.is_none_or(Value::is_null);
        for (name, value) in from_record.as_object().into_iter().flatten() {
            match (fields.get_mut(name), value) {
                (Some(Value::Object(current)), Value::Object(merged)) if name == "custom_attributes" => {
                    for (name, value) in merged {
                        if is_unset(current.get(name)) {
                            current.insert(name.clone(), value.clone());
                        }
                    }
                }
                (current, merged) if is_unset(current.as_deref()) && name != "external_id" => {
                    fields.insert(name.clone(), merged.clone());
                }
                _ => {}
            }
        }
    });
    workspace.show(call, kind, &into)
}

fn replace_contact(conversation: &mut Value, from: &str, into: &str) {
    let contacts = conversation
        .pointer_mut("/contacts/contacts")
        .and_then(Value::as_array_mut);
    for contact in contacts.into_iter().flatten() {
        if contact["id"] == from {
            contact["id"] = into.into();
        }
    }
}

/// Archives a contact. Only the operation that unarchives contacts finds it afterwards.
pub(super) fn archive(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    set_archived(workspace, call, true)
}

pub(super) fn unarchive(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    set_archived(workspace, call, false)
}

fn set_archived(workspace: &mut Workspace, call: &MockCall<'_>, archived: bool) -> CallResult {
    let Some((kind, id)) = call.subject() else {
        return Err(ApiError::record_not_found(call.operation, kind::contact()));
    };
    workspace.change(kind, id, |_| ());
    if !workspace.store.change(kind, id, |record| record.archived = archived) {
        return Err(ApiError::record_not_found(call.operation, kind));
    }
    respond(call, &short_record("contact", id, "archived", archived))
}

/// Opts a contact in to or out of a subscription type.
pub(super) fn subscribe(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let id = call.text("id").map(Cow::into_owned).unwrap_or_default();
    let (Some(contact), Some(_)) = (call.subject(), workspace.store.active(SUBSCRIPTION, &id)) else {
        return Err(ApiError::record_not_found(call.operation, SUBSCRIPTION));
    };
    let consent = call.text("consent_type");
    let data = consent.map_or(Value::Null, |consent| json!({"consent_type": consent}));
    workspace.attach(contact, (SUBSCRIPTION, &id), &data);
    let subscription = workspace.view(SUBSCRIPTION, &id).unwrap_or_default();
    respond(call, &with(subscription, &data))
}

/// Adds the first related records of each kind to a contact.
pub(super) fn embed(workspace: &Workspace, id: &str, fields: &mut Map<String, Value>) {
    let contact = (kind::contact(), id);
    let mut embed = |name: &str, kind: RecordKind, type_name: &str, path: &str, consent: Option<&str>| {
        let Some(Value::Object(list)) = fields.get_mut(name) else {
            return;
        };
        let consent_to = |other: &str| {
            let data = workspace.relations.data(contact, (kind, other));
            data.and_then(|data| data["consent_type"].as_str().map(str::to_owned))
        };
        let ids: Vec<&str> = workspace.relations.ids(contact, kind).collect();
        let ids: Vec<&str> = ids
            .into_iter()
            .filter(|id| consent.is_none_or(|consent| consent_to(id).as_deref() == Some(consent)))
            .collect();
        let shown = ids.iter().take(MAX_EMBEDDED);
        let shown: Vec<Value> = shown
            .map(|id| json!({"id": id, "type": type_name, "url": format!("{path}/{id}")}))
            .collect();
        list.insert("data".to_owned(), shown.into());
        list.insert("total_count".to_owned(), ids.len().into());
        list.insert("has_more".to_owned(), (ids.len() > MAX_EMBEDDED).into());
    };
    embed("tags", kind::tag(), "tag", "/tags", None);
    embed("notes", kind::note(), "note", "/notes", None);
    embed("companies", kind::company(), "company", "/companies", None);
    for (name, consent) in [
        ("opted_in_subscription_types", "opt_in"),
        ("opted_out_subscription_types", "opt_out"),
    ] {
        embed(name, SUBSCRIPTION, "subscription", "/subscriptions", Some(consent));
    }
}

/// Adds the contacts mentioned in the description's examples, so that the example requests succeed.
pub(super) fn add_mentioned(workspace: &mut Workspace) {
    let mut mentioned: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for operation in OPERATIONS {
        for (_, body) in operation.requests.iter().chain(operation.successes) {
            collect_contacts(&serde_json::from_str(body).unwrap_or_default(), &mut mentioned);
        }
    }
    let kind = kind::contact();
    let template = catalog().blank_record("POST", "/contacts");
    for (id, known_fields) in mentioned {
        if template.is_empty()
            || workspace.store.get(kind, &id).is_some()
            || workspace.store.get(VISITOR, &id).is_some()
        {
            continue;
        }
        let mut record = template.clone();
        let example_id = template.get("tags").and_then(|tags| tags["url"].as_str());
        let example_id = example_id
            .and_then(|url| url.split('/').nth(2))
            .unwrap_or_default()
            .to_owned();
        for value in record.values_mut() {
            replace_id_in_urls(value, &example_id, &id);
        }
        record.insert("id".to_owned(), id.into());
        for (name, value) in known_fields {
            set_present(&mut record, &name, value);
        }
        workspace.put(kind, Value::Object(record));
    }
}

/// Collects the contacts mentioned in a value, with their known fields.
fn collect_contacts(value: &Value, mentioned: &mut BTreeMap<String, Map<String, Value>>) {
    let is_id = |text: &str| text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_contacts(value, mentioned)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or("contact");
            let is_contact = ["user", "lead", "contact"].contains(&kind);
            let id = |name: &str| text_in(fields, name).filter(|id| is_id(id)).map(Cow::into_owned);
            let referenced = ["intercom_user_id", "from", "into"].iter().find_map(|name| id(name));
            let own_id = id("id").filter(|_| is_contact && !fields.contains_key("company_id") && fields.len() < 6);
            if let Some(id) = referenced.or(own_id) {
                let known_fields = mentioned.entry(id).or_default();
                if kind != "contact" {
                    known_fields.insert("role".to_owned(), kind.into());
                }
                for name in ["name", "email"] {
                    if let Some(text) = fields.get(name).filter(|text| text.is_string()) {
                        known_fields.insert(name.to_owned(), text.clone());
                    }
                }
            }
            fields.values().for_each(|value| collect_contacts(value, mentioned));
        }
        _ => {}
    }
}
