//! A scene as pixels, and as PNG.

use std::io::Write;

use png::{BitDepth, ColorType, Compression, Encoder, PixelDimensions, Unit};
use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use crate::{
    Error, Result,
    color::{Rgb, byte},
    scene::{Anchor, Item, PER_INCH, Points, Rect, Scene, Shape, Text},
    text::{self, narrow},
};

/// How wide the white rim around letters is, as a share of their size.
pub(crate) const RIM: f64 = 0.3;

/// Pixels a picture may have.
const MAX_PIXELS: f64 = 50e6;

impl Scene {
    /// The picture as PNG with `scale` pixels for each unit, of which [`PER_INCH`] are an inch.
    ///
    /// # Errors
    /// [`Error::Pixels`] for more than 50 million pixels, or none; [`Error::Output`] where `out`
    /// cannot be written.
    pub fn png(&self, scale: f64, out: impl Write) -> Result<()> {
        let mut pixels = pixels(self.width, self.height, scale)?;
        for item in &self.items {
            match item {
                Item::Shape(shape) => draw_shape(&mut pixels, shape, scale),
                Item::Text(text) => draw_text(&mut pixels, text, scale),
                Item::Points(points) => draw_points(&mut pixels, points, (0.0, 0.0), scale),
            }
        }
        encode(&pixels, scale, out)
    }
}

impl Points {
    /// The points alone, on white, as PNG as large as the panel.
    pub(crate) fn png(&self, scale: f64) -> Result<Vec<u8>> {
        let Rect { left, top, .. } = self.panel;
        let mut pixels = pixels(self.panel.width(), self.panel.height(), scale)?;
        draw_points(&mut pixels, self, (left, top), scale);
        let mut png = Vec::new();
        encode(&pixels, scale, &mut png)?;
        Ok(png)
    }
}

/// White pixels.
fn pixels(width: f64, height: f64, scale: f64) -> Result<Pixmap> {
    let (wide, high) = ((width * scale).round(), (height * scale).round());
    let refused = || Error::Pixels { wide, high };
    let affordable = (wide * high <= MAX_PIXELS).then(|| (whole(wide), whole(high)));
    let pixels = affordable.and_then(|(wide, high)| Pixmap::new(wide, high));
    let mut pixels = pixels.ok_or_else(refused)?;
    pixels.fill(tiny_skia::Color::WHITE);
    Ok(pixels)
}

/// A number of pixels, 0 where it is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures have less than 2^32 pixels"
)]
fn whole(value: f64) -> u32 {
    value.max(0.0) as u32
}

fn paint(Rgb(r, g, b): Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, 255);
    paint
}

fn stroke(width: f64) -> Stroke {
    Stroke {
        width: narrow(width),
        line_cap: LineCap::Butt,
        line_join: LineJoin::Round,
        ..Stroke::default()
    }
}

fn draw_shape(pixels: &mut Pixmap, shape: &Shape, scale: f64) {
    let Some(path) = outline(shape) else { return };
    let transform = Transform::from_scale(narrow(scale), narrow(scale));
    if let Some(color) = shape.fill {
        pixels.fill_path(&path, &paint(color), FillRule::Winding, transform, None);
    }
    if let Some((color, width)) = shape.line {
        pixels.stroke_path(&path, &paint(color), &stroke(width), transform, None);
    }
}

fn outline(shape: &Shape) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (at, &(x, y)) in shape.corners.iter().enumerate() {
        match at {
            0 => path.move_to(narrow(x), narrow(y)),
            _ => path.line_to(narrow(x), narrow(y)),
        }
    }
    if shape.fill.is_some() {
        path.close();
    }
    path.finish()
}

fn draw_text(pixels: &mut Pixmap, text: &Text, scale: f64) {
    let Some(path) = text::outline(&text.text, text.size) else {
        return;
    };
    let width = text::width(&text.text, text.size);
    let back = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => width / 2.0,
        Anchor::End => width,
    };
    let transform = Transform::from_translate(narrow(-back), 0.0)
        .post_rotate(narrow(text.turned))
        .post_translate(narrow(text.at.0), narrow(text.at.1))
        .post_scale(narrow(scale), narrow(scale));
    if text.rim {
        let rim = stroke(text.size * RIM);
        pixels.stroke_path(&path, &paint(Rgb::WHITE), &rim, transform, None);
    }
    pixels.fill_path(
        &path,
        &paint(text.color),
        FillRule::Winding,
        transform,
        None,
    );
}

/// Draws discs on opaque pixels whose upper left corner is at `origin`. A pixel is covered as far
/// as its middle lies inside of the rim, give or take half a pixel.
fn draw_points(pixels: &mut Pixmap, points: &Points, origin: (f64, f64), scale: f64) {
    let radius = (points.radius * scale).max(0.5);
    let reach = radius + 0.5;
    let edge = |at: f64, origin: f64, most: u32| {
        let at = ((at - origin) * scale).round();
        whole(at).min(most)
    };
    let (wide, high) = (pixels.width(), pixels.height());
    let panel = points.panel;
    let columns = edge(panel.left, origin.0, wide)..edge(panel.right, origin.0, wide);
    let rows = edge(panel.top, origin.1, high)..edge(panel.bottom, origin.1, high);
    let row_bytes = wide as usize * 4;
    let data = pixels.data_mut();
    for point in &points.points {
        let x = (f64::from(point.x) - origin.0) * scale;
        let y = (f64::from(point.y) - origin.1) * scale;
        let near = |middle: f64, range: &std::ops::Range<u32>| {
            let first = whole(middle - reach).clamp(range.start, range.end);
            let last = whole(middle + reach + 1.0).clamp(range.start, range.end);
            first..last
        };
        let Rgb(r, g, b) = point.color;
        for row in near(y, &rows) {
            for column in near(x, &columns) {
                let (dx, dy) = (f64::from(column) + 0.5 - x, f64::from(row) + 0.5 - y);
                let covered = (reach - dx.hypot(dy)).clamp(0.0, 1.0) * points.opacity;
                if covered > 0.0 {
                    let start = row as usize * row_bytes + column as usize * 4;
                    let pixel = data.get_mut(start..start + 3).unwrap_or_default();
                    for (channel, color) in pixel.iter_mut().zip([r, g, b]) {
                        let there = f64::from(*channel);
                        *channel = byte(there + (f64::from(color) - there) * covered);
                    }
                }
            }
        }
    }
}

/// Opaque pixels as PNG, which says how large they are.
fn encode(pixels: &Pixmap, scale: f64, out: impl Write) -> Result<()> {
    let written = || -> Result<(), png::EncodingError> {
        let mut encoder = Encoder::new(out, pixels.width(), pixels.height());
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::High);
        let per_meter = whole((PER_INCH * scale / 0.0254).round());
        encoder.set_pixel_dims(Some(PixelDimensions {
            xppu: per_meter,
            yppu: per_meter,
            unit: Unit::Meter,
        }));
        let mut writer = encoder.write_header()?;
        let colors = pixels.data().chunks_exact(4);
        let rgb: Vec<u8> = colors
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        writer.write_image_data(&rgb)?;
        writer.finish()
    };
    written().map_err(|error| match error {
        png::EncodingError::IoError(error) => Error::Output(error),
        other => Error::Output(std::io::Error::other(other)),
    })
}
