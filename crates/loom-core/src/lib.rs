//! Loom files in pure Rust: what loompy's `LoomConnection` does, with its names.
//!
//! | loompy | here |
//! |---|---|
//! | `loompy.connect(path, "r")` | [`connect`]`(path, Mode::Read)` |
//! | `loompy.connect(path, "r", validate=False)` | [`Connect`]`::new().validate(false).open(path)` |
//! | `ds.shape`, `ds.filename`, `ds.mode` | [`LoomConnection::shape`], [`filename`](LoomConnection::filename), [`mode`](LoomConnection::mode) |
//! | `ds.close()` | `drop(ds)` |
//! | `ds[rows, cols]` | [`LoomConnection::read`] |
//! | `ds.layers[name][rows, cols]` | [`LoomConnection::layer`], then [`Layer::read`] |
//! | `ds.attrs[name]` | [`LoomConnection::attrs`], then [`GlobalAttrs::value`] or [`GlobalAttrs::get`] |
//! | `ds.ra[name]`, `ds.ca[name]` | [`ra`](LoomConnection::ra), [`ca`](LoomConnection::ca), then [`Attrs::get`] |
//! | `ds.ra["A", "B"]` | [`Attrs::stack`] |
//! | `ds.row_graphs[name]`, `ds.col_graphs[name]` | [`row_graphs`](LoomConnection::row_graphs), [`col_graphs`](LoomConnection::col_graphs), then [`Graphs::get`] |
//! | `ds.view[rows, cols]` | [`LoomConnection::view`] |
//! | `ds.scan(axis=1, items=..., key=...)` | [`LoomConnection::scan`] |
//! | `ds.map([f, g], axis=0)` | [`LoomConnection::map`]; [`Layer::stats`] for sums, means and the like |
//! | `ds.sparse(rows, cols, layer)` | [`LoomConnection::sparse`], [`Layer::sparse`] |
//! | `ds.aggregate(None, None, "Clusters", "mean")` | [`LoomConnection::aggregate`] with an [`Aggregate`] |
//! | `ds.aggregate("clusters.loom", ...)` | [`LoomConnection::aggregate_into`] |
//! | `ds.view[rows, cols]`, then `loompy.create(path, ...)` | [`LoomConnection::subset`], [`Subset::write`]; [`Subset::split`] for one file for each value |
//! | `ds.export("file.tab", layer, "tab")` | [`LoomConnection::export`] |
//! | `loompy.combine(files, path, key)`, `loompy.combine_faster(files, path, selections=...)` | [`Combine`] |
//! | `ds._repr_html_()` | [`LoomConnection::to_html`], [`LoomView::to_html`] |
//! | `LoomValidator(version).validate(path, "speconly")` | [`LoomValidator::validate`], [`validate()`] |
//! | `ds.last_modified()` | [`LoomConnection::last_modified`] and those of each manager |
//! | `ds.get_changes_since(t)` | [`LoomConnection::get_changes_since`] |
//!
//! Values in memory are [`ndarray`] arrays: of one type where the call names it, else the
//! [`Array`] that holds any of them. Positions on an axis are a [`Selection`]: ranges, index lists
//! in any order, masks.
//!
//! What is read is never trusted: any file gives values or an [`Error`], within the
//! [`Limits`] of its connection.

mod attrs;
mod axis;
mod connection;
mod coo;
mod edit;
mod error;
mod global_attrs;
mod graphs;
mod html;
mod layers;
mod numeric;
pub mod numpy_text;
mod ops;
pub mod spec;
mod state;
pub mod text;
mod timestamp;
mod validate;
mod view;

pub use h5lite::{self, Array, DType, Element, Limits, Number, Selection};

pub use attrs::Attrs;
pub use axis::Axis;
pub use connection::{Connect, LoomConnection, Mode, connect};
pub use coo::Coo;
pub use edit::{
    AttrsMut, Columns, Create, Fill, GlobalAttrsMut, GraphsMut, LayersMut, Matrix, NewFile,
    Triplets, create, create_from, new,
};
pub use error::{Error, Result};
pub use global_attrs::GlobalAttrs;
pub use graphs::Graphs;
pub use layers::{Layer, Layers};
pub use ops::{
    Aggregate, Batch, Batches, Changes, ColumnFunc, Combine, Combined, Format, Func, GroupBy, Join,
    Part, Scan, Stat, Subset, What,
};
pub use spec::SpecVersion;
pub use validate::{LoomValidator, Report, Strictness, validate};
pub use view::LoomView;
