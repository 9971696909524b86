//! The requests that the example bot sends for a notification, and the notifications that it
//! ignores.

#[path = "../examples/support_bot.rs"]
#[allow(dead_code)]
mod bot;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use intercom_client::webhooks::{Receiver, topics};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";

fn receiver() -> Receiver {
    Receiver::new(SECRET).unwrap()
}

fn notification(id: &str, topic: &str, item: &Value) -> String {
    json!({"id": id, "topic": topic, "data": {"item": item}}).to_string()
}

/// Sends signed notifications to the bot, and waits until it has handled them.
///
/// Returns the statuses of the endpoint's responses, the first one to a HEAD request.
async fn notify(intercom: &MockIntercom, notifications: Vec<String>, signer: Receiver) -> Vec<u16> {
    notify_then(intercom, notifications, signer, || ()).await
}

/// Sends notifications as [`notify`] does, and calls a function after the last response.
async fn notify_then(
    intercom: &MockIntercom,
    notifications: Vec<String>,
    signer: Receiver,
    then: impl FnOnce() + Send + 'static,
) -> Vec<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let (sender, receiver_of_statuses) = tokio::sync::oneshot::channel();
    let send_all = async move {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut statuses = vec![http.head(&url).send().await.unwrap().status().as_u16()];
        for body in notifications {
            let request = http.post(&url).header("x-hub-signature", signer.sign(body.as_bytes()));
            statuses.push(request.body(body).send().await.unwrap().status().as_u16());
        }
        then();
        sender.send(statuses).unwrap();
    };
    bot::serve(listener, receiver(), intercom.client(), send_all)
        .await
        .unwrap();
    receiver_of_statuses.await.unwrap()
}

/// Returns the request lines in order.
fn lines(received: &[ReceivedRequest]) -> Vec<String> {
    received.iter().map(ReceivedRequest::line).collect()
}

fn bodies(intercom: &MockIntercom, operation: &str) -> Vec<Value> {
    intercom.calls(operation).iter().map(ReceivedRequest::json).collect()
}

#[tokio::test]
async fn request_for_a_ticket_creates_one() {
    let intercom = MockIntercom::new();
    let part =
        |author: &str, body: &str| json!({"type": "conversation_part", "author": {"type": author}, "body": body});
    let conversation = json!({
        "type": "conversation", "id": "7", "source": {"author": {"type": "user"}, "body": "The map is empty."},
        "contacts": {"contacts": [{"type": "contact", "id": "66f1c2a9d04b7e8351aa0c11"}]},
        "conversation_parts": {"conversation_parts": [
            part("user", "Is it me?"), part("lead", "Then a TICKET, please"), part("admin", "Reloaded?"), {"type": "conversation_part", "author": {"type": "user"}, "body": null},
        ]},
    });
    intercom.seed("list_conversations", [conversation]);
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();

    let item = json!({"type": "conversation", "id": "7"});
    let sent = notification("notif_1", topics::CONVERSATION_USER_REPLIED, &item);
    assert_eq!(notify(&intercom, vec![sent], receiver()).await, [200, 200]);

    assert_eq!(
        lines(&intercom.received()),
        [
            "GET /me",
            "GET /conversations/7?display_as=plaintext",
            "POST /conversations/7/reply",
            "GET /teams",
            "POST /conversations/7/parts",
            "POST /tags",
            "POST /conversations/7/tags",
            "GET /ticket_types",
            "POST /tickets",
            "POST /conversations/7/reply",
            "POST /conversations/7/parts",
        ]
    );
    assert_eq!(
        bodies(&intercom, "reply_conversation"),
        [
            json!({
                "message_type": "note", "type": "admin", "admin_id": "4021337",
                "body": "The bot handles this conversation until tomorrow.",
            }),
            json!({
                "message_type": "comment", "type": "admin", "admin_id": "4021337",
                "body": "Thank you, we will reply tomorrow. Your ticket is 900002.",
            }),
        ]
    );
    let [assigned, snoozed] = bodies(&intercom, "manage_conversation").try_into().unwrap();
    assert_eq!(
        assigned,
        json!({"message_type": "assignment", "type": "team", "admin_id": "4021337", "assignee_id": "6180"})
    );
    let until = snoozed["snoozed_until"].as_u64().unwrap();
    assert_eq!(
        snoozed,
        json!({"message_type": "snoozed", "admin_id": "4021337", "snoozed_until": until})
    );
    assert!((23 * 3600..25 * 3600).contains(&(until - started)), "{until}");
    assert_eq!(bodies(&intercom, "create_tag"), [json!({"name": "bot"})]);
    assert_eq!(
        bodies(&intercom, "attach_tag_to_conversation"),
        [json!({"id": "900001", "admin_id": "4021337"})]
    );
    assert_eq!(
        bodies(&intercom, "create_ticket"),
        [json!({
            "ticket_type_id": "5102", "contacts": [{"id": "66f1c2a9d04b7e8351aa0c11"}],
            "ticket_attributes": {"_default_title_": "A request", "_default_description_": "Then a TICKET, please"},
        })]
    );
}

#[tokio::test]
async fn duplicate_notification_is_handled_once() {
    let intercom = MockIntercom::new();
    let item = json!({"type": "conversation", "id": "215478120045"});
    let notify_of = |id: &str| notification(id, topics::CONVERSATION_USER_CREATED, &item);
    let twice = vec![notify_of("notif_1"), notify_of("notif_1"), notify_of("notif_2")];
    assert_eq!(notify(&intercom, twice, receiver()).await, [200; 4]);
    assert_eq!(intercom.calls("retrieve_conversation").len(), 2, "notif_1 and notif_2");
    assert_eq!(intercom.calls("reply_conversation").len(), 4);
    assert!(intercom.calls("create_ticket").is_empty(), "no ticket was requested");
}

/// A part that the app of the bot creates through the API on behalf of a contact has the topic of a
/// contact's reply.
#[tokio::test]
async fn own_replies_are_recognized_by_package_code() {
    let intercom = MockIntercom::new();
    let notify_of = |id: &str, code: Value| {
        let part = json!({"type": "conversation_part", "id": "1", "author": {"type": "user"}, "body": "Hello", "app_package_code": code});
        let item =
            json!({"type": "conversation", "id": "215478120045", "conversation_parts": {"conversation_parts": [part]}});
        notification(id, topics::CONVERSATION_USER_REPLIED, &item)
    };
    let own_reply = vec![notify_of("notif_1", json!("support-bot-3kd2"))];
    assert_eq!(notify(&intercom, own_reply, receiver()).await, [200; 2]);
    assert!(intercom.received().is_empty());
    let others = vec![
        notify_of("notif_2", json!("another-app-1ab0")),
        notify_of("notif_3", Value::Null),
    ];
    assert_eq!(notify(&intercom, others, receiver()).await, [200; 3]);
    assert_eq!(intercom.calls("retrieve_conversation").len(), 2);
}

#[tokio::test]
async fn bot_continues_after_an_error() {
    let intercom = MockIntercom::new();
    intercom
        .on("retrieve_conversation")
        .respond_once(MockResponse::error(404, "not_found", "Resource Not Found"));
    let item = json!({"type": "conversation", "id": "215478120045"});
    let notify_of = |id: &str| notification(id, topics::CONVERSATION_USER_REPLIED, &item);
    assert_eq!(
        notify(&intercom, vec![notify_of("notif_1"), notify_of("notif_2")], receiver()).await,
        [200; 3]
    );
    assert_eq!(intercom.calls("retrieve_conversation").len(), 2);
    assert_eq!(
        intercom.calls("reply_conversation").len(),
        2,
        "only notif_2 gets replies"
    );
}

#[tokio::test]
async fn unsigned_and_irrelevant_notifications_are_ignored() {
    let intercom = MockIntercom::new();
    let conversation = json!({"type": "conversation", "id": "215478120045"});
    let contact = json!({"type": "contact", "id": "66f1c2a9d04b7e8351aa0c11"});
    let others = vec![
        notification("notif_1", topics::PING, &json!({"type": "ping"})),
        notification("notif_2", topics::CONVERSATION_ADMIN_REPLIED, &conversation),
        notification("notif_3", topics::CONTACT_USER_CREATED, &contact),
    ];
    assert_eq!(notify(&intercom, others, receiver()).await, [200; 4]);
    let sent = notification("notif_4", topics::CONVERSATION_USER_CREATED, &conversation);
    let wrong_signer = Receiver::new("another-secret").unwrap();
    assert_eq!(notify(&intercom, vec![sent], wrong_signer).await, [200, 401]);
    assert!(intercom.received().is_empty());
}

#[tokio::test]
async fn notification_is_acknowledged_before_it_is_handled() {
    let intercom = MockIntercom::builder().latency(Duration::from_millis(200)).build();
    let (acknowledged, was_acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (seen, set) = (Arc::clone(&acknowledged), Arc::clone(&was_acknowledged));
    // The latency delays the second call of the handling, so the response arrives before it.
    intercom.on("retrieve_conversation").respond_with(move |_| {
        set.store(seen.load(Ordering::SeqCst), Ordering::SeqCst);
        None
    });
    let item = json!({"type": "conversation", "id": "215478120045"});
    let sent = notification("notif_1", topics::CONVERSATION_USER_CREATED, &item);
    let then = move || acknowledged.store(true, Ordering::SeqCst);
    assert_eq!(notify_then(&intercom, vec![sent], receiver(), then).await, [200, 200]);
    assert!(
        was_acknowledged.load(Ordering::SeqCst),
        "the response waits for the handling"
    );
    assert_eq!(
        intercom.calls("manage_conversation").len(),
        2,
        "the handling must be complete"
    );
}
