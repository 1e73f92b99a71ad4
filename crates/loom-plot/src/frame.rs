//! What stands around the data: title, axes, notes.

use crate::{
    color::Rgb,
    data::Page,
    scale::Axis,
    scene::{Rect, Scene},
};

pub(crate) const TITLE: f64 = 15.0;
pub(crate) const LABEL: f64 = 12.0;
pub(crate) const SMALL: f64 = 10.5;

/// How far marks stick out.
const MARK: f64 = 4.0;
/// Room on the left for marks, numbers and the name of an axis.
pub(crate) const LEFT: f64 = 62.0;
/// Room below.
pub(crate) const BELOW: f64 = 62.0;
/// Room above for the title.
pub(crate) const ABOVE: f64 = 44.0;
/// Room around the page.
pub(crate) const EDGE: f64 = 16.0;

/// A page with its title, and what is said of the data: `aside` beside the title, `note` at the foot.
pub(crate) fn page(page: &Page, left: f64, aside: &str, note: &str) -> Scene {
    let (width, height) = page.size;
    let mut scene = Scene::new(page.size);
    let aside_width = crate::text::width(aside, SMALL);
    let right = width - EDGE;
    let room = right - left - aside_width - 12.0;
    scene.text((left, 27.0), &page.title, TITLE, room);
    scene
        .text((right, 27.0), aside, SMALL, right - left)
        .end()
        .color(Rgb::GREY);
    if !note.is_empty() {
        scene
            .text((right, height - 9.0), note, SMALL - 1.0, width - 2.0 * EDGE)
            .end()
            .color(Rgb::GREY);
    }
    scene
}

/// The axes of a panel along its left and its lower side, with marks, numbers and names.
pub(crate) fn axes(scene: &mut Scene, panel: Rect, x: (&Axis, &str), y: (&Axis, &str)) {
    let (left, right, bottom) = (panel.left, panel.right, panel.bottom);
    for tick in x.0.ticks(64.0) {
        scene.line(
            vec![(tick.at, bottom), (tick.at, bottom + MARK)],
            Rgb::BLACK,
            1.0,
        );
        scene
            .text((tick.at, bottom + MARK + 12.0), &tick.label, SMALL, 80.0)
            .middle();
    }
    let middle = f64::midpoint(left, right);
    scene
        .text((middle, bottom + 37.0), x.1, LABEL, panel.width())
        .middle();
    y_axis(scene, panel, y);
}

/// The lines of both axes; the marks, the numbers and the name of the one on the left.
pub(crate) fn y_axis(scene: &mut Scene, panel: Rect, (y, name): (&Axis, &str)) {
    let left = panel.left;
    let corners = [
        (left, panel.top),
        (left, panel.bottom),
        (panel.right, panel.bottom),
    ];
    scene.line(corners.to_vec(), Rgb::BLACK, 1.0);
    for tick in y.ticks(48.0) {
        scene.line(
            vec![(left - MARK, tick.at), (left, tick.at)],
            Rgb::BLACK,
            1.0,
        );
        scene
            .text((left - MARK - 4.0, tick.at + 3.6), &tick.label, SMALL, 46.0)
            .end();
    }
    let middle = f64::midpoint(panel.top, panel.bottom);
    scene
        .text((left - 46.0, middle), name, LABEL, panel.height())
        .middle()
        .turned(-90.0);
}
