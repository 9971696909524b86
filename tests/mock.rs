//! The quickstart's server refuses what the API refuses, and answers with the example that fits.

#[path = "../examples/embedded_server/mod.rs"]
mod embedded_server;

use intercom_client::types::ReplyConversationRequest;
use intercom_client::{ApiVersion, Client, ClientBuilder};

async fn with_token(token: &str) -> ClientBuilder {
    let url = embedded_server::start().await.unwrap();
    Client::builder(token).base_url(url)
}

async fn client() -> Client {
    with_token(embedded_server::TOKEN).await.build().unwrap()
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let client = with_token("another-token").await.build().unwrap();
    let error = client.identify_admin().send().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(error.code(), Some("unauthorized"));
}

#[tokio::test]
async fn another_version_is_refused_and_so_is_none() {
    let builder = with_token(embedded_server::TOKEN).await;
    let client = builder.api_version(ApiVersion::V1_0).build().unwrap();
    let error = client.identify_admin().send().await.unwrap_err();
    assert_eq!(error.code(), Some("intercom_version_invalid"));

    let url = format!("{}/me", client.base_url());
    let bare = reqwest::Client::new().get(url).bearer_auth(embedded_server::TOKEN);
    assert_eq!(bare.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn an_id_that_no_example_has_is_not_found() {
    let client = client().await;
    let known = client.retrieve_conversation().id("215478120045").send().await.unwrap();
    assert_eq!(known.id.as_deref(), Some("215478120045"));
    let recorded = client.retrieve_conversation().id("1").send().await.unwrap_err();
    assert!(recorded.is_not_found() && recorded.request_id().is_some(), "{recorded}");
    let unrecorded = client.show_contact().id("nobody").send().await.unwrap_err();
    assert!(unrecorded.is_not_found(), "{unrecorded}");
}

#[tokio::test]
async fn fixed_paths_go_before_parameters() {
    let found = client().await.search_contacts().body_map(|b| {
        let everyone = intercom_client::types::SearchFilter::builder();
        b.query(everyone.field("role").operator("=").value("user"))
    });
    assert_eq!(
        found.send().await.unwrap().total_count,
        Some(0),
        "the example of a search, not of a contact"
    );
}

#[tokio::test]
async fn the_answer_is_the_one_recorded_for_the_request_most_like_it() {
    let client = client().await;
    let admins = ReplyConversationRequest::admin_note(4021337, "Checked.");
    let contacts = ReplyConversationRequest::contact_comment("66f1c2a9d04b7e8351aa0c11", "Thanks!");
    let mut parts = Vec::new();
    for reply in [admins, contacts] {
        let conversation = client
            .reply_conversation()
            .id("215478120045")
            .body(reply)
            .send()
            .await
            .unwrap();
        let all = &conversation.conversation_parts.as_ref().unwrap().conversation_parts;
        let authors = all.iter().filter_map(|part| part.author.as_ref()?.type_.as_deref());
        parts.push(authors.map(str::to_owned).collect::<Vec<_>>());
    }
    assert!(parts[0].contains(&"admin".to_owned()), "{parts:?}");
    assert!(
        parts[1].contains(&"user".to_owned()) && !parts[1].contains(&"admin".to_owned()),
        "{parts:?}"
    );
}
