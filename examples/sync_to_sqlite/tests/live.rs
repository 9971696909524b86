//! The endpoint and the walk together, killed and started again: no record is lost, none is there twice.

use std::time::Duration;

use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse};
use intercom_client::webhooks::Receiver;
use rusqlite::Connection;
use serde_json::{Value, json};
use sync_to_sqlite::live::keep;
use sync_to_sqlite::open;
use tokio::net::TcpListener;

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";
/// Longer than any test: there is one walk, at the start.
const PAUSE: Duration = Duration::from_secs(3600);

fn contact_id(number: u32) -> String {
    format!("66b41de1409ad1c5e8{number:06x}")
}

async fn workspace() -> MockIntercom {
    let intercom = MockIntercom::new();
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

/// The program until `script` is done, which gets the endpoint's URL; then it is killed where it is.
async fn run(client: &Client, path: &str, script: impl AsyncFnOnce(String)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let receiver = Receiver::new(SECRET).unwrap();
    tokio::select! {
        ended = keep(listener, receiver, client, path, PAUSE) => panic!("{ended:?}"),
        () = script(url) => {}
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

/// Waits until a query gives this number.
async fn until(db: &Connection, sql: &str, number: i64) {
    let reached = async {
        while value::<i64>(db, sql) != number {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), reached).await;
    waited.unwrap_or_else(|_| panic!("{sql} is {}, not {number}", value::<i64>(db, sql)));
}

/// The lists that were walked to the end; the mock has no search of tickets.
const WALKED: &str = "SELECT count(*) FROM progress WHERE whole";
const LEFT: &str = "SELECT count(*) FROM notifications WHERE json IS NOT NULL";

/// The ids in a table, as they stand there.
fn ids(db: &Connection, table: &str) -> Vec<String> {
    let mut query = db.prepare(&format!("SELECT id FROM {table} ORDER BY id")).unwrap();
    let ids = query.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

async fn rename(client: &Client, number: u32, name: &str) {
    let update = client.update_contact().id(contact_id(number));
    update.body_map(|body| body.name(name)).send().await.unwrap();
}

fn name(db: &Connection, number: u32) -> Option<String> {
    let sql = format!(
        "SELECT json ->> '$.name' FROM contacts WHERE id = '{}'",
        contact_id(number)
    );
    value(db, &sql)
}

#[tokio::test]
async fn killed_and_started_again_it_has_every_record_once() {
    let intercom = workspace().await;
    let client = intercom.client();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intercom.db").display().to_string();
    let db = open(&path).unwrap();

    run(&client, &path, async |url| {
        until(&db, WALKED, 3).await;
        // A notification that is sent twice, of an item that wraps the contact and has little of it.
        rename(&client, 3, "Ada").await;
        intercom.clear_received();
        let item = json!({"type": "contact_unsubscribe", "contact": {"type": "contact", "id": contact_id(3)}});
        for _ in 0..2 {
            assert_eq!(notify(&url, "notif_1", "contact.unsubscribed", item.clone()).await, 200);
        }
        let stub = json!({"type": "conversation", "conversation_id": "4"});
        assert_eq!(notify(&url, "notif_2", "conversation.deleted", stub).await, 200);
        until(&db, LEFT, 0).await;
        assert_eq!(
            intercom.calls("show_contact").len(),
            1,
            "the second one is the first one"
        );
        assert_eq!(name(&db, 3).as_deref(), Some("Ada"));
        assert_eq!(ids(&db, "conversations"), ["0", "1", "2", "3"]);

        // Killed between the response and the work.
        let late = MockResponse::json(json!({"type": "conversation", "id": "2"})).delay(PAUSE);
        intercom.on("retrieve_conversation").respond(late);
        let item = json!({"type": "conversation", "id": "2"});
        assert_eq!(notify(&url, "notif_3", "conversation.user.replied", item).await, 200);
        assert_eq!(value::<i64>(&db, LEFT), 1);
    })
    .await;

    // Meanwhile nobody is there to be notified.
    intercom.on("retrieve_conversation").reset();
    rename(&client, 6, "Grace").await;
    let update = client.update_conversation().id("2").body_map(|body| body.read(true));
    update.send().await.unwrap();
    let created = client
        .create_contact()
        .body(json!({"role": "user", "external_id": "usr-9"}));
    let created = created.send().await.unwrap().id.clone().unwrap();

    run(&client, &path, async |url| {
        until(&db, LEFT, 0).await;
        assert_eq!(
            value::<i64>(&db, "SELECT json ->> '$.read' FROM conversations WHERE id = '2'"),
            1
        );
        assert_eq!(name(&db, 6).as_deref(), Some("Grace"), "the walk found it");
        let mut all: Vec<String> = (0..8).map(contact_id).chain([created.clone()]).collect();
        all.sort();
        assert_eq!(ids(&db, "contacts"), all);
        assert_eq!(ids(&db, "conversations"), ["0", "1", "2", "3"]);
        assert_eq!(ids(&db, "companies"), ["c0"]);

        // What was done before the restart is known when it is sent again.
        intercom.clear_received();
        let item = json!({"type": "contact", "id": contact_id(3)});
        assert_eq!(notify(&url, "notif_1", "contact.user.updated", item).await, 200);
        let gone = json!({"type": "contact", "id": created, "deleted": true});
        assert_eq!(notify(&url, "notif_4", "contact.deleted", gone).await, 200);
        until(&db, LEFT, 0).await;
        assert_eq!(ids(&db, "contacts").len(), 8);
        assert!(intercom.calls("show_contact").is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_outage_keeps_what_is_stored_for_later() {
    let intercom = workspace().await;
    let client = intercom
        .client_builder()
        .retry(intercom_client::RetryPolicy::none())
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intercom.db").display().to_string();
    let db = open(&path).unwrap();
    run(&client, &path, async |url| {
        until(&db, WALKED, 3).await;
        let contact = |number: u32| json!({"type": "contact", "id": contact_id(number)});
        intercom
            .on("show_contact")
            .respond(MockResponse::error(503, "service_unavailable", "later"));
        rename(&client, 1, "Ada").await;
        assert_eq!(notify(&url, "notif_1", "contact.user.updated", contact(1)).await, 200);
        while intercom.calls("show_contact").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(value::<i64>(&db, LEFT), 1);
        // The next notification finds both to be done. One that the server refuses for good is passed over.
        intercom.on("show_contact").respond_with(|request| {
            let refused = request.path.ends_with(&contact_id(2));
            refused.then(|| MockResponse::error(403, "forbidden", "not this one"))
        });
        assert_eq!(notify(&url, "notif_2", "contact.user.updated", contact(2)).await, 200);
        until(&db, LEFT, 0).await;
        assert_eq!(name(&db, 1).as_deref(), Some("Ada"));
    })
    .await;
    // A signature that is wrong stores nothing.
    assert_eq!(value::<i64>(&db, "SELECT count(*) FROM notifications"), 2);
}
