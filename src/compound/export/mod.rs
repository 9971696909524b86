//! Exports of message data: start a job, wait for it, and stream the result or write it to files.

mod failure;
mod files;
mod format;
mod job;
mod names;
mod part;
mod receive;
mod unpack;
mod untar;
mod unzip;
mod waiting;

use std::ops::{Bound, RangeBounds};

use crate::client::Client;
use crate::generated::export as api;
use crate::generated::export::CREATE;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;
use crate::wire::timestamp::{Timestamp, YEAR_2200};
pub use files::{ExportFile, ExportFiles};
pub use job::{ExportJob, ExportProgress};

impl Client {
    /// Starts a job that exports the messages sent within `range`: their recipients, and how those
    /// reacted.
    ///
    /// Sends `POST /export/content/data`. The range is in Unix seconds. `from..to` excludes the
    /// second `to`, so consecutive ranges do not overlap; `from..=to` includes it.
    ///
    /// # Limit
    ///
    /// Intercom exports at most 10 million rows and silently drops the rest. Export a busy
    /// workspace in shorter ranges, for example one day each.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::new();
    /// # let job = |state| intercom_client::mock::MockResponse::json(serde_json::json!({"job_identifier": "orzzsbd7hk67xyu", "status": state}));
    /// # intercom.on("create_data_export").respond(job("pending"));
    /// # intercom.on("get_data_export").respond(job("completed"));
    /// # intercom.on("download_data_export").respond(intercom_client::mock::MockResponse::bytes("application/octet-stream", "user_id\n"));
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # std::env::set_current_dir(folder.path()).expect("the folder exists");
    /// # let client = intercom.client();
    /// let november = 1_730_419_200..1_733_011_200;
    /// let files = client.export(november).await?.download_to("exports").await?;
    /// for file in &files {
    ///     println!("wrote {}", file.path().display());
    /// #   assert_eq!(std::fs::read(file).expect("the file is complete"), b"user_id\n");
    /// }
    /// # assert_eq!(files.len(), 1);
    /// # assert_eq!(intercom.calls("create_data_export")[0].json()["created_at_after"], 1_730_419_200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`is_builder`](Error::is_builder) if the range is empty, unbounded, or beyond the year
    ///   2200, which indicates milliseconds. Nothing is sent.
    /// - [`is_export_pending`](Error::is_export_pending) if another job of the workspace is
    ///   pending. A workspace runs one job at a time.
    pub async fn export<T: Into<Timestamp> + Clone>(&self, range: impl RangeBounds<T>) -> Result<ExportJob, Error> {
        let invalid = |what: &str| ErrorContext::builder_error(CREATE.id, format!("the range {what}"));
        let seconds = |time: &T| time.clone().into().as_seconds();
        let first = match range.start_bound() {
            Bound::Included(time) => seconds(time),
            Bound::Excluded(time) => seconds(time).saturating_add(1),
            Bound::Unbounded => return Err(invalid("has no start")),
        };
        let last = match range.end_bound() {
            Bound::Included(time) => seconds(time),
            Bound::Excluded(time) => seconds(time).saturating_sub(1),
            Bound::Unbounded => return Err(invalid("has no end")),
        };
        if first.max(last) >= YEAR_2200 {
            return Err(invalid(
                "is beyond the year 2200; the API expects seconds, not milliseconds",
            ));
        }
        if last < first {
            return Err(invalid("is empty"));
        }
        let created = api::create(self, first, last).send().await?;
        let Some(id) = created.job_identifier.clone().filter(|id| !id.is_empty()) else {
            let what = "the response does not contain the id of the export job";
            let error = created.error(Kind::Contradiction(what));
            return Err(error.in_context(|context| context.unknown_outcome = true));
        };
        let mut job = self.export_job(id);
        job.set_initial_state(created.into_inner());
        Ok(job)
    }

    /// Returns a handle to an existing export job, given its [id](ExportJob::id). Sends no request.
    pub fn export_job(&self, id: impl Into<String>) -> ExportJob {
        ExportJob::new(self.clone(), id.into())
    }
}
