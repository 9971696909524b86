//! Examples as programs: help, invalid arguments, exit statuses, and the files that they write.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use intercom_client::mock::{MockIntercom, MockResponse, MockServer};
use serde_json::json;

const PROGRAMS: [(&str, &str); 4] = [
    ("export_messages", env!("CARGO_BIN_EXE_export_messages")),
    ("opened_receipts", env!("CARGO_BIN_EXE_opened_receipts")),
    ("push_events", env!("CARGO_BIN_EXE_push_events")),
    ("webhooks_axum", env!("CARGO_BIN_EXE_webhooks_axum")),
];

/// Returns a command that runs an example in a folder, without the environment variables of the
/// client.
fn command(name: &str, folder: &Path, arguments: &[&str]) -> Command {
    let (_, program) = PROGRAMS.iter().find(|(known, _)| *known == name).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for variable in [
        "INTERCOM_ACCESS_TOKEN",
        "INTERCOM_API_VERSION",
        "INTERCOM_BASE_URL",
        "INTERCOM_CLIENT_SECRET",
        "INTERCOM_REGION",
    ] {
        command.env_remove(variable);
    }
    command
}

fn run(name: &str, folder: &Path, arguments: &[&str]) -> Output {
    command(name, folder, arguments).output().unwrap()
}

/// Runs commands concurrently, because an export waits for seconds until it asks for the state of its job again.
fn run_all<const N: usize>(commands: [Command; N]) -> [Output; N] {
    let running = commands.map(|mut command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    running.map(|process| process.wait_with_output().unwrap())
}

/// Runs an example as the client of a server.
async fn run_with(intercom: &MockServer, name: &'static str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(name, folder, arguments);
    command
        .env("INTERCOM_ACCESS_TOKEN", "a-token")
        .env("INTERCOM_BASE_URL", intercom.url());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

async fn server() -> MockServer {
    MockIntercom::builder().token("a-token").serve().await
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Returns the names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn help_is_printed_and_nothing_else_happens() {
    for (name, _) in PROGRAMS {
        for argument in ["--help", "-h"] {
            let folder = tempfile::tempdir().unwrap();
            let output = run(name, folder.path(), &[argument]);
            assert!(output.status.success(), "{name}: {output:?}");
            let help = stdout(&output);
            assert!(
                help.contains(&format!("Usage: {name}")) && help.contains("INTERCOM_"),
                "{help}"
            );
            assert_eq!(
                (stderr(&output).as_str(), names(folder.path()).len()),
                ("", 0),
                "{name}"
            );
        }
    }
}

#[test]
fn unknown_arguments_exit_with_status_2() {
    for (name, _) in PROGRAMS {
        for arguments in [
            &["--verbose"][..],
            &["a", "b", "c"],
            &["--verbose", "a"],
            &["-x", "--version"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let output = run(name, folder.path(), arguments);
            assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}: {output:?}");
            let text = stderr(&output);
            assert!(text.starts_with("error: unexpected argument `"), "{text}");
            assert!(text.contains(&format!("Usage: {name}")), "{text}");
            assert_eq!(
                (stdout(&output).as_str(), names(folder.path()).len()),
                ("", 0),
                "{name}"
            );
        }
    }
}

#[test]
fn files_that_are_missing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("push_events", folder.path(), &["missing.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("error: missing.jsonl: "), "{output:?}");

    std::fs::write(folder.path().join("events.jsonl"), "{}\noops\n").unwrap();
    let output = run("push_events", folder.path(), &["events.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: events.jsonl, line 2: "),
        "{output:?}"
    );
    assert_eq!(names(folder.path()), ["events.jsonl"]);

    let exports = run_all([
        command("export_messages", folder.path(), &["7", "events.jsonl"]),
        command("opened_receipts", folder.path(), &["events.jsonl"]),
    ]);
    for output in exports {
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stderr(&output).contains("error: events.jsonl: "), "{output:?}");
    }
    let output = run("webhooks_axum", folder.path(), &[]);
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(1), "error: INTERCOM_CLIENT_SECRET is not set\n")
    );
}

/// Runs the examples that need a token with this one, which counts as unset.
fn assert_the_mock_is_used(token: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let outputs = run_all(["export_messages", "opened_receipts", "push_events"].map(|name| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let mut command = command(name, &folder, &[]);
        command.envs(token.map(|token| ("INTERCOM_ACCESS_TOKEN", token)));
        command
    }));
    for output in &outputs {
        let announcement = "INTERCOM_ACCESS_TOKEN is not set: this run uses a mock Intercom\n";
        assert!(stderr(output).starts_with(announcement), "{output:?}");
    }
    let [messages, receipts, events] = &outputs;
    assert!(messages.status.success(), "{messages:?}");
    assert!(stdout(messages).contains(".csv: "), "{messages:?}");
    assert_eq!(names(&folder.path().join("export_messages")), ["exports"]);
    assert!(receipts.status.success(), "{receipts:?}");
    let counts = "Quarterly check, Q2: 83 of 333 opened";
    assert!(stdout(receipts).contains(counts), "{receipts:?}");
    assert_eq!(names(&folder.path().join("opened_receipts")), ["exports"]);

    assert_eq!(events.status.code(), Some(1), "the mock fails for some events");
    let failed = std::fs::read_to_string(folder.path().join("push_events/events.failed.jsonl")).unwrap();
    assert!(!failed.is_empty());
    // Each failure is reported, even without a terminal.
    let text = stderr(events);
    let reasons = text.lines().filter(|line| line.starts_with("event ")).count();
    assert_eq!(reasons, failed.lines().count(), "{text}");
}

#[test]
fn examples_without_a_token_use_the_mock() {
    assert_the_mock_is_used(None);
}

#[test]
fn examples_with_an_empty_token_use_the_mock() {
    assert_the_mock_is_used(Some(""));
}

#[test]
fn an_empty_client_secret_counts_as_unset() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command("webhooks_axum", folder.path(), &[]);
    let output = command.env("INTERCOM_CLIENT_SECRET", "").output().unwrap();
    assert_eq!(stderr(&output), "error: INTERCOM_CLIENT_SECRET is not set\n");
}

/// A repository with only the `.gitignore` of this one, so that the checkout and the user's settings do not matter.
#[test]
fn git_ignores_files_that_examples_write_by_default() {
    let repository = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "core.excludesFile="]).args(arguments);
        git.current_dir(repository.path())
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE");
        git.output().unwrap()
    };
    std::fs::write(repository.path().join(".gitignore"), include_str!("../../.gitignore")).unwrap();
    let init = git(&["init", "--quiet", "--template="]);
    assert!(init.status.success(), "{init:?}");
    // Status 0 of `check-ignore` means ignored, 1 means not ignored.
    for file in [
        "contacts.jsonl",
        "contacts.jsonl.progress",
        "contacts.jsonl.progress.new",
        "events.failed.jsonl",
        "events.failed.jsonl.part",
        "exports/receipt_20260413.csv",
        "intercom.db",
        "intercom.db-wal",
        "live.db",
        "live.db-shm",
        "target/debug/quickstart",
    ] {
        let output = git(&["check-ignore", "--quiet", file]);
        assert_eq!(output.status.code(), Some(0), "{file}: {output:?}");
    }
    for file in ["examples/quickstart.rs", "src/exports/mod.rs", "tests/contacts.jsonl"] {
        let output = git(&["check-ignore", "--quiet", file]);
        assert_eq!(output.status.code(), Some(1), "{file}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_events_are_sent_by_the_next_run() {
    let intercom = server().await;
    let folder = tempfile::tempdir().unwrap();
    let event =
        |number: u32| json!({"event_name": "ordered", "created_at": 1_730_419_200, "user_id": number.to_string()});
    let lines: Vec<String> = (0..20).map(|number| event(number).to_string()).collect();
    std::fs::write(folder.path().join("orders.jsonl"), lines.join("\n")).unwrap();
    intercom.on("create_data_event").respond_with(|request| {
        let rejected = ["3", "7"].contains(&request.json()["user_id"].as_str()?);
        rejected.then(|| MockResponse::error(422, "parameter_invalid", "no such contact"))
    });
    let output = run_with(&intercom, "push_events", folder.path(), &["orders.jsonl"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).starts_with("18 events sent, 2 failed\n"), "{output:?}");
    let text = stderr(&output);
    for reason in [
        "event 4: create_data_event: 422",
        "event 8: ",
        "push_events orders.failed.jsonl",
    ] {
        assert!(text.contains(reason), "{text}");
    }
    let failed = std::fs::read_to_string(folder.path().join("orders.failed.jsonl")).unwrap();
    assert_eq!(failed, format!("{}\n{}\n", event(3), event(7)));

    intercom.on("create_data_event").reset();
    let output = run_with(&intercom, "push_events", folder.path(), &["orders.failed.jsonl"]).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(names(folder.path()), ["orders.jsonl"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_api_are_printed() {
    let intercom = server().await;
    let folder = tempfile::tempdir().unwrap();
    for operation in ["create_data_export", "get_data_export"] {
        let error = MockResponse::error(403, "api_plan_restricted", "not in this plan");
        intercom.on(operation).respond(error);
    }
    for (name, arguments) in [
        ("export_messages", &[][..]),
        ("export_messages", &["job-9"]),
        ("opened_receipts", &[]),
        ("opened_receipts", &["files", "job-9"]),
    ] {
        let output = run_with(&intercom, name, folder.path(), arguments).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            stderr(&output).contains("403 api_plan_restricted: not in this plan"),
            "{output:?}"
        );
    }
    assert!(names(folder.path()).is_empty());
}
