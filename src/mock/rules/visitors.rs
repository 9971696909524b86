//! Visitors: retrieval, changes, and conversion to contacts.

use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{VISITOR, catalog, kind};
use super::super::template::replace_id_in_urls;
use super::super::workspace::{Workspace, merge, set_present};
use super::respond;
use crate::wire::id::text_of;

/// Finds a visitor by its id, user id or email address.
pub(super) fn find_in(workspace: &mut Workspace, fields: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| fields.get(name).and_then(text_of);
    if let Some(id) = text("id").filter(|id| workspace.store.active(VISITOR, id).is_some()) {
        return Some(id.into_owned());
    }
    for name in ["user_id", "email"] {
        if let Some(text) = text(name)
            && let Some(id) = workspace.active_with(VISITOR, name, &text).into_iter().next()
        {
            return Some(id);
        }
    }
    None
}

pub(super) fn find(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let user_id = call.request.query("user_id").unwrap_or_default();
    let found = workspace.active_with(VISITOR, "user_id", user_id).into_iter().next();
    match found {
        Some(id) => workspace.show(call, VISITOR, &id),
        None => Err(ApiError::record_not_found(call.operation, VISITOR)),
    }
}

pub(super) fn update(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let found = find_in(workspace, &call.body);
    let id = found.ok_or_else(|| ApiError::record_not_found(call.operation, VISITOR))?;
    let mut body = call.body.clone();
    body.remove("user_id");
    workspace.change(VISITOR, &id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &body, "id");
        }
    });
    workspace.show(call, VISITOR, &id)
}

/// Converts a visitor to a user or lead, or merges it into the contact in `user`.
pub(super) fn convert(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::contact();
    let not_found = || ApiError::record_not_found(call.operation, VISITOR);
    let visitor = find_in(workspace, call.object("visitor").ok_or_else(not_found)?).ok_or_else(not_found)?;
    let empty = Map::new();
    let user = call.object("user").unwrap_or(&empty);
    let existing = workspace.contact_in(user);
    let removed = workspace
        .remove(VISITOR, &visitor)
        .map(|record| record.value)
        .unwrap_or_default();
    let id = match existing {
        Some(id) => {
            workspace.change(kind, &id, |_| ());
            id
        }
        None => {
            let mut record = workspace.new_record(call.operation, kind);
            let new_id = text_of(&record.get("id").cloned().unwrap_or_default())
                .unwrap_or_default()
                .into_owned();
            for value in record.values_mut() {
                replace_id_in_urls(value, &new_id, &visitor);
            }
            // In the recorded response, the contact has the id of the visitor.
            record.insert("id".to_owned(), visitor.as_str().into());
            set_present(&mut record, "signed_up_at", workspace.now.seconds().into());
            for name in ["name", "phone", "custom_attributes"] {
                if let Some(value) = removed.get(name).filter(|value| !value.is_null()) {
                    set_present(&mut record, name, value.clone());
                }
            }
            let role = call.text("type").unwrap_or("user".into());
            let external_id = user.get("user_id").cloned().unwrap_or_default();
            let email = user.get("email").cloned().unwrap_or_default();
            let sent = json!({"role": role, "external_id": external_id, "email": email});
            if let Some(object) = &call.operation.record {
                merge(
                    object,
                    &mut record,
                    sent.as_object().unwrap_or(&empty),
                    catalog().id_field(kind),
                );
            }
            workspace.put(kind, Value::Object(record)).unwrap_or_default()
        }
    };
    let shown = workspace.view(kind, &id).unwrap_or_default();
    respond(call, &shown)
}
