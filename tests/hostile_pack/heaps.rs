//! Heaps: objects of no size, of 4 GiB, shared by thousands, and tables that double for ever.

use h5lite::{Array, DatasetOptions, Object};

use crate::{
    Named,
    bytes::{Bytes, index, words},
    trap::{
        Call,
        Expected::{self, Answer, Corrupt, Limit},
        Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    (
        "global_heap_object_of_no_size",
        global_heap_object_of_no_size,
    ),
    ("global_heap_of_a_terabyte", global_heap_of_a_terabyte),
    ("global_heap_too_small", global_heap_too_small),
    ("global_heap_two_objects_1", global_heap_two_objects_1),
    ("global_heap_free_space_first", global_heap_free_space_first),
    ("string_of_4_gib", string_of_4_gib),
    ("string_cut_short", string_cut_short),
    (
        "string_of_no_length_of_no_heap",
        string_of_no_length_of_no_heap,
    ),
    ("string_of_no_object", string_of_no_object),
    ("string_of_no_heap", string_of_no_heap),
    ("strings_share_one_object", strings_share_one_object),
    ("collections_overlap", collections_overlap),
    (
        "sequences_of_sequences_in_themselves",
        sequences_of_sequences_in_themselves,
    ),
    (
        "fractal_heap_blocks_double_for_ever",
        fractal_heap_blocks_double_for_ever,
    ),
    ("fractal_heap_sizes_lie", fractal_heap_sizes_lie),
    ("fractal_heap_of_no_columns", fractal_heap_of_no_columns),
    ("fractal_heap_rows_lie", fractal_heap_rows_lie),
    (
        "fractal_heap_root_is_its_header",
        fractal_heap_root_is_its_header,
    ),
    ("fractal_heap_filtered", fractal_heap_filtered),
    ("fractal_heap_indirect_cycle", fractal_heap_indirect_cycle),
];

fn strings() -> Bytes {
    Bytes::made(|edit| {
        let texts: Array = vec!["x".repeat(30), "y".repeat(31)].into();
        edit.write("/s", &texts, &DatasetOptions::contiguous())
    })
}

const READ: Call = Call::Of(|file| {
    let texts = file.dataset("/s")?.read::<String>(&[])?;
    Ok(format!("{} strings, {:?}", texts.len(), texts.first()))
});

/// Strings in a global heap, of which `change` knows where it stands.
fn with_heap(change: impl FnOnce(&mut Bytes, usize), expected: Expected) -> Trap {
    let change = |file: &mut Bytes| {
        let heap = file.find(b"GCOL");
        change(file, heap);
    };
    Trap::new(strings(), change, READ, expected)
}

fn global_heap_object_of_no_size() -> Trap {
    let change = |file: &mut Bytes, heap| file.put(heap + 24, &words(&[0]));
    with_heap(change, Corrupt("global heap"))
}

fn global_heap_of_a_terabyte() -> Trap {
    let change = |file: &mut Bytes, heap| file.put(heap + 8, &words(&[1 << 40]));
    with_heap(change, Corrupt("reach past the end"))
}

fn global_heap_too_small() -> Trap {
    let change = |file: &mut Bytes, heap| file.put(heap + 8, &words(&[3]));
    with_heap(change, Corrupt("global heap"))
}

fn global_heap_two_objects_1() -> Trap {
    let change = |file: &mut Bytes, heap| file.put(heap + 16 + 16 + 32, &[1]);
    with_heap(change, Corrupt("two objects 1"))
}

/// Object 0 is free space, behind which there is nothing.
fn global_heap_free_space_first() -> Trap {
    let change = |file: &mut Bytes, heap| file.put(heap + 16, &[0]);
    with_heap(change, Corrupt("no object 1"))
}

/// Where the reference to the first string stands: its length, heap, and object.
fn reference(file: &Bytes) -> usize {
    let heap = file.find(b"GCOL") as u64;
    file.find(&[&30_u32.to_le_bytes()[..], &words(&[heap])].concat())
}

fn string_of_4_gib() -> Trap {
    let change = |file: &mut Bytes| {
        let at = reference(file);
        file.put(at, &[0xff; 4]);
    };
    Trap::new(
        strings(),
        change,
        READ,
        Corrupt("has 30 bytes, not 4294967295 x 1"),
    )
}

/// libhdf5 refuses it too: no string would say that a part of it is missing.
fn string_cut_short() -> Trap {
    let change = |file: &mut Bytes| {
        let at = reference(file);
        file.put(at, &29_u32.to_le_bytes());
    };
    Trap::new(strings(), change, READ, Corrupt("has 30 bytes, not 29 x 1"))
}

/// An empty string leads nowhere, or to an object of no bytes.
fn string_of_no_length_of_no_heap() -> Trap {
    let change = |file: &mut Bytes| {
        let at = reference(file);
        file.put(at, &[0; 4]);
        file.put(at + 4, &words(&[8]));
    };
    let expected = Corrupt("global heap collection at 0x8");
    Trap::new(strings(), change, READ, expected)
}

fn string_of_no_object() -> Trap {
    let change = |file: &mut Bytes| {
        let at = reference(file);
        file.put(at + 12, &[0xff; 4]);
    };
    Trap::new(strings(), change, READ, Corrupt("no object 4294967295"))
}

fn string_of_no_heap() -> Trap {
    let change = |file: &mut Bytes| {
        let at = reference(file);
        file.put(at + 4, &words(&[8]));
    };
    Trap::new(
        strings(),
        change,
        READ,
        Corrupt("global heap collection at 0x8"),
    )
}

/// A thousand references to one string of half a megabyte.
fn strings_share_one_object() -> Trap {
    let base = Bytes::made(|edit| {
        let mut texts = vec!["x".repeat(500_000)];
        texts.extend((0..1_000).map(|i| format!("{i}")));
        edit.write("/s", &Array::from(texts), &DatasetOptions::contiguous())
    });
    let change = |file: &mut Bytes| {
        let length = 500_000_u32.to_le_bytes();
        let first = file.find_all(&length);
        let first = *first.iter().find(|at| file.0[**at + 12] == 1).unwrap();
        let one = file.0[first..first + 16].to_vec();
        (0..1_001).for_each(|i| file.put(first + 16 * i, &one));
    };
    Trap::new(base, change, READ, Limit("read_bytes"))
}

/// Collections one inside the other, each of which takes all that follows.
fn collections_overlap() -> Trap {
    let base = Bytes::made(|edit| {
        let texts: Vec<_> = (0..2_000).map(|i| format!("text {i}")).collect();
        edit.write("/s", &Array::from(texts), &DatasetOptions::contiguous())
    });
    let change = |file: &mut Bytes| {
        let heap = file.find_all(b"GCOL")[0] as u64;
        let first = file.find(&[&6_u32.to_le_bytes()[..], &words(&[heap]), &[1, 0, 0, 0]].concat());
        let start = file.end();
        for i in 0..2_000 {
            let len = (2_000 - i) * 56;
            let object = words(&[1, 8, 0x2065_6d6f_7365_6d6f, 0, 0]);
            file.append(&[&b"GCOL\x01\0\0\0"[..], &words(&[len]), &object].concat());
        }
        for i in 0..2_000 {
            let at = first + 16 * i;
            let heap = words(&[start + 56 * i as u64]);
            file.put(at, &8_u32.to_le_bytes());
            file.put(at + 4, &heap);
            file.put(at + 12, &[1, 0, 0, 0]);
        }
    };
    Trap::new(base, change, READ, Corrupt("overlaps other collections"))
}

/// A sequence that is its own element.
fn sequences_of_sequences_in_themselves() -> Trap {
    let change = |file: &mut Bytes| {
        let heap = file.find(b"GCOL");
        let (address, mut at) = (words(&[heap as u64]), heap + 16);
        // The first object that leads back to the collection.
        while file.0[at + 20..at + 28] != address {
            at += 16 + index(file.u64(at + 8)).next_multiple_of(8);
        }
        let number = file.0[at];
        file.put(at + 16, &[1, 0, 0, 0]);
        file.put(at + 28, &[number, 0, 0, 0]);
    };
    let read = Call::Of(|file| {
        let all = file.check();
        Ok(format!("{} findings", all.len()))
    });
    Trap::new(
        Bytes::fixture("sequences-latest.h5"),
        change,
        read,
        Answer("findings"),
    )
}

const LINKS: Call = Call::Of(|file| {
    let root = file.root()?;
    for name in root.names()? {
        if let Object::Group(group) = root.object(&name)? {
            group.links()?;
        }
    }
    Ok("all read".to_owned())
});

/// Groups with fractal heaps, the first of which is changed and has the right checksum.
fn fractal(change: impl FnOnce(&mut Bytes, usize), expected: Expected) -> Trap {
    let change = |file: &mut Bytes| {
        let heap = file.find_all(b"FRHP")[0];
        change(file, heap);
        file.seal(heap..heap + HEAP_LEN);
    };
    Trap::new(Bytes::fixture("dense-links.h5"), change, LINKS, expected)
}

/// Length of a heap's header in front of its checksum, and where in it things stand.
const HEAP_LEN: usize = 142;
const COLUMNS: usize = 110;
const START: usize = 112;
const LARGEST: usize = 120;
const BITS: usize = 128;
const ROOT: usize = 132;
const ROWS: usize = 140;

fn fractal_heap_blocks_double_for_ever() -> Trap {
    let change = |file: &mut Bytes, heap: usize| {
        file.put(heap + BITS, &[0xff, 0xff]);
    };
    fractal(change, Corrupt("in a heap of 2^65535"))
}

fn fractal_heap_sizes_lie() -> Trap {
    let change = |file: &mut Bytes, heap: usize| {
        file.put(heap + START, &words(&[1 << 63]));
        file.put(heap + LARGEST, &words(&[1 << 62]));
    };
    fractal(change, Corrupt("in a heap of"))
}

fn fractal_heap_of_no_columns() -> Trap {
    let change = |file: &mut Bytes, heap: usize| file.put(heap + COLUMNS, &[0, 0]);
    fractal(change, Corrupt("not all powers of two"))
}

fn fractal_heap_rows_lie() -> Trap {
    let change = |file: &mut Bytes, heap: usize| file.put(heap + ROWS, &[0xff, 0xff]);
    fractal(change, Corrupt("fractal heap"))
}

fn fractal_heap_root_is_its_header() -> Trap {
    let change = |file: &mut Bytes, heap: usize| file.put(heap + ROOT, &words(&[heap as u64]));
    fractal(change, Corrupt("fractal heap"))
}

fn fractal_heap_filtered() -> Trap {
    let change = |file: &mut Bytes, heap: usize| file.put(heap + 7, &[1, 0]);
    fractal(change, Corrupt("fractal heap header"))
}

/// An indirect block whose first child is itself.
fn fractal_heap_indirect_cycle() -> Trap {
    let change = |file: &mut Bytes| {
        let block = file.find_all(b"FHIB")[0];
        let heap = index(file.u64(block + 5));
        let width = usize::from(file.0[heap + BITS]).div_ceil(8);
        let rows = usize::from(file.0[heap + ROWS]);
        let columns = usize::from(file.0[heap + COLUMNS]);
        let children = block + 13 + width;
        (0..rows * columns).for_each(|i| file.put(children + 8 * i, &words(&[block as u64])));
        file.seal(block..children + 8 * rows * columns);
    };
    Trap::new(
        Bytes::fixture("dense-links.h5"),
        change,
        LINKS,
        Corrupt("fractal heap"),
    )
}
