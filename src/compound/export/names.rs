//! File names of exports: made from the id of the job, or checked names of archive entries.

/// The maximum length of an entry's file name, in bytes. Common file systems allow 255.
const MAX_NAME_BYTES: usize = 200;

/// Returns the file name for a job, without extension.
///
/// All characters except ASCII letters, digits, `-` and `_` are percent-encoded. So different ids
/// have different names, and a name cannot lead out of the folder or be reserved on Windows.
pub(super) fn of_job(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    let reserved = is_reserved(id);
    for (at, byte) in id.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match plain && !(reserved && at == 0) {
            true => name.push(byte.into()),
            false => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

/// Returns the file name of an archive entry, which is the last part of its path. The error is the
/// reason why it is unsafe.
///
/// The same names are rejected on all platforms, so that an export can be written on all of them or
/// none.
pub(super) fn of_entry(path: &str) -> Result<&str, &'static str> {
    if path.starts_with('/') {
        return Err("an entry with an absolute path");
    }
    if path.chars().any(|c| c.is_control() || r#"\:*?"<>|"#.contains(c)) {
        return Err("an entry whose name contains a character that is invalid in file names");
    }
    if path.split('/').any(|part| part == "..") {
        return Err("an entry that leads out of the folder");
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.is_empty() || name == "." {
        return Err("an entry without a name");
    }
    if name.ends_with(['.', ' ']) || is_reserved(name) {
        return Err("an entry with a name that is reserved on Windows");
    }
    if name.len() > MAX_NAME_BYTES {
        return Err("an entry with a name of more than 200 bytes");
    }
    Ok(name)
}

/// Folds a name, so that names that are the same on a case-insensitive file system are equal.
pub(super) fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// Returns `true` if the name, with or without extension, is a device on Windows:
/// <https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>.
fn is_reserved(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut number = number.into_iter().flat_map(str::chars);
    matches!(
        (number.next(), number.next()),
        (Some('0'..='9' | '¹' | '²' | '³'), None)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn different_jobs_have_different_file_names() {
        let ids = [
            "a/b", "a_b", "a b", "a%2Fb", "a\\b", "a:b", "ab", "a-b", "..", ".", "ä", "con", "CON",
        ];
        let names: HashSet<String> = ids.iter().map(|id| of_job(id)).collect();
        assert_eq!(names.len(), ids.len(), "{names:?}");
        for name in names {
            assert_eq!(of_entry(&name), Ok(name.as_str()));
        }
        assert_eq!(of_job("orzzsbd7hk67xyu"), "orzzsbd7hk67xyu");
        assert_eq!(
            (of_job("../a b").as_str(), of_job("nul").as_str()),
            ("%2E%2E%2Fa%20b", "%6Eul")
        );
    }

    #[test]
    fn the_name_of_an_entry_is_the_last_part_of_its_path() {
        for (path, name) in [
            ("receipt_20260413.csv", "receipt_20260413.csv"),
            ("./export/receipt.csv", "receipt.csv"),
            ("a//b/réponse.csv", "réponse.csv"),
            ("conversation.csv", "conversation.csv"),
            ("com10.csv", "com10.csv"),
        ] {
            assert_eq!(of_entry(path), Ok(name));
        }
    }

    #[test]
    fn unsafe_names_of_entries_are_rejected() {
        let long = "a".repeat(201);
        for path in [
            "",
            ".",
            "a/",
            "a/.",
            "/etc/passwd",
            "//host/share.csv",
            "../a.csv",
            "a/../../b.csv",
            "..",
            "a/..",
            "..\\a.csv",
            "C:\\a.csv",
            "C:a.csv",
            "a.csv:stream",
            "a\0.csv",
            "a\n.csv",
            "a\u{1b}[2J.csv",
            "con",
            "NUL.csv",
            "com1.tar.csv",
            "lpt¹",
            "Aux .csv",
            "a.csv.",
            "a.csv ",
            "a?.csv",
            "conin$",
            &long,
        ] {
            assert!(of_entry(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn names_that_differ_only_in_case_fold_to_the_same() {
        assert_eq!(folded("Receipt.CSV"), folded("receipt.csv"));
        assert_eq!(folded("STRASSE.csv"), folded("straße.csv"));
        assert_ne!(folded("open.csv"), folded("opens.csv"));
    }
}
