//! The client of the examples, which uses a mock Intercom if no access token is set.

use intercom_client::Client;
use intercom_client::mock::MockIntercom;
use serde_json::json;

use crate::{Result, tool};

/// Returns the client of the environment. If `INTERCOM_ACCESS_TOKEN` is not set, it is the client of the mock Intercom
/// returned with it.
///
/// A program for one workspace needs only `Client::from_env()?`.
pub fn client() -> Result<(Client, Option<MockIntercom>)> {
    if tool::has_token() {
        return Ok((Client::from_env()?, None));
    }
    let intercom = mock_intercom();
    Ok((intercom.client(), Some(intercom)))
}

/// Returns a mock Intercom with a few hundred contacts and conversations.
fn mock_intercom() -> MockIntercom {
    let intercom = MockIntercom::new();
    let contact = |number: u32| {
        json!({"type": "contact", "id": format!("{number:024x}"), "updated_at": 1_730_000_000 + number,
            "custom_attributes": {"plan": if number < 100 { "scale" } else { "trial" }, "seats": number % 50}})
    };
    intercom.seed("list_contacts", (0..400).map(contact));
    let conversation = |number: u32| {
        let parts =
            [json!({"type": "conversation_part", "id": number.to_string(), "part_type": "comment", "body": "Hello"})];
        json!({"type": "conversation", "id": number.to_string(), "updated_at": 1_730_000_000 + number,
            "conversation_parts": {"type": "conversation_part.list", "conversation_parts": parts, "total_count": 1}})
    };
    intercom.seed("list_conversations", (0..200).map(conversation));
    intercom
}
