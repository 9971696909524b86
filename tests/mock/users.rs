//! What a test can set: time, limits, strictness, records, faults on a schedule.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use intercom_client::mock::{Answer, MockIntercom};
use intercom_client::search::field;
use intercom_client::types::{Contact, CreateContactRequest, CreateTagRequest};
use intercom_client::{Method, RetryPolicy};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A window of ten seconds spent three times, in milliseconds of real time.
#[tokio::test(start_paused = true)]
async fn the_rate_limit_is_waited_for_without_waiting() {
    let intercom = MockIntercom::builder().rate_limit(5).build();
    let client = intercom.client();
    let (begun, really) = (Instant::now(), std::time::Instant::now());
    for _ in 0..20 {
        client.list_tags().await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(really.elapsed() < Duration::from_secs(20), "{:?}", really.elapsed());
    let refused = intercom
        .received()
        .iter()
        .filter(|request| request.status.unwrap() == 429)
        .count();
    assert_eq!(refused, 0, "{}", intercom.log());
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_not_waited_for_refuses() {
    let intercom = MockIntercom::builder().rate_limit(2).build();
    let client = intercom
        .client_builder()
        .retry(RetryPolicy::none())
        .wait_for_rate_limit(false)
        .build()
        .unwrap();
    for remaining in [1, 0] {
        let tags = client.list_tags().await.unwrap();
        let limit = tags.rate_limit().unwrap();
        assert_eq!((limit.limit, limit.remaining), (2, remaining));
    }
    let error = client.list_tags().await.unwrap_err();
    assert!(
        error.is_rate_limited() && error.to_string().contains("Exceeded rate limit of 2 in 10_seconds"),
        "{error}"
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    client.list_tags().await.unwrap();
    // The window ends on a multiple of ten seconds.
    let reset = client.list_tags().await.unwrap();
    let reset: i64 = reset.headers()["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
    assert_eq!(reset % 10, 0);
}

#[tokio::test(start_paused = true)]
async fn moments_follow_the_clock_of_the_test() {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    let made = client
        .create_contact()
        .body(CreateContactRequest::with_external_id("u-1"))
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(3600)).await;
    let changed = client
        .update_contact()
        .id(&made.id)
        .body(json!({"name": "Ada"}))
        .await
        .unwrap();
    let seconds = |contact: &Contact, at: fn(&Contact) -> i64| at(contact);
    let updated = |contact: &Contact| contact.updated_at.unwrap().as_seconds();
    assert_eq!(seconds(&changed, updated) - seconds(&made, updated), 3600);
    assert_eq!(changed.created_at, made.created_at);
    // A scroll that nobody asks for ends after a minute.
    client.scroll_over_all_companies().await.unwrap();
    assert!(client.scroll_over_all_companies().await.is_err());
    tokio::time::advance(Duration::from_secs(61)).await;
    client.scroll_over_all_companies().await.unwrap();
}

#[tokio::test]
async fn an_empty_mock_has_only_what_is_made() {
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    assert!(client.list_tags().await.unwrap().data.is_empty());
    client.create_tag().body(CreateTagRequest::create("vip")).await.unwrap();
    assert_eq!(client.list_tags().await.unwrap().data.len(), 1);
    assert!(client.list_all_companies().await.unwrap().data.is_empty());
}

#[tokio::test]
async fn clones_share_everything_and_are_services() {
    use tower_service::Service;
    let intercom = MockIntercom::new();
    let request = http_request("/tags");
    let response = intercom.clone().call(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(intercom.calls("list_tags").len(), 1);
}

fn http_request(path: &str) -> intercom_client::http::Request<Bytes> {
    let request = intercom_client::http::Request::get(format!("https://any.invalid{path}"));
    let request = request
        .header("authorization", "Bearer mock-access-token")
        .header("intercom-version", "2.9");
    request.body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn a_strict_mock_refuses_fields_that_it_cannot_compare_and_so_does_any() {
    let intercom = MockIntercom::builder().strict(true).build();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let error = client
        .search_conversations()
        .query(field("channel_initiated").eq("email"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot compare the field channel_initiated"),
        "{error}"
    );
    assert_eq!(error.status().unwrap(), 501);
    let error = client
        .search_contacts()
        .query(field("emial").eq("a"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("emial"), "{error}");
}

#[tokio::test]
async fn faults_come_on_a_schedule() {
    let intercom = MockIntercom::new();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let broken = || Answer::error(500, "server_error", "Internal Server Error");
    intercom
        .on("list_tags")
        .usual(2)
        .answer_once(broken())
        .usual(1)
        .answer_once(Answer::dropped());
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(client.list_tags().await.is_ok());
    }
    assert_eq!(outcomes, [true, true, false, true, false, true], "{}", intercom.log());
    let log = intercom.log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(
        lines[2..5],
        [
            "#2 list_tags: GET /tags -> 500",
            "#3 list_tags: GET /tags -> 200",
            "#4 list_tags: GET /tags -> no response"
        ]
    );
}

#[tokio::test]
async fn a_log_shows_bodies_and_no_tokens() {
    let intercom = MockIntercom::new();
    intercom
        .client()
        .create_tag()
        .body(CreateTagRequest::create("vip"))
        .await
        .unwrap();
    assert_eq!(intercom.log(), "#0 create_tag: POST /tags {\"name\":\"vip\"} -> 200\n");
}

#[test]
#[should_panic(
    expected = "record 1 of list_contacts is not as described: emial: expected no such name, found a string"
)]
fn a_slip_in_a_seeded_record_is_told() {
    MockIntercom::new().seed("list_contacts", [json!({"id": "1"}), json!({"id": "2", "emial": "a"})]);
}

#[test]
#[should_panic(expected = "the description has no operation list_contact; did you mean list_contacts?")]
fn the_nearest_operation_is_suggested() {
    MockIntercom::new().seed("list_contact", [json!({"id": "1"})]);
}

#[tokio::test]
async fn a_seeded_record_has_nothing_of_the_examples() {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    intercom.seed("list_contacts", [json!({"type": "contact", "id": "7", "role": "user"})]);
    assert!(client.list_tags_for_contact().id("7").await.unwrap().data.is_empty());
    assert!(
        client
            .list_companies_for_contact()
            .id("7")
            .await
            .unwrap()
            .data
            .is_empty()
    );
    assert!(client.list_notes().id("7").await.unwrap().data.is_empty());
}

#[tokio::test]
async fn sizes_of_pages_are_those_of_each_list() {
    let intercom = MockIntercom::new();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let pages = async |path: &str, method: Method, per_page: Option<u32>| {
        let mut request = client.request(method, path);
        if let Some(per_page) = per_page {
            request = request.query("per_page", per_page);
        }
        let bytes = request.bytes().await?;
        let page: Value = serde_json::from_slice(&bytes).unwrap();
        Ok::<Value, intercom_client::Error>(page["pages"]["per_page"].clone())
    };
    for (path, method, usual, most) in [
        ("/contacts", Method::GET, 10, Some(150)),
        ("/conversations", Method::GET, 20, Some(150)),
        ("/companies/list", Method::POST, 15, Some(60)),
        ("/companies", Method::GET, 15, None),
        ("/articles", Method::GET, 25, Some(250)),
        ("/help_center/collections", Method::GET, 20, Some(250)),
        ("/news/news_items", Method::GET, 10, None),
        ("/contacts/66f1c2a9d04b7e8351aa0c11/notes", Method::GET, 50, None),
        ("/contacts/66f1c2a9d04b7e8351aa0c11/companies", Method::GET, 50, None),
    ] {
        assert_eq!(pages(path, method.clone(), None).await.unwrap(), json!(usual), "{path}");
        if let Some(most) = most {
            assert_eq!(
                pages(path, method.clone(), Some(most)).await.unwrap(),
                json!(most),
                "{path}"
            );
            let error = pages(path, method, Some(most + 1)).await.unwrap_err();
            assert!(error.to_string().contains("Per Page is too big"), "{path}: {error}");
        }
    }
}

#[tokio::test]
async fn the_next_page_is_an_object_or_an_address() {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    intercom.seed(
        "list_contacts",
        (0..25).map(|i| json!({"type": "contact", "id": format!("{i:024x}")})),
    );
    intercom.seed(
        "list_companies_for_contact",
        (0..3).map(|i| json!({"type": "company", "id": format!("{i:024x}")})),
    );
    let mut cursor = None;
    for page in 1..=3 {
        let mut request = client.request(Method::GET, "/contacts");
        if let Some(cursor) = cursor.take() {
            request = request.query("starting_after", cursor);
        }
        let body: Value = serde_json::from_slice(&request.bytes().await.unwrap()).unwrap();
        let next = &body["pages"]["next"];
        assert_eq!(body["pages"]["page"], page);
        match page {
            3 => assert!(next.is_null()),
            _ => cursor = Some(next["starting_after"].as_str().unwrap().to_owned()),
        }
    }
    let path = format!("/contacts/{:024x}/companies", 0);
    let request = client
        .request(Method::GET, &path)
        .query("per_page", 2)
        .query("extra", "a b");
    let body: Value = serde_json::from_slice(&request.bytes().await.unwrap()).unwrap();
    let next = body["pages"]["next"].as_str().unwrap();
    assert!(
        next.contains("extra=a+b") && next.contains("page=2") && next.contains("per_page=2"),
        "{next}"
    );
}

/// A cursor is a place in the order: what changes while the pages are read hides nothing that does not change.
#[tokio::test]
async fn a_cursor_keeps_its_place_while_records_go() {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    intercom.seed(
        "list_contacts",
        (0..30).map(|i| json!({"type": "contact", "id": format!("{i:024x}")})),
    );
    let mut walk = client.list_contacts().per_page(10).stream();
    let mut seen = Vec::new();
    while let Some(contact) = walk.try_next().await.unwrap() {
        let id = contact.id.unwrap();
        // Everything that was read is archived at once.
        client.archive_contact().id(&id).await.unwrap();
        seen.push(id);
    }
    assert_eq!(seen, (0..30).map(|i| format!("{i:024x}")).collect::<Vec<_>>());
    assert!(client.list_contacts().await.unwrap().data.is_empty());
}

/// Ten thousand contacts in a moment, however they are asked for. `cargo bench` measures it; a test only shows that it ends.
#[tokio::test]
async fn thousands_of_contacts_are_made_listed_and_searched() {
    const ALL: usize = 1_000;
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    for i in 0..ALL {
        let contact = CreateContactRequest::with_external_id(format!("u-{i}")).name(format!("Name {}", i % 7));
        client.create_contact().body(contact).await.unwrap();
    }
    let listed: Vec<Contact> = client
        .list_contacts()
        .per_page(150)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(listed.len(), ALL);
    for i in (0..ALL).step_by(50) {
        let found = client
            .search_contacts()
            .query(field("external_id").eq(format!("u-{i}")))
            .await
            .unwrap();
        assert_eq!(found.data.len(), 1);
    }
    let named: Vec<Contact> = client
        .search_contacts()
        .query(field("name").eq("Name 3"))
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(named.len(), (0..ALL).filter(|i| i % 7 == 3).count());
}
