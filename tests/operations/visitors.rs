//! Visitors, and converting them to contacts.

use intercom_client::Nullable;
use intercom_client::types::{
    ConvertVisitorRequest, ConvertVisitorRequestUser, ConvertVisitorRequestVisitor, UpdateVisitorRequest,
};
use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn retrieve_visitor_with_user_id() {
    let wire = respond("GET /visitors").await;
    let call = wire.client().retrieve_visitor_with_user_id();
    let visitor = call
        .user_id("3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90")
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /visitors?user_id=3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90");
    assert_eq!(sent.body, json!(null));
    assert_eq!(visitor.id.as_deref(), Some("66f1c2a9d04b7e8351aa0c90"));
    assert_eq!(visitor.anonymous, Some(true));
    assert_eq!(visitor.session_count, Some(1));
    assert_eq!(visitor.created_at, Some(1732176000.into()));
    assert_eq!(visitor.last_request_at, None);
    assert_eq!(visitor.owner_id, None);
    assert_eq!(visitor.avatar.as_ref().unwrap().image_url(), None);
    assert!(visitor.tags.as_ref().unwrap().tags.is_empty());
    assert!(visitor.custom_attributes.is_empty());
}

#[tokio::test]
async fn retrieve_visitor_with_all_that_is_known() {
    let wire = respond_with(json!({
        "type": "visitor", "id": "66f1c2a9d04b7e8351aa0c90", "user_id": "a b&c/d", "owner_id": 4021337,
        "avatar": "https://static.fernhill.example/avatars/teal-heron.png",
        "last_request_at": 1732177200,
        "location_data": {"city_name": "Rotterdam", "country_code": "NLD"},
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": 88121, "name": "beta"}]},
        "segments": null, "companies": null, "social_profiles": null,
        "custom_attributes": {"trial": true, "seats": 3, "rate": 0.5, "carrier": null},
    }))
    .await;
    let call = wire.client().retrieve_visitor_with_user_id();
    let visitor = call.user_id("a b&c/d").send().await.unwrap();

    let query = wire.sent().line;
    assert!(
        [
            "GET /visitors?user_id=a+b%26c%2Fd",
            "GET /visitors?user_id=a%20b%26c%2Fd"
        ]
        .contains(&query.as_str()),
        "{query}"
    );
    assert_eq!(visitor.owner_id, Some(4021337));
    assert_eq!(
        visitor.avatar.as_ref().unwrap().image_url(),
        Some("https://static.fernhill.example/avatars/teal-heron.png")
    );
    assert_eq!(visitor.last_request_at, Some(1732177200.into()));
    let location = visitor.location_data.as_ref().unwrap();
    assert_eq!(location.city_name.as_deref(), Some("Rotterdam"));
    assert_eq!(visitor.tags.as_ref().unwrap().tags[0].id.as_deref(), Some("88121"));
    assert_eq!(visitor.segments, None);
    assert_eq!(visitor.custom_attributes["seats"], 3);
    assert_eq!(visitor.custom_attributes["rate"], 0.5);
    assert_eq!(visitor.custom_attributes["carrier"], json!(null));
}

#[tokio::test]
async fn retrieve_visitor_needs_a_user_id() {
    let wire = respond("GET /visitors").await;
    let error = wire.client().retrieve_visitor_with_user_id().send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "retrieve_visitor_with_user_id: missing required value `user_id`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn update_visitor() {
    let wire = respond("PUT /visitors").await;
    let request = UpdateVisitorRequest::by_id("66f1c2a9d04b7e8351aa0c90").name("Linnea Corrigan");
    let visitor = wire.client().update_visitor().body(request).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /visitors");
    assert_eq!(
        sent.body,
        json!({"id": "66f1c2a9d04b7e8351aa0c90", "name": "Linnea Corrigan"})
    );
    assert_eq!(visitor.name.as_deref(), Some("Linnea Corrigan"));
    assert_eq!(visitor.pseudonym.as_deref(), Some("Teal Heron"));
    assert_eq!(visitor.updated_at, Some(1732177260.into()));
    assert_eq!(
        visitor.avatar.as_ref().unwrap().image_url(),
        Some("https://static.fernhill.example/avatars/teal-heron.png")
    );
}

#[tokio::test]
async fn update_visitor_by_user_id() {
    let wire = respond("PUT /visitors").await;
    let request = UpdateVisitorRequest::by_user_id("3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90")
        .name(Nullable::Null)
        .custom_attributes([("seats", json!(3)), ("carrier", json!(null))]);
    wire.client().update_visitor().body(request).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "user_id": "3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90",
            "name": null,
            "custom_attributes": {"seats": 3, "carrier": null},
        })
    );
}

#[tokio::test]
async fn convert_visitor() {
    let wire = respond("POST /visitors/convert").await;
    let visitor = ConvertVisitorRequestVisitor::by_user_id("3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90");
    let user = ConvertVisitorRequestUser::by_email("linnea@tidewell.example");
    let contact = wire
        .client()
        .convert_visitor()
        .body(ConvertVisitorRequest::to_user(visitor, user))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /visitors/convert");
    assert_eq!(
        sent.body,
        json!({
            "visitor": {"user_id": "3f7c2d8e-5b1a-4c96-8e20-9d4471aa0c90"},
            "user": {"email": "linnea@tidewell.example"},
            "type": "user",
        })
    );
    assert_eq!(contact.role.as_deref(), Some("user"));
    assert_eq!(contact.email.as_deref(), Some("linnea@tidewell.example"));
    assert_eq!(contact.signed_up_at, Some(1732180500.into()));
    assert_eq!(contact.last_seen_at, None);
    assert_eq!(contact.avatar, None);
    let opted_out = contact.opted_out_subscription_types.as_ref().unwrap();
    assert_eq!(opted_out.has_more, Some(false));
    assert!(opted_out.data.is_empty());
}

#[tokio::test]
async fn convert_visitor_by_its_id() {
    let wire = respond("POST /visitors/convert").await;
    let visitor = ConvertVisitorRequestVisitor::by_id("66f1c2a9d04b7e8351aa0c90");
    let user = ConvertVisitorRequestUser::by_id("66f1c2a9d04b7e8351aa0c11");
    let call = wire.client().convert_visitor();
    call.body_map(|b| b.type_("user").visitor(visitor).user(user))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "type": "user",
            "visitor": {"id": "66f1c2a9d04b7e8351aa0c90"},
            "user": {"id": "66f1c2a9d04b7e8351aa0c11"},
        })
    );
}

#[tokio::test]
async fn convert_visitor_to_a_lead() {
    let wire = respond("POST /visitors/convert").await;
    let visitor = ConvertVisitorRequestVisitor::by_email("linnea@tidewell.example");
    let user = ConvertVisitorRequestUser::by_user_id(1042).email("linnea@tidewell.example");
    let call = wire.client().convert_visitor();
    call.body(ConvertVisitorRequest::to_lead(visitor, user))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "type": "lead",
            "visitor": {"email": "linnea@tidewell.example"},
            "user": {"user_id": 1042, "email": "linnea@tidewell.example"},
        })
    );
}

#[tokio::test]
async fn convert_visitor_needs_a_visitor() {
    let wire = respond("POST /visitors/convert").await;
    let user = ConvertVisitorRequestUser::by_email("linnea@tidewell.example");
    let call = wire.client().convert_visitor();
    let error = call.body_map(|b| b.type_("user").user(user)).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "convert_visitor: missing required value `visitor`");
    assert!(wire.sent_nothing());
}
