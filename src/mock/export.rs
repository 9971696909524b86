//! Files for export jobs to download.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file for [`MockIntercom::set_export`](super::MockIntercom::set_export).
///
/// Intercom exports a CSV file, a gzip-compressed CSV file, or a ZIP archive with a CSV file per
/// statistic.
#[cfg_attr(
    feature = "data-export",
    doc = r#"
```
use intercom_client::mock::{MockExport, MockIntercom};

# #[tokio::main(flavor = "current_thread", start_paused = true)]
# async fn main() -> Result<(), Box<dyn std::error::Error>> {
let receipts = MockExport::csv(["user_id", "receipt_id"], [["usr-1001", "9"], ["usr-1002", "10"]]);
let opens = MockExport::csv(["receipt_id"], [["9"]]);
let intercom = MockIntercom::new();
intercom.set_export(MockExport::zip([("receipt_20260413.csv", receipts), ("open_20260413.csv", opens)]));

# let folder = tempfile::tempdir()?;
let mut job = intercom.client().export(1_731_369_600..1_731_974_400).await?;
let files = job.download_to(folder.path()).await?;
assert_eq!(files.len(), 2);
# let text = std::fs::read_to_string(files.statistic("receipt").ok_or("no receipts")?.path())?;
# assert_eq!(text, "user_id,receipt_id\r\nusr-1001,9\r\nusr-1002,10\r\n");
# Ok(())
# }
```
"#
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockExport(Bytes);

impl MockExport {
    /// Creates a CSV file from the names of its columns and its rows.
    pub fn csv<C, R>(
        columns: impl IntoIterator<Item = C>,
        rows: impl IntoIterator<Item = impl IntoIterator<Item = R>>,
    ) -> Self
    where
        C: AsRef<str>,
        R: AsRef<str>,
    {
        let mut text = String::new();
        push_row(&mut text, columns);
        for row in rows {
            push_row(&mut text, row);
        }
        Self(text.into())
    }

    /// Compresses this file with gzip.
    pub fn gzip(self) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        match gzip.write_all(&self.0).and_then(|()| gzip.finish()) {
            Ok(bytes) => Self(bytes.into()),
            // Writing to memory does not fail. An uncompressed file is a valid export, too.
            Err(_) => self,
        }
    }

    /// Creates a ZIP archive from named files.
    ///
    /// # Panics
    ///
    /// If two files have the same name, or a name is longer than 65,535 bytes.
    #[cfg(feature = "data-export")]
    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    pub fn zip(files: impl IntoIterator<Item = (impl Into<String>, Self)>) -> Self {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, Self(content)) in files {
            let name = name.into();
            let options = zip::write::SimpleFileOptions::default();
            let added = archive.start_file(name.as_str(), options);
            if let Err(error) = added.and_then(|()| Ok(archive.write_all(&content)?)) {
                panic!("file {name} cannot be added to the ZIP archive: {error}");
            }
        }
        match archive.finish() {
            Ok(cursor) => Self(cursor.into_inner().into()),
            Err(error) => panic!("ZIP archive cannot be written: {error}"),
        }
    }
}

impl From<MockExport> for Bytes {
    fn from(export: MockExport) -> Self {
        export.0
    }
}

/// Appends a line as RFC 4180 defines it.
fn push_row(text: &mut String, cells: impl IntoIterator<Item = impl AsRef<str>>) {
    for (column, cell) in cells.into_iter().enumerate() {
        if column > 0 {
            text.push(',');
        }
        let cell = cell.as_ref();
        if cell.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}
