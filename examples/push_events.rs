//! Sends events from a file, one JSON object a line, ten at a time and inside the rate limit. What failed, and what was not
//! sent before Ctrl-C, is written to a file that the next run takes.
//!
//! ```text
//! cargo run --example push_events [events.jsonl]
//! cargo run --example push_events events.failed.jsonl
//! ```
//! Sends to the workspace of `INTERCOM_ACCESS_TOKEN`; without one, to a mock Intercom that fails now and then. Without a
//! file it makes some events.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A program of your own has the client alone: `Client::from_env()?`.
    let intercom = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => None,
        None => Some(mock_intercom().await),
    };
    let client = match &intercom {
        Some(intercom) => intercom.client(),
        None => Client::from_env()?,
    };

    let path = std::env::args().nth(1);
    let events = match &path {
        Some(path) => read(path)?,
        None => made_up(),
    };
    let begins = path
        .as_deref()
        .unwrap_or("events.jsonl")
        .trim_end_matches(".jsonl")
        .trim_end_matches(".failed");
    let left = format!("{begins}.failed.jsonl");

    let bar = ProgressBar::new(events.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {eta} {msg}")?);
    let mut push = client.push(events, |client, event| client.create_data_event().body(event));
    let mut failed = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    // Made once: one made anew in each turn would miss what comes between two turns.
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    let mut stopped = false;
    loop {
        let pushed = tokio::select! {
            biased;
            _ = &mut stop, if !stopped => {
                // Those under way are still waited for, so that it is known what became of them.
                push.stop();
                stopped = true;
                continue;
            }
            _ = tick.tick() => {
                let progress = push.progress();
                let waits = match progress.waiting.as_secs_f64().ceil() {
                    0.0 => String::new(),
                    seconds => format!(", waits {seconds} s for the rate limit"),
                };
                bar.set_message(format!("{} failed{waits}", progress.failed));
                continue;
            }
            pushed = push.next() => pushed,
        };
        let Some(pushed) = pushed else { break };
        bar.inc(1);
        if let Err(error) = pushed.result {
            bar.println(format!("event {}: {error}", pushed.index + 1));
            failed.push(pushed.input);
            // With this token no other event can be sent.
            if error.is_unauthorized() || error.is_forbidden() {
                push.stop();
            }
        }
    }
    bar.finish();

    let progress = push.progress();
    println!("{} sent, {} failed", progress.succeeded, progress.failed);
    if progress.unknown > 0 {
        // It does no harm to send them again: the server keeps one event of a name, a moment and a contact.
        println!("of {} it is unknown whether the server has them", progress.unknown);
    }
    failed.extend(push.into_inputs().collect::<Vec<_>>().await);
    if failed.is_empty() {
        // What was left by the run before is sent.
        if path.as_ref() == Some(&left) {
            std::fs::remove_file(&left)?;
        }
        return Ok(());
    }
    // It may be the file that was read: it is replaced once the new one is on the disk.
    let part = format!("{left}.part");
    let mut file = BufWriter::new(File::create(&part)?);
    for event in &failed {
        writeln!(file, "{event}")?;
    }
    file.into_inner()?.sync_all()?;
    std::fs::rename(&part, &left)?;
    println!(
        "{} events are left: cargo run --example push_events {left}",
        failed.len()
    );
    Ok(())
}

/// The events of a file.
fn read(path: &str) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let mut events = Vec::new();
    for (place, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let event = serde_json::from_str(&line?);
        events.push(event.map_err(|error| format!("{path}, line {}: {error}", place + 1))?);
    }
    Ok(events)
}

/// An order of each of 500 customers.
fn made_up() -> Vec<Value> {
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

/// A mock Intercom that fails now and then.
async fn mock_intercom() -> MockIntercom {
    println!("a mock Intercom answers; set INTERCOM_ACCESS_TOKEN to send to a workspace");
    let intercom = MockIntercom::builder().latency(Duration::from_millis(20)).build();
    intercom
        .on("create_data_event")
        .respond_with(|request| match request.number {
            100 => Some(MockResponse::rate_limited().retry_after(2)),
            number if number % 90 == 45 => Some(MockResponse::error(503, "service_unavailable", "try again later")),
            300 => Some(MockResponse::dropped()),
            _ => None,
        });
    intercom
}
