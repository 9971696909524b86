//! A support bot: adds a note to each conversation, assigns, tags, replies and snoozes it, and opens a ticket on request.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, StatusCode};
use axum::{Router, body::Bytes, extract::State, routing::post};
use intercom_client::types::*;
use intercom_client::webhooks::{Notification, Receiver, topics};
use intercom_client::{Client, Error, mock::MockIntercom};
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc};

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "A support bot at http://127.0.0.1:3000/webhooks: set INTERCOM_ACCESS_TOKEN, INTERCOM_CLIENT_SECRET.
Without a token, it handles one conversation of a mock Intercom.\n\nUsage: support_bot";

/// The app's package code in the Developer Hub: the parts that the app's API calls create have it.
const PACKAGE_CODE: &str = "support-bot-3kd2";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
type Shared = (Receiver, mpsc::Sender<Notification>);

/// Receives notifications until `stop` completes. Returns when all of them have been handled.
pub(crate) async fn serve<S>(listener: TcpListener, receiver: Receiver, client: Client, stop: S) -> std::io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    let (queue, mut notifications) = mpsc::channel::<Notification>(1000);
    let worker = tokio::spawn(async move {
        let mut handled = VecDeque::new(); // in a database, the ids would survive a restart
        while let Some(notification) = notifications.recv().await {
            if notification.id.is_some() && handled.contains(&notification.id) {
                continue; // Intercom sends a notification again if the response was late
            }
            if let Err(error) = handle(&client, &notification).await {
                eprintln!("notification {:?}: {error}", notification.id);
            }
            handled.push_front(notification.id);
            handled.truncate(1000);
        }
    });
    let route = post(receive).head(|| async { StatusCode::OK }); // setting up the URL sends a HEAD request
    let router = Router::new().route("/webhooks", route).with_state((receiver, queue));
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    worker.await.map_err(std::io::Error::other)
}

/// Responds at once, because Intercom waits for 5 seconds at most.
async fn receive(State((receiver, queue)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match receiver.read(&headers, &body) {
        Ok(notification) if notification.is_ping() => StatusCode::OK,
        Ok(notification) if queue.try_send(notification.clone()).is_ok() => StatusCode::OK,
        Ok(_) => StatusCode::SERVICE_UNAVAILABLE, // the queue is full: Intercom sends it again a minute later
        Err(error) => error.status(),
    }
}

/// Handles the message of a contact, unless this app wrote it for the contact.
async fn handle(client: &Client, notification: &Notification) -> Result<(), Error> {
    use topics::{CONVERSATION_USER_CREATED as CREATED, CONVERSATION_USER_REPLIED as REPLIED};
    let id = match (notification.topic.as_deref(), notification.conversation()) {
        (Some(CREATED | REPLIED), Some(conversation)) if !is_echo(conversation) => conversation.id.as_deref(),
        _ => return Ok(()),
    };
    let bot = client.identify_admin().await?; // the teammate that the access token belongs to
    let conversation = client.retrieve_conversation().id(id).display_as("plaintext").await?;
    let text = last_message(&conversation).unwrap_or_default();
    let note = ReplyConversationRequest::admin_note(&bot.id, "The bot handles this conversation until tomorrow.");
    client.reply_conversation().id(id).body(note).await?;
    if let Some(team) = client.list_teams().await?.teams.first() {
        let assign = ManageConversationRequest::assign_to_team(&bot.id, &team.id);
        client.manage_conversation().id(id).body(assign).await?;
    }
    let tag = client.create_tag().body(CreateTagRequest::create("bot")).await?; // or the existing one
    let attach = client.attach_tag_to_conversation().id(id);
    attach.body_map(|b| b.id(&tag.id).admin_id(&bot.id)).await?;
    let mut reply = "Thank you, we will reply tomorrow.".to_owned();
    if text.to_lowercase().contains("ticket") {
        let ticket = open_ticket(client, &conversation, text).await?;
        reply += &ticket.map_or(String::new(), |id| format!(" Your ticket is {id}."));
    }
    let reply = ReplyConversationRequest::admin_comment(&bot.id, reply);
    client.reply_conversation().id(id).body(reply).await?;
    let snooze = ManageConversationRequest::snooze(&bot.id, SystemTime::now() + DAY);
    client.manage_conversation().id(id).body(snooze).await?;
    Ok(())
}

/// Returns `true` if an API call of this app created the newest part.
fn is_echo(conversation: &Conversation) -> bool {
    let parts = conversation.conversation_parts.as_ref();
    let newest = parts.and_then(|list| list.conversation_parts.last());
    newest.is_some_and(|part| part.app_package_code.as_deref() == Some(PACKAGE_CODE))
}

/// Opens a ticket of the workspace's first type for the contact of a conversation, and returns its id.
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

/// Returns the newest message of a contact.
fn last_message(conversation: &Conversation) -> Option<&str> {
    let parts = conversation.conversation_parts.as_ref();
    let mut parts = parts.into_iter().flat_map(|list| list.conversation_parts.iter().rev());
    let reply = parts.find_map(|part| match part.author.as_ref()?.type_.as_deref() {
        Some("user" | "lead") => part.body.as_deref(),
        _ => None,
    });
    reply.or_else(|| conversation.source.as_ref()?.body.as_deref())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    if tool::has_token() {
        let receiver = Receiver::new(tool::variable("INTERCOM_CLIENT_SECRET")?)?;
        let listener = TcpListener::bind("127.0.0.1:3000").await?;
        let stop = async { drop(tokio::signal::ctrl_c().await) };
        return Ok(serve(listener, receiver, Client::from_env()?, stop).await?);
    }
    let (intercom, receiver) = (MockIntercom::new(), Receiver::new("5e0c27a1")?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let item = json!({"type": "conversation", "id": "7", "source": {"body": "The map is empty. Please open a ticket."},
        "contacts": {"contacts": [{"type": "contact", "id": "66f1c2a9d04b7e8351aa0c11"}]}});
    intercom.seed("list_conversations", [&item]);
    let body = json!({"id": "notif_1", "topic": topics::CONVERSATION_USER_CREATED, "data": {"item": item}}).to_string();
    let request = reqwest::Client::builder().no_proxy().build()?;
    let request = request.post(format!("http://{}/webhooks", listener.local_addr()?));
    let request = request.header("x-hub-signature", receiver.sign(body.as_bytes()));
    let stop = async { drop(request.body(body).send().await) };
    serve(listener, receiver, intercom.client(), stop).await?;
    println!("{}", intercom.log());
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    tool::arguments(HELP, 0);
    tool::exit(run().await)
}
