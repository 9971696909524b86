//! Prints how many of the receipts of each message were opened: `cargo run --example opened_receipts -- FOLDER [JOB]`
//!
//! Downloads the job into the folder, or exports yesterday if no job is given. Uses the API if `INTERCOM_ACCESS_TOKEN` is set,
//! otherwise a mock Intercom.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::io::{Cursor, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::{Client, ExportFile};
use serde_json::json;

const HELP: &str = "usage: opened_receipts FOLDER [JOB]

Prints how many receipts of each message were opened.

  FOLDER  where the files of the export are written
  JOB     the id of a job that was started before; without it, yesterday is exported

INTERCOM_ACCESS_TOKEN is the token of the workspace; without it, a mock Intercom is used.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, job) = match arguments.as_slice() {
        [folder] if !folder.starts_with('-') => (folder, None),
        [folder, job] if !folder.starts_with('-') => (folder, Some(job)),
        [help] if help == "--help" || help == "-h" => {
            println!("{HELP}");
            return Ok(());
        }
        _ => return Err(HELP.into()),
    };
    let intercom = MockIntercom::new();
    let client = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => Client::from_env()?,
        None => {
            one_job(&intercom)?;
            intercom.client()
        }
    };

    const DAY: i64 = 86_400;
    let midnight = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 / DAY * DAY;
    let mut job = match job {
        Some(id) => client.export_job(id),
        None => client.export(midnight - DAY..midnight).await?,
    };
    let files = job.download_to(folder).await?;
    let Some(receipts) = files.statistic("receipt") else {
        println!("no message was received");
        return Ok(());
    };
    // A statistic without records has no file. A receipt can be opened several times.
    let mut opened = HashSet::new();
    if let Some(opens) = files.statistic("open") {
        for row in rows(opens)? {
            opened.insert(text(&row?, "receipt_id"));
        }
    }
    let mut messages: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in rows(receipts)? {
        let row = row?;
        let message = messages.entry(text(&row, "content_title")).or_default();
        message.0 += 1;
        message.1 += u64::from(opened.contains(&text(&row, "receipt_id")));
    }
    for (title, (received, opened)) in messages {
        println!("{title}: {opened} of {received} opened");
    }
    Ok(())
}

type Row = HashMap<String, String>;

/// The rows of a file, by column.
fn rows(file: &ExportFile) -> Result<impl Iterator<Item = csv::Result<Row>>, csv::Error> {
    Ok(csv::Reader::from_path(file.path())?.into_deserialize())
}

fn text(row: &Row, column: &str) -> String {
    row.get(column).cloned().unwrap_or_default()
}

/// The mock has one job, with a ZIP archive of two statistics.
fn one_job(intercom: &MockIntercom) -> Result<(), Box<dyn Error>> {
    let job = MockResponse::json(json!({"job_identifier": "job-1", "status": "completed"}));
    intercom.on("create_data_export").respond(job.clone());
    intercom.on("get_data_export").respond(job);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("receipt_20260413.csv", zip::write::SimpleFileOptions::default())?;
    writeln!(archive, "user_id,content_title,receipt_id,received_at")?;
    for number in 0..1000 {
        let title = ["Welcome", "\"Quarterly check, Q2\"", "New prices"][number % 3];
        writeln!(archive, "user-{number},{title},{number},2026-04-13T12:32:22.000Z")?;
    }
    archive.start_file("open_20260413.csv", zip::write::SimpleFileOptions::default())?;
    writeln!(archive, "receipt_id,opened_at")?;
    for number in (0..1000).step_by(4) {
        writeln!(archive, "{number},2026-04-13T12:40:01.000Z")?;
    }
    let archive = archive.finish()?.into_inner();
    let download = MockResponse::bytes("application/octet-stream", archive);
    intercom.on("download_data_export").respond(download);
    Ok(())
}
