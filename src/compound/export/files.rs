//! The files of an export, and the statistic that each contains.

use std::path::{Path, PathBuf};

use crate::wire::read::without_bom;

/// The files written by [`ExportJob::download_to`](crate::ExportJob::download_to). Empty if the job
/// found no data.
///
/// An export is a single CSV, or an archive with one CSV per statistic: `receipt`, `open`, `click`,
/// `reply`, `answer`, `answer_combined`, `hard_bounce`, `completion`, `goal_success`,
/// `series_completion`, `series_disengagement`, `series_exit`, `checkpoint`, and others that
/// Intercom adds. A statistic without records has no file. Join the files on the column
/// `receipt_id`; only the receipts contain the contact and the message.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::io::Write;
/// # use intercom_client::mock::{MockResponse, MockIntercom};
/// # let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
/// # for (name, text) in [("receipt_20260413.csv", "user_id,receipt_id\nu1,9\n"), ("open_20260413.csv", "receipt_id\n9\n")] {
/// #     zip.start_file(name, zip::write::SimpleFileOptions::default())?;
/// #     zip.write_all(text.as_bytes())?;
/// # }
/// # let zip = zip.finish()?.into_inner();
/// # let intercom = MockIntercom::new();
/// # let job = serde_json::json!({"job_identifier": "orzzsbd7hk67xyu", "status": "completed"});
/// # intercom.on("get_data_export").respond(MockResponse::json(job));
/// # intercom.on("download_data_export").respond(MockResponse::bytes("application/octet-stream", zip));
/// # let client = intercom.client();
/// # let folder = tempfile::tempdir()?;
/// let files = client.export_job("orzzsbd7hk67xyu").download_to(folder.path()).await?;
/// if let Some(receipts) = files.statistic("receipt") {
///     println!("receipts: {}", receipts.path().display());
/// #   assert!(receipts.path().ends_with("receipt_20260413.csv"));
/// }
/// for file in &files {
///     println!("{:?}: {}", file.statistic(), file.path().display());
/// }
/// # assert_eq!(files.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportFiles(Vec<ExportFile>);

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    path: PathBuf,
    statistic: Option<String>,
}

impl ExportFiles {
    pub(super) fn new(files: Vec<ExportFile>) -> Self {
        Self(files)
    }

    /// Returns the file of a statistic, such as `receipt`, or `None` if the export has no records
    /// of it.
    ///
    /// The name can be singular or plural, in upper or lower case, with `-` or `_`: `receipts`
    /// finds `receipt_20260413.csv`, and `receipt` finds `receipts_20260413_101500.csv`. If several
    /// files contain the statistic, the first one is returned; use [`iter`](Self::iter) to get all
    /// of them.
    pub fn statistic(&self, name: &str) -> Option<&ExportFile> {
        let name = singular(name);
        self.0.iter().find(|file| file.statistic.as_ref() == Some(&name))
    }

    /// Returns an iterator over the files, in the order of the archive.
    pub fn iter(&self) -> std::slice::Iter<'_, ExportFile> {
        self.0.iter()
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if no file was written because the job found no data.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for ExportFiles {
    type Item = ExportFile;
    type IntoIter = std::vec::IntoIter<ExportFile>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ExportFiles {
    type Item = &'a ExportFile;
    type IntoIter = std::slice::Iter<'a, ExportFile>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl ExportFile {
    /// A file named after the job. `csv` is the start of its content, if the content is a CSV.
    pub(super) fn of_job(path: PathBuf, csv: Option<&[u8]>) -> Self {
        let statistic = csv.filter(|head| contains_receipts(head));
        Self {
            path,
            statistic: statistic.map(|_| "receipt".to_owned()),
        }
    }

    /// A file named after a statistic.
    pub(super) fn of_entry(path: PathBuf) -> Self {
        let name = path.file_name().and_then(|name| name.to_str());
        Self {
            statistic: name.and_then(statistic_of),
            path,
        }
    }

    /// Returns the path of the file, which starts with the folder passed to `download_to`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Converts this into the path of the file.
    pub fn into_path(self) -> PathBuf {
        self.path
    }

    /// Returns the singular name of the statistic in the file, such as `receipt` or
    /// `answer_combined`.
    ///
    /// For a file of an archive, this is taken from its name, `<statistic>_<date>.csv`. A single
    /// CSV contains receipts if it has a column `user_id`. `None` for other files, and for a [kept
    /// archive](crate::ExportJob::keep_compressed).
    pub fn statistic(&self) -> Option<&str> {
        self.statistic.as_deref()
    }
}

impl AsRef<Path> for ExportFile {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// Returns the part of a file name before the date.
fn statistic_of(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".csv").or_else(|| lower.strip_suffix(".csv.gz"))?;
    let separator = |c: char| matches!(c, '_' | '-' | '.' | ' ');
    // The date is the first part that starts with a digit, as in `answer_combined_20260413`.
    let starts_date = |at: usize| {
        stem.get(at + 1..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let date = stem.char_indices().find(|(at, c)| separator(*c) && starts_date(*at));
    let statistic = date.and_then(|(at, _)| stem.get(..at)).unwrap_or(stem);
    let is_name = statistic.starts_with(|c: char| c.is_alphabetic());
    is_name.then(|| singular(statistic))
}

/// Normalizes the name of a statistic for comparison.
fn singular(name: &str) -> String {
    let name = name.trim().to_lowercase().replace(['-', ' '], "_");
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match name.strip_suffix("es").filter(|stem| stem.ends_with("ss")) {
        Some(stem) => stem.to_owned(),
        None => match name.strip_suffix('s').filter(|stem| !stem.ends_with('s')) {
            Some(stem) => stem.to_owned(),
            None => name,
        },
    }
}

/// Returns `true` if a CSV has the column of the contact, which only receipts have.
fn contains_receipts(head: &[u8]) -> bool {
    let header = without_bom(head).trim_ascii_start();
    let header = header
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let mut columns = header.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    columns.any(|column| column == b"user_id" || column == b"\"user_id\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_from_all_published_file_names() {
        for (name, statistic) in [
            ("receipt_20260413.csv", Some("receipt")),
            ("receipts_20260413_101500.csv", Some("receipt")),
            ("receipt_20260413-101500.csv", Some("receipt")),
            ("Receipts-2026-04-13.CSV", Some("receipt")),
            ("answer_20260413.csv", Some("answer")),
            ("answer_combined_20260413.csv", Some("answer_combined")),
            ("goal_success_20260413.csv", Some("goal_success")),
            ("goal_successes_20260413.csv", Some("goal_success")),
            ("replies_20260413.csv", Some("reply")),
            ("series_exit_20260413.csv", Some("series_exit")),
            ("series_exits.csv", Some("series_exit")),
            ("receipt.csv", Some("receipt")),
            ("receipt_20260413.csv.gz", Some("receipt")),
            ("réponse_20260413.csv", Some("réponse")),
            ("20260413.csv", None),
            ("readme_20260413.txt", None),
        ] {
            assert_eq!(statistic_of(name).as_deref(), statistic, "{name}");
        }
    }

    #[test]
    fn a_single_csv_contains_receipts_if_it_has_a_column_for_the_contact() {
        for (head, receipts) in [
            ("user_id,email\n", true),
            ("\u{feff}\"email\",\"user_id\"\r\nuser_id", true),
            ("receipt_id, user_id", true),
            ("receipt_id,opened_at\n1,user_id\n", false),
            ("other_user_id\n", false),
        ] {
            assert_eq!(contains_receipts(head.as_bytes()), receipts, "{head:?}");
        }
    }
}
