//! One column for each group of columns: loompy's `aggregate`.

mod columns;
mod func;
mod groups;
mod row;

use std::collections::BTreeMap;

use h5lite::{Array, Selection};
use ndarray::Array2;

pub use columns::ColumnFunc;
pub use func::Func;
pub use groups::GroupBy;

use self::{groups::Groups, row::Cell};
use super::bands;
use crate::{
    axis::Axis,
    connection::LoomConnection,
    error::{Error, Result},
    layers::Layer,
    numeric::with_number,
    view::LoomView,
};

/// How columns are grouped, and what becomes of each group.
///
/// # Examples
/// ```
/// use loom_core::{Aggregate, ColumnFunc, Func, Mode, connect};
///
/// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
/// let how = Aggregate::by("Clusters")
///     .function(Func::Sum)
///     .column("Clusters", ColumnFunc::First)
///     .column("CellType", ColumnFunc::Tally);
/// let clusters = ds.aggregate(&how)?;
/// assert_eq!(clusters.shape().0, ds.shape().0);
/// # Ok::<(), loom_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Aggregate {
    group_by: GroupBy,
    function: Func,
    layer: String,
    columns: BTreeMap<String, ColumnFunc>,
    columns_if_equal: bool,
}

impl Default for Aggregate {
    /// The means of the main matrix by the attribute `Clusters`.
    fn default() -> Self {
        Self {
            group_by: "Clusters".into(),
            function: Func::Mean,
            layer: String::new(),
            columns: BTreeMap::new(),
            columns_if_equal: false,
        }
    }
}

impl Aggregate {
    /// The means of the main matrix by a column attribute, by several together, or by an array of
    /// labels; see [`GroupBy`].
    #[must_use]
    pub fn by(group_by: impl Into<GroupBy>) -> Self {
        Self {
            group_by: group_by.into(),
            ..Self::default()
        }
    }

    /// What becomes of the values of a group, row by row: loompy's `aggr_by`.
    #[must_use]
    pub fn function(mut self, function: Func) -> Self {
        self.function = function;
        self
    }

    /// The layer whose values are meant; `""` is the main matrix.
    #[must_use]
    pub fn layer(mut self, name: impl Into<String>) -> Self {
        self.layer = name.into();
        self
    }

    /// What becomes of a column attribute: an entry of loompy's `aggr_ca_by`. The others are left
    /// out.
    #[must_use]
    pub fn column(mut self, name: impl Into<String>, function: ColumnFunc) -> Self {
        self.columns.insert(name.into(), function);
        self
    }

    /// Whether every other column attribute is kept that has one value throughout each group:
    /// loompy's `aggr_ca_if_equal`.
    #[must_use]
    pub fn columns_if_equal(mut self, keep: bool) -> Self {
        self.columns_if_equal = keep;
        self
    }
}

impl LoomConnection {
    /// The file with one column for each group of columns, in the sorted order of their labels:
    /// the main matrix of the result holds what [`Func`] makes of each group, as `f64`. Row
    /// attributes are kept, column attributes as asked for, graphs and global attributes are not.
    ///
    /// Numbers are loompy's, with these differences: sums and products of integers do not wrap
    /// around (`numpy_groupies` lets `prod` and `nansum` do so, and rounds sums of `uint64` to
    /// `float32`); `float16` is computed as `float32`; integers too large for an exact mean or
    /// variance get a rounded one (`numpy_groupies` refuses them). Labels may be text, and several
    /// attributes may be given. A column attribute that does not exist is an error.
    ///
    /// One band of rows and the result are in memory at a time.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a layer or an attribute, [`Error::Shape`] where labels or an
    /// attribute have not one value for each column, [`Error::Type`] for a mean of text or labels
    /// that are not finite, and where the file cannot be read.
    pub fn aggregate(&self, how: &Aggregate) -> Result<LoomView> {
        let layer = self.layer(&how.layer)?;
        layer.check_shape(self.shape())?;
        let (rows, cols) = layer.shape();
        layer.afford(rows, cols)?;
        let groups = Groups::new(self.ca(), &how.group_by, cols)?;
        layer.afford_results(&[rows, groups.len()], 8)?;
        let ca = columns::aggregate(self, how, &groups)?;
        let matrix = with_number!(layer.dtype(), T => rows_of::<T>(&layer, &groups, how.function), text => {
            Err(Error::Misuse(format!("layer {:?} holds text", layer.name())))
        })?;
        Ok(LoomView {
            layers: BTreeMap::from([(String::new(), matrix)]),
            ra: self.ra().iter_at(Selection::All)?.collect::<Result<_>>()?,
            ca,
            ..LoomView::default()
        })
    }
}

/// What `function` makes of every row.
fn rows_of<T: Cell>(layer: &Layer<'_>, groups: &Groups, function: Func) -> Result<Array> {
    let (rows, cols) = layer.shape();
    let high = bands::band(layer, Axis::Rows, cols);
    layer.afford_results(&[high.min(rows), cols], size_of::<T>())?;
    let parts = layer.each(
        bands::run_bands(&(0..rows), high),
        || Ok((layer.reader()?, Vec::new())),
        |(reader, block), band| {
            block.resize(band.len * cols, T::default());
            reader.read_into(&[band.selection, Selection::All], block)?;
            let lines = block.chunks_exact(cols.max(1));
            let results = lines.flat_map(|line| row::aggregate(function, line, groups));
            Ok(results.collect::<Vec<f64>>())
        },
    )?;
    let values = parts.concat();
    let shape = (rows, groups.len());
    match Array2::from_shape_vec(shape, values) {
        Ok(matrix) => Ok(matrix.into()),
        // A file without columns has no groups, so that there is no value.
        Err(_) => Ok(Array2::<f64>::zeros(shape).into()),
    }
}
