//! Files that mean harm to the terminal they are shown on.

use std::{fs, path::PathBuf};

use loom_core::h5lite::{DType, DatasetOptions, File};
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

/// More rows than anybody can have, of no columns: nothing goes through them one by one, and nothing
/// takes memory for each.
#[test]
fn rows_of_nothing_take_no_time_and_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.loom");
    let rows = 1_usize << 56;
    File::create(&path, |edit| {
        let options = DatasetOptions::default();
        edit.create("/matrix", DType::F32, &[rows, 0], &options)
    })
    .unwrap();
    let other = folder.path().join("other.loom");
    fs::copy(&path, &other).unwrap();
    let file = str(&path);
    let out = folder.path().join("out");
    let fine = |args: &[&str]| assert!(run(args).status.success(), "{args:?}");
    fine(&["digest", file]);
    fine(&["check", file]);
    fine(&["head", file]);
    fine(&["get", file, "/matrix", "--rows", "0:3"]);
    let npy = [".npy", ".h5ad", ".csv", ".mtx", ".parquet", ".arrow"];
    let outs = npy.map(|suffix| format!("{}{suffix}", str(&out)));
    let mut refused = vec![
        vec!["get", file, "/matrix"],
        vec!["get", file, "layer:", "--format", "npy"],
        vec!["stats", file],
        vec!["export", file],
        vec!["append", str(&other), file, "--no-validate"],
    ];
    refused.extend(outs.iter().map(|out| vec!["convert", file, "-o", out]));
    for args in refused {
        assert_eq!(run(&args).status.code(), Some(2), "{args:?}");
    }
}
