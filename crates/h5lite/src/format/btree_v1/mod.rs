//! Version 1 B-tree: the links of a symbol-table group, and the chunks of most datasets.
//! Specification III.A.1, "Disk Format: Level 1A1 - Version 1 B-trees".
//!
//! A node holds n children between n + 1 keys. Nodes are read as bytes: a key is decoded when it
//! is looked at.

mod build;
mod chunk;
mod chunk_node;
mod group;

pub(crate) use self::{
    build::{BulkLoad, ChunkEntries, GroupEntries},
    chunk::ChunkTree,
    chunk_node::{ChunkChild, ChunkNode, ChunkNodes, Side},
    group::walk_group,
};
use crate::{
    error::{Error, Result},
    format::field::{Fields, to_u64},
    image::{Address, Image, Sizes},
};

/// Name of the structure.
pub(crate) const NAME: &str = "version 1 B-tree node";
const SIGNATURE: [u8; 4] = *b"TREE";
/// One read gets a node with room for so many children, as the library makes those for chunks unless it
/// is told otherwise, of up to 4 axes.
const USUAL_CHILDREN: usize = 64;
const SPECULATIVE_LEN: u64 = 4096;

/// What a tree indexes, which decides how wide its keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Symbol table nodes; a key is the local heap offset of a name.
    Group,
    /// Chunks of this many axes; a key is the chunk's size, filter mask and position.
    Chunk { rank: usize },
}

impl Kind {
    /// The "node type" field.
    fn node_type(self) -> u8 {
        match self {
            Self::Group => 0,
            Self::Chunk { .. } => 1,
        }
    }

    /// Length of a key in bytes.
    fn key_len(self, sizes: Sizes) -> usize {
        match self {
            Self::Group => usize::from(sizes.length),
            // Size, mask, and 8 bytes an axis and one more for the position inside an element.
            Self::Chunk { rank } => rank.saturating_add(2).saturating_mul(8),
        }
    }
}

/// A node, one level of a walk.
#[derive(Debug)]
struct Node {
    address: Address,
    sizes: Sizes,
    /// Height above the leaves, whose children are no nodes.
    level: u8,
    /// Number of children.
    count: usize,
    /// Left and right neighbour on the level. No reader goes there.
    siblings: [Option<Address>; 2],
    key_len: usize,
    bytes: Vec<u8>,
    /// Where in `bytes` keys and children begin, alternating.
    body: usize,
}

impl Node {
    /// Reads the root of a tree, or the child of a node at `parent` level, into memory that a node
    /// leaves behind.
    fn read(
        image: &Image,
        address: Address,
        kind: Kind,
        parent: Option<u8>,
        mut bytes: Vec<u8>,
    ) -> Result<Self> {
        let sizes = image.sizes();
        let usual = node_len(kind, sizes, USUAL_CHILDREN).min(SPECULATIVE_LEN);
        image.read_up_to(NAME, address, usual, &mut bytes)?;
        let mut fields = Fields::new(NAME, address, sizes, &bytes);
        fields.signature(SIGNATURE)?;
        let node_type = fields.u8()?;
        if node_type != kind.node_type() {
            let wanted = kind.node_type();
            return Err(fields.corrupt(format_args!("node type {node_type}, not {wanted}")));
        }
        let level = fields.u8()?;
        let count = usize::from(fields.u16()?);
        let siblings = [fields.offset()?, fields.offset()?];
        let key_len = kind.key_len(sizes);
        let (body, len) = (fields.position(), body_len(sizes, key_len, count));
        image.claim(NAME, address, to_u64(body.saturating_add(len)));
        if fields.remaining() < len {
            let whole = to_u64(body.saturating_add(len));
            image.read_up_to(NAME, address, whole, &mut bytes)?;
        }
        let node = Self {
            address,
            sizes,
            level,
            count,
            siblings,
            key_len,
            bytes,
            body,
        };
        node.check_level(parent)?;
        if node.bytes.len().saturating_sub(body) < len {
            return Err(node.corrupt(format_args!("its {len} bytes of keys leave the file")));
        }
        if kind != Kind::Group {
            node.check_order()?;
        }
        Ok(node)
    }

    /// Whether it may be the child of a node at `parent` level.
    ///
    /// The levels of a path fall to 0 one by one, so no path leads back to itself, and none is
    /// longer than the 256 that a level can count: with a K of 1 the library gets there.
    fn check_level(&self, parent: Option<u8>) -> Result<()> {
        let level = self.level;
        match parent {
            Some(parent) if parent.checked_sub(1) != Some(level) => {
                Err(self.corrupt(format_args!("level {level} below level {parent}")))
            }
            _ => Ok(()),
        }
    }

    /// Whether the positions of its chunks can be right, and ascend. A node has no checksum, and a search
    /// in one that is damaged misses chunks, as if they had never been written.
    fn check_order(&self) -> Result<()> {
        let mut before = None;
        for index in 0..self.count {
            let key = self.key(index)?;
            if !chunk::is_whole(key) {
                return Err(self.corrupt(format_args!("chunk {index} starts inside an element")));
            }
            if before.is_some_and(|before| chunk::order(before, key).is_ge()) {
                return Err(
                    self.corrupt(format_args!("chunk {index} is not behind the one before"))
                );
            }
            before = Some(key);
        }
        Ok(())
    }

    /// Keys and children, alternating.
    fn body(&self) -> &[u8] {
        self.bytes.get(self.body..).unwrap_or_default()
    }

    /// The `index`-th key: of the `index`-th child, or behind the last.
    fn key(&self, index: usize) -> Result<&[u8]> {
        let stride = self.key_len.saturating_add(usize::from(self.sizes.offset));
        let start = stride.saturating_mul(index);
        let key = self.body().get(start..start.saturating_add(self.key_len));
        key.ok_or_else(|| self.corrupt("a key outside the node"))
    }

    /// The address of the `index`-th child.
    fn child(&self, index: usize) -> Result<Address> {
        let stride = self.key_len.saturating_add(usize::from(self.sizes.offset));
        let start = stride.saturating_mul(index).saturating_add(self.key_len);
        let child = self.body().get(start..).unwrap_or_default();
        Fields::new(NAME, self.address, self.sizes, child).address_of("a child")
    }

    fn corrupt(&self, reason: impl std::fmt::Display) -> Error {
        Error::corrupt(NAME, self.address, reason)
    }
}

/// Length in bytes of a node with room for `capacity` children.
pub(crate) fn node_len(kind: Kind, sizes: Sizes, capacity: usize) -> u64 {
    let siblings = usize::from(sizes.offset).saturating_mul(2);
    let body = body_len(sizes, kind.key_len(sizes), capacity);
    to_u64(body.saturating_add(siblings).saturating_add(8))
}

/// Length in bytes of `count` children between their keys.
fn body_len(sizes: Sizes, key_len: usize, count: usize) -> usize {
    let stride = key_len.saturating_add(usize::from(sizes.offset));
    stride.saturating_mul(count).saturating_add(key_len)
}

/// Looking at a node again counts as reading so many bytes of an index.
pub(super) const LOOK: u64 = 512;

/// The last node of each level that walks through one tree have read, so that the next walk does not
/// read again what leads to its neighbour.
#[derive(Debug, Default)]
pub(crate) struct NodeCache {
    /// By level.
    nodes: Vec<Option<Node>>,
    read: u64,
}

impl NodeCache {
    /// A node as [`Node::read`] reads it; [`keep`](Self::keep) it when it is done with.
    fn take(
        &mut self,
        image: &Image,
        address: Address,
        kind: Kind,
        parent: Option<u8>,
    ) -> Result<Node> {
        let kept = match parent {
            Some(parent) => (parent.checked_sub(1))
                .and_then(|level| self.nodes.get_mut(usize::from(level)))
                .and_then(Option::take),
            // The root is on the highest level there is.
            None => self.nodes.last_mut().and_then(Option::take),
        };
        let mut bytes = Vec::new();
        if let Some(node) = kept {
            if node.address == address {
                self.read = self.read.saturating_add(LOOK);
                return Ok(node);
            }
            bytes = node.bytes;
        }
        let node = Node::read(image, address, kind, parent, bytes)?;
        self.read = self.read.saturating_add(to_u64(node.bytes.len()));
        Ok(node)
    }

    fn keep(&mut self, node: Node) {
        let level = usize::from(node.level);
        if self.nodes.len() <= level {
            self.nodes.resize_with(level.saturating_add(1), || None);
        }
        if let Some(place) = self.nodes.get_mut(level) {
            *place = Some(node);
        }
    }

    /// Bytes of nodes that walks have gone through so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }
}
