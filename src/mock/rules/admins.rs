//! Admins: the admin of the token, and away mode.

use serde_json::{Map, Value, json};

use super::super::call::{CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::workspace::{Workspace, set_present};
use super::{respond, token_admin};
use crate::wire::id::text_of;

/// Returns the admin of the token, with the app that the description shows.
pub(super) fn show_token_admin(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let mut shown = token_admin().clone();
    let admin = workspace.store.active(kind::admin(), &token_admin_id(workspace));
    for (name, value) in admin.and_then(|admin| admin.value.as_object()).into_iter().flatten() {
        set_present(&mut shown, name, value.clone());
    }
    respond(call, &Value::Object(shown))
}

/// Adds the admin of the token to a workspace without admins.
pub(super) fn add_token_admin(workspace: &mut Workspace) {
    let mut admin = catalog().blank_record("GET", "/admins/{}");
    if admin.is_empty() {
        return;
    }
    for (name, value) in token_admin() {
        set_present(&mut admin, name, value.clone());
    }
    workspace.put(kind::admin(), Value::Object(admin));
}

/// Sets the away mode of an admin.
pub(super) fn set_away(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let id = call.first_path_value();
    workspace.merge_into(call, kind::admin(), id);
    workspace.show(call, kind::admin(), id)
}

/// Returns an admin as an author with these fields; `None` if the admin is unknown.
pub(super) fn author(workspace: &Workspace, id: &str, fields: &[&str]) -> Option<Value> {
    let record = workspace.store.active(kind::admin(), id)?;
    let field = |name: &&str| ((*name).to_owned(), record.value.get(*name).cloned().unwrap_or_default());
    Some(Value::Object(fields.iter().map(field).collect::<Map<_, _>>()))
}

/// Returns an admin as the author of a part. The admin may be unknown.
pub(super) fn part_author(workspace: &Workspace, id: &str) -> Value {
    author(workspace, id, &["id", "type", "name", "email"])
        .unwrap_or_else(|| json!({"id": id, "type": "admin", "name": null, "email": null}))
}

/// Returns the id of the admin of the token: the one that the description shows, or the first admin
/// if the test has replaced the admins.
pub(super) fn token_admin_id(workspace: &Workspace) -> String {
    let id = token_admin().get("id").and_then(text_of).unwrap_or_default();
    if workspace.store.active(kind::admin(), &id).is_some() {
        return id.into_owned();
    }
    let first = workspace.store.all(kind::admin()).next();
    first
        .and_then(|(_, admin)| admin.id.clone())
        .unwrap_or_else(|| id.into_owned())
}
