//! Measures the overhead of the crate: the CPU time of calls through the client, compared with the
//! same calls made with reqwest and serde_json.
//!
//! The server runs in another process, so that only the client's time is measured. Both sides
//! alternate, so that other load affects both. Run with `cargo bench --bench overhead`, on Linux
//! only: the CPU time of the thread is read from `/proc`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse};
use serde::Deserialize;

const TOKEN: &str = "dG9rOm92ZXJoZWFk";
const BODY: &str = r#"{"type":"admin","id":"991267459","email":"admin@example.com","name":"Ada","email_verified":true,
"app":{"type":"app","id_code":"this_is_an_id","name":"Engines","created_at":1717000000,"secure":false,
"identity_verification":false,"timezone":"Europe/London","region":"EU"},
"avatar":{"type":"avatar","image_url":"https://static.example.com/ada.png"},"has_inbox_seat":true}"#;
/// The number of calls of each side.
const CALLS: usize = 10_000;
/// The number of turns in which the calls are made.
const TURNS: usize = 50;

/// The response as a program with only this call would define it.
#[allow(dead_code)]
#[derive(Deserialize)]
struct Admin {
    r#type: Option<String>,
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    email_verified: Option<bool>,
    app: Option<App>,
    avatar: Option<Avatar>,
    has_inbox_seat: Option<bool>,
}

#[allow(dead_code)]
#[derive(Deserialize)]
struct App {
    r#type: Option<String>,
    id_code: Option<String>,
    name: Option<String>,
    created_at: Option<i64>,
    secure: Option<bool>,
    identity_verification: Option<bool>,
    timezone: Option<String>,
    region: Option<String>,
}

#[allow(dead_code)]
#[derive(Deserialize)]
struct Avatar {
    r#type: Option<String>,
    image_url: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if std::env::args().any(|argument| argument == "serve") {
        return serve().await;
    }
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    let url = url.trim();

    let ours = Client::builder(TOKEN).base_url(url).build().unwrap();
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .user_agent("overhead")
        .build()
        .unwrap();
    let ours = async || {
        let me = ours.identify_admin().send().await.unwrap();
        assert_eq!(me.name.as_deref(), Some("Ada"));
    };
    let bare = async || {
        let request = http
            .get(format!("{url}/me"))
            .bearer_auth(TOKEN)
            .header("intercom-version", "2.9")
            .header("accept", "application/json");
        let body = request
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let me: Admin = serde_json::from_slice(&body).unwrap();
        assert_eq!(me.name.as_deref(), Some("Ada"));
    };
    println!("{CALLS} calls, CPU time a call");
    for concurrent in [1, 64] {
        let (mut cpu_ours, mut cpu_bare) = (Duration::ZERO, Duration::ZERO);
        let mut ratios = Vec::new();
        // The first turn warms up.
        for turn in 0..=TURNS {
            let mut times = [Duration::ZERO; 2];
            // The first side has colder caches, so the order alternates.
            for side in [turn % 2, (turn + 1) % 2] {
                times[side] = match side {
                    0 => measure(concurrent, &ours).await,
                    _ => measure(concurrent, &bare).await,
                };
            }
            if turn > 0 {
                cpu_ours += times[0];
                cpu_bare += times[1];
                ratios.push(times[0].as_secs_f64() / times[1].as_secs_f64());
            }
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{concurrent:>3} concurrent: ours {:.1} µs, bare {:.1} µs, median ratio of the turns {:.3}",
            micros(cpu_ours),
            micros(cpu_bare),
            ratios[TURNS / 2],
        );
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

fn micros(all: Duration) -> f64 {
    all.as_secs_f64() * 1e6 / CALLS as f64
}

/// Returns the CPU time of one turn.
async fn measure(concurrent: usize, call: &impl AsyncFn()) -> Duration {
    let before = cpu_time();
    let calls = (0..CALLS / TURNS).map(|_| call());
    futures_util::stream::iter(calls)
        .buffer_unordered(concurrent)
        .count()
        .await;
    cpu_time() - before
}

/// Returns the CPU time of this thread, which does all the work of the client.
fn cpu_time() -> Duration {
    // The kernel updates the time when the thread sleeps, and otherwise only on timer ticks.
    std::thread::sleep(Duration::from_micros(1));
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Serves the same body for every request, with a rate limit that is never reached.
async fn serve() {
    let intercom = MockIntercom::builder().token(TOKEN).serve().await;
    let response = MockResponse::bytes("application/json; charset=utf-8", BODY)
        .header("x-ratelimit-limit", "1000000")
        .header("x-ratelimit-remaining", "999999");
    intercom.on("identify_admin").respond_with(move |_| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let reset = now / 10 * 10 + 10;
        Some(response.clone().header("x-ratelimit-reset", &reset.to_string()))
    });
    println!("{}", intercom.url());
    let () = std::future::pending().await;
}
