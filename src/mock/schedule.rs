//! Which responses a test set for which operations.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::answer::Answer;
use super::received::Received;

/// Responds to a request, or leaves it to be responded to as usual.
pub(super) type Choose = Arc<dyn Fn(&Received) -> Option<Answer> + Send + Sync>;

/// What was set, by operation; without one, for every request.
#[derive(Default)]
pub(super) struct Schedule(HashMap<Option<&'static str>, Entry>);

/// What was set for one operation.
#[derive(Default)]
pub(super) struct Entry {
    /// One call each; `None` is a call that goes as usual.
    pub once: VecDeque<Option<Answer>>,
    pub always: Option<Choose>,
}

/// What was set for a request.
pub(super) enum Told {
    Once(Box<Answer>),
    Always(Choose),
}

impl Schedule {
    /// What was set for an operation, or for every request. What was set for one call is taken.
    pub(super) fn told(&mut self, operation: Option<&'static str>) -> Option<Told> {
        let entry = self.0.get_mut(&operation)?;
        if let Some(once) = entry.once.pop_front() {
            return once.map(|answer| Told::Once(Box::new(answer)));
        }
        entry.always.clone().map(Told::Always)
    }

    pub(super) fn entry(&mut self, operation: Option<&'static str>) -> &mut Entry {
        self.0.entry(operation).or_default()
    }
}
