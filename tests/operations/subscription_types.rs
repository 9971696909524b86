//! Subscription types, and the subscriptions of contacts.

use intercom_client::types::{
    AttachSubscriptionTypeToContactRequest, SubscriptionTypeConsentType, SubscriptionTypeState,
};
use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn list_subscription_types() {
    let wire = respond("GET /subscription_types").await;
    let list = wire.client().list_subscription_types().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /subscription_types");
    assert_eq!(sent.body, json!(null));
    let [news, alerts] = list.data.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(news.id.as_deref(), Some("7301"));
    assert_eq!(news.consent_type, Some(SubscriptionTypeConsentType::OptOut));
    assert_eq!(news.content_types, ["email".into()]);
    assert_eq!(alerts.state, Some(SubscriptionTypeState::Live));
    assert_eq!(alerts.content_types, ["sms_message".into()]);
    assert_eq!(alerts.translations[0].locale.as_deref(), Some("en"));
}

#[tokio::test]
async fn list_subscription_types_of_a_kind_that_is_new() {
    let wire = respond_with(json!({"type": "list", "data": [
        {"id": "7303", "state": "paused", "default_translation": null, "translations": null, "content_types": ["fax"]},
    ]}))
    .await;
    let list = wire.client().list_subscription_types().send().await.unwrap();

    let kind = &list.data[0];
    assert_eq!(kind.state, Some(SubscriptionTypeState::Unknown("paused".into())));
    assert_eq!(kind.content_types[0].as_str(), "fax");
    assert_eq!(kind.default_translation, None);
    assert!(kind.translations.is_empty());
}

#[tokio::test]
async fn attach_subscription_type_to_contact() {
    let wire = respond("POST /contacts/{contact_id}/subscriptions").await;
    let call = wire.client().attach_subscription_type_to_contact();
    let subscription = call
        .id("66f1c2a9d04b7e8351aa0c11")
        .body(AttachSubscriptionTypeToContactRequest::opt_in(7302))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/66f1c2a9d04b7e8351aa0c11/subscriptions");
    assert_eq!(sent.body, json!({"id": 7302, "consent_type": "opt_in"}));
    assert_eq!(subscription.id.as_deref(), Some("7302"));
    let name = &subscription.default_translation.as_ref().unwrap().name;
    assert_eq!(name.as_deref(), Some("Delivery alerts"));
}

#[tokio::test]
async fn attach_subscription_type_to_contact_opting_out() {
    let wire = respond("POST /contacts/{contact_id}/subscriptions").await;
    let call = wire.client().attach_subscription_type_to_contact().id("ada/42 b");
    call.body(AttachSubscriptionTypeToContactRequest::opt_out("7301"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/ada%2F42%20b/subscriptions");
    assert_eq!(sent.body, json!({"id": "7301", "consent_type": "opt_out"}));
}

#[tokio::test]
async fn attach_subscription_type_to_contact_by_its_builder() {
    let wire = respond("POST /contacts/{contact_id}/subscriptions").await;
    let call = wire
        .client()
        .attach_subscription_type_to_contact()
        .id("66f1c2a9d04b7e8351aa0c11");
    let error = call.clone().body_map(|b| b.id(7302)).send().await.unwrap_err();
    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "attach_subscription_type_to_contact: missing required value `consent_type`"
    );
    assert!(wire.sent_nothing());

    call.body_map(|b| b.id(7302).consent_type("opt_in"))
        .send()
        .await
        .unwrap();
    assert_eq!(wire.sent().body, json!({"id": 7302, "consent_type": "opt_in"}));
}

#[tokio::test]
async fn detach_subscription_type_from_contact() {
    let wire = respond("DELETE /contacts/{contact_id}/subscriptions/{id}").await;
    let call = wire.client().detach_subscription_type_from_contact();
    let subscription = call
        .contact_id("66f1c2a9d04b7e8351aa0c11")
        .id(7302)
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "DELETE /contacts/66f1c2a9d04b7e8351aa0c11/subscriptions/7302"
    );
    assert_eq!(sent.body, json!(null));
    assert_eq!(subscription.consent_type, Some(SubscriptionTypeConsentType::OptIn));
    assert_eq!(subscription.translations.len(), 1);
}
