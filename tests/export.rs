//! Exports over real HTTP: jobs in all their states, and downloads that are complete or absent.

#[path = "export/archives.rs"]
mod archives;
#[allow(dead_code)]
#[path = "transport/server.rs"]
mod server;
#[path = "export/waiting.rs"]
mod waiting;

use std::io::{Read, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, TryStreamExt};
use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::types::DataExportStatus;
use intercom_client::{ByteStream, Client, Error, ExportFiles, ExportJob, RetryPolicy, Timestamp};
use serde_json::{Value, json};
use server::{Move, Request, Server, chunked, raw, response};

/// The job `job-1` in a state.
fn state(state: &str) -> Value {
    json!({"job_identifier": "job-1", "status": state, "download_url": ""})
}

/// A mock Intercom whose job goes through these states, the last one for good, and downloads as this.
async fn exporting(states: &[&str], download: MockResponse) -> MockIntercom {
    let intercom = MockIntercom::new();
    intercom
        .on("create_data_export")
        .respond(MockResponse::json(state("pending")));
    intercom
        .on("cancel_data_export")
        .respond(MockResponse::json(state("canceled")));
    let (last, first) = states.split_last().unwrap();
    for passing in first {
        intercom
            .on("get_data_export")
            .respond_once(MockResponse::json(state(passing)));
    }
    intercom.on("get_data_export").respond(MockResponse::json(state(last)));
    intercom.on("download_data_export").respond(download);
    intercom
}

/// A download of these bytes.
fn bytes(body: impl Into<Bytes>) -> MockResponse {
    MockResponse::bytes("application/octet-stream", body)
}

/// A mock Intercom whose job is completed and downloads as these bytes.
async fn completed(body: impl Into<Bytes>) -> MockIntercom {
    exporting(&["completed"], bytes(body)).await
}

/// A server whose job is completed, and that makes these moves when it is downloaded.
async fn downloading(moves: impl Into<Vec<Move>>) -> Server {
    let moves = moves.into();
    Server::serve(move |request: &Request| match request.target.as_str() {
        "/export/content/data/job-1" => vec![response(200, &[], state("completed").to_string())],
        "/download/content/data/job-1" => moves.clone(),
        _ => vec![response(404, &[], "")],
    })
    .await
}

/// A client of a server of raw sockets.
fn client(server: &Server) -> Client {
    Client::builder("a-token").base_url(&server.url).build().unwrap()
}

/// The job, looked after often.
fn job(client: &Client) -> ExportJob {
    let job = client.export_job("job-1");
    job.pauses(Duration::from_millis(5), Duration::from_millis(20))
}

/// The requests so far, with their bodies.
fn received(intercom: &MockIntercom) -> Vec<String> {
    let received = intercom.received().into_iter().map(|request| {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        format!("{} {body}", request.line()).trim_end().to_owned()
    });
    received.collect()
}

fn gzip(data: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A CSV of about `bytes` bytes.
fn csv(bytes: usize) -> Vec<u8> {
    let rows = (0..bytes / 30).map(|i| format!("{i:024x},{}\n", i % 7919));
    "user_id,content_id\n"
        .chars()
        .chain(rows.collect::<String>().chars())
        .collect::<String>()
        .into_bytes()
}

async fn all(bytes: ByteStream) -> Vec<u8> {
    bytes.map(|chunk| chunk.unwrap()).collect::<Vec<_>>().await.concat()
}

/// The path of the only file of an export.
fn only(files: ExportFiles) -> PathBuf {
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap().into_path()
}

/// The names in a folder, temporary ones too.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_range_becomes_files() {
    let csv = csv(100_000);
    let download = bytes(gzip(&csv, Compression::default()));
    let intercom = exporting(&["in_progress", "completed"], download).await;
    let client = intercom.client();
    let folder = tempfile::tempdir().unwrap();

    let job = client.export(1731369600..1731974400).await.unwrap();
    let mut job = job.pauses(Duration::from_millis(5), Duration::from_millis(5));
    let file = only(job.download_to(folder.path().join("a/b")).await.unwrap());

    assert_eq!(file, folder.path().join("a/b/job-1.csv"));
    assert_eq!(std::fs::read(&file).unwrap(), csv);
    assert_eq!(names(&folder.path().join("a/b")), ["job-1.csv"]);
    assert_eq!(
        received(&intercom),
        [
            r#"POST /export/content/data {"created_at_after":1731369600,"created_at_before":1731974399}"#,
            "GET /export/content/data/job-1",
            "GET /export/content/data/job-1",
            "GET /download/content/data/job-1",
        ]
    );
}

#[tokio::test]
async fn ranges_are_counted_in_seconds() {
    let intercom = completed("").await;
    let client = intercom.client();
    let moment = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    client.export(100..200).await.unwrap();
    client.export(100..=200).await.unwrap();
    client.export(100..101).await.unwrap();
    client.export(moment(100)..moment(200)).await.unwrap();
    client
        .export(Timestamp::from(100)..=Timestamp::from(200))
        .await
        .unwrap();
    client
        .export((Bound::Excluded(-100), Bound::Included(200)))
        .await
        .unwrap();
    let sent = [(100, 199), (100, 200), (100, 100), (100, 199), (100, 200), (-99, 200)];
    let sent = sent.map(|(first, last)| {
        format!(r#"POST /export/content/data {{"created_at_after":{first},"created_at_before":{last}}}"#)
    });
    assert_eq!(received(&intercom), sent);
}

#[tokio::test]
async fn a_range_that_cannot_be_exported_is_not_sent() {
    let intercom = completed("").await;
    let client = intercom.client();
    for (error, reason) in [
        (
            client.export(200..200).await.unwrap_err(),
            "is empty: it ends before it begins",
        ),
        #[allow(clippy::reversed_empty_ranges)]
        (
            client.export(200..100).await.unwrap_err(),
            "is empty: it ends before it begins",
        ),
        (client.export(200..).await.unwrap_err(), "has no end"),
        (client.export(..200).await.unwrap_err(), "has no beginning"),
    ] {
        assert!(error.is_builder() && error.attempts() == 0, "{error:?}");
        assert_eq!(error.to_string(), format!("create_data_export: the range {reason}"));
    }
    assert!(received(&intercom).is_empty());
}

#[tokio::test]
async fn a_job_without_data_is_an_empty_result() {
    let intercom = exporting(&["no_data"], bytes("none")).await;
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(&intercom.client());
    assert!(job.download_to(folder.path()).await.unwrap().is_empty());
    assert_eq!(all(job.download().await.unwrap().decompressed()).await, b"");
    assert!(names(folder.path()).is_empty());
    assert!(intercom.calls("download_data_export").is_empty());
}

#[tokio::test]
async fn a_job_can_be_canceled() {
    let intercom = exporting(&["in_progress"], bytes("")).await;
    let mut job = intercom.client().export(1..2).await.unwrap();
    assert_eq!((job.id(), job.state()), ("job-1", &DataExportStatus::Pending));
    assert_eq!(job.refresh().await.unwrap(), &DataExportStatus::InProgress);
    assert_eq!(job.cancel().await.unwrap(), &DataExportStatus::Canceled);
    assert!(job.wait().await.unwrap_err().is_export_canceled());
    assert_eq!(received(&intercom).last().unwrap(), "POST /export/cancel/job-1");
}

#[tokio::test]
async fn another_pending_job_is_told_apart_and_not_retried() {
    let intercom = MockIntercom::new();
    let message = "Exceeded rate limit of 1 pending message data export jobs";
    let refused = MockResponse::error(429, "rate_limit_exceeded", message).header("x-ratelimit-reset", "0");
    intercom.on("create_data_export").respond(refused);
    let error = intercom.client().export(1..2).await.unwrap_err();
    assert!(error.is_export_pending() && error.is_rate_limited());
    assert_eq!(intercom.received().len(), 1);
}

#[tokio::test]
async fn a_job_without_an_identifier_is_an_error() {
    let intercom = MockIntercom::new();
    intercom
        .on("create_data_export")
        .respond(MockResponse::json(json!({"status": "pending"})));
    let error = intercom.client().export(1..2).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "create_data_export: the server did not name the job that it started (request mock-0); it may have been carried out"
    );
    assert!(error.may_have_been_carried_out());
}

#[tokio::test]
async fn the_stream_is_raw_or_decompressed() {
    let csv = csv(300_000);
    let (front, back) = csv.split_at(100_000);
    let whole = gzip(&csv, Compression::best());
    let members = [
        gzip(front, Compression::fast()),
        gzip(b"", Compression::none()),
        gzip(back, Compression::none()),
    ]
    .concat();
    for body in [whole, members] {
        let intercom = completed(body.clone()).await;
        let mut job_of_it = job(&intercom.client());
        assert_eq!(all(job_of_it.download().await.unwrap()).await, body);
        assert_eq!(all(job_of_it.download().await.unwrap().decompressed()).await, csv);
        // In the smallest chunks that can arrive.
        let mut chunks: Vec<_> = body[..2000].chunks(1).map(Bytes::copy_from_slice).collect();
        chunks.push(Bytes::copy_from_slice(&body[2000..]));
        let trickle = downloading(chunked(move || chunks.clone().into_iter())).await;
        let download = job(&client(&trickle)).download().await.unwrap();
        assert_eq!(all(download.decompressed()).await, csv);
    }
}

#[tokio::test]
async fn what_is_not_gzip_passes_as_it_is() {
    let csv = csv(50_000);
    let encoded = bytes(gzip(&csv, Compression::default())).header("content-encoding", "gzip");
    let folder = tempfile::tempdir().unwrap();
    for download in [bytes(csv.clone()), encoded] {
        let intercom = exporting(&["completed"], download).await;
        let client = intercom.client();
        assert_eq!(all(job(&client).download().await.unwrap().decompressed()).await, csv);
        let mut job = job(&client).keep_compressed(true);
        let file = only(job.download_to(folder.path()).await.unwrap());
        assert_eq!(file.file_name().unwrap(), "job-1.csv");
        assert_eq!(std::fs::read(file).unwrap(), csv);
    }
    let intercom = completed("x").await;
    let download = job(&intercom.client()).download().await.unwrap();
    assert_eq!(all(download.decompressed()).await, b"x");
    assert_eq!(names(folder.path()), ["job-1.csv"], "each replaced the one before");
}

#[tokio::test]
async fn files_can_stay_compressed_and_progress_is_told() {
    let body = gzip(&csv(2_000_000), Compression::none());
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let intercom = completed(body.clone()).await;
    let mut job = job(&intercom.client()).keep_compressed(true).on_progress({
        let told = told.clone();
        move |progress| told.lock().unwrap().push(progress.clone())
    });
    let file = only(job.download_to(folder.path()).await.unwrap());
    assert_eq!(file.file_name().unwrap(), "job-1.csv.gz");
    assert_eq!(std::fs::read(file).unwrap(), body);
    let told = told.lock().unwrap();
    assert_eq!((told[0].bytes, told[0].total), (0, None));
    assert!(
        told.len() > 3 && told.is_sorted_by(|a, b| a.bytes < b.bytes),
        "{told:?}"
    );
    let last = told.last().unwrap();
    assert_eq!((last.bytes, last.total), (body.len() as u64, Some(body.len() as u64)));
    assert_eq!(last.state, DataExportStatus::Completed);
}

/// What has arrived is told at once, however little it is and whether more comes.
#[tokio::test]
async fn progress_is_told_of_a_slow_download_too() {
    let head = raw("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n");
    let rows = |bytes| raw(csv(bytes).repeat(2).get(..bytes).unwrap());
    let pause = Move::Wait(Duration::from_millis(50));
    let server = downloading([head, rows(3000), pause, rows(10), Move::Hang]).await;
    let folder = tempfile::tempdir().unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut job = job(&client(&server)).on_progress(move |progress| tell.send(progress.bytes).unwrap());
    let download = job.download_to(folder.path());
    let arrived = async { while told.recv().await != Some(3010) {} };
    tokio::select! {
        file = download => panic!("it goes on: {file:?}"),
        () = arrived => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nothing is told"),
    }
}

#[tokio::test]
async fn a_result_over_the_limit_is_an_error_and_leaves_nothing() {
    // 1 MB of zeros is 1 kB of gzip: what counts is what is written.
    let body = gzip(&vec![b'0'; 1 << 20], Compression::default());
    for (kept, limit, fits) in [
        (false, 1 << 20, true),
        (false, (1 << 20) - 1, false),
        (true, body.len() as u64, true),
        (true, 10, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let intercom = completed(body.clone()).await;
        let outcome = job(&intercom.client())
            .keep_compressed(kept)
            .max_bytes(limit)
            .download_to(folder.path())
            .await;
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!((outcome.is_ok(), files), (fits, usize::from(fits)), "{kept} {limit}");
        if let Err(error) = outcome {
            assert!(error.is_decode() && !error.is_io(), "{error}");
            assert!(
                error.to_string().contains(&format!("larger than {limit} bytes")),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn damaged_and_cut_off_downloads_leave_nothing() {
    let body = gzip(&csv(1_000_000), Compression::default());
    let mut damaged = body.clone();
    damaged[5000] ^= 0xff;
    let mut checksum = body.clone();
    let at = checksum.len() - 6;
    checksum[at] ^= 0xff;
    let short = body[..body.len() - 1].to_vec();
    let garbage = [&body[..], b"<html>"].concat();
    for bad in [damaged, checksum, short, garbage, body[..2].to_vec()] {
        let intercom = completed(bad).await;
        let mut job = job(&intercom.client());
        let folder = tempfile::tempdir().unwrap();
        let error = job.download_to(folder.path()).await.unwrap_err();
        assert!(error.is_decode(), "{error:?}");
        assert!(names(folder.path()).is_empty());
        let chunks: Vec<_> = job.download().await.unwrap().decompressed().collect().await;
        let (last, whole) = chunks.split_last().unwrap();
        let error = last.as_ref().unwrap_err();
        assert!(
            error.is_decode() && error.operation() == "download_data_export",
            "{error:?}"
        );
        assert!(whole.iter().all(Result::is_ok), "nothing comes after an error");
    }
}

#[tokio::test]
async fn a_lost_connection_leaves_nothing() {
    let body = gzip(&csv(1_000_000), Compression::none());
    let intercom = exporting(&["completed"], bytes(body).truncate(600_000)).await;
    let folder = tempfile::tempdir().unwrap();
    let error = job(&intercom.client()).download_to(folder.path()).await.unwrap_err();
    assert!(error.is_retryable() && !error.is_decode(), "{error:?}");
    assert_eq!(error.export_job(), Some("job-1"));
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_dropped_download_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = stalling().await;
    let mut job = job(&client(&server));
    tokio::select! {
        result = job.download_to(folder.path()) => panic!("cannot end: {result:?}"),
        () = until(|| names(folder.path()).iter().any(|name| name.ends_with(".part"))) => {}
    }
    assert!(!names(folder.path()).iter().any(|name| name.ends_with(".csv")));
    until(|| names(folder.path()).is_empty()).await;
}

#[tokio::test]
async fn a_killed_process_leaves_nothing_under_the_final_name() {
    let server = stalling().await;
    let folder = tempfile::tempdir().unwrap();
    let mut child = process(&server.url, folder.path()).spawn().unwrap();
    let written = || {
        std::fs::read_dir(folder.path())
            .unwrap()
            .any(|entry| entry.unwrap().metadata().unwrap().len() > 0)
    };
    until(written).await;
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let [part] = &names(folder.path())[..] else {
        panic!("{:?}", names(folder.path()))
    };
    assert!(part.starts_with(".job-1.csv.") && part.ends_with(".part"), "{part}");
}

/// A process of its own that downloads into a folder.
fn process(url: &str, folder: impl AsRef<Path>) -> Command {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", "the_process"])
        .env("EXPORT_URL", url)
        .env("EXPORT_FOLDER", folder.as_ref())
        .stdout(Stdio::null());
    process
}

/// Does nothing unless a [`process`] runs it.
#[tokio::test]
async fn the_process() {
    let (Ok(url), Ok(folder)) = (std::env::var("EXPORT_URL"), std::env::var("EXPORT_FOLDER")) else {
        return;
    };
    let client = Client::builder("a-token").base_url(url).build().unwrap();
    client.export_job("job-1").download_to(folder).await.unwrap();
}

/// A server that sends half of a file and then nothing.
async fn stalling() -> Server {
    let body = gzip(&csv(4_000_000), Compression::none());
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    downloading([raw(head), raw(&body[..2_000_000]), Move::Hang]).await
}

/// Waits until something holds.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The folder of a path that is a bare name is empty.
#[tokio::test]
async fn an_empty_folder_is_the_current_one() {
    let body = gzip(&csv(100), Compression::fast());
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = downloading([raw(head), raw(body)]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut process = process(&server.url, "");
    process.current_dir(folder.path());
    let ended = tokio::task::spawn_blocking(move || process.status());
    assert!(ended.await.unwrap().unwrap().success());
    assert_eq!(std::fs::read(folder.path().join("job-1.csv")).unwrap(), csv(100));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_an_error_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let intercom = completed("x").await;
    let error = job(&intercom.client()).download_to(&file).await.unwrap_err();
    assert!(error.is_io() && !error.is_retryable(), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(error.export_job(), Some("job-1"));
}

#[tokio::test]
async fn what_is_no_export_is_refused() {
    for (body, found) in [
        ("", "nothing"),
        (" \n", "nothing"),
        ("<!DOCTYPE html><title>Log in</title>", "HTML or XML"),
        ("\u{feff}<html>", "HTML or XML"),
        (r#"{"type":"error.list"}"#, "JSON"),
        ("\u{feff} []", "JSON"),
        ("\u{1f}", "binary data"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let intercom = completed(body).await;
        let error = job(&intercom.client()).download_to(folder.path()).await.unwrap_err();
        assert!(error.is_decode(), "{error:?}");
        assert_eq!(
            (error.expected(), error.found()),
            (Some("CSV, gzip, ZIP or tar"), Some(found))
        );
        assert_eq!(error.export_job(), Some("job-1"));
        assert!(names(folder.path()).is_empty());
    }
    for (header, found) in [
        (("content-type", "text/HTML; charset=utf-8"), "HTML or XML"),
        (("content-encoding", "br"), "a body encoded by br"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = downloading([response(200, &[header], "Be back soon")]).await;
        let error = job(&client(&server)).download_to(folder.path()).await.unwrap_err();
        assert_eq!((error.is_decode(), error.found()), (true, Some(found)));
        assert!(names(folder.path()).is_empty());
    }
}

/// What it is does not depend on how the network cuts it.
#[tokio::test]
async fn what_comes_in_pieces_is_looked_at_as_a_whole() {
    let html = Some("HTML or XML");
    for (body, refused) in [
        ("\u{feff}user_id\n", None),
        ("\r\n\r\nuser_id\n", None),
        ("\u{feff} \n<html>", html),
        ("PK\u{3}\u{4}", Some("damaged or missing bytes")),
        ("  \n{}", Some("JSON")),
    ] {
        for size in 1..=body.len() {
            let server = downloading(chunked(move || body.as_bytes().chunks(size).map(Bytes::from_static))).await;
            let folder = tempfile::tempdir().unwrap();
            let written = job(&client(&server)).download_to(folder.path()).await;
            let found = written.as_ref().err().and_then(Error::found);
            assert_eq!(found, refused, "{body:?} by {size}: {written:?}");
            if let Ok(file) = written {
                assert_eq!(std::fs::read_to_string(only(file)).unwrap(), body);
            }
        }
    }
}

#[tokio::test]
async fn whatever_a_download_fails_with_names_the_job() {
    let cut = || raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nuser_id\n");
    let gone = response(404, &[], "");
    let damaged = response(200, &[], &gzip(b"user_id\n", Compression::fast())[..20]);
    for moves in [vec![cut(), Move::Reset], vec![gone], vec![damaged]] {
        let server = downloading(moves).await;
        let folder = tempfile::tempdir().unwrap();
        let error = job(&client(&server)).download_to(folder.path()).await.unwrap_err();
        assert_eq!(error.export_job(), Some("job-1"), "{error}");
    }
    let server = downloading([response(200, &[], "user_id\n")]).await;
    let error = job(&client(&server)).download_to("a\0b").await.unwrap_err();
    assert!(error.is_io() && error.export_job() == Some("job-1"), "{error}");
    let server = downloading([cut(), Move::Wait(Duration::from_millis(50)), Move::Reset]).await;
    let mut stream = job(&client(&server)).download().await.unwrap();
    assert!(stream.next_chunk().await.unwrap().is_some());
    let error = stream.next_chunk().await.unwrap_err();
    assert_eq!(error.export_job(), Some("job-1"));
    let server = downloading([response(200, &[], &gzip(b"user_id\n", Compression::fast())[..20])]).await;
    let csv = job(&client(&server)).download().await.unwrap().decompressed();
    let error = csv.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.is_decode() && error.export_job() == Some("job-1"), "{error}");
}

#[tokio::test]
async fn whatever_a_download_fails_with_has_the_answers_head() {
    let head = |body: Vec<u8>| response(200, &[("x-request-id", "001f")], body);
    let damaged = gzip(b"user_id\n", Compression::fast())[..20].to_vec();
    let csv = || b"user_id\n".to_vec();
    let check = |error: Error, attempts: u32| {
        assert_eq!(error.request_id(), Some("001f"), "{error}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(200), "{error}");
        assert_eq!(
            (error.export_job(), error.attempts()),
            (Some("job-1"), attempts),
            "{error}"
        );
    };
    let folder = tempfile::tempdir().unwrap();
    for body in [b"<html>".to_vec(), damaged.clone(), csv()] {
        let server = downloading([head(body)]).await;
        let small = job(&client(&server)).max_bytes(3);
        check({ small }.download_to(folder.path()).await.unwrap_err(), 1);
    }
    let server = downloading([head(csv())]).await;
    check(job(&client(&server)).download_to("a\0b").await.unwrap_err(), 1);

    // The second attempt is the one that is damaged.
    let intercom = exporting(&["completed"], bytes(damaged).header("x-request-id", "001f")).await;
    let passing = MockResponse::error(503, "unavailable", "later");
    intercom.on("download_data_export").respond_once(passing);
    let mut stream = job(&intercom.client()).download().await.unwrap().decompressed();
    let error = loop {
        match stream.next_chunk().await {
            Ok(chunk) => assert!(chunk.is_some(), "it ends by an error"),
            Err(error) => break error,
        }
    };
    check(error, 2);

    let nameless = MockResponse::json(json!({"status": "pending"})).header("x-request-id", "001f");
    intercom.on("create_data_export").respond_once(nameless);
    let error = intercom.client().export(0..9).await.unwrap_err();
    assert_eq!(error.request_id(), Some("001f"), "{error}");
}

/// Does nothing unless [`the_folder_of_no_name_is_the_current_one`] runs it, in a folder of its own.
#[tokio::test]
async fn into_the_current_folder() {
    if std::env::var_os("EXPORT_HERE").is_none() {
        return;
    }
    let intercom = completed("user_id\n").await;
    let file = only(job(&intercom.client()).download_to("").await.unwrap());
    assert_eq!(file, Path::new("job-1.csv"));
}

#[test]
fn the_folder_of_no_name_is_the_current_one() {
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "into_the_current_folder"])
        .env("EXPORT_HERE", "1")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    assert_eq!(names(folder.path()), ["job-1.csv"]);
}

#[tokio::test]
async fn what_is_kept_compressed_is_checked() {
    let body = gzip(&csv(1_000_000), Compression::default());
    for bad in [body[..body.len() / 2].to_vec(), [&body[..], b"<html>"].concat()] {
        let folder = tempfile::tempdir().unwrap();
        let intercom = completed(bad).await;
        let mut job = job(&intercom.client()).keep_compressed(true);
        let error = job.download_to(folder.path()).await.unwrap_err();
        assert!(error.is_decode(), "{error:?}");
        assert!(names(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn a_folder_that_the_disk_refuses_is_no_damaged_download() {
    let body = gzip(b"a,b\n", Compression::default());
    let intercom = completed(body).await;
    let error = job(&intercom.client()).download_to("a\0b").await.unwrap_err();
    assert!(error.is_io() && !error.is_decode(), "{error:?}");
}

/// A folder that others may put files into, and not look at. Root may do both.
#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_read_takes_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |mode| std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
    mode(0o300);
    let intercom = completed("user_id\n").await;
    let written = job(&intercom.client()).download_to(folder.path()).await;
    mode(0o700);
    assert_eq!(only(written.unwrap()), folder.path().join("job-1.csv"));
}

#[tokio::test]
async fn gzip_of_several_members_is_written_whole() {
    let members: Vec<u8> = [&b"first\n"[..], b"second\n", b"third\n"]
        .map(|part| gzip(part, Compression::fast()))
        .concat();
    let folder = tempfile::tempdir().unwrap();
    let intercom = completed(members.clone()).await;
    let file = only(job(&intercom.client()).download_to(folder.path()).await.unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), b"first\nsecond\nthird\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "it holds customers' data"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let intercom = completed([members, b"garbage".to_vec()].concat()).await;
    let error = job(&intercom.client()).download_to(folder.path()).await.unwrap_err();
    assert!(error.is_decode(), "{error:?}");
    assert!(names(folder.path()).is_empty());
}

/// gzip's own tool passes over zeros after the last member, and says of anything else that it is garbage.
#[tokio::test]
async fn zeros_that_fill_up_a_block_are_no_damage() {
    let whole = gzip(b"first\n", Compression::fast());
    for (tail, fits) in [
        (vec![0], true),
        (vec![0; 3000], true),
        ([vec![0; 512], whole.clone()].concat(), false),
        (vec![0, 1], false),
        (b"\n".to_vec(), false),
    ] {
        let body = [&whole[..], &tail].concat();
        for size in [body.len(), 7] {
            let pieces = body.clone();
            let pieces = move || {
                pieces
                    .chunks(size)
                    .map(Bytes::copy_from_slice)
                    .collect::<Vec<_>>()
                    .into_iter()
            };
            let server = downloading(chunked(pieces)).await;
            let client = client(&server);
            for keep in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                let written = job(&client).keep_compressed(keep).download_to(folder.path()).await;
                let file = written.map(|files| std::fs::read(only(files)).unwrap());
                let kept = if keep { &body[..] } else { b"first\n" };
                match &file {
                    Ok(file) => assert!(fits && file == kept, "{} by {size}", tail.len()),
                    Err(error) => assert!(!fits && error.is_decode(), "{} by {size}: {error}", tail.len()),
                }
            }
            let stream = job(&client).download().await.unwrap().decompressed();
            let bytes: Result<Vec<_>, _> = stream.try_collect().await;
            assert_eq!(
                bytes.ok().map(|bytes| bytes.concat()),
                fits.then(|| b"first\n".to_vec())
            );
        }
    }
}

/// Each job has a file of its own, which lies in the folder.
#[tokio::test]
async fn identifiers_cannot_lead_out_of_the_folder_or_share_a_file() {
    let intercom = MockIntercom::new();
    intercom
        .on("get_data_export")
        .respond(MockResponse::json(json!({"status": "completed"})));
    intercom.on("download_data_export").respond(bytes("csv"));
    let client = intercom.client();
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    for (id, name) in [
        ("../a b\\c:d", "%2E%2E%2Fa%20b%5Cc%3Ad.csv"),
        ("a/b", "a%2Fb.csv"),
        ("a_b", "a_b.csv"),
        ("a b", "a%20b.csv"),
        ("nul", "%6Eul.csv"),
    ] {
        let file = only(client.export_job(id).download_to(&inner).await.unwrap());
        assert_eq!(file, inner.join(name));
    }
    assert_eq!((names(folder.path()).len(), names(&inner).len()), (1, 5));
}

/// `INTERCOM_TEST_EXPORT_MIB` sets the size, 256 when it is unset.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_at_any_size() {
    let size = std::env::var("INTERCOM_TEST_EXPORT_MIB").map_or(256, |size| size.parse().unwrap());
    // Seven members of 1 MiB that differ, so that what is lost or out of order is noticed.
    let blocks: Vec<Vec<u8>> = (1..=7_u64)
        .map(|seed| {
            let mut state = seed;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()
            };
            (0..1 << 17).flat_map(|_| next()).collect()
        })
        .collect();
    let members: Vec<Bytes> = blocks
        .iter()
        .map(|block| gzip(block, Compression::none()).into())
        .collect();
    let server = downloading(chunked(move || {
        let members = members.clone();
        (0..size).map(move |i| members[i % members.len()].clone())
    }))
    .await;
    let folder = tempfile::tempdir().unwrap();
    let samples = Arc::new(Mutex::new(Vec::new()));
    let mut job = job(&client(&server)).on_progress({
        let samples = samples.clone();
        move |progress| {
            if progress.bytes > 16 << 20 {
                samples.lock().unwrap().push(resident_kib());
            }
        }
    });
    let begun = Instant::now();
    let path = only(job.download_to(folder.path()).await.unwrap());
    let samples = samples.lock().unwrap();
    let growth = samples.iter().max().unwrap() - samples[0];
    println!(
        "{size} MiB in {:?}, memory grew by {growth} KiB over {} samples",
        begun.elapsed(),
        samples.len()
    );
    assert!(growth < 16 << 10, "memory grew by {growth} KiB");

    let mut file = std::fs::File::open(path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), (size as u64) << 20);
    let mut read = vec![0; 1 << 20];
    for i in 0..size {
        file.read_exact(&mut read).unwrap();
        assert!(read == blocks[i % blocks.len()], "MiB {i} differs");
    }
}

/// Memory that this process holds.
#[cfg(target_os = "linux")]
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
