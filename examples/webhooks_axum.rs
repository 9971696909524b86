//! An endpoint on axum for all that Intercom sends to an app: notifications, verified, answered at once and worked on afterwards;
//! uninstall calls, health checks and Canvas Kit requests.
//!
//! Set `INTERCOM_CLIENT_SECRET` to your app's client secret, run `cargo run --example webhooks_axum`, and name the address, by
//! way of a tunnel with https, as the endpoint URLs in the Developer Hub: `https://…/webhooks`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use intercom_client::webhooks::{CanvasKitRequest, HealthReport, Incoming, Item, Notification, Receiver, topics};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Sender};

/// The longest body that is taken, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Endpoint {
    receiver: Receiver,
    queue: Sender<Notification>,
}

/// The endpoint, which answers each kind of request. Notifications go into the queue.
pub(crate) fn router(receiver: Receiver, queue: Sender<Notification>) -> Router {
    let receiver = receiver.max_bytes(MAX_BYTES);
    Router::new()
        // Setting the URL up sends a HEAD request.
        .route("/webhooks", post(receive).head(|| async { StatusCode::OK }))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(Endpoint { receiver, queue })
}

/// Takes one request. It has to be answered within 5 seconds, so the work on notifications is done elsewhere.
async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> Response {
    match endpoint.receiver.read_any(&headers, &body) {
        Ok(Incoming::Notification(notification)) if notification.is_ping() => StatusCode::OK.into_response(),
        Ok(Incoming::Notification(notification)) => match endpoint.queue.try_send(*notification) {
            Ok(()) => StatusCode::OK.into_response(),
            // It is sent again a minute later.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
        Ok(Incoming::Uninstall(call)) => {
            println!(
                "the workspace {} uninstalled the app: forget its access token",
                call.app_id
            );
            StatusCode::OK.into_response()
        }
        // An app that stores access tokens looks up here whether it has a valid one; without it, `HealthReport::reinstall`.
        Ok(Incoming::HealthCheck(_)) => json(&HealthReport::ok()),
        Ok(Incoming::CanvasKit(request)) => json(&canvas(&request)),
        Ok(_) => StatusCode::BAD_REQUEST.into_response(),
        Err(error) => {
            eprintln!("refused: {error}");
            error.status().into_response()
        }
    }
}

/// The canvas that the app shows, next to a conversation for example.
fn canvas(request: &CanvasKitRequest) -> Value {
    let text = match &request.component_id {
        None => "Hello".to_owned(),
        Some(component) => format!("You pressed {component}."),
    };
    json!({"canvas": {"content": {"components": [{"type": "text", "text": text}]}}})
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Works on one notification. The same one can arrive twice: remember the ids of those that are done.
fn work(notification: &Notification) {
    let topic = notification.topic.as_deref().unwrap_or_default();
    match topic {
        topics::CONVERSATION_USER_CREATED | topics::CONVERSATION_USER_REPLIED => {
            println!("{topic}: reply to {:?}", notification.conversation_id());
        }
        // The contact lies within another item; it is found wherever it lies.
        topics::CONTACT_UNSUBSCRIBED => {
            let email = notification.contact().and_then(|contact| contact.email.as_deref());
            println!("{topic}: write no more to {email:?}");
        }
        // A stub names what was deleted or archived: there is no record to store.
        _ if notification.is_stub() => println!("{topic}: forget {:?}", notification.stub()),
        _ => match notification.item() {
            Some(Item::Other(item)) => println!("{topic}: {}", item["type"]),
            _ => println!("{topic}: {:?}", notification.contact_id()),
        },
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("INTERCOM_CLIENT_SECRET").map_err(|_| "set INTERCOM_CLIENT_SECRET")?;
    let (queue, mut notifications) = mpsc::channel(1000);
    let router = router(Receiver::new(secret)?, queue);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}/webhooks", listener.local_addr()?);
    tokio::spawn(async move {
        while let Some(notification) = notifications.recv().await {
            work(&notification);
        }
    });
    axum::serve(listener, router).await?;
    Ok(())
}
