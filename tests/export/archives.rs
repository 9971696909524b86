//! Exports that are archives: either all of their files are written, or none.

use std::io::Cursor;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// The entries of a reported export.
const ENTRIES: [(&str, &str); 3] = [
    (
        "receipt_20260413.csv",
        "user_id,user_external_id,company_id,company_external_id,email,name,ruleset_id,content_id,content_type,content_title,\
         receipt_id,received_at\n66b41de1409ad1c5e8b53a7d,usr-2207,'-1,,rowan@fernhill.example,Rowan Ashby,70112233,70445566,\
         survey,\"Quarterly check, Q2\",900000000001,2026-04-13T12:32:22.000Z\n",
    ),
    (
        "open_20260413.csv",
        "receipt_id,opened_at\n900000000001,2026-04-13T12:40:01.000Z\n",
    ),
    (
        "answer_20260413.csv",
        "receipt_id,answered_at,question_id,question,response_type,response\n900000000001,2026-04-13T12:41:10.000Z,5001,How \
         likely are you to recommend us?,scale,9\n",
    ),
];

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

/// Returns a ZIP archive of these entries.
fn zipped<N: ToString, T: AsRef<[u8]>>(
    entries: impl IntoIterator<Item = (N, T)>,
    options: SimpleFileOptions,
) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        archive.start_file(name, options).unwrap();
        archive.write_all(text.as_ref()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Returns a tar archive of these entries.
fn tarred<'a, T: AsRef<[u8]>>(entries: impl IntoIterator<Item = (&'a str, T)>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.as_ref().len() as u64);
        header.set_mode(0o644);
        // Sets the name without a check.
        let field = &mut header.as_gnu_mut().unwrap().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, text.as_ref()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Replaces bytes by others of the same length.
fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let positions: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!positions.is_empty());
    for at in positions {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// Downloads these bytes into a folder within another folder, and returns both folders.
async fn download(body: Vec<u8>) -> (tempfile::TempDir, PathBuf, Result<ExportFiles, Error>) {
    download_with(body, |job| job).await
}

async fn download_with(
    body: Vec<u8>,
    set: impl FnOnce(ExportJob) -> ExportJob,
) -> (tempfile::TempDir, PathBuf, Result<ExportFiles, Error>) {
    let intercom = completed(body).await;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("exports");
    let files = set(job(&intercom.client())).download_to(&folder).await;
    (outer, folder, files)
}

/// Downloads bytes that are rejected, checks that no file remains, and returns the error.
async fn rejected(body: Vec<u8>) -> Error {
    rejected_with(body, |job| job).await
}

async fn rejected_with(body: Vec<u8>, set: impl FnOnce(ExportJob) -> ExportJob) -> Error {
    let (outer, folder, files) = download_with(body, set).await;
    let error = files.unwrap_err();
    assert!(
        error.is_decode() && !error.is_io() && !error.is_retryable(),
        "{error:?}"
    );
    assert_eq!(error.export_job(), Some("job-1"));
    // The folder is created when an export is detected.
    match folder.exists() {
        true => assert_eq!(
            (names(outer.path()), names(&folder)),
            (vec!["exports".to_owned()], Vec::new())
        ),
        false => assert!(names(outer.path()).is_empty()),
    }
    error
}

/// A reported export: an archive of several files, named after statistic and day.
#[tokio::test]
async fn every_entry_is_written_to_a_file() {
    let stored = options().compression_method(CompressionMethod::Stored);
    let tar = tarred(ENTRIES);
    for body in [
        zipped(ENTRIES, options()),
        zipped(ENTRIES, stored),
        zipped(ENTRIES, options().large_file(true)),
        gzip(&tar, Compression::default()),
        tar,
        gzip(&zipped(ENTRIES, stored), Compression::fast()),
    ] {
        let (_outer, folder, files) = download(body).await;
        let files = files.unwrap();
        for (file, (name, text)) in files.iter().zip(ENTRIES) {
            assert_eq!(file.path(), folder.join(name));
            assert_eq!(std::fs::read_to_string(file).unwrap(), text);
        }
        assert_eq!((files.len(), names(&folder).len()), (3, 3));
        let statistics: Vec<_> = files.iter().map(|file| file.statistic()).collect();
        assert_eq!(statistics, [Some("receipt"), Some("open"), Some("answer")]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = files
                .iter()
                .next()
                .unwrap()
                .path()
                .metadata()
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "exports contain customers' data");
        }
    }
}

/// All reported names, including those of the UI and of older references.
#[tokio::test]
async fn files_are_found_by_statistic() {
    let reported = [
        "receipt",
        "open",
        "click",
        "reply",
        "answer",
        "answer_combined",
        "hard_bounce",
        "completion",
        "goal_success",
        "series_completion",
        "series_disengagement",
        "series_exit",
        "checkpoint",
    ];
    let plural = |statistic: &str| match statistic {
        "reply" => "replies".to_owned(),
        "goal_success" => "goal_successes".to_owned(),
        statistic => format!("{statistic}s"),
    };
    for (names, suffix) in [
        (reported.map(str::to_owned), "_20260413.csv"),
        (reported.map(str::to_owned), "_20260413-101500.csv"),
        (reported.map(plural), "_20260413_101500.csv"),
    ] {
        let entries = names.each_ref().map(|name| (format!("{name}{suffix}"), "receipt_id\n"));
        let (_outer, folder, files) = download(zipped(entries, options())).await;
        let files = files.unwrap();
        for (statistic, entry) in reported.iter().zip(&names) {
            for name in [*statistic, &plural(statistic), &statistic.to_uppercase()] {
                let file = files.statistic(name).unwrap_or_else(|| panic!("{name} of {files:?}"));
                assert_eq!(file.path(), folder.join(format!("{entry}{suffix}")), "{name}");
                assert_eq!(file.statistic(), Some(*statistic));
            }
        }
        assert_eq!(files.statistic("bounce"), None);
    }
}

#[tokio::test]
async fn a_single_csv_contains_the_receipts_if_it_has_a_column_for_the_contact() {
    for (text, found) in [("user_id,receipt_id\n", true), ("receipt_id,opened_at\n", false)] {
        for body in [text.as_bytes().to_vec(), gzip(text.as_bytes(), Compression::fast())] {
            let (_outer, folder, files) = download(body).await;
            let files = files.unwrap();
            assert_eq!(files.statistic("receipts").is_some(), found);
            assert_eq!(only(files), folder.join("job-1.csv"));
        }
    }
}

/// An archive does not contain statistics without records.
#[tokio::test]
async fn an_empty_archive_has_no_files() {
    for body in [
        zipped([("", ""); 0], options()),
        gzip(&tarred([("", ""); 0]), Compression::fast()),
        gzip(&[0; 10_240], Compression::fast()),
    ] {
        let (_outer, folder, files) = download(body).await;
        assert!(files.unwrap().is_empty());
        assert!(names(&folder).is_empty());
    }
}

/// An archive can contain the folder of the files.
#[tokio::test]
async fn folders_of_an_archive_are_left_out() {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.add_directory("export/", options()).unwrap();
    archive.start_file("export/receipt_20260413.csv", options()).unwrap();
    archive.write_all(b"user_id\n").unwrap();
    let zip = archive.finish().unwrap().into_inner();

    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_path("export/").unwrap();
    header.set_size(0);
    header.set_cksum();
    archive.append(&header, &b""[..]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(8);
    // A name of more than 100 bytes is in a separate entry before the file.
    let long = format!("{}/receipt_20260413.csv", "export".repeat(20));
    archive.append_data(&mut header, &long, &b"user_id\n"[..]).unwrap();
    let gnu = archive.into_inner().unwrap();

    let mut archive = tar::Builder::new(Vec::new());
    let path = format!("{}/receipt_20260413.csv", "pax".repeat(60));
    archive
        .append_pax_extensions([("path", path.as_bytes()), ("mtime", b"1.5")])
        .unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("short.csv").unwrap();
    header.set_size(8);
    header.set_cksum();
    archive.append(&header, &b"user_id\n"[..]).unwrap();
    let pax = archive.into_inner().unwrap();

    for body in [zip, gzip(&gnu, Compression::fast()), gzip(&pax, Compression::fast())] {
        let (_outer, folder, files) = download(body).await;
        assert_eq!(only(files.unwrap()), folder.join("receipt_20260413.csv"));
        assert_eq!(names(&folder), ["receipt_20260413.csv"]);
    }
}

#[tokio::test]
async fn entries_cannot_be_written_outside_of_the_folder() {
    for name in [
        "../evil.csv",
        "a/../../evil.csv",
        "/tmp/evil.csv",
        "..\\evil.csv",
        "C:\\evil.csv",
        "C:evil.csv",
        "evil.csv:stream",
        "\\\\host\\evil.csv",
        "..",
        "nul.csv",
        "COM1",
        "evil.csv.",
        "evil.csv ",
        "a\u{1b}[2J.csv",
        "a\nb.csv",
    ] {
        let entries = [("receipt.csv", "user_id\n"), (name, "evil\n")];
        for body in [zipped(entries, options()), gzip(&tarred(entries), Compression::fast())] {
            let error = rejected(body).await;
            assert_eq!(error.expected(), Some("an archive of CSV files"), "{name:?}: {error}");
        }
    }
    // The archive writer rejects a zero in a name.
    let zeros = zipped([("receipt.csv", "a\n"), ("evilX.csv", "evil\n")], options());
    rejected(replaced(zeros, b"evilX.csv", b"evil\0.csv")).await;
}

#[tokio::test]
async fn entries_that_share_a_file_are_rejected() {
    for (first, second) in [
        ("receipt.csv", "Receipt.CSV"),
        ("a/receipt.csv", "b/receipt.csv"),
        ("réponse.csv", "RÉPONSE.csv"),
    ] {
        let entries = [(first, "first\n"), (second, "second\n")];
        rejected(zipped(entries, options())).await;
        rejected(tarred(entries)).await;
    }
    let twice = [("receipt.csv", "first\n"), ("receipt.csv", "second\n")];
    rejected(tarred(twice)).await;
    let zip = zipped([("receipt.csv", "first\n"), ("receipX.csv", "second\n")], options());
    rejected(replaced(zip, b"receipX.csv", b"receipt.csv")).await;
}

#[tokio::test]
async fn links_are_rejected() {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.add_symlink("receipt.csv", "/etc/passwd", options()).unwrap();
    rejected(archive.finish().unwrap().into_inner()).await;
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Fifo,
        tar::EntryType::GNUSparse,
    ] {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path("receipt.csv").unwrap();
        if header.link_name().unwrap().is_none() && kind != tar::EntryType::Fifo {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(0);
        header.set_cksum();
        archive.append(&header, &b""[..]).unwrap();
        rejected(archive.into_inner().unwrap()).await;
    }
}

/// A symbolic link with the name of a file is replaced, not followed.
#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_folder_is_replaced() {
    let outer = tempfile::tempdir().unwrap();
    let (folder, elsewhere) = (outer.path().join("exports"), outer.path().join("elsewhere"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(&elsewhere, "unchanged").unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.join("open_20260413.csv")).unwrap();
    let intercom = completed(zipped(ENTRIES, options())).await;
    job(&intercom.client()).download_to(&folder).await.unwrap();
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "unchanged");
    assert_eq!(
        std::fs::read_to_string(folder.join("open_20260413.csv")).unwrap(),
        ENTRIES[1].1
    );
}

#[tokio::test]
async fn no_file_is_written_if_a_folder_has_one_of_the_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("answer_20260413.csv")).unwrap();
    let intercom = completed(zipped(ENTRIES, options())).await;
    let error = job(&intercom.client()).download_to(folder.path()).await.unwrap_err();
    assert!(error.is_io(), "{error}");
    assert_eq!(names(folder.path()), ["answer_20260413.csv"]);
}

/// Linux limits paths to 4,096 bytes. Here, the temporary names and that of the first file are
/// shorter, that of the second file is longer, so its rename fails after the first file was
/// replaced.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_failed_rename_restores_the_files_that_were_replaced() {
    const MAX_PATH_BYTES: usize = 4096;
    let outer = tempfile::tempdir().unwrap();
    let mut folder = outer.path().to_owned();
    while folder.as_os_str().len() < MAX_PATH_BYTES - 150 {
        let missing = MAX_PATH_BYTES - 150 - folder.as_os_str().len();
        folder.push("f".repeat(missing.clamp(1, 200)));
    }
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("receipt.csv"), "previous").unwrap();
    let long = format!("open_{}.csv", "1".repeat(180));
    let entries = [
        ("receipt.csv", "user_id\n"),
        ("click.csv", "receipt_id\n"),
        (&long, "receipt_id\n"),
    ];
    let intercom = completed(zipped(entries, options())).await;
    let error = job(&intercom.client()).download_to(&folder).await.unwrap_err();
    assert!(error.is_io(), "{error}");
    assert_eq!(names(&folder), ["receipt.csv"]);
    assert_eq!(std::fs::read_to_string(folder.join("receipt.csv")).unwrap(), "previous");

    // Without the long name, the download replaces the file.
    let intercom = completed(zipped([entries[0], entries[1]], options())).await;
    assert_eq!(job(&intercom.client()).download_to(&folder).await.unwrap().len(), 2);
    assert_eq!(
        std::fs::read_to_string(folder.join("receipt.csv")).unwrap(),
        "user_id\n"
    );
    assert_eq!(names(&folder).len(), 2);
}

#[tokio::test]
async fn damaged_and_incomplete_archives_leave_nothing() {
    let rows = csv(200_000);
    let entries = [
        ("receipt_20260413.csv", &rows[..]),
        ("open_20260413.csv", &rows[..70_000]),
    ];
    let zip = zipped(entries, options());
    let tar = tarred(entries);
    // Truncated anywhere, also after the first entry.
    for length in [
        4,
        30,
        1000,
        zip.len() / 2,
        zip.len() - 100,
        zip.len() - 22,
        zip.len() - 1,
    ] {
        rejected(zip[..length].to_vec()).await;
    }
    for length in [600, 1024, 512 + 200_192, tar.len() - 10_000, tar.len() - 1024] {
        rejected(tar[..length].to_vec()).await;
        rejected(gzip(&tar[..length], Compression::fast())).await;
    }
    let gz = gzip(&tar, Compression::default());
    rejected(gz[..gz.len() - 4].to_vec()).await;
    for at in [60, 5000, zip.len() / 2] {
        let mut damaged = zip.clone();
        damaged[at] ^= 0xff;
        rejected(damaged).await;
    }
    let mut damaged = tar.clone();
    damaged[3] ^= 1;
    rejected(damaged).await;
    // Data after the archive.
    rejected([&zip[..], b"<html>"].concat()).await;
    rejected([&zip[..], &zip].concat()).await;
    rejected([&tar[..], &tar].concat()).await;
    rejected([&tar[..], b"<html>"].concat()).await;
    // A directory without the entries before it.
    let empty = zipped([("", ""); 0], options());
    rejected([&zip[..200], &empty].concat()).await;
}

#[tokio::test]
async fn csv_entries_with_other_content_are_rejected() {
    for text in [
        "<html>Be back soon",
        r#"{"type":"error.list"}"#,
        "PK\u{3}\u{4}",
        "a\0b\0c\0",
    ] {
        let entries = [("receipt.csv", "user_id\n"), ("open.csv", text)];
        rejected(zipped(entries, options())).await;
        rejected(gzip(&tarred(entries), Compression::fast())).await;
    }
    // Other files can have any content, and a CSV can be empty.
    let entries = [("manifest.json", "{}"), ("open.csv", "")];
    for body in [zipped(entries, options()), tarred(entries)] {
        let (_outer, _, files) = download(body).await;
        assert_eq!(files.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn the_content_of_gzip_is_checked() {
    for (text, found) in [
        ("<!DOCTYPE html><title>Log in</title>", "HTML or XML"),
        ("\u{feff} {\"type\":\"error.list\"}", "JSON"),
        ("\u{89}PNG\r\n\u{1a}\n", "binary data"),
        ("u\0s\0e\0r\0_\0i\0d\0\n\0", "binary data"),
        (&"\0".repeat(300), "binary data"),
        (&"\0".repeat(20_480), "binary data"),
    ] {
        for keep in [false, true] {
            let body = gzip(text.as_bytes(), Compression::fast());
            let error = rejected_with(body, |job| job.keep_compressed(keep)).await;
            assert_eq!(error.found(), Some(found));
        }
    }
    let twice = gzip(&gzip(b"user_id\n", Compression::fast()), Compression::fast());
    assert_eq!(rejected(twice).await.found(), Some("gzip within gzip"));
}

#[tokio::test]
async fn encrypted_and_unknown_entries_are_rejected() {
    // Sets the encryption flag in a header of the entry, given its signature.
    let zip = zipped([("receipt.csv", "user_id\n")], options());
    let flagged = |signature: &[u8], at: usize, mut zip: Vec<u8>| {
        let start = (0..zip.len())
            .find(|start| zip[*start..].starts_with(signature))
            .unwrap();
        zip[start + at] |= 1;
        zip
    };
    let encrypted = flagged(b"PK\x01\x02", 8, flagged(b"PK\x03\x04", 6, zip.clone()));
    let error = rejected(encrypted).await;
    assert_eq!(error.found(), Some("an encrypted entry"));
    // Method 93, Zstandard.
    let mut unknown = zip;
    let central = (0..unknown.len())
        .find(|start| unknown[*start..].starts_with(b"PK\x01\x02"))
        .unwrap();
    (unknown[8], unknown[central + 10]) = (93, 93);
    rejected(unknown).await;
}

#[tokio::test]
async fn the_limit_bounds_all_files_together() {
    let body = zipped(ENTRIES, options());
    let total: u64 = ENTRIES.iter().map(|(_, text)| text.len() as u64).sum();
    for body in [body, gzip(&tarred(ENTRIES), Compression::fast())] {
        let error = rejected_with(body.clone(), |job| job.max_bytes(total - 1)).await;
        assert!(
            error.to_string().contains(&format!("larger than {} bytes", total - 1)),
            "{error}"
        );
        let (_outer, _, files) = download_with(body, |job| job.max_bytes(total)).await;
        assert_eq!(files.unwrap().len(), 3);
    }
}

/// Archives whose entries expand to more than the limit, or claim to.
#[tokio::test]
async fn archives_that_expand_beyond_the_limit_are_rejected() {
    let zeros = vec![b'0'; 8 << 20];
    let bomb = zipped([("receipt.csv", &zeros), ("open.csv", &zeros)], options());
    assert!(bomb.len() < 64 << 10);
    let error = rejected_with(bomb.clone(), |job| job.max_bytes(10 << 20)).await;
    assert!(error.to_string().contains("larger than 10485760 bytes"), "{error}");
    let bomb = gzip(
        &tarred([("receipt.csv", &zeros), ("open.csv", &zeros)]),
        Compression::best(),
    );
    rejected_with(bomb, |job| job.max_bytes(10 << 20)).await;

    // An entry that is larger than in its header.
    let size = u32::to_le_bytes(zeros.len() as u32);
    let small = replaced(
        zipped([("receipt.csv", &zeros)], options()),
        &size,
        &u32::to_le_bytes(100),
    );
    rejected_with(small, |job| job.max_bytes(1 << 20)).await;
    // An entry that is smaller than in its header.
    let zip = zipped([("receipt.csv", &zeros[..100])], options());
    rejected(replaced(zip, &u32::to_le_bytes(100), &u32::to_le_bytes(101))).await;

    // Two entries that share their data.
    let zip = zipped(
        [("receipt.csv", &zeros[..1000]), ("openopn.csv", &zeros[..1000])],
        options(),
    );
    let mut central = (0..zip.len()).filter(|at| zip[*at..].starts_with(b"PK\x01\x02"));
    let (_, second) = (central.next().unwrap(), central.next().unwrap());
    let mut shared = zip.clone();
    shared[second + 42..second + 46].copy_from_slice(&[0; 4]);
    rejected(shared).await;
}

/// Headers and directories are kept in memory, so their size is limited.
#[tokio::test]
async fn large_headers_are_rejected() {
    let many = |entries: u32| {
        let entries = (0..entries).map(|number| (format!("{number}.csv"), ""));
        zipped(entries, options().compression_method(CompressionMethod::Stored))
    };
    rejected(many(10_001)).await;
    let (_outer, _, files) = download_with(many(10_000), |job| job.keep_compressed(true)).await;
    assert_eq!(files.unwrap().len(), 1, "10,000 entries are allowed");

    let mut claimed = zipped(ENTRIES, options());
    let end = claimed.len() - 22;
    claimed[end + 8..end + 16].copy_from_slice(&[0xfe; 8]);
    rejected(claimed).await;

    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(4 << 20);
    header.set_cksum();
    archive.append(&header, &vec![b'a'; 4 << 20][..]).unwrap();
    rejected(gzip(&archive.into_inner().unwrap(), Compression::fast())).await;
}

/// Adds a comment of this many bytes to each entry in the directory of a ZIP archive.
fn with_comments(zip: &[u8], bytes: u16) -> Vec<u8> {
    let length = |at: usize| usize::from(u16::from_le_bytes([zip[at], zip[at + 1]]));
    let start = (0..zip.len()).find(|at| zip[*at..].starts_with(b"PK\x01\x02")).unwrap();
    let (mut commented, mut at) = (zip[..start].to_vec(), start);
    while zip[at..].starts_with(b"PK\x01\x02") {
        let next = at + 46 + length(at + 28) + length(at + 30) + length(at + 32);
        let header = commented.len();
        commented.extend_from_slice(&zip[at..next]);
        commented[header + 32..header + 34].copy_from_slice(&bytes.to_le_bytes());
        commented.extend(vec![b'c'; bytes.into()]);
        at = next;
    }
    let (directory, end) = ((commented.len() - start) as u32, commented.len());
    commented.extend_from_slice(&zip[at..]);
    commented[end + 12..end + 16].copy_from_slice(&directory.to_le_bytes());
    commented
}

#[tokio::test]
async fn directory_of_an_archive_has_at_most_4_mib() {
    let entries = |entries: u32| {
        let entries = (0..entries).map(|number| (format!("{number:02}.csv"), "a\n"));
        // 65,530 bytes of directory for each entry.
        with_comments(&zipped(entries, options()), 65_530 - 46 - 6)
    };
    let (_outer, _, files) = download(entries(64)).await;
    assert_eq!(files.unwrap().len(), 64);
    rejected(entries(65)).await;
}

#[tokio::test]
async fn archives_can_be_kept() {
    let (zip, tar) = (zipped(ENTRIES, options()), tarred(ENTRIES));
    for (body, name) in [
        (zip.clone(), "job-1.zip"),
        (tar.clone(), "job-1.tar"),
        (gzip(&tar, Compression::fast()), "job-1.tar.gz"),
        (gzip(b"user_id\n", Compression::fast()), "job-1.csv.gz"),
    ] {
        let (_outer, folder, files) = download_with(body.clone(), |job| job.keep_compressed(true)).await;
        let file = only(files.unwrap());
        assert_eq!(file, folder.join(name));
        assert_eq!(std::fs::read(&file).unwrap(), body);
        assert_eq!(names(&folder), [name]);
        let short = body[..body.len() / 2].to_vec();
        rejected_with(short, |job| job.keep_compressed(true)).await;
        let limit = body.len() as u64 - 1;
        rejected_with(body, |job| job.keep_compressed(true).max_bytes(limit)).await;
    }
    let mut damaged = zip;
    damaged[60] ^= 0xff;
    rejected_with(damaged, |job| job.keep_compressed(true)).await;
}

/// Empty members, empty blocks and zeros are valid gzip that produces nothing.
#[tokio::test]
async fn endless_gzip_without_content_is_rejected() {
    let content = gzip(b"user_id\n", Compression::fast());
    let empty = gzip(b"", Compression::fast());
    // A header, then empty stored blocks without the mark of the last block.
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let block = [0, 0, 0, 0xff, 0xff].repeat(1000);
    for (first, endless) in [
        (content.clone(), empty.repeat(100)),
        (header.to_vec(), block),
        (content, vec![0; 64 << 10]),
    ] {
        let (first, endless) = (Bytes::from(first), Bytes::from(endless));
        let server = downloading(chunked(move || {
            let endless = endless.clone();
            std::iter::once(first.clone()).chain((0..2000).map(move |_| endless.clone()))
        }))
        .await;
        let found = Some("gzip that decompresses to almost nothing");
        let folder = tempfile::tempdir().unwrap();
        let error = job(&client(&server)).download_to(folder.path()).await.unwrap_err();
        assert_eq!((error.is_decode(), error.found()), (true, found), "{error:?}");
        assert!(names(folder.path()).is_empty());
        let stream = job(&client(&server)).download().await.unwrap().decompressed();
        let error = stream.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!((error.is_decode(), error.found()), (true, found), "{error:?}");
    }
    // Any number of members with content is valid.
    let rows: Vec<u8> = (0..3000)
        .flat_map(|i| gzip(format!("{i:024},{i}\n").as_bytes(), Compression::fast()))
        .collect();
    let (_outer, _, files) = download(rows).await;
    assert_eq!(
        std::fs::read_to_string(only(files.unwrap())).unwrap().lines().count(),
        3000
    );
}

/// A ZIP archive is not gzip, so it is not decompressed.
#[tokio::test]
async fn the_stream_of_an_archive_is_the_archive() {
    let zip = zipped(ENTRIES, options());
    let intercom = completed(zip.clone()).await;
    let mut job = job(&intercom.client());
    assert_eq!(all(job.download().await.unwrap()).await, zip);
    assert_eq!(all(job.download().await.unwrap().decompressed()).await, zip);
}

/// The result does not depend on the chunks in which the archive arrives.
#[tokio::test]
async fn an_archive_may_come_in_pieces() {
    let zip = zipped(ENTRIES, options());
    for size in [1, 3, 511] {
        let pieces = zip.clone();
        let pieces = move || {
            let pieces: Vec<_> = pieces.chunks(size).map(Bytes::copy_from_slice).collect();
            pieces.into_iter()
        };
        let server = downloading(chunked(pieces)).await;
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(job(&client(&server)).download_to(folder.path()).await.unwrap().len(), 3);
    }
}

/// A download that is dropped while its archive is unpacked leaves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_download_of_an_archive_leaves_nothing() {
    let zeros = vec![b'0'; 8 << 20];
    let entries = (0..10).map(|number| (format!("{number}.csv"), &zeros));
    let stored = options().compression_method(CompressionMethod::Stored);
    let intercom = completed(zipped(entries, stored)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut job = job(&intercom.client());
    let unpacked = |name: &String| name.starts_with(".0.csv");
    tokio::select! {
        result = job.download_to(folder.path()) => panic!("the download ended: {result:?}"),
        () = until(|| names(folder.path()).iter().any(unpacked)) => {}
    }
    until(|| names(folder.path()).is_empty()).await;
}

/// 300 MiB in three entries.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_use_of_unpacking_does_not_depend_on_the_size() {
    let block: Vec<u8> = (0..1_u32 << 18)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes().map(|byte| byte % 26 + b'a'))
        .collect();
    let mut archive = ZipWriter::new(tempfile::tempfile().unwrap());
    for name in ["receipt.csv", "open.csv", "click.csv"] {
        archive
            .start_file(name, options().compression_method(CompressionMethod::Stored))
            .unwrap();
        for _ in 0..100 {
            archive.write_all(&block).unwrap();
        }
    }
    let archive = Arc::new(archive.finish().unwrap());
    let length = archive.metadata().unwrap().len();
    let server = downloading(chunked(move || {
        let archive = archive.clone();
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut piece = vec![0; 256 << 10];
            let read = std::os::unix::fs::FileExt::read_at(&*archive, &mut piece, at).unwrap();
            at += read as u64;
            piece.truncate(read);
            (read > 0).then(|| Bytes::from(piece))
        })
    }))
    .await;
    let folder = tempfile::tempdir().unwrap();
    let largest = Arc::new(Mutex::new((0, 0)));
    let sampling = tokio::spawn({
        let largest = largest.clone();
        async move {
            loop {
                let now = resident_kib();
                {
                    let mut largest = largest.lock().unwrap();
                    *largest = (if largest.0 == 0 { now } else { largest.0 }, largest.1.max(now));
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
    let files = job(&client(&server)).download_to(folder.path()).await.unwrap();
    sampling.abort();
    assert_eq!(files.len(), 3);
    for file in &files {
        assert_eq!(file.path().metadata().unwrap().len(), 100 << 20);
    }
    let (first, max) = *largest.lock().unwrap();
    println!("{length} bytes, memory grew by {} KiB", max - first);
    assert!(max - first < 32 << 10, "memory grew by {} KiB", max - first);
}
