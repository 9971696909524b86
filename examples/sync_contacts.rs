//! Writes every contact to a file, one JSON object a line: all that the server sent, fields that nobody has described too.
//! Stop it with Ctrl-C: the next run goes on where it stopped.
//!
//! ```text
//! cargo run --example sync_contacts [contacts.jsonl]
//! ```
//! Reads the workspace of `INTERCOM_ACCESS_TOKEN`; without one, a mock Intercom that takes its time over 5,000 contacts.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::time::Duration;

use futures_util::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;
use intercom_client::mock::MockIntercom;
use intercom_client::paging::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How far the file is: so many whole lines and bytes, then the page of the cursor.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    workspace: Option<String>,
    contacts: u64,
    bytes: u64,
    cursor: Option<Cursor>,
    /// Whether the last page is written: a run that was stopped after it has nothing left to do.
    done: bool,
}

impl Progress {
    /// Renamed when whole, so that the state is never half-written.
    fn save(&self, state: &str) -> std::io::Result<()> {
        fs::write(format!("{state}.new"), serde_json::to_vec(self)?)?;
        fs::rename(format!("{state}.new"), state)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or("contacts.jsonl".to_owned());
    let intercom = MockIntercom::builder().latency(Duration::from_millis(300)).build();
    let client = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => Client::from_env()?,
        None => {
            let contact =
                |i| json!({"type": "contact", "id": format!("{i:024x}"), "email": format!("{i}@acme.example")});
            intercom.seed("list_contacts", (0..5_000).map(contact));
            intercom.client()
        }
    };

    sync(&client, &path).await
}

/// Writes the contacts that are not in the file yet.
pub(crate) async fn sync(client: &Client, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let me = client.identify_admin().send().await?;
    let workspace = me.app.as_ref().and_then(|app| app.id_code.clone());
    let state = format!("{path}.progress");
    let anew = format!("remove {state} and {path} to begin anew");
    let mut progress = match fs::read(&state) {
        Ok(saved) => serde_json::from_slice(&saved).map_err(|error| format!("{state} is damaged ({error}); {anew}"))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
                return Err(format!("{path} is there without {state}; {anew}").into());
            }
            let progress = Progress {
                workspace: workspace.clone(),
                ..Progress::default()
            };
            progress.save(&state)?;
            progress
        }
        Err(error) => return Err(error.into()),
    };
    if progress.workspace != workspace {
        return Err(format!("{path} has the contacts of another workspace; {anew}").into());
    }
    if progress.done {
        println!("{path} has all {} contacts; {anew}", progress.contacts);
        return Ok(());
    }
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
    if file.metadata()?.len() < progress.bytes {
        return Err(format!("{path} is shorter than {state} says; {anew}").into());
    }
    // A page half-written when the last run ended comes again.
    file.set_len(progress.bytes)?;
    let mut file = BufWriter::new(file);
    file.seek(SeekFrom::End(0))?;

    let mut list = client.list_contacts().per_page(150);
    // The place of the page that is asked for.
    let mut asked = progress.cursor.take();
    if let Some(cursor) = &asked {
        list = list.from_cursor(cursor.clone());
    }
    let mut pages = list.pages().read_ahead(true);
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}")?);
    // Made once: one made anew in each turn would miss what comes between two turns.
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let page = tokio::select! {
            biased;
            _ = &mut stop => break bar.abandon(),
            page = pages.try_next() => page?,
        };
        let Some(page) = page else { break bar.finish() };
        for contact in &page.data {
            serde_json::to_writer(&mut file, contact)?;
            file.write_all(b"\n")?;
        }
        for mismatch in page.mismatches() {
            bar.println(format!("not as described, and kept: {mismatch}"));
        }
        file.flush()?;
        file.get_ref().sync_data()?;
        progress.contacts += page.data.len() as u64;
        progress.bytes = file.stream_position()?;
        progress.done = page.is_last();
        // A page that is not the last and does not tell where the list goes on is an error, and comes again.
        let next = pages.cursor().cloned();
        if next != asked || progress.done {
            progress.cursor.clone_from(&next);
            progress.save(&state)?;
        }
        asked = next;
        bar.set_length(page.total_count.unwrap_or_default() as u64);
        bar.set_position(progress.contacts);
    }
    match progress.done {
        true => println!("done: {} contacts in {path}", progress.contacts),
        false => println!(
            "stopped: {} contacts in {path}; run it again to go on",
            progress.contacts
        ),
    }
    Ok(())
}
