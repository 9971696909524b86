//! Who answered how much in the last seven days: finds the week's conversations, reads their parts, counts by teammate.
//!
//! ```text
//! cargo run --example conversation_digest
//! ```
//!
//! Reads the workspace of `INTERCOM_ACCESS_TOKEN`; without one, a mock Intercom with conversations of its own.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt;
use intercom_client::Client;
use intercom_client::mock::MockIntercom;
use intercom_client::search::{conversations, field};
use serde_json::{Value, json};

#[derive(Default)]
struct Tally {
    conversations: usize,
    open: usize,
    answers: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let intercom = MockIntercom::new();
    let client = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => Client::from_env()?,
        None => {
            intercom.seed("list_conversations", (0..200).map(|i| conversation(i, now)));
            intercom.client()
        }
    };

    // The search gives conversations without their parts: each is retrieved.
    let mut found = client
        .search_conversations()
        .query(field(conversations::CREATED_AT).gt(now - 7 * 86_400))
        .per_page(150)
        .stream()
        .retrieve_each();

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
    for (
        name,
        Tally {
            conversations,
            open,
            answers,
        },
    ) in &tallies
    {
        println!("{name:<16} {conversations:>13} {open:>6} {answers:>8}");
    }
    Ok(())
}

/// Conversation number `i` of the mock: a question, four hours older than that of the one before, and its answers.
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
