//! Where the elements of an extensible array stand: arithmetic, nothing is read.

/// How the elements behind those of the index block are divided. All numbers are powers of two, and
/// their exponents are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Division {
    /// Elements of the array.
    pub(super) array: u32,
    /// Elements of the smallest data blocks.
    pub(super) data_block: u32,
    /// Elements of a page; longer data blocks are cut into pages.
    pub(super) page: u32,
    /// Data blocks of the first super block that is stored.
    pub(super) stored_super_block: u32,
}

impl Division {
    /// The first super block that is stored.
    pub(super) fn first_stored(&self) -> u32 {
        self.stored_super_block.saturating_mul(2)
    }

    /// How many super blocks there can be.
    pub(super) fn super_blocks(&self) -> u32 {
        let more = self.array.saturating_sub(self.data_block);
        more.saturating_add(1)
    }

    /// How many data blocks the super blocks before `super_block` have: pairs of 1, 2, 4, ...
    pub(super) fn data_blocks_before(super_block: u32) -> u64 {
        let pairs = super_block / 2;
        let in_pairs = power(pairs).saturating_sub(1).saturating_mul(2);
        let odd = u64::from(super_block % 2);
        in_pairs.saturating_add(odd.saturating_mul(power(pairs)))
    }

    /// Where the `index`-th of the elements behind those of the index block stands.
    pub(super) fn locate(&self, index: u64) -> Location {
        let super_block = (index >> self.data_block).saturating_add(1).ilog2();
        let before = power(super_block).saturating_sub(1) << self.data_block;
        let within = index.saturating_sub(before);
        let elements = self.data_block.saturating_add(super_block.div_ceil(2));
        Location {
            super_block,
            data_block: within >> elements,
            elements,
            element: within & power(elements).saturating_sub(1),
        }
    }
}

/// The place of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub(super) super_block: u32,
    /// Data block of the super block.
    pub(super) data_block: u64,
    /// Log2 of the elements of the data block.
    pub(super) elements: u32,
    /// Element of the data block.
    pub(super) element: u64,
}

/// Two to the power of `exponent`.
pub(super) fn power(exponent: u32) -> u64 {
    1_u64.checked_shl(exponent).unwrap_or(u64::MAX)
}
