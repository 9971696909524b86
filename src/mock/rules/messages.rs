//! Messages, each of which starts a conversation, and redirected phone calls.

use serde_json::{Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::kind;
use super::super::response::MockResponse;
use super::super::workspace::{Workspace, example_response};
use super::conversations::{NewConversation, start, start_by_contact};
use super::notes::AUTHOR_FIELDS;
use super::{admins, contacts, respond};
use crate::wire::id::text_of;

/// Sends a message of a contact to the team, or of an admin to a contact.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let not_found = || ApiError::record_not_found(call.operation, kind::contact());
    let body = call
        .text("body")
        .ok_or_else(|| ApiError::invalid_parameter("Body is required"))?;
    let is_email = call.text("message_type").as_deref() == Some("email");
    let subject = call.text("subject");
    if is_email && subject.is_none() {
        let message = "No subject supplied for email message";
        return Err(ApiError::new(422, "parameter_not_found", message));
    }
    let from = call
        .object("from")
        .ok_or_else(|| ApiError::missing_parameter("from is required"))?;
    if from.get("type").is_none_or(|kind| kind != "admin") {
        let contact = workspace.contact_in(from).ok_or_else(not_found)?;
        return start_by_contact(workspace, call, &contact, &body);
    }
    let admin = from.get("id").and_then(text_of).unwrap_or_default().into_owned();
    let to = call
        .object("to")
        .ok_or_else(|| ApiError::missing_parameter("to is required"))?;
    let contact = workspace.contact_in(to).ok_or_else(not_found)?;
    let author = admins::part_author(workspace, &admin);
    let new = NewConversation {
        delivered_as: "admin_initiated",
        source_type: if is_email { "email" } else { "conversation" },
        author,
        contact: &contact,
        subject: subject.as_deref().unwrap_or_default(),
        body: &body,
    };
    let (id, message_id) = start(workspace, &new);
    let owner = admins::author(workspace, &admin, &AUTHOR_FIELDS);
    let owner = owner.unwrap_or_else(|| json!({"type": "admin", "id": admin}));
    let mut message = json!({
        "type": "admin_message",
        "id": message_id,
        "created_at": workspace.now.seconds(),
        // In the recorded message without a subject, this is the body.
        "subject": subject.as_ref().unwrap_or(&body),
        "body": body,
        "message_type": if is_email { "email" } else { "inapp" },
        "owner": owner,
    });
    if call.body.get("create_conversation_without_contact_reply") == Some(&Value::Bool(true)) {
        message["conversation_id"] = id.into();
    }
    respond(call, &message)
}

/// Redirects a phone call to the messenger, with a new URL.
pub(super) fn redirect_call(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let phone = call
        .text("phone")
        .ok_or_else(|| ApiError::missing_parameter("phone is required"))?;
    let is_number = phone.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c));
    if !is_number || phone.chars().filter(char::is_ascii_digit).count() < 7 {
        let error = json!({"error_key": "invalid_phone_number", "message": "Invalid phone number"});
        return Ok(MockResponse::json(error).status(400));
    }
    let mut shown = example_response(call.operation);
    let id = contacts::uuid(&workspace.new_nested_id());
    if let Some(url) = shown.get_mut("url")
        && let Some((path, _)) = url.as_str().and_then(|url| url.rsplit_once('/'))
    {
        *url = format!("{path}/{id}").into();
    }
    respond(call, &Value::Object(shown))
}
