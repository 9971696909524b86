//! Messages, each of which begins a conversation, and redirected phone calls.

use serde_json::{Value, json};

use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::kind;
use super::super::workspace::{Workspace, recorded};
use super::conversations::{Beginning, begin, contact_author, user_message};
use super::notes::AUTHOR;
use super::{admins, contacts, respond};
use crate::wire::id::text_of;

/// Sends a message: of a contact to the team, or of an admin to a contact.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let missing = || Refusal::missing(call.operation, kind::contact());
    let body = call.text("body").ok_or_else(|| Refusal::invalid("Body is required"))?;
    let is_email = call.text("message_type").as_deref() == Some("email");
    let subject = call.text("subject");
    if is_email && subject.is_none() {
        let message = "No subject supplied for email message";
        return Err(Refusal::new(422, "parameter_not_found", message));
    }
    let from = call.object("from").ok_or_else(|| Refusal::absent("from is required"))?;
    if from.get("type").is_none_or(|kind| kind != "admin") {
        let contact = workspace.contact_in(from).ok_or_else(missing)?;
        let beginning = Beginning {
            delivered_as: "customer_initiated",
            kind: "conversation",
            author: contact_author(workspace, &contact),
            contact: &contact,
            subject: "",
            body: &body,
        };
        let (id, message) = begin(workspace, &beginning);
        return respond(call, &user_message(workspace, &message, &body, &id));
    }
    let admin = from.get("id").and_then(text_of).unwrap_or_default().into_owned();
    let to = call.object("to").ok_or_else(|| Refusal::absent("to is required"))?;
    let contact = workspace.contact_in(to).ok_or_else(missing)?;
    let author = admins::part_author(workspace, &admin);
    let beginning = Beginning {
        delivered_as: "admin_initiated",
        kind: if is_email { "email" } else { "conversation" },
        author,
        contact: &contact,
        subject: subject.as_deref().unwrap_or_default(),
        body: &body,
    };
    let (id, message) = begin(workspace, &beginning);
    let owner = admins::author(workspace, &admin, &AUTHOR);
    let owner = owner.unwrap_or_else(|| json!({"type": "admin", "id": admin}));
    let mut shown = json!({
        "type": "admin_message",
        "id": message,
        "created_at": workspace.now.seconds(),
        // The recorded message without a subject has its body there.
        "subject": subject.as_ref().unwrap_or(&body),
        "body": body,
        "message_type": if is_email { "email" } else { "inapp" },
        "owner": owner,
    });
    if call.body.get("create_conversation_without_contact_reply") == Some(&Value::Bool(true)) {
        shown["conversation_id"] = id.into();
    }
    respond(call, &shown)
}

/// Redirects a phone call to the messenger, by an address of its own.
pub(super) fn redirect_call(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    if call.text("phone").is_none() {
        return Err(Refusal::absent("phone is required"));
    }
    let mut shown = recorded(call.operation);
    let id = contacts::uuid(&workspace.new_id_within());
    if let Some(url) = shown.get_mut("url")
        && let Some((path, _)) = url.as_str().and_then(|url| url.rsplit_once('/'))
    {
        *url = format!("{path}/{id}").into();
    }
    respond(call, &Value::Object(shown))
}
