//! Export jobs of message data.

use intercom_client::types::DataExportStatus;
use serde_json::json;

use crate::wire::{respond, respond_raw, respond_with};

#[tokio::test]
async fn create_data_export() {
    let wire = respond("POST /export/content/data").await;
    let call = wire.client().create_data_export();
    let job = call
        .body_map(|b| b.created_at_after(1731369600).created_at_before(1731974400))
        .send()
        .await
        .unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /export/content/data");
    assert_eq!(
        sent.body,
        json!({"created_at_after": 1731369600, "created_at_before": 1731974400})
    );
    assert_eq!(job.job_identifier.as_deref(), Some("mx7qk3w9zt2hv5rd"));
    assert_eq!(job.status, Some(DataExportStatus::Pending));
    assert_eq!(job.download_url.as_deref(), Some(""));
}

#[tokio::test]
async fn create_data_export_needs_an_end() {
    let wire = respond("POST /export/content/data").await;
    let call = wire.client().create_data_export();
    let error = call
        .body_map(|b| b.created_at_after(1731369600))
        .send()
        .await
        .unwrap_err();

    assert!(error.is_builder());
    assert_eq!(
        error.to_string(),
        "create_data_export: missing required value `created_at_before`"
    );
    assert!(wire.sent_nothing());
}

#[tokio::test]
async fn get_data_export() {
    let wire = respond("GET /export/content/data/{job_identifier}").await;
    let call = wire.client().get_data_export().job_identifier("mx7qk3w9zt2hv5rd");
    let job = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "GET /export/content/data/mx7qk3w9zt2hv5rd");
    assert_eq!(sent.body, json!(null));
    assert_eq!(job.status, Some(DataExportStatus::Completed));
    assert_eq!(
        job.download_url.as_deref(),
        Some("https://api.intercom.io/download/content/data/mx7qk3w9zt2hv5rd")
    );
    assert_eq!(job.download_expires_at.as_deref(), Some("1732287600"));
}

#[tokio::test]
async fn get_data_export_in_a_state_that_is_new() {
    let wire =
        respond_with(json!({"job_identifier": "mx7qk3w9zt2hv5rd", "status": "queued", "download_url": null})).await;
    let call = wire.client().get_data_export().job_identifier("mx7/qk3 w9");
    let job = call.send().await.unwrap();

    assert_eq!(wire.sent().line, "GET /export/content/data/mx7%2Fqk3%20w9");
    assert_eq!(job.status, Some(DataExportStatus::Unknown("queued".into())));
    assert_eq!(job.download_url, None);
}

#[tokio::test]
async fn cancel_data_export() {
    let wire = respond("POST /export/cancel/{job_identifier}").await;
    let call = wire.client().cancel_data_export().job_identifier("mx7qk3w9zt2hv5rd");
    let job = call.send().await.unwrap();

    let sent = wire.sent();
    assert_eq!(sent.line, "POST /export/cancel/mx7qk3w9zt2hv5rd");
    assert_eq!(sent.body, json!(null));
    assert_eq!(job.job_identifier.as_deref(), Some("mx7qk3w9zt2hv5rd"));
    assert_eq!(job.status, Some(DataExportStatus::Canceled));
    assert_eq!(job.download_expires_at.as_deref(), Some(""));
}

#[tokio::test]
async fn download_data_export() {
    // An empty gzip file followed by invalid UTF-8, which is returned unchanged.
    let export = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff\x00";
    let wire = respond_raw(200, export).await;
    let call = wire.client().download_data_export().job_identifier("mx7qk3w9zt2hv5rd");
    let mut download = call.send().await.unwrap().into_inner();
    let mut received = Vec::new();
    while let Some(chunk) = download.next_chunk().await.unwrap() {
        received.extend_from_slice(&chunk);
    }

    let sent = wire.sent_for("application/octet-stream");
    assert_eq!(sent.line, "GET /download/content/data/mx7qk3w9zt2hv5rd");
    assert_eq!(sent.body, json!(null));
    assert_eq!(received, export);
}
