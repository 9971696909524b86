//! Visitors: found and changed by one of their ids, and converted to contacts.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::{VISITOR, catalog, kind};
use super::super::workspace::{Workspace, merge, set_present};
use super::respond;
use crate::wire::id::text_of;

/// The visitor of an id.
pub(super) fn find_in(workspace: &mut Workspace, fields: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| fields.get(name).and_then(text_of);
    if let Some(id) = text("id").filter(|id| workspace.store.live(VISITOR, id).is_some()) {
        return Some(id.into_owned());
    }
    for name in ["user_id", "email"] {
        if let Some(text) = text(name)
            && let Some(id) = workspace.live_having(VISITOR, name, &text).into_iter().next()
        {
            return Some(id);
        }
    }
    None
}

pub(super) fn find(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let user_id = call.request.query("user_id").unwrap_or_default();
    let found = workspace.live_having(VISITOR, "user_id", user_id).into_iter().next();
    match found {
        Some(id) => workspace.show(call, VISITOR, &id),
        None => Err(Refusal::missing(call.operation, VISITOR)),
    }
}

pub(super) fn update(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let found = find_in(workspace, &call.body);
    let id = found.ok_or_else(|| Refusal::missing(call.operation, VISITOR))?;
    let mut body = call.body.clone();
    body.remove("user_id");
    workspace.change(VISITOR, &id, |fields| {
        if let Some(object) = &call.operation.record {
            merge(object, fields, &body, "id");
        }
    });
    workspace.show(call, VISITOR, &id)
}

/// Makes a visitor a user or lead, or merges it into the contact that `user` names.
pub(super) fn convert(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::contact();
    let missing = || Refusal::missing(call.operation, VISITOR);
    let visitor = find_in(workspace, call.object("visitor").ok_or_else(missing)?).ok_or_else(missing)?;
    let empty = Map::new();
    let user = call.object("user").unwrap_or(&empty);
    let known = workspace.contact_in(user);
    let gone = workspace
        .remove(VISITOR, &visitor)
        .map(|record| record.value)
        .unwrap_or_default();
    let id = match known {
        Some(id) => {
            workspace.change(kind, &id, |_| ());
            id
        }
        None => {
            let mut record = workspace.new_record(call.operation, kind);
            let from = text_of(&record.get("id").cloned().unwrap_or_default())
                .unwrap_or_default()
                .into_owned();
            for value in record.values_mut() {
                super::super::template::readdress(value, &from, &visitor);
            }
            // The recorded contact has the id of the visitor.
            record.insert("id".to_owned(), visitor.as_str().into());
            set_present(&mut record, "signed_up_at", workspace.now.seconds().into());
            for name in ["name", "phone", "custom_attributes"] {
                if let Some(value) = gone.get(name).filter(|value| !value.is_null()) {
                    set_present(&mut record, name, value.clone());
                }
            }
            let role = call.text("type").unwrap_or("user".into());
            let external_id = user.get("user_id").cloned().unwrap_or_default();
            let email = user.get("email").cloned().unwrap_or_default();
            let said = json!({"role": role, "external_id": external_id, "email": email});
            if let Some(object) = &call.operation.record {
                merge(
                    object,
                    &mut record,
                    said.as_object().unwrap_or(&empty),
                    catalog().identifier(kind),
                );
            }
            workspace.put(kind, Value::Object(record)).unwrap_or_default()
        }
    };
    let shown = workspace.view(kind, &id).unwrap_or_default();
    respond(call, &shown)
}
