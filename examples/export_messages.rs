//! Exports who got which message in the last days to CSV files:
//! `cargo run --example export_messages -- [DAYS or JOB] [FOLDER]`
//!
//! With `INTERCOM_ACCESS_TOKEN` it asks the real API, without it a mock Intercom that it starts itself. After Ctrl-C, give the
//! job's identifier in the place of the days to continue.

use std::error::Error;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::{Compression, write::GzEncoder};
use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "7".to_owned());
    let folder = arguments.next().unwrap_or_else(|| "exports".to_owned());
    let intercom = MockIntercom::new();
    let client = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => Client::from_env()?,
        None => {
            one_job(&intercom)?;
            intercom.client()
        }
    };

    let job = match what.parse::<i64>() {
        Ok(days) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
            client
                .export(now.saturating_sub(days.saturating_mul(86_400))..now)
                .await?
        }
        // Asked for at once, so that a slip is told as such.
        Err(_) => {
            let mut job = client.export_job(what);
            job.refresh().await?;
            job
        }
    };
    let id = job.id().to_owned();
    // A bar is shown once there is something to measure.
    let waiting = ProgressStyle::with_template("{spinner} {msg}")?;
    let loading = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}")?;
    let bar = ProgressBar::new_spinner()
        .with_style(waiting)
        .with_message(format!("job {id}"));
    bar.enable_steady_tick(Duration::from_millis(100));
    let shown = bar.clone();
    let mut job = job.on_progress(move |progress| match progress.total {
        Some(total) => {
            shown.set_style(loading.clone());
            shown.set_message("downloading");
            shown.set_length(total);
            shown.set_position(progress.bytes);
        }
        None => shown.set_message(progress.state.to_string()),
    });

    let files = tokio::select! {
        files = job.download_to(folder) => files?,
        _ = tokio::signal::ctrl_c() => return Err(format!("stopped; continue with job {id}").into()),
    };
    bar.finish_and_clear();
    for file in &files {
        println!("{}: {} bytes", file.path().display(), file.path().metadata()?.len());
    }
    if files.is_empty() {
        println!("no messages were sent in that time");
    }
    Ok(())
}

/// The mock's one job is ready at the second look.
fn one_job(intercom: &MockIntercom) -> std::io::Result<()> {
    let job = |state: &str| MockResponse::json(json!({"job_identifier": "job-1", "status": state}));
    intercom.on("create_data_export").respond(job("pending"));
    let looks = AtomicUsize::new(0);
    intercom.on("get_data_export").respond_with(move |request| {
        let state = || ["in_progress", "completed"][looks.fetch_add(1, Ordering::Relaxed).min(1)];
        request.path.ends_with("/job-1").then(|| job(state()))
    });
    let mut csv = GzEncoder::new(Vec::new(), Compression::fast());
    csv.write_all(b"user_id,content_id,received_at\n")?;
    (0..50_000).try_for_each(|i| writeln!(csv, "{i:024x},{},2024-11-13", i % 97))?;
    intercom
        .on("download_data_export")
        .respond(MockResponse::bytes("application/octet-stream", csv.finish()?));
    Ok(())
}
