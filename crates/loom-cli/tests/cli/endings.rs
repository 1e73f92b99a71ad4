//! Exit statuses, messages, files written, pipes closed.

use std::{fs, io::Read, process::Stdio};

use loom_tests::fixture;

use super::{failure, loom, run, stdout, str, text};

#[test]
fn the_status_says_how_it_ended() {
    assert_eq!(run(&["validate", "demo.loom"]).status.code(), Some(0));
    assert_eq!(
        run(&["validate", "breaks-spec.loom"]).status.code(),
        Some(1)
    );
    assert_eq!(
        run(&["validate", "--json", "breaks-spec.loom"])
            .status
            .code(),
        Some(1)
    );
    for help in [
        &["--help"][..],
        &["get", "--help"],
        &["help", "ls"],
        &["--version"],
    ] {
        assert_eq!(run(help).status.code(), Some(0), "{help:?}");
    }
    for wrong in [
        &[][..],
        &["look"],
        &["info"],
        &["get", "demo.loom"],
        &["get", "demo.loom", "everything"],
        &["get", "demo.loom", "matrix", "--rows", "x"],
        &["get", "demo.loom", "matrix", "--rows", "0:9:0"],
        &["cells", "demo.loom", "-n", "3", "--select", "0"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn errors_name_the_file_and_the_cause() {
    for command in [
        "info", "ls", "head", "cells", "genes", "validate", "export", "digest",
    ] {
        for (file, cause) in [
            ("nowhere.loom", "o such file"),
            ("make.py", "not an HDF5 file"),
            ("producers", "not an HDF5 file"),
        ] {
            let message = failure(&[command, file]);
            assert!(message.starts_with(&format!("loom: {file}: ")), "{message}");
            assert!(message.contains(cause), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
    for (args, causes) in [
        (&["info", "numbers-latest.h5"][..], &["not a Loom file"][..]),
        (&["head", "loompy3-new.loom"], &["no /matrix"]),
        (
            &["ls", "demo.loom", "/row_attrs/Gen"],
            &["\"/row_attrs/Gen\""],
        ),
        (
            &["get", "demo.loom", "layer:spliced"],
            &["no layer named \"spliced\""],
        ),
        (
            &["get", "loompy3.loom", "layer:x"],
            &["\"x\"", "spliced, unwritten"],
        ),
        (
            &["get", "demo.loom", "ca:Cluster"],
            &["\"Cluster\"", "Clusters"],
        ),
        (&["get", "demo.loom", "col-graph:knn"], &["\"knn\"", "KNN"]),
        (&["get", "demo.loom", "row-graph:KNN"], &["\"KNN\""]),
        (&["get", "demo.loom", "attr:Title"], &["\"Title\"", "title"]),
        (
            &["get", "demo.loom", "matrix", "--rows", "5,2000"],
            &["2000", "out of range"],
        ),
        (
            &["get", "demo.loom", "matrix", "--cols", "-3001"],
            &["-3001", "3000"],
        ),
        (&["get", "demo.loom", "ra:Gene", "--cols", "0"], &["--rows"]),
        (&["get", "demo.loom", "ra:Gene", "--labels"], &["--labels"]),
        (
            &["get", "demo.loom", "/col_attrs"],
            &["/col_attrs is a group"],
        ),
        (&["get", "demo.loom", "/matrix@x"], &["no /matrix@x"]),
        (&["get", "arrays-earliest.h5", "/rank4"], &["axes", "npy"]),
        (
            &["get", "breaks-spec.loom", "row-graph:integer"],
            &["broken"],
        ),
        (
            &["cells", "demo.loom", "--columns", "CellID,Age"],
            &["\"Age\"", "CellType"],
        ),
        (
            &["cells", "demo.loom", "--columns", "UMAP.2"],
            &["UMAP.2", "UMAP.0, UMAP.1"],
        ),
        (
            &["export", "demo.loom", "--layer", "spliced"],
            &["\"spliced\""],
        ),
    ] {
        let message = failure(args);
        assert!(
            message.starts_with(&format!("loom: {}: ", args[1])),
            "{message}"
        );
        for cause in causes {
            assert!(message.contains(cause), "{cause:?} in {message}");
        }
    }
}

#[test]
fn a_truncated_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.loom");
    let whole = fs::read(fixture("loompy3.loom")).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let message = failure(&["info", str(&path)]);
    assert!(
        message.contains("half.loom") && message.contains("truncated"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_being_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.loom");
    fs::copy(fixture("loompy3.loom"), &path).unwrap();
    let file = fs::File::open(&path).unwrap();
    file.lock().unwrap();
    let message = failure(&["info", str(&path)]);
    assert!(
        message.contains("busy.loom: locked by another program"),
        "{message}"
    );
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    for args in [
        &["cells", "demo.loom"][..],
        &["cells", "demo.loom", "--format", "json"],
        &["genes", "demo.loom", "--format", "npy"],
        &["get", "demo.loom", "matrix"],
        &["get", "demo.loom", "matrix", "--format", "json"],
        &["get", "demo.loom", "matrix", "--format", "npy"],
        &["export", "demo.loom"],
        &["ls", "--tree", "demo.loom"],
        &["info", "demo.loom", "--json"],
        &["digest", "loompy3.loom"],
    ] {
        let mut child = loom(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdout.take().unwrap();
        let _ = pipe.read(&mut [0; 3]).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn a_written_file_is_complete_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.tsv");
    let get = ["get", "demo.loom", "ca:Clusters"];
    let printed = stdout(&get);
    assert_eq!(stdout(&[&get[..], &["-o", str(&path)]].concat()), b"");
    assert_eq!(fs::read(&path).unwrap(), printed);
    failure(&["get", "demo.loom", "layer:none", "-o", str(&path)]);
    assert_eq!(fs::read(&path).unwrap(), printed);
    let fresh = folder.path().join("fresh");
    failure(&["get", "arrays-earliest.h5", "/rank4", "-o", str(&fresh)]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let message = failure(&["get", "demo.loom", "matrix", "-o", "/nowhere/at/all"]);
    assert!(message.contains("/nowhere/at/all"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_file_is_never_replaced_by_a_part_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("only-copy.loom");
    let link = folder.path().join("link");
    let hard = folder.path().join("hard");
    let whole = fs::read(fixture("loompy3.loom")).unwrap();
    fs::write(&path, &whole).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    fs::hard_link(&path, &hard).unwrap();
    for out in [&path, &link] {
        let message = failure(&["get", str(&path), "matrix", "-o", str(out)]);
        assert!(message.contains("replace"), "{message}");
        failure(&["export", str(&path), "-o", str(out)]);
    }
    // Under its other name the file goes on to exist, whatever becomes of this one.
    stdout(&["get", str(&path), "matrix", "-o", str(&hard)]);
    assert_eq!(fs::read(&path).unwrap(), whole);
}
