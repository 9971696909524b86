//! The programs of the guide, run against the mock Intercom. The doctests compile them, with their `main`.

#![allow(dead_code)] // the `main` of each program

use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use serde_json::{Value, json};

fn start() -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    (intercom, client)
}

fn contacts(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|i| {
        json!({
            "type": "contact", "id": i.to_string(), "role": "user", "email": format!("{i}@acme.example"),
            "updated_at": 1_900_000_000,
        })
    })
}

fn conversations(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|i| {
        let part = json!({"type": "conversation_part", "id": format!("{i}0"), "body": "Hello"});
        json!({
            "type": "conversation", "id": i.to_string(), "updated_at": 1_900_000_000 + i,
            "conversation_parts": {"type": "conversation_part.list", "conversation_parts": [part]},
        })
    })
}

/// Lets every call for one conversation fail, as a record that the server cannot show.
fn break_conversation(intercom: &MockIntercom, id: &'static str, status: u16) {
    intercom.on("retrieve_conversation").respond_with(move |request| {
        let path = format!("/conversations/{id}");
        (request.path == path).then(|| MockResponse::error(status, "odd", "cannot be shown"))
    });
}

#[test]
fn every_block_has_a_test_here() {
    let tested = [
        "who_am_i",
        "european",
        "customers",
        "read_secret",
        "after_the_call",
        "new_fields",
        "seats",
        "brands",
        "ensure",
        "export_messages",
        "recorded",
        "print_contacts",
        "article_titles",
        "count_parts",
        "paying_users",
        "sync",
        "forget",
        "sign_up",
        "endpoint",
        "check_endpoint",
        "import_line",
    ];
    assert_eq!(readme_blocks::GUIDE, tested);
}

#[test]
fn code_of_the_guide_has_at_most_90_columns() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/guide");
    for page in std::fs::read_dir(guide).unwrap() {
        let page = std::fs::read_to_string(page.unwrap().path()).unwrap();
        let blocks = page.split("\n```rust").skip(1);
        for line in blocks.flat_map(|block| block.split("\n```").next().unwrap().lines()) {
            assert!(line.chars().count() <= 90, "{line}");
        }
    }
}

#[tokio::test]
async fn authenticate_shows_the_owner_of_the_token() {
    readme_blocks::who_am_i!();
    let (intercom, client) = start();
    let admin = json!({"type": "admin", "id": "814", "name": "Ada", "app": {"type": "app", "name": "Juniper"}});
    intercom.on("identify_admin").respond(MockResponse::json(admin));
    assert_eq!(who_am_i(&client).await.unwrap(), "Ada of Juniper");
}

#[test]
fn authenticate_sets_region_version_and_timeout() {
    readme_blocks::european!();
    let client = european("dG9rOmFjbWU").unwrap();
    assert_eq!(client.region(), Region::Eu);
    assert_eq!(client.base_url(), "https://api.eu.intercom.io");
    assert_eq!(client.api_version(), &ApiVersion::V2_9);
    assert!("au".parse::<Region>().is_ok());
}

#[test]
fn authenticate_serves_several_workspaces() {
    readme_blocks::customers!();
    let client = Client::builder("dG9rOmFjbWU").build().unwrap();
    assert_eq!(client.base_url(), "https://api.intercom.io");
    let [second, european] = customers(&client, ["dG9rOmp1bmlwZXI", "dG9rOmZlcm5oaWxs"]).unwrap();
    assert_eq!(second.base_url(), "https://api.intercom.io");
    assert_eq!(european.base_url(), "https://api.eu.intercom.io");
}

#[tokio::test]
async fn authenticate_reports_a_secret_that_cannot_be_read() {
    readme_blocks::read_secret!();
    let error = rotating().unwrap().identify_admin().await.unwrap_err();
    assert!(error.is_token_unavailable(), "{error}");
}

#[tokio::test]
async fn calls_send_values_and_null() {
    readme_blocks::after_the_call!();
    let (intercom, client) = start();
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
async fn calls_keep_unknown_fields_and_report_mismatches() {
    readme_blocks::new_fields!();
    let (intercom, client) = start();
    let conversation = |i: usize| match i {
        3 => json!({"type": "conversation", "id": "3", "ai_topic": "maps", "open": "yes"}),
        _ => json!({"type": "conversation", "id": i.to_string()}),
    };
    intercom.seed_unchecked("list_conversations", (0..4).map(conversation));
    new_fields(&client).await.unwrap();
    let page = client.list_conversations().await.unwrap();
    let odd = &page.conversations[3];
    assert_eq!(odd.extra.get("ai_topic"), Some(json!("maps")));
    let mismatches: Vec<String> = page.mismatches().iter().map(ToString::to_string).collect();
    assert_eq!(
        mismatches,
        ["conversations[3].open: expected a boolean, found a string"]
    );
    assert_eq!(serde_json::to_value(odd).unwrap()["open"], "yes");
}

#[test]
#[allow(unused_variables, unused_must_use)]
fn calls_read_custom_attributes() {
    readme_blocks::seats!();
    let contact: Contact = serde_json::from_value(json!({"custom_attributes": {"seats": 40}})).unwrap();
    assert_eq!(seats(&contact), Some(40));
    assert_eq!(seats(&Contact::default()), None);
}

#[tokio::test]
async fn descriptions_call_newer_endpoints() {
    readme_blocks::brands!();
    let newer = "2.14".parse().unwrap();
    let intercom = MockIntercom::builder().api_version(newer).build();
    intercom
        .on_any()
        .respond(MockResponse::json(json!({"data": [{"id": "1"}]})));
    let client = intercom.client();
    assert_eq!(client.brands().await.unwrap(), [json!({"id": "1"})]);
    let sent = &intercom.received()[0];
    assert_eq!(
        (sent.line().as_str(), sent.header("intercom-version")),
        ("GET /brands", Some("2.14"))
    );

    intercom.on_any().respond_with(|request| {
        let page = match request.json()["pagination"]["starting_after"].as_str() {
            None => json!({"tickets": [{"id": "1"}], "pages": {"next": {"starting_after": "a+"}}}),
            Some("a+") => json!({"tickets": [{"id": "2"}], "pages": {"next": null}}),
            Some(_) => return None,
        };
        Some(MockResponse::json(page))
    });
    assert_eq!(
        client.open_tickets().await.unwrap(),
        [json!({"id": "1"}), json!({"id": "2"})]
    );
    let first = &intercom.received()[1];
    assert_eq!(first.line(), "POST /tickets/search");
    assert_eq!(
        first.json(),
        json!({"query": {"field": "open", "operator": "=", "value": true}})
    );
}

#[tokio::test(start_paused = true)]
async fn errors_are_explained() {
    readme_blocks::ensure!();
    let (intercom, client) = start();
    let created = ensure(&client, "ada@acme.example").await.unwrap();
    assert!(client.show_contact().id(&created).await.is_ok());
    assert_eq!(ensure(&client, "ada@acme.example").await.unwrap(), created);

    for (status, expected) in [
        (401, "check the access token and the region"),
        (403, "grant the app the permission in the Developer Hub"),
        (422, "fix the request"),
        (402, "see the message"),
        (503, "check whether it was done before you send it again"),
        (429, "try again later"),
    ] {
        let response = MockResponse::error(status, "unauthorized", "Access Token Invalid");
        intercom.on("create_contact").respond(response);
        let error = ensure(&client, "bo@acme.example").await.unwrap_err();
        assert_eq!(advice(&error), expected, "{error}");
        let text = error.to_string();
        let start = format!("create_contact: {status} unauthorized: ");
        assert!(text.starts_with(&start) && text.contains("(request "), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn export_writes_the_receipts() {
    readme_blocks::export_messages!();
    let (intercom, client) = start();
    let folder = tempfile::tempdir().unwrap();
    let day = |number: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(number * 86_400);
    let receipts = export_messages(&client, day(20_000)..day(20_001), folder.path().to_str().unwrap());
    let receipts = receipts.await.unwrap().unwrap();
    assert!(std::fs::read_to_string(receipts).unwrap().contains("user_id"));
    assert_eq!(
        intercom.calls("create_data_export")[0].json(),
        json!({"created_at_after": 1_728_000_000, "created_at_before": 1_728_086_399})
    );

    let job = |state: &str| MockResponse::json(json!({"job_identifier": "job-1", "status": state}));
    intercom.on("create_data_export").respond(job("pending"));
    intercom.on("get_data_export").respond(job("no_data"));
    let receipts = export_messages(&client, day(20_000)..day(20_001), folder.path().to_str().unwrap());
    assert_eq!(receipts.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn observe_records_each_attempt() {
    readme_blocks::recorded!();
    let intercom = MockIntercom::new();
    let client = recorded(intercom.client_builder()).build().unwrap();
    let unavailable = MockResponse::error(503, "unavailable", "later");
    intercom.on("list_tags").respond_once(unavailable);
    client.list_tags().await.unwrap();
    assert_eq!(*ATTEMPTS.lock().unwrap(), [("list_tags", 1), ("list_tags", 2)]);
}

#[tokio::test]
async fn pages_resume_from_a_cursor() {
    readme_blocks::print_contacts!();
    let (intercom, client) = start();
    intercom.seed("list_contacts", contacts(400));
    assert_eq!(print_contacts(&client, None).await.unwrap(), 400);
    let lines: Vec<String> = intercom
        .calls("list_contacts")
        .iter()
        .map(ReceivedRequest::line)
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "GET /contacts?per_page=150");

    let first = client.list_contacts().per_page(150).await.unwrap();
    assert_eq!(print_contacts(&client, first.next_cursor()).await.unwrap(), 250);
}

#[tokio::test]
async fn pages_return_every_article_once() {
    readme_blocks::article_titles!();
    let (intercom, client) = start();
    let article = |i: usize| json!({"type": "article", "id": i.to_string(), "title": format!("{i:03}")});
    intercom.seed("list_articles", (0..300).map(article));
    let mut titles = article_titles(&client).await.unwrap();
    titles.sort();
    let expected: Vec<String> = (0..300).map(|i| format!("{i:03}")).collect();
    assert_eq!(titles, expected);
}

#[tokio::test(start_paused = true)]
async fn pages_skip_an_item_that_always_fails() {
    readme_blocks::count_parts!();
    let (intercom, client) = start();
    intercom.seed("list_conversations", conversations(3));
    assert_eq!(count_parts(&client).await.unwrap(), 3);
    break_conversation(&intercom, "1", 422);
    assert_eq!(count_parts(&client).await.unwrap(), 2);
    for status in [401, 503] {
        break_conversation(&intercom, "1", status);
        assert!(count_parts(&client).await.is_err(), "{status}");
    }
}

#[tokio::test]
async fn search_finds_paying_users() {
    readme_blocks::paying_users!();
    let (intercom, client) = start();
    let contact = |id: &str, email: &str, role: &str, plan: &str| {
        json!({
            "type": "contact", "id": id, "email": email, "role": role, "created_at": 1_700_000_000,
            "custom_attributes": {"plan": plan},
        })
    };
    let all = [
        contact("1", "ada@acme.example", "user", "pro"),
        contact("2", "bo@acme.example", "user", "free"),
        contact("3", "cy@acme.example", "lead", "pro"),
        contact("4", "di@juniper.example", "user", "pro"),
        contact("5", "el@acme.example", "user", "scale"),
    ];
    intercom.seed("list_contacts", all);
    let mut found = paying_users(&client, "acme.example").await.unwrap();
    found.sort();
    assert_eq!(found, ["ada@acme.example", "el@acme.example"]);
    let sent = intercom.calls("search_contacts")[0].json();
    assert_eq!(sent["sort"], json!({"field": "created_at", "order": "ascending"}));
}

#[tokio::test]
async fn sync_stores_changes_and_removes_missing_contacts() {
    readme_blocks::sync!();
    let (intercom, client) = start();
    intercom.seed("list_contacts", contacts(200));
    intercom.seed("list_conversations", conversations(3));

    let mut store = Store::default();
    sync(&client, &mut store).await.unwrap();
    assert_eq!((store.contacts.len(), store.conversations.len()), (200, 3));
    assert!(store.conversations["1"].contains("Hello"), "with its parts");
    assert!(store.contacts_since > 1_700_000_000 && store.conversations_since > 1_700_000_000);

    client
        .update_contact()
        .id("7")
        .body_map(|b| b.name("Ada"))
        .await
        .unwrap();
    sync(&client, &mut store).await.unwrap();
    assert!(store.contacts["7"].contains("Ada"));

    client.archive_contact().id("8").await.unwrap();
    client.delete_contact().id("9").await.unwrap();
    sync(&client, &mut store).await.unwrap();
    assert_eq!(store.contacts.len(), 200, "neither is a change");
    remove_missing(&client, &mut store).await.unwrap();
    assert_eq!(store.contacts.len(), 198);
    assert!(!store.contacts.contains_key("8") && !store.contacts.contains_key("9"));
}

#[tokio::test(start_paused = true)]
async fn sync_skips_a_conversation_that_always_fails_and_tries_it_again() {
    readme_blocks::sync!();
    let (intercom, client) = start();
    intercom.seed("list_contacts", contacts(1));
    intercom.seed("list_conversations", conversations(3));
    let mut store = Store::default();
    break_conversation(&intercom, "1", 422);
    sync(&client, &mut store).await.unwrap();
    assert_eq!(store.conversations.len(), 2);
    intercom.on("retrieve_conversation").reset();
    sync(&client, &mut store).await.unwrap();
    assert_eq!(store.conversations.len(), 3);

    break_conversation(&intercom, "1", 503);
    let before = store.conversations_since;
    assert!(sync(&client, &mut store).await.is_err());
    assert_eq!(store.conversations_since, before);
}

#[tokio::test]
async fn sync_deletes_all_contacts_of_a_person() {
    readme_blocks::forget!();
    let (intercom, client) = start();
    let contact =
        |id: &str, role: &str| json!({"type": "contact", "id": id, "role": role, "email": "ada@acme.example"});
    let other = json!({"type": "contact", "id": "3", "role": "user", "email": "bo@acme.example"});
    intercom.seed("list_contacts", [contact("1", "user"), contact("2", "lead"), other]);
    let mut deleted = forget(&client, "ada@acme.example").await.unwrap();
    deleted.sort();
    assert_eq!(deleted, ["1", "2"]);
    assert!(client.show_contact().id("1").await.unwrap_err().is_not_found());
    assert!(client.show_contact().id("3").await.is_ok());
}

/// The guide says that an archived contact is in no list, and how to find its id.
#[tokio::test]
async fn sync_finds_an_archived_contact_by_a_conflict() {
    let (intercom, client) = start();
    intercom.seed("list_contacts", contacts(3));
    client.archive_contact().id("1").await.unwrap();
    assert_eq!(client.list_contacts().await.unwrap().data.len(), 2);
    assert!(client.show_contact().id("1").await.unwrap_err().is_not_found());
    let create = client
        .create_contact()
        .body(json!({"role": "user", "email": "1@acme.example"}));
    assert_eq!(create.await.unwrap_err().conflicting_id(), Some("1"));
}

#[test]
fn testing_program_passes() {
    readme_blocks::sign_up!();
    main().unwrap();
}

#[tokio::test]
async fn webhooks_endpoint_verifies_responds_and_queues() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;
    readme_blocks::endpoint!();

    let receiver = Receiver::new("5e0c27a1").unwrap();
    let (sender, queue) = mpsc::channel(4);
    let router = endpoint(receiver.clone(), sender);
    let send = |method: &str, body: String, signer: &Receiver| {
        let signature = signer.sign(body.as_bytes());
        let request = Request::builder().method(method).uri("/webhooks");
        let request = request.header("x-hub-signature", signature);
        let response = router.clone().oneshot(request.body(Body::from(body)).unwrap());
        async { response.await.unwrap().status().as_u16() }
    };
    let notification =
        |id: &str, topic: &str, item: Value| json!({"id": id, "topic": topic, "data": {"item": item}}).to_string();
    let reply = notification(
        "1",
        "conversation.user.replied",
        json!({"type": "conversation", "id": "7"}),
    );
    let contact = json!({"type": "contact", "id": "66f1", "email": "ada@acme.example"});
    let unsubscribe = json!({"type": "contact_unsubscribe", "contact": contact});
    let unsubscribe = notification("2", "contact.unsubscribed", unsubscribe);
    let archived = json!({"type": "contact", "id": "66f1", "archived": true});
    let archived = notification("3", "contact.archived", archived);

    /// The test of the guide, with its own imports.
    async fn check(endpoint: Router, receiver: &Receiver) {
        readme_blocks::check_endpoint!();
        check_endpoint(endpoint, receiver).await;
    }
    let (other, mut other_queue) = mpsc::channel(4);
    check(endpoint(receiver.clone(), other), &receiver).await;
    assert_eq!(
        other_queue.recv().await.unwrap().topic.as_deref(),
        Some(topics::CONTACT_USER_CREATED)
    );

    let stranger = Receiver::new("another").unwrap();
    assert_eq!(send("HEAD", String::new(), &receiver).await, 200);
    assert_eq!(send("POST", reply.clone(), &stranger).await, 401);
    let ping = json!({"topic": "ping", "data": {"item": {"type": "ping"}}}).to_string();
    assert_eq!(send("POST", ping, &receiver).await, 200);
    for body in [reply.clone(), reply.clone(), unsubscribe, archived] {
        assert_eq!(send("POST", body, &receiver).await, 200);
    }
    assert_eq!(send("POST", reply, &receiver).await, 503, "the queue is full");
    drop(router);
    assert_eq!(
        work(queue).await,
        [
            "reply to conversation Some(\"7\")",
            "unsubscribed: Some(\"ada@acme.example\")",
            "contact.archived: remove Some(\"66f1\")",
        ]
    );
}

#[tokio::test]
async fn write_many_imports_twice_with_the_same_result() {
    readme_blocks::import_line!();
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    let lines = || {
        let lines = ["1, ada@acme.example, Ada, acme", "2, bo@acme.example, Bo, acme", "3,,,"];
        lines.map(str::to_owned).to_vec()
    };
    for _ in 0..2 {
        assert!(import(&client, lines()).await.is_empty());
        let contacts = client.list_contacts().await.unwrap();
        assert_eq!(contacts.data.len(), 3);
        let companies = client.list_all_companies().await.unwrap();
        assert_eq!(companies.data.len(), 1);
        let attached = client.list_attached_contacts_for_company().id(&companies.data[0].id);
        assert_eq!(attached.await.unwrap().data.len(), 2);
    }

    intercom.on("create_contact").respond_with(|request| {
        let bad = request.json()["external_id"] == "2";
        bad.then(|| MockResponse::error(422, "parameter_invalid", "no email address"))
    });
    assert_eq!(import(&client, lines()).await, ["2, bo@acme.example, Bo, acme"]);

    let unauthorized = MockResponse::error(401, "unauthorized", "Access Token Invalid");
    intercom.on("create_contact").respond(unauthorized);
    intercom.clear_received();
    let many: Vec<String> = (0..100).map(|i| format!("{i}, {i}@acme.example")).collect();
    assert_eq!(
        import(&client, many.clone()).await,
        many,
        "all lines are left, in order"
    );
    assert!(intercom.received().len() < 30, "the import stops");
}
