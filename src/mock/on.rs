//! Which answers a test set for which operations.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::answer::Answer;
use super::operations::Operation;
use super::received::Received;
use super::server::Shared;

/// Answers a request, or leaves it to be answered as usual.
pub(super) type Choose = Arc<dyn Fn(&Received) -> Option<Answer> + Send + Sync>;

/// What was told, by operation; without one, of every request.
#[derive(Default)]
pub(super) struct Rules(HashMap<Option<&'static str>, Rule>);

/// What was told of one operation.
#[derive(Default)]
struct Rule {
    once: VecDeque<Answer>,
    always: Option<Choose>,
}

/// What was told of a request.
pub(super) enum Told {
    Once(Answer),
    Always(Choose),
}

impl Rules {
    /// What was told of an operation, or of every request. What was told of one call is told once.
    pub(super) fn told(&mut self, operation: Option<&'static str>) -> Option<Told> {
        let rule = self.0.get_mut(&operation)?;
        let once = rule.once.pop_front().map(Told::Once);
        once.or_else(|| rule.always.clone().map(Told::Always))
    }
}

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
        self.rule(|rule| rule.once.push_back(answer));
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
        self.rule(|rule| rule.once.clear());
        self.choose(None)
    }

    fn choose(self, always: Option<Choose>) -> Self {
        self.rule(|rule| rule.always = always);
        self
    }

    fn rule(&self, change: impl FnOnce(&mut Rule)) {
        let id = self.operation.map(|operation| operation.id);
        change(self.shared.state().rules.0.entry(id).or_default());
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
