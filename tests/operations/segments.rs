//! Segments.

use intercom_client::types::SegmentPersonType;
use serde_json::json;

use crate::wire::{respond, respond_with};

#[tokio::test]
async fn list_segments() {
    let wire = respond("GET /segments").await;
    let list = wire.client().list_segments().send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /segments");
    assert_eq!(sent.body, json!(null));
    let [shippers, trials] = list.segments.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(shippers.id.as_deref(), Some("66f1d0330d3a5c41e2f0a101"));
    assert_eq!(shippers.person_type, Some(SegmentPersonType::User));
    assert_eq!(trials.name.as_deref(), Some("Trial fleets"));
    assert_eq!(trials.created_at, Some(1731301740.into()));
    assert_eq!(trials.count, None, "the count is only returned on request");
}

#[tokio::test]
async fn list_segments_with_counts() {
    let wire = respond_with(json!({"type": "segment.list", "segments": [
        {"id": "66f1d0330d3a5c41e2f0a101", "person_type": "contact", "count": 1280},
        {"id": "66f1d0330d3a5c41e2f0a102", "person_type": "lead", "count": null},
    ]}))
    .await;
    let list = wire.client().list_segments().include_count(true).send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /segments?include_count=true");
    assert_eq!(list.segments[0].count, Some(1280));
    assert_eq!(list.segments[1].count, None);
    assert_eq!(
        list.segments[1].person_type,
        Some(SegmentPersonType::Unknown("lead".into()))
    );
}

#[tokio::test]
async fn retrieve_segment() {
    let wire = respond("GET /segments/{id}").await;
    let call = wire.client().retrieve_segment().id("66f1d0330d3a5c41e2f0a101");
    let segment = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /segments/66f1d0330d3a5c41e2f0a101");
    assert_eq!(sent.body, json!(null));
    assert_eq!(segment.name.as_deref(), Some("Active shippers"));
    assert_eq!(segment.updated_at, Some(1731888600.into()));
    assert_eq!(segment.person_type, Some("user".into()));
}

#[tokio::test]
async fn retrieve_segment_of_an_odd_id() {
    let wire = respond("GET /segments/{id}").await;
    wire.client().retrieve_segment().id("a/b c").send().await.unwrap();
    assert_eq!(wire.sent().line, "GET /segments/a%2Fb%20c");
}

#[tokio::test]
async fn retrieve_segment_needs_an_id() {
    let wire = respond("GET /segments/{id}").await;
    let error = wire.client().retrieve_segment().send().await.unwrap_err();

    assert!(error.is_builder());
    assert_eq!(error.to_string(), "retrieve_segment: missing required value `id`");
    assert!(wire.sent_nothing());
}
