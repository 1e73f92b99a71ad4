//! Broken input: an error that says where, and nothing left behind.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use loom_convert::{Format, Options};
use loom_core::{Error, Mode, SpecVersion, Watch, connect};

const MTX: &str =
    "%%MatrixMarket matrix coordinate integer general\n%\n3 2 3\n1 1 5\n3 1 2\n2 2 7\n";
const FEATURES: &str = "E1\tA\tGene Expression\nE2\tB\tGene Expression\nE3\tC\tGene Expression\n";
const BARCODES: &str = "AAA-1\nCCC-1\n";

/// A run of Cell Ranger 3 with these three files, compressed.
fn run(mtx: &[u8], features: &[u8], barcodes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("run/outs/filtered_feature_bc_matrix");
    fs::create_dir_all(&inner).unwrap();
    for (name, bytes) in [
        ("matrix.mtx.gz", mtx),
        ("features.tsv.gz", features),
        ("barcodes.tsv.gz", barcodes),
    ] {
        fs::write(inner.join(name), bytes).unwrap();
    }
    folder
}

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn convert(input: &Path, output: &Path) -> Result<(), Error> {
    let folder = output.parent().unwrap();
    let options = Options {
        scratch: Some(folder.to_owned()),
        ..Options::default()
    };
    let import = Format::of(input)?.import(input, &options)?;
    import.write(output, SpecVersion::V3, &Watch::default())
}

/// Everything in a folder and below.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// Fails with the file's name and these words, and leaves the folder as it was.
fn refused(folder: &Path, input: &Path, file: &str, line: Option<u64>, words: &str) {
    let before = everything(folder);
    let error = convert(input, &folder.join("out.loom")).unwrap_err();
    let text = error.to_string();
    match error {
        Error::Import {
            path, line: found, ..
        } => {
            assert!(path.to_string_lossy().contains(file), "{file} in {text}");
            assert_eq!(found, line, "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert!(text.contains(words), "{words:?} in {text}");
    assert_eq!(everything(folder), before);
}

#[test]
fn what_is_whole_is_converted() {
    let folder = run(&gz(MTX), &gz(FEATURES), &gz(BARCODES));
    let out = folder.path().join("out.loom");
    convert(&folder.path().join("run"), &out).unwrap();
    let ds = connect(&out, Mode::Read).unwrap();
    let expected = ndarray::arr2(&[[5_i32, 0], [0, 7], [2, 0]]);
    assert_eq!(ds.read::<i32>(.., ..).unwrap(), expected);
    assert_eq!(ds.ca().get::<String>("CellID").unwrap()[1], "run:CCC-1");
}

#[test]
fn a_matrix_with_wrong_counts() {
    for (count, line) in [("4", 7), ("2", 7)] {
        let mtx = MTX.replace("3 2 3", &format!("3 2 {count}"));
        let folder = run(&gz(&mtx), &gz(FEATURES), &gz(BARCODES));
        let words = format!("3 entries, where the header says {count}");
        refused(
            folder.path(),
            &folder.path().join("run"),
            "matrix.mtx.gz",
            Some(line),
            &words,
        );
    }
    let folder = run(
        &gz(&MTX.replace("3 1 2", "4 1 2")),
        &gz(FEATURES),
        &gz(BARCODES),
    );
    refused(
        folder.path(),
        &folder.path().join("run"),
        "matrix.mtx.gz",
        Some(5),
        "row \"4\"",
    );
}

#[test]
fn lists_that_are_too_short_or_too_long() {
    for (features, barcodes, file, line, words) in [
        (
            FEATURES,
            "AAA-1\n",
            "barcodes.tsv.gz",
            2,
            "the end after 1 lines, for 2",
        ),
        (
            FEATURES,
            "A\nC\nG\n",
            "barcodes.tsv.gz",
            3,
            "one line too many for 2",
        ),
        (
            "E1\tA\nE2\tB\n",
            BARCODES,
            "features.tsv.gz",
            3,
            "the end after 2 lines, for 3",
        ),
        (
            "E1\tA\nE2\nE3\tC\n",
            BARCODES,
            "features.tsv.gz",
            2,
            "1 fields, where the first line has 2",
        ),
    ] {
        let folder = run(&gz(MTX), &gz(features), &gz(barcodes));
        refused(
            folder.path(),
            &folder.path().join("run"),
            file,
            Some(line),
            words,
        );
    }
}

#[test]
fn compressed_files_that_are_cut_off() {
    let long = format!(
        "{}{}",
        MTX.replace("3 2 3", "3 2 5003"),
        "1 1 1\n".repeat(5000)
    );
    let whole = gz(&long);
    let folder = run(&whole[..whole.len() - 9], &gz(FEATURES), &gz(BARCODES));
    let before = everything(folder.path());
    let error = convert(&folder.path().join("run"), &folder.path().join("out.loom")).unwrap_err();
    let Error::Import {
        path,
        line: Some(line),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(
        path.ends_with("matrix.mtx.gz") && line > 1,
        "{path:?}, line {line}"
    );
    assert_eq!(everything(folder.path()), before);
    let barcodes = gz(BARCODES);
    let folder = run(&gz(MTX), &gz(FEATURES), &barcodes[..barcodes.len() - 4]);
    refused(
        folder.path(),
        &folder.path().join("run"),
        "barcodes.tsv.gz",
        Some(3),
        "",
    );
}

#[test]
fn analysis_that_belongs_to_another_run() {
    let folder = run(&gz(MTX), &gz(FEATURES), &gz(BARCODES));
    let inner = folder
        .path()
        .join("run/outs/analysis/clustering/graphclust");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("clusters.csv"), "Barcode,Cluster\nTTT-1,1\n").unwrap();
    refused(
        folder.path(),
        &folder.path().join("run"),
        "clusters.csv",
        None,
        "none of its barcodes",
    );
}

#[test]
fn folders_and_files_of_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder
        .path()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    refused(
        folder.path(),
        folder.path(),
        &name,
        None,
        "a folder of none of",
    );
    let missing = folder.path().join("missing");
    assert!(matches!(
        convert(&missing, &folder.path().join("o")),
        Err(Error::NoFile { .. })
    ));
}

/// A 10x file with these pointers and row numbers.
fn tenx(indptr: &[i64], indices: &[i64]) -> tempfile::TempDir {
    use loom_core::{
        Array,
        h5lite::{DatasetOptions, File},
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    let texts = |texts: &[&str]| Array::from(texts);
    File::create(&path, |edit| {
        for (name, values) in [
            ("data", Array::from(vec![5_i32, 2, 7])),
            ("indices", indices.into()),
            ("indptr", indptr.into()),
            ("shape", vec![3_i32, 2].into()),
            ("barcodes", texts(&["AAA-1", "CCC-1"])),
            ("features/id", texts(&["E1", "E2", "E3"])),
            ("features/name", texts(&["A", "B", "C"])),
        ] {
            edit.write(
                &format!("/matrix/{name}"),
                &values,
                &DatasetOptions::contiguous(),
            )?;
        }
        Ok::<(), loom_core::h5lite::Error>(())
    })
    .unwrap();
    folder
}

#[test]
fn compressed_matrices_that_contradict_themselves() {
    let whole = tenx(&[0, 2, 3], &[0, 2, 1]);
    convert(&whole.path().join("x.h5"), &whole.path().join("out.loom")).unwrap();
    for (indptr, indices, words) in [
        (
            &[0, 2][..],
            &[0, 2, 1][..],
            "indptr: 2 numbers, where one more than 2 is needed",
        ),
        (&[0, 2, 4], &[0, 2, 1], "from 0 to 3"),
        (&[0, 4, 3], &[0, 2, 1], "never falling"),
        (&[0, -1, 3], &[0, 2, 1], "indptr: a negative number"),
        (
            &[0, 2, 3],
            &[0, 3, 1],
            "indices: 3 where 0 to 2 are possible",
        ),
        (
            &[0, 2, 3],
            &[0, 2],
            "data and indices have shapes [3] and [2]",
        ),
    ] {
        let folder = tenx(indptr, indices);
        refused(
            folder.path(),
            &folder.path().join("x.h5"),
            "x.h5",
            None,
            words,
        );
    }
}
