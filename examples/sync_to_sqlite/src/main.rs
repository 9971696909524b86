//! Keeps a workspace in a SQLite database. Stop it whenever you like: the next run goes on.
//!
//! ```text
//! cargo run -p sync-to-sqlite [intercom.db]
//! ```
//! Reads the workspace of `INTERCOM_ACCESS_TOKEN`; without one, a mock Intercom. With `INTERCOM_CLIENT_SECRET` it keeps on, with
//! the endpoint `http://127.0.0.1:3000/webhooks` for notifications and a walk every hour.

use intercom_client::Client;
use intercom_client::mock::MockIntercom;
use intercom_client::webhooks::Receiver;
use serde_json::json;
use sync_to_sqlite::{Result, live, open, sync};

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::args().nth(1).unwrap_or("intercom.db".to_owned());
    // A program of your own has the client alone: `Client::from_env()?`.
    let intercom = match std::env::var_os("INTERCOM_ACCESS_TOKEN") {
        Some(_) => None,
        None => Some(mock_intercom().await),
    };
    let client = match &intercom {
        Some(intercom) => intercom.client(),
        None => Client::from_env()?,
    };

    if let Ok(secret) = std::env::var("INTERCOM_CLIENT_SECRET") {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
        let hour = std::time::Duration::from_secs(3600);
        return live::keep(listener, Receiver::new(secret)?, &client, &path, hour).await;
    }

    let db = open(&path)?;
    sync(&client, &db).await?;

    for table in [
        "contacts",
        "companies",
        "contact_companies",
        "conversations",
        "conversation_parts",
        "tickets",
    ] {
        let count: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        println!("{count:>7} {table}");
    }
    println!("custom attributes, by name:");
    let sql = "SELECT of, name, count(*) FROM custom_attributes GROUP BY of, name ORDER BY 3 DESC LIMIT 5";
    let mut query = db.prepare(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (of, name, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        println!("{count:>7} {of} with {name}");
    }
    Ok(())
}

/// A mock Intercom with a few hundred contacts and conversations.
async fn mock_intercom() -> MockIntercom {
    println!("a mock Intercom answers; set INTERCOM_ACCESS_TOKEN to read a workspace");
    let intercom = MockIntercom::new();
    let contact = |number: u32| {
        json!({"type": "contact", "id": format!("{number:024x}"), "updated_at": 1_730_000_000 + number,
            "custom_attributes": {"plan": if number < 100 { "scale" } else { "trial" }, "seats": number % 50}})
    };
    intercom.seed("list_contacts", (0..400).map(contact));
    let conversation = |number: u32| {
        let parts =
            [json!({"type": "conversation_part", "id": number.to_string(), "part_type": "comment", "body": "Hello"})];
        json!({"type": "conversation", "id": number.to_string(), "updated_at": 1_730_000_000 + number,
            "conversation_parts": {"type": "conversation_part.list", "conversation_parts": parts, "total_count": 1}})
    };
    intercom.seed("list_conversations", (0..200).map(conversation));
    intercom
}
