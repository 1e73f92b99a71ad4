//! Character references, the way files before Loom 3.0 store text beyond ASCII.
//!
//! loompy writes such text with Python's `xmlcharrefreplace` (`&#233;` for U+00E9) and reads it with
//! `html.unescape`, which knows every named reference of HTML5, decimal and hexadecimal ones, and
//! forgives missing semicolons. Text of a 3.0.0 file never comes here.

use std::{borrow::Cow, collections::HashMap, fmt::Write, sync::LazyLock};

/// Longest name without its semicolon that can be a named reference, in characters.
const LONGEST: usize = 32;

/// Every named reference: name (with its semicolon where that is required) to text.
static NAMED: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    include_str!("../data/html5_entities.txt")
        .lines()
        .filter_map(|line| {
            let (name, points) = line.split_once(' ')?;
            let text = points
                .split(' ')
                .map(|point| u32::from_str_radix(point, 16).ok().and_then(char::from_u32))
                .collect::<Option<String>>()?;
            Some((name, text))
        })
        .collect()
});

/// Windows-1252 at 0x80 to 0x9f: what browsers, and Python, take such numbers for. Zero where the
/// code page has no character: the number then stands for itself.
const WINDOWS_1252: [u16; 32] = [
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039,
    0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc,
    0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

/// The text with every character reference replaced: Python's `html.unescape`, which is what loompy
/// applies to the text of files before 3.0.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let (head, mut rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len());
    out.push_str(head);
    while let Some(after) = rest.strip_prefix('&') {
        if let Some(reference) = Reference::parse(after) {
            out.push_str(&reference.text);
            rest = after.get(reference.length..).unwrap_or_default();
        } else {
            out.push('&');
            rest = after;
        }
        let next = rest.find('&').unwrap_or(rest.len());
        let (plain, following) = rest.split_at(next);
        out.push_str(plain);
        rest = following;
    }
    Cow::Owned(out)
}

/// The text in ASCII, for files before 3.0: every character beyond ASCII becomes a decimal
/// reference, as loompy writes it.
///
/// [`unescape`] gives the text back. For that an ampersand that would be read as the start of a
/// reference becomes `&amp;`; loompy writes it as it is, and reads something else.
///
/// # Errors
/// The first character that no reference stands for: a control character from U+0080 to U+009F or
/// a non-character such as U+FFFF.
pub fn escape(text: &str) -> Result<Cow<'_, str>, char> {
    if text.is_ascii() && !text.contains('&') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c == '&' {
            let rest = text.get(at.saturating_add(1)..).unwrap_or_default();
            // What follows is cut at the next character that is written with an ampersand.
            let end = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
            let ascii = rest.get(..end).unwrap_or_default();
            out.push_str(if Reference::parse(ascii).is_some() {
                "&amp;"
            } else {
                "&"
            });
        } else if c.is_ascii() {
            out.push(c);
        } else if numbered(u32::from(c)).as_deref() == Some(c.encode_utf8(&mut [0; 4])) {
            write!(out, "&#{};", u32::from(c)).expect("a String takes everything");
        } else {
            return Err(c);
        }
    }
    Ok(Cow::Owned(out))
}

/// What stands for a character.
struct Reference {
    /// Bytes after the ampersand that belong to it.
    length: usize,
    /// What it stands for.
    text: String,
}

impl Reference {
    /// The reference that `after` an ampersand starts with.
    fn parse(after: &str) -> Option<Self> {
        match after.strip_prefix('#') {
            Some(number) => Self::parse_number(number),
            None => Self::parse_name(after),
        }
    }

    /// `233`, `xe9`, each with or without its semicolon.
    fn parse_number(number: &str) -> Option<Self> {
        let (radix, prefix, digits) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (16, 1, digits),
            None => (10, 0, number),
        };
        let end = digits
            .find(|c: char| !c.is_digit(radix))
            .unwrap_or(digits.len());
        let (digits, rest) = digits.split_at(end);
        if digits.is_empty() {
            return None;
        }
        // More digits than fit are beyond the last code point in any case.
        let point = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
        let length = 1 + prefix + digits.len() + usize::from(rest.starts_with(';'));
        Some(Self {
            length,
            text: numbered(point).unwrap_or_default(),
        })
    }

    /// `eacute;`, or the longest name at the start that is valid without its semicolon.
    fn parse_name(after: &str) -> Option<Self> {
        let stop = |c: char| matches!(c, '\t' | '\n' | '\x0c' | ' ' | '<' | '&' | '#' | ';');
        let (end, _) = after
            .char_indices()
            .take(LONGEST)
            .take_while(|&(_, c)| !stop(c))
            .last()
            .map(|(at, c)| (at + c.len_utf8(), c))?;
        let word = after.get(..end)?;
        if after.get(end..)?.starts_with(';')
            && let Some(text) = after.get(..=end).and_then(|name| NAMED.get(name))
        {
            return Some(Self {
                length: end + 1,
                text: text.clone(),
            });
        }
        if let Some(text) = NAMED.get(word) {
            let semicolon = usize::from(after.get(end..)?.starts_with(';'));
            return Some(Self {
                length: end + semicolon,
                text: text.clone(),
            });
        }
        // Every name is ASCII, so a cut inside a character finds nothing.
        (2..end).rev().find_map(|length| {
            let text = NAMED.get(word.get(..length)?)?;
            Some(Self {
                length,
                text: text.clone(),
            })
        })
    }
}

/// What a numeric reference stands for; `None` for nothing at all.
fn numbered(point: u32) -> Option<String> {
    let c = match point {
        0 => '\u{fffd}',
        0x0d => '\r',
        0x80..=0x9f => {
            let mapped = usize::try_from(point - 0x80)
                .ok()
                .and_then(|i| WINDOWS_1252.get(i));
            char::from_u32(mapped.copied().filter(|&c| c != 0).map_or(point, u32::from))?
        }
        0x01..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => return None,
        _ if point & 0xfffe == 0xfffe && point <= 0x0010_ffff => return None,
        _ => char::from_u32(point).unwrap_or('\u{fffd}'),
    };
    Some(c.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Left: as stored. Right: what Python 3.11's `html.unescape` makes of it, by
    /// `data/unescape_table.py`.
    #[test]
    fn references_are_read_as_python_reads_them() {
        let table: Vec<(String, String)> =
            serde_json::from_str(include_str!("../data/unescape_table.json")).unwrap();
        assert!(table.len() > 500);
        for (stored, expected) in table {
            assert_eq!(unescape(&stored), expected, "{stored:?}");
        }
    }

    #[test]
    fn text_beyond_ascii_is_written_as_loompy_writes_it() {
        assert_eq!(
            escape("\u{c5}ngstr\u{f6}m & co").unwrap(),
            "&#197;ngstr&#246;m & co"
        );
        assert_eq!(escape("a\u{1f9ec}").unwrap(), "a&#129516;");
        assert_eq!(escape("&lt;").unwrap(), "&amp;lt;");
        assert_eq!(escape("&ampere").unwrap(), "&amp;ampere");
        assert_eq!(escape("\u{85}"), Err('\u{85}'));
        assert_eq!(escape("\u{ffff}"), Err('\u{ffff}'));
        assert!(matches!(escape("plain"), Ok(Cow::Borrowed("plain"))));
    }

    proptest! {
        #[test]
        fn escape_is_undone_by_unescape(
            text in prop_oneof![
                ".*",
                "[&#;xX0-9a-fA-F \u{e9}]{0,24}",
                "(&|amp|lt|not|in|;|\u{4e00}|#|Aacute){0,12}",
            ],
        ) {
            if let Ok(escaped) = escape(&text) {
                prop_assert!(escaped.is_ascii());
                prop_assert_eq!(unescape(&escaped), text.as_str());
            } else {
                let impossible = |c| matches!(c, '\u{80}'..='\u{9f}' | '\u{fdd0}'..='\u{fdef}')
                    || u32::from(c) & 0xfffe == 0xfffe;
                prop_assert!(text.chars().any(impossible));
            }
        }
    }
}
