//! A mock Intercom for tests. It implements every operation of the description, over records that
//! calls create, change and find.
//!
//! ```toml
//! [dev-dependencies]
//! intercom-client = { version = "0.1", features = ["mock"] }
//! ```
//!
//! Give the code under test a client of the mock. Then check what the code returned, and what it
//! sent:
//!
//! ```
//! use intercom_client::mock::{MockIntercom, MockResponse};
//! use intercom_client::types::CreateContactRequest;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! let intercom = MockIntercom::new();
//! let client = intercom.client();
//!
//! // The mock stores the contact.
//! let ada = CreateContactRequest::with_email("ada@juniper.example");
//! let ada = client.create_contact().body(ada).send().await?;
//! assert_eq!(client.show_contact().id(&ada.id).send().await?.email.as_deref(), Some("ada@juniper.example"));
//!
//! // The test sets one response.
//! let conflict = MockResponse::error(409, "conflict", "A contact matching those details already exists with id=66f1");
//! intercom.on("create_contact").respond_once(conflict);
//! let error = client.create_contact().body(CreateContactRequest::with_role("lead")).send().await.unwrap_err();
//! assert_eq!(error.conflicting_id(), Some("66f1"));
//!
//! // The mock records all requests.
//! let calls = intercom.calls("create_contact");
//! assert_eq!(calls.len(), 2, "{}", intercom.log());
//! assert_eq!(calls[0].json()["email"], "ada@juniper.example");
//! # Ok(())
//! # }
//! ```
//!
//! [`MockIntercom::new`] creates an HTTP service in the process of the test, without a port. Tests
//! share nothing and can run in parallel. [`MockBuilder::serve`] opens a port, for programs in
//! other processes.
//!
//! The mock follows tokio's clock, so it works with paused time and `tokio::time::advance`. This
//! applies to timestamps in records, rate-limit windows, the idle time of scrolls and delays.
//!
//! Operations are named by their ids, which are the names of the client's methods. An unknown id
//! fails the test. [`operations`] has the ids as constants.
//!
//! # Records
//!
//! A new mock contains the records that the description shows as examples, or none with
//! [`MockBuilder::empty`]. [`seed`](MockIntercom::seed) replaces the records of a list. Records can
//! be retrieved, changed, deleted, listed and searched.
//!
//! ```
//! # use intercom_client::mock::MockIntercom;
//! use intercom_client::search::field;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = MockIntercom::new();
//! # let client = intercom.client();
//! let contact = |i: u32| json!({"type": "contact", "id": i.to_string(), "role": if i < 3 { "lead" } else { "user" }});
//! intercom.seed("list_contacts", (0..500).map(contact));
//!
//! assert_eq!(client.show_contact().id(7).await?.role.as_deref(), Some("user"));
//! let leads = client.search_contacts().query(field("role").eq("lead")).await?;
//! assert_eq!(leads.total_count, Some(3));
//! # Ok(())
//! # }
//! ```
//!
//! A new record has the values of its request. Other fields are null or empty, or have the default
//! that the description's recorded response shows, for example a count of 0. Creating a contact
//! fails with a conflict if another contact has the same external id, or if both are users with the
//! same email address. Examples never cause a conflict: a new contact replaces them.
//!
//! # Requests
//!
//! [`calls`](MockIntercom::calls) returns the requests of one operation, and
//! [`received`](MockIntercom::received) returns all requests, both in the order of arrival. Each
//! retry of the client is a request. [`log`](MockIntercom::log) formats all requests, one per line,
//! for the message of an assertion.
//!
//! ```
//! # use intercom_client::mock::MockIntercom;
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = MockIntercom::new();
//! # let client = intercom.client();
//! client.update_contact().id("66f1c2a9d04b7e8351aa0c11").body_map(|b| b.name("Ada")).await?;
//!
//! let [update] = intercom.calls("update_contact").try_into().expect("one update");
//! assert_eq!(update.line(), "PUT /contacts/66f1c2a9d04b7e8351aa0c11");
//! assert_eq!(update.json(), json!({"name": "Ada"}));
//! assert_eq!(update.header("content-type"), Some("application/json"));
//! assert_eq!(intercom.received().len(), 1, "unexpected requests:\n{}", intercom.log());
//! # Ok(())
//! # }
//! ```
//!
//! # Errors and faults
//!
//! [`on`](MockIntercom::on) sets the responses of one operation, and
//! [`on_any`](MockIntercom::on_any) those of every request:
//!
//! | to test | set |
//! |---|---|
//! | an error | `.respond(MockResponse::error(404, "not_found", "Resource Not Found"))` |
//! | a temporary error | `.respond_once(MockResponse::error(503, "service_unavailable", "Try again later"))` |
//! | an error of the third call | `.pass_through(2).respond_once(MockResponse::error(500, "server_error", "Internal Server Error"))` |
//! | a 429 | `.respond_once(MockResponse::rate_limited().retry_after(1))` |
//! | the rate limit | [`MockBuilder::rate_limit`] |
//! | a slow response | `.respond(MockResponse::json(…).delay(Duration::from_secs(2)))`, or [`MockBuilder::latency`] for every response |
//! | a lost response | `.respond(MockResponse::dropped())` |
//! | a truncated response | `.respond(MockResponse::json(…).truncate(20))` |
//! | a change whose response is lost | `.respond_once(MockResponse::dropped().after_carrying_out())` |
//! | an error page of a proxy | `.respond(MockResponse::bytes("text/html", "<html>…").status(502))` |
//! | fields unknown to the description | `.respond(MockResponse::json(…).unchecked())` |
//! | a response that depends on the request | <code>.respond_with(\|request\| …)</code> |
//!
//! The client retries most temporary faults, so your code does not see them. To test your own
//! handling, build the client with [`client_builder`](MockIntercom::client_builder) and
//! [`RetryPolicy::none`](crate::RetryPolicy::none).
//!
//! # How far it goes
//!
//! | | modelled | not modelled |
//! |---|---|---|
//! | requests | rejects a wrong token, another `Intercom-Version`, unknown paths, missing query parameters, and requests for which the description shows an error | full validation of bodies, which the client's builders do; permissions and plans; authorization other than `Bearer` |
//! | records | creates, shows, changes and deletes them, with relations on both sides | membership in segments: seed the segments of a contact |
//! | lists | the shape, page sizes and filters of each operation; cursors that keep their position while records change; one scroll at a time | changing the order of ties between responses |
//! | searches | the fields of records, ids of contacts, teammates and tags, words of `source.body`, whole days for dates of contacts | `channel_initiated`; the time zone of the workspace (days are UTC); the delay of the index. A search by a field that cannot be compared fails with 501 |
//! | the rate limit | its headers, windows of ten seconds, and a 429 if [`MockBuilder::rate_limit`] is set | other limits |
//! | the connection | HTTP/1.1 without TLS on a port | TLS, HTTP/2, compression |
//! | webhooks | the topics caused by calls, with `MockBuilder::webhooks` | topics that no operation causes; `visitor.signed_up` and contacts of conversations, whose items have other forms |
//!
//! With [`MockBuilder::strict`], a call that would only return the description's example fails
//! instead.
//!
//! ## By operation
//!
//! | operation | not modelled |
//! |---|---|
//! | `identify_admin` | other tokens: it returns the admin of the description's example, or the first seeded admin |
//! | `list_admins` | `display_avatar` |
//! | `list_activity_logs` | logs of calls: it only returns seeded logs |
//! | `auto_assign_conversation` | the rules of the workspace: it assigns the conversation to nobody, as in the recorded response |
//! | `reply_conversation`, `manage_conversation` | unknown admins, which are accepted; attachments, which are not stored |
//! | `update_ticket` | `open` and `snoozed_until`, which are accepted but not returned, as in the recorded response |
//! | `create_article`, `update_article` | translations, which are accepted but not returned, as in the recorded response |
//! | `list_segments`, `list_segments_for_contact`, `list_attached_segments_for_company` | the members of segments: `count` counts the contacts that have been seeded with the segment |
//! | `create_data_event` | unknown contacts, which are accepted |
//! | `download_data_export` | exporting the mock's data: it returns the file of [`MockIntercom::set_export`] |
//! | `create_phone_switch` | sending the message, and its failures |
//! | `update_data_attribute` | attributes that other records depend on |
//! | `delete_tag` | tags used by segments |
//!
//! # Without a mock
//!
//! [`Response::from_value`](crate::Response::from_value) and
//! [`Error::from_response`](crate::Error::from_response) create the results of calls.

mod call;
mod catalog;
mod clock;
mod description;
mod example;
mod exchange;
mod export;
mod filter;
mod intercom;
mod limit;
mod lists;
#[cfg(feature = "webhooks")]
mod notifications;
mod pages;
mod received;
mod relations;
mod response;
mod rules;
mod schedule;
mod server;
mod shared;
mod store;
mod stub;
mod template;
mod webhook_events;
mod workspace;

pub use description::operations;
pub use exchange::MockBody;
pub use export::MockExport;
pub use intercom::{MockBuilder, MockIntercom, TOKEN};
pub use received::ReceivedRequest;
pub use response::MockResponse;
pub use server::MockServer;
pub use stub::Stub;

use crate::wire::json::FromJson;
use crate::wire::read::{self, Mismatch};

/// Checks JSON against a type of the API.
///
/// Returns each value whose type differs from the description. Unlike
/// [`json::from_slice`](crate::json::from_slice), it also returns each field that the type does not
/// have. The result is empty if the JSON matches.
///
/// ```
/// use intercom_client::{mock, types::ContactList};
///
/// let mismatches = mock::check::<ContactList>(r#"{"type": "list", "contacts": [], "total_count": "many"}"#)?;
/// let mismatches: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
/// assert_eq!(mismatches, [
///     "contacts: expected no such name, found a list",
///     "total_count: expected an integer, found a string",
/// ]);
/// # Ok::<(), intercom_client::json::ReadError>(())
/// ```
///
/// # Errors
///
/// If the text is not JSON, is nested more than 128 levels deep, or is not an object.
pub fn check<T: FromJson>(json: &str) -> Result<Vec<Mismatch>, crate::json::ReadError> {
    let read = read::strict::<T>(json);
    Ok(read?.1)
}
