//! Requests received by the mock.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

/// The number of body characters shown in logs.
const MAX_BODY_CHARS: usize = 200;

/// A request received by [`MockIntercom`](super::MockIntercom).
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The position among all requests, counted from 0.
    ///
    /// Counting restarts with [`clear_received`](super::MockIntercom::clear_received).
    pub number: usize,
    /// The id of the operation; `None` if the description has no such method and path.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: Method,
    /// The path, still percent-encoded.
    pub path: String,
    /// The names and values of the query in order, percent-decoded.
    pub query: Vec<(String, String)>,
    /// The path and query, still percent-encoded.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The status of the response; `None` before the response or if the connection was dropped.
    pub status: Option<StatusCode>,
}

impl ReceivedRequest {
    /// Returns the `X-Request-Id` of the response.
    pub(super) fn request_id(&self) -> String {
        format!("mock-{}", self.number)
    }

    /// Returns the method and the target, for example `GET /contacts?per_page=5`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// Returns the first value of a query parameter, percent-decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs.find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a header; `None` if the header is absent or not visible ASCII.
    ///
    /// The name is case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Parses the body as JSON. Returns null if the body is empty or not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Shows the number, operation, method, target, body and status on one line, for example `#0
/// create_tag: POST /tags {"name":"vip"} -> 200`. The headers are not shown, because they contain
/// the token.
impl fmt::Display for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.unwrap_or("no operation");
        write!(f, "#{} {operation}: {}", self.number, self.line())?;
        if !self.body.is_empty() {
            let body = String::from_utf8_lossy(&self.body);
            let shown: String = body.chars().take(MAX_BODY_CHARS).collect();
            let ellipsis = if shown.len() < body.len() { "…" } else { "" };
            write!(f, " {shown}{ellipsis}")?;
        }
        match self.status {
            Some(status) => write!(f, " -> {}", status.as_u16()),
            None => f.write_str(" -> no response"),
        }
    }
}

/// Shows the same as `Display`.
impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
