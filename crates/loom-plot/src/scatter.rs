//! Cells by two numbers, such as an embedding.

use crate::{
    Error, Result,
    category::Categories,
    color::{Rgb, viridis},
    data::{Color, Numbers, Page, cells, left_out},
    frame::{self, ABOVE, BELOW, EDGE, LEFT, SMALL},
    legend::Legend,
    scale::Axis,
    scene::{Item, Point, Points, Rect, Scene},
    text::{self, narrow},
};

/// More categories than this are named among the points too: colours alone no longer tell.
const TELLING_COLORS: usize = 8;

/// The two axes have one scale where one is at most so many times as long as the other: distances
/// mean something in an embedding, and both its axes are about as long.
const ALIKE: f64 = 3.0;

/// A picture with a disc for each cell, at the place that two numbers give it.
///
/// Size and opacity of the discs follow from how many there are. The axes have one scale where
/// their lengths are within a factor of three. Names of more than eight categories also stand
/// where most of their cells are. Cells without finite numbers are left out, and counted at the
/// foot.
///
/// # Errors
/// If there is nothing to draw, or what belongs together is not equally long.
pub fn scatter(page: &Page, x: &Numbers, y: &Numbers, color: &Color) -> Result<Scene> {
    page.at_least((300.0, 200.0), "300 x 200")?;
    let count = x.values.len();
    y.check(count)?;
    color.check(count)?;
    let placed = |at: usize| x.values[at].is_finite() && y.values[at].is_finite();
    let shown = (0..count).filter(|&at| placed(at)).count();
    if shown == 0 {
        let (x, y, cells) = (&x.name, &y.name, cells(count));
        return Err(Error::Nothing(format!(
            "{x} and {y} are both finite in none of {cells}"
        )));
    }
    let (width, height) = page.size;
    let legend = Legend::new(color, height - ABOVE - EDGE)?;
    let right = width - EDGE - legend.width();
    let panel = Rect {
        left: LEFT,
        top: ABOVE,
        right: right.max(LEFT + 100.0),
        bottom: height - BELOW,
    };
    let (x_axis, y_axis) = (x.axis(placed)?, y.axis(placed)?);
    let (x_axis, y_axis) = laid(x_axis, y_axis, panel);

    let note = left_out(count - shown, &format!("finite {} and {}", x.name, y.name));
    let mut scene = frame::page(page, LEFT, &cells(shown), &note);
    discs(&mut scene, panel, (x, &x_axis), (y, &y_axis), color)?;
    frame::axes(&mut scene, panel, (&x_axis, &x.name), (&y_axis, &y.name));
    let beside = Rect {
        left: panel.right + 18.0,
        top: ABOVE,
        right: width - EDGE,
        bottom: height - EDGE,
    };
    legend.draw(&mut scene, beside);
    Ok(scene)
}

/// The discs of a panel, and the names of what their colours tell no longer.
pub(crate) fn discs(
    scene: &mut Scene,
    panel: Rect,
    (x, x_axis): (&Numbers, &Axis),
    (y, y_axis): (&Numbers, &Axis),
    color: &Color,
) -> Result<()> {
    let colors = Colors::new(color)?;
    let mut points = Vec::with_capacity(x.values.len());
    for at in order(color, x.values.len()) {
        let (x, y) = (x.values[at as usize], y.values[at as usize]);
        if x.is_finite() && y.is_finite() {
            points.push(Point {
                x: narrow(x_axis.at(x)),
                y: narrow(y_axis.at(y)),
                color: colors.of(at as usize),
            });
        }
    }
    let (radius, opacity) = size(points.len(), panel);
    scene.items.push(Item::Points(Points {
        panel,
        points,
        radius,
        opacity,
    }));
    let places = places(color, x, y, (x_axis, y_axis));
    draw_names(scene, panel, names(color, &places));
    Ok(())
}

/// The axes laid along the panel, with one scale where their lengths are alike.
fn laid(x: Axis, y: Axis, panel: Rect) -> (Axis, Axis) {
    const ROOM: f64 = 0.04;
    let lay = |x: Axis, y: Axis| {
        (
            x.laid(panel.left, panel.right),
            y.laid(panel.bottom, panel.top),
        )
    };
    let (x, y) = (x.with_room(ROOM, ROOM), y.with_room(ROOM, ROOM));
    let ratio = x.span() / y.span();
    if !(1.0 / ALIKE..=ALIKE).contains(&ratio) {
        return lay(x, y);
    }
    let (wide, high) = (x.span() / panel.width(), y.span() / panel.height());
    match wide < high {
        true => {
            let more = (high / wide - 1.0) / 2.0;
            lay(x.with_room(more, more), y)
        }
        false => {
            let more = (wide / high - 1.0) / 2.0;
            lay(x, y.with_room(more, more))
        }
    }
}

/// How large and how opaque discs are, of which there are so many.
fn size(count: usize, panel: Rect) -> (f64, f64) {
    let count = count as f64;
    let area = panel.width() * panel.height() / count;
    let radius = (0.28 * area.sqrt()).clamp(0.6, 4.5);
    let opacity = (1.0 - 0.16 * (count / 1000.0).log10()).clamp(0.35, 0.9);
    (radius, opacity)
}

/// The colour of each cell.
struct Colors<'a> {
    color: &'a Color,
    axis: Option<Axis>,
}

impl<'a> Colors<'a> {
    fn new(color: &'a Color) -> Result<Self> {
        let axis = match color {
            Color::Numbers { numbers, .. } => Some(numbers.axis(|_| true)?),
            _ => None,
        };
        Ok(Self { color, axis })
    }

    fn of(&self, cell: usize) -> Rgb {
        match (self.color, &self.axis) {
            (Color::Categories(categories), _) => categories.color(categories.of[cell]),
            (Color::Numbers { numbers, .. }, Some(axis)) => match numbers.values[cell] {
                value if value.is_finite() => viridis(axis.at(value)),
                _ => Rgb::MISSING,
            },
            _ => viridis(0.3),
        }
    }
}

/// The order in which cells are drawn: those without a colour, then the others in a random order,
/// the same every time, or from the lowest to the highest.
fn order(color: &Color, count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
    shuffle(&mut order);
    match color {
        Color::Plain => {}
        Color::Categories(categories) => {
            // False comes first.
            let grey = |cell: &u32| categories.color(categories.of[*cell as usize]) != Rgb::MISSING;
            order.sort_by_key(grey);
        }
        Color::Numbers {
            numbers,
            highest_on_top,
        } => {
            let value = |cell: &u32| numbers.values[*cell as usize];
            match highest_on_top {
                true => order.sort_by(|a, b| {
                    let (a, b) = (value(a), value(b));
                    let finite = a.is_finite().cmp(&b.is_finite());
                    finite.then(a.total_cmp(&b))
                }),
                false => order.sort_by_key(|cell| value(cell).is_finite()),
            }
        }
    }
    order
}

/// Fisher and Yates' shuffle with Steele, Lea and Flood's `SplitMix64`, always from the same seed.
fn shuffle(order: &mut [u32]) {
    let mut state = 0_u64;
    for last in (1..order.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let other = bits % (last as u64 + 1);
        order.swap(last, usize::try_from(other).unwrap_or(last));
    }
}

/// The places of the cells of each group, where groups are to be named among the points.
fn places(color: &Color, x: &Numbers, y: &Numbers, axes: (&Axis, &Axis)) -> Vec<[Vec<f64>; 2]> {
    let Color::Categories(categories) = color else {
        return Vec::new();
    };
    let named = categories.groups.len() - usize::from(categories.others > 0);
    if named <= TELLING_COLORS {
        return Vec::new();
    }
    let mut places = vec![[Vec::new(), Vec::new()]; named];
    for (at, &group) in categories.of.iter().enumerate() {
        let (x, y) = (x.values[at], y.values[at]);
        if let Some([xs, ys]) = places.get_mut(group as usize)
            && x.is_finite()
            && y.is_finite()
        {
            xs.push(axes.0.at(x));
            ys.push(axes.1.at(y));
        }
    }
    places
}

/// The names of groups, each with the middle of its cells, those of large groups first.
fn names<'a>(color: &'a Color, places: &[[Vec<f64>; 2]]) -> Vec<(&'a str, (f64, f64))> {
    let Color::Categories(Categories { groups, .. }) = color else {
        return Vec::new();
    };
    let median = |values: &Vec<f64>| {
        let mut values = values.clone();
        let middle = values.len() / 2;
        let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
        *median
    };
    let mut named: Vec<_> = (groups.iter().zip(places))
        .filter(|(_, [xs, _])| !xs.is_empty())
        .collect();
    named.sort_by_key(|(group, _)| std::cmp::Reverse(group.count));
    let named = named.into_iter();
    named
        .map(|(group, [xs, ys])| (group.label.as_str(), (median(xs), median(ys))))
        .collect()
}

/// Draws names, without those that would lie over another.
fn draw_names(scene: &mut Scene, panel: Rect, names: Vec<(&str, (f64, f64))>) {
    let mut taken: Vec<Rect> = Vec::new();
    for (name, (x, y)) in names {
        let name = text::fit(name, SMALL, 110.0);
        let half = text::width(&name, SMALL) / 2.0;
        let x = x.clamp(
            panel.left + half,
            (panel.right - half).max(panel.left + half),
        );
        let rect = Rect {
            left: x - half - 2.0,
            top: y - 7.0,
            right: x + half + 2.0,
            bottom: y + 7.0,
        };
        let over = |other: &Rect| {
            let beside = rect.right < other.left || other.right < rect.left;
            !(beside || rect.bottom < other.top || other.bottom < rect.top)
        };
        if !taken.iter().any(over) {
            scene
                .text((x, y + 3.8), &name, SMALL, f64::INFINITY)
                .middle()
                .rim();
            taken.push(rect);
        }
    }
}
