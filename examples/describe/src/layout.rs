//! A report as text: plain for a terminal, or Markdown.
//!
//! Backticks mark names in both; a terminal does without them.

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Plain text in aligned columns.
    Terminal,
    /// Markdown as GitHub shows it.
    Markdown,
}

/// No line of prose gets longer in a terminal; rows of a table are as long as their cells.
const WIDTH: usize = 110;

/// A report that is being written.
pub(crate) struct Page {
    form: Form,
    text: String,
}

impl Page {
    /// An empty one.
    pub(crate) fn new(form: Form) -> Self {
        let text = String::new();
        Self { form, text }
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// A heading: 1 for the report, 2 for a part, 3 for a part of that.
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

    /// Rows under a head. Only Markdown shows the head.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        match self.form {
            Form::Markdown => {
                self.gap();
                let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
                self.push(&line(head.iter().map(|cell| (*cell).to_owned()).collect()));
                self.push(&format!("|{}", "---|".repeat(head.len())));
                for row in rows {
                    // Within a table a bar ends the cell, in code as well.
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

    /// A thing, and what is to be said of it.
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

    /// A line of text, broken where it is too long; what goes on stands further in.
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
            // A word of its own line's length or more, such as a long path, is broken as well.
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

    /// One empty line, unless there is one already or nothing stands before it.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}

/// As many of `names` as fit into a cell, and how many there are besides.
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

/// A number of things.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

fn plain(text: &str) -> String {
    text.replace('`', "").replace('\n', " ")
}

/// Text as it is in Markdown. What stands between backticks needs nothing.
fn escape(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(place, part)| match place % 2 {
        0 => part.replace('&', "&amp;").replace('<', "&lt;").replace('*', "\\*"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`").replace('\n', " ")
}
