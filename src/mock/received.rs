//! Requests that arrived.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
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
    /// The status of the response; `None` while there is none, and where the connection was dropped.
    pub status: Option<StatusCode>,
}

impl Received {
    /// The `X-Request-Id` of its response.
    pub(super) fn request_id(&self) -> String {
        format!("mock-{}", self.number)
    }

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

/// Shows number, operation, method, path, query, body and status on one line, such as
/// `#0 create_tag: POST /tags {"name":"vip"} -> 200`. Headers are left out, and with them the token.
impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.unwrap_or("no operation");
        write!(f, "#{} {operation}: {}", self.number, self.line())?;
        if !self.body.is_empty() {
            let body = String::from_utf8_lossy(&self.body);
            let shown: String = body.chars().take(SHOWN).collect();
            let rest = if shown.len() < body.len() { "…" } else { "" };
            write!(f, " {shown}{rest}")?;
        }
        match self.status {
            Some(status) => write!(f, " -> {}", status.as_u16()),
            None => f.write_str(" -> no response"),
        }
    }
}

/// Characters of a body that are shown of a request.
const SHOWN: usize = 200;

/// Shows the same as `Display`.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
