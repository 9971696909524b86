//! Formats a report as plain text for a terminal, or as Markdown.
//!
//! Backticks mark names in the input. They are removed from plain text.

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Plain text in aligned columns.
    Terminal,
    /// Markdown for GitHub.
    Markdown,
}

/// Maximum length of a line of text in a terminal. Rows of tables can be longer.
const WIDTH: usize = 110;

/// A report under construction.
pub(crate) struct Page {
    form: Form,
    text: String,
}

impl Page {
    /// Creates an empty report.
    pub(crate) fn new(form: Form) -> Self {
        let text = String::new();
        Self { form, text }
    }

    /// Returns the text.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// Adds a heading: level 1 for the report, 2 for a section, 3 for a subsection.
    pub(crate) fn heading(&mut self, level: usize, text: &str) {
        match self.form {
            Form::Markdown => {
                self.gap();
                self.push(&format!("{} {}", "#".repeat(level), escape(text)));
                self.gap();
            }
            Form::Terminal => {
                self.gap();
                let text = plain(text);
                match level {
                    1 => self.push(&format!("{text}\n{}", "=".repeat(text.chars().count()))),
                    2 => self.push(&format!("{text}\n{}", "-".repeat(text.chars().count()))),
                    _ => self.push(&text),
                }
            }
        }
    }

    /// Adds a table. Only Markdown contains the head.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        match self.form {
            Form::Markdown => {
                self.gap();
                let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
                self.push(&line(head.iter().map(|cell| (*cell).to_owned()).collect()));
                self.push(&format!("|{}", "---|".repeat(head.len())));
                for row in rows {
                    // In a table a bar ends the cell, even in code.
                    let cells = row.iter().map(|cell| escape(cell).replace('|', "\\|"));
                    self.push(&line(cells.collect()));
                }
                self.gap();
            }
            Form::Terminal => {
                let width = |column: usize| {
                    let cells = rows.iter().filter_map(|row| row.get(column));
                    cells.map(|cell| plain(cell).chars().count()).max().unwrap_or_default()
                };
                let widths: Vec<usize> = (0..head.len()).map(width).collect();
                for row in rows {
                    let cells = row.iter().zip(&widths).map(|(cell, &width)| {
                        let cell = plain(cell);
                        format!("{cell:width$}")
                    });
                    let line = cells.collect::<Vec<_>>().join("  ");
                    self.push(&format!("  {}", line.trim_end()));
                }
            }
        }
    }

    /// Adds an item with its details.
    pub(crate) fn item(&mut self, thing: &str, details: &[String]) {
        match self.form {
            Form::Markdown => {
                self.push(&format!("- {}", escape(thing)));
                for detail in details.iter().filter(|detail| !detail.is_empty()) {
                    self.push(&format!("  - {}", escape(detail)));
                }
            }
            Form::Terminal => {
                self.wrap(thing, 2);
                for detail in details.iter().filter(|detail| !detail.is_empty()) {
                    self.wrap(detail, 4);
                }
            }
        }
    }

    /// Adds a line of text. Long lines are wrapped and indented.
    fn wrap(&mut self, text: &str, indent: usize) {
        let mut line = " ".repeat(indent);
        let mut length = indent;
        let mut fresh = true;
        for word in plain(text).split(' ') {
            let word: Vec<char> = word.chars().collect();
            if !fresh && length + 1 + word.len() > WIDTH {
                self.push(&line);
                line = " ".repeat(indent + 2);
                length = indent + 2;
                fresh = true;
            }
            if !fresh {
                line.push(' ');
                length += 1;
            }
            // A word longer than a line, such as a long path, is broken too.
            for letter in word {
                if length == WIDTH {
                    self.push(&line);
                    line = " ".repeat(indent + 2);
                    length = indent + 2;
                }
                line.push(letter);
                length += 1;
            }
            fresh = false;
        }
        self.push(&line);
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds an empty line, unless the text is empty or already ends with one.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

/// Returns as many of `names` as fit into a cell, and the number of the others.
pub(crate) fn few(names: &[String]) -> String {
    const ROOM: usize = 60;
    let mut length = 0;
    let fit = names.iter().take_while(|name| {
        length += name.chars().count() + 2;
        length <= ROOM
    });
    let shown = fit.count().max(1).min(names.len());
    let text = names[..shown].join(", ");
    match names.len() - shown {
        0 => text,
        rest => format!("{text} and {rest} more"),
    }
}

/// Formats a number with its noun.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

fn plain(text: &str) -> String {
    text.replace('`', "").replace('\n', " ")
}

/// Escapes text for Markdown. Text between backticks is unchanged.
fn escape(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(place, part)| match place % 2 {
        0 => part.replace('&', "&amp;").replace('<', "&lt;").replace('*', "\\*"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`").replace('\n', " ")
}
