//! The file of the example is complete after any number of runs, whatever stopped them.

#[path = "../examples/sync_contacts.rs"]
#[allow(dead_code)]
mod sync_contacts;

use std::fs;

use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::{Client, RetryPolicy};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The number of contacts: three pages.
const CONTACTS: usize = 400;

fn contact(number: usize) -> Value {
    json!({"type": "contact", "id": number.to_string()})
}

/// A mock Intercom, its client, and a folder for the file and its state.
struct Setup {
    intercom: MockIntercom,
    client: Client,
    folder: TempDir,
}

impl Setup {
    async fn new() -> Self {
        let intercom = MockIntercom::new();
        intercom.seed("list_contacts", (0..CONTACTS).map(contact));
        let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            intercom,
            client,
            folder,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs the example, and returns its error.
    async fn run(&self) -> Option<String> {
        let run = sync_contacts::sync(&self.client, &self.path("contacts")).await;
        run.err().map(|error| error.to_string())
    }

    /// Returns the numbers of the contacts in the file.
    fn written(&self) -> Vec<usize> {
        let text = fs::read_to_string(self.path("contacts")).unwrap();
        let ids = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone());
        ids.map(|id| id.as_str().unwrap().parse().unwrap()).collect()
    }

    /// Lets the first page fail.
    fn fail_first(&self) {
        let forbidden = MockResponse::error(403, "forbidden", "not now");
        self.intercom.on("list_contacts").respond(forbidden);
    }

    /// Lets a page after the first fail, counted from 0.
    fn fail(&self, page: usize) {
        self.intercom.on("list_contacts").respond_with(move |request| {
            let asked = request.query("starting_after").unwrap_or_default();
            let page = format!("Wz+{}/+A==", 150 * page);
            (asked == page).then(|| MockResponse::error(403, "forbidden", "not now"))
        });
    }
}

#[tokio::test]
async fn run_resumes_where_the_last_one_stopped() {
    for page in [1, 2] {
        let setup = Setup::new().await;
        setup.fail(page);
        assert!(setup.run().await.unwrap().contains("not now"));
        assert_eq!(setup.written(), (0..150 * page).collect::<Vec<_>>());
        // As if the process was killed while it wrote the next page.
        let mut half = fs::read(setup.path("contacts")).unwrap();
        half.extend_from_slice(b"{\"id\":\"150\"}\n{\"id");
        fs::write(setup.path("contacts"), half).unwrap();
        setup.intercom.on("list_contacts").reset();
        assert_eq!(setup.run().await, None);
        assert_eq!(setup.written(), (0..CONTACTS).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn complete_file_is_not_read_again() {
    let setup = Setup::new().await;
    assert_eq!(setup.run().await, None);
    setup.intercom.clear_received();
    assert_eq!(setup.run().await, None);
    assert_eq!(setup.written(), (0..CONTACTS).collect::<Vec<_>>());
    assert!(setup.intercom.calls("list_contacts").is_empty());
}

#[tokio::test]
async fn unfit_state_is_reported_and_overwrites_nothing() {
    let setup = Setup::new().await;
    setup.fail(1);
    setup.run().await.unwrap();
    let state = fs::read_to_string(setup.path("contacts.progress")).unwrap();
    let elsewhere = state.replace("\"workspace\":", "\"workspace\":\"elsewhere\",\"was\":");
    let longer = state.replace("\"bytes\":", "\"bytes\":9");
    for (state, reason) in [
        ("", "damaged"),
        (&state[..20], "damaged"),
        ("null", "damaged"),
        (&elsewhere, "another workspace"),
        (&longer, "shorter"),
    ] {
        fs::write(setup.path("contacts.progress"), state).unwrap();
        let error = setup.run().await.unwrap();
        assert!(error.contains(reason) && error.contains("to start again"), "{error}");
        assert_eq!(setup.written(), (0..150).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn foreign_file_is_reported_and_not_overwritten() {
    let setup = Setup::new().await;
    fs::write(setup.path("contacts"), "somebody's own").unwrap();
    let error = setup.run().await.unwrap();
    assert!(error.contains("without") && error.contains("to start again"), "{error}");
    assert_eq!(fs::read_to_string(setup.path("contacts")).unwrap(), "somebody's own");
    // As if a run was killed within the first page.
    fs::remove_file(setup.path("contacts")).unwrap();
    setup.fail_first();
    assert!(setup.run().await.unwrap().contains("not now"));
    fs::write(setup.path("contacts"), "{\"id\":\"0\"}\n{").unwrap();
    setup.intercom.on("list_contacts").reset();
    assert_eq!(setup.run().await, None);
    assert_eq!(setup.written(), (0..CONTACTS).collect::<Vec<_>>());
}

#[tokio::test]
async fn page_without_a_cursor_is_not_the_last() {
    let setup = Setup::new().await;
    let contacts: Vec<_> = (150..300).map(contact).collect();
    let page = json!({"type": "list", "data": contacts, "pages": {"type": "pages", "next": {"page": 3}}});
    setup.intercom.on("list_contacts").respond_with(move |request| {
        let second = request.query("starting_after").is_some();
        second.then(|| MockResponse::json(page.clone()).unchecked())
    });
    assert!(setup.run().await.unwrap().contains("no cursor"));
    setup.intercom.on("list_contacts").reset();
    assert_eq!(setup.run().await, None);
    assert_eq!(setup.written(), (0..CONTACTS).collect::<Vec<_>>());
}

#[test]
fn command_line_rejects_unknown_arguments() {
    let parse = |arguments: &[&str]| {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        sync_contacts::tool::parse(arguments.collect(), 1)
    };
    assert_eq!(parse(&[]), Ok(Some(vec![])));
    assert_eq!(parse(&["file"]), Ok(Some(vec!["file".to_owned()])));
    assert_eq!(parse(&["--help"]), Ok(None));
    assert_eq!(parse(&["-x"]), Err("unexpected argument `-x`".to_owned()));
    assert_eq!(parse(&["file", "more"]), Err("unexpected argument `more`".to_owned()));
}
