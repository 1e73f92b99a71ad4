//! Decompression of whole buffers: a zlib stream (RFC 1950) of DEFLATE blocks (RFC 1951).

use zlib_rs::adler32::adler32;

use super::{
    bits::BitReader,
    copy::{MAX_MATCH, SLACK, copy_match},
    huffman::{Entry, Lengths, MAX_BITS, SYMBOLS, Table},
};

const END_OF_BLOCK: u16 = 256;

/// What symbols of the larger alphabet mean (RFC 1951, section 3.2.5).
static LITERALS_AND_LENGTHS: [Entry; SYMBOLS] = {
    let mut meanings = [Entry::MISSING; SYMBOLS];
    let mut byte = 0;
    while byte < 256 {
        meanings[byte] = Entry::literal(byte as u8);
        byte += 1;
    }
    meanings[END_OF_BLOCK as usize] = Entry::END_OF_BLOCK;
    let (mut length, mut symbol) = (3, 257);
    while symbol < 285 {
        // Four symbols for each number of extra bits, but eight have none.
        let extra_bits = if symbol < 265 { 0 } else { (symbol - 261) / 4 };
        meanings[symbol] = Entry::number(length, extra_bits as u8);
        length += 1 << extra_bits;
        symbol += 1;
    }
    meanings[285] = Entry::number(MAX_MATCH as u16, 0);
    meanings
};

/// What symbols of distances mean.
static DISTANCES: [Entry; 32] = {
    let mut meanings = [Entry::MISSING; 32];
    let (mut distance, mut symbol) = (1, 0);
    while symbol < 30 {
        // Two symbols for each number of extra bits, but four have none.
        let extra_bits = if symbol < 4 { 0 } else { symbol / 2 - 1 };
        meanings[symbol] = Entry::number(distance, extra_bits as u8);
        distance = distance.wrapping_add(1 << extra_bits);
        symbol += 1;
    }
    meanings
};

/// What symbols of the lengths of codes mean (section 3.2.7): a length times 256, and how often.
static CODE_LENGTHS: [Entry; 19] = {
    let mut meanings = [Entry::MISSING; 19];
    let mut length = 0;
    while length <= MAX_BITS {
        meanings[length] = Entry::number((length as u16) << 8 | 1, 0);
        length += 1;
    }
    meanings[16] = Entry::number(AGAIN << 8 | 3, 2);
    meanings[17] = Entry::number(3, 3);
    meanings[18] = Entry::number(11, 7);
    meanings
};

/// Stands for the length before.
const AGAIN: u16 = 16;

/// The tables, kept from one stream to the next.
#[derive(Debug)]
pub(crate) struct Inflater {
    literals: Table<1024>,
    distances: Table<256>,
    precode: Table<128>,
    /// Those of the codes in `literals` and in `distances`.
    lengths: [Lengths; 2],
    /// Whether these are the fixed codes.
    fixed: bool,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            literals: Table::new(&LITERALS_AND_LENGTHS),
            distances: Table::new(&DISTANCES),
            precode: Table::new(&CODE_LENGTHS),
            lengths: [const { Lengths::new() }; 2],
            fixed: false,
        }
    }
}

impl Inflater {
    /// Replaces the content of `out` by what `input` inflates to, which is at most `max` bytes.
    ///
    /// `None` where it is not a zlib stream from its header to its checksum, or is longer.
    pub(crate) fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>, max: usize) -> Option<()> {
        out.resize(max + SLACK, 0);
        let mut bits = BitReader::new(zlib_header(input)?);
        let len = self.blocks(&mut bits, out)?;
        if len > max {
            return None;
        }
        out.truncate(len);
        let stored = bits.rest().first_chunk()?;
        (u32::from_be_bytes(*stored) == adler32(1, out)).then_some(())
    }

    /// Replaces the content of `out` by the first `len` bytes of what `input` inflates to, or by all
    /// where that is fewer. What is behind them is not verified.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn inflate_start(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        len: usize,
    ) -> Option<()> {
        // Blocks stop once there are more bytes than they have room for.
        out.resize(len.saturating_sub(1) + SLACK, 0);
        let mut bits = BitReader::new(zlib_header(input)?);
        let found = self.blocks(&mut bits, out)?;
        out.truncate(found.min(len));
        Some(())
    }

    /// Inflates blocks until the last one ends or more bytes have come out than `out` has room for
    /// without [`SLACK`], and returns how many.
    fn blocks(&mut self, bits: &mut BitReader<'_>, out: &mut [u8]) -> Option<usize> {
        let mut len = 0;
        loop {
            bits.refill();
            let is_last = bits.take(1) == 1;
            match bits.take(2) {
                0 => len = stored_block(bits, out, len)?,
                kind @ 1..=2 => {
                    if kind == 1 {
                        self.fixed_codes()?;
                    } else {
                        self.read_codes(bits)?;
                    }
                    (*bits, len) = self.compressed_block(*bits, out, len)?;
                }
                _ => return None,
            }
            if bits.is_past_the_end() {
                return None;
            }
            if is_last || len > out.len() - SLACK {
                return Some(len);
            }
        }
    }

    /// RFC 1951, section 3.2.6.
    fn fixed_codes(&mut self) -> Option<()> {
        if self.fixed {
            return Some(());
        }
        self.lengths.iter_mut().for_each(Lengths::clear);
        for symbol in 0..SYMBOLS {
            let length = match symbol {
                0..144 => 8,
                144..256 => 9,
                256..280 => 7,
                280.. => 8,
            };
            self.lengths[0].push(symbol, length);
        }
        for symbol in 0..DISTANCES.len() {
            self.lengths[1].push(symbol, 5);
        }
        self.build()?;
        self.fixed = true;
        Some(())
    }

    fn build(&mut self) -> Option<()> {
        self.fixed = false;
        self.literals.build(&self.lengths[0])?;
        self.distances.build(&self.lengths[1])
    }

    /// RFC 1951, section 3.2.7.
    #[inline(never)] // so that its variables stay in registers
    fn read_codes(&mut self, reader: &mut BitReader<'_>) -> Option<()> {
        const ORDER: [u8; CODE_LENGTHS.len()] = [
            16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
        ];
        let mut bits = *reader;
        bits.refill();
        let literals = bits.take(5) + 257;
        let all = literals + bits.take(5) + 1;
        let precodes = bits.take(4) + 4;
        if literals > 286 || all - literals > 30 {
            return None;
        }
        let mut precode = [0; ORDER.len()];
        for &symbol in &ORDER[..precodes] {
            bits.refill();
            precode[usize::from(symbol)] = bits.take(3) as u8;
        }
        let lengths = &mut self.lengths[0];
        lengths.clear();
        for (symbol, &length) in precode.iter().enumerate() {
            lengths.push(symbol, length);
        }
        self.precode.build(lengths)?;
        self.lengths.iter_mut().for_each(Lengths::clear);
        let (mut at, mut last) = (0, None);
        while at < all {
            bits.refill();
            let entry = self.precode.look_up(bits.peek());
            if entry.is_rare() {
                return None;
            }
            let value = entry.value(bits.peek());
            bits.skip(entry.bits());
            let (length, times) = (value >> 8, value & 255);
            let length = if length == AGAIN.into() {
                last?
            } else {
                length as u8
            };
            last = Some(length);
            let end = at + times;
            if end > all {
                return None;
            }
            let mut push = |at| {
                let of_distances = at >= literals;
                let symbol = if of_distances { at - literals } else { at };
                self.lengths[usize::from(of_distances)].push(symbol, length);
            };
            push(at);
            if length > 0 {
                (at + 1..end).for_each(push);
            }
            at = end;
        }
        *reader = bits;
        if !self.lengths[0].contains(END_OF_BLOCK) {
            return None;
        }
        self.build()
    }

    /// Inflates a block of symbols, from and to where the block before it has ended.
    #[inline(never)] // so that its variables stay in registers
    fn compressed_block<'a>(
        &self,
        bits: BitReader<'a>,
        out: &mut [u8],
        mut len: usize,
    ) -> Option<(BitReader<'a>, usize)> {
        let mut bits = bits;
        let limit = out.len() - SLACK;
        bits.refill();
        let mut entry = self.literals.look_up(bits.peek());
        while len <= limit {
            if !entry.is_number() {
                if entry.is_rare() {
                    entry = self.literals.search(bits.peek())?;
                }
                if entry.is_literal() {
                    bits.skip(entry.bits());
                    out[len] = entry.byte();
                    len = len.wrapping_add(1);
                    entry = self.literals.look_up(bits.peek());
                    bits.refill();
                    continue;
                }
                if entry.is_rare() {
                    // The end of the block.
                    bits.skip(entry.bits());
                    break;
                }
            }
            let length = entry.value(bits.peek());
            bits.skip(entry.bits());
            let mut of_distance = self.distances.look_up(bits.peek());
            if of_distance.is_rare() {
                bits.refill();
                of_distance = self.distances.search(bits.peek())?;
            }
            let distance = of_distance.value(bits.peek());
            bits.skip(of_distance.bits());
            // The bits of the next entry are there: of at least 56 a length has taken 20 at most, and a
            // distance 21 or, after a refill, 28. What comes next waits for the entry, not for the
            // refill, nor for the copy.
            entry = self.literals.look_up(bits.peek());
            bits.refill();
            if distance > len {
                return None;
            }
            copy_match(out, len, distance, length)?;
            len = len.wrapping_add(length);
        }
        Some((bits, len))
    }
}

/// The data behind a zlib header (RFC 1950, section 2.2).
fn zlib_header(input: &[u8]) -> Option<&[u8]> {
    let (&[method, flags], rest) = input.split_first_chunk()?;
    let is_deflate = method & 15 == 8 && method >> 4 <= 7;
    let is_checked = (u16::from(method) << 8 | u16::from(flags)).is_multiple_of(31);
    let has_dictionary = flags & 32 != 0;
    (is_deflate && is_checked && !has_dictionary).then_some(rest)
}

/// RFC 1951, section 3.2.4.
fn stored_block(bits: &mut BitReader<'_>, out: &mut [u8], len: usize) -> Option<usize> {
    let (&[a, b, c, d], rest) = bits.rest().split_first_chunk()?;
    let stored = u16::from_le_bytes([a, b]);
    if stored != !u16::from_le_bytes([c, d]) {
        return None;
    }
    let bytes = rest.get(..usize::from(stored))?;
    *bits = BitReader::new(&rest[bytes.len()..]);
    let end = len + bytes.len();
    let (_, room) = out.split_at_mut(len);
    let fitting = bytes.len().min(room.len());
    room[..fitting].copy_from_slice(&bytes[..fitting]);
    Some(end)
}
