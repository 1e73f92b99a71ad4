//! The blocks of a fractal heap: a linear address space that direct blocks fill piece by piece,
//! found through indirect blocks.

use crate::{
    error::{Error, Result},
    format::{
        block_cache::BlockCache,
        checksum::lookup3,
        field::{Fields, to_u64},
    },
    image::{Address, Image},
};

const DIRECT: &str = "fractal heap direct block";
const INDIRECT: &str = "fractal heap indirect block";
const DIRECT_SIGNATURE: [u8; 4] = *b"FHDB";
const INDIRECT_SIGNATURE: [u8; 4] = *b"FHIB";
const VERSION: u8 = 0;
const CHECKSUM_LEN: usize = 4;

/// How the heap's address space is divided: rows of `width` blocks, of the starting size in the
/// first two rows and of twice the size of the row before in each other. Blocks larger than direct
/// ones can be are divided in the same way.
///
/// All numbers are powers of two, and their exponents are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoublingTable {
    /// Blocks of a row.
    width: u32,
    /// Bytes of a block in the first row.
    start: u32,
    /// Bytes of the largest direct block.
    max_direct: u32,
    /// Bytes that the heap can have.
    heap: u32,
}

impl DoublingTable {
    /// Parses the table's fields in the heap's header.
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let width = u64::from(fields.u16()?);
        let (start, max_direct) = (fields.length()?, fields.length()?);
        let heap_bits = u32::from(fields.u16()?);
        if ![width, start, max_direct]
            .iter()
            .all(|size| size.is_power_of_two())
        {
            let reason = format!("sizes {width}, {start} and {max_direct}, not all powers of two");
            return Err(fields.corrupt(reason));
        }
        let table = Self {
            width: width.trailing_zeros(),
            start: start.trailing_zeros(),
            max_direct: max_direct.trailing_zeros(),
            heap: heap_bits,
        };
        let fits = table.row_bits(0) <= heap_bits && heap_bits <= u64::BITS;
        if !fits || start > max_direct {
            let reason =
                format!("blocks of {start} to {max_direct} bytes in a heap of 2^{heap_bits}");
            return Err(fields.corrupt(reason));
        }
        Ok(table)
    }

    /// Width of an offset in the heap.
    pub(super) fn heap_offset_width(&self) -> u8 {
        u8::try_from(self.heap.div_ceil(8)).unwrap_or(8)
    }

    /// Width of an offset in the largest direct block.
    pub(super) fn block_offset_width(&self) -> u8 {
        u8::try_from(self.max_direct.div_ceil(8)).unwrap_or(8)
    }

    /// Log2 of the bytes of a block in this row.
    fn block_bits(&self, row: u32) -> u32 {
        self.start.saturating_add(row.saturating_sub(1))
    }

    /// Log2 of the bytes of this row.
    fn row_bits(&self, row: u32) -> u32 {
        self.block_bits(row).saturating_add(self.width)
    }

    /// Row and column of the block that holds this offset of an indirect block, and where the block
    /// starts.
    fn locate(&self, offset: u64) -> (u32, u64, u64) {
        // Each row but the first is as long as all rows before it.
        let bits = u64::BITS.saturating_sub(offset.leading_zeros());
        let row = bits.saturating_sub(self.row_bits(0));
        let row_start = match row {
            0 => 0,
            _ => power(self.row_bits(row)),
        };
        let column = offset.saturating_sub(row_start) >> self.block_bits(row);
        (
            row,
            column,
            row_start.saturating_add(column << self.block_bits(row)),
        )
    }

    /// How many rows a block in this row has; 0: it is a direct block, which has none. `None`: it
    /// is too small to be divided.
    fn rows_below(&self, row: u32) -> Option<u32> {
        let bits = self.block_bits(row);
        if bits <= self.max_direct {
            return Some(0);
        }
        let more_rows = bits.checked_sub(self.row_bits(0))?;
        more_rows.checked_add(1)
    }
}

/// Two to the power of `bits`.
fn power(bits: u32) -> u64 {
    1_u64.checked_shl(bits).unwrap_or(u64::MAX)
}

/// The managed objects of a heap.
#[derive(Debug)]
pub(super) struct Managed<'a> {
    heap: Address,
    table: DoublingTable,
    root: Option<Address>,
    /// Rows of the root; 0: it is a direct block.
    rows: u32,
    checksummed: bool,
    blocks: BlockCache<'a>,
}

impl<'a> Managed<'a> {
    /// The objects below `root`, which has `rows` rows, of the heap whose header stands at `heap`.
    pub(super) fn new(
        image: &'a Image,
        heap: Address,
        table: DoublingTable,
        root: Option<Address>,
        rows: u16,
        checksummed: bool,
    ) -> Self {
        Self {
            heap,
            table,
            root,
            rows: rows.into(),
            checksummed,
            blocks: BlockCache::new(image),
        }
    }

    /// How the heap is divided.
    pub(super) fn table(&self) -> &DoublingTable {
        &self.table
    }

    /// The `len` bytes at `offset` of the heap.
    pub(super) fn object(&mut self, offset: u64, len: u64) -> Result<&[u8]> {
        let heap = self.heap;
        let nowhere = || {
            let reason = format!("no block holds the {len} bytes at offset {offset:#x}");
            Error::corrupt(super::NAME, heap, reason)
        };
        let mut address = self.root.ok_or_else(nowhere)?;
        let (mut rows, mut base) = (self.rows, 0_u64);
        let mut block_bits = self.table.block_bits(0);
        // Rows become fewer from block to block.
        while rows > 0 {
            let inside = offset.saturating_sub(base);
            let (row, column, start) = self.table.locate(inside);
            if row >= rows {
                return Err(nowhere());
            }
            let entry = (u64::from(row) << self.table.width).saturating_add(column);
            let child = self.child(address, base, rows, entry)?;
            address = child.ok_or_else(nowhere)?;
            base = base.saturating_add(start);
            block_bits = self.table.block_bits(row);
            let below = self.table.rows_below(row).filter(|below| *below < rows);
            rows = below.ok_or_else(nowhere)?;
        }
        let prefix_len = self.prefix_len(self.checksummed);
        let block = self.direct(address, base, power(block_bits))?;
        let start = offset
            .checked_sub(base)
            .filter(|start| *start >= to_u64(prefix_len));
        let range = start.and_then(|start| {
            let end = start.checked_add(len)?;
            Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
        });
        let object = range.filter(|range| !range.is_empty());
        let object = object.and_then(|range| block.get(range));
        object.ok_or_else(nowhere)
    }

    /// Length of signature, version, heap header address, block offset, and checksum if it stands
    /// there too.
    fn prefix_len(&self, checksummed: bool) -> usize {
        let offset = usize::from(self.blocks.image().sizes().offset);
        let heap_offset = usize::from(self.table.heap_offset_width());
        let checksum = if checksummed { CHECKSUM_LEN } else { 0 };
        offset
            .saturating_add(heap_offset)
            .saturating_add(checksum)
            .saturating_add(5)
    }

    /// The `entry`-th child of the indirect block at `address`, for `offset` of the heap.
    fn child(
        &mut self,
        address: Address,
        offset: u64,
        rows: u32,
        entry: u64,
    ) -> Result<Option<Address>> {
        let sizes = self.blocks.image().sizes();
        let children = u64::from(rows) << self.table.width;
        let children_len = children.saturating_mul(sizes.offset.into());
        let prefix_len = self.prefix_len(false);
        let overhead = to_u64(prefix_len.saturating_add(CHECKSUM_LEN));
        let len = children_len.saturating_add(overhead);
        let block = self.block(INDIRECT, address, offset, len, |_, mut fields| {
            fields.take_long(children_len)?;
            fields.checksum()
        })?;
        let mut fields = Fields::new(INDIRECT, address, sizes, block);
        fields.skip(prefix_len)?;
        fields.take_long(entry.saturating_mul(sizes.offset.into()))?;
        fields.offset()
    }

    /// Reads every block there is, whether something is in it or not.
    pub(super) fn walk(&mut self) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        let mut waiting = vec![(root, 0_u64, self.rows, self.table.block_bits(0))];
        while let Some((address, base, rows, bits)) = waiting.pop() {
            if rows == 0 {
                self.direct(address, base, power(bits))?;
                continue;
            }
            for entry in 0..u64::from(rows) << self.table.width {
                let row = u32::try_from(entry >> self.table.width).unwrap_or(u32::MAX);
                let Some(child) = self.child(address, base, rows, entry)? else {
                    continue;
                };
                let column = entry & power(self.table.width).saturating_sub(1);
                let below = self.table.rows_below(row).filter(|below| *below < rows);
                let below = below.ok_or_else(|| {
                    let reason = format_args!("a block in row {row} of {rows}");
                    Error::corrupt(INDIRECT, address, reason)
                })?;
                let start = match row {
                    0 => 0,
                    _ => power(self.table.row_bits(row)),
                };
                let bits = self.table.block_bits(row);
                let start = start.saturating_add(column << bits);
                waiting.push((child, base.saturating_add(start), below, bits));
            }
        }
        Ok(())
    }

    /// The `len` bytes of the direct block at `address`, for `offset` of the heap.
    fn direct(&mut self, address: Address, offset: u64, len: u64) -> Result<&[u8]> {
        let checksummed = self.checksummed;
        self.block(DIRECT, address, offset, len, |block, fields| {
            if checksummed {
                verify_checksum(block, fields)
            } else {
                Ok(())
            }
        })
    }

    /// The block at `address`, which belongs at `offset` of the heap.
    ///
    /// `verify` gets its bytes, and its fields behind the block offset.
    fn block(
        &mut self,
        structure: &'static str,
        address: Address,
        offset: u64,
        len: u64,
        verify: impl FnOnce(&[u8], Fields<'_>) -> Result<()>,
    ) -> Result<&[u8]> {
        let heap = self.heap;
        let offset_width = self.table.heap_offset_width();
        let sizes = self.blocks.image().sizes();
        self.blocks.image().claim(structure, address, len);
        let block = self.blocks.get(structure, address, len, |mut fields| {
            let whole = fields.clone().rest();
            fields.signature(match structure {
                DIRECT => DIRECT_SIGNATURE,
                _ => INDIRECT_SIGNATURE,
            })?;
            fields.version(&[VERSION])?;
            let found = fields.address_of("the heap header")?;
            if found != heap {
                let reason = format!("it belongs to the heap at {found}, not {heap}");
                return Err(fields.corrupt(reason));
            }
            fields.skip(offset_width.into())?;
            verify(whole, fields)
        })?;
        let mut fields = Fields::new(structure, address, sizes, block);
        fields.skip(usize::from(sizes.offset).saturating_add(5))?;
        let found = fields.uint(offset_width)?;
        if found != offset {
            let reason = format!("it belongs at offset {found:#x}, not {offset:#x}");
            return Err(fields.corrupt(reason));
        }
        Ok(block)
    }
}

/// Verifies a direct block's checksum, the next field: it covers the whole block, itself taken for
/// zeros.
fn verify_checksum(block: &[u8], mut fields: Fields<'_>) -> Result<()> {
    let at = fields.position();
    let stored = fields.u32()?;
    let mut covered = block.to_vec();
    if let Some(checksum) = covered.get_mut(at..fields.position()) {
        checksum.fill(0);
    }
    let computed = lookup3(&covered);
    if stored == computed {
        return Ok(());
    }
    let reason = format!("checksum {stored:#010x}, its bytes give {computed:#010x}");
    Err(fields.corrupt(reason))
}
