//! What there is to say about a file. Nothing here reads a matrix or numbers: what of the file is in
//! use is told by its headers, its chunk indexes, and where its text leads.

use std::{fmt::Display, fs, path::Path};

use loom_core::{
    Array, Axis, LoomConnection,
    h5lite::{Class, Dataset, with_array},
    spec,
};
use serde::Serialize;

use crate::{fields::Leaf, open, render};

/// Global attributes of more values than this are described, not shown.
const MAX_VALUES: usize = 1_000;
/// Nor are those that take more bytes than this.
const MAX_BYTES: usize = 1 << 20;

/// What a file holds.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) file: String,
    pub(super) size: u64,
    /// Bytes of the file that nothing leads to; `null` where that cannot be found out.
    pub(super) unreachable: Option<u64>,
    pub(super) spec_version: String,
    pub(super) last_modified: Option<String>,
    pub(super) shape: [usize; 2],
    pub(super) layers: Vec<Item>,
    pub(super) row_attrs: Vec<Item>,
    pub(super) col_attrs: Vec<Item>,
    pub(super) row_graphs: Vec<Graph>,
    pub(super) col_graphs: Vec<Graph>,
    pub(super) attrs: Vec<Global>,
    pub(super) warnings: Vec<String>,
}

/// A layer, or a row or column attribute.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    pub(super) chunks: Option<Vec<usize>>,
    pub(super) filters: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<String>,
    /// The filters in words.
    #[serde(skip)]
    pub(super) compression: String,
}

/// A graph.
#[derive(Debug, Serialize)]
pub(super) struct Graph {
    pub(super) name: String,
    pub(super) edges: usize,
    pub(super) dtype: String,
}

/// A global attribute.
#[derive(Debug, Serialize)]
pub(super) struct Global {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    /// `null` where it is too long to show.
    pub(super) value: Option<serde_json::Value>,
}

/// Collects what is there, and what could not be read.
struct Look<'ds> {
    ds: &'ds LoomConnection,
    warnings: Vec<String>,
}

impl Summary {
    /// What a file holds, as far as it can be read; the rest is in the warnings.
    pub(super) fn new(file: &Path, ds: &LoomConnection) -> Self {
        let mut look = Look {
            ds,
            warnings: Vec::new(),
        };
        let (rows, cols) = ds.shape();
        Self {
            file: file.display().to_string(),
            size: fs::metadata(file).map_or(ds.file().content_len(), |metadata| metadata.len()),
            unreachable: look.unreachable(),
            spec_version: ds.spec_version().to_string(),
            last_modified: look.keep("last_modified", ds.last_modified()).flatten(),
            shape: [rows, cols],
            layers: look.layers(),
            row_attrs: look.attributes(Axis::Rows),
            col_attrs: look.attributes(Axis::Cols),
            row_graphs: look.graphs(Axis::Rows),
            col_graphs: look.graphs(Axis::Cols),
            attrs: look.globals(),
            warnings: [ds.warnings(), look.warnings].concat(),
        }
    }
}

impl Look<'_> {
    /// The value, or a warning in its stead.
    fn keep<T, E: Display>(&mut self, what: &str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|error| self.warnings.push(format!("{what}: {error}")))
            .ok()
    }

    /// Bytes that nothing leads to; `None` where there are too many chunks to look at each.
    fn unreachable(&mut self) -> Option<u64> {
        /// A file of more chunks is not gone through: the answer comes at once for any size.
        const COUNTED: u64 = 100_000;
        if self.chunks() > COUNTED {
            return None;
        }
        let space = self.keep("unreachable space", self.ds.file().space());
        space.map(|space| space.unreachable)
    }

    /// How many chunks the layers can have.
    fn chunks(&self) -> u64 {
        let names = self.ds.layers().keys().unwrap_or_default();
        let layers = names.iter().filter_map(|name| self.ds.layer(name).ok());
        let chunks = layers.map(|layer| {
            let dataset = layer.dataset();
            let axes = dataset
                .shape()
                .iter()
                .zip(dataset.chunk_shape().unwrap_or_default());
            axes.fold(1_u64, |product, (&length, &chunk)| {
                product.saturating_mul(length.div_ceil(chunk.max(1)) as u64)
            })
        });
        chunks.fold(0, u64::saturating_add)
    }

    fn layers(&mut self) -> Vec<Item> {
        let names = self.keep(spec::LAYERS, self.ds.layers().keys());
        let mut layers = Vec::new();
        for name in names.unwrap_or_default() {
            let path = match name.as_str() {
                "" => spec::MATRIX.to_owned(),
                name => format!("{}/{name}", spec::LAYERS),
            };
            // Any dataset: that it may be no matrix is worth seeing.
            if let Some(dataset) = self.keep(&path, self.ds.file().dataset(&path)) {
                if *dataset.shape() != self.shape() {
                    let shape = render::shape(dataset.shape());
                    self.warnings
                        .push(format!("{path}: its shape is [{shape}]"));
                }
                layers.push(Item::new(name, &dataset));
            }
        }
        layers
    }

    fn attributes(&mut self, axis: Axis) -> Vec<Item> {
        let attrs = self.ds.axis_attrs(axis);
        let names = self.keep(axis.attrs_path(), attrs.keys());
        let mut items = Vec::new();
        for name in names.unwrap_or_default() {
            let path = format!("{}/{name}", axis.attrs_path());
            if let Some(dataset) = self.keep(&path, attrs.dataset(&name)) {
                let length = axis.of(self.ds.shape());
                if dataset.shape().first() != Some(&length) {
                    let shape = render::shape(dataset.shape());
                    self.warnings.push(format!(
                        "{path}: its shape is [{shape}], and there are {length} {axis}"
                    ));
                }
                items.push(Item::new(name, &dataset));
            }
        }
        items
    }

    fn graphs(&mut self, axis: Axis) -> Vec<Graph> {
        let [path, _] = axis.graphs_paths();
        let names = self.keep(path, self.ds.axis_graphs(axis).keys());
        let mut graphs = Vec::new();
        for name in names.unwrap_or_default() {
            let weights = open::graph_member(self.ds, axis, &name, "w");
            if let Some(weights) = self.keep(&format!("{path}/{name}"), weights) {
                graphs.push(Graph {
                    name,
                    edges: count(weights.shape()),
                    dtype: dtype(&weights),
                });
            }
        }
        graphs
    }

    fn globals(&mut self) -> Vec<Global> {
        let names = self.keep(spec::ATTRS, self.ds.attrs().keys());
        let mut globals = Vec::new();
        for name in names.unwrap_or_default() {
            // Where it is not a dataset of `/attrs`, it is an HDF5 attribute of `/`.
            let path = format!("{}/{name}", spec::ATTRS);
            let described = match self.ds.file().dataset(&path) {
                Ok(dataset) => Ok(described(&dataset)),
                Err(error) if error.is_not_found() => {
                    let root = self.ds.file().root();
                    root.and_then(|root| root.attribute(&name))
                        .map(|attribute| {
                            (
                                render::dtype(attribute.datatype()),
                                attribute.shape().to_vec(),
                                true,
                            )
                        })
                }
                Err(error) => Err(error),
            };
            let Some((dtype, shape, short)) = self.keep(&path, described) else {
                continue;
            };
            let value = if short {
                self.keep(&path, self.ds.attrs().get_any(&name))
            } else {
                None
            };
            globals.push(Global {
                name,
                dtype,
                shape,
                value: value.map(|value| json(&value)),
            });
        }
        globals
    }

    fn shape(&self) -> [usize; 2] {
        let (rows, cols) = self.ds.shape();
        [rows, cols]
    }
}

/// Type, shape, and whether the values are few enough to show.
fn described(dataset: &Dataset<'_>) -> (String, Vec<usize>, bool) {
    let count = count(dataset.shape());
    let bytes = count.saturating_mul(dataset.datatype().size as usize);
    let simple = !matches!(dataset.datatype().class, Class::Compound(_));
    (
        dtype(dataset),
        dataset.shape().to_vec(),
        simple && count <= MAX_VALUES && bytes <= MAX_BYTES,
    )
}

/// How many values there are; a file can state more than there are numbers for.
fn count(shape: &[usize]) -> usize {
    shape
        .iter()
        .fold(1, |product, &n| product.saturating_mul(n))
}

fn dtype(dataset: &Dataset<'_>) -> String {
    render::dtype(dataset.datatype())
}

impl Item {
    fn new(name: String, dataset: &Dataset<'_>) -> Self {
        Self {
            dtype: dtype(dataset),
            shape: Leaf::dataset(&name, dataset.clone()).shape(),
            chunks: dataset.chunk_shape().map(<[usize]>::to_vec),
            filters: render::filter_names(dataset.filters()),
            compression: render::filters(dataset.filters()),
            fields: dataset.field_names(),
            name,
        }
    }
}

/// An array as JSON; a single value stands alone.
fn json(array: &Array) -> serde_json::Value {
    fn nested<T: serde::Serialize>(values: &ndarray::ArrayViewD<'_, T>) -> serde_json::Value {
        if values.ndim() == 0 {
            return serde_json::to_value(values.first()).unwrap_or_default();
        }
        let entries = values.axis_iter(ndarray::Axis(0));
        entries.map(|entry| nested(&entry)).collect()
    }
    with_array!(array, values => nested(&values.view()))
}
