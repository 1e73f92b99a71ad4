//! What tells good cells from bad, on one page.

use crate::{
    Result,
    category::{Categories, Group},
    color::Rgb,
    data::{Color, Numbers, Page, cells},
    frame::{self, ABOVE, EDGE, LEFT, SMALL},
    histogram::bars,
    scale::plain,
    scatter::discs,
    scene::{Rect, Scene},
    summary::index,
    text,
};

/// Room below a panel for the marks and the name of its axis.
const BELOW: f64 = 56.0;
/// The height of a bar of a category, at least and at most.
const LINE: (f64, f64) = (11.5, 22.0);

/// A page of four panels: histograms of what cells hold in total and of how many genes are detected
/// in them, one against the other, and how many cells each category has; without categories, the
/// third is as wide as the page.
///
/// # Errors
/// If there is nothing to draw, or what belongs together is not equally long.
pub fn qc(
    page: &Page,
    totals: &Numbers,
    detected: &Numbers,
    by: Option<Categories>,
) -> Result<Scene> {
    page.at_least((480.0, 400.0), "480 x 400")?;
    let count = totals.values.len();
    let color = by.map_or(Color::Plain, Color::Categories);
    detected.check(count)?;
    color.check(count)?;
    let (width, height) = page.size;
    let (middle, across) = (width / 2.0, f64::midpoint(ABOVE, height));
    let panel = |left: f64, top: f64, right: f64| Rect {
        left: left + LEFT,
        top: top + 6.0,
        right: right - EDGE,
        bottom: top + (height - ABOVE) / 2.0 - BELOW,
    };
    let sorted = totals.sorted();
    let missing = crate::data::left_out(count - sorted.len(), &format!("finite {}", totals.name));
    let mut scene = frame::page(page, LEFT, &cells(count), &missing);
    bars(&mut scene, panel(0.0, ABOVE, middle), totals, &sorted)?;
    bars(
        &mut scene,
        panel(middle, ABOVE, width),
        detected,
        &detected.sorted(),
    )?;

    let right = match color {
        Color::Categories(_) => middle,
        _ => width,
    };
    let third = panel(0.0, across, right);
    let both = |at: usize| totals.values[at].is_finite() && detected.values[at].is_finite();
    let x = totals
        .axis(both)?
        .with_room(0.04, 0.04)
        .laid(third.left, third.right);
    let y = detected
        .axis(both)?
        .with_room(0.04, 0.04)
        .laid(third.bottom, third.top);
    // Its names would hide what little there is: the bars beside it name the colours.
    let mut points = Scene::new(page.size);
    discs(&mut points, third, (totals, &x), (detected, &y), &color)?;
    scene.items.extend(points.items.into_iter().take(1));
    frame::axes(&mut scene, third, (&x, &totals.name), (&y, &detected.name));
    if let Color::Categories(by) = &color {
        let fourth = Rect {
            left: middle + 24.0,
            bottom: height - EDGE - 8.0,
            ..panel(middle, across, width)
        };
        counts(&mut scene, fourth, by);
    }
    Ok(scene)
}

/// A bar for each category, as long as it has cells.
fn counts(scene: &mut Scene, rect: Rect, by: &Categories) {
    scene.text(
        (rect.left, rect.top + 4.0),
        &by.name,
        frame::LABEL,
        rect.width(),
    );
    let top = rect.top + 14.0;
    let named = by.groups.len() - usize::from(by.others > 0);
    let (groups, others) = by.groups.split_at(named);
    let mut more = (by.others, others.iter().map(|group| group.count).sum());
    let missing = by.missing();
    // Lines for what is no category of its own.
    let extra = usize::from(missing > 0) + usize::from(by.others > 0);
    let room = index((rect.bottom - top) / LINE.0, 1000).max(3);
    let mut rows: Vec<&Group> = groups.iter().collect();
    if rows.len() + extra > room {
        let kept = room - usize::from(missing > 0) - 1;
        rows.sort_by_key(|group| std::cmp::Reverse(group.count));
        let rare = rows.split_off(kept);
        more.0 += rare.len();
        more.1 += rare.iter().map(|group| group.count).sum::<usize>();
        rows = groups
            .iter()
            .filter(|group| !rare.iter().any(|rare| std::ptr::eq(*rare, *group)))
            .collect();
    }
    let rows = rows.into_iter();
    let mut rows: Vec<(&str, Rgb, usize)> = rows
        .map(|group| (group.label.as_str(), group.color, group.count))
        .collect();
    if missing > 0 {
        rows.push(("no value", Rgb::MISSING, missing));
    }
    let lines = rows.len() + usize::from(more.0 > 0);
    let line = ((rect.bottom - top) / lines.max(1) as f64).clamp(LINE.0, LINE.1);
    let size = SMALL.min(line - 1.5);
    let most = rows.iter().map(|row| row.2).max().unwrap_or(0).max(1) as f64;
    let name_width = |row: &(&str, Rgb, usize)| text::width(&text::label(row.0), size);
    let names = rows
        .iter()
        .map(name_width)
        .fold(40.0, f64::max)
        .min(rect.width() * 0.4);
    let left = rect.left + names + 8.0;
    let longest = rect.right - left - 46.0;
    let shown = rows.len();
    for (at, (name, color, count)) in rows.into_iter().enumerate() {
        let top = top + at as f64 * line;
        let name = if name.is_empty() { "(empty)" } else { name };
        let base = top + line / 2.0 + 3.8;
        scene.text((left - 8.0, base), name, size, names).end();
        let right = left + longest * count as f64 / most;
        let bar = Rect {
            left,
            top: top + line / 8.0,
            right: right.max(left + 0.5),
            bottom: top + line * 0.875,
        };
        scene.rect(bar, color);
        scene.text((right + 5.0, base), &plain(count as f64, 0), size, 60.0);
    }
    if more.0 > 0 {
        let note = format!("and {} more: {}", more.0, cells(more.1));
        let base = top + shown as f64 * line + line / 2.0 + 3.8;
        scene
            .text((rect.left, base), &note, size, rect.width())
            .color(Rgb::GREY);
    }
}
