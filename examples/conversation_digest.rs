//! Counts the replies of each teammate in the conversations of the last seven days.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt;
use intercom_client::mock::MockIntercom;
use intercom_client::search::{conversations, field};
use intercom_client::{Client, Error};
use serde_json::{Value, json};

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "\
Counts the replies of each teammate in the conversations of the last seven days.

Usage: conversation_digest

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION        us, eu or au; default us";

/// The replies of one teammate.
#[derive(Default)]
struct Tally {
    conversations: usize,
    open: usize,
    replies: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    tool::arguments(HELP, 0);
    tool::exit(run().await)
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    if tool::has_token() {
        return Ok(print_digest(&Client::from_env()?, now).await?);
    }
    let intercom = MockIntercom::new();
    intercom.seed("list_conversations", (0..200).map(|i| conversation(i, now)));
    Ok(print_digest(&intercom.client(), now).await?)
}

async fn print_digest(client: &Client, now: i64) -> Result<(), Error> {
    // Searches return conversations without their parts, so each conversation is retrieved.
    let week = client
        .search_conversations()
        .query(field(conversations::CREATED_AT).gt(now - 7 * 86_400))
        .per_page(150);
    let mut found = week.stream().retrieve_each();

    let (mut count, mut tallies) = (0, BTreeMap::<String, Tally>::new());
    while let Some(conversation) = found.try_next().await? {
        count += 1;
        let mut replies: BTreeMap<&str, usize> = BTreeMap::new();
        let parts = conversation.conversation_parts.as_ref();
        for part in parts.map_or(&[][..], |parts| &parts.conversation_parts) {
            let Some(author) = &part.author else { continue };
            if author.type_.as_deref() == Some("admin") && part.part_type.as_deref() == Some("comment") {
                *replies.entry(author.name.as_deref().unwrap_or("?")).or_default() += 1;
            }
        }
        for (name, replies) in replies {
            let tally = tallies.entry(name.to_owned()).or_default();
            tally.conversations += 1;
            tally.open += usize::from(conversation.open == Some(true));
            tally.replies += replies;
        }
    }
    println!("{count} conversations in the last seven days\n");
    println!("teammate         conversations   open  replies");
    for (name, tally) in &tallies {
        let (conversations, open, replies) = (tally.conversations, tally.open, tally.replies);
        println!("{name:<16} {conversations:>13} {open:>6} {replies:>8}");
    }
    Ok(())
}

/// Conversation number `i` of the mock: a question with one to three replies. Each is four hours older than the previous one.
fn conversation(i: usize, now: i64) -> Value {
    let created_at = now - 4 * 3600 * i as i64;
    let part = |n: usize| {
        let name = ["Ada", "Brahim", "Chidi", "Dora"][(i + n) % 4];
        json!({"type": "conversation_part", "id": (1000 * i + n).to_string(), "part_type": "comment",
            "body": "<p>Text</p>", "created_at": created_at + 60 * n as i64, "author": {"type": "admin", "name": name}})
    };
    let parts: Vec<Value> = (0..i % 3 + 1).map(part).collect();
    json!({
        "type": "conversation", "id": i.to_string(), "created_at": created_at, "open": i.is_multiple_of(3),
        "conversation_parts": {"type": "conversation_part.list", "conversation_parts": parts},
    })
}
