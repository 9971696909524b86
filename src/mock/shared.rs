//! State shared by all clones of a mock, and the handling of each request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, HeaderName, Request, StatusCode};
use serde::de::IgnoredAny;
use serde_json::json;

use super::clock::{Clock, MockTime};
use super::description::{self, MockOperation};
use super::limit::RequestLimiter;
use super::received::ReceivedRequest;
use super::response::MockResponse;
use super::schedule::{Schedule, Stubbed};
use super::workspace::Workspace;
use crate::client::version::ApiVersion;

const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

pub(super) struct Shared {
    pub token: String,
    pub api_version: ApiVersion,
    pub latency: Duration,
    pub clock: Clock,
    pub state: Mutex<MockState>,
}

/// The state that calls change.
pub(super) struct MockState {
    pub workspace: Workspace,
    pub received: Vec<ReceivedRequest>,
    pub schedule: Schedule,
    pub limiter: RequestLimiter,
}

/// The response to a request.
pub(super) struct Decision {
    pub response: MockResponse,
    /// The headers that every response has.
    pub headers: HeaderMap,
}

impl Shared {
    /// Locks the state. A poisoned lock is accepted: the test that panicked while holding it has
    /// already failed.
    pub(super) fn state(&self) -> MutexGuard<'_, MockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and decides on its response.
    pub(super) fn decide(&self, request: Request<Bytes>) -> Decision {
        let now = self.clock.now();
        let (head, body) = request.into_parts();
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let query: Vec<(String, String)> = query.into_owned().collect();
        let found = description::find(head.method.as_str(), head.uri.path(), &query);
        let mut received = ReceivedRequest {
            number: 0,
            operation: found.as_ref().map(|(operation, _)| operation.id),
            path: head.uri.path().to_owned(),
            query,
            target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            method: head.method,
            headers: head.headers,
            body,
            status: None,
        };
        let over_limit = {
            let mut state = self.state();
            received.number = state.received.len();
            state.received.push(received.clone());
            state.limiter.count(now)
        };
        let mut headers = self.headers(&received, now);
        let preset = self.rejection(&received).or(over_limit).or_else(|| {
            let stubbed = self.stubbed(&received)?;
            if stubbed.status == StatusCode::TOO_MANY_REQUESTS {
                // A stubbed limit ends at once, because its window is not one that the limiter
                // counts.
                headers.insert(RESET, now.seconds().into());
            }
            Some(stubbed)
        });
        let response = self.respond(now, &received, found, preset);
        let status = (!response.is_dropped).then_some(response.status);
        if let Some(received) = self.state().received.get_mut(received.number) {
            received.status = status;
        }
        Decision { response, headers }
    }

    fn respond(
        &self,
        now: MockTime,
        received: &ReceivedRequest,
        found: Option<(&'static MockOperation, Vec<String>)>,
        preset: Option<MockResponse>,
    ) -> MockResponse {
        match (preset, found) {
            (Some(response), found) => {
                if let Some((operation, values)) = found.filter(|_| response.carries_out) {
                    let _ = self.state().workspace.handle(now, operation, &values, received);
                }
                response
            }
            (None, Some((operation, values))) => self.state().workspace.handle(now, operation, &values, received),
            (None, None) => {
                let message = format!(
                    "No operation of the description is {} {}",
                    received.method, received.path
                );
                MockResponse::error(404, "not_found", &message)
            }
        }
    }

    /// Returns the response stubbed for a request. Stubs of the operation take precedence over
    /// those of every request.
    ///
    /// A responder is called without the lock, because it may read the received requests.
    fn stubbed(&self, received: &ReceivedRequest) -> Option<MockResponse> {
        let of_operation = received.operation.map(Some);
        of_operation.into_iter().chain([None]).find_map(|operation| {
            let stubbed = self.state().schedule.next(operation);
            match stubbed? {
                Stubbed::Response(response) => Some(*response),
                Stubbed::Responder(responder) => responder(received),
            }
        })
    }

    /// Rejects a request with a wrong token or version, or a body that is not JSON, as the API does
    /// before it looks at the call.
    fn rejection(&self, received: &ReceivedRequest) -> Option<MockResponse> {
        if received.header(AUTHORIZATION.as_str()) != Some(&format!("Bearer {}", self.token)) {
            return Some(MockResponse::error(401, "unauthorized", "Access Token Invalid"));
        }
        let version = &self.api_version;
        if received.header("intercom-version") != Some(version.as_str()) {
            let message = format!("The Intercom-Version header is not {version}");
            return Some(MockResponse::error(400, "intercom_version_invalid", &message));
        }
        let is_json = |body: &Bytes| serde_json::from_slice::<IgnoredAny>(body).is_ok();
        if !received.body.is_empty() && !is_json(&received.body) {
            // Source: a recorded response, which has no list of errors.
            let message = "There was a problem in the JSON you submitted";
            return Some(MockResponse::json(json!({"status": 400, "error": message})).status(400));
        }
        None
    }

    fn headers(&self, received: &ReceivedRequest, now: MockTime) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let request_id = HeaderValue::from_str(&received.request_id());
        headers.insert("x-request-id", request_id.unwrap_or(HeaderValue::from_static("mock")));
        headers.insert("intercom-version", self.api_version.header());
        let date = HeaderValue::from_str(&httpdate::fmt_http_date(now.into()));
        headers.extend(date.ok().map(|date| (http::header::DATE, date)));
        let state = self.state();
        headers.insert("x-ratelimit-limit", state.limiter.limit().into());
        headers.insert("x-ratelimit-remaining", state.limiter.remaining().into());
        headers.insert(RESET, now.window_end().into());
        headers
    }
}
