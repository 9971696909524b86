//! Stubs: responses of single operations, set by a test.

use std::fmt;
use std::sync::Arc;

use super::description::MockOperation;
use super::received::ReceivedRequest;
use super::response::MockResponse;
use super::schedule::{Responder, StubbedResponses};
use super::shared::Shared;

/// Sets the responses of one operation, or of every request.
///
/// Returned by [`MockIntercom::on`](super::MockIntercom::on) and
/// [`MockIntercom::on_any`](super::MockIntercom::on_any).
pub struct Stub<'m> {
    pub(super) shared: &'m Shared,
    pub(super) operation: Option<&'static MockOperation>,
}

impl Stub<'_> {
    /// Sets the response of every call from now on.
    ///
    /// It replaces what an earlier `respond` or `respond_with` set. Responses of
    /// [`respond_once`](Self::respond_once) are used up first.
    ///
    /// # Panics
    ///
    /// If a success does not match the description: a misspelled field would otherwise be read as
    /// an absent one. The message lists each unknown field and each value of another type.
    /// [`MockResponse::unchecked`] disables the check.
    #[track_caller]
    pub fn respond(self, response: MockResponse) -> Self {
        self.check(&response);
        self.set_responder(Some(Arc::new(move |_| Some(response.clone()))))
    }

    /// Adds a response for one call.
    ///
    /// Several of them are sent to consecutive calls, in this order. Later calls get the response
    /// of [`respond`](Self::respond) or [`respond_with`](Self::respond_with), or the usual one.
    ///
    /// # Panics
    ///
    /// As [`respond`](Self::respond).
    #[track_caller]
    pub fn respond_once(self, response: MockResponse) -> Self {
        self.check(&response);
        self.update(|responses| responses.once.push_back(Some(response)));
        self
    }

    /// Leaves the next calls to the mock, before responses added after this.
    ///
    /// With [`respond_once`](Self::respond_once), this schedules a fault. Here the third call
    /// fails:
    ///
    /// ```
    /// # use intercom_client::mock::{MockIntercom, MockResponse};
    /// # let intercom = MockIntercom::new();
    /// let error = MockResponse::error(500, "server_error", "Internal Server Error");
    /// intercom.on("list_tags").pass_through(2).respond_once(error);
    /// ```
    pub fn pass_through(self, calls: usize) -> Self {
        self.update(|responses| responses.once.extend(std::iter::repeat_n(None, calls)));
        self
    }

    /// Computes the response of every call from its request.
    ///
    /// If the function returns `None`, the mock responds as usual. Its responses are not checked
    /// against the description. The function may call [`received`](super::MockIntercom::received);
    /// the last request in it is this one.
    pub fn respond_with(
        self,
        responder: impl Fn(&ReceivedRequest) -> Option<MockResponse> + Send + Sync + 'static,
    ) -> Self {
        self.set_responder(Some(Arc::new(responder)))
    }

    /// Removes all responses set here, so that the mock responds as usual.
    pub fn reset(self) -> Self {
        self.update(|responses| responses.once.clear());
        self.set_responder(None)
    }

    fn set_responder(self, responder: Option<Responder>) -> Self {
        self.update(|responses| responses.always = responder);
        self
    }

    fn update(&self, update: impl FnOnce(&mut StubbedResponses)) {
        let id = self.operation.map(|operation| operation.id);
        update(self.shared.state().schedule.responses(id));
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "an invalid fixture must fail the test")]
    fn check(&self, response: &MockResponse) {
        let Some((operation, check)) = self.operation.and_then(|operation| Some((operation, operation.check?))) else {
            return;
        };
        // Changes may have an empty response.
        let is_empty = operation.method != "GET" && response.body.trim_ascii().is_empty();
        if response.is_unchecked || !response.status.is_success() || response.is_dropped || is_empty {
            return;
        }
        let mismatches = check(&String::from_utf8_lossy(&response.body));
        if !mismatches.is_empty() {
            panic!(
                "response of {} does not match the description: {}",
                operation.id,
                mismatches.join("; ")
            );
        }
    }
}

/// Shows the operation.
impl fmt::Debug for Stub<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.map(|operation| operation.id);
        f.debug_tuple("Stub").field(&operation).finish()
    }
}
