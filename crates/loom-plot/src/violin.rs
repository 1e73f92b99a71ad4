//! Numbers, category by category.

use crate::{
    Error, Result,
    category::{Categories, Group},
    color::Rgb,
    data::{Numbers, Page, cells, check},
    frame::{self, ABOVE, EDGE, LEFT, SMALL},
    scale::{Axis, plain},
    scene::{Rect, Scene},
    summary::{Density, ends, index, quantile},
    text,
};

/// The narrowest column of a category.
const NARROWEST: f64 = 30.0;
/// Most of a label below a column.
const LONGEST_LABEL: f64 = 110.0;
/// The share of its column that a violin fills.
const FILLED: f64 = 0.86;
/// The share of zeros from which on they are shown apart.
const MANY_ZEROS: f64 = 0.05;
/// Half the height of the bar that stands for zeros.
const ZERO_BAR: f64 = 3.0;

/// A category, and the finite numbers of its cells, sorted.
struct Column<'a> {
    group: &'a Group,
    sorted: Vec<f64>,
}

/// A violin for each category: how dense its numbers lie, on both sides of its middle; a dot at
/// their median, and a bar from quartile to quartile.
///
/// The density is a sum of Gaussians of Silverman's width on the scale of the numbers, from the
/// lowest to the highest of them. Counts are often mostly zero, which a density would smear: where
/// no number is negative and 5 % or more of all are zero, zeros are a bar of their own, as wide as
/// their share of the category, and the violin is that of the other numbers, at its widest place as
/// wide as their share, which also stands above. Medians and quartiles are always those of all.
///
/// Where there are more categories than the page has room for, the most frequent ones are shown, and
/// the foot says how many are not.
///
/// # Errors
/// If there is nothing to draw, or what belongs together is not equally long.
pub fn violin(page: &Page, by: &Categories, numbers: &Numbers) -> Result<Scene> {
    page.at_least((300.0, 260.0), "300 x 260")?;
    check(&by.name, by.of.len(), numbers.values.len())?;
    let (width, height) = page.size;
    let (columns, without) = columns(by, numbers, (width - LEFT - EDGE) / NARROWEST)?;
    let shown: usize = columns.iter().map(|column| column.sorted.len()).sum();
    let zeros = zeros_apart(&columns);
    let step = (width - LEFT - EDGE) / columns.len() as f64;
    let labels = Labels::new(&columns, step);
    let panel = Rect {
        left: LEFT,
        top: ABOVE + if zeros { 34.0 } else { 20.0 },
        right: width - EDGE,
        bottom: height - labels.height - 36.0,
    };
    let zero = zeros.then_some((0.0, 0.0));
    let ends = columns
        .iter()
        .filter_map(|column| ends(column.body(zeros), numbers.scale));
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    let ends = ends
        .chain(zero)
        .fold(nothing, |all, one| (all.0.min(one.0), all.1.max(one.1)));
    let y = Axis::scaled(ends, numbers.scale)
        .with_room(0.04, 0.04)
        .laid(panel.bottom, panel.top);
    let mut scene = frame::page(page, LEFT, &cells(shown), &without);
    frame::y_axis(&mut scene, panel, (&y, &numbers.name));
    let Rect {
        left,
        top,
        right,
        bottom,
    } = panel;
    for (head, above) in [("cells", 8.0), ("not 0", 22.0)] {
        if zeros || head == "cells" {
            let at = (left - 8.0, top - above);
            scene
                .text(at, head, SMALL - 1.0, LEFT)
                .end()
                .color(Rgb::GREY);
        }
    }
    for (at, column) in columns.iter().enumerate() {
        let middle = left + step * (at as f64 + 0.5);
        column.draw(
            &mut scene,
            (middle, step * FILLED / 2.0),
            (&y, numbers),
            zeros,
        );
        let count = short(column.sorted.len());
        scene
            .text((middle, top - 8.0), &count, SMALL - 1.0, step)
            .middle();
        if zeros {
            let share = percent(1.0 - column.zeros());
            scene
                .text((middle, top - 22.0), &share, SMALL - 1.0, step)
                .middle();
        }
        labels.draw(&mut scene, (middle, bottom), &column.group.label);
    }
    scene
        .text(
            (f64::midpoint(left, right), height - 22.0),
            &by.name,
            frame::LABEL,
            right - left,
        )
        .middle();
    Ok(scene)
}

/// The categories that are shown, and what is said of the others.
fn columns<'a>(
    by: &'a Categories,
    numbers: &Numbers,
    room: f64,
) -> Result<(Vec<Column<'a>>, String)> {
    numbers.range(|_| true)?;
    let mut values = vec![Vec::new(); by.groups.len()];
    let mut left_out = 0;
    for (&group, &value) in by.of.iter().zip(&numbers.values) {
        match values.get_mut(group as usize) {
            Some(values) if value.is_finite() => values.push(value),
            _ => left_out += 1,
        }
    }
    let all = by.groups.iter().zip(values);
    let mut columns: Vec<(usize, Column)> = (all.enumerate())
        .filter(|(_, (_, values))| !values.is_empty())
        .map(|(at, (group, mut sorted))| {
            sorted.sort_unstable_by(f64::total_cmp);
            (at, Column { group, sorted })
        })
        .collect();
    if columns.is_empty() {
        return Err(Error::Nothing(format!(
            "no cell has both a {} and a finite {}",
            by.name, numbers.name
        )));
    }
    let mut notes = Vec::new();
    if left_out > 0 {
        let count = cells(left_out);
        notes.push(format!(
            "{count} without {} or finite {}",
            by.name, numbers.name
        ));
    }
    let most = index(room, 1000).max(1);
    if columns.len() > most {
        columns.sort_by_key(|(_, column)| std::cmp::Reverse(column.sorted.len()));
        notes.push(format!("{} rarer categories", columns.len() - most));
        columns.truncate(most);
        columns.sort_by_key(|(at, _)| *at);
    }
    let note = match &notes[..] {
        [] => String::new(),
        notes => format!("{} not shown", notes.join(" and ")),
    };
    Ok((
        columns.into_iter().map(|(_, column)| column).collect(),
        note,
    ))
}

/// Whether zeros are to be shown apart.
fn zeros_apart(columns: &[Column]) -> bool {
    let all: usize = columns.iter().map(|column| column.sorted.len()).sum();
    let zeros: f64 = (columns.iter())
        .map(|column| column.zeros() * column.sorted.len() as f64)
        .sum();
    let negative = columns.iter().any(|column| column.sorted[0] < 0.0);
    !negative && zeros >= MANY_ZEROS * all as f64
}

impl Column<'_> {
    /// The share of its numbers that are zero, where none is negative.
    fn zeros(&self) -> f64 {
        let zeros = self.sorted.partition_point(|value| *value <= 0.0);
        zeros as f64 / self.sorted.len() as f64
    }

    /// The numbers whose density is shown: all, or those that are not zero.
    fn body(&self, zeros_apart: bool) -> &[f64] {
        match zeros_apart {
            true => &self.sorted[self.sorted.partition_point(|value| *value <= 0.0)..],
            false => &self.sorted,
        }
    }

    /// Draws it around `middle`, `half` to each side at most.
    fn draw(
        &self,
        scene: &mut Scene,
        (middle, half): (f64, f64),
        (y, numbers): (&Axis, &Numbers),
        zeros: bool,
    ) {
        let share = if zeros { self.zeros() } else { 0.0 };
        let line = Some((Rgb::BLACK, 0.6));
        if share > 0.0 {
            let (at, half) = (y.at(0.0), (half * share).max(0.5));
            let bar = [
                (-half, -ZERO_BAR),
                (half, -ZERO_BAR),
                (half, ZERO_BAR),
                (-half, ZERO_BAR),
            ];
            let corners = bar.map(|(x, y)| (middle + x, at + y));
            scene.area(corners.to_vec(), self.group.color, line);
        }
        let body = self.body(zeros);
        let half = (half * (1.0 - share)).max(1.0);
        match (Density::new(body, numbers.scale), body.first()) {
            (Some(density), _) => {
                let outline = outline(&density, (middle, half), y);
                scene.area(outline, self.group.color, line);
            }
            // All are the same.
            (None, Some(&value)) => {
                let at = y.at(value);
                let corners = vec![(middle - half, at), (middle + half, at)];
                scene.line(corners, self.group.color, 2.5);
            }
            (None, None) => {}
        }
        let [low, median, high] =
            [0.25, 0.5, 0.75].map(|share| y.at(quantile(&self.sorted, share)));
        let Rgb(r, g, b) = self.group.color;
        if u32::from(r) + u32::from(g) + u32::from(b) < 150 {
            // Seen on black, too.
            scene.line(vec![(middle, low), (middle, high)], Rgb::WHITE, 5.5);
        }
        scene.line(vec![(middle, low), (middle, high)], Rgb::BLACK, 4.0);
        scene.disc((middle, median), 3.4, Rgb::BLACK);
        scene.disc((middle, median), 2.4, Rgb::WHITE);
    }
}

/// The outline of a violin: up on its right, down on its left.
fn outline(density: &Density, (middle, half): (f64, f64), y: &Axis) -> Vec<(f64, f64)> {
    const EVERY: usize = 4;
    let values = &density.values;
    let most = values.iter().copied().fold(0.0, f64::max);
    let last = values.len() - 1;
    let step = (density.high - density.low) / last as f64;
    let places = (0..=last).filter(|at| at % EVERY == 0 || *at == last);
    let right: Vec<(f64, f64)> = places
        .map(|at| {
            (
                half * values[at] / most,
                y.at_scaled(density.low + step * at as f64),
            )
        })
        .collect();
    let left = right.iter().rev().map(|(x, y)| (middle - x, *y));
    let right = right.iter().map(|(x, y)| (middle + x, *y));
    right.chain(left).collect()
}

/// The labels below the columns: side by side where they fit, else slanted.
struct Labels {
    slanted: bool,
    most: f64,
    height: f64,
}

impl Labels {
    fn new(columns: &[Column], step: f64) -> Self {
        let widths = columns
            .iter()
            .map(|column| text::width(&text::label(&column.group.label), SMALL));
        let widest = widths.fold(0.0, f64::max);
        let slanted = widest > step - 6.0;
        let most = match slanted {
            true => widest.min(LONGEST_LABEL),
            false => widest + 1.0,
        };
        Self {
            slanted,
            most,
            height: if slanted { 10.0 + 0.71 * most } else { 18.0 },
        }
    }

    fn draw(&self, scene: &mut Scene, (middle, bottom): (f64, f64), label: &str) {
        let label = if label.is_empty() { "(empty)" } else { label };
        match self.slanted {
            true => {
                let at = (middle + 4.0, bottom + 12.0);
                scene.text(at, label, SMALL, self.most).end().turned(-45.0);
            }
            false => {
                scene
                    .text((middle, bottom + 16.0), label, SMALL, self.most)
                    .middle();
            }
        }
    }
}

/// A share in whole percent; one that is neither nothing nor all does not look so.
fn percent(share: f64) -> String {
    match share {
        _ if share > 0.0 && share < 0.005 => "<1%".to_owned(),
        _ if (0.995..1.0).contains(&share) => ">99%".to_owned(),
        _ => format!("{:.0}%", 100.0 * share),
    }
}

/// A count that fits a narrow column.
fn short(count: usize) -> String {
    match count {
        0..10_000 => plain(count as f64, 0),
        10_000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}
