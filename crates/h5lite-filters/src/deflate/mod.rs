//! DEFLATE with a zlib header, as `H5Z_FILTER_DEFLATE` stores it.
//!
//! A chunk is short, in memory as a whole, and its size is known: that is what our own codec is made
//! for. zlib-rs has the last word on a stream it refuses, and deflates at the levels that are for
//! small files.

#![allow(
    clippy::cast_possible_truncation,
    reason = "what is cut off is not in use: bits above a mask, positions above 16 bits"
)]
#![allow(
    clippy::inline_always,
    reason = "the loops are fast because the state of the bits stays in registers"
)]

mod alphabet;
mod bits;
mod codes;
mod compress;
mod copy;
mod huffman;
mod inflate;
#[cfg(any(test, feature = "testing"))]
pub mod referee;
mod zlib;

/// The most one compressed byte can become.
const MAX_RATIO: usize = 1032;

/// An inflater whose tables are kept from one chunk to the next.
#[derive(Debug, Default)]
pub struct Inflater(inflate::Inflater);

impl Inflater {
    /// Replaces the content of `out` by what `input` inflates to, which is at most `max` bytes.
    ///
    /// No more memory is taken than `input` can fill, whatever `max` is.
    ///
    /// # Errors
    /// What is wrong with the stream or its checksum, or that more than `max` bytes come out.
    pub fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), String> {
        let room = max.min(input.len().saturating_mul(MAX_RATIO));
        match self.0.inflate(input, out, room) {
            Some(()) => Ok(()),
            None => zlib::inflate(input, out, room),
        }
    }

    /// Replaces the content of `out` by the first `len` bytes of what `input` inflates to, or by all
    /// where that is fewer. What is behind them is not verified, and neither is the checksum.
    ///
    /// # Errors
    /// What is wrong with the stream up to there.
    #[cfg(any(test, feature = "testing"))] // reads of a part of a chunk do not use it yet
    pub fn inflate_start(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        len: usize,
    ) -> Result<(), String> {
        let room = len.min(input.len().saturating_mul(MAX_RATIO));
        match self.0.inflate_start(input, out, room) {
            Some(()) => Ok(()),
            None => zlib::inflate_start(input, out, room),
        }
    }
}

/// A deflater whose state is kept from one chunk to the next.
#[derive(Debug, Default)]
pub struct Deflater {
    own: Option<compress::Deflater>,
    zlib: Option<zlib::Deflater>,
}

impl Deflater {
    /// Replaces the content of `out` by `input`, deflated at `level`, 0 to 9; more is 9.
    ///
    /// Levels 1 to 3 are our own: files are smaller than at those levels of zlib, and made faster.
    ///
    /// # Errors
    /// What zlib-rs says at the other levels.
    pub fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>, level: u32) -> Result<(), String> {
        if (1..=3).contains(&level) {
            self.own.get_or_insert_default().deflate(input, out);
            return Ok(());
        }
        let state = match &mut self.zlib {
            Some(state) if state.level() == level => state,
            other => other.insert(zlib::Deflater::new(level)),
        };
        state.deflate(input, out)
    }
}

#[cfg(test)]
mod tests;
