//! Errors, debug output, spans and events contain neither the token nor bodies and queries.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex, Once};

use intercom_client::{Client, Error};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::calls::{Op, TOKEN, client, own_settings, settings};
use crate::server::{Move, Server, raw, response};

/// Occurs in bodies and queries only.
const PRIVATE: &str = "lovelace-private";
/// Occurs in bodies of the other tests.
const EMAIL: &str = "ada@example.com";

#[track_caller]
fn check(text: &str) {
    for secret in [TOKEN, PRIVATE, EMAIL, "5ba682d23d7cf92bef87bfd4"] {
        let place = text.find(secret);
        assert!(place.is_none(), "the text contains {secret} at {place:?}");
    }
}

/// Responses with private data, some of them invalid.
fn private_answers() -> Vec<Vec<Move>> {
    let listed = format!("{{\"errors\":[{{\"code\":\"not_found\",\"message\":\"No\"}}],\"contact\":\"{PRIVATE}\"}}");
    let echoed = format!(
        r#"{{"errors":[{{"code":"{TOKEN}","message":"Bearer {TOKEN}","field":"{TOKEN}"}}],"request_id":"{TOKEN}"}}"#
    );
    let wrong = format!("{{\"id\":\"1\",\"created_at\":{{\"name\":\"{PRIVATE}\"}},\"name\":[\"{PRIVATE}\"]}}");
    let header = [
        ("x-private", PRIVATE),
        ("location", "https://elsewhere.example/?lovelace-private"),
    ];
    vec![
        vec![Move::Read, response(404, &header, &listed)],
        vec![Move::Read, response(302, &header, &listed)],
        vec![
            Move::Read,
            response(400, &[("x-request-id", TOKEN)], format!("<p>{TOKEN}")),
        ],
        vec![Move::Read, response(401, &[("x-request-id", TOKEN)], &echoed)],
        vec![
            Move::Read,
            response(200, &[("x-request-id", TOKEN)], format!("{{\"{TOKEN}\":")),
        ],
        vec![Move::Read, response(503, &header, PRIVATE)],
        vec![Move::Read, response(429, &header, PRIVATE)],
        vec![Move::Read, response(200, &header, &wrong)],
        vec![Move::Read, response(200, &header, format!("<html>{PRIVATE}"))],
        vec![Move::Read, response(200, &header, format!("\"{PRIVATE}\""))],
        vec![Move::Read, raw(format!("{PRIVATE}\r\n\r\n"))],
        vec![
            Move::Read,
            raw(format!(
                "HTTP/1.1 200 OK\r\nx: {PRIVATE}\r\ncontent-length: 99\r\n\r\n{PRIVATE}"
            )),
        ],
        vec![
            Move::Read,
            raw(format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{PRIVATE}"
            )),
        ],
        vec![Move::Read, Move::Reset],
        vec![],
    ]
}

/// Every text of an error and its sources.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(" {error} {error:?}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn errors_and_debug_do_not_show_token_headers_or_bodies() {
    let mut errors = Vec::new();
    for moves in private_answers() {
        let server = Server::always(moves).await;
        let client = client(&server);
        for op in Op::ALL {
            errors.extend(op.call(&client).await.err());
        }
        errors.extend(client.retrieve_company().name(PRIVATE).send().await.err());
    }
    let kinds = [
        Error::is_decode,
        Error::is_retryable,
        Error::is_not_found,
        Error::is_rate_limited,
    ];
    assert!(kinds.iter().all(|kind| errors.iter().any(kind)) && errors.len() > 80);
    errors.iter().for_each(|error| check(&shown(error)));
    let server = Server::always(vec![Move::Read, response(200, &[("x-private", PRIVATE)], "{}")]).await;
    let builder = own_settings(&server);
    check(&format!("{builder:?} {builder:#?}"));
    let client = builder.build().unwrap();
    check(&format!("{client:?} {client:#?} {:?}", client.find_tag()));
    let request = client.request(intercom_client::Method::POST, "/brands");
    let request = request.json(PRIVATE).header("x-private", PRIVATE).query("q", PRIVATE);
    check(&format!("{request:?} {request:#?}"));
    let response = client.identify_admin().send().await.unwrap();
    check(&format!("{response:?} {response:#?}"));
    assert!(format!("{response:?}").starts_with("Response { status: 200, value: "));
    let download = client.download_data_export().job_identifier("1").send().await.unwrap();
    check(&format!("{download:?}"));
    assert_eq!(format!("{:?}", *download), "ByteStream");
    for wrong in [format!("{TOKEN} "), format!("{TOKEN}\n"), format!("Bearer {TOKEN}")] {
        let error = Client::builder(wrong).build().unwrap_err();
        check(&format!("{error} {error:?}"));
    }
    let error = Client::builder(TOKEN)
        .base_url(format!("https://{TOKEN}@host"))
        .build()
        .unwrap_err();
    check(&format!("{error} {error:?}"));
}

/// Records all spans and events.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Recorded>>>);

#[derive(Debug, Default)]
struct Recorded {
    id: Option<u64>,
    target: String,
    name: String,
    parent: Option<u64>,
    fields: BTreeMap<String, String>,
}

impl tracing::field::Visit for Recorded {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.fields.insert(
            field.name().to_owned(),
            format!("{value:?}").trim_matches('"').to_owned(),
        );
    }
}

impl Recorded {
    fn new(id: Option<u64>, metadata: &tracing::Metadata<'_>) -> Self {
        Self {
            id,
            target: metadata.target().to_owned(),
            name: metadata.name().to_owned(),
            ..Self::default()
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &tracing::span::Attributes<'_>, id: &tracing::Id, _: Context<'_, S>) {
        let mut span = Recorded::new(Some(id.into_u64()), attributes.metadata());
        span.parent = attributes.parent().map(tracing::Id::into_u64);
        attributes.record(&mut span);
        self.0.lock().unwrap().push(span);
    }

    fn on_record(&self, id: &tracing::Id, values: &tracing::span::Record<'_>, _: Context<'_, S>) {
        let mut all = self.0.lock().unwrap();
        // Ids are reused, so the last one counts.
        let span = all.iter_mut().rfind(|span| span.id == Some(id.into_u64())).unwrap();
        values.record(span);
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut recorded = Recorded::new(None, event.metadata());
        event.record(&mut recorded);
        self.0.lock().unwrap().push(recorded);
    }
}

/// Records spans and events of this thread until the guard is dropped.
fn record() -> (Recorder, tracing::subscriber::DefaultGuard) {
    // If a thread without a subscriber creates a span first, the span is disabled for all threads.
    static OTHER_THREADS: Once = Once::new();
    OTHER_THREADS.call_once(|| tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap());
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    (recorder, guard)
}

#[tokio::test]
async fn calls_are_spans_and_retries_are_events() {
    let (recorder, _guard) = record();
    let id = [("x-request-id", "000span"), ("retry-after", "1")];
    let server = Server::new([
        vec![Move::Read, response(503, &[], ""), Move::Read, response(429, &id, "")],
        vec![Move::Read, response(200, &id, "{}")],
    ])
    .await;
    let contact = "5ba682d23d7cf92bef87bfd4";
    client(&server)
        .update_contact()
        .id(contact)
        .body_map(|body| body.name(PRIVATE))
        .send()
        .await
        .unwrap();
    let recorded = recorder.0.lock().unwrap();
    let own: Vec<_> = recorded
        .iter()
        .filter(|one| one.target.starts_with("intercom_client"))
        .collect();
    let field = |of: &Recorded, name: &str| of.fields.get(name).cloned().unwrap_or_default();
    let spans: Vec<_> = own.iter().filter(|one| one.id.is_some()).collect();
    let [call, attempts @ ..] = &spans[..] else {
        panic!("{own:?}")
    };
    assert_eq!(call.name, "intercom");
    let port = server.url.rsplit(':').next().unwrap();
    for (name, value) in [
        ("otel.name", "update_contact"),
        ("otel.kind", "internal"),
        ("intercom.operation", "update_contact"),
        ("http.request.method", "PUT"),
        ("url.template", "/contacts/{id}"),
        ("server.address", "localhost"),
        ("server.port", port),
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "2"),
        ("intercom.request_id", "000span"),
    ] {
        assert_eq!(field(call, name), value, "{name}");
    }
    for wait in ["intercom.permit_wait_ms", "intercom.rate_limit_wait_ms"] {
        assert!(field(call, wait).parse::<u64>().is_ok(), "{call:?}");
    }
    assert_eq!(attempts.len(), 3);
    for (attempt, [status, resends, error_type]) in
        attempts
            .iter()
            .zip([["503", "", "503"], ["429", "1", "429"], ["200", "2", ""]])
    {
        assert_eq!((&*attempt.name, attempt.parent), ("intercom.attempt", call.id));
        for (name, value) in [
            ("otel.name", "PUT /contacts/{id}"),
            ("otel.kind", "client"),
            ("intercom.operation", "update_contact"),
            ("http.request.method", "PUT"),
            ("url.template", "/contacts/{id}"),
            ("server.address", "localhost"),
            ("server.port", port),
            ("http.response.status_code", status),
            ("http.request.resend_count", resends),
            ("error.type", error_type),
        ] {
            assert_eq!(field(attempt, name), value, "{name}");
        }
    }
    let events: Vec<_> = own.iter().filter(|one| field(one, "message") == "retrying").collect();
    for (event, [attempt, error_type]) in events.iter().zip([["1", "503"], ["2", "429"]]) {
        assert_eq!(
            ["attempt", "error.type"].map(|name| field(event, name)),
            [attempt, error_type]
        );
    }
    assert_eq!(events.len(), 2);
    assert!(field(events[1], "pause_ms").parse::<u64>().unwrap() >= 1000);
}

#[tokio::test]
async fn waits_and_failures_are_events() {
    let (recorder, _guard) = record();
    let server = Server::new([
        vec![Move::Read, response(429, &[("retry-after", "1")], "")],
        vec![Move::Read, response(200, &[], "{}")],
    ])
    .await;
    let client = settings(&server)
        .retry(intercom_client::RetryPolicy::none())
        .build()
        .unwrap();
    Op::Get.call(&client).await.unwrap_err();
    Op::Get.call(&client).await.unwrap();
    let recorded = recorder.0.lock().unwrap();
    let own = recorded.iter().filter(|one| one.target.starts_with("intercom_client"));
    let own: Vec<_> = own
        .filter(|one| one.name != "intercom.attempt")
        .map(|one| {
            let names = ["message", "error.type", "http.response.status_code"];
            names.map(|name| one.fields.get(name).map_or("", |text| text))
        })
        .collect();
    assert_eq!(
        own,
        [
            ["", "429", "429"],
            ["call failed", "429", ""],
            ["", "", "200"],
            ["waiting for the rate limit", "", ""],
        ]
    );
    let calls = recorded.iter().filter(|one| one.name == "intercom");
    let waits: Vec<u64> = calls
        .map(|call| call.fields["intercom.rate_limit_wait_ms"].parse().unwrap())
        .collect();
    assert!(waits[0] == 0 && waits[1] > 0, "{waits:?}");
}

#[tokio::test]
async fn request_id_in_spans_is_one_line_of_bounded_length() {
    let (recorder, _guard) = record();
    let long = "r".repeat(50_000);
    let failed = format!(r#"{{"errors":[],"request_id":"1\u000aERROR forged\u202e{long}"}}"#);
    let server = Server::new([vec![
        Move::Read,
        response(404, &[], failed),
        Move::Read,
        response(200, &[("x-request-id", &long)], "{}"),
    ]])
    .await;
    let client = settings(&server).build().unwrap();
    Op::Get.call(&client).await.unwrap_err();
    Op::Get.call(&client).await.unwrap();
    let recorded = recorder.0.lock().unwrap();
    let ids: Vec<_> = recorded
        .iter()
        .filter_map(|one| one.fields.get("intercom.request_id"))
        .collect();
    // Two calls with one attempt each.
    assert_eq!(ids.len(), 4);
    for id in ids {
        assert!(
            id.len() < 400 && !id.contains(['\n', '\u{202e}']) && !id.contains("\\n"),
            "{id:.50}"
        );
    }
}

#[tokio::test]
async fn mismatches_are_one_event_per_response() {
    let (recorder, _guard) = record();
    let body = r#"{"id":[1],"created_at":{"a":1},"new":true}"#;
    let server = Server::always(vec![Move::Read, response(200, &[], body)]).await;
    let client = settings(&server).build().unwrap();
    assert_eq!(
        client.show_contact().id("5f").send().await.unwrap().mismatches().len(),
        2
    );
    let recorded = recorder.0.lock().unwrap();
    let events: Vec<_> = recorded
        .iter()
        .filter(|one| one.id.is_none() && one.target.starts_with("intercom_client"))
        .map(|one| ["message", "count", "path", "expected", "found"].map(|name| one.fields[name].as_str()))
        .collect();
    assert_eq!(
        events,
        [["response differs from the description", "2", "id", "a string", "a list"]]
    );
}

#[tokio::test]
async fn spans_and_events_do_not_contain_token_query_or_body() {
    let (recorder, _guard) = record();
    for moves in private_answers() {
        let server = Server::always(moves).await;
        let client = settings(&server).build().unwrap();
        for op in Op::ALL {
            let _ = op.call(&client).await;
        }
        let _ = client.retrieve_company().name(PRIVATE).send().await;
    }
    let recorded = recorder.0.lock().unwrap();
    let spans = recorded.iter().filter(|one| one.name == "intercom").count();
    assert_eq!(spans, private_answers().len() * (Op::ALL.len() + 1));
    check(&format!("{recorded:?}"));
}

/// Tests that repeat the faults of others many times, or wait for a rate limit.
const REPETITIVE_TESTS: [&str; 8] = [
    "endless_gzip::",
    "errors::every_status_with_every_body",
    "http2::lost_http2_request",
    "limits::",
    "load::",
    "turns::",
    "unpolled::",
    "workspaces::",
];

/// Runs the other tests again and checks their output.
#[test]
fn output_of_the_tests_does_not_contain_token_or_body() {
    let skipped = REPETITIVE_TESTS.iter().chain(&["secrecy::output_of"]);
    let tests = Command::new(std::env::current_exe().unwrap())
        .arg("--nocapture")
        .args(skipped.flat_map(|name| ["--skip", name]))
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let printed = [tests.stdout, tests.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(printed.contains("secrecy::errors_and_debug"), "the tests ran");
    check(&printed);
}
