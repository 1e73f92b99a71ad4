//! The version 2 B-tree as a chunk index.

use std::{cmp::Ordering, collections::HashSet};

use super::{BTreeV2, Child, Level, NODE, Node};
use crate::{
    error::{Error, Result},
    format::{
        btree_v1::LOOK,
        chunk_grid::{ChunkGrid, Cursor, StoredChunk, first_behind},
        field::{Fields, to_u64},
    },
    image::Address,
};

/// Records of chunks without filters: address and coordinates.
const UNFILTERED: u8 = 10;
/// Records of filtered chunks: address, size, filter mask and coordinates.
const FILTERED: u8 = 11;

/// The last node of each level that walks through one tree have read, so that the next walk does not
/// read and verify again what leads to its neighbour.
#[derive(Debug, Default)]
pub(crate) struct NodeCache<'a> {
    /// By height above the leaves.
    nodes: Vec<Option<Node<'a>>>,
    read: u64,
}

impl<'a> NodeCache<'a> {
    /// Bytes of nodes that walks have gone through so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The node of this height, where it is the one that `child` points at.
    fn take(&mut self, child: Child, height: usize) -> Option<Node<'a>> {
        let kept = self.nodes.get_mut(height).and_then(Option::take)?;
        let same = kept.address == child.address && to_u64(kept.count) == child.records;
        same.then(|| {
            self.read = self.read.saturating_add(LOOK);
            kept
        })
    }

    fn keep(&mut self, node: Node<'a>, height: usize) {
        if self.nodes.len() <= height {
            self.nodes.resize_with(height.saturating_add(1), || None);
        }
        if let Some(place) = self.nodes.get_mut(height) {
            *place = Some(node);
        }
    }
}

impl<'a> BTreeV2<'a> {
    /// The record types of chunk indexes.
    pub(crate) const CHUNKS: [u8; 2] = [UNFILTERED, FILTERED];

    /// Calls `visit` with the coordinates of each wanted chunk that is stored and what is known of
    /// it, in row-major order.
    ///
    /// Reads only nodes whose neighbouring records leave room for a wanted chunk, and that are not
    /// among those that other walks through this tree have left behind.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a node is broken or reached twice, or the rank is another, and
    /// whatever `visit` returns.
    pub(crate) fn walk_chunks(
        &self,
        wanted: &ChunkGrid,
        nodes: &mut NodeCache<'a>,
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        let coordinates_len = wanted.rank().saturating_mul(8);
        let mut walk = Walk {
            tree: self,
            coordinates_at: self.record_len.saturating_sub(coordinates_len),
            size_width: self.size_width(coordinates_len)?,
            cursor: Cursor::new(wanted),
            visited: HashSet::new(),
            nodes,
            visit,
        };
        match (self.root, self.levels.split_last()) {
            (Some(root), Some((level, below))) => walk.node(root, *level, below, None),
            _ => Ok(()),
        }
    }

    /// The width of a chunk's size in a record, or 0 where it is left out.
    fn size_width(&self, coordinates_len: usize) -> Result<u8> {
        let offset = usize::from(self.image.sizes().offset);
        let rest = self.record_len.checked_sub(coordinates_len);
        let rest = rest.and_then(|rest| rest.checked_sub(offset));
        let width = match self.record_type {
            UNFILTERED => rest.filter(|rest| *rest == 0),
            _ => rest
                .and_then(|rest| rest.checked_sub(4))
                .filter(|width| (1..=8).contains(width)),
        };
        let width = width.and_then(|width| u8::try_from(width).ok());
        width.ok_or_else(|| {
            let (len, kind) = (self.record_len, self.record_type);
            let reason = format!("records of type {kind} and {len} bytes");
            Error::corrupt(super::HEADER, self.address, reason)
        })
    }
}

/// A walk in progress, which looks for one wanted chunk after the other.
///
/// A node is left only when the cursor is at or behind the record that follows it, so every node
/// is entered once, and a loop ends because each round passes a record for good.
struct Walk<'w, 'a> {
    tree: &'w BTreeV2<'a>,
    coordinates_at: usize,
    size_width: u8,
    cursor: Cursor<'w>,
    visited: HashSet<Address>,
    nodes: &'w mut NodeCache<'a>,
    visit: &'w mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
}

impl Walk<'_, '_> {
    /// Finds all wanted chunks before the record `end` in the node that `child` points at.
    fn node(
        &mut self,
        child: Child,
        level: Level,
        below: &[Level],
        end: Option<&[u8]>,
    ) -> Result<()> {
        let node = match self.nodes.take(child, below.len()) {
            Some(node) if self.visited.insert(child.address) => node,
            _ => {
                let node = self.tree.node(child, level, below, &mut self.visited)?;
                self.nodes.read = self.nodes.read.saturating_add(to_u64(node.bytes.len()));
                node
            }
        };
        // How many records are known to be before the wanted chunk.
        let mut before = 0;
        while self.wants_before(end)? {
            before = first_behind(before, node.count, |index| {
                Ok(self.compare(node.record(index)?)? != Ordering::Less)
            })?;
            let behind = if before < node.count {
                Some(node.record(before)?)
            } else {
                end
            };
            if before < node.count
                && let Some(record) = behind
                && self.compare(record)? == Ordering::Equal
            {
                let chunk = self.stored_chunk(record)?;
                (self.visit)(self.cursor.at().unwrap_or_default(), chunk)?;
                self.cursor.step();
            } else if let Some((level, below)) = below.split_last() {
                self.node(node.child(before)?, *level, below, behind)?;
            } else {
                let behind = behind.map(|record| self.coordinates(record));
                self.cursor.seek(behind.transpose()?);
            }
        }
        self.nodes.keep(node, below.len());
        Ok(())
    }

    /// Whether a wanted chunk before the record `end` is still to be found.
    fn wants_before(&self, end: Option<&[u8]>) -> Result<bool> {
        match end {
            _ if self.cursor.at().is_none() => Ok(false),
            Some(end) => Ok(self.compare(end)? == Ordering::Greater),
            None => Ok(true),
        }
    }

    fn fields<'r>(&self, record: &'r [u8]) -> Fields<'r> {
        Fields::new(NODE, self.tree.address, self.tree.image.sizes(), record)
    }

    /// How the chunk of `record` lies to the wanted one.
    fn compare(&self, record: &[u8]) -> Result<Ordering> {
        let mut fields = self.fields(record);
        fields.skip(self.coordinates_at)?;
        for wanted in self.cursor.at().unwrap_or_default() {
            let order = fields.u64()?.cmp(wanted);
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    fn coordinates(&self, record: &[u8]) -> Result<Vec<u64>> {
        let mut fields = self.fields(record);
        fields.skip(self.coordinates_at)?;
        let rank = self.cursor.at().map_or(0, <[u64]>::len);
        (0..rank).map(|_| fields.u64()).collect()
    }

    fn stored_chunk(&self, record: &[u8]) -> Result<StoredChunk> {
        let mut fields = self.fields(record);
        let address = fields.address_of("a chunk")?;
        let filtered = self.size_width > 0;
        Ok(StoredChunk {
            address,
            size: filtered.then(|| fields.uint(self.size_width)).transpose()?,
            filter_mask: if filtered { fields.u32()? } else { 0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::tests::encode, *};
    use crate::{
        format::{
            chunk_grid::{AxisChunks, tests::grid},
            field::Encoder,
        },
        image::{Image, Sizes},
        source::Source,
    };

    /// A tree whose i-th chunk stands at address i.
    fn tree(chunks: &[Vec<u64>], size_width: u8, depth: u16) -> (Vec<u8>, Address) {
        let record = |(at, i): (&Vec<u64>, u64)| {
            let mut out = Encoder::new(Sizes::default());
            out.u64(i);
            if size_width > 0 {
                out.uint(size_width, i % 200);
                out.u32(2);
            }
            for at in at {
                out.u64(*at);
            }
            out.finish()
        };
        let records: Vec<_> = chunks.iter().zip(0..).map(record).collect();
        let size_and_mask = if size_width > 0 { size_width + 4 } else { 0 };
        let kind = if size_width > 0 { FILTERED } else { UNFILTERED };
        encode(kind, 512, depth, &records, 24 + u16::from(size_and_mask))
    }

    fn found(
        image: &Image,
        header: Address,
        wanted: &ChunkGrid,
    ) -> Result<Vec<(Vec<u64>, StoredChunk)>> {
        let mut found = Vec::new();
        let tree = BTreeV2::read(image, header, &BTreeV2::CHUNKS)?;
        tree.walk_chunks(wanted, &mut NodeCache::default(), &mut |at, chunk| {
            found.push((at.to_vec(), chunk));
            Ok(())
        })?;
        Ok(found)
    }

    proptest! {
        #[test]
        fn a_walk_finds_the_wanted_chunks_that_are_stored(
            (depth, chunks) in (0_u16..3).prop_flat_map(|depth| {
                let count = [0..8, 3..60, 40..200][usize::from(depth)].clone();
                let chunk = prop::collection::vec(0_u64..20, 2);
                (Just(depth), prop::collection::btree_set(chunk, count))
            }),
            size_width in prop::sample::select(vec![0_u8, 1, 3, 8]),
            wanted in grid(2),
        ) {
            let chunks: Vec<_> = chunks.into_iter().collect();
            prop_assume!(depth < 2 || chunks.len() > 40);
            let (bytes, header) = tree(&chunks, size_width, depth);
            let image = Image::whole(Source::from(bytes));
            let stored = |i: u64| StoredChunk {
                address: Address(i),
                size: (size_width > 0).then_some(i % 200),
                filter_mask: if size_width > 0 { 2 } else { 0 },
            };
            let expected: Vec<_> = chunks.into_iter().zip((0..).map(stored))
                .filter(|(at, _)| wanted.contains(at)).collect();
            prop_assert_eq!(found(&image, header, &wanted).unwrap(), expected);
        }
    }

    #[test]
    fn only_nodes_with_wanted_chunks_are_read() {
        let chunks: Vec<_> = (0..400).map(|i| vec![i / 20, i % 20]).collect();
        let (bytes, header) = tree(&chunks, 3, 2);
        let one = ChunkGrid::new(vec![AxisChunks::List(vec![5]), AxisChunks::Range(7..8)]);
        // Every leaf is damaged in turn: one of them matters.
        let leaves: Vec<_> = (0..bytes.len())
            .filter(|at| bytes[*at..].starts_with(b"BTLF"))
            .collect();
        let read_anyway = leaves.iter().filter(|leaf| {
            let mut bytes = bytes.clone();
            bytes[**leaf] = 0;
            let image = Image::whole(Source::from(bytes));
            match found(&image, header, &one) {
                Ok(found) => found.len() == 1,
                Err(_) => false,
            }
        });
        let (leaves, unread) = (leaves.len(), read_anyway.count());
        assert!(leaves > 10);
        assert_eq!(unread, leaves - 1);
    }

    #[test]
    fn a_rank_that_does_not_fit_the_records_is_corrupt() {
        let (bytes, header) = tree(&[vec![1, 2], vec![3, 4]], 0, 0);
        let image = Image::whole(Source::from(bytes));
        for rank in [1, 3, 100] {
            let all = ChunkGrid::new(vec![AxisChunks::Range(0..9); rank]);
            assert!(
                found(&image, header, &all).unwrap_err().is_corrupt(),
                "{rank}"
            );
        }
    }
}
