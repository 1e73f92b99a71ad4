//! Matrices to be written: dense, sparse or empty.

use std::{borrow::Cow, ops::Range};

use h5lite::{Array, DType, Number};
use ndarray::Array2;

use super::{Change, dense::check_finite, fit::fit, layout, triplets::Triplets};
use crate::{
    axis::Axis,
    coo::Coo,
    error::{Error, Result},
    layers, spec,
};

/// A matrix to be written: what loompy takes for `ds.layers[name] = matrix`.
///
/// Made by `into()` from an [`Array`] or a two-dimensional [`ndarray`] array, from a [`Coo`], or
/// from a [`DType`]: then it holds zeros and takes no space.
#[derive(Clone, Debug)]
pub enum Matrix<'a> {
    /// Every value.
    Dense(Cow<'a, Array>),
    /// The values that are not zero.
    Sparse(Triplets<'a>),
    /// Zeros of this type.
    Zeros(DType),
}

impl<'a> From<&'a Array> for Matrix<'a> {
    fn from(array: &'a Array) -> Self {
        Self::Dense(Cow::Borrowed(array))
    }
}

impl From<Array> for Matrix<'_> {
    fn from(array: Array) -> Self {
        Self::Dense(Cow::Owned(array))
    }
}

impl<T> From<Array2<T>> for Matrix<'_>
where
    Array: From<Array2<T>>,
{
    fn from(array: Array2<T>) -> Self {
        Array::from(array).into()
    }
}

impl<'a, T: Number> From<&'a Coo<T>> for Matrix<'a>
where
    Array: From<Vec<T>>,
{
    fn from(coo: &'a Coo<T>) -> Self {
        Self::Sparse(coo.into())
    }
}

impl<T: Number> From<Coo<T>> for Matrix<'_>
where
    Array: From<Vec<T>>,
{
    fn from(coo: Coo<T>) -> Self {
        Self::Sparse(coo.into())
    }
}

impl From<DType> for Matrix<'_> {
    fn from(dtype: DType) -> Self {
        Self::Zeros(dtype)
    }
}

impl Matrix<'_> {
    /// The type of its values.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            Self::Dense(array) => array.dtype(),
            Self::Sparse(triplets) => triplets.dtype(),
            Self::Zeros(dtype) => *dtype,
        }
    }

    /// (rows, columns); `None` where any will do, or it has not two axes.
    #[must_use]
    pub fn shape(&self) -> Option<(usize, usize)> {
        self.check("").ok().flatten()
    }

    /// Its shape, `None` where any will do; refuses what is no matrix of numbers.
    pub(crate) fn check(&self, layer: &str) -> Result<Option<(usize, usize)>> {
        let what = || format!("{} {layer:?}", layers::WHAT);
        if self.dtype() == DType::Str {
            return Err(Error::Type {
                what: what(),
                expected: "integers or floats".to_owned(),
                found: self.dtype().to_string(),
            });
        }
        match self {
            Self::Zeros(_) => Ok(None),
            Self::Sparse(triplets) => Ok(Some(triplets.shape())),
            Self::Dense(array) => match *array.shape() {
                [rows, cols] => Ok(Some((rows, cols))),
                ref found => Err(Error::Shape {
                    what: what(),
                    expected: "two axes".to_owned(),
                    found: found.to_vec(),
                }),
            },
        }
    }
}

impl Matrix<'_> {
    /// Some of its columns; `shape` is its own.
    pub(super) fn columns(
        &self,
        shape: (usize, usize),
        part: Range<usize>,
    ) -> Result<Matrix<'static>> {
        Ok(match self {
            Self::Dense(array) => array.part(1, part)?.into(),
            Self::Sparse(triplets) => Matrix::Sparse(triplets.columns(part)?),
            Self::Zeros(dtype) => Matrix::Sparse(Triplets::none((shape.0, part.len()), *dtype)),
        })
    }
}

impl Matrix<'static> {
    /// Matrices of one height and type, next to each other.
    pub(super) fn side_by_side(parts: Vec<Self>) -> Result<Self> {
        let (mut dense, mut sparse) = (Vec::new(), Vec::new());
        let all_dense = parts.iter().all(|part| matches!(part, Self::Dense(_)));
        for part in parts {
            match part {
                Self::Dense(array) if all_dense => dense.push(array.into_owned()),
                Self::Dense(array) => sparse.push(Triplets::of(&array)?),
                Self::Sparse(triplets) => sparse.push(triplets),
                Self::Zeros(_) => {}
            }
        }
        if all_dense {
            Ok(Array::concatenate(1, dense)?.into())
        } else {
            Ok(Self::Sparse(Triplets::side_by_side(sparse)?))
        }
    }
}

impl Change<'_, '_> {
    /// Writes a layer, in the place of one of the same name.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Type`], [`Error::NotFinite`]; [`Error::Shape`] for a matrix
    /// without values, or one that does not fit what else is in the file.
    pub(crate) fn write_layer(&mut self, name: &str, matrix: &Matrix<'_>) -> Result<()> {
        let shape = matrix.check(name)?.unwrap_or(self.shape);
        self.create_layer(name, matrix.dtype(), shape)?;
        self.write_columns(name, 0, matrix)?;
        self.stamp(&layers::path(name))
    }

    /// Makes a layer of zeros, in the place of one of the same name.
    ///
    /// # Errors
    /// As [`write_layer`](Self::write_layer).
    pub(crate) fn create_layer(
        &mut self,
        name: &str,
        dtype: DType,
        shape: (usize, usize),
    ) -> Result<()> {
        if !name.is_empty() {
            spec::check_name(layers::WHAT, name)?;
        }
        self.check_shape(name, shape)?;
        let path = layers::path(name);
        let options = layout::matrix(shape);
        (self.edit).create(&path, dtype, &[shape.0, shape.1], &options)?;
        if name.is_empty() {
            self.shape = shape;
        }
        Ok(())
    }

    /// Refuses a layer that does not fit what else is in the file.
    fn check_shape(&self, name: &str, shape: (usize, usize)) -> Result<()> {
        let refuse = |expected: String| Error::Shape {
            what: format!("{} {name:?}", layers::WHAT),
            expected,
            found: vec![shape.0, shape.1],
        };
        if shape.0 == 0 || shape.1 == 0 {
            let expected = "at least one row and one column".to_owned();
            return Err(refuse(expected));
        }
        if shape == self.shape {
            return Ok(());
        }
        let (rows, cols) = self.shape;
        let others = match name {
            "" => self.depends_on_shape(shape)?,
            _ => Some("the main matrix".to_owned()),
        };
        others.map_or(Ok(()), |other| {
            Err(refuse(format!("[{rows}, {cols}], because of {other},")))
        })
    }

    /// What in the file would not fit a main matrix of this shape.
    fn depends_on_shape(&self, shape: (usize, usize)) -> Result<Option<String>> {
        let file = self.edit.file();
        let names = |path: &str| match file.group(path) {
            Ok(group) => group.names(),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        if let Some(layer) = names(spec::LAYERS)?.first() {
            return Ok(Some(format!("{} {layer:?}", layers::WHAT)));
        }
        for axis in Axis::BOTH {
            for name in names(axis.attrs_path())? {
                let attribute = file.dataset(&format!("{}/{name}", axis.attrs_path()))?;
                if attribute.shape().first() != Some(&axis.of(shape)) {
                    return Ok(Some(format!("{} {name:?}", axis.attribute())));
                }
            }
            if axis.of(shape) == axis.of(self.shape) {
                continue;
            }
            for path in axis.graphs_paths() {
                if let Some(name) = names(path)?.first() {
                    return Ok(Some(format!("{} {name:?}", axis.graph())));
                }
            }
        }
        Ok(None)
    }

    /// Makes a layer so many columns wide, and writes values over those that are new. Floats are
    /// rounded to the type of the layer.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::Type`] for a value that the layer's type does not hold.
    pub(crate) fn append_columns(
        &mut self,
        name: &str,
        (before, after): (usize, usize),
        values: &Array,
    ) -> Result<()> {
        let path = layers::path(name);
        let dtype = self.edit.file().dataset(&path)?.dtype()?;
        let width = after - before;
        let place = |at: usize| {
            let (row, col) = (at / width, before + at % width);
            format!("row {row}, column {col} of {} {name:?}", layers::WHAT)
        };
        if !values.dtype().is_safe_in(dtype) {
            check_finite(name, values, |row, col| (row, before + col))?;
        }
        let fitted = fit(values, dtype, &place)?;
        self.edit.resize(&path, &[self.shape.0, after])?;
        self.write_columns(name, before, &Matrix::Dense(fitted))?;
        self.stamp(&path)
    }

    /// Writes a matrix over the columns of a layer from `start` on, which hold zeros.
    ///
    /// # Errors
    /// [`Error::NotFinite`].
    pub(crate) fn write_columns(
        &mut self,
        name: &str,
        start: usize,
        matrix: &Matrix<'_>,
    ) -> Result<()> {
        let width = matrix.shape().map_or(0, |shape| shape.1);
        self.write_part(name, start, matrix, 0..width)
    }

    /// As [`write_columns`](Self::write_columns), of a part of the columns of the matrix.
    pub(super) fn write_part(
        &mut self,
        name: &str,
        start: usize,
        matrix: &Matrix<'_>,
        part: Range<usize>,
    ) -> Result<()> {
        match matrix {
            Matrix::Zeros(_) => Ok(()),
            Matrix::Dense(values) => {
                let rows = values.shape().first().copied().unwrap_or(0);
                let place = (0..rows, start..start + part.len());
                self.write_dense(name, place, values, part.start)
            }
            Matrix::Sparse(triplets) => self.write_triplets(name, start, triplets, part),
        }
    }
}
