//! The programs of this package: help, invalid arguments, exit statuses.

use std::path::Path;
use std::process::{Command, Output, Stdio};

const PROGRAMS: [(&str, &str); 2] = [
    ("sync-to-sqlite", env!("CARGO_BIN_EXE_sync-to-sqlite")),
    ("live", env!("CARGO_BIN_EXE_live")),
];

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for variable in ["INTERCOM_ACCESS_TOKEN", "INTERCOM_BASE_URL", "INTERCOM_CLIENT_SECRET"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_is_printed_and_nothing_else_happens() {
    for (name, program) in PROGRAMS {
        let folder = tempfile::tempdir().unwrap();
        for argument in ["--help", "-h"] {
            let output = run(program, folder.path(), &[argument]);
            assert!(output.status.success(), "{output:?}");
            assert!(text(&output.stdout).contains(&format!("Usage: {name} [")), "{output:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn unknown_arguments_exit_with_status_2() {
    for (_, program) in PROGRAMS {
        let folder = tempfile::tempdir().unwrap();
        for arguments in [&["--verbose"][..], &["a.db", "b", "c"]] {
            let output = run(program, folder.path(), arguments);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            assert!(
                text(&output.stderr).starts_with("error: unexpected argument `"),
                "{output:?}"
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn failures_are_printed_and_exit_with_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, sync), (_, live)] = PROGRAMS;
    let output = run(sync, folder.path(), &["missing/intercom.db"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        text(&output.stderr).contains("error: missing/intercom.db: "),
        "{output:?}"
    );
    let output = run(live, folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stderr), "error: INTERCOM_CLIENT_SECRET is not set\n");
}

#[test]
fn a_sync_without_a_token_copies_a_mock_server() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(PROGRAMS[0].1, folder.path(), &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        text(&output.stderr),
        "INTERCOM_ACCESS_TOKEN is not set: this run uses a mock Intercom\n"
    );
    assert!(text(&output.stdout).contains("400 contacts\n"), "{output:?}");
    assert!(folder.path().join("intercom.db").exists());
}
