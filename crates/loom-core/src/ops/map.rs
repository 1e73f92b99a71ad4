//! Any function of every row or column: loompy's `map`.

use h5lite::{Number, Selection};
use ndarray::{Array1, ArrayView1};

use super::bands;
use crate::{axis::Axis, connection::LoomConnection, error::Result, layers::Layer};

impl LoomConnection {
    /// The value of each function for every row, or every column, of the main matrix; see
    /// [`Layer::map`].
    ///
    /// # Errors
    /// As [`Layer::map`].
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, Mode, connect};
    /// use ndarray::ArrayView1;
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let mut total = |cell: ArrayView1<'_, f64>| cell.sum();
    /// let mut genes = |cell: ArrayView1<'_, f64>| cell.iter().filter(|&&x| x > 0.0).count() as f64;
    /// let results = ds.map(Axis::Cols, &mut [&mut total, &mut genes])?;
    /// assert_eq!(results[0].len(), ds.shape().1);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn map<T: Number>(
        &self,
        axis: Axis,
        functions: &mut [&mut dyn FnMut(ArrayView1<'_, T>) -> f64],
    ) -> Result<Vec<Array1<f64>>> {
        self.layer("")?.map(axis, .., functions)
    }
}

impl Layer<'_> {
    /// The value of each function for every position of the axis, in order.
    ///
    /// With [`Axis::Rows`] a function is called with each row, its values at the columns that
    /// `across` selects, in that order; with [`Axis::Cols`], with each column. The values are
    /// next to each other in memory. One band of the matrix is in memory at a time (two for
    /// columns). [`stats`](Layer::stats) is faster for sums, means and the like.
    ///
    /// # Errors
    /// As [`read`](Layer::read).
    pub fn map<T: Number>(
        &self,
        axis: Axis,
        across: impl Into<Selection>,
        functions: &mut [&mut dyn FnMut(ArrayView1<'_, T>) -> f64],
    ) -> Result<Vec<Array1<f64>>> {
        let across = across.into();
        let length = self.length(axis);
        let width = across.count(axis.other().index(), self.length(axis.other()))?;
        self.afford(length, width)?;
        self.afford_results(&[length, functions.len()], size_of::<f64>())?;
        let high = bands::band(self, axis, width);
        // Twice: columns are turned.
        self.afford_results(&[high.min(length), width, 2], size_of::<T>())?;
        let mut results = vec![Vec::with_capacity(length); functions.len()];
        let (mut block, mut turned) = (Vec::new(), Vec::new());
        for band in bands::run_bands(&(0..length), high) {
            block.resize(band.len * width, T::default());
            let (rows, cols) = axis.pair(band.selection, across.clone());
            self.read_into(rows, cols, &mut block)?;
            let lanes = match axis {
                Axis::Rows => &block,
                Axis::Cols => {
                    turn(&block, band.len, &mut turned);
                    &turned
                }
            };
            for lane in 0..band.len {
                let lane = ArrayView1::from(&lanes[lane * width..(lane + 1) * width]);
                for (function, values) in functions.iter_mut().zip(&mut results) {
                    values.push(function(lane));
                }
            }
        }
        Ok(results.into_iter().map(Array1::from_vec).collect())
    }
}

/// Transposes lines of `wide` values.
fn turn<T: Number>(block: &[T], wide: usize, turned: &mut Vec<T>) {
    /// So many lines at a time, so that they stay in the processor's nearest cache.
    const LINES: usize = 64;
    turned.resize(block.len(), T::default());
    if block.is_empty() {
        return;
    }
    let high = block.len() / wide;
    for (part, lines) in block.chunks(LINES * wide).enumerate() {
        for (col, column) in turned.chunks_exact_mut(high).enumerate() {
            let places = &mut column[part * LINES..];
            for (place, line) in places.iter_mut().zip(lines.chunks_exact(wide)) {
                *place = line[col];
            }
        }
    }
}
