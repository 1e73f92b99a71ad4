//! zlib-rs is the referee: what it says of a stream, ours says too.

use proptest::{collection::vec, prelude::*};
use zlib_rs::{DeflateConfig, ReturnCode, Strategy as ZlibStrategy};

use super::*;

/// Bytes that look like parts of a matrix: runs, repeats near and far, and noise.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        (any::<u8>(), 1_usize..600).prop_map(|(byte, len)| vec![byte; len]),
        (vec(any::<u8>(), 1..40), 1_usize..30).prop_map(|(unit, times)| unit.repeat(times)),
        vec(prop_oneof![9 => Just(0_u8), 1 => 0_u8..5], 0..2000),
        vec(any::<u8>(), 0..300),
    ];
    vec(part, 0..8).prop_map(|mut parts| {
        // What came before comes again, further away.
        parts.extend(parts.first().cloned());
        parts.concat()
    })
}

fn zlib(bytes: &[u8], level: i32, strategy: ZlibStrategy) -> Vec<u8> {
    let mut out = vec![0; zlib_rs::compress_bound(bytes.len()) + 64];
    let config = DeflateConfig {
        strategy,
        ..DeflateConfig::new(level)
    };
    let (deflated, code) = zlib_rs::compress_slice(&mut out, bytes, config);
    assert_eq!(code, ReturnCode::Ok);
    deflated.to_vec()
}

fn strategy() -> impl Strategy<Value = ZlibStrategy> {
    prop::sample::select(vec![
        ZlibStrategy::Default,
        ZlibStrategy::Filtered,
        ZlibStrategy::HuffmanOnly,
        ZlibStrategy::Rle,
        ZlibStrategy::Fixed,
    ])
}

proptest! {
    #[test]
    fn zlib_inflates_what_we_deflate(chunks in vec(bytes(), 1..4), level in 0_u32..10) {
        let mut deflater = Deflater::default();
        let mut stream = Vec::new();
        for chunk in chunks {
            deflater.deflate(&chunk, &mut stream, level).unwrap();
            // What was deflated before leaves no trace.
            prop_assert_eq!(&stream, &referee::comes_back(&chunk, level));
        }
    }

    #[test]
    fn inflates_what_zlib_deflates(
        chunks in vec((bytes(), 0..10, strategy()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut inflater, mut out) = (inflate::Inflater::default(), Vec::new());
        for (chunk, level, strategy) in chunks {
            let stream = zlib(&chunk, level, strategy);
            prop_assert_eq!(inflater.inflate(&stream, &mut out, chunk.len()), Some(()));
            prop_assert_eq!(&out, &chunk);
            // More room than is needed, and bytes behind the stream, change nothing.
            let longer = [&stream[..], &[7; 20]].concat();
            prop_assert_eq!(inflater.inflate(&longer, &mut out, chunk.len() + 999), Some(()));
            prop_assert_eq!(&out, &chunk);
            let len = cut.index(chunk.len() + 1);
            prop_assert_eq!(inflater.inflate_start(&stream, &mut out, len), Some(()));
            prop_assert_eq!(&out, &chunk[..len]);
            prop_assert_eq!(inflater.inflate_start(&stream, &mut out, chunk.len() + 5), Some(()));
            prop_assert_eq!(&out, &chunk);
            // Less room, or less input, is refused.
            if let Some(less) = chunk.len().checked_sub(1) {
                prop_assert_eq!(inflater.inflate(&stream, &mut out, less), None);
            }
            let short = &stream[..cut.index(stream.len())];
            prop_assert_eq!(inflater.inflate(short, &mut out, chunk.len()), None);
        }
    }

    #[test]
    fn damage_is_judged_alike(
        (chunk, level, strategy) in (bytes(), 0..10, strategy()),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut stream = zlib(&chunk, level, strategy);
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
            referee::agree(&stream);
            // With the checksum put right, more of the damage comes through.
            referee::agree(&referee::completed(&stream[2..stream.len() - 4]));
        }
    }

    #[test]
    fn noise_is_judged_alike(noise in vec(any::<u8>(), 0..200), first in 0_u8..6) {
        // The first block is of any type.
        let blocks = [&[first], &noise[..]].concat();
        referee::agree(&blocks);
        referee::agree(&referee::completed(&blocks));
    }
}

#[test]
fn blocks_of_all_kinds_in_one_stream() {
    // Each part ends with an empty stored block; the parts are stored, fixed, or of codes of their own.
    let noise: Vec<u8> = (0..70_000_u32)
        .map(|i| (i.wrapping_mul(i) >> 7) as u8)
        .collect();
    let parts: [&[u8]; 5] = [&noise, b"abcabcabcd", &vec![7; 100_000], &noise[..9], b""];
    let mut state = zlib_rs::Deflate::new(6, true, 15);
    let mut stream = vec![0; 300_000];
    for (i, part) in (1..).zip(parts) {
        let flush = if i == parts.len() {
            zlib_rs::DeflateFlush::Finish
        } else {
            zlib_rs::DeflateFlush::SyncFlush
        };
        let filled = usize::try_from(state.total_out()).unwrap();
        state.compress(part, &mut stream[filled..], flush).unwrap();
    }
    stream.truncate(usize::try_from(state.total_out()).unwrap());
    let (mut inflater, mut out) = (inflate::Inflater::default(), Vec::new());
    let whole = parts.concat();
    assert_eq!(inflater.inflate(&stream, &mut out, whole.len()), Some(()));
    assert_eq!(out, whole);
}

#[test]
fn long_codes_are_found() {
    // Frequencies that grow like Fibonacci's numbers make the longest codes.
    let (mut chunk, mut counts) = (Vec::new(), (1, 1));
    for byte in 0..18 {
        chunk.extend(std::iter::repeat_n(byte, counts.0));
        counts = (counts.1, counts.0 + counts.1);
    }
    let stream = zlib(&chunk, 6, ZlibStrategy::HuffmanOnly);
    let (mut inflater, mut out) = (inflate::Inflater::default(), Vec::new());
    assert_eq!(inflater.inflate(&stream, &mut out, chunk.len()), Some(()));
    assert_eq!(out, chunk);
}

/// Matches whose lengths and distances have the longest codes and the most bits behind them, one after
/// the other: no other symbols take more of what a refill leaves.
#[test]
fn long_codes_of_matches_are_found() {
    // The first symbols come hardly ever, each of the next as often as the two before together.
    let times = |nth: u32| (0..nth).fold((1, 1), |(a, b), _| (b, a + b)).0;
    let mut matches: Vec<(u32, u32)> = Vec::new();
    for nth in 0..16 {
        let extra_bits = 13 - nth / 2;
        let distance = ((3 - nth % 2) << extra_bits) + 1 + nth;
        // The last symbol but one of lengths, and those before it, then literals.
        let length = 227_u32.checked_sub(32 * nth).filter(|_| nth < 4);
        matches.extend((0..times(nth)).map(|_| (distance, length.unwrap_or(3) + nth % 2)));
    }
    let literals = (4..16).flat_map(|nth| (0..times(nth)).map(move |_| (0, nth)));
    let before: Vec<u8> = (0..32_768_u32).map(|at| (at * at / 11) as u8).collect();
    for first in [0, 7, 300] {
        let mut tokens: Vec<_> = literals.clone().take(first).collect();
        tokens.extend(&matches);
        tokens.extend(literals.clone().skip(first));
        let mut codes = codes::Codes::default();
        codes.clear();
        for &(distance, low) in &tokens {
            match distance {
                0 => codes.count_literal(low as u8),
                _ => codes.count_copy(distance, low),
            }
        }
        let (kind, len) = codes.choose();
        assert_eq!(kind, codes::DYNAMIC);
        let (mut stream, mut bytes) = (vec![0x78, 0x5e], before.clone());
        let mut bits = bits::BitWriter::new(&mut stream);
        bits.reserve(8);
        bits.put(0, 3);
        bits.stored(&before);
        bits.reserve(len / 8 + 24);
        bits.put(1 | kind << 1, 3);
        codes.write_lengths(&mut bits);
        for &(distance, low) in &tokens {
            if distance == 0 {
                codes.write_literal(&mut bits, low);
                bytes.push(low as u8);
                continue;
            }
            codes.write_copy(&mut bits, distance, low);
            for _ in 0..low {
                bytes.push(bytes[bytes.len() - distance as usize]);
            }
        }
        codes.write_end(&mut bits);
        bits.finish();
        stream.extend(zlib_rs::adler32::adler32(1, &bytes).to_be_bytes());
        let (mut ours, mut theirs) = (vec![0xee; 100_000], Vec::new());
        zlib::inflate(&stream, &mut theirs, bytes.len()).unwrap();
        assert!(theirs == bytes, "the test says what it should not");
        let mut inflater = inflate::Inflater::default();
        assert_eq!(inflater.inflate(&stream, &mut ours, bytes.len()), Some(()));
        assert!(ours == bytes);
        for end in stream.len() - 40..stream.len() {
            let found = inflater.inflate(&stream[..end], &mut ours, bytes.len());
            assert_eq!(found, None, "{end}");
        }
    }
}

#[test]
fn damage_is_noticed_where_it_matters() {
    let good = zlib(&[5; 300], 2, ZlibStrategy::Default);
    let mut out = Vec::new();
    for at in 0..good.len() * 8 {
        let mut stream = good.clone();
        stream[at / 8] ^= 1 << (at % 8);
        // A level hint and padding bits may change; the bytes that come out may not.
        if Inflater::default().inflate(&stream, &mut out, 300).is_ok() {
            assert_eq!(out, [5; 300]);
        }
    }
}

#[test]
fn a_bomb_stops_at_the_size_of_the_chunk() {
    let bomb = zlib(&vec![0; 10_000_000], 9, ZlibStrategy::Default);
    let mut out = Vec::new();
    let reason = Inflater::default().inflate(&bomb, &mut out, 1000);
    assert_eq!(reason.unwrap_err(), "more than 1000 bytes come out");
    assert!(out.capacity() < 10_000);
    // A chunk that claims to be huge takes only what its bytes can become.
    let stream = zlib(&[1, 2, 3], 9, ZlibStrategy::Default);
    Inflater::default()
        .inflate(&stream, &mut out, usize::MAX)
        .unwrap();
    assert_eq!(out, [1, 2, 3]);
    assert!(out.capacity() < 100_000);
    Inflater::default()
        .inflate_start(&stream, &mut out, 2)
        .unwrap();
    assert_eq!(out, [1, 2]);
}

#[test]
fn what_ours_refuses_is_explained() {
    let mut stream = zlib(&[1; 100], 2, ZlibStrategy::Default);
    *stream.last_mut().unwrap() ^= 1;
    let mut out = Vec::new();
    let mut inflater = Inflater::default();
    let reason = inflater.inflate(&stream, &mut out, 100).unwrap_err();
    assert_eq!(reason, "incorrect data check");
    stream.truncate(stream.len() - 5);
    let reason = inflater.inflate(&stream, &mut out, 100).unwrap_err();
    assert_eq!(reason, "the stream ends too early");
}

#[test]
fn deflates_what_is_longer_than_a_block() {
    let noise: Vec<u8> = (0..200_000_u32)
        .map(|i| (i.wrapping_mul(i) >> 9) as u8)
        .collect();
    let random = |seed: u32| {
        seed.wrapping_mul(0x9e37_79b9)
            .rotate_left(13)
            .wrapping_mul(0x85eb_ca6b)
            >> 24
    };
    let incompressible: Vec<u8> = (0..150_000).map(|i| random(i) as u8).collect();
    let (mut stream, mut out) = (Vec::new(), Vec::new());
    for chunk in [
        noise,
        incompressible,
        vec![0; 300_000],
        vec![9; 65_535],
        vec![],
    ] {
        compress::Deflater::default().deflate(&chunk, &mut stream);
        // Stored blocks take five bytes each, the stream six.
        assert!(stream.len() <= chunk.len() + 5 * chunk.len().div_ceil(65_535).max(1) + 6);
        zlib::inflate(&stream, &mut out, chunk.len()).unwrap();
        assert_eq!(out, chunk);
    }
}

#[test]
fn codes_are_cut_off_at_fifteen_bits() {
    let (mut chunk, mut counts) = (Vec::new(), (1, 1));
    for byte in 0..22 {
        chunk.extend(std::iter::repeat_n(byte, counts.0));
        counts = (counts.1, counts.0 + counts.1);
    }
    let mut codes = codes::Codes::default();
    codes.clear();
    chunk.iter().for_each(|&byte| codes.count_literal(byte));
    codes.choose();
    let (mut stream, mut out) = (vec![0x78, 0x01], Vec::new());
    let mut bits = bits::BitWriter::new(&mut stream);
    bits.reserve(chunk.len() * 2 + 100);
    bits.put(1 | codes::DYNAMIC << 1, 3);
    codes.write_lengths(&mut bits);
    chunk
        .iter()
        .for_each(|&byte| codes.write_literal(&mut bits, byte.into()));
    codes.write_end(&mut bits);
    bits.finish();
    stream.extend(zlib_rs::adler32::adler32(1, &chunk).to_be_bytes());
    zlib::inflate(&stream, &mut out, chunk.len()).unwrap();
    assert_eq!(out, chunk);
}

#[test]
fn files_are_smaller_than_those_of_zlib() {
    // Counts of a gene in cells: mostly zeros, small numbers, as 32-bit floats.
    let mut seed = 1_u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 24
    };
    let count = |random: u32| {
        if random < 230 {
            0.0
        } else {
            (1 + random % 4) as f32
        }
    };
    let chunk: Vec<u8> = (0..4096)
        .flat_map(|_| count(random()).to_le_bytes())
        .collect();
    let mut stream = Vec::new();
    compress::Deflater::default().deflate(&chunk, &mut stream);
    // 1,190 bytes: what zlib 1.2.13 makes of this at level 2.
    assert!(stream.len() < 1190, "{}", stream.len());
}
