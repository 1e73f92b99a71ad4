//! The B-tree of a chunked dataset.

use std::{cmp::Ordering, collections::HashSet};

use super::{Kind, Node, NodeCache};
use crate::{
    error::{Error, Result},
    format::{
        chunk_grid::{ChunkGrid, Cursor, StoredChunk, first_behind},
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
    /// [`Error::Corrupt`] where a node is broken or reached twice, or the rank is another, and
    /// whatever `visit` returns.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn walk(
        &self,
        wanted: &ChunkGrid,
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        self.walk_on(wanted, &mut NodeCache::default(), visit)
    }

    /// The same, with nodes that other walks through this tree have left behind.
    pub(crate) fn walk_on(
        &self,
        wanted: &ChunkGrid,
        nodes: &mut NodeCache,
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        let (axes, rank) = (wanted.rank(), self.chunk.len());
        if axes != rank {
            let reason = format!("it indexes chunks of {rank} axes, the dataset has {axes}");
            return Err(Error::corrupt(super::NAME, self.root, reason));
        }
        let mut walk = Walk {
            tree: self,
            cursor: Cursor::new(wanted),
            target: vec![0; rank],
            visited: HashSet::new(),
            nodes,
            visit,
        };
        walk.aim();
        walk.node(self.root, None, (None, None))
    }
}

/// A walk in progress, which looks for one wanted chunk after the other.
///
/// A node is left only when the cursor is at or behind the key that follows it, so every node is
/// entered once, and a loop ends because each round passes a key for good.
struct Walk<'a> {
    tree: &'a ChunkTree<'a>,
    cursor: Cursor<'a>,
    /// Position of the cursor in elements, which is what keys hold.
    target: Vec<u64>,
    visited: HashSet<Address>,
    nodes: &'a mut NodeCache,
    visit: &'a mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
}

impl Walk<'_> {
    /// Finds all wanted chunks in the node at `address`, which stands between two keys.
    fn node(
        &mut self,
        address: Address,
        parent: Option<u8>,
        (start, end): (Option<&[u8]>, Option<&[u8]>),
    ) -> Result<()> {
        let rank = self.tree.chunk.len();
        let kind = Kind::Chunk { rank };
        let node = self.nodes.take(self.tree.image, address, kind, parent)?;
        if !self.visited.insert(address) {
            return Err(node.corrupt("it is reached twice"));
        }
        if let Some(last) = node.count.checked_sub(1) {
            let (first, last) = (node.key(0)?, node.key(last)?);
            if start.is_some_and(|start| order(first, start).is_lt())
                || end.is_some_and(|end| order(last, end).is_ge())
            {
                return Err(node.corrupt("its chunks are not where the node above says"));
            }
        }
        // How many children are known to start at or before the wanted chunk.
        let mut before = 0;
        while self.wants_before(end) {
            before = first_behind(before, node.count, |index| {
                Ok(self.compare(node.key(index)?) == Ordering::Greater)
            })?;
            let behind = if before < node.count {
                Some(node.key(before)?)
            } else {
                end
            };
            let found = before.checked_sub(1);
            let found = found.map(|index| Ok((index, node.key(index)?)));
            match found.transpose()? {
                Some((index, key)) if node.level > 0 => {
                    let between = (Some(key), behind);
                    self.node(node.child(index)?, Some(node.level), between)?;
                }
                Some((index, key)) if self.compare(key) == Ordering::Equal => {
                    let chunk = stored_chunk(&node, index)?;
                    (self.visit)(self.cursor.at().unwrap_or_default(), chunk)?;
                    self.cursor.step();
                    self.aim();
                }
                other => {
                    // The wanted chunk would stand between these two, were it stored.
                    if let Some((_, key)) = other {
                        coordinates(&node, key, self.tree.chunk)?;
                    }
                    let behind = behind.map(|key| coordinates(&node, key, self.tree.chunk));
                    self.cursor.seek(behind.transpose()?);
                    self.aim();
                }
            }
        }
        self.nodes.keep(node);
        Ok(())
    }

    /// Sets the target to the cursor.
    fn aim(&mut self) {
        let wanted = self.cursor.at().unwrap_or_default();
        let position = wanted.iter().zip(self.tree.chunk);
        for (target, (at, chunk)) in self.target.iter_mut().zip(position) {
            // No key is that large.
            *target = at.saturating_mul(*chunk);
        }
    }

    /// Whether a wanted chunk before the key `end` is still to be found.
    fn wants_before(&self, end: Option<&[u8]>) -> bool {
        self.cursor.at().is_some() && end.is_none_or(|end| self.compare(end) == Ordering::Greater)
    }

    /// How the chunk that `key` describes lies to the wanted one.
    fn compare(&self, key: &[u8]) -> Ordering {
        offsets(key)
            .map(u64::from_le_bytes)
            .take(self.target.len())
            .cmp(self.target.iter().copied())
    }
}

/// Where the chunk that `key` describes lies, in chunks.
///
/// The library, too, refuses what is no multiple of the chunk.
pub(super) fn coordinates(node: &Node, key: &[u8], chunk: &[u64]) -> Result<Vec<u64>> {
    let scaled = |(offset, chunk): ([u8; 8], &u64)| {
        let offset = u64::from_le_bytes(offset);
        match (offset.checked_div(*chunk), offset.checked_rem(*chunk)) {
            (Some(scaled), Some(0)) => Ok(scaled),
            _ => Err(node.corrupt(format_args!("offset {offset} in chunks of {chunk}"))),
        }
    };
    offsets(key).zip(chunk).map(scaled).collect()
}

/// How the chunks lie that two keys describe.
pub(super) fn order(one: &[u8], other: &[u8]) -> Ordering {
    let positions = |key| offsets(key).map(u64::from_le_bytes);
    positions(one).cmp(positions(other))
}

/// Whether the last offset of a key, the one inside an element, is 0, as it always is.
pub(super) fn is_whole(key: &[u8]) -> bool {
    offsets(key).last().is_none_or(|inside| inside == [0; 8])
}

/// The offsets in a key, behind chunk size and filter mask.
fn offsets(key: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    let (fields, _) = key.as_chunks();
    fields.iter().skip(1).copied()
}

pub(super) fn stored_chunk(node: &Node, index: usize) -> Result<StoredChunk> {
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
        format::{
            chunk_grid::{AxisChunks, tests::grid},
            field::to_u64,
        },
        image::Sizes,
        source::Source,
    };

    const CHUNK: [u64; 2] = [64, 3];

    /// A tree whose i-th chunk stands at address i.
    fn tree(chunks: &[Vec<u64>], k: u16) -> (Vec<u8>, Address) {
        let stored: Vec<_> = (0..to_u64(chunks.len()))
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
    fn a_tree_that_shares_its_nodes_is_corrupt() {
        let mut bytes = Vec::new();
        for level in 0..63_u8 {
            let below = u64::from(level.saturating_sub(1)) * 136;
            bytes.extend_from_slice(b"TREE\x01");
            bytes.extend_from_slice(&[level, 2, 0]);
            bytes.extend_from_slice(&[0xff; 16]);
            for row in [0, 64 * u64::from(level + 1)] {
                bytes.extend_from_slice(&[0; 8]);
                bytes.extend_from_slice(&row.to_le_bytes());
                bytes.extend_from_slice(&[0; 16]);
                bytes.extend_from_slice(&below.to_le_bytes());
            }
            bytes.extend_from_slice(&[0xff; 32]);
        }
        let image = Image::whole(Source::from(bytes));
        let all = ChunkGrid::new(vec![AxisChunks::Range(0..1000), AxisChunks::Range(0..10)]);
        let tree = ChunkTree::new(&image, Address(62 * 136), &CHUNK).unwrap();
        let error = tree.walk(&all, &mut |_, _| Ok(())).unwrap_err();
        assert!(error.is_corrupt());
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

    /// Where chunks seem to stand elsewhere, some are not found; that must not look like a hole.
    #[test]
    fn chunks_out_of_order_are_corrupt() {
        let chunks: Vec<_> = (0..16).map(|i| vec![i / 4, i % 4]).collect();
        let (bytes, root) = tree(&chunks, 1);
        let all = ChunkGrid::new(vec![AxisChunks::Range(0..4), AxisChunks::Range(0..4)]);
        let first_leaf = ChunkGrid::new(vec![AxisChunks::Range(0..1), AxisChunks::Range(0..2)]);
        let column = 8 + 24 + 16;
        let damage = |child: usize, to: u64| {
            let mut bytes = bytes.clone();
            let at = column + 40 * child;
            bytes[at..at + 8].copy_from_slice(&to.to_le_bytes());
            let image = Image::whole(Source::from(bytes));
            let found = [&all, &first_leaf].map(|wanted| found(&image, root, wanted));
            found.map(|found| found.err().map(|error| error.is_corrupt()))
        };
        assert_eq!(damage(1, 3), [None; 2], "nothing is damaged");
        for (child, to) in [(0, 3 << 40), (0, 3), (1, 0), (1, 6), (1, 3 << 40)] {
            assert_eq!(damage(child, to), [Some(true); 2], "{child} {to}");
        }
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
