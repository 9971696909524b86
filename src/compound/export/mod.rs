//! Exports of message data: start a job, wait for it, stream the result or write it to disk.

mod file;

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::client::Client;
use crate::generated::export as api;
use crate::generated::export::{CREATE, DOWNLOAD, Job, STATUS, Status};
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::error::context::{ErrorContext, Failure};
use crate::response::error::kind::Kind;
use crate::response::foreign_coding;
use crate::response::gzip::sniff;
use crate::response::typed::Response;
use crate::transport::sleep::sleep;
use crate::wire::read::without_mark;
use crate::wire::timestamp::Timestamp;
use file::{Form, Part, blocking};

impl Client {
    /// Starts an export of the messages that were sent within `range`, as `POST /export/content/data` does: who got which
    /// message, and what they did with it.
    ///
    /// The range counts seconds. `from..to` leaves out the second `to`, so that ranges can follow one another without
    /// overlap; `from..=to` includes it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::start().await;
    /// # let job = |state| intercom_client::mock::Answer::json(serde_json::json!({"job_identifier": "orzzsbd7hk67xyu", "status": state}));
    /// # intercom.on("create_data_export").answer(job("pending"));
    /// # intercom.on("get_data_export").answer(job("completed"));
    /// # intercom.on("download_data_export").answer(intercom_client::mock::Answer::bytes("application/octet-stream", "user_id\n"));
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # std::env::set_current_dir(folder.path()).expect("it is there");
    /// # let client = intercom.client();
    /// let november = 1_730_419_200..1_733_011_200;
    /// let file = client.export(november).await?.download_to("exports").await?;
    /// println!("written: {file:?}");
    /// # assert_eq!(std::fs::read(file.expect("a file")).expect("it is whole"), b"user_id\n");
    /// # assert_eq!(intercom.calls("create_data_export")[0].json()["created_at_after"], 1_730_419_200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the range is empty or open at an end, before anything is sent. A workspace runs one job at a time: while there
    /// is another, the error [`is_export_pending`](Error::is_export_pending).
    pub async fn export<T: Into<Timestamp> + Clone>(&self, range: impl RangeBounds<T>) -> Result<ExportJob, Error> {
        let refuse = |what: &str| ErrorContext::mistake(CREATE.id, format!("the range {what}"));
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
        job.progress.state = state(created.into_inner());
        job.known = true;
        Ok(job)
    }

    /// An export job that was started before, by its [identifier](ExportJob::id). Sends nothing yet.
    pub fn export_job(&self, id: impl Into<String>) -> ExportJob {
        ExportJob {
            client: self.clone(),
            id: id.into(),
            known: false,
            progress: ExportProgress {
                state: Status::Pending,
                bytes: 0,
                total: None,
            },
            report: Box::new(|_| {}),
            pause: SHORTEST_PAUSE,
            longest_pause: LONGEST_PAUSE,
            longest_outage: LONGEST_OUTAGE,
            keep_compressed: false,
            max_bytes: u64::MAX,
        }
    }
}

/// The first pause between two looks at a job.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two looks at a job.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a server may be out of reach while a job is waited for.
const LONGEST_OUTAGE: Duration = Duration::from_secs(15 * 60);

/// An export job of the server: wait for it, download its result, cancel it.
///
/// Started by [`Client::export`]. Save the [`id`](Self::id) to continue in another process with [`Client::export_job`].
/// Dropping this, or any of its futures, leaves the job on the server as it is.
pub struct ExportJob {
    client: Client,
    id: String,
    /// Whether the server has told the state.
    known: bool,
    progress: ExportProgress,
    report: Box<dyn FnMut(&ExportProgress) + Send>,
    pause: Duration,
    longest_pause: Duration,
    longest_outage: Duration,
    keep_compressed: bool,
    max_bytes: u64,
}

/// How far an export is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// The job's state when it was last asked for.
    pub state: Status,
    /// Bytes downloaded so far, compressed as they come.
    pub bytes: u64,
    /// Bytes to download, when the server tells.
    pub total: Option<u64>,
}

impl ExportJob {
    /// The job's identifier on the server.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The state when it was last asked for; `Pending` as long as it was not. [`refresh`](Self::refresh) asks.
    pub fn state(&self) -> &Status {
        &self.progress.state
    }

    /// Calls `report` each time the state was asked for and, in [`download_to`](Self::download_to), each time more bytes
    /// have arrived.
    pub fn on_progress(mut self, report: impl FnMut(&ExportProgress) + Send + 'static) -> Self {
        self.report = Box::new(report);
        self
    }

    /// How long [`wait`](Self::wait) pauses before it asks again: `first`, then half as long again each time, `longest` at
    /// most. Default: 1 second, then up to 30 seconds. Less than a millisecond counts as one.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        const SHORTEST: Duration = Duration::from_millis(1);
        self.longest_pause = longest.max(SHORTEST);
        self.pause = first.clamp(SHORTEST, self.longest_pause);
        self
    }

    /// How long [`wait`](Self::wait) goes on asking while the server cannot be reached or fails, counted from its last
    /// answer. Default: 15 minutes.
    pub fn outage(mut self, longest: Duration) -> Self {
        self.longest_outage = longest;
        self
    }

    /// Whether [`download_to`](Self::download_to) writes `.csv.gz` as it comes instead of `.csv`. Default: false.
    pub fn keep_compressed(mut self, keep: bool) -> Self {
        self.keep_compressed = keep;
        self
    }

    /// How many bytes [`download_to`](Self::download_to) writes at the most, as they stand in the file: CSV, or gzip where it
    /// [stays compressed](Self::keep_compressed). A larger result is an error, and leaves no file. Default: no limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Asks the server for the job's state once.
    ///
    /// # Errors
    ///
    /// Those of [`get_data_export`](Client::get_data_export); [`is_not_found`](Error::is_not_found) for a job that does not
    /// exist.
    pub async fn refresh(&mut self) -> Result<&Status, Error> {
        let answer = api::status(&self.client, &self.id).send().await?;
        Ok(self.tell(answer.into_inner()))
    }

    fn tell(&mut self, answer: Job) -> &Status {
        self.progress.state = state(answer);
        self.known = true;
        (self.report)(&self.progress);
        &self.progress.state
    }

    /// Waits until the job has ended: `Completed` with a result, or `NoData` when no message was sent in its range.
    ///
    /// Asks with growing pauses and goes on for as long as the server takes, through states that this version does not
    /// know too; put it into a timeout to limit it. An outage of the server is sat out, up to [`outage`](Self::outage). Can be
    /// dropped at any time and called again.
    ///
    /// # Errors
    ///
    /// [`is_export_failed`](Error::is_export_failed) or [`is_export_canceled`](Error::is_export_canceled) when the job
    /// ended so, and those of [`refresh`](Self::refresh). Each names the job, to go on with [`Client::export_job`].
    pub async fn wait(&mut self) -> Result<Status, Error> {
        self.ended().await.map_err(|error| self.named(error))
    }

    async fn ended(&mut self) -> Result<Status, Error> {
        let (mut heard, mut asked) = (Instant::now(), self.known);
        loop {
            if self.known {
                match &self.progress.state {
                    ended @ (Status::Completed | Status::NoData) => return Ok(ended.clone()),
                    Status::Failed => {
                        return Err(self.context().error(Kind::ExportFailed));
                    }
                    Status::Canceled => {
                        return Err(self.context().error(Kind::ExportCanceled));
                    }
                    _ => {}
                }
            }
            if std::mem::replace(&mut asked, true) {
                sleep(self.pause).await;
                self.pause = (self.pause.saturating_mul(3) / 2).min(self.longest_pause);
            }
            match self.refresh().await.map(drop) {
                Ok(()) => heard = Instant::now(),
                Err(error) if error.is_retryable() && heard.elapsed() < self.longest_outage => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Cancels the job; the workspace is then free to start another one.
    ///
    /// # Errors
    ///
    /// Those of [`cancel_data_export`](Client::cancel_data_export).
    pub async fn cancel(&mut self) -> Result<&Status, Error> {
        let answer = api::cancel(&self.client, &self.id).send().await?;
        Ok(self.tell(answer.into_inner()))
    }

    /// [Waits](Self::wait) for the job and streams its result in constant memory: CSV in gzip, as it comes, or CSV with
    /// [`ByteStream::decompressed`]. Empty when the job found no data.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::start().await;
    /// # let job = |state| intercom_client::mock::Answer::json(serde_json::json!({"job_identifier": "orzzsbd7hk67xyu", "status": state}));
    /// # intercom.on("get_data_export").answer(job("completed"));
    /// # intercom.on("download_data_export").answer(intercom_client::mock::Answer::bytes("application/octet-stream", "user_id\n"));
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

    /// Waits for the job and begins to download its result; `None` when it found no data.
    async fn completed(&mut self) -> Result<Option<Response<ByteStream>>, Error> {
        if self.ended().await? == Status::NoData {
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

    /// The same error, with the job that it is about.
    fn named(&self, error: Error) -> Error {
        error.in_context(|context| context.job = Some(self.id.as_str().into()))
    }

    /// Returns the context of errors about the job itself.
    fn context(&self) -> ErrorContext {
        ErrorContext {
            attempts: 1,
            ..ErrorContext::of(STATUS.id)
        }
    }

    /// [Waits](Self::wait) for the job and writes its result into `folder`, which is created when it is not there, as
    /// `<id>.csv`. Returns the file's path, `None` when the job found no data. Memory stays constant at any size.
    ///
    /// The file is written under a temporary name (`.<id>.csv.….part`) and renamed when it is whole, in the place of one
    /// that is already there. When this fails or is dropped, the temporary file is removed; when the process is killed, it
    /// stays and can be deleted. On Unix the file can be read by its owner alone. CSV that is not compressed is written as it
    /// comes; an HTML page, JSON, other binary data or nothing at all is refused. What is
    /// [kept compressed](Self::keep_compressed) is checked as well.
    ///
    /// # Errors
    ///
    /// Those of [`download`](Self::download); [`is_decode`](Error::is_decode) when the gzip is damaged or cut off, or the
    /// result larger than [`max_bytes`](Self::max_bytes), and [`is_io`](Error::is_io) when the file cannot be written. Each
    /// names the [job](Error::export_job). Calling it again downloads from the beginning.
    pub async fn download_to(&mut self, folder: impl AsRef<Path>) -> Result<Option<PathBuf>, Error> {
        let written = self.written_to(folder.as_ref()).await;
        written.map_err(|error| self.named(error))
    }

    async fn written_to(&mut self, folder: &Path) -> Result<Option<PathBuf>, Error> {
        let Some(answer) = self.completed().await? else {
            return Ok(None);
        };
        let announced = no_export_by(answer.headers());
        let bytes = answer.into_inner();
        let context = bytes.context().clone();
        let written = self.write(bytes, announced, folder).await;
        written.map(Some).map_err(|failure| context.error(failure))
    }

    /// Writes a result that the headers may have announced as something else.
    async fn write(
        &mut self,
        mut bytes: ByteStream,
        announced: Option<&'static str>,
        folder: &Path,
    ) -> Result<PathBuf, Failure> {
        let (head, gzip) = sniff(&mut bytes, LOOKED_AT).await?;
        if let Some(found) = no_export(&head).or(announced).filter(|_| !gzip) {
            return Err(Kind::no_gzip(found).into());
        }
        let (form, extension) = match (gzip, self.keep_compressed) {
            (true, true) => (Form::KeptGzip, "csv.gz"),
            (true, false) => (Form::Gzip, "csv"),
            (false, _) => (Form::Plain, "csv"),
        };
        let name = format!("{}.{extension}", file_name(&self.id));
        let (folder, limit) = (folder.to_owned(), self.max_bytes);
        let mut part = blocking(move || Part::create(&folder, &name, form, limit)).await?;
        let mut batch = vec![head];
        while !batch.is_empty() {
            self.progress.bytes += batch.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
            (self.report)(&self.progress);
            // The next bytes arrive while these are written.
            let (written, next) = join(blocking(move || part.write(&batch)), next_batch(&mut bytes)).await;
            part = written?;
            batch = next?;
        }
        blocking(move || part.finish()).await
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

fn state(answer: Job) -> Status {
    answer.status.unwrap_or(Status::Pending)
}

/// The identifier as a file name: no character in it leads out of the folder.
fn file_name(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect()
}

/// By so many bytes it is told what a download is, in however small pieces they come.
const LOOKED_AT: usize = 1024;

/// What the first bytes of a download are, where they are not those of CSV.
fn no_export(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..LOOKED_AT).unwrap_or(head);
    let text = without_mark(head).trim_ascii_start();
    match text.first() {
        None => Some("nothing"),
        Some(b'<') => Some("HTML or XML"),
        Some(b'{' | b'[') => Some("JSON"),
        Some(_) if text.iter().any(|byte| matches!(byte, 0..b'\t' | 0x0e..b' ')) => Some("binary data"),
        Some(_) => None,
    }
}

/// What the headers of a download say that it is, where that is no export.
fn no_export_by(headers: &HeaderMap) -> Option<&'static str> {
    const HTML: &[u8] = b"text/html";
    let media_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let begin = media_type.and_then(|media_type| media_type.get(..HTML.len()));
    match begin.is_some_and(|begin| begin.eq_ignore_ascii_case(HTML)) {
        true => Some("HTML or XML"),
        false => foreign_coding(headers),
    }
}

/// How many bytes are written at once where they are there: enough to make the change of threads cheap.
const BATCH: usize = 256 << 10;

/// The chunks that come next, `BATCH` bytes or a little more of those that are there; none at the end.
async fn next_batch(bytes: &mut ByteStream) -> Result<Vec<Bytes>, Failure> {
    let mut batch = Vec::new();
    let mut size = 0;
    let mut next = bytes.next_bytes().await?;
    while let Some(chunk) = next {
        size += chunk.len();
        batch.push(chunk);
        if size >= BATCH {
            break;
        }
        let Some(more) = bytes.next_bytes().now_or_never() else {
            break;
        };
        next = more?;
    }
    Ok(batch)
}
