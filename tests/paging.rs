//! Every list, walked page by page against a server that keeps count.

mod server;

use std::fmt::Debug;
use std::time::Duration;

use futures_util::stream::FusedStream;
use futures_util::{StreamExt, TryStreamExt};
use intercom_client::paging::{Cursor, Items, Page, Paging};
use intercom_client::{Client, Error, Method, RetryPolicy, types};
use serde::Serialize;
use serde_json::{Value, json};
use server::{Fault, Next, Server, Settings};

fn client(server: &Server) -> Client {
    Client::builder("token")
        .base_url(server.url())
        .retry(RetryPolicy::none())
        .wait_for_rate_limit(false)
        .build()
        .unwrap()
}

fn search(body: Value) -> types::SearchRequest {
    serde_json::from_value(body).unwrap()
}

fn all_people() -> types::SearchRequest {
    search(json!({"query": {"field": "role", "operator": "=", "value": "user"}}))
}

/// What tells one item from another.
fn key(item: &impl Serialize) -> String {
    let item = serde_json::to_value(item).unwrap();
    let key = item.get("id").or(item.get("name")).unwrap_or(&Value::Null);
    key.as_str().unwrap_or_else(|| panic!("{item} has no key")).to_owned()
}

/// The keys in the order in which the server holds its records.
fn expected(record: fn(usize) -> String, items: usize) -> Vec<String> {
    let value = |i| serde_json::from_str::<Value>(&record(i)).unwrap();
    (0..items).map(|i| key(&value(i))).collect()
}

/// Walks a list to its end, over as many streams as it takes, and returns the keys and how many streams failed.
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
            "ends after an error"
        );
        from = items.cursor().cloned().or(from);
        assert!(errors.len() < 100, "fails for ever: {error}");
        errors.push(error);
    }
}

/// Calls `$check!(name, make a builder, record)` for each of the lists but the scroll.
macro_rules! each_list {
    ($check:ident) => {{
        use server::records::*;
        $check!("contacts", |c: &Client| c.list_contacts(), contact);
        $check!(
            "contact search",
            |c: &Client| c.search_contacts().body(all_people()),
            contact
        );
        $check!("conversations", |c: &Client| c.list_conversations(), conversation);
        $check!(
            "conversation search",
            |c: &Client| c.search_conversations().body(all_people()),
            conversation
        );
        $check!(
            "contacts of a company",
            |c: &Client| c.list_attached_contacts_for_company().id("5f2"),
            contact
        );
        $check!("companies", |c: &Client| c.retrieve_company(), company);
        $check!("companies by POST", |c: &Client| c.list_all_companies(), company);
        $check!("articles", |c: &Client| c.list_articles(), article);
        $check!("collections", |c: &Client| c.list_all_collections(), collection);
        $check!("sections", |c: &Client| c.list_all_sections(), section);
        $check!(
            "companies of a contact",
            |c: &Client| c.list_companies_for_contact().id("5f0"),
            company
        );
        $check!("notes", |c: &Client| c.list_notes().id("5f0"), note);
        $check!("news items", |c: &Client| c.list_news_items(), news_item);
        $check!("newsfeeds", |c: &Client| c.list_newsfeeds(), newsfeed);
        $check!(
            "news of a feed",
            |c: &Client| c.list_live_newsfeed_items().id("7"),
            news_item
        );
        $check!(
            "activity logs",
            |c: &Client| c.list_activity_logs().created_at_after(1_700_000_000),
            activity_log
        );
        $check!(
            "events",
            |c: &Client| c.list_data_events().type_("user").user_id("u-1"),
            event
        );
    }};
}

async fn collect<P>(items: Items<P>) -> Result<Vec<String>, Error>
where
    P: Page<Item: Serialize>,
{
    items.map_ok(|item| key(&item)).try_collect().await
}

#[tokio::test]
async fn every_list_gives_every_item_once_and_in_order() {
    for items in [1000, 51, 50, 1, 0] {
        let mut lists = 0;
        macro_rules! check {
            ($name:expr, $make:expr, $record:expr) => {
                let server = Server::start(items).await;
                let client = client(&server);
                let keys = collect($make(&client).stream()).await.unwrap();
                assert_eq!(keys, expected($record, items), "{}", $name);
                let seen = server.seen();
                let least = [25, 50].map(|per_page: usize| items.div_ceil(per_page).max(1));
                assert!(least.contains(&seen.len()), "{}: {} requests", $name, seen.len());
                lists += 1;
            };
        }
        each_list!(check);
        assert_eq!(lists, 17);
    }
}

#[tokio::test]
async fn every_list_tells_its_items_apart_by_their_ids() {
    macro_rules! check {
        ($name:expr, $make:expr, $record:expr) => {
            let server = Server::start(60).await;
            let mut items = $make(&client(&server)).stream().exactly_once();
            let keys: Vec<_> = items
                .by_ref()
                .map_ok(|item| key(&item))
                .try_collect()
                .await
                .unwrap();
            assert_eq!(keys, expected($record, 60), "{}", $name);
            assert_eq!(items.ids().count(), 60, "{}", $name);
        };
    }
    each_list!(check);
}

#[tokio::test]
async fn lists_of_one_answer_are_walked_like_the_others() {
    for items in [120, 1, 0] {
        let server = Server::start(items).await;
        let client = client(&server);
        let mut lists = 0;
        macro_rules! check {
            ($list:expr) => {
                let list = $list;
                let before = server.seen().len();
                let mut all = list.clone().stream().read_ahead(true);
                let keys: Vec<_> = all
                    .by_ref()
                    .map_ok(|item| key(&item))
                    .try_collect()
                    .await
                    .unwrap();
                assert_eq!(keys, expected(server::records::named, items));
                assert_eq!((all.cursor(), all.is_terminated()), (None, true));
                let pages: Vec<_> = list.pages().try_collect().await.unwrap();
                assert_eq!((pages.len(), pages[0].items().len()), (1, items));
                assert!(pages[0].is_last() && pages[0].next_cursor().is_none());
                assert_eq!(server.seen().len(), before + 2, "one request each");
                lists += 1;
            };
        }
        check!(client.list_admins());
        check!(client.list_help_centers());
        check!(client.list_attached_segments_for_company().id("5f2"));
        check!(client.list_segments_for_contact().contact_id("5f0"));
        check!(client.list_subscriptions_for_contact().contact_id("5f0"));
        check!(client.list_tags_for_contact().contact_id("5f0"));
        check!(client.list_data_attributes());
        check!(client.list_segments());
        check!(client.list_subscription_types());
        check!(client.list_tags());
        check!(client.list_teams());
        check!(client.list_ticket_types());
        assert_eq!(lists, 12);
        let raw = client
            .request(Method::GET, "/tags")
            .stream::<Value>(Paging::Unpaged, "data");
        assert_eq!(raw.try_collect::<Vec<_>>().await.unwrap().len(), items);
    }
}

#[tokio::test]
async fn a_scroll_gives_every_item_once_and_ends_with_an_empty_page() {
    let server = Server::start(1000).await;
    let keys = collect(client(&server).scroll_over_all_companies().stream())
        .await
        .unwrap();
    assert_eq!(keys, expected(server::records::company, 1000));
    let parameters: Vec<_> = server
        .seen()
        .iter()
        .map(|page| page.query("scroll_param").map(str::to_owned))
        .collect();
    assert_eq!(parameters[0], None);
    assert_eq!(parameters[1..], vec![Some("scroll+1==".to_owned()); 10]);
}

#[tokio::test]
async fn a_walk_that_fails_at_every_page_goes_on_from_its_cursor() {
    for fault in [Fault::Status(502), Fault::Reset, Fault::TooMany] {
        macro_rules! check {
            ($name:expr, $make:expr, $record:expr) => {
                let server = Server::start(1000).await;
                // Every page fails once, then comes.
                (0..40).for_each(|page| server.fault(2 * page, fault));
                let client = client(&server);
                let (keys, errors) = walk(|cursor| {
                    let list = $make(&client);
                    cursor
                        .into_iter()
                        .fold(list, |list, cursor| list.from_cursor(cursor))
                        .stream()
                })
                .await;
                assert_eq!(keys, expected($record, 1000), "{}", $name);
                assert!(
                    errors.len() == 20 || errors.len() == 40,
                    "{}: {} failures",
                    $name,
                    errors.len()
                );
                assert!(errors.iter().all(Error::is_retryable), "{}: {errors:?}", $name);
                assert_eq!(server.seen().len(), 2 * errors.len(), "{}", $name);
            };
        }
        each_list!(check);
    }
}

#[tokio::test]
async fn retries_inside_a_walk_are_not_seen() {
    let server = Server::start(300).await;
    for (request, fault) in [(1, Fault::Status(503)), (3, Fault::Reset), (5, Fault::TooMany)] {
        server.fault(request, fault);
    }
    let quick = RetryPolicy::default().base(Duration::from_millis(1));
    let keys = collect(
        client(&server)
            .search_contacts()
            .body(all_people())
            .retry(quick)
            .stream(),
    )
    .await
    .unwrap();
    assert_eq!(keys, expected(server::records::contact, 300));
    assert_eq!(server.seen().len(), 6 + 3);
}

#[tokio::test]
async fn a_scroll_goes_on_where_it_can_and_says_where_it_cannot() {
    let server = Server::start(1000).await;
    // A 429 at every page loses nothing: the server did nothing.
    (0..11).for_each(|page| server.fault(2 * page, Fault::TooMany));
    let client_of_it = client(&server);
    let (keys, errors) = walk(|cursor| {
        let list = client_of_it.scroll_over_all_companies();
        cursor
            .into_iter()
            .fold(list, |list, cursor| list.from_cursor(cursor))
            .stream()
    })
    .await;
    assert_eq!((keys, errors.len()), (expected(server::records::company, 1000), 11));
    assert!(
        errors
            .iter()
            .all(|error| error.is_rate_limited() && !error.is_scroll_restart())
    );

    let mut ahead = client_of_it.scroll_over_all_companies().stream().read_ahead(true);
    ahead.try_next().await.unwrap();
    assert_eq!(ahead.cursor(), None, "a page is on its way, the server moves on");
    assert_eq!(
        collect(ahead).await.unwrap(),
        expected(server::records::company, 1000)[1..]
    );

    for fault in [Fault::Status(500), Fault::Reset] {
        let server = Server::with(250, Settings::default()).await;
        server.fault(1, fault);
        let patient = RetryPolicy::default().base(Duration::from_millis(1));
        let client = Client::builder("token")
            .base_url(server.url())
            .retry(patient)
            .build()
            .unwrap();
        let mut items = client.scroll_over_all_companies().idempotent(true).stream();
        let delivered = items
            .by_ref()
            .take_while(|item| std::future::ready(item.is_ok()))
            .count()
            .await;
        assert_eq!(delivered, 100);
        assert_eq!(server.seen().len(), 2, "the page is not asked for again");
        assert_eq!(items.cursor(), None, "the server has moved on");
    }
}

#[tokio::test]
async fn a_scroll_that_lost_a_page_begins_anew_and_gives_every_item_once() {
    let settings = Settings {
        scroll_idle: Some(Duration::from_millis(50)),
        ..Default::default()
    };
    let server = Server::with(250, settings).await;
    server.fault(2, Fault::Status(500));
    let mut companies = client(&server).scroll_over_all_companies().stream().exactly_once();
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
    assert_eq!((keys, restarts), (expected(server::records::company, 250), 1));
}

#[tokio::test]
async fn scroll_errors_are_told_apart() {
    let server = Server::with(
        250,
        Settings {
            scroll_idle: Some(Duration::from_millis(50)),
            ..Default::default()
        },
    )
    .await;
    let client = client(&server);
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

    server.fault(server.seen().len(), Fault::Status(500));
    let lost = client.scroll_over_all_companies().send().await.unwrap_err();
    assert!(lost.is_scroll_restart() && !lost.is_scroll_expired() && !lost.is_scroll_exists());

    // Whatever the operation is called: a scroll is told by how its list goes on.
    server.fault(server.seen().len(), Fault::Status(500));
    let raw = client.request(Method::GET, "/companies/scroll");
    let mut pages = raw.pages::<Value>(Paging::Scroll, "data");
    assert!(pages.try_next().await.unwrap_err().is_scroll_restart());
}

#[tokio::test]
async fn pages_are_whole_answers_with_cursors() {
    let server = Server::start(120).await;
    let client = client(&server);
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
    assert_eq!(rest, expected(server::records::contact, 120)[100..]);
    assert!(
        server
            .seen()
            .iter()
            .take(4)
            .all(|seen| seen.query("per_page") == Some("50"))
    );
}

#[tokio::test]
async fn parameters_and_body_go_with_every_page() {
    let server = Server::start(40).await;
    let client = client(&server);
    let query = json!({"field": "role", "operator": "=", "value": "user"});
    let body = search(json!({"query": query, "pagination": {"per_page": 15}}));
    collect(client.search_contacts().body(body).stream()).await.unwrap();
    let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(
        bodies,
        [
            json!({"query": query, "pagination": {"per_page": 15}}),
            json!({"query": query, "pagination": {"per_page": 15, "starting_after": "Wz+15/+A=="}}),
            json!({"query": query, "pagination": {"per_page": 15, "starting_after": "Wz+30/+A=="}}),
        ]
    );

    let before = server.seen().len();
    let keys = collect(client.list_all_companies().order("asc").page(2).per_page(15).stream())
        .await
        .unwrap();
    assert_eq!(keys, expected(server::records::company, 40)[15..]);
    let queries: Vec<_> = server.seen()[before..].iter().map(|seen| seen.query.clone()).collect();
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
async fn a_list_that_leads_back_is_an_error() {
    let server = Server::with(
        100,
        Settings {
            next: Next::Stuck,
            ..Default::default()
        },
    )
    .await;
    let mut pages = client(&server).list_contacts().per_page(10).pages();
    assert!(pages.try_next().await.unwrap().is_some());
    assert!(
        pages.try_next().await.unwrap().is_some(),
        "what is wrong is the page after this one"
    );
    let error = pages.try_next().await.unwrap_err();
    assert!(error.to_string().contains("repeats"), "{error}");
    assert!(!error.is_retryable() && error.request_id() == Some("request-1"));
    assert!(pages.is_terminated() && pages.next().await.is_none());
    assert_eq!(server.seen().len(), 2);

    let server = Server::with(
        100,
        Settings {
            next: Next::FirstPageAlways,
            ..Default::default()
        },
    )
    .await;
    let mut items = client(&server).list_articles().stream();
    let delivered = items
        .by_ref()
        .take_while(|item| std::future::ready(item.is_ok()))
        .count()
        .await;
    assert_eq!((delivered, server.seen().len()), (25, 2));
    let page = client(&server).list_articles().page(3).pages().next().await.unwrap();
    assert!(page.unwrap_err().to_string().contains("another page"));
}

#[tokio::test]
async fn nothing_is_fetched_before_it_is_wanted() {
    let server = Server::start(100).await;
    let client = client(&server);
    drop(client.list_contacts().stream());
    let mut items = client.list_contacts().per_page(10).stream();
    assert_eq!((server.seen().len(), items.total_count()), (0, None));
    for n in 1..=10 {
        items.try_next().await.unwrap().unwrap();
        assert_eq!((items.left_in_page(), items.total_count()), (10 - n, Some(100)));
    }
    assert_eq!(server.seen().len(), 1);
    assert_eq!(items.cursor().map(Cursor::as_str), Some("Wz+10/+A=="));
}

#[tokio::test]
async fn mistakes_are_the_first_and_only_item() {
    let server = Server::start(1).await;
    let client = client(&server);
    let mut items = client.list_notes().stream();
    assert!(items.next().await.unwrap().unwrap_err().is_builder());
    assert!(items.next().await.is_none() && items.is_terminated());
    let mut pages = client.list_articles().from_cursor("not a number").pages();
    assert!(pages.next().await.unwrap().unwrap_err().is_builder());
    assert!(pages.next().await.is_none());
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let settings = Settings {
        latency: Duration::from_millis(40),
        ..Default::default()
    };
    for read_ahead in [false, true] {
        let server = Server::with(100, Settings { ..settings }).await;
        let mut items = client(&server)
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
        assert_eq!(keys, expected(server::records::contact, 100));
        assert!(dropped > 0);
        assert_eq!(server.seen().len(), 5, "no page is asked for again");
    }
}

#[tokio::test]
async fn reading_ahead_fetches_one_page_more() {
    let server = Server::start(100).await;
    let mut items = client(&server).list_contacts().per_page(20).stream().read_ahead(true);
    items.try_next().await.unwrap();
    while server.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(server.seen().len(), 2);
    assert_eq!(
        items.cursor().map(Cursor::as_str),
        Some("Wz+20/+A=="),
        "the page after the one delivered"
    );
    let rest = collect(items).await.unwrap();
    assert_eq!(rest, expected(server::records::contact, 100)[1..]);
    assert_eq!(server.seen().len(), 5);

    let server = Server::start(1000).await;
    server.fault(3, Fault::Status(502));
    let client = client(&server);
    let (keys, errors) = walk(|cursor| {
        let list = client.list_contacts();
        cursor
            .into_iter()
            .fold(list, |list, cursor| list.from_cursor(cursor))
            .stream()
            .read_ahead(true)
    })
    .await;
    assert_eq!((keys, errors.len()), (expected(server::records::contact, 1000), 1));
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

/// A server that answers every request with this body.
async fn always(body: &'static str) -> Client {
    let router = axum::Router::new().fallback(move || async move { body });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Client::builder("token").base_url(url).build().unwrap()
}

#[tokio::test]
async fn a_server_that_ignores_the_page_is_not_walked_for_ever() {
    let client = always(r#"{"data":[{"id":"1"}],"pages":{"next":"https://x.test/articles"}}"#).await;
    let mut articles = client.list_articles().stream();
    assert_eq!(articles.try_next().await.unwrap().unwrap().id.as_deref(), Some("1"));
    let error = articles.try_next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "list_articles: the answer is the page before once more"
    );
    assert!(articles.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn empty_cursors_are_no_first_page() {
    let client = always("{}").await;
    let error = client.list_contacts().from_cursor("").send().await.unwrap_err();
    assert!(error.is_builder(), "{error}");
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
    let client = always(r#"{"data":[{"id":"1"}],"scroll_param":""}"#).await;
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
async fn an_answer_says_whether_it_is_the_last_page() {
    for (body, last) in [
        (r#"{"data":[{}],"pages":{"next":null}}"#, true),
        (r#"{"data":[{}]}"#, true),
        (r#"{"data":[{}],"pages":{"next":{"starting_after":"a"}}}"#, false),
        (r#"{"data":[{}],"pages":{"next":{"page":2}}}"#, false),
    ] {
        let page = always(body).await.list_contacts().send().await.unwrap();
        assert_eq!(page.is_last(), last, "{body}");
    }
}
