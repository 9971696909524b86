//! The deviations from the description that a text contains.

use super::{Fault, Reader};

/// Number of mismatches that are recorded per text. Further ones are only counted.
pub(crate) const MAX_MISMATCHES: usize = 1000;
/// Number of path steps that all recorded mismatches may have together.
const MAX_PATH_STEPS: usize = 16_000;

/// A value of another type than described, or an unknown name.
#[derive(Clone, Debug)]
pub struct RawMismatch {
    /// The path to the value, innermost step first.
    pub path: Vec<PathStep>,
    /// The described type.
    pub expected: &'static str,
    /// The type of the value.
    pub found: &'static str,
    /// The unknown name, which strict reading records.
    pub name: Option<Box<str>>,
}

/// One step of the path to a value.
#[derive(Clone, Copy, Debug)]
pub enum PathStep {
    /// A field of the description.
    Field(&'static str),
    /// A name that the description does not have. It is not recorded, because it can be personal data.
    UnknownName,
    /// An item of a list, by its index.
    Item(usize),
}

/// The deviations found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Whether unknown names are recorded too.
    strict: bool,
    /// Number of unknown names and of values of another type.
    unmatched: usize,
    mismatches: Vec<RawMismatch>,
    /// Number of steps that the paths of all mismatches will have when they are complete.
    path_steps: usize,
}

/// A point in time to which [`Findings::split_off`] can return.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    unmatched: usize,
    mismatches: usize,
    path_steps: usize,
}

impl Findings {
    #[cfg(feature = "mock")]
    pub(super) fn strict() -> Self {
        Self {
            strict: true,
            ..Self::default()
        }
    }

    pub(super) fn unmatched(&self) -> usize {
        self.unmatched
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            unmatched: self.unmatched,
            mismatches: self.mismatches.len(),
            path_steps: self.path_steps,
        }
    }

    /// Removes everything found since `mark` and returns it.
    pub(super) fn split_off(&mut self, mark: Mark) -> Self {
        let later = Self {
            strict: self.strict,
            unmatched: self.unmatched - mark.unmatched,
            mismatches: self.mismatches.split_off(mark.mismatches),
            path_steps: self.path_steps - mark.path_steps,
        };
        (self.unmatched, self.path_steps) = (mark.unmatched, mark.path_steps);
        later
    }

    pub(super) fn append(&mut self, later: Self) {
        self.unmatched += later.unmatched;
        self.path_steps += later.path_steps;
        self.mismatches.extend(later.mismatches);
    }

    /// Records a mismatch at a nesting depth, unless there are too many.
    fn record(&mut self, depth: u8, mismatch: RawMismatch) {
        let path_steps = self.path_steps + usize::from(depth);
        if self.mismatches.len() < MAX_MISMATCHES && path_steps <= MAX_PATH_STEPS {
            self.path_steps = path_steps;
            self.mismatches.push(mismatch);
        }
    }
}

impl Reader<'_> {
    /// Returns the number of recorded mismatches.
    #[inline]
    pub fn mismatch_count(&self) -> usize {
        self.findings.mismatches.len()
    }

    /// Returns the recorded mismatches.
    pub fn into_mismatches(self) -> Vec<RawMismatch> {
        self.findings.mismatches
    }

    /// Returns `true` if unknown names are recorded as mismatches.
    #[inline]
    pub fn is_strict(&self) -> bool {
        self.findings.strict
    }

    /// Counts a value that decodes, but is not one of the described values.
    #[inline]
    pub fn count_unmatched(&mut self) {
        self.findings.unmatched += 1;
    }

    /// Records the value that starts at `start` as a mismatch and skips it.
    #[cold]
    pub fn skip_mismatch(&mut self, start: usize) -> Result<(), Fault> {
        self.findings.unmatched += 1;
        let mismatch = RawMismatch {
            path: Vec::new(),
            expected: self.failure.expected,
            found: type_of(self.text.get(start..).unwrap_or_default()),
            name: None,
        };
        self.findings.record(self.depth, mismatch);
        self.position = start;
        self.skip()
    }

    /// Records a name that the description does not have and whose value starts at `start`.
    #[cold]
    pub fn record_unknown_name(&mut self, name: &str, start: usize) {
        let mismatch = RawMismatch {
            path: vec![PathStep::UnknownName],
            expected: "no such name",
            found: type_of(self.text.get(start..).unwrap_or_default()),
            name: Some(name.into()),
        };
        self.findings.record(self.depth, mismatch);
    }

    /// Adds the next outer step to the paths of all mismatches from index `first` on.
    #[cold]
    pub fn add_step(&mut self, first: usize, step: PathStep) {
        for mismatch in self.findings.mismatches.iter_mut().skip(first) {
            mismatch.path.push(step);
        }
    }
}

/// Returns the name of the JSON type of the value that `text` starts with.
pub(crate) fn type_of(text: &str) -> &'static str {
    match text.trim_start().as_bytes() {
        [b'{', ..] => "an object",
        [b'[', ..] => "a list",
        [b'"', ..] => "a string",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        number => {
            let end = number
                .iter()
                .position(|byte| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace());
            let number = number.get(..end.unwrap_or(number.len())).unwrap_or_default();
            match number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
                true => "a fraction",
                false => "an integer",
            }
        }
    }
}
