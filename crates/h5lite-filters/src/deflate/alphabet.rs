//! The code of an alphabet, made from how often its symbols occur (Huffman's algorithm; RFC 1951,
//! section 3.2.2).

/// Where a symbol stands below its count.
pub(super) const SYMBOL_BITS: u32 = 9;
pub(super) const SYMBOL: usize = (1 << SYMBOL_BITS) - 1;

/// The longest code.
pub(super) const MAX_BITS: usize = 15;

/// How often each symbol of an alphabet occurs, and the code it gets.
#[derive(Clone, Debug)]
pub(super) struct Alphabet<const N: usize> {
    counts: [u32; N],
    lengths: [u8; N],
    /// Codes with their first bit lowest.
    codes: [Code; N],
    /// The symbols that have a code, in order.
    used: [u16; N],
    /// How many they are.
    len: usize,
}

/// Bits, the first one lowest, and how many they are.
#[derive(Clone, Copy, Debug, Default)]
struct Code {
    bits: u16,
    len: u8,
}

impl<const N: usize> Alphabet<N> {
    pub(super) const fn new() -> Self {
        Self {
            counts: [0; N],
            lengths: [0; N],
            codes: [Code { bits: 0, len: 0 }; N],
            used: [0; N],
            len: 0,
        }
    }

    /// Forgets what has been counted.
    pub(super) fn clear(&mut self) {
        self.counts = [0; N];
    }

    #[inline(always)]
    pub(super) fn count(&mut self, symbol: usize) {
        let count = &mut self.counts[symbol];
        *count = count.wrapping_add(1);
    }

    /// How many bits all that was counted before codes were made would take if they had other lengths.
    pub(super) fn bits(&self, length: impl Fn(usize) -> u8) -> usize {
        let bits = |(symbol, _)| self.counts[symbol] as usize * usize::from(length(symbol));
        self.lengths().map(bits).sum()
    }

    /// The symbols that have a code, in order, with the lengths of their codes.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (usize, u8)> + '_ {
        let used = self.used.iter().take(self.len);
        used.map(|&symbol| (usize::from(symbol), self.lengths[usize::from(symbol)]))
    }

    /// The length of the code of a symbol, 0 where it has none.
    pub(super) fn length(&self, symbol: usize) -> u8 {
        self.lengths[symbol]
    }

    /// The number behind that of the last symbol that has a code.
    pub(super) fn end(&self) -> usize {
        let last = self.len.checked_sub(1).map(|last| self.used[last]);
        last.map_or(0, |last| usize::from(last) + 1)
    }

    /// The code of a symbol: its bits, and how many they are.
    #[inline(always)]
    pub(super) fn code(&self, symbol: usize) -> (u64, u32) {
        let Code { bits, len } = self.codes[symbol];
        (bits.into(), len.into())
    }

    /// The same, with more bits behind it.
    #[inline(always)]
    pub(super) fn code_and(&self, symbol: usize, extra: u32, extra_bits: u32) -> (u64, u32) {
        let (bits, len) = self.code(symbol);
        let bits = bits | u64::from(extra).wrapping_shl(len);
        (bits, len.wrapping_add(extra_bits))
    }

    /// Gives all symbols codes of these lengths.
    pub(super) fn fix(&mut self, length: impl Fn(usize) -> u8) {
        for symbol in 0..N {
            self.used[symbol] = symbol as u16;
            self.lengths[symbol] = length(symbol);
        }
        self.len = N;
        self.assign_codes();
    }

    /// Gives each symbol that was counted a code of at most `LIMIT` bits, the shorter the more often
    /// it was. Returns how many bits all of them take.
    pub(super) fn make<const LIMIT: usize>(&mut self) -> usize {
        self.lengths = [0; N];
        // Counts with their symbols below them: a block has fewer than 2^17 symbols.
        let mut used = [0; N];
        let mut len = 0;
        for (symbol, &count) in self.counts.iter().enumerate() {
            used[len] = count << SYMBOL_BITS | symbol as u32;
            self.used[len] = symbol as u16;
            len += usize::from(count > 0);
        }
        self.len = len;
        let used = &mut used[..len];
        used.sort_unstable();
        let (mut rarest, mut bits) = (used.iter(), 0);
        for (length, &count) in length_counts::<LIMIT, N>(used).iter().enumerate().rev() {
            for &entry in rarest.by_ref().take(usize::from(count)) {
                self.lengths[entry as usize & SYMBOL] = length as u8;
                bits += (entry >> SYMBOL_BITS) as usize * length;
            }
        }
        self.assign_codes();
        bits
    }

    /// The codes that follow from the lengths (section 3.2.2).
    fn assign_codes(&mut self) {
        let Self {
            lengths,
            codes,
            used,
            len,
            ..
        } = self;
        let used = &used[..*len];
        let mut counts = [0_u16; MAX_BITS + 1];
        for &symbol in used {
            counts[usize::from(lengths[usize::from(symbol)] & 15)] += 1;
        }
        let mut starts = [0_u16; MAX_BITS + 1];
        for length in 2..=MAX_BITS {
            starts[length] = (starts[length - 1] + counts[length - 1]) << 1;
        }
        for &symbol in used {
            let symbol = usize::from(symbol);
            let len = lengths[symbol] & 15;
            let next = &mut starts[usize::from(len)];
            let bits = next.reverse_bits() >> (16 - u32::from(len));
            codes[symbol] = Code { bits, len };
            *next = next.wrapping_add(1);
        }
    }
}

/// How many codes of each length, up to `LIMIT`, are best for symbols sorted by how often they occur
/// (Huffman's algorithm, cut off).
fn length_counts<const LIMIT: usize, const N: usize>(used: &[u32]) -> [u16; 16] {
    let mut counts = [0; MAX_BITS + 1];
    if used.len() < 2 {
        counts[1] = used.len() as u16;
        return counts;
    }
    // Nodes made of the two rarest that have no parent: they come out sorted, too.
    let (mut weights, mut parents) = ([u32::MAX; N], [0_u16; N]);
    // How many leaves each node has.
    let mut leaves = [0_u16; N];
    let (mut leaf, mut node) = (0, 0);
    for parent in 0..used.len() - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let rarest = used
                .get(leaf)
                .map_or(u32::MAX, |entry| entry >> SYMBOL_BITS);
            // A node that is not made yet weighs more than any.
            if rarest <= weights[node] && leaf < used.len() {
                weight += rarest;
                leaves[parent] += 1;
                leaf += 1;
            } else {
                weight += weights[node];
                parents[node] = parent as u16;
                node += 1;
            }
        }
        weights[parent] = weight;
    }
    let mut depths = [0_u16; N];
    for node in (0..used.len() - 1).rev() {
        if node + 2 < used.len() {
            depths[node] = depths[usize::from(parents[node])] + 1;
        }
        counts[LIMIT.min(usize::from(depths[node]) + 1)] += leaves[node];
    }
    // Codes cut off at the limit take too much room: a shorter one becomes two, one of them for a
    // code at the limit, until all fit.
    let room: usize = (1..=LIMIT)
        .map(|length| usize::from(counts[length]) << (LIMIT - length))
        .sum();
    for _ in 0..room.saturating_sub(1 << LIMIT) {
        let shorter = (1..LIMIT).rev().find(|&length| counts[length] > 0);
        if let Some(length) = shorter {
            counts[LIMIT] -= 1;
            counts[length] -= 1;
            counts[length + 1] += 2;
        }
    }
    counts
}
