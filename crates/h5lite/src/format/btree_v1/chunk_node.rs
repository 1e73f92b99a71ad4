//! Nodes of the B-tree of a chunked dataset, taken apart to be written anew.

use super::{
    Kind, NAME, Node,
    build::{put_chunk_key, put_head},
    chunk::{coordinates, stored_chunk},
    node_len,
};
use crate::{
    error::{Error, Result},
    format::{chunk_grid::StoredChunk, field::Encoder},
    image::{Address, Image, Sizes},
};

/// What all nodes of a tree have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkNodes<'a> {
    pub(crate) sizes: Sizes,
    /// Elements of a chunk on each axis.
    pub(crate) chunk: &'a [u64],
    /// Bytes of an element.
    pub(crate) element_size: u64,
    /// The superblock's "indexed storage internal node K": a node has room for twice as many.
    pub(crate) k: u16,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkNode {
    /// Height above the leaves, whose children are chunks.
    pub(crate) level: u8,
    /// Left and right neighbour on the level.
    pub(crate) siblings: [Option<Address>; 2],
    /// Children, in row-major order.
    pub(crate) children: Vec<ChunkChild>,
    /// The key behind the last child, as it is stored: it may be no chunk's.
    pub(crate) end: Vec<u8>,
}

/// A child of a node, with the key in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkChild {
    /// Coordinates, in chunks, of the chunk, or of the first chunk below.
    pub(crate) at: Vec<u64>,
    /// That chunk, but for the address, which is the child's.
    pub(crate) stored: StoredChunk,
}

/// A neighbour, or an end of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    /// Where the address of this neighbour stands in the node at `node`.
    pub(crate) fn field(self, node: Address, sizes: Sizes) -> Result<Address> {
        let before = match self {
            Self::Left => 0,
            Self::Right => sizes.offset,
        };
        node.plus(NAME, u64::from(before).saturating_add(8))
    }
}

impl ChunkNodes<'_> {
    /// How many children a node has room for.
    pub(crate) fn capacity(&self) -> usize {
        usize::from(self.k).saturating_mul(2).max(1)
    }

    /// Bytes of a node.
    pub(crate) fn node_len(&self) -> u64 {
        node_len(self.kind(), self.sizes, self.capacity())
    }

    fn kind(&self) -> Kind {
        let rank = self.chunk.len();
        Kind::Chunk { rank }
    }

    /// At most how many chunks the tree at `root` holds, going by the children of its root.
    pub(crate) fn most_chunks(&self, image: &Image, root: Address) -> Result<u64> {
        let node = Node::read(image, root, self.kind(), None, Vec::new())?;
        let capacity = u64::from(self.k).saturating_mul(2);
        let each = capacity.saturating_pow(node.level.into());
        Ok(each.saturating_mul(super::to_u64(node.count)))
    }

    /// Reads the root of a tree, or the child of a node at `parent` level.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn read(
        &self,
        image: &Image,
        address: Address,
        parent: Option<u8>,
    ) -> Result<ChunkNode> {
        let node = Node::read(image, address, self.kind(), parent, Vec::new())?;
        let child = |index| {
            Ok(ChunkChild {
                at: coordinates(&node, node.key(index)?, self.chunk)?,
                stored: stored_chunk(&node, index)?,
            })
        };
        Ok(ChunkNode {
            level: node.level,
            siblings: node.siblings,
            children: (0..node.count).map(child).collect::<Result<_>>()?,
            end: node.key(node.count)?.to_vec(),
        })
    }

    /// A node as it is stored.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a chunk that a key cannot describe.
    pub(crate) fn encode(&self, node: &ChunkNode) -> Result<Vec<u8>> {
        let mut out = Encoder::new(self.sizes);
        put_head(&mut out, self.kind(), node.level, node.children.len());
        node.siblings
            .iter()
            .for_each(|sibling| out.offset(*sibling));
        let shape = (self.chunk, self.element_size);
        for child in &node.children {
            put_chunk_key(&mut out, shape, &child.at, Some(&child.stored))?;
            out.offset(Some(child.stored.address));
        }
        out.put(&node.end);
        let len = usize::try_from(self.node_len()).unwrap_or(usize::MAX);
        out.zeros(len.saturating_sub(out.len()));
        Ok(out.finish())
    }

    /// The key of a child.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub(crate) fn key(&self, child: &ChunkChild) -> Result<Vec<u8>> {
        let mut out = Encoder::new(self.sizes);
        let shape = (self.chunk, self.element_size);
        put_chunk_key(&mut out, shape, &child.at, Some(&child.stored))?;
        Ok(out.finish())
    }

    /// The key behind the last chunk of all, which is at `last`.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub(crate) fn last_key(&self, last: &[u64]) -> Result<Vec<u8>> {
        let mut out = Encoder::new(self.sizes);
        put_chunk_key(&mut out, (self.chunk, self.element_size), last, None)?;
        Ok(out.finish())
    }

    /// The error "this node is corrupt".
    pub(crate) fn corrupt(node: Address, reason: &str) -> Error {
        Error::corrupt(NAME, node, reason)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option::of, prelude::*};

    use super::*;
    use crate::source::Source;

    const NODES: ChunkNodes<'static> = ChunkNodes {
        sizes: Sizes {
            offset: 8,
            length: 8,
        },
        chunk: &[64, 3],
        element_size: 4,
        k: 4,
    };

    fn node() -> impl Strategy<Value = ChunkNode> {
        let address = || (0_u64..1 << 40).prop_map(Address);
        let stored = (address(), any::<u32>(), any::<u32>());
        let at = prop::collection::vec(0_u64..1 << 50, 2);
        let children = prop::collection::btree_map(at, stored, 0..9);
        let siblings = (of(address()), of(address()));
        (
            any::<u8>(),
            siblings,
            children,
            prop::collection::vec(any::<u8>(), 32),
        )
            .prop_map(|(level, siblings, children, end)| {
                let child = |(at, (address, size, filter_mask)): (_, (_, u32, _))| ChunkChild {
                    at,
                    stored: StoredChunk {
                        address,
                        size: Some(size.into()),
                        filter_mask,
                    },
                };
                ChunkNode {
                    level,
                    siblings: siblings.into(),
                    children: children.into_iter().map(child).collect(),
                    end,
                }
            })
    }

    proptest! {
        #[test]
        fn comes_back(node in node()) {
            let bytes = NODES.encode(&node).unwrap();
            prop_assert_eq!(super::super::to_u64(bytes.len()), NODES.node_len());
            let image = Image::whole(Source::from([vec![0; 8], bytes].concat()));
            let parent = node.level.checked_add(1);
            prop_assert_eq!(&NODES.read(&image, Address(8), parent).unwrap(), &node);
            for (side, sibling) in [Side::Left, Side::Right].into_iter().zip(node.siblings) {
                let field = side.field(Address(8), NODES.sizes).unwrap();
                let bytes = image.bytes("field", field, 8).unwrap();
                let expected = sibling.map_or(u64::MAX, |sibling| sibling.0);
                prop_assert_eq!(&*bytes, &expected.to_le_bytes()[..]);
            }
        }
    }

    /// Sizes have 32 bits, and the corner behind a chunk 64.
    #[test]
    fn chunks_that_a_key_cannot_hold_are_refused() {
        let key = |at: u64, size: Option<u64>| {
            let stored = StoredChunk {
                address: Address(0),
                size,
                filter_mask: 0,
            };
            let at = vec![0, at];
            NODES.key(&ChunkChild { at, stored })
        };
        key(1 << 60, Some(u64::from(u32::MAX))).unwrap();
        for (at, size) in [(0, Some(1 << 32)), (0, None), (u64::MAX / 2, Some(1))] {
            assert!(
                key(at, size).unwrap_err().is_unsupported(),
                "{at}, {size:?}"
            );
        }
    }

    #[test]
    fn children_out_of_order_are_corrupt() {
        let chunk = |at: u64| ChunkChild {
            at: vec![at, 0],
            stored: StoredChunk {
                address: Address(at),
                size: Some(1),
                filter_mask: 0,
            },
        };
        for order in [[2, 1], [2, 2]] {
            let node = ChunkNode {
                level: 0,
                siblings: [None, None],
                children: order.map(chunk).to_vec(),
                end: NODES.last_key(&[2, 0]).unwrap(),
            };
            let image = Image::whole(Source::from(NODES.encode(&node).unwrap()));
            assert!(
                NODES
                    .read(&image, Address(0), None)
                    .unwrap_err()
                    .is_corrupt()
            );
        }
    }
}
