//! What an edit does to the chunks of an index.

use std::{collections::BTreeMap, ops::Bound};

use crate::format::chunk_grid::{AxisChunks, ChunkGrid, StoredChunk};

/// Chunks by their place in the grid.
pub(super) type ChunkMap = BTreeMap<Vec<u64>, StoredChunk>;

/// What becomes of the chunks of a tree.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    /// Chunks that are put in, in the place of those that are there.
    written: &'a ChunkMap,
    /// The chunks that stay: up to this coordinate of each axis.
    kept: &'a [u64],
    kept_grid: ChunkGrid,
    /// The chunks that go, unless they are put in again: one grid for each axis that was shortened.
    removed: Vec<ChunkGrid>,
}

impl<'a> Changes<'a> {
    /// Of a tree of chunks up to `counts` on each axis, those up to `kept` stay.
    pub(super) fn new(written: &'a ChunkMap, kept: &'a [u64], counts: &[u64]) -> Self {
        let grid = |shortened: Option<usize>| {
            let axes = kept.iter().zip(counts).enumerate();
            let axes = axes.map(|(axis, (&kept, &count))| match shortened {
                None => AxisChunks::Range(0..kept),
                Some(shortened) if shortened == axis => AxisChunks::Range(kept..count),
                Some(_) => AxisChunks::Range(0..count),
            });
            ChunkGrid::new(axes.collect())
        };
        let shortened = (0..kept.len()).filter(|&axis| kept[axis] < counts[axis]);
        Self {
            written,
            kept,
            kept_grid: grid(None),
            removed: shortened.map(|axis| grid(Some(axis))).collect(),
        }
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }

    /// Whether the chunk at `at`, which is there, stays as it is.
    pub(super) fn keep(&self, at: &[u64]) -> bool {
        at.iter().zip(self.kept).all(|(at, end)| at < end) && !self.written.contains_key(at)
    }

    /// Whether a chunk from `from` on and before `to` comes or may go.
    pub(super) fn touch(&self, from: &[u64], to: Option<&[u64]>) -> bool {
        self.puts_in(from, to) || self.removed.iter().any(|grid| reaches(grid, from, to))
    }

    /// Whether any chunk there can be left.
    pub(super) fn leave(&self, from: &[u64], to: Option<&[u64]>) -> bool {
        self.removed.is_empty() || reaches(&self.kept_grid, from, to) || self.puts_in(from, to)
    }

    fn puts_in(&self, from: &[u64], to: Option<&[u64]>) -> bool {
        self.between(from, to).next().is_some()
    }

    /// The chunks that are put in from `from` on and before `to`.
    pub(super) fn between(
        &self,
        from: &[u64],
        to: Option<&[u64]>,
    ) -> impl Iterator<Item = (&Vec<u64>, &StoredChunk)> {
        // A range of a map must not be reversed.
        let from = (Bound::Included(from), Bound::Unbounded);
        let behind = self.written.range::<[u64], _>(from);
        behind.take_while(move |(at, _)| to.is_none_or(|to| at.as_slice() < to))
    }
}

/// Whether a chunk of the grid lies from `from` on and before `to`.
fn reaches(grid: &ChunkGrid, from: &[u64], to: Option<&[u64]>) -> bool {
    let mut at = from.to_vec();
    grid.seek(&mut at) && to.is_none_or(|to| at.as_slice() < to)
}
