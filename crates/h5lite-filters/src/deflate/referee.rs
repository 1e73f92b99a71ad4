//! What zlib-rs says of a stream, ours must say too: for tests and fuzzing.

use zlib_rs::adler32::adler32;

use super::{Deflater, Inflater, inflate, zlib};

/// The most a stream may become here.
const ROOM: usize = 1 << 16;

/// Our inflater may refuse a stream; what it accepts zlib-rs accepts too, and makes the same of it.
///
/// # Panics
/// Where that is not so.
pub fn agree(stream: &[u8]) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut inflater = inflate::Inflater::default();
    let accepted = inflater.inflate(stream, &mut ours, ROOM).is_some();
    let outcome = zlib::inflate(stream, &mut theirs, ROOM);
    match &outcome {
        Ok(()) => assert!(
            accepted && ours == theirs,
            "zlib-rs makes something else of it"
        ),
        Err(reason) => assert!(!accepted, "zlib-rs refuses it: {reason}"),
    }
    // A part of it is the same part.
    if outcome.is_ok() {
        let half = theirs.len() / 2;
        Inflater::default()
            .inflate_start(stream, &mut ours, half)
            .expect("a part of what is accepted");
        assert!(ours == theirs[..half], "zlib-rs makes another part of it");
    }
}

/// Raw DEFLATE with the header and the checksum of a zlib stream, if it is that.
#[must_use]
pub fn completed(blocks: &[u8]) -> Vec<u8> {
    let mut stream = [&[0x78, 0x01], blocks].concat();
    let (mut out, mut inflater) = (Vec::new(), inflate::Inflater::default());
    if inflater.inflate_start(&stream, &mut out, ROOM).is_some() {
        stream.extend(adler32(1, &out).to_be_bytes());
    }
    stream
}

/// The stream that these bytes are deflated to at this level; both inflate it again.
///
/// # Panics
/// Where something else comes back.
#[must_use]
pub fn comes_back(bytes: &[u8], level: u32) -> Vec<u8> {
    let (mut stream, mut out) = (Vec::new(), Vec::new());
    let deflated = Deflater::default().deflate(bytes, &mut stream, level);
    deflated.expect("any bytes can be deflated");
    zlib::inflate(&stream, &mut out, bytes.len()).expect("zlib-rs inflates it");
    assert!(out == bytes, "zlib-rs makes other bytes of it");
    let mut inflater = inflate::Inflater::default();
    inflater
        .inflate(&stream, &mut out, bytes.len())
        .expect("ours inflates it");
    assert!(out == bytes, "ours makes other bytes of it");
    stream
}
