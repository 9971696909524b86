//! The settings of the mock: the clock, limits, strictness, seeded records and scheduled faults.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use intercom_client::mock::{MockExport, MockIntercom, MockResponse, operations};
use intercom_client::search::field;
use intercom_client::types::{Contact, CreateContactRequest, CreateTagRequest};
use intercom_client::{Method, RetryPolicy};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Exhausts three windows of ten seconds, in milliseconds of real time.
#[tokio::test(start_paused = true)]
async fn waiting_for_the_rate_limit_takes_no_real_time() {
    let intercom = MockIntercom::builder().rate_limit(5).build();
    let client = intercom.client();
    let (start, real_start) = (Instant::now(), std::time::Instant::now());
    for _ in 0..20 {
        client.list_tags().await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(
        real_start.elapsed() < Duration::from_secs(20),
        "{:?}",
        real_start.elapsed()
    );
    let rejected = intercom
        .received()
        .iter()
        .filter(|request| request.status.unwrap() == 429)
        .count();
    assert_eq!(rejected, 0, "{}", intercom.log());
}

#[tokio::test(start_paused = true)]
async fn requests_above_the_limit_are_rejected() {
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
    // Windows end at multiples of ten seconds.
    let reset = client.list_tags().await.unwrap();
    let reset: i64 = reset.headers()["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
    assert_eq!(reset % 10, 0);
}

#[tokio::test(start_paused = true)]
async fn timestamps_follow_the_clock_of_the_test() {
    let intercom = MockIntercom::new();
    let client = intercom.client();
    let created = client
        .create_contact()
        .body(CreateContactRequest::with_external_id("u-1"))
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(3600)).await;
    let changed = client
        .update_contact()
        .id(&created.id)
        .body(json!({"name": "Ada"}))
        .await
        .unwrap();
    let updated_at = |contact: &Contact| contact.updated_at.unwrap().as_seconds();
    assert_eq!(updated_at(&changed) - updated_at(&created), 3600);
    assert_eq!(changed.created_at, created.created_at);
    // An unused scroll expires after a minute.
    client.scroll_over_all_companies().await.unwrap();
    assert!(client.scroll_over_all_companies().await.is_err());
    tokio::time::advance(Duration::from_secs(61)).await;
    client.scroll_over_all_companies().await.unwrap();
}

#[tokio::test]
async fn empty_mock_only_has_created_records() {
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    assert!(client.list_tags().await.unwrap().data.is_empty());
    client.create_tag().body(CreateTagRequest::create("vip")).await.unwrap();
    assert_eq!(client.list_tags().await.unwrap().data.len(), 1);
    assert!(client.list_all_companies().await.unwrap().data.is_empty());
}

#[tokio::test]
async fn clones_share_state_and_are_services() {
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
async fn search_by_an_unsupported_field_fails() {
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
async fn faults_can_be_scheduled() {
    let intercom = MockIntercom::new();
    let client = intercom.client_builder().retry(RetryPolicy::none()).build().unwrap();
    let error = || MockResponse::error(500, "server_error", "Internal Server Error");
    intercom
        .on("list_tags")
        .pass_through(2)
        .respond_once(error())
        .pass_through(1)
        .respond_once(MockResponse::dropped());
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
async fn operation_ids_are_constants() {
    let intercom = MockIntercom::new();
    intercom
        .on(operations::CREATE_TAG)
        .respond(MockResponse::json(json!({"id": "7"})));
    let tag = intercom
        .client()
        .create_tag()
        .body(CreateTagRequest::create("vip"))
        .await
        .unwrap();
    assert_eq!(tag.id.as_deref(), Some("7"));
    assert_eq!(intercom.calls("create_tag").len(), 1);
}

#[tokio::test]
async fn log_shows_bodies_without_tokens() {
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
    expected = "record 1 of list_contacts does not match the description: emial: expected no such name, found a string"
)]
fn seeded_record_with_an_unknown_field_panics() {
    MockIntercom::new().seed("list_contacts", [json!({"id": "1"}), json!({"id": "2", "emial": "a"})]);
}

#[test]
#[should_panic(expected = "unknown operation list_contact; did you mean list_contacts?")]
fn seeding_an_unknown_operation_panics() {
    MockIntercom::new().seed("list_contact", [json!({"id": "1"})]);
}

#[tokio::test]
async fn seeded_record_has_no_relations_of_the_examples() {
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
async fn page_sizes_depend_on_the_list() {
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
    for (path, method, default, maximum) in [
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
        assert_eq!(
            pages(path, method.clone(), None).await.unwrap(),
            json!(default),
            "{path}"
        );
        if let Some(maximum) = maximum {
            assert_eq!(
                pages(path, method.clone(), Some(maximum)).await.unwrap(),
                json!(maximum),
                "{path}"
            );
            let error = pages(path, method, Some(maximum + 1)).await.unwrap_err();
            assert!(error.to_string().contains("Per Page is too big"), "{path}: {error}");
        }
    }
}

#[tokio::test]
async fn next_page_is_an_object_or_a_url() {
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

/// Cursors mark a record in the order, so that changes during a walk do not skip other records.
#[tokio::test]
async fn cursor_keeps_its_position_when_records_are_archived() {
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
        // Archives each contact as soon as it is read.
        client.archive_contact().id(&id).await.unwrap();
        seen.push(id);
    }
    assert_eq!(seen, (0..30).map(|i| format!("{i:024x}")).collect::<Vec<_>>());
    assert!(client.list_contacts().await.unwrap().data.is_empty());
}

/// `benches/mock.rs` measures the time with ten times as many contacts.
#[tokio::test]
async fn thousand_contacts_can_be_created_listed_and_searched() {
    const COUNT: usize = 1_000;
    let intercom = MockIntercom::builder().empty(true).build();
    let client = intercom.client();
    for i in 0..COUNT {
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
    assert_eq!(listed.len(), COUNT);
    for i in (0..COUNT).step_by(50) {
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
    assert_eq!(named.len(), (0..COUNT).filter(|i| i % 7 == 3).count());
}

/// Exports a job, and returns the names and the contents of the downloaded files in the order of
/// their names.
async fn exported(file: MockExport) -> Vec<(String, String)> {
    let intercom = MockIntercom::new();
    intercom.set_export(file);
    let folder = tempfile::tempdir().unwrap();
    let mut job = intercom.client().export(1_731_369_600..1_731_974_400).await.unwrap();
    let files = job.download_to(folder.path()).await.unwrap();
    let mut files: Vec<_> = files
        .iter()
        .map(|file| {
            let name = file.path().file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(file.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[tokio::test(start_paused = true)]
async fn export_downloads_as_csv_gzip_or_zip() {
    let opens = || MockExport::csv(["receipt_id", "note"], [["9", "said \"hi, Ada\""], ["10", ""]]);
    let text = "receipt_id,note\r\n9,\"said \"\"hi, Ada\"\"\"\r\n10,\r\n";
    for file in [opens(), opens().gzip()] {
        let files = exported(file).await;
        assert_eq!(files.len(), 1);
        assert!(files[0].0.ends_with(".csv"), "{}", files[0].0);
        assert_eq!(files[0].1, text);
    }
    let clicks = MockExport::csv(["receipt_id"], [["9"]]);
    let archive = MockExport::zip([("open_1.csv", opens()), ("click_1.csv", clicks)]);
    let expected = [("click_1.csv", "receipt_id\r\n9\r\n"), ("open_1.csv", text)];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(exported(archive).await, expected);
}

#[test]
#[should_panic(expected = "file open.csv cannot be added to the ZIP archive")]
fn zip_with_two_files_of_the_same_name_panics() {
    let file = MockExport::csv(["receipt_id"], [["9"]]);
    let _ = MockExport::zip([("open.csv", file.clone()), ("open.csv", file)]);
}
