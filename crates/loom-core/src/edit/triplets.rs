//! Sparse matrices to be written.

use std::{borrow::Cow, ops::Range};

use h5lite::{Array, DType, Number};

use crate::{
    coo::{self, Coo},
    error::Result,
    numeric::with_numbers,
};

/// A sparse matrix of any type of number: a [`Coo`] whose type is known at run time.
#[derive(Clone, Debug)]
pub struct Triplets<'a> {
    shape: (usize, usize),
    row: Cow<'a, [u32]>,
    col: Cow<'a, [u32]>,
    /// As many numbers as there are triplets.
    data: Array,
}

impl<'a, T: Number> From<&'a Coo<T>> for Triplets<'a>
where
    Array: From<Vec<T>>,
{
    fn from(coo: &'a Coo<T>) -> Self {
        Self {
            shape: coo.shape(),
            row: coo.row().into(),
            col: coo.col().into(),
            data: coo.data().to_vec().into(),
        }
    }
}

impl<T: Number> From<Coo<T>> for Triplets<'_>
where
    Array: From<Vec<T>>,
{
    fn from(coo: Coo<T>) -> Self {
        let shape = coo.shape();
        let (row, col, data) = coo.into_parts();
        Self {
            shape,
            row: row.into(),
            col: col.into(),
            data: data.into(),
        }
    }
}

impl Triplets<'_> {
    /// (rows, columns).
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The type of the values.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// Row number of each triplet.
    #[must_use]
    pub fn row(&self) -> &[u32] {
        &self.row
    }

    /// Column number of each triplet.
    #[must_use]
    pub fn col(&self) -> &[u32] {
        &self.col
    }

    /// Value of each triplet.
    #[must_use]
    pub fn data(&self) -> &Array {
        &self.data
    }

    /// The triplets: rows, columns, numbers.
    pub(super) fn parts(&self) -> (&[u32], &[u32], &Array) {
        (&self.row, &self.col, &self.data)
    }

    /// Some of its columns.
    pub(super) fn columns(&self, part: Range<usize>) -> Result<Triplets<'static>> {
        let inside = |&i: &usize| part.contains(&(self.col[i] as usize));
        let places: Vec<usize> = (0..self.data.len()).filter(inside).collect();
        let start = u32::try_from(part.start).unwrap_or(u32::MAX);
        let row: Vec<u32> = places.iter().map(|&i| self.row[i]).collect();
        let col: Vec<u32> = places.iter().map(|&i| self.col[i] - start).collect();
        Ok(Triplets {
            shape: (self.shape.0, part.len()),
            row: row.into(),
            col: col.into(),
            data: self.data.take(&places)?,
        })
    }
}

impl Triplets<'static> {
    /// A matrix from its triplets, of which there are as many as `data` has numbers. All lie inside
    /// the shape.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) where one does not, or the lists differ in length.
    pub fn new(shape: (usize, usize), row: Vec<u32>, col: Vec<u32>, data: Array) -> Result<Self> {
        let places = Coo::new(shape, row, col, vec![(); data.len()])?;
        let (row, col, _) = places.into_parts();
        Ok(Self {
            shape,
            row: row.into(),
            col: col.into(),
            data,
        })
    }

    /// Nothing but zeros.
    pub(super) fn none(shape: (usize, usize), dtype: DType) -> Self {
        let data = h5lite::with_dtype!(dtype, T => Vec::<T>::new().into());
        Self {
            shape,
            row: Cow::Borrowed(&[]),
            col: Cow::Borrowed(&[]),
            data,
        }
    }

    /// What is not zero in a matrix.
    pub(super) fn of(matrix: &Array) -> Result<Self> {
        let shape = match *matrix.shape() {
            [rows, cols] => (rows, cols),
            _ => (0, 0),
        };
        coo::addressable(shape)?;
        let width = shape.1.max(1);
        with_numbers!(
            matrix,
            values => {
                let full = values.iter().enumerate().filter(|(_, value)| value.to_f64() != 0.0);
                let (places, data): (Vec<usize>, Vec<_>) = full.map(|(at, &value)| (at, value)).unzip();
                let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                let row: Vec<u32> = places.iter().map(|at| number(at / width)).collect();
                let col: Vec<u32> = places.iter().map(|at| number(at % width)).collect();
                Ok(Self { shape, row: row.into(), col: col.into(), data: data.into() })
            },
            text => Ok(Self::none(shape, DType::U8))
        )
    }

    /// Matrices of one height and type, next to each other.
    pub(super) fn side_by_side(parts: Vec<Self>) -> Result<Self> {
        let (mut shape, mut row, mut col) = ((0, 0), Vec::new(), Vec::new());
        let mut data = Vec::with_capacity(parts.len());
        for part in parts {
            let start = shape.1;
            shape = (part.shape.0, start + part.shape.1);
            coo::addressable(shape)?;
            let start = u32::try_from(start).unwrap_or(u32::MAX);
            row.extend_from_slice(&part.row);
            col.extend(part.col.iter().map(|col| col + start));
            data.push(part.data);
        }
        Ok(Self {
            shape,
            row: row.into(),
            col: col.into(),
            data: Array::concatenate(0, data)?,
        })
    }
}
