//! A picture as a list of what is in it, in units of which [`PER_INCH`] are an inch, y downwards.

use crate::{color::Rgb, text};

/// Units of an inch: CSS pixels.
pub const PER_INCH: f64 = 96.0;

/// A picture, to be written as [SVG](Scene::svg) or drawn as [PNG](Scene::png). Both show the same.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Shape(Shape),
    Text(Text),
    Points(Points),
}

/// A line, or an area.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) corners: Vec<(f64, f64)>,
    /// What the area is filled with; a line is not closed.
    pub(crate) fill: Option<Rgb>,
    /// The line around it, and its width.
    pub(crate) line: Option<(Rgb, f64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Where the base line starts, has its middle, or ends.
    pub(crate) at: (f64, f64),
    /// A [label](text::label).
    pub(crate) text: String,
    pub(crate) size: f64,
    pub(crate) anchor: Anchor,
    /// Degrees clockwise around `at`.
    pub(crate) turned: f64,
    pub(crate) color: Rgb,
    /// With a white rim, to be read on top of anything.
    pub(crate) rim: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Discs, which are drawn in their order, within a panel.
#[derive(Clone, Debug)]
pub(crate) struct Points {
    pub(crate) panel: Rect,
    pub(crate) points: Vec<Point>,
    pub(crate) radius: f64,
    pub(crate) opacity: f64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) color: Rgb,
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rect {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

impl Scene {
    pub(crate) fn new((width, height): (f64, f64)) -> Self {
        Self {
            width,
            height,
            items: Vec::new(),
        }
    }

    pub(crate) fn line(&mut self, corners: Vec<(f64, f64)>, color: Rgb, width: f64) {
        self.items.push(Item::Shape(Shape {
            corners,
            fill: None,
            line: Some((color, width)),
        }));
    }

    pub(crate) fn area(&mut self, corners: Vec<(f64, f64)>, fill: Rgb, line: Option<(Rgb, f64)>) {
        self.items.push(Item::Shape(Shape {
            corners,
            fill: Some(fill),
            line,
        }));
    }

    pub(crate) fn rect(&mut self, rect: Rect, fill: Rgb) {
        let Rect {
            left,
            top,
            right,
            bottom,
        } = rect;
        let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
        self.area(corners, fill, None);
    }

    /// A disc that is no point of the data.
    pub(crate) fn disc(&mut self, (x, y): (f64, f64), radius: f64, fill: Rgb) {
        let corner = |n: i32| {
            let angle = f64::from(n) * std::f64::consts::PI / 12.0;
            (x + radius * angle.cos(), y + radius * angle.sin())
        };
        self.area((0..24).map(corner).collect(), fill, None);
    }

    /// Text that may come from a file, cut where it is wider than `most`. More of it can be set on
    /// what comes back.
    pub(crate) fn text(&mut self, at: (f64, f64), text: &str, size: f64, most: f64) -> &mut Text {
        self.items.push(Item::Text(Text {
            at,
            text: text::fit(text, size, most),
            size,
            anchor: Anchor::Start,
            turned: 0.0,
            color: Rgb::BLACK,
            rim: false,
        }));
        match self.items.last_mut() {
            Some(Item::Text(text)) => text,
            _ => unreachable!("it was pushed just now"),
        }
    }
}

impl Text {
    pub(crate) fn middle(&mut self) -> &mut Self {
        self.anchor = Anchor::Middle;
        self
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        self.anchor = Anchor::End;
        self
    }

    pub(crate) fn turned(&mut self, degrees: f64) -> &mut Self {
        self.turned = degrees;
        self
    }

    pub(crate) fn color(&mut self, color: Rgb) -> &mut Self {
        self.color = color;
        self
    }

    pub(crate) fn rim(&mut self) -> &mut Self {
        self.rim = true;
        self
    }
}
