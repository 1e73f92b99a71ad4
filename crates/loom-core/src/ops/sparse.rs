//! A layer as a sparse matrix: loompy's `sparse`.

use std::sync::atomic::{AtomicUsize, Ordering};

use h5lite::{Number, Selection};

use super::{
    bands::{self, Band, Wanted},
    nonzeros::each_nonzero,
};
use crate::{
    axis::Axis,
    connection::LoomConnection,
    coo::{self, Coo},
    error::Result,
    layers::Layer,
};

/// Of twice so many values the non-zeros are in memory on their own before they are put to the others:
/// few enough that a large result is hardly there twice.
const TOGETHER: usize = 1 << 23;
/// For each thread so many bands are read together however wide they are, so that none waits long.
const FEWEST: usize = if cfg!(test) { 1 } else { 4 };
/// And no more, however narrow.
const MOST: usize = if cfg!(test) { 2 } else { 64 };

impl LoomConnection {
    /// The non-zeros of a block of the main matrix; see [`Layer::sparse`].
    ///
    /// # Errors
    /// As [`Layer::sparse`].
    pub fn sparse<T: Number>(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
    ) -> Result<Coo<T>> {
        self.layer("")?.sparse(rows, cols)
    }
}

impl Layer<'_> {
    /// The non-zeros of a block, sorted by row, then by column.
    ///
    /// Rows and columns may be in any order and repeated, as in [`read`](Layer::read). Memory
    /// follows the non-zeros, not the block, and every chunk is decoded once. (loompy's triplets
    /// come in the order of its batches.)
    ///
    /// # Errors
    /// As [`read`](Layer::read), and [`Error::Misuse`](crate::Error::Misuse) for a block longer
    /// than 32-bit numbers can address.
    pub fn sparse<T: Number>(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
    ) -> Result<Coo<T>> {
        let (rows, cols) = (rows.into(), cols.into());
        let (n_rows, n_cols) = self.shape();
        coo::addressable(self.shape())?;
        let shape = (rows.count(0, n_rows)?, cols.count(1, n_cols)?);
        self.afford(shape.0, shape.1)?;
        coo::addressable(shape)?;
        let rows = Wanted::new(&rows, Axis::Rows, n_rows)?;
        let cols = Wanted::new(&cols, Axis::Cols, n_cols)?;
        let (high, wide) = bands::piece(self, Axis::Rows);
        let block = [high.min(n_rows), wide.min(n_cols)];
        self.afford_results(&block, size_of::<T>())?;
        let across = cols.bands(wide);
        let width: usize = across.iter().map(|piece| piece.len).sum();
        let threads = self.threads();
        let together = (TOGETHER / (high * width).max(1)).clamp(FEWEST * threads, MOST * threads);
        let total = AtomicUsize::new(0);
        let mut all = Triplets::default();
        let read = |bands: &[Band]| {
            self.each(
                bands.to_vec(),
                || Ok((self.reader()?, Workspace::default())),
                |(reader, work), band| {
                    let mut found = Triplets::default();
                    for piece in &across {
                        work.fit(band.len, piece.len);
                        let block = [band.selection.clone(), piece.selection.clone()];
                        reader.read_into(&block, &mut work.block)?;
                        for (row, line) in (band.first..).zip(work.block.chunks_exact(piece.len)) {
                            let count = compress(line, &mut work.at, &mut work.values);
                            let (at, values) = (&work.at[..count], &work.values[..count]);
                            found.add(&rows, row, &cols, piece.first, at, values);
                        }
                    }
                    let count = found.data.len();
                    let so_far = total.fetch_add(count, Ordering::Relaxed) + count;
                    // Twice: lists that grow have room for as much again.
                    self.afford_results(&[so_far, 2], 2 * size_of::<u32>() + size_of::<T>())?;
                    if across.len() > 1 && rows.in_order() && cols.in_order() {
                        found.sort_rows();
                    }
                    Ok(found)
                },
            )
        };
        let mut found = Vec::new();
        for bands in rows.bands(high).chunks(together) {
            // What the bands before have is put to the rest while these are read.
            let mut parts = Ok(Vec::new());
            let mut append = || found.drain(..).for_each(|part| all.append(part));
            self.both(&mut append, &mut || parts = read(bands));
            found = parts?;
        }
        found.into_iter().for_each(|part| all.append(part));
        all.shrink();
        if !(rows.in_order() && cols.in_order()) {
            all.sort();
        }
        Coo::new(shape, all.row, all.col, all.data)
    }
}

/// What one thread keeps from piece to piece.
struct Workspace<T> {
    block: Vec<T>,
    at: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for Workspace<T> {
    fn default() -> Self {
        Self {
            block: Vec::new(),
            at: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl<T: Number> Workspace<T> {
    fn fit(&mut self, high: usize, wide: usize) {
        self.block.resize(high * wide, T::default());
        self.at.resize(wide, 0);
        self.values.resize(wide, T::default());
    }
}

/// Puts the non-zeros of a line, and where they are in it, into the two lists, which are as long as
/// the line. Returns how many they are.
fn compress<T: Number>(line: &[T], at: &mut [u32], values: &mut [T]) -> usize {
    let mut count = 0;
    each_nonzero(line, |place, value| {
        at[count] = number(place);
        values[count] = value;
        count += 1;
    });
    count
}

struct Triplets<T> {
    row: Vec<u32>,
    col: Vec<u32>,
    data: Vec<T>,
}

impl<T> Default for Triplets<T> {
    fn default() -> Self {
        Self {
            row: Vec::new(),
            col: Vec::new(),
            data: Vec::new(),
        }
    }
}

/// The number of a position, which is known to fit.
fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

impl<T: Number> Triplets<T> {
    /// Adds the non-zeros of one line: those of row number `row`, at `at` from column number
    /// `first` on.
    fn add(
        &mut self,
        rows: &Wanted,
        row: usize,
        cols: &Wanted,
        first: usize,
        at: &[u32],
        values: &[T],
    ) {
        let first = number(first);
        for row in rows.places(number(row)) {
            if let Wanted::Run(_) = cols {
                self.row.resize(self.row.len() + at.len(), row);
                self.col.extend(at.iter().map(|&col| first + col));
                self.data.extend_from_slice(values);
                continue;
            }
            for (&col, &value) in at.iter().zip(values) {
                for col in cols.places(first + col) {
                    self.row.push(row);
                    self.col.push(col);
                    self.data.push(value);
                }
            }
        }
    }

    /// Gives back memory that is not needed.
    fn shrink(&mut self) {
        self.row.shrink_to_fit();
        self.col.shrink_to_fit();
        self.data.shrink_to_fit();
    }

    fn append(&mut self, part: Self) {
        self.row.extend(part.row);
        self.col.extend(part.col);
        self.data.extend(part.data);
    }

    /// Sorts by row, keeping the order within each row. Rows must lie close together.
    fn sort_rows(&mut self) {
        let (Some(&low), Some(&high)) = (self.row.iter().min(), self.row.iter().max()) else {
            return;
        };
        let mut next = vec![0; (high - low) as usize + 2];
        for &row in &self.row {
            next[(row - low) as usize + 1] += 1;
        }
        for row in 1..next.len() {
            next[row] += next[row - 1];
        }
        let mut sorted = Self {
            row: vec![0; self.row.len()],
            col: vec![0; self.row.len()],
            data: vec![T::default(); self.row.len()],
        };
        for ((&row, &col), &value) in self.row.iter().zip(&self.col).zip(&self.data) {
            let place: &mut usize = &mut next[(row - low) as usize];
            sorted.row[*place] = row;
            sorted.col[*place] = col;
            sorted.data[*place] = value;
            *place += 1;
        }
        *self = sorted;
    }

    /// Sorts by row, then by column.
    fn sort(&mut self) {
        let mut triplets: Vec<(u32, u32, T)> = (self.row.drain(..))
            .zip(self.col.drain(..))
            .zip(self.data.drain(..))
            .map(|((row, col), value)| (row, col, value))
            .collect();
        triplets.sort_unstable_by_key(|&(row, col, _)| (row, col));
        for (row, col, value) in triplets {
            self.row.push(row);
            self.col.push(col);
            self.data.push(value);
        }
    }
}
