//! A mock Intercom for tests: all operations of the API's description, over records that calls create, change and find.
//!
//! ```toml
//! [dev-dependencies]
//! intercom-client = { version = "0.1", features = ["mock"] }
//! ```
//!
//! Give the code under test a client of the mock. Then check what the code returned, and what it sent:
//!
//! ```
//! use intercom_client::mock::{Answer, MockIntercom};
//! use intercom_client::types::CreateContactRequest;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! let intercom = MockIntercom::new();
//! let client = intercom.client();
//!
//! // What is created is there.
//! let ada = CreateContactRequest::with_email("ada@juniper.example");
//! let ada = client.create_contact().body(ada).send().await?;
//! assert_eq!(client.show_contact().id(&ada.id).send().await?.email.as_deref(), Some("ada@juniper.example"));
//!
//! // One operation responds as the test sets it.
//! intercom.on("create_contact").answer_once(Answer::error(409, "conflict", "is there already with id=66f1"));
//! let refused = client.create_contact().body(CreateContactRequest::with_role("lead")).send().await.unwrap_err();
//! assert_eq!(refused.conflicting_id(), Some("66f1"));
//!
//! // What was sent is recorded.
//! let calls = intercom.calls("create_contact");
//! assert_eq!(calls.len(), 2, "{}", intercom.log());
//! assert_eq!(calls[0].json()["email"], "ada@juniper.example");
//! # Ok(())
//! # }
//! ```
//!
//! A mock is an HTTP service in the process of the test, without a port: tests share nothing and run side by side. Its time is
//! tokio's, so it works with paused time, which `tokio::time::advance` moves on: moments in records, windows of the rate limit,
//! the idle time of scrolls and delays follow it. [`MockBuilder::serve`] opens a port, for programs in other processes.
//!
//! Operations are named by their ids, which are the names of the client's methods. An id that does not exist fails the test.
//!
//! # Records
//!
//! At the start the mock has the records that the description shows as examples, or none with [`MockBuilder::empty`].
//! [`seed`](MockIntercom::seed) replaces the records of one list. Records are found by id, changed, deleted, listed page by page
//! and searched, whoever created them.
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
//! A new record has what its request says. The rest is null, empty, or what the recorded response of the description shows that
//! the server sets itself, such as counts of 0. A contact that has the external id of another one is a conflict, and so is a user
//! with the email address of another one. The examples are in nobody's way: a contact with their details replaces them.
//!
//! # What was sent
//!
//! [`calls`](MockIntercom::calls) returns the requests of one operation, [`received`](MockIntercom::received) all of them, in the
//! order in which they came. A call that the client retries is a request each time. [`log`](MockIntercom::log) shows them all,
//! one a line, for the message of an assertion.
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
//! assert_eq!(intercom.received().len(), 1, "nothing else was sent:\n{}", intercom.log());
//! # Ok(())
//! # }
//! ```
//!
//! # Errors and faults
//!
//! [`on`](MockIntercom::on) sets what an operation responds, [`on_any`](MockIntercom::on_any) what all do:
//!
//! | to test how your code handles | set |
//! |---|---|
//! | an error | `.answer(Answer::error(404, "not_found", "Resource Not Found"))` |
//! | an error that passes | `.answer_once(Answer::error(503, "service_unavailable", "later"))` |
//! | a failure of the third call | `.usual(2).answer_once(Answer::error(500, "server_error", "Internal Server Error"))` |
//! | a 429 | `.answer_once(Answer::rate_limited().retry_after(1))` |
//! | the rate limit | [`MockBuilder::rate_limit`] |
//! | a slow response | `.answer(Answer::json(…).delay(Duration::from_secs(2)))`, or [`MockBuilder::latency`] for all |
//! | no response | `.answer(Answer::dropped())` |
//! | half a response | `.answer(Answer::json(…).cut(20))` |
//! | a change that was made, and a response that was lost | `.answer_once(Answer::dropped().after_carrying_out())` |
//! | a page of a proxy | `.answer(Answer::bytes("text/html", "<html>…").status(502))` |
//! | fields that the description does not have | `.answer(Answer::json(…).as_it_is())` |
//! | responses that depend on the request | <code>.answer_with(\|request\| …)</code> |
//!
//! The client retries what it may. Your code does not see a fault that passes, unless its client has
//! [`RetryPolicy::none`](crate::RetryPolicy::none) from [`client_builder`](MockIntercom::client_builder).
//!
//! # How far it goes
//!
//! | | does | does not |
//! |---|---|---|
//! | requests | refuse a wrong token, another `Intercom-Version`, unknown paths, missing query parameters, and what the description shows an error for | check all bodies, which the client's builders do; know permissions and plans |
//! | records | create, show, change and delete them, with their relations, which have two sides | compute segments: seed those of a contact |
//! | lists | have the shape, page sizes and filters of each operation; cursors that keep their place while records change; scrolls with one at a time | put ties into another order in each response |
//! | searches | the fields that records have, ids of contacts, teammates and tags, words of `source.body`, whole days for dates of contacts | `channel_initiated`; the time zone of the workspace, days are those of UTC; the delay of the index. What it cannot compare is a 501 |
//! | the rate limit | send its headers, with windows of ten seconds; refuse when [`MockBuilder::rate_limit`] sets one | other limits |
//! | the connection | HTTP/1.1 in plain text on a port | TLS, HTTP/2, compression |
//! | webhooks | send the topics that follow from calls, by `MockBuilder::webhooks` | topics that nothing in the API causes; `visitor.signed_up` and contacts of conversations, whose items have other forms |
//!
//! With [`MockBuilder::strict`], a call that only returns the description's example fails, so that no test rests on it.
//!
//! ## By operation
//!
//! | operation | what is not modelled |
//! |---|---|
//! | `identify_admin` | always the admin of the description's example |
//! | `list_admins` | `display_avatar` |
//! | `list_activity_logs` | records nothing that calls do: seed it |
//! | `auto_assign_conversation` | the workspace's rules: assigns to nobody, as the recorded run does |
//! | `reply_conversation`, `manage_conversation` | unknown admins are accepted; attachments are not stored |
//! | `update_ticket` | `open` and `snoozed_until` are accepted and not shown, as recorded |
//! | `create_article`, `update_article` | translations are accepted and not shown, as recorded |
//! | `list_segments`, `list_segments_for_contact`, `list_attached_segments_for_company` | segments have no members of their own; `include_count` |
//! | `create_data_event` | a contact that is not there is accepted |
//! | `download_data_export` | contains what [`MockIntercom::set_export`] sets, not what happened |
//! | `create_phone_switch` | sends no message |
//! | `delete_tag` | tags that segments use |
//!
//! # Without a mock
//!
//! [`Response::from_value`](crate::Response::from_value) and [`Error::from_response`](crate::Error::from_response) make what a call
//! returns.

mod answer;
mod call;
mod catalog;
mod exchange;
mod filter;
mod happenings;
mod intercom;
mod limit;
mod links;
mod lists;
mod moment;
#[cfg(feature = "webhooks")]
mod notifications;
mod on;
mod operations;
mod pages;
mod received;
mod rules;
mod schedule;
mod server;
mod shared;
mod store;
mod template;
mod workspace;

pub use answer::Answer;
pub use exchange::MockBody;
pub use intercom::{MockBuilder, MockIntercom, TOKEN};
pub use on::On;
pub use received::Received;
pub use server::MockServer;

use crate::wire::json::FromJson;
use crate::wire::read::{self, Mismatch};

/// Checks a fixture against the type of the API that it is to be read as: tells each value of another kind than described and,
/// unlike [`json::from_slice`](crate::json::from_slice), each name that the type does not have. Empty when all fits.
///
/// ```
/// use intercom_client::{mock, types::ContactList};
///
/// let flaws = mock::check::<ContactList>(r#"{"type": "list", "contacts": [], "total_count": "many"}"#)?;
/// let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
/// assert_eq!(flaws, [
///     "contacts: expected no such name, found a list",
///     "total_count: expected an integer, found a string",
/// ]);
/// # Ok::<(), intercom_client::json::ReadError>(())
/// ```
///
/// # Errors
///
/// When the text is no JSON, is nested more than 128 deep, or is a value of another kind than an object.
pub fn check<T: FromJson>(json: &str) -> Result<Vec<Mismatch>, crate::json::ReadError> {
    let read = read::strictly::<T>(json);
    Ok(read?.1)
}
