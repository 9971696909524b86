//! Webhooks: signatures, rejected requests, items, and the endpoint of the example.

#[path = "../examples/webhooks_axum.rs"]
#[allow(dead_code)]
mod endpoint;

use intercom_client::Timestamp;
use intercom_client::http::{HeaderMap, StatusCode};
use intercom_client::webhooks::InvalidClientSecret;
use intercom_client::webhooks::{Incoming, Item, Notification, Receiver, Signature, WebhookError, topics};
use serde_json::{Value, json};

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";

/// The notification that Intercom sends when an endpoint is configured.
const PING: &str = r#"{"type":"notification_event","topic":"ping","id":null,"app_id":"fh5pc001","data":{"type":"notification_event_data","item":{"type":"ping","message":"hello"}},"links":{},"delivery_status":null,"delivery_attempts":1,"delivered_at":0,"first_sent_at":1739176415,"created_at":1739176415,"self":null}"#;
/// Computed in Python: `hmac.new(SECRET, PING, hashlib.sha1).hexdigest()`.
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

/// Signs and reads a body.
fn read(body: impl AsRef<[u8]>) -> Result<Notification, WebhookError> {
    receiver().read(&signed(&signature(body.as_ref())), body.as_ref())
}

/// Returns a notification about an item.
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

/// Null means the same as absence.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let present = entries.into_iter().filter(|(_, value)| !value.is_null());
            present.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[test]
fn a_ping_signed_by_another_implementation_is_read() {
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
    // Digits can be upper-case.
    let capitals = PING_SIGNATURE.to_uppercase().replace("SHA1", "sha1");
    receiver().read(&signed(&capitals), PING.as_bytes()).unwrap();
}

/// A test case of RFC 2202. The signature is valid, the body is not a notification.
#[test]
fn the_hub_signature_is_hmac_sha1() {
    let receiver = Receiver::new("Jefe").unwrap();
    let headers = signed("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    let error = receiver.read(&headers, b"what do ya want for nothing?").unwrap_err();
    assert!(matches!(error, WebhookError::Unreadable(_)), "{error}");
}

#[test]
fn requests_without_a_valid_signature_are_rejected() {
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
fn signed_bodies_that_are_not_json_objects_are_rejected_with_a_one_line_error() {
    for (body, found) in [
        (
            &br#"{"type":"notification_event","data":{"item":{"email":"ada@fernhill.example"#[..],
            "the end of the text",
        ),
        (b"", "nothing"),
        (b"[]", "a list"),
        (b"<html>ada@fernhill.example", "HTML or XML"),
        ("[".repeat(100_000).as_bytes(), "deep"),
        (br#"{"ada@fernhill.example": oops}"#, "an invalid character"),
    ] {
        let error = read(body).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(found) && text.len() < 200 && !text.contains(['\n', '@']),
            "{text}"
        );
        assert_eq!((error.status(), format!("{error:?}")), (StatusCode::BAD_REQUEST, text));
    }
}

#[test]
fn a_body_over_the_limit_is_rejected_before_it_is_verified() {
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
fn an_invalid_secret_is_rejected_and_debug_shows_no_secret() {
    for wrong in ["", "5e0c\n", " 5e0c", "5e 0c"] {
        let error: InvalidClientSecret = Receiver::new(wrong).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("client secret is empty or contains whitespace"),
            "{error}"
        );
    }
    let shown = format!("{:?}", receiver());
    assert!(shown.starts_with("Receiver") && !shown.contains("5e0c"), "{shown}");
}

/// Returns the recorded notifications, with changed names and ids.
fn recorded() -> Vec<Value> {
    serde_json::from_str(include_str!("recorded/webhooks.json")).unwrap()
}

/// Returns the recorded notification of a topic.
fn of_topic(topic: &str) -> Notification {
    let found = recorded()
        .into_iter()
        .find(|notification| notification["topic"] == topic);
    read(found.unwrap().to_string()).unwrap()
}

#[test]
fn recorded_notifications_are_read_without_mismatch_or_loss() {
    for sent in recorded() {
        let notification = read(sent.to_string()).unwrap();
        assert!(
            notification.mismatches().is_empty(),
            "{:?}: {:?}",
            sent["topic"],
            notification.mismatches()
        );
        let again = serde_json::to_value(&notification).unwrap();
        assert_eq!(
            ids_as_text(without_nulls(again)),
            ids_as_text(without_nulls(sent)),
            "nothing is lost"
        );
    }
}

/// Converts numeric ids to text, because they are written back as either.
fn ids_as_text(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let text = |(name, value): (String, Value)| match value {
                Value::Number(id) if name == "id" => (name, Value::String(id.to_string())),
                value => (name, ids_as_text(value)),
            };
            entries.into_iter().map(text).collect()
        }
        Value::Array(items) => items.into_iter().map(ids_as_text).collect(),
        other => other,
    }
}

/// Topic, variant of the item, and ids of contact, company, conversation and ticket. `+` means that
/// the record is in the item.
const RECORDS: [(&str, &str, [&str; 4]); 33] = [
    (
        "contact.lead.created",
        "Contact",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    (
        "contact.unsubscribed",
        "ContactUnsubscribe",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    (
        "contact.subscribed",
        "ContactSubscribe",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    (
        "granular.subscribe",
        "GranularSubscribe",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    (
        "granular.unsubscribe",
        "GranularUnsubscribe",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    (
        "contact.user.tag.created",
        "ContactTag",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    ("contact.merged", "Contact", ["+66b41de1409ad1c5e8b53a7d", "", "", ""]),
    (
        "contact.unarchived",
        "Contact",
        ["+66b41de1409ad1c5e8b53a7d", "", "", ""],
    ),
    ("contact.archived", "Stub", ["66b41de1409ad1c5e8b53a7d", "", "", ""]),
    ("contact.deleted", "Stub", ["66b41de1409ad1c5e8b53a7d", "", "", ""]),
    ("company.deleted", "Stub", ["", "6961d175205cf6a4438f0c01", "", ""]),
    ("company.updated", "Company", ["", "+6961d175205cf6a4438f0c01", "", ""]),
    (
        "company.contact.attached",
        "CompanyContact",
        ["+6961d162fb0ef1f1ac90ce01", "+6961d175205cf6a4438f0c01", "", ""],
    ),
    (
        "company.contact.detached",
        "CompanyContact",
        ["+6961d162fb0ef1f1ac90ce01", "+6961d175205cf6a4438f0c01", "", ""],
    ),
    (
        "ticket.contact.attached",
        "TicketContact",
        ["+6961e7651f6dbc22dfe14801", "", "", "215472629353001"],
    ),
    (
        "ticket.contact.detached",
        "TicketContact",
        ["+6961e7651f6dbc22dfe14801", "", "", "215472629353001"],
    ),
    (
        "ticket.attribute.updated",
        "TicketTicketPart",
        ["696346bbaebb5a479d385101", "", "", "+215472629311001"],
    ),
    (
        "ticket.note.created",
        "TicketTicketPart",
        ["696346bbaebb5a479d385101", "", "", "+215472629311001"],
    ),
    (
        "ticket.created",
        "Ticket",
        ["696346bbaebb5a479d385101", "", "", "+215472629311001"],
    ),
    (
        "ticket.closed",
        "Ticket",
        ["696346bbaebb5a479d385101", "", "", "+215472629311001"],
    ),
    (
        "ticket.admin.assigned",
        "Ticket",
        ["696346bbaebb5a479d385101", "", "", "+215472629311001"],
    ),
    ("conversation.deleted", "Stub", ["", "", "215472621305755", ""]),
    (
        "conversation.contact.attached",
        "ConversationContact",
        ["+66b41de1409ad1c5e8b53a7d", "", "215472621202001", ""],
    ),
    (
        "conversation.contact.detached",
        "ConversationContact",
        ["+66b41de1409ad1c5e8b53a7d", "", "215472621202001", ""],
    ),
    (
        "conversation_part.redacted",
        "Conversation",
        ["696205460674dbb9050aa701", "", "+215472621202001", ""],
    ),
    (
        "conversation_part.tag.created",
        "Conversation",
        ["696205460674dbb9050aa701", "", "+215472621202001", ""],
    ),
    (
        "conversation.admin.replied",
        "Conversation",
        ["696205460674dbb9050aa701", "", "+215472621202001", ""],
    ),
    (
        "conversation.read",
        "Conversation",
        ["696205460674dbb9050aa701", "", "+215472621202001", ""],
    ),
    ("visitor.signed_up", "Visitor", ["6961e6de046e053d93e4da01", "", "", ""]),
    ("event.created", "DataEvent", ["66b41de1409ad1c5e8b53a7d", "", "", ""]),
    ("admin.activity_log_event.created", "ActivityLog", ["", "", "", ""]),
    ("api.request.completed", "ApiRequest", ["", "", "", ""]),
    ("ping", "Other", ["", "", "", ""]),
];

#[test]
fn records_and_ids_are_found_in_all_items() {
    for (topic, variant, ids) in RECORDS {
        let notification = of_topic(topic);
        let item = notification.item().unwrap();
        let debug = format!("{item:?}");
        assert_eq!(debug.split('(').next(), Some(variant), "{topic}");
        assert_eq!(
            (item.is_stub(), notification.is_stub()),
            (variant == "Stub", variant == "Stub"),
            "{topic}"
        );
        let found = [
            (
                notification.contact_id(),
                notification.contact().map(|contact| &contact.id),
            ),
            (
                notification.company_id(),
                notification.company().map(|company| &company.id),
            ),
            (
                notification.conversation_id(),
                notification.conversation().map(|found| &found.id),
            ),
            (notification.ticket_id(), notification.ticket().map(|ticket| &ticket.id)),
        ];
        for ((id, record), expected) in found.into_iter().zip(ids) {
            assert_eq!(id.unwrap_or_default(), expected.trim_start_matches('+'), "{topic}");
            assert_eq!(record.is_some(), expected.starts_with('+'), "{topic}");
            assert!(record.is_none_or(|own| own.as_deref() == id), "{topic}");
        }
        let all: std::collections::BTreeMap<_, _> = notification.ids().collect();
        for (kind, expected) in ["contact", "company", "conversation", "ticket"].into_iter().zip(ids) {
            let id = all.get(kind).copied().unwrap_or_default();
            assert_eq!(id, expected.trim_start_matches('+'), "{topic}: {kind}");
        }
    }
    assert_eq!(of_topic("admin.away_mode_updated").admin_id(), Some("9608001"));
}

/// The table of topics agrees with the recordings.
#[test]
fn topics_document_the_types_of_their_items() {
    let overlay: Value = serde_norway::from_str(include_str!("../openapi/overlay.yaml")).unwrap();
    let mut actions = overlay["actions"].as_array().unwrap().iter();
    let listed = actions
        .find_map(|action| action["update"]["x-webhook-topics"].as_array())
        .unwrap();
    let names: Vec<&str> = listed.iter().map(|topic| topic["topic"].as_str().unwrap()).collect();
    assert_eq!(names, topics::ALL);
    let mut checked = 0;
    for sent in recorded() {
        let topic = listed.iter().find(|topic| topic["topic"] == sent["topic"]).unwrap();
        let notification = read(sent.to_string()).unwrap();
        let debug = format!("{:?}", notification.item().unwrap());
        let kind = match notification.item().unwrap() {
            Item::Stub(_) => "stub",
            _ => sent["data"]["item"]["type"]
                .as_str()
                .or(debug.split('(').next())
                .unwrap(),
        };
        assert_eq!(topic["item"], kind, "{}", sent["topic"]);
        assert!(
            topic["seen"].as_str().unwrap().starts_with("recorded"),
            "{}",
            sent["topic"]
        );
        checked += 1;
    }
    assert!(checked > 30);
}

#[test]
fn a_stub_contains_the_id_and_the_reason() {
    let stub = of_topic("contact.archived");
    let stub = stub.stub().unwrap();
    assert_eq!(
        (stub.record_id(), stub.external_id.as_deref()),
        (Some("66b41de1409ad1c5e8b53a7d"), Some("usr-2207"))
    );
    assert_eq!((stub.archived, stub.deleted), (Some(true), None));
    let conversation = of_topic("conversation.deleted");
    let stub = conversation.stub().unwrap();
    assert_eq!((stub.record_id(), stub.id.as_deref()), (Some("215472621305755"), None));
    // A complete record has the time of its creation, even if it was archived.
    let complete =
        json!({"type": "contact", "id": "5f", "archived": true, "created_at": "2025-02-10T08:33:35.910+00:00"});
    let read = about(topics::CONTACT_ARCHIVED, &complete);
    assert!(!read.is_stub() && read.contact().is_some());
    // A stub can have a type that the crate does not have.
    let snippet = json!({"type": "content_snippet", "id": "7", "deleted": true});
    assert_eq!(
        about(topics::CONTENT_SNIPPET_DELETED, &snippet)
            .stub()
            .unwrap()
            .record_id(),
        Some("7")
    );
    // An item that is neither deleted nor archived is a record, even with few fields.
    assert!(
        about(
            topics::CONVERSATION_USER_REPLIED,
            &json!({"type": "conversation", "id": "7"})
        )
        .conversation()
        .is_some()
    );
    assert!(
        !about(
            topics::CONTACT_USER_UPDATED,
            &json!({"type": "contact", "id": "7", "archived": false})
        )
        .is_stub()
    );
}

#[test]
fn the_part_of_the_event_is_in_the_item() {
    let changed = of_topic("ticket.attribute.updated");
    let part = changed.ticket_part().unwrap();
    assert_eq!(part.part_type.as_deref(), Some("ticket_attribute_updated_by_admin"));
    assert_eq!(
        part.updated_attribute_data.get("attribute").unwrap()["label"],
        "Platforms"
    );
    let parts = &changed.ticket().unwrap().ticket_parts.as_ref().unwrap().ticket_parts;
    assert_eq!((parts.len(), &parts[2].id), (3, &part.id));
    let redacted = of_topic("conversation_part.redacted");
    let parts = &redacted
        .conversation()
        .unwrap()
        .conversation_parts
        .as_ref()
        .unwrap()
        .conversation_parts;
    assert_eq!((parts.len(), parts[0].redacted), (1, Some(true)));
}

/// A bot recognizes its own parts by the package code, and those written by AI by the author.
#[test]
fn parts_contain_the_package_code_of_the_app() {
    let read = of_topic("conversation.read");
    let parts = &read
        .conversation()
        .unwrap()
        .conversation_parts
        .as_ref()
        .unwrap()
        .conversation_parts;
    let codes: Vec<_> = parts.iter().map(|part| part.app_package_code.as_deref()).collect();
    assert_eq!(codes, [Some("fernhill-bridge-3kd2"), None, None]);
    let author = parts[0].author.as_ref().unwrap();
    assert_eq!((author.from_ai_agent, author.is_ai_answer), (Some(false), Some(false)));
    assert_eq!(parts[1].event_details.get("value").unwrap(), &json!({"name": "pro"}));
    assert_eq!(parts[2].metadata.get("quick_reply_options").unwrap(), &json!([]));
    assert_eq!(
        (
            parts[2].tags[0].name.as_deref(),
            parts[2]
                .state
                .as_ref()
                .map(intercom_client::types::ConversationState::as_str)
        ),
        (Some("bug"), Some("open"))
    );
    assert!(parts.iter().all(|part| part.extra.is_empty()));
}

#[test]
fn deliveries_can_lack_an_id_or_a_status() {
    let retried = of_topic("granular.unsubscribe");
    assert_eq!(
        (retried.delivery_status.as_deref(), retried.delivery_attempts),
        (Some("retry"), Some(2))
    );
    assert_eq!(of_topic("contact.subscribed").delivery_status, None);
    let without_id = of_topic("contact.user.tag.created");
    assert_eq!((without_id.id.as_deref(), without_id.is_ping()), (None, false));
}

/// Computed in Python: `hmac.new(SECRET, body, hashlib.sha256).hexdigest()`.
const CALLS: [(&str, &str); 3] = [
    (
        r#"{"app_id":"wk5pc001"}"#,
        "edc5fd5d799cf5f9459373b9fd6dd5bfbdb25605d161a366e94a02984c592987",
    ),
    (
        r#"{"workspace_id":"wk5pc001"}"#,
        "88280842e9546f3e52c06832ae314085f7184b356df94d8f9fdac9a14266f75f",
    ),
    (
        r#"{"workspace_id":"wk5pc001","component_id":"save","input_values":{"name":"Ada"},"context":{"location":"conversation"}}"#,
        "2b7562ddd2e8415af2bacc2d7f47f66e947998f4263ad94c831f31c50176eb1d",
    ),
];

fn body_signed(signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("X-Body-Signature", signature.parse().unwrap());
    headers
}

#[test]
fn requests_with_a_body_signature_are_verified_and_distinguished() {
    let [uninstall, health, canvas] = CALLS.map(|(body, digits)| {
        assert_eq!(receiver().sign_with(Signature::Body, body.as_bytes()), digits);
        for digits in [digits.to_owned(), digits.to_uppercase()] {
            let verified = receiver().verify(&body_signed(&digits), body.as_bytes()).unwrap();
            assert_eq!(verified, Signature::Body);
        }
        receiver().read_any(&body_signed(digits), body.as_bytes()).unwrap()
    });
    let Incoming::Uninstall(uninstall) = uninstall else {
        panic!("{uninstall:?}")
    };
    assert_eq!(uninstall.app_id, "wk5pc001");
    let Incoming::HealthCheck(health) = health else {
        panic!("{health:?}")
    };
    assert_eq!(health.workspace_id, "wk5pc001");
    let Incoming::CanvasKit(canvas) = canvas else {
        panic!("{canvas:?}")
    };
    assert_eq!(canvas.component_id.as_deref(), Some("save"));
    assert_eq!(canvas.input_values.get("name").unwrap(), "Ada");
    let Incoming::Notification(ping) = receiver().read_any(&signed(PING_SIGNATURE), PING.as_bytes()).unwrap() else {
        panic!()
    };
    assert!(ping.is_ping());
    // An uninstall call deletes the app's token, so it has no other field than the id.
    for other in [json!({"hello": 1}), json!({"app_id": "wk5pc001", "hello": 1})] {
        let body = other.to_string();
        let read = receiver()
            .read_any(&signed(&signature(body.as_bytes())), body.as_bytes())
            .unwrap();
        assert_eq!(read, Incoming::Other(other));
    }
}

#[test]
fn a_body_signature_has_64_digits_and_both_headers_must_be_valid() {
    let (body, digits) = CALLS[0];
    let verify = |headers: &HeaderMap, body: &str| receiver().verify(headers, body.as_bytes());
    for malformed in [
        "",
        &digits[1..],
        &digits[2..],
        &format!("{digits}00"),
        &format!("sha256={digits}"),
        &format!("g{}", &digits[1..]),
    ] {
        assert_eq!(
            verify(&body_signed(malformed), body),
            Err(WebhookError::MalformedSignature),
            "{malformed}"
        );
    }
    let mut twice = body_signed(digits);
    twice.append("x-body-signature", digits.parse().unwrap());
    assert_eq!(verify(&twice, body), Err(WebhookError::MalformedSignature));
    assert_eq!(
        verify(&body_signed(digits), r#"{"app_id":"wk5pc002"}"#),
        Err(WebhookError::WrongSignature)
    );
    assert_eq!(
        Receiver::new("another-secret")
            .unwrap()
            .verify(&body_signed(digits), body.as_bytes()),
        Err(WebhookError::WrongSignature)
    );
    // A code is valid in one header only.
    assert_eq!(verify(&signed(digits), body), Err(WebhookError::MalformedSignature));
    let mut both = body_signed(digits);
    both.insert("x-hub-signature", signature(body.as_bytes()).parse().unwrap());
    assert_eq!(verify(&both, body), Ok(Signature::Hub));
    both.insert("x-hub-signature", PING_SIGNATURE.parse().unwrap());
    assert_eq!(verify(&both, body), Err(WebhookError::WrongSignature));
    both.insert("x-hub-signature", signature(body.as_bytes()).parse().unwrap());
    both.insert("x-body-signature", CALLS[1].1.parse().unwrap());
    assert_eq!(verify(&both, body), Err(WebhookError::WrongSignature));
}

/// A test case of RFC 4231.
#[test]
fn the_body_signature_is_hmac_sha256() {
    let receiver = Receiver::new("Jefe").unwrap();
    let headers = body_signed("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(
        receiver.verify(&headers, b"what do ya want for nothing?"),
        Ok(Signature::Body)
    );
}

#[test]
fn times_of_items_can_be_text_with_milliseconds() {
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
fn unknown_topics_and_items_are_unchanged() {
    for item in [
        json!({"type": "brand_new", "contact": {"a": [1.5, null]}}),
        json!({"contact": {"id": "5f"}, "visit": {"id": "6"}}),
        json!({"company": "5f", "contact": {"id": "5f"}}),
        json!({"id": "5f"}),
        json!({"type": 7}),
        json!("text"),
        json!([{"type": "contact"}]),
    ] {
        let read = about("brand.new.topic", &item);
        assert_eq!(read.item(), Some(&Item::Other(item)));
    }
    assert_eq!(about(topics::PING, &Value::Null).item(), None);
    // All digits are kept. The position of the type does not matter.
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
    let mismatches: Vec<String> = odd.mismatches().iter().map(ToString::to_string).collect();
    assert_eq!(
        mismatches,
        [
            "topic: expected a string, found a list",
            "data.item.id: expected a string, found an object"
        ]
    );
}

/// The topics of Intercom's webhook reference, for several API versions.
/// <https://developers.intercom.com/docs/references/webhooks/webhook-models>
const PUBLISHED_TOPICS: &str = "\
    admin.activity_log_event.created admin.added_to_workspace admin.away_mode_updated admin.logged_in \
    admin.logged_out admin.removed_from_workspace article.created article.deleted article.published \
    article.unpublished article.updated call.ended call.recording_available call.started \
    call.transcription_available company.contact.attached company.contact.detached company.created company.deleted \
    company.updated contact.archived contact.deleted contact.email.updated contact.lead.added_email \
    contact.lead.created contact.lead.signed_up contact.lead.tag.created contact.lead.tag.deleted \
    contact.lead.updated contact.merged contact.subscribed contact.unarchive contact.unsubscribed \
    contact.user.created contact.user.tag.created contact.user.tag.deleted contact.user.updated content_stat.banner \
    content_stat.carousel content_stat.chat content_stat.checklist content_stat.custom_bot content_stat.email \
    content_stat.news_item content_stat.post content_stat.push content_stat.series content_stat.series.webhook \
    content_stat.sms content_stat.survey content_stat.tooltip_group content_stat.tour conversation.admin.assigned \
    conversation.admin.closed conversation.admin.noted conversation.admin.open.assigned conversation.admin.opened \
    conversation.admin.replied conversation.admin.single.created conversation.admin.snoozed \
    conversation.admin.unsnoozed conversation.contact.attached conversation.contact.detached conversation.deleted \
    conversation.operator.replied conversation.priority.updated conversation.rating.added conversation.read \
    conversation.user.created conversation.user.replied conversation_part.redacted conversation_part.tag.created \
    event.created granular.subscribe granular.unsubscribe job.completed ping ticket.admin.assigned \
    ticket.admin.replied ticket.attribute.updated ticket.closed ticket.contact.attached ticket.contact.detached \
    ticket.contact.replied ticket.created ticket.note.created ticket.rating.provided ticket.state.updated \
    ticket.team.assigned visitor.signed_up";

/// The topics that are not in the list above: recorded, or in the reference of other API versions.
const OTHER_TOPICS: &str = "api.request.completed contact.unarchived content_snippet.created content_snippet.deleted \
    content_snippet.updated conversation.company.updated data_connector.execution.completed ticket.resolved";

#[test]
fn topics_are_spelled_as_published_and_recorded() {
    let mut expected: Vec<&str> = PUBLISHED_TOPICS
        .split_whitespace()
        .chain(OTHER_TOPICS.split_whitespace())
        .collect();
    expected.sort_unstable();
    let mut found = topics::ALL.to_vec();
    found.sort_unstable();
    assert_eq!(found, expected);
    for sent in recorded() {
        let topic = sent["topic"].as_str().unwrap();
        assert!(found.contains(&topic), "{topic}");
    }
    assert_eq!(topics::PING, "ping");
    assert_eq!(topics::CONTACT_LEAD_TAG_CREATED, "contact.lead.tag.created");
    assert_eq!(topics::CONVERSATION_PART_TAG_CREATED, "conversation_part.tag.created");
    assert_eq!(topics::CONVERSATION_USER_REPLIED, "conversation.user.replied");
}

/// Sends a chunked body of this many bytes, and returns the status line of the response.
fn post_chunked(address: std::net::SocketAddr, bytes: usize) -> String {
    use std::io::{BufRead, BufReader, Write};
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let head = "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    write!(socket, "{head}{bytes:x}\r\n{}", "x".repeat(bytes)).unwrap();
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_of_the_example_responds_and_queues() {
    let (queue, mut notifications) = tokio::sync::mpsc::channel(1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("http://{address}/webhooks");
    let router = endpoint::router(receiver(), queue);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();

    assert_eq!(
        http.head(&url).send().await.unwrap().status(),
        200,
        "sent when the URL is configured"
    );
    let post = async |signature: &str, body: String| {
        let request = http.post(&url).header("X-Hub-Signature", signature).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(PING_SIGNATURE, PING.to_owned()).await, 200);
    assert_eq!(post(PING_SIGNATURE, PING.replace("hello", "hullo")).await, 401);
    assert_eq!(http.post(&url).body(PING).send().await.unwrap().status(), 401);
    assert_eq!(post(PING_SIGNATURE, "x".repeat((4 << 20) + 1)).await, 413);
    let chunked = tokio::task::spawn_blocking(move || post_chunked(address, (4 << 20) + 1));
    assert_eq!(chunked.await.unwrap(), "HTTP/1.1 413 Payload Too Large");
    assert_eq!(post(&signature(b"{"), "{".to_owned()).await, 400);
    let reply = json!({"id": "notif_2", "topic": topics::CONVERSATION_USER_REPLIED, "data": {"item": {"type": "conversation"}}});
    let reply = reply.to_string();
    assert_eq!(post(&signature(reply.as_bytes()), reply.clone()).await, 200);
    assert_eq!(
        post(&signature(reply.as_bytes()), reply.clone()).await,
        503,
        "the queue is full, so that it is sent again later"
    );
    for ((body, digits), start) in CALLS.into_iter().zip(["", r#"{"state":"OK"}"#, r#"{"canvas":"#]) {
        let request = http.post(&url).header("X-Body-Signature", digits).body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{body}");
        let text = response.text().await.unwrap();
        assert!(text.starts_with(start), "{text}");
        let unsigned = http.post(&url).header("X-Body-Signature", &digits[1..]).body(body);
        assert_eq!(unsigned.send().await.unwrap().status(), 401);
    }
    let queued = notifications.recv().await.unwrap();
    assert_eq!(queued.id.as_deref(), Some("notif_2"));
    assert!(matches!(queued.item(), Some(Item::Conversation(_))));
    server.abort();
}
