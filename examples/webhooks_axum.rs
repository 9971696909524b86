//! A webhook endpoint on axum: verified, answered at once, and worked on afterwards.
//!
//! Set `INTERCOM_CLIENT_SECRET` to your app's client secret, run `cargo run --example webhooks_axum`, and name the address, by
//! way of a tunnel with https, as the endpoint URL in the Developer Hub: `https://…/webhooks`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use intercom_client::webhooks::{Item, Notification, Receiver, topics};
use tokio::sync::mpsc::{self, Sender};

/// The longest notification that is taken, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Endpoint {
    receiver: Receiver,
    queue: Sender<Notification>,
}

/// The endpoint: verified notifications go into the queue.
pub(crate) fn router(receiver: Receiver, queue: Sender<Notification>) -> Router {
    let receiver = receiver.max_bytes(MAX_BYTES);
    Router::new()
        // Setting the URL up sends a HEAD request.
        .route("/webhooks", post(receive).head(|| async { StatusCode::OK }))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(Endpoint { receiver, queue })
}

/// Takes one notification. It has to be answered within 5 seconds, so that the work is done elsewhere.
async fn receive(State(endpoint): State<Endpoint>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match endpoint.receiver.read(&headers, &body) {
        Ok(notification) if notification.is_ping() => StatusCode::OK,
        Ok(notification) => match endpoint.queue.try_send(notification) {
            Ok(()) => StatusCode::OK,
            // It is sent again a minute later.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
        Err(error) => {
            eprintln!("refused: {error}");
            error.status()
        }
    }
}

/// What is done with each notification. The same one can come twice: remember the ids of those that are done.
fn work(notification: &Notification) {
    let topic = notification.topic.as_deref().unwrap_or_default();
    match (topic, notification.item()) {
        (
            topics::CONVERSATION_USER_CREATED | topics::CONVERSATION_USER_REPLIED,
            Some(Item::Conversation(conversation)),
        ) => {
            println!("{topic}: answer {:?}", conversation.id);
        }
        (_, Some(Item::Contact(contact))) => println!("{topic}: {:?} is a {:?}", contact.id, contact.role),
        (_, Some(Item::Other(item))) => println!("{topic}: {}", item["type"]),
        _ => println!("{topic}"),
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
