//! What fixed and extensible arrays share: their elements are chunks, and long runs of elements are
//! cut into pages, which a bit each says are in use.

use crate::{
    error::Result,
    format::{
        chunk_grid::StoredChunk,
        field::{Fields, to_usize},
    },
};

/// Client of an array of chunks without filters.
const UNFILTERED: u8 = 0;
/// Client of an array of filtered chunks.
const FILTERED: u8 = 1;
const FILTER_MASK_LEN: u8 = 4;

/// How the chunks of an array are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Elements {
    /// The "client ID", repeated in every block.
    pub(super) client: u8,
    /// Bytes of an element.
    len: u8,
    /// Width of a chunk's size, 0 where it is left out.
    size_width: u8,
}

impl Elements {
    /// Parses client and element size of an array's header.
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let client = fields.u8()?;
        let len = fields.u8()?;
        let rest = len.checked_sub(fields.sizes().offset);
        let size_width = match client {
            UNFILTERED => rest.filter(|rest| *rest == 0),
            FILTERED => rest
                .and_then(|rest| rest.checked_sub(FILTER_MASK_LEN))
                .filter(|width| (1..=8).contains(width)),
            other => return Err(fields.corrupt(format_args!("unknown client {other}"))),
        };
        let size_width = size_width.ok_or_else(|| {
            fields.corrupt(format_args!("elements of {len} bytes for client {client}"))
        })?;
        Ok(Self {
            client,
            len,
            size_width,
        })
    }

    /// Bytes of `count` elements.
    pub(super) fn total_len(self, count: u64) -> u64 {
        count.saturating_mul(self.len.into())
    }

    /// The `index`-th of the elements that follow; `None`: this chunk is not stored.
    pub(super) fn get(self, mut fields: Fields<'_>, index: u64) -> Result<Option<StoredChunk>> {
        fields.take_long(self.total_len(index))?;
        let address = fields.offset()?;
        let (size, filter_mask) = match self.size_width {
            0 => (None, 0),
            width => (Some(fields.uint(width)?), fields.u32()?),
        };
        Ok(address.map(|address| StoredChunk {
            address,
            size,
            filter_mask,
        }))
    }

    /// Passes over `count` elements and verifies the checksum behind them.
    pub(super) fn verify(self, mut fields: Fields<'_>, count: u64) -> Result<()> {
        fields.take_long(self.total_len(count))?;
        fields.checksum()
    }
}

/// Whether the `index`-th bit of the bitmap that follows is set. Bits count from the high end of
/// each byte.
pub(super) fn bit(mut fields: Fields<'_>, index: u64) -> Result<bool> {
    let byte = to_usize("page bitmap", fields.address(), index >> 3)?;
    fields.skip(byte)?;
    Ok(fields.u8()? & (0x80 >> (index & 7)) != 0)
}

#[cfg(test)]
pub(super) mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::{format::field::Encoder, image::Address};

    /// Elements for an array to be read.
    #[derive(Clone, Debug)]
    pub(in super::super) struct Chunks {
        size_width: u8,
        pub(in super::super) stored: Vec<Option<StoredChunk>>,
    }

    /// Elements of either client, some of them of chunks that are not stored.
    pub(in super::super) fn chunks(count: Range<usize>) -> impl Strategy<Value = Chunks> {
        let size_width = prop::sample::select(vec![0_u8, 1, 3, 8]);
        // Long runs of the same kind leave whole pages unused.
        let runs = prop::collection::vec((any::<bool>(), 1_usize..40), 1..20);
        (size_width, runs, count).prop_map(|(size_width, runs, count)| {
            let kinds = runs.into_iter().flat_map(|(stored, len)| vec![stored; len]);
            let kinds = kinds.chain(std::iter::repeat(false)).take(count);
            let stored = kinds
                .zip(0..)
                .map(|(stored, i)| stored.then(|| chunk(size_width, i)));
            let stored = stored.collect();
            Chunks { size_width, stored }
        })
    }

    fn chunk(size_width: u8, i: u64) -> StoredChunk {
        StoredChunk {
            address: Address(i * 1000),
            size: (size_width > 0).then_some(i % 200),
            filter_mask: if size_width > 0 { 5 } else { 0 },
        }
    }

    impl Chunks {
        pub(in super::super) fn all_stored(count: u64) -> Self {
            let size_width = 2;
            let stored = (0..count).map(|i| Some(chunk(size_width, i))).collect();
            Self { size_width, stored }
        }

        pub(in super::super) fn client(&self) -> u8 {
            u8::from(self.size_width > 0)
        }

        pub(in super::super) fn element_len(&self) -> u8 {
            let filtered = self.size_width + 4;
            8 + if self.size_width > 0 { filtered } else { 0 }
        }

        pub(in super::super) fn client_and_len(&self, out: &mut Encoder) {
            out.put(&[self.client(), self.element_len()]);
        }

        /// Appends elements; those behind the last are of chunks that are not stored.
        pub(in super::super) fn put(&self, out: &mut Encoder, range: Range<usize>) {
            for index in range {
                let chunk = self.stored.get(index).copied().flatten();
                out.offset(chunk.map(|chunk| chunk.address));
                if self.size_width > 0 {
                    let size = chunk.and_then(|chunk| chunk.size);
                    out.uint(self.size_width, size.unwrap_or(0));
                    out.u32(chunk.map_or(0, |chunk| chunk.filter_mask));
                }
            }
        }

        pub(in super::super) fn any_stored(&self, range: Range<usize>) -> bool {
            let end = range.end.min(self.stored.len());
            let stored = self.stored.get(range.start..end).unwrap_or_default();
            stored.iter().any(Option::is_some)
        }

        /// Bits from the high end of each byte, as the library's `H5VM_bit_set` sets them.
        pub(in super::super) fn bitmap(bits: impl Iterator<Item = bool>) -> Vec<u8> {
            let bits: Vec<_> = bits.collect();
            let byte = |bits: &[bool]| {
                let bits = bits.iter().zip([128, 64, 32, 16, 8, 4, 2, 1]);
                bits.map(|(&set, bit)| if set { bit } else { 0 }).sum()
            };
            bits.chunks(8).map(byte).collect()
        }
    }
}
