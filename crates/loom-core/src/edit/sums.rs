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

/// A row number, a column number as the triplets have it, and a value.
type Triplet<T> = (u32, u32, T);

/// The triplets in a band of chunks, those of each chunk together.
struct Band<T> {
    /// The number of the band.
    number: usize,
    /// The numbers of the chunks across it in which triplets lie, and where in `triplets` theirs are.
    chunks: Vec<(usize, Range<usize>)>,
    triplets: Vec<Triplet<T>>,
}

impl<T: Copy> Band<T> {
    /// The triplets of a band and, for each, the number of its chunk across, which are sorted by.
    fn new(number: usize, unsorted: &[Triplet<T>], across: &[usize]) -> Self {
        let first = across.iter().min().copied().unwrap_or(0);
        let last = across.iter().max().copied().unwrap_or(0);
        let mut chunks = Vec::new();
        let triplets = if are_few(last - first, across.len()) {
            let mut ends = vec![0; last - first + 1];
            across.iter().for_each(|number| ends[number - first] += 1);
            let mut start = 0;
            for (number, end) in (first..).zip(&mut ends) {
                let count = *end;
                if count > 0 {
                    chunks.push((number, start..start + count));
                }
                *end = start;
                start += count;
            }
            let mut sorted = unsorted.to_vec();
            for (&triplet, number) in unsorted.iter().zip(across) {
                let end = &mut ends[number - first];
                sorted[*end] = triplet;
                *end += 1;
            }
            sorted
        } else {
            let mut order: Vec<usize> = (0..across.len()).collect();
            order.sort_by_key(|&i| across[i]);
            let mut start = 0;
            for same in order.chunk_by(|&a, &b| across[a] == across[b]) {
                chunks.push((across[same[0]], start..start + same.len()));
                start += same.len();
            }
            order.iter().map(|&i| unsorted[i]).collect()
        };
        Self {
            number,
            chunks,
            triplets,
        }
    }

    /// Those of a chunk across it.
    fn of_chunk(&self, number: usize) -> &[Triplet<T>] {
        let found = self.chunks.binary_search_by_key(&number, |chunk| chunk.0);
        found.map_or(&[], |at| &self.triplets[self.chunks[at].1.clone()])
    }

    /// The numbers of the chunks across it from the first to the last in which triplets lie.
    fn across(&self) -> Range<usize> {
        match (self.chunks.first(), self.chunks.last()) {
            (Some(first), Some(last)) => first.0..last.0 + 1,
            _ => 0..0,
        }
    }
}

/// Whether so many chunks are worth a look at each of them, for so many triplets.
fn are_few(chunks: usize, triplets: usize) -> bool {
    chunks <= 64 + 4 * triplets
}

impl<T: Sum> Sums<'_, T> {
    /// The layer's column that a column of the triplets is; `None` for one that is not written.
    fn column(&self, col: u32) -> Option<usize> {
        let col = (col as usize).checked_sub(self.first)? + self.cols.start;
        (col < self.cols.end).then_some(col)
    }

    /// Writes them, some bands of chunks at a time.
    fn write(&self, change: &mut Change<'_, '_>, path: &str) -> Result<()> {
        /// Bands of about so many triplets are sorted and written together.
        const TOGETHER: usize = 1 << 20;
        let (axis, order) = self.order();
        let mut together = Vec::new();
        let mut count = 0;
        for (number, positions) in self.bands(axis, &order) {
            count += positions.len();
            together.push((number, positions));
            if count >= TOGETHER {
                self.write_together(change, path, axis, &order, std::mem::take(&mut together))?;
                count = 0;
            }
        }
        self.write_together(change, path, axis, &order, together)
    }

    /// An axis, and all triplets in the order of the bands of chunks along it.
    fn order(&self) -> (Axis, Order) {
        let all = 0..self.data.len();
        if self.col.is_sorted() {
            let before = |end| self.col.partition_point(|&col| (col as usize) < end);
            let end = self.first.saturating_add(self.cols.len());
            (
                Axis::Cols,
                Order::AsTheyAre(before(self.first)..before(end)),
            )
        } else if self.row.is_sorted() {
            (Axis::Rows, Order::AsTheyAre(all))
        } else {
            let mut positions: Vec<usize> = all.collect();
            positions.sort_by_key(|&i| self.row[i] as usize / self.chunk.0);
            (Axis::Rows, Order::Sorted(positions))
        }
    }

    /// The number of each band, and where in the order its triplets are.
    fn bands(&self, axis: Axis, order: &Order) -> Vec<(usize, Range<usize>)> {
        let size = axis.of(self.chunk);
        let number = |i: usize| match axis {
            Axis::Rows => self.row[i] as usize / size,
            Axis::Cols => self.column(self.col[i]).unwrap_or(0) / size,
        };
        let mut bands = Vec::new();
        let Range { mut start, end } = order.all();
        while start < end {
            let band = number(order.at(start));
            let (mut inside, mut outside) = (start, end);
            while outside - inside > 1 {
                let middle = inside.midpoint(outside);
                match number(order.at(middle)) == band {
                    true => inside = middle,
                    false => outside = middle,
                }
            }
            bands.push((band, start..outside));
            start = outside;
        }
        bands
    }

    /// Sorts and writes some bands.
    fn write_together(
        &self,
        change: &mut Change<'_, '_>,
        path: &str,
        axis: Axis,
        order: &Order,
        bands: Vec<(usize, Range<usize>)>,
    ) -> Result<()> {
        let size = axis.other().of(self.chunk);
        let sort = |(unsorted, across): &mut (Vec<Triplet<T>>, Vec<usize>), (number, positions)| {
            unsorted.clear();
            across.clear();
            for i in Range::into_iter(positions).map(|position| order.at(position)) {
                let (row, col) = (self.row[i], self.col[i]);
                if let Some(column) = self.column(col) {
                    unsorted.push((row, col, self.data[i]));
                    across.push(axis.other().of((row as usize, column)) / size);
                }
            }
            Ok::<_, Error>(Band::new(number, unsorted, across))
        };
        let threads = change.edit.file().threads().clone();
        let mut bands = threads.each(bands, || Ok(Default::default()), sort)?;
        bands.retain(|band| !band.triplets.is_empty());
        self.write_bands(change, path, axis, &bands)
    }

    /// Writes bands that were sorted: those and what lies between them at once, or where there are
    /// few triplets for so many chunks, each for itself.
    fn write_bands(
        &self,
        change: &mut Change<'_, '_>,
        path: &str,
        axis: Axis,
        bands: &[Band<T>],
    ) -> Result<()> {
        let [first, .., last] = bands else {
            let [band] = bands else { return Ok(()) };
            let across = band.across();
            if are_few(across.len(), band.triplets.len()) {
                return self.write_chunks(change, path, axis, bands, across);
            }
            return band.chunks.iter().try_for_each(|&(number, _)| {
                self.write_chunks(change, path, axis, bands, number..number + 1)
            });
        };
        let triplets: usize = bands.iter().map(|band| band.triplets.len()).sum();
        let across = bands.iter().map(Band::across);
        let across = across.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        let across = across.unwrap_or_default();
        let chunks = across.len().saturating_mul(last.number - first.number + 1);
        if are_few(chunks, triplets) {
            return self.write_chunks(change, path, axis, bands, across);
        }
        let (left, right) = bands.split_at(bands.len() / 2);
        self.write_bands(change, path, axis, left)?;
        self.write_bands(change, path, axis, right)
    }

    /// Writes the chunks with these numbers across some bands.
    fn write_chunks(
        &self,
        change: &mut Change<'_, '_>,
        path: &str,
        axis: Axis,
        bands: &[Band<T>],
        across: Range<usize>,
    ) -> Result<()> {
        let (Some(first), Some(last)) = (bands.first(), bands.last()) else {
            return Ok(());
        };
        let whole = (0..self.rows, self.cols.clone());
        let cut = |axis: Axis, numbers: Range<usize>| {
            let (size, whole) = (axis.of(self.chunk), axis.of(whole.clone()));
            let end = numbers.end.saturating_mul(size);
            (numbers.start.saturating_mul(size)).max(whole.start)..end.min(whole.end)
        };
        let along = cut(axis, first.number..last.number + 1);
        let within = axis.pair(along, cut(axis.other(), across));
        (change.edit).write_with(path, &[within.0, within.1], |place, out| {
            let chunk = (place[0].start / self.chunk.0, place[1].start / self.chunk.1);
            let band = bands.binary_search_by_key(&axis.of(chunk), |band| band.number);
            let of_chunk = band.map_or(&[][..], |at| bands[at].of_chunk(axis.other().of(chunk)));
            self.add_up(of_chunk, place, out)
        })
    }

    /// Puts the sums of some triplets into their part of the layer, which holds zeros. Whether there
    /// are any.
    fn add_up(
        &self,
        triplets: &[Triplet<T>],
        place: &[Range<usize>],
        out: &mut [T],
    ) -> Result<bool> {
        let [top, left, width] = [place[0].start, place[1].start, place[1].len()];
        for &(row, col, value) in triplets {
            let (row, col) = (row as usize, self.column(col).unwrap_or(left));
            let slot = &mut out[(row - top) * width + (col - left)];
            *slot = slot.plus(value).ok_or_else(|| Error::Type {
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

/// Positions of triplets in the order of the bands of chunks.
enum Order {
    /// Those of a range, as they are.
    AsTheyAre(Range<usize>),
    Sorted(Vec<usize>),
}

impl Order {
    fn all(&self) -> Range<usize> {
        match self {
            Self::AsTheyAre(range) => range.clone(),
            Self::Sorted(positions) => 0..positions.len(),
        }
    }

    /// The position of the triplet that comes at a place of the order.
    fn at(&self, place: usize) -> usize {
        match self {
            Self::AsTheyAre(_) => place,
            Self::Sorted(positions) => positions[place],
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
