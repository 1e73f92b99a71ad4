//! Values: bombs, absurd sizes, places outside the file.

use h5lite::{Array, DatasetOptions};

use crate::{
    Named,
    bytes::{Bytes, chunk_node, index, words},
    trap::{
        ALL, CHECK, Call,
        Expected::{Answer, Corrupt, Limit, Unsupported},
        FIRST, Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    ("bomb_chunk_of_2_gib", bomb_chunk_of_2_gib),
    ("bomb_longer_than_declared", bomb_longer_than_declared),
    ("bomb_4096_chunks_one_address", bomb_4096_chunks_one_address),
    ("bomb_of_many_datasets", bomb_of_many_datasets),
    ("bomb_lzf", bomb_lzf),
    ("bomb_nested_deflate", bomb_nested_deflate),
    ("huge_dims_1d", huge_dims_1d),
    ("huge_dims_2d", huge_dims_2d),
    ("dims_product_overflow", dims_product_overflow),
    ("chunk_dim_zero", chunk_dim_zero),
    ("chunk_dims_overflow", chunk_dims_overflow),
    ("element_size_zero", element_size_zero),
    ("element_size_lies", element_size_lies),
    ("chunk_beyond_eof", chunk_beyond_eof),
    ("chunk_size_lies", chunk_size_lies),
    ("contiguous_beyond_eof", contiguous_beyond_eof),
    ("contiguous_wraps_around", contiguous_wraps_around),
    ("compact_shorter_than_shape", compact_shorter_than_shape),
    ("one_byte_chunks", one_byte_chunks),
    ("external_raw_file", external_raw_file),
    ("virtual_dataset", virtual_dataset),
];

/// 16 MiB of zeros in 16 KiB.
fn zeros() -> Bytes {
    Bytes::made(|edit| {
        let values: Array = vec![0_u32; 1 << 22].into();
        edit.write(
            "/matrix",
            &values,
            &DatasetOptions::chunked(&[1 << 22]).deflate(9),
        )
    })
}

/// Changes the length of the only axis and of a chunk along it.
fn stretch(file: &mut Bytes, from: u32, length: u64, chunk: u32) {
    let layout = file.layout(&[from], 4);
    file.replace(&words(&[from.into()]), &words(&[length]));
    file.put(layout + 11, &chunk.to_le_bytes());
}

fn bomb_chunk_of_2_gib() -> Trap {
    let change = |file: &mut Bytes| stretch(file, 1 << 22, 1 << 29, 1 << 29);
    Trap::new(zeros(), change, FIRST, Limit("chunk_bytes"))
}

fn bomb_longer_than_declared() -> Trap {
    let change = |file: &mut Bytes| stretch(file, 1 << 22, 1 << 12, 1 << 12);
    Trap::new(zeros(), change, ALL, Corrupt("deflate"))
}

fn bomb_4096_chunks_one_address() -> Trap {
    let change = |file: &mut Bytes| {
        let layout = file.layout(&[1 << 22], 4);
        let node = index(file.u64(layout + 3));
        let (size, chunk) = (file.u32(node + 24), file.u64(node + 48));
        let children: Vec<_> = (0..4096).map(|i| (size, vec![i << 22], chunk)).collect();
        file.replace(&words(&[1 << 22]), &words(&[4096 << 22]));
        let root = file.append(&chunk_node(0, &children, &[4096 << 22]));
        file.put(layout + 3, &words(&[root]));
    };
    let band = Call::Of(|file| {
        let read = file
            .dataset("/matrix")?
            .read_bytes(&[(..60 << 20).into()])?;
        Ok(format!("{} bytes", read.len()))
    });
    Trap::new(zeros(), change, band, Corrupt("its chunks overlap"))
}

/// Forty datasets have the same chunk.
fn bomb_of_many_datasets() -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[1 << 18]).deflate(9);
        edit.write("/matrix", &vec![0_u32; 1 << 18].into(), &options)?;
        (0..40).try_for_each(|i| {
            edit.create(&format!("/d{i}"), h5lite::DType::U32, &[1 << 18], &options)
        })
    });
    let change = |file: &mut Bytes| {
        let dims: Vec<u8> = [1_u32 << 18, 4]
            .iter()
            .flat_map(|dim| dim.to_le_bytes())
            .collect();
        let tree = words(&[file.find(b"TREE\x01") as u64]);
        for at in file.find_all(&dims) {
            if file.0[at - 11..at - 9] == [3, 2] {
                file.put(at - 8, &tree);
            }
        }
    };
    Trap::new(
        base,
        change,
        CHECK,
        Answer("its chunks overlap, or those of other datasets"),
    )
}

/// A back reference of 264 bytes takes three.
fn bomb_lzf() -> Trap {
    let base = Bytes::matrix(&[64, 64], &[64, 64]);
    let change = |file: &mut Bytes| {
        let filter = file.find(b"deflate\0") - 8;
        file.put(filter, &32_000_u16.to_le_bytes());
        let mut stream = vec![0, 0];
        (0..20_000).for_each(|_| stream.extend([0xe0, 255, 0]));
        let chunk = file.append(&stream);
        let layout = file.layout(&[64, 64], 4);
        let node = index(file.u64(layout + 3));
        file.put(node + 24, &60_002_u32.to_le_bytes());
        file.put(node + 56, &words(&[chunk]));
    };
    Trap::new(base, change, ALL, Corrupt("lzf"))
}

/// Thirty-two times deflated: what comes out of one is never longer than what the last may be.
fn bomb_nested_deflate() -> Trap {
    let mut options = DatasetOptions::chunked(&[1 << 20]);
    for _ in 0..32 {
        options = options.deflate(9);
    }
    let base = Bytes::made(|edit| edit.write("/matrix", &vec![0_u32; 1 << 20].into(), &options));
    Trap::legal(base, ALL, Answer("[1048576]"))
}

fn huge_dims_1d() -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[1 << 10]);
        edit.create("/matrix", h5lite::DType::U8, &[1 << 60], &options)
    });
    Trap::legal(base, ALL, Limit("read_bytes"))
}

fn huge_dims_2d() -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[64, 64]).deflate(2);
        edit.create("/matrix", h5lite::DType::F32, &[1 << 31, 1 << 29], &options)
    });
    Trap::legal(base, FIRST, Answer("Some(0.0) of [2147483648, 536870912]"))
}

fn dims_product_overflow() -> Trap {
    let change = |file: &mut Bytes| {
        file.replace(&words(&[40, 50]), &words(&[1 << 33, 1 << 33]));
    };
    let base = Bytes::matrix(&[40, 50], &[16, 16]);
    Trap::new(base, change, FIRST, Unsupported("size of a dataset"))
}

fn with_layout(change: fn(&mut Bytes, usize), call: Call, expected: crate::trap::Expected) -> Trap {
    let change = |file: &mut Bytes| {
        let layout = file.layout(&[16, 16], 4);
        change(file, layout);
    };
    Trap::new(Bytes::matrix(&[40, 50], &[16, 16]), change, call, expected)
}

fn chunk_dim_zero() -> Trap {
    let change = |file: &mut Bytes, layout| file.put(layout + 11, &[0; 4]);
    with_layout(change, FIRST, Corrupt("data layout message"))
}

fn chunk_dims_overflow() -> Trap {
    let change = |file: &mut Bytes, layout| file.put(layout + 11, &[0xff; 8]);
    with_layout(change, FIRST, Limit("chunk_bytes"))
}

fn element_size_zero() -> Trap {
    let change = |file: &mut Bytes, layout| file.put(layout + 19, &[0; 4]);
    with_layout(change, FIRST, Corrupt("data layout message"))
}

fn element_size_lies() -> Trap {
    let change = |file: &mut Bytes, layout| file.put(layout + 19, &[0xff; 4]);
    with_layout(change, FIRST, Corrupt("data layout message"))
}

/// Where the key of the first chunk stands.
fn first_key(file: &Bytes, layout: usize) -> usize {
    index(file.u64(layout + 3)) + 24
}

fn chunk_beyond_eof() -> Trap {
    let change = |file: &mut Bytes, layout| {
        let key = first_key(file, layout);
        file.put(key + 32, &words(&[1 << 50]));
    };
    with_layout(change, ALL, Corrupt("reach past the end"))
}

fn chunk_size_lies() -> Trap {
    let change = |file: &mut Bytes, layout| {
        let key = first_key(file, layout);
        file.put(key, &[0xff; 4]);
    };
    with_layout(
        change,
        ALL,
        Corrupt("its 4294967295 bytes reach past the end"),
    )
}

fn in_one_run() -> Bytes {
    Bytes::made(|edit| {
        let values: Array = vec![7_u16; 1000].into();
        edit.write("/matrix", &values, &DatasetOptions::contiguous())
    })
}

fn contiguous_beyond_eof() -> Trap {
    let change = |file: &mut Bytes| {
        file.replace(&words(&[1000]), &words(&[1 << 50]));
        file.replace(&words(&[2000]), &words(&[1 << 51]));
    };
    Trap::new(in_one_run(), change, FIRST, Corrupt("reach past the end"))
}

fn contiguous_wraps_around() -> Trap {
    let change = |file: &mut Bytes| {
        let size = file.find(&words(&[2000]));
        file.put(size - 8, &words(&[u64::MAX - 8]));
    };
    Trap::new(
        in_one_run(),
        change,
        ALL,
        Corrupt("its 2000 bytes reach past the end"),
    )
}

fn compact_shorter_than_shape() -> Trap {
    let base = Bytes::made(|edit| {
        edit.write(
            "/matrix",
            &vec![7_u16; 100].into(),
            &DatasetOptions::compact(),
        )
    });
    let change = |file: &mut Bytes| file.replace(&words(&[100]), &words(&[1 << 40]));
    Trap::new(base, change, FIRST, Corrupt("bytes"))
}

/// Half a million chunks to look for and none of them there.
fn one_byte_chunks() -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[1]);
        edit.create("/matrix", h5lite::DType::U8, &[1 << 50], &options)
    });
    Trap::legal(base, ALL, Limit("read_bytes"))
}

/// Another program would open `/etc/hostname`.
fn external_raw_file() -> Trap {
    let read = Call::Of(|file| {
        file.dataset("/external_raw")?
            .read_any(&[])
            .map(|_| String::new())
    });
    let base = Bytes::fixture("refused-latest.h5");
    Trap::legal(base, read, Unsupported("raw data in external files"))
}

fn virtual_dataset() -> Trap {
    let read = Call::Of(|file| {
        file.dataset("/virtual")?
            .read_any(&[])
            .map(|_| String::new())
    });
    let base = Bytes::fixture("refused-latest.h5");
    Trap::legal(base, read, Unsupported("virtual dataset"))
}
