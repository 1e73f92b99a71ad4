//! A Loom file, or a part of one, in memory: loompy's `LoomView`.

use std::collections::BTreeMap;

use h5lite::{Array, Selection};

use crate::{
    axis::Axis, connection::LoomConnection, coo::Coo, error::Result, graphs::Graphs, shared::Shared,
};

/// Layers, attributes and graphs in memory, in the order a selection asked for.
///
/// Names are sorted, which is their order in files that do not keep the order of creation. A
/// compound attribute is there field by field, as `NAME/FIELD`. What is not a matrix is [`Shared`]: the
/// batches of a scan hold what is the same in all of them once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoomView {
    /// Matrices; `""` is the main one.
    pub layers: BTreeMap<String, Array>,
    /// Row attributes: the first axis is the rows.
    pub ra: Shared<BTreeMap<String, Array>>,
    /// Column attributes: the first axis is the columns.
    pub ca: Shared<BTreeMap<String, Array>>,
    /// Graphs between the rows. Weights are `f64`, whatever the file stores.
    pub row_graphs: Shared<BTreeMap<String, Coo<f64>>>,
    /// Graphs between the columns.
    pub col_graphs: Shared<BTreeMap<String, Coo<f64>>>,
    /// Global attributes.
    pub attrs: Shared<BTreeMap<String, Array>>,
}

impl LoomView {
    /// (rows, columns): the shape of the layers, (0, 0) without any.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        let first = self.layers.values().next();
        match first.map(Array::shape) {
            Some(&[rows, cols]) => (rows, cols),
            _ => (0, 0),
        }
    }

    /// The attributes of an axis.
    #[must_use]
    pub fn axis_attrs(&self, axis: Axis) -> &BTreeMap<String, Array> {
        match axis {
            Axis::Rows => &self.ra,
            Axis::Cols => &self.ca,
        }
    }

    /// The graphs of an axis.
    #[must_use]
    pub fn axis_graphs(&self, axis: Axis) -> &BTreeMap<String, Coo<f64>> {
        match axis {
            Axis::Rows => &self.row_graphs,
            Axis::Cols => &self.col_graphs,
        }
    }

    pub(crate) fn axis_attrs_mut(&mut self, axis: Axis) -> &mut Shared<BTreeMap<String, Array>> {
        match axis {
            Axis::Rows => &mut self.ra,
            Axis::Cols => &mut self.ca,
        }
    }

    pub(crate) fn axis_graphs_mut(
        &mut self,
        axis: Axis,
    ) -> &mut Shared<BTreeMap<String, Coo<f64>>> {
        match axis {
            Axis::Rows => &mut self.row_graphs,
            Axis::Cols => &mut self.col_graphs,
        }
    }
}

impl LoomConnection {
    /// A part of everything in memory: layers, attributes and graphs at these rows and columns, in
    /// the order they are given, and the global attributes.
    ///
    /// A graph keeps the edges whose ends are both selected, renumbered to the selection; see
    /// [`Coo::select`] for positions that are repeated. (loompy selects increasing positions
    /// only, one index list at a time, and renumbers graphs to sorted order.)
    ///
    /// # Errors
    /// [`h5lite::Error::OutOfBounds`] for a position outside its axis;
    /// [`Error::Shape`](crate::Error::Shape) for a layer or attribute that does not fit the main
    /// matrix; and where anything in the file cannot be read.
    pub fn view(&self, rows: impl Into<Selection>, cols: impl Into<Selection>) -> Result<LoomView> {
        let (rows, cols) = (rows.into(), cols.into());
        let (n_rows, n_cols) = self.shape();
        self.state.afford_positions()?;
        rows.count(0, n_rows)?;
        cols.count(1, n_cols)?;
        let mut layers = BTreeMap::new();
        for layer in self.layers().iter()? {
            let layer = layer?;
            layer.check_shape(self.shape())?;
            let block = layer.read_any(rows.clone(), cols.clone())?;
            layers.insert(layer.name().to_owned(), block);
        }
        Ok(LoomView {
            layers,
            ra: self.ra().iter_at(rows.clone())?.collect::<Result<_>>()?,
            ca: self.ca().iter_at(cols.clone())?.collect::<Result<_>>()?,
            row_graphs: graphs(self.row_graphs(), &rows, n_rows)?,
            col_graphs: graphs(self.col_graphs(), &cols, n_cols)?,
            attrs: self.attrs().iter()?.collect::<Result<_>>()?,
        })
    }
}

/// All graphs of an axis among some of its positions.
pub(crate) fn graphs(
    graphs: Graphs<'_>,
    positions: &Selection,
    length: usize,
) -> Result<Shared<BTreeMap<String, Coo<f64>>>> {
    let positions = match positions {
        Selection::All => None,
        some => Some(some.positions(graphs.axis().index(), length)?),
    };
    (graphs.iter()?)
        .map(|graph| {
            let (name, graph) = graph?;
            Ok(match &positions {
                None => (name, graph),
                Some(positions) => (name, graph.select(positions)?),
            })
        })
        .collect()
}
