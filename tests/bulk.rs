//! Bulk calls: every input is sent once, and returned with its result.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::FusedStream;
use futures_util::{Stream, StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use intercom_client::bulk::BulkResult;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use intercom_client::types::CreateDataEventRequest;
use intercom_client::{Client, HttpError, RetryPolicy};
use serde_json::{Value, json};

/// A mock server, and a client with short pauses between attempts and without a retry budget.
async fn start() -> (MockIntercom, Client) {
    let intercom = MockIntercom::new();
    let policy = RetryPolicy::default().base(Duration::from_millis(1));
    let client = intercom
        .client_builder()
        .retry(policy)
        .retry_budget(false)
        .build()
        .unwrap();
    (intercom, client)
}

fn event(number: usize) -> Value {
    json!({"event_name": "placed-order", "created_at": 1_730_419_200, "user_id": number.to_string()})
}

/// Returns the number of the event in a request.
fn number(request: &ReceivedRequest) -> usize {
    request.json()["user_id"].as_str().unwrap().parse().unwrap()
}

/// Accepts the events, with a delay in milliseconds that depends on the number of the event.
fn respond_late(intercom: &MockIntercom, milliseconds: impl Fn(usize) -> u64 + Send + Sync + 'static) {
    intercom.on("create_data_event").respond_with(move |request| {
        let accepted = MockResponse::bytes("application/json", "").status(202);
        Some(accepted.delay(Duration::from_millis(milliseconds(number(request)))))
    });
}

/// Returns the number of times that each event was sent.
fn sent(intercom: &MockIntercom) -> BTreeMap<usize, usize> {
    let mut sent = BTreeMap::new();
    for request in intercom.calls("create_data_event") {
        *sent.entry(number(&request)).or_default() += 1;
    }
    sent
}

#[tokio::test]
async fn every_input_is_sent_once_and_returned_in_order() {
    let (intercom, client) = start().await;
    // Later events have faster responses.
    respond_late(&intercom, |number| 5 - number as u64 % 6);
    let bulk = client.bulk((0..500).map(event), |client, event| {
        client.create_data_event().body(event).send()
    });
    let results: Vec<BulkResult<Value, _>> = bulk.collect().await;
    assert_eq!(results.len(), 500);
    for (index, done) in results.iter().enumerate() {
        assert_eq!((done.index, &done.input), (index as u64, &event(index)));
        assert!(done.result.is_ok(), "{:?}", done.result);
    }
    assert_eq!(sent(&intercom), (0..500).map(|number| (number, 1)).collect());
}

#[tokio::test]
async fn calls_in_flight_are_limited() {
    let (intercom, client) = start().await;
    respond_late(&intercom, |_| 20);
    let bulk = client.bulk((0..20).map(event), |client, event| {
        client.create_data_event().body(event).send()
    });
    let mut bulk = bulk.concurrency(3);
    assert_eq!((bulk.size_hint(), bulk.is_terminated()), ((20, Some(20)), false));
    assert_eq!(intercom.received().len(), 0, "nothing is sent before the first poll");
    for done in 1..=20 {
        bulk.next().await.unwrap();
        assert!(intercom.received().len() <= done + 2, "{done}");
        assert!(bulk.progress().in_flight <= 2);
        assert_eq!(bulk.size_hint(), (20 - done, Some(20 - done)));
    }
    let shown = format!("{bulk:?}");
    assert!(
        shown.starts_with("Bulk { concurrency: 3, ") && shown.contains("succeeded: 20"),
        "{shown}"
    );
    assert!(bulk.next().await.is_none() && bulk.next().await.is_none());
    assert_eq!((bulk.progress().succeeded, bulk.progress().in_flight), (20, 0));
    assert!(bulk.is_terminated());
    let mut bulk = client.bulk((0..20).map(event), |client, event| {
        client.create_data_event().body(event)
    });
    bulk.next().await.unwrap();
    assert_eq!(bulk.progress().in_flight, 9, "ten calls, of which one is done");
}

/// The fault of the mock server for an event.
fn fault(number: usize) -> &'static str {
    match number % 9 {
        1 => "dropped",
        3 => "carried out and dropped",
        5 => "503",
        7 => "limited",
        8 => "rejected",
        _ => "",
    }
}

/// Time is paused, so windows of the rate limit pass immediately.
#[tokio::test(start_paused = true)]
async fn a_fault_fails_one_input_and_sends_nothing_twice() {
    let (intercom, client) = start().await;
    let limited = std::sync::Mutex::new(std::collections::BTreeSet::new());
    intercom
        .on("create_data_event")
        .respond_with(move |request| match fault(number(request)) {
            "dropped" => Some(MockResponse::dropped()),
            "carried out and dropped" => Some(MockResponse::dropped().after_carrying_out()),
            "503" => Some(MockResponse::error(503, "unavailable", "later")),
            "limited" if limited.lock().unwrap().insert(number(request)) => {
                Some(MockResponse::error(429, "too_many_requests", "busy"))
            }
            "rejected" => Some(MockResponse::error(400, "parameter_invalid", "no such contact")),
            _ => None,
        });
    let mut bulk = client
        .bulk((0..180).map(event), |client, event| {
            client.create_data_event().body(event).send()
        })
        .concurrency(16);
    let mut failed = BTreeMap::new();
    while let Some(done) = bulk.next().await {
        let index = done.index as usize;
        assert_eq!(done.input, event(index));
        if let Err(error) = done.result {
            failed.insert(index, error);
        }
    }
    for index in 0..180 {
        let error = failed.get(&index);
        let unknown = error.map(intercom_client::Error::may_have_been_carried_out);
        let expected = match fault(index) {
            "dropped" | "carried out and dropped" | "503" => Some(true),
            "rejected" => Some(false),
            _ => None,
        };
        assert_eq!(unknown, expected, "{index}: {error:?}");
    }
    let progress = bulk.progress();
    assert_eq!(
        (progress.succeeded, progress.failed, progress.outcome_unknown),
        (100, 80, 60)
    );
    // Only events that were certainly not processed are sent again.
    let times = (0..180).map(|number| (number, if fault(number) == "limited" { 2 } else { 1 }));
    assert_eq!(sent(&intercom), times.collect());
}

#[tokio::test]
async fn progress_contains_the_wait_for_the_rate_limit() {
    let (intercom, client) = start().await;
    intercom
        .on("create_data_event")
        .respond_once(MockResponse::rate_limited().retry_after(1));
    let mut bulk = client
        .bulk((0..3).map(event), |client, event| {
            client.create_data_event().body(event).send()
        })
        .concurrency(1);
    let mut longest = Duration::ZERO;
    loop {
        tokio::select! {
            done = bulk.next() => match done {
                Some(done) => assert!(done.result.is_ok()),
                None => break,
            },
            () = tokio::time::sleep(Duration::from_millis(20)) => longest = longest.max(bulk.progress().rate_limit_wait),
        }
    }
    assert!(longest > Duration::from_millis(200), "{longest:?}");
    assert_eq!(bulk.progress().rate_limit_wait, Duration::ZERO);
    assert_eq!(sent(&intercom), [(0, 2), (1, 1), (2, 1)].into());
}

#[tokio::test]
async fn stop_completes_the_calls_in_flight_and_keeps_the_remaining_inputs() {
    let (intercom, client) = start().await;
    let inputs = stream::iter((0..50).map(event));
    let mut bulk = client
        .bulk_stream(inputs, |client, event| client.create_data_event().body(event).send())
        .concurrency(4);
    for _ in 0..10 {
        bulk.next().await.unwrap().result.unwrap();
    }
    bulk.stop();
    let mut completed = 10;
    while let Some(done) = bulk.next().await {
        done.result.unwrap();
        completed += 1;
    }
    let rest: Vec<Value> = bulk.into_remaining_inputs().collect().await;
    assert_eq!(rest, (completed..50).map(event).collect::<Vec<_>>());
    assert_eq!(sent(&intercom), (0..completed).map(|number| (number, 1)).collect());
}

#[tokio::test]
async fn a_dropped_stream_sends_nothing_more() {
    let (intercom, client) = start().await;
    respond_late(&intercom, |_| 10);
    let inputs: Vec<Value> = (0..50).map(event).collect();
    let mut bulk = client.bulk(&inputs, |client, event| client.create_data_event().body(*event).send());
    bulk.next().await.unwrap().result.unwrap();
    drop(bulk);
    let sent = intercom.received().len();
    assert!(sent <= 10, "{sent}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(intercom.received().len() <= 10);
}

/// The time that the caller spends between two results does not count against timeouts.
#[tokio::test(start_paused = true)]
async fn a_slow_caller_causes_no_timeout() {
    let service = tower::service_fn(|request: http::Request<Bytes>| async move {
        if request.body().as_ref() != br#"{"name":"0"}"# {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The body has two parts.
        let parts = stream::iter([r#"{"type":"tag","#, r#""id":"1"}"#]).then(|part| async move {
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from_static(part.as_bytes())))
        });
        Ok::<_, HttpError>(http::Response::new(StreamBody::new(parts)))
    });
    let settings = Client::builder("token").http_service(service);
    let client = settings.retry(RetryPolicy::none()).build().unwrap();
    let mut bulk = client.bulk(0..4, |client, number| {
        client.create_tag().body_map(|b| b.name(number.to_string()))
    });
    while let Some(done) = bulk.next().await {
        assert_eq!(done.result.unwrap().id.as_deref(), Some("1"));
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    assert_eq!(bulk.progress().succeeded, 4);
}

/// Reads are retried under the client's policy. Inputs and results can have any type.
#[tokio::test]
async fn any_call_can_be_made_in_bulk() {
    let (intercom, client) = start().await;
    intercom.on("show_contact").respond_once(MockResponse::dropped());
    intercom.seed(
        "list_contacts",
        (0..5).map(|id| json!({"type": "contact", "id": id.to_string()})),
    );
    let bulk = client.bulk(0..6, |client, id| {
        let show = client.show_contact().id(id.to_string());
        async move { Ok(show.send().await?.id.clone()) }
    });
    let found: Vec<_> = bulk
        .map(|done| (done.input, done.result.ok().flatten()))
        .collect()
        .await;
    let known = |id: i32| (id, (id < 5).then(|| id.to_string()));
    assert_eq!(found, (0..6).map(known).collect::<Vec<_>>());
    let missing = CreateDataEventRequest::builder().event_name("no contact");
    let bulk = client.bulk([missing], |client, event| client.create_data_event().body(event).send());
    let results: Vec<_> = bulk.collect().await;
    assert!(results[0].result.as_ref().unwrap_err().is_builder(), "{results:?}");
}
