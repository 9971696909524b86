//! The error that stops the build.

use std::fmt;

/// An error that stops the build: the place, the problem, the rule that found it, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file with the problem, as the user named it.
    pub file: String,
    /// A JSON pointer or `line N column M` in the file; empty for the entire file.
    pub at: String,
    /// The function of the step or repair rule that failed.
    pub rule: &'static str,
    /// The problem, in one sentence without a full stop.
    pub problem: String,
    /// How to fix it, in one sentence without a full stop.
    pub remedy: String,
}

impl Failure {
    /// Creates a failure without a place in the file.
    pub fn new(rule: &'static str, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            at: String::new(),
            rule,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// Sets the place in the file.
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    /// Sets the file, unless an inner step has set it.
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        if self.file.is_empty() {
            self.file = file.into();
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() {
            String::new()
        } else {
            format!(" at {}", self.at)
        };
        let line = format!(
            "{}{at}: {} [{}]. To fix it: {}.",
            self.file, self.problem, self.rule, self.remedy
        );
        // cargo reads one line.
        f.write_str(&line.replace(char::is_control, " "))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_contains_file_place_rule_and_remedy() {
        let failure = Failure::new("check_references", "has no target", "add the schema")
            .at("/paths")
            .in_file("api.yaml")
            .in_file("ignored.yaml");
        assert_eq!(
            failure.to_string(),
            "api.yaml at /paths: has no target [check_references]. To fix it: add the schema."
        );
    }
}
