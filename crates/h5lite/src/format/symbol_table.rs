//! Symbol table entry and node (`SNOD`): the links of a group in HDF5's first form.
//! Specification III.B and III.C, "Disk Format: Level 1B - Group Symbol Table Nodes" and "Level 1C -
//! Symbol Table Entry".

use crate::{
    error::{Error, Result},
    format::field::{Encoder, Fields, to_u64},
    image::{Address, Image, Sizes},
};

/// Name of the structure.
pub(crate) const NAME: &str = "symbol table node";
const SIGNATURE: [u8; 4] = *b"SNOD";
const VERSION: u8 = 1;
/// Signature, version, reserved byte, number of symbols.
const HEADER_LEN: u64 = 8;
const SCRATCH_LEN: usize = 16;
/// One read gets a node with the default 8 entries, and twice that.
const SPECULATIVE_LEN: u64 = 648;

/// What an entry repeats of the object it points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cache {
    /// Nothing.
    None,
    /// The object is a group stored as a symbol table.
    Group {
        /// Root of its B-tree.
        btree: Option<Address>,
        /// Its local heap.
        heap: Option<Address>,
    },
    /// The link is soft: there is no object.
    SoftLink {
        /// Offset of the link's target in the local heap of the group that holds the link.
        target: u32,
    },
}

/// One link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Offset of the link's name in the group's local heap.
    pub(crate) name: u64,
    /// The object's header; `None` for soft links.
    pub(crate) header: Option<Address>,
    /// What else is known.
    pub(crate) cache: Cache,
}

impl Entry {
    /// Length of an entry in bytes.
    pub(crate) fn encoded_len(sizes: Sizes) -> usize {
        usize::from(sizes.offset)
            .saturating_mul(2)
            .saturating_add(SCRATCH_LEN)
            .saturating_add(8)
    }

    /// Parses an entry of a node or a superblock.
    pub(crate) fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let name_width = fields.sizes().offset;
        let name = fields.uint(name_width)?;
        let header = fields.offset()?;
        let kind = fields.u32()?;
        fields.skip(4)?;
        let mut scratch = fields.clone();
        fields.skip(SCRATCH_LEN)?;
        let cache = match kind {
            0 => Cache::None,
            1 => Cache::Group {
                btree: scratch.offset()?,
                heap: scratch.offset()?,
            },
            2 => Cache::SoftLink {
                target: scratch.u32()?,
            },
            other => return Err(fields.corrupt(format_args!("unknown cache type {other}"))),
        };
        Ok(Self {
            name,
            header,
            cache,
        })
    }

    /// Appends the entry.
    pub(crate) fn encode(&self, out: &mut Encoder) {
        let start = out.len();
        let sizes = out.sizes();
        out.uint(sizes.offset, self.name);
        out.offset(self.header);
        let kind = match self.cache {
            Cache::None => 0,
            Cache::Group { .. } => 1,
            Cache::SoftLink { .. } => 2,
        };
        out.u32(kind);
        out.zeros(4);
        match self.cache {
            Cache::None => {}
            Cache::Group { btree, heap } => {
                out.offset(btree);
                out.offset(heap);
            }
            Cache::SoftLink { target } => out.u32(target),
        }
        let written = out.len().saturating_sub(start);
        out.zeros(Self::encoded_len(sizes).saturating_sub(written));
    }
}

/// A node's entries, ordered by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SymbolTableNode {
    /// The links.
    pub(crate) entries: Vec<Entry>,
}

impl SymbolTableNode {
    /// Bytes of a node with room for `capacity` entries.
    pub(crate) fn len(sizes: Sizes, capacity: usize) -> u64 {
        to_u64(Entry::encoded_len(sizes).saturating_mul(capacity)).saturating_add(HEADER_LEN)
    }

    /// Reads the node at `address`.
    pub(crate) fn read(image: &Image, address: Address) -> Result<Self> {
        let sizes = image.sizes();
        let start = image.bytes_up_to(NAME, address, SPECULATIVE_LEN)?;
        let mut fields = Fields::new(NAME, address, sizes, &start);
        fields.signature(SIGNATURE)?;
        fields.version(&[VERSION])?;
        fields.skip(1)?;
        let count = usize::from(fields.u16()?);
        let entries = to_u64(Entry::encoded_len(sizes).saturating_mul(count));
        image.claim(NAME, address, entries.saturating_add(HEADER_LEN));
        let entries_at = address.plus(NAME, HEADER_LEN)?;
        let whole = if to_u64(fields.remaining()) < entries {
            image.bytes(NAME, entries_at, entries)?
        } else {
            fields.rest().into()
        };
        let mut fields = Fields::new(NAME, address, sizes, &whole);
        let entries = (0..count).map(|_| Entry::parse(&mut fields));
        let entries = entries.collect::<Result<_>>()?;
        Ok(Self { entries })
    }

    /// The node's bytes, with room for `capacity` entries (twice the superblock's "group leaf node
    /// K").
    ///
    /// # Errors
    /// [`Error::Mismatch`] where there are more entries than that, or than a node can count.
    pub(crate) fn encode(&self, sizes: Sizes, capacity: usize) -> Result<Vec<u8>> {
        let count = u16::try_from(self.entries.len()).ok();
        let count = count.filter(|_| self.entries.len() <= capacity);
        let count = count.ok_or_else(|| Error::Mismatch {
            expected: format!("at most {capacity} links in a symbol table node"),
            found: self.entries.len().to_string(),
        })?;
        let mut out = Encoder::new(sizes);
        out.put(&SIGNATURE);
        out.u8(VERSION);
        out.zeros(1);
        out.u16(count);
        for entry in &self.entries {
            entry.encode(&mut out);
        }
        let unused = capacity.saturating_sub(self.entries.len());
        out.zeros(unused.saturating_mul(Entry::encoded_len(sizes)));
        Ok(out.finish())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Source;

    fn entry() -> impl Strategy<Value = Entry> {
        let address = || prop::option::of((0_u64..0xffff).prop_map(Address));
        let cache = prop_oneof![
            Just(Cache::None),
            (address(), address()).prop_map(|(btree, heap)| Cache::Group { btree, heap }),
            any::<u32>().prop_map(|target| Cache::SoftLink { target }),
        ];
        let parts = (0_u64..0xffff, address(), cache);
        parts.prop_map(|(name, header, cache)| Entry {
            name,
            header,
            cache,
        })
    }

    proptest! {
        #[test]
        fn a_node_comes_back(
            entries in prop::collection::vec(entry(), 0..40),
            spare in 0_usize..10,
            width in prop::sample::select(vec![2_u8, 4, 8]),
        ) {
            let sizes = Sizes { offset: width, length: width };
            let capacity = entries.len() + spare;
            let node = SymbolTableNode { entries };
            let bytes = node.encode(sizes, capacity).unwrap();
            prop_assert_eq!(bytes.len(), 8 + capacity * (24 + 2 * usize::from(width)));
            let end = to_u64(bytes.len());
            let image = Image::whole(Source::from(bytes)).narrowed(0, end, sizes);
            prop_assert_eq!(SymbolTableNode::read(&image, Address(0)).unwrap(), node);
        }
    }

    #[test]
    fn a_node_with_more_entries_than_it_has_room_for_is_not_written() {
        let entry = Entry {
            name: 8,
            header: Some(Address(96)),
            cache: Cache::None,
        };
        let node = SymbolTableNode {
            entries: vec![entry; 9],
        };
        assert!(node.encode(Sizes::default(), 8).is_err());
    }

    #[test]
    fn more_entries_than_the_file_holds_are_corrupt() {
        let mut bytes = SymbolTableNode { entries: vec![] }
            .encode(Sizes::default(), 8)
            .unwrap();
        bytes[6..8].copy_from_slice(&[0xff, 0xff]);
        let image = Image::whole(Source::from(bytes));
        let error = SymbolTableNode::read(&image, Address(0)).unwrap_err();
        assert!(error.is_corrupt());
    }
}
