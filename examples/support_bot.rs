//! A support bot: it notes, assigns, tags, answers and snoozes what contacts write, and opens a ticket when asked to.
//!
//! `cargo run --example support_bot` shows one conversation against a mock Intercom. With
//! `INTERCOM_ACCESS_TOKEN` and `INTERCOM_CLIENT_SECRET` set it serves `http://127.0.0.1:3000/webhooks`: the endpoint URL for
//! the Developer Hub, by way of a tunnel with https, with the topics `conversation.user.created` and `….replied`.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, StatusCode};
use axum::{Router, body::Bytes, extract::State, routing::post};
use intercom_client::types::{
    Conversation, CreateTagRequest, ManageConversationRequest, ReplyConversationRequest, TicketContactRequest,
};
use intercom_client::webhooks::{Notification, Receiver, topics};
use intercom_client::{Client, Error, mock::MockIntercom};
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc};

/// Takes notifications until `stop` is done, and ends when the last one is worked on.
pub(crate) async fn serve<S>(listener: TcpListener, receiver: Receiver, client: Client, stop: S) -> std::io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    let (queue, mut notifications) = mpsc::channel::<Notification>(1000);
    let worker = tokio::spawn(async move {
        let mut done = VecDeque::new(); // to last over a restart, the ids go into a database
        while let Some(notification) = notifications.recv().await {
            if notification.id.is_some() && done.contains(&notification.id) {
                continue; // what was not answered in time comes once more
            }
            if let Err(error) = work(&client, &notification).await {
                eprintln!("{:?}: {error}", notification.id);
            }
            done.push_front(notification.id);
            done.truncate(1000);
        }
    });
    let route = post(receive).head(|| async { StatusCode::OK }); // setting the URL up sends a HEAD request
    let router = Router::new().route("/webhooks", route);
    let router = router.with_state((receiver, queue));
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    worker.await.map_err(std::io::Error::other)
}

/// What the endpoint works with.
type Shared = (Receiver, mpsc::Sender<Notification>);

/// Answers at once, since Intercom waits 5 seconds: the work is done afterwards.
async fn receive(State((receiver, queue)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match receiver.read(&headers, &body) {
        Ok(notification) if notification.is_ping() => StatusCode::OK,
        // What does not fit into the queue is sent again a minute later.
        Ok(notification) => queue
            .try_send(notification)
            .map_or(StatusCode::SERVICE_UNAVAILABLE, |()| StatusCode::OK),
        Err(error) => error.status(),
    }
}

/// What the bot does when a contact has written, unless the app itself wrote it for the contact.
async fn work(client: &Client, notification: &Notification) -> Result<(), Error> {
    let (Some(topics::CONVERSATION_USER_CREATED | topics::CONVERSATION_USER_REPLIED), Some(told)) =
        (notification.topic.as_deref(), notification.conversation())
    else {
        return Ok(());
    };
    if is_echo(told) {
        return Ok(());
    }
    let bot = client.identify_admin().await?; // the teammate that the access token belongs to
    let id = told.id.as_deref();
    let conversation = client.retrieve_conversation().id(id).display_as("plaintext").await?;
    let text = last_words(&conversation).unwrap_or_default();

    let note = ReplyConversationRequest::admin_note(&bot.id, "The bot takes this one until tomorrow.");
    client.reply_conversation().id(id).body(note).await?;

    if let Some(team) = client.list_teams().await?.teams.first() {
        let assign = ManageConversationRequest::assign_to_team(&bot.id, &team.id);
        client.manage_conversation().id(id).body(assign).await?;
    }

    let tag = client.create_tag().body(CreateTagRequest::create("bot")).await?; // the one of that name, if there is one
    let attach = client.attach_tag_to_conversation().id(id);
    attach.body_map(|b| b.id(&tag.id).admin_id(&bot.id)).await?;

    let mut answer = "Thank you, we write back tomorrow.".to_owned();
    if text.to_lowercase().contains("ticket") {
        let ticket = open_ticket(client, &conversation, text).await?;
        answer += &ticket.map_or("".to_owned(), |id| format!(" Your ticket is {id}."));
    }
    let reply = ReplyConversationRequest::admin_comment(&bot.id, answer);
    client.reply_conversation().id(id).body(reply).await?;

    let tomorrow = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    let snooze = ManageConversationRequest::snooze(&bot.id, tomorrow);
    client.manage_conversation().id(id).body(snooze).await?;
    Ok(())
}

/// The app's package code, as the Developer Hub shows it: parts that the app's API calls made carry it.
const PACKAGE_CODE: &str = "support-bot-3kd2";

/// Returns `true` if this app's own API call made the newest part.
fn is_echo(conversation: &Conversation) -> bool {
    let parts = conversation.conversation_parts.as_ref();
    let newest = parts.and_then(|list| list.conversation_parts.last());
    newest.is_some_and(|part| part.app_package_code.as_deref() == Some(PACKAGE_CODE))
}

/// Opens a ticket, of the workspace's first type, for the contact of a conversation, and gives its id.
async fn open_ticket(client: &Client, conversation: &Conversation, text: &str) -> Result<Option<String>, Error> {
    let types = client.list_ticket_types().await?;
    let contact = conversation.contacts.as_ref().and_then(|list| list.contacts.first());
    let (Some(ticket_type), Some(contact)) = (types.data.first(), contact) else {
        return Ok(None);
    };
    let contacts = [TicketContactRequest::by_id(&contact.id)];
    let attributes = [("_default_title_", "A request"), ("_default_description_", text)];
    let open = client.create_ticket().body_map(|b| b.contacts(contacts));
    let open = open.body_map(|b| b.ticket_type_id(&ticket_type.id).ticket_attributes(attributes));
    Ok(open.await?.id.clone())
}

/// What a contact wrote last.
fn last_words(conversation: &Conversation) -> Option<&str> {
    let parts = conversation.conversation_parts.as_ref();
    let mut parts = parts.into_iter().flat_map(|list| list.conversation_parts.iter().rev());
    let reply = parts.find_map(|part| match part.author.as_ref()?.type_.as_deref() {
        Some("user" | "lead") => part.body.as_deref(),
        _ => None,
    });
    reply.or_else(|| conversation.source.as_ref()?.body.as_deref())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::var_os("INTERCOM_ACCESS_TOKEN").is_some() {
        let secret = std::env::var("INTERCOM_CLIENT_SECRET").map_err(|_| "set INTERCOM_CLIENT_SECRET")?;
        let listener = TcpListener::bind("127.0.0.1:3000").await?;
        let stop = async { drop(tokio::signal::ctrl_c().await) };
        return Ok(serve(listener, Receiver::new(secret)?, Client::from_env()?, stop).await?);
    }
    let intercom = MockIntercom::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let receiver = Receiver::new("5e0c27a1")?;
    let asks = json!({"type": "conversation", "id": "7", "source": {"body": "The map is empty. Please open a ticket."},
        "contacts": {"contacts": [{"type": "contact", "id": "66f1c2a9d04b7e8351aa0c11"}]}});
    intercom.seed("list_conversations", [&asks]);
    let body = json!({"id": "notif_1", "topic": "conversation.user.created", "data": {"item": asks}}).to_string();
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.post(format!("http://{}/webhooks", listener.local_addr()?));
    let signed = request.header("x-hub-signature", receiver.sign(body.as_bytes()));
    let sent = signed.body(body).send();
    let notify = async { println!("notified: {:?}\n", sent.await.map(|answer| answer.status())) };
    serve(listener, receiver, intercom.client(), notify).await?;
    for request in intercom.received() {
        println!("{}\n    {}", request.line(), String::from_utf8_lossy(&request.body));
    }
    Ok(())
}
