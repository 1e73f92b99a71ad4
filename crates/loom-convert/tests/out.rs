//! What Loom files are written as: what comes back of it, and what is left where it fails. Other
//! readers look at it in `tests/oracle/tables.py`.

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use loom_convert::{Export, Format, Memory, Options, Partition, Target};
use loom_core::{Connect, Error, LoomConnection, Mode, SpecVersion, Watch, connect};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

fn demo() -> LoomConnection {
    connect(fixture("demo.loom"), Mode::Read).unwrap()
}

/// Everything that is written here, in one folder: what each target is called there.
const NAMES: [(&str, Target); 7] = [
    ("matrix/", Target::TenX),
    ("m.mtx.gz", Target::Market),
    ("t.tsv", Target::Tsv),
    ("t.csv.gz", Target::Csv),
    ("a.npy", Target::Npy),
    ("t.arrow", Target::Arrow),
    ("t.parquet", Target::Parquet),
];

/// Those of them that this build writes.
fn written() -> impl Iterator<Item = (&'static str, Target)> {
    let tables = |target| matches!(target, Target::Arrow | Target::Parquet);
    (NAMES.into_iter()).filter(move |&(_, target)| cfg!(feature = "tables") || !tables(target))
}

fn left(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn names_ask_for_formats() {
    for (name, target) in NAMES {
        assert_eq!(Target::of_name(Path::new(name)), target, "{name}");
    }
    for (name, target) in [
        ("x.H5AD", Target::H5ad),
        ("x.loom", Target::Loom),
        ("x.npy.gz", Target::Loom),
        ("x", Target::Loom),
        ("x.feather", Target::Arrow),
    ] {
        assert_eq!(Target::of_name(Path::new(name)), target, "{name}");
    }
}

/// Text, npy and Matrix Market are read again by our importers, which are held against loompy.
#[test]
fn matrices_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let ds = demo();
    let matrix = ds.read::<f64>(.., ..).unwrap();
    for (name, target) in
        written().filter(|(_, target)| *target != Target::Arrow && *target != Target::Parquet)
    {
        let path = folder.path().join(name);
        let report = Export::new(target)
            .write(&ds, &path, &Watch::default())
            .unwrap();
        assert!(report.left_out() > 5, "{report}");
        let back = folder.path().join("back.loom");
        let options = Options::default();
        let import = Format::of(&path).unwrap().import(&path, &options).unwrap();
        import
            .write(&back, SpecVersion::V3, &Watch::default())
            .unwrap();
        let back = connect(&back, Mode::Read).unwrap();
        assert_eq!(back.read::<f64>(.., ..).unwrap(), matrix, "{name}");
        if target == Target::TenX || target == Target::Tsv {
            let names = |ds: &LoomConnection| ds.ca().get::<String>("CellID").unwrap();
            assert_eq!(names(&back), names(&ds), "{name}");
        }
    }
}

/// Memory decides how much is done at a time, and not what comes out.
#[test]
fn memory_does_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let ds = demo();
    for (name, target) in [
        ("m.mtx", Target::Market),
        ("t.csv", Target::Csv),
        ("a.npy", Target::Npy),
    ] {
        let write = |memory: Memory| {
            let path = folder.path().join(name);
            let how = Export {
                memory,
                ..Export::new(target)
            };
            how.write(&ds, &path, &Watch::default()).unwrap();
            fs::read(&path).unwrap()
        };
        assert!(
            write(Memory::default()) == write(Memory::bytes(49 << 20)),
            "{name}"
        );
    }
}

#[test]
fn what_fails_leaves_nothing() {
    // The last chunks of the matrix are no longer what they were.
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.loom");
    let mut bytes = fs::read(fixture("demo.loom")).unwrap();
    let ds = demo();
    let mut chunks = Vec::new();
    let matrix = ds.file().dataset("/matrix").unwrap();
    let visit = &mut |chunk: loom_core::h5lite::ChunkLocation| {
        chunks.push((chunk.offset, chunk.size));
        Ok(())
    };
    matrix.each_chunk(visit).unwrap();
    for &(offset, size) in chunks.iter().rev().take(3) {
        let (from, to) = (
            usize::try_from(offset).unwrap(),
            usize::try_from(offset + size).unwrap(),
        );
        bytes[from..to].fill(0xff);
    }
    fs::write(&damaged, bytes).unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    for (name, target) in written() {
        let damaged = Connect::new().open(&damaged).unwrap();
        let failed = Export::new(target).write(&damaged, out.join(name), &Watch::default());
        assert!(matches!(failed, Err(Error::H5(_))), "{name}: {failed:?}");
        assert_eq!(left(&out), [""; 0], "{name}");
        // Somebody has had enough.
        let watch = Watch::new(|done, _| match done {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        });
        Export::new(target)
            .write(&ds, out.join(name), &watch)
            .unwrap_err();
        assert_eq!(left(&out), [""; 0], "{name}");
    }
}

#[test]
fn folders_of_others_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let ds = demo();
    for (name, target) in written().filter(|(_, target)| target.is_folder()) {
        let path = folder.path().join(name);
        let write = || Export::new(target).write(&ds, &path, &Watch::default());
        write().unwrap();
        write().unwrap();
        let before = left(&path);
        fs::write(path.join("mine"), "").unwrap();
        let error = write().unwrap_err().to_string();
        assert!(error.contains("it holds mine"), "{error}");
        fs::remove_file(path.join("mine")).unwrap();
        assert_eq!(left(&path), before);
        fs::remove_dir_all(&path).unwrap();
        fs::write(folder.path().join(name.trim_end_matches('/')), "a file").unwrap();
        let error = write().unwrap_err().to_string();
        assert!(error.contains("no folder"), "{error}");
    }
}

#[test]
#[cfg(feature = "tables")]
fn partitions_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let ds = demo();
    for (partition, words) in [
        (Partition::Cells(0), "no cell"),
        (
            Partition::By("CellID".to_owned()),
            "3000 values, and no more than 500",
        ),
        (
            Partition::By("None".to_owned()),
            "no column attribute named",
        ),
    ] {
        let how = Export {
            partition,
            ..Export::new(Target::Parquet)
        };
        let failed = how.write(&ds, folder.path().join("x"), &Watch::default());
        let error = failed.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(left(folder.path()), [""; 0]);
    }
}
