//! A successful response: the decoded value with status, headers and body.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::error::Error;
use super::error::context::{ErrorContext, Failure};
use super::rate_limit::RateLimit;
use super::{request_id, unsupported_coding};
use crate::wire::read::{DecodeError, Mismatch};

/// A successful response, which dereferences to the decoded value.
///
/// It also has the status, headers, body and number of attempts of the call.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), intercom_client::Error> {
/// # let intercom = intercom_client::mock::MockIntercom::new();
/// # let client = intercom.client();
/// let tag = client.find_tag().id("88120").send().await?;
/// println!("{:?}, request {:?}", tag.name, tag.request_id());
/// let fields: serde_json::Value = serde_json::from_slice(tag.body()).unwrap_or_default();
/// # assert_eq!(fields["name"].as_str(), tag.name.as_deref());
/// # assert!(tag.request_id().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    // Boxed because a response is moved several times before the caller has it.
    details: Box<Details>,
}

/// A response without its decoded value.
#[derive(Clone)]
struct Details {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    mismatches: Vec<Mismatch>,
    context: Box<ErrorContext>,
    reduced_page_size: Option<u32>,
}

impl<T> Response<T> {
    /// Creates a response with status 200, without headers and body, for tests of your own code.
    ///
    /// ```
    /// use intercom_client::{Response, http::StatusCode, types::Tag};
    ///
    /// let mut tag = Tag::default();
    /// tag.name = Some("Beta".to_owned());
    /// let response = Response::from_value(tag).with_status(StatusCode::CREATED).with_body(r#"{"name":"Beta"}"#);
    /// assert_eq!((response.name.as_deref(), response.status().as_u16()), (Some("Beta"), 201));
    /// ```
    pub fn from_value(value: T) -> Self {
        let context = ErrorContext {
            attempts: 1,
            ..ErrorContext::default()
        };
        Self::received(value, StatusCode::OK, HeaderMap::new(), Bytes::new(), Box::new(context))
    }

    /// Replaces the status, for tests.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.details.status = status;
        self
    }

    /// Replaces the headers, from which [`request_id`](Self::request_id) and
    /// [`rate_limit`](Self::rate_limit) are read, for tests.
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.details.headers = headers;
        self
    }

    /// Replaces the body, for tests. The value does not change.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.details.body = body.into();
        self
    }

    pub(crate) fn received(
        value: T,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        context: Box<ErrorContext>,
    ) -> Self {
        let details = Details {
            status,
            headers,
            body,
            mismatches: Vec::new(),
            context,
            reduced_page_size: None,
        };
        Self {
            value,
            details: Box::new(details),
        }
    }

    pub(crate) fn with_mismatches(mut self, mismatches: Vec<Mismatch>) -> Self {
        self.details.mismatches = mismatches;
        self
    }

    /// Returns the values whose type differs from the description, at most 1,000.
    ///
    /// Each mismatch has the JSON path, the expected type and the type found. The values themselves
    /// are kept in the [`extra`](crate::Extra) of their objects. Fields that the description does
    /// not have are not mismatches.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.details.mismatches
    }

    /// Removes and returns the mismatches.
    pub(crate) fn take_mismatches(&mut self) -> Vec<Mismatch> {
        std::mem::take(&mut self.details.mismatches)
    }

    /// Creates the error of a response that cannot be decoded.
    pub(crate) fn decode_error(&self, mut unread: DecodeError) -> Error {
        if let Some(coding) = unsupported_coding(&self.details.headers) {
            unread.found = coding.to_owned();
        }
        self.error(unread)
    }

    /// Creates an error that this response causes.
    pub(crate) fn error(&self, failure: impl Into<Failure>) -> Error {
        self.context().error(failure)
    }

    /// Returns the context of errors that this response causes.
    pub(crate) fn context(&self) -> ErrorContext {
        let Details {
            status, headers, body, ..
        } = &*self.details;
        self.details
            .context
            .with_response(*status, headers.clone(), body.clone())
    }

    /// Sets the time limit that later errors state.
    pub(crate) fn set_limit(&mut self, limit: Option<Duration>) {
        self.details.context.limit = limit;
    }

    /// Returns the decoded value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Splits the response into the decoded value and the rest.
    pub fn into_parts(self) -> (T, ResponseParts) {
        let details = *self.details;
        let parts = ResponseParts {
            status: details.status,
            headers: details.headers,
            body: details.body,
            mismatches: details.mismatches,
            attempts: details.context.attempts,
        };
        (self.value, parts)
    }

    /// Returns the HTTP status, 200 to 299.
    pub fn status(&self) -> StatusCode {
        self.details.status
    }

    /// Returns the number of times the request was sent: 1 if it was not retried.
    pub fn attempts(&self) -> u32 {
        self.details.context.attempts
    }

    /// Returns the reduced page size of a walk, if the server was too slow for the original one.
    ///
    /// See [`Pages::reduce_page_size`](crate::paging::Pages::reduce_page_size).
    pub fn reduced_page_size(&self) -> Option<u32> {
        self.details.reduced_page_size
    }

    pub(crate) fn with_reduced_page_size(mut self, size: Option<u32>) -> Self {
        self.details.reduced_page_size = size;
        self
    }

    /// Returns the response headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.details.headers
    }

    /// Returns the request id from the `X-Request-Id` header. Intercom's support asks for it.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.details.headers)
    }

    /// Returns the state of the rate limit, if the response has the headers.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.details.headers)
    }

    /// Returns the decompressed body; empty for byte streams. Cloning it does not copy the bytes.
    pub fn body(&self) -> &Bytes {
        &self.details.body
    }

    /// Converts the value, and keeps status, headers and body.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            details: self.details,
        }
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Changes to the value do not change the [`body`](Response::body).
impl<T> DerefMut for Response<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// The parts of a [`Response`] without its value, from [`Response::into_parts`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResponseParts {
    /// The HTTP status, 200 to 299.
    pub status: StatusCode,
    /// The response headers.
    pub headers: HeaderMap,
    /// The body, decompressed; empty for byte streams.
    pub body: Bytes,
    /// The values whose type differs from the description. See [`Response::mismatches`].
    pub mismatches: Vec<Mismatch>,
    /// The number of times the request was sent.
    pub attempts: u32,
}

/// Shows the status and the value, but not the headers and the body.
impl<T: std::fmt::Debug> std::fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.details.status)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
