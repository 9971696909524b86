//! The rate limit, and how requests wait for it.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use intercom_client::{Client, RetryPolicy};

use crate::calls::{Op, quick, settings};
use crate::server::{Move, Request, Server, response};

/// A time on the server's clock.
const THEN: u64 = 784_111_777;

/// A response with rate-limit headers and a `Date` that differs from the local time.
fn limited(status: u16, remaining: u64, date: u64, reset: u64, body: &str) -> Move {
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(date));
    let (remaining, reset) = (remaining.to_string(), reset.to_string());
    let headers = [
        ("date", date.as_str()),
        ("x-ratelimit-limit", "3"),
        ("x-ratelimit-remaining", &remaining),
        ("x-ratelimit-reset", &reset),
    ];
    response(status, &headers, body)
}

/// A server with windows of one second, which start with its first request, and a limit of three
/// requests per window.
pub(crate) async fn three_a_second() -> Server {
    three_a_second_of(|_| "{}".to_owned()).await
}

/// Like [`three_a_second`], with the given bodies.
pub(crate) async fn three_a_second_of(body: impl Fn(&Request) -> String + Send + Sync + 'static) -> Server {
    let first_request = std::sync::OnceLock::<Instant>::new();
    let counts = [const { AtomicUsize::new(0) }; 60];
    Server::serve(move |request: &Request| {
        let window = (request.at - *first_request.get_or_init(|| request.at)).as_secs();
        let count = 1 + counts[window as usize].fetch_add(1, Ordering::SeqCst) as u64;
        let now = THEN + window;
        match count {
            1..=3 => vec![limited(200, 3 - count, now, now + 1, &body(request))],
            _ => vec![limited(429, 0, now, now + 1, "{}")],
        }
    })
    .await
}

fn once(server: &Server) -> intercom_client::ClientBuilder {
    settings(server).retry(RetryPolicy::none())
}

#[tokio::test]
async fn exhausted_window_is_waited_for() {
    let server = three_a_second().await;
    let client = once(&server).build().unwrap();
    for _ in 0..9 {
        // Clones share the window.
        Op::Get.call(&client.clone()).await.unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 9);
    for first in [0, 3] {
        assert!(
            requests[first + 3].at - requests[first].at >= Duration::from_secs(1),
            "three requests per second"
        );
    }
}

#[tokio::test]
async fn wait_for_a_window_does_not_count_against_the_deadline() {
    let now = THEN;
    let server = Server::new([vec![
        Move::Read,
        limited(503, 0, now, now + 2, ""),
        Move::Read,
        limited(200, 2, now + 2, now + 4, "{}"),
    ]])
    .await;
    let policy = quick().deadline(Duration::from_secs(1));
    let client = settings(&server).retry(policy).build().unwrap();
    Op::Get.call(&client).await.unwrap();
    let requests = server.requests();
    assert!(
        requests[1].at - requests[0].at >= Duration::from_secs(2),
        "the wait is longer than the deadline"
    );
}

#[tokio::test]
async fn clients_without_pacing_send_at_once() {
    let server = three_a_second().await;
    let client = once(&server).wait_for_rate_limit(false).build().unwrap();
    for _ in 0..3 {
        Op::Get.call(&client).await.unwrap();
    }
    let error = Op::Get.call(&client).await.unwrap_err();
    assert!(error.is_rate_limited());
    let limit = error.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (3, 0));
}

#[tokio::test]
async fn requests_in_flight_count_against_the_window() {
    let server = three_a_second().await;
    let client = once(&server).build().unwrap();
    // The first response has the limit, which ten concurrent calls then respect.
    Op::Get.call(&client).await.unwrap();
    let calls = (0..10).map(|_| Op::Get.call(&client));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(server.requests().len(), 11);
}

#[tokio::test]
async fn server_clock_set_back_is_accepted_after_the_last_window() {
    let server = Server::new([vec![
        Move::Read,
        limited(200, 2, THEN + 3600, THEN + 3601, "{}"),
        Move::Read,
        limited(200, 0, THEN, THEN + 1, "{}"),
        Move::Read,
        response(200, &[], "{}"),
    ]])
    .await;
    let client = once(&server).build().unwrap();
    Op::Get.call(&client).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    Op::Get.call(&client).await.unwrap();
    Op::Get.call(&client).await.unwrap();
    let pauses = server.pauses();
    assert!(pauses[1] >= Duration::from_secs(1), "{pauses:?}");
}

#[tokio::test]
async fn late_response_of_an_old_window_is_ignored() {
    let server = Server::serve(|request: &Request| match request.target.as_str() {
        "/me" => vec![limited(200, 2, THEN, THEN + 1, "{}")],
        _ => vec![
            Move::Wait(Duration::from_secs(3)),
            limited(200, 0, THEN - 60, THEN, "{}"),
        ],
    })
    .await;
    let client = once(&server).build().unwrap();
    let mut late = Box::pin(Op::List.call(&client));
    let sent = tokio::time::timeout(Duration::from_millis(200), &mut late).await;
    assert!(sent.is_err(), "the response is late");
    Op::Get.call(&client).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    Op::Get.call(&client).await.unwrap();
    late.await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(30), Op::Get.call(&client)).await;
    next.expect("the call does not wait for the end of an old window")
        .unwrap();
}

#[tokio::test]
async fn after_a_429_all_calls_of_a_client_wait() {
    let first = AtomicUsize::new(0);
    let server = Server::serve(move |_| match first.fetch_add(1, Ordering::SeqCst) {
        0 => vec![response(429, &[("retry-after", "1")], "")],
        _ => vec![response(200, &[], "{}")],
    })
    .await;
    let client = once(&server).build().unwrap();
    assert!(Op::Post.call(&client).await.unwrap_err().is_rate_limited());
    let calls = [Op::Get, Op::Put, Op::Delete].map(|op| {
        let client = client.clone();
        async move { op.call(&client).await.unwrap() }
    });
    futures_util::future::join_all(calls).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert!(
        requests[1..]
            .iter()
            .all(|request| request.at - requests[0].at >= Duration::from_secs(1))
    );
}

/// Sends `?page=n` for each `n`, one shortly after the other.
async fn queue(client: &Client, pages: std::ops::Range<i64>) -> Vec<tokio::task::JoinHandle<()>> {
    let mut tasks = Vec::new();
    for page in pages {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            client.list_all_companies().page(page).send().await.unwrap();
        }));
        tokio::task::yield_now().await;
    }
    tasks
}

#[tokio::test]
async fn waiting_calls_are_served_in_order() {
    let server = three_a_second().await;
    let client = once(&server).max_in_flight(1).build().unwrap();
    for task in queue(&client, 0..12).await {
        task.await.unwrap();
    }
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    let expected: Vec<_> = (0..12).map(|page| format!("/companies/list?page={page}")).collect();
    assert_eq!(targets, expected);
}

#[tokio::test]
async fn dropped_waiting_call_does_not_hold_up_others() {
    let server = three_a_second().await;
    let client = once(&server).build().unwrap();
    for _ in 0..3 {
        Op::Get.call(&client).await.unwrap();
    }
    let tasks = queue(&client, 0..4).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The first call in the queue and a later one.
    tasks[0].abort();
    tasks[2].abort();
    let mut ended = Vec::new();
    for task in tasks {
        ended.push(task.await.is_ok());
    }
    assert_eq!(ended, [false, true, false, true]);
    Op::Get.call(&client).await.unwrap();
    let targets: Vec<_> = server
        .requests()
        .into_iter()
        .skip(3)
        .map(|request| request.target)
        .collect();
    assert_eq!(targets, ["/companies/list?page=1", "/companies/list?page=3", "/me"]);
}

#[tokio::test]
async fn max_in_flight_limits_concurrent_requests() {
    let (now, max_in_flight) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entered, peak) = (Arc::clone(&now), Arc::clone(&max_in_flight));
    // A request counts until the next one arrives on its connection, which is after its response.
    let server = Server::serve(move |_| {
        peak.fetch_max(entered.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let leave = Arc::clone(&entered);
        vec![
            Move::Wait(Duration::from_millis(20)),
            Move::Do(Arc::new(move || {
                leave.fetch_sub(1, Ordering::SeqCst);
            })),
            response(200, &[], "{}"),
        ]
    })
    .await;
    let client = settings(&server).max_in_flight(4).build().unwrap();
    let calls = (0..40).map(|_| {
        let client = client.clone();
        async move { Op::Get.call(&client).await.unwrap() }
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(server.requests().len(), 40);
    assert_eq!(
        (max_in_flight.load(Ordering::SeqCst), now.load(Ordering::SeqCst)),
        (4, 0)
    );
    assert!(settings(&server).max_in_flight(usize::MAX).build().is_ok());
}

#[tokio::test]
async fn missing_rate_limit_headers_do_not_hold_up_calls() {
    let count = AtomicUsize::new(0);
    let server = Server::serve(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => vec![limited(200, 0, THEN, THEN + 1, "{}")],
        _ => vec![response(200, &[], "{}")],
    })
    .await;
    let client = once(&server).build().unwrap();
    let calls = (0..20).map(|_| Op::Get.call(&client));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(server.requests().len(), 20);
}

/// A server without rate-limit headers, and the maximum of its concurrent requests minus its
/// responses.
async fn without_limit(first: Option<Move>) -> (Server, Arc<AtomicI64>) {
    let max_in_flight = Arc::new(AtomicI64::new(0));
    let (had, under_way, answered) = (
        Arc::clone(&max_in_flight),
        AtomicI64::new(0),
        Arc::new(AtomicI64::new(0)),
    );
    let under_way = Arc::new(under_way);
    let first = Mutex::new(first);
    let server = Server::serve(move |_: &Request| {
        if let Some(first) = first.lock().unwrap().take() {
            return vec![first];
        }
        let at_once = under_way.fetch_add(1, SeqCst) + 1;
        had.fetch_max(at_once - answered.load(SeqCst), SeqCst);
        let (under_way, answered) = (Arc::clone(&under_way), Arc::clone(&answered));
        let done = Move::Do(Arc::new(move || {
            answered.fetch_add(1, SeqCst);
            under_way.fetch_sub(1, SeqCst);
        }));
        vec![Move::Wait(Duration::from_millis(1200)), done, response(200, &[], "{}")]
    });
    (server.await, max_in_flight)
}

#[tokio::test]
async fn few_requests_are_sent_while_the_limit_is_unknown() {
    let limited = response(429, &[("retry-after", "1")], "");
    let calls = [None, Some(limited)].map(async |first| {
        let waits = first.is_some();
        let (server, max_in_flight) = without_limit(first).await;
        let client = once(&server).build().unwrap();
        if waits {
            assert!(Op::Get.call(&client).await.unwrap_err().is_rate_limited());
        }
        let calls = (0..12).map(|_| Op::Get.call(&client));
        for result in futures_util::future::join_all(calls).await {
            result.unwrap();
        }
        // A late response does not hold up others: one more request is sent each second.
        let max_in_flight = max_in_flight.load(SeqCst);
        assert!((1..=6).contains(&max_in_flight), "{max_in_flight} at once");
    });
    futures_util::future::join_all(calls).await;
}
