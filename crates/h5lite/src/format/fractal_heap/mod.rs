//! Fractal heap: the links of groups with many links, the attributes of objects with many or large
//! ones. Read only.
//! Specification III.G, "Disk Format: Level 1G - Fractal Heap".
//!
//! An object is found through its heap ID, which says in which of three ways it is stored: managed
//! in blocks, huge on its own, or tiny inside the ID.

mod managed;

use std::{borrow::Cow, collections::HashMap};

use self::managed::Managed;
use crate::{
    error::{Error, Result},
    format::{
        btree_v2::BTreeV2,
        field::{Fields, bytes_for},
        free_space,
    },
    image::{Address, Image},
    limits::Limits,
};

const NAME: &str = "fractal heap header";
const HUGE_OBJECT: &str = "huge object of a fractal heap";
const SIGNATURE: [u8; 4] = *b"FRHP";
const VERSION: u8 = 0;
/// Flag: direct blocks hold a checksum.
const CHECKSUMMED: u8 = 0b10;
/// B-tree records of huge objects without filters that are found by a number.
const HUGE_RECORDS: u8 = 1;
/// B-tree records of huge objects: found by a number, filtered, directly, both.
const HUGE_OBJECTS: [u8; 4] = [HUGE_RECORDS, 2, 3, 4];
/// The longest ID whose tiny objects have a length of 4 bits; in longer ones it has 12.
const MAX_SHORT_ID: usize = 18;

/// A heap, its header read and its blocks read as they are needed.
#[derive(Debug)]
pub(crate) struct FractalHeap<'a> {
    image: &'a Image,
    address: Address,
    id_len: usize,
    /// Width of the length of a managed object in its ID.
    length_width: u8,
    managed: Managed<'a>,
    huge_btree: Option<Address>,
    /// What keeps its free space.
    free_space: Option<Address>,
    /// Address and length of each huge object by its number, once one was asked for.
    huge: Option<HashMap<u64, (Address, u64)>>,
}

impl<'a> FractalHeap<'a> {
    /// Reads the heap whose header stands at `address`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a heap whose objects are filtered.
    pub(crate) fn read(image: &'a Image, address: Address) -> Result<Self> {
        let sizes = image.sizes();
        let (offset, length) = (u64::from(sizes.offset), u64::from(sizes.length));
        let start = image.bytes(NAME, address, 9)?;
        let mut fields = Fields::new(NAME, address, sizes, &start);
        fields.signature(SIGNATURE)?;
        fields.version(&[VERSION])?;
        let id_len = usize::from(fields.u16()?);
        let filters_len = u64::from(fields.u16()?);
        let mut len = length.saturating_mul(12);
        len = len
            .saturating_add(offset.saturating_mul(3))
            .saturating_add(26);
        if filters_len > 0 {
            len = len
                .saturating_add(length)
                .saturating_add(4)
                .saturating_add(filters_len);
        }
        let bytes = image.bytes(NAME, address, len)?;
        image.claim(NAME, address, len);
        let mut fields = Fields::new(NAME, address, sizes, &bytes);
        fields.skip(9)?;
        let flags = fields.u8()?;
        let max_managed = u64::from(fields.u32()?);
        let _next_huge = fields.length()?;
        let huge_btree = fields.offset()?;
        let _free = fields.length()?;
        let free_space = fields.offset()?;
        let _managed_space = (fields.length()?, fields.length()?, fields.length()?);
        let _managed_objects = fields.length()?;
        let _huge_objects = (fields.length()?, fields.length()?);
        let _tiny_objects = (fields.length()?, fields.length()?);
        let table = managed::DoublingTable::parse(&mut fields)?;
        let _starting_rows = fields.u16()?;
        let root = fields.offset()?;
        let rows = fields.u16()?;
        if filters_len > 0 {
            let _root = (fields.length()?, fields.u32()?);
            fields.take_long(filters_len)?;
            fields.checksum()?;
            return Err(Error::unsupported("filters in a fractal heap"));
        }
        fields.checksum()?;
        let length_width = bytes_for(max_managed).min(table.block_offset_width());
        let checksummed = flags & CHECKSUMMED != 0;
        Ok(Self {
            image,
            address,
            id_len,
            length_width,
            managed: Managed::new(image, address, table, root, rows, checksummed),
            huge_btree,
            free_space,
            huge: None,
        })
    }

    /// The object with this ID, an attribute or a link.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the ID leads nowhere or a block on the way is broken,
    /// [`Error::Limit`] where the object is too long.
    pub(crate) fn object<'s>(&'s mut self, id: &'s [u8], limits: &Limits) -> Result<Cow<'s, [u8]>> {
        // What is longer than the file is corrupt.
        let most = self.image.len();
        let affordable = |len: u64| {
            let (what, limit) = ("bytes of an attribute or link", limits.attribute_bytes);
            Limits::check(what, len.min(most), limit, "attribute_bytes")
        };
        let mut fields = Fields::new("fractal heap ID", self.address, self.image.sizes(), id);
        if id.len() != self.id_len {
            let (len, wanted) = (id.len(), self.id_len);
            return Err(fields.corrupt(format_args!("{len} bytes instead of {wanted}")));
        }
        let kind = fields.u8()?;
        if kind >> 6 != 0 {
            return Err(fields.corrupt(format_args!("unknown version {}", kind >> 6)));
        }
        match kind >> 4 {
            0 => {
                let offset = fields.uint(self.managed.table().heap_offset_width())?;
                let len = fields.uint(self.length_width)?;
                affordable(len)?;
                self.managed.object(offset, len).map(Cow::Borrowed)
            }
            1 => {
                let (address, len) = self.huge(fields)?;
                affordable(len)?;
                self.image.bytes(HUGE_OBJECT, address, len)
            }
            2 => {
                let mut len = usize::from(kind & 0x0f);
                if self.id_len > MAX_SHORT_ID {
                    len = len
                        .saturating_mul(256)
                        .saturating_add(usize::from(fields.u8()?));
                }
                fields.take(len.saturating_add(1)).map(Cow::Borrowed)
            }
            other => Err(fields.corrupt(format_args!("unknown type {other}"))),
        }
    }

    /// Reads all there is of it, whether objects are in it or not.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where something is broken.
    pub(crate) fn walk(&mut self) -> Result<()> {
        self.managed.walk()?;
        if let Some(manager) = self.free_space {
            free_space::walk(self.image, manager)?;
        }
        let Some(btree) = self.huge_btree else {
            return Ok(());
        };
        BTreeV2::read(self.image, btree, &HUGE_OBJECTS)?.walk(&mut |record| {
            let mut fields = Fields::new("huge object record", btree, self.image.sizes(), record);
            let (address, len) = (fields.address_of("a huge object")?, fields.length()?);
            self.image.claim(HUGE_OBJECT, address, len);
            Ok(())
        })
    }

    /// Address and length of the object with the ID that `fields` have begun to read.
    fn huge(&mut self, mut fields: Fields<'_>) -> Result<(Address, u64)> {
        let sizes = self.image.sizes();
        let direct = usize::from(sizes.offset).saturating_add(usize::from(sizes.length));
        if direct <= fields.remaining() {
            return Ok((fields.address_of("a huge object")?, fields.length()?));
        }
        let width = fields.remaining().min(8);
        let number = fields.uint(u8::try_from(width).unwrap_or(8))?;
        let found = self.huge_objects(&fields)?.get(&number).copied();
        found.ok_or_else(|| fields.corrupt(format_args!("no huge object {number}")))
    }

    fn huge_objects(&mut self, id: &Fields<'_>) -> Result<&HashMap<u64, (Address, u64)>> {
        if self.huge.is_none() {
            let btree = self.huge_btree;
            let btree = btree.ok_or_else(|| id.corrupt("its heap has no huge objects"))?;
            let mut found = HashMap::new();
            BTreeV2::read(self.image, btree, &[HUGE_RECORDS])?.walk(&mut |record| {
                let mut fields =
                    Fields::new("huge object record", btree, self.image.sizes(), record);
                let address = fields.address_of("a huge object")?;
                let len = fields.length()?;
                found.insert(fields.length()?, (address, len));
                Ok(())
            })?;
            self.huge = Some(found);
        }
        self.huge
            .as_ref()
            .ok_or_else(|| id.corrupt("no huge objects"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        format::{
            btree_v2,
            checksum::lookup3,
            field::{Encoder, to_u64},
        },
        image::Sizes,
        source::Source,
    };

    const WIDTH: u64 = 2;
    const START: u64 = 64;
    const MAX_DIRECT: u64 = 128;

    /// A heap to be read, its objects written block after block.
    struct Writer {
        bytes: Vec<u8>,
        header: Address,
        checksummed: bool,
        id_len: u16,
        filters_len: u16,
        huge_btree: Option<Address>,
        objects: Vec<Vec<u8>>,
        ids: Vec<Vec<u8>>,
    }

    impl Writer {
        /// A heap behind `bytes`, which will hold these objects as far as it has room.
        fn new(bytes: Vec<u8>, objects: Vec<Vec<u8>>) -> Self {
            let header = Address(to_u64(bytes.len()));
            let bytes = [bytes, vec![0xff; 200]].concat();
            Self {
                bytes,
                header,
                checksummed: true,
                id_len: 8,
                filters_len: 0,
                huge_btree: None,
                objects,
                ids: Vec::new(),
            }
        }

        fn finish(mut self, rows: u16) -> (Vec<u8>, Address, Vec<Vec<u8>>) {
            let root = match rows {
                0 => self.direct(0, START),
                _ => self.indirect(0, rows),
            };
            let mut out = Encoder::new(Sizes::default());
            out.put(b"FRHP\0");
            out.u16(self.id_len);
            out.u16(self.filters_len);
            out.u8(if self.checksummed { 2 } else { 0 });
            out.u32(40);
            out.length(0);
            out.offset(self.huge_btree);
            out.length(0);
            out.offset(None);
            out.zeros(8 * 8);
            out.uint(2, WIDTH);
            out.length(START);
            out.length(MAX_DIRECT);
            out.u16(16);
            out.u16(1);
            out.offset(root);
            out.u16(rows);
            if self.filters_len > 0 {
                out.zeros(12 + usize::from(self.filters_len));
            }
            out.checksum();
            let at = usize::try_from(self.header.0).unwrap();
            let out = out.finish();
            self.bytes[at..at + out.len()].copy_from_slice(&out);
            (self.bytes, self.header, self.ids)
        }

        fn prefix(&self, signature: &[u8], offset: u64) -> Encoder {
            let mut out = Encoder::new(Sizes::default());
            out.put(signature);
            out.u8(0);
            out.offset(Some(self.header));
            out.uint(2, offset);
            out
        }

        fn direct(&mut self, offset: u64, size: u64) -> Option<Address> {
            let mut out = self.prefix(b"FHDB", offset);
            let checksum_at = out.len();
            out.zeros(if self.checksummed { 4 } else { 0 });
            self.objects.first()?;
            while let Some(object) = self.objects.first() {
                if to_u64(out.len() + object.len()) > size {
                    break;
                }
                let mut id = Encoder::new(Sizes::default());
                id.u8(0);
                id.uint(2, offset + to_u64(out.len()));
                id.uint(1, to_u64(object.len()));
                id.zeros(usize::from(self.id_len) - id.len());
                self.ids.push(id.finish());
                out.put(&self.objects.remove(0));
            }
            out.zeros(usize::try_from(size).unwrap() - out.len());
            let mut block = out.finish();
            if self.checksummed {
                let checksum = lookup3(&block).to_le_bytes();
                block[checksum_at..checksum_at + 4].copy_from_slice(&checksum);
            }
            Some(self.put(&block))
        }

        fn indirect(&mut self, offset: u64, rows: u16) -> Option<Address> {
            self.objects.first()?;
            let mut out = self.prefix(b"FHIB", offset);
            let (mut at, mut size) = (offset, START);
            for row in 0..rows {
                for _ in 0..WIDTH {
                    let child = if size <= MAX_DIRECT {
                        self.direct(at, size)
                    } else {
                        // As many rows as make up the block.
                        let rows = (1..9).find(|rows| START * WIDTH * (1 << (rows - 1)) == size);
                        self.indirect(at, rows.unwrap())
                    };
                    out.offset(child);
                    at += size;
                }
                size *= if row == 0 { 1 } else { 2 };
            }
            out.checksum();
            Some(self.put(&out.finish()))
        }

        fn put(&mut self, block: &[u8]) -> Address {
            let at = Address(to_u64(self.bytes.len()));
            self.bytes.extend_from_slice(block);
            at
        }
    }

    fn objects(count: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), count)
    }

    fn read(bytes: Vec<u8>, heap: Address, id: &[u8]) -> Result<Vec<u8>> {
        let image = Image::whole(Source::from(bytes));
        let mut heap = FractalHeap::read(&image, heap)?;
        heap.object(id, &Limits::default()).map(Cow::into_owned)
    }

    proptest! {
        #[test]
        fn managed_objects_are_found(
            objects in objects(300),
            rows in 0_u16..7,
            checksummed: bool,
        ) {
            let mut writer = Writer::new(vec![0; 5], objects.clone());
            writer.checksummed = checksummed;
            let (bytes, header, ids) = writer.finish(rows);
            prop_assert!(ids.len() > usize::from(rows));
            let image = Image::whole(Source::from(bytes));
            let mut heap = FractalHeap::read(&image, header).unwrap();
            for (id, object) in ids.iter().zip(&objects).rev() {
                prop_assert_eq!(&*heap.object(id, &Limits::default()).unwrap(), &object[..]);
            }
        }

        #[test]
        fn no_byte_changes_unnoticed(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let all = vec![vec![7; 30]; 80];
            let (mut bytes, header, ids) = Writer::new(vec![], all).finish(5);
            prop_assert!(ids.len() > 30);
            // Between the header and the room kept for it are bytes that belong to nobody.
            let at = at.index(bytes.len() - 54);
            let at = if at < 146 { at } else { at + 54 };
            bytes[at] ^= 1_u8 << bit;
            let image = Image::whole(Source::from(bytes));
            let heap = FractalHeap::read(&image, header);
            let found = heap.and_then(|mut heap| ids.iter().try_for_each(|id| heap.object(id, &Limits::default()).map(drop)));
            prop_assert!(found.is_err());
        }

        #[test]
        fn any_id_gives_an_object_or_an_error(id in prop::collection::vec(any::<u8>(), 8)) {
            let (bytes, header, _) = Writer::new(vec![], vec![vec![7; 30]; 40]).finish(5);
            let read = read(bytes, header, &id);
            prop_assert!(read.is_ok() || read.unwrap_err().is_corrupt());
        }
    }

    #[test]
    fn tiny_objects_are_in_their_ids() {
        let (bytes, header, _) = Writer::new(vec![], vec![]).finish(0);
        let object = read(bytes, header, b"\x22abcdefg").unwrap();
        assert_eq!(object, b"abc");
        let mut writer = Writer::new(vec![], vec![]);
        writer.id_len = 400;
        let (bytes, header, _) = writer.finish(0);
        let mut id = vec![0x21, 0x02];
        id.extend((0..398).map(|i| if i < 259 { 5 } else { 6 }));
        assert_eq!(read(bytes, header, &id).unwrap(), vec![5; 259]);
    }

    #[test]
    fn huge_objects_are_found_by_address_or_number() {
        let mut writer = Writer::new(b"a huge object".to_vec(), vec![]);
        writer.id_len = 17;
        let (bytes, header, _) = writer.finish(0);
        let mut id = vec![0x10];
        id.extend(2_u64.to_le_bytes());
        id.extend(4_u64.to_le_bytes());
        assert_eq!(read(bytes.clone(), header, &id).unwrap(), b"huge");
        id[16] = 1;
        assert!(read(bytes, header, &id).unwrap_err().is_corrupt());

        let numbered = |i: u64| [i, 2, i + 100].map(u64::to_le_bytes).concat();
        let records: Vec<_> = (0..30).map(numbered).collect();
        let (bytes, btree) = btree_v2::tests::encode(1, 512, 1, &records, 24);
        let expected = bytes[17..19].to_vec();
        let mut writer = Writer::new(bytes, vec![]);
        writer.huge_btree = Some(btree);
        let (bytes, header, _) = writer.finish(0);
        let found = read(bytes.clone(), header, &[0x10, 117, 0, 0, 0, 0, 0, 0]);
        assert_eq!(found.unwrap(), expected);
        let missing = read(bytes, header, &[0x10, 99, 0, 0, 0, 0, 0, 0]);
        assert!(missing.unwrap_err().is_corrupt());
    }

    #[test]
    fn filtered_heaps_are_refused_by_name() {
        let mut writer = Writer::new(vec![], vec![]);
        writer.filters_len = 20;
        let (bytes, header, _) = writer.finish(0);
        let error = read(bytes, header, &[0; 8]).unwrap_err();
        assert!(error.is_unsupported(), "{error}");
    }
}
