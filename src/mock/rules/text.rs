//! The text of messages, notes and articles, which is HTML in responses.

use serde_json::Value;

/// Converts text to HTML. Plain text becomes a paragraph; `html` and `body` tags are removed.
pub(super) fn html(text: &str, attributes: &str) -> String {
    let paragraph = format!("<p{attributes}>");
    if !is_html(text) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        return format!("{paragraph}{escaped}</p>");
    }
    let mut html = text.replace("<p>", &paragraph);
    for tag in ["<html>", "</html>", "<body>", "</body>"] {
        html = html.replace(tag, "");
    }
    // White space between tags becomes one line break.
    let mut parts = html.trim().split('>').map(|part| match part.split_once('<') {
        Some((between, tag)) if between.trim().is_empty() => format!("\n<{tag}"),
        _ => part.to_owned(),
    });
    let first = parts.next().unwrap_or_default();
    let rest: Vec<String> = parts
        .map(|part| {
            if part.starts_with("\n<") && part.len() > 2 {
                part
            } else {
                part.trim_start_matches('\n').to_owned()
            }
        })
        .collect();
    let joined = std::iter::once(first.trim_start().to_owned())
        .chain(rest)
        .collect::<Vec<_>>()
        .join(">");
    joined.trim().to_owned()
}

fn is_html(text: &str) -> bool {
    let mut tags = text
        .match_indices('<')
        .map(|(at, _)| text.get(at + 1..).unwrap_or_default());
    tags.any(|tag| tag.starts_with(|first: char| first.is_ascii_alphabetic()) && tag.contains('>'))
}

/// Converts HTML to plain text.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    text.trim().to_owned()
}

/// Returns the words of a text in lower case, for searches.
pub(super) fn words(html: &str) -> impl Iterator<Item = String> {
    let text = plain(&html.replace('<', " <"));
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.into_iter()
}

/// Converts all bodies of a conversation to plain text.
pub(super) fn make_plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(body) if name == "body" => *body = plain(body),
                    other => make_plain(other),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_plain),
        _ => {}
    }
}

/// Converts a title to a URL segment.
pub(super) fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_converts_to_html_and_back() {
        assert_eq!(html("Hello & <3", ""), "<p>Hello &amp; &lt;3</p>");
        assert_eq!(plain(&html("Hello & <3", "")), "Hello & <3");
        assert_eq!(
            html("<p>New</p>", " class=\"no-margin\""),
            "<p class=\"no-margin\">New</p>"
        );
        let page = "<html> <body>  <h2>List</h2>  <ul>   <li>Tea</li>   <li>Milk</li> </ul>   </body> </html>";
        assert_eq!(
            html(page, ""),
            "<h2>List</h2>\n<ul>\n<li>Tea</li>\n<li>Milk</li>\n</ul>"
        );
        assert_eq!(
            words("<p>I need</p><p>Support!</p>").collect::<Vec<_>>(),
            ["i", "need", "support"]
        );
        assert_eq!(slug("Why is it empty?"), "why-is-it-empty");
    }
}
