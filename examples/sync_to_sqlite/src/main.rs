//! Runs [`sync_to_sqlite::sync`] and prints the number of records in each table.

use std::process::ExitCode;

use sync_to_sqlite::{Result, client, open, sync};

#[path = "../../tool/mod.rs"]
mod tool;

const HELP: &str = "\
Copies a workspace into a SQLite database. The first run copies everything, later runs copy what changed.
An interrupted run can be repeated; it resumes.

Usage: sync-to-sqlite [DATABASE]

Arguments:
  DATABASE  file of the database; default intercom.db

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION        us, eu or au; default us";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 1);
    tool::exit(run(arguments.first().map_or("intercom.db", String::as_str)).await)
}

async fn run(path: &str) -> Result<()> {
    let (client, _mock) = client()?;
    let db = open(path).map_err(|error| format!("{path}: {error}"))?;
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
    println!("most used custom attributes:");
    let sql = "SELECT of, name, count(*) FROM custom_attributes GROUP BY of, name ORDER BY 3 DESC LIMIT 5";
    let mut query = db.prepare(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (of, name, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        println!("{count:>7} {of}: {name}");
    }
    Ok(())
}
