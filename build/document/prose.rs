//! Conversion of the description's Markdown to rustdoc markup.
//!
//! rustdoc compiles code blocks without a language, links brackets to items, and requires balanced
//! HTML.

/// Schemes of links that are preserved.
const LINK_SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Converts Markdown to rustdoc markup: code blocks get the language `text`, brackets are escaped,
/// URLs become links, and relative links become their labels.
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
            // Four spaces would start a code block.
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

/// Converts text without code blocks.
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

/// Converts the code span or the single backticks at the start of `text`. Returns the length in
/// `text`, and the result.
fn code(text: &str) -> (usize, String) {
    let marks = text.len() - text.trim_start_matches('`').len();
    let rest = &text[marks..];
    let paragraph = rest.split("\n\n").next().unwrap_or_default();
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

/// Converts the link or the bracket at the start of `text`. Returns the length in `text`, and the
/// result.
fn link(text: &str) -> (usize, String) {
    let parts = text[1..].split_once("](").and_then(|(label, behind)| {
        let (target, _) = behind.split_once(')')?;
        (!label.contains(['[', ']']) && !target.contains('\n')).then_some((label, target))
    });
    match parts {
        Some((label, target)) => {
            let taken = label.len() + target.len() + 4;
            let leads = LINK_SCHEMES.iter().any(|scheme| target.trim().starts_with(scheme));
            let label = inline(label);
            match leads {
                true => (taken, format!("[{label}]({target})")),
                false => (taken, label),
            }
        }
        None => (1, "\\[".to_owned()),
    }
}

/// Returns the URL at the start of `text`.
fn address(text: &str) -> Option<&str> {
    let scheme = LINK_SCHEMES[..2].iter().find(|scheme| text.starts_with(**scheme))?;
    let end = text.find(|c: char| c.is_whitespace() || "<>\"'`()[]|*\\".contains(c));
    let address = text[..end.unwrap_or(text.len())].trim_end_matches(['.', ',', ';', ':', '!', '?', '_']);
    (address.len() > scheme.len()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_markup_is_unchanged() {
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
    fn other_markup_is_escaped() {
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
