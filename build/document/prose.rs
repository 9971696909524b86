//! The description's prose as rustdoc takes it.
//!
//! Descriptions are Markdown for every language. rustdoc reads more into it: code without a language is compiled and run,
//! brackets link to items, HTML has to be closed.

/// Schemes of links that are kept.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// The same text without what rustdoc takes for something else: code is text, angle brackets and brackets stand for
/// themselves, addresses are links, and links to nowhere are their labels.
pub fn rustdoc(text: &str) -> String {
    let mut written = String::new();
    let mut chunk = String::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let bare = line.trim_start();
        let marks = ["```", "~~~"].into_iter().find(|marks| bare.starts_with(marks));
        match (fence, marks) {
            (None, Some(marks)) => {
                written.push_str(&inline(&std::mem::take(&mut chunk)));
                let json = bare.trim_start_matches(['`', '~']).trim() == "json";
                written.push_str(marks);
                written.push_str(if json { "json\n" } else { "text\n" });
                fence = Some(marks);
            }
            (Some(opened), Some(marks)) if opened == marks => {
                written.push_str(marks);
                written.push('\n');
                fence = None;
            }
            (Some(_), _) => {
                written.push_str(line);
                written.push('\n');
            }
            // Four spaces would begin a block of code.
            (None, None) => {
                let indent = line.len() - bare.len();
                chunk.push_str(&" ".repeat(indent.min(3)));
                chunk.push_str(bare);
                chunk.push('\n');
            }
        }
    }
    written.push_str(&inline(&chunk));
    written.push_str(fence.unwrap_or_default());
    written.trim_end().to_owned()
}

/// Text without blocks of code.
fn inline(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (taken, shown) = match next {
            '\\' => {
                let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
                (1 + escaped, rest[..1 + escaped].to_owned())
            }
            '`' => code(rest),
            '[' => link(rest),
            '<' => match address(&rest[1..]) {
                Some(address) if rest[1 + address.len()..].starts_with('>') => {
                    (address.len() + 2, format!("<{address}>"))
                }
                _ => (1, "\\<".to_owned()),
            },
            _ => match address(rest).filter(|_| !written.ends_with(char::is_alphanumeric)) {
                Some(address) => (address.len(), format!("<{address}>")),
                None => (next.len_utf8(), next.to_string()),
            },
        };
        written.push_str(&shown);
        rest = &rest[taken..];
    }
    written
}

/// A code span at the beginning, or backticks that are none: how long it is, and how it is written.
fn code(text: &str) -> (usize, String) {
    let marks = text.len() - text.trim_start_matches('`').len();
    let behind = &text[marks..];
    let paragraph = behind.split("\n\n").next().unwrap_or_default();
    let mut from = 0;
    while let Some(found) = paragraph[from..].find('`') {
        let at = from + found;
        let run = paragraph[at..].len() - paragraph[at..].trim_start_matches('`').len();
        if run == marks {
            let end = marks + at + marks;
            return (end, text[..end].to_owned());
        }
        from = at + run;
    }
    (marks, "\\`".repeat(marks))
}

/// A link at the beginning, or a bracket that begins none.
fn link(text: &str) -> (usize, String) {
    let parts = text[1..].split_once("](").and_then(|(label, behind)| {
        let (target, _) = behind.split_once(')')?;
        (!label.contains(['[', ']']) && !target.contains('\n')).then_some((label, target))
    });
    match parts {
        Some((label, target)) => {
            let taken = label.len() + target.len() + 4;
            let leads = SCHEMES.iter().any(|scheme| target.trim().starts_with(scheme));
            let label = inline(label);
            match leads {
                true => (taken, format!("[{label}]({target})")),
                false => (taken, label),
            }
        }
        None => (1, "\\[".to_owned()),
    }
}

/// The address that a text begins with.
fn address(text: &str) -> Option<&str> {
    let scheme = SCHEMES[..2].iter().find(|scheme| text.starts_with(**scheme))?;
    let end = text.find(|c: char| c.is_whitespace() || "<>\"'`()[]|*\\".contains(c));
    let address = text[..end.unwrap_or(text.len())].trim_end_matches(['.', ',', ';', ':', '!', '?', '_']);
    (address.len() > scheme.len()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_as_it_is() {
        for text in [
            "A text with `code`, **bold** words and [a link](https://example.com/a?b=c).",
            "| a | b |\n|---|---|\n| 1 | `x < y` |",
            "- a list\n- of `Vec<[T; 2]>`\n   1. in a list",
            "Already <https://example.com/a> and \\[escaped\\].",
        ] {
            assert_eq!(rustdoc(text), text);
        }
    }

    #[test]
    fn what_rustdoc_would_take_for_something_else_stands_for_itself() {
        for (text, shown) in [
            ("a Map<String>, 1 < 2", "a Map\\<String>, 1 \\< 2"),
            ("ids[0] and [contact]", "ids\\[0] and \\[contact]"),
            ("see [the guide](/guide) or [it](ref:guide)", "see the guide or it"),
            ("see https://example.com/a.", "see <https://example.com/a>."),
            ("(https://example.com/a)", "(<https://example.com/a>)"),
            ("one ` alone <b>", "one \\` alone \\<b>"),
            ("``a ` [b]`` [c]", "``a ` [b]`` \\[c]"),
            ("text\n\n      let a;", "text\n\n   let a;"),
            ("```\nlet a = [b];\n```\n[c]", "```text\nlet a = [b];\n```\n\\[c]"),
            ("```json\n[1]\n```", "```json\n[1]\n```"),
            ("~~~rust\nleft [open]", "~~~text\nleft [open]\n~~~"),
            ("é\\", "é\\"),
        ] {
            assert_eq!(rustdoc(text), shown);
        }
    }
}
