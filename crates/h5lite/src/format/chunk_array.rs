//! What fixed and extensible arrays share: their elements are chunks, and long runs of elements are
//! cut into pages, which a bit each says are in use.

use crate::{
    error::Result,
    format::{
        chunk_grid::{ChunkGrid, Cursor, StoredChunk},
        field::{Fields, to_usize},
    },
};

/// Client of an array of chunks without filters.
const UNFILTERED: u8 = 0;
/// Client of an array of filtered chunks.
const FILTERED: u8 = 1;
const FILTER_MASK_LEN: u8 = 4;

/// What an array knows of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// The chunk is stored.
    Stored(StoredChunk),
    /// Neither this nor any other element before `until` is a chunk that is stored.
    Missing { until: u64 },
}

/// How the chunks of a dataset are numbered: in row-major order of all it can ever have, with one
/// axis made the slowest.
#[derive(Clone, Debug)]
pub(super) struct Numbering {
    /// The axes, slowest first.
    order: Vec<usize>,
    /// Chunks on each axis but the slowest, in that order.
    faster: Vec<u64>,
}

impl Numbering {
    /// The numbering of a dataset that can have `max_chunks` chunks on each axis, or any number
    /// where that is `None`. Only the `slowest` axis may be of that kind.
    pub(super) fn new(max_chunks: &[Option<u64>], slowest: usize) -> Option<Self> {
        let others = || (0..max_chunks.len()).filter(|axis| *axis != slowest);
        let faster = others().map(|axis| max_chunks.get(axis).copied().flatten());
        Some(Self {
            order: std::iter::once(slowest).chain(others()).collect(),
            faster: faster.collect::<Option<_>>()?,
        })
    }

    /// Calls `visit` with the coordinates of each wanted chunk that `lookup` knows, in the order of
    /// their numbers.
    ///
    /// `lookup` gets a number, or `None` for a chunk that the dataset cannot have.
    pub(super) fn walk(
        &self,
        wanted: &ChunkGrid,
        mut lookup: impl FnMut(Option<u64>) -> Result<Lookup>,
        visit: &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>,
    ) -> Result<()> {
        let permuted = wanted.permuted(&self.order);
        let mut cursor = Cursor::new(&permuted);
        let mut coordinates = vec![0; self.order.len()];
        while let Some(at) = cursor.at() {
            match lookup(self.number(at))? {
                Lookup::Missing { until } => cursor.seek(self.position(until)),
                Lookup::Stored(chunk) => {
                    for (axis, at) in self.order.iter().zip(at) {
                        if let Some(coordinate) = coordinates.get_mut(*axis) {
                            *coordinate = *at;
                        }
                    }
                    visit(&coordinates, chunk)?;
                    cursor.step();
                }
            }
        }
        Ok(())
    }

    /// The number of the chunk at `at`, slowest axis first.
    fn number(&self, at: &[u64]) -> Option<u64> {
        let (slowest, others) = at.split_first()?;
        let mut others = others.iter().zip(&self.faster);
        others.try_fold(*slowest, |number, (at, count)| {
            let number = number.checked_mul(*count)?.checked_add(*at)?;
            (at < count).then_some(number)
        })
    }

    /// Where the chunk with this number is, slowest axis first. `None`: at the end of all numbers.
    fn position(&self, number: u64) -> Option<Vec<u64>> {
        let mut rest = Some(number).filter(|number| *number < u64::MAX)?;
        let mut at = Vec::with_capacity(self.order.len());
        for count in self.faster.iter().rev() {
            at.push(rest.checked_rem(*count)?);
            rest = rest.checked_div(*count)?;
        }
        at.push(rest);
        at.reverse();
        Some(at)
    }
}

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

    /// The element numbered `number`, which is the `index`-th of those that follow.
    pub(super) fn get(self, mut fields: Fields<'_>, index: u64, number: u64) -> Result<Lookup> {
        fields.take_long(self.total_len(index))?;
        let address = fields.offset()?;
        let (size, filter_mask) = match self.size_width {
            0 => (None, 0),
            width => (Some(fields.uint(width)?), fields.u32()?),
        };
        Ok(match address {
            Some(address) => Lookup::Stored(StoredChunk {
                address,
                size,
                filter_mask,
            }),
            None => Lookup::Missing {
                until: number.saturating_add(1),
            },
        })
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
    use crate::{
        format::{
            chunk_grid::tests::{grid, spelled_out},
            field::Encoder,
        },
        image::Address,
    };

    proptest! {
        #[test]
        fn wanted_chunks_are_looked_up_in_the_order_of_their_numbers(
            (wanted, counts, slowest) in (1_usize..4).prop_flat_map(|rank| {
                (grid(rank), prop::collection::vec(5_u64..9, rank), 0..rank)
            }),
            period in 1_u64..9,
        ) {
            // Any number fits on the slowest axis; on the others, some wanted chunks are too far.
            let number = |at: &Vec<u64>| {
                let mut number = u128::from(at[slowest]);
                for axis in (0..at.len()).filter(|axis| *axis != slowest) {
                    number = number * u128::from(counts[axis]) + u128::from(at[axis]);
                }
                number
            };
            let too_far = |at: &Vec<u64>| {
                let mut axes = (0..at.len()).filter(|axis| *axis != slowest);
                axes.any(|axis| at[axis] >= counts[axis]) || u64::try_from(number(at)).is_err()
            };
            let all = spelled_out(&wanted);
            prop_assume!(!all.iter().any(too_far));
            let mut expected: Vec<_> = all.into_iter().filter(|at| number(at) % 9 < u128::from(period)).collect();
            expected.sort_by_key(number);
            let mut max_chunks: Vec<_> = counts.iter().copied().map(Some).collect();
            max_chunks[slowest] = None;
            let numbering = Numbering::new(&max_chunks, slowest).unwrap();
            let mut found = Vec::new();
            let lookup = |number: Option<u64>| {
                let number = number.unwrap();
                Ok(if number % 9 < period {
                    Lookup::Stored(chunk(0, number % 100))
                } else {
                    Lookup::Missing { until: number.saturating_add(9 - number % 9) }
                })
            };
            numbering.walk(&wanted, lookup, &mut |at, _| { found.push(at.to_vec()); Ok(()) }).unwrap();
            prop_assert_eq!(found, expected);
        }
    }

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

        /// Whether a look-up of the `index`-th element says what was stored, and no more.
        pub(in super::super) fn agree_with(&self, index: u64, found: Lookup) -> bool {
            let index = usize::try_from(index).unwrap();
            match found {
                Lookup::Stored(found) => self.stored[index] == Some(found),
                Lookup::Missing { until } => {
                    let until = usize::try_from(until).unwrap();
                    until > index && !self.any_stored(index..until)
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
