//! All that is stored of a dataset, as it is stored: for whoever copies or accounts for it.

use std::slice;

use super::{
    index::{self, ChunkEntry, Known},
    storage::{Place, Storage, total_bytes},
};
use crate::{
    error::{Error, Result},
    format::{
        chunk_grid::{AxisChunks, ChunkGrid},
        message::ChunkIndex,
    },
    image::Image,
};

/// About how many chunks are looked up at a time.
const BATCH: u64 = 1 << 14;

/// Why chunks are not visited that others have used up the file for.
const OVERLAP: &str = "its chunks overlap, or those of other datasets";

/// Whether a walk ended because chunks share their bytes.
pub(crate) fn is_overlap(error: &Error) -> bool {
    matches!(error.root_cause(), Error::Corrupt { reason, .. } if reason == OVERLAP)
}

impl Storage {
    /// Calls `visit` with all chunks that were written, in the order of the grid, some thousands at
    /// a time. How many there can be does not count, only how many there are.
    ///
    /// `left` is how many bytes the chunks may still have, of this dataset and all others that are
    /// gone through: those of a sound file share none.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a chunk is outside the file or none are left for it, and what `visit`
    /// returns.
    pub(crate) fn each_batch(
        &self,
        image: &Image,
        left: &mut u64,
        visit: &mut dyn FnMut(Vec<ChunkEntry>) -> Result<()>,
    ) -> Result<()> {
        let axes = self.shape.iter().zip(&self.chunk);
        let counts: Vec<u64> = axes
            .map(|(dim, chunk)| dim.div_ceil(*chunk) as u64)
            .collect();
        let inner = counts
            .iter()
            .skip(1)
            .fold(1, |n: u64, &axis| n.saturating_mul(axis));
        let least = (BATCH / inner.max(1)).max(1);
        let (mut start, mut step) = (0, least);
        let mut known = Known::default();
        while start < counts[0] {
            let end = start.saturating_add(step).min(counts[0]);
            let axes = std::iter::once(start..end).chain(counts.iter().skip(1).map(|&n| 0..n));
            let grid = ChunkGrid::new(axes.map(AxisChunks::Range).collect());
            let mut entries = self.entries_from(image, &grid, &mut known)?;
            for entry in &entries {
                let end = entry.address.plus("chunk", entry.size)?;
                if end.0 > image.len() {
                    let reason = format_args!("its {} bytes reach past the end", entry.size);
                    return Err(Error::corrupt("chunk", entry.address, reason));
                }
            }
            let found = entries.len();
            entries.truncate(affordable(&entries, left));
            let overlap = entries.len() < found;
            // Where nothing is stored, the next step is longer.
            step = if entries.is_empty() {
                step.saturating_mul(2)
            } else {
                least
            };
            if !entries.is_empty() {
                visit(entries)?;
            }
            if overlap {
                return Err(self.overlap());
            }
            start = end;
        }
        Ok(())
    }

    fn overlap(&self) -> Error {
        Error::corrupt("chunk index", self.index_address(), OVERLAP)
    }

    /// Looks for chunks one by one, the first `most` there can be, where the index as a whole cannot
    /// be read. Why it cannot goes to `failed`; `left` is as for [`each_batch`](Self::each_batch).
    pub(crate) fn one_by_one(
        &self,
        image: &Image,
        most: usize,
        left: &mut u64,
        failed: &mut dyn FnMut(Error),
    ) -> Vec<ChunkEntry> {
        let axes = self.shape.iter().zip(&self.chunk);
        let axes = axes.map(|(dim, chunk)| AxisChunks::Range(0..dim.div_ceil(*chunk) as u64));
        let all = ChunkGrid::new(axes.collect());
        let (mut found, mut known) = (Vec::new(), Known::default());
        let mut next = all.first();
        for _ in 0..most {
            let Some(mut at) = next else { break };
            let one = at.iter().map(|&at| AxisChunks::List(vec![at]));
            match self.entries_from(image, &ChunkGrid::new(one.collect()), &mut known) {
                Ok(entries) => {
                    for entry in entries {
                        let end = entry.address.0.saturating_add(entry.size);
                        // What leaves the file cannot be read, and so takes nothing from others.
                        if end > image.len() || affordable(slice::from_ref(&entry), left) == 1 {
                            found.push(entry);
                        } else {
                            failed(self.overlap());
                        }
                    }
                }
                Err(error) => failed(error),
            }
            next = all.step(&mut at).then_some(at);
        }
        found
    }

    /// Says what room the data and the index of its chunks take.
    pub(crate) fn claim(&self, image: &Image, left: &mut u64) -> Result<()> {
        match &self.place {
            Place::Refused(_) | Place::Nowhere | Place::Memory(_) => return Ok(()),
            Place::Run(start) => {
                image.claim("raw data", *start, total_bytes(&self.shape, self.element)?);
                return Ok(());
            }
            // Without an index, its chunks follow each other.
            Place::Chunks {
                index: ChunkIndex::Implicit(Some(start)),
                max_chunks,
                ..
            } => {
                let count = max_chunks.iter().map(|max| max.unwrap_or(u64::MAX));
                let len = count.fold(self.chunk_len() as u64, u64::saturating_mul);
                image.claim("chunk", *start, len);
                return Ok(());
            }
            Place::Chunks { index, .. } => index::claim(image, *index)?,
        }
        self.each_batch(image, left, &mut |entries| {
            for entry in entries {
                image.claim("chunk", entry.address, entry.size);
            }
            Ok(())
        })
    }

    /// Sets what of a chunk lies outside the dataset to zero: nobody reads it, and nobody says that
    /// there is sense in it.
    pub(crate) fn clear_outside(&self, coordinates: &[u64], elements: &mut [u8]) {
        let axes = coordinates.iter().zip(&self.chunk).zip(&self.shape);
        let inside: Vec<usize> = axes
            .map(|((&at, &chunk), &length)| {
                let start = usize::try_from(at)
                    .unwrap_or(usize::MAX)
                    .saturating_mul(chunk);
                length.saturating_sub(start).min(chunk)
            })
            .collect();
        if inside == self.chunk {
            return;
        }
        for (position, element) in elements.chunks_exact_mut(self.element.max(1)).enumerate() {
            let mut rest = position;
            let outside = self
                .chunk
                .iter()
                .zip(&inside)
                .rev()
                .any(|(&chunk, &inside)| {
                    let at = rest % chunk;
                    rest /= chunk;
                    at >= inside
                });
            if outside {
                element.fill(0);
            }
        }
    }
}

/// For how many of the chunks, from the first on, there are bytes left, which they take.
fn affordable(entries: &[ChunkEntry], left: &mut u64) -> usize {
    let fits = |entry: &&ChunkEntry| {
        let rest = left.checked_sub(entry.size);
        *left = rest.unwrap_or(*left);
        rest.is_some()
    };
    entries.iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{format::message::DataLayout, image::Address, source::Source};

    fn chunks(shape: &[usize], chunk: &[u64], index: ChunkIndex) -> Storage {
        let layout = DataLayout::Chunked {
            shape: chunk.to_vec(),
            element_size: 1,
            index,
            plain_partial_chunks: false,
        };
        Storage::new(Address(0), layout, vec![], (shape, None), 1).unwrap()
    }

    #[test]
    fn what_lies_outside_the_dataset_is_cleared() {
        let storage = chunks(&[5, 4], &[3, 3], ChunkIndex::BtreeV1(None));
        let cleared = |at: &[u64]| {
            let mut elements = vec![1; 9];
            storage.clear_outside(at, &mut elements);
            elements
        };
        assert_eq!(cleared(&[0, 0]), [1; 9]);
        assert_eq!(cleared(&[0, 1]), [1, 0, 0, 1, 0, 0, 1, 0, 0]);
        assert_eq!(cleared(&[1, 0]), [1, 1, 1, 1, 1, 1, 0, 0, 0]);
        assert_eq!(cleared(&[1, 1]), [1, 0, 0, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_small_file_cannot_claim_many_chunks() {
        let image = Image::whole(Source::from(vec![0; 100]));
        let huge = [usize::MAX >> 2, 2];
        let mut visited = 0;
        let mut count = |entries: Vec<ChunkEntry>| {
            visited += entries.len();
            Ok(())
        };
        let empty = chunks(&huge, &[1, 1], ChunkIndex::BtreeV1(None));
        empty.each_batch(&image, &mut 100, &mut count).unwrap();
        let implicit = chunks(&huge, &[1, 1], ChunkIndex::Implicit(Some(Address(0))));
        let refused = implicit
            .each_batch(&image, &mut 100, &mut count)
            .unwrap_err();
        assert!(refused.is_corrupt(), "{refused}");
        assert_eq!(visited, 0);
    }
}
