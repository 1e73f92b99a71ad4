//! Text from a file, made harmless and short; how wide it is, and the outlines of its letters.

use std::sync::LazyLock;

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Arimo, which has the widths of Arial and Helvetica: what fits in PNG fits in SVG.
static FONT: LazyLock<Face<'static>> = LazyLock::new(|| {
    Face::parse(include_bytes!("../font/Arimo.ttf"), 0).expect("the font is a part of the program")
});

/// More characters than this no label has.
const MAX_CHARS: usize = 200;

const ELLIPSIS: char = '\u{2026}';
/// Stands for what cannot be shown.
const REPLACEMENT: char = '\u{fffd}';

/// The text on one line, without what is no letter: controls, line ends, what turns the direction
/// of writing, what XML does not know. Long text is cut.
pub(crate) fn label(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => REPLACEMENT,
        c if c.is_control() => REPLACEMENT,
        c => c,
    };
    let mut label: String = text.chars().take(MAX_CHARS).map(shown).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        label.push(ELLIPSIS);
    }
    label
}

/// The label, its end replaced by an ellipsis where it is wider than `most`.
pub(crate) fn fit(text: &str, size: f64, most: f64) -> String {
    let text = label(text);
    if width(&text, size) <= most {
        return text;
    }
    let mut kept: Vec<char> = text.chars().collect();
    loop {
        kept.pop();
        let start: String = kept.iter().collect();
        let short = format!("{}{ELLIPSIS}", start.trim_end());
        if kept.is_empty() || width(&short, size) <= most {
            return short;
        }
    }
}

/// How wide text of this size is. What the font does not have counts as square.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let em = f64::from(FONT.units_per_em());
    let advance = |c: char| {
        let glyph = FONT.glyph_index(c)?;
        FONT.glyph_hor_advance(glyph)
    };
    let units = text.chars().map(|c| advance(c).map_or(em, f64::from));
    units.sum::<f64>() * size / em
}

/// The outline of text of this size whose base line starts at the origin; none, if it is blank. What
/// the font does not have is an empty box.
pub(crate) fn outline(text: &str, size: f64) -> Option<Path> {
    let scale = size / f64::from(FONT.units_per_em());
    let mut pen = Pen {
        path: PathBuilder::new(),
        scale: narrow(scale),
        x: 0.0,
    };
    for c in text.chars() {
        let glyph = FONT.glyph_index(c).unwrap_or(GlyphId(0));
        FONT.outline_glyph(glyph, &mut pen);
        pen.x += f32::from(FONT.glyph_hor_advance(glyph).unwrap_or(0)) * pen.scale;
    }
    pen.path.finish()
}

/// A coordinate as the rasteriser takes it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "pictures are a few thousand units wide"
)]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

/// Draws glyphs, which have their y upwards, side by side.
struct Pen {
    path: PathBuilder,
    scale: f32,
    x: f32,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2)) = (self.place(x1, y1), self.place(x2, y2));
        let (x, y) = self.place(x, y);
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial's widths in 2048ths of its size: A 1366, i 455, m 1706, 0 1139, a blank 569.
        for (text, units) in [("A", 1366.0), ("i", 455.0), ("m0 ", 3414.0)] {
            let ours = width(text, 2048.0);
            assert!((ours - units).abs() < 1.0, "{text}: {ours}");
        }
    }

    #[test]
    fn labels_are_harmless_and_short() {
        assert_eq!(
            label("a\n\u{1b}[2J\u{202e}b\0\u{ffff}"),
            "a\u{fffd}\u{fffd}[2J\u{fffd}b\u{fffd}\u{fffd}"
        );
        let long = label(&"x".repeat(100_000));
        assert_eq!(long.chars().count(), MAX_CHARS + 1);
        assert_eq!(fit("CD4 T", 10.0, 100.0), "CD4 T");
        let cut = fit("plasmacytoid dendritic cells", 10.0, 60.0);
        assert!(
            cut.ends_with('\u{2026}') && width(&cut, 10.0) <= 60.0,
            "{cut}"
        );
        assert_eq!(fit("abc", 10.0, 0.0), "\u{2026}");
    }

    #[test]
    fn letters_have_outlines_above_the_line() {
        let path = outline("H", 100.0).unwrap();
        let bounds = path.bounds();
        // Arimo's capitals are 1409 of 2048 high.
        assert!((bounds.top() + 68.8).abs() < 1.0, "{bounds:?}");
        assert!(bounds.bottom().abs() < 0.1, "{bounds:?}");
        assert!(outline(" ", 10.0).is_none());
        assert!(outline("\u{7ec6}", 10.0).is_some());
    }
}
