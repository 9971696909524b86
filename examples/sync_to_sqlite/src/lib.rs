//! Copies a workspace into a SQLite database: contacts, companies, conversations with their parts,
//! and tickets, as JSON.
//!
//! [`sync`] copies everything on the first run, and what changed on later ones. [`live`] is another
//! program, which receives webhooks.

pub mod live;
mod mock;
mod table;
#[path = "../../tool/mod.rs"]
mod tool;

use futures_util::{StreamExt, TryStreamExt};
use intercom_client::paging::Paging;
use intercom_client::types::Contact;
use intercom_client::{Client, Error, Method};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

pub use mock::client;
use table::Table;
pub use table::open;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Copies everything that the database does not contain yet. If it is interrupted, the next call
/// resumes.
pub async fn sync(client: &Client, db: &Connection) -> Result<()> {
    check_workspace(client, db).await?;
    contacts(client, Table::of(db, "contacts")?).await?;
    companies(client, Table::of(db, "companies")?).await?;
    conversations(client, Table::of(db, "conversations")?).await?;
    tickets(client, Table::of(db, "tickets")?).await
}

/// Fails if the database contains another workspace.
async fn check_workspace(client: &Client, db: &Connection) -> Result<()> {
    let me = client.identify_admin().send().await?;
    let workspace = me.app.as_ref().and_then(|app| app.id_code.as_deref());
    let insert = "INSERT INTO workspace SELECT ?1 WHERE NOT EXISTS (SELECT * FROM workspace)";
    db.execute(insert, [workspace])?;
    let stored: Option<String> = db.query_row("SELECT id FROM workspace", [], |row| row.get(0))?;
    match stored.as_deref() == workspace {
        true => Ok(()),
        false => Err("the database contains another workspace".into()),
    }
}

async fn contacts(client: &Client, table: Table<'_>) -> Result<()> {
    if table.complete {
        let mut changes = client.search_contacts().per_page(150).changed_since(table.watermark);
        while let Some(contact) = changes.try_next().await? {
            contact_with_companies(client, &table, &contact).await?;
        }
        return table.finish_walk(changes.watermark());
    }
    let mut list = client.list_contacts().per_page(150);
    if let Some(cursor) = &table.cursor {
        list = list.from_cursor(cursor.clone());
    }
    let mut pages = list.pages().read_ahead(true);
    while let Some(page) = pages.try_next().await? {
        for contact in &page.data {
            contact_with_companies(client, &table, contact).await?;
        }
        if let Some(cursor) = page.next_cursor() {
            table.save_cursor(&cursor)?;
        }
    }
    table.finish_walk(None)
}

/// Stores a contact and the ids of its companies. A contact contains at most ten of them; a list
/// has all.
async fn contact_with_companies(client: &Client, table: &Table<'_>, contact: &Contact) -> Result<()> {
    let embedded = contact.companies.clone().unwrap_or_default();
    let mut ids: Vec<_> = embedded.data.iter().map(|company| company.id.clone()).collect();
    if embedded.has_more == Some(true) {
        let all = client.list_companies_for_contact().id(&contact.id).stream();
        match all.map_ok(|company| company.id).try_collect().await {
            Ok(all) => ids = all,
            // The contact was deleted after it was listed.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let db = table.db;
    db.execute("DELETE FROM contact_companies WHERE contact_id = ?1", [&contact.id])?;
    for id in ids.into_iter().flatten() {
        let pair = params![contact.id, id];
        db.execute("INSERT OR IGNORE INTO contact_companies VALUES (?1, ?2)", pair)?;
    }
    table.save(contact)
}

/// Reads all companies on each run, because the API has no filter by time, and stores those that
/// changed.
async fn companies(client: &Client, table: Table<'_>) -> Result<()> {
    let since = if table.complete { table.watermark } else { 0.into() };
    let mut changes = client.scroll_over_all_companies().changed_since(since);
    while let Some(company) = changes.try_next().await? {
        table.save(&company)?;
    }
    table.finish_walk(changes.watermark())
}

/// Retrieves each conversation, because lists and searches do not return parts. The id of a
/// conversation that fails is stored, and the next run retries it.
async fn conversations(client: &Client, table: Table<'_>) -> Result<()> {
    for id in failed_ids(&table)? {
        match client.retrieve_conversation().id(&id).await {
            Ok(conversation) => table.save(&*conversation)?,
            Err(error) if error.is_not_found() => {}
            Err(error) if affects_all(&error) => return Err(error.into()),
            Err(_) => continue,
        }
        let delete = "DELETE FROM failed_conversations WHERE id = ?1";
        table.db.execute(delete, [&id])?;
    }
    if table.complete {
        let search = client.search_conversations().per_page(150);
        let mut changes = search.changed_since(table.watermark).retrieve_each();
        while let Some(conversation) = changes.next().await {
            match conversation {
                Ok(conversation) => table.save(&conversation)?,
                Err(error) if !affects_all(&error) && changes.skip_failed() => save_failed(&table, &error)?,
                Err(error) => return Err(error.into()),
            }
        }
        // Does not have to include the failed conversations, whose ids are stored.
        return table.finish_walk(changes.watermark_without_failed());
    }
    let mut list = client.list_conversations().per_page(150);
    if let Some(cursor) = &table.cursor {
        list = list.from_cursor(cursor.clone());
    }
    let mut all = list.stream().retrieve_each();
    while let Some(conversation) = all.next().await {
        match conversation {
            Ok(conversation) => table.save(&conversation)?,
            Err(error) if !affects_all(&error) && all.skip_failed() => save_failed(&table, &error)?,
            Err(error) => return Err(error.into()),
        }
        // Absent at the end of the list, so a run that is interrupted there repeats the last page.
        if let Some(cursor) = all.cursor() {
            table.save_cursor(cursor)?;
        }
    }
    table.finish_walk(None)
}

/// Returns `true` if the request for any other conversation would fail as well.
fn affects_all(error: &Error) -> bool {
    error.is_retryable() || error.is_unauthorized() || error.is_forbidden()
}

/// Stores the id of a conversation that could not be retrieved.
fn save_failed(table: &Table<'_>, error: &Error) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO failed_conversations VALUES (?1, ?2)";
    table.db.execute(sql, params![error.item(), error.to_string()])?;
    Ok(())
}

/// Returns the ids of the conversations that could not be retrieved.
fn failed_ids(table: &Table<'_>) -> Result<Vec<String>> {
    let mut query = table.db.prepare("SELECT id FROM failed_conversations")?;
    let ids = query.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Searches for tickets with a raw request, because API 2.9 does not describe a list or search of
/// tickets.
async fn tickets(client: &Client, table: Table<'_>) -> Result<()> {
    let since = if table.complete { table.watermark } else { 0.into() };
    // The search may compare entire days in the time zone of the workspace. Two days are enough for
    // any time zone.
    let margin = 2 * 86_400;
    let query = json!({
        "query": {"field": "updated_at", "operator": ">", "value": (since.as_seconds() - margin).max(0)},
        "sort": {"field": "updated_at", "order": "descending"},
    });
    let search = client.request(Method::POST, "/tickets/search").json(&query);
    let mut changes = search
        .stream::<Value>(Paging::CursorInBody, "tickets")
        .changed_since(since);
    loop {
        match changes.try_next().await {
            Ok(Some(ticket)) => table.save(&ticket)?,
            Ok(None) => return table.finish_walk(changes.watermark()),
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
