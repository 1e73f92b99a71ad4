//! The codes of a block that is written: counted, chosen, put into its header, used.

use super::{
    alphabet::{Alphabet, MAX_BITS, SYMBOL, SYMBOL_BITS},
    bits::BitWriter,
};

/// Types of blocks (RFC 1951, section 3.2.3).
pub(super) const FIXED: u64 = 1;
pub(super) const DYNAMIC: u64 = 2;

/// Two of them only take part in the fixed code.
const LITERALS: usize = 288;
const DISTANCES: usize = 30;
const END_OF_BLOCK: usize = 256;

/// How long the code of a distance is in blocks of type [`FIXED`].
const FIXED_DISTANCE: u8 = 5;

/// The longest code of the lengths of codes.
const MAX_LENGTH_BITS: usize = 7;

/// The order in which the lengths of the codes of lengths are written.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

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
        self.literals.clear();
        self.literals.count(END_OF_BLOCK);
        self.distances.clear();
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
        let symbols = self.literals.bits(fixed_length) + self.distances.bits(|_| FIXED_DISTANCE);
        let fixed = 3 + symbols + self.extra_bits;
        if fixed >= dynamic {
            return (DYNAMIC, dynamic);
        }
        self.literals.fix(fixed_length);
        self.distances.fix(|_| FIXED_DISTANCE);
        (FIXED, fixed)
    }

    /// How many symbols of the two alphabets are written.
    fn written(&self) -> (usize, usize) {
        (self.literals.end().max(257), self.distances.end().max(1))
    }

    /// Makes the code of the lengths of the codes (section 3.2.7), and returns the bits of all that.
    fn header_bits(&mut self) -> usize {
        let (literals, distances) = self.written();
        self.runs.clear();
        self.precode.clear();
        let mut run = |symbol: u8, extra: u8| {
            self.runs.push((symbol, extra));
            self.precode.count(symbol.into());
        };
        let of_distances = self.distances.lengths();
        let of_distances = of_distances.map(|(symbol, length)| (literals + symbol, length));
        let mut lengths = self.literals.lengths().chain(of_distances).peekable();
        let (mut at, mut before) = (0, 0);
        loop {
            let next = lengths.next();
            // Symbols without a code before the next one.
            let mut zeros = next.map_or(literals + distances, |next| next.0) - at;
            while zeros > 0 {
                let times = zeros.min(138);
                match times as u8 {
                    times @ 11.. => run(18, times - 11),
                    times @ 3.. => run(17, times - 3),
                    times => (0..times).for_each(|_| run(0, 0)),
                }
                zeros -= times;
                before = 0;
            }
            let Some((place, length)) = next else { break };
            at = place + 1;
            let mut times = 1;
            while times < 6 && lengths.next_if_eq(&(at, length)).is_some() {
                at += 1;
                times += 1;
            }
            match times {
                3.. if before == length => run(16, times - 3),
                4.. => {
                    run(length, 0);
                    run(16, times - 4);
                }
                _ => (0..times).for_each(|_| run(length, 0)),
            }
            before = length;
        }
        let symbols = self.precode.make::<MAX_LENGTH_BITS>();
        let extra_bits: usize = self.runs.iter().map(|run| run_bits(run.0) as usize).sum();
        14 + 3 * self.precodes() + symbols + extra_bits
    }

    fn precodes(&self) -> usize {
        let is_used = |&symbol: &usize| self.precode.length(symbol) > 0;
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
            bits.put(self.precode.length(symbol).into(), 3);
        }
        for &(symbol, extra) in &self.runs {
            let (code, count) =
                self.precode
                    .code_and(symbol.into(), extra.into(), run_bits(symbol));
            bits.put(code, count);
        }
    }

    #[inline(always)]
    pub(super) fn write_literal(&self, bits: &mut BitWriter<'_>, byte: u32) {
        let (code, count) = self.literals.code(byte as usize);
        bits.put(code, count);
    }

    #[inline(always)]
    pub(super) fn write_copy(&self, bits: &mut BitWriter<'_>, distance: u32, length: u32) {
        let (symbol, extra_bits, extra) = length_symbol(length);
        let (of_length, count) = self.literals.code_and(symbol, extra, extra_bits);
        let (symbol, extra_bits, extra) = distance_symbol(distance);
        let (of_distance, more) = self.distances.code_and(symbol, extra, extra_bits);
        // 48 bits at most, put out at once.
        bits.put(
            of_length | of_distance.wrapping_shl(count),
            count.wrapping_add(more),
        );
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
