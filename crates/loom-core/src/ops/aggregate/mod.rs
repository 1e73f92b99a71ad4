//! One column for each group of columns: loompy's `aggregate`.

mod columns;
mod func;
mod groups;
mod row;

use std::{collections::BTreeMap, ops::Range, path::Path};

use h5lite::{Array, DType, Selection};
use ndarray::Array2;

pub use columns::ColumnFunc;
pub use func::Func;
pub use groups::GroupBy;
pub(super) use groups::{Label, labels_as_given, ranks};

use self::{groups::Groups, row::Cell};
use super::bands;
use crate::{
    axis::Axis,
    connection::LoomConnection,
    edit::{Create, tiles},
    error::{Error, Result},
    layers::{Layer, volume},
    numeric::with_number,
    view::LoomView,
};

/// Rows that are worked on between two steps of a watched call: whole chunks for all cores.
const ROWS: usize = 1024;

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
        let (layer, groups, ca) = self.grouped(how)?;
        let rows = layer.shape().0;
        layer.afford_results(&[rows, groups.len()], 8)?;
        let matrix = matrix(&layer, &groups, how.function, 0..rows)?;
        Ok(LoomView {
            layers: BTreeMap::from([(String::new(), matrix)]),
            ra: self.ra().iter_at(Selection::All)?.collect::<Result<_>>()?,
            ca: ca.into(),
            ..LoomView::default()
        })
    }

    /// The same as a new file, in the place of whatever has this path: loompy's
    /// `aggregate(out_file, ...)`. A failure leaves what was there.
    ///
    /// Of the result, about 64 MiB are in memory at a time.
    ///
    /// # Errors
    /// As [`aggregate`](Self::aggregate); [`Error::NotFinite`] for a result that is not finite;
    /// [`Error::Type`] for a compound row
    /// attribute with text of variable length; and where the file cannot be written.
    pub fn aggregate_into(&self, path: impl AsRef<Path>, how: &Aggregate) -> Result<()> {
        let (layer, groups, ca) = self.grouped(how)?;
        let shape = (layer.shape().0, groups.len());
        let mut steps = (self.state.watch).begin(volume(self.shape(), 1))?;
        Create::new().write(path, |file| {
            file.layer("", DType::F64, shape)?;
            let height = tiles(shape, 8, Axis::Cols, usize::MAX)
                .next()
                .map_or(1, |(rows, _)| rows.len().min(ROWS));
            for start in (0..shape.0).step_by(height) {
                let rows = start..(start + height).min(shape.0);
                let part = matrix(&layer, &groups, how.function, rows.clone())?;
                steps.advance(volume((rows.len(), self.shape().1), 1))?;
                file.tile("", (rows, 0..shape.1), &part)?;
            }
            for name in self.ra().keys()? {
                file.axis_values(Axis::Rows, &name, &self.ra().values_at(&name, ..)?)?;
            }
            (ca.iter()).try_for_each(|(name, values)| file.axis_attr(Axis::Cols, name, values))
        })
    }

    /// The layer, the groups of its columns, and the column attributes of the result.
    fn grouped(&self, how: &Aggregate) -> Result<(Layer<'_>, Groups, BTreeMap<String, Array>)> {
        let layer = self.layer(&how.layer)?;
        layer.check_shape(self.shape())?;
        let (rows, cols) = layer.shape();
        layer.afford(rows, cols)?;
        let groups = Groups::new(self.ca(), &how.group_by, cols)?;
        let ca = columns::aggregate(self, how, &groups)?;
        Ok((layer, groups, ca))
    }
}

/// What `function` makes of each of these rows.
fn matrix(layer: &Layer<'_>, groups: &Groups, function: Func, rows: Range<usize>) -> Result<Array> {
    with_number!(layer.dtype(), T => rows_of::<T>(layer, groups, function, rows), text => {
        Err(Error::Misuse(format!("layer {:?} holds text", layer.name())))
    })
}

fn rows_of<T: Cell>(
    layer: &Layer<'_>,
    groups: &Groups,
    function: Func,
    rows: Range<usize>,
) -> Result<Array> {
    let cols = layer.shape().1;
    let high = bands::band(layer, Axis::Rows, cols);
    layer.afford_results(&[high.min(rows.len()), cols], size_of::<T>())?;
    let parts = layer.each(
        bands::run_bands(&rows, high),
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
    let shape = (rows.len(), groups.len());
    match Array2::from_shape_vec(shape, values) {
        Ok(matrix) => Ok(matrix.into()),
        // A file without columns has no groups, so that there is no value.
        Err(_) => Ok(Array2::<f64>::zeros(shape).into()),
    }
}
