//! Elements of a chunk to where they belong in the result.

use crate::read::{
    gather::Output,
    plan::{Band, Piece},
};

/// Copies items of chunks, packed, into the result.
pub(super) struct Scatter<'a, O> {
    /// Bytes of an item.
    pub(super) item_len: usize,
    /// Items from one position of an axis of the chunk to the next.
    pub(super) item_strides: &'a [usize],
    /// Items from one position of an axis of the result to the next.
    pub(super) strides: &'a [usize],
    pub(super) output: &'a Output<O>,
}

impl<O> Scatter<'_, O> {
    /// Copies what is wanted of the chunk: of its first axis the pieces `first`, of the others what
    /// their bands say. `None`: out of range.
    pub(super) fn chunk(
        &self,
        bands: &[Vec<Band>],
        (coordinates, items): (&[u64], &[u8]),
        first: &[Piece],
        out: &mut [O],
    ) -> Option<()> {
        let rest = coordinates.get(1..)?;
        self.axis(first, (bands, rest), (0, 0), (items, out))
    }

    /// Copies runs of several chunks of a matrix, each with its chunk's items, line of the result by
    /// line: where lines lie far apart, memory takes one long piece sooner than several short ones.
    ///
    /// `None`, with a part of it done: out of range.
    pub(super) fn lines_of_runs(
        &self,
        runs: &[(Piece, &[u8])],
        first: &[Piece],
        out: &mut [O],
    ) -> Option<()> {
        let (&[stride, inner], &[step, _]) = (self.item_strides, self.strides) else {
            return None;
        };
        let per_item = self.output.per_item;
        for piece in first {
            for i in 0..piece.len {
                let line = out.get_mut((piece.to + i) * step * per_item..)?;
                for (run, items) in runs {
                    let from = ((piece.from + i) * stride + run.from * inner) * self.item_len;
                    let items = items.get(from..)?.get(..run.len * self.item_len)?;
                    let values = line.get_mut(run.to * per_item..)?;
                    (self.output.convert)(items, values.get_mut(..run.len * per_item)?);
                }
            }
        }
        Some(())
    }

    /// Copies what the pieces of this axis select, and the bands of those behind it.
    fn axis(
        &self,
        here: &[Piece],
        (bands, coordinates): (&[Vec<Band>], &[u64]),
        (from, to): (usize, usize),
        (items, out): (&[u8], &mut [O]),
    ) -> Option<()> {
        let axis = self.strides.len() - coordinates.len() - 1;
        let (Some((next, bands)), Some((&chunk, coordinates))) =
            (bands.split_first(), coordinates.split_first())
        else {
            return self.runs(here, (from, to), (items, out));
        };
        let band = next.binary_search_by_key(&chunk, |band| band.chunk).ok()?;
        let next = &next.get(band)?.pieces;
        if let ([run], true) = (&next[..], bands.is_empty() && self.item_strides[axis] > 0) {
            return self.lines(here, *run, (from, to), (items, out));
        }
        for piece in here {
            for i in 0..piece.len {
                let from = from + (piece.from + i) * self.item_strides[axis];
                let to = to + (piece.to + i) * self.strides[axis];
                if bands.is_empty() {
                    self.runs(next, (from, to), (items, out))?;
                } else {
                    self.axis(next, (bands, coordinates), (from, to), (items, out))?;
                }
            }
        }
        Some(())
    }

    /// Copies the same run of the last axis for each position of the axis before it.
    fn lines(
        &self,
        here: &[Piece],
        run: Piece,
        (from, to): (usize, usize),
        (items, out): (&[u8], &mut [O]),
    ) -> Option<()> {
        let (&[.., stride, inner], &[.., step, _]) = (self.item_strides, self.strides) else {
            return None;
        };
        let (items_len, values_len) = (run.len * self.item_len, run.len * self.output.per_item);
        for piece in here {
            let from = (from + piece.from * stride + run.from * inner) * self.item_len;
            let to = (to + piece.to * step + run.to) * self.output.per_item;
            let items = items.get(from..)?.chunks((stride * self.item_len).max(1));
            let values = out
                .get_mut(to..)?
                .chunks_mut((step * self.output.per_item).max(1));
            if items.len().min(values.len()) < piece.len {
                return None;
            }
            for (items, values) in items.zip(values).take(piece.len) {
                (self.output.convert)(items.get(..items_len)?, values.get_mut(..values_len)?);
            }
        }
        Some(())
    }

    /// Copies runs of the last axis.
    fn runs(
        &self,
        pieces: &[Piece],
        (from, to): (usize, usize),
        (items, out): (&[u8], &mut [O]),
    ) -> Option<()> {
        let stride = self.item_strides.last()?;
        for piece in pieces {
            let from = (from + piece.from * stride) * self.item_len;
            let to = (to + piece.to) * self.output.per_item;
            let items = items.get(from..from + piece.len * self.item_len)?;
            let values = out.get_mut(to..to + piece.len * self.output.per_item)?;
            (self.output.convert)(items, values);
        }
        Some(())
    }
}
