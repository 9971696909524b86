//! A small Intercom on loopback: generated records behind lists, searches and a scroll, paged as the real one pages
//! them, with faults on demand. Examples share it; each uses what it needs.
#![allow(dead_code)]

pub mod records;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Response, Uri};
use intercom_client::{Client, ConfigError};
use serde_json::{Value, json};

/// A running server; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    shop: Arc<Shop>,
    task: tokio::task::JoinHandle<()>,
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status with an HTML body, after the work was done: a scroll has moved on.
    Status(u16),
    /// 429, before anything was done; the window ends at once.
    TooMany,
    /// The connection breaks in the middle of the answer.
    Reset,
}

/// What a request was.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Value,
}

impl Seen {
    /// The value of a query parameter; panics when it is there twice.
    pub fn query(&self, name: &str) -> Option<&str> {
        let mut values = self.query.iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} was sent twice");
        value
    }
}

/// How lists write `pages.next`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Next {
    /// An object, then a URL, and so on in turn.
    #[default]
    InTurn,
    /// The same cursor on every page, as no sound server does.
    Stuck,
    /// Page 1 whatever page was asked for, as no sound server does.
    FirstPageAlways,
}

/// The server's state.
struct Shop {
    items: usize,
    next: Next,
    /// How long a scroll lives without a request.
    scroll_idle: Duration,
    scroll: Mutex<Option<Scroll>>,
    scrolls_begun: Mutex<usize>,
    /// By the number of the request, counted from 0.
    faults: Mutex<BTreeMap<usize, Fault>>,
    seen: Mutex<Vec<Seen>>,
    /// How long every answer takes.
    latency: Duration,
    contact: fn(usize) -> String,
}

struct Scroll {
    parameter: String,
    position: usize,
    last: Instant,
}

/// Settings of a server.
#[derive(Default)]
pub struct Settings {
    pub next: Next,
    pub scroll_idle: Option<Duration>,
    pub latency: Duration,
    /// Whether contacts have most of their fields set.
    pub full_contacts: bool,
}

/// A client of the workspace that the environment names; without `INTERCOM_ACCESS_TOKEN`, of a server that lives as long
/// as what is returned.
pub async fn connect(items: usize) -> Result<(Client, Option<Server>), ConfigError> {
    if std::env::var_os("INTERCOM_ACCESS_TOKEN").is_some() {
        return Ok((Client::from_env()?, None));
    }
    let server = Server::start(items).await;
    Ok((Client::builder("token").base_url(server.url()).build()?, Some(server)))
}

/// A 2xx body, or a status with an error body.
type Answer = Result<String, (u16, &'static str, &'static str)>;

impl Server {
    /// Starts one whose every list holds `items` records.
    pub async fn start(items: usize) -> Self {
        Self::with(items, Settings::default()).await
    }

    pub async fn with(items: usize, settings: Settings) -> Self {
        let shop = Arc::new(Shop {
            items,
            next: settings.next,
            scroll_idle: settings.scroll_idle.unwrap_or(Duration::from_secs(60)),
            scroll: Mutex::default(),
            scrolls_begun: Mutex::default(),
            faults: Mutex::default(),
            seen: Mutex::default(),
            latency: settings.latency,
            contact: match settings.full_contacts {
                true => records::full_contact,
                false => records::contact,
            },
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(handle).with_state(shop.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shop, task }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a request go wrong, by its number counted from 0.
    pub fn fault(&self, request: usize, fault: Fault) {
        self.shop.faults.lock().unwrap().insert(request, fault);
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shop.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn handle(State(shop): State<Arc<Shop>>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    let seen = Seen {
        method,
        path: uri.path().to_owned(),
        query: pairs(uri.query().unwrap_or_default()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let number = {
        let mut log = shop.seen.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    let fault = shop.faults.lock().unwrap().remove(&number);
    if !shop.latency.is_zero() {
        tokio::time::sleep(shop.latency).await;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (status, body) = match (fault, || shop.answer(&seen)) {
        (Some(Fault::TooMany), _) => (
            429,
            error("rate_limit_exceeded", "Exceeded rate limit of 167 in 10_seconds"),
        ),
        (fault, answer) => match (fault, answer()) {
            (Some(Fault::Status(status)), _) => (status, "<html>this is not JSON</html>".to_owned()),
            (_, Ok(body)) => (200, body),
            (_, Err((status, code, message))) => (status, error(code, message)),
        },
    };
    let body = if matches!(fault, Some(Fault::Reset)) {
        let half = Bytes::from(body).slice(..10);
        let parts = [Ok(half), Err(std::io::Error::other("the connection breaks"))];
        Body::from_stream(futures_util::stream::iter(parts))
    } else {
        body.into()
    };
    let remaining = if status == 429 { 0 } else { 166 };
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-request-id", format!("request-{number}"))
        .header("x-ratelimit-limit", 167)
        .header("x-ratelimit-remaining", remaining)
        .header("x-ratelimit-reset", now)
        .body(body)
        .unwrap()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn error(code: &str, message: &str) -> String {
    json!({"type": "error.list", "request_id": "b1", "errors": [{"code": code, "message": message}]}).to_string()
}

/// The cursor that continues at record `position`: text that breaks when it is not percent-encoded.
fn cursor(position: usize) -> String {
    format!("Wz+{position}/+A==")
}

fn position(cursor: &str) -> Option<usize> {
    cursor.strip_prefix("Wz+")?.strip_suffix("/+A==")?.parse().ok()
}

impl Shop {
    fn answer(&self, seen: &Seen) -> Answer {
        let path: Vec<&str> = seen.path.trim_matches('/').split('/').collect();
        match (seen.method.as_str(), path.as_slice()) {
            ("GET", ["contacts"]) | ("GET", ["companies", _, "contacts"]) => self.after(seen, "data", self.contact),
            ("POST", ["contacts", "search"]) => self.after(seen, "data", self.contact),
            ("GET", ["conversations"]) => self.after(seen, "conversations", records::conversation),
            ("POST", ["conversations", "search"]) => self.after(seen, "conversations", records::conversation),
            ("GET", ["conversations", id]) => match id.parse() {
                Ok(id) if id < self.items => Ok(records::conversation_with_parts(id)),
                _ => Err((404, "not_found", "Resource Not Found")),
            },
            ("GET", ["companies", "scroll"]) => self.scroll(seen),
            ("GET", ["companies"]) | ("POST", ["companies", "list"]) => self.page(seen, "data", records::company),
            ("GET", ["contacts", _, "companies"]) => self.page(seen, "data", records::company),
            ("GET", ["contacts", _, "notes"]) => self.page(seen, "data", records::note),
            ("GET", ["articles"]) => self.page(seen, "data", records::article),
            ("GET", ["help_center", "collections"]) => self.page(seen, "data", records::collection),
            ("GET", ["help_center", "sections"]) => self.page(seen, "data", records::section),
            ("GET", ["news", "news_items"] | ["news", "newsfeeds", _, "items"]) => {
                self.page(seen, "data", records::news_item)
            }
            ("GET", ["news", "newsfeeds"]) => self.page(seen, "data", records::newsfeed),
            ("GET", ["admins", "activity_logs"]) => self.page(seen, "activity_logs", records::activity_log),
            ("GET", ["events"]) => self.events(seen),
            ("GET", ["admins"]) => Ok(self.whole("admins")),
            ("GET", ["teams"]) => Ok(self.whole("teams")),
            ("GET", ["segments"]) => Ok(self.whole("segments")),
            ("GET", ["tags" | "ticket_types" | "data_attributes" | "subscription_types"])
            | ("GET", ["help_center", "help_centers"] | ["companies", _, "segments"])
            | ("GET", ["contacts", _, "tags" | "segments" | "subscriptions"]) => Ok(self.whole("data")),
            _ => Err((404, "not_found", "no such path")),
        }
    }

    fn list(&self, name: &str, rest: Value, from: usize, to: usize, record: fn(usize) -> String) -> String {
        let items: Vec<String> = (from..to).map(record).collect();
        let rest = rest.to_string();
        // The records are text already: parsing them again would make the server the bottleneck.
        format!("{{\"type\":\"list\",\"{name}\":[{}],{}", items.join(","), &rest[1..])
    }

    /// Lists that are one answer.
    fn whole(&self, name: &str) -> String {
        self.list(name, json!({"more": null}), 0, self.items, records::named)
    }

    /// Lists that go on by `starting_after`, in the query or in the body's `pagination`.
    fn after(&self, seen: &Seen, name: &str, record: fn(usize) -> String) -> Answer {
        let in_body = seen.method == Method::POST;
        if in_body && !seen.body["query"].is_object() {
            return Err((400, "parameter_invalid", "query is missing"));
        }
        let pagination = &seen.body["pagination"];
        let starting_after = match in_body {
            true => pagination["starting_after"].as_str(),
            false => seen.query("starting_after"),
        };
        let per_page = match in_body {
            true => pagination["per_page"].as_u64(),
            false => seen.query("per_page").and_then(|text| text.parse().ok()),
        };
        let per_page = per_page.unwrap_or(50).clamp(1, 150) as usize;
        let from = match starting_after.map(position) {
            None => 0,
            Some(Some(position)) => position,
            Some(None) => return Err((400, "client_error", "starting_after is no cursor of ours")),
        };
        let count = self.matching(&seen.body["query"]);
        let to = (from + per_page).min(count);
        let page = from / per_page + 1;
        let mut pages =
            json!({"type": "pages", "page": page, "per_page": per_page, "total_pages": count.div_ceil(per_page)});
        let following = if self.next == Next::Stuck { per_page } else { to };
        if to < count {
            let object = json!({"page": page + 1, "per_page": per_page, "starting_after": cursor(following)});
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let query = query.append_pair("starting_after", &cursor(following)).finish();
            pages["next"] = match page % 2 {
                1 => object,
                // A host that nobody may ever call.
                _ => json!(format!("https://elsewhere.invalid{}?{query}", seen.path)),
            };
        } else if self.items.is_multiple_of(2) {
            pages["next"] = Value::Null;
        }
        let rest = json!({"total_count": count, "pages": pages});
        Ok(self.list(name, rest, from, to, record))
    }

    /// How many records a search finds: all, or those created later than it says.
    fn matching(&self, query: &Value) -> usize {
        if query["field"] == "created_at" && query["operator"] == ">" {
            let since = &query["value"];
            let since = since
                .as_i64()
                .or(since.as_str().and_then(|text| text.parse().ok()))
                .unwrap_or_default();
            return (0..self.items).take_while(|i| records::created_at(*i) > since).count();
        }
        self.items
    }

    /// Lists that go on by page number.
    fn page(&self, seen: &Seen, name: &str, record: fn(usize) -> String) -> Answer {
        let number = |name: &str, default: usize| seen.query(name).map_or(Some(default), |text| text.parse().ok());
        let (Some(page @ 1..), Some(per_page)) = (number("page", 1), number("per_page", 25)) else {
            return Err((400, "parameter_invalid", "no such page"));
        };
        let page = if self.next == Next::FirstPageAlways { 1 } else { page };
        let from = ((page - 1) * per_page).min(self.items);
        let to = (from + per_page).min(self.items);
        let total_pages = self.items.div_ceil(per_page);
        let mut pages = json!({"type": "pages", "page": page, "per_page": per_page, "total_pages": total_pages});
        if page < total_pages {
            pages["next"] = json!(format!("https://elsewhere.invalid{}?page={}", seen.path, page + 1));
        } else if self.items.is_multiple_of(2) {
            pages["next"] = Value::Null;
        }
        let rest = json!({"total_count": self.items, "pages": pages});
        Ok(self.list(name, rest, from, to, record))
    }

    /// One scroll at a time, moved on by every answer.
    fn scroll(&self, seen: &Seen) -> Answer {
        const BATCH: usize = 100;
        let mut open = self.scroll.lock().unwrap();
        if open
            .as_ref()
            .is_some_and(|scroll| scroll.last.elapsed() > self.scroll_idle)
        {
            *open = None;
        }
        let mut scroll = match (seen.query("scroll_param"), open.take()) {
            (None, None) => {
                let mut begun = self.scrolls_begun.lock().unwrap();
                *begun += 1;
                Scroll {
                    parameter: format!("scroll+{begun}=="),
                    position: 0,
                    last: Instant::now(),
                }
            }
            (None, Some(scroll)) => {
                *open = Some(scroll);
                return Err((400, "scroll_exists", "scroll already exists for this workspace"));
            }
            (Some(parameter), Some(scroll)) if scroll.parameter == parameter => scroll,
            (Some(_), other) => {
                *open = other;
                return Err((404, "not_found", "scroll parameter not found"));
            }
        };
        let (from, to) = (scroll.position, (scroll.position + BATCH).min(self.items));
        let rest = json!({"total_count": null, "scroll_param": scroll.parameter});
        scroll.position = to;
        scroll.last = Instant::now();
        // The empty batch ends it.
        *open = (from < to).then_some(scroll);
        Ok(self.list("data", rest, from, to, records::company))
    }

    /// The list whose next page is a URL only.
    fn events(&self, seen: &Seen) -> Answer {
        let from = seen.query("before").map_or(Some(0), position);
        let (Some("user"), Some(from)) = (seen.query("type"), from) else {
            return Err((400, "parameter_invalid", "type and before are not as they must be"));
        };
        let to = (from + 50).min(self.items);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query
            .append_pair("type", "user")
            .append_pair("before", &cursor(to))
            .finish();
        let pages = if to < self.items {
            json!({"next": format!("https://elsewhere.invalid/events?{query}")})
        } else {
            json!({})
        };
        Ok(self.list(
            "events",
            json!({"user_id": "u-1", "pages": pages}),
            from,
            to,
            records::event,
        ))
    }
}
