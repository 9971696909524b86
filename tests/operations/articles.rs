//! Articles.

use intercom_client::Nullable;
use intercom_client::types::{ArticleContent, ArticleState, ArticleTranslatedContent};
use serde_json::json;

use crate::wire::{respond, respond_with};

const TEXT: &str = "The map shows only shipments with a position younger than 48 hours. Open Settings, then Carriers, and look \
    for a feed that has stopped.";
const TEXT_IN_FRENCH: &str = "La carte ne montre que les envois dont la position date de moins de 48 heures. Ouvrez Paramètres, puis \
    Transporteurs, et cherchez un flux arrêté.";
const NEW_TEXT: &str = "<p>The map shows only shipments with a position younger than 48 hours. Open Settings, then Carriers, look \
    for a feed marked Paused, and press Reconnect; the pins return within ten minutes.</p>";

#[tokio::test]
async fn list_articles() {
    let wire = respond("GET /articles").await;
    let list = wire.client().list_articles().page(2).per_page(25).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /articles?page=2&per_page=25");
    assert_eq!(sent.body, json!(null));
    assert_eq!(list.total_count, Some(2));
    assert_eq!(list.pages.as_ref().unwrap().per_page, Some(25));
    let article = &list.data[1];
    assert_eq!(article.title.as_deref(), Some("Connecting a carrier"));
    assert_eq!(article.author_id, Some(4021338));
    assert_eq!(article.state, Some(ArticleState::Published));
    assert_eq!(article.created_at, Some(1731324600.into()));
}

#[tokio::test]
async fn list_articles_of_an_empty_workspace() {
    let wire = respond_with(json!({"type": "list", "pages": null, "total_count": 0, "data": null})).await;
    let list = wire.client().list_articles().send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /articles");
    assert!(list.data.is_empty());
    assert_eq!(list.pages, None);
}

#[tokio::test]
async fn create_article() {
    let wire = respond("POST /articles").await;
    let french = ArticleContent::builder()
        .title("Pourquoi ma carte est-elle vide ?")
        .description("Trois points à vérifier quand aucun repère ne s'affiche")
        .body(TEXT_IN_FRENCH)
        .author_id(4021337)
        .state("published");
    let article = wire
        .client()
        .create_article()
        .body_map(|b| {
            b.title("Why is my shipment map empty?")
                .description("Three things to check when no pins show up")
                .body(TEXT)
                .author_id(4021337)
                .state(ArticleState::Published)
                .parent_id(6610201)
                .parent_type("collection")
                .translated_content(ArticleTranslatedContent::builder().fr(french))
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /articles");
    assert_eq!(
        sent.body,
        json!({
            "title": "Why is my shipment map empty?",
            "description": "Three things to check when no pins show up",
            "body": TEXT,
            "author_id": 4021337,
            "state": "published",
            "parent_id": 6610201,
            "parent_type": "collection",
            "translated_content": {"fr": {
                "title": "Pourquoi ma carte est-elle vide ?",
                "description": "Trois points à vérifier quand aucun repère ne s'affiche",
                "body": TEXT_IN_FRENCH,
                "author_id": 4021337,
                "state": "published",
            }},
        })
    );
    assert_eq!(article.id.as_deref(), Some("7340012"));
    assert_eq!(article.parent_id, Some(6610201));
    assert_eq!(article.parent_ids, [0; 0]);
    assert_eq!(article.created_at, Some(1731316800.into()));
    assert_eq!(article.statistics.as_ref().unwrap().views, Some(0));
}

#[tokio::test]
async fn create_article_needs_an_author() {
    let wire = respond("POST /articles").await;
    let call = wire
        .client()
        .create_article()
        .body_map(|b| b.title("Connecting a carrier"));
    let error = call.send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "create_article: missing required value `author_id`");
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn retrieve_article() {
    let wire = respond("GET /articles/{id}").await;
    let article = wire.client().retrieve_article().id(7340012).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /articles/7340012");
    assert_eq!(sent.body, json!(null));
    let statistics = article.statistics.as_ref().unwrap();
    assert_eq!(statistics.views, Some(318));
    assert_eq!(statistics.conversations, Some(6));
    assert_eq!(statistics.happy_reaction_percentage, Some(75.0));
    assert_eq!(article.workspace_id.as_deref(), Some("fh2k9wq7"));
    assert_eq!(article.parent_type.as_deref(), Some("collection"));
    let moment = article.updated_at.as_ref().unwrap().to_datetime().unwrap();
    assert_eq!(moment.to_rfc3339(), "2024-11-11T09:20:00+00:00");
}

#[tokio::test]
async fn retrieve_article_in_other_languages() {
    let wire = respond_with(json!({
        "id": 7340012, "type": "article", "default_locale": "en", "parent_id": null, "parent_ids": null, "statistics": null,
        "translated_content": {
            "type": "article_translated_content",
            "fr": {"type": "article_content", "title": "Une carte vide", "author_id": 4021337, "state": "draft"},
            "pt-BR": {"type": "article_content", "title": "Um mapa vazio", "created_at": 1731316800},
            "de": null,
        },
    }))
    .await;
    let article = wire.client().retrieve_article().id("../7340012").send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /articles/..%2F7340012");
    assert_eq!(article.id.as_deref(), Some("7340012"));
    assert_eq!(article.parent_id, None);
    assert_eq!(article.parent_ids, [0; 0]);
    assert_eq!(article.statistics, None);
    let content = article.translated_content.as_ref().unwrap();
    let french = content.fr.as_ref().unwrap();
    assert_eq!(french.title.as_deref(), Some("Une carte vide"));
    assert_eq!(french.author_id, Some(4021337.into()));
    assert_eq!(french.state, Some(ArticleState::Draft));
    assert_eq!(content.pt_br.as_ref().unwrap().created_at, Some(1731316800.into()));
    assert_eq!(content.de, None);
}

#[tokio::test]
async fn update_article() {
    let wire = respond("PUT /articles/{id}").await;
    let article = wire
        .client()
        .update_article()
        .id(7340012)
        .body_map(|b| b.title("My shipment map is empty: what to do").body(NEW_TEXT))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /articles/7340012");
    assert_eq!(
        sent.body,
        json!({
            "title": "My shipment map is empty: what to do",
            "body": NEW_TEXT,
        })
    );
    assert_eq!(article.title.as_deref(), Some("My shipment map is empty: what to do"));
    assert_eq!(article.updated_at, Some(1732012200.into()));
}

#[tokio::test]
async fn update_article_takes_it_out_of_its_collection() {
    let wire = respond("PUT /articles/{id}").await;
    let call = wire.client().update_article().id(7340012);
    call.body_map(|b| b.description(Nullable::Null).parent_id(Nullable::Null).state("draft"))
        .send()
        .await
        .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"description": null, "parent_id": null, "state": "draft"})
    );
}

#[tokio::test]
async fn delete_article() {
    let wire = respond("DELETE /articles/{id}").await;
    let deleted = wire.client().delete_article().id(7340012).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /articles/7340012");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.id.as_deref(), Some("7340012"));
    assert_eq!(deleted.object.as_deref(), Some("article"));
    assert_eq!(deleted.deleted, Some(true));
}
