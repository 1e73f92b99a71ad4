//! The codes of a block that is written: counted, chosen, put into its header, used.

use super::bits::BitWriter;

/// Types of blocks (RFC 1951, section 3.2.3).
pub(super) const FIXED: u64 = 1;
pub(super) const DYNAMIC: u64 = 2;

/// Two of them only take part in the fixed code.
const LITERALS: usize = 288;
const DISTANCES: usize = 30;
const END_OF_BLOCK: usize = 256;

/// Where a symbol stands below its count.
const SYMBOL_BITS: u32 = 9;
const SYMBOL: usize = (1 << SYMBOL_BITS) - 1;

/// The longest codes of symbols, and of the lengths of their codes.
const MAX_BITS: usize = 15;
const MAX_LENGTH_BITS: usize = 7;

/// The order in which the lengths of the codes of lengths are written.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// How often each symbol of an alphabet occurs, and the code it gets.
#[derive(Clone, Debug)]
struct Alphabet<const N: usize> {
    counts: [u32; N],
    lengths: [u8; N],
    /// Codes with their first bit lowest.
    codes: [u16; N],
}

/// The codes of a block.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    literals: Alphabet<LITERALS>,
    distances: Alphabet<DISTANCES>,
    precode: Alphabet<19>,
    /// The lengths of the codes in symbols of the precode, with the bits that go behind each.
    runs: Vec<(u8, u8)>,
    /// Bits behind the symbols of lengths and distances so far.
    extra_bits: usize,
}

/// The symbol of each length from 3 on, and above its low nine bits how many bits go behind it
/// (section 3.2.5).
static LENGTHS: [u16; 256] = {
    let mut lengths = [0; 256];
    let mut value = 0;
    while value < 255 {
        let extra_bits = if value < 4 {
            0
        } else {
            (value as u32).ilog2() - 2
        };
        let symbol = 257 + 4 * extra_bits + (value as u32 >> extra_bits);
        lengths[value] = (extra_bits << SYMBOL_BITS | symbol) as u16;
        value += 1;
    }
    lengths[255] = 285;
    lengths
};

/// The symbol of a length, how many bits go behind it, and these.
#[inline(always)]
fn length_symbol(length: u32) -> (usize, u32, u32) {
    let value = length.wrapping_sub(3);
    let found = u32::from(LENGTHS[value as usize & 255]);
    let extra_bits = found >> SYMBOL_BITS;
    (
        found as usize & SYMBOL,
        extra_bits,
        value & !(u32::MAX << extra_bits),
    )
}

/// The same for a distance.
#[inline(always)]
fn distance_symbol(distance: u32) -> (usize, u32, u32) {
    let value = distance.wrapping_sub(1);
    let extra_bits = (value | 2).ilog2() - 1;
    let symbol = 2 * extra_bits + (value >> extra_bits);
    (
        symbol as usize,
        extra_bits,
        value & !(u32::MAX << extra_bits),
    )
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            literals: Alphabet::new(),
            distances: Alphabet::new(),
            precode: Alphabet::new(),
            runs: Vec::new(),
            extra_bits: 0,
        }
    }
}

impl Codes {
    /// Forgets what has been counted; each block has one end.
    pub(super) fn clear(&mut self) {
        self.literals.counts = [0; LITERALS];
        self.literals.counts[END_OF_BLOCK] = 1;
        self.distances.counts = [0; DISTANCES];
        self.extra_bits = 0;
    }

    #[inline(always)]
    pub(super) fn count_literal(&mut self, byte: u8) {
        self.literals.count(byte.into());
    }

    #[inline(always)]
    pub(super) fn count_copy(&mut self, distance: u32, length: u32) {
        let (symbol, length_bits, _) = length_symbol(length);
        self.literals.count(symbol);
        let (symbol, distance_bits, _) = distance_symbol(distance);
        self.distances.count(symbol);
        self.extra_bits = self
            .extra_bits
            .wrapping_add((length_bits + distance_bits) as usize);
    }

    /// Makes the codes that take least room for what has been counted, and returns their type and how
    /// many bits the block takes.
    pub(super) fn choose(&mut self) -> (u64, usize) {
        let symbols = self.literals.make::<MAX_BITS>() + self.distances.make::<MAX_BITS>();
        let dynamic = 3 + self.header_bits() + symbols + self.extra_bits;
        let of_literals = self.literals.counts.iter().enumerate();
        let of_literals =
            of_literals.map(|(symbol, &count)| count * u32::from(fixed_length(symbol)));
        let of_distances = self.distances.counts.iter().sum::<u32>() * 5;
        let fixed = 3 + (of_literals.sum::<u32>() + of_distances) as usize + self.extra_bits;
        if fixed >= dynamic {
            return (DYNAMIC, dynamic);
        }
        for (symbol, length) in self.literals.lengths.iter_mut().enumerate() {
            *length = fixed_length(symbol);
        }
        self.distances.lengths.fill(5);
        self.literals.assign_codes();
        self.distances.assign_codes();
        (FIXED, fixed)
    }

    /// How many symbols of the two alphabets are written.
    fn written(&self) -> (usize, usize) {
        let used = |lengths: &[u8], least: usize| {
            let last = lengths.iter().rposition(|&length| length > 0);
            last.map_or(least, |last| least.max(last + 1))
        };
        let literals = used(&self.literals.lengths, 257);
        (literals, used(&self.distances.lengths, 1))
    }

    /// Makes the code of the lengths of the codes (section 3.2.7), and returns the bits of all that.
    fn header_bits(&mut self) -> usize {
        let (literals, distances) = self.written();
        let literals = &self.literals.lengths[..literals];
        let distances = &self.distances.lengths[..distances];
        self.runs.clear();
        self.precode.counts = [0; 19];
        let mut lengths = literals.iter().chain(distances).copied().peekable();
        let mut before = None;
        while let Some(length) = lengths.next() {
            let mut times = 1;
            let most = if length == 0 { 138 } else { 6 };
            while times < most && lengths.next_if_eq(&length).is_some() {
                times += 1;
            }
            let mut run = |symbol: u8, extra: u8| {
                self.runs.push((symbol, extra));
                self.precode.counts[usize::from(symbol)] += 1;
            };
            match (length, times) {
                (0, 11..) => run(18, times - 11),
                (0, 3..) => run(17, times - 3),
                (_, 3..) if before == Some(length) => run(16, times - 3),
                (_, 4..) => {
                    run(length, 0);
                    run(16, times - 4);
                }
                _ => (0..times).for_each(|_| run(length, 0)),
            }
            before = Some(length);
        }
        let symbols = self.precode.make::<MAX_LENGTH_BITS>();
        let extra_bits: usize = self.runs.iter().map(|run| run_bits(run.0) as usize).sum();
        14 + 3 * self.precodes() + symbols + extra_bits
    }

    fn precodes(&self) -> usize {
        let is_used = |&symbol: &usize| self.precode.lengths[symbol] > 0;
        ORDER
            .iter()
            .rposition(is_used)
            .map_or(4, |last| 4.max(last + 1))
    }

    /// Writes the lengths of the codes.
    pub(super) fn write_lengths(&self, bits: &mut BitWriter<'_>) {
        let (literals, distances) = self.written();
        bits.put(literals as u64 - 257, 5);
        bits.put(distances as u64 - 1, 5);
        bits.put(self.precodes() as u64 - 4, 4);
        for &symbol in &ORDER[..self.precodes()] {
            bits.put(self.precode.lengths[symbol].into(), 3);
        }
        for &(symbol, extra) in &self.runs {
            self.precode.add(bits, symbol.into());
            bits.put(extra.into(), run_bits(symbol));
        }
    }

    #[inline(always)]
    pub(super) fn write_literal(&self, bits: &mut BitWriter<'_>, byte: u32) {
        self.literals.add(bits, byte as usize);
        bits.flush();
    }

    #[inline(always)]
    pub(super) fn write_copy(&self, bits: &mut BitWriter<'_>, distance: u32, length: u32) {
        let (symbol, extra_bits, extra) = length_symbol(length);
        self.literals.add(bits, symbol);
        bits.add(extra.into(), extra_bits);
        let (symbol, extra_bits, extra) = distance_symbol(distance);
        self.distances.add(bits, symbol);
        bits.put(extra.into(), extra_bits);
    }

    pub(super) fn write_end(&self, bits: &mut BitWriter<'_>) {
        self.write_literal(bits, END_OF_BLOCK as u32);
    }
}

/// How long the code of a literal or length is in blocks of type [`FIXED`].
fn fixed_length(symbol: usize) -> u8 {
    match symbol {
        0..144 => 8,
        144..256 => 9,
        256..280 => 7,
        280.. => 8,
    }
}

/// How many bits go behind a symbol of the precode.
fn run_bits(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

impl<const N: usize> Alphabet<N> {
    const fn new() -> Self {
        Self {
            counts: [0; N],
            lengths: [0; N],
            codes: [0; N],
        }
    }

    #[inline(always)]
    fn count(&mut self, symbol: usize) {
        let count = &mut self.counts[symbol];
        *count = count.wrapping_add(1);
    }

    #[inline(always)]
    fn add(&self, bits: &mut BitWriter<'_>, symbol: usize) {
        bits.add(self.codes[symbol].into(), self.lengths[symbol].into());
    }

    /// Gives each symbol that was counted a code of at most `LIMIT` bits, the shorter the more often
    /// it was. Returns how many bits all of them take.
    fn make<const LIMIT: usize>(&mut self) -> usize {
        self.lengths = [0; N];
        // Counts with their symbols below them: a block has fewer than 2^17 symbols.
        let mut used = [0; N];
        let mut len = 0;
        for (symbol, &count) in self.counts.iter().enumerate() {
            used[len] = count << SYMBOL_BITS | symbol as u32;
            len += usize::from(count > 0);
        }
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
        let mut counts = [0_u16; MAX_BITS + 1];
        for &length in &self.lengths {
            counts[usize::from(length)] += 1;
        }
        let mut starts = [0_u16; MAX_BITS + 1];
        for length in 2..=MAX_BITS {
            starts[length] = (starts[length - 1] + counts[length - 1]) << 1;
        }
        for (code, &length) in self.codes.iter_mut().zip(&self.lengths) {
            if length > 0 {
                let next = &mut starts[usize::from(length)];
                *code = next.reverse_bits() >> (16 - u32::from(length));
                *next = next.wrapping_add(1);
            }
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
