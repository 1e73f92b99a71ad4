//! A scene as SVG 1.1.

use std::io::{self, Write};

use base64::{display::Base64Display, prelude::BASE64_STANDARD};

use crate::{
    Error, Result,
    color::Rgb,
    raster::RIM,
    scene::{Anchor, Item, Points, Rect, Scene, Shape, Text},
    text,
};

/// More points than this become pixels.
const VECTOR_POINTS: usize = 5_000;

/// Fonts with the widths that pictures are laid out for, then whatever there is.
const FONTS: &str = "Arial, Helvetica, Arimo, 'Liberation Sans', sans-serif";

impl Scene {
    /// The picture as SVG. More than 5,000 points are an image in it with `scale` pixels for each
    /// unit, under text and lines that stay what they are.
    ///
    /// # Errors
    /// [`Error::Pixels`] for an image of more than 50 million pixels; [`Error::Output`] where `out`
    /// cannot be written.
    pub fn svg(&self, scale: f64, mut out: impl Write) -> Result<()> {
        let images = self.items.iter().map(|item| match item {
            Item::Points(points) if points.points.len() > VECTOR_POINTS => {
                points.png(scale).map(Some)
            }
            _ => Ok(None),
        });
        let images = images.collect::<Result<Vec<_>>>()?;
        self.write(&images, &mut out).map_err(Error::Output)
    }

    fn write(&self, images: &[Option<Vec<u8>>], out: &mut impl Write) -> io::Result<()> {
        let (width, height) = (short(self.width), short(self.height));
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \
             xmlns:xlink=\"http://www.w3.org/1999/xlink\" version=\"1.1\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\">"
        )?;
        writeln!(
            out,
            "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"
        )?;
        for (item, image) in self.items.iter().zip(images) {
            match (item, image) {
                (Item::Shape(shape), _) => write_shape(shape, out)?,
                (Item::Text(text), _) => write_text(text, out)?,
                (Item::Points(points), Some(image)) => write_image(points.panel, image, out)?,
                (Item::Points(points), None) => write_points(points, out)?,
            }
        }
        writeln!(out, "</svg>")
    }
}

/// A number with at most two decimals.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

fn hex(Rgb(r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text as it stands between tags and in quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text::label(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn write_shape(shape: &Shape, out: &mut impl Write) -> io::Result<()> {
    write!(out, "<path d=\"")?;
    for (at, &(x, y)) in shape.corners.iter().enumerate() {
        let step = if at == 0 { 'M' } else { 'L' };
        write!(out, "{step}{} {}", short(x), short(y))?;
    }
    match shape.fill {
        Some(color) => write!(out, "Z\" fill=\"{}\"", hex(color))?,
        None => write!(out, "\" fill=\"none\"")?,
    }
    if let Some((color, width)) = shape.line {
        let (color, width) = (hex(color), short(width));
        write!(
            out,
            " stroke=\"{color}\" stroke-width=\"{width}\" stroke-linejoin=\"round\""
        )?;
    }
    writeln!(out, "/>")
}

fn write_text(text: &Text, out: &mut impl Write) -> io::Result<()> {
    let (x, y) = (short(text.at.0), short(text.at.1));
    let (size, color) = (short(text.size), hex(text.color));
    write!(
        out,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{color}\""
    )?;
    match text.anchor {
        Anchor::Start => {}
        Anchor::Middle => write!(out, " text-anchor=\"middle\"")?,
        Anchor::End => write!(out, " text-anchor=\"end\"")?,
    }
    if text.turned != 0.0 {
        write!(out, " transform=\"rotate({} {x} {y})\"", short(text.turned))?;
    }
    if text.rim {
        let width = short(text.size * RIM);
        write!(
            out,
            " paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"{width}\" \
             stroke-linejoin=\"round\""
        )?;
    }
    writeln!(out, ">{}</text>", escape(&text.text))
}

fn write_points(points: &Points, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<g fill-opacity=\"{}\">", short(points.opacity))?;
    let radius = short(points.radius);
    for point in &points.points {
        let (x, y) = (short(f64::from(point.x)), short(f64::from(point.y)));
        let color = hex(point.color);
        writeln!(
            out,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{color}\"/>"
        )?;
    }
    writeln!(out, "</g>")
}

fn write_image(panel: Rect, png: &[u8], out: &mut impl Write) -> io::Result<()> {
    let (x, y) = (short(panel.left), short(panel.top));
    let (width, height) = (short(panel.width()), short(panel.height()));
    writeln!(
        out,
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
         preserveAspectRatio=\"none\" xlink:href=\"data:image/png;base64,{}\"/>",
        Base64Display::new(png, &BASE64_STANDARD)
    )
}
