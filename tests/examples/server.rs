//! A mock server with one fixed response. It records the requests.

use intercom_client::mock::{self, MockIntercom, MockResponse};
use intercom_client::{Client, RetryPolicy};
use serde_json::Value;

/// A request that the server received.
#[derive(Debug)]
pub(crate) struct Received {
    pub method: String,
    /// The path, with percent-decoded segments.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// The JSON body, or `None` if the request had no body.
    pub body: Option<Value>,
}

/// The server. Tests call it sequentially.
pub(crate) struct Server {
    intercom: MockIntercom,
    /// A client that does not retry.
    pub client: Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let intercom = MockIntercom::new();
        let client = intercom
            .client_builder()
            .retry(RetryPolicy::none())
            .wait_for_rate_limit(false)
            .build()
            .unwrap();
        Self { intercom, client }
    }

    /// Sets the response to all further requests.
    pub(crate) fn respond_with(&self, status: u16, body: impl Into<Vec<u8>>) {
        let response = MockResponse::bytes("application/json", body.into()).status(status);
        let response = response.header("x-request-id", "from-header");
        self.intercom.on_any().respond(response);
    }

    /// Returns the requests received since the last call of this method.
    pub(crate) fn received(&self) -> Vec<Received> {
        let received = self.intercom.received().into_iter().map(received).collect();
        self.intercom.clear_received();
        received
    }
}

fn received(request: mock::ReceivedRequest) -> Received {
    let segments = request.path.split('/').map(|segment| {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
        decoded.unwrap().replace('/', "%2F")
    });
    Received {
        method: request.method.to_string(),
        path: segments.collect::<Vec<_>>().join("/"),
        query: request.query,
        body: (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap()),
    }
}
