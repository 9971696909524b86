//! A tour of the client: `cargo run --example quickstart`.
//!
//! Without a token it runs against a mock Intercom that it starts itself, which answers from the API's description. With
//! `INTERCOM_ACCESS_TOKEN` set it runs the part that only reads against the real API (see `Client::from_env`).

use intercom_client::mock::MockIntercom;
use intercom_client::search::field;
use intercom_client::types::{
    ConversationSender, CreateContactRequest, CreateTagRequest, ReplyConversationRequest, TicketContactRequest,
};
use intercom_client::{Client, Error, Method};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var_os("INTERCOM_ACCESS_TOKEN").is_some() {
        return look_around(&Client::from_env()?).await;
    }
    let intercom = MockIntercom::new();
    println!("a mock Intercom answers; set INTERCOM_ACCESS_TOKEN to ask the real Intercom\n");
    let client = intercom.client();
    look_around(&client).await?;
    make_things(&client).await
}

/// The part that only reads.
async fn look_around(client: &Client) -> Result<(), Error> {
    let me = client.identify_admin().send().await?;
    println!("token of      {} <{}>", text(&me.name), text(&me.email));

    let articles = client.list_articles().per_page(5).send().await?;
    for article in &articles.data {
        println!("article       {}, {}", text(&article.title), text(&article.state));
    }

    let found = client.search_conversations().query(field("open").eq(true));
    for conversation in &found.send().await?.conversations {
        println!("open          conversation {}", text(&conversation.id));
    }

    // Any path, as any type: what the description does not have goes through the same transport.
    let counts = client.request(Method::GET, "/tags").send::<Value>().await?;
    println!("raw           {} tags", counts["data"].as_array().map_or(0, Vec::len));

    match client.retrieve_conversation().id("404").send().await {
        Err(error) if error.is_not_found() => println!("missing       {error}"),
        other => println!("surprise      {}", text(&other?.title)),
    }
    Ok(())
}

/// The part that writes: a contact, a tag, a conversation with a reply, a ticket.
async fn make_things(client: &Client) -> Result<(), Error> {
    let ada = CreateContactRequest::with_email("ada@juniper-freight.example");
    let contact = client.create_contact().body(ada).send().await?;
    println!("contact       {} <{}>", text(&contact.id), text(&contact.email));

    let vip = client.create_tag().body(CreateTagRequest::create("vip")).send().await?;
    let attach = client.attach_tag_to_contact().id(&contact.id);
    let tag = attach.body_map(|b| b.id(&vip.id)).send().await?;
    println!("tag           {}", text(&tag.name));

    let from = ConversationSender::user(&contact.id);
    let ask = client
        .create_conversation()
        .body_map(|b| b.from(from).body("Where is my map?"));
    let asked = ask.send().await?;
    let note = ReplyConversationRequest::admin_note(4021337, "The carrier's token ran out.");
    let conversation = client
        .reply_conversation()
        .id(&asked.conversation_id)
        .body(note)
        .send()
        .await?;
    println!(
        "conversation  {}, {}",
        text(&conversation.id),
        text(&conversation.state)
    );
    let source = conversation.source.as_ref();
    println!("  begins      {}", text(&source.and_then(|source| source.body.clone())));
    let parts = conversation.conversation_parts.as_ref();
    for part in parts
        .map(|parts| parts.conversation_parts.as_slice())
        .unwrap_or_default()
    {
        println!("  {:11} {}", text(&part.part_type), text(&part.body));
    }

    let contacts = [TicketContactRequest::by_id(&contact.id)];
    let open = client
        .create_ticket()
        .body_map(|b| b.ticket_type_id(5102).contacts(contacts));
    let ticket = open.send().await?;
    println!("ticket        {}, {}", text(&ticket.id), text(&ticket.ticket_state));

    // What was made is there.
    let ada = client.show_contact().id(&contact.id).send().await?;
    let tags = client.list_tags_for_contact().id(&ada.id).send().await?;
    let names: Vec<String> = tags.data.iter().map(|tag| text(&tag.name)).collect();
    println!("look again    {} has the tags {}", text(&ada.email), names.join(", "));
    Ok(())
}

/// A field as it is shown: any can be absent.
fn text<T: std::fmt::Display>(field: &Option<T>) -> String {
    field.as_ref().map_or("-".to_owned(), T::to_string)
}
