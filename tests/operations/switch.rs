//! Phone switch: moves a phone call to the Messenger.

use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn create_phone_switch() {
    let wire = respond("POST /phone_call_redirects").await;
    let call = wire.client().create_phone_switch();
    let switch = call
        .body_map(|b| {
            b.phone("+15550100123")
                .custom_attributes([("issue_type", "Shipment map"), ("priority", "Urgent")])
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /phone_call_redirects");
    assert_eq!(
        sent.body,
        json!({
            "phone": "+15550100123",
            "custom_attributes": {"issue_type": "Shipment map", "priority": "Urgent"},
        })
    );
    assert_eq!(switch.type_.as_deref(), Some("phone_call_redirect"));
    assert_eq!(
        switch.url.as_deref(),
        Some("http://via.fernhill.example/msgr/e40b95c7-1d28-4b7f-86a3-52f09dc1b86e")
    );
    assert_eq!(switch.phone, None);
}

#[tokio::test]
async fn create_phone_switch_with_attributes_of_every_kind() {
    let wire = respond_with(json!({"type": "phone_call_redirect", "phone": "+15550100123"})).await;
    let attributes = [("floor", json!(4)), ("callback", json!(true)), ("note", json!(null))];
    let call = wire.client().create_phone_switch();
    let switch = call
        .body_map(|b| b.phone("+15550100123").custom_attributes(attributes))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"phone": "+15550100123", "custom_attributes": {"floor": 4, "callback": true, "note": null}})
    );
    assert_eq!(switch.phone.as_deref(), Some("+15550100123"));
    assert_eq!(switch.url, None);
}

#[tokio::test]
async fn create_phone_switch_needs_a_phone() {
    let wire = respond("POST /phone_call_redirects").await;
    let error = wire.client().create_phone_switch().send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_phone_switch: missing request body (set it with `body` or `body_map`)"
    );
    assert!(wire.sent_nothing());
}
