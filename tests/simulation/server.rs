//! A model of the server: records that change while they are read, a rate limit in windows of ten
//! seconds, and faults of requests and responses.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use intercom_client::{HttpError, HttpErrorKind, http};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower_service::Service;

/// The length of a window, in seconds.
const WINDOW: i64 = 10;

/// The behavior of the server, drawn from the seed.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Requests that are allowed in each window.
    pub limit: Option<u64>,
    /// Whether responses have a `Date`.
    pub has_date: bool,
    /// The number of seconds by which the server's clock differs.
    pub clock_error: i64,
    /// The longest time of a request or a response on the network, in milliseconds.
    pub latency: u64,
    /// The percentage of exchanges that fail.
    pub faults: u32,
    /// The percentage of requests before which a record changes, and of those after which one changes.
    pub changes: u32,
    /// Whether the server can return the previous page of a list again.
    pub repeats_pages: bool,
    /// Whether each request gets a new token. Otherwise all have the same.
    pub supplies_tokens: bool,
}

#[derive(Clone)]
pub(crate) struct Record {
    pub created: i64,
    pub updated: i64,
    pub version: u64,
    /// The simulated time after which the record was created.
    pub created_after: Duration,
}

/// A call that the caller polls until it ends.
pub(crate) struct StartedCall {
    pub key: String,
    pub start: Duration,
    /// The calls of a group are started in the order in which they are recorded.
    pub group: u64,
}

/// The state of the server, and the events of the schedule.
pub(crate) struct World {
    pub settings: Settings,
    random: fastrand::Rng,
    start: Instant,
    /// The server's clock at the start, in epoch seconds.
    start_time: i64,
    pub records: BTreeMap<u64, Record>,
    next_id: u64,
    versions: u64,
    /// The number of times that the change with each key was carried out.
    pub carried_out: BTreeMap<String, u32>,
    /// The keys of the changes that must not be carried out twice.
    not_repeatable: Vec<String>,
    /// The calls that change something, in the order in which they started.
    pub started_calls: Vec<StartedCall>,
    groups: u64,
    /// When the first request of the change with each key was sent.
    pub first_sent: BTreeMap<String, Duration>,
    tokens: u64,
    /// The number of tokens that the server rejected.
    pub rejected_tokens: u64,
    /// The violation of an invariant by a request.
    pub violation: Option<String>,
    /// The number of requests that arrived in each window.
    pub arrived: BTreeMap<i64, u64>,
    /// The number of responses without the headers of the rate limit, and of lost responses.
    pub without_limit: u64,
    /// When the first response with these headers was received.
    pub limit_known_after: Option<Duration>,
    /// The newest page of each list.
    newest_pages: BTreeMap<&'static str, String>,
    /// A hash of all exchanges, by which two runs of a seed are compared.
    digest: DefaultHasher,
    pub requests: u64,
    pub log: Option<Vec<String>>,
}

/// The fault of an exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The request is not sent.
    NotSent(HttpErrorKind),
    RequestLost,
    ResponseLost,
    /// No response is sent. The flag is set if the request arrives.
    Hang(bool),
    /// The connection is lost in the middle of the body.
    BodyLost,
    /// The body ends early without an error.
    BodyTruncated,
    /// A proxy responds.
    Proxy {
        status: u16,
        /// The `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// Whether the request arrives at the server.
        arrives: bool,
    },
    /// The server rejects the token.
    Unauthorized,
}

/// The longest age of a token when it is sent.
const MAX_TOKEN_AGE: Duration = Duration::from_secs(1);

type Headers = Vec<(&'static str, String)>;
type Shared = Arc<Mutex<World>>;

/// The HTTP service that connects a client to the server.
#[derive(Clone)]
pub(crate) struct Server(pub Shared);

impl World {
    pub(crate) fn new(seed: u64, settings: Settings, records: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        // The position in the window does not depend on the time of the run.
        let start_time = now.div_euclid(WINDOW) * WINDOW - 40 * WINDOW + settings.clock_error + random.i64(0..WINDOW);
        let mut world = Self {
            settings,
            random,
            start: Instant::now(),
            start_time,
            records: BTreeMap::new(),
            next_id: 1,
            versions: 0,
            carried_out: BTreeMap::new(),
            not_repeatable: Vec::new(),
            started_calls: Vec::new(),
            groups: 0,
            first_sent: BTreeMap::new(),
            tokens: 0,
            rejected_tokens: 0,
            violation: None,
            arrived: BTreeMap::new(),
            without_limit: 0,
            limit_known_after: None,
            newest_pages: BTreeMap::new(),
            digest: DefaultHasher::new(),
            requests: 0,
            log: None,
        };
        for _ in 0..records {
            world.create();
            let age = world.random.i64(1..5);
            let record = world.records.values_mut().next_back().unwrap();
            (record.created, record.updated) = (start_time - 10, start_time - age);
        }
        world
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns the server's clock in epoch seconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock_after(Duration::ZERO)
    }

    fn clock_after(&self, time: Duration) -> i64 {
        self.start_time + (self.elapsed() + time).as_secs() as i64
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// Records that calls start now, one after the other.
    pub(crate) fn started(&mut self, keys: impl IntoIterator<Item = String>) {
        self.groups += 1;
        let (start, group) = (self.elapsed(), self.groups);
        let calls = keys.into_iter().map(|key| StartedCall { key, start, group });
        self.started_calls.extend(calls);
    }

    /// Records a change that must not be carried out twice.
    pub(crate) fn must_not_repeat(&mut self, key: &str) {
        self.not_repeatable.push(key.to_owned());
    }

    /// Returns a change that was carried out twice and must not.
    pub(crate) fn repeated(&self) -> Option<String> {
        let times = |key: &&String| self.carried_out.get(*key).copied().unwrap_or_default();
        let repeated = self.not_repeatable.iter().find(|key| times(key) > 1);
        repeated.map(|key| format!("{key} was carried out several times"))
    }

    /// Records that a request is sent, and checks its token.
    fn sent(&mut self, request: &http::Request<Bytes>) {
        self.requests += 1;
        (request.method(), request.uri()).hash(&mut self.digest);
        let now = self.elapsed();
        if let Some(key) = key(request) {
            self.first_sent.entry(key.to_owned()).or_insert(now);
        }
        if self.settings.supplies_tokens {
            let authorization = request.headers()[http::header::AUTHORIZATION].to_str().unwrap();
            let token = authorization.strip_prefix("Bearer ").unwrap();
            let (supplied, _) = token.split_once('-').unwrap();
            let age = now.saturating_sub(Duration::from_millis(supplied.parse().unwrap()));
            if age > MAX_TOKEN_AGE {
                self.violation = Some(format!("the token of a request was supplied {age:?} before"));
            }
        }
    }

    /// Adds an event to the digest and the log.
    fn note(&mut self, what: std::fmt::Arguments<'_>) {
        let at = self.elapsed();
        at.hash(&mut self.digest);
        if let Some(log) = &mut self.log {
            log.push(format!("{:>9.3} {what}", at.as_secs_f64()));
        }
    }

    fn create(&mut self) {
        self.versions += 1;
        let now = self.now();
        let record = Record {
            created: now,
            updated: now,
            version: self.versions,
            created_after: self.elapsed(),
        };
        self.records.insert(self.next_id, record);
        self.next_id += 1;
    }

    fn change(&mut self) {
        if self.random.u32(..100) >= self.settings.changes {
            return;
        }
        let place = self.random.usize(..self.records.len().max(1));
        let id = self.records.keys().nth(place).copied();
        let kind = self.random.u32(..4);
        let next = self.next_id;
        self.note(format_args!("         change {kind} of {id:?}, next id {next}"));
        match (kind, id) {
            (0, _) | (_, None) => self.create(),
            (1, Some(id)) => drop(self.records.remove(&id)),
            (_, Some(id)) => {
                self.versions += 1;
                let (now, version) = (self.now(), self.versions);
                let record = self.records.get_mut(&id).unwrap();
                (record.updated, record.version) = (now, version);
            }
        }
    }

    fn draw_fault(&mut self) -> Fault {
        if self.random.u32(..100) >= self.settings.faults {
            return Fault::None;
        }
        let random = &mut self.random;
        match random.u32(..9) {
            0 => Fault::NotSent(
                *random
                    .choice(&[
                        HttpErrorKind::Connect,
                        HttpErrorKind::ConnectTimeout,
                        HttpErrorKind::Proxy,
                        HttpErrorKind::Unprocessed,
                    ])
                    .unwrap(),
            ),
            1 => Fault::RequestLost,
            2 | 3 => Fault::ResponseLost,
            4 => Fault::Hang(random.bool()),
            5 => Fault::BodyLost,
            6 => Fault::BodyTruncated,
            _ if self.settings.supplies_tokens && random.u32(..4) == 0 => Fault::Unauthorized,
            _ => Fault::Proxy {
                status: *random.choice(&[500, 502, 503, 504, 520, 408]).unwrap(),
                retry_after: Some(random.u64(..120)).filter(|seconds| (1..60).contains(seconds)),
                arrives: random.bool(),
            },
        }
    }

    fn draw_latency(&mut self) -> Duration {
        Duration::from_millis(self.random.u64(1..=self.settings.latency))
    }

    /// Processes a request and returns the status, headers and body of its response.
    /// The `Date` is the time after `processing`.
    fn arrive(&mut self, request: &http::Request<Bytes>, fault: Fault, processing: Duration) -> (u16, Headers, String) {
        self.change();
        let now = self.now();
        let window = now.div_euclid(WINDOW);
        let arrived = {
            let arrived = self.arrived.entry(window).or_default();
            *arrived += 1;
            *arrived
        };
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if self.settings.has_date {
            let date = UNIX_EPOCH + Duration::from_secs(self.clock_after(processing) as u64);
            headers.push(("date", httpdate::fmt_http_date(date)));
        }
        let mut is_limited = false;
        if let Some(limit) = self.settings.limit {
            is_limited = arrived > limit;
            headers.push(("x-ratelimit-limit", limit.to_string()));
            headers.push(("x-ratelimit-remaining", limit.saturating_sub(arrived).to_string()));
            headers.push(("x-ratelimit-reset", ((window + 1) * WINDOW).to_string()));
        }
        let (status, body) = if is_limited {
            let body = r#"{"type":"error.list","errors":[{"code":"rate_limit_exceeded"}]}"#;
            (429, body.to_owned())
        } else if fault == Fault::Unauthorized {
            self.rejected_tokens += 1;
            let body = r#"{"type":"error.list","errors":[{"code":"unauthorized"}]}"#;
            (401, body.to_owned())
        } else {
            self.process(request)
        };
        self.change();
        (status, headers, body)
    }

    // Bodies are formatted, because building `Value`s takes several times as long.
    fn process(&mut self, request: &http::Request<Bytes>) -> (u16, String) {
        let uri = request.uri().clone();
        let query = |name: &str| {
            let mut pairs = uri.query().unwrap_or_default().split('&');
            pairs
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        };
        let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
        let per_page = number(query("per_page")).unwrap_or(3) as usize;
        let body = || serde_json::from_slice::<Value>(request.body()).unwrap();
        let parts: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["me"]) => (200, r#"{"type":"admin","id":"814"}"#.to_owned()),
            ("POST", ["contacts"]) => {
                let key = key(request).unwrap();
                *self.carried_out.entry(key.to_owned()).or_default() += 1;
                (200, r#"{"type":"contact","id":"c"}"#.to_owned())
            }
            ("PUT", ["contacts", key]) => {
                *self.carried_out.entry((*key).to_owned()).or_default() += 1;
                (200, format!(r#"{{"type":"contact","id":"{key}"}}"#))
            }
            ("GET", [path @ ("contacts" | "conversations")]) => {
                let list = if *path == "contacts" { "data" } else { "conversations" };
                let after = number(query("starting_after"));
                let rest = self.records.iter().filter(|(id, _)| Some(**id) > after);
                let mut rows: Vec<_> = rest.map(|(id, record)| (*id, record.clone())).collect();
                let more = rows.len() > per_page;
                rows.truncate(per_page);
                let next = rows.last().filter(|_| more).map(|(id, _)| id.to_string());
                let page = self.list(list, &rows, &next_cursor(next));
                (200, self.page_or_previous(list, after.is_some(), page))
            }
            ("GET", ["conversations", id]) => match id.parse().ok().and_then(|id| self.records.get_key_value(&id)) {
                Some((id, record)) => (200, row(*id, record)),
                None => (
                    404,
                    r#"{"type":"error.list","errors":[{"code":"not_found"}]}"#.to_owned(),
                ),
            },
            ("GET", ["articles"]) => {
                let page = number(query("page")).unwrap_or(1).max(1);
                let mut rows: Vec<_> = self.records.iter().map(|(id, record)| (*id, record.clone())).collect();
                self.random.shuffle(&mut rows);
                rows.sort_by_key(|(_, record)| -record.updated);
                let total_pages = rows.len().div_ceil(per_page);
                let pages = format!(r#"{{"type":"pages","page":{page},"total_pages":{total_pages}}}"#);
                let first = (page as usize - 1) * per_page;
                let rows: Vec<_> = rows.into_iter().skip(first).take(per_page).collect();
                let response = self.list("data", &rows, &pages);
                (200, self.page_or_previous("articles", page > 1, response))
            }
            ("POST", ["conversations", "search"]) => {
                let body = body();
                assert_eq!(body["sort"], json!({"field": "updated_at", "order": "descending"}));
                assert_eq!(body["query"]["operator"], ">");
                let after = body["query"]["value"].as_i64().unwrap();
                let position = body["pagination"]["starting_after"].as_str().map(|text| {
                    let (updated, id) = text.split_once('-').unwrap();
                    (-updated.parse::<i64>().unwrap(), id.parse::<u64>().unwrap())
                });
                let mut rows: Vec<_> = self.records.iter().map(|(id, record)| (*id, record.clone())).collect();
                rows.retain(|(id, record)| {
                    record.updated > after && position.is_none_or(|position| (-record.updated, *id) > position)
                });
                rows.sort_by_key(|(id, record)| (-record.updated, *id));
                let more = rows.len() > 3;
                rows.truncate(3);
                let next = rows.last().filter(|_| more);
                let next = next.map(|(id, record)| format!("{}-{id}", record.updated));
                let page = self.list("conversations", &rows, &next_cursor(next));
                (200, self.page_or_previous("search", position.is_some(), page))
            }
            other => panic!("{other:?}"),
        }
    }

    fn list(&self, name: &str, rows: &[(u64, Record)], pages: &str) -> String {
        let rows: Vec<_> = rows.iter().map(|(id, record)| row(*id, record)).collect();
        let (rows, total) = (rows.join(","), self.records.len());
        format!(r#"{{"type":"list","{name}":[{rows}],"total_count":{total},"pages":{pages}}}"#)
    }

    /// Returns the page, or instead of it the newest page that was returned before.
    fn page_or_previous(&mut self, list: &'static str, is_next: bool, page: String) -> String {
        let previous = self.newest_pages.get(list);
        if let Some(previous) = previous.filter(|_| is_next && self.settings.repeats_pages)
            && self.random.u32(..100) < 5
        {
            return previous.clone();
        }
        self.newest_pages.insert(list, page.clone());
        page
    }
}

/// Returns the key of a change.
fn key(request: &http::Request<Bytes>) -> Option<&str> {
    let path = request.uri().path();
    match request.method().as_str() {
        "POST" if path == "/contacts" => {
            let body = std::str::from_utf8(request.body()).unwrap();
            let (_, email) = body.split_once(r#""email":""#).unwrap();
            email.split('"').next()
        }
        "PUT" => path.strip_prefix("/contacts/"),
        _ => None,
    }
}

fn row(id: u64, record: &Record) -> String {
    let Record {
        created,
        updated,
        version,
        ..
    } = record;
    format!(r#"{{"id":"{id}","title":"{version}","created_at":{created},"updated_at":{updated}}}"#)
}

/// Returns the `pages` of a cursor list.
fn next_cursor(cursor: Option<String>) -> String {
    match cursor {
        Some(cursor) => format!(r#"{{"type":"pages","next":{{"starting_after":"{cursor}"}}}}"#),
        None => r#"{"type":"pages","next":null}"#.to_owned(),
    }
}

impl Server {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Supplies a token that contains the time at which it was supplied.
    pub(crate) async fn supply_token(self) -> Result<String, &'static str> {
        let (delay, fails) = {
            let mut world = self.world();
            let fails = world.random.u32(..500) < world.settings.faults;
            (world.draw_latency(), fails)
        };
        sleep(delay).await;
        if fails {
            return Err("no token");
        }
        let mut world = self.world();
        world.tokens += 1;
        Ok(format!("{}-{}", world.elapsed().as_millis(), world.tokens))
    }
}

impl Service<http::Request<Bytes>> for Server {
    type Response = http::Response<Frames>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, HttpError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let server = self.clone();
        let (fault, request_latency, processing, response_latency) = {
            let mut world = self.world();
            world.sent(&request);
            let fault = world.draw_fault();
            world.note(format_args!(
                "sent     {} {} {fault:?}",
                request.method(),
                request.uri()
            ));
            let processing = world.draw_latency() / 4;
            (fault, world.draw_latency(), processing, world.draw_latency())
        };
        Box::pin(async move {
            sleep(request_latency).await;
            match fault {
                Fault::NotSent(kind) => return Err(kind.into()),
                Fault::RequestLost => return Err(HttpErrorKind::Lost.into()),
                Fault::Hang(false) => std::future::pending().await,
                Fault::Proxy {
                    status,
                    retry_after,
                    arrives: false,
                } => {
                    server.world().without_limit += 1;
                    return Ok(proxy_response(status, retry_after));
                }
                _ => {}
            }
            let (status, headers, body) = {
                let mut world = server.world();
                let response = world.arrive(&request, fault, processing);
                let (status, body) = (response.0, &response.2);
                world.note(format_args!(
                    "arrived  {} {} {status} {body}",
                    request.method(),
                    request.uri()
                ));
                world.without_limit += u64::from(fault != Fault::None);
                response
            };
            sleep(processing + response_latency).await;
            let half = body.len() / 2;
            let (status, headers, frames) = match fault {
                Fault::ResponseLost => return Err(HttpErrorKind::Lost.into()),
                Fault::Hang(_) => std::future::pending().await,
                Fault::BodyLost => (status, headers, Frames(Some(body[..half].to_owned().into()), true)),
                Fault::BodyTruncated => (status, headers, Frames::complete(body[..half].to_owned())),
                Fault::Proxy {
                    status, retry_after, ..
                } => return Ok(proxy_response(status, retry_after)),
                _ => (status, headers, Frames::complete(body)),
            };
            {
                let mut world = server.world();
                let now = world.elapsed();
                world.limit_known_after.get_or_insert(now);
            }
            Ok(response(status, headers, frames))
        })
    }
}

fn response(status: u16, headers: Headers, frames: Frames) -> http::Response<Frames> {
    let mut response = http::Response::new(frames);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let value = value.try_into().unwrap();
        response
            .headers_mut()
            .insert(http::HeaderName::from_static(name), value);
    }
    response
}

fn proxy_response(status: u16, retry_after: Option<u64>) -> http::Response<Frames> {
    let headers = retry_after.map(|seconds| ("retry-after", seconds.to_string()));
    response(status, headers.into_iter().collect(), Frames::complete("{}".to_owned()))
}

/// A body of one frame. If the flag is set, the connection is lost after it.
pub(crate) struct Frames(Option<Bytes>, bool);

impl Frames {
    fn complete(text: String) -> Self {
        Self(Some(text.into()), false)
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        Poll::Ready(match self.0.take() {
            Some(bytes) => Some(Ok(Frame::data(bytes))),
            None if std::mem::take(&mut self.1) => Some(Err(HttpErrorKind::Lost.into())),
            None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
