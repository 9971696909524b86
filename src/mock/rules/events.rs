//! Events and event summaries of contacts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall, empty_success};
use super::super::catalog::{EVENT, kind};
use super::super::store::{Record, RecordKind};
use super::super::workspace::{Workspace, set_present};
use super::{ListFilter, respond};
use crate::wire::id::text_of;

/// Reported summaries, which are not events.
const SUMMARY: RecordKind = "event summary";

/// Stores an event. If the contact is unknown, the event has the ids of the request.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let Some(name) = call.text("event_name") else {
        return Err(ApiError::missing_parameter("event_name is required"));
    };
    let mut event = contact_ids(workspace, &call.body)?;
    let id = workspace.new_id("new");
    let now = workspace.now.seconds();
    event.insert("type".to_owned(), "event".into());
    event.insert("id".to_owned(), id.into());
    event.insert("event_name".to_owned(), name.as_ref().into());
    event.insert(
        "created_at".to_owned(),
        call.body.get("created_at").cloned().unwrap_or_else(|| now.into()),
    );
    if let Some(metadata) = call.body.get("metadata") {
        event.insert("metadata".to_owned(), metadata.clone());
    }
    workspace.put(EVENT, Value::Object(event));
    empty_success(call.operation)
}

/// Stores summaries of events.
pub(super) fn create_summary(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let mut record = contact_ids(workspace, &call.body)?;
    let summaries = call.body.get("event_summaries");
    let summaries = match summaries {
        Some(Value::Array(summaries)) => summaries.clone(),
        Some(summary @ Value::Object(_)) => vec![summary.clone()],
        _ => return Err(ApiError::missing_parameter("event_summaries is required")),
    };
    for summary in summaries {
        let id = workspace.new_id("new");
        record.insert("id".to_owned(), id.into());
        record.insert("summary".to_owned(), summary);
        workspace.put(SUMMARY, Value::Object(record.clone()));
    }
    empty_success(call.operation)
}

/// Returns the ids and the email address of the contact of a request.
fn contact_ids(workspace: &mut Workspace, body: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let value = |name: &str| body.get(name).filter(|value| text_of(value).is_some()).cloned();
    let sent = [("user_id", value("user_id")), ("email", value("email"))];
    let id = value("id").or(value("intercom_user_id"));
    if id.is_none() && sent.iter().all(|(_, value)| value.is_none()) {
        return Err(ApiError::missing_parameter("user_id, email or id is required"));
    }
    let contact = workspace.contact_in(body);
    let mut ids = Map::new();
    match contact.as_ref().and_then(|id| workspace.store.get(kind::contact(), id)) {
        Some(record) => {
            let field = |name: &str| record.value[name].clone();
            for (name, value) in [("user_id", field("external_id")), ("email", field("email"))] {
                ids.insert(name.to_owned(), value);
            }
            ids.insert("intercom_user_id".to_owned(), contact.into());
        }
        None => {
            for (name, value) in sent.into_iter().chain([("intercom_user_id", id)]) {
                ids.insert(name.to_owned(), value.unwrap_or_default());
            }
        }
    }
    Ok(ids)
}

/// Returns the ids of the contact whose events are requested.
fn requested_contact(workspace: &mut Workspace, call: &MockCall<'_>) -> Result<Map<String, Value>, ApiError> {
    let query = call.request.query.iter();
    let pairs = query.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let pairs: Map<String, Value> = pairs
        .filter(|(name, _)| ["user_id", "intercom_user_id", "email"].contains(&name.as_str()))
        .collect();
    contact_ids(workspace, &pairs)
}

fn belongs_to(record: &Record, contact: &Map<String, Value>) -> bool {
    let same = |name: &str| {
        let (stored, requested) = (text_of(&record.value[name]), contact.get(name).and_then(text_of));
        stored.is_some() && stored == requested
    };
    let names = ["intercom_user_id", "user_id", "email"];
    // A seeded event without a contact belongs to every contact.
    names.iter().any(|name| same(name)) || names.iter().all(|name| record.value[*name].is_null())
}

/// Selects the events of the requested contact.
pub(super) fn list_filter(workspace: &mut Workspace, call: &MockCall<'_>) -> Result<ListFilter, ApiError> {
    let contact = requested_contact(workspace, call)?;
    Ok(Box::new(move |_, record| belongs_to(record, &contact)))
}

/// Lists the events of a contact, or a summary per event name.
pub(super) fn list(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    if call.request.query("summary") != Some("true") {
        return workspace.list(call);
    }
    let contact = requested_contact(workspace, call)?;
    // Count, first time and last time by name.
    let mut summaries: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    let mut add = |name: &str, count: i64, first: i64, last: i64| {
        let summary = summaries.entry(name.to_owned()).or_insert((0, first, last));
        *summary = (summary.0 + count, summary.1.min(first), summary.2.max(last));
    };
    for (_, record) in workspace
        .store
        .all(EVENT)
        .filter(|(_, record)| belongs_to(record, &contact))
    {
        let at = record.value["created_at"].as_i64().unwrap_or_default();
        add(record.value["event_name"].as_str().unwrap_or_default(), 1, at, at);
    }
    for (_, record) in workspace
        .store
        .all(SUMMARY)
        .filter(|(_, record)| belongs_to(record, &contact))
    {
        let summary = &record.value["summary"];
        let number = |name: &str| summary[name].as_i64().unwrap_or_default();
        add(
            summary["event_name"].as_str().unwrap_or_default(),
            number("count"),
            number("first"),
            number("last"),
        );
    }
    let events = summaries
        .iter()
        .map(|(name, (count, first, last))| json!({"name": name, "count": count, "first": first, "last": last}));
    let events: Vec<Value> = events.collect();
    let mut shown = json!({"type": "event.summary", "events": events, "pages": {}});
    if let Value::Object(shown) = &mut shown {
        shown.extend(contact);
    }
    respond(call, &shown)
}

/// Adds the ids of the contact to a list of events.
pub(super) fn complete_frame(workspace: &Workspace, call: &MockCall<'_>, frame: &mut Map<String, Value>) {
    // The recorded response is a summary. This is the type that the description has for a list.
    set_present(frame, "type", "event.list".into());
    let query = |name: &str| call.request.query(name).map(str::to_owned);
    let mut contacts = workspace.store.all(kind::contact()).map(|(_, record)| record);
    let fields = [
        ("external_id", query("user_id")),
        ("id", query("intercom_user_id")),
        ("email", query("email")),
    ];
    let contact = contacts.find(|record| {
        let mut fields = fields.iter();
        fields.any(|(name, value)| value.is_some() && text_of(&record.value[*name]).as_deref() == value.as_deref())
    });
    for ((field, requested), name) in fields.into_iter().zip(["user_id", "intercom_user_id", "email"]) {
        let value = contact.map_or_else(
            || requested.clone().map_or(Value::Null, Value::from),
            |record| record.value[field].clone(),
        );
        if frame.contains_key(name) {
            frame.insert(name.to_owned(), value);
        }
    }
}

/// Moves the events of one contact to another one.
pub(super) fn transfer(workspace: &mut Workspace, from: &str, into: &str) {
    let target = workspace
        .store
        .get(kind::contact(), into)
        .map(|record| record.value.clone())
        .unwrap_or_default();
    for events in [EVENT, SUMMARY] {
        let slots = workspace.store.with_text(events, "intercom_user_id", from);
        let ids: Vec<String> = slots
            .into_iter()
            .filter_map(|slot| workspace.store.at(events, slot)?.id.clone())
            .collect();
        for id in ids {
            workspace.store.change(events, &id, |record| {
                record.value["intercom_user_id"] = into.into();
                record.value["user_id"] = target["external_id"].clone();
                record.value["email"] = target["email"].clone();
            });
        }
    }
}
