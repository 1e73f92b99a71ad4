//! DEFLATE with a zlib header, as `H5Z_FILTER_DEFLATE` stores it.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::{Error, Result as H5Result};

/// The most one compressed byte can become.
const MAX_RATIO: usize = 1032;

/// An inflater whose state is kept from one chunk to the next.
#[derive(Debug)]
pub(super) struct Inflater(Decompress);

impl Default for Inflater {
    fn default() -> Self {
        Self(Decompress::new(true))
    }
}

impl Inflater {
    /// Replaces the content of `out` by what `input` inflates to, which is at most `max` bytes.
    ///
    /// No more memory is taken than `input` can fill, whatever `max` is.
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), String> {
        self.0.reset(true);
        // One byte of room to spare shows a stream that is too long.
        let room = max
            .min(input.len().saturating_mul(MAX_RATIO))
            .saturating_add(1);
        out.resize(room, 0);
        let mut filled = 0;
        loop {
            let consumed = usize::try_from(self.0.total_in()).unwrap_or(usize::MAX);
            let rest = input.get(consumed..).unwrap_or_default();
            let free = out.get_mut(filled..).unwrap_or_default();
            let status = self.0.decompress(rest, free, FlushDecompress::Finish);
            let status = status.map_err(|error| error.to_string())?;
            let before = filled;
            filled = usize::try_from(self.0.total_out()).unwrap_or(usize::MAX);
            let stuck = filled == before && usize::try_from(self.0.total_in()) == Ok(consumed);
            match status {
                Status::StreamEnd => break,
                _ if filled > max => return Err(format!("more than {max} bytes come out")),
                _ if stuck => return Err("the stream ends too early".to_owned()),
                _ => {}
            }
        }
        if filled > max {
            return Err(format!("more than {max} bytes come out"));
        }
        out.truncate(filled);
        Ok(())
    }
}

/// A deflater whose state is kept from one chunk to the next.
#[derive(Debug, Default)]
pub(super) struct Deflater(Option<(u32, Compress)>);

impl Deflater {
    /// Deflates a chunk at `level`, 0 to 9.
    pub(super) fn deflate(&mut self, input: &[u8], level: u32) -> H5Result<Vec<u8>> {
        let state = match &mut self.0 {
            Some((of_level, state)) if *of_level == level => {
                state.reset();
                state
            }
            other => {
                &mut other
                    .insert((level, Compress::new(Compression::new(level), true)))
                    .1
            }
        };
        // What DEFLATE cannot shrink it stores, with five bytes for every 16 KiB or less.
        let mut out = Vec::with_capacity(input.len() + input.len() / 1000 + 64);
        loop {
            let consumed = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
            let rest = input.get(consumed..).unwrap_or_default();
            match state.compress_vec(rest, &mut out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return Ok(out),
                Ok(_) => out.reserve(out.len().max(64)),
                Err(error) => return Err(Error::unsupported(format_args!("deflate: {error}"))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(2));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn comes_back_with_one_state(chunks in vec(vec(0_u8..4, 0..2000), 1..5)) {
            let mut inflater = Inflater::default();
            let mut out = Vec::new();
            for chunk in chunks {
                inflater.inflate(&deflated(&chunk), &mut out, chunk.len()).unwrap();
                prop_assert_eq!(&out, &chunk);
            }
        }

        #[test]
        fn damage_is_noticed_where_it_matters(at in 0_usize..60, flip in 1_u8..) {
            let mut bytes = deflated(&[5; 300]);
            let len = bytes.len();
            bytes[at % len] ^= flip;
            let mut out = Vec::new();
            // A level hint and padding bits may change; the bytes that come out may not.
            if Inflater::default().inflate(&bytes, &mut out, 300).is_ok() {
                prop_assert_eq!(out, [5; 300]);
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_size_of_the_chunk() {
        let bomb = deflated(&vec![0; 10_000_000]);
        let mut out = Vec::new();
        assert!(Inflater::default().inflate(&bomb, &mut out, 1000).is_err());
        assert!(out.capacity() < 10_000);
        // A chunk that claims to be huge takes only what its bytes can become.
        Inflater::default()
            .inflate(&deflated(&[1, 2, 3]), &mut out, 1 << 40)
            .unwrap();
        assert_eq!(out, [1, 2, 3]);
    }
}
