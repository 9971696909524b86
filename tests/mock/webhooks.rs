//! The mock sends webhook notifications about calls.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use intercom_client::http::{Request, Response, StatusCode};
use intercom_client::mock::MockIntercom;
use intercom_client::types::{CreateContactRequest, CreateTagRequest, ReplyConversationRequest};
use intercom_client::webhooks::{Item, Notification, Receiver};
use serde_json::{Value, json};

const SECRET: &str = "5e0c27a1-77d4-4f0e-9b1f-2f0a4c1f6f53";

#[tokio::test]
async fn notifications_are_signed_and_in_order() {
    let receiver = Receiver::new(SECRET).unwrap();
    let topics = [
        "contact.user.created",
        "contact.user.tag.created",
        "contact.archived",
        "conversation.user.created",
        "conversation.admin.noted",
        "conversation.user.replied",
    ];
    let intercom = MockIntercom::builder().webhooks(topics).build();
    let client = intercom.client();
    let ada = client
        .create_contact()
        .body(CreateContactRequest::with_external_id("u-1"))
        .await
        .unwrap();
    // Causes an event without a subscription.
    client
        .update_contact()
        .id(&ada.id)
        .body(json!({"name": "Ada"}))
        .await
        .unwrap();
    let vip = client.create_tag().body(CreateTagRequest::create("vip")).await.unwrap();
    client
        .attach_tag_to_contact()
        .id(&ada.id)
        .body(json!({"id": vip.id}))
        .await
        .unwrap();
    let from = json!({"type": "user", "id": ada.id});
    let message = client
        .create_conversation()
        .body(json!({"from": from, "body": "Hello"}))
        .await
        .unwrap();
    let id = message.conversation_id.clone().unwrap();
    let note = ReplyConversationRequest::admin_note(4021337, "Secret");
    client.reply_conversation().id(&id).body(note).await.unwrap();
    let reply = ReplyConversationRequest::contact_comment(ada.id.clone().unwrap(), "Anybody?");
    client.reply_conversation().id(&id).body(reply).await.unwrap();
    client.archive_contact().id(&ada.id).await.unwrap();

    let read: Arc<Mutex<Vec<Notification>>> = Arc::default();
    let (endpoint, seen) = (receiver.clone(), Arc::clone(&read));
    let endpoint = tower::service_fn(move |request: Request<Bytes>| {
        let notification = endpoint.read(request.headers(), request.body()).unwrap();
        assert_eq!(notification.mismatches(), [], "{:?}", request.body());
        seen.lock().unwrap().push(notification);
        async { Ok::<_, std::convert::Infallible>(Response::new(())) }
    });
    assert_eq!(intercom.notify(&receiver, endpoint).await.unwrap(), [StatusCode::OK; 6]);
    assert!(
        intercom.notifications(&receiver).is_empty(),
        "each notification is sent once"
    );

    let read = read.lock().unwrap();
    let sent: Vec<&str> = read
        .iter()
        .map(|notification| notification.topic.as_deref().unwrap())
        .collect();
    assert_eq!(
        sent,
        [
            "contact.user.created",
            "contact.user.tag.created",
            "conversation.user.created",
            "conversation.admin.noted",
            "conversation.user.replied",
            "contact.archived"
        ]
    );
    let item = |index: usize| serde_json::to_value(read[index].item().unwrap()).unwrap();
    assert!(matches!(read[0].item(), Some(Item::Contact(contact)) if contact.id == ada.id));
    assert_eq!(
        (&item(1)["contact"]["id"], &item(1)["tag"]["name"]),
        (&json!(ada.id), &json!("vip"))
    );
    // The item only has the new part.
    let Some(Item::Conversation(replied)) = read[4].item() else {
        panic!()
    };
    let parts = &replied.conversation_parts.as_ref().unwrap().conversation_parts;
    assert_eq!((parts.len(), parts[0].body.as_deref()), (1, Some("<p>Anybody?</p>")));
    assert!(read[5].is_stub());
    assert_eq!(read[0].app_id.as_deref(), Some("fh2k9wq7"));
}

/// As in recorded notifications.
#[tokio::test]
async fn timestamps_of_items_are_strings_with_milliseconds() {
    let receiver = Receiver::new(SECRET).unwrap();
    let intercom = MockIntercom::builder()
        .webhooks(["company.created", "company.deleted"])
        .build();
    let client = intercom.client();
    let company = client
        .create_or_update_company()
        .body(json!({"company_id": "acme", "name": "Acme"}))
        .await
        .unwrap();
    client.delete_company().id(&company.id).await.unwrap();
    let bodies: Vec<Value> = intercom
        .notifications(&receiver)
        .iter()
        .map(|request| serde_json::from_slice(request.body()).unwrap())
        .collect();
    let created = bodies[0]["data"]["item"]["created_at"].as_str().unwrap();
    assert!(created.ends_with(".000Z") && created.contains('T'), "{created}");
    assert!(bodies[0]["created_at"].is_i64());
    assert_eq!(
        bodies[1]["data"]["item"],
        json!({"id": company.id, "type": "company", "deleted": true})
    );
}

#[test]
#[should_panic(expected = "unsupported topic call.started")]
fn unsupported_topic_panics() {
    let _ = MockIntercom::builder().webhooks(["call.started"]);
}
