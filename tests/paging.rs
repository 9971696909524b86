//! All lists, read page by page from the mock server.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::stream::FusedStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use intercom_client::mock::{MockBuilder, MockIntercom, MockResponse, ReceivedRequest};
use intercom_client::paging::{Cursor, Items, Page, Paging};
use intercom_client::search::field;
use intercom_client::{Client, Error, Method, RetryPolicy, types};
use serde::Serialize;
use serde_json::{Value, json};

/// Starts a mock Intercom whose list `operation` contains `items` records. The records that other lists belong to exist too.
async fn start(operation: &str, items: usize) -> MockIntercom {
    start_with(MockIntercom::builder(), operation, items).await
}

async fn start_with(builder: MockBuilder, operation: &str, items: usize) -> MockIntercom {
    let intercom = builder.build();
    intercom.seed("list_contacts", [json!({"type": "contact", "id": "5f0"})]);
    intercom.seed("retrieve_company", [json!({"type": "company", "id": "5f2"})]);
    intercom.seed("list_newsfeeds", [json!({"type": "newsfeed", "id": "7"})]);
    intercom.seed_unchecked(operation, (0..items).map(record));
    intercom
}

/// Returns record `i` of every list.
fn record(i: usize) -> Value {
    json!({"id": format!("{i:024x}"), "name": format!("Name {i}"), "role": "user", "created_at": 1_700_000_000 - i})
}

/// Returns the keys in the order of the server's records.
fn expected(items: usize) -> Vec<String> {
    (0..items).map(|i| key(&record(i))).collect()
}

fn client(intercom: &MockIntercom) -> Client {
    intercom
        .client_builder()
        .retry(RetryPolicy::none())
        .wait_for_rate_limit(false)
        .build()
        .unwrap()
}

/// Returns the requests so far, and checks that none has a parameter twice.
fn received(intercom: &MockIntercom) -> Vec<ReceivedRequest> {
    let received = intercom.received();
    for request in &received {
        let mut names: Vec<_> = request.query.iter().map(|(name, _)| name).collect();
        names.sort();
        assert!(names.is_sorted_by(|a, b| a < b), "{}", request.line());
    }
    received
}

/// A fault of one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// This status with an HTML body, after the request was processed: a scroll has moved.
    Status(u16),
    /// 429 without processing the request; the window ends at once.
    TooMany,
    /// The connection is lost in the middle of the response.
    Reset,
}

impl Fault {
    fn response(self) -> MockResponse {
        match self {
            Self::Status(status) => MockResponse::bytes("application/json", "<html>this is not JSON</html>")
                .status(status)
                .after_carrying_out(),
            Self::TooMany => MockResponse::rate_limited(),
            Self::Reset => MockResponse::bytes("application/json", r#"{"type":"list","data":[]}"#)
                .truncate(10)
                .after_carrying_out(),
        }
    }
}

/// Adds faults to requests by their number, counted from 0.
fn faults(intercom: &MockIntercom, faults: impl IntoIterator<Item = (usize, Fault)>) {
    let faults: BTreeMap<_, _> = faults.into_iter().collect();
    let response = move |request: &ReceivedRequest| Some(faults.get(&request.number)?.response());
    intercom.on_any().respond_with(response);
}

/// Returns the id or name of an item.
fn key(item: &impl Serialize) -> String {
    let item = serde_json::to_value(item).unwrap();
    let key = item.get("id").or(item.get("name")).unwrap_or(&Value::Null);
    key.as_str().unwrap_or_else(|| panic!("{item} has no key")).to_owned()
}

/// Walks a list to its end, with a new stream after each error, and returns the keys and the errors.
async fn walk<P>(begin: impl Fn(Option<Cursor>) -> Items<P>) -> (Vec<String>, Vec<Error>)
where
    P: Page<Item: Serialize>,
{
    let (mut keys, mut errors, mut from) = (Vec::new(), Vec::new(), None);
    loop {
        let mut items = begin(from.clone());
        let error = loop {
            match items.next().await {
                Some(Ok(item)) => keys.push(key(&item)),
                Some(Err(error)) => break error,
                None => return (keys, errors),
            }
        };
        assert!(
            items.is_terminated() && items.next().await.is_none(),
            "the stream does not end after an error"
        );
        from = items.cursor().cloned().or(from);
        assert!(errors.len() < 100, "fails for ever: {error}");
        errors.push(error);
    }
}

/// Calls `$check!(operation, function that returns a builder)` for each list except the scroll.
macro_rules! each_list {
    ($check:ident) => {{
        $check!("list_contacts", |c: &Client| c.list_contacts());
        $check!("search_contacts", |c: &Client| c
            .search_contacts()
            .query(field("role").eq("user")));
        $check!("list_conversations", |c: &Client| c.list_conversations());
        $check!("search_conversations", |c: &Client| c
            .search_conversations()
            .query(field("id").ne("none")));
        $check!("list_attached_contacts_for_company", |c: &Client| c
            .list_attached_contacts_for_company()
            .id("5f2"));
        $check!("retrieve_company", |c: &Client| c.retrieve_company());
        $check!("list_all_companies", |c: &Client| c.list_all_companies());
        $check!("list_articles", |c: &Client| c.list_articles());
        $check!("list_all_collections", |c: &Client| c.list_all_collections());
        $check!("list_all_sections", |c: &Client| c.list_all_sections());
        $check!("list_companies_for_contact", |c: &Client| c
            .list_companies_for_contact()
            .id("5f0"));
        $check!("list_notes", |c: &Client| c.list_notes().id("5f0"));
        $check!("list_news_items", |c: &Client| c.list_news_items());
        $check!("list_newsfeeds", |c: &Client| c.list_newsfeeds());
        $check!("list_live_newsfeed_items", |c: &Client| c
            .list_live_newsfeed_items()
            .id("7"));
        $check!("list_activity_logs", |c: &Client| c
            .list_activity_logs()
            .created_at_after(1_600_000_000));
        $check!("list_data_events", |c: &Client| c
            .list_data_events()
            .type_("user")
            .user_id("u-1"));
    }};
}

async fn collect<P>(items: Items<P>) -> Result<Vec<String>, Error>
where
    P: Page<Item: Serialize>,
{
    items.map_ok(|item| key(&item)).try_collect().await
}

#[tokio::test]
async fn every_list_returns_every_item_once_and_in_order() {
    for items in [1000, 51, 50, 1, 0] {
        let mut lists = 0;
        macro_rules! check {
            ($operation:expr, $make:expr) => {
                let intercom = start($operation, items).await;
                let keys = collect($make(&client(&intercom)).stream()).await.unwrap();
                assert_eq!(keys, expected(items), "{}", $operation);
                let requests = received(&intercom).len();
                let least = [10, 15, 20, 25, 50].map(|per_page: usize| items.div_ceil(per_page).max(1));
                assert!(least.contains(&requests), "{}: {requests} requests", $operation);
                lists += 1;
            };
        }
        each_list!(check);
        assert_eq!(lists, 17);
    }
}

#[tokio::test]
async fn every_list_has_items_with_ids() {
    macro_rules! check {
        ($operation:expr, $make:expr) => {
            let intercom = start($operation, 60).await;
            let mut items = $make(&client(&intercom)).stream().exactly_once();
            let keys: Vec<_> = items
                .by_ref()
                .map_ok(|item| key(&item))
                .try_collect()
                .await
                .unwrap();
            assert_eq!(keys, expected(60), "{}", $operation);
            assert_eq!(items.ids().count(), 60, "{}", $operation);
        };
    }
    each_list!(check);
}

#[tokio::test]
async fn lists_of_one_response_are_walked_like_the_others() {
    for items in [120, 1, 0] {
        let mut lists = 0;
        macro_rules! check {
            ($operation:expr, $make:expr) => {
                let intercom = start($operation, items).await;
                let client = client(&intercom);
                let list = $make(&client);
                let mut all = list.clone().stream().read_ahead(true);
                let keys: Vec<_> = all
                    .by_ref()
                    .map_ok(|item| key(&item))
                    .try_collect()
                    .await
                    .unwrap();
                assert_eq!(keys, expected(items), "{}", $operation);
                assert_eq!((all.cursor(), all.is_terminated()), (None, true));
                let pages: Vec<_> = list.pages().try_collect().await.unwrap();
                assert_eq!((pages.len(), pages[0].items().len()), (1, items));
                assert!(pages[0].is_last() && pages[0].next_cursor().is_none());
                assert_eq!(received(&intercom).len(), 2, "one request each");
                lists += 1;
            };
        }
        check!("list_admins", |c: &Client| c.list_admins());
        check!("list_help_centers", |c: &Client| c.list_help_centers());
        check!("list_attached_segments_for_company", |c: &Client| c
            .list_attached_segments_for_company()
            .id("5f2"));
        check!("list_segments_for_contact", |c: &Client| c
            .list_segments_for_contact()
            .id("5f0"));
        check!("list_subscriptions_for_contact", |c: &Client| c
            .list_subscriptions_for_contact()
            .id("5f0"));
        check!("list_tags_for_contact", |c: &Client| c
            .list_tags_for_contact()
            .id("5f0"));
        check!("list_data_attributes", |c: &Client| c.list_data_attributes());
        check!("list_segments", |c: &Client| c.list_segments());
        check!("list_subscription_types", |c: &Client| c.list_subscription_types());
        check!("list_tags", |c: &Client| c.list_tags());
        check!("list_teams", |c: &Client| c.list_teams());
        check!("list_ticket_types", |c: &Client| c.list_ticket_types());
        assert_eq!(lists, 12);
        let intercom = start("list_tags", items).await;
        let raw = client(&intercom)
            .request(Method::GET, "/tags")
            .stream::<Value>(Paging::Unpaged, "data");
        assert_eq!(raw.try_collect::<Vec<_>>().await.unwrap().len(), items);
    }
}

#[tokio::test]
async fn a_scroll_returns_every_item_once_and_ends_with_an_empty_page() {
    let intercom = start("scroll_over_all_companies", 1000).await;
    let keys = collect(client(&intercom).scroll_over_all_companies().stream())
        .await
        .unwrap();
    assert_eq!(keys, expected(1000));
    let parameters: Vec<_> = received(&intercom)
        .iter()
        .map(|page| page.query("scroll_param").map(str::to_owned))
        .collect();
    assert_eq!(parameters[0], None);
    assert_eq!(
        parameters[1..],
        vec![Some("00000000-0000-4000-8000-000000000001".to_owned()); 10]
    );
}

#[tokio::test]
async fn a_walk_that_fails_at_every_page_resumes_from_its_cursor() {
    for fault in [Fault::Status(502), Fault::Reset, Fault::TooMany] {
        macro_rules! check {
            ($operation:expr, $make:expr) => {
                let intercom = start($operation, 1000).await;
                // Every page fails once and then succeeds.
                faults(&intercom, (0..100).map(|page| (2 * page, fault)));
                let client = client(&intercom);
                let (keys, errors) = walk(|cursor| {
                    let list = $make(&client);
                    cursor
                        .into_iter()
                        .fold(list, |list, cursor| list.from_cursor(cursor))
                        .stream()
                        .reduce_page_size(false)
                })
                .await;
                assert_eq!(keys, expected(1000), "{}", $operation);
                assert!(
                    [20, 40, 50, 67, 100].contains(&errors.len()),
                    "{}: {} failures",
                    $operation,
                    errors.len()
                );
                assert!(
                    errors.iter().all(Error::is_retryable),
                    "{}: {errors:?}",
                    $operation
                );
                assert_eq!(received(&intercom).len(), 2 * errors.len(), "{}", $operation);
            };
        }
        each_list!(check);
    }
}

#[tokio::test]
async fn retries_inside_a_walk_are_not_visible() {
    let intercom = start("search_contacts", 300).await;
    faults(
        &intercom,
        [(1, Fault::Status(503)), (3, Fault::Reset), (5, Fault::TooMany)],
    );
    let quick = RetryPolicy::default().base(Duration::from_millis(1));
    let client = client(&intercom);
    let search = client.search_contacts().query(field("role").eq("user")).retry(quick);
    assert_eq!(collect(search.stream()).await.unwrap(), expected(300));
    assert_eq!(received(&intercom).len(), 6 + 3);
}

#[tokio::test]
async fn a_scroll_resumes_after_a_rate_limit_but_not_after_a_lost_page() {
    let intercom = start("scroll_over_all_companies", 1000).await;
    // A 429 at every page loses nothing, because the server did not process the request.
    faults(&intercom, (0..11).map(|page| (2 * page, Fault::TooMany)));
    let client_of_it = client(&intercom);
    let (keys, errors) = walk(|cursor| {
        let list = client_of_it.scroll_over_all_companies();
        cursor
            .into_iter()
            .fold(list, intercom_client::builder::ScrollOverAllCompanies::from_cursor)
            .stream()
    })
    .await;
    assert_eq!((keys, errors.len()), (expected(1000), 11));
    assert!(
        errors
            .iter()
            .all(|error| error.is_rate_limited() && !error.is_scroll_restart())
    );

    let mut ahead = client_of_it.scroll_over_all_companies().stream().read_ahead(true);
    ahead.try_next().await.unwrap();
    assert_eq!(ahead.cursor(), None, "a page is being fetched, so the scroll moves");
    assert_eq!(collect(ahead).await.unwrap(), expected(1000)[1..]);

    for fault in [Fault::Status(500), Fault::Reset] {
        let intercom = start("scroll_over_all_companies", 250).await;
        faults(&intercom, [(1, fault)]);
        let patient = RetryPolicy::default().base(Duration::from_millis(1));
        let client = intercom.client_builder().retry(patient).build().unwrap();
        let mut items = client.scroll_over_all_companies().idempotent(true).stream();
        let delivered = items
            .by_ref()
            .take_while(|item| std::future::ready(item.is_ok()))
            .count()
            .await;
        assert_eq!(delivered, 100);
        assert_eq!(received(&intercom).len(), 2, "the page is not requested again");
        assert_eq!(items.cursor(), None, "the scroll has moved");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scroll_that_lost_a_page_restarts_and_returns_every_item_once() {
    let idle = MockIntercom::builder().scroll_idle(Duration::from_millis(50));
    let intercom = start_with(idle, "scroll_over_all_companies", 250).await;
    faults(&intercom, [(2, Fault::Status(500))]);
    let mut companies = client(&intercom).scroll_over_all_companies().stream().exactly_once();
    let (mut keys, mut restarts) = (Vec::new(), 0);
    while let Some(company) = companies.next().await {
        match company {
            Ok(company) => keys.push(key(&company)),
            Err(error) => {
                assert!(error.is_scroll_restart() || error.is_scroll_exists(), "{error}");
                restarts += usize::from(error.is_scroll_restart());
                tokio::time::sleep(Duration::from_millis(60)).await;
                companies.resume();
            }
        }
    }
    assert_eq!((keys, restarts), (expected(250), 1));
}

#[tokio::test(start_paused = true)]
async fn scroll_errors_are_distinguished() {
    let idle = MockIntercom::builder().scroll_idle(Duration::from_millis(50));
    let intercom = start_with(idle, "scroll_over_all_companies", 250).await;
    let client = client(&intercom);
    let mut first = client.scroll_over_all_companies().pages();
    let page = first.try_next().await.unwrap().unwrap();

    let second = client.scroll_over_all_companies().send().await.unwrap_err();
    assert!(second.is_scroll_exists() && !second.is_scroll_expired() && !second.is_scroll_restart());

    tokio::time::sleep(Duration::from_millis(100)).await;
    let expired = first.try_next().await.unwrap_err();
    assert!(expired.is_scroll_expired() && !expired.is_scroll_exists() && !expired.is_scroll_restart());
    assert!(first.try_next().await.unwrap().is_none());
    let cursor = page.next_cursor().unwrap();
    let again = client
        .scroll_over_all_companies()
        .from_cursor(cursor)
        .send()
        .await
        .unwrap_err();
    assert!(again.is_scroll_expired());

    let gone = MockResponse::error(400, "not_found", "scroll parameter not found");
    intercom.on_any().respond_once(gone);
    let gone = client.scroll_over_all_companies().from_cursor("s").send().await;
    assert!(gone.unwrap_err().is_scroll_expired());

    intercom.on_any().respond_once(Fault::Status(500).response());
    let lost = client.scroll_over_all_companies().send().await.unwrap_err();
    assert!(lost.is_scroll_restart() && !lost.is_scroll_expired() && !lost.is_scroll_exists());

    // A raw call is a scroll by its `Paging`.
    intercom.on_any().respond_once(Fault::Status(500).response());
    let raw = client.request(Method::GET, "/companies/scroll");
    let mut pages = raw.pages::<Value>(Paging::Scroll, "data");
    assert!(pages.try_next().await.unwrap_err().is_scroll_restart());
}

#[tokio::test]
async fn pages_are_complete_responses_with_cursors() {
    let intercom = start("list_contacts", 120).await;
    let client = client(&intercom);
    let pages: Vec<_> = client.list_contacts().per_page(50).pages().try_collect().await.unwrap();
    let sizes: Vec<_> = pages.iter().map(|page| page.items().len()).collect();
    assert_eq!(sizes, [50, 50, 20]);
    assert!(
        pages
            .iter()
            .all(|page| page.total_count == Some(120) && page.rate_limit().is_some())
    );
    assert!(
        pages
            .iter()
            .all(|page| page.request_id().is_some() && page.body().starts_with(b"{"))
    );

    let cursors: Vec<_> = pages
        .iter()
        .map(|page| page.next_cursor().map(|cursor| cursor.to_string()))
        .collect();
    assert_eq!(
        cursors,
        [Some("Wz+50/+A==".to_owned()), Some("Wz+100/+A==".to_owned()), None]
    );
    let third = client
        .list_contacts()
        .per_page(50)
        .starting_after("Wz+100/+A==")
        .send()
        .await
        .unwrap();
    assert_eq!(third.data, pages[2].data);
    let rest = collect(client.list_contacts().from_cursor("Wz+100/+A==").stream())
        .await
        .unwrap();
    assert_eq!(rest, expected(120)[100..]);
    assert!(
        received(&intercom)
            .iter()
            .take(4)
            .all(|request| request.query("per_page") == Some("50"))
    );
}

#[tokio::test]
async fn parameters_and_body_are_sent_with_every_page() {
    let intercom = start("search_contacts", 40).await;
    let client = client(&intercom);
    let query = json!({"field": "role", "operator": "=", "value": "user"});
    let body = json!({"query": query, "pagination": {"per_page": 15}});
    let body: types::SearchRequest = serde_json::from_value(body).unwrap();
    collect(client.search_contacts().body(body).stream()).await.unwrap();
    let bodies: Vec<_> = received(&intercom).iter().map(ReceivedRequest::json).collect();
    assert_eq!(
        bodies,
        [
            json!({"query": query, "pagination": {"per_page": 15}}),
            json!({"query": query, "pagination": {"per_page": 15, "starting_after": "Wz+15/+A=="}}),
            json!({"query": query, "pagination": {"per_page": 15, "starting_after": "Wz+30/+A=="}}),
        ]
    );

    intercom.seed_unchecked("list_all_companies", (0..40).map(record));
    intercom.clear_received();
    let keys = collect(client.list_all_companies().order("asc").page(2).per_page(15).stream())
        .await
        .unwrap();
    assert_eq!(keys, expected(40)[15..]);
    let queries: Vec<_> = received(&intercom).into_iter().map(|request| request.query).collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (query, page) in queries.iter().zip(["2", "3"]) {
        let mut query = query.clone();
        query.sort();
        assert_eq!(
            query,
            [pair("order", "asc"), pair("page", page), pair("per_page", "15")]
        );
    }
    assert_eq!(queries.len(), 2);
}

#[tokio::test]
async fn a_list_that_leads_back_ends_with_an_error() {
    let intercom = MockIntercom::new();
    // Every page has other contacts and the same cursor.
    intercom.on("list_contacts").respond_with(|request| {
        let contacts: Vec<_> = (0..10).map(|i| record(10 * request.number + i)).collect();
        let next = json!({"per_page": 10, "starting_after": "Wz+10/+A=="});
        let pages =
            json!({"type": "pages", "page": request.number + 1, "per_page": 10, "total_pages": 10, "next": next});
        Some(MockResponse::json(
            json!({"type": "list", "data": contacts, "total_count": 100, "pages": pages}),
        ))
    });
    let mut pages = client(&intercom).list_contacts().per_page(10).pages();
    assert!(pages.try_next().await.unwrap().is_some());
    assert!(
        pages.try_next().await.unwrap().is_some(),
        "the page with a repeated cursor has new items"
    );
    let error = pages.try_next().await.unwrap_err();
    assert!(error.to_string().contains("repeats"), "{error}");
    assert!(!error.is_retryable() && error.request_id() == Some("mock-1"));
    assert!(pages.is_terminated() && pages.next().await.is_none());
    assert_eq!(received(&intercom).len(), 2);

    // The server returns page 1 for every page.
    let intercom = MockIntercom::new();
    let articles: Vec<_> = (0..25).map(|i| json!({"id": i.to_string()})).collect();
    let next = "https://elsewhere.invalid/articles?page=2";
    let pages = json!({"type": "pages", "page": 1, "per_page": 25, "total_pages": 4, "next": next});
    intercom.on("list_articles").respond(MockResponse::json(
        json!({"type": "list", "data": articles, "total_count": 100, "pages": pages}),
    ));
    let mut items = client(&intercom).list_articles().stream();
    let delivered = items
        .by_ref()
        .take_while(|item| std::future::ready(item.is_ok()))
        .count()
        .await;
    assert_eq!((delivered, received(&intercom).len()), (25, 2));
    let page = client(&intercom).list_articles().page(3).pages().next().await.unwrap();
    assert!(page.unwrap_err().to_string().contains("another page"));
}

#[tokio::test]
async fn nothing_is_fetched_before_the_stream_is_polled() {
    let intercom = start("list_contacts", 100).await;
    let client = client(&intercom);
    drop(client.list_contacts().stream());
    let mut items = client.list_contacts().per_page(10).stream();
    assert_eq!((received(&intercom).len(), items.total_count()), (0, None));
    for n in 1..=10 {
        items.try_next().await.unwrap().unwrap();
        assert_eq!((items.left_in_page(), items.total_count()), (10 - n, Some(100)));
    }
    assert_eq!(received(&intercom).len(), 1);
    assert_eq!(items.cursor().map(Cursor::as_str), Some("Wz+10/+A=="));
}

#[tokio::test]
async fn mistakes_are_the_first_and_only_item() {
    let intercom = MockIntercom::new();
    let client = client(&intercom);
    let mut items = client.list_notes().stream();
    assert!(items.next().await.unwrap().unwrap_err().is_builder());
    assert!(items.next().await.is_none() && items.is_terminated());
    let mut pages = client.list_articles().from_cursor("not a number").pages();
    assert!(pages.next().await.unwrap().unwrap_err().is_builder());
    assert!(pages.next().await.is_none());
    assert!(received(&intercom).is_empty());
}

#[tokio::test]
async fn a_dropped_future_loses_nothing() {
    for read_ahead in [false, true] {
        let slow = MockIntercom::builder().latency(Duration::from_millis(40));
        let intercom = start_with(slow, "list_contacts", 100).await;
        let mut items = client(&intercom)
            .list_contacts()
            .per_page(20)
            .stream()
            .read_ahead(read_ahead);
        let mut keys = Vec::new();
        let mut dropped = 0;
        loop {
            match tokio::time::timeout(Duration::from_millis(15), items.next()).await {
                Ok(Some(item)) => keys.push(key(&item.unwrap())),
                Ok(None) => break,
                Err(_) => dropped += 1,
            }
        }
        assert_eq!(keys, expected(100));
        assert!(dropped > 0);
        assert_eq!(received(&intercom).len(), 5, "no page is requested again");
    }
}

#[tokio::test]
async fn reading_ahead_fetches_one_page_more() {
    let intercom = start("list_contacts", 100).await;
    let mut items = client(&intercom).list_contacts().per_page(20).stream().read_ahead(true);
    items.try_next().await.unwrap();
    while received(&intercom).len() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(received(&intercom).len(), 2);
    assert_eq!(
        items.cursor().map(Cursor::as_str),
        Some("Wz+20/+A=="),
        "the page after the current one"
    );
    let rest = collect(items).await.unwrap();
    assert_eq!(rest, expected(100)[1..]);
    assert_eq!(received(&intercom).len(), 5);

    let intercom = start("list_contacts", 1000).await;
    faults(&intercom, [(3, Fault::Status(500))]);
    let client = client(&intercom);
    let (keys, errors) = walk(|cursor| {
        let list = client.list_contacts();
        cursor
            .into_iter()
            .fold(list, intercom_client::builder::ListContacts::from_cursor)
            .stream()
            .read_ahead(true)
    })
    .await;
    assert_eq!((keys, errors.len()), (expected(1000), 1));
}

#[test]
fn streams_can_be_sent_and_stored() {
    fn sent<T: Send + Unpin + Debug + 'static>() {}
    sent::<Items<types::ContactList>>();
    sent::<intercom_client::paging::Pages<types::CompanyScroll>>();
    let cursor = Cursor::from("Wz+1==");
    assert_eq!(serde_json::to_value(&cursor).unwrap(), json!("Wz+1=="));
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
}

/// Starts a mock Intercom that returns this body for every request.
async fn always(body: &'static str) -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    intercom.on_any().respond(MockResponse::bytes("application/json", body));
    let client = intercom.client();
    (intercom, client)
}

#[tokio::test]
async fn a_server_that_ignores_the_page_number_ends_the_walk_with_an_error() {
    let (_intercom, client) = always(r#"{"data":[{"id":"1"}],"pages":{"next":"https://x.test/articles"}}"#).await;
    let mut articles = client.list_articles().stream();
    assert_eq!(articles.try_next().await.unwrap().unwrap().id.as_deref(), Some("1"));
    let error = articles.try_next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "list_articles: the server returned the same page twice (request mock-1)"
    );
    assert!(articles.try_next().await.unwrap().is_none());
}

/// Starts a mock Intercom that returns the body for the number of each request, counted from 0.
async fn scripted(body: impl Fn(usize) -> Value + Send + Sync + 'static) -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    intercom.on_any().respond_with(move |request| {
        let body = body(request.number).to_string();
        Some(MockResponse::bytes("application/json", body).unchecked())
    });
    let client = client(&intercom);
    (intercom, client)
}

/// Pages can be equal by chance, because changes move items from page to page, but not many in a row.
#[tokio::test]
async fn a_list_without_new_items_ends_with_an_error() {
    async fn end<P: Page>(intercom: &MockIntercom, items: Items<P>) -> (String, usize) {
        let walk = items.take(10_000).try_for_each(|_| std::future::ready(Ok(())));
        let walk = tokio::time::timeout(Duration::from_secs(60), walk);
        let error = walk
            .await
            .expect("the walk does not end")
            .expect_err("the list does not end");
        (error.to_string(), received(intercom).len())
    }
    let twice = "the server returned the same page twice";
    let nothing = "the list does not end: the last pages contained no new items";
    let fresh = |number: usize| json!({"next": {"starting_after": number.to_string()}});
    let url = |number: usize| json!({"next": format!("https://x.test/y?page={}", number + 2)});
    let (one, two) = (json!([{"id": "1"}]), json!([{"id": "2"}]));

    // Pages that are empty or equal, each with another cursor.
    for (data, requests) in [(json!([]), 100), (one.clone(), 128)] {
        let (intercom, client) = scripted(move |number| json!({"data": data, "pages": fresh(number)})).await;
        let (error, sent) = end(&intercom, client.list_contacts().stream()).await;
        assert!(error.contains(nothing) && sent == requests, "{error} after {sent}");
    }
    // The server ignores the page number, although its responses are numbered.
    let ignored = |number: usize| json!({"page": number + 1, "next": format!("https://x.test/y?page={}", number + 2)});
    for pages in [url as fn(usize) -> Value, ignored] {
        let data = one.clone();
        let (intercom, client) = scripted(move |number| json!({"data": data, "pages": pages(number)})).await;
        let (error, sent) = end(&intercom, client.list_articles().stream()).await;
        assert!(error.contains(twice) && sent == 2, "{error} after {sent}");
    }
    let growing = |number: usize| json!({"page": number + 1, "total_pages": number + 2});
    let data = one.clone();
    let (intercom, client) = scripted(move |number| json!({"data": data, "pages": growing(number)})).await;
    let (error, sent) = end(&intercom, client.list_articles().stream()).await;
    assert!(error.contains(nothing) && sent == 128, "{error} after {sent}");
    // A scroll that does not move, or moves in a circle.
    let data = one.clone();
    let (intercom, client) = scripted(move |_| json!({"data": data, "scroll_param": "s"})).await;
    let (error, sent) = end(&intercom, client.scroll_over_all_companies().stream()).await;
    assert!(error.contains(twice) && sent == 2, "{error} after {sent}");
    let data = [one.clone(), two];
    let (intercom, client) = scripted(move |number| json!({"data": data[number % 2], "scroll_param": "s"})).await;
    let (error, sent) = end(&intercom, client.scroll_over_all_companies().stream()).await;
    assert!(error.contains(nothing) && sent == 5, "{error} after {sent}");
    let (intercom, client) = scripted(move |number| json!({"events": one, "pages": url(number)})).await;
    let events = client.list_data_events().type_("user").user_id("u-1");
    let (error, sent) = end(&intercom, events.stream()).await;
    assert!(error.contains(twice) && sent == 2, "{error} after {sent}");
}

/// Pages without a number, with fewer than ten items, can be equal by chance. Ten equal items cannot.
#[tokio::test]
async fn a_page_of_ten_items_is_not_returned_twice() {
    for (items, requests) in [(9, 5), (10, 2)] {
        let data: Vec<Value> = (0..items).map(|id| json!({"id": id.to_string()})).collect();
        let (intercom, client) = scripted(move |_| json!({"data": data, "pages": {"total_pages": 5}})).await;
        let walk = collect(client.list_articles().stream()).await;
        assert_eq!((walk.is_ok(), received(&intercom).len()), (items < 10, requests));
        if let Err(error) = walk {
            assert!(error.to_string().contains("the same page twice"), "{error}");
        }
    }
}

#[tokio::test]
async fn an_error_has_the_cursor_of_its_page() {
    let (_intercom, client) = scripted(|number| match number {
        0 => json!({"data": [{"id": "1"}], "pages": {"next": {"starting_after": "b"}}}),
        _ => json!({}),
    })
    .await;
    let error = collect(client.list_contacts().stream()).await.unwrap_err();
    assert_eq!(error.page_cursor(), Some("b"));
    let (_intercom, client) = always("{}").await;
    let error = collect(client.list_contacts().stream()).await.unwrap_err();
    assert_eq!(error.page_cursor(), None, "the first page");
}

/// A list that the description lacks.
#[tokio::test]
async fn an_empty_page_of_a_raw_list_is_no_error() {
    for (pages, sent) in [(Value::Null, 1), (json!({"next": {"starting_after": "b"}}), 2)] {
        let (intercom, client) = scripted(move |number| match number {
            0 => json!({"brands": [], "pages": pages}),
            _ => json!({"brands": []}),
        })
        .await;
        let brands = client
            .request(Method::GET, "/brands")
            .stream::<Value>(Paging::Cursor, "brands");
        let brands: Vec<Value> = brands.try_collect().await.unwrap();
        assert_eq!((brands.len(), received(&intercom).len()), (0, sent));
    }
}

#[tokio::test]
async fn every_stream_of_items_has_the_mismatches_and_the_count_of_its_page() {
    let body = r#"{"data": [{"id": "1", "updated_at": 9}, 7, "x"], "total_count": 3}"#;
    let (_intercom, client) = always(body).await;
    let list = || client.list_articles().stream();
    let mut items = list();
    items.try_next().await.unwrap().unwrap();
    assert_eq!((items.mismatches().len(), items.total_count()), (2, Some(3)));
    let mut once = list().exactly_once();
    once.try_next().await.unwrap().unwrap();
    assert_eq!((once.mismatches().len(), once.total_count()), (2, Some(3)));
    let mut changes = list().changed_since(1);
    changes.try_next().await.unwrap().unwrap();
    assert_eq!((changes.mismatches().len(), changes.total_count()), (2, Some(3)));
    let each = list().retrieve_each();
    assert_eq!(each.total_count(), None, "no page was read");
}

/// The list counts an entry that is not an object.
#[tokio::test]
async fn passes_over_several_pages_agree_on_a_count_that_is_too_high() {
    let (intercom, client) = scripted(|number| match number % 2 {
        0 => json!({"data": [{"id": "1"}, 7], "total_count": 3, "pages": {"next": {"starting_after": "b"}}}),
        _ => json!({"data": [{"id": "2"}], "total_count": 3}),
    })
    .await;
    let once = client.list_contacts().stream().exactly_once().max_passes(3);
    let found: Vec<_> = once.try_collect().await.unwrap();
    assert_eq!((found.len(), received(&intercom).len()), (2, 4));
}

#[tokio::test]
async fn the_cursor_of_retrievals_is_that_of_the_first_item_that_was_not_returned() {
    let intercom = start("list_conversations", 12).await;
    let client = client(&intercom);
    let list = || client.list_conversations().per_page(5);
    for concurrency in [1, 3] {
        let mut each = list().stream().retrieve_each().concurrency(concurrency);
        for _ in 0..7 {
            each.try_next().await.unwrap().unwrap();
        }
        let cursor = each.cursor().cloned().expect("the cursor of the second page");
        let rest: Vec<_> = list().from_cursor(cursor).stream().try_collect().await.unwrap();
        assert_eq!(rest.len(), 7);
    }
}

/// Invalid UTF-8 in a response does not hide the other fields.
#[tokio::test]
async fn invalid_characters_do_not_end_a_walk_without_an_error() {
    let announced = br#"{"data":[{"id":"1","name":"?"}],"pages":{"next":7}}"#;
    let no_list = br#"{"?":"?"}"#;
    let (half, latin1) = (&br"\udc00"[..], &b"\xe9"[..]);
    for (body, items) in [(&announced[..], 1), (no_list, 0)] {
        let with = |odd: &[u8]| body.split(|byte| *byte == b'?').collect::<Vec<_>>().join(odd);
        let marked = |body: Vec<u8>| ["\u{feff}".as_bytes(), &body].concat();
        for body in [
            with(b""),
            with(half),
            with(latin1),
            marked(with(b"")),
            marked(with(latin1)),
        ] {
            let intercom = MockIntercom::new();
            intercom
                .on_any()
                .respond(MockResponse::bytes("application/json", body.clone()).unchecked());
            let page = intercom.client().list_contacts().send().await.unwrap();
            assert!(!page.is_last() && page.next_cursor().is_none(), "{body:?}");
            let walk: Vec<_> = intercom.client().list_contacts().stream().collect().await;
            let whole = walk.iter().take_while(|item| item.is_ok()).count();
            assert_eq!((whole, walk.len()), (items, items + 1), "{body:?}");
        }
    }
}

/// A walk ends only if the server shows that it has ended. An unknown form of the next page is an error.
#[tokio::test]
async fn an_unreadable_next_page_does_not_end_a_walk_without_an_error() {
    let announced = "the response announces a next page but contains no cursor for it";
    let no_list = "data: expected a list, found ";
    let with = |pages: Value| json!({"data": [{"id": "1"}], "pages": pages});
    for (response, wrong) in [
        (with(json!({"next": 7})), Some(announced)),
        (with(json!({"next": true})), Some(announced)),
        (with(json!({"next": ["https://x.test/y"]})), Some(announced)),
        (with(json!({"next": {"starting_after": " "}})), Some(announced)),
        (with(json!("https://x.test/y?page=2")), Some(announced)),
        (with(json!({"next": false})), None),
        (with(json!({"next": []})), None),
        (with(json!(false)), None),
        (with(json!([])), None),
        (json!({"data": [], "total_count": 0}), None),
        (json!({"data": null}), None),
        (json!({"total_count": 0}), None),
        (json!({}), Some(no_list)),
        (json!({"contacts": [{"id": "1"}]}), Some(no_list)),
        (json!({"data": "1"}), Some(no_list)),
        (json!({"data": [1, 2]}), None),
        (json!({"type": "error.list", "errors": [{"code": "x"}]}), Some(no_list)),
        (json!({"errors": [{"code": "x"}], "request_id": null}), Some(no_list)),
        (
            json!({"contacts": [{"id": "1"}], "pages": null, "tags": []}),
            Some(no_list),
        ),
        (json!({"data": {"1": {"id": "1"}}, "pages": null}), Some(no_list)),
        // A cursor does not make up for the missing items.
        (json!({"pages": {"next": {"starting_after": "b"}}}), Some(no_list)),
        (
            json!({"data": "1", "pages": {"next": {"starting_after": "b"}}}),
            Some(no_list),
        ),
    ] {
        let body = response.clone();
        let (intercom, client) = scripted(move |_| body.clone()).await;
        let page = client.list_contacts().send().await.unwrap();
        assert_eq!(
            (page.is_last(), page.next_cursor()),
            (wrong.is_none(), None),
            "{response}"
        );
        let items: Vec<_> = client.list_contacts().stream().collect().await;
        let error = items.iter().find_map(|item| item.as_ref().err());
        assert_eq!(error.is_some(), wrong.is_some(), "{response}: {error:?}");
        let text = error.map(ToString::to_string).unwrap_or_default();
        assert!(text.contains(wrong.unwrap_or_default()), "{response}: {text}");
        assert_eq!(received(&intercom).len(), 2);
    }
    for (body, found) in [
        ("{}", "nothing"),
        (r#"{"data": "1"}"#, "a string"),
        (r#"{"data": {"1": {"id": "1"}}}"#, "an object"),
    ] {
        let (_intercom, client) = always(body).await;
        let error = client.list_contacts().stream().try_next().await.unwrap_err();
        assert_eq!((error.json_path(), error.found()), (Some("data"), Some(found)));
    }
    // A response that is neither a list nor a company.
    for response in [
        json!({}),
        json!({"companies": [{"id": "1"}]}),
        json!({"type": "error.list", "errors": [{"code": "x"}], "request_id": null}),
    ] {
        let (_intercom, client) = scripted(move |_| response.clone()).await;
        let error = client.retrieve_company().stream().try_next().await.unwrap_err();
        assert!(error.to_string().contains(no_list), "{error}");
    }
    // The scroll has moved.
    let (_intercom, client) = scripted(|_| json!({"scroll_param": "s"})).await;
    let mut companies = client.scroll_over_all_companies().stream();
    let error = companies.try_next().await.unwrap_err();
    assert!(error.is_decode() && error.is_scroll_restart() && companies.cursor().is_none());
    // The number of the next page of a numbered list is known.
    for pages in [
        json!({"next": 7}),
        json!({"total_pages": "three"}),
        json!({"total_pages": 0, "next": "/?page=2"}),
    ] {
        let (_intercom, client) = scripted(move |number| match number {
            0 => json!({"data": [{"id": "1"}], "pages": pages}),
            1 => json!({"data": [{"id": "2"}], "pages": pages}),
            _ => json!({"data": [], "pages": pages}),
        })
        .await;
        assert_eq!(collect(client.list_articles().stream()).await.unwrap(), ["1", "2"]);
    }
    // The first page has another number.
    let (_intercom, client) =
        scripted(|_| json!({"data": [{"id": "1"}], "pages": {"page": 5, "total_pages": 7}})).await;
    let error = client.list_articles().stream().try_next().await.unwrap_err();
    assert!(error.to_string().contains("another page"), "{error}");
}

#[tokio::test]
async fn a_page_without_a_cursor_is_requested_again_by_resume() {
    let (intercom, client) = scripted(|number| {
        let next = match number {
            0 => json!({"starting_after": "b"}),
            1 => json!({"page": 3}),
            2 => json!({"starting_after": "c"}),
            _ => Value::Null,
        };
        let id = ["a", "b", "b", "c"][number];
        json!({"data": [{"id": id}], "pages": {"next": next}})
    })
    .await;
    let mut contacts = client.list_contacts().stream().exactly_once();
    let mut keys = Vec::new();
    while let Some(contact) = contacts.next().await {
        match contact {
            Ok(contact) => keys.push(key(&contact)),
            Err(_) => contacts.resume(),
        }
    }
    assert_eq!(keys, ["a", "b", "c"]);
    let asked = received(&intercom);
    let asked: Vec<_> = asked.iter().map(|request| request.query("starting_after")).collect();
    assert_eq!(asked, [None, Some("b"), Some("b"), Some("c")]);
}

/// An empty page in the middle of a numbered list does not end it, and neither does a page without a valid item.
#[tokio::test]
async fn pages_without_items_do_not_end_a_numbered_list() {
    for middle in [json!([]), json!([1, "two", null]), Value::Null] {
        let (intercom, client) = scripted(move |number| {
            let page = number % 6 + 1;
            let data = match page {
                3 | 4 => middle.clone(),
                page => json!([{"id": page.to_string()}]),
            };
            let next = (page < 6).then(|| format!("https://x.test/articles?page={}", page + 1));
            json!({"data": data, "pages": {"page": page, "total_pages": 6, "next": next}})
        })
        .await;
        let found = collect(client.list_articles().stream()).await.unwrap();
        assert_eq!((found.len(), received(&intercom).len()), (4, 6));
        assert_eq!(found, ["1", "2", "5", "6"]);
    }
}

#[tokio::test]
async fn a_page_of_invalid_items_is_skipped_and_reported() {
    let (_intercom, client) = scripted(|number| match number {
        0 => json!({"data": [{"id": "1"}], "pages": {"next": {"starting_after": "b"}}}),
        1 => json!({"data": [7, "x"], "pages": {"next": {"starting_after": "c"}}}),
        _ => json!({"data": [{"id": "2"}]}),
    })
    .await;
    let pages: Vec<_> = client.list_contacts().pages().try_collect().await.unwrap();
    let sizes: Vec<_> = pages
        .iter()
        .map(|page| (page.items().len(), page.mismatches().len()))
        .collect();
    assert_eq!(sizes, [(1, 0), (0, 2), (1, 0)]);
}

#[tokio::test]
async fn the_cursor_is_kept_after_a_contradiction() {
    // The second page does not lead on, or leads back.
    for next in [json!({"page": 3}), json!({"starting_after": "b"})] {
        let (intercom, client) = scripted(move |number| match number {
            0 => json!({"data": [{"id": "1"}], "pages": {"next": {"starting_after": "b"}}}),
            1 => json!({"data": [{"id": "2"}], "pages": {"next": next}}),
            2 => json!({"data": [{"id": "2"}], "pages": {"next": {"starting_after": "c"}}}),
            _ => json!({"data": [{"id": "3"}]}),
        })
        .await;
        let mut contacts = client.list_contacts().stream();
        let keys: Vec<_> = contacts
            .by_ref()
            .take(2)
            .map_ok(|item| key(&item))
            .try_collect()
            .await
            .unwrap();
        assert_eq!(keys, ["1", "2"]);
        contacts.next().await.unwrap().unwrap_err();
        let cursor = contacts.cursor().cloned().expect("the cursor of the last page");
        assert_eq!(cursor.as_str(), "b");
        let rest = collect(client.list_contacts().from_cursor(cursor).stream())
            .await
            .unwrap();
        assert_eq!(
            (rest, received(&intercom).len()),
            (vec!["2".to_owned(), "3".to_owned()], 4)
        );
    }
    // A numbered page with another number than the requested one.
    let (_intercom, client) = scripted(|number| {
        let page = [1, 5][number];
        json!({"data": [{"id": page.to_string()}], "pages": {"page": page, "total_pages": 7}})
    })
    .await;
    let mut articles = client.list_articles().stream();
    articles.next().await.unwrap().unwrap();
    articles.next().await.unwrap().unwrap_err();
    assert_eq!(articles.cursor().map(Cursor::as_str), Some("2"));
}

/// A server or cache that returns a page twice does not make a walk return its items twice.
#[tokio::test]
async fn no_item_of_a_repeated_page_is_returned() {
    let page = |id: &str, next: Option<&str>| {
        let next = next.map(|next| json!({"starting_after": next}));
        json!({"data": [{"id": id}], "pages": {"next": next}, "total_count": 3})
    };
    let pages = [page("1", Some("b")), page("2", Some("c")), page("3", None)];
    // The numbers of the pages that the server returns. The repeated page is the previous one, or an earlier one.
    for (sent, before, cursor) in [([0, 0, 1, 2], 1, "b"), ([0, 1, 1, 2], 2, "c"), ([0, 1, 0, 2], 2, "c")] {
        let pages = pages.clone();
        let (intercom, client) = scripted(move |number| pages[sent[number]].clone()).await;
        let mut contacts = client.list_contacts().stream();
        let mut keys = Vec::new();
        let error = loop {
            match contacts.next().await.unwrap() {
                Ok(contact) => keys.push(key(&contact)),
                Err(error) => break error,
            }
        };
        assert_eq!(keys, ["1", "2", "3"][..before], "{sent:?}");
        assert!(error.to_string().contains("the same page twice"), "{error}");
        assert!(contacts.is_terminated());
        assert_eq!(contacts.cursor().map(Cursor::as_str), Some(cursor));
        let rest = client.list_contacts().from_cursor(cursor).stream();
        keys.extend(collect(rest).await.unwrap());
        assert_eq!(
            (keys.as_slice(), received(&intercom).len()),
            (&["1", "2", "3"].map(String::from)[..], 4)
        );
    }
    // The first page of a resumed walk leads to itself: it is the page that an earlier walk returned.
    let (_intercom, client) = scripted(move |number| pages[number].clone()).await;
    let mut contacts = client.list_contacts().from_cursor("b").stream().exactly_once();
    let error = contacts.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("the same page twice"), "{error}");
    contacts.resume();
    let rest: Vec<_> = contacts.map_ok(|contact| key(&contact)).try_collect().await.unwrap();
    assert_eq!(rest, ["2", "3"]);
}

/// Numbers that no Rust type holds keep their digits when the cursor or page size is added to the body.
#[tokio::test]
async fn numbers_in_a_search_keep_their_digits_on_every_page() {
    let digits = "123456789012345678901234567890";
    let query = format!(r#"{{"field":"custom_attributes.ref","operator":"=","value":{digits}}}"#);
    let filter: types::SearchFilter = serde_json::from_str(&query).unwrap();
    let group = format!(r#"{{"operator":"OR","value":[{query},{{"field":"name","operator":"=","value":1e400}}]}}"#);
    let group: types::SearchFilter = serde_json::from_str(&group).unwrap();
    let raw = serde_json::value::RawValue::from_string(format!(r#"{{"query": {query}, "score": 1.50}}"#)).unwrap();
    for kind in 0..4 {
        let (intercom, client) = scripted(|number| {
            let next = (number == 0).then(|| json!({"starting_after": "b"}));
            json!({"data": [{"id": number.to_string()}], "pages": {"next": next}})
        })
        .await;
        let found = match kind {
            0 => {
                client
                    .search_contacts()
                    .query(&filter)
                    .per_page(20)
                    .stream()
                    .count()
                    .await
            }
            1 => client.search_contacts().query(&filter).changed_since(0).count().await,
            2 => client.search_contacts().query(&group).changed_since(0).count().await,
            _ => {
                let search = client.request(Method::POST, "/contacts/search").json(&raw);
                search.stream::<Value>(Paging::CursorInBody, "data").count().await
            }
        };
        let requests = received(&intercom);
        assert_eq!((found, requests.len()), (2, 2));
        for request in &requests {
            let body = std::str::from_utf8(&request.body).unwrap();
            assert!(body.contains(digits), "{kind}: {body}");
            assert_eq!(body.contains("1e400"), kind == 2, "{body}");
            assert_eq!(body.contains("1.50"), kind == 3, "{body}");
        }
        let second = std::str::from_utf8(&requests[1].body).unwrap();
        assert!(second.contains(r#""starting_after":"b""#), "{second}");
    }
}

/// Returns the page size of a request.
fn asked_size(request: &ReceivedRequest) -> Option<u64> {
    match request.query("per_page") {
        Some(size) => size.parse().ok(),
        None if request.body.is_empty() => None,
        None => request.json()["pagination"]["per_page"].as_u64(),
    }
}

#[tokio::test]
async fn pages_that_are_too_slow_are_requested_again_with_a_smaller_size() {
    for status in [502, 504, 408] {
        let intercom = start("search_contacts", 1000).await;
        // A part of the list is too slow for pages of more than 20 items.
        intercom.on_any().respond_with(move |request| {
            let after = request.json()["pagination"]["starting_after"]
                .as_str()
                .map(str::to_owned);
            let slow = after.is_some_and(|after| after.starts_with("Wz+300"));
            (slow && asked_size(request).is_none_or(|size| size > 20)).then(|| Fault::Status(status).response())
        });
        let client = client(&intercom);
        let search = client.search_contacts().query(field("role").eq("user")).per_page(150);
        let pages: Vec<_> = search.clone().pages().try_collect().await.unwrap();
        let keys: Vec<_> = pages.iter().flat_map(|page| page.items().iter().map(key)).collect();
        assert_eq!(keys, expected(1000), "{status}");
        let sizes: Vec<_> = received(&intercom).iter().filter_map(asked_size).collect();
        assert_eq!(
            sizes,
            [150, 150, 150, 75, 37, 18, 36, 72, 144, 150, 150, 150],
            "{status}"
        );
        let reduced: Vec<_> = pages.iter().map(intercom_client::Response::reduced_page_size).collect();
        let expected = [None, None, Some(18), Some(36), Some(72), Some(144), None, None, None];
        assert_eq!(reduced, expected, "{status}");

        let mut kept = search.stream().reduce_page_size(false);
        let error = loop {
            if let Err(error) = kept.next().await.unwrap() {
                break error;
            }
        };
        assert!(error.to_string().ends_with("a smaller `per_page` can help"), "{error}");
        assert_eq!(kept.cursor().map(Cursor::as_str), Some("Wz+300/+A=="));
    }
}

#[tokio::test]
async fn pages_have_at_least_ten_items_and_numbered_pages_keep_their_size() {
    let slow = || Fault::Status(504).response();
    let intercom = start("list_contacts", 100).await;
    intercom.on_any().respond(slow());
    let error = collect(client(&intercom).list_contacts().per_page(50).stream())
        .await
        .unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("per_page"), "{error}");
    let sizes: Vec<_> = received(&intercom).iter().filter_map(asked_size).collect();
    assert_eq!(sizes, [50, 25, 12, 10]);

    let intercom = start("list_articles", 100).await;
    intercom.on_any().respond(slow());
    let mut articles = client(&intercom).list_articles().per_page(50).stream();
    let error = articles.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("a smaller `per_page` can help"), "{error}");
    assert_eq!(received(&intercom).len(), 1);

    // Other errors do not change the size.
    let intercom = start("list_contacts", 100).await;
    intercom.on_any().respond(Fault::Status(500).response());
    let error = collect(client(&intercom).list_contacts().stream()).await.unwrap_err();
    assert!(!error.to_string().contains("per_page"), "{error}");
    assert_eq!(received(&intercom).len(), 1);
}

#[tokio::test]
async fn the_page_limit_of_companies_has_its_own_error() {
    let intercom = start("list_all_companies", 40).await;
    intercom.on_any().respond_with(|request| {
        (request.query("page") == Some("2"))
            .then(|| MockResponse::error(400, "client_error", "page limit reached, please use scroll API"))
    });
    let mut companies = client(&intercom).list_all_companies().per_page(20).stream();
    let found = companies.by_ref().take(20).try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(found.len(), 20);
    let error = companies.next().await.unwrap().unwrap_err();
    assert!(error.is_page_limit() && error.is_invalid_request(), "{error}");
    assert!(error.to_string().contains("scroll over all companies"), "{error}");
    let other = MockResponse::error(400, "parameter_invalid", "page is not a number");
    intercom.on_any().respond(other);
    let error = client(&intercom).list_all_companies().send().await.unwrap_err();
    assert!(
        !error.is_page_limit() && !error.to_string().contains("scroll"),
        "{error}"
    );
}

#[tokio::test]
async fn a_search_over_a_body_that_is_no_object_is_an_error() {
    let (intercom, client) = always(r#"{"data":[{"id":"1"}],"pages":{"next":{"starting_after":"b"}}}"#).await;
    for body in [json!([1]), json!("text"), json!(7)] {
        let search = client.request(Method::POST, "/things/search").json(&body);
        let found: Vec<_> = search.stream::<Value>(Paging::CursorInBody, "data").collect().await;
        let error = found.into_iter().find_map(Result::err).unwrap();
        assert!(
            error.is_builder() && error.to_string().contains("JSON object"),
            "{error}"
        );
    }
    drop(intercom);
}

#[tokio::test]
async fn pages_are_counted_from_one() {
    let (intercom, client) = always("{}").await;
    for list in [client.list_articles().from_cursor("0"), client.list_articles().page(0)] {
        let error = list.stream().try_next().await.unwrap_err();
        assert!(error.is_builder(), "{error}: most servers treat page 0 as page 1");
    }
    assert!(received(&intercom).is_empty());
}

/// The query of the next page of events can contain an email address.
#[tokio::test]
async fn the_debug_output_of_a_stream_contains_no_cursor() {
    let next = "https://x.test/events?email=ada%40juniper.example&before=7";
    let (_intercom, client) = scripted(move |_| json!({"events": [{"id": "1"}], "pages": {"next": next}})).await;
    let mut events = client.list_data_events().type_("user").user_id("u-1").stream();
    events.try_next().await.unwrap();
    assert!(events.cursor().is_some_and(|cursor| cursor.as_str().contains("ada")));
    let shown = format!("{events:?}");
    assert!(!shown.contains("ada"), "{shown}");
}

#[tokio::test]
async fn the_debug_output_of_a_stream_shows_its_kind_and_progress() {
    let intercom = start("list_conversations", 12).await;
    let client = client(&intercom);
    let list = || client.list_conversations().per_page(5);
    let mut items = list().stream();
    items.try_next().await.unwrap();
    assert_eq!(items.size_hint(), (4, None));
    let mut once = list().stream().exactly_once();
    once.try_next().await.unwrap();
    let changes = list().stream().changed_since(7);
    let each = list().stream().retrieve_each().concurrency(3);
    for (shown, kind, progress) in [
        (
            format!("{:?}", list().pages().read_ahead(true)),
            "Pages {",
            "read_ahead: true",
        ),
        (format!("{items:?}"), "Items {", "left_in_page: 4"),
        (format!("{once:?}"), "ExactlyOnce {", "found: 1"),
        (format!("{changes:?}"), "Changes {", "since: "),
        (format!("{each:?}"), "RetrieveEach {", "concurrency: 3"),
    ] {
        assert!(shown.starts_with(kind) && shown.contains(progress), "{shown}");
    }
}

/// `select!` and other combinators do not poll a stream that has ended.
#[tokio::test]
async fn every_stream_shows_whether_it_has_ended() {
    async fn check<S: FusedStream<Item = Result<T, Error>> + Unpin, T>(mut stream: S, items: usize) {
        for item in 0..items {
            assert!(!stream.is_terminated(), "before item {item}");
            stream.next().await.unwrap().unwrap();
        }
        assert!(stream.next().await.is_none() && stream.is_terminated());
    }
    let intercom = start("list_conversations", 12).await;
    let client = client(&intercom);
    let list = || client.list_conversations().per_page(5);
    check(list().pages(), 3).await;
    check(list().pages().read_ahead(true), 3).await;
    check(list().stream(), 12).await;
    check(list().stream().exactly_once(), 12).await;
    check(list().stream().changed_since(0), 12).await;
    check(list().stream().retrieve_each().concurrency(3), 12).await;
    check(list().stream().changed_since(0).retrieve_each(), 12).await;
}

#[tokio::test]
async fn empty_cursors_are_refused() {
    let (intercom, client) = always("{}").await;
    let empty = types::StartingAfterPaging::builder().starting_after("");
    let search = client.search_contacts().query(field("role").eq("user"));
    for error in [
        client.list_contacts().from_cursor("").send().await.unwrap_err(),
        // The server returns 500 for an empty cursor.
        client.list_contacts().starting_after("").send().await.unwrap_err(),
        client.list_conversations().starting_after("").send().await.unwrap_err(),
        client
            .list_contacts()
            .starting_after("")
            .stream()
            .next()
            .await
            .unwrap()
            .unwrap_err(),
        search.body_map(|body| body.pagination(empty)).send().await.unwrap_err(),
        client
            .scroll_over_all_companies()
            .scroll_param("")
            .send()
            .await
            .unwrap_err(),
    ] {
        assert!(
            error.is_builder() && error.to_string().contains("the cursor is empty"),
            "{error}"
        );
    }
    assert!(received(&intercom).is_empty());
    assert!(
        client
            .list_articles()
            .from_cursor(" ")
            .stream()
            .try_next()
            .await
            .unwrap_err()
            .is_builder()
    );
    let (_intercom, client) = always(r#"{"data":[{"id":"1"}],"scroll_param":""}"#).await;
    let mut companies = client.scroll_over_all_companies().stream();
    companies.try_next().await.unwrap();
    assert!(
        companies
            .try_next()
            .await
            .unwrap_err()
            .to_string()
            .contains("no cursor")
    );
}

#[tokio::test]
async fn a_response_shows_whether_it_is_the_last_page() {
    for (body, last) in [
        (r#"{"data":[{}],"pages":{"next":null}}"#, true),
        (r#"{"data":[{}]}"#, true),
        (r#"{"data":[{}],"pages":{"next":{"starting_after":"a"}}}"#, false),
        (r#"{"data":[{}],"pages":{"next":{"page":2}}}"#, false),
    ] {
        let (_intercom, client) = always(body).await;
        let page = client.list_contacts().send().await.unwrap();
        assert_eq!(page.is_last(), last, "{body}");
    }
}
