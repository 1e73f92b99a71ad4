//! What zlib-rs does for us: streams our own inflater refuses, and the levels that want small files.

use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush, Status};

/// Replaces the content of `out` by what `input` inflates to, which is at most `max` bytes.
pub(crate) fn inflate(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), String> {
    // One byte of room to spare shows a stream that is too long.
    match inflate_into(input, out, max.saturating_add(1))? {
        Status::StreamEnd if out.len() <= max => Ok(()),
        _ if out.len() > max => Err(format!("more than {max} bytes come out")),
        _ => Err("the stream ends too early".to_owned()),
    }
}

/// Replaces the content of `out` by the first `len` bytes of what `input` inflates to, or by all where
/// that is fewer.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn inflate_start(input: &[u8], out: &mut Vec<u8>, len: usize) -> Result<(), String> {
    match inflate_into(input, out, len)? {
        Status::StreamEnd => Ok(()),
        _ if out.len() == len => Ok(()),
        _ => Err("the stream ends too early".to_owned()),
    }
}

fn inflate_into(input: &[u8], out: &mut Vec<u8>, room: usize) -> Result<Status, String> {
    out.resize(room, 0);
    let mut state = Inflate::new(true, 15);
    loop {
        let (consumed, filled) = (done(state.total_in()), done(state.total_out()));
        let rest = input.get(consumed..).unwrap_or_default();
        let free = out.get_mut(filled..).unwrap_or_default();
        let status = state.decompress(rest, free, InflateFlush::Finish);
        let reason = |error: zlib_rs::InflateError| {
            let message = state.error_message();
            message.unwrap_or_else(|| error.as_str()).to_owned()
        };
        let status = status.map_err(reason)?;
        let stuck = (done(state.total_in()), done(state.total_out())) == (consumed, filled);
        if status == Status::StreamEnd || stuck {
            out.truncate(done(state.total_out()));
            return Ok(status);
        }
    }
}

fn done(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A deflater of one level whose state is kept from one chunk to the next.
pub(crate) struct Deflater {
    level: u32,
    state: Deflate,
}

impl Deflater {
    /// A deflater of `level`, 0 to 9.
    pub(crate) fn new(level: u32) -> Self {
        let state = Deflate::new(level.min(9).cast_signed(), true, 15);
        Self { level, state }
    }

    pub(crate) fn level(&self) -> u32 {
        self.level
    }

    /// Replaces the content of `out` by `input`, deflated.
    pub(crate) fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        self.state.reset();
        out.resize(zlib_rs::compress_bound(input.len()), 0);
        loop {
            let (consumed, filled) = (done(self.state.total_in()), done(self.state.total_out()));
            let rest = input.get(consumed..).unwrap_or_default();
            let free = out.get_mut(filled..).unwrap_or_default();
            match self.state.compress(rest, free, DeflateFlush::Finish) {
                Ok(Status::StreamEnd) => {
                    out.truncate(done(self.state.total_out()));
                    return Ok(());
                }
                // What cannot be shrunk may take more room than was thought.
                Ok(_) => out.resize(out.len().saturating_mul(2).max(64), 0),
                Err(error) => return Err(error.as_str().to_owned()),
            }
        }
    }
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Deflater");
        debug.field("level", &self.level).finish_non_exhaustive()
    }
}
