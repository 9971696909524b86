//! Exports message data to CSV files with a progress bar.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;
use intercom_client::mock::{MockExport, MockIntercom};

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "\
Exports the recipients of the messages of the last days to CSV files.

Usage: export_messages [DAYS|JOB [FOLDER]]

Arguments:
  DAYS    number of days to export; default 7
  JOB     id of an export job to resume
  FOLDER  folder to write the files to; default exports

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION        us, eu or au; default us";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 2);
    let argument = |index: usize, default| arguments.get(index).map_or(default, String::as_str);
    tool::exit(run(argument(0, "7"), argument(1, "exports")).await)
}

async fn run(days_or_job: &str, folder: &str) -> Result<(), Box<dyn Error>> {
    let client = match tool::has_token() {
        true => Client::from_env()?,
        false => mock_client(),
    };
    let job = match days_or_job.parse::<i64>() {
        Ok(days) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
            let start = now.saturating_sub(days.saturating_mul(86_400));
            client.export(start..now).await?
        }
        Err(_) => {
            let mut job = client.export_job(days_or_job);
            // Fails early if there is no such job.
            job.refresh().await?;
            job
        }
    };
    let id = job.id().to_owned();
    eprintln!("export job {id}");
    let waiting = ProgressStyle::with_template("{spinner} {msg}")?;
    let downloading = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}")?;
    let bar = ProgressBar::new_spinner().with_style(waiting);
    bar.enable_steady_tick(Duration::from_millis(100));
    let progress_bar = bar.clone();
    let mut job = job.on_progress(move |progress| match progress.total {
        Some(total) => {
            progress_bar.set_style(downloading.clone());
            progress_bar.set_message("downloading");
            progress_bar.set_length(total);
            progress_bar.set_position(progress.bytes);
        }
        None => progress_bar.set_message(progress.state.to_string()),
    });

    let result = tokio::select! {
        files = job.download_to(folder) => files.map_err(|error| match error.is_io() {
            true => format!("{folder}: {error}"),
            false => error.to_string(),
        }),
        _ = tokio::signal::ctrl_c() => Err(format!("interrupted; resume with `export_messages {id}`")),
    };
    bar.finish_and_clear();
    let files = result?;
    for file in &files {
        println!("{}: {} bytes", file.path().display(), file.path().metadata()?.len());
    }
    if files.is_empty() {
        println!("no messages were sent in these days");
    }
    Ok(())
}

/// Returns the client of a mock Intercom with an export of 50,000 receipts.
fn mock_client() -> Client {
    let intercom = MockIntercom::new();
    let receipts = (0..50_000).map(|i| [format!("{i:024x}"), (i % 97).to_string(), "2024-11-13".to_owned()]);
    intercom.set_export(MockExport::csv(["user_id", "content_id", "received_at"], receipts).gzip());
    intercom.client()
}
