//! A workspace in a SQLite database: contacts, companies, conversations with their parts, and tickets, each as the JSON that
//! came. The first run takes everything, and goes on where it stopped when it was interrupted; later runs take what changed.
//! [`live`] adds what webhooks tell.

pub mod live;
mod table;

use futures_util::{StreamExt, TryStreamExt};
use intercom_client::paging::Paging;
use intercom_client::types::Contact;
use intercom_client::{Client, Error, Method};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use table::Table;
pub use table::open;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Brings the database up to date.
pub async fn sync(client: &Client, db: &Connection) -> Result<()> {
    same_workspace(client, db).await?;
    contacts(client, Table::of(db, "contacts")?).await?;
    companies(client, Table::of(db, "companies")?).await?;
    conversations(client, Table::of(db, "conversations")?).await?;
    tickets(client, Table::of(db, "tickets")?).await
}

/// A database is of the workspace that it was begun with.
async fn same_workspace(client: &Client, db: &Connection) -> Result<()> {
    let me = client.identify_admin().send().await?;
    let workspace = me.app.as_ref().and_then(|app| app.id_code.as_deref());
    let begin = "INSERT INTO workspace SELECT ?1 WHERE NOT EXISTS (SELECT * FROM workspace)";
    db.execute(begin, [workspace])?;
    let of: Option<String> = db.query_row("SELECT id FROM workspace", [], |row| row.get(0))?;
    match of.as_deref() == workspace {
        true => Ok(()),
        false => Err("the database has another workspace; give each a file of its own".into()),
    }
}

async fn contacts(client: &Client, table: Table<'_>) -> Result<()> {
    if table.whole {
        let mut changes = client.search_contacts().per_page(150).changed_since(table.watermark);
        while let Some(contact) = changes.try_next().await? {
            contact_with_companies(client, &table, &contact).await?;
        }
        return table.done(changes.watermark());
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
            table.go_on(&cursor)?;
        }
    }
    table.done(None)
}

/// A contact holds the first ten of its companies; the others are listed.
async fn contact_with_companies(client: &Client, table: &Table<'_>, contact: &Contact) -> Result<()> {
    let embedded = contact.companies.clone().unwrap_or_default();
    let mut ids: Vec<_> = embedded.data.iter().map(|company| company.id.clone()).collect();
    if embedded.has_more == Some(true) {
        let all = client.list_companies_for_contact().id(&contact.id).stream();
        match all.map_ok(|company| company.id).try_collect().await {
            Ok(all) => ids = all,
            // The contact was deleted meanwhile.
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

/// The API has no filter for companies: each run walks all of them, and stores those that changed.
async fn companies(client: &Client, table: Table<'_>) -> Result<()> {
    let since = if table.whole { table.watermark } else { 0.into() };
    let mut changes = client.scroll_over_all_companies().changed_since(since);
    while let Some(company) = changes.try_next().await? {
        table.save(&company)?;
    }
    table.done(changes.watermark())
}

/// Lists and searches return no parts, so each conversation is retrieved. One that fails does not stop the others: its id is
/// stored, and each run tries it again.
async fn conversations(client: &Client, table: Table<'_>) -> Result<()> {
    for id in failed(&table)? {
        match client.retrieve_conversation().id(&id).await {
            Ok(conversation) => table.save(&*conversation)?,
            Err(error) if error.is_not_found() => {}
            Err(error) if stops(&error) => return Err(error.into()),
            Err(_) => continue,
        }
        let done = "DELETE FROM failed_conversations WHERE id = ?1";
        table.db.execute(done, [&id])?;
    }
    if table.whole {
        let search = client.search_conversations().per_page(150);
        let mut changes = search.changed_since(table.watermark).retrieve_each();
        while let Some(conversation) = changes.next().await {
            match conversation {
                Ok(conversation) => table.save(&conversation)?,
                Err(error) if !stops(&error) && changes.skip_failed() => remember(&table, &error)?,
                Err(error) => return Err(error.into()),
            }
        }
        // The ids of the failed ones are stored.
        return table.done(changes.watermark_without_failed());
    }
    let mut list = client.list_conversations().per_page(150);
    if let Some(cursor) = &table.cursor {
        list = list.from_cursor(cursor.clone());
    }
    let mut all = list.stream().retrieve_each();
    while let Some(conversation) = all.next().await {
        match conversation {
            Ok(conversation) => table.save(&conversation)?,
            Err(error) if !stops(&error) && all.skip_failed() => remember(&table, &error)?,
            Err(error) => return Err(error.into()),
        }
        // At the end there is none: a run that is stopped there begins with the last page.
        if let Some(cursor) = all.cursor() {
            table.go_on(cursor)?;
        }
    }
    table.done(None)
}

/// Whether other conversations would fail as well: nothing is wrong with this one.
fn stops(error: &Error) -> bool {
    error.is_retryable() || error.is_unauthorized() || error.is_forbidden()
}

/// Stores that a conversation could not be retrieved.
fn remember(table: &Table<'_>, error: &Error) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO failed_conversations VALUES (?1, ?2)";
    table.db.execute(sql, params![error.item(), error.to_string()])?;
    Ok(())
}

/// The ids of the conversations that could not be retrieved.
fn failed(table: &Table<'_>) -> Result<Vec<String>> {
    let mut query = table.db.prepare("SELECT id FROM failed_conversations")?;
    let ids = query.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// API 2.9 describes no list of tickets; where the server has the search all the same, a raw call walks it.
async fn tickets(client: &Client, table: Table<'_>) -> Result<()> {
    let since = if table.whole { table.watermark } else { 0.into() };
    // Its dates may count whole days, in the workspace's time zone: two days before leave none out.
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
            Ok(None) => return table.done(changes.watermark()),
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
