//! Groups: cycles, shared and overlapping names, endless paths.

use h5lite::{DatasetOptions, Object};

use crate::{
    Named,
    bytes::{Bytes, UNDEFINED, empty, index, words},
    trap::{
        CHECK, Call,
        Expected::{Answer, Corrupt, Limit, Unsupported},
        NAMES, Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    ("group_btree_cycle", group_btree_cycle),
    ("group_btree_nodes_overlap", group_btree_nodes_overlap),
    ("group_node_repeated", group_node_repeated),
    ("group_node_count_lies", group_node_count_lies),
    ("group_heap_is_its_tree", group_heap_is_its_tree),
    ("group_without_header", group_without_header),
    ("group_inside_a_chunk", group_inside_a_chunk),
    ("local_heap_no_nul", local_heap_no_nul),
    ("local_heap_free_list_cycle", local_heap_free_list_cycle),
    ("local_heap_beyond_eof", local_heap_beyond_eof),
    ("names_outside_the_heap", names_outside_the_heap),
    ("names_share_their_bytes", names_share_their_bytes),
    (
        "names_of_groups_share_their_bytes",
        names_of_groups_share_their_bytes,
    ),
    ("group_cycle", group_cycle),
    ("soft_link_cycle", soft_link_cycle),
    ("soft_link_maze", soft_link_maze),
    ("external_link", external_link),
    ("deep_groups", deep_groups),
    ("deeper_groups", deeper_groups),
    ("odd_names", odd_names),
    ("long_name_above_many_links", long_name_above_many_links),
    (
        "long_name_above_many_attributes",
        long_name_above_many_attributes,
    ),
    ("dense_link_name_lies", dense_link_name_lies),
];

/// A root group of 60 groups, in several nodes.
fn sixty() -> Bytes {
    Bytes::made(|edit| (0..60).try_for_each(|i| edit.create_group(&format!("g{i:03}"))))
}

/// Where the node of a group's tree stands that has this many children.
fn tree(file: &Bytes, count: u8) -> usize {
    file.find(&[b'T', b'R', b'E', b'E', 0, 0, count, 0])
}

fn group_btree_cycle() -> Trap {
    let change = |file: &mut Bytes| {
        let root = tree(file, 8);
        file.put(root + 5, &[1]);
        (0..8).for_each(|i| file.put(root + 32 + 16 * i, &words(&[root as u64])));
    };
    Trap::new(sixty(), change, NAMES, Corrupt("below level 1"))
}

/// Nodes one behind the other, each of which claims all that follow.
fn group_btree_nodes_overlap() -> Trap {
    let change = |file: &mut Bytes| {
        let old = tree(file, 8);
        let start = file.end();
        for number in 0..10_000_u16 {
            let count = (10_000 - number).to_le_bytes();
            file.append(&[&b"TREE\0\0"[..], &count, &words(&[UNDEFINED; 2])].concat());
        }
        let children: Vec<u64> = (0..10_000).flat_map(|i| [start + i * 24, 0]).collect();
        let root = [&b"TREE\0\x01"[..], &10_000_u16.to_le_bytes()].concat();
        let root =
            file.append(&[root, words(&[UNDEFINED, UNDEFINED, 0]), words(&children)].concat());
        file.find_all(&words(&[old as u64]))
            .iter()
            .for_each(|at| file.put(*at, &words(&[root])));
    };
    Trap::new(
        sixty(),
        change,
        NAMES,
        Corrupt("the address of a child is undefined"),
    )
}

fn group_node_repeated() -> Trap {
    let change = |file: &mut Bytes| {
        let root = tree(file, 8);
        let first = words(&[file.u64(root + 32)]);
        (0..8).for_each(|i| file.put(root + 32 + 16 * i, &first));
    };
    Trap::new(sixty(), change, NAMES, Corrupt("is reached twice"))
}

fn group_node_count_lies() -> Trap {
    let change = |file: &mut Bytes| {
        let node = file.find_all(b"SNOD")[0];
        file.put(node + 6, &[0xff, 0xff]);
    };
    Trap::new(sixty(), change, NAMES, Corrupt("symbol table node"))
}

fn group_heap_is_its_tree() -> Trap {
    let change = |file: &mut Bytes| {
        let table = file.root_table();
        let tree = words(&[file.u64(table)]);
        file.put(table + 8, &tree);
    };
    Trap::new(small(), change, NAMES, Corrupt("local heap"))
}

/// A root group with a dataset and a group.
fn small() -> Bytes {
    Bytes::made(|edit| {
        (0..59).try_for_each(|i| edit.create_group(&format!("g{i:03}")))?;
        edit.write(
            "/matrix",
            &vec![1_u8; 4].into(),
            &DatasetOptions::contiguous(),
        )
    })
}

/// Where the header's address of the first link in the first node stands.
fn first_link(file: &Bytes) -> usize {
    file.find_all(b"SNOD")[0] + 16
}

const INTO: Call = Call::Of(|file| {
    let root = file.root()?;
    let name = &root.names()?[0];
    Ok(format!("{:?}", root.group(name)?.names()?))
});

fn group_without_header() -> Trap {
    let change = |file: &mut Bytes| {
        let at = first_link(file);
        file.put(at, &words(&[UNDEFINED]));
    };
    Trap::new(sixty(), change, NAMES, Corrupt("undefined address"))
}

fn group_inside_a_chunk() -> Trap {
    let change = |file: &mut Bytes| {
        let at = first_link(file);
        file.put(at, &words(&[3]));
    };
    Trap::new(sixty(), change, INTO, Corrupt("object header at 0x3"))
}

/// Where the root group's local heap stands.
fn heap(file: &Bytes) -> usize {
    index(file.u64(file.root_table() + 8))
}

/// Where its data starts, and how long it is.
fn segment(file: &Bytes) -> (usize, usize) {
    let heap = heap(file);
    (index(file.u64(heap + 24)), index(file.u64(heap + 8)))
}

fn local_heap_no_nul() -> Trap {
    let change = |file: &mut Bytes| {
        let (start, len) = segment(file);
        file.put(start + 8, &vec![b'A'; len - 8]);
    };
    Trap::new(sixty(), change, NAMES, Corrupt("no name ends in its"))
}

/// A free block that is its own successor: nobody who reads goes there.
fn local_heap_free_list_cycle() -> Trap {
    let change = |file: &mut Bytes| {
        let heap = heap(file);
        let (start, _) = segment(file);
        file.put(heap + 16, &words(&[8]));
        file.put(start + 8, &words(&[8, 16]));
    };
    let base = Bytes::made(|edit| {
        edit.create_group("a_name_of_more_than_sixteen_bytes")?;
        edit.create_group("b")
    });
    Trap::new(base, change, NAMES, Answer("\"b\""))
}

fn local_heap_beyond_eof() -> Trap {
    let change = |file: &mut Bytes| {
        let heap = heap(file);
        file.put(heap + 8, &words(&[1 << 62]));
    };
    Trap::new(sixty(), change, NAMES, Corrupt("local heap"))
}

fn names_outside_the_heap() -> Trap {
    let change = |file: &mut Bytes| {
        let at = first_link(file) - 8;
        file.put(at, &words(&[1 << 40]));
    };
    Trap::new(sixty(), change, NAMES, Corrupt("no name ends in its"))
}

/// A root group with a name of 60 kB and 59 short ones.
fn long_name() -> Bytes {
    Bytes::made(|edit| {
        edit.create_group(&"x".repeat(60_000))?;
        (0..59).try_for_each(|i| edit.create_group(&format!("g{i:03}")))
    })
}

fn names_share_their_bytes() -> Trap {
    let change = |file: &mut Bytes| {
        let long = file.find(&vec![b'x'; 60_000]);
        let at = words(&[(long - segment(file).0) as u64]);
        for node in file.find_all(b"SNOD") {
            let count = usize::from(file.0[node + 6]);
            (0..count).for_each(|i| file.put(node + 8 + i * 40, &at));
        }
    };
    Trap::new(long_name(), change, NAMES, Corrupt("its objects overlap"))
}

/// Groups inside each other that all use one heap, whose only name is long.
fn names_of_groups_share_their_bytes() -> Trap {
    let change = |file: &mut Bytes| {
        let long = file.find(&vec![b'x'; 60_000]);
        let (heap, name) = (heap(file), (long - segment(file).0) as u64);
        let (mut below, mut top) = (file.u64(first_link(file)), 0);
        for _ in 0..2_000 {
            let entry = words(&[name, below, 0, 0, 0]);
            let node = file.append(&[&b"SNOD\x01\0\x01\0"[..], &entry].concat());
            let head = [&b"TREE\0\0\x01\0"[..], &words(&[UNDEFINED; 2])].concat();
            top = file.append(&[head, words(&[0, node, name])].concat());
            let message = [&[17, 0, 16, 0, 0, 0, 0, 0][..], &words(&[top, heap as u64])].concat();
            let prefix = [1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0];
            below = file.append(&[&prefix[..], &message].concat());
        }
        let table = file.root_table();
        file.put(table, &words(&[top]));
    };
    Trap::new(long_name(), change, CHECK, Answer("overlap"))
}

fn group_cycle() -> Trap {
    let up = Call::Of(|file| {
        let deep = file.group(&format!("/a/b/c{}", "/up/b/c".repeat(200)))?;
        Ok(format!("{:?}", deep.names()?))
    });
    Trap::legal(Bytes::fixture("links-latest.h5"), up, Answer("up"))
}

fn soft_link_cycle() -> Trap {
    let follow = Call::Of(|file| file.object("/soft/cycle1").map(|_| String::new()));
    let base = Bytes::fixture("links-latest.h5");
    Trap::legal(base, follow, Unsupported("more than 16 soft links"))
}

/// Hundreds of soft links whose ways lead thousands of times through a group of hundreds of links.
fn soft_link_maze() -> Trap {
    let base = Bytes::made(|edit| {
        edit.create_group("g")?;
        let way = "/g".repeat(1_500);
        (0..300).try_for_each(|i| edit.soft_link(&format!("g/soft{i}"), &format!("{way}/x{i}")))?;
        edit.create_group("g/g")
    });
    let change = |file: &mut Bytes| {
        // The inner group is the outer one.
        let root = file.find(b"SNOD\x01\0\x01\0");
        let outer = words(&[file.u64(root + 16)]);
        for node in file.find_all(b"SNOD") {
            for entry in 0..usize::from(file.0[node + 6]) {
                let at = node + 8 + 40 * entry;
                let soft = file.0[at + 16] == 2;
                if node != root && !soft {
                    file.put(at + 8, &outer);
                }
            }
        }
    };
    let follow = Call::Of(|file| file.object("/g/soft7").map(|_| String::new()));
    Trap::new(base, change, follow, Limit("depth"))
}

fn external_link() -> Trap {
    let follow = Call::Of(|file| file.object("/external/file").map(|_| String::new()));
    let base = Bytes::fixture("links-latest.h5");
    Trap::legal(
        base,
        follow,
        Unsupported("external link to /data/number in other.h5"),
    )
}

fn nested(depth: usize) -> Bytes {
    Bytes::made(|edit| edit.create_group(&"/g".repeat(depth)))
}

fn deep_groups() -> Trap {
    let down = Call::Of(|file| {
        file.group(&"/g".repeat(1_000))
            .map(|g| g.path().len().to_string())
    });
    Trap::legal(nested(1_000), down, Answer("2000"))
}

fn deeper_groups() -> Trap {
    let down = Call::Of(|file| {
        file.group(&"/g".repeat(3_000))
            .map(|g| g.path().len().to_string())
    });
    Trap::legal(nested(3_000), down, Limit("depth"))
}

fn odd_names() -> Trap {
    let base = Bytes::made(|edit| {
        let names = [
            "a\nb",
            "\u{1b}[31mred",
            "con",
            "a:b",
            "\u{202e}evil",
            "e\u{301}",
        ];
        names.into_iter().try_for_each(|name| empty(edit, name))
    });
    let change = |file: &mut Bytes| file.replace(b"con\0", b"../\0");
    Trap::new(base, change, NAMES, Answer("\"../\""))
}

fn long_name_above_many_links() -> Trap {
    let base = Bytes::made(|edit| {
        let long = "x".repeat(60_000);
        (0..3_000).try_for_each(|i| edit.create_group(&format!("{long}/g{i}")))
    });
    Trap::legal(base, CHECK, Answer("nothing leads to"))
}

fn long_name_above_many_attributes() -> Trap {
    let base = Bytes::made(|edit| {
        let long = "x".repeat(60_000);
        edit.create_group(&long)?;
        (0..1_500).try_for_each(|i| edit.set_attribute(&long, &format!("a{i}"), &1_u8.into()))
    });
    let list = Call::Of(|file| {
        let root = file.root()?;
        let group = root.object(&root.names()?[0])?;
        Ok(group.attributes()?.len().to_string())
    });
    Trap::legal(base, list, Answer("1500"))
}

/// The name of a link in a fractal heap is longer than its message.
fn dense_link_name_lies() -> Trap {
    let change = |file: &mut Bytes| {
        // Version 1, a soft link, a name of four bytes.
        let at = file.find(b"\x04l001") - 3;
        file.put(
            file.0[at..].iter().position(|byte| *byte == 4).unwrap() + at,
            &[200],
        );
    };
    let every = Call::Of(|file| {
        let root = file.root()?;
        for name in root.names()? {
            if let Object::Group(group) = root.object(&name)? {
                group.links()?;
            }
        }
        Ok("all read".to_owned())
    });
    Trap::new(
        Bytes::fixture("dense-links.h5"),
        change,
        every,
        Corrupt("checksum"),
    )
}
