//! Many calls at once: every input is sent once, and comes back with what became of it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use intercom_client::bulk::Pushed;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use intercom_client::types::CreateDataEventRequest;
use intercom_client::{Client, HttpError, RetryPolicy};
use serde_json::{Value, json};

/// A mock Intercom, and a client that hardly pauses between attempts and repeats as often as it may.
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

/// The number of the event that a request sends.
fn number(request: &ReceivedRequest) -> usize {
    request.json()["user_id"].as_str().unwrap().parse().unwrap()
}

/// Takes the events, and says so after as many milliseconds as the function makes of their numbers.
fn late(intercom: &MockIntercom, milliseconds: impl Fn(usize) -> u64 + Send + Sync + 'static) {
    intercom.on("create_data_event").respond_with(move |request| {
        let taken = MockResponse::bytes("application/json", "").status(202);
        Some(taken.delay(Duration::from_millis(milliseconds(number(request)))))
    });
}

/// How often each event was sent.
fn sent(intercom: &MockIntercom) -> BTreeMap<usize, usize> {
    let mut sent = BTreeMap::new();
    for request in intercom.calls("create_data_event") {
        *sent.entry(number(&request)).or_default() += 1;
    }
    sent
}

#[tokio::test]
async fn every_input_is_sent_once_and_comes_back_in_order() {
    let (intercom, client) = start().await;
    // The earlier an event, the later its answer.
    late(&intercom, |number| 5 - number as u64 % 6);
    let push = client.push((0..500).map(event), |client, event| {
        client.create_data_event().body(event).send()
    });
    let pushed: Vec<Pushed<Value, _>> = push.collect().await;
    assert_eq!(pushed.len(), 500);
    for (place, pushed) in pushed.iter().enumerate() {
        assert_eq!((pushed.index, &pushed.input), (place as u64, &event(place)));
        assert!(pushed.result.is_ok(), "{:?}", pushed.result);
    }
    assert_eq!(sent(&intercom), (0..500).map(|number| (number, 1)).collect());
}

#[tokio::test]
async fn only_so_many_calls_are_under_way() {
    let (intercom, client) = start().await;
    late(&intercom, |_| 20);
    let push = client.push((0..20).map(event), |client, event| {
        client.create_data_event().body(event).send()
    });
    let mut push = push.concurrency(3);
    assert_eq!(push.size_hint(), (20, Some(20)));
    assert_eq!(intercom.received().len(), 0, "nothing is sent before it is polled");
    for delivered in 1..=20 {
        push.next().await.unwrap();
        assert!(intercom.received().len() <= delivered + 2, "{delivered}");
        assert!(push.progress().under_way <= 2);
    }
    assert!(push.next().await.is_none() && push.next().await.is_none());
    assert_eq!((push.progress().succeeded, push.progress().under_way), (20, 0));
    let mut push = client.push((0..20).map(event), |client, event| {
        client.create_data_event().body(event)
    });
    push.next().await.unwrap();
    assert_eq!(push.progress().under_way, 9, "ten, of which one was delivered");
}

/// What the mock does with an event: most are taken.
fn fault(number: usize) -> &'static str {
    match number % 9 {
        1 => "dropped",
        3 => "carried out, and dropped",
        5 => "503",
        7 => "limited",
        8 => "refused",
        _ => "",
    }
}

/// With paused time, in which windows of the rate limit pass at once.
#[tokio::test(start_paused = true)]
async fn faults_fail_their_inputs_alone_and_send_nothing_twice() {
    let (intercom, client) = start().await;
    let limited = std::sync::Mutex::new(std::collections::BTreeSet::new());
    intercom
        .on("create_data_event")
        .respond_with(move |request| match fault(number(request)) {
            "dropped" => Some(MockResponse::dropped()),
            "carried out, and dropped" => Some(MockResponse::dropped().after_carrying_out()),
            "503" => Some(MockResponse::error(503, "unavailable", "later")),
            "limited" if limited.lock().unwrap().insert(number(request)) => {
                Some(MockResponse::error(429, "too_many_requests", "busy"))
            }
            "refused" => Some(MockResponse::error(400, "parameter_invalid", "no such contact")),
            _ => None,
        });
    let mut push = client
        .push((0..180).map(event), |client, event| {
            client.create_data_event().body(event).send()
        })
        .concurrency(16);
    let mut failed = BTreeMap::new();
    while let Some(pushed) = push.next().await {
        let index = pushed.index as usize;
        assert_eq!(pushed.input, event(index));
        if let Err(error) = pushed.result {
            failed.insert(index, error);
        }
    }
    for index in 0..180 {
        let error = failed.get(&index);
        let unknown = error.map(intercom_client::Error::may_have_been_carried_out);
        let expected = match fault(index) {
            "dropped" | "carried out, and dropped" | "503" => Some(true),
            "refused" => Some(false),
            _ => None,
        };
        assert_eq!(unknown, expected, "{index}: {error:?}");
    }
    let progress = push.progress();
    assert_eq!((progress.succeeded, progress.failed, progress.unknown), (100, 80, 60));
    // Those that were certainly not taken are sent again, all others once.
    let times = (0..180).map(|number| (number, if fault(number) == "limited" { 2 } else { 1 }));
    assert_eq!(sent(&intercom), times.collect());
}

#[tokio::test]
async fn progress_tells_the_wait_for_the_rate_limit() {
    let (intercom, client) = start().await;
    intercom
        .on("create_data_event")
        .respond_once(MockResponse::rate_limited().retry_after(1));
    let mut push = client
        .push((0..3).map(event), |client, event| {
            client.create_data_event().body(event).send()
        })
        .concurrency(1);
    let mut longest = Duration::ZERO;
    loop {
        tokio::select! {
            pushed = push.next() => match pushed {
                Some(pushed) => assert!(pushed.result.is_ok()),
                None => break,
            },
            () = tokio::time::sleep(Duration::from_millis(20)) => longest = longest.max(push.progress().waiting),
        }
    }
    assert!(longest > Duration::from_millis(200), "{longest:?}");
    assert_eq!(push.progress().waiting, Duration::ZERO);
    assert_eq!(sent(&intercom), [(0, 2), (1, 1), (2, 1)].into());
}

#[tokio::test]
async fn stopping_delivers_what_is_under_way_and_keeps_the_rest() {
    let (intercom, client) = start().await;
    let inputs = stream::iter((0..50).map(event));
    let mut push = client
        .push_stream(inputs, |client, event| client.create_data_event().body(event).send())
        .concurrency(4);
    for _ in 0..10 {
        push.next().await.unwrap().result.unwrap();
    }
    push.stop();
    let mut delivered = 10;
    while let Some(pushed) = push.next().await {
        pushed.result.unwrap();
        delivered += 1;
    }
    let rest: Vec<Value> = push.into_inputs().collect().await;
    assert_eq!(rest, (delivered..50).map(event).collect::<Vec<_>>());
    assert_eq!(sent(&intercom), (0..delivered).map(|number| (number, 1)).collect());
}

#[tokio::test]
async fn dropping_it_stops() {
    let (intercom, client) = start().await;
    late(&intercom, |_| 10);
    let inputs: Vec<Value> = (0..50).map(event).collect();
    let mut push = client.push(&inputs, |client, event| client.create_data_event().body(*event).send());
    push.next().await.unwrap().result.unwrap();
    drop(push);
    let sent = intercom.received().len();
    assert!(sent <= 10, "{sent}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(intercom.received().len() <= 10);
}

/// Responses that arrive while the caller works on a result are not late, however long that takes.
#[tokio::test(start_paused = true)]
async fn a_slow_caller_meets_no_timeout() {
    let service = tower::service_fn(|request: http::Request<Bytes>| async move {
        if request.body().as_ref() != br#"{"name":"0"}"# {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The body comes in two parts.
        let parts = stream::iter([r#"{"type":"tag","#, r#""id":"1"}"#]).then(|part| async move {
            tokio::task::yield_now().await;
            Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from_static(part.as_bytes())))
        });
        Ok::<_, HttpError>(http::Response::new(StreamBody::new(parts)))
    });
    let settings = Client::builder("token").http_service(service);
    let client = settings.retry(RetryPolicy::none()).build().unwrap();
    let mut push = client.push(0..4, |client, number| {
        client.create_tag().body_map(|b| b.name(number.to_string()))
    });
    while let Some(pushed) = push.next().await {
        assert_eq!(pushed.result.unwrap().id.as_deref(), Some("1"));
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    assert_eq!(push.progress().succeeded, 4);
}

/// Reads are repeated by the client's policy, and inputs and answers can be of any kind.
#[tokio::test]
async fn any_call_can_be_pushed() {
    let (intercom, client) = start().await;
    intercom.on("show_contact").respond_once(MockResponse::dropped());
    intercom.seed(
        "list_contacts",
        (0..5).map(|id| json!({"type": "contact", "id": id.to_string()})),
    );
    let push = client.push(0..6, |client, id| {
        let show = client.show_contact().id(id.to_string());
        async move { Ok(show.send().await?.id.clone()) }
    });
    let found: Vec<_> = push
        .map(|pushed| (pushed.input, pushed.result.ok().flatten()))
        .collect()
        .await;
    let known = |id: i32| (id, (id < 5).then(|| id.to_string()));
    assert_eq!(found, (0..6).map(known).collect::<Vec<_>>());
    let missing = CreateDataEventRequest::builder().event_name("no contact");
    let push = client.push([missing], |client, event| client.create_data_event().body(event).send());
    let refused: Vec<_> = push.collect().await;
    assert!(refused[0].result.as_ref().unwrap_err().is_builder(), "{refused:?}");
}
