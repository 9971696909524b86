//! The mock and its builder.

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
use super::clock::Clock;
use super::description::{self, MockOperation};
use super::exchange::{MockBody, exchange};
use super::limit::RequestLimiter;
use super::received::ReceivedRequest;
use super::schedule::Schedule;
use super::shared::{MockState, Shared};
use super::stub::Stub;
use super::workspace::{Workspace, WorkspaceSettings};
use crate::client::Client;
use crate::client::builder::ClientBuilder;
use crate::client::version::ApiVersion;
use crate::http::error::HttpError;

/// The default bearer token of the mock. [`MockBuilder::token`] sets another one.
pub const TOKEN: &str = "mock-access-token";

/// The base URL of in-process clients. No request is sent to it.
const URL: &str = "https://mock.intercom.invalid";

/// A mock Intercom: an HTTP service in this process, without a port.
///
/// See the [module](super) for what it models. Clones share all state.
///
/// It implements [`tower_service::Service`], so it can be passed to [`ClientBuilder::http_service`]
/// and wrapped by layers.
#[derive(Clone)]
pub struct MockIntercom {
    pub(super) shared: Arc<Shared>,
}

/// A builder of [`MockIntercom`] and [`MockServer`](super::MockServer).
///
/// Returned by [`MockIntercom::builder`].
///
/// ```
/// use std::time::Duration;
/// use intercom_client::mock::MockIntercom;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// let intercom = MockIntercom::builder().token("right").latency(Duration::from_millis(20)).build();
/// intercom.client().identify_admin().await?; // its clients have the right token
///
/// let wrong = intercom.client_builder().token("wrong").build()?;
/// assert!(wrong.identify_admin().await.unwrap_err().is_unauthorized());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `build` or `serve`"]
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
    /// Sets the bearer token that requests must have. Others get a 401.
    ///
    /// Default: [`TOKEN`].
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// Sets the `Intercom-Version` that requests must have. Others get a 400.
    ///
    /// Default: the version of the description.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Sets the delay before every response, in addition to
    /// [`MockResponse::delay`](super::MockResponse::delay).
    ///
    /// Default: zero.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets the time after which an unused scroll expires.
    ///
    /// Default: one minute, as in the API.
    pub fn scroll_idle(mut self, idle: Duration) -> Self {
        self.scroll_idle = idle;
        self
    }

    /// Sets the number of requests allowed in each window of ten seconds. Others get a 429.
    ///
    /// Default: no limit. The headers then report more requests than a test sends.
    ///
    /// ```
    /// use intercom_client::mock::MockIntercom;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// // In a test with paused time, waiting for the next window takes no real time.
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

    /// Sets whether calls that the mock does not model fail with 501, instead of returning the
    /// description's example.
    ///
    /// See [how far it goes](super#how-far-it-goes). Default: `false`.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets whether the mock starts without the description's example records.
    ///
    /// Use it for tests that count records. They create or [`seed`](MockIntercom::seed) what they
    /// need. Like every workspace, an empty one has the admin of the token and the built-in data
    /// attributes. Default: `false`.
    pub fn empty(mut self, empty: bool) -> Self {
        self.empty = empty;
        self
    }

    /// Builds the mock.
    pub fn build(self) -> MockIntercom {
        let settings = WorkspaceSettings {
            scroll_idle: self.scroll_idle,
            strict: self.strict,
        };
        let mut workspace = match self.empty {
            true => Workspace::with_essentials(settings),
            false => Workspace::new(settings),
        };
        workspace.topics = self.topics;
        let shared = Arc::new(Shared {
            token: self.token,
            api_version: self.api_version,
            latency: self.latency,
            clock: Clock::start(),
            state: Mutex::new(MockState {
                workspace,
                received: Vec::new(),
                schedule: Schedule::default(),
                limiter: RequestLimiter::new(self.rate_limit),
            }),
        });
        MockIntercom { shared }
    }
}

impl MockIntercom {
    /// Creates a mock with the default settings and the description's example records.
    #[expect(
        clippy::new_without_default,
        reason = "a default value would be expected to be empty"
    )]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Creates a builder with the default settings.
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

    /// Creates a client of the mock with the default settings.
    ///
    /// The client retries failed calls as in production. It opens no connections, and its waits
    /// follow tokio's clock, so it works with `tokio::time::pause`.
    ///
    /// # Panics
    ///
    /// If the client cannot be built.
    #[expect(clippy::expect_used, reason = "a test cannot continue without a client")]
    pub fn client(&self) -> Client {
        self.client_builder()
            .build()
            .expect("client of the mock cannot be built")
    }

    /// Creates a builder of clients that call the mock, with its token and API version.
    ///
    /// Use it for other settings, for example
    /// [`retry`](ClientBuilder::retry)`(RetryPolicy::none())`.
    pub fn client_builder(&self) -> ClientBuilder {
        let builder = Client::builder(&*self.shared.token)
            .base_url(URL)
            .http_service(self.clone());
        builder.api_version(self.shared.api_version.clone())
    }

    /// Replaces the records that an operation lists or shows.
    ///
    /// The records can be values of the API's types, or JSON. Other operations on the same kind of
    /// record see them, too. If the list belongs to another record, for example the notes of a
    /// contact, every existing record gets the same list:
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
    /// If the operation is unknown, if it neither lists nor shows records, or if a record has
    /// unknown fields or values of another type than described. The message lists all of them;
    /// [`seed_unchecked`](Self::seed_unchecked) accepts them.
    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    pub fn seed(&self, operation: &str, records: impl IntoIterator<Item = impl Serialize>) {
        let (operation, records) = (operation_by_id(operation), to_json(records));
        for (index, record) in records.iter().enumerate() {
            let mismatches = catalog().mismatches(operation, record);
            if !mismatches.is_empty() {
                panic!(
                    "record {index} of {} does not match the description: {}",
                    operation.id,
                    mismatches.join("; ")
                );
            }
        }
        self.replace_records(operation, records);
    }

    /// Replaces the records that an operation lists or shows, without checking them against the
    /// description.
    ///
    /// Unknown fields and values of other types are stored and returned as they are.
    ///
    /// # Panics
    ///
    /// If the operation is unknown, or if it neither lists nor shows records.
    #[track_caller]
    pub fn seed_unchecked(&self, operation: &str, records: impl IntoIterator<Item = impl Serialize>) {
        self.replace_records(operation_by_id(operation), to_json(records));
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    fn replace_records(&self, operation: &'static MockOperation, records: Vec<Value>) {
        if !self.shared.state().workspace.seed(operation, records) {
            panic!("{} neither lists nor shows records", operation.id);
        }
    }

    /// Sets the file that finished export jobs download: a [`MockExport`](super::MockExport), or
    /// any bytes.
    ///
    /// Default: a gzip-compressed CSV file with one receipt.
    pub fn set_export(&self, file: impl Into<Bytes>) {
        self.shared.state().workspace.export = file.into();
    }

    /// Formats all requests so far, one per line, for the message of an assertion.
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

    /// Returns a [`Stub`], which sets the responses of an operation.
    ///
    /// The id of an operation is the name of the client's method. [`operations`](super::operations)
    /// has all ids as constants.
    ///
    /// ```
    /// # use intercom_client::mock::{MockIntercom, MockResponse};
    /// # use serde_json::json;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// let intercom = MockIntercom::new();
    /// let client = intercom.client();
    ///
    /// // Every call from now on.
    /// intercom.on("identify_admin").respond(MockResponse::json(json!({"type": "admin", "id": "814", "name": "Ada"})));
    /// assert_eq!(client.identify_admin().await?.name.as_deref(), Some("Ada"));
    ///
    /// // One response for each of the next two requests. The client retries both failures.
    /// let unavailable = MockResponse::error(503, "service_unavailable", "Try again later");
    /// intercom.on("list_tags").respond_once(MockResponse::dropped()).respond_once(unavailable);
    /// client.list_tags().await?;
    /// assert_eq!(intercom.calls("list_tags").len(), 3);
    ///
    /// // A response that depends on the request.
    /// intercom.on("show_contact").respond_with(|request| {
    ///     request.path.ends_with("/42").then(|| MockResponse::error(404, "not_found", "User Not Found"))
    /// });
    /// assert!(client.show_contact().id(42).await.unwrap_err().is_not_found());
    /// client.show_contact().id("66f1c2a9d04b7e8351aa0c11").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Requests with a wrong token or version are still rejected.
    ///
    /// # Panics
    ///
    /// If the operation is unknown.
    #[track_caller]
    #[must_use = "call a method of the stub to set a response"]
    pub fn on(&self, operation: &str) -> Stub<'_> {
        Stub {
            shared: &self.shared,
            operation: Some(operation_by_id(operation)),
        }
    }

    /// Returns a [`Stub`], which sets the responses of every request, including those to unknown
    /// paths.
    ///
    /// Stubs of an operation take precedence, and requests with a wrong token or version are still
    /// rejected. The responses are not checked against the description.
    #[must_use = "call a method of the stub to set a response"]
    pub fn on_any(&self) -> Stub<'_> {
        Stub {
            shared: &self.shared,
            operation: None,
        }
    }

    /// Returns all requests so far in the order of arrival, including rejected ones.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.shared.state().received.clone()
    }

    /// Returns the requests of an operation so far, in the order of arrival.
    ///
    /// # Panics
    ///
    /// If the operation is unknown.
    #[track_caller]
    pub fn calls(&self, operation: &str) -> Vec<ReceivedRequest> {
        let id = operation_by_id(operation).id;
        let mut received = self.received();
        received.retain(|request| request.operation == Some(id));
        received
    }

    /// Removes the recorded requests. Records and stubs are kept.
    ///
    /// The next request has the number 0.
    pub fn clear_received(&self) {
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

/// Shows the number of received requests.
impl fmt::Debug for MockIntercom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.shared.state().received.len();
        f.debug_struct("MockIntercom")
            .field("received", &received)
            .finish_non_exhaustive()
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
fn to_json(records: impl IntoIterator<Item = impl Serialize>) -> Vec<Value> {
    let records = records.into_iter().map(|record| match serde_json::to_value(record) {
        Ok(record) => record,
        Err(error) => panic!("record cannot be serialized as JSON: {error}"),
    });
    records.collect()
}

#[track_caller]
#[expect(clippy::panic, reason = "an unknown operation must fail the test")]
fn operation_by_id(id: &str) -> &'static MockOperation {
    description::operation(id).unwrap_or_else(|| match description::nearest_id(id) {
        Some(nearest) => panic!("unknown operation {id}; did you mean {nearest}?"),
        None => panic!("unknown operation {id}"),
    })
}
