//! Pictures of single-cell data, from plain numbers and categories, as SVG and PNG.
//!
//! A function makes a [`Scene`] of its data; the scene is written as [SVG](Scene::svg) or drawn as
//! [PNG](Scene::png), which show the same.
//!
//! | picture | call |
//! |---|---|
//! | cells by two numbers, such as an embedding, coloured by a third or by a category | [`scatter()`] |
//! | how often numbers are how large | [`histogram()`] |
//! | numbers, such as the expression of a gene, category by category | [`violin()`] |
//! | what tells good cells from bad: totals, detected genes, cells of each category | [`qc()`] |
//!
//! Names and labels may come from files that nobody has looked at: whatever they are, the picture
//! is well-formed, and they stay in their place.
//!
//! # Examples
//! ```
//! use loom_plot::{Categories, Color, Numbers, Page, scatter};
//!
//! let x = Numbers::new("UMAP 1", vec![0.0, 1.0, 2.0]);
//! let y = Numbers::new("UMAP 2", vec![1.0, 0.0, 1.5]);
//! let types = ["B", "T", "B"].map(Some);
//! let types = Categories::new("CellType", types, |name| (*name).to_owned());
//! let scene = scatter(&Page::new("Three cells"), &x, &y, &Color::Categories(types))?;
//! let mut svg = Vec::new();
//! scene.svg(2.0, &mut svg)?;
//! # Ok::<(), loom_plot::Error>(())
//! ```

mod category;
mod color;
mod data;
mod error;
mod frame;
mod histogram;
mod legend;
mod qc;
mod raster;
mod scale;
mod scatter;
mod scene;
mod summary;
mod svg;
mod text;
mod violin;

pub use category::Categories;
pub use color::{MAX_COLORS, Rgb, palette, viridis};
pub use data::{Color, Numbers, Page};
pub use error::{Error, Result};
pub use histogram::histogram;
pub use qc::qc;
pub use scale::Scale;
pub use scatter::scatter;
pub use scene::{PER_INCH, Scene};
pub use violin::violin;
