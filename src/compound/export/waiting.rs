//! Waits for an export job to end, through server outages.

use http::StatusCode;
use tokio::time::Instant;

use super::job::ExportJob;
use crate::generated::export as api;
use crate::generated::export::{Job, STATUS, Status};
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::error::kind::Kind;
use crate::transport::sleep::sleep;

impl ExportJob {
    /// Requests the state of the job once.
    ///
    /// The server can report a failed job as a 504 that contains the job. This method returns that
    /// as a state, not as an error.
    ///
    /// # Errors
    ///
    /// Those of [`get_data_export`](crate::Client::get_data_export), such as
    /// [`is_not_found`](Error::is_not_found) if the job does not exist.
    pub async fn refresh(&mut self) -> Result<&Status, Error> {
        let response = match api::status(&self.client, &self.id).send().await {
            Ok(response) => response,
            Err(error) => {
                let state = error.ended_job().filter(|(job, _)| *job == self.id);
                let Some(state) = state.map(|(_, state)| Status::from(state)) else {
                    return Err(error);
                };
                return Ok(self.report_state(state, false));
            }
        };
        let Some(state) = response.status.clone() else {
            let what = "the response does not contain the state of the export job";
            return Err(response.error(Kind::Contradiction(what)));
        };
        let job = response.into_inner();
        Ok(self.report_state(state, has_download(&job)))
    }

    /// Sets the state from the response that started the job.
    pub(super) fn set_initial_state(&mut self, job: Job) {
        let has_download = has_download(&job);
        self.set_state(job.status.unwrap_or(Status::Pending), has_download);
    }

    /// Sets the state and calls the progress function.
    pub(super) fn report_state(&mut self, state: Status, has_download: bool) -> &Status {
        self.set_state(state, has_download);
        (self.on_progress)(&self.progress);
        &self.progress.state
    }

    fn set_state(&mut self, state: Status, has_download: bool) {
        self.progress.state = match state {
            // The name in the references of API 2.5 and 2.6.
            Status::Unknown(text) if text == "complete" => Status::Completed,
            state => state,
        };
        self.state_is_known = true;
        self.ended = has_download && matches!(self.progress.state, Status::Unknown(_));
    }

    /// Waits until the job has ended. Returns `Completed`, or `NoData` if no message was sent in
    /// the range of the job.
    ///
    /// Requests the state at growing [intervals](Self::poll_interval) while the job is pending or
    /// in progress, without a time limit; use [`tokio::time::timeout`] to set one. A state that
    /// this version does not know ends the wait if the job has a download URL.
    ///
    /// Waits through server outages of up to [`max_outage`](Self::max_outage). An outage is a
    /// [retryable](Error::is_retryable) error, or a response that does not come from the API, such
    /// as an HTML page.
    ///
    /// The future can be dropped at any time; a later call continues to wait.
    ///
    /// # Errors
    ///
    /// - [`is_export_failed`](Error::is_export_failed) or
    ///   [`is_export_canceled`](Error::is_export_canceled) if the job failed or was canceled.
    /// - The last error of an outage that is too long, or an error that says that the job stays in
    ///   an unknown state.
    /// - Those of [`refresh`](Self::refresh).
    ///
    /// All errors contain the id of the job, with which
    /// [`Client::export_job`](crate::Client::export_job) can resume.
    pub async fn wait(&mut self) -> Result<Status, Error> {
        self.wait_for_end().await.map_err(|error| self.with_job(error))
    }

    /// Waits until the job has ended, without adding the job to errors.
    pub(super) async fn wait_for_end(&mut self) -> Result<Status, Error> {
        // The last time that the server reported a known state, or a change of the state.
        let mut last_report = Instant::now();
        let mut requested = self.state_is_known;
        loop {
            if self.state_is_known {
                match &self.progress.state {
                    ended @ (Status::Completed | Status::NoData) => return Ok(ended.clone()),
                    Status::Failed => {
                        return Err(job_context().error(Kind::ExportFailed));
                    }
                    Status::Canceled => {
                        return Err(job_context().error(Kind::ExportCanceled));
                    }
                    ended if self.ended => return Ok(ended.clone()),
                    _ => {}
                }
            }
            if std::mem::replace(&mut requested, true) {
                sleep(self.poll_interval).await;
                self.poll_interval = (self.poll_interval.saturating_mul(3) / 2).min(self.max_poll_interval);
            }
            let before = self.progress.state.clone();
            match self.refresh().await.cloned() {
                Ok(Status::Unknown(text)) if before.as_str() == text => {
                    if !self.ended && last_report.elapsed() >= self.max_outage {
                        let what = "the export job stays in a state that this version does not know";
                        return Err(job_context().error(Kind::Contradiction(what)));
                    }
                }
                Ok(_) => last_report = Instant::now(),
                Err(error) if is_outage(&error) && last_report.elapsed() < self.max_outage => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns the context of errors that the server reported as a state of the job.
fn job_context() -> ErrorContext {
    ErrorContext {
        attempts: 1,
        ..ErrorContext::of(STATUS.id)
    }
}

/// Returns `true` if the job has a download URL. Some descriptions do not have this field.
fn has_download(job: &Job) -> bool {
    let job = serde_json::to_value(job).unwrap_or_default();
    let url = job.get("download_url").and_then(serde_json::Value::as_str);
    url.is_some_and(|url| !url.is_empty())
}

/// Returns `true` if the error does not concern the job: the server fails or cannot be reached, or
/// the response comes from another program.
fn is_outage(error: &Error) -> bool {
    match error.details() {
        Kind::Decode(_) | Kind::TooLarge(_) | Kind::Protocol | Kind::Contradiction(_) => true,
        Kind::Status => error.status().is_some_and(|status| match status {
            StatusCode::UNAUTHORIZED => false,
            status if status.is_server_error() => true,
            // A page of a proxy, or an empty body.
            _ => error.is_retryable() || error.errors().is_empty(),
        }),
        _ => error.is_retryable(),
    }
}
