//! Joins the receipts of an export with the opens. Run with `--help` for the arguments.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use intercom_client::mock::{MockExport, MockIntercom};
use intercom_client::{Client, ExportFile};

const HELP: &str = "\
Exports the messages of yesterday, and prints how many receipts of each message were opened.

usage: opened_receipts [FOLDER [JOB]]

  FOLDER  the folder to write the files of the export to (default: exports)
  JOB     the id of an existing export job, to use it instead of a new one

environment:
  INTERCOM_ACCESS_TOKEN  an access token; if unset, a mock server is used";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let option = arguments.iter().find(|argument| argument.starts_with('-'));
    if let Some(unexpected) = option.or(arguments.get(2)) {
        eprintln!("error: unexpected argument `{unexpected}`\n\n{HELP}");
        return ExitCode::from(2);
    }
    let folder = arguments.first().map_or("exports", String::as_str);
    match run(folder, arguments.get(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(folder: &str, job: Option<&String>) -> Result<(), Box<dyn Error>> {
    let client = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => Client::from_env()?,
        None => mock_client(),
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

/// Returns the client of a mock server with an export of 1,000 receipts, of which every fourth was
/// opened.
fn mock_client() -> Client {
    eprintln!("INTERCOM_ACCESS_TOKEN is not set: using a mock server");
    let intercom = MockIntercom::new();
    let titles = ["Welcome", "Quarterly check, Q2", "New prices"];
    let receipts = (0..1000).map(|id| [format!("user-{id}"), titles[id % 3].to_owned(), id.to_string()]);
    let receipts = MockExport::csv(["user_id", "content_title", "receipt_id"], receipts);
    let opens = MockExport::csv(["receipt_id"], (0..1000).step_by(4).map(|id| [id.to_string()]));
    let files = [("receipt_20260413.csv", receipts), ("open_20260413.csv", opens)];
    intercom.set_export(MockExport::zip(files));
    intercom.client()
}
