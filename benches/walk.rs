//! What walking a list costs: processor time against the least that HTTP takes, memory over a million contacts, and how
//! much of the waiting reading ahead hides. Prints each number with its bound and fails when one is exceeded.
//!
//! ```text
//! cargo bench --bench walk [memory] [cpu] [read_ahead]
//! ```

#[path = "../tests/server/mod.rs"]
mod server;

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use intercom_client::Client;
use serde::Deserialize;
use serde::de::IgnoredAny;
use server::{Server, Settings};

/// A server on a thread of its own, so that its work is not counted as the client's.
fn serve(items: usize, latency: Duration, full_contacts: bool) -> String {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let settings = Settings {
                latency,
                full_contacts,
                ..Default::default()
            };
            let server = Server::with(items, settings).await;
            send.send(server.url()).unwrap();
            std::future::pending::<()>().await
        })
    });
    receive.recv().unwrap()
}

fn client(url: &str) -> Client {
    Client::builder("token").base_url(url).build().unwrap()
}

/// Walks all contacts in pages of 150 and returns how many there were.
async fn walk(client: &Client) -> usize {
    let contacts = client.list_contacts().per_page(150).stream();
    contacts
        .try_fold(0, |count, _| async move { Ok(count + 1) })
        .await
        .unwrap()
}

/// The same walk by reqwest alone, which reads nothing but the cursors.
async fn floor(http: &reqwest::Client, url: &str) -> usize {
    #[derive(Deserialize)]
    struct Page {
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
        let page: Page = serde_json::from_slice(&body).unwrap();
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

/// The processor time of this thread.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// The most memory that this process has held, in KiB.
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
    let recorded = cpu_of("as recorded", false, 2.1);
    let full = cpu_of("with most fields set", true, 2.4);
    recorded && full
}

fn cpu_of(shape: &str, full: bool, bound: f64) -> bool {
    const CONTACTS: usize = 45_000;
    const ROUNDS: usize = 25;
    let url = serve(CONTACTS, Duration::ZERO, full);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (client, http) = (client(&url), reqwest::Client::new());
    let mut rounds: Vec<(f64, Duration, Duration)> = (0..ROUNDS)
        .map(|_| {
            let begun = processor_time();
            assert_eq!(runtime.block_on(floor(&http, &url)), CONTACTS);
            let between = processor_time();
            assert_eq!(runtime.block_on(walk(&client)), CONTACTS);
            let (floor, stream) = (between - begun, processor_time() - between);
            (stream.as_secs_f64() / floor.as_secs_f64(), floor, stream)
        })
        .collect();
    // Each round meets its own disturbances, floor and stream alike: the one in the middle speaks for all.
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, floor, stream) = rounds[ROUNDS / 2];
    println!("45,000 contacts {shape}: floor {floor:?}, stream {stream:?}, the middle of {ROUNDS} rounds");
    println!("from {:.2} to {:.2} times", rounds[0].0, rounds[ROUNDS - 1].0);
    report("processor time, stream over floor", ratio, bound, "times")
}

fn memory() -> bool {
    const CONTACTS: usize = 1_000_000;
    let url = serve(CONTACTS, Duration::ZERO, false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let begun = Instant::now();
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
    println!("1,000,000 contacts in {:?}", begun.elapsed());
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
    let url = serve(150 * PAGES, PAUSE, false);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let pages = |work: Duration, read_ahead: bool| {
        let client = client(&url);
        let walk = async move {
            let begun = Instant::now();
            let mut pages = client.list_contacts().per_page(150).pages().read_ahead(read_ahead);
            while pages.try_next().await.unwrap().is_some() {
                // Work that lets nothing else happen on this thread.
                std::thread::sleep(work);
            }
            begun.elapsed()
        };
        runtime.block_on(async { tokio::spawn(walk).await.unwrap() })
    };
    let fetching = pages(Duration::ZERO, false);
    let working = PAUSE * PAGES as u32;
    let (without, with) = (pages(PAUSE, false), pages(PAUSE, true));
    println!("fetching {fetching:?}, working {working:?}: {without:?} in turns, {with:?} read ahead");
    let ratio = with.as_secs_f64() / fetching.max(working).as_secs_f64();
    report(
        "wall time, read ahead over the larger of fetching and working",
        ratio,
        1.15,
        "times",
    )
}

fn main() {
    // Memory first: its growth would be hidden behind that of the others.
    let named: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|other| other == name);
    let memory = !wanted("memory") || memory();
    let cpu = !wanted("cpu") || cpu();
    let read_ahead = !wanted("read_ahead") || read_ahead();
    let held = memory && cpu && read_ahead;
    assert!(held, "a bound is exceeded");
}
