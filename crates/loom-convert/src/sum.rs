//! The sum of sparse matrices, which is the main matrix where only parts of it are given.

use std::path::{Path, PathBuf};

use loom_core::{
    Array, DType, Matrix, Result, Triplets,
    h5lite::{Number, with_number, with_numbers},
    import::MatrixFile,
};

use crate::{
    import::{Batches, Layer},
    lists::bad,
};

/// Sparse matrices of one shape, added up.
#[derive(Debug)]
pub(crate) struct Sum {
    path: PathBuf,
    parts: Vec<MatrixFile>,
    dtype: DType,
}

impl Sum {
    /// Of at least one matrix; `path` is what errors speak of.
    pub(crate) fn new(path: &Path, parts: Vec<MatrixFile>) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(bad(path, "nothing that the main matrix could be made of"));
        };
        let shape = first.shape();
        if parts.iter().any(|part| part.shape() != shape) {
            return Err(bad(
                path,
                "matrices of different shapes, which do not add up",
            ));
        }
        let wider = |a: DType, b: DType| if a.is_safe_in(b) { b } else { a };
        let dtype = parts.iter().map(MatrixFile::dtype).reduce(wider);
        Ok(Self {
            path: path.to_owned(),
            dtype: dtype.unwrap_or(DType::I32),
            parts,
        })
    }

    /// The total of each column.
    pub(crate) fn totals(&self) -> Result<Array> {
        let mut totals = Vec::new();
        for batch in self.batches() {
            let Matrix::Sparse(triplets) = batch? else {
                continue;
            };
            let start = totals.len();
            totals.resize(start + triplets.shape().1, 0.0);
            for (&col, value) in triplets.col().iter().zip(floats(triplets.data())) {
                totals[start + col as usize] += value;
            }
        }
        let dtype = if self.dtype.is_float() {
            DType::F64
        } else {
            DType::I64
        };
        Ok(array_of(&totals, dtype))
    }

    fn add(&self, batches: Vec<Matrix<'static>>) -> Result<Matrix<'static>> {
        let (mut row, mut col, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut shape = (0, 0);
        for batch in batches {
            let Matrix::Sparse(triplets) = batch else {
                return Err(bad(&self.path, "a dense matrix, where sparse ones add up"));
            };
            shape = triplets.shape();
            row.extend_from_slice(triplets.row());
            col.extend_from_slice(triplets.col());
            values.extend(floats(triplets.data()));
        }
        let data = array_of(&values, self.dtype);
        Ok(Matrix::Sparse(Triplets::new(shape, row, col, data)?))
    }
}

impl Layer for Sum {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn batches(&self) -> Batches<'_> {
        let mut parts: Vec<_> = self.parts.iter().map(MatrixFile::batches).collect();
        Box::new(std::iter::from_fn(move || {
            let next: Option<Result<Vec<_>>> = parts.iter_mut().map(Iterator::next).collect();
            Some(next?.and_then(|batches| self.add(batches)))
        }))
    }
}

/// Counts as floats, which hold them exactly: larger ones are refused when they are read.
fn floats(values: &Array) -> Vec<f64> {
    with_numbers!(
        values,
        values => values.iter().map(|value| value.to_f64()).collect(),
        text => Vec::new()
    )
}

fn array_of(values: &[f64], dtype: DType) -> Array {
    with_number!(
        dtype,
        T => values.iter().map(|&value| T::from_f64(value)).collect::<Vec<T>>().into(),
        text => Vec::<u8>::new().into()
    )
}
