//! Companies: known by the id in the caller's system, listed when they have contacts.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, merge};
use super::{Lists, tags};

/// Companies that a contact can have.
const MOST_OF_A_CONTACT: usize = 1_000;

/// Creates a company, or updates the one with this `company_id`.
pub(super) fn create_or_update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::company();
    let key = call.text("company_id").map(std::borrow::Cow::into_owned);
    if key.is_none() && call.text("name").is_none() {
        let name = call.body.keys().next().map_or("company_id", String::as_str);
        return Err(Refusal::new(400, "bad_request", format!("bad '{name}' parameter")));
    }
    let known = key.and_then(|key| workspace.live_having(kind, "company_id", &key).into_iter().next());
    let id = match known {
        Some(id) => id,
        None => {
            let record = workspace.new_record(call.operation, kind);
            workspace.put(kind, Value::Object(record)).unwrap_or_default()
        }
    };
    set(workspace, call, &id);
    workspace.show(call, kind, &id)
}

pub(super) fn update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    set(workspace, call, call.last_value());
    workspace.show(call, kind::company(), call.last_value())
}

fn set(workspace: &mut Workspace, call: &Call<'_>, id: &str) {
    let kind = kind::company();
    // A plan is named in requests, and has an id in responses.
    let plan = call.text("plan").map(|name| {
        let id = workspace.new_id_within();
        json!({"type": "plan", "id": id, "name": name})
    });
    workspace.change(kind, id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &call.body, catalog().identifier(kind));
        }
        // `merge` leaves out what identifies the record under its path; the key of the caller is not that.
        if let Some(key) = call
            .body
            .get("company_id")
            .filter(|_| catalog().identifier(kind) != "company_id")
        {
            fields.insert("company_id".to_owned(), key.clone());
        }
        if let Some(plan) = plan {
            let is_same = fields.get("plan").is_some_and(|held| held["name"] == plan["name"]);
            if !is_same {
                fields.insert("plan".to_owned(), plan);
            }
        }
    });
}

/// Attaches a company to a contact; each has the other in its list.
pub(super) fn attach(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::company();
    let Some(id) = call.text("id") else {
        return Err(Refusal::absent("company not specified"));
    };
    let (Some(of), Some(_)) = (call.subject(), workspace.store.live(kind, &id)) else {
        return Err(Refusal::missing(call.operation, kind));
    };
    if workspace.links.count(of, kind) >= MOST_OF_A_CONTACT && workspace.links.about(of, (kind, &id)).is_none() {
        let message = "Contact has reached the maximum of 1000 company associations";
        return Err(Refusal::new(400, "contact_company_limit_exceeded", message));
    }
    workspace.attach(of, (kind, &id), &Value::Null);
    workspace.show(call, kind, &id)
}

/// Companies without contacts are in no list.
pub(super) fn listed(tag: Option<String>, segment: Option<String>) -> Lists {
    Box::new(move |workspace, record| {
        let id = record.id.as_deref().unwrap_or_default();
        let of = (kind::company(), id);
        let has = |other, id: &Option<String>| {
            id.as_deref()
                .is_none_or(|id| workspace.links.about(of, (other, id)).is_some())
        };
        record.value["user_count"] != 0 && has(kind::tag(), &tag) && has(kind::segment(), &segment)
    })
}

pub(super) fn embed(workspace: &Workspace, id: &str, fields: &mut Map<String, Value>) {
    tags::embed(workspace, (kind::company(), id), fields);
    if let Some(Value::Object(segments)) = fields.get_mut("segments") {
        let ids = workspace.links.of((kind::company(), id), kind::segment());
        let shown: Vec<Value> = ids.map(|id| json!({"type": "segment", "id": id})).collect();
        segments.insert("segments".to_owned(), shown.into());
    }
}
