//! Messages.

use intercom_client::types::{CreateMessageRequest, MessageMessageType, MessageRecipient, MessageSender};
use serde_json::json;

use crate::wire::{named_example, respond, respond_with};

#[tokio::test]
async fn create_message() {
    let wire = respond_with(named_example("POST /messages", "admin_message_created")).await;
    let message = CreateMessageRequest::in_app(
        MessageSender::admin("4021337"),
        MessageRecipient::user("66f1c2a9d04b7e8351aa0c11"),
        "Shared views are ready for Juniper Freight",
    );
    let message = wire.client().create_message().body(message).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /messages");
    assert_eq!(
        sent.body,
        json!({
            "from": {"type": "admin", "id": "4021337"},
            "to": {"type": "user", "id": "66f1c2a9d04b7e8351aa0c11"},
            "message_type": "inapp",
            "body": "Shared views are ready for Juniper Freight",
        })
    );
    assert_eq!(message.id.as_deref(), Some("3390016005"));
    assert_eq!(message.type_.as_deref(), Some("admin_message"));
    assert_eq!(message.message_type, Some(MessageMessageType::Inapp));
    assert_eq!(message.created_at, Some(1732103400.into()));
    assert_eq!(message.conversation_id, None);
    let owner = message.owner.as_ref().unwrap();
    assert_eq!(owner.name.as_deref(), Some("Maren Holt"));
    assert_eq!(owner.away_mode_enabled, Some(false));
}

#[tokio::test]
async fn create_message_as_email() {
    let wire = respond_with(named_example("POST /messages", "admin_message_created")).await;
    let message = CreateMessageRequest::email(
        MessageSender::admin(4021337),
        MessageRecipient::lead("66f1c2a9d04b7e8351aa0c12"),
        "Your question about plans",
        "<p>For 60 trucks the Scale plan fits.</p>",
        "personal",
    )
    .create_conversation_without_contact_reply(true);
    wire.client().create_message().body(message).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /messages");
    assert_eq!(
        sent.body,
        json!({
            "message_type": "email",
            "from": {"type": "admin", "id": 4021337},
            "to": {"type": "lead", "id": "66f1c2a9d04b7e8351aa0c12"},
            "subject": "Your question about plans",
            "body": "<p>For 60 trucks the Scale plan fits.</p>",
            "template": "personal",
            "create_conversation_without_contact_reply": true,
        })
    );
}

#[tokio::test]
async fn create_message_as_user() {
    let wire = respond_with(named_example("POST /messages", "user_message_created")).await;
    let message = CreateMessageRequest::from_contact(
        MessageSender::user("66f1c2a9d04b7e8351aa0c11"),
        "Can two dispatchers share one saved view of the map?",
    )
    .referer("https://app.fernhill.example/maps/rotterdam");
    let message = wire.client().create_message().body(message).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /messages");
    assert_eq!(
        sent.body,
        json!({
            "from": {"type": "user", "id": "66f1c2a9d04b7e8351aa0c11"},
            "body": "Can two dispatchers share one saved view of the map?",
            "referer": "https://app.fernhill.example/maps/rotterdam",
        })
    );
    assert_eq!(message.type_.as_deref(), Some("user_message"));
    assert_eq!(message.conversation_id.as_deref(), Some("215478120047"));
    assert!(message.owner.is_none());
}

#[tokio::test]
async fn create_message_as_lead() {
    let wire = respond_with(named_example("POST /messages", "lead_message_created")).await;
    let message = CreateMessageRequest::from_contact(
        MessageSender::lead("66f1c2a9d04b7e8351aa0c12"),
        "We move about 60 trucks between Ghent and Turin. Which plan would fit us?",
    )
    .referer("https://www.fernhill.example/pricing");
    let message = wire.client().create_message().body(message).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "from": {"type": "lead", "id": "66f1c2a9d04b7e8351aa0c12"},
            "body": "We move about 60 trucks between Ghent and Turin. Which plan would fit us?",
            "referer": "https://www.fernhill.example/pricing",
        })
    );
    assert_eq!(message.conversation_id.as_deref(), Some("215478120048"));
}

#[tokio::test]
async fn create_message_needs_a_sender() {
    let wire = respond("POST /messages").await;
    let call = wire.client().create_message();
    let error = call.body_map(|b| b.body("Hello")).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_message: missing required value `from`");
    assert!(wire.sent_nothing());
}
