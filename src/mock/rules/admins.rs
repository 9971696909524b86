//! Admins: who the token belongs to, and away mode.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Outcome};
use super::super::catalog::kind;
use super::super::workspace::Workspace;
use super::{me as recorded_me, respond};
use crate::wire::id::text_of;

/// The admin of the token, as the description shows it.
pub(super) fn me(_: &mut Workspace, call: &Call<'_>) -> Outcome {
    respond(call, &Value::Object(recorded_me().clone()))
}

/// Away mode stays as it was set.
pub(super) fn set_away(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let id = call.values.first().map_or("", String::as_str);
    workspace.merge_into(call, kind::admin(), id);
    workspace.show(call, kind::admin(), id)
}

/// An admin as an author, with these fields; `None` when there is no such admin.
pub(super) fn author(workspace: &Workspace, id: &str, fields: &[&str]) -> Option<Value> {
    let record = workspace.store.live(kind::admin(), id)?;
    let field = |name: &&str| ((*name).to_owned(), record.value.get(*name).cloned().unwrap_or_default());
    Some(Value::Object(fields.iter().map(field).collect::<Map<_, _>>()))
}

/// An admin as the author of a part. Requests may name admins that the mock does not have.
pub(super) fn part_author(workspace: &Workspace, id: &str) -> Value {
    author(workspace, id, &["id", "type", "name", "email"])
        .unwrap_or_else(|| json!({"id": id, "type": "admin", "name": null, "email": null}))
}

/// The id of the admin of the token.
pub(super) fn my_id() -> String {
    recorded_me()
        .get("id")
        .and_then(text_of)
        .unwrap_or_default()
        .into_owned()
}
