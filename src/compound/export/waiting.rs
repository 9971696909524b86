//! Waiting for an export job, through outages and up to a state that ends it.

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
    /// Requests the job's state once.
    ///
    /// A failed job is reported by the server with a 504 that contains the job; that is a state and not an error.
    ///
    /// # Errors
    ///
    /// Those of [`get_data_export`](crate::Client::get_data_export); [`is_not_found`](Error::is_not_found) if the job does not
    /// exist.
    pub async fn refresh(&mut self) -> Result<&Status, Error> {
        let response = match api::status(&self.client, &self.id).send().await {
            Ok(response) => response,
            Err(error) => {
                let state = error.ended_job().filter(|(job, _)| *job == self.id);
                let Some(state) = state.map(|(_, state)| Status::from(state)) else {
                    return Err(error);
                };
                return Ok(self.tell(state, false));
            }
        };
        let Some(state) = response.status.clone() else {
            let what = "the server did not report the state of the job";
            return Err(response.error(Kind::Contradiction(what)));
        };
        let job = response.into_inner();
        Ok(self.tell(state, has_download(&job)))
    }

    /// Takes the first state, which the response that started the job contains.
    pub(super) fn start_with(&mut self, job: Job) {
        let has_download = has_download(&job);
        self.set(job.status.unwrap_or(Status::Pending), has_download);
    }

    /// Takes a state and reports it.
    pub(super) fn tell(&mut self, state: Status, has_download: bool) -> &Status {
        self.set(state, has_download);
        (self.report)(&self.progress);
        &self.progress.state
    }

    fn set(&mut self, state: Status, has_download: bool) {
        self.progress.state = match state {
            // The references of API 2.5 and 2.6 call it so.
            Status::Unknown(text) if text == "complete" => Status::Completed,
            state => state,
        };
        self.known = true;
        self.ended = has_download && matches!(self.progress.state, Status::Unknown(_));
    }

    /// Waits until the job has ended: `Completed` with a result, or `NoData` if no message was sent in its range.
    ///
    /// Requests the state with growing pauses for as long as the server reports the job as pending or in progress; use
    /// [`tokio::time::timeout`] to limit that. A state that this version does not know ends the wait as well, once the job has a
    /// download URL. Outages of the server are waited out, up to [`outage`](Self::outage): besides
    /// [retryable](Error::is_retryable) errors these are responses that are not JSON of the API, such as an HTML page. Can be
    /// dropped at any time and called again.
    ///
    /// # Errors
    ///
    /// [`is_export_failed`](Error::is_export_failed) or [`is_export_canceled`](Error::is_export_canceled) if the job ended so; the
    /// last error of an outage that lasts too long; an error if the job stays in an unknown state for as long; otherwise those of
    /// [`refresh`](Self::refresh). Each contains the job, to continue with [`Client::export_job`](crate::Client::export_job).
    pub async fn wait(&mut self) -> Result<Status, Error> {
        self.end().await.map_err(|error| self.named(error))
    }

    /// Waits until the job has ended, without adding the job to errors.
    pub(super) async fn end(&mut self) -> Result<Status, Error> {
        // The last time that the server reported a state that this version knows, or another one than before.
        let (mut heard, mut asked) = (Instant::now(), self.known);
        loop {
            if self.known {
                match &self.progress.state {
                    ended @ (Status::Completed | Status::NoData) => return Ok(ended.clone()),
                    Status::Failed => {
                        return Err(about_the_job().error(Kind::ExportFailed));
                    }
                    Status::Canceled => {
                        return Err(about_the_job().error(Kind::ExportCanceled));
                    }
                    ended if self.ended => return Ok(ended.clone()),
                    _ => {}
                }
            }
            if std::mem::replace(&mut asked, true) {
                sleep(self.pause).await;
                self.pause = (self.pause.saturating_mul(3) / 2).min(self.longest_pause);
            }
            let before = self.progress.state.clone();
            match self.refresh().await.cloned() {
                Ok(Status::Unknown(text)) if before.as_str() == text => {
                    if !self.ended && heard.elapsed() >= self.longest_outage {
                        let what = "the export job stays in a state that this version does not know";
                        return Err(about_the_job().error(Kind::Contradiction(what)));
                    }
                }
                Ok(_) => heard = Instant::now(),
                Err(error) if is_outage(&error) && heard.elapsed() < self.longest_outage => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns the context of errors about the job itself.
fn about_the_job() -> ErrorContext {
    ErrorContext {
        attempts: 1,
        ..ErrorContext::of(STATUS.id)
    }
}

/// Returns `true` if a job has a download URL. Not every description has the field.
fn has_download(job: &Job) -> bool {
    let job = serde_json::to_value(job).unwrap_or_default();
    let url = job.get("download_url").and_then(serde_json::Value::as_str);
    url.is_some_and(|url| !url.is_empty())
}

/// Returns `true` if an error says nothing about the job: the server is unreachable or fails, or something else responds in its
/// place.
fn is_outage(error: &Error) -> bool {
    match error.details() {
        Kind::Decode(_) | Kind::TooLarge(_) | Kind::Protocol | Kind::Contradiction(_) => true,
        Kind::Status => error.status().is_some_and(|status| match status {
            StatusCode::UNAUTHORIZED => false,
            status if status.is_server_error() => true,
            // A page of a proxy, or nothing.
            _ => error.is_retryable() || error.errors().is_empty(),
        }),
        _ => error.is_retryable(),
    }
}
