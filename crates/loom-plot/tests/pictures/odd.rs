//! What no one would draw, and comes all the same: hostile names, too many categories, values that
//! are missing, alike, or far apart.

use loom_plot::{Categories, Color, Error, Numbers, Page, Scale, histogram, qc, scatter, violin};

use crate::{categories, coordinates, legend_entries, numbers, svg, texts};

#[test]
fn whatever_names_hold_the_picture_is_well_formed() {
    let nasty = [
        "</text><script>alert(1)</script>",
        "\" onload=\"x",
        "a&b<c>'d'",
        "nul\0 esc\u{1b}[2J\u{202e}turned\u{fffe}",
        "",
        "\u{1f9ec}\u{7ec6}\u{80de}",
    ];
    let long = "x".repeat(1_000_000);
    let names = || nasty.iter().copied().chain([long.as_str(), "]]>"]);
    let (x, y) = coordinates(8);
    let page = Page::new(&long);
    for name in names() {
        let by = Categories::new(name, names().map(|n| Some(n.to_owned())), String::clone);
        let values = Numbers::new(name, numbers(8, 4));
        for scene in [
            scatter(&page, &x, &y, &Color::Categories(by.clone())),
            histogram(&page, &values),
            violin(&page, &by, &values),
            qc(&page, &values, &y, Some(by)),
        ] {
            let text = svg(&scene.unwrap());
            assert!(text.len() < 200_000);
            let document = roxmltree::Document::parse(&text).unwrap();
            assert!(
                !document
                    .descendants()
                    .any(|node| node.has_tag_name("script"))
            );
            let odd =
                |node: &roxmltree::Node| node.attributes().any(|a| a.name().starts_with("on"));
            assert!(!document.descendants().any(|node| odd(&node)));
        }
    }
}

#[test]
fn thousands_of_categories_are_a_few_and_more() {
    let (x, y) = coordinates(3_000);
    let by = categories((0..3_000).map(|at| format!("type {}", at / 2)));
    let page = Page::new("t");
    let scene = scatter(&page, &x, &y, &Color::Categories(by.clone())).unwrap();
    let shown = texts(&svg(&scene));
    assert!(shown.contains(&"1452 others".to_owned()), "{shown:?}");
    assert!(shown.len() < 200);
    let mut small = Page::new("t");
    small.size = (400.0, 260.0);
    let shown = texts(&svg(&scatter(
        &small,
        &x,
        &y,
        &Color::Categories(by.clone()),
    )
    .unwrap()));
    let more = shown.iter().find(|text| text.starts_with("and ")).unwrap();
    // What the legend names and what it does not are all there are: the names among the points
    // stand in the middle.
    let entries = legend_entries(&svg(&scatter(
        &small,
        &x,
        &y,
        &Color::Categories(by.clone()),
    )
    .unwrap()));
    assert_eq!(*more, format!("and {} more", 1_500 - entries));
    let values = Numbers::new("z", numbers(3_000, 5));
    let shown = texts(&svg(&violin(&page, &by, &values).unwrap()));
    assert!(
        shown.iter().any(|text| text.ends_with("not shown")),
        "{shown:?}"
    );
    let shown = texts(&svg(&qc(&page, &values, &y, Some(by)).unwrap()));
    let more = shown.iter().find(|text| text.starts_with("and ")).unwrap();
    assert!(
        more.contains(" more: ") && more.ends_with(" cells"),
        "{more}"
    );
}

#[test]
fn cells_without_numbers_are_counted() {
    let x = Numbers::new("x", vec![0.0, f64::NAN, 1.0, f64::INFINITY, 2.0]);
    let y = Numbers::new("y", vec![0.0, 0.0, 1.0, 1.0, 2.0]);
    let color = Color::Numbers {
        numbers: Numbers::new("z", vec![1.0, 2.0, f64::NAN, f64::NEG_INFINITY, 3.0]),
        highest_on_top: false,
    };
    let shown = texts(&svg(&scatter(&Page::new("t"), &x, &y, &color).unwrap()));
    for text in [
        "3 cells",
        "2 cells without finite x and y not shown",
        "no value (2 cells)",
    ] {
        assert!(shown.contains(&text.to_owned()), "{text}: {shown:?}");
    }
}

/// Lines and areas lie between the edges of the page, where its title and its margins are not.
fn stays_on_the_page(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap();
    for shape in document
        .descendants()
        .filter(|node| node.has_tag_name("path"))
    {
        let corners = shape.attribute("d").unwrap();
        for corner in corners
            .split(['M', 'L', 'Z'])
            .filter(|corner| !corner.is_empty())
        {
            let (x, y) = corner.split_once(' ').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            let inside = (50.0..=710.0).contains(&x) && (40.0..=530.0).contains(&y);
            assert!(inside, "{x} {y} in {svg}");
        }
    }
}

#[test]
fn odd_cells_have_pictures() {
    let page = Page::new("t");
    for values in [
        vec![1.0],
        vec![2.5; 100],
        vec![0.0; 100],
        vec![1e-310, 1e-300, 0.0],
        vec![1e15, 1e15 + 0.125],
        vec![-1e290, 1e290],
        vec![0.0, 1e12, 1.0],
        vec![1.0, 2.0, 2.0],
        vec![0.0, 0.0, 1.0],
    ] {
        let some = Numbers::new("v", values.clone());
        let by = categories(values.iter().map(|_| "a"));
        let color = Color::Numbers {
            numbers: some.clone(),
            highest_on_top: true,
        };
        for scene in [
            scatter(&page, &some, &some, &color),
            histogram(&page, &some),
            violin(&page, &by, &some),
            qc(&page, &some, &some, Some(by.clone())),
        ] {
            let text = svg(&scene.unwrap());
            assert!(!text.contains("NaN") && !text.contains("inf"), "{values:?}");
            stays_on_the_page(&text);
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let page = Page::new("t");
    let (x, y) = coordinates(3);
    let none = Numbers::new("v", vec![f64::NAN; 3]);
    let error = scatter(&page, &x, &none, &Color::Plain).unwrap_err();
    assert_eq!(
        error.to_string(),
        "x and v are both finite in none of 3 cells"
    );
    assert_eq!(
        histogram(&page, &none).unwrap_err().to_string(),
        "v is finite in none of 3 cells"
    );
    assert!(matches!(
        histogram(&page, &Numbers::new("v", Vec::new())),
        Err(Error::Nothing(_))
    ));
    let error = scatter(&page, &x, &Numbers::new("v", vec![1.0]), &Color::Plain).unwrap_err();
    assert_eq!(error.to_string(), "v has 1 values for 3 cells");
    let negative = Numbers::new("v", vec![-1.5, 2.0]).scale(Scale::Log1p);
    let error = histogram(&page, &negative).unwrap_err();
    assert_eq!(
        error.to_string(),
        "v has negative values, the lowest -1.5: they have no logarithm"
    );
    let wide = Numbers::new("v", vec![-1e308, 1e308]);
    assert!(matches!(histogram(&page, &wide), Err(Error::Range { .. })));
    let mut small = Page::new("t");
    small.size = (10.0, 500.0);
    assert!(matches!(histogram(&small, &x), Err(Error::Room { .. })));
    let scene = scatter(&page, &x, &y, &Color::Plain).unwrap();
    assert!(matches!(
        scene.png(100.0, Vec::new()),
        Err(Error::Pixels { .. })
    ));
    assert!(matches!(
        scene.png(0.0, Vec::new()),
        Err(Error::Pixels { .. })
    ));
}

#[test]
fn zeros_of_a_violin_are_a_bar_of_their_own() {
    let values: Vec<f64> = (0..100)
        .map(|at| if at < 60 { 0.0 } else { f64::from(at) })
        .collect();
    let by = categories(values.iter().map(|_| "a"));
    let shown = texts(&svg(&violin(
        &Page::new("t"),
        &by,
        &Numbers::new("v", values),
    )
    .unwrap()));
    assert!(
        shown.contains(&"40%".to_owned()) && shown.contains(&"not 0".to_owned()),
        "{shown:?}"
    );
    let values: Vec<f64> = (0..100).map(|at| f64::from(at) - 50.0).collect();
    let shown = texts(&svg(&violin(
        &Page::new("t"),
        &by,
        &Numbers::new("v", values),
    )
    .unwrap()));
    assert!(!shown.contains(&"not 0".to_owned()), "{shown:?}");
}
