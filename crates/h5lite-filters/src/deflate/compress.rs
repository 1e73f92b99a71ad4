//! Compression of whole buffers: to a zlib stream (RFC 1950) of DEFLATE blocks (RFC 1951).
//!
//! Made for chunks: the buffer is the window, where bytes were seen last is two small tables, and a
//! chunk of up to 64 KiB is one block. The same bytes come out whatever was deflated before.

use zlib_rs::adler32::adler32;

use super::{
    bits::BitWriter,
    codes::{self, Codes},
};

/// The most bytes of a block, stored or not.
const BLOCK: usize = 65_535;

/// The longest and the furthest match.
const MAX_MATCH: usize = 258;
const MAX_DISTANCE: usize = 32_768;

/// What is hashed to find a match: the longer the surer.
const LONG: usize = 8;
const SHORT: usize = 4;

/// So many bytes are compared at once.
const STEP: usize = 32;

/// How many positions at the end of a match are seen: all of the shortest.
const INNER: usize = SHORT;

const HASH_BITS: u32 = 12;

/// Where bytes with each hash were seen last, modulo 65,536.
///
/// It need not be right: what it says is compared. The tables are cleared for each buffer only so that
/// the result depends on nothing else.
#[derive(Debug)]
struct Seen(Box<[u16; 1 << HASH_BITS]>);

impl Seen {
    fn new() -> Self {
        Self(Box::new([0; 1 << HASH_BITS]))
    }

    /// How far before `at` `bytes` may have been seen, 0 if that is unknown; they are seen at `at` now.
    #[inline(always)]
    fn replace(&mut self, bytes: u64, at: usize) -> usize {
        // Knuth's multiplicative hash; its best bits are the highest.
        let hash = bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - HASH_BITS);
        let slot = &mut self.0[hash as usize & ((1 << HASH_BITS) - 1)];
        let before = std::mem::replace(slot, at as u16);
        usize::from((at as u16).wrapping_sub(before))
    }
}

/// A byte, or a match.
#[derive(Clone, Copy, Debug)]
struct Token(u32);

impl Token {
    const fn literal(byte: u8) -> Self {
        Self(byte as u32)
    }

    fn copy(distance: usize, length: usize) -> Self {
        Self((distance << 16 | length) as u32)
    }

    fn distance(self) -> u32 {
        self.0 >> 16
    }

    /// The length of a match, or the byte where there is no distance.
    fn low(self) -> u32 {
        self.0 & 0xffff
    }
}

/// A deflater whose tables are kept from one buffer to the next.
#[derive(Debug)]
pub(crate) struct Deflater {
    long: Seen,
    short: Seen,
    tokens: Vec<Token>,
    codes: Codes,
}

impl Default for Deflater {
    fn default() -> Self {
        Self {
            long: Seen::new(),
            short: Seen::new(),
            tokens: Vec::new(),
            codes: Codes::default(),
        }
    }
}

impl Deflater {
    /// Replaces the content of `out` by `input`, deflated.
    pub(crate) fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.long.0.fill(0);
        self.short.0.fill(0);
        out.clear();
        // A window of 32 KiB, fast, no dictionary.
        out.extend([0x78, 0x5e]);
        let mut bits = BitWriter::new(out);
        let mut start = 0;
        loop {
            let end = input.len().min(start + BLOCK);
            let is_last = end == input.len();
            self.tokenize(input, start, end);
            self.block(&mut bits, &input[start..end], is_last);
            start = end;
            if is_last {
                break;
            }
        }
        bits.finish();
        out.extend(adler32(1, input).to_be_bytes());
    }

    /// Makes tokens of a part of the input, with matches in it and in what is before.
    fn tokenize(&mut self, input: &[u8], start: usize, end: usize) {
        let Self {
            long,
            short,
            tokens,
            codes,
        } = self;
        tokens.clear();
        codes.clear();
        let input = &input[..end];
        let (mut at, mut misses) = (start, 0);
        while let Some(word) = word(input, at) {
            let far = long.replace(word, at);
            let near = short.replace(word << 32, at);
            let found = if far.wrapping_sub(1) < MAX_DISTANCE.min(at)
                && same(input, at, far, word) == LONG
            {
                far
            } else if near.wrapping_sub(1) < MAX_DISTANCE.min(at)
                && same(input, at, near, word) >= SHORT
            {
                near
            } else {
                // Bytes that do not match are passed over ever faster.
                let step = 1 + misses / 64;
                for &byte in input[at..].iter().take(step) {
                    codes.count_literal(byte);
                    tokens.push(Token::literal(byte));
                }
                misses += step;
                at += step;
                continue;
            };
            misses = 0;
            let length = match_length(input, at, found);
            codes.count_copy(found as u32, length as u32);
            tokens.push(Token::copy(found, length));
            at += length;
            // Where a match ends the next one starts, so what is around there is worth finding again.
            for inner in at.wrapping_sub(INNER)..at {
                if let Some(word) = self::word(input, inner) {
                    long.replace(word, inner);
                    short.replace(word << 32, inner);
                }
            }
        }
        for &byte in input.get(at..).unwrap_or_default() {
            codes.count_literal(byte);
            tokens.push(Token::literal(byte));
        }
    }

    /// Writes the tokens as a block of the kind that takes least room; `bytes` is what they stand for.
    fn block(&mut self, bits: &mut BitWriter<'_>, bytes: &[u8], is_last: bool) {
        let (kind, len) = self.codes.choose();
        bits.reserve(8 + bytes.len().min(len / 8) + 16);
        if len / 8 >= bytes.len() + 4 {
            bits.put(u64::from(is_last), 3);
            bits.stored(bytes);
            return;
        }
        bits.put(u64::from(is_last) | kind << 1, 3);
        if kind == codes::DYNAMIC {
            self.codes.write_lengths(bits);
        }
        for token in &self.tokens {
            if token.distance() == 0 {
                self.codes.write_literal(bits, token.low());
            } else {
                self.codes.write_copy(bits, token.distance(), token.low());
            }
        }
        self.codes.write_end(bits);
    }
}

/// Eight bytes of the input, the first one lowest.
#[inline(always)]
fn word(input: &[u8], at: usize) -> Option<u64> {
    let bytes = input.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// How many of the eight bytes at `at` are the same `distance` before; `word` is those bytes.
#[inline(always)]
fn same(input: &[u8], at: usize, distance: usize, word: u64) -> usize {
    match self::word(input, at.wrapping_sub(distance)) {
        Some(before) => ((before ^ word).trailing_zeros() / 8) as usize,
        None => 0,
    }
}

/// How many bytes from `at` on are the same `distance` before.
#[inline(always)]
fn match_length(input: &[u8], at: usize, distance: usize) -> usize {
    let here = &input[at..];
    let here = &here[..MAX_MATCH.min(here.len())];
    let before = &input[at - distance..];
    let (steps, rest) = here.as_chunks::<STEP>();
    for (number, (here, before)) in steps.iter().zip(before.as_chunks::<STEP>().0).enumerate() {
        let (here, before) = (here.as_chunks::<8>().0, before.as_chunks::<8>().0);
        let differing = |at: usize| u64::from_le_bytes(here[at]) ^ u64::from_le_bytes(before[at]);
        // The first word with a difference, found without a jump for each.
        let (mut word, mut at) = (differing(3), 3);
        for earlier in [2, 1, 0] {
            let differing = differing(earlier);
            if differing != 0 {
                (word, at) = (differing, earlier);
            }
        }
        if word != 0 {
            return number * STEP + at * 8 + (word.trailing_zeros() / 8) as usize;
        }
    }
    let compared = here.len() - rest.len();
    let same = rest.iter().zip(&before[compared..]);
    compared + same.take_while(|(here, before)| here == before).count()
}
