//! Walks that return every item once, and walks of changes, while records change, the order of equal times differs in each
//! response, and searches compare dates by days.

#[allow(dead_code)]
#[path = "transport/server.rs"]
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream::FusedStream;
use futures_util::{StreamExt, TryStreamExt};
use http_body_util::Full;
use intercom_client::paging::{Changes, Dated, Identified, Page, Paging};
use intercom_client::search::field;
use intercom_client::{Client, Method, RetryPolicy, Timestamp};
use serde_json::{Value, json};
use server::{Move, Request, Server, response};

/// A time that is not at midnight.
const NOON: i64 = 1_731_500_000;
const DAY: i64 = 86_400;

/// The order and paging of a list or search.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Numbered pages, the last change first; items with equal times have another order in each response.
    Numbered,
    /// Numbered pages in the order of creation.
    ByCreation,
    /// A search whose cursor is the last record that was read.
    ByRecord,
    /// A search whose cursor is a number of records.
    ByCount,
}

/// The records and the state of a server.
struct Records {
    kind: Kind,
    per_page: usize,
    changed: BTreeMap<u64, i64>,
    /// The times at which records were created, if the server reports them.
    created: BTreeMap<u64, i64>,
    /// The id of the next record.
    next: u64,
    /// The source of the changes between two requests.
    random: fastrand::Rng,
    /// The server's clock in epoch seconds. Each request advances it by a second.
    now: i64,
    /// The offset of the workspace's time zone in seconds, if the search compares dates by days.
    days: Option<i64>,
    /// Changes the records between two requests.
    between: fn(&mut Records),
    requests: usize,
    /// Requests that fail, by their number counted from 0.
    failing: BTreeSet<usize>,
}

type Shared = Arc<Mutex<Records>>;

impl Records {
    fn new(kind: Kind, records: u64, changed: impl Fn(u64) -> i64) -> Self {
        Self {
            kind,
            per_page: 10,
            changed: (0..records).map(|id| (id, changed(id))).collect(),
            created: BTreeMap::new(),
            next: records,
            random: fastrand::Rng::with_seed(7),
            now: NOON,
            days: None,
            between: |_| {},
            requests: 0,
            failing: BTreeSet::new(),
        }
    }

    /// Starts a server for the records and returns it with a client.
    async fn serve(self) -> (Server, Client, Shared) {
        let records = Arc::new(Mutex::new(self));
        let shared = Arc::clone(&records);
        let server = Server::serve(move |request| shared.lock().unwrap().answer(request)).await;
        let settings = Client::builder("token").base_url(&server.url);
        let client = settings.retry(RetryPolicy::none()).build().unwrap();
        (server, client, records)
    }

    /// Returns a client whose requests are processed without a socket.
    fn client(self) -> (Client, Shared) {
        let records = Arc::new(Mutex::new(self));
        let shared = Arc::clone(&records);
        let service = tower::service_fn(move |request: http::Request<Bytes>| {
            let target = request.uri().to_string();
            let (status, date, body) = shared.lock().unwrap().respond(&target, request.body());
            let response = http::Response::builder().status(status).header("date", date);
            let response = response.header("content-type", "application/json");
            std::future::ready(response.body(Full::from(body)))
        });
        let settings = Client::builder("token").http_service(service);
        (settings.retry(RetryPolicy::none()).build().unwrap(), records)
    }

    /// Returns the records, the last change first. Records with equal times are sorted by id, or have another order for each request.
    fn order(&self) -> Vec<(i64, u64)> {
        let mut order: Vec<_> = self.changed.iter().map(|(id, changed)| (*changed, *id)).collect();
        if self.kind == Kind::ByCreation {
            order.sort_by_key(|(_, id)| *id);
            return order;
        }
        order.sort_by_key(|(changed, id)| {
            let place = match self.kind {
                Kind::Numbered => fastrand::Rng::with_seed(1000 * self.requests as u64 + id).u64(..),
                _ => *id,
            };
            (-changed, place)
        });
        order
    }

    fn answer(&mut self, request: &Request) -> Vec<Move> {
        let (status, date, body) = self.respond(&request.target, &request.body);
        vec![response(status, &[("date", &date)], body)]
    }

    /// Returns the status, date and body of the response to a request.
    fn respond(&mut self, target: &str, request: &[u8]) -> (u16, String, String) {
        let body = match self.failing.contains(&self.requests) {
            true => None,
            false if matches!(self.kind, Kind::Numbered | Kind::ByCreation) => Some(self.page(target)),
            false => Some(self.found(&serde_json::from_slice(request).unwrap())),
        };
        let date = UNIX_EPOCH + Duration::from_secs(self.now as u64);
        let date = httpdate::fmt_http_date(date);
        self.requests += 1;
        self.now += 1;
        (self.between)(self);
        match body {
            Some(body) => (200, date, body.to_string()),
            None => (502, date, String::new()),
        }
    }

    fn page(&self, target: &str) -> Value {
        let page = target.split(['?', '&']).find_map(|pair| pair.strip_prefix("page="));
        let page: usize = page.map_or(1, |page| page.parse().unwrap());
        let order = self.order();
        let items = order.iter().skip((page - 1) * self.per_page).take(self.per_page);
        json!({
            "type": "list",
            "data": items.map(|item| {
                let mut record = record(item);
                if let Some(created) = self.created.get(&item.1) {
                    record["created_at"] = json!(created);
                }
                record
            }).collect::<Vec<_>>(),
            "total_count": order.len(),
            "pages": {"type": "pages", "page": page, "total_pages": order.len().div_ceil(self.per_page)},
        })
    }

    fn found(&self, body: &Value) -> Value {
        assert_eq!(body["sort"], json!({"field": "updated_at", "order": "descending"}));
        assert_eq!(
            (&body["query"]["field"], &body["query"]["operator"]),
            (&json!("updated_at"), &json!(">"))
        );
        let after = body["query"]["value"].as_i64().unwrap();
        let matches = |changed: i64| match self.days {
            Some(zone) => (changed + zone).div_euclid(DAY) > (after + zone).div_euclid(DAY),
            None => changed >= after,
        };
        let mut order = self.order();
        order.retain(|(changed, _)| matches(*changed));
        let total = order.len();
        let cursor = body["pagination"]["starting_after"].as_str();
        let numbers: Vec<i64> = cursor
            .into_iter()
            .flat_map(|text| text.split('-'))
            .map(|n| n.parse().unwrap())
            .collect();
        let (mut rest, read) = match (self.kind, numbers.as_slice()) {
            (_, []) => (order, 0),
            (Kind::ByCount, [read]) => (order.split_off((*read as usize).min(total)), *read as usize),
            (_, [changed, id]) => {
                order.retain(|(other, other_id)| (-other, *other_id) > (-changed, *id as u64));
                (order, 0)
            }
            other => panic!("{other:?}"),
        };
        let more = rest.len() > self.per_page;
        rest.truncate(self.per_page);
        let next = match (self.kind, rest.last()) {
            (Kind::ByCount, _) => (read + rest.len()).to_string(),
            (_, last) => last.map_or(String::new(), |(changed, id)| format!("{changed}-{id}")),
        };
        let next = more.then(|| json!({"starting_after": next}));
        let items: Vec<_> = rest.iter().map(record).collect();
        json!({"type": "list", "data": items, "conversations": items, "total_count": total, "pages": {"next": next}})
    }
}

fn record((changed, id): &(i64, u64)) -> Value {
    json!({"id": id.to_string(), "updated_at": changed})
}

/// Returns the same time for three records each.
fn threes(id: u64) -> i64 {
    NOON - id as i64 / 3
}

fn number(id: Option<&str>) -> u64 {
    id.unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_item_is_returned_once_although_the_order_of_equal_times_varies() {
    let (_server, client, records) = Records::new(Kind::Numbered, 213, threes).serve().await;
    let articles: Vec<_> = client.list_articles().stream().try_collect().await.unwrap();
    let plain: BTreeSet<_> = articles.iter().map(|article| number(article.id.as_deref())).collect();
    assert!(plain.len() < articles.len(), "the plain walk returned every item once");

    records.lock().unwrap().requests = 0;
    let mut once = client.list_articles().stream().exactly_once();
    let mut found = Vec::new();
    let error = loop {
        match once.next().await.unwrap() {
            Ok(article) => found.push(number(article.id.as_deref())),
            Err(error) => break error,
        }
    };
    let distinct: BTreeSet<_> = found.iter().copied().collect();
    assert_eq!(distinct.len(), found.len());
    assert!(error.is_incomplete() && !error.is_retryable() && error.operation() == "list_articles");
    let text = format!(
        "list_articles: the walk found {} of the 213 items that the list counts",
        found.len()
    );
    assert_eq!(error.to_string(), text);
    assert!(once.is_terminated() && once.next().await.is_none());

    // Further passes return the missing items only.
    for pass in 2.. {
        assert!(pass < 20, "the walk is not complete after {pass} passes");
        once.resume();
        let items: Vec<_> = once.by_ref().collect().await;
        let articles = items.iter().filter_map(|item| item.as_ref().ok());
        found.extend(articles.map(|article| number(article.id.as_deref())));
        if items.iter().all(Result::is_ok) {
            break;
        }
    }
    found.sort_unstable();
    assert_eq!(found, (0..213).collect::<Vec<_>>());
    assert_eq!(once.ids().count(), 213);
    once.resume();
    assert!(once.next().await.is_none(), "the walk was complete");
}

#[tokio::test]
async fn passes_are_made_until_no_item_is_missing() {
    let (server, client, _) = Records::new(Kind::Numbered, 213, threes).serve().await;
    let once = client.list_articles().stream().exactly_once().max_passes(5);
    let found: Vec<_> = once.read_ahead(true).try_collect().await.unwrap();
    assert_eq!(found.len(), 213);
    let passes = server.requests().len() as f64 / 22.0;
    assert!([2.0, 3.0, 4.0, 5.0].contains(&passes), "{passes} passes");

    // A small page is equal to the previous one by chance.
    let requests = Mutex::new(["1", "1", "1", "2"].into_iter());
    let server = Server::serve(move |_| {
        let id = requests.lock().unwrap().next();
        let body = json!({"data": [{"id": id}], "total_count": 2, "pages": {"total_pages": 2}});
        vec![response(200, &[], body.to_string())]
    })
    .await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let once = client.list_articles().stream().exactly_once().max_passes(2);
    assert_eq!(once.try_collect::<Vec<_>>().await.unwrap().len(), 2);

    // Two passes agree on the difference between the count and the items.
    let page = |count: usize| {
        let pages = json!({"page": 1, "total_pages": 1});
        json!({"data": [{"id": "1"}, 7], "total_count": count, "pages": pages}).to_string()
    };
    let server = Server::serve(move |_| vec![response(200, &[], page(2))]).await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let mut once = client.list_articles().stream().exactly_once().max_passes(5);
    assert_eq!(once.by_ref().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert_eq!((server.requests().len(), once.total_count()), (2, Some(2)));
    let mut changes = client.list_articles().changed_since(0);
    assert_eq!(changes.by_ref().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert!(changes.watermark().is_some());

    // The walk ends if the count is never reached.
    let counts = Mutex::new(2..);
    let server = Server::serve(move |_| vec![response(200, &[], page(counts.lock().unwrap().next().unwrap()))]).await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let mut once = client.list_articles().stream().exactly_once().max_passes(u32::MAX);
    assert!(once.next().await.unwrap().is_ok());
    let end = tokio::time::timeout(Duration::from_secs(60), once.next()).await;
    let error = end.expect("the walk does not end").unwrap().unwrap_err();
    assert!(error.is_incomplete() && server.requests().len() == 11, "{error}");

    // One pass is enough if all times differ.
    let (server, client, _) = Records::new(Kind::Numbered, 213, |id| NOON - id as i64).serve().await;
    let found: Vec<_> = client
        .list_articles()
        .stream()
        .exactly_once()
        .max_passes(5)
        .try_collect()
        .await
        .unwrap();
    assert_eq!((found.len(), server.requests().len()), (213, 22));
}

#[tokio::test]
async fn a_walk_resumes_after_an_error_and_in_another_process() {
    let mut records = Records::new(Kind::Numbered, 50, |id| NOON - id as i64);
    records.failing = [0, 3].into();
    let (server, client, _) = records.serve().await;
    let mut once = client.list_articles().stream().exactly_once();
    let mut found = Vec::new();
    let mut errors = 0;
    while let Some(article) = once.next().await {
        match article {
            Ok(article) => found.push(number(article.id.as_deref())),
            Err(error) => {
                assert!(error.is_retryable() && once.next().await.is_none());
                errors += 1;
                once.resume();
            }
        }
    }
    assert_eq!((found, errors), ((0..50).collect(), 2));
    assert_eq!(
        server.requests().len(),
        5 + 2,
        "only pages that failed are requested again"
    );

    let stored: Vec<String> = (0..33).map(|id| id.to_string()).collect();
    for list in [
        client.list_articles(),
        client.list_articles().from_cursor("4"),
        client.list_articles().page(4),
    ] {
        let rest: Vec<_> = list.stream().exactly_once().seen(&stored).try_collect().await.unwrap();
        let rest: Vec<_> = rest.iter().map(|article| number(article.id.as_deref())).collect();
        assert_eq!(rest, (33..50).collect::<Vec<_>>());
    }
    let last = client.list_articles().from_cursor("5").stream().exactly_once();
    assert_eq!(
        last.try_collect::<Vec<_>>().await.unwrap().len(),
        10,
        "items before the cursor are not missing"
    );
    let error = client
        .list_articles()
        .from_cursor("5")
        .stream()
        .exactly_once()
        .seen(["0"]);
    assert!(error.try_collect::<Vec<_>>().await.unwrap_err().is_incomplete());
}

#[tokio::test]
async fn items_without_an_id_and_lists_without_a_count_are_walked_too() {
    let body =
        |count: Value| json!({"data": [{"id": 1}, {}, {"id": "1"}, {"id": ""}, {"id": 2}], "total_count": count});
    for (count, fits) in [
        (json!(4), true),
        (Value::Null, true),
        (json!(3), true),
        (json!(5), false),
    ] {
        let body = body(count).to_string();
        let server = Server::serve(move |_| vec![response(200, &[], &body)]).await;
        let client = Client::builder("token").base_url(&server.url).build().unwrap();
        let list = client
            .request(Method::GET, "/things")
            .stream::<Value>(Paging::Page, "data");
        let mut once = list.exactly_once().max_passes(2);
        let found = once
            .by_ref()
            .take_while(|item| std::future::ready(item.is_ok()))
            .count()
            .await;
        assert_eq!((found, once.ids().count()), (4, 2));
        assert_eq!(server.requests().len(), if fits { 1 } else { 2 });
    }
}

/// The same items on ever new pages.
#[tokio::test]
async fn a_list_that_repeats_its_items_ends_with_an_error() {
    let server = Server::serve(|request| {
        let page = request
            .target
            .split("page=")
            .nth(1)
            .map_or(1, |page| page.parse().unwrap());
        let items = [page % 7, page % 5].map(|id: u64| json!({"id": id.to_string()}));
        let next = format!("https://x.test/articles?page={}", page + 1);
        let body = json!({"data": items, "pages": {"next": next}});
        vec![response(200, &[], body.to_string())]
    })
    .await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let mut once = client.list_articles().stream().exactly_once();
    let walk = tokio::time::timeout(Duration::from_secs(60), once.by_ref().collect::<Vec<_>>());
    let items = walk.await.expect("the walk does not end");
    let (last, found) = items.split_last().unwrap();
    assert!(last.as_ref().unwrap_err().to_string().contains("no new items"));
    assert!(found.len() == 7 && found.iter().all(Result::is_ok) && once.is_terminated());
}

/// The data that a program stores: the last change of each record and the watermark.
struct Store {
    changed: BTreeMap<u64, i64>,
    watermark: Timestamp,
    deliveries: usize,
}

impl Store {
    /// Stores the changes; returns `true` if the walk is complete.
    async fn sync<P: Page<Item: Dated>>(&mut self, mut changes: Changes<P>) -> bool {
        let mut ids = BTreeSet::new();
        while let Some(item) = changes.next().await {
            assert_eq!(changes.watermark(), None, "a watermark before the end");
            let Ok(item) = item else { return false };
            let (id, changed) = (number(item.identity().as_deref()), item.last_changed().unwrap());
            assert!(ids.insert(id), "an item was returned twice");
            assert!(changed >= self.watermark);
            self.changed.insert(id, changed.as_seconds());
            self.deliveries += 1;
        }
        let watermark = changes.watermark().unwrap();
        assert!(watermark >= self.watermark);
        self.watermark = watermark;
        true
    }
}

/// Changes some records, and sometimes creates one.
fn some_change(records: &mut Records) {
    let random = |below: u64| fastrand::u64(..below);
    for _ in 0..random(4) {
        let id = random(records.changed.len() as u64);
        records.changed.insert(id, records.now);
    }
    if random(5) == 0 {
        let id = records.changed.len() as u64;
        records.changed.insert(id, records.now);
    }
}

#[tokio::test]
async fn no_change_is_lost_while_records_change_during_the_walk() {
    fastrand::seed(9);
    for kind in [Kind::Numbered, Kind::ByRecord, Kind::ByCount] {
        for days in [None, Some(-8 * 3600), Some(13 * 3600)] {
            let mut records = Records::new(kind, 200, |id| NOON - 5 * DAY + id as i64 / 3);
            records.days = days;
            records.between = some_change;
            let (_server, client, records) = records.serve().await;
            let mut store = Store {
                changed: BTreeMap::new(),
                watermark: Timestamp::from(0),
                deliveries: 0,
            };
            for run in 0..8 {
                if run == 7 {
                    records.lock().unwrap().between = |_| {};
                }
                // An incomplete walk is repeated.
                for attempt in 0.. {
                    assert!(attempt < 50, "{kind:?}: no walk is complete");
                    let since = store.watermark;
                    let ended = match (kind, days) {
                        (Kind::Numbered, _) => {
                            let articles = client.list_articles().changed_since(since).overlap(Duration::ZERO);
                            store.sync(articles).await
                        }
                        (_, None) => {
                            let search = client.search_conversations().changed_since(since);
                            store.sync(search.overlap(Duration::ZERO)).await
                        }
                        (_, Some(_)) => {
                            let search = client.search_contacts().changed_since(since);
                            store.sync(search.overlap(Duration::ZERO)).await
                        }
                    };
                    if ended {
                        break;
                    }
                }
            }
            let records = records.lock().unwrap();
            let stored = |id, changed| store.changed.get(id) == Some(changed);
            let lost: Vec<_> = records
                .changed
                .iter()
                .filter(|(id, changed)| !stored(*id, *changed))
                .collect();
            assert!(lost.is_empty(), "{kind:?} {days:?}: {lost:?}");
            // An incomplete walk of a numbered list returns items that the next walk returns again.
            if kind != Kind::Numbered {
                assert!(
                    store.deliveries < 4 * records.changed.len(),
                    "items that did not change were returned"
                );
            }
        }
    }
}

/// Changes, creates and deletes up to three records.
fn anything(records: &mut Records) {
    for _ in 0..records.random.usize(..4) {
        let ids: Vec<u64> = records.changed.keys().copied().collect();
        let id = records.random.choice(ids).unwrap_or_default();
        match records.random.usize(..6) {
            0 | 1 if records.changed.len() > 1 => drop(records.changed.remove(&id)),
            2 => {
                let id = records.next;
                records.next += 1;
                records.changed.insert(id, records.now);
                if !records.created.is_empty() {
                    records.created.insert(id, records.now);
                }
            }
            _ => drop(records.changed.insert(id, records.now)),
        }
    }
}

/// Returns records whose number, order and page size depend on the seed.
fn workspace(seed: u64) -> Records {
    let mut random = fastrand::Rng::with_seed(seed);
    let kind = if seed.is_multiple_of(2) {
        Kind::Numbered
    } else {
        Kind::ByCreation
    };
    let ties = random.i64(1..5);
    let mut records = Records::new(kind, random.u64(1..60), |id| NOON - 1000 - id as i64 / ties);
    if random.bool() {
        records.created = records.changed.clone();
    }
    records.per_page = random.usize(3..12);
    records.random = random;
    records
}

#[tokio::test]
async fn no_change_is_lost_in_numbered_lists_while_records_are_deleted_during_the_walk() {
    let mut complete = 0;
    for seed in 0..60 {
        let (client, records) = workspace(seed).client();
        let mut store = Store {
            changed: BTreeMap::new(),
            watermark: Timestamp::from(0),
            deliveries: 0,
        };
        for run in 0..12 {
            // Nothing changes during the last run, so that it can be complete.
            let between = if run % 4 < 3 && run < 11 {
                anything
            } else {
                |_: &mut Records| {}
            };
            records.lock().unwrap().between = between;
            let changes = client.list_articles().changed_since(store.watermark);
            complete += u32::from(store.sync(changes.overlap(Duration::ZERO)).await);
        }
        let records = records.lock().unwrap();
        let stored = |id, changed| store.changed.get(id) == Some(changed);
        let lost: Vec<_> = records
            .changed
            .iter()
            .filter(|(id, changed)| !stored(*id, *changed))
            .collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?}");
    }
    assert!(complete > 60 * 6, "only {complete} of 720 walks are complete");
}

#[tokio::test]
async fn a_complete_walk_has_every_item_that_existed_throughout() {
    let mut complete = 0;
    for seed in 0..100 {
        let passes = 1 + seed as u32 % 5;
        let (client, records) = workspace(seed).client();
        let before: BTreeSet<u64> = records.lock().unwrap().changed.keys().copied().collect();
        records.lock().unwrap().between = anything;
        let articles = client.list_articles().stream().exactly_once().max_passes(passes);
        let items: Vec<_> = articles.collect().await;
        let found: Vec<_> = items.iter().filter_map(|item| item.as_ref().ok()).collect();
        let ids: BTreeSet<u64> = found.iter().map(|article| number(article.id.as_deref())).collect();
        assert_eq!(ids.len(), found.len(), "seed {seed}: an item was returned twice");
        match items.last() {
            Some(Err(error)) => assert!(error.is_incomplete(), "{error}"),
            _ => {
                complete += 1;
                let records = records.lock().unwrap();
                let lost: Vec<_> = before
                    .iter()
                    .filter(|id| records.changed.contains_key(id) && !ids.contains(id))
                    .collect();
                assert!(lost.is_empty(), "seed {seed}: {lost:?}");
            }
        }
    }
    assert!(complete > 30, "{complete} of 100");
}

/// The search index is ahead of the record, whose `updated_at` is before the start of the search.
#[tokio::test]
async fn items_that_the_search_found_are_returned_although_they_look_older() {
    let since = 1_737_064_700;
    let body = json!({"tickets": [
        {"id": "2", "updated_at": 1_737_064_623, "ticket_parts": {"ticket_parts": [{"updated_at": 1_737_064_781}]}},
        {"id": "3", "updated_at": since - 1},
    ]});
    let body = body.to_string();
    let server = Server::serve(move |_| vec![response(200, &[], &body)]).await;
    let client = Client::builder("token").base_url(&server.url).build().unwrap();
    let query = json!({"query": {"operator": "AND", "value": [
        {"field": "open", "operator": "=", "value": true},
        {"field": "updated_at", "operator": ">", "value": since - 10},
    ]}});
    let search = client.request(Method::POST, "/tickets/search").json(&query);
    let tickets = search
        .stream::<Value>(Paging::CursorInBody, "tickets")
        .changed_since(since);
    let tickets: Vec<Value> = tickets.try_collect().await.unwrap();
    let ids: Vec<_> = tickets.iter().map(|ticket| ticket["id"].as_str()).collect();
    assert_eq!(ids, [Some("2")], "ticket 3 is within the margin of the query");
}

#[tokio::test]
async fn changes_since_a_time_in_milliseconds_are_refused() {
    let (server, client, _) = Records::new(Kind::Numbered, 25, |id| NOON - id as i64).serve().await;
    let moment = NOON * 1000;
    let search = client.search_contacts().query(field("role").eq("user"));
    let errors = [
        client
            .list_articles()
            .changed_since(moment)
            .next()
            .await
            .unwrap()
            .unwrap_err(),
        search.changed_since(moment).next().await.unwrap().unwrap_err(),
        client
            .search_conversations()
            .changed_since(moment)
            .next()
            .await
            .unwrap()
            .unwrap_err(),
        client
            .request(Method::GET, "/things")
            .stream::<Value>(Paging::Page, "data")
            .changed_since(moment)
            .next()
            .await
            .unwrap()
            .unwrap_err(),
    ];
    for error in errors {
        assert!(
            error.is_builder() && error.to_string().contains("milliseconds?"),
            "{error}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn changes_of_contacts_are_accurate_to_the_second() {
    for hours in [-12, -5, 0, 1, 14] {
        for time_of_day in [0, 1, DAY / 2, DAY - 1] {
            let since = NOON - NOON.rem_euclid(DAY) + time_of_day;
            let mut records = Records::new(Kind::ByRecord, 40, |id| since - 20 + id as i64);
            records.days = Some(hours * 3600);
            let (_server, client, _) = records.serve().await;
            let found: Vec<_> = client
                .search_contacts()
                .changed_since(since)
                .try_collect()
                .await
                .unwrap();
            let mut ids: Vec<_> = found.iter().map(|contact| number(contact.id.as_deref())).collect();
            ids.sort_unstable();
            assert_eq!(ids, (20..40).collect::<Vec<_>>(), "{hours} {time_of_day}");
        }
    }
}

#[tokio::test]
async fn the_watermark_is_the_servers_time_less_the_overlap_and_never_goes_back() {
    let (_server, client, records) = Records::new(Kind::ByCount, 25, |_| NOON).serve().await;
    for (since, overlap, from, to) in [
        (0, None, NOON - 610, NOON - 600),
        (0, Some(Duration::from_secs(60)), NOON - 70, NOON - 60),
        (0, Some(Duration::MAX), 0, 0),
        (NOON - 5, None, NOON - 5, NOON - 5),
    ] {
        records.lock().unwrap().now = NOON;
        let mut changes = client.search_conversations().changed_since(since);
        if let Some(overlap) = overlap {
            changes = changes.overlap(overlap);
        }
        assert_eq!(changes.watermark(), None);
        assert_eq!(changes.by_ref().count().await, 25);
        let watermark = changes.watermark().unwrap().as_seconds();
        assert!((from..=to).contains(&watermark), "{watermark} is not in {from}..={to}");
    }
    // If the server's clock is ahead, its time as a watermark would hide all changes until then.
    let here = Timestamp::from(std::time::SystemTime::now()).as_seconds();
    for ahead in [here + 5 * 3600, 4_000_000_000] {
        records.lock().unwrap().now = ahead;
        let mut changes = client.search_conversations().changed_since(0);
        assert_eq!(changes.by_ref().count().await, 25);
        let now = Timestamp::from(std::time::SystemTime::now()).as_seconds();
        let watermark = changes.watermark().unwrap().as_seconds();
        assert!((here - 610..=now - 600).contains(&watermark), "{watermark}");
    }
}

#[tokio::test]
async fn changes_resume_after_an_error_and_have_no_watermark_before_the_end() {
    let mut records = Records::new(Kind::ByRecord, 30, |id| NOON - id as i64);
    records.failing = [1].into();
    let (server, client, records) = records.serve().await;
    let mut changes = client.search_conversations().changed_since(NOON - 100);
    let first: Vec<_> = changes
        .by_ref()
        .take_while(|item| std::future::ready(item.is_ok()))
        .collect()
        .await;
    assert_eq!((first.len(), changes.watermark()), (10, None));
    assert!(changes.next().await.is_none() && changes.watermark().is_none());
    changes.resume();
    records.lock().unwrap().now += 3600;
    let rest: Vec<_> = changes.by_ref().try_collect().await.unwrap();
    assert_eq!((rest.len(), server.requests().len()), (20, 4));
    let watermark = changes.watermark().unwrap().as_seconds();
    assert!(
        watermark <= NOON - 100,
        "the walk started before the error: {watermark}"
    );
}

#[tokio::test]
async fn changes_start_at_the_first_page() {
    let (server, client, _) = Records::new(Kind::Numbered, 25, |id| NOON - id as i64).serve().await;
    let search = client.search_contacts().query(field("role").eq("user"));
    let mut from_cursor = search.from_cursor("7").changed_since(0);
    let error = from_cursor.next().await.unwrap().unwrap_err();
    assert!(error.is_builder() && error.operation() == "search_contacts", "{error}");
    assert!(from_cursor.next().await.is_none());
    // A resumed walk does not end as if it were complete.
    for _ in 0..2 {
        from_cursor.resume();
        let again = from_cursor.next().await.unwrap().unwrap_err();
        assert_eq!(
            (again.operation(), again.to_string()),
            (error.operation(), error.to_string())
        );
        assert!(from_cursor.next().await.is_none() && from_cursor.watermark().is_none());
    }
    let mut from_page = client.list_articles().page(2).changed_since(0);
    assert!(from_page.next().await.unwrap().unwrap_err().is_builder());
    // The error is that of the first mistake, with its operation.
    let mut wrong = client
        .list_companies_for_contact()
        .from_cursor("2")
        .stream()
        .changed_since(0);
    let error = wrong.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "list_companies_for_contact: missing required value `id`"
    );
    assert!(server.requests().is_empty());
    // A stream that was polled before fails, even if it has items left.
    for taken in [0, 1, 10, 11] {
        let mut polled = client.list_articles().stream().read_ahead(true);
        assert_eq!(polled.by_ref().take(taken).count().await, taken);
        let mut rest = polled.changed_since(0);
        if taken > 0 {
            assert!(rest.next().await.unwrap().unwrap_err().is_builder(), "after {taken}");
            assert!(rest.next().await.is_none() && rest.watermark().is_none());
        }
    }
    assert_eq!(client.list_articles().page(1).changed_since(0).count().await, 25);
}

#[tokio::test]
async fn changes_of_raw_calls_have_a_watermark_too() {
    let (_server, client, _) = Records::new(Kind::ByRecord, 25, |id| NOON - id as i64).serve().await;
    let query = json!({
        "query": {"field": "updated_at", "operator": ">", "value": NOON - 12},
        "sort": {"field": "updated_at", "order": "descending"},
    });
    let tickets = client.request(Method::POST, "/tickets/search").json(&query);
    let mut changes = tickets
        .stream::<Value>(Paging::CursorInBody, "data")
        .changed_since(NOON - 11);
    assert_eq!(changes.by_ref().count().await, 12);
    assert!(changes.watermark().is_some());
}
