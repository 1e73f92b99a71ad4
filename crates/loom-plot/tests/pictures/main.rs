//! Pictures as those see them who look at them: SVG through an XML parser, PNG through a decoder.

mod odd;

use std::io::Cursor;

use loom_plot::{Categories, Color, Numbers, Page, Rgb, Scene, palette, scatter, viridis};

fn svg(scene: &Scene) -> String {
    let mut svg = Vec::new();
    scene.svg(1.0, &mut svg).unwrap();
    String::from_utf8(svg).unwrap()
}

/// The texts of a picture.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}

/// How many categories the legend names: the names among the points have a rim.
fn legend_entries(svg: &str) -> usize {
    let document = roxmltree::Document::parse(svg).unwrap();
    let named = document.descendants().filter(|node| {
        let name = node.text().unwrap_or_default();
        node.has_tag_name("text") && name.starts_with("type ") && !node.has_attribute("stroke")
    });
    named.count()
}

/// A decoded picture.
struct Pixels {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    per_meter: u32,
}

impl Pixels {
    fn of(png: &[u8]) -> Self {
        let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(frame.color_type, png::ColorType::Rgb);
        Self {
            width: frame.width as usize,
            height: frame.height as usize,
            rgb,
            per_meter: reader.info().pixel_dims.unwrap().xppu,
        }
    }

    fn of_scene(scene: &Scene, scale: f64) -> Self {
        let mut png = Vec::new();
        scene.png(scale, &mut png).unwrap();
        Self::of(&png)
    }

    fn at(&self, x: usize, y: usize) -> Rgb {
        let at = (y * self.width + x) * 3;
        Rgb(self.rgb[at], self.rgb[at + 1], self.rgb[at + 2])
    }

    /// How many pixels have a colour, but for what opacity takes off it.
    fn near(&self, Rgb(r, g, b): Rgb, off: u8) -> usize {
        let near = |pixel: &&[u8]| {
            let differences = pixel.iter().zip([r, g, b]).map(|(a, b)| a.abs_diff(b));
            differences.max() <= Some(off)
        };
        self.rgb.chunks_exact(3).filter(near).count()
    }
}

/// Pseudo-random numbers between 0 and 1, always the same.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

fn coordinates(count: usize) -> (Numbers, Numbers) {
    (
        Numbers::new("x", numbers(count, 1)),
        Numbers::new("y", numbers(count, 2)),
    )
}

fn categories(labels: impl IntoIterator<Item = impl Into<String>>) -> Categories {
    let labels = labels.into_iter().map(|label| Some(label.into()));
    Categories::new("type", labels, String::clone)
}

#[test]
fn a_cell_is_where_and_what_it_is() {
    let x = Numbers::new("x", vec![0.0, 10.0, 10.0, 0.0]);
    let y = Numbers::new("y", vec![0.0, 0.0, 10.0, 10.0]);
    let color = Color::Categories(categories(["a", "b", "c", "d"]));
    let scene = scatter(&Page::new("t"), &x, &y, &color).unwrap();
    let text = svg(&scene);
    let document = roxmltree::Document::parse(&text).unwrap();
    let circles: Vec<_> = (document.descendants())
        .filter(|node| node.has_tag_name("circle"))
        .collect();
    assert_eq!(circles.len(), 4);
    let pixels = Pixels::of_scene(&scene, 2.0);
    assert_eq!((pixels.width, pixels.height), (1440, 1080));
    assert_eq!(pixels.per_meter, 7559, "192 dots an inch");
    let (mut left, mut top) = (Vec::new(), Vec::new());
    for circle in circles {
        let number = |name| circle.attribute(name).unwrap().parse::<f64>().unwrap();
        let (x, y) = (number("cx"), number("cy"));
        // The same colour at the same place, but for the opacity of 0.9 on white.
        let fill = circle.attribute("fill").unwrap();
        let place = palette(4)
            .iter()
            .position(|Rgb(r, g, b)| fill == format!("#{r:02x}{g:02x}{b:02x}"));
        let Rgb(r, g, b) = palette(4)[place.unwrap()];
        let faded = |channel: u8| (f64::from(channel) * 0.9 + 25.5).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "pixels"
        )]
        let pixel = |at: f64| (at * 2.0) as usize;
        let seen = pixels.at(pixel(x), pixel(y));
        let expected = [r, g, b].map(faded);
        let off = [seen.0, seen.1, seen.2].map(f64::from);
        let off = off.iter().zip(expected).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f64::max) <= 1.0, "{seen:?} {expected:?}");
        match place.unwrap() {
            0 => left.push((x, y)),
            2 => top.push((x, y)),
            _ => {}
        }
    }
    // The first is lower and further left than the third, equally far in both directions.
    let ((x0, y0), (x2, y2)) = (left[0], top[0]);
    assert!(x2 > x0 && y2 < y0);
    assert!(
        ((x2 - x0) - (y0 - y2)).abs() < 0.05,
        "one scale on both axes"
    );
}

#[test]
fn many_cells_are_pixels_in_a_small_file() {
    let (x, y) = coordinates(200_000);
    let scene = scatter(&Page::new("t"), &x, &y, &Color::Plain).unwrap();
    let pixels = image(&svg(&scene));
    assert!(pixels.width > 400 && pixels.height > 400);
    assert!(
        pixels.near(Rgb::WHITE, 0) < pixels.rgb.len() / 6,
        "half of it is covered"
    );
}

#[test]
fn the_highest_may_lie_on_top() {
    // 25 cells on each of 400 places.
    let place = |every: usize| (0..10_000).map(|at| (at / every % 20) as f64).collect();
    let (x, y) = (Numbers::new("x", place(1)), Numbers::new("y", place(20)));
    let yellow = |highest_on_top| {
        let numbers = Numbers::new("z", numbers(10_000, 3));
        let color = Color::Numbers {
            numbers,
            highest_on_top,
        };
        let scene = scatter(&Page::new("t"), &x, &y, &color).unwrap();
        image(&svg(&scene)).near(viridis(1.0), 80)
    };
    let (sorted, mixed) = (yellow(true), yellow(false));
    assert!(sorted > 2 * mixed, "{sorted} {mixed}");
}

/// The image of a picture whose points are pixels.
fn image(text: &str) -> Pixels {
    assert!(text.len() < 1_500_000, "{}", text.len());
    let document = roxmltree::Document::parse(text).unwrap();
    assert!(
        !document
            .descendants()
            .any(|node| node.has_tag_name("circle"))
    );
    let image = document
        .descendants()
        .find(|node| node.has_tag_name("image"));
    let link = image
        .unwrap()
        .attribute(("http://www.w3.org/1999/xlink", "href"))
        .unwrap();
    let data = link.strip_prefix("data:image/png;base64,").unwrap();
    let png = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, data).unwrap();
    Pixels::of(&png)
}

#[test]
fn no_category_hides_another() {
    // Two categories on the same places, one behind the other in the file.
    let (x, y) = coordinates(10_000);
    let types = (0..10_000).map(|at| if at < 5_000 { "a" } else { "b" });
    let color = Color::Categories(categories(types));
    let pixels = Pixels::of_scene(&scatter(&Page::new("t"), &x, &y, &color).unwrap(), 1.0);
    let [a, b] = [0, 1].map(|at| pixels.near(palette(2)[at], 60) as f64);
    assert!((0.8..1.25).contains(&(a / b)), "{a} {b}");
}
