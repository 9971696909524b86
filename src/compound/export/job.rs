//! An export job: its settings, and its download.

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
use super::format::{Format, HEAD_BYTES, announced};
use super::receive::{Receiving, Settings};
use crate::client::Client;
use crate::generated::export as api;
use crate::generated::export::{DOWNLOAD, Status};
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::error::context::{self, ErrorContext};
use crate::response::gzip::sniff;
use crate::response::typed::Response;

/// The first pause between two requests for the state of a job.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two requests for the state of a job.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a server may be unreachable while a job is waited for.
const LONGEST_OUTAGE: Duration = Duration::from_secs(15 * 60);

/// An export job of the server: wait for it, download its result, cancel it.
///
/// Started by [`Client::export`]. Save the [`id`](Self::id) to continue in another process with [`Client::export_job`].
/// Dropping this, or any of its futures, leaves the job on the server as it is.
pub struct ExportJob {
    pub(super) client: Client,
    pub(super) id: String,
    pub(super) progress: ExportProgress,
    /// Whether the server has reported the state.
    pub(super) known: bool,
    /// Whether the job has ended in a state that this version does not know.
    pub(super) ended: bool,
    pub(super) report: Box<dyn FnMut(&ExportProgress) + Send>,
    pub(super) pause: Duration,
    pub(super) longest_pause: Duration,
    pub(super) longest_outage: Duration,
    keep_compressed: bool,
    max_bytes: Option<u64>,
}

/// The progress of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// The state of the job as last reported.
    pub state: Status,
    /// Bytes downloaded so far, before decompression.
    pub bytes: u64,
    /// Bytes to download, if the server reports how many.
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
            known: false,
            ended: false,
            report: Box::new(|_| {}),
            pause: SHORTEST_PAUSE,
            longest_pause: LONGEST_PAUSE,
            longest_outage: LONGEST_OUTAGE,
            keep_compressed: false,
            max_bytes: None,
        }
    }

    /// Returns the job's identifier on the server.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the state as last reported; `Pending` before the first report. [`refresh`](Self::refresh) requests it.
    pub fn state(&self) -> &Status {
        &self.progress.state
    }

    /// Calls `report` whenever the server has reported the state and, in [`download_to`](Self::download_to), whenever more
    /// bytes have arrived.
    pub fn on_progress(mut self, report: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        self.report = Box::new(report);
        self
    }

    /// Sets how long [`wait`](Self::wait) pauses between requests: `first`, then 1.5 times as long each time, at most
    /// `longest`. Default: 1 second, then up to 30 seconds. Less than a millisecond counts as one.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        const SHORTEST: Duration = Duration::from_millis(1);
        self.longest_pause = longest.max(SHORTEST);
        self.pause = first.clamp(SHORTEST, self.longest_pause);
        self
    }

    /// Sets how long [`wait`](Self::wait) continues while the server cannot be reached, fails, or reports the same unknown
    /// state. Counted from the last report of a known state. Default: 15 minutes.
    pub fn outage(mut self, longest: Duration) -> Self {
        self.longest_outage = longest;
        self
    }

    /// Sets whether [`download_to`](Self::download_to) keeps gzip and archives as they come, as `<id>.csv.gz`, `<id>.zip`,
    /// `<id>.tar.gz` or `<id>.tar`. Default: `false`.
    pub fn keep_compressed(mut self, keep: bool) -> Self {
        self.keep_compressed = keep;
        self
    }

    /// Limits how many bytes [`download_to`](Self::download_to) writes into all files together: CSV, or the compressed bytes if
    /// they are [kept](Self::keep_compressed). A larger result is an error, and leaves no file.
    ///
    /// Default: no limit for what is not compressed. Gzip and archives may expand to 1 GiB, or to 250 times their size if that is
    /// more.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Cancels the job; the workspace is then free to start another one.
    ///
    /// # Errors
    ///
    /// Those of [`cancel_data_export`](Client::cancel_data_export).
    pub async fn cancel(&mut self) -> Result<&Status, Error> {
        let job = api::cancel(&self.client, &self.id).send().await?.into_inner();
        Ok(self.tell(job.status.unwrap_or(Status::Pending), false))
    }

    /// [Waits](Self::wait) for the job and streams its result as it comes, in constant memory. Empty if the job found no data.
    ///
    /// The result is a ZIP archive with a CSV for each statistic, or one CSV, in gzip or not: which of them depends on the
    /// workspace. [`ByteStream::decompressed`] makes CSV of gzip, and leaves a ZIP archive as it is.
    /// [`download_to`](Self::download_to) accepts every form.
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
    /// Those of [`wait`](Self::wait) and [`download_data_export`](Client::download_data_export). The server keeps a result
    /// for two days; later the error [`is_not_found`](Error::is_not_found).
    pub async fn download(&mut self) -> Result<ByteStream, Error> {
        let Some(answer) = self.completed().await.map_err(|error| self.named(error))? else {
            return Ok(ByteStream::new(ErrorContext::of(DOWNLOAD.id), stream::empty()));
        };
        let job = self.id.as_str().into();
        Ok(answer.into_inner().in_context(|context| context.job = Some(job)))
    }

    /// Waits for the job and starts to download its result; `None` if it found no data.
    async fn completed(&mut self) -> Result<Option<Response<ByteStream>>, Error> {
        if self.end().await? == Status::NoData {
            return Ok(None);
        }
        let answer = api::download(&self.client, &self.id).send().await?;
        self.progress.bytes = 0;
        self.progress.total = answer
            .headers()
            .get(http::header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        Ok(Some(answer))
    }

    /// Adds the job to an error.
    pub(super) fn named(&self, error: Error) -> Error {
        error.in_context(|context| context.job = Some(self.id.as_str().into()))
    }

    /// [Waits](Self::wait) for the job, writes its result into `folder`, and returns the files. Memory use does not depend on the
    /// size.
    ///
    /// The format is detected from the first bytes:
    ///
    /// | downloaded | written |
    /// |---|---|
    /// | a ZIP or tar archive, in gzip or not | each file under its own name, such as `receipt_20260413.csv`, without the folders of the archive |
    /// | one CSV, in gzip or not | `<id>.csv` |
    /// | HTML, XML or JSON, in gzip or an archive too; other binary data; nothing | an error |
    ///
    /// The folder is created if it does not exist. Use one for each job: two jobs can have files of the same name, and files that
    /// exist are replaced. Characters of the id other than ASCII letters, digits, `-` and `_` are percent-encoded in file names.
    ///
    /// Every file is written under a temporary name (`.<name>.….part`) and renamed when all of them are complete, so that each is
    /// complete or absent. When this fails or is dropped, nothing is left; when the process is killed, the temporary files remain
    /// and can be deleted. On Unix only the owner can read the files.
    ///
    /// # Errors
    ///
    /// Those of [`download`](Self::download). [`is_decode`](Error::is_decode) if the download is damaged, incomplete, encrypted or
    /// no export, if it is larger than [`max_bytes`](Self::max_bytes), or if an entry of an archive would be written outside of the
    /// folder, is a link, or has the name of another one or a name that Windows does not allow. [`is_io`](Error::is_io) if a file
    /// cannot be written. Each error contains the [job](Error::export_job). Calling this again downloads from the start.
    pub async fn download_to(&mut self, folder: impl AsRef<Path>) -> Result<ExportFiles, Error> {
        let written = self.written_to(folder.as_ref()).await;
        written.map_err(|error| self.named(error))
    }

    async fn written_to(&mut self, folder: &Path) -> Result<ExportFiles, Error> {
        let Some(answer) = self.completed().await? else {
            return Ok(ExportFiles::default());
        };
        let announced = announced(answer.headers());
        let bytes = answer.into_inner();
        let context = bytes.context().clone();
        let written = self.write(bytes, announced, folder).await;
        written.map_err(|failure| context.error(failure))
    }

    /// Writes a result that the headers may have announced as something else.
    async fn write(
        &mut self,
        mut bytes: ByteStream,
        announced: Option<&'static str>,
        folder: &Path,
    ) -> Result<ExportFiles, context::Failure> {
        let (head, _) = sniff(&mut bytes, HEAD_BYTES).await?;
        let format = match (Format::detect(&head), announced) {
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
            (self.report)(&self.progress);
            // The next bytes arrive while these are written.
            let (written, next) = join(blocking(move || receiving.write(&batch)), next_batch(&mut bytes)).await;
            receiving = written?;
            batch = next?;
        }
        // Unpacking can take long, and stops when this future is dropped.
        let waiting = Arc::new(());
        let watched = Arc::downgrade(&waiting);
        let files = blocking(move || receiving.finish(|| watched.strong_count() == 0)).await;
        drop(waiting);
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

/// How many bytes are written at once if they are available: enough to make the change of threads cheap.
const BATCH_BYTES: usize = 256 << 10;

/// Returns the next chunks: `BATCH_BYTES` or a little more of those that are available, none at the end.
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
