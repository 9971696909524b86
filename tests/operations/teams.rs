//! Teams.

use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn list_teams() {
    let wire = respond_with(json!({"type": "team.list", "teams": [
        {"type": "team", "id": "6180", "name": "Support", "admin_ids": [4021337, 4021338]},
        {"type": "team", "id": "6181", "name": "Success", "admin_ids": null},
    ]}))
    .await;
    let list = wire.client().list_teams().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /teams");
    assert_eq!(sent.body, json!(null));
    let [support, success] = list.teams.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(support.name.as_deref(), Some("Support"));
    assert_eq!(support.admin_ids, [4021337, 4021338]);
    assert_eq!(success.admin_ids, [0; 0], "null is read as an empty list");
}

#[tokio::test]
async fn list_teams_when_there_are_none() {
    let wire = respond("GET /teams").await;
    let list = wire.client().list_teams().send().await.unwrap();

    assert_eq!(list.type_.as_deref(), Some("team.list"));
    assert!(list.teams.is_empty());
}

#[tokio::test]
async fn retrieve_team() {
    let wire = respond("GET /teams/{id}").await;
    let team = wire.client().retrieve_team().id("6180").send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /teams/6180");
    assert_eq!(sent.body, json!(null));
    assert_eq!(team.id.as_deref(), Some("6180"));
    assert_eq!(team.name.as_deref(), Some("Support"));
    assert!(team.admin_ids.is_empty());
}

#[tokio::test]
async fn retrieve_team_with_the_priorities_of_its_admins() {
    let wire = respond_with(json!({
        "type": "team", "id": 6180, "admin_ids": [4021337, 4021338],
        "admin_priority_level": {"primary_admin_ids": [4021337], "secondary_admin_ids": null},
    }))
    .await;
    let team = wire.client().retrieve_team().id("61/80 ü").send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /teams/61%2F80%20%C3%BC");
    let priority = team.admin_priority_level.as_ref().unwrap();
    assert_eq!(priority.primary_admin_ids, [4021337]);
    assert_eq!(priority.secondary_admin_ids, [0; 0]);
}

#[tokio::test]
async fn a_team_needs_an_id() {
    let wire = respond("GET /teams/{id}").await;
    let error = wire.client().retrieve_team().send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "retrieve_team: missing required value `id`");
    assert!(wire.sent_nothing());
}
