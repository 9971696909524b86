//! News.

use intercom_client::Nullable;
use intercom_client::types::{NewsItemState, NewsfeedAssignment};
use serde_json::json;

use crate::wire::{example, respond, respond_with};

#[tokio::test]
async fn list_news_items() {
    let wire = respond("GET /news/news_items").await;
    let call = wire.client().list_news_items().page(1).per_page(10);
    let items = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /news/news_items?page=1&per_page=10");
    assert_eq!(sent.body, json!(null));
    assert_eq!(items.total_count, Some(2));
    let item = &items.data[0];
    assert_eq!(item.id.as_deref(), Some("90211"));
    assert_eq!(item.title.as_deref(), Some("The new carrier page"));
    assert_eq!(item.state, Some(NewsItemState::Draft));
    assert_eq!(item.sender_id, Some(4021339));
    assert_eq!(item.cover_image_url, None);
    assert!(item.newsfeed_assignments.is_empty());
    assert_eq!(items.pages.as_ref().unwrap().total_pages, Some(1));
}

#[tokio::test]
async fn create_news_item() {
    let wire = respond("POST /news/news_items").await;
    let text = "<p>Choose Alerts on any lane to get a text as soon as a vessel runs more than six hours late.</p>";
    let feed = NewsfeedAssignment::builder().newsfeed_id(4411).published_at(1731924000);
    let call = wire.client().create_news_item();
    let item = call
        .body_map(|b| {
            b.title("Delay alerts by text message")
                .body(text)
                .labels(["Tracking", "Alerts", "New"])
                .sender_id(4021339)
                .deliver_silently(true)
                .reactions(["🚢", "👏"])
                .state(NewsItemState::Live)
                .newsfeed_assignments([feed])
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /news/news_items");
    assert_eq!(
        sent.body,
        json!({
            "title": "Delay alerts by text message",
            "body": text,
            "labels": ["Tracking", "Alerts", "New"],
            "sender_id": 4021339,
            "deliver_silently": true,
            "reactions": ["🚢", "👏"],
            "state": "live",
            "newsfeed_assignments": [{"newsfeed_id": 4411, "published_at": 1731924000}],
        })
    );
    assert_eq!(item.id.as_deref(), Some("90212"));
    assert_eq!(item.labels, ["Alerts", "New", "Tracking"]);
    assert_eq!(item.reactions, ["🚢", "👏"]);
    assert_eq!(item.deliver_silently, Some(true));
    let feed = &item.newsfeed_assignments[0];
    assert_eq!(feed.newsfeed_id, Some(4411.into()));
    assert_eq!(feed.published_at, Some(1731924000.into()));
}

#[tokio::test]
async fn create_news_item_needs_a_sender() {
    let wire = respond("POST /news/news_items").await;
    let call = wire.client().create_news_item();
    let error = call.body_map(|b| b.title("Hello")).send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_news_item: missing required value `sender_id`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn retrieve_news_item() {
    let wire = respond("GET /news/news_items/{id}").await;
    let item = wire.client().retrieve_news_item().id(90211).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /news/news_items/90211");
    assert_eq!(sent.body, json!(null));
    assert_eq!(item.type_.as_deref(), Some("news-item"));
    assert_eq!(item.workspace_id.as_deref(), Some("fh2k9wq7"));
    assert_eq!(item.state, Some(NewsItemState::Live));
    assert_eq!(item.updated_at, Some(1731661200.into()));
    assert!(item.reactions.is_empty(), "null items are left out");
    assert_eq!(item.newsfeed_assignments[0].newsfeed_id, Some(4411.into()));
}

#[tokio::test]
async fn update_news_item() {
    let wire = respond("PUT /news/news_items/{id}").await;
    let text = "<p>From 2 December support answers from 07:30 to 17:30 Dublin time, and on Saturdays until noon.</p>";
    let call = wire.client().update_news_item().id("90210");
    let item = call
        .body_map(|b| {
            b.title("Winter opening hours: two changes")
                .body(text)
                .sender_id(4021337)
                .reactions(["👍", "❄️"])
        })
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /news/news_items/90210");
    assert_eq!(
        sent.body,
        json!({
            "title": "Winter opening hours: two changes",
            "body": text,
            "sender_id": 4021337,
            "reactions": ["👍", "❄️"],
        })
    );
    assert_eq!(item.title.as_deref(), Some("Winter opening hours: two changes"));
    assert_eq!(item.updated_at, Some(1732183200.into()));
}

#[tokio::test]
async fn update_news_item_clears_fields() {
    let wire = respond("PUT /news/news_items/{id}").await;
    let call = wire.client().update_news_item().id("90210");
    call.body_map(|b| {
        b.title("Winter opening hours")
            .sender_id("4021337")
            .body(Nullable::Null)
            .state("draft")
            .labels([""; 0])
            .reactions([""; 0])
            .newsfeed_assignments(Vec::<NewsfeedAssignment>::new())
    })
    .send()
    .await
    .unwrap();

    assert_eq!(
        wire.sent().body,
        json!({
            "title": "Winter opening hours",
            "sender_id": "4021337",
            "body": null,
            "state": "draft",
            "labels": [],
            "reactions": [],
            "newsfeed_assignments": [],
        })
    );
}

#[tokio::test]
async fn delete_news_item() {
    let wire = respond("DELETE /news/news_items/{id}").await;
    let deleted = wire.client().delete_news_item().id(90211).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "DELETE /news/news_items/90211");
    assert_eq!(sent.body, json!(null));
    assert_eq!(deleted.id.as_deref(), Some("90211"));
    assert_eq!(deleted.object.as_deref(), Some("news-item"));
    assert_eq!(deleted.deleted, Some(true));
}

#[tokio::test]
async fn list_live_newsfeed_items() {
    let mut page = example("GET /news/newsfeeds/{id}/items");
    page["data"] = json!([example("GET /news/news_items/{id}")]);
    let wire = respond_with(page).await;
    let call = wire.client().list_live_newsfeed_items().id("44/11 a");
    let items = call.page(2).per_page(20).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /news/newsfeeds/44%2F11%20a/items?page=2&per_page=20");
    assert_eq!(sent.body, json!(null));
    assert_eq!(items.data[0].title.as_deref(), Some("The new carrier page"));
    assert_eq!(items.pages.as_ref().unwrap().per_page, Some(20));
}

#[tokio::test]
async fn list_newsfeeds() {
    let wire = respond("GET /news/newsfeeds").await;
    let feeds = wire.client().list_newsfeeds().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /news/newsfeeds");
    assert_eq!(sent.body, json!(null));
    assert_eq!(feeds.total_count, Some(2));
    assert_eq!(feeds.data[1].id.as_deref(), Some("4412"));
    assert_eq!(feeds.data[1].name.as_deref(), Some("Service notices"));
    assert_eq!(feeds.data[1].created_at, Some(1731485820.into()));
}

#[tokio::test]
async fn retrieve_newsfeed() {
    let wire = respond("GET /news/newsfeeds/{id}").await;
    let feed = wire.client().retrieve_newsfeed().id(4411).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /news/newsfeeds/4411");
    assert_eq!(sent.body, json!(null));
    assert_eq!(feed.id.as_deref(), Some("4411"));
    assert_eq!(feed.name.as_deref(), Some("Product updates"));
    assert_eq!(feed.updated_at, Some(1731485400.into()));
}
