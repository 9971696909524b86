//! A mock server that responds with an example of the description, and returns the request that it received.

use std::sync::LazyLock;

use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use serde_json::Value;

/// The description that the crate is generated from, with the overlay applied.
pub(crate) static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(operation_tables::DESCRIPTION).unwrap());

/// Returns the example of a successful response of an operation, for example `GET /me`. If there are several, returns the first by
/// name.
pub(crate) fn example(call: &str) -> Value {
    let examples = examples(call);
    let first = examples.as_object().and_then(|examples| examples.values().next());
    first.unwrap_or_else(|| panic!("{call} has no success example"))["value"].clone()
}

/// Returns the example of a successful response with this name.
pub(crate) fn named_example(call: &str, name: &str) -> Value {
    let value = examples(call)[name]["value"].clone();
    assert!(!value.is_null(), "{call} has no success example {name}");
    value
}

fn examples(call: &str) -> Value {
    let (method, path) = call.split_once(' ').unwrap();
    let operation = &DESCRIPTION["paths"][path][method.to_lowercase()];
    let responses = operation["responses"]
        .as_object()
        .unwrap_or_else(|| panic!("{call} is not described"));
    let success = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1;
    success["content"]["application/json"]["examples"].clone()
}

const TOKEN: &str = "dG9rOmZlcm5oaWxs";

/// A mock server for one request.
pub(crate) struct Wire(MockIntercom);

/// Starts a server that responds with the first example of the operation.
pub(crate) async fn respond(call: &str) -> Wire {
    respond_with(example(call)).await
}

/// Starts a server that responds with this JSON.
pub(crate) async fn respond_with(body: Value) -> Wire {
    respond_raw(200, body.to_string()).await
}

/// Starts a server that responds with this status and body.
pub(crate) async fn respond_raw(status: u16, body: impl AsRef<[u8]>) -> Wire {
    let intercom = MockIntercom::builder().token(TOKEN).build();
    let response = MockResponse::bytes("application/json", body.as_ref().to_vec()).status(status);
    let response = response.header("x-request-id", "001fk0wire");
    intercom.on_any().respond(response);
    Wire(intercom)
}

/// A request that the server received.
pub(crate) struct Sent {
    /// Method, path and query without decoding, for example `GET /tags/88120?x=1`.
    pub line: String,
    /// The JSON body, or null if the request had no body.
    pub body: Value,
}

impl Wire {
    /// Returns a client of this server.
    pub(crate) fn client(&self) -> Client {
        self.0.client()
    }

    /// Returns `true` if no request was sent.
    pub(crate) fn sent_nothing(&self) -> bool {
        self.0.received().is_empty()
    }

    /// Returns the only request that was sent.
    fn request(&self) -> ReceivedRequest {
        let mut received = self.0.received();
        assert_eq!(received.len(), 1, "one call sends one request");
        received.remove(0)
    }

    /// Returns a header of the only request that was sent.
    #[allow(dead_code)] // not used by every test binary
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.request().header(name).map(str::to_owned)
    }

    /// Returns the body of the only request that was sent, without decoding it.
    #[allow(dead_code)] // not used by every test binary
    pub(crate) fn body(&self) -> String {
        String::from_utf8(self.request().body.to_vec()).unwrap()
    }

    /// Returns the only request that was sent, and checks its headers.
    pub(crate) fn sent(&self) -> Sent {
        self.sent_for("application/json")
    }

    /// Returns the only request that was sent, and checks its headers with this value of `Accept`.
    pub(crate) fn sent_for(&self, accept: &str) -> Sent {
        let request = self.request();
        let header = |name: &str| {
            let mut values = request.headers.get_all(name).iter();
            let value = values.next().map(|value| value.to_str().unwrap().to_owned());
            assert!(values.next().is_none(), "{name} is sent twice");
            value
        };
        assert_eq!(header("authorization"), Some(format!("Bearer {TOKEN}")));
        assert_eq!(header("intercom-version").as_deref(), Some("2.9"));
        assert_eq!(header("accept").as_deref(), Some(accept));
        assert!(header("user-agent").unwrap().starts_with("intercom-client/"));
        assert_eq!(header("api-version"), None);
        let body = match request.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&request.body).unwrap(),
        };
        let json = Some("application/json".to_owned()).filter(|_| !body.is_null());
        assert_eq!(
            header("content-type"),
            json,
            "a request has a content type if and only if it has a body"
        );
        Sent {
            line: request.line(),
            body,
        }
    }
}
