//! Writes whole trees: full nodes, level by level, from entries that are sorted already.

use super::{Kind, NAME, SIGNATURE, node_len};
use crate::{
    error::{Error, Result},
    format::{
        chunk_grid::StoredChunk,
        field::{Encoder, to_u64},
    },
    image::{Address, Sizes},
};

/// Children of a tree's leaves, each with the key before it, and a last key behind them all.
pub(crate) trait Entries {
    /// How many children there are.
    fn len(&self) -> usize;
    /// Where the `index`-th child stands, for `index` below [`len`](Self::len).
    fn child(&self, index: usize) -> Option<Address>;
    /// Appends the `index`-th key, for `index` up to and including [`len`](Self::len).
    fn key(&self, index: usize, out: &mut Encoder) -> Result<()>;
    /// What the tree indexes.
    fn kind(&self) -> Kind;
}

/// Symbol table nodes in the order of their names, each with the local heap offset of its last
/// name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupEntries<'a>(pub(crate) &'a [(Address, u64)]);

impl Entries for GroupEntries<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn child(&self, index: usize) -> Option<Address> {
        self.0.get(index).map(|(address, _)| *address)
    }

    fn key(&self, index: usize, out: &mut Encoder) -> Result<()> {
        // Names are behind the key on the left, the empty name at first, and up to that on the
        // right.
        let before = index.checked_sub(1).and_then(|before| self.0.get(before));
        out.length(before.map_or(0, |(_, last_name)| *last_name));
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Group
    }
}

/// Chunks in row-major order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkEntries<'a> {
    /// Elements of a chunk on each axis.
    pub(crate) chunk: &'a [u64],
    /// Bytes of an element.
    pub(crate) element_size: u64,
    /// Coordinates of all chunks in chunks, `chunk.len()` for each.
    pub(crate) coordinates: &'a [u64],
    /// Where they are stored.
    pub(crate) stored: &'a [StoredChunk],
}

impl Entries for ChunkEntries<'_> {
    fn len(&self) -> usize {
        self.stored.len()
    }

    fn child(&self, index: usize) -> Option<Address> {
        self.stored.get(index).map(|chunk| chunk.address)
    }

    fn key(&self, index: usize, out: &mut Encoder) -> Result<()> {
        let rank = self.chunk.len();
        let last = index.min(self.stored.len().saturating_sub(1));
        let start = last.saturating_mul(rank);
        let at = self.coordinates.get(start..start.saturating_add(rank));
        let stored = self.stored.get(index);
        let shape = (self.chunk, self.element_size);
        put_chunk_key(out, shape, at.unwrap_or_default(), stored)?;
        Ok(())
    }

    fn kind(&self) -> Kind {
        Kind::Chunk {
            rank: self.chunk.len(),
        }
    }
}

/// Appends the key of a chunk; where there is no chunk, that behind the last one, which is at `at`:
/// an empty chunk, its diagonal neighbour. `chunk` is the shape of chunks, and bytes of an element.
pub(super) fn put_chunk_key(
    out: &mut Encoder,
    (chunk, element_size): (&[u64], u64),
    at: &[u64],
    stored: Option<&StoredChunk>,
) -> Result<()> {
    let (size, filter_mask, beyond) = match stored {
        Some(chunk) => (chunk.size, chunk.filter_mask, 0),
        None => (Some(0), 0, 1),
    };
    let impossible = || {
        let what =
            "chunk of 4 GiB or without a size, or beyond the last position, in a version 1 B-tree";
        Error::unsupported(what)
    };
    let size = size.and_then(|size| u32::try_from(size).ok());
    out.u32(size.ok_or_else(impossible)?);
    out.u32(filter_mask);
    for (at, chunk) in at.iter().zip(chunk) {
        let offset = at.checked_add(beyond).and_then(|at| at.checked_mul(*chunk));
        out.u64(offset.ok_or_else(impossible)?);
    }
    out.u64(element_size.saturating_mul(beyond));
    Ok(())
}

/// The start of a node, up to its siblings.
pub(super) fn put_head(out: &mut Encoder, kind: Kind, level: u8, children: usize) {
    out.put(&SIGNATURE);
    out.u8(kind.node_type());
    out.u8(level);
    out.uint(2, to_u64(children));
}

/// A tree to be written: its size is known before its place.
#[derive(Clone, Debug)]
pub(crate) struct BulkLoad<'a, E> {
    entries: &'a E,
    sizes: Sizes,
    /// Children of a full node.
    capacity: usize,
    /// Nodes of each level, leaves first; the last is the root.
    levels: Vec<usize>,
}

impl<'a, E: Entries> BulkLoad<'a, E> {
    /// A tree over `entries` whose nodes have room for `2 * k` children: the superblock's "group
    /// internal node K" or "indexed storage internal node K".
    ///
    /// # Errors
    /// [`Error::Unsupported`] where `k` is 0 or more than a node can count.
    pub(crate) fn new(entries: &'a E, sizes: Sizes, k: u16) -> Result<Self> {
        let capacity = k.checked_mul(2).filter(|capacity| *capacity > 0);
        let capacity =
            capacity.ok_or_else(|| Error::unsupported(format_args!("B-tree K of {k}")))?;
        let capacity = usize::from(capacity);
        let mut count = entries.len().div_ceil(capacity).max(1);
        let mut levels = vec![count];
        while count > 1 {
            count = count.div_ceil(capacity);
            levels.push(count);
        }
        Ok(Self {
            entries,
            sizes,
            capacity,
            levels,
        })
    }

    /// Bytes of all nodes together. A multiple of 8 where [`Sizes`] are.
    pub(crate) fn len(&self) -> u64 {
        let nodes = self.levels.iter().copied().map(to_u64);
        nodes
            .fold(0, u64::saturating_add)
            .saturating_mul(self.node_len())
    }

    /// Hands out the nodes one by one, as they follow each other from `base` on, and returns the
    /// root's address.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the tree leaves the address space, [`Error::Unsupported`] for a
    /// chunk that a key cannot describe, and whatever `put` returns.
    pub(crate) fn write(
        &self,
        base: Address,
        put: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Address> {
        base.plus(NAME, self.len())?;
        let node = |index: usize, start: Address| {
            start.plus(NAME, to_u64(index).saturating_mul(self.node_len()))
        };
        let mut start = base;
        let mut below = None;
        // Leaf entries under one child of this level.
        let mut span = 1_usize;
        for (level, &count) in (0_u8..).zip(&self.levels) {
            let children = match below {
                None => self.entries.len(),
                Some((_, count)) => count,
            };
            for index in 0..count {
                let first = index.saturating_mul(self.capacity);
                let end = first.saturating_add(self.capacity).min(children);
                let left = index.checked_sub(1).map(|left| node(left, start));
                let right = index.checked_add(1).filter(|right| *right < count);
                let right = right.map(|right| node(right, start));
                let mut out = Encoder::new(self.sizes);
                put_head(
                    &mut out,
                    self.entries.kind(),
                    level,
                    end.saturating_sub(first),
                );
                out.offset(left.transpose()?);
                out.offset(right.transpose()?);
                for child in first..end {
                    self.entries.key(child.saturating_mul(span), &mut out)?;
                    out.offset(match below {
                        None => self.entries.child(child),
                        Some((start, _)) => Some(node(child, start)?),
                    });
                }
                let behind = end.saturating_mul(span).min(self.entries.len());
                self.entries.key(behind, &mut out)?;
                let unused = self.node_len().saturating_sub(to_u64(out.len()));
                out.zeros(usize::try_from(unused).unwrap_or(0));
                put(&out.finish())?;
            }
            below = Some((start, count));
            start = node(count, start)?;
            span = span.saturating_mul(self.capacity);
        }
        // The root is the last node, alone on its level.
        Ok(below.map_or(base, |(root, _)| root))
    }

    fn node_len(&self) -> u64 {
        node_len(self.entries.kind(), self.sizes, self.capacity)
    }
}
