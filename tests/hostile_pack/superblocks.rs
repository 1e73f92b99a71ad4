//! The superblock and what it says of the whole file.

use crate::{
    Named,
    bytes::{Bytes, words},
    trap::{
        Call,
        Expected::{self, Answer, Corrupt, Unsupported},
        NAMES, Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    ("empty_file", empty_file),
    ("signature_only", signature_only),
    ("superblock_only", superblock_only),
    ("end_of_file_lies", end_of_file_lies),
    (
        "end_of_file_in_front_of_the_root",
        end_of_file_in_front_of_the_root,
    ),
    ("base_address_beyond_eof", base_address_beyond_eof),
    ("base_address_wraps_around", base_address_wraps_around),
    ("root_is_the_superblock", root_is_the_superblock),
    ("sizes_of_32_bytes", sizes_of_32_bytes),
    ("extension_is_the_root", extension_is_the_root),
    ("extension_is_the_superblock", extension_is_the_superblock),
    ("user_block_in_a_user_block", user_block_in_a_user_block),
    (
        "extension_continues_in_itself",
        extension_continues_in_itself,
    ),
];

fn small() -> Bytes {
    Bytes::made(|edit| edit.create_group("g"))
}

fn cut(to: usize, expected: Expected) -> Trap {
    Trap::new(
        small(),
        |file: &mut Bytes| file.0.truncate(to),
        NAMES,
        expected,
    )
}

fn empty_file() -> Trap {
    cut(0, Corrupt("not an HDF5 file"))
}

fn signature_only() -> Trap {
    cut(8, Corrupt("it ends after 8 of its bytes"))
}

fn superblock_only() -> Trap {
    cut(96, Corrupt("truncated file"))
}

fn end_of_file_lies() -> Trap {
    let change = |file: &mut Bytes| file.put(40, &words(&[1 << 62]));
    Trap::new(small(), change, NAMES, Corrupt("superblock"))
}

fn end_of_file_in_front_of_the_root() -> Trap {
    let change = |file: &mut Bytes| file.put(40, &words(&[96]));
    Trap::new(small(), change, NAMES, Corrupt("reach past the end"))
}

fn base_address_beyond_eof() -> Trap {
    let change = |file: &mut Bytes| file.put(24, &words(&[1 << 40]));
    Trap::new(small(), change, NAMES, Corrupt("it ends before it starts"))
}

fn base_address_wraps_around() -> Trap {
    let change = |file: &mut Bytes| file.put(24, &words(&[u64::MAX - 50]));
    Trap::new(small(), change, NAMES, Corrupt("it ends before it starts"))
}

fn root_is_the_superblock() -> Trap {
    let change = |file: &mut Bytes| file.put(64, &words(&[0]));
    Trap::new(small(), change, NAMES, Corrupt("object header"))
}

fn sizes_of_32_bytes() -> Trap {
    let change = |file: &mut Bytes| file.put(13, &[32, 32]);
    let unread = Call::Of(|_| Ok("opened".to_owned()));
    Trap::new(small(), change, unread, Unsupported("offsets of 32"))
}

/// A file with a superblock extension: version 2 or 3.
fn extended(change: impl FnOnce(&mut Bytes), expected: Expected) -> Trap {
    let change = |file: &mut Bytes| {
        change(file);
        file.seal(0..44);
    };
    let space = Call::Of(|file| file.space().map(|space| format!("{space:?}")));
    Trap::new(
        Bytes::fixture("superblock-extension-page.h5"),
        change,
        space,
        expected,
    )
}

fn extension_is_the_root() -> Trap {
    let change = |file: &mut Bytes| {
        let root = words(&[file.u64(36)]);
        file.put(20, &root);
    };
    extended(change, Answer("Space"))
}

fn extension_is_the_superblock() -> Trap {
    extended(
        |file: &mut Bytes| file.put(20, &words(&[0])),
        Corrupt("object header"),
    )
}

/// A second superblock at 512 that has itself as its base, inside the first one's file.
fn user_block_in_a_user_block() -> Trap {
    let base = Bytes::fixture("userblock-512.loom");
    let change = |file: &mut Bytes| {
        file.put(512 + 24, &words(&[u64::MAX >> 1]));
    };
    Trap::new(
        base,
        change,
        NAMES,
        Corrupt("superblock at 0x200: it ends before it starts"),
    )
}

/// An extension that is continued in itself.
fn extension_continues_in_itself() -> Trap {
    let change = |file: &mut Bytes| {
        let at = file.u64(20);
        let header = crate::bytes::index(at);
        // Behind the prefix of 23 bytes stands the one message, which leads on.
        assert_eq!(file.0[header + 23], 0x10);
        file.put(header + 27, &words(&[at, 45]));
        file.seal(header..header + 45);
    };
    extended(change, Corrupt("object header"))
}
