//! The files that an export was written to, found by the statistic that each contains.

use std::path::{Path, PathBuf};

use crate::wire::read::without_bom;

/// The files that [`ExportJob::download_to`](crate::ExportJob::download_to) wrote; none if the job found no data.
///
/// An export is one CSV, or an archive with one CSV for each statistic: `receipt`, `open`, `click`, `reply`, `answer`,
/// `answer_combined`, `hard_bounce`, `completion`, `goal_success`, `series_completion`, `series_disengagement`, `series_exit`,
/// `checkpoint`, and others that Intercom adds. A statistic without records has no file. The files are joined by their column
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

    /// Returns the file of a statistic, such as `receipt`; `None` if the export contains no such records.
    ///
    /// Singular and plural, upper and lower case, and `-` and `_` are the same: `receipts` finds `receipt_20260413.csv`, and
    /// `receipt` finds `receipts_20260413_101500.csv`. If several files have the statistic, this is the first one;
    /// [`iter`](Self::iter) has all of them.
    pub fn statistic(&self, name: &str) -> Option<&ExportFile> {
        let name = singular(name);
        self.0.iter().find(|file| file.statistic.as_ref() == Some(&name))
    }

    /// Returns the files in the order of the archive.
    pub fn iter(&self) -> std::slice::Iter<'_, ExportFile> {
        self.0.iter()
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if no file was written: the job found no data.
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
    /// A file named after its job, with the first bytes of its content where that is a CSV.
    pub(super) fn of_job(path: PathBuf, csv: Option<&[u8]>) -> Self {
        let statistic = csv.filter(|head| contains_receipts(head));
        Self {
            path,
            statistic: statistic.map(|_| "receipt".to_owned()),
        }
    }

    /// A file named after its statistic.
    pub(super) fn of_entry(path: PathBuf) -> Self {
        let name = path.file_name().and_then(|name| name.to_str());
        Self {
            statistic: name.and_then(statistic_of),
            path,
        }
    }

    /// Returns the path of the file, which starts with the folder that was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the file by value.
    pub fn into_path(self) -> PathBuf {
        self.path
    }

    /// Returns the name of the statistic that the file contains, in the singular, such as `receipt` or `answer_combined`.
    ///
    /// It is read from the name of the file within the archive, `<statistic>_<date>.csv`. A single CSV has no such name: it contains
    /// `receipt`s if it has a column `user_id`. `None` for any other file, and for an archive that was
    /// [kept](crate::ExportJob::keep_compressed).
    pub fn statistic(&self) -> Option<&str> {
        self.statistic.as_deref()
    }
}

impl AsRef<Path> for ExportFile {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// Returns the statistic in a file's name: what stands before the date.
fn statistic_of(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".csv").or_else(|| lower.strip_suffix(".csv.gz"))?;
    let separator = |c: char| matches!(c, '_' | '-' | '.' | ' ');
    // `answer_combined_20260413`: no name of a statistic has a part that starts with a digit.
    let starts_date = |at: usize| {
        stem.get(at + 1..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let date = stem.char_indices().find(|(at, c)| separator(*c) && starts_date(*at));
    let statistic = date.and_then(|(at, _)| stem.get(..at)).unwrap_or(stem);
    let named = statistic.starts_with(|c: char| c.is_alphabetic());
    named.then(|| singular(statistic))
}

/// Returns the form of a statistic's name by which it is compared.
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

/// Returns `true` if a CSV names the contact, which only receipts do.
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
    fn statistics_are_read_from_every_published_form_of_name() {
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
    fn a_single_csv_contains_receipts_if_it_names_the_contact() {
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
