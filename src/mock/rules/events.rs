//! Events, kept by the contact that they happened to.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal, nothing};
use super::super::catalog::{EVENT, kind};
use super::super::store::{Kind, Record};
use super::super::workspace::Workspace;
use super::{Lists, respond};
use crate::wire::id::text_of;

/// Summaries that requests reported, which are not events of their own.
const SUMMARY: Kind = "event summary";

/// Keeps an event. The contact need not be there: then the event is kept by the ids that it names.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let Some(name) = call.text("event_name") else {
        return Err(Refusal::absent("event_name is required"));
    };
    let mut event = who(workspace, &call.body)?;
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
    nothing(call.operation)
}

/// Keeps a summary of events that happened elsewhere.
pub(super) fn create_summary(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let mut who = who(workspace, &call.body)?;
    let summaries = call.body.get("event_summaries");
    let summaries = match summaries {
        Some(Value::Array(summaries)) => summaries.clone(),
        Some(summary @ Value::Object(_)) => vec![summary.clone()],
        _ => return Err(Refusal::absent("event_summaries is required")),
    };
    for summary in summaries {
        let id = workspace.new_id("new");
        who.insert("id".to_owned(), id.into());
        who.insert("summary".to_owned(), summary);
        workspace.put(SUMMARY, Value::Object(who.clone()));
    }
    nothing(call.operation)
}

/// The ids of the contact that a request names.
fn who(workspace: &mut Workspace, body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let named = |name: &str| body.get(name).filter(|value| text_of(value).is_some()).cloned();
    let given = [("user_id", named("user_id")), ("email", named("email"))];
    let id = named("id").or(named("intercom_user_id"));
    if id.is_none() && given.iter().all(|(_, value)| value.is_none()) {
        return Err(Refusal::absent("user_id, email or id is required"));
    }
    let contact = workspace.contact_in(body);
    let mut who = Map::new();
    match contact.as_ref().and_then(|id| workspace.store.get(kind::contact(), id)) {
        Some(record) => {
            let field = |name: &str| record.value[name].clone();
            for (name, value) in [("user_id", field("external_id")), ("email", field("email"))] {
                who.insert(name.to_owned(), value);
            }
            who.insert("intercom_user_id".to_owned(), contact.into());
        }
        None => {
            for (name, value) in given.into_iter().chain([("intercom_user_id", id)]) {
                who.insert(name.to_owned(), value.unwrap_or_default());
            }
        }
    }
    Ok(who)
}

/// The contact that a list of events is about.
fn asked(workspace: &mut Workspace, call: &Call<'_>) -> Result<Map<String, Value>, Refusal> {
    let query = call.request.query.iter();
    let named = query.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let named: Map<String, Value> = named
        .filter(|(name, _)| ["user_id", "intercom_user_id", "email"].contains(&name.as_str()))
        .collect();
    who(workspace, &named)
}

fn is_of(record: &Record, who: &Map<String, Value>) -> bool {
    let same = |name: &str| {
        let (held, wanted) = (text_of(&record.value[name]), who.get(name).and_then(text_of));
        held.is_some() && held == wanted
    };
    let names = ["intercom_user_id", "user_id", "email"];
    // A seeded event that names nobody is everybody's.
    names.iter().any(|name| same(name)) || names.iter().all(|name| record.value[*name].is_null())
}

pub(super) fn listed(workspace: &mut Workspace, call: &Call<'_>) -> Result<Lists, Refusal> {
    let who = asked(workspace, call)?;
    Ok(Box::new(move |_, record| is_of(record, &who)))
}

/// Lists the events of a contact, or how often each happened.
pub(super) fn list(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    if call.request.query("summary") != Some("true") {
        return workspace.list(call);
    }
    let who = asked(workspace, call)?;
    // Name, count, first and last.
    let mut summaries: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    let mut add = |name: &str, count: i64, first: i64, last: i64| {
        let summary = summaries.entry(name.to_owned()).or_insert((0, first, last));
        *summary = (summary.0 + count, summary.1.min(first), summary.2.max(last));
    };
    for (_, record) in workspace.store.all(EVENT).filter(|(_, record)| is_of(record, &who)) {
        let at = record.value["created_at"].as_i64().unwrap_or_default();
        add(record.value["event_name"].as_str().unwrap_or_default(), 1, at, at);
    }
    for (_, record) in workspace.store.all(SUMMARY).filter(|(_, record)| is_of(record, &who)) {
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
        shown.extend(who);
    }
    respond(call, &shown)
}

/// A list of events names the contact that it is about.
pub(super) fn frame(workspace: &Workspace, call: &Call<'_>, frame: &mut Map<String, Value>) {
    let query = |name: &str| call.request.query(name).map(str::to_owned);
    let mut contacts = workspace.store.all(kind::contact()).map(|(_, record)| record);
    let fields = [
        ("external_id", query("user_id")),
        ("id", query("intercom_user_id")),
        ("email", query("email")),
    ];
    let contact = contacts.find(|record| {
        let mut fields = fields.iter();
        fields.any(|(name, wanted)| wanted.is_some() && text_of(&record.value[*name]).as_deref() == wanted.as_deref())
    });
    for ((field, said), name) in fields.into_iter().zip(["user_id", "intercom_user_id", "email"]) {
        let value = contact.map_or_else(
            || said.clone().map_or(Value::Null, Value::from),
            |record| record.value[field].clone(),
        );
        if frame.contains_key(name) {
            frame.insert(name.to_owned(), value);
        }
    }
}

/// Gives the events of one contact to another one.
pub(super) fn hand_over(workspace: &mut Workspace, from: &str, into: &str) {
    let to = workspace
        .store
        .get(kind::contact(), into)
        .map(|record| record.value.clone())
        .unwrap_or_default();
    for events in [EVENT, SUMMARY] {
        let places = workspace.store.having(events, "intercom_user_id", from);
        let ids: Vec<String> = places
            .into_iter()
            .filter_map(|place| workspace.store.at(events, place)?.id.clone())
            .collect();
        for id in ids {
            workspace.store.change(events, &id, |record| {
                record.value["intercom_user_id"] = into.into();
                record.value["user_id"] = to["external_id"].clone();
                record.value["email"] = to["email"].clone();
            });
        }
    }
}
