//! Exports of message data: start a job, wait for it, stream the result or write it to disk.

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
    /// Starts an export of the messages that were sent within `range`, as `POST /export/content/data` does: who got which
    /// message, and what they did with it.
    ///
    /// The range counts seconds. `from..to` excludes the second `to`, so that ranges can follow one another without overlap;
    /// `from..=to` includes it.
    ///
    /// # Limit
    ///
    /// Intercom exports at most 10 million rows and drops the others without notice. Export a busy workspace in ranges that
    /// contain fewer, such as one day each.
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
    /// # std::env::set_current_dir(folder.path()).expect("it is there");
    /// # let client = intercom.client();
    /// let november = 1_730_419_200..1_733_011_200;
    /// let files = client.export(november).await?.download_to("exports").await?;
    /// for file in &files {
    ///     println!("written: {}", file.path().display());
    /// #   assert_eq!(std::fs::read(file).expect("it is complete"), b"user_id\n");
    /// }
    /// # assert_eq!(files.len(), 1);
    /// # assert_eq!(intercom.calls("create_data_export")[0].json()["created_at_after"], 1_730_419_200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_builder`](Error::is_builder) if the range is empty, open at an end, or lies beyond the year 2200, which most likely
    /// means that it counts milliseconds; nothing is sent. [`is_export_pending`](Error::is_export_pending) while another job
    /// of the workspace is pending, since a workspace runs one job at a time.
    pub async fn export<T: Into<Timestamp> + Clone>(&self, range: impl RangeBounds<T>) -> Result<ExportJob, Error> {
        let refuse = |what: &str| ErrorContext::builder_error(CREATE.id, format!("the range {what}"));
        let seconds = |moment: &T| moment.clone().into().as_seconds();
        let first = match range.start_bound() {
            Bound::Included(moment) => seconds(moment),
            Bound::Excluded(moment) => seconds(moment).saturating_add(1),
            Bound::Unbounded => return Err(refuse("has no beginning")),
        };
        let last = match range.end_bound() {
            Bound::Included(moment) => seconds(moment),
            Bound::Excluded(moment) => seconds(moment).saturating_sub(1),
            Bound::Unbounded => return Err(refuse("has no end")),
        };
        if first.max(last) >= YEAR_2200 {
            return Err(refuse(
                "lies beyond the year 2200, and the API counts seconds: milliseconds?",
            ));
        }
        if last < first {
            return Err(refuse("is empty: it ends before it begins"));
        }
        let created = api::create(self, first, last).send().await?;
        let Some(id) = created.job_identifier.clone().filter(|id| !id.is_empty()) else {
            let what = "the server did not name the job that it started";
            let error = created.error(Kind::Contradiction(what));
            return Err(error.in_context(|context| context.unknown_outcome = true));
        };
        let mut job = self.export_job(id);
        job.start_with(created.into_inner());
        Ok(job)
    }

    /// Returns an export job that was started before, by its [identifier](ExportJob::id). Sends nothing yet.
    pub fn export_job(&self, id: impl Into<String>) -> ExportJob {
        ExportJob::new(self.clone(), id.into())
    }
}
