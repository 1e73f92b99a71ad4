//! All that is stored of a dataset, as it is stored: for whoever copies or accounts for it.

use super::{
    index::{self, ChunkEntry},
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

impl Storage {
    /// Calls `visit` with all chunks that were written, in the order of the grid, some thousands at
    /// a time. How many there can be does not count, only how many there are.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a chunk is outside the file, and what `visit` returns.
    pub(crate) fn each_batch(
        &self,
        image: &Image,
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
        while start < counts[0] {
            let end = start.saturating_add(step).min(counts[0]);
            let axes = std::iter::once(start..end).chain(counts.iter().skip(1).map(|&n| 0..n));
            let grid = ChunkGrid::new(axes.map(AxisChunks::Range).collect());
            let entries = self.entries(image, &grid)?;
            for entry in &entries {
                let end = entry.address.plus("chunk", entry.size)?;
                if end.0 > image.len() {
                    let reason = format_args!("its {} bytes reach past the end", entry.size);
                    return Err(Error::corrupt("chunk", entry.address, reason));
                }
            }
            // Where nothing is stored, the next step is longer.
            step = if entries.is_empty() {
                step.saturating_mul(2)
            } else {
                least
            };
            if !entries.is_empty() {
                visit(entries)?;
            }
            start = end;
        }
        Ok(())
    }

    /// Says what room the data and the index of its chunks take.
    pub(crate) fn claim(&self, image: &Image) -> Result<()> {
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
        self.each_batch(image, &mut |entries| {
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
        empty.each_batch(&image, &mut count).unwrap();
        let implicit = chunks(&huge, &[1, 1], ChunkIndex::Implicit(Some(Address(0))));
        let refused = implicit.each_batch(&image, &mut count).unwrap_err();
        assert!(refused.is_corrupt(), "{refused}");
        assert_eq!(visited, 0);
    }
}
