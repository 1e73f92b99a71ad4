//! Files that mean harm to the terminal they are shown on.

use std::{fs, path::PathBuf};

use loom_core::{
    Mode, connect,
    h5lite::{DType, DatasetOptions, File},
};
use loom_tests::fixture;

use super::{loom, run, str, text};

/// The fixture with each of some texts replaced by one of the same length that steers terminals.
fn steering(folder: &tempfile::TempDir, name: &str, texts: &[(&[u8], &[u8])]) -> PathBuf {
    let mut bytes = fs::read(fixture(name)).unwrap();
    for (plain, steering) in texts {
        assert_eq!(plain.len(), steering.len());
        let places: Vec<usize> = (0..bytes.len() - plain.len())
            .filter(|&at| bytes[at..].starts_with(plain))
            .collect();
        assert!(!places.is_empty(), "no {plain:?}");
        for at in places {
            bytes[at..at + plain.len()].copy_from_slice(steering);
        }
    }
    let path = folder.path().join("\u{1b}]0;gone\u{7}.loom");
    fs::write(&path, bytes).unwrap();
    path
}

/// Names, values and the name of the file itself.
#[test]
fn nothing_in_a_file_reaches_the_terminal_as_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = steering(
        &folder,
        "demo.loom",
        &[
            (b"title", b"\x1b[2J!"),
            (
                b"Generated blood cells",
                b"Gen\x1b[1;31m blood\x08\x08\r\xc2\x9b",
            ),
            (b"CellType", b"Cell\x1b]0;"),
            (b"KNN", b"K\x1bN"),
        ],
    );
    let path = str(&path);
    for args in [
        &["info", path][..],
        &["info", "--json", path],
        &["ls", path, "/attrs"],
        &["ls", "-l", path, "/col_attrs"],
        &["ls", "--tree", "-a", path],
        &["ls", "--tree", "--json", path],
        &["head", path],
        &["validate", "-v", path],
        &["digest", path],
        // These fail, and say which names there are.
        &["get", path, "attr:nothing"],
        &["get", path, "ca:nothing"],
        &["get", path, "col-graph:nothing"],
        &["get", path, "/attrs"],
        &["cells", path, "--columns", "nothing"],
        &["head", path, "--layer", "\u{1b}[2J"],
    ] {
        let output = loom(args).output().unwrap();
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(!shown.is_empty(), "{args:?}");
        let steers = |c: char| c.is_control() && c != '\n';
        let found = shown.chars().find(|&c| steers(c));
        assert_eq!(found, None, "{args:?}: {shown:?}");
    }
}

/// More rows than anybody can have, of no columns, and the other way round: nothing goes through them
/// one by one or takes memory for each, which would be more than there is.
#[test]
#[cfg(target_pointer_width = "64")]
fn positions_that_a_file_only_states_take_no_time_and_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.loom");
    let other = folder.path().join("other.loom");
    let out = folder.path().join("out");
    let endless = 1_usize << 56;
    for (shape, axis) in [([endless, 0], "--rows"), ([0, endless], "--cols")] {
        File::create(&path, |edit| {
            let unwritten = DatasetOptions::chunked(&[64]);
            edit.create("/id", DType::I32, &[endless], &unwritten)?;
            edit.create("/row_attrs/id", DType::I32, &[endless], &unwritten)?;
            edit.create("/col_attrs/id", DType::I32, &[endless], &unwritten)?;
            let matrix = DatasetOptions::default();
            edit.create("/matrix", DType::F32, &shape, &matrix)
        })
        .unwrap();
        fs::copy(&path, &other).unwrap();
        let file = str(&path);
        let table = if axis == "--rows" { "genes" } else { "cells" };
        let fine = |args: &[&str]| assert!(run(args).status.success(), "{args:?}");
        fine(&["digest", file]);
        fine(&["check", file]);
        fine(&["head", file]);
        fine(&["get", file, "/matrix", axis, "0:3"]);
        fine(&["get", file, "/id", "--rows", "0:3"]);
        fine(&[table, file, "-n", "3"]);
        let suffixes = [".h5ad", ".csv", ".mtx", ".parquet", ".arrow"];
        let outs = suffixes.map(|suffix| format!("{}{suffix}", str(&out)));
        let mut refused = vec![
            vec!["get", file, "/id"],
            vec!["get", file, "/id", "--format", "npy"],
            vec![table, file],
            vec![table, file, "--format", "json"],
            vec!["stats", file],
            vec!["export", file],
            vec!["append", str(&other), file],
            vec![
                "set",
                str(&other),
                if axis == "--rows" { "ra:x" } else { "ca:x" },
                "3",
            ],
        ];
        if axis == "--rows" {
            refused.push(vec!["get", file, "/matrix"]);
        }
        refused.extend(outs.iter().map(|out| vec!["convert", file, "-o", out]));
        for args in refused {
            let output = run(&args);
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            let said = String::from_utf8(output.stderr).unwrap();
            let why = ["read_bytes", "more than the file can hold"];
            assert!(why.iter().any(|why| said.contains(why)), "{args:?}: {said}");
        }
    }
}

/// Entries that have no values, more than anybody can have, in all the places where a file has arrays.
#[test]
#[cfg(target_pointer_width = "64")]
fn entries_without_values_are_not_counted_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("entries.loom");
    fs::copy(fixture("demo.loom"), &path).unwrap();
    let cells = connect(&path, Mode::Read).unwrap().shape().1;
    let mut file = File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::default();
    for (path, shape) in [
        ("/attrs/none", &[1 << 56, 0][..]),
        ("/col_attrs/none", &[cells, 1 << 40, 0]),
    ] {
        edit.create(path, DType::F64, shape, &options).unwrap();
    }
    let none = ndarray::ArrayD::<f64>::zeros(vec![1 << 56, 0]);
    edit.set_attribute("/attrs", "none", &none.into()).unwrap();
    edit.commit().unwrap();
    drop(file);
    let (file, out) = (str(&path), folder.path().join("out"));
    for verb in ["info", "ls", "check", "validate", "digest", "stats"] {
        let code = run(&[verb, file]).status.code();
        assert!(matches!(code, Some(0 | 1)), "{verb}: {code:?}");
    }
    assert!(run(&["info", file, "--json"]).status.success());
    let out = |suffix: &str| format!("{}{suffix}", str(&out));
    let outs = [".h5ad", ".arrow", ".parquet", ".loom", ".json"].map(out);
    for args in [
        &["get", file, "attr:none"][..],
        &["get", file, "/attrs/none", "--format", "json"],
        &["get", file, "ca:none"],
        &["get", file, "/attrs@none"],
        &["index", file, "--kerchunk", &outs[4]],
        &["cells", file],
        &["convert", file, "-o", &outs[0]],
        &["convert", file, "-o", &outs[1]],
        &["convert", file, "-o", &outs[2]],
        &["subset", file, "-o", &outs[3], "--cols", "0:3"],
    ] {
        let output = run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        let why = ["read_bytes", "more than the file can hold"];
        assert!(why.iter().any(|why| said.contains(why)), "{args:?}: {said}");
    }
}
