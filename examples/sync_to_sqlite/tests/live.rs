//! The live program: notifications and walks together, killed and restarted without a lost or
//! duplicate record.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse, MockServer};
use intercom_client::webhooks::Receiver;
use rusqlite::Connection;
use serde_json::{Value, json};
use sync_to_sqlite::live;
use tokio::net::TcpListener;

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";
const TOKEN: &str = "a-token";
/// Longer than any test, so that there is one walk at the start.
const HOUR: Duration = Duration::from_secs(3600);

fn contact_id(number: u32) -> String {
    format!("66b41de1409ad1c5e8{number:06x}")
}

async fn workspace() -> MockServer {
    let intercom = MockIntercom::builder().token(TOKEN).serve().await;
    let contact = |number: u32| json!({"type": "contact", "id": contact_id(number), "updated_at": 1_700_000_000});
    intercom.seed("list_contacts", (0..8).map(contact));
    intercom.seed(
        "scroll_over_all_companies",
        [json!({"type": "company", "id": "c0", "updated_at": 1_700_000_000})],
    );
    let conversation =
        |number: u32| json!({"type": "conversation", "id": number.to_string(), "updated_at": 1_700_000_000});
    intercom.seed("list_conversations", (0..5).map(conversation));
    intercom
}

/// The program in another process, which is killed on drop.
struct Program {
    process: Child,
    url: String,
}

impl Program {
    fn start(intercom: &MockServer, path: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_live"))
            .args([path, "127.0.0.1:0"])
            .env("INTERCOM_CLIENT_SECRET", SECRET)
            .env("INTERCOM_ACCESS_TOKEN", TOKEN)
            .env("INTERCOM_BASE_URL", intercom.url())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, url }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn notify(url: &str, id: &str, topic: &str, item: Value) -> u16 {
    let body = json!({"type": "notification_event", "id": id, "topic": topic, "data": {"item": item}}).to_string();
    let signature = Receiver::new(SECRET).unwrap().sign(body.as_bytes());
    let http = intercom_client::reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(url).header("x-hub-signature", signature).body(body);
    request.send().await.unwrap().status().as_u16()
}

fn value<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> T {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Waits until a query returns this number.
async fn until(db: &Connection, sql: &str, number: i64) {
    let reached = async {
        while value::<i64>(db, sql) != number {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), reached).await;
    waited.unwrap_or_else(|_| panic!("{sql}: expected {number}, found {}", value::<i64>(db, sql)));
}

/// The number of lists that were walked to the end.
const WALKED: &str = "SELECT count(*) FROM watermarks";
const QUEUED: &str = "SELECT count(*) FROM queue WHERE error IS NULL";

/// Returns the ids of the records of a kind, with duplicates.
fn ids(db: &Connection, kind: &str) -> Vec<String> {
    let mut query = db
        .prepare("SELECT id FROM records WHERE kind = ?1 ORDER BY id")
        .unwrap();
    let ids = query.query_map([kind], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

async fn rename(client: &Client, number: u32, name: &str) {
    let update = client.update_contact().id(contact_id(number));
    update.body_map(|body| body.name(name)).send().await.unwrap();
}

fn name(db: &Connection, number: u32) -> Option<String> {
    let sql = format!(
        "SELECT json ->> '$.name' FROM records WHERE id = '{}'",
        contact_id(number)
    );
    value(db, &sql)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_program_resumes_without_a_lost_or_duplicate_record() {
    let intercom = workspace().await;
    let client = intercom.client();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.db").display().to_string();
    let db = live::open(&path).unwrap();

    let program = Program::start(&intercom, &path);
    until(&db, WALKED, 3).await;
    until(&db, QUEUED, 0).await;
    assert_eq!(ids(&db, "contact"), (0..8).map(contact_id).collect::<Vec<_>>());
    // A notification is sent twice. Its item contains an incomplete contact.
    rename(&client, 3, "Ada").await;
    intercom.clear_received();
    let item = json!({"type": "contact_unsubscribe", "contact": {"type": "contact", "id": contact_id(3)}});
    for _ in 0..2 {
        let status = notify(&program.url, "notif_1", "contact.unsubscribed", item.clone()).await;
        assert_eq!(status, 200);
        until(&db, QUEUED, 0).await;
    }
    assert_eq!(
        intercom.calls("show_contact").len(),
        1,
        "the second delivery is ignored"
    );
    assert_eq!(name(&db, 3).as_deref(), Some("Ada"));
    // A conversation is deleted.
    intercom.on("retrieve_conversation").respond_with(|request| {
        let deleted = request.path.ends_with("/4");
        deleted.then(|| MockResponse::error(404, "not_found", "Resource Not Found"))
    });
    let stub = json!({"type": "conversation", "conversation_id": "4"});
    assert_eq!(notify(&program.url, "notif_2", "conversation.deleted", stub).await, 200);
    until(&db, QUEUED, 0).await;
    assert_eq!(ids(&db, "conversation"), ["0", "1", "2", "3"]);
    // The program is killed after the response to a notification, and before the record is
    // retrieved.
    let late = MockResponse::json(json!({"type": "conversation", "id": "2"})).delay(HOUR);
    intercom.on("retrieve_conversation").respond(late);
    let item = json!({"type": "conversation", "id": "2"});
    assert_eq!(
        notify(&program.url, "notif_3", "conversation.user.replied", item).await,
        200
    );
    assert_eq!(value::<i64>(&db, QUEUED), 1);
    drop(program);

    // Changes while the program does not run, without a notification.
    intercom.on("retrieve_conversation").reset();
    rename(&client, 6, "Grace").await;
    let update = client.update_conversation().id("2").body_map(|body| body.read(true));
    update.send().await.unwrap();
    let created = client
        .create_contact()
        .body(json!({"role": "user", "external_id": "usr-9"}));
    let created = created.send().await.unwrap().id.clone().unwrap();

    let program = Program::start(&intercom, &path);
    until(&db, QUEUED, 0).await;
    let read = "SELECT json ->> '$.read' FROM records WHERE kind = 'conversation' AND id = '2'";
    assert_eq!(value::<i64>(&db, read), 1);
    assert_eq!(name(&db, 6).as_deref(), Some("Grace"), "found by the walk");
    let mut all: Vec<String> = (0..8).map(contact_id).chain([created.clone()]).collect();
    all.sort();
    assert_eq!(ids(&db, "contact"), all);
    assert_eq!(ids(&db, "conversation"), ["0", "1", "2", "3"]);
    assert_eq!(ids(&db, "company"), ["c0"]);

    // A notification that was processed before the restart is sent again.
    intercom.clear_received();
    let item = json!({"type": "contact", "id": contact_id(3)});
    assert_eq!(notify(&program.url, "notif_1", "contact.user.updated", item).await, 200);
    assert!(intercom.calls("show_contact").is_empty());
    // A contact is deleted.
    client.delete_contact().id(&created).send().await.unwrap();
    let stub = json!({"type": "contact", "id": created, "deleted": true});
    assert_eq!(notify(&program.url, "notif_4", "contact.deleted", stub).await, 200);
    until(&db, QUEUED, 0).await;
    assert_eq!(ids(&db, "contact").len(), 8);
}

/// Runs the program in this process until `script` ends. `script` receives the URL of the endpoint.
async fn run(client: &Client, path: &str, script: impl AsyncFnOnce(String)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let receiver = Receiver::new(SECRET).unwrap();
    tokio::select! {
        ended = live::run(listener, receiver, client, path, HOUR) => panic!("{ended:?}"),
        () = script(url) => {}
    }
}

#[tokio::test]
async fn records_that_fail_are_retried_or_skipped() {
    let intercom = workspace().await;
    let retry = intercom_client::RetryPolicy::none();
    let client = intercom.client_builder().retry(retry).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.db").display().to_string();
    let db = live::open(&path).unwrap();
    run(&client, &path, async |url| {
        until(&db, WALKED, 3).await;
        until(&db, QUEUED, 0).await;
        intercom.clear_received();
        let contact = |number: u32| json!({"type": "contact", "id": contact_id(number)});
        intercom
            .on("show_contact")
            .respond_once(MockResponse::error(503, "service_unavailable", "later"));
        rename(&client, 1, "Ada").await;
        assert_eq!(notify(&url, "notif_1", "contact.user.updated", contact(1)).await, 200);
        while intercom.calls("show_contact").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(value::<i64>(&db, QUEUED), 1);
        // The next notification retries it. A permanent error does not block other records.
        intercom.on("show_contact").respond_with(|request| {
            let rejected = request.path.ends_with(&contact_id(2));
            rejected.then(|| MockResponse::error(403, "forbidden", "not this one"))
        });
        assert_eq!(notify(&url, "notif_2", "contact.user.updated", contact(2)).await, 200);
        until(&db, QUEUED, 0).await;
        assert_eq!(name(&db, 1).as_deref(), Some("Ada"));
        let failed = "SELECT error FROM queue";
        assert!(value::<String>(&db, failed).contains("403 forbidden"));
    })
    .await;
    // The next walk retries the record that failed.
    intercom.on("show_contact").reset();
    run(&client, &path, async |_| {
        until(&db, "SELECT count(*) FROM queue", 0).await
    })
    .await;
}

/// Sends a body of `bytes` bytes, and returns the status line of the response.
fn post(address: &str, chunked: bool, bytes: usize) -> String {
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let framing = match chunked {
        true => "transfer-encoding: chunked".to_owned(),
        false => format!("content-length: {bytes}"),
    };
    write!(
        socket,
        "POST /webhooks HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{framing}\r\n\r\n"
    )
    .unwrap();
    if chunked {
        write!(socket, "{bytes:x}\r\n").unwrap();
    }
    socket.write_all(&vec![b'x'; bytes]).unwrap();
    if chunked {
        // The server may have responded already.
        let _ = socket.write_all(b"\r\n0\r\n\r\n");
    }
    let mut response = String::new();
    let _ = socket.read_to_string(&mut response);
    response.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_requests_are_rejected_and_not_stored() {
    let intercom = workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.db").display().to_string();
    let db = live::open(&path).unwrap();
    let program = Program::start(&intercom, &path);
    let address = program
        .url
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/webhooks")
        .unwrap();
    const LIMIT: usize = 4 << 20;
    for chunked in [false, true] {
        assert_eq!(post(address, chunked, LIMIT + 1), "HTTP/1.1 413 Payload Too Large");
        assert_eq!(post(address, chunked, LIMIT), "HTTP/1.1 401 Unauthorized");
    }
    let http = intercom_client::reqwest::Client::builder().no_proxy().build().unwrap();
    for (body, status) in [("{", 400), ("[]", 400)] {
        let signature = Receiver::new(SECRET).unwrap().sign(body.as_bytes());
        let request = http.post(&program.url).header("x-hub-signature", signature).body(body);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    assert_eq!(http.head(&program.url).send().await.unwrap().status().as_u16(), 200);
    assert_eq!(value::<i64>(&db, "SELECT count(*) FROM notifications"), 0);
}
