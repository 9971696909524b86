//! A tour of the client: reads from a workspace and, on the mock, creates records and shows them.

use std::process::ExitCode;

use intercom_client::mock::MockIntercom;
use intercom_client::search::field;
use intercom_client::types::{
    ConversationSender, CreateContactRequest, CreateTagRequest, ReplyConversationRequest, TicketContactRequest,
};
use intercom_client::{Client, Error, Method};
use serde_json::Value;

#[path = "tool/mod.rs"]
mod tool;

const HELP: &str = "\
A tour of the client. On a mock Intercom it creates records and shows them; in a workspace it only reads.

Usage: quickstart

Environment:
  INTERCOM_ACCESS_TOKEN  token of the workspace; if unset, a mock Intercom is used
  INTERCOM_REGION        us, eu or au; default us";

#[tokio::main]
async fn main() -> ExitCode {
    tool::arguments(HELP, 0);
    tool::exit(run().await)
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    if tool::has_token() {
        return Ok(read(&Client::from_env()?).await?);
    }
    let client = MockIntercom::new().client();
    read(&client).await?;
    Ok(create(&client).await?)
}

/// Calls that only read.
async fn read(client: &Client) -> Result<(), Error> {
    let me = client.identify_admin().await?;
    println!("token of      {} <{}>", text(&me.name), text(&me.email));

    let articles = client.list_articles().per_page(5).await?;
    for article in &articles.data {
        println!("article       {}, {}", text(&article.title), text(&article.state));
    }

    let open = client.search_conversations().query(field("open").eq(true)).await?;
    for conversation in &open.conversations {
        println!("open          conversation {}", text(&conversation.id));
    }

    // Any path, as any type.
    let tags = client.request(Method::GET, "/tags").send::<Value>().await?;
    println!("raw           {} tags", tags["data"].as_array().map_or(0, Vec::len));

    match client.retrieve_conversation().id("404").await {
        Err(error) if error.is_not_found() => println!("missing       {error}"),
        other => println!("found         {}", text(&other?.title)),
    }
    Ok(())
}

/// Creates a contact with a tag, a conversation with a note, and a ticket, then reads them back.
async fn create(client: &Client) -> Result<(), Error> {
    let ada = CreateContactRequest::with_email("ada@juniper-freight.example");
    let ada = client.create_contact().body(ada).await?;
    println!("\ncreated       contact {} <{}>", text(&ada.id), text(&ada.email));

    let vip = client.create_tag().body(CreateTagRequest::create("vip")).await?;
    let attach = client.attach_tag_to_contact().id(&ada.id);
    attach.body_map(|b| b.id(&vip.id)).await?;
    println!("attached      tag {}", text(&vip.name));

    let from = ConversationSender::user(&ada.id);
    let ask = client.create_conversation();
    let asked = ask.body_map(|b| b.from(from).body("Where is my map?")).await?;
    let note = ReplyConversationRequest::admin_note(4021337, "The carrier's token has expired.");
    let reply = client.reply_conversation().id(&asked.conversation_id);
    let conversation = reply.body(note).await?;
    println!("created       conversation {}", text(&conversation.id));

    let contacts = [TicketContactRequest::by_id(&ada.id)];
    let open = client.create_ticket();
    let ticket = open.body_map(|b| b.ticket_type_id(5102).contacts(contacts)).await?;
    println!("created       ticket {}", text(&ticket.id));

    let ada = client.show_contact().id(&ada.id).await?;
    let tags = client.list_tags_for_contact().id(&ada.id).await?;
    let tags: Vec<String> = tags.data.iter().map(|tag| text(&tag.name)).collect();
    println!("\nread back     {} with the tags {}", text(&ada.email), tags.join(", "));
    let conversation = client.retrieve_conversation().id(&conversation.id).await?;
    let source = conversation.source.as_ref();
    let question = source.and_then(|source| source.body.clone());
    println!("read back     conversation: {}", text(&question));
    let parts = conversation.conversation_parts.as_ref();
    for part in parts.map_or(&[][..], |parts| &parts.conversation_parts) {
        println!("              {}: {}", text(&part.part_type), text(&part.body));
    }
    let ticket = client.get_ticket().id(&ticket.id).await?;
    println!(
        "read back     ticket {}, {}",
        text(&ticket.id),
        text(&ticket.ticket_state)
    );
    Ok(())
}

/// Shows a field, or `-` if it is absent.
fn text<T: std::fmt::Display>(field: &Option<T>) -> String {
    field.as_ref().map_or("-".to_owned(), T::to_string)
}
