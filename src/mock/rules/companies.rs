//! Companies, which are identified by `company_id`, and listed only if they have contacts.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, merge};
use super::{ListFilter, data_attributes, tags};

/// The maximum number of companies of a contact.
const MAX_COMPANIES_PER_CONTACT: usize = 1_000;

/// Creates a company, or updates the one with the same `company_id`.
pub(super) fn create_or_update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::company();
    let key = call.text("company_id").map(Cow::into_owned);
    if key.is_none() && call.text("name").is_none() {
        let name = call.body.keys().next().map_or("company_id", String::as_str);
        return Err(ApiError::new(400, "bad_request", format!("bad '{name}' parameter")));
    }
    data_attributes::check_options(workspace, "company", &call.body)?;
    let existing = key.and_then(|key| workspace.active_with(kind, "company_id", &key).into_iter().next());
    let id = match existing {
        Some(id) => id,
        None => {
            let record = workspace.new_record(call.operation, kind);
            workspace.put(kind, Value::Object(record)).unwrap_or_default()
        }
    };
    set_fields(workspace, call, &id);
    workspace.show(call, kind, &id)
}

pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    data_attributes::check_options(workspace, "company", &call.body)?;
    set_fields(workspace, call, call.last_path_value());
    workspace.show(call, kind::company(), call.last_path_value())
}

fn set_fields(workspace: &mut Workspace, call: &MockCall<'_>, id: &str) {
    let kind = kind::company();
    // Requests contain the name of a plan, responses an object with an id.
    let plan = call.text("plan").map(|name| {
        let id = workspace.new_nested_id();
        json!({"type": "plan", "id": id, "name": name})
    });
    workspace.change(kind, id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &call.body, catalog().id_field(kind));
        }
        // `merge` does not change the field that identifies the record in paths, which may be
        // `company_id`.
        if let Some(key) = call
            .text("company_id")
            .filter(|_| catalog().id_field(kind) != "company_id")
        {
            fields.insert("company_id".to_owned(), key.as_ref().into());
        }
        if let Some(plan) = plan {
            let is_same = fields
                .get("plan")
                .is_some_and(|current| current["name"] == plan["name"]);
            if !is_same {
                fields.insert("plan".to_owned(), plan);
            }
        }
    });
}

/// Attaches a company to a contact.
pub(super) fn attach(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::company();
    let Some(id) = call.text("id") else {
        return Err(ApiError::missing_parameter("company not specified"));
    };
    let (Some(contact), Some(_)) = (call.subject(), workspace.store.active(kind, &id)) else {
        return Err(ApiError::record_not_found(call.operation, kind));
    };
    if workspace.relations.count(contact, kind) >= MAX_COMPANIES_PER_CONTACT
        && workspace.relations.data(contact, (kind, &id)).is_none()
    {
        let message = "Contact has reached the maximum of 1000 company associations";
        return Err(ApiError::new(400, "contact_company_limit_exceeded", message));
    }
    workspace.attach(contact, (kind, &id), &Value::Null);
    workspace.show(call, kind, &id)
}

/// Selects companies with contacts, and with a tag and a segment if requested.
pub(super) fn list_filter(tag: Option<String>, segment: Option<String>) -> ListFilter {
    Box::new(move |workspace, record| {
        let id = record.id.as_deref().unwrap_or_default();
        let company = (kind::company(), id);
        let has = |other, id: &Option<String>| {
            id.as_deref()
                .is_none_or(|id| workspace.relations.data(company, (other, id)).is_some())
        };
        record.value["user_count"] != 0 && has(kind::tag(), &tag) && has(kind::segment(), &segment)
    })
}

/// Adds the tags and segments to a company.
pub(super) fn embed(workspace: &Workspace, id: &str, fields: &mut Map<String, Value>) {
    tags::embed(workspace, (kind::company(), id), fields);
    if let Some(Value::Object(segments)) = fields.get_mut("segments") {
        let ids = workspace.relations.ids((kind::company(), id), kind::segment());
        let shown: Vec<Value> = ids.map(|id| json!({"type": "segment", "id": id})).collect();
        segments.insert("segments".to_owned(), shown.into());
    }
}
