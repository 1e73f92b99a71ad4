//! Layers, to be changed.

use h5lite::{Array, DType, Selection, with_array};
use ndarray::IxDyn;

use super::{dense::check_finite, fit::fit, matrix::Matrix};
use crate::{
    connection::LoomConnection,
    error::{Error, Result},
    layers::{Layers, WHAT, path},
    spec,
    state::State,
};

/// The layers, to be changed: loompy's `ds.layers[name] = matrix` and
/// `ds.layers[name][rows, cols] = block`. Each call is one commit.
///
/// The main matrix is the layer `""`. All layers have its shape. A matrix holds integers or finite
/// floats.
#[derive(Debug)]
pub struct LayersMut<'ds> {
    state: &'ds mut State,
}

impl LoomConnection {
    /// The layers, to be changed.
    pub fn layers_mut(&mut self) -> LayersMut<'_> {
        LayersMut {
            state: &mut self.state,
        }
    }

    /// Writes values over a part of the main matrix: loompy's `ds[rows, cols] = values`.
    ///
    /// # Errors
    /// As [`LayersMut::write`].
    pub fn write(
        &mut self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
        values: impl Into<Array>,
    ) -> Result<()> {
        self.layers_mut().write("", rows, cols, values)
    }
}

impl LayersMut<'_> {
    /// The layers as they are.
    #[must_use]
    pub fn as_ref(&self) -> Layers<'_> {
        Layers::new(self.state)
    }

    /// Sets a layer: a dense array, a sparse matrix, or a type, for a layer of zeros. One of the
    /// same name is replaced, with another type if need be.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Name`], [`Error::NotFinite`]; [`Error::Type`] for text;
    /// [`Error::Shape`] for another shape than the main matrix has, or for a main matrix that does
    /// not fit the other layers, the attributes and the graphs in the file.
    pub fn insert<'a>(&mut self, name: &str, matrix: impl Into<Matrix<'a>>) -> Result<()> {
        let matrix = matrix.into();
        (self.state).change(|change| change.write_layer(name, &matrix))
    }

    /// Sets a layer from batches of columns, so that it can be larger than memory. One of the same
    /// name is replaced; it is still there while the batches are made.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), also where the batches together have not one column for each of
    /// the main matrix; and the first error among the batches.
    pub fn insert_columns<'a>(
        &mut self,
        name: &str,
        dtype: DType,
        batches: impl IntoIterator<Item = Result<Matrix<'a>>>,
    ) -> Result<()> {
        self.state.change(|change| {
            let (rows, cols) = change.shape;
            change.create_layer(name, dtype, (rows, cols))?;
            let mut done = 0;
            for batch in batches {
                let batch = batch?;
                let shape = batch.check(name)?.unwrap_or((rows, cols - done));
                if shape.0 != rows || shape.1 > cols - done {
                    return Err(wrong_columns(name, (rows, cols), (shape.0, done + shape.1)));
                }
                if batch.dtype() != dtype {
                    return Err(Error::Type {
                        what: format!("a batch of {WHAT} {name:?}"),
                        expected: dtype.to_string(),
                        found: batch.dtype().to_string(),
                    });
                }
                change.write_columns(name, done, &batch)?;
                done += shape.1;
            }
            if done != cols {
                return Err(wrong_columns(name, (rows, cols), (rows, done)));
            }
            change.stamp(&path(name))
        })
    }

    /// Writes values over the selected part of a layer: a block of the selection's shape, a list
    /// for a single row or column, or one value for all of it. The layer keeps its type: floats
    /// are rounded to it. (loompy also cuts off fractions, and the upper bits of integers.)
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NotFound`], [`Error::NotFinite`], [`Error::Shape`];
    /// [`Error::Type`] for a value that the layer's type does not hold;
    /// [`h5lite::Error::OutOfBounds`] for a position outside the layer,
    /// [`h5lite::Error::Mismatch`] for text.
    pub fn write(
        &mut self,
        name: &str,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
        values: impl Into<Array>,
    ) -> Result<()> {
        self.state.check_writable()?;
        let (rows, cols, values) = (rows.into(), cols.into(), values.into());
        let layer = self.as_ref().get(name)?;
        let (shape, dtype) = (layer.shape(), layer.dtype());
        let places = (rows.positions(0, shape.0)?, cols.positions(1, shape.1)?);
        let values = block(name, (places.0.len(), places.1.len()), values)?;
        check_finite(name, &values, |row, col| (places.0[row], places.1[col]))?;
        let at = |at: usize| (places.0[at / places.1.len()], places.1[at % places.1.len()]);
        let values = fit(&values, dtype, &|index| {
            let (row, col) = at(index);
            format!("row {row}, column {col} of {WHAT} {name:?}")
        })?;
        let path = path(name);
        self.state.change(|change| {
            change.edit.write_at(&path, &[rows, cols], &values)?;
            change.stamp(&path)
        })
    }

    /// Removes a layer. The main matrix cannot be removed.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NotFound`]; [`Error::Misuse`] for the main matrix.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.require(name)?;
        (self.state).change(|change| change.remove(spec::LAYERS, name))
    }

    /// Gives a layer another name. That of the main matrix cannot be changed, or given away.
    ///
    /// # Errors
    /// As [`remove`](Self::remove); [`Error::Name`]; [`Error::Exists`] where a layer has the new
    /// name.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.require(from)?;
        (self.state).change(|change| change.rename(WHAT, spec::LAYERS, from, to))
    }

    fn require(&self, name: &str) -> Result<()> {
        self.state.check_writable()?;
        if name.is_empty() {
            let reason = "the main matrix stays, and stays the main matrix";
            return Err(Error::Misuse(format!("{WHAT} \"\": {reason}")));
        }
        if self.as_ref().contains(name)? {
            return Ok(());
        }
        Err(Error::not_found(WHAT, name))
    }
}

fn wrong_columns(name: &str, expected: (usize, usize), found: (usize, usize)) -> Error {
    Error::Shape {
        what: format!("{WHAT} {name:?}"),
        expected: format!("[{}, {}], that of the main matrix,", expected.0, expected.1),
        found: vec![found.0, found.1],
    }
}

/// Values as a block of this shape.
fn block(name: &str, shape: (usize, usize), values: Array) -> Result<Array> {
    let wanted = [shape.0, shape.1];
    let list = values.ndim() == 1 && wanted.contains(&1) && values.len() == shape.0 * shape.1;
    if values.ndim() != 0 && !list && *values.shape() != wanted {
        return Err(Error::Shape {
            what: format!("the block for {WHAT} {name:?}"),
            expected: format!("{wanted:?}, that of the selection,"),
            found: values.shape().to_vec(),
        });
    }
    Ok(with_array!(values, a => match list {
        true => a.into_shape_with_order(IxDyn(&wanted)).unwrap_or_default().into(),
        false => a.broadcast(IxDyn(&wanted)).map(|a| a.to_owned()).unwrap_or_default().into(),
    }))
}
