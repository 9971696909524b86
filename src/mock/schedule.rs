//! The responses set by a test, by operation.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::received::ReceivedRequest;
use super::response::MockResponse;

/// Computes the response to a request. `None` leaves the request to the mock.
pub(super) type Responder = Arc<dyn Fn(&ReceivedRequest) -> Option<MockResponse> + Send + Sync>;

/// The stubbed responses by operation id. The key `None` stands for every request.
#[derive(Default)]
pub(super) struct Schedule(HashMap<Option<&'static str>, StubbedResponses>);

/// The stubbed responses of one operation.
#[derive(Default)]
pub(super) struct StubbedResponses {
    /// One entry per call. `None` leaves the call to the mock.
    pub once: VecDeque<Option<MockResponse>>,
    pub always: Option<Responder>,
}

/// What was stubbed for one request.
pub(super) enum Stubbed {
    Response(Box<MockResponse>),
    Responder(Responder),
}

impl Schedule {
    /// Takes the next stubbed response of an operation.
    pub(super) fn next(&mut self, operation: Option<&'static str>) -> Option<Stubbed> {
        let responses = self.0.get_mut(&operation)?;
        if let Some(once) = responses.once.pop_front() {
            return once.map(|response| Stubbed::Response(Box::new(response)));
        }
        responses.always.clone().map(Stubbed::Responder)
    }

    pub(super) fn responses(&mut self, operation: Option<&'static str>) -> &mut StubbedResponses {
        self.0.entry(operation).or_default()
    }
}
