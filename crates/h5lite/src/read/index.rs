//! From a chunk's place in the grid to its place in the file, whichever index the dataset has.

use crate::{
    error::{Error, Result},
    format::{
        btree_v1::{self, ChunkTree},
        btree_v2::{self, BTreeV2},
        chunk_grid::{ChunkGrid, StoredChunk},
        extensible_array::ExtensibleArray,
        fixed_array::FixedArray,
        message::ChunkIndex,
    },
    image::{Address, Image},
};

const LAYOUT: &str = "data layout message";

/// A chunk that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkEntry {
    /// Its place in the grid.
    pub(crate) coordinates: Vec<u64>,
    /// Where its bytes start.
    pub(crate) address: Address,
    /// How many bytes are stored.
    pub(crate) size: u64,
    /// Bit i set: the i-th filter was not applied.
    pub(crate) filter_mask: u32,
}

/// What calls have read of the chunk index of one dataset, for the next ones.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    nodes: btree_v1::NodeCache,
    tree: Option<BTreeV2<'a>>,
    tree_nodes: btree_v2::NodeCache<'a>,
    fixed: Option<FixedArray<'a>>,
    extensible: Option<ExtensibleArray<'a>>,
}

impl Known<'_> {
    /// Bytes of the index that calls have gone through so far.
    pub(super) fn read(&self) -> u64 {
        let arrays = [
            self.fixed.as_ref().map_or(0, FixedArray::read_so_far),
            (self.extensible.as_ref()).map_or(0, ExtensibleArray::read_so_far),
        ];
        let nodes = self.nodes.read().saturating_add(self.tree_nodes.read());
        arrays.into_iter().fold(nodes, u64::saturating_add)
    }
}

/// What is kept in `place`, made the first time.
fn kept<T>(place: &mut Option<T>, make: impl FnOnce() -> Result<T>) -> Result<&mut T> {
    match place {
        Some(made) => Ok(made),
        None => Ok(place.insert(make()?)),
    }
}

/// The chunks of the grid that an index knows, in the grid's order.
///
/// `chunk` is the shape of a chunk and `whole` its bytes without filters; the dataset can ever have
/// `max_chunks` chunks on each axis, or any number on an unlimited one. `known` is what earlier calls
/// for the same dataset have read of the index.
pub(super) fn find<'a>(
    image: &'a Image,
    index: ChunkIndex,
    grid: &ChunkGrid,
    (chunk, whole): (&[u64], u64),
    max_chunks: &[Option<u64>],
    known: &mut Known<'a>,
) -> Result<Vec<ChunkEntry>> {
    match index {
        ChunkIndex::BtreeV1(None)
        | ChunkIndex::Single { address: None, .. }
        | ChunkIndex::Implicit(None)
        | ChunkIndex::FixedArray(None)
        | ChunkIndex::ExtensibleArray(None)
        | ChunkIndex::BtreeV2(None) => Ok(Vec::new()),
        ChunkIndex::BtreeV1(Some(root)) => {
            let tree = ChunkTree::new(image, root, chunk)?;
            collect(whole, |visit| tree.walk_on(grid, &mut known.nodes, visit))
        }
        ChunkIndex::Single {
            address: Some(address),
            filtered,
        } => {
            let (size, filter_mask) = filtered.unwrap_or((whole, 0));
            each(grid, |coordinates| {
                if coordinates.iter().any(|&at| at > 0) {
                    let reason = "an index of one chunk for a dataset of several";
                    return Err(Error::corrupt(LAYOUT, address, reason));
                }
                let coordinates = coordinates.to_vec();
                Ok(Some(ChunkEntry {
                    coordinates,
                    address,
                    size,
                    filter_mask,
                }))
            })
        }
        ChunkIndex::Implicit(Some(start)) => each(grid, |coordinates| {
            let number = row_major(coordinates, max_chunks);
            let before = number.and_then(|number| number.checked_mul(whole));
            Ok(Some(ChunkEntry {
                coordinates: coordinates.to_vec(),
                address: start.plus(LAYOUT, before.unwrap_or(u64::MAX))?,
                size: whole,
                filter_mask: 0,
            }))
        }),
        ChunkIndex::BtreeV2(Some(header)) => {
            let read = || BTreeV2::read(image, header, &BTreeV2::CHUNKS);
            let tree = kept(&mut known.tree, read)?;
            let nodes = &mut known.tree_nodes;
            collect(whole, |visit| tree.walk_chunks(grid, nodes, visit))
        }
        ChunkIndex::FixedArray(Some(header)) => {
            let array = kept(&mut known.fixed, || FixedArray::read(image, header))?;
            collect(whole, |visit| array.walk(grid, max_chunks, visit))
        }
        ChunkIndex::ExtensibleArray(Some(header)) => {
            let array = kept(&mut known.extensible, || {
                ExtensibleArray::read(image, header)
            })?;
            let mut entries = collect(whole, |visit| array.walk(grid, max_chunks, visit))?;
            // The array counts its one unlimited axis slowest.
            entries.sort_by(|a, b| a.coordinates.cmp(&b.coordinates));
            Ok(entries)
        }
    }
}

/// Says what room an index takes where a walk over its chunks does not: parts without a chunk.
pub(super) fn claim(image: &Image, index: ChunkIndex) -> Result<()> {
    match index {
        ChunkIndex::FixedArray(Some(header)) => FixedArray::read(image, header)?.claim_block(),
        ChunkIndex::ExtensibleArray(Some(header)) => {
            ExtensibleArray::read(image, header)?.claim_blocks()?;
        }
        ChunkIndex::BtreeV2(Some(header)) => {
            BTreeV2::read(image, header, &BTreeV2::CHUNKS)?.walk(&mut |_| Ok(()))?;
        }
        _ => {}
    }
    Ok(())
}

/// The entries of all chunks of the grid for which there is one.
pub(super) fn each(
    grid: &ChunkGrid,
    mut entry: impl FnMut(&[u64]) -> Result<Option<ChunkEntry>>,
) -> Result<Vec<ChunkEntry>> {
    let mut entries = Vec::new();
    let mut next = grid.first();
    while let Some(mut coordinates) = next {
        entries.extend(entry(&coordinates)?);
        next = grid.step(&mut coordinates).then_some(coordinates);
    }
    Ok(entries)
}

/// The entries a walk over an index visits, in chunks that take `whole` bytes without filters.
fn collect(
    whole: u64,
    walk: impl FnOnce(&mut dyn FnMut(&[u64], StoredChunk) -> Result<()>) -> Result<()>,
) -> Result<Vec<ChunkEntry>> {
    let mut entries = Vec::new();
    walk(&mut |coordinates, stored| {
        entries.push(ChunkEntry::new(coordinates, stored, whole));
        Ok(())
    })?;
    Ok(entries)
}

impl ChunkEntry {
    fn new(coordinates: &[u64], stored: StoredChunk, whole: u64) -> Self {
        let StoredChunk {
            address,
            size,
            filter_mask,
        } = stored;
        let size = size.unwrap_or(whole);
        Self {
            coordinates: coordinates.to_vec(),
            address,
            size,
            filter_mask,
        }
    }
}

/// A chunk's number when all that can ever be are counted in row-major order. `None` where the
/// file's numbers are too large.
fn row_major(coordinates: &[u64], max_chunks: &[Option<u64>]) -> Option<u64> {
    let (first, others) = coordinates.split_first()?;
    let mut others = others.iter().zip(max_chunks.iter().skip(1));
    others.try_fold(*first, |number, (&at, max)| {
        number.checked_mul((*max)?)?.checked_add(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_numbered_in_row_major_order() {
        let max = [Some(4), Some(9), Some(5)];
        assert_eq!(row_major(&[1, 2, 3], &max), Some((9 + 2) * 5 + 3));
        assert_eq!(row_major(&[u64::MAX, 0], &[None, Some(2)]), None);
        assert_eq!(row_major(&[0, 0], &[None, None]), None);
    }
}
