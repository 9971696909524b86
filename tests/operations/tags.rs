//! Tags, and tagging contacts, companies and conversations.

use intercom_client::types::{CreateTagRequest, TaggedCompany, TaggedContact};
use serde_json::json;

use crate::wire::{respond, respond_raw, respond_with};

#[tokio::test]
async fn list_tags() {
    let wire = respond("GET /tags").await;
    let list = wire.client().list_tags().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /tags");
    assert_eq!(sent.body, json!(null));
    let names: Vec<_> = list.data.iter().filter_map(|tag| tag.name.as_deref()).collect();
    assert_eq!(names, ["vip", "beta"]);
    assert_eq!(list.data[1].id.as_deref(), Some("88121"));
    assert_eq!(list.data[1].applied_at, None);
}

#[tokio::test]
async fn create_tag() {
    let wire = respond("POST /tags").await;
    let tag = wire
        .client()
        .create_tag()
        .body(CreateTagRequest::create("vip"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /tags");
    assert_eq!(sent.body, json!({"name": "vip"}));
    assert_eq!(tag.id.as_deref(), Some("88120"));
    assert_eq!(tag.name.as_deref(), Some("vip"));
    assert_eq!(tag.type_.as_deref(), Some("tag"));
}

#[tokio::test]
async fn create_tag_by_its_builder() {
    let wire = respond("POST /tags").await;
    let call = wire.client().create_tag();
    call.body_map(|b| b.name("vip")).send().await.unwrap();

    assert_eq!(wire.sent().body, json!({"name": "vip"}));
}

#[tokio::test]
async fn create_tag_renames_one() {
    let wire = respond_with(json!({"type": "tag", "id": "88120", "name": "vip gold"})).await;
    let request = CreateTagRequest::rename("88120", "vip gold");
    let tag = wire.client().create_tag().body(request).send().await.unwrap();

    assert_eq!(wire.sent().body, json!({"id": "88120", "name": "vip gold"}));
    assert_eq!(tag.name.as_deref(), Some("vip gold"));
}

#[tokio::test]
async fn create_tag_puts_it_on_companies() {
    let wire = respond("POST /tags").await;
    let companies = [
        TaggedCompany::by_id("66f1ca110d3a5c41e2f0b001"),
        TaggedCompany::by_company_id("juniper-freight"),
        TaggedCompany::untag_by_id("66f1ca110d3a5c41e2f0b002"),
        TaggedCompany::untag_by_company_id(5077),
    ];
    let request = CreateTagRequest::tag_companies("vip", companies);
    wire.client().create_tag().body(request).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"name": "vip", "companies": [
            {"id": "66f1ca110d3a5c41e2f0b001"},
            {"company_id": "juniper-freight"},
            {"id": "66f1ca110d3a5c41e2f0b002", "untag": true},
            {"company_id": 5077, "untag": true},
        ]})
    );
}

#[tokio::test]
async fn create_tag_puts_it_on_contacts() {
    let wire = respond("POST /tags").await;
    let ada = TaggedContact::by_id("66f1c2a9d04b7e8351aa0c11");
    let linnea = TaggedContact::untag_by_id("66f1c2a9d04b7e8351aa0c90");
    let request = CreateTagRequest::tag_users("vip", [ada, linnea]);
    wire.client().create_tag().body(request).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"name": "vip", "users": [
            {"id": "66f1c2a9d04b7e8351aa0c11"},
            {"id": "66f1c2a9d04b7e8351aa0c90", "untag": true},
        ]})
    );
}

#[tokio::test]
async fn create_tag_for_nobody() {
    let wire = respond("POST /tags").await;
    let request = CreateTagRequest::tag_users("vip", Vec::<TaggedContact>::new());
    wire.client().create_tag().body(request).send().await.unwrap();

    assert_eq!(wire.sent().body, json!({"name": "vip", "users": []}));
}

#[tokio::test]
async fn create_tag_needs_a_name() {
    let wire = respond("POST /tags").await;
    let call = wire.client().create_tag();
    let error = call.body_map(|b| b.id(88120)).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_tag: missing required value `name`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn find_tag() {
    let wire = respond("GET /tags/{id}").await;
    let tag = wire.client().find_tag().id(88120).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /tags/88120");
    assert_eq!(sent.body, json!(null));
    assert_eq!(tag.id.as_deref(), Some("88120"));
    assert_eq!(tag.name.as_deref(), Some("vip"));
    assert_eq!(tag.type_.as_deref(), Some("tag"));
}

#[tokio::test]
async fn delete_tag() {
    let wire = respond_raw(200, "").await;
    let deleted = wire.client().delete_tag().id("88120").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /tags/88120");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.status(), 200);
    assert_eq!(deleted.request_id(), Some("001fk0wire"));
}

#[tokio::test]
async fn attach_tag_to_contact() {
    let wire = respond("POST /contacts/{contact_id}/tags").await;
    let call = wire.client().attach_tag_to_contact().id("66f1c2a9d04b7e8351aa0c11");
    let tag = call.body_map(|b| b.id(88120)).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /contacts/66f1c2a9d04b7e8351aa0c11/tags");
    assert_eq!(sent.body, json!({"id": 88120}));
    assert_eq!(tag.name.as_deref(), Some("vip"));
    assert_eq!(tag.applied_at, Some(1731403980.into()));
    let by = tag.applied_by.as_ref().unwrap();
    assert_eq!(by.type_.as_deref(), Some("admin"));
    assert_eq!(by.id.as_deref(), Some("4021337"));
}

#[tokio::test]
async fn detach_tag_from_contact() {
    let wire = respond("DELETE /contacts/{contact_id}/tags/{id}").await;
    let call = wire.client().detach_tag_from_contact();
    let tag = call
        .contact_id("66f1c2a9d04b7e8351aa0c11")
        .id(88120)
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /contacts/66f1c2a9d04b7e8351aa0c11/tags/88120");
    assert_eq!(sent.body, json!(null));
    assert_eq!(tag.id.as_deref(), Some("88120"));
    assert_eq!(tag.applied_at, Some(1731403980.into()));
}

#[tokio::test]
async fn detach_tag_from_contact_stays_inside_its_segments() {
    let wire = respond("DELETE /contacts/{contact_id}/tags/{id}").await;
    let call = wire.client().detach_tag_from_contact().contact_id("a/b?c d");
    call.id("50%#ü{id}").send().await.unwrap();

    assert_eq!(
        wire.sent().line,
        "DELETE /contacts/a%2Fb%3Fc%20d/tags/50%25%23%C3%BC%7Bid%7D"
    );
}

#[tokio::test]
async fn attach_tag_to_conversation() {
    let wire = respond("POST /conversations/{conversation_id}/tags").await;
    let call = wire.client().attach_tag_to_conversation().id("301244");
    let tag = call.body_map(|b| b.id(88121).admin_id(4021337)).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /conversations/301244/tags");
    assert_eq!(sent.body, json!({"id": 88121, "admin_id": 4021337}));
    assert_eq!(tag.name.as_deref(), Some("beta"));
    assert_eq!(tag.applied_at, Some(1731920760.into()));
}

#[tokio::test]
async fn detach_tag_from_conversation() {
    let wire = respond("DELETE /conversations/{conversation_id}/tags/{id}").await;
    let call = wire
        .client()
        .detach_tag_from_conversation()
        .conversation_id(301244)
        .id("88121");
    let tag = call.body_map(|b| b.admin_id(4021337)).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /conversations/301244/tags/88121");
    assert_eq!(sent.body, json!({"admin_id": 4021337}));
    assert_eq!(tag.id.as_deref(), Some("88121"));
    assert_eq!(tag.applied_by.as_ref().unwrap().id.as_deref(), Some("4021337"));
}
