//! Notes on contacts.

use serde_json::{Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::kind;
use super::super::workspace::Workspace;
use super::admins;
use super::text::html;

/// The fields of an admin that a note shows.
pub(super) const AUTHOR: [&str; 6] = ["type", "id", "name", "email", "away_mode_enabled", "away_mode_reassign"];

/// Writes a note about the contact of the path, by the admin of the request.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::note();
    let Some(of) = call.subject() else {
        return Err(Refusal::missing(call.operation, kind::contact()));
    };
    let admin = call
        .text("admin_id")
        .map_or_else(admins::my_id, std::borrow::Cow::into_owned);
    let author = admins::author(workspace, &admin, &AUTHOR);
    let author = author.ok_or_else(|| Refusal::new(404, "not_found", "Resource Not Found"))?;
    let mut record = workspace.new_record(call.operation, kind);
    record.insert("contact".to_owned(), json!({"type": "contact", "id": of.1}));
    record.insert("author".to_owned(), author);
    record.insert(
        "body".to_owned(),
        html(&call.text("body").unwrap_or_default(), "").into(),
    );
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.attach(of, (kind, &id), &Value::Null);
    workspace.show(call, kind, &id)
}
