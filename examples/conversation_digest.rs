//! Who answered how much in the last seven days: finds the week's conversations, reads their parts, counts by teammate.
//!
//! ```text
//! cargo run --example conversation_digest
//! ```
//!
//! Reads the workspace of `INTERCOM_ACCESS_TOKEN`; without one, a small server of its own.

#[path = "../tests/server/mod.rs"]
mod server;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt;
use intercom_client::search::{conversations, field};

#[derive(Default)]
struct Tally {
    conversations: usize,
    open: usize,
    answers: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In a program of your own: `Client::from_env()?`.
    let (client, _server) = server::connect(200).await?;
    let week_ago = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 - 7 * 24 * 3600;

    // The search gives conversations without their parts: each is asked for, a few at a time.
    let mut found = client
        .search_conversations()
        .query(field(conversations::CREATED_AT).gt(week_ago))
        .per_page(50)
        .stream()
        .map_ok(|listed| client.retrieve_conversation().id(listed.id).send())
        .try_buffer_unordered(8);

    let (mut count, mut tallies) = (0, BTreeMap::<String, Tally>::new());
    while let Some(conversation) = found.try_next().await? {
        count += 1;
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        let parts = conversation.conversation_parts.as_ref();
        for part in parts.map_or(&[][..], |parts| &parts.conversation_parts) {
            let Some(author) = &part.author else { continue };
            if author.type_.as_deref() == Some("admin") && part.part_type.as_deref() == Some("comment") {
                *answers.entry(author.name.as_deref().unwrap_or("?")).or_default() += 1;
            }
        }
        for (name, answers) in answers {
            let tally = tallies.entry(name.to_owned()).or_default();
            tally.conversations += 1;
            tally.open += usize::from(conversation.open == Some(true));
            tally.answers += answers;
        }
    }
    println!("{count} conversations since seven days ago\n");
    println!(
        "{:<16} {:>13} {:>6} {:>8}",
        "teammate", "conversations", "open", "answers"
    );
    for (name, tally) in &tallies {
        println!(
            "{name:<16} {:>13} {:>6} {:>8}",
            tally.conversations, tally.open, tally.answers
        );
    }
    Ok(())
}
