//! Calls to paths that are not in the description.

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
    /// Returns the builder of a call to any path of the API, for endpoints that are not in the
    /// description.
    ///
    /// The call has the same authentication, retries, rate limit and tracing as other calls.
    ///
    /// The path starts with `/` and is appended to the base URL. The call fails before anything is
    /// sent if the path contains a host, a query, a fragment or a dot segment. Characters that are
    /// not allowed in a path are percent-encoded. If a value can contain a slash, the caller must
    /// encode it.
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
    #[doc(alias = "raw")]
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

/// Builder of a call to any path of the API, returned by [`Client::request`].
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) client: Client,
    options: Options,
    method: Method,
    path: String,
    body: Parameter<Bytes>,
}

/// Shows the method, the path and the settings, but not the body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Characters that are encoded in a path. `%` is not, because the caller may have encoded a value.
const PATH_ENCODE_SET: &AsciiSet = &CONTROLS
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

    /// Adds a query parameter, which is percent-encoded when the request is sent.
    pub fn query(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.options.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets a JSON body.
    ///
    /// The call fails if the body cannot be serialized, or if it contains a number that is NaN or
    /// infinite: JSON could only represent it as null, which clears a value.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.body = match user_types::to_json(body) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(InvalidField::new(format!("cannot serialize as JSON: {error}")).within("body")),
        };
        self
    }

    /// Sends the request and decodes the JSON response with serde, as one of the API's
    /// [`types`](crate::types), a type of yours, or a [`serde_json::Value`].
    ///
    /// If a call that changes data succeeds with an empty body, `null` or `{}` is decoded instead.
    ///
    /// The memory limit of typed calls, 40 times the length of the body plus 1 MiB, does not apply
    /// here, because the `Deserialize` implementation of `T` allocates the memory. Only the length
    /// of the body is limited, by [`max_response_bytes`](crate::ClientBuilder::max_response_bytes)
    /// (default: 64 MiB): a list of `{}` takes `size_of` of an element for every 3 bytes of text.
    /// If the server is not trusted, set a lower limit, or decode a type of the API from
    /// [`bytes`](Self::bytes) with [`json::from_slice`](crate::json::from_slice), which has the
    /// memory limit.
    ///
    /// # Errors
    ///
    /// Fails like any other call. If the response cannot be decoded as `T`,
    /// [`is_decode`](Error::is_decode) returns `true`.
    pub async fn send<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        let call = self.call(None, false)?;
        let reads_only = call.operation.reads_only;
        let response = self.client.bytes(&call).await?;
        match decode(&response, reads_only) {
            Ok(value) => Ok(response.map(|_| value)),
            Err(unread) => Err(response.decode_error(unread)),
        }
    }

    /// Sends the request and returns the body of the response, which does not have to be JSON.
    ///
    /// # Errors
    ///
    /// Fails like any other call. If the body is longer than the client's
    /// [`max_response_bytes`](crate::ClientBuilder::max_response_bytes),
    /// [`is_decode`](Error::is_decode) returns `true`.
    pub async fn bytes(self) -> Result<Response<Bytes>, Error> {
        self.client.bytes(&self.call(None, false)?).await
    }

    /// Sends the request and returns the body of the response as a stream, whose length is not
    /// limited.
    ///
    /// # Errors
    ///
    /// Fails like any other call, and in the stream if the connection is lost.
    pub async fn byte_stream(self) -> Result<Response<ByteStream>, Error> {
        self.client.stream(&self.call(None, true)?).await
    }

    /// Returns the call; `paging` is that of a list, and `is_stream` is `true` for a byte stream.
    pub(crate) fn call(&self, paging: Option<Paging>, is_stream: bool) -> Result<Call, Error> {
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
            stream_media_type: is_stream.then_some("application/octet-stream"),
        };
        let path =
            encode_path(&self.path).map_err(|reason| ErrorContext::builder_error(ID, format!("the path {reason}")))?;
        let mut call = Call::with_path(operation.into(), path, self.options.clone())?;
        call.body = self
            .body
            .clone()
            .map_err(|invalid| ErrorContext::builder_error(ID, invalid.to_string()))?;
        Ok(call)
    }
}

/// Returns `true` for the call that starts an export job, if the description has one.
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

/// The name of the operation in errors and spans.
pub(crate) const ID: &str = "request";

/// Returns the encoded path, or why the path is invalid.
fn encode_path(path: &str) -> Result<String, &'static str> {
    if !path.starts_with('/') {
        return Err("does not start with `/`; pass it without the scheme and host");
    }
    if path.starts_with("//") {
        return Err("starts with `//`, which would be a host");
    }
    if path.contains(['?', '#']) {
        return Err("has a query or a fragment; use `query` for parameters");
    }
    if path.contains(|c: char| c == '\\' || c.is_control()) {
        return Err("contains a backslash or a control character");
    }
    let is_dot_segment = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "." | "..");
    match path.split('/').any(is_dot_segment) {
        true => Err("contains a dot segment (`.` or `..`)"),
        false => Ok(utf8_percent_encode(path, PATH_ENCODE_SET).to_string()),
    }
}

/// Decodes a response with serde. If a call that changes data has an empty response, `null` or `{}`
/// is decoded instead.
fn decode<T: DeserializeOwned>(body: &[u8], reads_only: bool) -> Result<T, DecodeError> {
    if !reads_only && read::is_blank_body(body) {
        let empty = ["null", "{}"].iter().find_map(|text| serde_json::from_str(text).ok());
        if let Some(empty) = empty {
            return Ok(empty);
        }
    }
    user_types::from_json(read::without_bom(body)).map_err(|error| DecodeError {
        path: String::new(),
        expected: match error.is_data() {
            true => "the requested type",
            false => "JSON",
        },
        found: match read::non_json(body) {
            Some(found) => found.to_owned(),
            None if error.is_eof() => "its end".to_owned(),
            // The message of serde can contain a value.
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
            assert_eq!(encode_path(path).as_deref(), Ok(sent));
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
            assert!(encode_path(path).is_err(), "{path:?}");
        }
    }
}
