//! Setting what operations answer.

use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
use super::operations::Operation;
use super::received::Received;
use super::schedule::{Choose, Entry};
use super::shared::Shared;

/// An operation whose answers are set: made by [`on`](super::MockIntercom::on) and [`on_any`](super::MockIntercom::on_any).
pub struct On<'m> {
    pub(super) shared: &'m Shared,
    pub(super) operation: Option<&'static Operation>,
}

impl On<'_> {
    /// Every call gets this answer from now on, in the place of what `answer` or `answer_with` set before.
    ///
    /// # Panics
    ///
    /// When a success has names or kinds of values that the description does not have; the message names each. Otherwise a
    /// misspelt name would be an absent field, and the test would show nothing. [`Answer::as_it_is`] takes it.
    #[track_caller]
    pub fn answer(self, answer: Answer) -> Self {
        self.check(&answer);
        self.choose(Some(Arc::new(move |_| Some(answer.clone()))))
    }

    /// The next call gets this answer. Set several times, one call each, in this order; calls after those are answered as
    /// `answer` or `answer_with` say, or as usual.
    ///
    /// # Panics
    ///
    /// As [`answer`](Self::answer).
    #[track_caller]
    pub fn answer_once(self, answer: Answer) -> Self {
        self.check(&answer);
        self.entry(|entry| entry.once.push_back(Some(answer)));
        self
    }

    /// The next calls go as usual; answers that are set after this come to those that follow. With
    /// [`answer_once`](Self::answer_once) it makes a schedule, such as a failure of the third call:
    ///
    /// ```
    /// # use intercom_client::mock::{Answer, MockIntercom};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), intercom_client::Error> {
    /// # let intercom = MockIntercom::new();
    /// intercom.on("list_tags").usual(2).answer_once(Answer::error(500, "server_error", "Internal Server Error"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn usual(self, calls: usize) -> Self {
        self.entry(|entry| entry.once.extend(std::iter::repeat_n(None, calls)));
        self
    }

    /// Every call gets what the function makes of its request from now on; where that is `None`, the usual answer. What it
    /// makes is not checked against the description. The function may ask what was
    /// [`received`](super::MockIntercom::received): this request is the last one.
    pub fn answer_with(self, answer: impl Fn(&Received) -> Option<Answer> + Send + Sync + 'static) -> Self {
        self.choose(Some(Arc::new(answer)))
    }

    /// Forgets the answers that were set here: calls are answered as usual again.
    pub fn as_usual(self) -> Self {
        self.entry(|entry| entry.once.clear());
        self.choose(None)
    }

    fn choose(self, always: Option<Choose>) -> Self {
        self.entry(|entry| entry.always = always);
        self
    }

    fn entry(&self, change: impl FnOnce(&mut Entry)) {
        let id = self.operation.map(|operation| operation.id);
        change(self.shared.state().schedule.entry(id));
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a test whose fixture is not as described has to fail")]
    fn check(&self, answer: &Answer) {
        let Some((operation, check)) = self.operation.and_then(|operation| Some((operation, operation.check?))) else {
            return;
        };
        // A change can be answered by nothing.
        let nothing = operation.method != "GET" && answer.body.trim_ascii().is_empty();
        if answer.as_it_is || !answer.status.is_success() || answer.dropped || nothing {
            return;
        }
        let flaws = check(&String::from_utf8_lossy(&answer.body));
        if !flaws.is_empty() {
            panic!("{} does not answer so: {}", operation.id, flaws.join("; "));
        }
    }
}

/// Shows the operation.
impl fmt::Debug for On<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.map(|operation| operation.id);
        f.debug_tuple("On").field(&operation).finish()
    }
}
