//! Export jobs: pending, in progress, completed, and then downloaded.

use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use super::super::answer::Answer;
use super::super::call::{Call, Outcome, Refusal};
use super::super::catalog::{catalog, kind};
use super::super::pages::ELSEWHERE;
use super::super::workspace::Workspace;

/// How long a finished export can be downloaded, in seconds.
const EXPIRES: i64 = 2 * 86_400;

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

/// Begins a job. A workspace runs one at a time.
pub(super) fn create(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let kind = kind::export();
    for name in ["created_at_after", "created_at_before"] {
        if call.text(name).is_none() {
            return Err(Refusal::absent(format!("{name} is required")));
        }
    }
    let runs = |workspace: &Workspace, id: &String| {
        let is_callers = workspace.store.get(kind, id).is_some_and(|record| !record.described);
        is_callers && is_running(&status_of(workspace, id))
    };
    if workspace.ids(kind).iter().any(|id| runs(workspace, id)) {
        let message = "Exceeded rate limit of 1 pending message data export jobs";
        return Err(Refusal::new(429, "rate_limit_exceeded", message));
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

/// Each look at a job moves it on by one state.
pub(super) fn status(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::export(), call.last_value());
    let next = match status_of(workspace, id).as_str() {
        "pending" => Some("in_progress"),
        "in_progress" => Some("completed"),
        _ => None,
    };
    let shown = workspace.show(call, kind, id);
    if let Some(next) = next {
        let expires = workspace.now.seconds() + EXPIRES;
        let url = format!("{ELSEWHERE}/download/content/data/{id}");
        let download = (next == "completed").then_some((url, expires));
        workspace.change(kind, id, |fields| set(fields, next, download));
    }
    shown
}

pub(super) fn cancel(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::export(), call.last_value());
    workspace.change(kind, id, |fields| set(fields, "canceled", None));
    workspace.show(call, kind, id)
}

/// Hands out what a finished job found.
pub(super) fn download(workspace: &mut Workspace, call: &Call<'_>) -> Outcome {
    let (kind, id) = (kind::export(), call.last_value());
    // The description shows a download without the job.
    let is_there =
        workspace.store.get(kind, id).is_none_or(|record| record.described) && catalog().member(kind).is_none();
    if !is_there && status_of(workspace, id) != "completed" {
        return Err(Refusal::missing(call.operation, kind));
    }
    Ok(Answer::bytes("application/octet-stream", workspace.export.clone()))
}

/// A compressed table of receipts with one line.
pub(super) fn by_default() -> Bytes {
    static EXPORT: LazyLock<Bytes> = LazyLock::new(|| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let table = "receipt_id,user_id,content_id,received_at\r\n1,usr-1001,1,2024-11-18T09:00:00.000Z\r\n";
        match gzip.write_all(table.as_bytes()).and_then(|()| gzip.finish()) {
            Ok(bytes) => bytes.into(),
            // Writing into memory does not fail; a table as it is would be an export too.
            Err(_) => Bytes::from_static(table.as_bytes()),
        }
    });
    EXPORT.clone()
}
