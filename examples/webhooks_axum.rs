//! A webhook endpoint on axum for all requests that Intercom sends to an app.

use std::process::ExitCode;

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

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "\
Runs an endpoint that receives notifications, uninstall calls, health checks and Canvas Kit requests, and prints them.

Usage: webhooks_axum [ADDRESS]

Arguments:
  ADDRESS  address to listen on; default 127.0.0.1:3000

Environment:
  INTERCOM_CLIENT_SECRET  client secret of the app; required

Intercom sends requests by HTTPS. For a test, forward them with a tunnel, and set https://TUNNEL/webhooks as the endpoint URL in
the Developer Hub.";

/// The maximum size of a request body, in bytes.
const MAX_BODY_BYTES: usize = 4 << 20;

/// The number of notifications that wait to be processed.
const QUEUE_LENGTH: usize = 1000;

#[derive(Clone)]
pub(crate) struct Endpoint {
    receiver: Receiver,
    queue: Sender<Notification>,
}

/// Returns the endpoint, which responds to all requests and adds notifications to the queue.
pub(crate) fn router(receiver: Receiver, queue: Sender<Notification>) -> Router {
    let receiver = receiver.max_bytes(MAX_BODY_BYTES);
    Router::new()
        // Intercom sends a HEAD request when the URL is configured.
        .route("/webhooks", post(receive).head(|| async { StatusCode::OK }))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Endpoint { receiver, queue })
}

/// Responds to a request. Intercom waits 5 seconds at most, so notifications are processed by
/// another task.
async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> Response {
    match endpoint.receiver.read_any(&headers, &body) {
        Ok(Incoming::Notification(notification)) if notification.is_ping() => StatusCode::OK.into_response(),
        Ok(Incoming::Notification(notification)) => match endpoint.queue.try_send(*notification) {
            Ok(()) => StatusCode::OK.into_response(),
            // The queue is full. Intercom sends the notification again a minute later.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
        Ok(Incoming::Uninstall(call)) => {
            // An app that stores access tokens deletes the one of this workspace.
            println!("workspace {} uninstalled the app", call.app_id);
            StatusCode::OK.into_response()
        }
        // An app that stores access tokens returns `HealthReport::reinstall` if it has no valid
        // one.
        Ok(Incoming::HealthCheck(_)) => json(&HealthReport::ok()),
        Ok(Incoming::CanvasKit(request)) => json(&canvas(&request)),
        Ok(_) => StatusCode::BAD_REQUEST.into_response(),
        Err(error) => {
            eprintln!("rejected a request: {error}");
            error.status().into_response()
        }
    }
}

/// Returns the canvas that the app shows, for example next to a conversation.
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

/// Processes a notification. The same notification can arrive twice; a real app stores the ids of
/// processed notifications.
fn process(notification: &Notification) {
    let topic = notification.topic.as_deref().unwrap_or_default();
    match topic {
        topics::CONVERSATION_USER_CREATED | topics::CONVERSATION_USER_REPLIED => {
            println!("{topic}: reply to {:?}", notification.conversation_id());
        }
        // The item contains the contact in a field; `contact()` finds it there.
        topics::CONTACT_UNSUBSCRIBED => {
            let email = notification.contact().and_then(|contact| contact.email.as_deref());
            println!("{topic}: send no more emails to {email:?}");
        }
        // A stub contains the id of a deleted or archived record, not the record.
        _ if notification.is_stub() => println!("{topic}: delete {:?}", notification.stub()),
        _ => match notification.item() {
            Some(Item::Other(item)) => println!("{topic}: {}", item["type"]),
            _ => println!("{topic}: {:?}", notification.contact_id()),
        },
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = tool::arguments(HELP, 1);
    let address = arguments.first().map_or("127.0.0.1:3000", String::as_str);
    tool::exit(run(address).await)
}

async fn run(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let receiver = Receiver::new(tool::variable("INTERCOM_CLIENT_SECRET")?)?;
    let (queue, mut notifications) = mpsc::channel(QUEUE_LENGTH);
    let router = router(receiver, queue);
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}/webhooks", listener.local_addr()?);
    tokio::spawn(async move {
        while let Some(notification) = notifications.recv().await {
            process(&notification);
        }
    });
    axum::serve(listener, router).await?;
    Ok(())
}
