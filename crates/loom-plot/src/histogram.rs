//! How often numbers are how large.

use crate::{
    Result,
    color::{Rgb, palette},
    data::{Numbers, Page, cells, left_out},
    frame::{self, ABOVE, BELOW, EDGE, LEFT, SMALL},
    scale::{Axis, Scale, brief},
    scene::{Rect, Scene},
    summary::{Bins, quantile},
    text,
};

/// A histogram: a bar for each of some stretches of equal length on the scale of the numbers, as
/// high as there are cells with such a number, and a line at their median.
///
/// The stretches are as long as Freedman and Diaconis say, twice the distance of the quartiles
/// divided by the cube root of the number of cells, or as Sturges says where half of the numbers are
/// the same; there are 5 to 120 of them. A whole number stands for all from half below to half above
/// it. What is not finite is left out, and counted at the foot.
///
/// # Errors
/// If there is nothing to draw, or it has no logarithm and needs one.
pub fn histogram(page: &Page, numbers: &Numbers) -> Result<Scene> {
    page.at_least((240.0, 200.0), "240 x 200")?;
    let (width, height) = page.size;
    let sorted = numbers.sorted();
    let missing = numbers.values.len() - sorted.len();
    let note = left_out(missing, &format!("finite {}", numbers.name));
    let mut scene = frame::page(page, LEFT, &cells(sorted.len()), &note);
    let panel = Rect {
        left: LEFT,
        top: ABOVE,
        right: width - EDGE,
        bottom: height - BELOW,
    };
    bars(&mut scene, panel, numbers, &sorted)?;
    Ok(scene)
}

/// A panel with the bars of numbers, of which the finite ones are given sorted.
pub(crate) fn bars(
    scene: &mut Scene,
    panel: Rect,
    numbers: &Numbers,
    sorted: &[f64],
) -> Result<()> {
    numbers.range(|_| true)?;
    let scale = numbers.scale;
    let bins = Bins::new(sorted, scale);
    let ends = (bins.edges[0], bins.edges[bins.counts.len()]);
    let x = Axis::scaled(ends, scale)
        .with_room(0.02, 0.02)
        .laid(panel.left, panel.right);
    let most = bins.counts.iter().copied().fold(0.0, f64::max);
    let y = Axis::new((0.0, most), Scale::Linear)
        .with_room(0.0, 0.1)
        .laid(panel.bottom, panel.top);
    let wide = panel.width() / bins.counts.len() as f64 > 4.0;
    let mut outline = vec![(x.at_scaled(ends.0), panel.bottom)];
    for (edges, &count) in bins.edges.windows(2).zip(&bins.counts) {
        let (left, right, top) = (x.at_scaled(edges[0]), x.at_scaled(edges[1]), y.at(count));
        outline.extend([(left, top), (right, top)]);
        if wide && count > 0.0 {
            let bar = Rect {
                left: left + 0.5,
                top,
                right: right - 0.5,
                bottom: panel.bottom,
            };
            scene.rect(bar, palette(1)[0]);
        }
    }
    if !wide {
        // Seams between narrow bars would be all that is seen.
        outline.push((x.at_scaled(ends.1), panel.bottom));
        scene.area(outline, palette(1)[0], None);
    }
    let median = quantile(sorted, 0.5);
    let at = x.at(median);
    scene.line(
        vec![(at, panel.top + 14.0), (at, panel.bottom)],
        Rgb::BLACK,
        1.2,
    );
    let label = format!("median {}", brief(median));
    let half = text::width(&label, SMALL) / 2.0;
    let middle = at.clamp(panel.left + half + 4.0, panel.right - half);
    scene
        .text((middle, panel.top + 9.0), &label, SMALL, panel.width())
        .middle();
    frame::axes(scene, panel, (&x, &numbers.name), (&y, "cells"));
    Ok(())
}
