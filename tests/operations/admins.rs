//! Admins.

use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn identify_admin() {
    let wire = respond("GET /me").await;
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
    let wire = respond("PUT /admins/{id}/away").await;
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
    let wire = respond_with(json!({"type": "admin", "id": 4021338, "team_ids": null})).await;
    let admin = wire.client().retrieve_admin().id("4021338").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /admins/4021338");
    assert_eq!(sent.body, json!(null));
    assert_eq!(admin.id.as_deref(), Some("4021338"), "a number is read as a string");
    assert_eq!(admin.team_ids, [0; 0], "null is read as an empty list");
}

#[tokio::test]
async fn list_admins() {
    let wire = respond("GET /admins").await;
    let list = wire.client().list_admins().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /admins");
    assert_eq!(sent.body, json!(null));
    let names: Vec<_> = list.admins.iter().filter_map(|admin| admin.name.as_deref()).collect();
    assert_eq!(names, ["Maren Holt", "Idris Okafor", "Sunniva Dahl"]);
    assert_eq!(list.admins[1].id.as_deref(), Some("4021338"));
    assert_eq!(list.admins[1].has_inbox_seat, Some(true));
    assert_eq!(list.admins[1].away_mode_enabled, Some(false));
}

#[tokio::test]
async fn list_admins_with_their_avatars() {
    let picture = "https://static.fernhill.example/avatars/4021337.png";
    let wire = respond_with(json!({"type": "admin.list", "admins": [
        {"id": "4021337", "team_ids": [6180, 6181], "avatar": {"type": "avatar", "image_url": picture}},
        {"id": "4021338", "team_ids": [], "avatar": null},
    ]}))
    .await;
    let list = wire.client().list_admins().display_avatar(true).send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /admins?display_avatar=true");
    let [maren, idris] = list.admins.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(maren.avatar.as_ref().unwrap().image_url(), Some(picture));
    assert_eq!(maren.team_ids, [6180, 6181]);
    assert_eq!(idris.avatar, None);
}

#[tokio::test]
async fn list_activity_logs() {
    let wire = respond("GET /admins/activity_logs").await;
    let logs = wire
        .client()
        .list_activity_logs()
        .created_at_after(1731283200)
        .created_at_before(1731974400)
        .page(1)
        .per_page(20)
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(
        sent.line,
        "GET /admins/activity_logs?created_at_after=1731283200&created_at_before=1731974400&page=1&per_page=20"
    );
    assert_eq!(sent.body, json!(null));
    let pages = logs.pages.as_ref().unwrap();
    assert_eq!((pages.page, pages.total_pages), (Some(1), Some(1)));
    let change = &logs.activity_logs[0];
    assert_eq!(change.activity_type, Some("message_state_change".into()));
    assert_eq!(change.created_at, Some(1731925800.into()));
    let by = change.performed_by.as_ref().unwrap();
    assert_eq!(by.email.as_deref(), Some("maren.holt@fernhill.example"));
    assert_eq!(by.ip.as_deref(), Some("203.0.113.24"));
    assert_eq!(change.metadata["message"]["title"], "Carrier page tour");
    assert_eq!(change.metadata["after"], "Live");
}

#[tokio::test]
async fn activity_logs_need_a_beginning() {
    let wire = respond("GET /admins/activity_logs").await;
    let call = wire.client().list_activity_logs().created_at_before(1731974400);
    let error = call.send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "list_activity_logs: missing required value `created_at_after`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn an_admin_is_away_or_not() {
    let wire = respond("PUT /admins/{id}/away").await;
    let call = wire.client().set_away_admin().id("40213/38 b");
    let error = call.clone().send().await.unwrap_err();
    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "set_away_admin: missing request body (set it with `body` or `body_map`)"
    );
    assert!(wire.sent_nothing());

    call.body_map(|b| b.away_mode_enabled(true).away_mode_reassign(true))
        .send()
        .await
        .unwrap();
    assert_eq!(wire.sent().line, "PUT /admins/40213%2F38%20b/away");
}
