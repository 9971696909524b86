//! The mock Intercom, which gives the answer that it is told to and keeps what it was asked.

use intercom_client::mock::{self, MockIntercom, MockResponse};
use intercom_client::{Client, RetryPolicy};
use serde_json::Value;

/// One request as it arrived.
#[derive(Debug)]
pub(crate) struct Received {
    pub method: String,
    /// Path, percent-decoded by segment.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// The JSON body; `None` when there is none.
    pub body: Option<Value>,
}

/// The server; calls are made one at a time.
pub(crate) struct Server {
    intercom: MockIntercom,
    /// A client of it that sends every request once.
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

    /// What every request is answered with from now on.
    pub(crate) fn answers(&self, status: u16, body: impl Into<Vec<u8>>) {
        let answer = MockResponse::bytes("application/json", body.into()).status(status);
        let answer = answer.header("x-request-id", "from-header");
        self.intercom.on_any().respond(answer);
    }

    /// What was asked since the last look.
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
