//! Bits, least significant first (RFC 1951, section 3.1.1).

/// Takes bits out of bytes.
///
/// Behind the end of the bytes it finds zeros, and knows that it is there: nothing has to be checked
/// for each bit.
#[derive(Clone, Copy)]
pub(super) struct BitReader<'a> {
    input: &'a [u8],
    /// The bytes of which not all bits are in the buffer.
    rest: &'a [u8],
    /// The bits that come next. Those above `count` are right or zero.
    buffer: u64,
    /// How many of them are not in `rest`, in the low six bits.
    count: u32,
    /// How many zeros have been put behind the input.
    missing: usize,
}

impl<'a> BitReader<'a> {
    /// What a refill leaves at least.
    const REFILLED: u32 = 56;

    pub(super) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            rest: input,
            buffer: 0,
            count: 0,
            missing: 0,
        }
    }

    /// Provides at least 56 bits.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if let Some(&word) = self.rest.first_chunk() {
            self.buffer |= u64::from_le_bytes(word).wrapping_shl(self.count);
            self.rest = &self.rest[(!self.count as usize & 63) >> 3..];
            self.count |= Self::REFILLED;
        } else {
            let taken;
            (self.buffer, taken) = last_bits(self.rest, self.buffer, self.count);
            self.missing += taken - taken.min(self.rest.len());
            self.rest = self.rest.get(taken..).unwrap_or_default();
            self.count |= Self::REFILLED;
        }
    }

    /// The next bits, without taking them.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.buffer
    }

    /// Takes the next bits away: the low six bits of `count` say how many.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer = self.buffer.wrapping_shr(count);
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes the next `count` bits, 16 or fewer, which a refill has provided.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> usize {
        let bits = self.buffer & ((1 << count) - 1);
        self.skip(count);
        bits as usize
    }

    fn bytes_ahead(&self) -> usize {
        (self.count as usize & 63) / 8
    }

    /// Whether bits have been taken from behind the end of the input.
    pub(super) fn is_past_the_end(&self) -> bool {
        self.missing > self.bytes_ahead()
    }

    /// Leaves the bits up to the next byte, and returns what has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        let at = self.input.len() - self.rest.len() + self.missing - self.bytes_ahead();
        self.input.get(at..).unwrap_or_default()
    }
}

/// A full buffer out of fewer than eight bytes and zeros, and how many of both were needed.
#[cold]
fn last_bits(rest: &[u8], buffer: u64, count: u32) -> (u64, usize) {
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    let buffer = buffer | u64::from_le_bytes(word).wrapping_shl(count);
    (buffer, (!count as usize & 63) >> 3)
}

/// Puts bits behind bytes.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the next byte goes; there is room behind.
    at: usize,
    buffer: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let at = out.len();
        Self {
            out,
            at,
            buffer: 0,
            count: 0,
        }
    }

    /// Makes room for so many bytes, and eight more that are written with the last of them.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.out.resize(self.at + bytes + 8, 0);
    }

    /// Puts the low `count` bits of `bits`, the others being zero: 56 at most from one flush to the next.
    #[inline(always)]
    pub(super) fn add(&mut self, bits: u64, count: u32) {
        self.buffer |= bits.wrapping_shl(self.count);
        self.count = self.count.wrapping_add(count);
    }

    #[inline(always)]
    pub(super) fn flush(&mut self) {
        if let Some(room) = self
            .out
            .get_mut(self.at..)
            .and_then(<[u8]>::first_chunk_mut)
        {
            *room = self.buffer.to_le_bytes();
        }
        self.at = self.at.wrapping_add(self.count as usize / 8);
        self.buffer = self.buffer.wrapping_shr(self.count & !7);
        self.count &= 7;
    }

    #[inline(always)]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        self.add(bits, count);
        self.flush();
    }

    /// A stored block behind its type: 65,535 bytes at most (RFC 1951, section 3.2.4).
    pub(super) fn stored(&mut self, bytes: &[u8]) {
        self.finish();
        let len = bytes.len() as u16;
        self.out.extend(len.to_le_bytes());
        self.out.extend((!len).to_le_bytes());
        self.out.extend_from_slice(bytes);
        self.at = self.out.len();
    }

    /// Fills the last byte with zeros, and leaves no room behind it.
    pub(super) fn finish(&mut self) {
        let len = self.at + self.count.div_ceil(8) as usize;
        self.flush();
        self.out.truncate(len);
        (self.at, self.buffer, self.count) = (len, 0, 0);
    }
}
