//! Notifications of webhooks: signatures, what is refused, what is read, and the endpoint of the example.

#[path = "operations/wire.rs"]
#[allow(dead_code)]
mod wire;

#[path = "../examples/webhooks_axum.rs"]
#[allow(dead_code)]
mod endpoint;

use intercom_client::http::{HeaderMap, StatusCode};
use intercom_client::webhooks::{Item, Notification, Receiver, WebhookError, topics};
use intercom_client::{ConfigError, Timestamp};
use serde_json::{Value, json};

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";

/// What setting an endpoint up sends, in the order in which Intercom writes it.
const PING: &str = r#"{"type":"notification_event","topic":"ping","id":null,"app_id":"fh5pc001","data":{"type":"notification_event_data","item":{"type":"ping","message":"hello"}},"links":{},"delivery_status":null,"delivery_attempts":1,"delivered_at":0,"first_sent_at":1739176415,"created_at":1739176415,"self":null}"#;
/// By Python: `hmac.new(SECRET, PING, hashlib.sha1).hexdigest()`.
const PING_SIGNATURE: &str = "sha1=adcf0e76835bbbadf774d24f2d2ff2ae26fa05e5";

fn receiver() -> Receiver {
    Receiver::new(SECRET).unwrap()
}

fn signed(signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("X-Hub-Signature", signature.parse().unwrap());
    headers
}

fn signature(body: &[u8]) -> String {
    receiver().sign(body)
}

/// Reads a body that is signed.
fn read(body: impl AsRef<[u8]>) -> Result<Notification, WebhookError> {
    receiver().read(&signed(&signature(body.as_ref())), body.as_ref())
}

/// A notification about an item.
fn about(topic: &str, item: &Value) -> Notification {
    let body = json!({
        "type": "notification_event", "id": "notif_1", "topic": topic, "app_id": "fh5pc001", "created_at": 1739176415,
        "delivery_attempts": 2, "first_sent_at": 1739176355, "data": {"type": "notification_event_data", "item": item},
    });
    let read = read(body.to_string()).unwrap();
    let again = serde_json::to_value(&read).unwrap();
    assert_eq!(without_nulls(again), without_nulls(body), "nothing is lost");
    read
}

/// Null says no more than absence.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let told = entries.into_iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[test]
fn a_ping_that_another_implementation_signed_is_read() {
    let ping = receiver().read(&signed(PING_SIGNATURE), PING.as_bytes()).unwrap();
    assert!(ping.is_ping() && ping.mismatches().is_empty());
    assert_eq!(receiver().sign(PING.as_bytes()), PING_SIGNATURE);
    assert_eq!((ping.id.as_deref(), ping.app_id.as_deref()), (None, Some("fh5pc001")));
    assert_eq!(
        (ping.delivery_attempts, ping.delivered_at),
        (Some(1), Some(Timestamp::from(0)))
    );
    assert!(ping.links.is_empty());
    let Some(Item::Other(item)) = ping.into_item() else {
        panic!()
    };
    assert_eq!(item, json!({"type": "ping", "message": "hello"}));
    // Capitals are digits as well.
    let capitals = PING_SIGNATURE.to_uppercase().replace("SHA1", "sha1");
    receiver().read(&signed(&capitals), PING.as_bytes()).unwrap();
}

/// A test case of RFC 2202: the signature fits, and the body is no notification.
#[test]
fn the_signature_is_the_one_of_the_standard() {
    let receiver = Receiver::new("Jefe").unwrap();
    let headers = signed("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    let error = receiver.read(&headers, b"what do ya want for nothing?").unwrap_err();
    assert!(matches!(error, WebhookError::Unreadable(_)), "{error}");
}

#[test]
fn what_is_not_signed_is_refused() {
    let read = |headers: &HeaderMap, body: &str| receiver().read(headers, body.as_bytes()).unwrap_err();
    let good = signed(PING_SIGNATURE);
    assert_eq!(read(&HeaderMap::new(), PING), WebhookError::MissingSignature);
    let digits = PING_SIGNATURE.trim_start_matches("sha1=");
    for malformed in [
        "",
        "sha1=",
        digits,
        &format!("sha256={digits}"),
        &format!("sha1={}", &digits[1..]),
        &format!("sha1={}", &digits[2..]),
        &format!("sha1={digits}00"),
        &format!("sha1= {}", &digits[1..]),
        &format!("sha1=g{}", &digits[1..]),
        &format!("sha1=+{}", &digits[1..]),
        &format!("SHA1={digits}"),
    ] {
        assert_eq!(
            read(&signed(malformed), PING),
            WebhookError::MalformedSignature,
            "{malformed}"
        );
    }
    let mut twice = good.clone();
    twice.append("x-hub-signature", PING_SIGNATURE.parse().unwrap());
    assert_eq!(read(&twice, PING), WebhookError::MalformedSignature);
    let mut opaque = HeaderMap::new();
    opaque.insert(
        "x-hub-signature",
        http::HeaderValue::from_bytes(b"sha1=\xff\xfe").unwrap(),
    );
    assert_eq!(read(&opaque, PING), WebhookError::MalformedSignature);

    for changed in [
        &PING[..PING.len() - 1],
        &format!("{PING} "),
        &PING.replace("hello", "hullo"),
        "",
    ] {
        assert_eq!(read(&good, changed), WebhookError::WrongSignature);
    }
    assert_eq!(
        read(&signed(&format!("sha1=00{}", &digits[2..])), PING),
        WebhookError::WrongSignature
    );
    let other = Receiver::new("another-secret").unwrap();
    assert_eq!(other.read(&good, PING.as_bytes()), Err(WebhookError::WrongSignature));
}

#[test]
fn what_is_signed_and_no_notification_is_refused_in_one_line() {
    for (body, found) in [
        (
            &br#"{"type":"notification_event","data":{"item":{"email":"ada@fernhill.example"#[..],
            "its end",
        ),
        (b"", "nothing"),
        (b"[]", "a list"),
        (b"<html>ada@fernhill.example", "HTML or XML"),
        ("[".repeat(100_000).as_bytes(), "deep"),
        (br#"{"ada@fernhill.example": oops}"#, "something else"),
    ] {
        let error = read(body).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(found) && said.len() < 200 && !said.contains(['\n', '@']),
            "{said}"
        );
        assert_eq!((error.status(), format!("{error:?}")), (StatusCode::BAD_REQUEST, said));
    }
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_looked_at() {
    let long = "x".repeat((4 << 20) + 1);
    let error = receiver().read(&HeaderMap::new(), long.as_bytes()).unwrap_err();
    assert_eq!(error, WebhookError::TooLarge(4 << 20));
    assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let small = receiver().max_bytes(PING.len() - 1);
    assert!(small.read(&signed(PING_SIGNATURE), PING.as_bytes()).is_err());
    assert!(
        small
            .max_bytes(PING.len())
            .read(&signed(PING_SIGNATURE), PING.as_bytes())
            .is_ok()
    );
}

#[test]
fn a_secret_is_given_alone_and_never_shown() {
    for wrong in ["", "5e0c\n", " 5e0c", "5e 0c"] {
        assert_eq!(Receiver::new(wrong).unwrap_err(), ConfigError::InvalidClientSecret);
    }
    assert!(!format!("{:?}", receiver()).contains("5e0c"));
}

#[test]
fn each_kind_of_item_is_the_crates_own_type() {
    let body = wire::example;
    let part = json!({"type": "conversation_part", "id": "3", "part_type": "comment", "created_at": 1739176415});
    let event =
        json!({"type": "event", "event_name": "exported-report", "created_at": 1739176415, "user_id": "usr-1001"});
    let kind = |item: &Item| match item {
        Item::Admin(admin) => ("admin", admin.id.is_some()),
        Item::Article(article) => ("article", article.id.is_some()),
        Item::Company(company) => ("company", company.id.is_some()),
        Item::Contact(contact) => ("contact", contact.id.is_some()),
        Item::Conversation(conversation) => ("conversation", conversation.id.is_some()),
        Item::ConversationPart(part) => ("conversation_part", part.id.is_some()),
        Item::DataEvent(event) => ("event", event.event_name.is_some()),
        Item::Ticket(ticket) => ("ticket", ticket.id.is_some()),
        Item::Visitor(visitor) => ("visitor", visitor.id.is_some()),
        _ => ("other", true),
    };
    for (topic, item) in [
        (topics::ADMIN_LOGGED_IN, body("GET /admins/{id}")),
        (topics::ARTICLE_PUBLISHED, body("GET /articles/{id}")),
        (topics::COMPANY_UPDATED, body("GET /companies/{id}")),
        (topics::CONTACT_USER_CREATED, body("GET /contacts/{id}")),
        (topics::CONVERSATION_USER_REPLIED, body("GET /conversations/{id}")),
        (topics::CONVERSATION_PART_TAG_CREATED, part),
        (topics::EVENT_CREATED, event),
        (topics::TICKET_STATE_UPDATED, body("GET /tickets/{id}")),
        (topics::VISITOR_SIGNED_UP, body("GET /visitors")),
    ] {
        let read = about(topic, &item);
        assert_eq!(read.topic.as_deref(), Some(topic));
        assert_eq!(
            kind(read.item().unwrap()),
            (item["type"].as_str().unwrap(), true),
            "{topic}"
        );
        assert!(read.mismatches().is_empty(), "{:?}", read.mismatches());
    }
}

#[test]
fn times_of_items_are_texts_with_milliseconds() {
    let item = json!({
        "type": "contact", "id": "66b41de1409ad1c5e8b53a7d", "role": "lead", "created_at": "2025-02-10T08:33:35.910+00:00",
        "updated_at": "2025-02-10T08:33:35.907+00:00", "signed_up_at": null, "new": false,
    });
    let read = about(topics::CONTACT_LEAD_CREATED, &item);
    let Some(Item::Contact(contact)) = read.item() else {
        panic!("{read:?}")
    };
    let created = contact.created_at.unwrap();
    assert_eq!(
        (created.as_seconds(), created.to_string()),
        (1_739_176_415, "2025-02-10T08:33:35.910Z".to_owned())
    );
    assert!(contact.updated_at < contact.created_at);
    assert_eq!(contact.extra.get("new"), Some(json!(false)));
}

#[test]
fn unknown_topics_and_items_come_as_they_are() {
    for item in [
        json!({"type": "contact_tag", "created_at": 1392731331, "tag": {"id": "1"}, "contact": {"id": "5f"}}),
        json!({"type": "brand_new", "contact": {"a": [1.5, null]}}),
        json!({"id": "5f"}),
        json!({"type": 7}),
        json!("text"),
        json!([{"type": "contact"}]),
    ] {
        let read = about("brand.new.topic", &item);
        assert_eq!(read.item(), Some(&Item::Other(item)));
    }
    assert_eq!(about(topics::PING, &Value::Null).item(), None);
    // To the digit, wherever the type stands.
    let text = r#"{"topic":"contact.deleted","new":[1],"data":{"item":{"n":123456789012345678901234567890,"type":"contact"}}}"#;
    let long = read(text).unwrap();
    let Some(Item::Contact(contact)) = long.item() else {
        panic!("{long:?}")
    };
    assert_eq!(contact.extra.json("n"), Some("123456789012345678901234567890"));
    assert_eq!(long.extra.get("new"), Some(json!([1])));
    assert!(
        serde_json::to_string(&long)
            .unwrap()
            .contains("123456789012345678901234567890")
    );
    let odd = read(r#"{"topic":["a"],"data":{"item":{"type":"contact","id":{"a":1}}}}"#).unwrap();
    let told: Vec<String> = odd.mismatches().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "topic: expected a string, found a list",
            "data.item.id: expected a string, found an object"
        ]
    );
}

#[test]
fn topics_are_distinct_texts() {
    let distinct: std::collections::BTreeSet<_> = topics::ALL.iter().collect();
    assert_eq!(distinct.len(), topics::ALL.len());
    assert!(topics::ALL.contains(&"conversation.user.replied") && topics::ALL.len() > 80);
}

#[tokio::test]
async fn the_endpoint_of_the_example_answers_and_queues() {
    let (queue, mut notifications) = tokio::sync::mpsc::channel(1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let router = endpoint::router(receiver(), queue);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();

    assert_eq!(
        http.head(&url).send().await.unwrap().status(),
        200,
        "when the URL is set up"
    );
    let post = async |signature: &str, body: String| {
        let request = http.post(&url).header("X-Hub-Signature", signature).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(PING_SIGNATURE, PING.to_owned()).await, 200);
    assert_eq!(post(PING_SIGNATURE, PING.replace("hello", "hullo")).await, 401);
    assert_eq!(http.post(&url).body(PING).send().await.unwrap().status(), 401);
    assert_eq!(post(PING_SIGNATURE, "x".repeat((4 << 20) + 1)).await, 413);
    assert_eq!(post(&signature(b"{"), "{".to_owned()).await, 400);
    let reply = json!({"id": "notif_2", "topic": topics::CONVERSATION_USER_REPLIED, "data": {"item": {"type": "conversation"}}});
    let reply = reply.to_string();
    assert_eq!(post(&signature(reply.as_bytes()), reply.clone()).await, 200);
    assert_eq!(
        post(&signature(reply.as_bytes()), reply.clone()).await,
        503,
        "the queue is full: sent again later"
    );
    let queued = notifications.recv().await.unwrap();
    assert_eq!(queued.id.as_deref(), Some("notif_2"));
    assert!(matches!(queued.item(), Some(Item::Conversation(_))));
    server.abort();
}
