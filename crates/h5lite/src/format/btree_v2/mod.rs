//! Version 2 B-tree: links and attributes of objects with many, huge objects of a fractal heap,
//! and chunks of datasets with several unlimited axes. Read only.
//! Specification III.A.2, "Disk Format: Level 1A2 - Version 2 B-trees".
//!
//! A node holds n records, and unless it is a leaf n + 1 children between and around them. What a
//! record means is left to who asks.

mod chunk;

use std::{borrow::Cow, collections::HashSet};

pub(crate) use self::chunk::NodeCache;
use crate::{
    error::{Error, Result},
    format::field::{Fields, MAX_DEPTH, bytes_for, to_u64},
    image::{Address, Image, Sizes},
};

const HEADER: &str = "version 2 B-tree header";
const NODE: &str = "version 2 B-tree node";
const HEADER_SIGNATURE: [u8; 4] = *b"BTHD";
const INTERNAL_SIGNATURE: [u8; 4] = *b"BTIN";
const LEAF_SIGNATURE: [u8; 4] = *b"BTLF";
const VERSION: u8 = 0;
/// Signature, version and type before the records.
const PREFIX_LEN: usize = 6;
const CHECKSUM_LEN: usize = 4;

/// A tree, its header read.
#[derive(Debug)]
pub(crate) struct BTreeV2<'a> {
    image: &'a Image,
    address: Address,
    record_type: u8,
    record_len: usize,
    /// Bytes set aside for each node.
    node_len: u64,
    /// What follows from the node size, for each level; leaves first, the root last.
    levels: Vec<Level>,
    /// Width of "number of records in child node".
    count_width: u8,
    /// `None`: there are no records.
    root: Option<Child>,
}

/// Nodes of one height.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Records of a full node.
    capacity: u64,
    /// Width of "total number of records in child node" where a node of this level is the child:
    /// 0 for leaves, which have no children to count.
    total_width: u8,
}

/// A pointer to a node.
#[derive(Clone, Copy, Debug)]
struct Child {
    address: Address,
    records: u64,
}

impl<'a> BTreeV2<'a> {
    /// Reads the header at `address` of a tree whose records are of one of the types `expected`.
    pub(crate) fn read(image: &'a Image, address: Address, expected: &[u8]) -> Result<Self> {
        let sizes = image.sizes();
        let len = u64::from(sizes.offset).saturating_add(u64::from(sizes.length));
        let len = len.saturating_add(22);
        let bytes = image.bytes(HEADER, address, len)?;
        image.claim(HEADER, address, len);
        let mut fields = Fields::new(HEADER, address, sizes, &bytes);
        fields.signature(HEADER_SIGNATURE)?;
        fields.version(&[VERSION])?;
        let record_type = fields.u8()?;
        let node_len = u64::from(fields.u32()?);
        let record_len = fields.u16()?;
        let depth = usize::from(fields.u16()?);
        let _split_and_merge = (fields.u8()?, fields.u8()?);
        let root = fields.offset()?;
        let records = u64::from(fields.u16()?);
        let _total = fields.length()?;
        fields.checksum()?;
        if !expected.contains(&record_type) {
            return Err(fields.corrupt(format_args!("records of type {record_type}")));
        }
        if depth > MAX_DEPTH {
            return Err(fields.corrupt(format_args!("depth {depth}")));
        }
        let leaf = node_capacity(node_len, record_len.into(), 0);
        let leaf = leaf.ok_or_else(|| fields.corrupt("a node has no room for a record"))?;
        let count_width = bytes_for(leaf);
        let mut total = leaf;
        let mut levels = vec![Level {
            capacity: leaf,
            total_width: 0,
        }];
        for _ in 0..depth {
            let below = levels.last().map_or(0, |level| level.total_width);
            let pointer = pointer_len(sizes.offset, count_width, below);
            let capacity = node_capacity(node_len, record_len.into(), to_u64(pointer));
            let capacity =
                capacity.ok_or_else(|| fields.corrupt("a node has no room for a child"))?;
            total = capacity
                .saturating_add(1)
                .saturating_mul(total)
                .saturating_add(capacity);
            levels.push(Level {
                capacity,
                total_width: bytes_for(total),
            });
        }
        Ok(Self {
            image,
            address,
            record_type,
            record_len: record_len.into(),
            node_len,
            levels,
            count_width,
            root: root.map(|address| Child { address, records }),
        })
    }

    /// Calls `visit` with each record, in order.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a node is broken or reached twice, and whatever `visit` returns.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut visited = HashSet::new();
        match (self.root, self.levels.split_last()) {
            (Some(root), Some((level, below))) => {
                self.descend(root, *level, below, &mut visited, visit)
            }
            _ => Ok(()),
        }
    }

    fn descend(
        &self,
        child: Child,
        level: Level,
        below: &[Level],
        visited: &mut HashSet<Address>,
        visit: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let node = self.node(child, level, below, visited)?;
        for index in 0..=node.count {
            if let Some((level, below)) = below.split_last() {
                self.descend(node.child(index)?, *level, below, visited, visit)?;
            }
            if index < node.count {
                visit(node.record(index)?)?;
            }
        }
        Ok(())
    }

    /// Reads a node and verifies its checksum. A tree leads to each of its nodes once; `visited`
    /// keeps a small file from claiming a large tree.
    fn node(
        &self,
        child: Child,
        level: Level,
        below: &[Level],
        visited: &mut HashSet<Address>,
    ) -> Result<Node<'a>> {
        let Child { address, records } = child;
        let sizes = self.image.sizes();
        let corrupt = |reason: &str| Error::corrupt(NODE, address, reason);
        if !visited.insert(address) {
            return Err(corrupt("it is reached twice"));
        }
        let count = usize::try_from(records).ok();
        let count = count.filter(|_| records <= level.capacity);
        let count = count.ok_or_else(|| corrupt("more records than it has room for"))?;
        let (signature, pointer) = match below.last() {
            None => (LEAF_SIGNATURE, None),
            Some(below) => (INTERNAL_SIGNATURE, Some(below.total_width)),
        };
        let pointers_len = pointer.map_or(0, |total_width| {
            let one = pointer_len(sizes.offset, self.count_width, total_width);
            one.saturating_mul(count.saturating_add(1))
        });
        let records_len = self.record_len.saturating_mul(count);
        let body_len = records_len.saturating_add(pointers_len);
        let len = body_len
            .saturating_add(PREFIX_LEN)
            .saturating_add(CHECKSUM_LEN);
        let bytes = self.image.bytes(NODE, address, to_u64(len))?;
        self.image.claim(NODE, address, self.node_len);
        let mut fields = Fields::new(NODE, address, sizes, &bytes);
        fields.signature(signature)?;
        fields.version(&[VERSION])?;
        let record_type = fields.u8()?;
        if record_type != self.record_type {
            return Err(fields.corrupt(format_args!("records of type {record_type}")));
        }
        fields.skip(body_len)?;
        fields.checksum()?;
        Ok(Node {
            address,
            sizes,
            count,
            record_len: self.record_len,
            count_width: self.count_width,
            total_width: pointer.unwrap_or(0),
            bytes,
        })
    }
}

/// A node, one level of a walk.
#[derive(Debug)]
struct Node<'a> {
    address: Address,
    sizes: Sizes,
    count: usize,
    record_len: usize,
    count_width: u8,
    total_width: u8,
    bytes: Cow<'a, [u8]>,
}

impl Node<'_> {
    fn record(&self, index: usize) -> Result<&[u8]> {
        let start = self
            .record_len
            .saturating_mul(index)
            .saturating_add(PREFIX_LEN);
        let record = self.bytes.get(start..start.saturating_add(self.record_len));
        record.ok_or_else(|| Error::corrupt(NODE, self.address, "a record outside the node"))
    }

    fn child(&self, index: usize) -> Result<Child> {
        let records = self.record_len.saturating_mul(self.count);
        let pointer = pointer_len(self.sizes.offset, self.count_width, self.total_width);
        let start = pointer.saturating_mul(index).saturating_add(records);
        let mut fields = Fields::new(NODE, self.address, self.sizes, &self.bytes);
        fields.skip(start.saturating_add(PREFIX_LEN))?;
        Ok(Child {
            address: fields.address_of("a child")?,
            records: fields.uint(self.count_width)?,
        })
    }
}

/// How many records a node has room for beside a pointer for each and one more, if any at all.
fn node_capacity(node_len: u64, record_len: u64, pointer_len: u64) -> Option<u64> {
    let overhead = to_u64(PREFIX_LEN.saturating_add(CHECKSUM_LEN));
    let room = node_len.checked_sub(overhead)?.checked_sub(pointer_len)?;
    let capacity = room.checked_div(record_len.checked_add(pointer_len)?)?;
    (capacity > 0 && record_len > 0).then_some(capacity)
}

fn pointer_len(offset_width: u8, count_width: u8, total_width: u8) -> usize {
    let widths = [offset_width, count_width, total_width];
    widths
        .into_iter()
        .map(usize::from)
        .fold(0, usize::saturating_add)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{format::field::Encoder, source::Source};

    /// A tree of this depth over `records`, all of one length, which need not be sorted.
    ///
    /// Returns the bytes and the header's address. Every node but the root shares the records
    /// between its children as evenly as it can.
    pub(crate) fn encode(
        record_type: u8,
        node_len: u32,
        depth: u16,
        records: &[Vec<u8>],
        record_len: u16,
    ) -> (Vec<u8>, Address) {
        let mut tree = Tree {
            record_type,
            node_len: usize::try_from(node_len).unwrap(),
            record_len: record_len.into(),
            bytes: vec![0xff; 3],
        };
        let (root, in_root) = if records.is_empty() {
            (None, 0)
        } else {
            let (address, count) = tree.node(depth, records);
            (Some(address), count)
        };
        let mut out = Encoder::new(Sizes::default());
        out.put(b"BTHD\0");
        out.u8(record_type);
        out.u32(node_len);
        out.u16(record_len);
        out.u16(depth);
        out.put(&[100, 40]);
        out.offset(root);
        out.uint(2, to_u64(in_root));
        out.length(to_u64(records.len()));
        out.checksum();
        let at = Address(to_u64(tree.bytes.len()));
        tree.bytes.extend(out.finish());
        (tree.bytes, at)
    }

    struct Tree {
        record_type: u8,
        node_len: usize,
        record_len: usize,
        bytes: Vec<u8>,
    }

    /// What the specification's recipe gives for a node of some height.
    struct Recipe {
        /// Records of the node when full.
        own: usize,
        /// Records of the node and all below when full.
        all: usize,
        /// Widths of the two numbers in a pointer to it.
        widths: [u8; 2],
    }

    impl Tree {
        fn recipe(&self, level: u16) -> Recipe {
            let leaf = (self.node_len - 10) / self.record_len;
            if level == 0 {
                let widths = [width(leaf), 0];
                return Recipe {
                    own: leaf,
                    all: leaf,
                    widths,
                };
            }
            let below = self.recipe(level - 1);
            let pointer = 8 + usize::from(below.widths[0]) + usize::from(below.widths[1]);
            let own = (self.node_len - 10 - pointer) / (self.record_len + pointer);
            let all = own + (own + 1) * below.all;
            let widths = [width(leaf), width(all)];
            Recipe { own, all, widths }
        }

        fn node(&mut self, level: u16, records: &[Vec<u8>]) -> (Address, usize) {
            assert!(records.len() <= self.recipe(level).all);
            let mut out = Encoder::new(Sizes::default());
            if level == 0 {
                out.put(b"BTLF\0");
                out.u8(self.record_type);
                out.put(&records.concat());
                return (self.put(out), records.len());
            }
            let below = self.recipe(level - 1);
            let mut separators = 1;
            while records.len().saturating_sub(separators) > below.all * (separators + 1) {
                separators += 1;
            }
            assert!(separators <= self.recipe(level).own);
            let (mut own, mut pointers) = (Vec::new(), Encoder::new(Sizes::default()));
            let mut rest = records;
            for left in (0..=separators).rev() {
                let (here, more) = rest.split_at((rest.len() - left) / (left + 1));
                let (address, count) = self.node(level - 1, here);
                pointers.offset(Some(address));
                pointers.uint(below.widths[0], to_u64(count));
                pointers.uint(below.widths[1], to_u64(here.len()));
                rest = more;
                if left > 0 {
                    own.extend_from_slice(&rest[0]);
                    rest = &rest[1..];
                }
            }
            out.put(b"BTIN\0");
            out.u8(self.record_type);
            out.put(&own);
            out.put(&pointers.finish());
            (self.put(out), separators)
        }

        fn put(&mut self, mut node: Encoder) -> Address {
            node.checksum();
            let at = Address(to_u64(self.bytes.len()));
            self.bytes.extend(node.finish());
            at
        }
    }

    fn width(max: usize) -> u8 {
        (1..8).find(|bytes| max < 1 << (8 * bytes)).unwrap()
    }

    fn walked(image: &Image, at: Address, expected: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut records = Vec::new();
        BTreeV2::read(image, at, expected)?.walk(&mut |record| {
            records.push(record.to_vec());
            Ok(())
        })?;
        Ok(records)
    }

    fn numbered(count: u32, len: u16) -> Vec<Vec<u8>> {
        let record = |i: u32| [&i.to_be_bytes()[..], &vec![7; usize::from(len) - 4]].concat();
        (0..count).map(record).collect()
    }

    proptest! {
        #[test]
        fn every_record_is_visited_in_order(
            (depth, count) in prop_oneof![
                (Just(0), 0_u32..2),
                (Just(1), 3_u32..50),
                (Just(2), 40_u32..400),
                (Just(3), 400_u32..2000),
            ],
            len in prop::sample::select(vec![4_u16, 11, 17]),
        ) {
            let records = numbered(count, len);
            let (bytes, at) = encode(5, 512, depth, &records, len);
            let image = Image::whole(Source::from(bytes));
            prop_assert_eq!(walked(&image, at, &[5, 6]).unwrap(), records);
            prop_assert!(walked(&image, at, &[6]).unwrap_err().is_corrupt());
        }

        #[test]
        fn no_byte_changes_unnoticed(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let (mut bytes, header) = encode(5, 512, 2, &numbered(500, 11), 11);
            // The first 3 bytes belong to nobody.
            let at = 3 + at.index(bytes.len() - 3);
            bytes[at] ^= 1_u8 << bit;
            let image = Image::whole(Source::from(bytes));
            prop_assert!(walked(&image, header, &[5]).unwrap_err().is_corrupt());
        }
    }

    /// The root's first child is its second as well, with a right checksum.
    #[test]
    fn a_node_reached_twice_is_corrupt() {
        let (mut bytes, header) = encode(5, 512, 1, &numbered(100, 11), 11);
        let header_at = usize::try_from(header.0).unwrap();
        let root = bytes.windows(4).rposition(|four| four == b"BTIN").unwrap();
        let records = usize::from(bytes[header_at + 24]);
        let first = root + 6 + 11 * records;
        let pointer = 9;
        bytes.copy_within(first + pointer..first + 2 * pointer, first);
        let mut changed = Encoder::new(Sizes::default());
        changed.put(&bytes[root..header_at - 4]);
        changed.checksum();
        bytes.splice(root..header_at, changed.finish());
        let image = Image::whole(Source::from(bytes));
        let error = walked(&image, header, &[5]).unwrap_err();
        assert!(error.to_string().contains("reached twice"), "{error}");
    }
}
