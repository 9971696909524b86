//! What the build mended or left out, told in one block.

use std::fmt;

/// One part of the input that could not be built from as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file that the part is in.
    pub file: String,
    /// A JSON pointer inside the file.
    pub at: String,
    /// The step or repair rule that found it, by its function name.
    pub rule: &'static str,
    /// What is wrong and what became of it, without a full stop.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, at, rule, what } = self;
        // A line break would be a line of its own to cargo.
        let line = format!("{file} at {at}: {what} [{rule}]");
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
    /// The description's file, which a warning is about unless it names another.
    file: String,
    list: Vec<Warning>,
}

/// How many warnings are shown; the rest is counted, and all of them are in `OUT_DIR/warnings.txt`.
const SHOWN: usize = 40;

impl Warnings {
    /// None yet, about the description `file`.
    pub fn about(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            list: Vec::new(),
        }
    }

    /// Adds one about the description.
    pub fn add(&mut self, rule: &'static str, at: impl Into<String>, what: impl Into<String>) {
        let file = self.file.clone();
        self.add_in(&file, rule, at, what);
    }

    /// Adds one about another file. The same is said once.
    pub fn add_in(&mut self, file: &str, rule: &'static str, at: impl Into<String>, what: impl Into<String>) {
        let warning = Warning {
            file: file.to_owned(),
            at: at.into(),
            rule,
            what: what.into(),
        };
        if !self.list.contains(&warning) {
            self.list.push(warning);
        }
    }

    /// All of them, in the order in which they were found.
    pub fn list(&self) -> &[Warning] {
        &self.list
    }

    /// The block that cargo shows, a line each; empty when there is nothing to tell.
    pub fn block(&self) -> Vec<String> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let parts = match self.list.len() {
            1 => "1 part of the input is".to_owned(),
            count => format!("{count} parts of the input are"),
        };
        let head = format!("{parts} mended or left out; an overlay corrects them for good, see openapi/README.md");
        let shown = self.list.iter().take(SHOWN).map(|warning| format!("  {warning}"));
        let rest = self.list.len().saturating_sub(SHOWN);
        let rest = (rest > 0).then(|| format!("  and {rest} more, listed in OUT_DIR/warnings.txt"));
        [head].into_iter().chain(shown).chain(rest).collect()
    }
}

/// All warnings, a line each.
impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.iter().try_for_each(|warning| writeln!(f, "{warning}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_has_a_count_and_an_end() {
        let mut warnings = Warnings::about("api.yaml");
        assert!(warnings.block().is_empty());
        warnings.add("references", "/a", "leads nowhere");
        warnings.add("references", "/a", "leads nowhere");
        assert_eq!(
            warnings.block(),
            [
                "1 part of the input is mended or left out; an overlay corrects them for good, see openapi/README.md",
                "  api.yaml at /a: leads nowhere [references]",
            ]
        );
        let mut odd = Warnings::about("api.yaml");
        odd.add("paths", "/a\ncargo::error=b", "is odd");
        assert_eq!(odd.block().len(), 2);
        assert_eq!(odd.block()[1], "  api.yaml at /a\\ncargo::error=b: is odd [paths]");
        for i in 0..SHOWN {
            warnings.add_in("overlay.yaml", "overlay", format!("/actions/{i}"), "does not apply");
        }
        let block = warnings.block();
        assert_eq!(block.len(), SHOWN + 2);
        assert!(block[0].starts_with("41 parts of the input are"), "{}", block[0]);
        assert_eq!(block[SHOWN + 1], "  and 1 more, listed in OUT_DIR/warnings.txt");
        assert_eq!(warnings.to_string().lines().count(), 41);
    }
}
