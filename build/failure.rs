//! What stops the build, said once and completely.

use std::fmt;

/// A reason the build cannot go on: where, what, under which rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file at fault, as the user named it.
    pub file: String,
    /// A JSON pointer or `line N column M` inside the file; empty when the whole file is meant.
    pub at: String,
    /// The step or repair rule that refused, by its function name.
    pub rule: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// What to do about it, in one sentence without a full stop.
    pub remedy: String,
}

impl Failure {
    /// A failure that is not tied to a place inside the file.
    pub fn new(rule: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            at: String::new(),
            rule,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// Names the place inside the file.
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    /// Names the file, unless an inner step already did.
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
            "{}{at}: {} [{}]. To mend it: {}.",
            self.file, self.what, self.rule, self.remedy
        );
        // A line break would end it early for cargo.
        f.write_str(&line.replace(char::is_control, " "))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_file_place_rule_and_remedy() {
        let failure = Failure::new("check_references", "it dangles", "add the schema")
            .at("/paths")
            .in_file("api.yaml")
            .in_file("ignored.yaml");
        assert_eq!(
            failure.to_string(),
            "api.yaml at /paths: it dangles [check_references]. To mend it: add the schema."
        );
    }
}
