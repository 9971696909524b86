//! The sync against a mock Intercom: the contents of the database, and the requests.

use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use rusqlite::Connection;
use serde_json::{Value, json};
use sync_to_sqlite::{open, sync};

fn id(number: u32) -> String {
    format!("{number:024x}")
}

/// A workspace with twenty contacts and companies, seven conversations with one part each, and two
/// tickets.
async fn start() -> (MockIntercom, Client, Connection) {
    let intercom = MockIntercom::new();
    let contact = |number: u32| {
        let companies = json!({"type": "list", "data": [{"type": "company", "id": id(0)}]});
        json!({"type": "contact", "id": id(number), "updated_at": 1_700_000_000, "companies": companies,
            "custom_attributes": {"plan": if number >= 10 { "scale" } else { "trial" }, "seats": number}})
    };
    intercom.seed("list_contacts", (0..20).map(contact));
    let company = |number: u32| json!({"type": "company", "id": id(number), "updated_at": 1_700_000_000});
    intercom.seed("scroll_over_all_companies", (0..20).map(company));
    let conversation = |number: u32| {
        let part = json!({"type": "conversation_part", "id": format!("part-{number}"), "part_type": "comment"});
        json!({"type": "conversation", "id": number.to_string(), "updated_at": 1_700_000_000,
            "conversation_parts": {"type": "conversation_part.list", "conversation_parts": [part], "total_count": 1}})
    };
    intercom.seed("list_conversations", (0..7).map(conversation));
    // The description does not contain the search of tickets.
    intercom.on_any().respond_with(|request| {
        let tickets = json!([{"id": "1", "updated_at": 1_700_000_000}, {"id": "2", "updated_at": 1_700_000_000}]);
        (request.path == "/tickets/search")
            .then(|| MockResponse::json(json!({"tickets": tickets, "pages": {"next": null}})))
    });
    let client = intercom.client();
    // One contact has more companies than it contains.
    for number in 1..12 {
        let attach = client.attach_contact_to_company().id(id(3));
        attach.body_map(|b| b.id(id(number))).await.unwrap();
    }
    intercom.clear_received();
    (intercom, client, open(":memory:").unwrap())
}

fn value<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> T {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn counts(db: &Connection) -> Vec<i64> {
    let tables = [
        "contacts",
        "companies",
        "conversations",
        "conversation_parts",
        "tickets",
    ];
    tables
        .iter()
        .map(|table| value(db, &format!("SELECT count(*) FROM {table}")))
        .collect()
}

#[tokio::test]
async fn the_second_run_copies_what_changed() {
    let (intercom, client, db) = start().await;
    sync(&client, &db).await.unwrap();
    assert_eq!(counts(&db), [20, 20, 7, 7, 2]);
    let plan = "SELECT count(*) FROM contacts WHERE json ->> '$.custom_attributes.plan' = 'scale'";
    assert_eq!(value::<i64>(&db, plan), 10);
    let seats = "SELECT sum(value) FROM custom_attributes WHERE of = 'contacts' AND name = 'seats'";
    assert_eq!(value::<i64>(&db, seats), (0..20).sum::<i64>());
    // More than a contact contains.
    let companies = |number| {
        format!(
            "SELECT count(*) FROM contact_companies WHERE contact_id = '{}'",
            id(number)
        )
    };
    assert_eq!(
        (value::<i64>(&db, &companies(3)), value::<i64>(&db, &companies(4))),
        (12, 1)
    );
    // The complete record.
    let json: String = value(&db, &format!("SELECT json FROM contacts WHERE id = '{}'", id(5)));
    let shown = client.show_contact().id(id(5)).send().await.unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap(),
        serde_json::to_value(&*shown).unwrap()
    );

    let change = client
        .update_contact()
        .id(id(7))
        .body_map(|b| b.custom_attributes([("plan", json!("scale"))]));
    change.send().await.unwrap();
    client
        .update_conversation()
        .id("3")
        .body_map(|b| b.read(true))
        .send()
        .await
        .unwrap();
    intercom.clear_received();
    sync(&client, &db).await.unwrap();
    assert_eq!(counts(&db), [20, 20, 7, 7, 2]);
    assert_eq!(value::<i64>(&db, plan), 11);
    assert_eq!(
        value::<i64>(&db, "SELECT json ->> '$.read' FROM conversations WHERE id = '3'"),
        1
    );
    // Unchanged records are not requested.
    assert!(intercom.calls("list_contacts").is_empty() && intercom.calls("list_conversations").is_empty());
    let retrieved = intercom.calls("retrieve_conversation");
    assert_eq!(
        retrieved.iter().map(|request| request.line()).collect::<Vec<_>>(),
        ["GET /conversations/3"]
    );
}

#[tokio::test]
async fn a_run_resumes_after_an_interruption() {
    let (intercom, client, db) = start().await;
    let many = |number: u32| json!({"type": "conversation", "id": number.to_string(), "updated_at": 1_700_000_000});
    intercom.seed("list_conversations", (0..400).map(many));
    intercom.on("retrieve_conversation").respond_with(|request| {
        request
            .path
            .ends_with("/320")
            .then(|| MockResponse::error(403, "forbidden", "not now"))
    });
    let error = sync(&client, &db).await.unwrap_err();
    assert!(error.to_string().starts_with("retrieve_conversation: 403"), "{error}");
    assert_eq!(counts(&db), [20, 20, 320, 0, 0]);

    intercom.on("retrieve_conversation").reset();
    intercom.clear_received();
    sync(&client, &db).await.unwrap();
    assert_eq!(counts(&db)[2], 400);
    // From the third page, and without contacts.
    assert_eq!(
        (
            intercom.calls("list_conversations").len(),
            intercom.calls("retrieve_conversation").len()
        ),
        (1, 100)
    );
    assert!(intercom.calls("list_contacts").is_empty());
}

/// Each run retries a conversation that always fails, and continues with the others.
#[tokio::test]
async fn a_conversation_that_always_fails_does_not_stop_the_sync() {
    let (intercom, client, db) = start().await;
    let fails = |request: &ReceivedRequest| {
        let failed = request.path.ends_with("/3");
        failed.then(|| MockResponse::error(422, "unprocessable", "never"))
    };
    intercom.on("retrieve_conversation").respond_with(fails);
    for _ in 0..2 {
        sync(&client, &db).await.unwrap();
        assert_eq!(counts(&db), [20, 20, 6, 6, 2]);
        let failed: String = value(&db, "SELECT group_concat(id) FROM failed_conversations");
        assert_eq!(failed, "3");
    }
    let change = client.update_conversation().id("5").body_map(|b| b.read(true));
    change.send().await.unwrap();
    sync(&client, &db).await.unwrap();
    let read = "SELECT json ->> '$.read' FROM conversations WHERE id = '5'";
    assert_eq!(value::<i64>(&db, read), 1);

    intercom.on("retrieve_conversation").reset();
    intercom.clear_received();
    sync(&client, &db).await.unwrap();
    assert_eq!(counts(&db)[2], 7);
    assert_eq!(value::<i64>(&db, "SELECT count(*) FROM failed_conversations"), 0);
}

/// The search of tickets may compare entire days.
#[tokio::test]
async fn tickets_are_searched_with_a_margin() {
    let (intercom, client, db) = start().await;
    for _ in 0..2 {
        sync(&client, &db).await.unwrap();
    }
    let watermark: i64 = value(&db, "SELECT watermark FROM progress WHERE name = 'tickets'");
    let searches = intercom
        .received()
        .into_iter()
        .filter(|request| request.path == "/tickets/search");
    let values: Vec<_> = searches
        .map(|request| request.json()["query"]["value"].as_i64().unwrap())
        .collect();
    assert_eq!(values[0], 0);
    assert!(values[1] > 0 && values[1] <= watermark - 2 * 86_400 + 60, "{values:?}");
}

#[tokio::test]
async fn a_database_contains_one_workspace() {
    let (intercom, client, db) = start().await;
    sync(&client, &db).await.unwrap();
    let elsewhere = json!({"type": "admin", "id": "1", "app": {"type": "app", "id_code": "elsewhere"}});
    intercom.on("identify_admin").respond(MockResponse::json(elsewhere));
    intercom.clear_received();
    let error = sync(&client, &db).await.unwrap_err();
    assert!(error.to_string().contains("another workspace"), "{error}");
    assert_eq!(intercom.received().len(), 1, "no other request is sent");
    intercom.on("identify_admin").reset();
    sync(&client, &db).await.unwrap();
}

#[tokio::test]
async fn a_workspace_without_tickets_is_copied() {
    let (intercom, client, db) = start().await;
    intercom.on_any().reset();
    sync(&client, &db).await.unwrap();
    assert_eq!(counts(&db), [20, 20, 7, 7, 0]);
}
