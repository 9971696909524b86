//! The most likely mistakes: what the compiler says leads to the fix.
//!
//! Each program is given to the compiler as it is, with the library that these tests are linked with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::SystemTime;

const BEGIN: &str = "#![allow(unused_imports, unused_variables)]
    use intercom_client::search::field;
    use intercom_client::{Client, Error, Timestamp, types::*};\n";

/// What the compiler says of a program; `None` when it has nothing to say.
fn compile(library: &Path, program: &str) -> Option<String> {
    let folder = library.parent().unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut compiler = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .arg("--out-dir")
        .arg(out.path())
        .arg("-L")
        .arg(format!("dependency={}", folder.display()))
        .arg("--extern")
        .arg(format!("intercom_client={}", library.display()))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = compiler.stdin.take().unwrap();
    input.write_all(format!("{BEGIN}{program}").as_bytes()).unwrap();
    drop(input);
    let output = compiler.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (!said.is_empty()).then_some(said)
}

/// The library, built last, that a program without mistakes compiles with: others can be left over in the folder.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let tests = std::env::current_exe().unwrap();
    let files = std::fs::read_dir(tests.parent().unwrap()).unwrap();
    let libraries = files.map(|file| file.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libintercom_client-") && name.ends_with(".rlib")
    });
    let built = |path: &PathBuf| {
        path.metadata()
            .and_then(|file| file.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut libraries: Vec<PathBuf> = libraries.collect();
    libraries.sort_by_key(built);
    let whole = "pub async fn f(client: Client) -> Result<(), Error> {
        let created = client.create_contact().body_map(|b| b.email(\"ada@example.com\")).await?;
        client.search_contacts().query(field(\"created_at\").gt(created.created_at)).await?;
        Ok(())
    }";
    let fits = |library: &PathBuf| compile(library, whole).is_none();
    libraries.into_iter().rev().find(fits).expect("the library is built")
});

/// Asserts that the compiler says each of these about the body of a function.
#[track_caller]
fn says(body: &str, hints: &[&str]) {
    let program = format!("pub async fn f(client: Client) -> Result<(), Error> {{ {body}; Ok(()) }}");
    let said = compile(&LIBRARY, &program).expect("it is a mistake");
    for hint in hints {
        assert!(said.contains(hint), "{hint:?} is not said:\n{said}");
    }
}

#[test]
fn a_call_that_is_not_sent() {
    says(
        "client.delete_tag().id(1)",
        &["unused `DeleteTag` that must be used", "nothing is sent before"],
    );
    says(
        "client.delete_tag().id(1).send()",
        &["futures do nothing unless you `.await`"],
    );
}

#[test]
fn a_request_that_is_not_given_to_a_call() {
    says(
        "CreateContactRequest::with_role(\"lead\").name(\"Ada\")",
        &[
            "unused `CreateContactRequestBuilder` that must be used",
            "given to the `body` of a call",
        ],
    );
}

#[test]
fn an_answer_that_is_not_awaited() {
    says(
        "let contact = client.show_contact().id(1).send(); println!(\"{:?}\", contact.id)",
        &["no field `id` on type `impl Future<Output = Result<Response<Contact>, Error>>`"],
    );
}

#[test]
fn a_stream_without_its_trait() {
    says(
        "let mut contacts = client.list_contacts().stream(); contacts.try_next().await?",
        &["`TryStreamExt` which provides `try_next` is implemented but not in scope"],
    );
}

#[test]
fn a_body_of_another_type() {
    says(
        "client.create_contact().body(UpdateContactRequest::builder()).await?",
        &[
            "`UpdateContactRequestBuilder` does not convert to a value of type `CreateContactRequest`",
            "pass a request body as the request type, its builder, one of its constructors or a `serde_json::Value`",
        ],
    );
    says(
        "struct Own; client.create_contact().body(Own).await?",
        &["convert your own struct with `serde_json::to_value`"],
    );
    for text in [
        "client.create_contact().body(\"email=a\")",
        "client.search_contacts().query(\"role = user\")",
    ] {
        says(
            &format!("{text}.await?"),
            &["`&str` does not convert to a value of type"],
        );
    }
}

#[test]
fn a_builder_where_the_request_is_returned() {
    says(
        "fn ada() -> CreateContactRequest { CreateContactRequest::with_email(\"ada@example.com\") }",
        &["expected `CreateContactRequest`, found `CreateContactRequestBuilder`"],
    );
}

#[test]
fn a_moment_without_a_time_zone() {
    let naive = "let at = Timestamp::from(0).to_datetime().unwrap().naive_utc();";
    let search = "client.search_contacts().query(field(\"created_at\").gt(at)).await?";
    says(
        &format!("{naive} {search}"),
        &[
            "a field cannot be compared with `",
            "NaiveDateTime`",
            "as by `.and_utc()`",
        ],
    );
    let update = "client.update_contact().id(1).body_map(|b| b.signed_up_at(at)).await?";
    says(
        &format!("{naive} {update}"),
        &["NaiveDateTime` cannot be given", "as by `.and_utc()`"],
    );
}

#[test]
fn a_fraction_in_a_search() {
    says(
        "client.search_contacts().query(field(\"custom_attributes.score\").eq(1.5)).await?",
        &[
            "a field cannot be compared with `{float}`",
            "can be given as a `serde_json::Value`",
        ],
    );
}
