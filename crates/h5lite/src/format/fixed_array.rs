//! Fixed array: the chunk index of datasets whose axes are all limited. Read only.
//! Specification, Appendix C, "Fixed Array Index".

use crate::{
    error::{Error, Result},
    format::{
        block_cache::BlockCache,
        chunk_array::{Elements, Lookup, Numbering, bit},
        chunk_grid::{ChunkGrid, StoredChunk},
        field::Fields,
    },
    image::{Address, Image},
};

const HEADER: &str = "fixed array header";
const BLOCK: &str = "fixed array data block";
const PAGE: &str = "fixed array data block page";
const HEADER_SIGNATURE: [u8; 4] = *b"FAHD";
const BLOCK_SIGNATURE: [u8; 4] = *b"FADB";
const VERSION: u8 = 0;
const CHECKSUM_LEN: u64 = 4;

/// A chunk index that has one element for every chunk the dataset can have, in row-major order.
#[derive(Debug)]
pub(crate) struct FixedArray<'a> {
    blocks: BlockCache<'a>,
    address: Address,
    elements: Elements,
    count: u64,
    /// Log2 of the elements of a page.
    page_bits: u32,
    /// `None`: no chunk is stored.
    block: Option<Address>,
}

impl<'a> FixedArray<'a> {
    /// Reads the header at `address`.
    pub(crate) fn read(image: &'a Image, address: Address) -> Result<Self> {
        let sizes = image.sizes();
        let widths = u64::from(sizes.length).saturating_add(sizes.offset.into());
        let len = widths.saturating_add(12);
        let bytes = image.bytes(HEADER, address, len)?;
        image.claim(HEADER, address, len);
        let mut fields = Fields::new(HEADER, address, sizes, &bytes);
        fields.signature(HEADER_SIGNATURE)?;
        fields.version(&[VERSION])?;
        let elements = Elements::parse(&mut fields)?;
        let page_bits = u32::from(fields.u8()?);
        let count = fields.length()?;
        let block = fields.offset()?;
        fields.checksum()?;
        if page_bits >= u64::BITS {
            return Err(fields.corrupt(format_args!("pages of 2^{page_bits} elements")));
        }
        Ok(Self {
            blocks: BlockCache::new(image),
            address,
            elements,
            count,
            page_bits,
            block,
        })
    }

    /// Bytes of blocks read so far, again and again included.
    pub(crate) fn read_so_far(&self) -> u64 {
        self.blocks.read()
    }

    /// Calls `visit` with the coordinates of each wanted chunk that is stored and what is known of
    /// it, in row-major order. The dataset can have `max_chunks` chunks on each axis.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the array has no element for a wanted chunk, or a block on the way
    /// is broken, and whatever `visit` returns.
    pub(crate) fn walk(
        &mut self,
        wanted: &ChunkGrid,
        max_chunks: &[Option<u64>],
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        let numbering = Numbering::new(max_chunks, 0).ok_or_else(|| {
            let reason = "it indexes a dataset with an unlimited axis";
            Error::corrupt(HEADER, self.address, reason)
        })?;
        numbering.walk(wanted, |index| self.lookup(index), visit)
    }

    fn lookup(&mut self, index: Option<u64>) -> Result<Lookup> {
        let count = self.count;
        let index = index.filter(|index| *index < count).ok_or_else(|| {
            let reason = format!("its {count} elements leave out a chunk");
            Error::corrupt(HEADER, self.address, reason)
        })?;
        match self.block {
            None => Ok(Lookup::Missing { until: u64::MAX }),
            Some(block) if count <= self.page_count() => self.in_block(block, index),
            Some(block) => self.in_page(block, index),
        }
    }

    /// Elements of a page.
    fn page_count(&self) -> u64 {
        1 << self.page_bits
    }

    /// Signature, version, client and header address.
    fn prefix_len(&self) -> u64 {
        u64::from(self.blocks.image().sizes().offset).saturating_add(6)
    }

    /// Says what room the data block takes, pages included, of which some may not be in use.
    pub(crate) fn claim_block(&self) {
        let Some(block) = self.block else { return };
        let pages = match self.count.div_ceil(self.page_count()) {
            0 | 1 => 0,
            pages => pages,
        };
        let checksums = pages.saturating_mul(CHECKSUM_LEN);
        let len = [
            pages.div_ceil(8),
            self.elements.total_len(self.count),
            checksums,
            CHECKSUM_LEN,
        ];
        let len = len.into_iter().fold(self.prefix_len(), u64::saturating_add);
        self.blocks.image().claim(BLOCK, block, len);
    }

    /// Looks up an element that stands in the data block itself.
    fn in_block(&mut self, block: Address, index: u64) -> Result<Lookup> {
        let (elements, count) = (self.elements, self.count);
        let elements_len = elements.total_len(count);
        let fields = self.block(block, elements_len, |fields| elements.verify(fields, count))?;
        elements.get(fields, index, index)
    }

    /// Looks up an element that stands in one of the pages behind the data block.
    fn in_page(&mut self, block: Address, number: u64) -> Result<Lookup> {
        let elements = self.elements;
        let page_count = self.page_count();
        let page = number >> self.page_bits;
        let before = page << self.page_bits;
        let index = number & page_count.saturating_sub(1);
        let bitmap_len = self.count.div_ceil(page_count).div_ceil(8);
        let bitmap = self.block(block, bitmap_len, |mut fields| {
            fields.take_long(bitmap_len)?;
            fields.checksum()
        })?;
        if !bit(bitmap, page)? {
            let until = before.saturating_add(page_count);
            return Ok(Lookup::Missing { until });
        }
        let count = self.count.saturating_sub(before).min(page_count);
        let pages_at = self
            .prefix_len()
            .saturating_add(bitmap_len)
            .saturating_add(CHECKSUM_LEN);
        let page_len = elements.total_len(page_count).saturating_add(CHECKSUM_LEN);
        let at = page.saturating_mul(page_len).saturating_add(pages_at);
        let at = block.plus(BLOCK, at)?;
        let len = elements.total_len(count).saturating_add(CHECKSUM_LEN);
        let verify = |fields: Fields<'_>| elements.verify(fields, count);
        let sizes = self.blocks.image().sizes();
        let bytes = self.blocks.get(PAGE, at, len, verify)?;
        elements.get(Fields::new(PAGE, at, sizes, bytes), index, number)
    }

    /// The fields of the data block behind its prefix, where `body_len` bytes and a checksum stand.
    fn block(
        &mut self,
        address: Address,
        body_len: u64,
        verify: impl FnOnce(Fields<'_>) -> Result<()>,
    ) -> Result<Fields<'_>> {
        let (header, client) = (self.address, self.elements.client);
        let prefix_len = self.prefix_len();
        let len = prefix_len
            .saturating_add(body_len)
            .saturating_add(CHECKSUM_LEN);
        let sizes = self.blocks.image().sizes();
        let bytes = self.blocks.get(BLOCK, address, len, |mut fields| {
            fields.signature(BLOCK_SIGNATURE)?;
            fields.version(&[VERSION])?;
            if fields.u8()? != client || fields.offset()? != Some(header) {
                return Err(fields.corrupt("it belongs to another array"));
            }
            verify(fields)
        })?;
        let mut fields = Fields::new(BLOCK, address, sizes, bytes);
        fields.take_long(prefix_len)?;
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        format::{
            chunk_array::tests::{Chunks, chunks},
            field::{Encoder, to_u64},
        },
        image::Sizes,
        source::Source,
    };

    /// An array of these chunks in pages of `2^page_bits`, its header at 0.
    fn encode(chunks: &Chunks, page_bits: u8) -> Vec<u8> {
        let count = chunks.stored.len();
        let mut out = Encoder::new(Sizes::default());
        out.put(b"FAHD\0");
        chunks.client_and_len(&mut out);
        out.u8(page_bits);
        out.length(to_u64(count));
        out.offset(Some(Address(40)));
        out.checksum();
        let mut bytes = out.finish();
        bytes.resize(40, 0xff);
        let mut out = Encoder::new(Sizes::default());
        out.put(b"FADB\0");
        out.u8(chunks.client());
        out.offset(Some(Address(0)));
        let page_len = 1 << page_bits;
        if count <= page_len {
            chunks.put(&mut out, 0..count);
            out.checksum();
            bytes.extend(out.finish());
            return bytes;
        }
        let pages: Vec<_> = (0..count).step_by(page_len).collect();
        let used = |page: &usize| chunks.any_stored(*page..(page + page_len).min(count));
        out.put(&Chunks::bitmap(pages.iter().map(used)));
        out.checksum();
        bytes.extend(out.finish());
        for page in pages {
            let mut out = Encoder::new(Sizes::default());
            if used(&page) {
                chunks.put(&mut out, page..(page + page_len).min(count));
                out.checksum();
            } else {
                // What was never written holds anything.
                out.zeros(page_len * usize::from(chunks.element_len()) + 4);
            }
            bytes.extend(out.finish());
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_element_is_found(chunks in chunks(1..200), page_bits in 0_u8..9) {
            let bytes = encode(&chunks, page_bits);
            let image = Image::whole(Source::from(bytes));
            let mut array = FixedArray::read(&image, Address(0)).unwrap();
            for (expected, index) in chunks.stored.iter().zip(0..) {
                let found = array.lookup(Some(index)).unwrap();
                prop_assert!(chunks.agree_with(index, found), "{:?} {:?}", found, expected);
            }
            let beyond = to_u64(chunks.stored.len());
            prop_assert!(array.lookup(Some(beyond)).unwrap_err().is_corrupt());
        }

        #[test]
        fn no_byte_changes_unnoticed(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let chunks = Chunks::all_stored(50);
            let mut bytes = encode(&chunks, 4);
            // Between header and data block are bytes that belong to nobody.
            let at = at.index(bytes.len() - 12);
            let at = if at < 28 { at } else { at + 12 };
            bytes[at] ^= 1_u8 << bit;
            let image = Image::whole(Source::from(bytes));
            let read = FixedArray::read(&image, Address(0));
            let found = read.and_then(|mut array| {
                (0..50).try_for_each(|index| array.lookup(Some(index)).map(drop))
            });
            prop_assert!(found.unwrap_err().is_corrupt());
        }
    }
}
