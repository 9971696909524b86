//! Writes all contacts of a workspace to a file, one JSON object per line, and resumes after Ctrl-C.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::process::ExitCode;
use std::time::Duration;

use futures_util::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use intercom_client::Client;
use intercom_client::mock::MockIntercom;
use intercom_client::paging::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[path = "tool/mod.rs"]
pub(crate) mod tool;

const HELP: &str = "\
Writes all contacts to a file, one JSON object per line, with all fields that the server sent.
After Ctrl-C, run it again to continue.

Usage: sync_contacts [FILE]

Arguments:
  FILE  file to write; default contacts.jsonl. The progress is stored in FILE.progress

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a slow mock Intercom with 5,000 contacts is used
  INTERCOM_REGION        us, eu or au; default us";

/// The state of the file after the last complete page.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    workspace: Option<String>,
    contacts: u64,
    bytes: u64,
    /// The next page.
    cursor: Option<Cursor>,
    /// Whether the last page is written.
    done: bool,
}

impl Progress {
    /// Replaces the file with a rename, so that it is never half-written.
    fn save(&self, path: &str) -> std::io::Result<()> {
        fs::write(format!("{path}.new"), serde_json::to_vec(self)?)?;
        fs::rename(format!("{path}.new"), path)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 1);
    let path = arguments.first().map_or("contacts.jsonl", String::as_str);
    tool::exit(run(path).await)
}

async fn run(path: &str) -> Result<(), Box<dyn std::error::Error>> {
    if tool::has_token() {
        return sync(&Client::from_env()?, path).await;
    }
    let intercom = MockIntercom::builder().latency(Duration::from_millis(300)).build();
    let contact = |i| json!({"type": "contact", "id": format!("{i:024x}"), "email": format!("{i}@acme.example")});
    intercom.seed("list_contacts", (0..5_000).map(contact));
    sync(&intercom.client(), path).await
}

/// Appends the contacts that the file does not contain yet.
pub(crate) async fn sync(client: &Client, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let me = client.identify_admin().send().await?;
    let workspace = me.app.as_ref().and_then(|app| app.id_code.clone());
    let state = format!("{path}.progress");
    let restart = format!("remove {state} and {path} to start again");
    let mut progress = match fs::read(&state) {
        Ok(saved) => {
            serde_json::from_slice(&saved).map_err(|error| format!("{state} is damaged ({error}); {restart}"))?
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
                return Err(format!("{path} exists without {state}; {restart}").into());
            }
            let progress = Progress {
                workspace: workspace.clone(),
                ..Progress::default()
            };
            progress.save(&state).map_err(|error| format!("{state}: {error}"))?;
            progress
        }
        Err(error) => return Err(format!("{state}: {error}").into()),
    };
    if progress.workspace != workspace {
        return Err(format!("{path} contains the contacts of another workspace; {restart}").into());
    }
    if progress.done {
        println!("{path} contains all {} contacts; {restart}", progress.contacts);
        return Ok(());
    }
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(path);
    let file = file.map_err(|error| format!("{path}: {error}"))?;
    if file.metadata()?.len() < progress.bytes {
        return Err(format!("{path} is shorter than {state} states; {restart}").into());
    }
    // Removes a page that was half-written when the last run ended.
    file.set_len(progress.bytes)?;
    let mut file = BufWriter::new(file);
    file.seek(SeekFrom::End(0))?;

    let mut list = client.list_contacts().per_page(150);
    let mut requested = progress.cursor.take();
    if let Some(cursor) = &requested {
        list = list.from_cursor(cursor.clone());
    }
    let mut pages = list.pages().read_ahead(true);
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}")?);
    // Created once, since a new future in each iteration would miss a signal between two of them.
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
            bar.suspend(|| eprintln!("differs from the description: {mismatch}"));
        }
        file.flush()?;
        file.get_ref().sync_data()?;
        progress.contacts += page.data.len() as u64;
        progress.bytes = file.stream_position()?;
        progress.done = page.is_last();
        // A page without a usable cursor fails the walk. It is requested again by the next run.
        let next = pages.cursor().cloned();
        if next != requested || progress.done {
            progress.cursor.clone_from(&next);
            progress.save(&state)?;
        }
        requested = next;
        bar.set_length(page.total_count.unwrap_or_default() as u64);
        bar.set_position(progress.contacts);
    }
    match progress.done {
        true => println!("done: {} contacts in {path}", progress.contacts),
        false => println!(
            "stopped: {} contacts in {path}; run it again to continue",
            progress.contacts
        ),
    }
    Ok(())
}
