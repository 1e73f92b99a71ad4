//! Text from a file, made harmless and short enough for a terminal.

use std::borrow::Cow;

/// The text with every character that could steer a terminal replaced by its Rust escape:
/// controls, line ends, and what turns the direction of writing.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a terminal does something else with the character than showing it.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text, [escaped](escape), its end replaced by dots where it is longer than `most` characters.
pub(crate) fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    const DOTS: &str = "...";
    let Some((cut, _)) = text.char_indices().nth(most) else {
        return escape(text);
    };
    let kept = most.saturating_sub(DOTS.len());
    let end = text.char_indices().nth(kept).map_or(cut, |(end, _)| end);
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned(format!("{}{DOTS}", escape(kept)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(
            escape("a\u{1b}[2Jb\r\n\t\u{9b}"),
            r"a\u{1b}[2Jb\r\n\t\u{9b}"
        );
        assert_eq!(escape("\u{202e}gpj\u{7f}"), r"\u{202e}gpj\u{7f}");
        assert!(matches!(
            escape("G\u{e8}ne \\n"),
            Cow::Borrowed("G\u{e8}ne \\n")
        ));
    }

    #[test]
    fn long_text_ends_in_dots() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abc...");
        assert_eq!(
            shorten("\u{e9}\u{e8}\u{e9}\u{e8}\u{e9}\u{e8}", 5),
            "\u{e9}\u{e8}..."
        );
        assert_eq!(shorten("\n\n\n\n\n", 4), "\\n...");
        assert_eq!(shorten("abc", 0), "...");
    }
}
