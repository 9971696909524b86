//! A stand-in Intercom for tests: an HTTP server on loopback that has all operations of the API's description.
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
//! // One operation answers as a test wants it.
//! intercom.on("create_contact").answer_once(Answer::error(409, "conflict", "is there already with id=66f1"));
//! let refused = client.create_contact().body(CreateContactRequest::with_role("lead")).send().await.unwrap_err();
//! assert_eq!(refused.conflicting_id(), Some("66f1"));
//!
//! // What was asked is recorded.
//! let calls = intercom.calls("create_contact");
//! assert_eq!(calls.len(), 2);
//! assert_eq!(calls[0].json()["email"], "ada@juniper.example");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! - It wants the bearer token and the `Intercom-Version` header, as the API does, and knows the description's paths, required
//!   query parameters and recorded errors.
//! - It holds the records that the description shows as examples, or those of [`seed`](MockIntercom::seed). A record that is
//!   made is found, changed, deleted, listed and searched for afterwards; lists of another record's, such as the tags of a
//!   contact, hold what is attached. Lists have pages, in the shape that each operation has in the API, scrolls included.
//! - What changes in another way, such as a reply to a conversation, is answered with the recorded example that fits the request
//!   best, and changes no record.
//! - [`on`](MockIntercom::on) makes an operation answer anything else: a value, an error, a rate limit, late, cut or never.
//!   A fixture that is not as described fails the test that sets it.

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
use crate::json::FromJson;
use crate::wire::read::{self, Mismatch};
use operations::Operation;
use server::{Shared, State};
use workspace::Workspace;

/// The token that the stand-in wants, unless another one is set.
pub const TOKEN: &str = "mock-access-token";

/// A stand-in Intercom on a free port of loopback. It stops when it is dropped.
pub struct MockIntercom {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

/// Sets up a [`MockIntercom`]. Made by [`MockIntercom::builder`].
#[derive(Debug)]
#[must_use = "nothing runs before `start()`"]
pub struct MockBuilder {
    token: String,
    api_version: ApiVersion,
    latency: Duration,
    scroll_idle: Duration,
}

impl MockBuilder {
    /// The token that is wanted. Default: [`TOKEN`].
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// The version of the API that is wanted in the `Intercom-Version` header. Default: the description's.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// How long every answer takes. Default: no time.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How long a scroll lives without a request. Default: one minute, as in the API.
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
    /// Starts one with the records that the description shows.
    ///
    /// # Panics
    ///
    /// When no port on loopback is free, or outside of a tokio runtime.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts a builder.
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

    /// A client of it, set up as by default.
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

    /// A builder with its URL, token and version, for other settings.
    pub fn client_builder(&self) -> ClientBuilder {
        let builder = Client::builder(&*self.shared.token).base_url(self.url());
        builder.api_version(self.shared.api_version.clone())
    }

    /// Puts these records, and no others, into the list that an operation answers with: values of the API's types, or JSON.
    /// The other operations on such records then know them too. Of a list that belongs to another record, such as
    /// `list_notes`, they are what each such record has.
    ///
    /// ```
    /// # use intercom_client::mock::MockIntercom;
    /// # use serde_json::json;
    /// # async fn example() {
    /// let intercom = MockIntercom::start().await;
    /// intercom.seed("list_contacts", (0..500).map(|i| json!({"type": "contact", "id": i.to_string()})));
    /// # }
    /// ```
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
    /// # use std::time::Duration;
    /// # async fn example() {
    /// let intercom = MockIntercom::start().await;
    /// intercom.on("identify_admin").answer(Answer::json(json!({"type": "admin", "id": "814", "name": "Ada"})));
    /// intercom.on("list_tags").answer_once(Answer::rate_limited()).answer_once(Answer::dropped());
    /// intercom.on("list_tags").answer_with(|request| {
    ///     (request.number > 5).then(|| Answer::error(503, "unavailable", "later").delay(Duration::from_millis(20)))
    /// });
    /// # }
    /// ```
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

    /// Sets what every request is answered with, those to paths that the description does not have too. What is set for an
    /// operation goes before it.
    #[must_use = "say what they are answered with"]
    pub fn on_any(&self) -> On<'_> {
        On {
            shared: &self.shared,
            operation: None,
        }
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// The requests so far that called an operation.
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

    /// Forgets the requests so far.
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

/// Holds a fixture against the API's type that it stands for: what is of another kind than described, and, unlike
/// [`json::from_slice`](crate::json::from_slice), each name that the type does not have. Empty when all fits.
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
