//! Foreign text on one line of bounded length, for messages and spans.

/// Returns a server's text on one line of at most 300 characters.
pub(crate) fn one_line(text: &str) -> String {
    line(text, 300)
}

/// Returns a text on one line of at most `longest` characters.
pub(crate) fn line(text: &str, longest: usize) -> String {
    // These characters end a line or change the direction of writing, and are no control characters.
    let breaks =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut line: String = text
        .chars()
        .take(longest)
        .map(|c| if c.is_control() || breaks(c) { ' ' } else { c })
        .collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_one_line_in_one_direction() {
        assert_eq!(
            one_line("a\nb\u{2028}c\u{202e}d\u{2066}e\u{7}f\u{200f}g\u{61c}h"),
            "a b c d e f g h"
        );
        let long = one_line(&"ü".repeat(1000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (301, true));
    }
}
