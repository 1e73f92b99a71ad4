//! What colours mean, beside the data.

use crate::{
    category::Categories,
    color::{Rgb, viridis},
    data::{Color, Numbers, cells},
    frame::{LABEL, SMALL},
    scale::Axis,
    scene::{Rect, Scene},
    text,
};

/// From a line to the next, at least and at most.
const LINE: (f64, f64) = (13.0, 16.5);
/// From the left of a swatch to its label.
const SWATCH: f64 = 16.0;
/// The widest label, where there is one column, and where there are two.
const WIDEST: [f64; 2] = [150.0, 92.0];
/// How wide a colour bar is, and from its left to its numbers.
const BAR: f64 = 14.0;
const NUMBERS: f64 = 22.0;
const TITLE_LINE: f64 = 20.0;

/// What stands beside the data, measured.
pub(crate) enum Legend<'a> {
    None,
    Categories {
        name: &'a str,
        entries: Vec<(String, Rgb)>,
        /// How many entries are in a column.
        rows: usize,
        column: f64,
        width: f64,
    },
    Bar {
        numbers: &'a Numbers,
        axis: Axis,
        /// What is said of cells without a number.
        missing: Option<String>,
        width: f64,
    },
}

impl<'a> Legend<'a> {
    /// The legend of these colours, `height` high at most.
    pub(crate) fn new(color: &'a Color, height: f64) -> crate::Result<Self> {
        match color {
            Color::Plain => Ok(Self::None),
            Color::Categories(categories) => Ok(Self::categories(categories, height)),
            Color::Numbers { numbers, .. } => {
                let missing = numbers.values.iter().filter(|value| !value.is_finite());
                let missing = match missing.count() {
                    0 => None,
                    some => Some(no_value(some)),
                };
                let note = (missing.iter()).map(|note| SWATCH + text::width(note, SMALL) + 1.0);
                Ok(Self::Bar {
                    numbers,
                    axis: numbers.axis(|_| true)?,
                    width: note.fold(NUMBERS + 62.0, f64::max),
                    missing,
                })
            }
        }
    }

    fn categories(categories: &'a Categories, height: f64) -> Self {
        let rows = crate::summary::index((height - TITLE_LINE) / LINE.0, 1000).max(2);
        let mut entries: Vec<(String, Rgb)> = (categories.groups.iter())
            .map(|group| (group.label.clone(), group.color))
            .collect();
        let missing = categories.missing();
        if missing > 0 {
            entries.push((no_value(missing), Rgb::MISSING));
        }
        if entries.len() > 2 * rows {
            let left_out = entries.len() - (2 * rows - 1);
            entries.truncate(2 * rows - 1);
            // The group of the others is one of those that are left out.
            let more = left_out + categories.others.saturating_sub(1) - usize::from(missing > 0);
            entries.push((format!("and {more} more"), Rgb::WHITE));
        }
        let two = usize::from(entries.len() > rows);
        for (label, _) in &mut entries {
            if label.is_empty() {
                "(empty)".clone_into(label);
            }
            *label = text::fit(label, SMALL, WIDEST[two]);
        }
        let widths = entries.iter().map(|(label, _)| text::width(label, SMALL));
        let column = SWATCH + widths.fold(24.0, f64::max);
        let title = text::width(&text::label(&categories.name), LABEL).min(WIDEST[0]);
        let wide = if two == 1 {
            2.0 * column + 12.0
        } else {
            column
        };
        Self::Categories {
            name: &categories.name,
            entries,
            rows,
            column,
            width: wide.max(title),
        }
    }

    /// How much room it takes, with what keeps it off the data.
    pub(crate) fn width(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Categories { width, .. } | Self::Bar { width, .. } => width + 18.0,
        }
    }

    /// Draws it in there.
    pub(crate) fn draw(&self, scene: &mut Scene, rect: Rect) {
        let Rect { left, top, .. } = rect;
        match self {
            Self::None => {}
            Self::Categories {
                name,
                entries,
                rows,
                column,
                ..
            } => {
                scene.text((left, top + 10.0), name, LABEL, rect.width());
                let height = rect.bottom - top - TITLE_LINE;
                let line = (height / entries.len().min(*rows) as f64).clamp(LINE.0, LINE.1);
                for (at, (label, color)) in entries.iter().enumerate() {
                    let x = left + if at < *rows { 0.0 } else { column + 12.0 };
                    let y = top + TITLE_LINE + ((at % rows) as f64 + 0.5) * line;
                    scene.disc((x + 5.0, y), 5.0, *color);
                    scene.text((x + SWATCH, y + 3.8), label, SMALL, f64::INFINITY);
                }
            }
            Self::Bar {
                numbers,
                axis,
                missing,
                ..
            } => draw_bar(scene, rect, numbers, axis, missing.as_deref()),
        }
    }
}

fn no_value(count: usize) -> String {
    format!("no value ({})", cells(count))
}

fn draw_bar(scene: &mut Scene, rect: Rect, numbers: &Numbers, axis: &Axis, missing: Option<&str>) {
    const STEPS: u32 = 128;
    let Rect { left, top, .. } = rect;
    scene.text((left, top + 10.0), &numbers.name, LABEL, rect.width());
    let top = top + TITLE_LINE + 4.0;
    let bottom = (top + 200.0).min(rect.bottom - 2.0 * LINE.1);
    let step = (bottom - top) / f64::from(STEPS);
    for n in 0..STEPS {
        let strip = Rect {
            left,
            top: top + f64::from(n) * step,
            right: left + BAR,
            // Each lies over the end of the one before: no seams.
            bottom,
        };
        scene.rect(strip, viridis(1.0 - f64::from(n) / f64::from(STEPS - 1)));
    }
    for tick in axis.clone().laid(bottom, top).ticks(36.0) {
        let (from, to) = (left + BAR, left + BAR + 3.0);
        scene.line(vec![(from, tick.at), (to, tick.at)], Rgb::BLACK, 1.0);
        scene.text((left + NUMBERS, tick.at + 3.6), &tick.label, SMALL, 60.0);
    }
    if let Some(missing) = missing {
        let y = bottom + LINE.1;
        scene.disc((left + 5.0, y), 5.0, Rgb::MISSING);
        scene.text(
            (left + SWATCH, y + 3.8),
            missing,
            SMALL,
            rect.width() - SWATCH,
        );
    }
}
