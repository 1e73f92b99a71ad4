//! Loom files in pure Rust: what loompy's `LoomConnection` does, with its names.
//!
//! | loompy | here |
//! |---|---|
//! | `loompy.connect(path, "r")` | [`connect`]`(path, Mode::Read)` |
//! | `loompy.connect(path, "r+")` | [`connect`]`(path, Mode::ReadWrite)` |
//! | `loompy.connect(path, "r", validate=False)` | [`Connect`]`::new().validate(false).open(path)` |
//! | `ds.shape`, `ds.filename`, `ds.mode` | [`LoomConnection::shape`], [`filename`](LoomConnection::filename), [`mode`](LoomConnection::mode) |
//! | `ds.close()` | [`LoomConnection::close`], or dropping it |
//! | `loompy.new(path)` | [`new()`] |
//! | `loompy.create(path, layers, row_attrs, col_attrs)` | [`create`]; [`create_from`] and [`Create`] for what is larger than memory |
//! | `ds[rows, cols]` | [`LoomConnection::read`] |
//! | `ds.layers[name][rows, cols]` | [`LoomConnection::layer`], then [`Layer::read`] |
//! | `ds.attrs[name]` | [`LoomConnection::attrs`], then [`GlobalAttrs::value`] or [`GlobalAttrs::get`] |
//! | `ds.ra[name]`, `ds.ca[name]` | [`ra`](LoomConnection::ra), [`ca`](LoomConnection::ca), then [`Attrs::get`] |
//! | `ds.ra["A", "B"]` | [`Attrs::stack`] |
//! | `ds[rows, cols] = block`, `ds.layers[name][rows, cols] = block` | [`LoomConnection::write`], [`LayersMut::write`] |
//! | `ds.layers[name] = matrix`, a sparse matrix, or `"float32"` | [`layers_mut`](LoomConnection::layers_mut), then [`LayersMut::insert`] with a [`Matrix`] |
//! | `del ds.layers[name]` | [`LayersMut::remove`]; [`LayersMut::rename`] |
//! | `ds.attrs[name] = value` | [`attrs_mut`](LoomConnection::attrs_mut), then [`GlobalAttrsMut::insert`], [`remove`](GlobalAttrsMut::remove), [`rename`](GlobalAttrsMut::rename) |
//! | `ds.ra[name] = values`, `del ds.ca[name]` | [`ra_mut`](LoomConnection::ra_mut), [`ca_mut`](LoomConnection::ca_mut), then [`AttrsMut::insert`], [`remove`](AttrsMut::remove), [`rename`](AttrsMut::rename) |
//! | `ds.col_graphs[name] = graph` | [`row_graphs_mut`](LoomConnection::row_graphs_mut), [`col_graphs_mut`](LoomConnection::col_graphs_mut), then [`GraphsMut::insert`], [`remove`](GraphsMut::remove), [`rename`](GraphsMut::rename) |
//! | `ds.add_columns(layers, col_attrs, row_attrs=..., fill_values=...)` | [`LoomConnection::add_columns`] with a [`Fill`] |
//! | `ds.permute(ordering, axis)` | [`LoomConnection::permute`] |
//! | several calls, of which an interruption leaves some | [`LoomConnection::atomically`] |
//! | `ds.row_graphs[name]`, `ds.col_graphs[name]` | [`row_graphs`](LoomConnection::row_graphs), [`col_graphs`](LoomConnection::col_graphs), then [`Graphs::get`] |
//! | `ds.view[rows, cols]` | [`LoomConnection::view`] |
//! | `ds.scan(axis=1, items=..., key=...)` | [`LoomConnection::scan`]; [`Scan::each`] reads ahead |
//! | `ds.map([f, g], axis=0)` | [`LoomConnection::map`]; [`Layer::stats`] for sums, means and the like |
//! | `ds.sparse(rows, cols, layer)` | [`LoomConnection::sparse`], [`Layer::sparse`] |
//! | `ds.aggregate(None, None, "Clusters", "mean")` | [`LoomConnection::aggregate`] with an [`Aggregate`] |
//! | `ds.aggregate("clusters.loom", ...)` | [`LoomConnection::aggregate_into`] |
//! | `ds.view[rows, cols]`, then `loompy.create(path, ...)` | [`LoomConnection::subset`], [`Subset::write`]; [`Subset::split`] for one file for each value |
//! | `ds.export("file.tab", layer, "tab")` | [`LoomConnection::export`] |
//! | `ds.add_loom("other.loom", key, fill_values, convert_attrs=...)` | [`LoomConnection::add_loom`] with an [`AddLoom`] |
//! | `loompy.combine(files, path, key)`, `loompy.combine_faster(files, path, selections=...)` | [`Combine`] |
//! | `loompy.create_from_cellranger(...)`, `create_from_star`, `create_from_tsv`, `create_from_matrix_market` | the crate `loom-convert`, which is above this one: `cellranger`, `star`, `text` |
//! | `ds._repr_html_()` | [`LoomConnection::to_html`], [`LoomView::to_html`] |
//! | `LoomValidator(version).validate(path, "speconly")` | [`LoomValidator::validate`], [`validate()`] |
//! | `ds.last_modified()` | [`LoomConnection::last_modified`] and those of each manager |
//! | `ds.get_changes_since(t)` | [`LoomConnection::get_changes_since`] |
//!
//! Values in memory are [`ndarray`] arrays: of one type where the call names it, else the
//! [`Array`] that holds any of them. Positions on an axis are a [`Selection`]: ranges, index lists
//! in any order, masks.
//!
//! A call that changes a file is one commit: durable when it returns, and done as a whole or not at
//! all, whatever interrupts it. The file keeps the conventions of its version: before 3.0.0 text is
//! ASCII with character references and global attributes are HDF5 attributes of `/`. What changed
//! is stamped with the time, as loompy does it, and the file both where loompy 3 writes the stamp
//! and where it reads it; whole layers and removals are stamped too.
//!
//! Long calls can be followed, and ended, through a [`Watch`]: [`LoomConnection::watch`],
//! [`Combine::watch`].
//!
//! What is read is never trusted: any file gives values or an [`Error`], within the
//! [`Limits`] of its connection.

mod attrs;
mod axis;
mod check;
mod connection;
mod coo;
mod edit;
mod error;
mod global_attrs;
mod graphs;
mod html;
pub mod import;
mod layers;
mod numeric;
pub mod numpy_text;
mod ops;
mod shared;
pub mod spec;
mod state;
pub mod text;
mod timestamp;
mod validate;
mod view;

pub use h5lite::{self, Array, DType, Element, Limits, Number, Selection, Watch};

pub use attrs::Attrs;
pub use axis::Axis;
pub use check::check;
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
    AddLoom, Aggregate, Batch, Batches, Categories, Changes, ColumnFunc, Combine, Combined, Format,
    Func, GroupBy, Join, Part, Scan, Stat, Subset, Summary, What, argsort,
};
pub use shared::Shared;
pub use spec::SpecVersion;
pub use validate::{LoomValidator, Report, Strictness, validate};
pub use view::LoomView;
