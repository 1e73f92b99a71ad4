//! Chunk indexes: cycles, lies about levels and counts, more nodes than the file has bytes.

use h5lite::{DType, DatasetOptions, Object};

use crate::{
    Named,
    bytes::{Bytes, UNDEFINED, chunk_node, index, numbers, words},
    trap::{
        ALL, Call,
        Expected::{self, Answer, Corrupt, Limit},
        FIRST, Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    ("chunk_btree_cycle", chunk_btree_cycle),
    ("chunk_btree_billion_laughs", chunk_btree_billion_laughs),
    ("chunk_btree_shared_nodes", chunk_btree_shared_nodes),
    (
        "chunk_btree_key_inside_element",
        chunk_btree_key_inside_element,
    ),
    ("chunk_btree_level_lies", chunk_btree_level_lies),
    ("chunk_btree_chain", chunk_btree_chain),
    (
        "chunk_btree_lost_of_many_chunks",
        chunk_btree_lost_of_many_chunks,
    ),
    ("chunk_btree_count_lies", chunk_btree_count_lies),
    ("chunk_btree_nodes_overlap", chunk_btree_nodes_overlap),
    ("chunk_btree_of_a_group", chunk_btree_of_a_group),
    ("chunk_btree_rank_lies", chunk_btree_rank_lies),
    ("chunk_keys_out_of_grid", chunk_keys_out_of_grid),
    ("chunk_keys_between_chunks", chunk_keys_between_chunks),
    ("chunk_duplicates", chunk_duplicates),
    ("btree_v2_depth_lies", btree_v2_depth_lies),
    ("btree_v2_cycle", btree_v2_cycle),
    ("btree_v2_records_of_nothing", btree_v2_records_of_nothing),
    ("btree_v2_wide_node_many_rows", btree_v2_wide_node_many_rows),
    (
        "fixed_array_pages_of_2_to_255",
        fixed_array_pages_of_2_to_255,
    ),
    ("fixed_array_count_lies", fixed_array_count_lies),
    (
        "fixed_array_one_page_many_rows",
        fixed_array_one_page_many_rows,
    ),
    (
        "extensible_array_without_blocks",
        extensible_array_without_blocks,
    ),
    ("extensible_array_of_2_to_255", extensible_array_of_2_to_255),
    (
        "extensible_array_blocks_of_2_to_63",
        extensible_array_blocks_of_2_to_63,
    ),
    ("extensible_array_cycle", extensible_array_cycle),
];

/// Every value of every dataset, up to the first error.
const EVERY: Call = Call::Of(|file| {
    let root = file.root()?;
    for name in root.names()? {
        if let Object::Dataset(dataset) = root.object(&name)? {
            dataset.read_any(&[])?;
        }
    }
    Ok("all read".to_owned())
});

/// The end of the keys of a matrix of 64 by 64.
const END: [u64; 2] = [64, 0];

/// A matrix whose index is another; `make` gets the first child of the old one.
fn with_root(
    make: impl FnOnce(&mut Bytes, (u32, u64)) -> u64,
    call: Call,
    expected: Expected,
) -> Trap {
    let change = |file: &mut Bytes| {
        let layout = file.layout(&[16, 16], 4);
        let node = index(file.u64(layout + 3));
        let first = (file.u32(node + 24), file.u64(node + 56));
        let root = make(file, first);
        file.put(layout + 3, &words(&[root]));
    };
    Trap::new(Bytes::matrix(&[64, 64], &[16, 16]), change, call, expected)
}

fn chunk_btree_cycle() -> Trap {
    let make = |file: &mut Bytes, _| {
        let itself = file.end();
        let children: Vec<_> = (0..64).map(|i| (9, vec![0, i * 16], itself)).collect();
        file.append(&chunk_node(1, &children, &END))
    };
    with_root(make, ALL, Corrupt("below level 1"))
}

/// Eight levels of nodes, each 64 times the one below: 64^9 chunks.
fn chunk_btree_billion_laughs() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let mut below = file.append(&chunk_node(0, &[(size, vec![0, 0], chunk)], &END));
        for level in 1..9 {
            let children = vec![(size, vec![0, 0], below); 64];
            below = file.append(&chunk_node(level, &children, &END));
        }
        below
    };
    with_root(make, ALL, Corrupt("is not behind the one before"))
}

/// The same, where no node has two equal keys.
fn chunk_btree_shared_nodes() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let mut below = file.append(&chunk_node(0, &[(size, vec![0, 0], chunk)], &END));
        for level in 1..9 {
            let children: Vec<_> = (0..64).map(|i| (size, vec![0, i], below)).collect();
            below = file.append(&chunk_node(level, &children, &END));
        }
        below
    };
    with_root(make, ALL, Corrupt("not where the node above says"))
}

/// A position that no chunk has; libhdf5 does not find the chunk then.
fn chunk_btree_key_inside_element() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let mut node = chunk_node(0, &[(size, vec![0, 0], chunk)], &END);
        node[24 + 8 + 16] = 1;
        file.append(&node)
    };
    with_root(make, ALL, Corrupt("inside an element"))
}

fn chunk_btree_level_lies() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let leaf = file.append(&chunk_node(0, &[(size, vec![0, 0], chunk)], &END));
        file.append(&chunk_node(200, &[(size, vec![0, 0], leaf)], &END))
    };
    with_root(make, ALL, Corrupt("level 0 below level 200"))
}

/// As many levels as a tree can have, in front of a dataset of many rows of chunks.
fn chunk_btree_chain() -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[1, 1]);
        edit.create("/matrix", DType::F32, &[300_000, 1], &options)?;
        edit.write_at("/matrix", &[0.into(), 0.into()], &numbers(&[1, 1]))
    });
    let change = |file: &mut Bytes| {
        let layout = file.layout(&[1, 1], 4);
        let mut below = file.u64(layout + 3);
        for level in 1..=255 {
            below = file.append(&chunk_node(level, &[(4, vec![0, 0], below)], &[300_000, 0]));
        }
        file.put(layout + 3, &words(&[below]));
    };
    Trap::new(base, change, ALL, Limit("index_bytes"))
}

/// Nobody knows where any of its chunks is.
fn chunk_btree_lost_of_many_chunks() -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[1, 1]);
        edit.create("/matrix", DType::F32, &[1 << 30, 1 << 20], &options)?;
        edit.write_at("/matrix", &[0.into(), 0.into()], &numbers(&[1, 1]))
    });
    let change = |file: &mut Bytes| {
        let root = file.find(b"TREE\x01");
        file.put(root, b"EERT");
    };
    Trap::new(base, change, FIRST, Corrupt("version 1 B-tree node"))
}

fn chunk_btree_count_lies() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let mut node = chunk_node(0, &[(size, vec![0, 0], chunk)], &END);
        node[6..8].copy_from_slice(&[0xff, 0xff]);
        file.append(&node)
    };
    with_root(make, ALL, Corrupt("leave the file"))
}

/// Nodes one behind the other, each of which claims all that follow.
fn chunk_btree_nodes_overlap() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let leaf = chunk_node(0, &[(size, vec![0, 0], chunk)], &END);
        let step = leaf.len().next_multiple_of(8) as u64;
        let start = file.end();
        for number in 0..3_000_u16 {
            let mut node = leaf.clone();
            node[6..8].copy_from_slice(&((3_000 - number) * 2).to_le_bytes());
            file.append(&node);
        }
        let children: Vec<_> = (0..3_000)
            .map(|i| (size, vec![0, i * 16], start + i * step))
            .collect();
        file.append(&vec![0; 200_000]);
        file.append(&chunk_node(1, &children, &END))
    };
    with_root(make, ALL, Corrupt("version 1 B-tree node"))
}

fn chunk_btree_of_a_group() -> Trap {
    let make = |file: &mut Bytes, _| file.find_all(b"TREE\0")[0] as u64;
    with_root(make, ALL, Corrupt("node type 0"))
}

fn chunk_btree_rank_lies() -> Trap {
    let change = |file: &mut Bytes| {
        let layout = file.layout(&[16, 16], 4);
        file.put(layout + 2, &[2]);
    };
    Trap::new(
        Bytes::matrix(&[64, 64], &[16, 16]),
        change,
        ALL,
        Corrupt("chunks of"),
    )
}

fn chunk_keys_out_of_grid() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        let child = |i: u64| (size, vec![16 << (40 + i), 0], chunk);
        let children: Vec<_> = (0..16).map(child).collect();
        file.append(&chunk_node(0, &children, &[1 << 62, 0]))
    };
    with_root(make, ALL, Answer("[64, 64]"))
}

fn chunk_keys_between_chunks() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        file.append(&chunk_node(0, &[(size, vec![0, 7], chunk)], &END))
    };
    with_root(make, ALL, Corrupt("offset 7 in chunks of 16"))
}

fn chunk_duplicates() -> Trap {
    let make = |file: &mut Bytes, (size, chunk)| {
        file.append(&chunk_node(0, &vec![(size, vec![0, 0], chunk); 60], &END))
    };
    with_root(make, ALL, Corrupt("is not behind the one before"))
}

/// The fixture, the first structure of a kind changed and its checksum right again.
fn sealed(
    fixture: &str,
    (signature, len): (&[u8], usize),
    change: impl FnOnce(&mut Bytes, usize),
    expected: Expected,
) -> Trap {
    let change = |file: &mut Bytes| {
        let at = file.find_all(signature)[0];
        change(file, at);
        file.seal(at..at + len);
    };
    Trap::new(Bytes::fixture(fixture), change, EVERY, expected)
}

fn tree_v2(change: impl FnOnce(&mut Bytes, usize), expected: Expected) -> Trap {
    sealed("btree-v2-latest.h5", (b"BTHD", 34), change, expected)
}

fn btree_v2_depth_lies() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 12, &60_000_u16.to_le_bytes());
    tree_v2(change, Corrupt("depth 60000"))
}

/// A root whose two children are itself.
fn btree_v2_cycle() -> Trap {
    let change = |file: &mut Bytes, at: usize| {
        let root = file.end();
        let (kind, len) = (file.0[at + 5], usize::from(file.0[at + 10]));
        let child = [&words(&[root])[..], &[1, 1, 0]].concat();
        let records = vec![0; len];
        file.append(&whole(&[b"BTIN\0", &[kind], &records, &child, &child]));
        file.put(at + 12, &2_u16.to_le_bytes());
        file.put(at + 16, &words(&[root]));
        file.put(at + 24, &1_u16.to_le_bytes());
    };
    tree_v2(change, Corrupt("version 2 B-tree node"))
}

fn btree_v2_records_of_nothing() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 10, &[0, 0]);
    tree_v2(change, Corrupt("no room for a record"))
}

/// A dataset of 300,000 rows of chunks, with an index of the newer kinds: `make` writes it and
/// returns how it is called, what is said of it, and where it is.
fn many_rows(make: impl FnOnce(&mut Bytes) -> (u8, Vec<u8>, u64)) -> Trap {
    let base = Bytes::made(|edit| {
        let options = DatasetOptions::chunked(&[1]);
        edit.create("/matrix", DType::F32, &[MANY], &options)
    });
    let change = |file: &mut Bytes| {
        let layout = file.layout(&[1], 4);
        let (kind, parameters, address) = make(file);
        file.put(
            layout,
            &[&[4, 2, 0, 2, 1, 1, 4, kind][..], &parameters].concat(),
        );
        file.put(layout + 8 + parameters.len(), &words(&[address]));
    };
    Trap::new(base, change, ALL, Answer("[300000]"))
}

const MANY: usize = 300_000;

/// A structure and its checksum.
fn whole(parts: &[&[u8]]) -> Vec<u8> {
    let bytes = parts.concat();
    let sum = h5lite::testing::checksum(&bytes).to_le_bytes();
    [&bytes[..], &sum].concat()
}

/// One leaf of 65,535 records, whose checksum takes a while.
fn btree_v2_wide_node_many_rows() -> Trap {
    many_rows(|file| {
        let leaf = file.append(&whole(&[b"BTLF\0\x0a", &vec![0xfe; 16 * 0xffff]]));
        let header = [&b"BTHD\0\x0a"[..], &[0, 0, 32, 0, 16, 0, 0, 0, 100, 40]].concat();
        let counts = [&[0xff, 0xff][..], &words(&[0xffff])].concat();
        let header = file.append(&whole(&[&header, &words(&[leaf]), &counts]));
        (5, vec![0, 0, 32, 0, 100, 40], header)
    })
}

/// All elements in one block, whose checksum takes a while.
fn fixed_array_one_page_many_rows() -> Trap {
    many_rows(|file| {
        let header = file.end();
        let block = words(&[header + 32]);
        let count = words(&[MANY as u64]);
        file.append(&whole(&[b"FAHD\0\0\x08\x1e", &count, &block]));
        let elements = words(&vec![UNDEFINED; MANY]);
        file.append(&whole(&[b"FADB\0\0", &words(&[header]), &elements]));
        (3, vec![30], header)
    })
}

fn fixed_array(change: impl FnOnce(&mut Bytes, usize), expected: Expected) -> Trap {
    sealed("fixed-array-latest.h5", (b"FAHD", 24), change, expected)
}

fn fixed_array_pages_of_2_to_255() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 7, &[255]);
    fixed_array(change, Corrupt("pages of 2^255"))
}

fn fixed_array_count_lies() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 8, &words(&[1 << 60]));
    fixed_array(change, Corrupt("fixed array data block"))
}

fn extensible_array(change: impl FnOnce(&mut Bytes, usize), expected: Expected) -> Trap {
    sealed(
        "extensible-array-latest.h5",
        (b"EAHD", 68),
        change,
        expected,
    )
}

fn extensible_array_without_blocks() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 9, &[0, 0]);
    extensible_array(change, Corrupt("not powers of two"))
}

fn extensible_array_of_2_to_255() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 7, &[255]);
    extensible_array(change, Corrupt("2^255 elements"))
}

fn extensible_array_blocks_of_2_to_63() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 7, &[63, 4, 128, 128]);
    extensible_array(change, Corrupt("extensible array"))
}

/// An array whose index block is its header.
fn extensible_array_cycle() -> Trap {
    let change = |file: &mut Bytes, at| file.put(at + 60, &words(&[at as u64]));
    extensible_array(change, Corrupt("extensible array index block"))
}
