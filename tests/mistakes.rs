//! Checks that the compiler's messages about likely mistakes lead to the fix.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

const PRELUDE: &str = "#![allow(unused_imports, unused_variables)]
    use intercom_client::search::field;
    use intercom_client::{Client, Error, Timestamp, types::*};\n";

/// The library as cargo built it for these tests.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tests = std::env::current_exe().unwrap();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args([
            "test",
            "--no-run",
            "--locked",
            "--message-format",
            "json",
            "--test",
            "mistakes",
        ])
        .current_dir(repository)
        .env("CARGO_TARGET_DIR", tests.ancestors().nth(3).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let mut messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let manifest = repository.join("Cargo.toml").display().to_string();
    let library = messages
        .find(|message| message["manifest_path"] == manifest && message["target"]["kind"][0] == "lib")
        .expect("cargo reports the library");
    let mut files = library["filenames"].as_array().unwrap().iter();
    let file = files.find_map(|file| file.as_str().filter(|file| file.ends_with(".rlib")));
    file.unwrap().into()
});

/// Compiles a program and returns the messages of the compiler.
fn messages_for(program: &str) -> String {
    let out = tempfile::tempdir().unwrap();
    let mut compiler = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .arg("--out-dir")
        .arg(out.path())
        .arg("-L")
        .arg(format!("dependency={}", LIBRARY.parent().unwrap().display()))
        .arg("--extern")
        .arg(format!("intercom_client={}", LIBRARY.display()))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = compiler.stdin.take().unwrap();
    input.write_all(format!("{PRELUDE}{program}").as_bytes()).unwrap();
    drop(input);
    let output = compiler.wait_with_output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// Asserts that the messages about the body of a function contain each of these texts.
#[track_caller]
fn assert_messages(body: &str, expected: &[&str]) {
    let messages = messages_for(&format!(
        "pub async fn f(client: Client) -> Result<(), Error> {{ {body}; Ok(()) }}"
    ));
    for text in expected {
        assert!(
            messages.contains(text),
            "{text:?} is missing in the messages:\n{messages}"
        );
    }
}

#[test]
fn a_program_without_mistakes_compiles_without_messages() {
    let program = "pub async fn f(client: Client) -> Result<(), Error> {
        let created = client.create_contact().body_map(|b| b.email(\"ada@example.com\")).await?;
        client.search_contacts().query(field(\"created_at\").gt(created.created_at)).await?;
        Ok(())
    }";
    assert_eq!(messages_for(program), "");
}

#[test]
fn unsent_calls_are_reported() {
    assert_messages(
        "client.delete_tag().id(1)",
        &["unused `DeleteTag` that must be used", "nothing is sent before"],
    );
    assert_messages(
        "client.delete_tag().id(1).send()",
        &["futures do nothing unless you `.await`"],
    );
}

#[test]
fn unused_requests_are_reported() {
    assert_messages(
        "CreateContactRequest::with_role(\"lead\").name(\"Ada\")",
        &[
            "unused `CreateContactRequestBuilder` that must be used",
            "a builder does nothing until it is passed to the `body` of a call",
        ],
    );
}

#[test]
fn missing_awaits_are_reported() {
    assert_messages(
        "let contact = client.show_contact().id(1).send(); println!(\"{:?}\", contact.id)",
        &["no field `id` on type `impl Future<Output = Result<Response<Contact>, Error>>`"],
    );
}

#[test]
fn missing_stream_traits_are_named() {
    assert_messages(
        "let mut contacts = client.list_contacts().stream(); contacts.try_next().await?",
        &["`TryStreamExt` which provides `try_next` is implemented but not in scope"],
    );
}

#[test]
fn bodies_of_other_types_are_explained() {
    assert_messages(
        "client.create_contact().body(UpdateContactRequest::builder()).await?",
        &[
            "`UpdateContactRequestBuilder` does not convert to a value of type `CreateContactRequest`",
            "pass a request body as the request type, its builder, one of its constructors or a `serde_json::Value`",
        ],
    );
    assert_messages(
        "struct Own; client.create_contact().body(Own).await?",
        &["convert your own struct with `serde_json::to_value`"],
    );
    for text in [
        "client.create_contact().body(\"email=a\")",
        "client.search_contacts().query(\"role = user\")",
    ] {
        assert_messages(
            &format!("{text}.await?"),
            &["`&str` does not convert to a value of type"],
        );
    }
}

#[test]
fn builders_returned_as_requests_are_explained() {
    assert_messages(
        "fn ada() -> CreateContactRequest { CreateContactRequest::with_email(\"ada@example.com\") }",
        &["expected `CreateContactRequest`, found `CreateContactRequestBuilder`"],
    );
}

#[test]
fn times_without_a_time_zone_are_explained() {
    let naive = "let at = Timestamp::from(0).to_datetime().unwrap().naive_utc();";
    let search = "client.search_contacts().query(field(\"created_at\").gt(at)).await?";
    assert_messages(
        &format!("{naive} {search}"),
        &[
            "a field cannot be compared with `",
            "NaiveDateTime`",
            "for example by `.and_utc()`",
        ],
    );
    let update = "client.update_contact().id(1).body_map(|b| b.signed_up_at(at)).await?";
    assert_messages(
        &format!("{naive} {update}"),
        &[
            "NaiveDateTime` does not convert to a value of type",
            "for example with `.and_utc()`",
        ],
    );
}

#[test]
fn fractions_in_searches_are_explained() {
    assert_messages(
        "client.search_contacts().query(field(\"custom_attributes.score\").eq(1.5)).await?",
        &[
            "a field cannot be compared with `{float}`",
            "can be given as a `serde_json::Value`",
        ],
    );
}
