//! The README's blocks that define functions, run on the mock Intercom: those with a `main` are run by doctests.

use futures_util::TryStreamExt;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use serde_json::{Value, json};

async fn start() -> (MockIntercom, intercom_client::Client) {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    (intercom, client)
}

#[test]
fn every_block_has_a_test_here() {
    let run = [
        "after_the_call",
        "look",
        "open_tickets",
        "sync",
        "conversations",
        "import",
        "users_of_acme",
        "sync_changes",
        "november",
        "ensure",
        "logged",
        "brands",
        "attributes",
        "received",
    ];
    assert_eq!(readme_blocks::NAMES, run);
}

#[tokio::test]
async fn a_note_and_an_update() {
    readme_blocks::after_the_call!();
    let (intercom, client) = start().await;
    after_the_call(&client, Some("+15550100123")).await.unwrap();
    assert_eq!(
        intercom.calls("reply_conversation")[0].json(),
        json!({
            "message_type": "note", "type": "admin", "admin_id": 4021337, "body": "Called back, all is well.",
        })
    );
    after_the_call(&client, None).await.unwrap();
    let updates = intercom.calls("update_contact");
    assert_eq!(updates[0].line(), "PUT /contacts/66f1c2a9d04b7e8351aa0c11");
    assert_eq!(updates[0].json(), json!({"phone": "+15550100123", "owner_id": null}));
    assert_eq!(updates[1].json(), json!({"owner_id": null}));
}

#[tokio::test]
async fn a_layer_sees_each_attempt() {
    readme_blocks::logged!();
    static SEEN: std::sync::Mutex<Vec<(&str, u32)>> = std::sync::Mutex::new(Vec::new());
    let intercom = MockIntercom::new();
    let log = |attempt: &Attempt| SEEN.lock().unwrap().push((attempt.operation(), attempt.number()));
    let client = logged(intercom.client_builder(), log).build().unwrap();
    intercom
        .on("list_tags")
        .respond_once(MockResponse::error(503, "unavailable", "later"));
    client.list_tags().await.unwrap();
    assert_eq!(*SEEN.lock().unwrap(), [("list_tags", 1), ("list_tags", 2)]);
}

#[tokio::test]
async fn fields_that_the_description_lacks() {
    readme_blocks::look!();
    let (intercom, client) = start().await;
    let conversation =
        json!({"type": "conversation", "id": "7", "ai_topic": "maps", "statistics": {"count_reopens": 1.5}});
    intercom.seed_unchecked("list_conversations", [conversation]);
    look(&client).await.unwrap();
    assert_eq!(intercom.calls("list_conversations").len(), 1);
    let page = client.list_conversations().await.unwrap();
    assert_eq!(page.conversations[0].extra.get("ai_topic"), Some(json!("maps")));
    assert_eq!(
        page.mismatches()[0].to_string(),
        "conversations[0].statistics.count_reopens: expected an integer, found a fraction"
    );
}

#[tokio::test]
async fn a_path_that_the_description_lacks() {
    readme_blocks::open_tickets!();
    let (intercom, client) = start().await;
    intercom.on_any().respond_with(|request| {
        let page = match request.json()["pagination"]["starting_after"].as_str() {
            None => json!({"tickets": [{"id": "1"}], "pages": {"next": {"starting_after": "a+"}}}),
            Some("a+") => json!({"tickets": [{"id": "2"}], "pages": {"next": null}}),
            Some(_) => return None,
        };
        Some(MockResponse::json(page))
    });
    assert_eq!(
        open_tickets(&client).await.unwrap(),
        [json!({"id": "1"}), json!({"id": "2"})]
    );
    let received = intercom.received();
    assert_eq!(received[0].line(), "POST /tickets/search");
    assert_eq!(
        received[0].json(),
        json!({"query": {"field": "open", "operator": "=", "value": true}})
    );
}

fn contacts(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|i| {
        json!({
            "type": "contact", "id": i.to_string(), "role": "user", "email": format!("{i}@acme.example"),
            "updated_at": 1_900_000_000,
        })
    })
}

#[tokio::test]
async fn a_walk_over_all_pages() {
    readme_blocks::sync!();
    let (intercom, client) = start().await;
    intercom.seed("list_contacts", contacts(400));
    sync(&client).await.unwrap();
    let lines: Vec<String> = intercom
        .calls("list_contacts")
        .iter()
        .map(ReceivedRequest::line)
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "GET /contacts?per_page=150");
}

#[tokio::test]
async fn each_conversation_in_full() {
    readme_blocks::conversations!();
    let (intercom, client) = start().await;
    let conversation = |id: i64| json!({"type": "conversation", "id": id.to_string(), "updated_at": 1_900_000_000});
    intercom.seed("list_conversations", (0..3).map(conversation));
    let next = conversations(&client, 1_700_000_000.into()).await.unwrap();
    assert!(next.is_some_and(|next| next > 1_700_000_000.into()));
    let mut asked: Vec<String> = intercom
        .calls("retrieve_conversation")
        .iter()
        .map(ReceivedRequest::line)
        .collect();
    asked.sort();
    assert_eq!(
        asked,
        ["GET /conversations/0", "GET /conversations/1", "GET /conversations/2"]
    );
}

#[tokio::test]
async fn many_upserts() {
    readme_blocks::import!();
    let (intercom, client) = start().await;
    intercom.on("create_contact").respond_with(|request| {
        (request.json()["email"] == "bad").then(|| MockResponse::error(422, "parameter_invalid", "no email address"))
    });
    let emails = ["ada@acme.example", "bad", "eve@acme.example"].map(str::to_owned);
    assert_eq!(import(&client, &emails).await, ["bad"]);
    let made = client
        .list_contacts()
        .stream()
        .map_ok(|contact| contact.email)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
    for email in ["ada@acme.example", "eve@acme.example"] {
        assert_eq!(
            made.iter().filter(|made| made.as_deref() == Some(email)).count(),
            1,
            "{made:?}"
        );
    }
}

#[tokio::test]
async fn a_search() {
    readme_blocks::users_of_acme!();
    let (intercom, client) = start().await;
    let others = [json!({"type": "contact", "id": "lead", "role": "lead", "email": "lead@acme.example"})];
    intercom.seed("list_contacts", contacts(7).chain(others));
    assert_eq!(users_of_acme(&client).await.unwrap(), Some(7));
    let sent = intercom.calls("search_contacts")[0].json();
    assert_eq!(sent["sort"], json!({"field": "created_at", "order": "descending"}));
}

#[tokio::test]
async fn what_changed() {
    readme_blocks::sync_changes!();
    let (intercom, client) = start().await;
    intercom.seed("list_contacts", contacts(200));
    let stored = Timestamp::from(1_700_000_000);
    let next = sync_changes(&client, stored).await.unwrap();
    assert!(next > stored, "{next}");
    assert_eq!(intercom.calls("search_contacts").len(), 2, "200 contacts by 150");
}

#[tokio::test]
async fn an_export() {
    readme_blocks::november!();
    let (intercom, client) = start().await;
    let job = |state: &str| MockResponse::json(json!({"job_identifier": "job-1", "status": state}));
    intercom.on("create_data_export").respond(job("pending"));
    intercom.on("get_data_export").respond(job("no_data"));
    november(&client).await.unwrap();
    assert_eq!(
        intercom.calls("create_data_export")[0].json(),
        json!({"created_at_after": 1_730_419_200, "created_at_before": 1_733_011_199})
    );
    assert_eq!(
        intercom.calls("get_data_export")[0].line(),
        "GET /export/content/data/job-1"
    );
}

#[tokio::test]
async fn an_error_that_says_who_is_there() {
    readme_blocks::ensure!();
    let (intercom, client) = start().await;
    let made = ensure(&client, "ada@acme.example").await.unwrap();
    assert!(client.show_contact().id(made).await.is_ok());
    intercom
        .on("create_contact")
        .respond_once(MockResponse::error(409, "conflict", "is there already with id=66f1"))
        .respond_once(MockResponse::error(401, "unauthorized", "Access Token Invalid"));
    assert_eq!(
        ensure(&client, "ada@acme.example").await.unwrap().as_deref(),
        Some("66f1")
    );
    let error = ensure(&client, "ada@acme.example").await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("create_contact: 401 unauthorized: ") && said.contains("(request "),
        "{said}"
    );
}

#[tokio::test]
async fn an_extension() {
    readme_blocks::brands!();
    let newer = "2.14".parse().unwrap();
    let intercom = MockIntercom::builder().api_version(newer).build();
    intercom
        .on_any()
        .respond(MockResponse::json(json!({"data": [{"id": "1"}]})));
    assert_eq!(intercom.client().brands().await.unwrap(), [json!({"id": "1"})]);
    let sent = &intercom.received()[0];
    assert_eq!(
        (sent.line().as_str(), sent.header("intercom-version")),
        ("GET /brands", Some("2.14"))
    );
}

#[test]
#[allow(unused_variables, unused_must_use)]
fn custom_attributes() {
    readme_blocks::attributes!();
    let contact: Contact = serde_json::from_value(json!({"custom_attributes": {"seats": 40}})).unwrap();
    assert_eq!(attributes(&contact), Some(40));
    assert_eq!(attributes(&Contact::default()), None);
}

#[test]
fn a_notification() {
    readme_blocks::received!();
    let receiver = Receiver::new("5e0c27a1").unwrap();
    let body = json!({"topic": "conversation.user.replied", "data": {"item": {"type": "conversation", "id": "7"}}});
    let body = body.to_string();
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature", receiver.sign(body.as_bytes()).parse().unwrap());
    assert_eq!(received(&receiver, &headers, body.as_bytes()), StatusCode::OK);
    assert_eq!(received(&receiver, &headers, b"{}"), StatusCode::UNAUTHORIZED);
    assert_eq!(
        received(&receiver, &HeaderMap::new(), body.as_bytes()),
        StatusCode::UNAUTHORIZED
    );
}
