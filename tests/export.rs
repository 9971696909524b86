//! Exports over HTTP: the states of jobs, and downloads that are complete or absent.

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

/// Returns the job `job-1` in a state.
fn state(state: &str) -> Value {
    json!({"job_identifier": "job-1", "status": state, "download_url": ""})
}

/// Returns a mock server whose job passes through `states`, and stays in the last one.
async fn mock_job(states: &[&str], download: MockResponse) -> MockIntercom {
    let intercom = MockIntercom::new();
    intercom
        .on("create_data_export")
        .respond(MockResponse::json(state("pending")));
    intercom
        .on("cancel_data_export")
        .respond(MockResponse::json(state("canceled")));
    let (last, first) = states.split_last().unwrap();
    for earlier in first {
        intercom
            .on("get_data_export")
            .respond_once(MockResponse::json(state(earlier)));
    }
    intercom.on("get_data_export").respond(MockResponse::json(state(last)));
    intercom.on("download_data_export").respond(download);
    intercom
}

/// Returns the response to a download.
fn bytes(body: impl Into<Bytes>) -> MockResponse {
    MockResponse::bytes("application/octet-stream", body)
}

/// Returns a mock server with a completed job and this download.
async fn completed(body: impl Into<Bytes>) -> MockIntercom {
    mock_job(&["completed"], bytes(body)).await
}

/// Returns a server of raw sockets with a completed job, which makes these moves when the job is
/// downloaded.
async fn downloading(moves: impl Into<Vec<Move>>) -> Server {
    let moves = moves.into();
    Server::serve(move |request: &Request| match request.target.as_str() {
        "/export/content/data/job-1" => vec![response(200, &[], state("completed").to_string())],
        "/download/content/data/job-1" => moves.clone(),
        _ => vec![response(404, &[], "")],
    })
    .await
}

/// Returns a client of a server of raw sockets.
fn client(server: &Server) -> Client {
    Client::builder("a-token").base_url(&server.url).build().unwrap()
}

/// Returns the job with short intervals between status requests.
fn job(client: &Client) -> ExportJob {
    let job = client.export_job("job-1");
    job.poll_interval(Duration::from_millis(5), Duration::from_millis(20))
}

/// Returns the request lines so far, with the bodies.
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

/// Returns a CSV of about `bytes` bytes.
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

/// Returns the path of the only file of an export.
fn only(files: ExportFiles) -> PathBuf {
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap().into_path()
}

/// Returns the names in a folder, including temporary files.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_range_is_exported_to_files() {
    let csv = csv(100_000);
    let download = bytes(gzip(&csv, Compression::default()));
    let intercom = mock_job(&["in_progress", "completed"], download).await;
    let client = intercom.client();
    let folder = tempfile::tempdir().unwrap();

    let job = client.export(1731369600..1731974400).await.unwrap();
    let mut job = job.poll_interval(Duration::from_millis(5), Duration::from_millis(5));
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
async fn ranges_are_sent_in_seconds() {
    let intercom = completed("").await;
    let client = intercom.client();
    let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    client.export(100..200).await.unwrap();
    client.export(100..=200).await.unwrap();
    client.export(100..101).await.unwrap();
    client.export(time(100)..time(200)).await.unwrap();
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
async fn an_invalid_range_is_not_sent() {
    let intercom = completed("").await;
    let client = intercom.client();
    for (error, reason) in [
        (client.export(200..200).await.unwrap_err(), "is empty"),
        #[allow(clippy::reversed_empty_ranges)]
        (client.export(200..100).await.unwrap_err(), "is empty"),
        (client.export(200..).await.unwrap_err(), "has no end"),
        (client.export(..200).await.unwrap_err(), "has no start"),
    ] {
        assert!(error.is_builder() && error.attempts() == 0, "{error:?}");
        assert_eq!(error.to_string(), format!("create_data_export: the range {reason}"));
    }
    assert!(received(&intercom).is_empty());
}

#[tokio::test]
async fn a_job_without_data_has_an_empty_result() {
    let intercom = mock_job(&["no_data"], bytes("none")).await;
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(&intercom.client());
    assert!(job.download_to(folder.path()).await.unwrap().is_empty());
    assert_eq!(all(job.download().await.unwrap().decompressed()).await, b"");
    assert!(names(folder.path()).is_empty());
    assert!(intercom.calls("download_data_export").is_empty());
}

#[tokio::test]
async fn a_job_can_be_canceled() {
    let intercom = mock_job(&["in_progress"], bytes("")).await;
    let mut job = intercom.client().export(1..2).await.unwrap();
    assert_eq!((job.id(), job.state()), ("job-1", &DataExportStatus::Pending));
    assert_eq!(job.refresh().await.unwrap(), &DataExportStatus::InProgress);
    assert_eq!(job.cancel().await.unwrap(), &DataExportStatus::Canceled);
    assert!(job.wait().await.unwrap_err().is_export_canceled());
    assert_eq!(received(&intercom).last().unwrap(), "POST /export/cancel/job-1");
}

#[tokio::test]
async fn another_pending_job_is_an_error_that_is_not_retried() {
    let intercom = MockIntercom::new();
    let message = "Exceeded rate limit of 1 pending message data export jobs";
    let rejected = MockResponse::error(429, "rate_limit_exceeded", message).header("x-ratelimit-reset", "0");
    intercom.on("create_data_export").respond(rejected);
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
        "create_data_export: the response does not contain the id of the export job (request mock-0); it may have been carried out"
    );
    assert!(error.may_have_been_carried_out());
}

#[tokio::test]
async fn the_stream_is_raw_or_decompressed() {
    let csv = csv(300_000);
    let (front, back) = csv.split_at(100_000);
    let single = gzip(&csv, Compression::best());
    let members = [
        gzip(front, Compression::fast()),
        gzip(b"", Compression::none()),
        gzip(back, Compression::none()),
    ]
    .concat();
    for body in [single, members] {
        let intercom = completed(body.clone()).await;
        let mut completed_job = job(&intercom.client());
        assert_eq!(all(completed_job.download().await.unwrap()).await, body);
        assert_eq!(all(completed_job.download().await.unwrap().decompressed()).await, csv);
        // In chunks of one byte.
        let mut chunks: Vec<_> = body[..2000].chunks(1).map(Bytes::copy_from_slice).collect();
        chunks.push(Bytes::copy_from_slice(&body[2000..]));
        let trickle = downloading(chunked(move || chunks.clone().into_iter())).await;
        let download = job(&client(&trickle)).download().await.unwrap();
        assert_eq!(all(download.decompressed()).await, csv);
    }
}

#[tokio::test]
async fn data_without_gzip_passes_unchanged() {
    let csv = csv(50_000);
    let encoded = bytes(gzip(&csv, Compression::default())).header("content-encoding", "gzip");
    let folder = tempfile::tempdir().unwrap();
    for download in [bytes(csv.clone()), encoded] {
        let intercom = mock_job(&["completed"], download).await;
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
    assert_eq!(
        names(folder.path()),
        ["job-1.csv"],
        "each download replaced the previous file"
    );
}

#[tokio::test]
async fn files_can_stay_compressed_and_progress_is_reported() {
    let body = gzip(&csv(2_000_000), Compression::none());
    let folder = tempfile::tempdir().unwrap();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let intercom = completed(body.clone()).await;
    let mut job = job(&intercom.client()).keep_compressed(true).on_progress({
        let reports = reports.clone();
        move |progress| reports.lock().unwrap().push(progress.clone())
    });
    let file = only(job.download_to(folder.path()).await.unwrap());
    assert_eq!(file.file_name().unwrap(), "job-1.csv.gz");
    let shown = format!("{job:?}");
    assert!(
        shown.starts_with(r#"ExportJob { id: "job-1", "#) && shown.contains("state: Completed"),
        "{shown}"
    );
    assert_eq!(std::fs::read(file).unwrap(), body);
    let reports = reports.lock().unwrap();
    assert_eq!((reports[0].bytes, reports[0].total), (0, None));
    assert!(
        reports.len() > 3 && reports.is_sorted_by(|a, b| a.bytes < b.bytes),
        "{reports:?}"
    );
    let last = reports.last().unwrap();
    assert_eq!((last.bytes, last.total), (body.len() as u64, Some(body.len() as u64)));
    assert_eq!(last.state, DataExportStatus::Completed);
}

/// ReceivedRequest bytes are reported immediately, however few they are.
#[tokio::test]
async fn the_progress_of_a_slow_download_is_reported() {
    let head = raw("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n");
    let rows = |bytes| raw(csv(bytes).repeat(2).get(..bytes).unwrap());
    let pause = Move::Wait(Duration::from_millis(50));
    let server = downloading([head, rows(3000), pause, rows(10), Move::Hang]).await;
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let mut job = job(&client(&server)).on_progress(move |progress| sender.send(progress.bytes).unwrap());
    let download = job.download_to(folder.path());
    let arrived = async { while reports.recv().await != Some(3010) {} };
    tokio::select! {
        file = download => panic!("the download ended: {file:?}"),
        () = arrived => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("the progress was not reported"),
    }
}

#[tokio::test]
async fn a_result_over_the_limit_is_an_error_and_leaves_nothing() {
    // 1 MB of zeros is 1 kB of gzip. The limit applies to the bytes written.
    let body = gzip(&vec![b'0'; 1 << 20], Compression::default());
    for (keep, limit, fits) in [
        (false, 1 << 20, true),
        (false, (1 << 20) - 1, false),
        (true, body.len() as u64, true),
        (true, 10, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let intercom = completed(body.clone()).await;
        let outcome = job(&intercom.client())
            .keep_compressed(keep)
            .max_bytes(limit)
            .download_to(folder.path())
            .await;
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!((outcome.is_ok(), files), (fits, usize::from(fits)), "{keep} {limit}");
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
        let (last, others) = chunks.split_last().unwrap();
        let error = last.as_ref().unwrap_err();
        assert!(
            error.is_decode() && error.operation() == "download_data_export",
            "{error:?}"
        );
        assert!(others.iter().all(Result::is_ok), "the stream ends after an error");
    }
}

#[tokio::test]
async fn a_lost_connection_leaves_nothing() {
    let body = gzip(&csv(1_000_000), Compression::none());
    let intercom = mock_job(&["completed"], bytes(body).truncate(600_000)).await;
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
        result = job.download_to(folder.path()) => panic!("the download ended: {result:?}"),
        () = until(|| names(folder.path()).iter().any(|name| name.ends_with(".part"))) => {}
    }
    assert!(!names(folder.path()).iter().any(|name| name.ends_with(".csv")));
    until(|| names(folder.path()).is_empty()).await;
}

#[tokio::test]
async fn a_killed_process_leaves_no_file_with_the_final_name() {
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

/// Returns a command that downloads into a folder in another process.
fn process(url: &str, folder: impl AsRef<Path>) -> Command {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", "the_process"])
        .env("EXPORT_URL", url)
        .env("EXPORT_FOLDER", folder.as_ref())
        .stdout(Stdio::null());
    process
}

/// The test that a [`process`] runs. Does nothing otherwise.
#[tokio::test]
async fn the_process() {
    let (Ok(url), Ok(folder)) = (std::env::var("EXPORT_URL"), std::env::var("EXPORT_FOLDER")) else {
        return;
    };
    let client = Client::builder("a-token").base_url(url).build().unwrap();
    client.export_job("job-1").download_to(folder).await.unwrap();
}

/// Returns a server that sends half of a file and then stalls.
async fn stalling() -> Server {
    let body = gzip(&csv(4_000_000), Compression::none());
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    downloading([raw(head), raw(&body[..2_000_000]), Move::Hang]).await
}

/// Waits until a condition is true.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The parent of a bare file name is the empty path.
#[tokio::test]
async fn an_empty_path_is_the_current_folder() {
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
async fn a_file_that_cannot_be_written_is_an_io_error() {
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
async fn data_that_is_not_an_export_is_rejected() {
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

/// The detected format does not depend on the chunks in which the data arrives.
#[tokio::test]
async fn the_format_is_detected_across_chunks() {
    let html = Some("HTML or XML");
    for (body, expected) in [
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
            assert_eq!(found, expected, "{body:?} by {size}: {written:?}");
            if let Ok(file) = written {
                assert_eq!(std::fs::read_to_string(only(file)).unwrap(), body);
            }
        }
    }
}

#[tokio::test]
async fn every_error_of_a_download_contains_the_job() {
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
async fn every_error_of_a_download_contains_the_status_and_request_id() {
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

    // The response to the second attempt is damaged.
    let intercom = mock_job(&["completed"], bytes(damaged).header("x-request-id", "001f")).await;
    let temporary = MockResponse::error(503, "unavailable", "later");
    intercom.on("download_data_export").respond_once(temporary);
    let mut stream = job(&intercom.client()).download().await.unwrap().decompressed();
    let error = loop {
        match stream.next_chunk().await {
            Ok(chunk) => assert!(chunk.is_some(), "the stream ends with an error"),
            Err(error) => break error,
        }
    };
    check(error, 2);

    let without_id = MockResponse::json(json!({"status": "pending"})).header("x-request-id", "001f");
    intercom.on("create_data_export").respond_once(without_id);
    let error = intercom.client().export(0..9).await.unwrap_err();
    assert_eq!(error.request_id(), Some("001f"), "{error}");
}

/// The test that [`the_current_folder_can_be_downloaded_to`] runs in another process. Does nothing
/// otherwise.
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
fn the_current_folder_can_be_downloaded_to() {
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
async fn files_that_stay_compressed_are_checked() {
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
async fn a_folder_that_cannot_be_created_is_an_io_error() {
    let body = gzip(b"a,b\n", Compression::default());
    let intercom = completed(body).await;
    let error = job(&intercom.client()).download_to("a\0b").await.unwrap_err();
    assert!(error.is_io() && !error.is_decode(), "{error:?}");
}

/// A folder can be writable but not readable. Root can always read it.
#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_read_can_be_downloaded_to() {
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
async fn all_members_of_gzip_are_written() {
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
            "exports contain customers' data"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let intercom = completed([members, b"garbage".to_vec()].concat()).await;
    let error = job(&intercom.client()).download_to(folder.path()).await.unwrap_err();
    assert!(error.is_decode(), "{error:?}");
    assert!(names(folder.path()).is_empty());
}

/// The program `gzip` ignores zeros after the last member, and rejects anything else.
#[tokio::test]
async fn zeros_after_gzip_are_ignored() {
    let member = gzip(b"first\n", Compression::fast());
    for (tail, fits) in [
        (vec![0], true),
        (vec![0; 3000], true),
        ([vec![0; 512], member.clone()].concat(), false),
        (vec![0, 1], false),
        (b"\n".to_vec(), false),
    ] {
        let body = [&member[..], &tail].concat();
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
                let expected = if keep { &body[..] } else { b"first\n" };
                match &file {
                    Ok(file) => assert!(fits && file == expected, "{} by {size}", tail.len()),
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

/// Each job has another file name, and the file is in the folder.
#[tokio::test]
async fn job_ids_cannot_lead_out_of_the_folder_or_share_a_file() {
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

/// The environment variable `INTERCOM_TEST_EXPORT_MIB` sets the size of the download (default:
/// 256).
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_use_does_not_depend_on_the_size() {
    let size = std::env::var("INTERCOM_TEST_EXPORT_MIB").map_or(256, |size| size.parse().unwrap());
    // Seven different members of 1 MiB, so that a missing or misplaced one is noticed.
    let blocks: Vec<Vec<u8>> = (1..=7_u64)
        .map(|seed| {
            let mut state = seed;
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes().map(|byte| b'!' + byte % 64)
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
    let started = Instant::now();
    let path = only(job.download_to(folder.path()).await.unwrap());
    let samples = samples.lock().unwrap();
    let growth = samples.iter().max().unwrap() - samples[0];
    println!(
        "{size} MiB in {:?}, memory grew by {growth} KiB over {} samples",
        started.elapsed(),
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

/// Returns the resident memory of this process.
#[cfg(target_os = "linux")]
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
