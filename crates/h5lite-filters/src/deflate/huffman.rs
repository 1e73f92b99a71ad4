//! Codes of symbols, as their lengths define them (RFC 1951, section 3.2.2).

/// The longest a code may be.
pub(super) const MAX_BITS: usize = 15;

/// Symbols of the largest alphabet.
pub(super) const SYMBOLS: usize = 288;

/// The lengths of the codes of one alphabet, as they are read: symbol after symbol.
#[derive(Clone, Debug)]
pub(super) struct Lengths {
    /// How many codes have each length; that of symbols without a code does not count.
    counts: [u16; MAX_BITS + 1],
    /// Symbols in use, in order, with the lengths of their codes.
    used: [(u16, u8); SYMBOLS + 1],
    len: usize,
}

impl Lengths {
    pub(super) const fn new() -> Self {
        Self {
            counts: [0; MAX_BITS + 1],
            used: [(0, 0); SYMBOLS + 1],
            len: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts = [0; MAX_BITS + 1];
        self.len = 0;
    }

    /// Adds a symbol, greater than those before and below [`SYMBOLS`], with a code of `length` bits,
    /// at most [`MAX_BITS`]; 0: without a code.
    #[inline(always)]
    pub(super) fn push(&mut self, symbol: usize, length: u8) {
        self.used[self.len] = (symbol as u16, length);
        self.counts[usize::from(length & 15)] += 1;
        self.len += usize::from(length > 0);
    }

    /// Whether `symbol` has a code.
    pub(super) fn contains(&self, symbol: u16) -> bool {
        let used = &self.used[..self.len];
        let found = used.binary_search_by_key(&symbol, |&(symbol, _)| symbol);
        found.is_ok()
    }

    /// Whether each sequence of bits starts with one code, and only one.
    ///
    /// One code of one bit, or none at all, is allowed too: where there is nothing to tell apart.
    fn is_a_code(&self) -> bool {
        let mut left = 1_i32;
        for &count in &self.counts[1..] {
            left = 2 * left - i32::from(count);
            if left < 0 {
                return false;
            }
        }
        left == 0 || self.len == 0 || (self.len == 1 && self.counts[1] == 1)
    }
}

/// What a code stands for: a value, or one to which the bits behind the code are added.
///
/// Bits 0 to 5: how many bits the code and what is added have. Bits 8 to 13: how many the code has.
/// From bit 16: the value. Those between say what is not a number, so that a number comes without a
/// mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    /// The value is a byte to put out.
    const LITERAL: u32 = 1 << 6;
    /// Not in the table, or nothing to put out.
    const RARE: u32 = 1 << 7;
    /// For codes that are not in the table, and symbols without a meaning.
    pub(super) const MISSING: Self = Self(Self::RARE);
    pub(super) const END_OF_BLOCK: Self = Self(Self::RARE | 1 << 16);

    pub(super) const fn literal(byte: u8) -> Self {
        Self(Self::LITERAL | (byte as u32) << 16)
    }

    /// `base`, to which `extra_bits` are added.
    pub(super) const fn number(base: u16, extra_bits: u8) -> Self {
        Self((base as u32) << 16 | extra_bits as u32)
    }

    fn with_code(self, length: usize) -> Self {
        Self(self.0 + (length | length << 8) as u32)
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    /// Whether bits behind the code may be added to it.
    #[inline(always)]
    pub(super) fn is_number(self) -> bool {
        self.0 & (Self::LITERAL | Self::RARE) == 0
    }

    /// Whether it is neither a literal nor a number.
    #[inline(always)]
    pub(super) fn is_rare(self) -> bool {
        self.0 & Self::RARE != 0
    }

    #[inline(always)]
    pub(super) fn byte(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// How many bits to skip, in the low six bits.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// The number, where `bits` are those of the code and what is behind it.
    #[inline(always)]
    pub(super) fn value(self, bits: u64) -> usize {
        let all = bits & !(u64::MAX.wrapping_shl(self.0));
        let extra = all.wrapping_shr(self.0 >> 8);
        (self.0 >> 16).wrapping_add(extra as u32) as usize
    }
}

/// What the next bits stand for, found by looking at the next `log2(SIZE)` bits.
///
/// Codes that are longer, which are rare, are found bit by bit.
#[derive(Debug)]
pub(super) struct Table<const SIZE: usize> {
    entries: Box<[Entry; SIZE]>,
    counts: [u16; MAX_BITS + 1],
    /// Symbols in the order of their codes.
    sorted: [u16; SYMBOLS],
    /// What each symbol means.
    meanings: &'static [Entry],
}

impl<const SIZE: usize> Table<SIZE> {
    /// A table of no codes.
    pub(super) fn new(meanings: &'static [Entry]) -> Self {
        Self {
            entries: Box::new([Entry::MISSING; SIZE]),
            counts: [0; MAX_BITS + 1],
            sorted: [0; SYMBOLS],
            meanings,
        }
    }

    /// Makes the table of a code. `None`: the lengths are not those of a code.
    pub(super) fn build(&mut self, lengths: &Lengths) -> Option<()> {
        if !lengths.is_a_code() {
            return None;
        }
        self.counts = lengths.counts;
        let mut starts = [0_u16; MAX_BITS + 1];
        for length in 1..MAX_BITS {
            starts[length + 1] = starts[length] + self.counts[length];
        }
        for &(symbol, length) in &lengths.used[..lengths.len] {
            let start = &mut starts[usize::from(length & 15)];
            self.sorted[usize::from(*start)] = symbol;
            *start += 1;
        }
        // The table of codes up to each length is twice the one before, and the codes of that length.
        // A code's first bit is its lowest here, so the next code comes by adding at the highest.
        self.entries[0] = Entry::MISSING;
        let (mut size, mut code) = (1, 0);
        let mut sorted = self.sorted.iter();
        for length in 1..=SIZE.trailing_zeros() as usize {
            self.entries.copy_within(..size, size);
            size *= 2;
            for &symbol in sorted.by_ref().take(usize::from(self.counts[length])) {
                let meaning = self.meanings[usize::from(symbol)];
                self.entries[code] = meaning.with_code(length);
                let zeros = code ^ (size - 1);
                let highest_zero = 1 << (zeros | 1).ilog2();
                code = code & (highest_zero - 1) | highest_zero;
            }
        }
        Some(())
    }

    #[inline(always)]
    pub(super) fn look_up(&self, bits: u64) -> Entry {
        self.entries[bits as usize & (SIZE - 1)]
    }

    /// What the next bits stand for, whether in the table or not. `None`: nothing.
    #[cold]
    pub(super) fn search(&self, bits: u64) -> Option<Entry> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for length in 1..=MAX_BITS {
            code |= (bits >> (length - 1)) as usize & 1;
            let count = usize::from(self.counts[length]);
            if code < first + count {
                let symbol = self.sorted.get(index + code - first)?;
                let meaning = self.meanings[usize::from(*symbol)];
                return (meaning != Entry::MISSING).then(|| meaning.with_code(length));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}
