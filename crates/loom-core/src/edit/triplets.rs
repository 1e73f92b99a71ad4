//! Sparse matrices to be written.

use std::borrow::Cow;

use h5lite::{Array, DType, Number};
use ndarray::Array2;

use super::{Change, fit::fit, layout, matrix::check_finite};
use crate::{
    coo::{self, Coo},
    error::{Error, Result},
    layers,
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

    /// The same with values of another type.
    ///
    /// # Errors
    /// [`Error::Type`] for a value that does not fit; `place` says what is at a row and column.
    pub(super) fn fit(
        &self,
        dtype: DType,
        place: &dyn Fn(usize, usize) -> String,
    ) -> Result<Triplets<'_>> {
        let place = |at: usize| place(self.row[at] as usize, self.col[at] as usize);
        Ok(Triplets {
            shape: self.shape,
            row: Cow::Borrowed(&*self.row),
            col: Cow::Borrowed(&*self.col),
            data: fit(&self.data, dtype, &place)?.into_owned(),
        })
    }

    /// The same, borrowed from nobody.
    pub(super) fn into_owned(self) -> Triplets<'static> {
        Triplets {
            shape: self.shape,
            row: self.row.into_owned().into(),
            col: self.col.into_owned().into(),
            data: self.data,
        }
    }
}

impl Triplets<'static> {
    /// A matrix from its triplets, of which there are as many as `data` has numbers. All lie inside
    /// the shape.
    ///
    /// # Errors
    /// [`Error::Misuse`] where one does not, or the lists differ in length.
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

    /// The first columns, and the others.
    pub(super) fn split(self, at: usize) -> Result<(Self, Self)> {
        let (first, rest) = (0..self.data.len()).partition(|&i| (self.col[i] as usize) < at);
        let of = |places: Vec<usize>, start: usize, end: usize| {
            let start_col = u32::try_from(start).unwrap_or(u32::MAX);
            let row: Vec<u32> = places.iter().map(|&i| self.row[i]).collect();
            let col: Vec<u32> = places.iter().map(|&i| self.col[i] - start_col).collect();
            Ok::<_, Error>(Self {
                shape: (self.shape.0, end - start),
                row: row.into(),
                col: col.into(),
                data: self.data.take(&places)?,
            })
        };
        let width = self.shape.1;
        Ok((of(first, 0, at)?, of(rest, at, width)?))
    }
}

impl Change<'_, '_> {
    /// Writes a sparse matrix over the columns of a layer from `start` on, which hold zeros. Where
    /// no triplet lies, nothing is written.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::Type`] where triplets of one position add up to more than
    /// their type holds.
    pub(super) fn write_triplets(
        &mut self,
        name: &str,
        start: usize,
        triplets: &Triplets<'_>,
    ) -> Result<()> {
        with_numbers!(
            &triplets.data,
            data => match data.as_slice() {
                Some(data) => self.write_tiles(name, start, triplets, data),
                None => Ok(()),
            },
            text => Ok(())
        )
    }

    fn write_tiles<T: Sum>(
        &mut self,
        name: &str,
        start: usize,
        triplets: &Triplets<'_>,
        data: &[T],
    ) -> Result<()>
    where
        Array: From<Array2<T>>,
    {
        let (rows, cols) = triplets.shape;
        let (height, width) = tile((rows, start + cols), size_of::<T>());
        let place = |i: usize| (triplets.row[i] as usize, start + triplets.col[i] as usize);
        let tile_of = |i: &usize| {
            let (row, col) = place(*i);
            (col / width, row / height)
        };
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.sort_unstable_by_key(tile_of);
        for of_one in order.chunk_by(|a, b| tile_of(a) == tile_of(b)) {
            let (across, down) = of_one.first().map(tile_of).unwrap_or_default();
            let top = down * height;
            let left = (across * width).max(start);
            let bottom = (top + height).min(rows);
            let right = ((across + 1) * width).min(start + cols);
            let mut block = Array2::<T>::default((bottom - top, right - left));
            for &i in of_one {
                let (row, col) = place(i);
                let slot = &mut block[(row - top, col - left)];
                *slot = slot.plus(data[i]).ok_or_else(|| Error::Type {
                    what: format!(
                        "the sum of the values at row {row}, column {col} of {} {name:?}",
                        layers::WHAT
                    ),
                    expected: T::DTYPE.to_string(),
                    found: "more than that holds".to_owned(),
                })?;
            }
            let block = Array::from(block);
            check_finite(name, &block, |row, col| (top + row, left + col))?;
            let place = [(top..bottom).into(), (left..right).into()];
            self.edit.write_at(&layers::path(name), &place, &block)?;
        }
        Ok(())
    }
}

/// Bytes of a sparse matrix that are made dense at a time.
const TILE: usize = if cfg!(test) { 1 << 15 } else { 1 << 25 };

/// Rows and columns of the part of a sparse matrix that is made dense at a time: whole chunks.
fn tile(shape: (usize, usize), size: usize) -> (usize, usize) {
    let whole = |wanted: usize, chunk: usize| (wanted / chunk * chunk).max(chunk);
    let (chunk_height, chunk_width) = layout::chunk(shape);
    let height = whole(TILE / (chunk_width * size), chunk_height);
    let height = height.min(shape.0.next_multiple_of(chunk_height).max(chunk_height));
    let width = whole(TILE / (height * size), chunk_width);
    (height, width)
}

/// Numbers that can be added up.
trait Sum: Number {
    /// The sum, if the type holds it.
    fn plus(self, other: Self) -> Option<Self>;
}

macro_rules! sums {
    ($($integer:ty)*; $($float:ty)*) => {
        $(impl Sum for $integer {
            fn plus(self, other: Self) -> Option<Self> {
                self.checked_add(other)
            }
        })*
        $(impl Sum for $float {
            fn plus(self, other: Self) -> Option<Self> {
                Some(self + other)
            }
        })*
    };
}

sums!(i8 i16 i32 i64 u8 u16 u32 u64; f32 f64);
