//! Commands that make and change files, by what the looking commands print of them afterwards. They
//! are held against loompy in `tests/oracle/verbs.py`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{failure, lines, str, text};

/// A folder with a table of counts and a file made of it.
struct Made {
    folder: TempDir,
}

impl Made {
    fn new() -> Self {
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(
            made.path("counts.tsv"),
            "\tc1\tc2\tc3\ng1\t1\t0\t2\ng2\t0\t5\t0\n",
        )
        .unwrap();
        made.run(&["create", "a.loom", "--matrix", "counts.tsv"]);
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The arguments, those that name files of this folder with its path.
    fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let is_file = |name: &str| {
            let kind = Path::new(name).extension();
            kind.is_some_and(|kind| kind == "loom" || kind == "tsv")
        };
        let argument = |&name: &&str| match is_file(name) {
            true => str(&self.path(name)).to_owned(),
            false => name.to_owned(),
        };
        arguments.iter().map(argument).collect()
    }

    fn run(&self, arguments: &[&str]) -> Vec<String> {
        let arguments = self.arguments(arguments);
        lines(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn fails(&self, arguments: &[&str]) -> String {
        let arguments = self.arguments(arguments);
        failure(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

const TABLE: [&str; 3] = ["Gene\tc1\tc2\tc3", "g1\t1\t0\t2", "g2\t0\t5\t0"];

#[test]
fn what_is_created_can_be_got() {
    let made = Made::new();
    let get = ["get", "a.loom", "matrix", "--labels"];
    assert_eq!(made.run(&get), TABLE);
    assert_eq!(made.run(&["validate", "a.loom"]).len(), 1);
    assert!(
        made.fails(&["create", "a.loom", "-m", "counts.tsv"])
            .contains("--force")
    );
    let again = [
        "create",
        "a.loom",
        "-m",
        "counts.tsv",
        "--force",
        "--transposed",
    ];
    made.run(&again);
    assert_eq!(
        made.run(&["get", "a.loom", "matrix"]),
        ["1\t0", "0\t5", "2\t0"]
    );
}

#[test]
fn attributes_are_set_renamed_and_removed() {
    let made = Made::new();
    made.run(&["set", "a.loom", "ca:Batch", "007"]);
    fs::write(made.path("t.tsv"), "CellID\tAge\nc3\t30\nc1\t10\nc2\t20\n").unwrap();
    made.run(&[
        "set", "a.loom", "ca:Age", "--from", "t.tsv", "--key", "CellID",
    ]);
    made.run(&["rename", "a.loom", "ca:Age", "Years"]);
    let table = [
        "CellID\tBatch\tYears",
        "c1\t007\t10",
        "c2\t007\t20",
        "c3\t007\t30",
    ];
    assert_eq!(made.run(&["cells", "a.loom"]), table);
    made.run(&["rm", "a.loom", "ca:Batch", "ca:Years"]);
    assert_eq!(made.run(&["cells", "a.loom"]), ["CellID", "c1", "c2", "c3"]);
}

#[test]
fn what_fails_or_is_dry_changes_nothing() {
    let made = Made::new();
    let before = fs::read(made.path("a.loom")).unwrap();
    for arguments in [
        &["set", "a.loom", "ca:x", "1", "--dry-run"][..],
        &["rm", "a.loom", "ca:CellID", "-N"],
        &["rename", "a.loom", "ca:CellID", "x", "-N"],
        &["subset", "a.loom", "-o", "b.loom", "--cols", "0", "-N"],
        &["sort", "a.loom", "--by", "CellID", "-i", "-N"],
        &[
            "aggregate",
            "a.loom",
            "-o",
            "b.loom",
            "--by",
            "CellID",
            "-N",
        ],
        &["combine", "a.loom", "a.loom", "-o", "b.loom", "-N"],
        &["append", "a.loom", "a.loom", "-N"],
        &["split", "a.loom", "--by", "CellID", "-N"],
    ] {
        let printed = made.run(arguments);
        assert!(
            printed.join("\n").contains("would"),
            "{arguments:?}: {printed:?}"
        );
    }
    for (arguments, reason) in [
        (&["set", "a.loom", "ca:a/b", "1"][..], "a/b"),
        (&["set", "a.loom", "matrix", "1"], "--from"),
        (&["set", "a.loom", "/matrix", "1"], "attr:NAME"),
        (&["rm", "a.loom", "ca:CellID", "ca:x"], "there is no ca:x"),
        (&["rm", "a.loom", "matrix"], "main matrix"),
        (
            &["subset", "a.loom", "-o", "b.loom", "--where", "Age > 3"],
            "Age",
        ),
        (&["subset", "a.loom", "-o", "b.loom", "--cols", "9"], "9"),
        (&["sort", "a.loom", "--by", "Age", "-i"], "Age"),
        (
            &["aggregate", "a.loom", "-o", "b.loom", "--by", "Age"],
            "Age",
        ),
        (
            &["combine", "a.loom", "none.loom", "-o", "b.loom"],
            "none.loom",
        ),
        (&["append", "a.loom", "none.loom"], "none.loom"),
    ] {
        let message = made.fails(arguments);
        assert!(message.contains(reason), "{arguments:?}: {message}");
    }
    assert_eq!(fs::read(made.path("a.loom")).unwrap(), before);
    let names = fs::read_dir(made.folder.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.loom", "counts.tsv"]);
}

#[test]
fn files_are_derived_from_files() {
    let made = Made::new();
    made.run(&[
        "sort",
        "a.loom",
        "--by",
        "CellID",
        "--descending",
        "-o",
        "b.loom",
    ]);
    let matrix = |file| made.run(&["get", file, "matrix"]);
    assert_eq!(matrix("b.loom"), ["2\t0\t1", "0\t5\t0"]);
    made.run(&["append", "b.loom", "a.loom", "--key", "Gene"]);
    assert_eq!(matrix("b.loom"), ["2\t0\t1\t1\t0\t2", "0\t5\t0\t0\t5\t0"]);
    made.run(&[
        "aggregate",
        "b.loom",
        "-o",
        "c.loom",
        "--by",
        "CellID",
        "--fun",
        "sum",
    ]);
    assert_eq!(matrix("c.loom"), ["2\t0\t4", "0\t10\t0"]);
    let condition = "CellID in ('c1', 'c3')";
    made.run(&[
        "subset", "b.loom", "-o", "d.loom", "--where", condition, "--rows", "0",
    ]);
    assert_eq!(matrix("d.loom"), ["2\t1\t1\t2"]);
    let parts = made.run(&["split", "a.loom", "--by", "CellID"]);
    assert_eq!(parts.len(), 3);
    assert_eq!(matrix("a.c2.loom"), ["0", "5"]);
}

#[test]
fn ids_and_orders_come_from_files() {
    let made = Made::new();
    fs::write(made.path("ids.tsv"), "c3\nc1\n").unwrap();
    made.run(&["subset", "a.loom", "-o", "b.loom", "--ids", "ids.tsv"]);
    assert_eq!(made.run(&["get", "b.loom", "matrix"]), ["2\t1", "0\t0"]);
    fs::write(made.path("order.tsv"), "1\n0\n").unwrap();
    made.run(&[
        "permute",
        "a.loom",
        "--axis",
        "0",
        "--order",
        "order.tsv",
        "--in-place",
    ]);
    assert_eq!(
        made.run(&["get", "a.loom", "matrix"]),
        ["0\t5\t0", "1\t0\t2"]
    );
    fs::write(made.path("order.tsv"), "1\n1\n").unwrap();
    let arguments = [
        "permute",
        "a.loom",
        "--axis",
        "0",
        "--order",
        "order.tsv",
        "-i",
    ];
    assert!(made.fails(&arguments).contains("more than once"));
}

#[test]
fn attributes_left_out_are_named() {
    let made = Made::new();
    made.run(&["create", "b.loom", "-m", "counts.tsv"]);
    made.run(&["set", "b.loom", "ca:Age", "3"]);
    let arguments = made.arguments(&["append", "a.loom", "b.loom"]);
    let output = super::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("Age"));
}
