//! Help Centers with their collections and sections.

use intercom_client::types::{GroupContent, GroupTranslatedContent};
use intercom_client::{Id, Nullable};
use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn list_all_collections() {
    let wire = respond("GET /help_center/collections").await;
    let call = wire.client().list_all_collections().page(1).per_page(20);
    let list = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /help_center/collections?page=1&per_page=20");
    assert_eq!(sent.body, json!(null));
    assert_eq!(list.total_count, Some(1));
    assert_eq!(list.pages.as_ref().unwrap().total_pages, Some(1));
    let collection = &list.data[0];
    assert_eq!(collection.name.as_deref(), Some("Tracking shipments"));
    assert_eq!(collection.help_center_id, Some(1190));
    assert_eq!(collection.updated_at, Some(1731398400.into()));
}

#[tokio::test]
async fn create_collection() {
    let wire = respond("POST /help_center/collections").await;
    let call = wire.client().create_collection();
    let collection = call.body_map(|b| b.name("Tracking shipments")).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /help_center/collections");
    assert_eq!(sent.body, json!({"name": "Tracking shipments"}));
    assert_eq!(collection.id.as_deref(), Some("6610201"));
    assert_eq!(collection.description.as_deref(), Some(""));
    assert_eq!(collection.order, Some(1));
    assert_eq!(collection.created_at, Some(1731303000.into()));
}

#[tokio::test]
async fn create_collection_in_several_languages() {
    let wire = respond("POST /help_center/collections").await;
    let names = GroupTranslatedContent::builder()
        .fr(GroupContent::builder().name("Suivi").description("Cartes et alertes"))
        .pt_br(GroupContent::builder().name("Rastreamento"));
    let call = wire.client().create_collection();
    call.body_map(|b| {
        b.name("Tracking")
            .description("Maps and alerts")
            .translated_content(names)
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "name": "Tracking",
            "description": "Maps and alerts",
            "translated_content": {
                "fr": {"name": "Suivi", "description": "Cartes et alertes"},
                "pt-BR": {"name": "Rastreamento"},
            },
        })
    );
}

#[tokio::test]
async fn a_collection_needs_a_name() {
    let wire = respond("POST /help_center/collections").await;
    let call = wire.client().create_collection();
    let error = call.body_map(|b| b.description("Maps")).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_collection: missing required value `name`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn retrieve_collection() {
    let wire = respond("GET /help_center/collections/{id}").await;
    let collection = wire.client().retrieve_collection().id(6610201).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /help_center/collections/6610201");
    assert_eq!(sent.body, json!(null));
    assert_eq!(collection.icon.as_deref(), Some("map"));
    assert_eq!(
        collection.url.as_deref(),
        Some("https://help.fernhill.example/fernhill-help/collection-6610201")
    );
    assert_eq!(collection.created_at, Some(1731303000.into()));
}

#[tokio::test]
async fn retrieve_collection_in_other_languages() {
    let wire = respond_with(json!({
        "id": "6610201", "description": null, "default_locale": "en",
        "translated_content": {
            "type": "group_translated_content",
            "fr": {"type": "group_content", "name": "Suivi", "description": null},
            "zh-CN": {"name": "货运跟踪"},
        },
    }))
    .await;
    let collection = wire
        .client()
        .retrieve_collection()
        .id("66 10/201")
        .send()
        .await
        .unwrap();

    assert_eq!(wire.sent().line, "GET /help_center/collections/66%2010%2F201");
    assert_eq!(collection.description, None);
    let content = collection.translated_content.as_ref().unwrap();
    assert_eq!(content.fr.as_ref().unwrap().name.as_deref(), Some("Suivi"));
    assert_eq!(content.fr.as_ref().unwrap().description, None);
    assert_eq!(content.zh_cn.as_ref().unwrap().name.as_deref(), Some("货运跟踪"));
}

#[tokio::test]
async fn update_collection() {
    let wire = respond("PUT /help_center/collections/{id}").await;
    let call = wire.client().update_collection().id("6610201");
    let collection = call
        .body_map(|b| b.name("Tracking your shipments"))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /help_center/collections/6610201");
    assert_eq!(sent.body, json!({"name": "Tracking your shipments"}));
    assert_eq!(collection.name.as_deref(), Some("Tracking your shipments"));
    assert_eq!(collection.updated_at, Some(1732097400.into()));
}

#[tokio::test]
async fn update_collection_clears_its_description() {
    let wire = respond("PUT /help_center/collections/{id}").await;
    let call = wire.client().update_collection().id(6610201);
    call.body_map(|b| b.description(Nullable::Null)).send().await.unwrap();

    assert_eq!(wire.sent().body, json!({"description": null}));
}

#[tokio::test]
async fn delete_collection() {
    let wire = respond("DELETE /help_center/collections/{id}").await;
    let deleted = wire.client().delete_collection().id(6610201).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /help_center/collections/6610201");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.id.as_deref(), Some("6610201"));
    assert_eq!(deleted.object.as_deref(), Some("collection"));
    assert_eq!(deleted.deleted, Some(true));
}

#[tokio::test]
async fn list_help_centers() {
    let wire = respond_with(json!({"type": "list", "data": [
        {"id": "1190", "identifier": "fernhill-help", "website_turned_on": true, "created_at": 1731301800},
        {"id": "1191", "identifier": "fernhill-partners", "website_turned_on": false, "display_name": null},
    ]}))
    .await;
    let list = wire.client().list_help_centers().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /help_center/help_centers");
    assert_eq!(sent.body, json!(null));
    let [help, partners] = list.data.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(help.created_at, Some(1731301800.into()));
    assert_eq!(partners.id.as_deref(), Some("1191"));
    assert_eq!(partners.website_turned_on, Some(false));
    assert_eq!(partners.display_name, None);
}

#[tokio::test]
async fn list_help_centers_when_there_are_none() {
    let wire = respond("GET /help_center/help_centers").await;
    let list = wire.client().list_help_centers().send().await.unwrap();

    assert_eq!(list.type_.as_deref(), Some("list"));
    assert!(list.data.is_empty());
}

#[tokio::test]
async fn retrieve_help_center() {
    let wire = respond("GET /help_center/help_centers/{id}").await;
    let center = wire.client().retrieve_help_center().id(1190).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /help_center/help_centers/1190");
    assert_eq!(sent.body, json!(null));
    assert_eq!(center.id.as_deref(), Some("1190"));
    assert_eq!(center.display_name.as_deref(), Some("Fernhill Help"));
    assert_eq!(center.website_turned_on, Some(true));
    assert_eq!(center.updated_at, Some(1731301800.into()));
}

#[tokio::test]
async fn list_all_sections() {
    let wire = respond("GET /help_center/sections").await;
    let list = wire
        .client()
        .list_all_sections()
        .page(3)
        .per_page(20)
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /help_center/sections?page=3&per_page=20");
    assert_eq!(sent.body, json!(null));
    assert_eq!(list.pages.as_ref().unwrap().page, Some(1));
    let section = &list.data[0];
    assert_eq!(section.name.as_deref(), Some("Maps and positions"));
    assert_eq!(section.parent_id, Some(Id::from(6610201)));
    assert_eq!(section.created_at, Some(1731304200.into()));
}

#[tokio::test]
async fn create_section() {
    let wire = respond("POST /help_center/sections").await;
    let call = wire.client().create_section();
    let section = call
        .body_map(|b| b.name("Maps and positions").parent_id(6610201))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /help_center/sections");
    assert_eq!(sent.body, json!({"name": "Maps and positions", "parent_id": 6610201}));
    assert_eq!(section.id.as_deref(), Some("6610305"));
    assert_eq!(
        section.parent_id,
        Some(Id::from("6610201")),
        "this operation returns it as a string"
    );
    assert_eq!(section.order, Some(1));
}

#[tokio::test]
async fn a_section_needs_a_collection() {
    let wire = respond("POST /help_center/sections").await;
    let call = wire.client().create_section();
    let error = call.body_map(|b| b.name("Maps")).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_section: missing required value `parent_id`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn retrieve_section() {
    let wire = respond("GET /help_center/sections/{id}").await;
    let section = wire.client().retrieve_section().id("6610305").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /help_center/sections/6610305");
    assert_eq!(sent.body, json!(null));
    assert_eq!(section.type_.as_deref(), Some("section"));
    assert_eq!(section.workspace_id.as_deref(), Some("fh2k9wq7"));
    assert_eq!(section.parent_id.as_ref().unwrap().to_string(), "6610201");
    assert_eq!(section.icon, None);
}

#[tokio::test]
async fn update_section() {
    let wire = respond("PUT /help_center/sections/{id}").await;
    let call = wire.client().update_section().id(6610305);
    let section = call
        .body_map(|b| b.name("Maps, positions and pins").parent_id(6610201))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /help_center/sections/6610305");
    assert_eq!(
        sent.body,
        json!({"name": "Maps, positions and pins", "parent_id": 6610201})
    );
    assert_eq!(section.name.as_deref(), Some("Maps, positions and pins"));
    assert_eq!(section.updated_at, Some(1732097520.into()));
}

#[tokio::test]
async fn delete_section() {
    let wire = respond("DELETE /help_center/sections/{id}").await;
    let deleted = wire.client().delete_section().id(6610305).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /help_center/sections/6610305");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.id.as_deref(), Some("6610305"));
    assert_eq!(deleted.object.as_deref(), Some("section"));
    assert_eq!(deleted.deleted, Some(true));
}
