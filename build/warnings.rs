//! Warnings about the parts of the input that the build repaired or left out.

use std::fmt;

/// A warning about one part of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file that contains the part.
    pub file: String,
    /// A JSON pointer in the file.
    pub at: String,
    /// The function of the step or repair rule that found the problem.
    pub rule: &'static str,
    /// The problem and how it was handled, without a full stop.
    pub problem: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            at,
            rule,
            problem,
        } = self;
        // cargo would read the text after a line break as another instruction.
        let line = format!("{file} at {at}: {problem} [{rule}]");
        let control = |c: char| {
            if c.is_control() {
                c.escape_debug().to_string()
            } else {
                c.to_string()
            }
        };
        f.write_str(&line.chars().map(control).collect::<String>())
    }
}

/// The warnings of one build.
#[derive(Debug, Default)]
pub struct Warnings {
    /// The file of the description, to which most warnings refer.
    file: String,
    list: Vec<Warning>,
}

/// The maximum number of warnings in the output of cargo. `OUT_DIR/warnings.txt` contains all of
/// them.
const MAX_SHOWN: usize = 40;

impl Warnings {
    /// Creates an empty list for the description `file`.
    pub fn about(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            list: Vec::new(),
        }
    }

    /// Adds a warning about the description.
    pub fn add(&mut self, rule: &'static str, at: impl Into<String>, problem: impl Into<String>) {
        let file = self.file.clone();
        self.add_in(&file, rule, at, problem);
    }

    /// Adds a warning about another file. Duplicates are ignored.
    pub fn add_in(&mut self, file: &str, rule: &'static str, at: impl Into<String>, problem: impl Into<String>) {
        let warning = Warning {
            file: file.to_owned(),
            at: at.into(),
            rule,
            problem: problem.into(),
        };
        if !self.list.contains(&warning) {
            self.list.push(warning);
        }
    }

    /// Returns all warnings in the order in which they were added.
    pub fn list(&self) -> &[Warning] {
        &self.list
    }

    /// Returns the lines that cargo shows; an empty list without warnings.
    pub fn block(&self) -> Vec<String> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let parts = match self.list.len() {
            1 => "1 part of the input was".to_owned(),
            count => format!("{count} parts of the input were"),
        };
        let head = format!("{parts} repaired or left out; to correct the input, add an overlay: see openapi/README.md");
        let shown = self.list.iter().take(MAX_SHOWN).map(|warning| format!("  {warning}"));
        let rest = self.list.len().saturating_sub(MAX_SHOWN);
        let rest = (rest > 0).then(|| format!("  and {rest} more, listed in OUT_DIR/warnings.txt"));
        [head].into_iter().chain(shown).chain(rest).collect()
    }
}

/// Writes one warning a line.
impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.iter().try_for_each(|warning| writeln!(f, "{warning}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_has_a_count_and_is_truncated() {
        let mut warnings = Warnings::about("api.yaml");
        assert!(warnings.block().is_empty());
        warnings.add("references", "/a", "has no target");
        warnings.add("references", "/a", "has no target");
        assert_eq!(
            warnings.block(),
            [
                "1 part of the input was repaired or left out; to correct the input, add an overlay: see openapi/README.md",
                "  api.yaml at /a: has no target [references]",
            ]
        );
        let mut odd = Warnings::about("api.yaml");
        odd.add("paths", "/a\ncargo::error=b", "is odd");
        assert_eq!(odd.block().len(), 2);
        assert_eq!(odd.block()[1], "  api.yaml at /a\\ncargo::error=b: is odd [paths]");
        for i in 0..MAX_SHOWN {
            warnings.add_in("overlay.yaml", "overlay", format!("/actions/{i}"), "does not apply");
        }
        let block = warnings.block();
        assert_eq!(block.len(), MAX_SHOWN + 2);
        assert!(block[0].starts_with("41 parts of the input were"), "{}", block[0]);
        assert_eq!(block[MAX_SHOWN + 1], "  and 1 more, listed in OUT_DIR/warnings.txt");
        assert_eq!(warnings.to_string().lines().count(), 41);
    }
}
