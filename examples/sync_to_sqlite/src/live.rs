//! A live copy of a workspace: webhooks report changes, and a periodic walk finds those that no
//! webhook reported.
//!
//! Both add the ids of changed records to one queue in the database. A worker retrieves each record
//! and stores it, or deletes it if it no longer exists. So a record is never replaced by the
//! incomplete or outdated object in a notification, and a program that is killed continues with the
//! rest of the queue.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use futures_util::TryStreamExt;
use intercom_client::paging::{Changes, Dated, Identified, Page};
use intercom_client::webhooks::{Notification, Receiver};
use intercom_client::{Client, Error};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::Result;

/// The kinds of records that are stored.
const KINDS: [&str; 4] = ["contact", "company", "conversation", "ticket"];
/// The maximum size of a notification, in bytes.
const MAX_BODY_BYTES: usize = 4 << 20;

/// Opens the database and creates its tables.
pub fn open(path: &str) -> Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(include_str!("live.sql"))?;
    Ok(db)
}

#[derive(Clone)]
struct Endpoint {
    receiver: Receiver,
    db: Arc<Mutex<Connection>>,
    added: Arc<Notify>,
}

/// Serves the endpoint `/webhooks` and keeps the database up to date, until a failure that a retry
/// cannot fix.
pub async fn run(
    listener: TcpListener,
    receiver: Receiver,
    client: &Client,
    path: &str,
    walk_interval: Duration,
) -> Result<()> {
    let (db, added) = (open(path)?, Arc::new(Notify::new()));
    let endpoint = Endpoint {
        receiver: receiver.max_bytes(MAX_BODY_BYTES),
        db: Arc::new(Mutex::new(open(path)?)),
        added: added.clone(),
    };
    let router = Router::new()
        // Intercom sends a HEAD request when the URL is configured.
        .route("/webhooks", post(receive).head(async || StatusCode::OK))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(endpoint);
    tokio::select! {
        served = async { axum::serve(listener, router).await } => Ok(served?),
        failed = work(client, &db, &added, walk_interval) => failed,
    }
}

/// Adds the records of a notification to the queue. The response must not wait for the API.
async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let notification = match endpoint.receiver.read(&headers, &body) {
        Ok(notification) => notification,
        Err(error) => return error.status(),
    };
    let added = endpoint.db.lock().map(|mut db| add(&mut db, &notification));
    let Ok(Ok(())) = added else {
        // Intercom sends the notification again.
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    endpoint.added.notify_one();
    StatusCode::OK
}

fn add(db: &mut Connection, notification: &Notification) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    let is_new = match &notification.id {
        Some(id) => transaction.execute("INSERT OR IGNORE INTO notifications VALUES (?1)", [id])? == 1,
        None => true,
    };
    for (kind, id) in notification.ids().filter(|(kind, _)| is_new && KINDS.contains(kind)) {
        enqueue(&transaction, kind, id)?;
    }
    transaction.commit()
}

/// Replaces an entry for the same record. The new number keeps the worker from removing it with the
/// old one.
fn enqueue(db: &Connection, kind: &str, id: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO queue (kind, id) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute([kind, id]).map(drop)
}

async fn work(client: &Client, db: &Connection, added: &Notify, walk_interval: Duration) -> Result<()> {
    let mut next_walk = Instant::now();
    loop {
        let done = async {
            if next_walk <= Instant::now() {
                next_walk = Instant::now() + walk_interval;
                walk(client, db).await?;
            }
            store_queued(client, db).await
        };
        match done.await {
            Err(error) if error.downcast_ref().is_some_and(Error::is_retryable) => eprintln!("will retry: {error}"),
            done => done?,
        }
        let _ = timeout_at(next_walk, added.notified()).await;
    }
}

/// Adds the records that changed since the previous walk to the queue: on the first walk, all of
/// them.
async fn walk(client: &Client, db: &Connection) -> Result<()> {
    db.execute("UPDATE queue SET error = NULL", [])?;
    let since = |kind| {
        let sql = "SELECT coalesce(max(seconds), 0) FROM watermarks WHERE kind = ?1";
        db.query_row(sql, [kind], |row| row.get::<_, i64>(0))
    };
    let contacts = client.search_contacts().per_page(150);
    enqueue_changes(db, "contact", contacts.changed_since(since("contact")?)).await?;
    let companies = client.scroll_over_all_companies();
    enqueue_changes(db, "company", companies.changed_since(since("company")?)).await?;
    let conversations = client.search_conversations().per_page(150);
    enqueue_changes(db, "conversation", conversations.changed_since(since("conversation")?)).await
    // API 2.9 has no list or search of tickets. `tickets` in lib.rs walks those of servers that
    // have one.
}

async fn enqueue_changes<P>(db: &Connection, kind: &str, mut changes: Changes<P>) -> Result<()>
where
    P: Page<Item: Dated>,
{
    while let Some(item) = changes.try_next().await? {
        item.identity().map(|id| enqueue(db, kind, &id)).transpose()?;
    }
    if let Some(watermark) = changes.watermark() {
        let sql = "INSERT OR REPLACE INTO watermarks VALUES (?1, ?2)";
        db.execute(sql, params![kind, watermark.as_seconds()])?;
    }
    Ok(())
}

/// Retrieves and stores the records in the queue. The next walk retries those that fail.
async fn store_queued(client: &Client, db: &Connection) -> Result<()> {
    let next = "SELECT number, kind, id FROM queue WHERE error IS NULL ORDER BY number LIMIT 1";
    let entry = |row: &Row<'_>| <(i64, String, String)>::try_from(row);
    let store = "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3)";
    while let Some((number, kind, id)) = db.query_row(next, [], entry).optional()? {
        match retrieve(client, &kind, &id).await {
            Ok(json) => db.execute(store, [&kind, &id, &json?])?,
            Err(error) if error.is_not_found() => {
                db.execute("DELETE FROM records WHERE kind = ?1 AND id = ?2", [&kind, &id])?
            }
            Err(error) if error.is_retryable() || error.is_unauthorized() => return Err(error.into()),
            Err(error) => {
                eprintln!("{kind} {id}: {error}");
                let sql = "UPDATE queue SET error = ?2 WHERE number = ?1";
                db.execute(sql, params![number, error.to_string()])?;
                continue;
            }
        };
        db.execute("DELETE FROM queue WHERE number = ?1", [number])?;
    }
    Ok(())
}

/// Returns the JSON of a record in its current state.
async fn retrieve(client: &Client, kind: &str, id: &str) -> std::result::Result<serde_json::Result<String>, Error> {
    Ok(match kind {
        "contact" => serde_json::to_string(&*client.show_contact().id(id).await?),
        "company" => serde_json::to_string(&*client.retrieve_company_by_id().id(id).await?),
        "conversation" => serde_json::to_string(&*client.retrieve_conversation().id(id).await?),
        _ => serde_json::to_string(&*client.get_ticket().id(id).await?),
    })
}
