//! A mock Intercom for tests: an HTTP server on loopback that has all operations of the API's description, holds records, and
//! remembers what it was asked.
//!
//! ```toml
//! [dev-dependencies]
//! intercom-client = { version = "0.1", features = ["mock"] }
//! ```
//!
//! Give the code under test a client of it; then look at what that code gave back, and at what it sent:
//!
//! ```
//! use intercom_client::mock::{Answer, MockIntercom};
//! use intercom_client::types::CreateContactRequest;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! let intercom = MockIntercom::start().await;
//! let client = intercom.client();
//!
//! // What is made is there.
//! let ada = CreateContactRequest::with_email("ada@juniper.example");
//! let ada = client.create_contact().body(ada).send().await?;
//! assert_eq!(client.show_contact().id(&ada.id).send().await?.email.as_deref(), Some("ada@juniper.example"));
//!
//! // One operation answers as the test wants it.
//! intercom.on("create_contact").answer_once(Answer::error(409, "conflict", "is there already with id=66f1"));
//! let refused = client.create_contact().body(CreateContactRequest::with_role("lead")).send().await.unwrap_err();
//! assert_eq!(refused.conflicting_id(), Some("66f1"));
//!
//! // What was sent is recorded.
//! let calls = intercom.calls("create_contact");
//! assert_eq!(calls.len(), 2);
//! assert_eq!(calls[0].json()["email"], "ada@juniper.example");
//! # Ok(())
//! # }
//! ```
//!
//! Each test starts one of its own, on a free port: tests share nothing and can run side by side. It stops when it is dropped.
//! Operations are named by their ids, which are the names of the client's methods; an id that does not exist fails the test.
//!
//! # Records
//!
//! At the start it holds the records that the description shows as examples. [`seed`](MockIntercom::seed) puts others in the
//! place of those of one list: they are found by id, changed, deleted, listed page by page and searched, as are those that calls
//! make. A contact that a test has made or seeded already, by its external id or a user's email, is a conflict.
//!
//! ```
//! # use intercom_client::mock::MockIntercom;
//! use intercom_client::search::field;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = MockIntercom::start().await;
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
//! # What was sent
//!
//! [`calls`](MockIntercom::calls) gives the requests of one operation, [`received`](MockIntercom::received) all of them, in the
//! order in which they came. A call that the client repeats is a request each time.
//!
//! ```
//! # use intercom_client::mock::MockIntercom;
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), intercom_client::Error> {
//! # let intercom = MockIntercom::start().await;
//! # let client = intercom.client();
//! client.update_contact().id("66f1c2a9d04b7e8351aa0c11").body_map(|b| b.name("Ada")).await?;
//!
//! let [update] = intercom.calls("update_contact").try_into().expect("one update");
//! assert_eq!(update.line(), "PUT /contacts/66f1c2a9d04b7e8351aa0c11");
//! assert_eq!(update.json(), json!({"name": "Ada"}));
//! assert_eq!(update.header("content-type"), Some("application/json"));
//! assert_eq!(intercom.received().len(), 1, "nothing else was sent");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors and faults
//!
//! [`on`](MockIntercom::on) sets what an operation answers, [`on_any`](MockIntercom::on_any) what all do:
//!
//! | to see how your code takes | set |
//! |---|---|
//! | an error | `.answer(Answer::error(404, "not_found", "Resource Not Found"))` |
//! | an error that passes | `.answer_once(Answer::error(503, "service_unavailable", "later"))` |
//! | a spent rate limit | `.answer_once(Answer::rate_limited().retry_after(1))` |
//! | a slow answer | `.answer(Answer::json(…).delay(Duration::from_secs(2)))`, or [`MockBuilder::latency`] for all |
//! | no answer | `.answer(Answer::dropped())` |
//! | half an answer | `.answer(Answer::json(…).cut(20))` |
//! | a change that was made, and an answer that was lost | `.answer_once(Answer::dropped().after_carrying_out())` |
//! | a page of a proxy | `.answer(Answer::bytes("text/html", "<html>…").status(502))` |
//! | fields that the description does not have | `.answer(Answer::json(…).as_it_is())` |
//! | answers that depend on the request | <code>.answer_with(\|request\| …)</code> |
//!
//! The client repeats what it may: a fault that passes is not seen by your code, unless its client has
//! [`RetryPolicy::none`](crate::RetryPolicy::none) from [`client_builder`](MockIntercom::client_builder).
//!
//! # How far it goes
//!
//! | | does | does not |
//! |---|---|---|
//! | requests | refuses a wrong token, another `Intercom-Version`, unknown paths, missing query parameters | check bodies, which the client's builders do; know permissions |
//! | records | gives, makes, changes and deletes them by id; sets the fields of a request that the answer's type has; refuses a contact that is there already | refuse another record of the same name: set a 409 |
//! | records of another one, such as the tags of a contact | lists what is attached, until it is detached | show them in the other record's own fields |
//! | lists | pages in the shape that each operation has: cursors, page numbers, scrolls with one at a time | know the server's own cursors; put ties in another order |
//! | searches | compares and sorts by any field, groups with AND and OR | limit fields, operators and nesting; count dates in whole days |
//! | other changes: replies, assignments, merges | answers with the example that fits the request best | change a record |
//! | exports | answers with the examples | run a job: set its states with `on("get_data_export")` |
//! | the rate limit | sends its headers with every answer | count requests: set [`Answer::rate_limited`] |
//! | the connection | HTTP/1.1 in plain text | TLS, HTTP/2, compression |
//! | webhooks | | send notifications: sign those of a test with `webhooks::Receiver::sign` |
//!
//! For tests without a server, [`Response::from_value`](crate::Response::from_value) and
//! [`Error::from_response`](crate::Error::from_response) make what a call gives.

mod answer;
mod filter;
mod lists;
mod on;
mod operations;
mod received;
mod resources;
mod server;
mod store;
mod workspace;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;

pub use answer::Answer;
pub use on::On;
pub use received::Received;

use crate::ApiVersion;
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use crate::wire::json::FromJson;
use crate::wire::read::{self, Mismatch};
use operations::Operation;
use server::{Shared, State};
use workspace::Workspace;

/// The bearer token that the mock wants when [`MockBuilder::token`] sets no other.
pub const TOKEN: &str = "mock-access-token";

/// A mock Intercom on a free port of loopback. When it is dropped it stops, and its connections are closed. See the
/// [module](self) for what it does.
pub struct MockIntercom {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

/// The settings of a [`MockIntercom`] before it starts. Made by [`MockIntercom::builder`].
///
/// ```
/// use std::time::Duration;
/// use intercom_client::mock::MockIntercom;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// let intercom = MockIntercom::builder().token("right").latency(Duration::from_millis(20)).start().await;
/// intercom.client().identify_admin().await?; // a client of it has its token
///
/// let wrong = intercom.client_builder().token("wrong").build()?;
/// assert!(wrong.identify_admin().await.unwrap_err().is_unauthorized());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing runs before `start()`"]
pub struct MockBuilder {
    token: String,
    api_version: ApiVersion,
    latency: Duration,
    scroll_idle: Duration,
}

impl MockBuilder {
    /// The bearer token of every request: one with another is answered by 401. Default: [`TOKEN`].
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// The `Intercom-Version` of every request: one with another, or without, is answered by 400. Default: the description's.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// How long it waits before every answer, in addition to [`Answer::delay`]. Default: no time.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How long a scroll is kept while nobody asks for its next page. Default: one minute, as in the API.
    pub fn scroll_idle(mut self, idle: Duration) -> Self {
        self.scroll_idle = idle;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When no port on loopback is free, or outside of a tokio runtime.
    #[expect(clippy::expect_used, reason = "without a port there is nothing to test against")]
    pub async fn start(self) -> MockIntercom {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port on loopback is free");
        let address = listener.local_addr().expect("a port that listens has an address");
        let shared = Arc::new(Shared {
            token: self.token,
            api_version: self.api_version,
            latency: self.latency,
            state: Mutex::new(State {
                workspace: Workspace::new(self.scroll_idle),
                received: Vec::new(),
                rules: on::Rules::default(),
            }),
        });
        let task = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        MockIntercom { address, shared, task }
    }
}

impl MockIntercom {
    /// Starts one with the default settings and the records that the description shows as examples.
    ///
    /// # Panics
    ///
    /// When no port on loopback is free, or outside of a tokio runtime.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Settings, such as another token, to start one with.
    pub fn builder() -> MockBuilder {
        MockBuilder {
            token: TOKEN.to_owned(),
            api_version: ApiVersion::default(),
            latency: Duration::ZERO,
            scroll_idle: Duration::from_secs(60),
        }
    }

    /// The base URL, such as `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of it with the default settings: it repeats calls as in production.
    ///
    /// # Panics
    ///
    /// When the HTTP client cannot be set up on this machine.
    #[expect(clippy::expect_used, reason = "without a client there is nothing to test")]
    pub fn client(&self) -> Client {
        self.client_builder()
            .build()
            .expect("a client of loopback can be built")
    }

    /// A builder of a client with its URL, token and version, for other settings, such as
    /// [`retry`](ClientBuilder::retry)`(RetryPolicy::none())`.
    pub fn client_builder(&self) -> ClientBuilder {
        let builder = Client::builder(&*self.shared.token).base_url(self.url());
        builder.api_version(self.shared.api_version.clone())
    }

    /// Replaces the records of the list that an operation answers with: by values of the API's types, or by JSON. Other
    /// operations on such records know them too. They are not checked against the description; [`check`] does that.
    ///
    /// Of a list that belongs to another record, such as the notes of a contact, each of those records has these:
    ///
    /// ```
    /// # use intercom_client::mock::MockIntercom;
    /// # use serde_json::json;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// let intercom = MockIntercom::start().await;
    /// intercom.seed("list_contacts", [json!({"type": "contact", "id": "7", "email": "ada@juniper.example"})]);
    /// intercom.seed("list_notes", [json!({"type": "note", "id": "1", "body": "Called back."})]);
    ///
    /// let notes = intercom.client().list_notes().id("7").await?;
    /// assert_eq!(notes.data[0].body.as_deref(), Some("Called back."));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A record is taken as it is: what the description does not have is neither refused nor lost.
    ///
    /// # Panics
    ///
    /// When the description has no such operation, when it is no list, and when a record cannot be written as JSON.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that seeds what is no list has to fail")]
    pub fn seed(&self, operation: &str, records: impl IntoIterator<Item = impl Serialize>) {
        let operation = named(operation);
        let records = records.into_iter().map(|record| match serde_json::to_value(record) {
            Ok(record) => record,
            Err(error) => panic!("a record is no JSON: {error}"),
        });
        let records = records.collect();
        if !self.shared.state().workspace.seed(operation, records) {
            panic!("{} answers with no list", operation.id);
        }
    }

    /// Sets what an operation answers, by its id: the name of the client's method.
    ///
    /// ```
    /// # use intercom_client::mock::{Answer, MockIntercom};
    /// # use serde_json::json;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// let intercom = MockIntercom::start().await;
    /// let client = intercom.client();
    ///
    /// // Every call from now on.
    /// intercom.on("identify_admin").answer(Answer::json(json!({"type": "admin", "id": "814", "name": "Ada"})));
    /// assert_eq!(client.identify_admin().await?.name.as_deref(), Some("Ada"));
    ///
    /// // The next calls, one answer each, then as usual: the client repeats what failed.
    /// intercom.on("list_tags").answer_once(Answer::dropped()).answer_once(Answer::error(503, "unavailable", "later"));
    /// client.list_tags().await?;
    /// assert_eq!(intercom.calls("list_tags").len(), 3);
    ///
    /// // By the request: one contact is not found, the others are.
    /// intercom.on("show_contact").answer_with(|request| {
    ///     request.path.ends_with("/42").then(|| Answer::error(404, "not_found", "User Not Found"))
    /// });
    /// assert!(client.show_contact().id(42).await.unwrap_err().is_not_found());
    /// client.show_contact().id("66f1c2a9d04b7e8351aa0c11").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A wrong token or version is refused all the same.
    ///
    /// # Panics
    ///
    /// When the description has no such operation.
    #[track_caller]
    #[must_use = "say what it answers"]
    pub fn on(&self, operation: &str) -> On<'_> {
        On {
            shared: &self.shared,
            operation: Some(named(operation)),
        }
    }

    /// Sets what every request is answered with, also one to a path that the description does not have. What
    /// [`on`](Self::on) sets for an operation goes before it, and a wrong token or version is refused before both. Such answers
    /// are not checked against the description.
    #[must_use = "say what they are answered with"]
    pub fn on_any(&self) -> On<'_> {
        On {
            shared: &self.shared,
            operation: None,
        }
    }

    /// All requests so far, refused ones included, in the order in which they came.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// The requests so far that called an operation, in the order in which they came.
    ///
    /// # Panics
    ///
    /// When the description has no such operation.
    #[track_caller]
    pub fn calls(&self, operation: &str) -> Vec<Received> {
        let id = named(operation).id;
        let mut received = self.received();
        received.retain(|request| request.operation == Some(id));
        received
    }

    /// Forgets the requests so far: the next one has the number 0. Records and answers stay.
    pub fn forget_received(&self) {
        self.shared.state().received.clear();
    }
}

impl Drop for MockIntercom {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Shows the address.
impl fmt::Debug for MockIntercom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockIntercom")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that names what is no operation has to fail")]
fn named(id: &str) -> &'static Operation {
    operations::named(id).unwrap_or_else(|| panic!("the description has no operation {id}"))
}

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
