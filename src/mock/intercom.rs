//! The mock as a test holds it.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use tower_service::Service;

use super::catalog::catalog;
use super::exchange::{MockBody, exchange};
use super::limit::Limit;
use super::moment::Clock;
use super::on::On;
use super::operations::{self, Operation};
use super::received::Received;
use super::schedule::Schedule;
use super::shared::{Shared, State};
use super::workspace::{Settings, Workspace};
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use crate::client::version::ApiVersion;
use crate::http::error::HttpError;

/// The bearer token that the mock wants when [`MockBuilder::token`] sets no other.
pub const TOKEN: &str = "mock-access-token";

/// The host that clients of the mock believe to call. Nothing is sent there: the mock takes each request itself.
const URL: &str = "https://mock.intercom.invalid";

/// A mock Intercom: an HTTP service in this process, without a port. See the [module](super) for what it does.
///
/// Clones share everything: records, requests and responses that were set.
///
/// It is a [`tower_service::Service`], so [`ClientBuilder::http_service`] takes it, and so does any layer.
#[derive(Clone)]
pub struct MockIntercom {
    pub(super) shared: Arc<Shared>,
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
#[must_use = "settings do nothing before `build()`"]
pub struct MockBuilder {
    token: String,
    api_version: ApiVersion,
    latency: Duration,
    scroll_idle: Duration,
    rate_limit: Option<u32>,
    strict: bool,
    empty: bool,
    pub(super) topics: BTreeSet<String>,
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

    /// How long it waits before every answer, in addition to [`Answer::delay`](super::Answer::delay). Default: no time.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How long a scroll is kept while nobody asks for its next page. Default: one minute, as in the API.
    pub fn scroll_idle(mut self, idle: Duration) -> Self {
        self.scroll_idle = idle;
        self
    }

    /// How many requests each window of ten seconds takes; more are refused with 429. Default: any number, of which the headers
    /// tell enough for any test.
    ///
    /// ```
    /// use intercom_client::mock::MockIntercom;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// // Time is paused: the client waits for the next window without waiting.
    /// let intercom = MockIntercom::builder().rate_limit(2).build();
    /// let client = intercom.client();
    /// for _ in 0..6 {
    ///     client.list_tags().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn rate_limit(mut self, requests: u32) -> Self {
        self.rate_limit = Some(requests);
        self
    }

    /// Whether a call that the mock does not model fails with 501, instead of returning the description's example. See
    /// [how far it goes](super#how-far-it-goes). Default: `false`.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Begins without records, instead of those that the description shows as examples. Tests that count what is there want
    /// this; they make or [`seed`](MockIntercom::seed) what they need, admins included. Default: `false`.
    pub fn empty(mut self, empty: bool) -> Self {
        self.empty = empty;
        self
    }

    /// Makes it.
    pub fn build(self) -> MockIntercom {
        let settings = Settings {
            scroll_idle: self.scroll_idle,
            strict: self.strict,
        };
        let mut workspace = match self.empty {
            true => Workspace::empty(settings),
            false => Workspace::new(settings),
        };
        workspace.topics = self.topics;
        let shared = Arc::new(Shared {
            token: self.token,
            api_version: self.api_version,
            latency: self.latency,
            clock: Clock::start(),
            state: Mutex::new(State {
                workspace,
                received: Vec::new(),
                schedule: Schedule::default(),
                limit: Limit::new(self.rate_limit),
            }),
        });
        MockIntercom { shared }
    }

    /// Makes it, as [`build`](Self::build) does.
    pub async fn start(self) -> MockIntercom {
        self.build()
    }
}

impl MockIntercom {
    /// Makes one with the default settings and the records that the description shows as examples.
    #[expect(
        clippy::new_without_default,
        reason = "one with records is not what `Default` promises"
    )]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Makes one, as [`new`](Self::new) does.
    pub async fn start() -> Self {
        Self::new()
    }

    /// Settings, such as another token, to start one with.
    pub fn builder() -> MockBuilder {
        MockBuilder {
            token: TOKEN.to_owned(),
            api_version: ApiVersion::default(),
            latency: Duration::ZERO,
            scroll_idle: Duration::from_secs(60),
            rate_limit: None,
            strict: false,
            empty: false,
            topics: BTreeSet::new(),
        }
    }

    /// A client of it with the default settings: it repeats calls as in production.
    ///
    /// Nothing goes over a network, and waiting is tokio's: it works with `tokio::time::pause`.
    ///
    /// # Panics
    ///
    /// If the client cannot be built.
    #[expect(clippy::expect_used, reason = "without a client there is nothing to test")]
    pub fn client(&self) -> Client {
        self.client_builder()
            .build()
            .expect("a client of the mock can be built")
    }

    /// A builder of a client with it as the HTTP service, and its token and version, for other settings, such as
    /// [`retry`](ClientBuilder::retry)`(RetryPolicy::none())`.
    pub fn client_builder(&self) -> ClientBuilder {
        let builder = Client::builder(&*self.shared.token)
            .base_url(URL)
            .http_service(self.clone());
        builder.api_version(self.shared.api_version.clone())
    }

    /// Replaces the records that an operation lists or shows: by values of the API's types, or by JSON. Other operations on such
    /// records find them too.
    ///
    /// If the list belongs to another record, such as the notes of a contact, each record that is there gets these:
    ///
    /// ```
    /// # use intercom_client::mock::MockIntercom;
    /// # use serde_json::json;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// let intercom = MockIntercom::new();
    /// intercom.seed("list_contacts", [json!({"type": "contact", "id": "7", "email": "ada@juniper.example"})]);
    /// intercom.seed("list_notes", [json!({"type": "note", "id": "1", "body": "Called back."})]);
    ///
    /// let notes = intercom.client().list_notes().id("7").await?;
    /// assert_eq!(notes.data[0].body.as_deref(), Some("Called back."));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the description has no such operation, if it neither lists nor shows records, or if a record has names or types of
    /// values that the description does not have. The message lists each; [`seed_as_it_is`](Self::seed_as_it_is) accepts them.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test whose fixture is not as described has to fail")]
    pub fn seed(&self, operation: &str, records: impl IntoIterator<Item = impl Serialize>) {
        let (operation, records) = (named(operation), as_json(records));
        for (place, record) in records.iter().enumerate() {
            let flaws = catalog().flaws(operation, record);
            if !flaws.is_empty() {
                panic!(
                    "record {place} of {} is not as described: {}",
                    operation.id,
                    flaws.join("; ")
                );
            }
        }
        self.put(operation, records);
    }

    /// Replaces records as [`seed`](Self::seed) does, with names and values that the description does not have: they are neither
    /// refused nor lost.
    ///
    /// # Panics
    ///
    /// If the description has no such operation, or if it neither lists nor shows records.
    #[track_caller]
    pub fn seed_as_it_is(&self, operation: &str, records: impl IntoIterator<Item = impl Serialize>) {
        self.put(named(operation), as_json(records));
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a test that seeds what is no list has to fail")]
    fn put(&self, operation: &'static Operation, records: Vec<Value>) {
        if !self.shared.state().workspace.seed(operation, records) {
            panic!("{} neither lists nor shows records", operation.id);
        }
    }

    /// Sets what finished exports download: a ZIP archive, gzip or a bare CSV file, as bytes. Default: a compressed CSV file of
    /// receipts with one line.
    pub fn set_export(&self, file: impl Into<Bytes>) {
        self.shared.state().workspace.export = file.into();
    }

    /// All requests so far as text, one a line, for the message of an assertion.
    ///
    /// ```
    /// # use intercom_client::mock::MockIntercom;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// let intercom = MockIntercom::new();
    /// intercom.client().list_tags().await?;
    /// assert_eq!(intercom.log(), "#0 list_tags: GET /tags -> 200\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn log(&self) -> String {
        self.received().iter().map(|request| format!("{request}\n")).collect()
    }

    /// Sets what an operation answers, by its id: the name of the client's method.
    ///
    /// ```
    /// # use intercom_client::mock::{Answer, MockIntercom};
    /// # use serde_json::json;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// let intercom = MockIntercom::new();
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

impl Service<http::Request<Bytes>> for MockIntercom {
    type Response = http::Response<MockBody>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, HttpError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        Box::pin(exchange(Arc::clone(&self.shared), request))
    }
}

/// Shows the number of requests.
impl fmt::Debug for MockIntercom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.shared.state().received.len();
        f.debug_struct("MockIntercom")
            .field("received", &received)
            .finish_non_exhaustive()
    }
}

/// Records as JSON.
#[track_caller]
#[expect(clippy::panic, reason = "a test that seeds what is no JSON has to fail")]
fn as_json(records: impl IntoIterator<Item = impl Serialize>) -> Vec<Value> {
    let records = records.into_iter().map(|record| match serde_json::to_value(record) {
        Ok(record) => record,
        Err(error) => panic!("a record is no JSON: {error}"),
    });
    records.collect()
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that names what is no operation has to fail")]
fn named(id: &str) -> &'static Operation {
    operations::named(id).unwrap_or_else(|| match operations::nearest(id) {
        Some(nearest) => panic!("the description has no operation {id}; did you mean {nearest}?"),
        None => panic!("the description has no operation {id}"),
    })
}
