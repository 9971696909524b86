//! Export jobs, which are pending, then in progress, then completed and downloaded.

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::super::call::{ApiError, CallResult, MockCall};
use super::super::catalog::{catalog, kind};
use super::super::export::MockExport;
use super::super::response::MockResponse;
use super::super::workspace::Workspace;

/// The time for which a finished export can be downloaded, in seconds.
const DOWNLOAD_SECONDS: i64 = 2 * 86_400;

fn status_of(workspace: &Workspace, id: &str) -> String {
    let record = workspace.store.get(kind::export(), id);
    record
        .and_then(|record| record.value["status"].as_str())
        .unwrap_or_default()
        .to_owned()
}

fn is_running(status: &str) -> bool {
    ["pending", "in_progress"].contains(&status)
}

/// Starts a job. A workspace runs one job at a time.
pub(super) fn create(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let kind = kind::export();
    for name in ["created_at_after", "created_at_before"] {
        if call.text(name).is_none() {
            return Err(ApiError::missing_parameter(format!("{name} is required")));
        }
    }
    let is_active = |workspace: &Workspace, id: &String| {
        let is_callers = workspace.store.get(kind, id).is_some_and(|record| !record.is_example);
        is_callers && is_running(&status_of(workspace, id))
    };
    if workspace.ids(kind).iter().any(|id| is_active(workspace, id)) {
        let message = "Exceeded rate limit of 1 pending message data export jobs";
        return Err(ApiError::new(429, "rate_limit_exceeded", message));
    }
    let mut record = workspace.new_record(call.operation, kind);
    set(&mut record, "pending", None);
    let id = workspace.put(kind, Value::Object(record)).unwrap_or_default();
    workspace.show(call, kind, &id)
}

fn set(fields: &mut Map<String, Value>, status: &str, download: Option<(String, i64)>) {
    let (url, expires) = download.map_or_else(Default::default, |(url, at)| (url, at.to_string()));
    let values = json!({"status": status, "download_url": url, "download_expires_at": expires});
    fields.extend(values.as_object().cloned().unwrap_or_default());
}

/// Returns the state of a job, and advances the job to its next state.
pub(super) fn status(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::export(), call.last_path_value());
    let next = match status_of(workspace, id).as_str() {
        "pending" => Some("in_progress"),
        "in_progress" => Some("completed"),
        _ => None,
    };
    let shown = workspace.show(call, kind, id);
    if let Some(next) = next {
        let expires = workspace.now.seconds() + DOWNLOAD_SECONDS;
        let url = format!("{}/download/content/data/{id}", call.base_url());
        let download = (next == "completed").then_some((url, expires));
        workspace.change(kind, id, |fields| set(fields, next, download));
    }
    shown
}

pub(super) fn cancel(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::export(), call.last_path_value());
    workspace.change(kind, id, |fields| set(fields, "canceled", None));
    workspace.show(call, kind, id)
}

/// Downloads the file of a finished job.
pub(super) fn download(workspace: &mut Workspace, call: &MockCall<'_>) -> CallResult {
    let (kind, id) = (kind::export(), call.last_path_value());
    // Some descriptions have the download without the job.
    let is_example =
        workspace.store.get(kind, id).is_none_or(|record| record.is_example) && catalog().record_path(kind).is_none();
    if !is_example && status_of(workspace, id) != "completed" {
        return Err(ApiError::record_not_found(call.operation, kind));
    }
    Ok(MockResponse::bytes(
        "application/octet-stream",
        workspace.export.clone(),
    ))
}

/// Returns the default download: a gzip-compressed CSV file with one receipt.
pub(super) fn default_export() -> Bytes {
    static EXPORT: LazyLock<Bytes> = LazyLock::new(|| {
        let columns = ["receipt_id", "user_id", "content_id", "received_at"];
        let receipt = ["1", "usr-1001", "1", "2024-11-18T09:00:00.000Z"];
        MockExport::csv(columns, [receipt]).gzip().into()
    });
    EXPORT.clone()
}
