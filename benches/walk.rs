//! Measures the cost of reading a list: CPU time compared with the same requests made with reqwest,
//! memory for a million contacts, and the time that reading ahead saves. Prints each result, and
//! fails if one exceeds its bound.
//!
//! ```text
//! cargo bench --bench walk [memory] [cpu] [read_ahead]
//! ```

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// A contact of 1.8 kB with an address and a name. Most other fields are null, and the lists are
/// empty. `$ID` is a placeholder.
const RECORDED: &str = r#"{
    "type": "contact", "id": "$ID", "workspace_id": "wk7731", "external_id": "ext-70211", "role": "user",
    "email": "jo.example@acme.test", "phone": null, "name": "Jo Example", "avatar": null, "owner_id": null,
    "social_profiles": {"type": "list", "data": []}, "has_hard_bounced": false, "marked_email_as_spam": false,
    "unsubscribed_from_emails": false, "created_at": 1700000000, "updated_at": 1700003600,
    "signed_up_at": 1699990000, "last_seen_at": null, "last_replied_at": null, "last_contacted_at": null,
    "last_email_opened_at": null, "last_email_clicked_at": null, "language_override": null, "browser": null,
    "browser_version": null, "browser_language": null, "os": null,
    "location": {"type": "location", "country": null, "region": null, "city": null, "country_code": null,
        "continent_code": null},
    "android_app_name": null, "android_app_version": null, "android_device": null,
    "android_os_version": null, "android_sdk_version": null, "android_last_seen_at": null,
    "ios_app_name": null, "ios_app_version": null, "ios_device": null, "ios_os_version": null,
    "ios_sdk_version": null, "ios_last_seen_at": null, "custom_attributes": {},
    "tags": {"type": "list", "data": [], "url": "/contacts/$ID/tags", "total_count": 0, "has_more": false},
    "notes": {"type": "list", "data": [], "url": "/contacts/$ID/notes", "total_count": 0, "has_more": false},
    "companies": {"type": "list", "data": [], "url": "/contacts/$ID/companies", "total_count": 0,
        "has_more": false},
    "opted_out_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
        "total_count": 0, "has_more": false},
    "opted_in_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
        "total_count": 0, "has_more": false},
    "utm_campaign": null, "utm_content": null, "utm_medium": null, "utm_source": null, "utm_term": null,
    "referrer": null
}"#;

/// A contact of 2.8 kB with most fields set and custom attributes.
const FULL: &str = r#"{
    "type": "contact", "id": "$ID", "workspace_id": "wk7731", "external_id": "acme-customer-0000070211",
    "role": "user", "email": "jo.example@logistics.acme-freight.test", "phone": "+15550100123",
    "name": "Jo Example of Dublin", "avatar": "https://static.acme.test/avatars/66f1c2a9d04b7e8351aa0c11/jo-example-256x256.png?version=1700003600",
    "owner_id": 4021337, "social_profiles": {"type": "list", "data": []},
    "has_hard_bounced": false, "marked_email_as_spam": false, "unsubscribed_from_emails": false,
    "created_at": 1700000000, "updated_at": 1700003600, "signed_up_at": 1699990000, "last_seen_at": 1700003500,
    "last_replied_at": 1700003000, "last_contacted_at": 1700002000, "last_email_opened_at": 1700001000,
    "last_email_clicked_at": 1700001100, "language_override": "en", "browser": "firefox",
    "browser_version": "132.0.1 (64 bit)", "browser_language": "en-IE", "os": "Linux x86_64, Debian 12",
    "location": {"type": "location", "country": "Ireland", "region": "Leinster", "city": "Dublin",
        "country_code": "IRL", "continent_code": "EU"},
    "android_app_name": "Acme Freight for drivers", "android_app_version": "4.2.0 (build 20241113)",
    "android_device": "Google Pixel 9 Pro", "android_os_version": "15", "android_sdk_version": "15.11.2",
    "android_last_seen_at": 1700003100, "ios_app_name": null, "ios_app_version": null,
    "ios_device": null, "ios_os_version": null, "ios_sdk_version": null, "ios_last_seen_at": null,
    "custom_attributes": {"plan": "scale", "seats": 40, "score": 0.5, "trial": false,
        "delivery_notes": "Ring twice at the green gate. The dock is behind the second hall, on the left after the weighbridge; lorries above twelve metres turn at the ferry terminal and come back along the quay, where the guard opens; on Sundays call the number on the gate first, and have the papers of the load at hand.",
        "last_route": "Dublin Port by Athlone and Ballinasloe to Galway Docks, returning empty on the same day"},
    "tags": {"type": "list", "data": [], "url": "/contacts/$ID/tags", "total_count": 0, "has_more": false},
    "notes": {"type": "list", "data": [], "url": "/contacts/$ID/notes", "total_count": 0, "has_more": false},
    "companies": {"type": "list", "data": [], "url": "/contacts/$ID/companies", "total_count": 0,
        "has_more": false},
    "opted_out_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
        "total_count": 0, "has_more": false},
    "opted_in_subscription_types": {"type": "list", "data": [], "url": "/contacts/$ID/subscriptions",
        "total_count": 0, "has_more": false},
    "utm_campaign": "autumn-2024-ireland-drivers", "utm_content": "header-with-map-of-leinster",
    "utm_medium": "email", "utm_source": "newsletter-of-november", "utm_term": "maps, roads, ferries",
    "referrer": "https://www.acme-freight.test/maps/ireland/leinster?layer=roads&zoom=7&campaign=autumn-2024-drivers"
}"#;

/// A list of contacts that differ only in their numbers. Pages are joined from text, because stored
/// or parsed records would make the server the bottleneck.
struct Contacts {
    count: usize,
    /// The text of a contact, split at the placeholders.
    parts: Vec<String>,
}

impl Contacts {
    fn new(count: usize, contact: &str) -> Self {
        let compact = serde_json::from_str::<Value>(contact).unwrap().to_string();
        let parts = compact.split("$ID").map(str::to_owned).collect();
        Self { count, parts }
    }

    /// Returns the requested page. The reference to the next page is alternately an object and a
    /// URL.
    fn page(&self, request: &ReceivedRequest) -> MockResponse {
        let per_page = request.query("per_page").map_or(50, |text| text.parse().unwrap());
        let from = request.query("starting_after").map_or(0, position);
        let to = (from + per_page).min(self.count);
        let page = from / per_page + 1;
        let total_pages = self.count.div_ceil(per_page);
        let mut pages = json!({"type": "pages", "page": page, "per_page": per_page, "total_pages": total_pages});
        if to < self.count {
            pages["next"] = match page % 2 {
                1 => json!({"page": page + 1, "per_page": per_page, "starting_after": cursor(to)}),
                _ => {
                    let mut query = url::form_urlencoded::Serializer::new(String::new());
                    let query = query.append_pair("starting_after", &cursor(to)).finish();
                    json!(format!("https://elsewhere.invalid{}?{query}", request.path))
                }
            };
        } else if self.count.is_multiple_of(2) {
            pages["next"] = Value::Null;
        }
        let rest = json!({"total_count": self.count, "pages": pages}).to_string();
        let contacts: Vec<String> = (from..to).map(|i| self.parts.join(&format!("{i:024x}"))).collect();
        let body = format!("{{\"type\":\"list\",\"data\":[{}],{}", contacts.join(","), &rest[1..]);
        MockResponse::bytes("application/json", body)
    }
}

/// Returns the cursor of a contact, with characters that need percent-encoding.
fn cursor(position: usize) -> String {
    format!("Wz+{position}/+A==")
}

fn position(cursor: &str) -> usize {
    let number = cursor.strip_prefix("Wz+").and_then(|rest| rest.strip_suffix("/+A=="));
    number.unwrap().parse().unwrap()
}

/// Starts a mock server on another thread, so that its CPU time is not measured. Returns its URL.
fn serve(contacts: Contacts, latency: Duration) -> String {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let intercom = MockIntercom::builder().token("token").latency(latency).serve().await;
            intercom
                .on("list_contacts")
                .respond_with(move |request| Some(contacts.page(request)));
            send.send(intercom.url()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receive.recv().unwrap()
}

fn client(url: &str) -> Client {
    Client::builder("token").base_url(url).build().unwrap()
}

/// Reads all contacts in pages of 150. Returns their number.
async fn walk(client: &Client) -> usize {
    let contacts = client.list_contacts().per_page(150).stream();
    contacts
        .try_fold(0, |count, _| async move { Ok(count + 1) })
        .await
        .unwrap()
}

/// Makes the same requests with reqwest, and reads only the cursors.
async fn walk_with_reqwest(http: &reqwest::Client, url: &str) -> usize {
    #[derive(Deserialize)]
    struct ContactPage {
        data: Vec<IgnoredAny>,
        pages: Pages,
    }
    #[derive(Deserialize)]
    struct Pages {
        next: Option<Next>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Next {
        Object { starting_after: String },
        Url(String),
    }
    let mut count = 0;
    let mut cursor: Option<String> = None;
    loop {
        let mut address = url::Url::parse(url).unwrap().join("contacts").unwrap();
        address
            .query_pairs_mut()
            .append_pair("per_page", "150")
            .extend_pairs(cursor.iter().map(|c| ("starting_after", c)));
        let request = http
            .get(address)
            .header("authorization", "Bearer token")
            .header("intercom-version", "2.9");
        let body = request.send().await.unwrap().bytes().await.unwrap();
        let page: ContactPage = serde_json::from_slice(&body).unwrap();
        count += page.data.len();
        cursor = match page.pages.next {
            None => return count,
            Some(Next::Object { starting_after }) => Some(starting_after),
            Some(Next::Url(text)) => {
                let address = url::Url::parse(&text).unwrap();
                address
                    .query_pairs()
                    .find(|(name, _)| name == "starting_after")
                    .map(|(_, value)| value.into_owned())
            }
        };
    }
}

/// Returns the CPU time of this thread.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// Returns the peak memory of this process, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn report(what: &str, value: f64, bound: f64, unit: &str) -> bool {
    println!("{what}: {value:.2} {unit} (at most {bound} {unit})");
    value <= bound
}

fn cpu() -> bool {
    let recorded = cpu_of("as recorded", RECORDED, 2.1);
    let full = cpu_of("with most fields set", FULL, 2.4);
    recorded && full
}

fn cpu_of(shape: &str, contact: &str, bound: f64) -> bool {
    const CONTACTS: usize = 45_000;
    const ROUNDS: usize = 25;
    let url = serve(Contacts::new(CONTACTS, contact), Duration::ZERO);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (client, http) = (client(&url), reqwest::Client::new());
    let mut rounds: Vec<(f64, Duration, Duration)> = (0..ROUNDS)
        .map(|_| {
            let start = processor_time();
            assert_eq!(runtime.block_on(walk_with_reqwest(&http, &url)), CONTACTS);
            let between = processor_time();
            assert_eq!(runtime.block_on(walk(&client)), CONTACTS);
            let (floor, stream) = (between - start, processor_time() - between);
            (stream.as_secs_f64() / floor.as_secs_f64(), floor, stream)
        })
        .collect();
    // Other load affects both sides of a round, so the median of the ratios is used.
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, floor, stream) = rounds[ROUNDS / 2];
    println!("45,000 contacts {shape}: reqwest {floor:?}, stream {stream:?}, the median of {ROUNDS} rounds");
    println!("from {:.2} to {:.2} times", rounds[0].0, rounds[ROUNDS - 1].0);
    report("CPU time, relative to reqwest", ratio, bound, "times")
}

fn memory() -> bool {
    const CONTACTS: usize = 1_000_000;
    let url = serve(Contacts::new(CONTACTS, RECORDED), Duration::ZERO);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let start = Instant::now();
    let (mut count, mut early) = (0, 0);
    runtime.block_on(async {
        let mut contacts = client(&url).list_contacts().per_page(150).stream();
        while contacts.try_next().await.unwrap().is_some() {
            count += 1;
            if count == 1000 {
                early = peak_memory();
            }
        }
    });
    assert_eq!(count, CONTACTS);
    println!("1,000,000 contacts in {:?}", start.elapsed());
    report(
        "peak memory growth",
        (peak_memory() - early) as f64 / 1024.0,
        32.0,
        "MiB",
    )
}

fn read_ahead() -> bool {
    const PAGES: usize = 60;
    const PAUSE: Duration = Duration::from_millis(30);
    let url = serve(Contacts::new(150 * PAGES, RECORDED), PAUSE);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let pages = |work: Duration, read_ahead: bool| {
        let client = client(&url);
        let walk = async move {
            let start = Instant::now();
            let mut pages = client.list_contacts().per_page(150).pages().read_ahead(read_ahead);
            while pages.try_next().await.unwrap().is_some() {
                // Work that blocks the thread.
                std::thread::sleep(work);
            }
            start.elapsed()
        };
        runtime.block_on(async { tokio::spawn(walk).await.unwrap() })
    };
    let fetching = pages(Duration::ZERO, false);
    let working = PAUSE * PAGES as u32;
    let (without, with) = (pages(PAUSE, false), pages(PAUSE, true));
    println!("fetching {fetching:?}, working {working:?}: {without:?} one after another, {with:?} with reading ahead");
    let ratio = with.as_secs_f64() / fetching.max(working).as_secs_f64();
    report(
        "wall time with reading ahead, relative to the larger of fetching and working",
        ratio,
        1.15,
        "times",
    )
}

fn main() {
    // Memory first, because the peak of the other measurements would hide it.
    let selected: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let is_selected = |name: &str| selected.is_empty() || selected.iter().any(|other| other == name);
    let memory = !is_selected("memory") || memory();
    let cpu = !is_selected("cpu") || cpu();
    let read_ahead = !is_selected("read_ahead") || read_ahead();
    assert!(memory && cpu && read_ahead, "a bound is exceeded");
}
