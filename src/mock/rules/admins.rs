//! Admins: the admin of the token, and away mode.

use serde_json::{Map, Value, json};

use super::super::call::{CallResult, MockCall};
use super::super::catalog::kind;
use super::super::workspace::Workspace;
use super::{respond, token_admin};
use crate::wire::id::text_of;

/// Returns the admin of the token, as the description shows it.
pub(super) fn show_token_admin(_: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    respond(call, &Value::Object(token_admin().clone()))
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

/// Returns the id of the admin of the token.
pub(super) fn token_admin_id() -> String {
    token_admin()
        .get("id")
        .and_then(text_of)
        .unwrap_or_default()
        .into_owned()
}
