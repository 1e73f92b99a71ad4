//! Where values stand: whoever goes there with other means finds what is read.

use std::io::Read;

use flate2::read::ZlibDecoder;
use h5lite::{Dataset, File, RawData};

fn fixture(name: &str) -> (Vec<u8>, File) {
    let path = format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    (std::fs::read(&path).unwrap(), File::open(&path).unwrap())
}

/// The numbers of a file of little-endian `int32` or `float32`, taken from where they stand, as bits.
fn gathered(bytes: &[u8], dataset: &Dataset<'_>) -> Vec<u32> {
    let shape = dataset.shape();
    let mut all = vec![0; shape.iter().product()];
    let at = |offset: u64, len: u64| {
        let start = usize::try_from(offset).unwrap();
        &bytes[start..start + usize::try_from(len).unwrap()]
    };
    let mut put = |numbers: &[u8], first: &[usize], counts: &[usize]| {
        for (index, number) in numbers.chunks_exact(4).enumerate() {
            let (row, col) = (first[0] + index / counts[1], first[1] + index % counts[1]);
            if row < shape[0] && col < shape[1] {
                all[row * shape[1] + col] = u32::from_le_bytes(number.try_into().unwrap());
            }
        }
    };
    match dataset.raw_data().unwrap() {
        RawData::Unallocated => {}
        RawData::Compact(bytes) => put(bytes, &[0, 0], shape),
        RawData::Contiguous { offset, len } => put(at(offset, len), &[0, 0], shape),
        RawData::Chunked => {
            let counts = dataset.chunk_shape().unwrap();
            dataset
                .each_chunk(&mut |chunk| {
                    let coordinates = chunk.coordinates.iter().zip(counts);
                    let first: Vec<usize> = coordinates
                        .map(|(&at, count)| usize::try_from(at).unwrap() * count)
                        .collect();
                    let stored = at(chunk.offset, chunk.size);
                    let mut numbers = stored.to_vec();
                    if !dataset.filters().is_empty() {
                        numbers.clear();
                        ZlibDecoder::new(stored).read_to_end(&mut numbers).unwrap();
                    }
                    put(&numbers, &first, counts);
                    Ok(())
                })
                .unwrap();
        }
    }
    all
}

#[test]
fn the_values_stand_where_they_are_said_to_be() {
    let datasets = [
        ("layouts-earliest.h5", "/compact"),
        ("layouts-earliest.h5", "/compact_empty"),
        ("layouts-earliest.h5", "/contiguous"),
        ("layouts-earliest.h5", "/implicit"),
        ("layouts-latest.h5", "/contiguous"),
        ("layouts-latest.h5", "/early_unlimited"),
        ("layouts-latest.h5", "/implicit"),
        ("layouts-latest.h5", "/implicit_maximum"),
        ("layouts-latest.h5", "/single"),
        // Behind a user block.
        ("userblock-512.loom", "/matrix"),
        ("userblock-1024-latest.loom", "/matrix"),
    ];
    for (name, path) in datasets {
        let (bytes, file) = fixture(name);
        let dataset = file.dataset(path).unwrap();
        let read: Vec<u32> = match dataset.datatype().numpy_format().as_deref() {
            Some("<f4") => dataset.read::<f32>(&[]).unwrap().mapv(f32::to_bits),
            Some("<i4") => dataset.read::<i32>(&[]).unwrap().mapv(i32::cast_unsigned),
            other => panic!("{name}: {path}: {other:?}"),
        }
        .into_iter()
        .collect();
        assert_eq!(gathered(&bytes, &dataset), read, "{name}: {path}");
        assert_eq!(read.is_empty(), path.ends_with("empty"));
    }
}

/// The fixtures name their datasets by the types that h5py gave them.
#[test]
fn numpy_formats_are_those_of_h5py() {
    let (_, file) = fixture("numbers-earliest.h5");
    let format = |path: &str| file.dataset(path).unwrap().datatype().numpy_format();
    for name in [
        "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8",
    ] {
        for (group, order) in [("big", '>'), ("little", '<')] {
            let order = if name.ends_with('1') { '|' } else { order };
            let expected = format!("{order}{name}");
            assert_eq!(format(&format!("/{group}/{name}")), Some(expected));
        }
    }
    for name in ["long_double", "three_bytes", "twelve_bits"] {
        assert_eq!(format(&format!("/odd/{name}")), None, "{name}");
    }
    let (_, file) = fixture("enums-latest.h5");
    let format = |path: &str| file.dataset(path).unwrap().datatype().numpy_format();
    for (name, expected) in [
        ("/bool", "|b1"),
        ("/scalar_bool", "|b1"),
        ("/enum_i1", "|i1"),
        ("/enum_i2", ">i2"),
        ("/enum_u4", "<u4"),
        ("/enum_i8", ">i8"),
        ("/many", "<i2"),
    ] {
        assert_eq!(format(name).as_deref(), Some(expected), "{name}");
    }
    // Two bits of a byte.
    assert_eq!(format("/logical"), None);
}
