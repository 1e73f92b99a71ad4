//! The B-tree of a chunked dataset.

use std::cmp::Ordering;

use super::{Kind, Node};
use crate::{
    error::{Error, Result},
    format::{
        chunk_grid::{ChunkGrid, StoredChunk},
        field::Fields,
    },
    image::{Address, Image},
};

/// A chunk index in the form of a version 1 B-tree.
///
/// Its keys are positions in elements; here, as in all chunk indexes, chunks are counted.
#[derive(Debug)]
pub(crate) struct ChunkTree<'a> {
    image: &'a Image,
    root: Address,
    /// Elements of a chunk on each axis, none of them 0.
    chunk: &'a [u64],
}

impl<'a> ChunkTree<'a> {
    /// The tree at `root`, of chunks of `chunk` elements on each axis of the dataset.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a chunk is empty.
    pub(crate) fn new(image: &'a Image, root: Address, chunk: &'a [u64]) -> Result<Self> {
        if chunk.contains(&0) {
            let reason = "it indexes chunks without elements";
            return Err(Error::corrupt(super::NAME, root, reason));
        }
        Ok(Self { image, root, chunk })
    }

    /// Calls `visit` with the coordinates of each wanted chunk that is stored and what is known of
    /// it, in row-major order.
    ///
    /// Reads only nodes whose keys leave room for a wanted chunk. A node's last key is never
    /// looked at: what the library puts there is no chunk.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a node is broken, and whatever `visit` returns.
    pub(crate) fn walk(
        &self,
        wanted: &ChunkGrid,
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        let Some(at) = wanted.first().filter(|at| at.len() == self.chunk.len()) else {
            return Ok(());
        };
        let mut walk = Walk {
            tree: self,
            wanted,
            at,
            visit,
        };
        walk.node(self.root, None, None).map(drop)
    }
}

/// Whether a walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Here is a wanted chunk that is still to be looked for.
    Wanted,
    /// All are found or missing.
    Done,
}

/// A walk in progress.
///
/// It looks for one wanted chunk after the other and ends because each step passes a key of the
/// file for good, whatever the keys are: a node is left only with a wanted chunk at or behind the
/// key that follows it. So no set of visited nodes is needed, and no time is lost where a hostile
/// tree shares its nodes.
struct Walk<'a> {
    tree: &'a ChunkTree<'a>,
    wanted: &'a ChunkGrid,
    /// The wanted chunk looked for: all before are done.
    at: Vec<u64>,
    visit: &'a mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
}

impl Walk<'_> {
    /// Finds all wanted chunks before the key `end` in the node at `address`.
    fn node(&mut self, address: Address, parent: Option<u8>, end: Option<&[u8]>) -> Result<Next> {
        let rank = self.tree.chunk.len();
        let node = Node::read(self.tree.image, address, Kind::Chunk { rank }, parent)?;
        // How many children are known to start at or before the wanted chunk.
        let mut before = 0;
        loop {
            before = self.count_not_behind(&node, before)?;
            let key_behind = if before < node.count {
                Some(node.key(before)?)
            } else {
                end
            };
            if let Some(index) = before.checked_sub(1) {
                let next = if node.level > 0 {
                    self.node(node.child(index)?, Some(node.level), key_behind)?
                } else if self.compare(&node, node.key(index)?)? == Ordering::Equal {
                    let chunk = stored_chunk(&node, index)?;
                    (self.visit)(&self.at, chunk)?;
                    self.step()
                } else {
                    self.seek(&node, key_behind)?
                };
                if next == Next::Done {
                    return Ok(next);
                }
            } else if self.seek(&node, key_behind)? == Next::Done {
                return Ok(Next::Done);
            }
            if let Some(end) = end
                && self.compare(&node, end)? != Ordering::Greater
            {
                return Ok(Next::Wanted);
            }
        }
    }

    /// How many keys of `node` are not behind the wanted chunk, given that `from` are not.
    ///
    /// Looks near `from` first, so that chunks next to each other are found in constant time.
    fn count_not_behind(&self, node: &Node<'_>, from: usize) -> Result<usize> {
        let (mut low, mut high) = (from, node.count);
        let mut stride: usize = 1;
        while low < high {
            let probe = low.saturating_add(stride).saturating_sub(1);
            if probe >= high {
                break;
            }
            if self.compare(node, node.key(probe)?)? == Ordering::Greater {
                high = probe;
                break;
            }
            low = probe.saturating_add(1);
            stride = stride.saturating_mul(2);
        }
        while low < high {
            let middle = low.midpoint(high);
            if self.compare(node, node.key(middle)?)? == Ordering::Greater {
                high = middle;
            } else {
                low = middle.saturating_add(1);
            }
        }
        Ok(low)
    }

    /// How the chunk that `key` describes lies to the wanted one.
    fn compare(&self, node: &Node<'_>, key: &[u8]) -> Result<Ordering> {
        let mut fields = position(node, key)?;
        for (wanted, chunk) in self.at.iter().zip(self.tree.chunk) {
            let order = scaled(&mut fields, *chunk)?.cmp(wanted);
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    fn step(&mut self) -> Next {
        if self.wanted.step(&mut self.at) {
            Next::Wanted
        } else {
            Next::Done
        }
    }

    /// Gives up all wanted chunks before `key`, or all where there is no such key.
    fn seek(&mut self, node: &Node<'_>, key: Option<&[u8]>) -> Result<Next> {
        let Some(key) = key else {
            return Ok(Next::Done);
        };
        let mut fields = position(node, key)?;
        for (at, chunk) in self.at.iter_mut().zip(self.tree.chunk) {
            *at = scaled(&mut fields, *chunk)?;
        }
        if self.wanted.seek(&mut self.at) {
            Ok(Next::Wanted)
        } else {
            Ok(Next::Done)
        }
    }
}

/// The position in a key, behind chunk size and filter mask.
fn position<'k>(node: &Node<'_>, key: &'k [u8]) -> Result<Fields<'k>> {
    let mut fields = Fields::new(super::NAME, node.address, node.sizes, key);
    fields.skip(8)?;
    Ok(fields)
}

/// A coordinate, in chunks. The library, too, refuses what is no multiple of the chunk.
fn scaled(fields: &mut Fields<'_>, chunk: u64) -> Result<u64> {
    let offset = fields.u64()?;
    match (offset.checked_div(chunk), offset.checked_rem(chunk)) {
        (Some(scaled), Some(0)) => Ok(scaled),
        _ => Err(fields.corrupt(format_args!("offset {offset} in chunks of {chunk}"))),
    }
}

fn stored_chunk(node: &Node<'_>, index: usize) -> Result<StoredChunk> {
    let mut fields = Fields::new(super::NAME, node.address, node.sizes, node.key(index)?);
    Ok(StoredChunk {
        size: Some(fields.u32()?.into()),
        filter_mask: fields.u32()?,
        address: node.child(index)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::build::{BulkLoad, ChunkEntries},
        *,
    };
    use crate::{
        format::chunk_grid::{AxisChunks, tests::grid},
        image::Sizes,
        source::Source,
    };

    const CHUNK: [u64; 2] = [64, 3];

    /// A tree whose i-th chunk stands at address i.
    fn tree(chunks: &[Vec<u64>], k: u16) -> (Vec<u8>, Address) {
        let stored: Vec<_> = (0..chunks.len() as u64)
            .map(|i| StoredChunk {
                address: Address(i),
                size: Some(i + 7),
                filter_mask: 2,
            })
            .collect();
        let coordinates = chunks.concat();
        let entries = ChunkEntries {
            chunk: &CHUNK,
            element_size: 4,
            coordinates: &coordinates,
            stored: &stored,
        };
        let load = BulkLoad::new(&entries, Sizes::default(), k).unwrap();
        let mut bytes = vec![0xff; 8];
        let root = load.write(Address(8), &mut |node| {
            bytes.extend_from_slice(node);
            Ok(())
        });
        (bytes, root.unwrap())
    }

    fn found(image: &Image, root: Address, wanted: &ChunkGrid) -> Result<Vec<(Vec<u64>, u64)>> {
        let mut found = Vec::new();
        ChunkTree::new(image, root, &CHUNK)?.walk(wanted, &mut |at, chunk| {
            assert_eq!(chunk.size, Some(chunk.address.0 + 7));
            assert_eq!(chunk.filter_mask, 2);
            found.push((at.to_vec(), chunk.address.0));
            Ok(())
        })?;
        Ok(found)
    }

    proptest! {
        #[test]
        fn a_walk_finds_the_wanted_chunks_that_are_stored(
            chunks in prop::collection::btree_set(prop::collection::vec(0_u64..7, 2), 1..60),
            wanted in grid(2),
            k in 1_u16..4,
        ) {
            let chunks: Vec<_> = chunks.into_iter().collect();
            let (bytes, root) = tree(&chunks, k);
            let image = Image::whole(Source::from(bytes));
            let stored = chunks.into_iter().zip(0..);
            let expected: Vec<_> = stored.filter(|(at, _)| wanted.contains(at)).collect();
            prop_assert_eq!(found(&image, root, &wanted).unwrap(), expected);
        }

        #[test]
        fn a_damaged_tree_ends_with_each_chunk_found_once(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        ) {
            let chunks: Vec<_> = (0..200).map(|i| vec![i / 20, i % 20]).collect();
            let (mut bytes, root) = tree(&chunks, 2);
            for (at, value) in flips {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let image = Image::whole(Source::from(bytes));
            let all = ChunkGrid::new(vec![AxisChunks::Range(0..u64::MAX), AxisChunks::Range(0..u64::MAX)]);
            let mut last = None;
            let walked = ChunkTree::new(&image, root, &CHUNK).unwrap().walk(&all, &mut |at, _| {
                let at = Some(at.to_vec());
                assert!(last < at);
                last = at;
                Ok(())
            });
            prop_assert!(walked.is_ok() || walked.unwrap_err().is_corrupt());
        }
    }

    /// 63 levels, each node twice the child of the one above: 2^63 paths.
    #[test]
    fn a_tree_that_shares_its_nodes_costs_no_more_than_its_bytes() {
        let mut bytes = Vec::new();
        for level in 0..63_u8 {
            let below = u64::from(level.saturating_sub(1)) * 136;
            bytes.extend_from_slice(b"TREE\x01");
            bytes.extend_from_slice(&[level, 2, 0]);
            bytes.extend_from_slice(&[0xff; 16]);
            for (row, child) in [(0_u64, below), (64 * u64::from(level + 1), below)] {
                bytes.extend_from_slice(&[0; 8]);
                bytes.extend_from_slice(&row.to_le_bytes());
                bytes.extend_from_slice(&[0; 16]);
                bytes.extend_from_slice(&child.to_le_bytes());
            }
            bytes.extend_from_slice(&[0xff; 32]);
            bytes.resize(136 * (usize::from(level) + 1), 0);
        }
        let image = Image::whole(Source::from(bytes));
        let all = ChunkGrid::new(vec![AxisChunks::Range(0..1000), AxisChunks::Range(0..10)]);
        let mut count = 0;
        let tree = ChunkTree::new(&image, Address(62 * 136), &CHUNK).unwrap();
        tree.walk(&all, &mut |_, _| {
            count += 1;
            Ok(())
        })
        .unwrap();
        assert!(count <= 64);
    }

    #[test]
    fn nodes_without_wanted_chunks_are_not_read() {
        let chunks: Vec<_> = (0..1024).map(|i| vec![i / 32, i % 32]).collect();
        let (mut bytes, root) = tree(&chunks, 2);
        let node_len = 24 + 5 * 32 + 4 * 8;
        // The path to the 32 x 5 + 7th chunk: leaf 41 of 256, then 10 of 64, 2 of 16, 0 of 4.
        let path = [41, 256 + 10, 256 + 64 + 2, 256 + 64 + 16, 256 + 64 + 16 + 4];
        for (index, node) in bytes[8..].chunks_mut(node_len).enumerate() {
            if !path.contains(&index) {
                node.fill(0xff);
            }
        }
        let image = Image::whole(Source::from(bytes));
        let one = ChunkGrid::new(vec![AxisChunks::List(vec![5]), AxisChunks::Range(7..8)]);
        let expected = vec![(vec![5, 7], 167)];
        assert_eq!(found(&image, root, &one).unwrap(), expected);
    }

    #[test]
    fn a_position_between_chunks_is_corrupt() {
        let (mut bytes, root) = tree(&[vec![0, 0], vec![0, 1]], 1);
        let second = 8 + 24 + 40;
        assert_eq!(bytes[second + 16], 3);
        bytes[second + 16] = 4;
        let image = Image::whole(Source::from(bytes));
        let all = ChunkGrid::new(vec![AxisChunks::Range(0..9), AxisChunks::Range(0..9)]);
        assert!(found(&image, root, &all).unwrap_err().is_corrupt());
    }
}
