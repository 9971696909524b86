//! Notes on contacts.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::kind;
use super::super::workspace::Workspace;
use super::admins;
use super::text::html;

/// The fields of the author of a note.
pub(super) const AUTHOR_FIELDS: [&str; 6] = ["type", "id", "name", "email", "away_mode_enabled", "away_mode_reassign"];

/// Creates a note on a contact, with the admin of the request as its author.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::note();
    let Some(contact) = call.subject() else {
        return Err(ApiError::record_not_found(call.operation, kind::contact()));
    };
    let admin = call
        .text("admin_id")
        .map_or_else(|| admins::token_admin_id(workspace), Cow::into_owned);
    let author = admins::author(workspace, &admin, &AUTHOR_FIELDS);
    let author = author.ok_or_else(|| ApiError::new(404, "not_found", "Resource Not Found"))?;
    let mut record = workspace.new_record(call.operation, kind);
    record.insert("contact".to_owned(), json!({"type": "contact", "id": contact.1}));
    record.insert("author".to_owned(), author);
    record.insert(
        "body".to_owned(),
        html(&call.text("body").unwrap_or_default(), "").into(),
    );
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.attach(contact, (kind, &id), &Value::Null);
    workspace.show(call, kind, &id)
}
