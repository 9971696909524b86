//! What all clones of a mock share, and what it decides about each request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, HeaderName, Request, StatusCode};

use super::answer::Answer;
use super::limit::Limit;
use super::moment::{Clock, Moment};
use super::operations::{self, Operation};
use super::received::Received;
use super::schedule::{Schedule, Told};
use super::workspace::Workspace;
use crate::client::version::ApiVersion;

const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

pub(super) struct Shared {
    pub token: String,
    pub api_version: ApiVersion,
    pub latency: Duration,
    pub clock: Clock,
    pub state: Mutex<State>,
}

/// What changes with the calls.
pub(super) struct State {
    pub workspace: Workspace,
    pub received: Vec<Received>,
    pub schedule: Schedule,
    pub limit: Limit,
}

/// What a request leads to.
pub(super) struct Decision {
    pub answer: Answer,
    /// The headers that every response has.
    pub headers: HeaderMap,
}

impl Shared {
    /// The state. A test that failed while it held it fails by itself.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request, and decides what it leads to.
    pub(super) fn decide(&self, request: Request<Bytes>) -> Decision {
        let now = self.clock.now();
        let (head, body) = request.into_parts();
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let query: Vec<(String, String)> = query.into_owned().collect();
        let found = operations::find(head.method.as_str(), head.uri.path(), &query);
        let mut received = Received {
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
        let spent = {
            let mut state = self.state();
            received.number = state.received.len();
            state.received.push(received.clone());
            state.limit.spend(now)
        };
        let headers = self.headers(&received, now);
        let mut headers = headers;
        let told = self.refusal(&received).or(spent).or_else(|| {
            let told = self.told(&received)?;
            if told.status == StatusCode::TOO_MANY_REQUESTS {
                // A limit that a test sets ends at once: its window is not one of those that are counted.
                headers.insert(RESET, now.seconds().into());
            }
            Some(told)
        });
        let answer = self.answer(now, &received, found, told);
        let status = (!answer.dropped).then_some(answer.status);
        if let Some(received) = self.state().received.get_mut(received.number) {
            received.status = status;
        }
        Decision { answer, headers }
    }

    fn answer(
        &self,
        now: Moment,
        received: &Received,
        found: Option<(&'static Operation, Vec<String>)>,
        told: Option<Answer>,
    ) -> Answer {
        match (told, found) {
            (Some(answer), found) => {
                if let Some((operation, values)) = found.filter(|_| answer.carried_out) {
                    let _ = self.state().workspace.handle(now, operation, &values, received);
                }
                answer
            }
            (None, Some((operation, values))) => self.state().workspace.handle(now, operation, &values, received),
            (None, None) => {
                let message = format!(
                    "No operation of the description is {} {}",
                    received.method, received.path
                );
                Answer::error(404, "not_found", &message)
            }
        }
    }

    /// What a test told to respond: what it told of the operation goes before what it told of all. Its function is called while
    /// nothing is locked, so that it may ask what was received.
    fn told(&self, received: &Received) -> Option<Answer> {
        let of_operation = received.operation.map(Some);
        of_operation.into_iter().chain([None]).find_map(|operation| {
            let told = self.state().schedule.told(operation);
            match told? {
                Told::Once(answer) => Some(*answer),
                Told::Always(choose) => choose(received),
            }
        })
    }

    /// What the API refuses before it looks at the call.
    fn refusal(&self, received: &Received) -> Option<Answer> {
        if received.header(AUTHORIZATION.as_str()) != Some(&format!("Bearer {}", self.token)) {
            return Some(Answer::error(401, "unauthorized", "Access Token Invalid"));
        }
        let version = &self.api_version;
        if received.header("intercom-version") != Some(version.as_str()) {
            let message = format!("The Intercom-Version header is not {version}");
            return Some(Answer::error(400, "intercom_version_invalid", &message));
        }
        None
    }

    fn headers(&self, received: &Received, now: Moment) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let request_id = HeaderValue::from_str(&received.request_id());
        headers.insert("x-request-id", request_id.unwrap_or(HeaderValue::from_static("mock")));
        headers.insert("intercom-version", self.api_version.header());
        let date = HeaderValue::from_str(&httpdate::fmt_http_date(now.into()));
        headers.extend(date.ok().map(|date| (http::header::DATE, date)));
        let state = self.state();
        headers.insert("x-ratelimit-limit", state.limit.most().into());
        headers.insert("x-ratelimit-remaining", state.limit.remaining().into());
        headers.insert(RESET, now.window_end().into());
        headers
    }
}
