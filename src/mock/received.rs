//! Requests that arrived.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// A request as it arrived at [`MockIntercom`](super::MockIntercom).
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// Its place among all requests since the start, or since they were
    /// [forgotten](super::MockIntercom::forget_received), counted from 0.
    pub number: usize,
    /// The id of the operation that it calls; `None` where the description has no such method and path.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: Method,
    /// The path, percent-encoded as it came.
    pub path: String,
    /// The names and values of the query, percent-decoded, in their order.
    pub query: Vec<(String, String)>,
    /// Path and query as they came.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// Method, path and query as on the wire, such as `GET /contacts?per_page=5`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The first value of a query parameter, percent-decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs.find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header, by its name in whatever case; `None` when it is absent or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; null when there is none, or when it is something else.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Shows operation, method, path and query, neither headers nor body.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("operation", &self.operation)
            .field("line", &self.line())
            .finish_non_exhaustive()
    }
}
