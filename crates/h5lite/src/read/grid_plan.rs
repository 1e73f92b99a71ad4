//! A selection laid over the chunk grid, all axes together.

use crate::{
    error::Result,
    read::{
        index::ChunkEntry,
        plan::{self, Band, Piece, Segment},
        storage::Storage,
        targets::Target,
    },
    value::Selection,
};

/// The selection of a read, laid over the chunk grid.
pub(super) struct Plan {
    /// What of the first axis comes out of which chunks.
    pub(super) segments: Vec<Segment>,
    /// The same for the other axes.
    pub(super) bands: Vec<Vec<Band>>,
    /// Items from one position of an axis of a chunk to the next.
    pub(super) item_strides: Vec<usize>,
    /// Items from one position of an axis of the result to the next.
    pub(super) strides: Vec<usize>,
}

impl Plan {
    pub(super) fn new(storage: &Storage, selections: &[&Selection]) -> Result<Self> {
        let Storage { shape, chunk, .. } = storage;
        // A scalar is stored as one axis of length 1.
        let selections = if selections.is_empty() {
            &[&Selection::All][..]
        } else {
            selections
        };
        let mut strides = vec![1; shape.len()];
        let mut bands = Vec::new();
        for axis in (1..shape.len()).rev() {
            let selection = selections[axis];
            strides[axis - 1] = strides[axis] * selection.count(axis, shape[axis])?;
            bands.push(plan::bands(selection, axis, shape[axis], chunk[axis])?);
        }
        bands.reverse();
        let segments = plan::segments(selections[0], 0, shape[0], chunk[0])?;
        Ok(Self {
            segments,
            bands,
            item_strides: row_major_strides(chunk),
            strides,
        })
    }

    /// The most items of the last axis that stand next to each other in a chunk and in the result.
    pub(super) fn longest_run(&self) -> usize {
        let len = |piece: &Piece| piece.len;
        let longest = match self.bands.last() {
            Some(bands) => bands.iter().flat_map(|band| &band.pieces).map(len).max(),
            None => {
                let bands = self.segments.iter().map(|segment| &segment.band);
                bands.flat_map(|band| &band.pieces).map(len).max()
            }
        };
        longest.unwrap_or(0)
    }

    /// What is wanted across of chunks of a matrix, where it is one run of each.
    pub(super) fn runs<'c>(
        &self,
        chunks: &'c [(&ChunkEntry, Vec<u8>)],
    ) -> Option<Vec<(Piece, &'c [u8])>> {
        let [bands] = &self.bands[..] else {
            return None;
        };
        let run = |(entry, items): &'c (&ChunkEntry, Vec<u8>)| {
            let across = entry.coordinates.get(1)?;
            let band = bands.binary_search_by_key(across, |band| band.chunk);
            match bands.get(band.ok()?)?.pieces[..] {
                [run] => Some((run, &items[..])),
                _ => None,
            }
        };
        chunks.iter().map(run).collect()
    }

    /// The numbers of the segments in the order of their chunks.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.segments.len()).collect();
        order.sort_by_key(|&number| self.segments[number].band.chunk);
        order
    }

    /// The result cut at the borders of the first axis' chunks, all parts of one row of chunks
    /// together: rows of chunks can then be read independently.
    pub(super) fn rows<'o, O>(
        &self,
        out: &'o mut [O],
        per_item: usize,
    ) -> Vec<(u64, Vec<Target<'o, O>>)> {
        let mut rest = out;
        let mut parts = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            let len = (segment.len * self.strides[0] * per_item).min(rest.len());
            let (part, more) = rest.split_at_mut(len);
            parts.push(Some(part));
            rest = more;
        }
        let mut rows: Vec<(u64, Vec<Target<'o, O>>)> = Vec::new();
        for number in self.order() {
            let Band { chunk, pieces } = &self.segments[number].band;
            let Some(part) = parts[number].take() else {
                continue;
            };
            let target = (pieces.clone(), part);
            match rows.last_mut() {
                Some((last, targets)) if last == chunk => targets.push(target),
                _ => rows.push((*chunk, vec![target])),
            }
        }
        rows
    }
}

/// Items from one position of each axis to the next.
fn row_major_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}
