//! Each limit is enforced, and says how to raise it.

use h5lite::{
    Array, DType, DatasetOptions, Edit, Error, File, Finding, FindingKind, Limits, Result,
    Selection,
};
use loom_tests::fixture;

use crate::bytes::Bytes;

/// A file that needs something of everything that is limited.
fn write(edit: &mut Edit<'_>) -> Result<()> {
    edit.create_group("/a/b/c")?;
    edit.soft_link("/soft", "/a/b/c")?;
    for name in ["one", "two", "three"] {
        edit.set_attribute("/a", name, &Array::from(vec![1.5; 20]))?;
    }
    let options = DatasetOptions::chunked(&[10]);
    edit.write("/chunks", &Array::from(vec![7_i32; 1_000]), &options)?;
    edit.create("/unwritten", DType::U8, &[1 << 20], &options)?;
    let texts: Vec<_> = (0..50).map(|i| format!("text {i}")).collect();
    edit.write("/texts", &Array::from(texts), &DatasetOptions::contiguous())
}

/// Everything a limit may refuse.
fn read(bytes: &[u8], limits: &Limits) -> Result<()> {
    let file = File::options().limits(limits.clone()).from_bytes(bytes)?;
    file.group("/soft")?.attributes()?;
    file.group("/a")?.attributes()?;
    file.dataset("/chunks")?.read::<i32>(&[])?;
    file.dataset("/chunks")?
        .read::<i32>(&[Selection::from(vec![3, 990])])?;
    file.dataset("/unwritten")?
        .read::<u8>(&[(..9_000).into()])?;
    file.dataset("/texts")?.read::<String>(&[])?;
    file.each_extent(&mut |_, _| Ok(()))
}

/// What the file needs passes, and one less is refused by name.
#[test]
fn each_limit_is_enforced_and_names_itself() {
    let bytes = Bytes::made(write).0;
    let least = Limits {
        bytes_per_file_byte: 0,
        ..Limits::default()
    };
    let needed = |change: fn(&mut Limits, u64), needed: u64, setting: &str| {
        let mut limits = least.clone();
        change(&mut limits, needed);
        read(&bytes, &limits).unwrap_or_else(|error| panic!("{setting}: {error}"));
        change(&mut limits, needed - 1);
        let error = read(&bytes, &limits).unwrap_err();
        let hint = format!("raise Limits::{setting} to allow it");
        assert!(error.to_string().contains(&hint), "{error}");
    };
    // 900 chunks to look for.
    needed(
        |limits, value| limits.read_bytes = value,
        900 * 512,
        "read_bytes",
    );
    needed(|limits, value| limits.elements = value, 9_000, "elements");
    needed(
        |limits, value| limits.chunk_bytes = value,
        40,
        "chunk_bytes",
    );
    needed(|limits, value| limits.entries = value, 5, "entries");
    needed(|limits, value| limits.objects = value, 7, "objects");
    needed(|limits, value| limits.depth = value, 4, "depth");
}

#[test]
fn the_size_of_attributes_and_links_in_heaps_is_limited() {
    let limits = Limits {
        attribute_bytes: 10,
        ..Limits::default()
    };
    for (name, what) in [("dense-attributes-latest.h5", 1), ("dense-links.h5", 2)] {
        let file = File::options()
            .limits(limits.clone())
            .open(fixture(name))
            .unwrap();
        let found = file.check();
        let limited = |found: &&Finding| found.reason.contains("Limits::attribute_bytes");
        assert!(found.iter().filter(limited).count() >= what, "{found:?}");
    }
}

/// The bytes of a stored chunk may be more than its shape says.
#[test]
fn the_size_of_stored_chunks_is_limited() {
    let mut file = Bytes::matrix(&[64, 64], &[16, 16]);
    let layout = file.layout(&[16, 16], 4);
    let node = crate::bytes::index(file.u64(layout + 3));
    file.append(&[0; 4096]);
    file.put(node + 24, &1_025_u32.to_le_bytes());
    let limits = Limits {
        chunk_bytes: 1_024,
        ..Limits::default()
    };
    let file = File::options().limits(limits).from_bytes(file.0).unwrap();
    let error = file.dataset("/matrix").unwrap().read_any(&[]).unwrap_err();
    assert!(
        matches!(
            error.root_cause(),
            Error::Limit {
                setting: "chunk_bytes",
                wanted: 1_025,
                ..
            }
        ),
        "{error}"
    );
}

/// A limit that makes a check leave things out shows in what it found.
#[test]
fn a_check_says_what_it_left_out() {
    let limits = Limits {
        depth: 2,
        ..Limits::default()
    };
    let file = File::options()
        .limits(limits)
        .from_bytes(Bytes::made(write).0);
    let found = file.unwrap().check();
    let limited = |found: &&Finding| found.reason.contains("Limits::depth");
    let limited = found.iter().find(limited).unwrap();
    assert_eq!(
        (limited.kind, &limited.path[..]),
        (FindingKind::Unchecked, "/a/b")
    );
}
