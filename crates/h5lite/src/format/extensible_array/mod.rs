//! Extensible array: the chunk index of datasets with one unlimited axis. Read only.
//! Specification, Appendix C, "Extensible Array Index".
//!
//! The first elements stand in the index block. The others are divided among super blocks, each as
//! long as the index of the one before demands: super block s has 2^(s/2) data blocks of
//! 2^((s+1)/2) times the smallest number of elements. The first super blocks are not stored; their
//! data blocks are listed in the index block.

mod claim;
mod division;

use self::division::{Division, Location, power};
use crate::{
    error::{Error, Result},
    format::{
        block_cache::BlockCache,
        chunk_array::{Elements, Lookup, Numbering, bit},
        chunk_grid::{ChunkGrid, StoredChunk},
        field::Fields,
    },
    image::{Address, Image, Sizes},
};

const HEADER: &str = "extensible array header";
const INDEX_BLOCK: &str = "extensible array index block";
const SUPER_BLOCK: &str = "extensible array super block";
const DATA_BLOCK: &str = "extensible array data block";
const PAGE: &str = "extensible array data block page";
const HEADER_SIGNATURE: [u8; 4] = *b"EAHD";
const INDEX_BLOCK_SIGNATURE: [u8; 4] = *b"EAIB";
const SUPER_BLOCK_SIGNATURE: [u8; 4] = *b"EASB";
const DATA_BLOCK_SIGNATURE: [u8; 4] = *b"EADB";
const VERSION: u8 = 0;
const CHECKSUM_LEN: u64 = 4;

/// The answer for element `index`, the `within`-th of 2^`elements` that are not stored.
fn missing(index: u64, within: u64, elements: u32) -> Lookup {
    let start = index.saturating_sub(within);
    Lookup::Missing {
        until: start.saturating_add(power(elements)),
    }
}

/// A chunk index that grows: chunks are numbered with the unlimited axis slowest.
#[derive(Debug)]
pub(crate) struct ExtensibleArray<'a> {
    blocks: BlockCache<'a>,
    address: Address,
    elements: Elements,
    division: Division,
    /// Elements in the index block.
    in_index_block: u64,
    /// No element from this one on was ever set.
    end: u64,
    /// `None`: no chunk is stored.
    index_block: Option<Address>,
}

impl<'a> ExtensibleArray<'a> {
    /// Reads the header at `address`.
    pub(crate) fn read(image: &'a Image, address: Address) -> Result<Self> {
        let sizes = image.sizes();
        let lengths = u64::from(sizes.length).saturating_mul(6);
        let widths = lengths.saturating_add(sizes.offset.into());
        let len = widths.saturating_add(16);
        let bytes = image.bytes(HEADER, address, len)?;
        image.claim(HEADER, address, len);
        let mut fields = Fields::new(HEADER, address, sizes, &bytes);
        fields.signature(HEADER_SIGNATURE)?;
        fields.version(&[VERSION])?;
        let elements = Elements::parse(&mut fields)?;
        let array = u32::from(fields.u8()?);
        let in_index_block = u64::from(fields.u8()?);
        let data_block = fields.u8()?;
        let stored_super_block = fields.u8()?;
        let page = u32::from(fields.u8()?);
        let _super_blocks = (fields.length()?, fields.length()?);
        let _data_blocks = (fields.length()?, fields.length()?);
        let end = fields.length()?;
        let _realized = fields.length()?;
        let index_block = fields.offset()?;
        fields.checksum()?;
        if !data_block.is_power_of_two() || !stored_super_block.is_power_of_two() {
            let reason =
                format!("{data_block} elements and {stored_super_block} blocks, not powers of two");
            return Err(fields.corrupt(reason));
        }
        let division = Division {
            array,
            data_block: data_block.trailing_zeros(),
            page,
            stored_super_block: stored_super_block.trailing_zeros(),
        };
        let fits = array < u64::BITS && page < u64::BITS;
        if !fits || division.super_blocks() < division.first_stored() {
            return Err(fields.corrupt(format_args!("2^{array} elements, pages of 2^{page}")));
        }
        Ok(Self {
            blocks: BlockCache::new(image),
            address,
            elements,
            division,
            in_index_block,
            end,
            index_block,
        })
    }

    /// Bytes of blocks read so far, again and again included.
    pub(crate) fn read_so_far(&self) -> u64 {
        self.blocks.read()
    }

    /// Calls `visit` with the coordinates of each wanted chunk that is stored and what is known of
    /// it, ordered by the unlimited axis first and then by the others. The dataset can have
    /// `max_chunks` chunks on each axis, or any number on the unlimited one.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where not one axis is unlimited, the dataset cannot have a wanted chunk,
    /// or a block on the way is broken, and whatever `visit` returns.
    pub(crate) fn walk(
        &mut self,
        wanted: &ChunkGrid,
        max_chunks: &[Option<u64>],
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        let unlimited = max_chunks.iter().position(Option::is_none);
        let numbering = unlimited.and_then(|axis| Numbering::new(max_chunks, axis));
        let numbering = numbering.ok_or_else(|| {
            let reason = "it indexes a dataset without or with several unlimited axes";
            Error::corrupt(HEADER, self.address, reason)
        })?;
        let address = self.address;
        let lookup = |index: Option<u64>| {
            let beyond = || Error::corrupt(HEADER, address, "a chunk behind the dataset's end");
            self.lookup(index.ok_or_else(beyond)?)
        };
        numbering.walk(wanted, lookup, visit)
    }

    /// Length of a super block's bitmap: each data block of 2^`bits` elements has a bit for each of
    /// its pages, in whole bytes.
    fn bitmap_len(&self, bits: u32, data_blocks: u64) -> u64 {
        let pages = bits
            .checked_sub(self.division.page)
            .filter(|pages| *pages > 0);
        pages.map_or(0, |pages| {
            data_blocks.saturating_mul(power(pages).div_ceil(8))
        })
    }

    fn lookup(&mut self, index: u64) -> Result<Lookup> {
        let Some(index_block) = self.index_block.filter(|_| index < self.end) else {
            return Ok(Lookup::Missing { until: u64::MAX });
        };
        let elements = self.elements;
        let Some(behind) = index.checked_sub(self.in_index_block) else {
            return elements.get(self.index_block(index_block)?, index, index);
        };
        let place = self.division.locate(behind);
        if place.super_block < self.division.first_stored() {
            let before = Division::data_blocks_before(place.super_block);
            let number = before.saturating_add(place.data_block);
            match self.listed(index_block, number)? {
                None => Ok(missing(index, place.element, place.elements)),
                Some(data_block) => self.in_data_block(data_block, place, index),
            }
        } else {
            self.in_super_block(index_block, place, index)
        }
    }

    /// The `number`-th address in the index block.
    fn listed(&mut self, index_block: Address, number: u64) -> Result<Option<Address>> {
        let elements_len = self.elements.total_len(self.in_index_block);
        let mut fields = self.index_block(index_block)?;
        let offset = u64::from(fields.sizes().offset);
        fields.take_long(elements_len)?;
        fields.take_long(number.saturating_mul(offset))?;
        fields.offset()
    }

    /// Looks up an element of a super block that is stored.
    fn in_super_block(
        &mut self,
        index_block: Address,
        place: Location,
        index: u64,
    ) -> Result<Lookup> {
        let page = self.division.page;
        let first_stored = self.division.first_stored();
        if place.super_block >= self.division.super_blocks() {
            let reason = format!("super block {} is in use", place.super_block);
            return Err(Error::corrupt(HEADER, self.address, reason));
        }
        let before = Division::data_blocks_before(first_stored);
        let number = place.super_block.saturating_sub(first_stored);
        let number = before.saturating_add(number.into());
        let Some(super_block) = self.listed(index_block, number)? else {
            let within = (place.data_block << place.elements).saturating_add(place.element);
            let elements = place.super_block.saturating_add(self.division.data_block);
            return Ok(missing(index, within, elements));
        };
        let pages = place.elements.checked_sub(page).filter(|pages| *pages > 0);
        let data_blocks = power(place.super_block / 2);
        let bitmap_len = self.bitmap_len(place.elements, data_blocks);
        let mut fields = self.super_block(super_block, bitmap_len, data_blocks)?;
        let bitmap = fields.clone();
        fields.take_long(bitmap_len)?;
        let offset = u64::from(fields.sizes().offset);
        fields.take_long(place.data_block.saturating_mul(offset))?;
        let Some(data_block) = fields.offset()? else {
            return Ok(missing(index, place.element, place.elements));
        };
        let Some(pages) = pages else {
            return self.in_data_block(data_block, place, index);
        };
        // The bits of all data blocks follow each other without gaps.
        let number = place.element >> page;
        let within = place.element & power(page).saturating_sub(1);
        let first = place.data_block.saturating_mul(power(pages));
        if !bit(bitmap, first.saturating_add(number))? {
            return Ok(missing(index, within, page));
        }
        self.in_page(data_block, number, within, index)
    }

    /// Looks up an element of a data block without pages.
    fn in_data_block(&mut self, address: Address, place: Location, index: u64) -> Result<Lookup> {
        let elements = self.elements;
        let count = power(place.elements);
        let len = elements.total_len(count);
        let fields = self.data_block(address, len, |fields| elements.verify(fields, count))?;
        elements.get(fields, place.element, index)
    }

    /// Looks up the `within`-th element of a page of a data block.
    fn in_page(
        &mut self,
        data_block: Address,
        page: u64,
        within: u64,
        index: u64,
    ) -> Result<Lookup> {
        let elements = self.elements;
        let count = power(self.division.page);
        let sizes = self.blocks.image().sizes();
        self.data_block(data_block, 0, |mut fields| fields.checksum())?;
        let pages_at = self.prefix_len(true).saturating_add(CHECKSUM_LEN);
        let len = elements.total_len(count).saturating_add(CHECKSUM_LEN);
        let at = data_block.plus(PAGE, page.saturating_mul(len).saturating_add(pages_at))?;
        let verify = |fields: Fields<'_>| elements.verify(fields, count);
        let bytes = self.blocks.get(PAGE, at, len, verify)?;
        elements.get(Fields::new(PAGE, at, sizes, bytes), within, index)
    }

    /// The index block behind its prefix: elements, addresses of data blocks and of super blocks.
    fn index_block(&mut self, address: Address) -> Result<Fields<'_>> {
        let first_stored = self.division.first_stored();
        let stored = self.division.super_blocks().saturating_sub(first_stored);
        let addresses = Division::data_blocks_before(first_stored).saturating_add(stored.into());
        let elements_len = self.elements.total_len(self.in_index_block);
        let len = elements_len.saturating_add(self.addresses_len(addresses));
        let kind = (INDEX_BLOCK, INDEX_BLOCK_SIGNATURE, false);
        self.claim_whole(kind, address, len);
        self.block(kind, address, len, |mut fields| {
            fields.take_long(len)?;
            fields.checksum()
        })
    }

    /// A super block behind its prefix: bitmap and addresses of data blocks.
    fn super_block(
        &mut self,
        address: Address,
        bitmap_len: u64,
        data_blocks: u64,
    ) -> Result<Fields<'_>> {
        let len = bitmap_len.saturating_add(self.addresses_len(data_blocks));
        let kind = (SUPER_BLOCK, SUPER_BLOCK_SIGNATURE, true);
        self.claim_whole(kind, address, len);
        self.block(kind, address, len, |mut fields| {
            fields.take_long(len)?;
            fields.checksum()
        })
    }

    /// A data block behind its prefix: its elements, unless they are in pages behind it.
    fn data_block(
        &mut self,
        address: Address,
        len: u64,
        verify: impl FnOnce(Fields<'_>) -> Result<()>,
    ) -> Result<Fields<'_>> {
        let kind = (DATA_BLOCK, DATA_BLOCK_SIGNATURE, true);
        self.block(kind, address, len, verify)
    }

    fn addresses_len(&self, count: u64) -> u64 {
        count.saturating_mul(self.blocks.image().sizes().offset.into())
    }

    /// Length of signature, version, client, header address and, in some blocks, the block's offset
    /// in the array.
    fn prefix_len(&self, has_offset: bool) -> u64 {
        let Sizes { offset, .. } = self.blocks.image().sizes();
        let block_offset = if has_offset {
            self.division.array.div_ceil(8)
        } else {
            0
        };
        u64::from(block_offset)
            .saturating_add(offset.into())
            .saturating_add(6)
    }

    /// The fields of a block behind its prefix, where `body_len` bytes and a checksum stand.
    fn block(
        &mut self,
        (structure, signature, has_offset): (&'static str, [u8; 4], bool),
        address: Address,
        body_len: u64,
        verify: impl FnOnce(Fields<'_>) -> Result<()>,
    ) -> Result<Fields<'_>> {
        let (header, client) = (self.address, self.elements.client);
        let prefix_len = self.prefix_len(has_offset);
        let len = prefix_len
            .saturating_add(body_len)
            .saturating_add(CHECKSUM_LEN);
        let sizes = self.blocks.image().sizes();
        let bytes = self.blocks.get(structure, address, len, |mut fields| {
            let mut body = fields.clone();
            fields.signature(signature)?;
            fields.version(&[VERSION])?;
            if fields.u8()? != client || fields.offset()? != Some(header) {
                return Err(fields.corrupt("it belongs to another array"));
            }
            body.take_long(prefix_len)?;
            verify(body)
        })?;
        let mut fields = Fields::new(structure, address, sizes, bytes);
        fields.take_long(prefix_len)?;
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        format::{
            chunk_array::tests::{Chunks, chunks},
            field::{Encoder, to_u64},
        },
        source::Source,
    };

    /// The library's defaults are 32, 4, 16, 4 and 10.
    #[derive(Clone, Copy, Debug)]
    struct Parameters {
        array_bits: u8,
        in_index_block: u8,
        min_elements: u8,
        min_pointers: u8,
        page_bits: u8,
    }

    const SMALL: Parameters = Parameters {
        array_bits: 10,
        in_index_block: 3,
        min_elements: 2,
        min_pointers: 2,
        page_bits: 2,
    };

    /// Writes an array block by block, in the order of its elements.
    struct Writer<'c> {
        chunks: &'c Chunks,
        parameters: Parameters,
        bytes: Vec<u8>,
    }

    /// An array of these chunks, its header at 0.
    fn encode(chunks: &Chunks, parameters: Parameters) -> Vec<u8> {
        let bytes = vec![0xff; 72];
        let mut writer = Writer {
            chunks,
            parameters,
            bytes,
        };
        let index_block = writer.index_block();
        let mut out = Encoder::new(Sizes::default());
        out.put(b"EAHD\0");
        chunks.client_and_len(&mut out);
        let Parameters {
            array_bits,
            in_index_block,
            min_elements,
            min_pointers,
            page_bits,
        } = parameters;
        out.put(&[
            array_bits,
            in_index_block,
            min_elements,
            min_pointers,
            page_bits,
        ]);
        out.zeros(4 * 8);
        out.length(to_u64(chunks.stored.len()));
        out.zeros(8);
        out.offset(Some(index_block));
        out.checksum();
        let header = out.finish();
        writer.bytes[..72].copy_from_slice(&header);
        writer.bytes
    }

    impl Writer<'_> {
        fn index_block(&mut self) -> Address {
            let p = self.parameters;
            let mut out = self.prefix(b"EAIB", false);
            let mut next = usize::from(p.in_index_block);
            self.chunks.put(&mut out, 0..next);
            let super_blocks = 1 + u32::from(p.array_bits) - p.min_elements.ilog2();
            for number in 0..super_blocks {
                let data_blocks = 1_usize << (number / 2);
                let elements = usize::from(p.min_elements) << (number / 2 + number % 2);
                let whole = next..next + data_blocks * elements;
                if number < 2 * p.min_pointers.ilog2() {
                    for start in whole.clone().step_by(elements) {
                        out.offset(self.data_block(start..start + elements));
                    }
                } else {
                    out.offset(self.super_block(whole.clone(), elements));
                }
                next = whole.end;
            }
            out.checksum();
            self.put(out)
        }

        fn super_block(&mut self, range: Range<usize>, elements: usize) -> Option<Address> {
            if !self.chunks.any_stored(range.clone()) {
                return None;
            }
            let mut out = self.prefix(b"EASB", true);
            let page = 1 << self.parameters.page_bits;
            if elements > page {
                let used = range.clone().step_by(page);
                let used = used.map(|start| self.chunks.any_stored(start..start + page));
                let mut bitmap = Chunks::bitmap(used);
                let data_blocks = range.len() / elements;
                bitmap.resize(data_blocks * (elements / page).div_ceil(8), 0);
                out.put(&bitmap);
            }
            for start in range.step_by(elements) {
                out.offset(self.data_block(start..start + elements));
            }
            out.checksum();
            Some(self.put(out))
        }

        fn data_block(&mut self, range: Range<usize>) -> Option<Address> {
            if !self.chunks.any_stored(range.clone()) {
                return None;
            }
            let mut out = self.prefix(b"EADB", true);
            let page = 1 << self.parameters.page_bits;
            if range.len() <= page {
                self.chunks.put(&mut out, range);
                out.checksum();
                return Some(self.put(out));
            }
            out.checksum();
            let at = self.put(out);
            for start in range.step_by(page) {
                let mut out = Encoder::new(Sizes::default());
                if self.chunks.any_stored(start..start + page) {
                    self.chunks.put(&mut out, start..start + page);
                    out.checksum();
                } else {
                    // What was never written holds anything.
                    out.zeros(page * usize::from(self.chunks.element_len()) + 4);
                }
                self.put(out);
            }
            Some(at)
        }

        fn prefix(&self, signature: &[u8], has_offset: bool) -> Encoder {
            let mut out = Encoder::new(Sizes::default());
            out.put(signature);
            out.put(&[0, self.chunks.client()]);
            out.offset(Some(Address(0)));
            if has_offset {
                out.zeros(usize::from(self.parameters.array_bits.div_ceil(8)));
            }
            out
        }

        fn put(&mut self, out: Encoder) -> Address {
            let at = Address(to_u64(self.bytes.len()));
            self.bytes.extend(out.finish());
            at
        }
    }

    fn parameters() -> impl Strategy<Value = Parameters> {
        let power = |range: Range<u32>| range.prop_map(|exponent| 1_u8 << exponent);
        let parts = (9_u8..30, 0_u8..9, power(0..5), power(1..4), 0_u8..6);
        parts.prop_map(
            |(array_bits, in_index_block, min_elements, min_pointers, more)| {
                // No data block that the index block lists is cut into pages.
                let listed = min_elements.ilog2() + min_pointers.ilog2();
                Parameters {
                    array_bits,
                    in_index_block,
                    min_elements,
                    min_pointers,
                    page_bits: u8::try_from(listed).unwrap() + more,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_element_is_found(chunks in chunks(1..500), parameters in parameters()) {
            let image = Image::whole(Source::from(encode(&chunks, parameters)));
            let mut array = ExtensibleArray::read(&image, Address(0)).unwrap();
            for (expected, index) in chunks.stored.iter().zip(0..) {
                let found = array.lookup(index).unwrap();
                prop_assert!(chunks.agree_with(index, found), "{:?} {:?}", found, expected);
            }
            for beyond in [to_u64(chunks.stored.len()), u64::MAX] {
                let nothing = Lookup::Missing { until: u64::MAX };
                prop_assert_eq!(array.lookup(beyond).unwrap(), nothing);
            }
        }

        #[test]
        fn no_byte_changes_unnoticed(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            // All elements of the first 7 super blocks, so that every block is in use.
            let chunks = Chunks::all_stored(3 + 2 * 127);
            let mut bytes = encode(&chunks, SMALL);
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            let image = Image::whole(Source::from(bytes));
            let read = ExtensibleArray::read(&image, Address(0));
            let found = read.and_then(|mut array| (0..257).try_for_each(|i| array.lookup(i).map(drop)));
            prop_assert!(found.unwrap_err().is_corrupt());
        }
    }

    #[test]
    fn elements_the_parameters_leave_no_room_for_are_corrupt() {
        let mut bytes = encode(&Chunks::all_stored(10), SMALL);
        let mut header = Encoder::new(Sizes::default());
        header.put(&bytes[..44]);
        header.u64(u64::MAX);
        header.put(&bytes[52..68]);
        header.checksum();
        bytes[..72].copy_from_slice(&header.finish());
        let image = Image::whole(Source::from(bytes));
        let mut array = ExtensibleArray::read(&image, Address(0)).unwrap();
        assert_eq!(array.lookup(1000).unwrap(), Lookup::Missing { until: 1025 });
        for index in [3 + (2 << 10), 1 << 40, u64::MAX - 1] {
            assert!(array.lookup(index).unwrap_err().is_corrupt(), "{index}");
        }
    }
}
