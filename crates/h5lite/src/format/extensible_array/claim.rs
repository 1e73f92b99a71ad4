//! What room an extensible array takes.

use super::{CHECKSUM_LEN, DATA_BLOCK, Division, ExtensibleArray, power};
use crate::{error::Result, image::Address};

impl ExtensibleArray<'_> {
    /// Says what room its blocks take, whether a chunk is listed in them or not.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a block is broken.
    pub(crate) fn claim_blocks(&mut self) -> Result<()> {
        let Some(index_block) = self.index_block else {
            return Ok(());
        };
        self.index_block(index_block)?;
        let first_stored = self.division.first_stored();
        for super_block in 0..self.division.super_blocks() {
            let before = Division::data_blocks_before(super_block.min(first_stored));
            let data_blocks = power(super_block / 2);
            let bits = self
                .division
                .data_block
                .saturating_add(super_block.div_ceil(2));
            if super_block < first_stored {
                for number in 0..data_blocks {
                    if let Some(at) = self.listed(index_block, before.saturating_add(number))? {
                        self.claim_data_block(at, bits);
                    }
                }
                continue;
            }
            let number = before.saturating_add(super_block.saturating_sub(first_stored).into());
            let Some(at) = self.listed(index_block, number)? else {
                continue;
            };
            let bitmap_len = self.bitmap_len(bits, data_blocks);
            let mut fields = self.super_block(at, bitmap_len, data_blocks)?;
            fields.take_long(bitmap_len)?;
            let mut listed = Vec::new();
            for _ in 0..data_blocks {
                listed.extend(fields.offset()?);
            }
            for at in listed {
                self.claim_data_block(at, bits);
            }
        }
        Ok(())
    }

    /// Says what room a data block of 2^`bits` elements takes, pages included.
    fn claim_data_block(&self, at: Address, bits: u32) {
        let pages = bits
            .checked_sub(self.division.page)
            .filter(|pages| *pages > 0);
        let checksums = pages.map_or(0, power).saturating_mul(CHECKSUM_LEN);
        let len = [
            self.prefix_len(true),
            self.elements.total_len(power(bits)),
            checksums,
        ];
        let len = len.into_iter().fold(CHECKSUM_LEN, u64::saturating_add);
        self.blocks.image().claim(DATA_BLOCK, at, len);
    }

    /// Says what room a block without pages takes, whose prefix is followed by `body_len` bytes and
    /// a checksum.
    pub(super) fn claim_whole(
        &self,
        (structure, _, has_offset): (&'static str, [u8; 4], bool),
        address: Address,
        body_len: u64,
    ) {
        let prefix_len = self.prefix_len(has_offset);
        let len = prefix_len.saturating_add(body_len);
        let image = self.blocks.image();
        image.claim(structure, address, len.saturating_add(CHECKSUM_LEN));
    }
}
