//! Joins the receipts of an export with the opens.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use intercom_client::mock::{MockExport, MockIntercom};
use intercom_client::{Client, ExportFile};

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "\
Exports the messages of yesterday, and prints how many receipts of each message were opened.

Usage: opened_receipts [FOLDER [JOB]]

Arguments:
  FOLDER  folder to write the files of the export to; default exports
  JOB     id of an export job to use instead of a new one

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION        us, eu or au; default us";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 2);
    let folder = arguments.first().map_or("exports", String::as_str);
    tool::exit(run(folder, arguments.get(1)).await)
}

async fn run(folder: &str, job: Option<&String>) -> Result<(), Box<dyn Error>> {
    let client = match tool::has_token() {
        true => Client::from_env()?,
        false => mock_client(),
    };

    const DAY: i64 = 86_400;
    let midnight = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 / DAY * DAY;
    let mut job = match job {
        Some(id) => client.export_job(id),
        None => client.export(midnight - DAY..midnight).await?,
    };
    let files = job.download_to(folder).await.map_err(|error| match error.is_io() {
        true => format!("{folder}: {error}"),
        false => error.to_string(),
    })?;
    let Some(receipts) = files.statistic("receipt") else {
        println!("no messages were received");
        return Ok(());
    };
    // A receipt can be opened several times. Without any opens there is no file.
    let mut opened_receipts = HashSet::new();
    if let Some(opens) = files.statistic("open") {
        for row in rows(opens)? {
            opened_receipts.insert(text(&row?, "receipt_id"));
        }
    }
    let mut messages: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in rows(receipts)? {
        let row = row?;
        let (received, opened) = messages.entry(text(&row, "content_title")).or_default();
        *received += 1;
        *opened += u64::from(opened_receipts.contains(&text(&row, "receipt_id")));
    }
    for (title, (received, opened)) in messages {
        println!("{title}: {opened} of {received} opened");
    }
    Ok(())
}

type Row = HashMap<String, String>;

/// Returns the rows of a file, as maps from column to value.
fn rows(file: &ExportFile) -> Result<impl Iterator<Item = csv::Result<Row>>, csv::Error> {
    Ok(csv::Reader::from_path(file.path())?.into_deserialize())
}

fn text(row: &Row, column: &str) -> String {
    row.get(column).cloned().unwrap_or_default()
}

/// Returns the client of a mock Intercom with an export of 1,000 receipts, of which every fourth was opened.
fn mock_client() -> Client {
    let intercom = MockIntercom::new();
    let titles = ["Welcome", "Quarterly check, Q2", "New prices"];
    let receipts = (0..1000).map(|id| [format!("user-{id}"), titles[id % 3].to_owned(), id.to_string()]);
    let receipts = MockExport::csv(["user_id", "content_title", "receipt_id"], receipts);
    let opens = MockExport::csv(["receipt_id"], (0..1000).step_by(4).map(|id| [id.to_string()]));
    let files = [("receipt_20260413.csv", receipts), ("open_20260413.csv", opens)];
    intercom.set_export(MockExport::zip(files));
    intercom.client()
}
