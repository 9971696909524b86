//! Calls to paths that the description does not have.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use crate::call::call::Call;
use crate::call::invalid_field::InvalidField;
use crate::call::operation::{Idempotency, Operation, Paging};
use crate::call::options::{self, Options};
use crate::call::parameter::Parameter;
use crate::response::bytes::ByteStream;
use crate::response::error::Error;
use crate::response::error::context::ErrorContext;
use crate::response::typed::Response;
use crate::wire::read::{self, DecodeError};
use crate::wire::user_types;

impl Client {
    /// Starts a call to any path of the API, for what the description does not have: sent, repeated, paced and traced like
    /// every other call.
    ///
    /// The path begins with `/` and stays under the base URL: one with a host, a query, a fragment or a dot segment is
    /// refused before anything is sent. Characters that cannot stand in a path are percent-encoded; a value that can hold a
    /// slash has to be encoded by the caller.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = intercom_client::mock::MockIntercom::new();
    /// # let tickets = serde_json::json!({"tickets": [], "total_count": 7, "pages": {}});
    /// # intercom.on_any().respond(intercom_client::mock::MockResponse::json(tickets));
    /// # let client = intercom.client();
    /// use intercom_client::Method;
    /// use serde_json::{Value, json};
    ///
    /// let search = client.request(Method::POST, "/tickets/search");
    /// let query = json!({"query": {"field": "open", "operator": "=", "value": true}});
    /// let found = search.json(&query).idempotent(true).send::<Value>().await?;
    /// println!("{} tickets, request {:?}", found["total_count"], found.request_id());
    /// # assert_eq!(found["total_count"], 7);
    /// # assert_eq!(intercom.received()[0].line(), "POST /tickets/search");
    /// # assert_eq!(intercom.received()[0].json(), query);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        Request {
            client: self.clone(),
            options: Options::default(),
            method,
            path: path.into(),
            body: Ok(None),
        }
    }
}

/// A call to a path of the caller's own. Made by [`Client::request`].
#[derive(Clone)]
#[must_use = "nothing is sent before `send()`"]
pub struct Request {
    pub(crate) client: Client,
    options: Options,
    method: Method,
    path: String,
    body: Parameter<Bytes>,
}

/// Shows what is asked for and the settings, never the body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What cannot stand in a path; `%` can, since the caller may have encoded a value.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'^');

impl Request {
    options::setters! {}

    /// Adds a query parameter; percent-encoded as it is sent.
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.options.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets the body, as JSON. A number that is NaN or infinite makes the call fail, since JSON has only null for it, which
    /// clears a value.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.body = match user_types::to_json(body) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(InvalidField::new(format!("cannot serialize as JSON: {error}")).within("body")),
        };
        self
    }

    /// Sends the request and decodes its JSON answer as any type that serde reads: one of the API's
    /// [`types`](crate::types), one of your own, or [`serde_json::Value`].
    ///
    /// # Errors
    ///
    /// Those of every call; [`is_decode`](Error::is_decode) when the answer is not of this type.
    pub async fn send<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        let call = self.call(None, false)?;
        let reads_only = call.operation.reads_only;
        let answer = self.client.whole(&call).await?;
        match decode(&answer, reads_only) {
            Ok(value) => Ok(answer.map(|_| value)),
            Err(unread) => Err(answer.decode_error(unread)),
        }
    }

    /// Sends the request and gathers the bytes of its answer, whatever they are, up to the client's
    /// [`max_response_bytes`](crate::ClientBuilder::max_response_bytes).
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub async fn bytes(self) -> Result<Response<Bytes>, Error> {
        self.client.whole(&self.call(None, false)?).await
    }

    /// Sends the request and hands on the bytes of its answer as they arrive.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub async fn byte_stream(self) -> Result<Response<ByteStream>, Error> {
        self.client.stream(&self.call(None, true)?).await
    }

    /// The call, of a list where it has pages.
    pub(crate) fn call(&self, paging: Option<Paging>, bytes: bool) -> Result<Call, Error> {
        let reads_only = self.method.is_safe() || paging.is_some();
        let operation = Operation {
            id: ID,
            group: None,
            method: self.method.clone(),
            path: "(raw)",
            reads_only,
            starts_export: starts_export(&self.method, &self.path),
            idempotency: match reads_only || self.method.is_idempotent() {
                true => Idempotency::Always,
                false => Idempotency::Never,
            },
            paging,
            request_media_type: "application/json",
            stream_media_type: bytes.then_some("application/octet-stream"),
        };
        let path = check(&self.path).map_err(|reason| ErrorContext::mistake(ID, format!("the path {reason}")))?;
        let mut call = Call::with_path(Cow::Owned(operation), path, self.options.clone())?;
        call.body = self
            .body
            .clone()
            .map_err(|invalid| ErrorContext::mistake(ID, invalid.to_string()))?;
        Ok(call)
    }
}

/// Returns `true` for the call that starts an export job, where the description has one.
fn starts_export(method: &Method, path: &str) -> bool {
    #[cfg(intercom_export)]
    let starts = {
        let create = &crate::generated::export::CREATE;
        create.method == *method && create.path == path
    };
    #[cfg(not(intercom_export))]
    let starts = {
        let _ = (method, path);
        false
    };
    starts
}

/// What errors and spans call the operation.
pub(crate) const ID: &str = "request";

/// The path as it is sent, or why it is refused.
fn check(path: &str) -> Result<String, &'static str> {
    if !path.starts_with('/') {
        return Err("does not begin with `/`: give it without scheme and host");
    }
    if path.starts_with("//") {
        return Err("begins with `//`, which names a host");
    }
    if path.contains(['?', '#']) {
        return Err("has a query or a fragment: give parameters to `query`");
    }
    if path.contains(|c: char| c == '\\' || c.is_control()) {
        return Err("has a backslash or a control character");
    }
    let dots = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "." | "..");
    match path.split('/').any(dots) {
        true => Err("has a dot segment, which would lead elsewhere"),
        false => Ok(utf8_percent_encode(path, PATH).to_string()),
    }
}

/// Decodes an answer by serde. Where nothing came back from a call that changes something, nothing is what it says.
fn decode<T: DeserializeOwned>(body: &[u8], reads_only: bool) -> Result<T, DecodeError> {
    if !reads_only && read::is_blank_body(body) {
        let nothing = ["null", "{}"].iter().find_map(|text| serde_json::from_str(text).ok());
        if let Some(nothing) = nothing {
            return Ok(nothing);
        }
    }
    user_types::from_json(read::without_bom(body)).map_err(|error| DecodeError {
        path: String::new(),
        expected: match error.is_data() {
            true => "the type that was asked for",
            false => "JSON",
        },
        found: match read::non_json(body) {
            Some(found) => found.to_owned(),
            None if error.is_eof() => "its end".to_owned(),
            // What serde says can hold a value.
            None => format!("something else at line {} column {}", error.line(), error.column()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_under_the_base_url() {
        for (path, sent) in [
            ("/tickets/search", "/tickets/search"),
            ("/contacts/a b/ü", "/contacts/a%20b/%C3%BC"),
            ("/contacts/a%2Fb", "/contacts/a%2Fb"),
            ("/a/.../b.c", "/a/.../b.c"),
            ("/", "/"),
        ] {
            assert_eq!(check(path).as_deref(), Ok(sent));
        }
        for path in [
            "",
            "tickets",
            "https://evil.test/x",
            "//evil.test/x",
            "/a/../b",
            "/a/./b",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a?b=c",
            "/a#b",
            "/a\\..\\b",
            "/a\nb",
        ] {
            assert!(check(path).is_err(), "{path:?}");
        }
    }
}
