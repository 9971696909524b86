//! One exchange on loopback: answers with an example of the description, and shows what was sent.

use std::sync::LazyLock;

use intercom_client::Client;
use intercom_client::mock::{MockIntercom, MockResponse, ReceivedRequest};
use serde_json::Value;

/// The description with the overlay applied, as the build wrote it: what the crate is generated from.
pub(crate) static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(operation_tables::DESCRIPTION).unwrap());

/// The success example of an operation such as `GET /me`; of several, the first by name.
pub(crate) fn example(call: &str) -> Value {
    let examples = examples(call);
    let first = examples.as_object().and_then(|examples| examples.values().next());
    first.unwrap_or_else(|| panic!("{call} has no success example"))["value"].clone()
}

/// The success example of an operation by its name.
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

/// A server for one exchange.
pub(crate) struct Wire(MockIntercom);

/// A server that answers the call with the first example of the operation.
pub(crate) async fn answer(call: &str) -> Wire {
    answer_with(example(call)).await
}

/// A server that answers with this JSON.
pub(crate) async fn answer_with(body: Value) -> Wire {
    answer_raw(200, body.to_string()).await
}

/// A server that answers with this status and these bytes.
pub(crate) async fn answer_raw(status: u16, body: impl AsRef<[u8]>) -> Wire {
    let intercom = MockIntercom::builder().token(TOKEN).build();
    let answer = MockResponse::bytes("application/json", body.as_ref().to_vec()).status(status);
    let answer = answer.header("x-request-id", "001fk0wire");
    intercom.on_any().respond(answer);
    Wire(intercom)
}

/// What was sent.
pub(crate) struct Sent {
    /// Method, path and query as they were on the wire, such as `GET /tags/88120?x=1`.
    pub line: String,
    /// The JSON body, null when there was none.
    pub body: Value,
}

impl Wire {
    /// A client of this server.
    pub(crate) fn client(&self) -> Client {
        self.0.client()
    }

    /// Whether no request was sent.
    pub(crate) fn sent_nothing(&self) -> bool {
        self.0.received().is_empty()
    }

    /// The one request that was sent.
    fn request(&self) -> ReceivedRequest {
        let mut received = self.0.received();
        assert_eq!(received.len(), 1, "one call sends one request");
        received.remove(0)
    }

    /// A header of the one request that was sent.
    #[allow(dead_code)] // not by every test binary
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.request().header(name).map(str::to_owned)
    }

    /// The body of the one request that was sent, to the letter.
    #[allow(dead_code)] // not by every test binary
    pub(crate) fn body(&self) -> String {
        String::from_utf8(self.request().body.to_vec()).unwrap()
    }

    /// The one request that was sent, its headers checked.
    pub(crate) fn sent(&self) -> Sent {
        self.sent_for("application/json")
    }

    /// The one request that was sent, its headers checked, with this `Accept`.
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
        assert_eq!(header("content-type"), json, "a content type goes with a body");
        Sent {
            line: request.line(),
            body,
        }
    }
}
