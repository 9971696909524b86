//! Contacts: who is there already, archived, merged, subscribed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal, stub, text_in};
use super::super::catalog::{SUBSCRIPTION, VISITOR, catalog, kind};
use super::super::operations::OPERATIONS;
use super::super::store::Kind;
use super::super::template::readdress;
use super::super::workspace::{Workspace, merge as merge_fields, set_present, with};
use super::{events, respond};

/// Related records that a contact shows.
const EMBEDDED: usize = 10;

/// Creates a contact, unless there is one with its external id, or a user with its email address.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::contact();
    refuse_double(workspace, &call.body, None)?;
    let mut record = workspace.new_record(call.operation, kind);
    if let Some(object) = &call.operation.record {
        merge_fields(object, &mut record, &call.body, catalog().identifier(kind));
    }
    // A lead without an id in the caller's system gets one from the server.
    if record.get("role").is_some_and(|role| role == "lead") && record.get("external_id").is_some_and(Value::is_null) {
        let id = text_in(&record, "id").unwrap_or_default().into_owned();
        record.insert("external_id".to_owned(), uuid(&id).into());
    }
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}

/// A UUID that belongs to an id.
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

/// Refuses details that another contact has.
fn refuse_double(workspace: &mut Workspace, body: &Map<String, Value>, own: Option<&str>) -> Result<(), Refusal> {
    let kind = kind::contact();
    let held_role = own
        .and_then(|own| workspace.store.get(kind, own))
        .map(|record| record.value["role"].clone());
    let role = body.get("role").cloned().or(held_role).unwrap_or_default();
    let is_user = |role: &Value| role.as_str().unwrap_or("user") == "user";
    for field in ["external_id", "email"] {
        let Some(text) = text_in(body, field) else { continue };
        for place in workspace.store.having(kind, field, &text) {
            let Some(record) = workspace.store.at(kind, place) else {
                continue;
            };
            let id = record.id.clone().unwrap_or_default();
            // Leads share email addresses.
            let conflicts = field == "external_id" || (is_user(&role) && is_user(&record.value["role"]));
            if own == Some(id.as_str()) || !conflicts {
                continue;
            }
            if record.described {
                // The description's examples are in nobody's way.
                workspace.remove(kind, &id);
                continue;
            }
            let which = if record.archived {
                "An archived contact"
            } else {
                "A contact"
            };
            let message = format!("{which} matching those details already exists with id={id}");
            return Err(Refusal::new(409, "conflict", message));
        }
    }
    Ok(())
}

pub(super) fn update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::contact(), call.last_value());
    let role = workspace.store.get(kind, id).map(|record| record.value["role"].clone());
    // Reported by connectors.
    if role.is_some_and(|role| role == "user") && call.body.get("role").is_some_and(|role| role == "lead") {
        return Err(Refusal::new(400, "client_error", "a user cannot be made a lead"));
    }
    refuse_double(workspace, &call.body, Some(id))?;
    workspace.merge_into(call, kind, id);
    workspace.show(call, kind, id)
}

/// Merges one contact into another: relations, conversations and events go over, and what the other one lacks.
pub(super) fn merge(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::contact();
    let named = |name: &str| call.text(name).map(std::borrow::Cow::into_owned);
    let (Some(from), Some(into)) = (named("from"), named("into")) else {
        return Err(Refusal::absent("from and into are required"));
    };
    for id in [&from, &into] {
        if workspace.store.live(kind, id).is_none() {
            return Err(Refusal::missing(call.operation, kind));
        }
    }
    if from == into {
        return Err(Refusal::invalid("a contact cannot be merged into itself"));
    }
    let conversations: Vec<String> = workspace
        .links
        .of((kind, &from), kind::conversation())
        .map(str::to_owned)
        .collect();
    let notes: Vec<String> = workspace
        .links
        .of((kind, &from), kind::note())
        .map(str::to_owned)
        .collect();
    workspace.links.hand_over(kind, &from, &into);
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
    events::hand_over(workspace, &from, &into);
    workspace.change(kind, &into, |fields| {
        let lacks = |value: Option<&Value>| value.is_none_or(Value::is_null);
        for (name, value) in from_record.as_object().into_iter().flatten() {
            match (fields.get_mut(name), value) {
                (Some(Value::Object(held)), Value::Object(given)) if name == "custom_attributes" => {
                    for (name, value) in given {
                        if lacks(held.get(name)) {
                            held.insert(name.clone(), value.clone());
                        }
                    }
                }
                (held, given) if lacks(held.as_deref()) && name != "external_id" => {
                    fields.insert(name.clone(), given.clone());
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

/// An archived contact is found by what unarchives it only.
pub(super) fn archive(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    set_archived(workspace, call, true)
}

pub(super) fn unarchive(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    set_archived(workspace, call, false)
}

fn set_archived(workspace: &mut Workspace, call: &Call<'_>, archived: bool) -> Outcome {
    let Some((kind, id)) = call.subject() else {
        return Err(Refusal::missing(call.operation, kind::contact()));
    };
    workspace.change(kind, id, |_| ());
    if !workspace.store.change(kind, id, |record| record.archived = archived) {
        return Err(Refusal::missing(call.operation, kind));
    }
    respond(call, &stub("contact", id, "archived", archived))
}

/// Opts a contact in to or out of a subscription type.
pub(super) fn subscribe(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let id = call.text("id").map(std::borrow::Cow::into_owned).unwrap_or_default();
    let (Some(of), Some(_)) = (call.subject(), workspace.store.live(SUBSCRIPTION, &id)) else {
        return Err(Refusal::missing(call.operation, SUBSCRIPTION));
    };
    let consent = call.text("consent_type");
    let about = consent.map_or(Value::Null, |consent| json!({"consent_type": consent}));
    workspace.attach(of, (SUBSCRIPTION, &id), &about);
    let shown = workspace.view(SUBSCRIPTION, &id).unwrap_or_default();
    respond(call, &with(shown, &about))
}

/// The lists of related records that a contact shows the beginning of.
pub(super) fn embed(workspace: &Workspace, id: &str, fields: &mut Map<String, Value>) {
    let of = (kind::contact(), id);
    let mut embed = |name: &str, kind: Kind, kind_name: &str, path: &str, about: Option<&str>| {
        let Some(Value::Object(list)) = fields.get_mut(name) else {
            return;
        };
        let consents = |other: &str| {
            let about = workspace.links.about(of, (kind, other));
            about.and_then(|about| about["consent_type"].as_str().map(str::to_owned))
        };
        let ids: Vec<&str> = workspace.links.of(of, kind).collect();
        let ids: Vec<&str> = ids
            .into_iter()
            .filter(|id| about.is_none_or(|about| consents(id).as_deref() == Some(about)))
            .collect();
        let shown = ids.iter().take(EMBEDDED);
        let shown: Vec<Value> = shown
            .map(|id| json!({"id": id, "type": kind_name, "url": format!("{path}/{id}")}))
            .collect();
        list.insert("data".to_owned(), shown.into());
        list.insert("total_count".to_owned(), ids.len().into());
        list.insert("has_more".to_owned(), (ids.len() > EMBEDDED).into());
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

/// Adds the contacts that the description's examples mention, so that what they do with them can be done.
pub(super) fn add_mentioned(workspace: &mut Workspace) {
    let mut mentioned: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for operation in OPERATIONS {
        for (_, body) in operation.requests.iter().chain(operation.successes) {
            mention(&serde_json::from_str(body).unwrap_or_default(), &mut mentioned);
        }
    }
    let kind = kind::contact();
    let like = catalog().blank("POST", "/contacts");
    for (id, about) in mentioned {
        if like.is_empty() || workspace.store.get(kind, &id).is_some() || workspace.store.get(VISITOR, &id).is_some() {
            continue;
        }
        let mut record = like.clone();
        let recorded = like.get("tags").and_then(|tags| tags["url"].as_str());
        let recorded = recorded
            .and_then(|url| url.split('/').nth(2))
            .unwrap_or_default()
            .to_owned();
        for value in record.values_mut() {
            readdress(value, &recorded, &id);
        }
        record.insert("id".to_owned(), id.into());
        for (name, value) in about {
            set_present(&mut record, &name, value);
        }
        workspace.put(kind, Value::Object(record));
    }
}

/// Collects the contacts that a value mentions, with what it says of them.
fn mention(value: &Value, mentioned: &mut BTreeMap<String, Map<String, Value>>) {
    let is_id = |text: &str| text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match value {
        Value::Array(values) => values.iter().for_each(|value| mention(value, mentioned)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or("contact");
            let is_contact = ["user", "lead", "contact"].contains(&kind);
            let id = |name: &str| {
                text_in(fields, name)
                    .filter(|id| is_id(id))
                    .map(std::borrow::Cow::into_owned)
            };
            let named = ["intercom_user_id", "from", "into"].iter().find_map(|name| id(name));
            let by_id = id("id").filter(|_| is_contact && !fields.contains_key("company_id") && fields.len() < 6);
            if let Some(id) = named.or(by_id) {
                let about = mentioned.entry(id).or_default();
                if kind != "contact" {
                    about.insert("role".to_owned(), kind.into());
                }
                for name in ["name", "email"] {
                    if let Some(text) = fields.get(name).filter(|text| text.is_string()) {
                        about.insert(name.to_owned(), text.clone());
                    }
                }
            }
            fields.values().for_each(|value| mention(value, mentioned));
        }
        _ => {}
    }
}
