//! Events of contacts.

use intercom_client::types::{CountedEvent, CreateDataEventRequest};
use serde_json::json;

use crate::wire::{respond, respond_raw, respond_with};

#[tokio::test]
async fn create_data_event() {
    let wire = respond_raw(202, " ").await;
    let event = CreateDataEventRequest::by_user_id("exported-report", 1732008900, "usr-1001").metadata([
        ("report", json!("Arrivals by lane")),
        ("format", json!("csv")),
        ("rows", json!(1280)),
        ("ready_date", json!(1732008960)),
        (
            "link",
            json!({"url": "https://app.fernhill.example/reports/2207", "value": "Arrivals by lane, week 46"}),
        ),
    ]);
    let accepted = wire.client().create_data_event().body(event).send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /events");
    assert_eq!(
        sent.body,
        json!({
            "event_name": "exported-report",
            "created_at": 1732008900,
            "user_id": "usr-1001",
            "metadata": {
                "report": "Arrivals by lane",
                "format": "csv",
                "rows": 1280,
                "ready_date": 1732008960,
                "link": {"url": "https://app.fernhill.example/reports/2207", "value": "Arrivals by lane, week 46"},
            },
        })
    );
    assert_eq!(accepted.status(), 202);
}

#[tokio::test]
async fn create_data_event_by_id() {
    let wire = respond_raw(202, "").await;
    let event = CreateDataEventRequest::by_id("connected-carrier", 1732008900, "66f1c2a9d04b7e8351aa0c11");
    wire.client().create_data_event().body(event).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"event_name": "connected-carrier", "created_at": 1732008900, "id": "66f1c2a9d04b7e8351aa0c11"})
    );
}

#[tokio::test]
async fn create_data_event_by_email() {
    let wire = respond_raw(202, "null").await;
    let moment = chrono::DateTime::from_timestamp(1732008900, 0).unwrap();
    let event = CreateDataEventRequest::by_email("connected-carrier", moment, "ada@juniper-freight.example");
    wire.client().create_data_event().body(event).send().await.unwrap();

    assert_eq!(
        wire.sent().body,
        json!({"event_name": "connected-carrier", "created_at": 1732008900, "email": "ada@juniper-freight.example"})
    );
}

#[tokio::test]
async fn create_data_event_needs_a_moment() {
    let wire = respond_raw(202, "").await;
    let call = wire.client().create_data_event();
    let call = call.body_map(|b| b.event_name("connected-carrier").user_id("usr-1001"));
    let error = call.send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_data_event: missing required value `created_at`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn list_data_events() {
    let wire = respond("GET /events").await;
    let call = wire.client().list_data_events().type_("user").user_id("usr-1001");
    let list = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /events?type=user&user_id=usr-1001");
    assert_eq!(sent.body, json!(null));
    assert!(list.events.is_empty());
    assert_eq!(list.email.as_deref(), Some("ada@juniper-freight.example"));
    assert_eq!(list.intercom_user_id.as_deref(), Some("66f1c2a9d04b7e8351aa0c11"));
    assert_eq!(
        list.pages.as_ref().unwrap().next.as_ref().unwrap().as_url(),
        Some("https://api.intercom.io/events?type=user&user_id=usr-1001&per_page=50&before=1732008900000")
    );
}

#[tokio::test]
async fn list_data_events_one_by_one() {
    let wire = respond_with(json!({"type": "event.list", "events": [
        {
            "type": "event", "id": "0a41f2d6-6c11-11ef-9b1c-0242ac120002", "event_name": "exported-report",
            "created_at": 1732008900, "intercom_user_id": "66f1c2a9d04b7e8351aa0c11",
            "metadata": {"rows": 1280, "price": {"amount": 3499, "currency": "eur"}},
        },
        {"type": "event", "event_name": "connected-carrier", "created_at": 1731942000, "metadata": null},
    ]}))
    .await;
    let call = wire.client().list_data_events().type_("user").summary(false);
    let list = call.intercom_user_id("66f1c2a9d04b7e8351aa0c11").send().await.unwrap();

    assert_eq!(
        wire.sent().line,
        "GET /events?type=user&summary=false&intercom_user_id=66f1c2a9d04b7e8351aa0c11"
    );
    let [exported, connected] = list.events.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(exported.event_name.as_deref(), Some("exported-report"));
    assert_eq!(exported.created_at, Some(1732008900.into()));
    assert_eq!(exported.metadata["price"]["amount"], 3499);
    assert!(connected.metadata.is_empty());
    assert_eq!(list.pages, None);
}

#[tokio::test]
async fn list_data_events_summarised() {
    let wire = respond_with(
        json!({"type": "event.summary", "email": "ada@juniper-freight.example", "events": [
            {
                "name": "connected-carrier", "count": 3, "description": null,
                "first": "2024-11-12T10:10:00.000Z", "last": "2024-11-18T15:00:00.000Z",
            },
        ]}),
    )
    .await;
    let call = wire.client().list_data_events().type_("user").summary(true);
    let list = call.email("ada+1@juniper-freight.example").send().await.unwrap();

    assert_eq!(
        wire.sent().line,
        "GET /events?type=user&summary=true&email=ada%2B1%40juniper-freight.example"
    );
    let connected = &list.events[0];
    assert_eq!(connected.name.as_deref(), Some("connected-carrier"));
    assert_eq!(connected.count, Some(3));
    assert_eq!(connected.first, Some(1731406200.into()));
    assert_eq!(connected.last.as_ref().unwrap().to_string(), "2024-11-18T15:00:00Z");
    assert_eq!(connected.description, None);
}

#[tokio::test]
async fn create_data_event_summaries() {
    let wire = respond_raw(200, "").await;
    let counted = CountedEvent::builder()
        .event_name("connected-carrier")
        .count(3)
        .first(1731406200)
        .last(1731942000);
    let call = wire.client().create_data_event_summaries();
    let accepted = call
        .body_map(|b| b.user_id("usr-1001").event_summaries(counted))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /events/summaries");
    assert_eq!(
        sent.body,
        json!({
            "user_id": "usr-1001",
            "event_summaries": {
                "event_name": "connected-carrier",
                "count": 3,
                "first": 1731406200,
                "last": 1731942000,
            },
        })
    );
    assert_eq!(accepted.status(), 200);
}
