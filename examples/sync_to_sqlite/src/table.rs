//! The tables of the database, and the progress of each.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use intercom_client::Timestamp;
use intercom_client::paging::Cursor;
use rusqlite::{Connection, params};

use crate::Result;

/// The time before the start of the first walk from which changes are copied again, because clocks
/// differ.
const OVERLAP: Duration = Duration::from_secs(600);

/// Opens the database and creates its tables.
pub fn open(path: &str) -> Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(include_str!("schema.sql"))?;
    Ok(db)
}

/// A table and its progress.
pub struct Table<'d> {
    pub db: &'d Connection,
    name: &'static str,
    /// Whether all records were copied once.
    pub complete: bool,
    /// The position of the first walk, while it is incomplete.
    pub cursor: Option<Cursor>,
    /// The time from which changes are copied next.
    pub watermark: Timestamp,
}

impl<'d> Table<'d> {
    /// Reads the progress of a table.
    pub fn of(db: &'d Connection, name: &'static str) -> Result<Self> {
        // The second run copies what changes during the first walk.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let watermark = now.saturating_sub(OVERLAP).as_secs();
        db.execute(
            "INSERT OR IGNORE INTO progress VALUES (?1, 0, NULL, ?2)",
            params![name, watermark as i64],
        )?;
        Ok(db.query_row(
            "SELECT complete, cursor, watermark FROM progress WHERE name = ?1",
            [name],
            |row| {
                let cursor = row.get::<_, Option<String>>(1)?.map(Cursor::from);
                let watermark = row.get::<_, i64>(2)?.into();
                Ok(Self {
                    db,
                    name,
                    complete: row.get(0)?,
                    cursor,
                    watermark,
                })
            },
        )?)
    }

    /// Stores a record, replacing the one with its id.
    pub fn save(&self, record: &impl serde::Serialize) -> Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO {} VALUES (?1 ->> 'id', ?1 ->> 'updated_at', ?1)",
            self.name
        );
        self.db
            .prepare_cached(&sql)?
            .execute([serde_json::to_string(record)?])?;
        Ok(())
    }

    /// Stores the position of the first walk.
    pub fn save_cursor(&self, cursor: &Cursor) -> Result<()> {
        let sql = "UPDATE progress SET cursor = ?2 WHERE name = ?1";
        self.db
            .prepare_cached(sql)?
            .execute(params![self.name, cursor.as_str()])?;
        Ok(())
    }

    /// Stores that a walk is complete, and the time from which the next one continues.
    pub fn finish_walk(&self, watermark: Option<Timestamp>) -> Result<()> {
        let sql =
            "UPDATE progress SET complete = 1, cursor = NULL, watermark = coalesce(?2, watermark) WHERE name = ?1";
        self.db
            .execute(sql, params![self.name, watermark.map(|time| time.as_seconds())])?;
        Ok(())
    }
}
