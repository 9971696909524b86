//! Admins.

use serde_json::json;

use crate::wire::{answer, answer_with};

#[tokio::test]
async fn identify_admin() {
    let wire = answer("GET /me").await;
    let me = wire.client().identify_admin().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /me");
    assert_eq!(sent.body, json!(null));
    assert_eq!(me.id.as_deref(), Some("4021337"));
    assert_eq!(me.email_verified, Some(true));
    let app = me.app.as_ref().unwrap();
    assert_eq!(app.name.as_deref(), Some("Fernhill Analytics"));
    assert_eq!(app.region.as_deref(), Some("US"));
    assert_eq!(me.request_id(), Some("001fk0wire"));
}

#[tokio::test]
async fn set_away_admin() {
    let wire = answer("PUT /admins/{id}/away").await;
    let call = wire.client().set_away_admin().id(4021337);
    let admin = call
        .body_map(|b| b.away_mode_enabled(true).away_mode_reassign(false))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "PUT /admins/4021337/away");
    assert_eq!(
        sent.body,
        json!({"away_mode_enabled": true, "away_mode_reassign": false})
    );
    assert_eq!(admin.away_mode_enabled, Some(true));
    assert!(admin.team_ids.is_empty());
}

#[tokio::test]
async fn retrieve_admin() {
    let wire = answer_with(json!({"type": "admin", "id": 4021338, "team_ids": null})).await;
    let admin = wire.client().retrieve_admin().id("4021338").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /admins/4021338");
    assert_eq!(sent.body, json!(null));
    assert_eq!(admin.id.as_deref(), Some("4021338"), "a number is its text");
    assert_eq!(admin.team_ids, [0; 0], "null is an empty list");
}
