//! The tables, and how far each is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use intercom_client::Timestamp;
use intercom_client::paging::Cursor;
use rusqlite::{Connection, params};

use crate::Result;

/// Opens the database, with its tables.
pub fn open(path: &str) -> Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(include_str!("schema.sql"))?;
    Ok(db)
}

/// A table, and how far it is.
pub struct Table<'d> {
    pub db: &'d Connection,
    name: &'static str,
    /// Whether everything was taken once.
    pub whole: bool,
    /// Where the first walk goes on.
    pub cursor: Option<Cursor>,
    /// What changed then or later is to be taken.
    pub watermark: Timestamp,
}

impl<'d> Table<'d> {
    /// Looks how far it is.
    pub fn of(db: &'d Connection, name: &'static str) -> Result<Self> {
        // What changes during the first walk is taken by the second run; ten minutes make up for clocks that differ.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let begun = now.saturating_sub(Duration::from_secs(600)).as_secs();
        db.execute(
            "INSERT OR IGNORE INTO progress VALUES (?1, 0, NULL, ?2)",
            params![name, begun as i64],
        )?;
        Ok(db.query_row(
            "SELECT whole, cursor, watermark FROM progress WHERE name = ?1",
            [name],
            |row| {
                let cursor = row.get::<_, Option<String>>(1)?.map(Cursor::from);
                let watermark = row.get::<_, i64>(2)?.into();
                Ok(Self {
                    db,
                    name,
                    whole: row.get(0)?,
                    cursor,
                    watermark,
                })
            },
        )?)
    }

    /// Stores an object in the place of the one of its id.
    pub fn save(&self, item: &impl serde::Serialize) -> Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO {} VALUES (?1 ->> 'id', ?1 ->> 'updated_at', ?1)",
            self.name
        );
        self.db.prepare_cached(&sql)?.execute([serde_json::to_string(item)?])?;
        Ok(())
    }

    /// Deletes the object of an id.
    pub fn delete(&self, id: &str) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE id = ?1", self.name);
        self.db.prepare_cached(&sql)?.execute([id])?;
        Ok(())
    }

    /// Remembers where the first walk goes on.
    pub fn go_on(&self, cursor: &Cursor) -> Result<()> {
        let sql = "UPDATE progress SET cursor = ?2 WHERE name = ?1";
        self.db
            .prepare_cached(sql)?
            .execute(params![self.name, cursor.as_str()])?;
        Ok(())
    }

    /// Remembers that a walk came to its end, and with what moment the next one begins.
    pub fn done(&self, watermark: Option<Timestamp>) -> Result<()> {
        let sql = "UPDATE progress SET whole = 1, cursor = NULL, watermark = coalesce(?2, watermark) WHERE name = ?1";
        self.db
            .execute(sql, params![self.name, watermark.map(|moment| moment.as_seconds())])?;
        Ok(())
    }
}
