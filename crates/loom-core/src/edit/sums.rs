//! Sparse matrices into chunks, without making more of them dense than a chunk.

use std::ops::Range;

use h5lite::Number;

use super::{Change, dense::not_finite, triplets::Triplets};
use crate::{
    axis::Axis,
    error::{Error, Result},
    layers,
    numeric::with_numbers,
};

impl Change<'_, '_> {
    /// Writes the columns `part` of a sparse matrix over those of a layer from `start` on, which
    /// hold zeros. Chunks in which no triplet lies are not written.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::Type`] where triplets of one position add up to more than
    /// their type holds.
    pub(super) fn write_triplets(
        &mut self,
        name: &str,
        start: usize,
        triplets: &Triplets<'_>,
        part: Range<usize>,
    ) -> Result<()> {
        let path = layers::path(name);
        let chunk = match self.edit.chunk_shape(&path)?.as_deref() {
            Some(&[height, width]) => (height.max(1), width.max(1)),
            // Written all at once.
            _ => (usize::MAX, usize::MAX),
        };
        let (row, col, data) = triplets.parts();
        with_numbers!(
            data,
            data => {
                let sums = Sums {
                    name,
                    rows: triplets.shape().0,
                    cols: start..start + part.len(),
                    chunk,
                    first: part.start,
                    row,
                    col,
                    data: data.as_slice().unwrap_or_default(),
                };
                sums.write(self, &path)
            },
            text => Ok(())
        )
    }
}

/// Triplets on their way into the chunks of a layer.
struct Sums<'a, T> {
    /// The layer's name.
    name: &'a str,
    rows: usize,
    /// The layer's columns that are written.
    cols: Range<usize>,
    /// Rows and columns of a chunk.
    chunk: (usize, usize),
    /// The column of the triplets that becomes the first of `cols`.
    first: usize,
    row: &'a [u32],
    col: &'a [u32],
    data: &'a [T],
}

/// Positions in the order of the chunks of the triplets that stand there.
fn order(chunks: &[Option<(usize, usize)>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..chunks.len()).collect();
    order.sort_by_key(|&i| chunks[i]);
    order
}

/// Sorts triplets by the numbers of their chunks.
fn by_chunk(triplets: &mut [(usize, usize)]) {
    triplets.sort_by_key(|&(across, _)| across);
}

impl<T: Sum> Sums<'_, T> {
    /// Row and column of a triplet in the layer; `None` for one that is not written.
    fn place(&self, i: usize) -> Option<(usize, usize)> {
        let col = (self.col[i] as usize).checked_sub(self.first)? + self.cols.start;
        (col < self.cols.end).then_some((self.row[i] as usize, col))
    }

    /// The chunk a triplet goes into: its number along an axis and across.
    fn chunk_of(&self, axis: Axis, i: usize) -> Option<(usize, usize)> {
        let (row, col) = self.place(i)?;
        let at = (row / self.chunk.0, col / self.chunk.1);
        Some((axis.of(at), axis.other().of(at)))
    }

    /// Writes them band by band of chunks.
    fn write(&self, change: &mut Change<'_, '_>, path: &str) -> Result<()> {
        let all = 0..self.data.len();
        let in_bands = |axis: &Axis| {
            let bands = all.clone().filter_map(|i| Some(self.chunk_of(*axis, i)?.0));
            bands.is_sorted()
        };
        match Axis::BOTH.iter().find(|axis| in_bands(axis)) {
            Some(&axis) => self.write_bands(change, path, axis, all),
            None => {
                let chunks: Vec<_> = all.map(|i| self.chunk_of(Axis::Rows, i)).collect();
                self.write_bands(change, path, Axis::Rows, order(&chunks).into_iter())
            }
        }
    }

    /// Writes triplets that come band by band along `axis`.
    fn write_bands(
        &self,
        change: &mut Change<'_, '_>,
        path: &str,
        axis: Axis,
        triplets: impl Iterator<Item = usize>,
    ) -> Result<()> {
        let mut current = 0;
        let mut waiting = Vec::new();
        for i in triplets {
            let Some((band, across)) = self.chunk_of(axis, i) else {
                continue;
            };
            if band != current {
                self.write_band(change, path, axis, current, &mut waiting)?;
                current = band;
            }
            waiting.push((across, i));
        }
        self.write_band(change, path, axis, current, &mut waiting)
    }

    /// Writes the triplets of a band, each with the number of its chunk across, and forgets them.
    fn write_band(
        &self,
        change: &mut Change<'_, '_>,
        path: &str,
        axis: Axis,
        band: usize,
        triplets: &mut Vec<(usize, usize)>,
    ) -> Result<()> {
        let numbers = || triplets.iter().map(|&(across, _)| across);
        let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
            return Ok(());
        };
        // Where most chunks between the first and the last stay empty, they are not even looked at.
        if last - first > 64 + 4 * triplets.len() {
            by_chunk(triplets);
            for of_one in triplets.chunk_by(|a, b| a.0 == b.0) {
                self.write_chunks(
                    change,
                    path,
                    axis,
                    (band, of_one[0].0..of_one[0].0 + 1),
                    of_one,
                )?;
            }
        } else {
            self.write_chunks(change, path, axis, (band, first..last + 1), triplets)?;
        }
        triplets.clear();
        Ok(())
    }

    /// Writes the triplets that lie in some neighbouring chunks of a band.
    fn write_chunks(
        &self,
        change: &mut Change<'_, '_>,
        path: &str,
        axis: Axis,
        (band, chunks): (usize, Range<usize>),
        triplets: &[(usize, usize)],
    ) -> Result<()> {
        let mut ends = vec![0; chunks.len() + 1];
        for &(across, _) in triplets {
            ends[across - chunks.start + 1] += 1;
        }
        for chunk in 1..ends.len() {
            ends[chunk] += ends[chunk - 1];
        }
        let starts = ends.clone();
        let mut sorted = vec![0; triplets.len()];
        for &(across, i) in triplets {
            let next = &mut ends[across - chunks.start];
            sorted[*next] = i;
            *next += 1;
        }
        let (size, across_size) = (axis.of(self.chunk), axis.other().of(self.chunk));
        let whole = (0..self.rows, self.cols.clone());
        let cut = |numbers: Range<usize>, size: usize, whole: Range<usize>| {
            let end = numbers.end.saturating_mul(size);
            (numbers.start.saturating_mul(size)).max(whole.start)..end.min(whole.end)
        };
        let along = cut(band..band + 1, size, axis.of(whole.clone()));
        let across = cut(chunks.clone(), across_size, axis.other().of(whole));
        let within = axis.pair(along, across);
        change
            .edit
            .write_with(path, &[within.0, within.1], |place, out| {
                let number = place[axis.other().index()].start / across_size - chunks.start;
                let of_chunk = &sorted[starts[number]..starts[number + 1]];
                self.add_up(of_chunk, place, out)
            })
    }

    /// Puts the sums of some triplets into their part of the layer, which holds zeros.
    fn add_up(&self, triplets: &[usize], place: &[Range<usize>], out: &mut [T]) -> Result<bool> {
        let [top, left, width] = [place[0].start, place[1].start, place[1].len()];
        for &i in triplets {
            let Some((row, col)) = self.place(i) else {
                continue;
            };
            let slot = &mut out[(row - top) * width + (col - left)];
            *slot = slot.plus(self.data[i]).ok_or_else(|| Error::Type {
                what: format!(
                    "the sum of the values at row {row}, column {col} of {} {:?}",
                    layers::WHAT,
                    self.name
                ),
                expected: T::DTYPE.to_string(),
                found: "more than that holds".to_owned(),
            })?;
        }
        match not_finite(out) {
            Some((at, value)) => Err(Error::NotFinite {
                layer: self.name.to_owned(),
                row: top + at / width,
                col: left + at % width,
                value,
            }),
            None => Ok(!triplets.is_empty()),
        }
    }
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
