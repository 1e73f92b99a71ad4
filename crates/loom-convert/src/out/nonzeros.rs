//! The non-zeros of a layer, cell after cell.

use std::ops::Range;

use loom_core::{Axis, Layer, Result, Stat, h5lite::Number};

use super::Memory;

/// Non-zeros of some cells, sorted by cell, then by gene.
pub(super) struct NonZeros<T> {
    /// The cell of each, counted from the first of these.
    pub(super) cells: Vec<u32>,
    pub(super) genes: Vec<u32>,
    pub(super) values: Vec<T>,
}

/// How many values of each cell are not 0.
pub(super) fn counts(layer: &Layer<'_>) -> Result<Vec<u64>> {
    let counts = layer.stats(Axis::Cols, .., &[Stat::Nonzeros])?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no axis of a file has 2^53 positions"
    )]
    Ok(counts.iter().flatten().map(|&count| count as u64).collect())
}

/// Cells that are worked on together, if `counts` of their values are not 0, and each of those takes
/// `more` bytes beside what it takes to read them.
pub(super) fn bands(
    layer: &Layer<'_>,
    counts: &[u64],
    memory: Memory,
    more: usize,
) -> Result<Vec<Range<usize>>> {
    // Lists that grow have room for as much again, and there are those in the order of genes.
    let each = 4 * (2 * size_of::<u32>() + layer.dtype().size().unwrap_or(8)) + more;
    let sizes: Vec<u64> = counts
        .iter()
        .map(|count| count.saturating_mul(each as u64))
        .collect();
    memory.bands(&sizes, chunk(layer, Axis::Cols))
}

/// How many positions of the axis a chunk of a layer has.
pub(super) fn chunk(layer: &Layer<'_>, axis: Axis) -> usize {
    let chunk = layer.dataset().chunk_shape();
    let length = chunk.and_then(|chunk| chunk.get(axis.index()).copied());
    length.unwrap_or(1).max(1)
}

impl<T: Number> NonZeros<T> {
    /// Those of some cells.
    pub(super) fn read(layer: &Layer<'_>, cells: Range<usize>) -> Result<Self> {
        let mut next = vec![0_usize; cells.len() + 1];
        let (rows, cols, data) = layer.sparse::<T>(.., cells)?.into_parts();
        for &cell in &cols {
            next[cell as usize + 1] += 1;
        }
        for cell in 1..next.len() {
            next[cell] += next[cell - 1];
        }
        let mut sorted = Self {
            cells: vec![0; cols.len()],
            genes: vec![0; cols.len()],
            values: vec![T::default(); cols.len()],
        };
        for ((&gene, &cell), &value) in rows.iter().zip(&cols).zip(&data) {
            let place = &mut next[cell as usize];
            sorted.cells[*place] = cell;
            sorted.genes[*place] = gene;
            sorted.values[*place] = value;
            *place += 1;
        }
        Ok(sorted)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}
