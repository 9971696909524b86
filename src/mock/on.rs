//! What a test tells the stand-in to answer.

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
    /// Answers so from now on.
    ///
    /// # Panics
    ///
    /// When a success has names or kinds of values that the description does not have, all of which are told: a slip in a
    /// fixture would else be an empty list. [`Answer::as_it_is`] allows it.
    #[track_caller]
    pub fn answer(self, answer: Answer) -> Self {
        self.check(&answer);
        self.choose(Some(Arc::new(move |_| Some(answer.clone()))))
    }

    /// Answers one call so: the next one, or the one after those that were told before.
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

    /// Answers what the function makes of each request from now on, and as usual where it makes nothing. What it makes is not
    /// checked against the description. It may ask what was [`received`](super::MockIntercom::received), this request included.
    pub fn answer_with(self, answer: impl Fn(&Received) -> Option<Answer> + Send + Sync + 'static) -> Self {
        self.choose(Some(Arc::new(answer)))
    }

    /// Answers as usual again.
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
        if answer.as_it_is || !answer.status.is_success() || answer.dropped {
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
