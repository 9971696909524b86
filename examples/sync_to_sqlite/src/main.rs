//! Runs [`sync_to_sqlite::sync`] and prints the number of records in each table.

use std::process::ExitCode;

use sync_to_sqlite::{Result, client, open, sync};

const HELP: &str = "\
Copies a workspace into a SQLite database. The first run copies everything, later runs copy what changed.
An interrupted run can be repeated; it resumes.

usage: sync-to-sqlite [DATABASE]

  DATABASE  the file of the database (default: intercom.db)

environment:
  INTERCOM_ACCESS_TOKEN  an access token; if unset, a mock server is used";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = match arguments.as_slice() {
        [] => "intercom.db",
        [help] if help == "--help" || help == "-h" => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        [path] if !path.starts_with('-') => path,
        [unexpected] | [_, unexpected, ..] => {
            eprintln!("error: unexpected argument `{unexpected}`\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(path).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
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
