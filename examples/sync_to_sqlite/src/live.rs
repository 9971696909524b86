//! The database kept up to date: by notifications of webhooks, and by a walk over what changed for those that were missed.
//!
//! A notification is stored under its id before it is answered, so that one that is sent twice is worked on once. Then the record
//! that it names is retrieved and stored, or deleted. What a notification carries is not stored itself: it can be a part of the
//! record, and older than what the database has. Killed at any point, the next run works on what is left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use intercom_client::webhooks::{Notification, Receiver};
use intercom_client::{Client, Error, Response};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::table::{Table, open};
use crate::{Result, contact_with_companies, sync};

/// What the endpoint works with.
#[derive(Clone)]
struct Endpoint {
    receiver: Receiver,
    db: Arc<Mutex<Connection>>,
    stored: Arc<Notify>,
}

/// Keeps the database at `path` up to date until it fails for good: the endpoint is `/webhooks`, and a walk starts at once and
/// after each `pause`.
pub async fn keep(
    listener: TcpListener,
    receiver: Receiver,
    client: &Client,
    path: &str,
    pause: Duration,
) -> Result<()> {
    let db = open(path)?;
    let stored = Arc::new(Notify::new());
    let endpoint = Endpoint {
        receiver,
        db: Arc::new(Mutex::new(open(path)?)),
        stored: Arc::clone(&stored),
    };
    // Setting the URL up sends a HEAD request.
    let route = post(receive).head(|| async { StatusCode::OK });
    let router = Router::new().route("/webhooks", route).with_state(endpoint);
    tokio::select! {
        served = async { axum::serve(listener, router).await } => Ok(served?),
        failed = work(client, &db, &stored, pause) => failed,
    }
}

/// Walks, and works on notifications until the next walk. One after the other: a page that was read before a record was deleted
/// must not be stored after.
async fn work(client: &Client, db: &Connection, stored: &Notify, pause: Duration) -> Result<()> {
    loop {
        let next = Instant::now() + pause;
        later(sync(client, db).await)?;
        loop {
            later(work_on_notifications(client, db).await)?;
            if timeout_at(next, stored.notified()).await.is_err() {
                break;
            }
        }
    }
}

/// Lets a failure pass that the next attempt can cure.
fn later(done: Result<()>) -> Result<()> {
    match done {
        Err(error) if error.downcast_ref().is_some_and(Error::is_retryable) => eprintln!("later again: {error}"),
        done => return done,
    }
    Ok(())
}

/// Stores a notification, and answers at once: Intercom waits 5 seconds at most.
async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let notification = match endpoint.receiver.read(&headers, &body) {
        Ok(ping) if ping.is_ping() => return StatusCode::OK,
        Ok(notification) => notification,
        Err(error) => return error.status(),
    };
    let json = String::from_utf8_lossy(&body);
    let id = notification.id.as_deref().unwrap_or(&json);
    let stored = endpoint.db.lock().map(|db| {
        let sql = "INSERT OR IGNORE INTO notifications (id, json) VALUES (?1, ?2)";
        db.execute(sql, params![id, json])
    });
    match stored {
        Ok(Ok(_)) => endpoint.stored.notify_one(),
        // It is sent again a minute later.
        _ => return StatusCode::SERVICE_UNAVAILABLE,
    }
    StatusCode::OK
}

/// Works on the notifications that are left, in the order in which they arrived.
async fn work_on_notifications(client: &Client, db: &Connection) -> Result<()> {
    let next = "SELECT id, json FROM notifications WHERE json IS NOT NULL ORDER BY rowid LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    while let Some((id, json)) = db.query_row(next, [], row).optional()? {
        match work_on(client, db, &serde_json::from_str(&json)?).await {
            // What the server refuses for good keeps no other notification waiting.
            Err(error) if error.downcast_ref().is_some_and(|error: &Error| !error.is_retryable()) => {
                eprintln!("{id}: {error}");
            }
            done => done?,
        }
        // The id stays, so that the same notification is known when it is sent again.
        db.execute("UPDATE notifications SET json = NULL WHERE id = ?1", [&id])?;
    }
    Ok(())
}

/// Brings each record that a notification names up to date.
async fn work_on(client: &Client, db: &Connection, notification: &Notification) -> Result<()> {
    let gone = notification.is_stub();
    if let Some(id) = notification.contact_id() {
        let table = Table::of(db, "contacts")?;
        match now(gone, client.show_contact().id(id).send()).await? {
            Some(contact) => contact_with_companies(client, &table, &contact).await?,
            None => table.delete(id)?,
        }
    }
    if let Some(id) = notification.company_id() {
        store(
            db,
            "companies",
            id,
            now(gone, client.retrieve_company_by_id().id(id).send()).await?,
        )?;
    }
    if let Some(id) = notification.conversation_id() {
        store(
            db,
            "conversations",
            id,
            now(gone, client.retrieve_conversation().id(id).send()).await?,
        )?;
    }
    if let Some(id) = notification.ticket_id() {
        store(db, "tickets", id, now(gone, client.get_ticket().id(id).send()).await?)?;
    }
    Ok(())
}

/// A record as it is now; `None` if it is gone.
async fn now<T, F>(gone: bool, call: F) -> Result<Option<Response<T>>>
where
    F: Future<Output = std::result::Result<Response<T>, Error>>,
{
    if gone {
        return Ok(None);
    }
    match call.await {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn store<T: Serialize>(db: &Connection, table: &'static str, id: &str, record: Option<Response<T>>) -> Result<()> {
    let table = Table::of(db, table)?;
    match record {
        Some(record) => table.save(&*record),
        None => table.delete(id),
    }
}
