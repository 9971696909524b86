//! An answer: the decoded value with everything that came along.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::error::Error;
use super::error::context::{ErrorContext, Failure};
use super::rate_limit::RateLimit;
use super::{foreign_coding, request_id};
use crate::wire::read::{DecodeError, Mismatch};

/// A successful answer. Derefs to the decoded value.
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
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    mismatches: Vec<Mismatch>,
    context: ErrorContext,
    reduced_page_size: Option<u32>,
}

impl<T> Response<T> {
    /// An answer of status 200 without headers and body: for tests of your own code, such as of a function that takes one.
    ///
    /// ```
    /// use intercom_client::{Response, http::StatusCode, types::Tag};
    ///
    /// let mut tag = Tag::default();
    /// tag.name = Some("Beta".to_owned());
    /// let answer = Response::from_value(tag).with_status(StatusCode::CREATED).with_body(r#"{"name":"Beta"}"#);
    /// assert_eq!((answer.name.as_deref(), answer.status().as_u16()), (Some("Beta"), 201));
    /// ```
    pub fn from_value(value: T) -> Self {
        let context = ErrorContext {
            attempts: 1,
            ..ErrorContext::default()
        };
        Self::received(value, StatusCode::OK, HeaderMap::new(), Bytes::new(), context)
    }

    /// The same answer with another status, for tests.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same answer with other headers, for tests: `X-Request-Id` and those of the [rate limit](Self::rate_limit) are read
    /// from them.
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// The same answer with another body, for tests. The value stays as it is.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn received(
        value: T,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        context: ErrorContext,
    ) -> Self {
        Self {
            value,
            status,
            headers,
            body,
            mismatches: Vec::new(),
            context,
            reduced_page_size: None,
        }
    }

    pub(crate) fn with_mismatches(mut self, mismatches: Vec<Mismatch>) -> Self {
        self.mismatches = mismatches;
        self
    }

    /// The values that are of another kind than described, the first 1,000 of them: where each is, what was expected and
    /// what was found. They are kept in the [`extra`](crate::Extra) of their objects. Names that the description does not
    /// have are no mismatch.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// The mismatches, taken out of the answer.
    pub(crate) fn take_mismatches(&mut self) -> Vec<Mismatch> {
        std::mem::take(&mut self.mismatches)
    }

    /// The error of an answer that is not what was asked for.
    pub(crate) fn decode_error(&self, mut unread: DecodeError) -> Error {
        if let Some(coding) = foreign_coding(&self.headers) {
            unread.found = coding.to_owned();
        }
        self.error(unread)
    }

    /// An error that this answer is the reason for.
    pub(crate) fn error(&self, failure: impl Into<Failure>) -> Error {
        self.context
            .with_response(self.status, self.headers.clone(), self.body.clone())
            .error(failure)
    }

    /// The decoded value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Splits the response into the decoded value and the rest.
    pub fn into_parts(self) -> (T, ResponseParts) {
        let parts = ResponseParts {
            status: self.status,
            headers: self.headers,
            body: self.body,
            mismatches: self.mismatches,
            attempts: self.context.attempts,
        };
        (self.value, parts)
    }

    /// The HTTP status, 200 to 299.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// How often the request was sent until it was answered so, the first time included.
    pub fn attempts(&self) -> u32 {
        self.context.attempts
    }

    /// The page size that a walk asked for because the server was too slow for the caller's; `None` if the page size was not
    /// reduced. See [`Pages::reduce_page_size`](crate::paging::Pages::reduce_page_size).
    pub fn reduced_page_size(&self) -> Option<u32> {
        self.reduced_page_size
    }

    pub(crate) fn with_reduced_page_size(mut self, size: Option<u32>) -> Self {
        self.reduced_page_size = size;
        self
    }

    /// The response headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The `X-Request-Id` header: what Intercom's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// The state of the rate limit, when the headers tell it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }

    /// The body as it came, decompressed. Shared, not copied. Empty for byte streams.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            status: self.status,
            headers: self.headers,
            body: self.body,
            mismatches: self.mismatches,
            context: self.context,
            reduced_page_size: self.reduced_page_size,
        }
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Changes to the value change neither [`body`](Response::body) nor headers.
impl<T> DerefMut for Response<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// The parts of a [`Response`]: made by [`Response::into_parts`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResponseParts {
    /// The HTTP status, 200 to 299.
    pub status: StatusCode,
    /// The response headers.
    pub headers: HeaderMap,
    /// The body, decompressed; empty for byte streams.
    pub body: Bytes,
    /// The values whose type differs from the description: see [`Response::mismatches`].
    pub mismatches: Vec<Mismatch>,
    /// How many times the request was sent.
    pub attempts: u32,
}

/// Shows the value and status, neither headers nor body.
impl<T: std::fmt::Debug> std::fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
