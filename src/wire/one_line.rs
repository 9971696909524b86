//! Text of servers, shortened to one line for error messages and spans.

/// Converts a text to one line of at most 300 characters.
pub(crate) fn one_line(text: &str) -> String {
    line(text, 300)
}

/// Converts a text to one line of at most `max_chars` characters.
pub(crate) fn line(text: &str, max_chars: usize) -> String {
    // These characters end a line or change the writing direction, but `char::is_control` is false for them.
    let breaks =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut line: String = text
        .chars()
        .take(max_chars)
        .map(|c| if c.is_control() || breaks(c) { ' ' } else { c })
        .collect();
    if text.chars().nth(max_chars).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_direction_marks_become_spaces() {
        assert_eq!(
            one_line("a\nb\u{2028}c\u{202e}d\u{2066}e\u{7}f\u{200f}g\u{61c}h"),
            "a b c d e f g h"
        );
        let long = one_line(&"ü".repeat(1000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (301, true));
    }
}
