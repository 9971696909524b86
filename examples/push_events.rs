//! Sends events from a file in bulk.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "\
Sends events, ten concurrently and within the rate limit. Events that failed or were not sent before Ctrl-C are written to a
file for the next run.

Usage: push_events [FILE]

Arguments:
  FILE  events as JSON, one object per line; default 500 generated events

The rest of EVENTS.jsonl is written to EVENTS.failed.jsonl, the rest of generated events to events.failed.jsonl.
The exit status is 1 if any event is left.

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION        us, eu or au; default us";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 1);
    tool::exit(run(arguments.first().map(String::as_str)).await)
}

/// Sends the events. Fails if any event is left.
async fn run(path: Option<&str>) -> Result<()> {
    let events = match path {
        Some(path) => read(path)?,
        None => generated(),
    };
    let stem = path.unwrap_or("events.jsonl").trim_end_matches(".jsonl");
    let rest_path = format!("{}.failed.jsonl", stem.trim_end_matches(".failed"));

    // A program for one workspace needs only `Client::from_env()?`.
    let client = match tool::has_token() {
        true => Client::from_env()?,
        false => mock_client(),
    };
    let bar = ProgressBar::new(events.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {eta} {msg}")?);
    let mut bulk = client.bulk(events, |client, event| client.create_data_event().body(event));
    let mut rest = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    // Created once, because a signal between two iterations would be lost otherwise.
    let mut ctrl_c = std::pin::pin!(tokio::signal::ctrl_c());
    let mut stopped = false;
    loop {
        let done = tokio::select! {
            biased;
            _ = &mut ctrl_c, if !stopped => {
                // The calls in flight are completed, so that their outcome is known.
                bulk.stop();
                stopped = true;
                continue;
            }
            _ = tick.tick() => {
                let progress = bulk.progress();
                let wait = match progress.rate_limit_wait.as_secs_f64().ceil() {
                    0.0 => String::new(),
                    seconds => format!(", waiting {seconds} s for the rate limit"),
                };
                bar.set_message(format!("{} failed{wait}", progress.failed));
                continue;
            }
            done = bulk.next() => done,
        };
        let Some(done) = done else { break };
        bar.inc(1);
        if let Err(error) = done.result {
            // Also prints if there is no terminal to show the bar.
            bar.suspend(|| eprintln!("event {}: {error}", done.index + 1));
            rest.push(done.input);
            if error.is_unauthorized() || error.is_forbidden() {
                // All other events would fail as well.
                bulk.stop();
            }
        }
    }
    bar.finish();

    let progress = bulk.progress();
    println!("{} events sent, {} failed", progress.succeeded, progress.failed);
    if progress.outcome_unknown > 0 {
        // Sending them again is safe: the server ignores an event with the same name, time and contact.
        println!("{} of the failed events may have been sent", progress.outcome_unknown);
    }
    rest.extend(bulk.into_remaining_inputs().collect::<Vec<_>>().await);
    if rest.is_empty() {
        if path == Some(&rest_path) {
            std::fs::remove_file(&rest_path)?;
        }
        return Ok(());
    }
    write(&rest_path, &rest).map_err(|error| format!("{rest_path}: {error}"))?;
    let left = rest.len();
    Err(format!("{left} events are left; send them with `push_events {rest_path}`").into())
}

/// Reads the events in a file.
fn read(path: &str) -> Result<Vec<Value>> {
    let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
    let mut events = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| format!("{path}: {error}"))?;
        let event = serde_json::from_str(&line);
        events.push(event.map_err(|error| format!("{path}, line {}: {error}", index + 1))?);
    }
    Ok(events)
}

/// Writes events to a file. The file can be the one that was read, so it is replaced when the new one is complete.
fn write(path: &str, events: &[Value]) -> std::io::Result<()> {
    let temporary = format!("{path}.part");
    let mut file = BufWriter::new(File::create(&temporary)?);
    for event in events {
        writeln!(file, "{event}")?;
    }
    file.into_inner()?.sync_all()?;
    std::fs::rename(&temporary, path)
}

/// Returns one order for each of 500 customers.
fn generated() -> Vec<Value> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let order = |number: u64| {
        json!({"event_name": "placed-order", "created_at": now, "user_id": format!("customer-{number}"),
            "metadata": {"order_number": number}})
    };
    (1..=500).map(order).collect()
}

/// Returns the client of a mock Intercom that fails occasionally.
fn mock_client() -> Client {
    let intercom = MockIntercom::builder().latency(Duration::from_millis(20)).build();
    intercom
        .on("create_data_event")
        .respond_with(|request| match request.number {
            100 => Some(MockResponse::rate_limited().retry_after(2)),
            number if number % 90 == 45 => Some(MockResponse::error(503, "service_unavailable", "try again later")),
            300 => Some(MockResponse::dropped()),
            _ => None,
        });
    intercom.client()
}
