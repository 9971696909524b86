//! Export jobs: settings and download.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join;
use futures_util::stream;

use super::failure::{Failure, blocking};
use super::files::ExportFiles;
use super::format::{Format, HEAD_BYTES, declared};
use super::receive::{Receiving, Settings};
use crate::client::Client;
use crate::generated::export as api;
use crate::generated::export::{DOWNLOAD, Status};
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::error::context::{self, ErrorContext};
use crate::response::gzip::sniff;
use crate::response::typed::Response;

/// The default of the first interval between two status requests.
const FIRST_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The default of the longest interval between two status requests.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(30);
/// The default of the longest server outage during a wait.
const MAX_OUTAGE: Duration = Duration::from_secs(15 * 60);

/// An export job on the server, which can be waited for, downloaded and canceled.
///
/// Started by [`Client::export`]. To resume in another process, store the [`id`](Self::id) and pass
/// it to [`Client::export_job`]. Dropping this value, or a future that it returned, does not affect
/// the job on the server.
pub struct ExportJob {
    pub(super) client: Client,
    pub(super) id: String,
    pub(super) progress: ExportProgress,
    /// Whether the state was reported by the server.
    pub(super) state_is_known: bool,
    /// Whether the job has ended in a state that this version does not know.
    pub(super) ended: bool,
    pub(super) on_progress: Box<dyn FnMut(&ExportProgress) + Send>,
    pub(super) poll_interval: Duration,
    pub(super) max_poll_interval: Duration,
    pub(super) max_outage: Duration,
    keep_compressed: bool,
    max_bytes: Option<u64>,
}

/// The progress of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// The last reported state of the job.
    pub state: Status,
    /// Bytes downloaded so far, before decompression.
    pub bytes: u64,
    /// The size of the download in bytes, if the server reported it.
    pub total: Option<u64>,
}

impl ExportJob {
    pub(super) fn new(client: Client, id: String) -> Self {
        Self {
            client,
            id,
            progress: ExportProgress {
                state: Status::Pending,
                bytes: 0,
                total: None,
            },
            state_is_known: false,
            ended: false,
            on_progress: Box::new(|_| {}),
            poll_interval: FIRST_POLL_INTERVAL,
            max_poll_interval: MAX_POLL_INTERVAL,
            max_outage: MAX_OUTAGE,
            keep_compressed: false,
            max_bytes: None,
        }
    }

    /// Returns the id of the job on the server.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the last reported state, initially `Pending`. [`refresh`](Self::refresh) requests
    /// the current one.
    pub fn state(&self) -> &Status {
        &self.progress.state
    }

    /// Sets a function that is called when the server reports the state and when
    /// [`download_to`](Self::download_to) receives bytes.
    pub fn on_progress(mut self, on_progress: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Sets the interval between the status requests of [`wait`](Self::wait). Default: 1 second,
    /// growing to 30 seconds.
    ///
    /// The interval starts at `first` and grows by half with each request, up to `max`. The minimum
    /// is 1 millisecond.
    #[doc(alias = "pauses")]
    #[doc(alias = "polling")]
    pub fn poll_interval(mut self, first: Duration, max: Duration) -> Self {
        const MIN: Duration = Duration::from_millis(1);
        self.max_poll_interval = max.max(MIN);
        self.poll_interval = first.clamp(MIN, self.max_poll_interval);
        self
    }

    /// Sets the longest server outage that [`wait`](Self::wait) tolerates. Default: 15 minutes.
    ///
    /// During an outage the server cannot be reached, fails, or reports the same unknown state. The
    /// time is measured from the last report of a known state.
    #[doc(alias = "outage")]
    pub fn max_outage(mut self, max: Duration) -> Self {
        self.max_outage = max;
        self
    }

    /// Sets whether [`download_to`](Self::download_to) writes gzip and archives unchanged. Default:
    /// `false`.
    ///
    /// The file is then named `<id>.csv.gz`, `<id>.zip`, `<id>.tar.gz` or `<id>.tar`.
    pub fn keep_compressed(mut self, keep: bool) -> Self {
        self.keep_compressed = keep;
        self
    }

    /// Limits the total size of the files that [`download_to`](Self::download_to) writes.
    ///
    /// Counts CSV, or the compressed bytes if they are [kept](Self::keep_compressed). A larger
    /// result is an error, and no file is written.
    ///
    /// Default: no limit for uncompressed downloads. Gzip and archives may expand to 1 GiB, or to
    /// 250 times their size if that is more.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Cancels the job, so that the workspace can start another one.
    ///
    /// # Errors
    ///
    /// Those of [`cancel_data_export`](Client::cancel_data_export).
    pub async fn cancel(&mut self) -> Result<&Status, Error> {
        let job = api::cancel(&self.client, &self.id).send().await?.into_inner();
        Ok(self.report_state(job.status.unwrap_or(Status::Pending), false))
    }

    /// [Waits](Self::wait) for the job and returns its result as a stream of bytes. Empty if the
    /// job found no data.
    ///
    /// Depending on the workspace, the result is a ZIP archive with one CSV per statistic, or a
    /// single CSV, with or without gzip. [`ByteStream::decompressed`] decompresses gzip, but does
    /// not unpack archives. [`download_to`](Self::download_to) handles all formats.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::new();
    /// # let job = |state| intercom_client::mock::MockResponse::json(serde_json::json!({"job_identifier": "orzzsbd7hk67xyu", "status": state}));
    /// # intercom.on("get_data_export").respond(job("completed"));
    /// # intercom.on("download_data_export").respond(intercom_client::mock::MockResponse::bytes("application/octet-stream", "user_id\n"));
    /// # let client = intercom.client();
    /// let mut csv = client.export_job("orzzsbd7hk67xyu").download().await?.decompressed();
    /// while let Some(bytes) = csv.next_chunk().await? {
    ///     println!("{} bytes of CSV", bytes.len());
    /// #     assert_eq!(&bytes[..], b"user_id\n");
    /// }
    /// # assert_eq!(intercom.calls("download_data_export").len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait) and [`download_data_export`](Client::download_data_export).
    /// The server deletes a result after two days, and then responds with an error that
    /// [`is_not_found`](Error::is_not_found).
    pub async fn download(&mut self) -> Result<ByteStream, Error> {
        let Some(response) = self.start_download().await.map_err(|error| self.with_job(error))? else {
            return Ok(ByteStream::new(ErrorContext::of(DOWNLOAD.id), stream::empty()));
        };
        let job = self.id.as_str().into();
        Ok(response.into_inner().in_context(|context| context.job = Some(job)))
    }

    /// Waits for the job and starts the download. Returns `None` if the job found no data.
    async fn start_download(&mut self) -> Result<Option<Response<ByteStream>>, Error> {
        if self.wait_for_end().await? == Status::NoData {
            return Ok(None);
        }
        let response = api::download(&self.client, &self.id).send().await?;
        self.progress.bytes = 0;
        self.progress.total = response
            .headers()
            .get(http::header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        Ok(Some(response))
    }

    /// Adds the job to an error.
    pub(super) fn with_job(&self, error: Error) -> Error {
        error.in_context(|context| context.job = Some(self.id.as_str().into()))
    }

    /// [Waits](Self::wait) for the job, writes its result into `folder`, and returns the files.
    ///
    /// Memory use does not depend on the size of the result. The format is detected from the first
    /// bytes:
    ///
    /// | download | files |
    /// |---|---|
    /// | ZIP or tar archive, with or without gzip | one per entry, named after the entry without its folders, such as `receipt_20260413.csv` |
    /// | single CSV, with or without gzip | `<id>.csv` |
    /// | anything else, such as HTML, JSON, binary data or no data | none; an error |
    ///
    /// The folder is created if it does not exist. Use a separate folder for each job: jobs can
    /// have files with the same names, and existing files are replaced. In `<id>`, characters other
    /// than ASCII letters, digits, `-` and `_` are percent-encoded.
    ///
    /// Files are written under temporary names (`.<name>.….part`) and renamed once all of them are
    /// complete. If this call fails or is dropped, no new file remains, and files that were
    /// replaced are restored. If the process is killed, files with temporary names remain:
    /// `.….part` can be deleted, and `.….previous` is a file that was being replaced. On Unix, only
    /// the owner can read the files.
    ///
    /// # Errors
    ///
    /// Those of [`download`](Self::download), and:
    ///
    /// - [`is_decode`](Error::is_decode) if the download is damaged, incomplete, encrypted, not an
    ///   export, or larger than [`max_bytes`](Self::max_bytes).
    /// - [`is_decode`](Error::is_decode) if an entry of an archive is a link, is outside of the
    ///   folder, has the same name as another entry, or has a name that is invalid on Windows.
    /// - [`is_io`](Error::is_io) if a file cannot be written.
    ///
    /// All errors contain the [job](Error::export_job). A repeated call downloads from the start.
    pub async fn download_to(&mut self, folder: impl AsRef<Path>) -> Result<ExportFiles, Error> {
        let written = self.download_and_write(folder.as_ref()).await;
        written.map_err(|error| self.with_job(error))
    }

    async fn download_and_write(&mut self, folder: &Path) -> Result<ExportFiles, Error> {
        let Some(response) = self.start_download().await? else {
            return Ok(ExportFiles::default());
        };
        let declared = declared(response.headers());
        let bytes = response.into_inner();
        let context = bytes.context().clone();
        let written = self.write(bytes, declared, folder).await;
        written.map_err(|failure| context.error(failure))
    }

    /// Writes a result. `declared` is the content according to the headers, if that cannot be an
    /// export.
    async fn write(
        &mut self,
        mut bytes: ByteStream,
        declared: Option<&'static str>,
        folder: &Path,
    ) -> Result<ExportFiles, context::Failure> {
        let (head, _) = sniff(&mut bytes, HEAD_BYTES).await?;
        let format = match (Format::detect(&head), declared) {
            (Ok(Format::Csv), Some(found)) | (Err(found), _) => Err(Failure::no_export(found)),
            (Ok(format), _) => Ok(format),
        }?;
        let settings = Settings {
            folder: folder.to_owned(),
            job: self.id.clone(),
            keep_compressed: self.keep_compressed,
            max_bytes: self.max_bytes,
        };
        let mut receiving = blocking(move || Receiving::create(settings, format)).await?;
        let mut batch = vec![head];
        while !batch.is_empty() {
            self.progress.bytes += batch.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
            (self.on_progress)(&self.progress);
            // Receives the next bytes while these are written.
            let (written, next) = join(blocking(move || receiving.write(&batch)), next_batch(&mut bytes)).await;
            receiving = written?;
            batch = next?;
        }
        // Unpacking can take long, so it stops when this future is dropped.
        let guard = Arc::new(());
        let weak = Arc::downgrade(&guard);
        let files = blocking(move || receiving.finish(|| weak.strong_count() == 0)).await;
        drop(guard);
        files
    }
}

impl fmt::Debug for ExportJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportJob")
            .field("id", &self.id)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// The number of bytes passed to the writing thread at once, if available: enough to make switching
/// threads cheap.
const BATCH_BYTES: usize = 256 << 10;

/// Returns the available chunks, up to about `BATCH_BYTES`. Waits for the first one; empty at the
/// end of the stream.
async fn next_batch(bytes: &mut ByteStream) -> Result<Vec<Bytes>, context::Failure> {
    let mut batch = Vec::new();
    let mut size = 0;
    let mut next = bytes.next_bytes().await?;
    while let Some(chunk) = next {
        size += chunk.len();
        batch.push(chunk);
        if size >= BATCH_BYTES {
            break;
        }
        let Some(more) = bytes.next_bytes().now_or_never() else {
            break;
        };
        next = more?;
    }
    Ok(batch)
}
