//! Another file appended.

use std::{collections::BTreeMap, fs, path::Path};

use h5lite::Array;
use ndarray::arr2;

use super::{Folder, fixture, ring, sample, without_dates};
use crate::{AddLoom, Connect, Coo, Error, Fill, LoomConnection, LoomView, Mode, connect, create};

fn read(path: &Path) -> LoomView {
    without_dates(connect(path, Mode::Read).unwrap().view(.., ..).unwrap())
}

fn writable(path: &Path) -> LoomConnection {
    connect(path, Mode::ReadWrite).unwrap()
}

#[test]
fn columns_are_appended_in_whole_chunks() {
    for (mine, theirs) in [(100, 30), (64, 200), (1, 65), (130, 1)] {
        let (one, two) = (sample(70, mine, 1), sample(70, theirs, 2));
        let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
        let [path, other] = folder.paths(["1.loom", "2.loom"]);
        for times in 1..=2 {
            let mut ds = writable(&path);
            let how = AddLoom::new().batch_size(70);
            assert_eq!(ds.add_loom(&other, &how).unwrap(), [""; 0]);
            assert_eq!(ds.shape(), (70, mine + times * theirs));
            drop(ds);
        }
        let mut expected = one.clone();
        for _ in 0..2 {
            for (name, layer) in &two.layers {
                let all = vec![expected.layers.remove(name).unwrap(), layer.clone()];
                expected
                    .layers
                    .insert(name.clone(), Array::concatenate(1, all).unwrap());
            }
            for (name, values) in &two.ca {
                let all = vec![expected.ca.remove(name).unwrap(), values.clone()];
                expected
                    .ca
                    .insert(name.clone(), Array::concatenate(0, all).unwrap());
            }
        }
        let (a, b, w) = ring(mine).into_parts();
        let cols = mine + 2 * theirs;
        expected
            .col_graphs
            .insert("KNN".into(), Coo::new((cols, cols), a, b, w).unwrap());
        assert_eq!(read(&path), expected);
        assert_eq!(read(&other), two, "the other file is only read");
    }
}

/// Genes B, A, C and C, B, A.
fn pair() -> (LoomView, LoomView) {
    let (mut one, mut two) = (LoomView::default(), LoomView::default());
    one.layers
        .insert(String::new(), arr2(&[[1, 2], [3, 4], [5, 6]]).into());
    one.ra
        .insert("Gene".into(), ["B", "A", "C"].as_slice().into());
    one.ca
        .insert("CellID".into(), ["a1", "a2"].as_slice().into());
    two.layers
        .insert(String::new(), arr2(&[[7], [8], [9]]).into());
    two.layers
        .insert("more".into(), arr2(&[[0], [0], [0]]).into());
    two.ra
        .insert("Gene".into(), ["C", "B", "A"].as_slice().into());
    two.ca.insert("CellID".into(), ["b1"].as_slice().into());
    (one, two)
}

#[test]
fn rows_are_found_by_their_key() {
    let (one, two) = pair();
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("1.loom");
    let how = AddLoom::new().key("Gene");
    writable(&path)
        .add_loom(folder.path("2.loom"), &how)
        .unwrap();
    let found = read(&path);
    assert_eq!(
        found.layers[""],
        arr2(&[[1, 2, 8], [3, 4, 9], [5, 6, 7]]).into()
    );
    assert_eq!((found.layers.len(), &found.ra), (1, &one.ra));
    assert_eq!(found.ca["CellID"], ["a1", "a2", "b1"].as_slice().into());
}

#[test]
fn attributes_of_one_file_are_dropped_or_filled() {
    let (mut one, mut two) = pair();
    one.ca.insert("mine".into(), ["x", "y"].as_slice().into());
    two.ca.insert("theirs".into(), vec![1.5].into());
    one.ca.insert("wide".into(), arr2(&[[1, 2], [3, 4]]).into());
    two.ca.insert("wide".into(), vec![1].into());
    one.ca.insert("n".into(), vec![1_u8, 2].into());
    two.ca.insert("n".into(), vec![-3_i8].into());
    let values = BTreeMap::from([("mine".into(), "z".into()), ("theirs".into(), 7.into())]);
    for (fill, dropped, mine, theirs) in [
        (Fill::Drop, &["mine", "theirs", "wide"][..], None, None),
        (
            Fill::Auto,
            &["wide"],
            Some(["x", "y", ""]),
            Some([0.0, 0.0, 1.5]),
        ),
        (
            Fill::Values(values),
            &["wide"],
            Some(["x", "y", "z"]),
            Some([7.0, 7.0, 1.5]),
        ),
    ] {
        let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
        let path = folder.path("1.loom");
        let how = AddLoom::new().fill(fill);
        let found = writable(&path)
            .add_loom(folder.path("2.loom"), &how)
            .unwrap();
        assert_eq!(found, dropped);
        let found = read(&path).ca;
        assert_eq!(
            found.get("mine"),
            mine.map(|v| Array::from(v.as_slice())).as_ref()
        );
        assert_eq!(
            found.get("theirs"),
            theirs.map(|v| Array::from(v.to_vec())).as_ref()
        );
        assert_eq!(found["n"], vec![1_i16, 2, -3].into());
        assert!(!found.contains_key("wide"));
    }
}

#[test]
fn global_attributes_and_graphs() {
    let (mut one, mut two) = pair();
    for (view, title) in [(&mut one, "x"), (&mut two, "y")] {
        view.attrs.insert("title".into(), title.into());
        view.attrs.insert("same".into(), 1.into());
        view.attrs.insert("CreationDate".into(), "then".into());
    }
    two.attrs.insert("extra".into(), 2.into());
    one.col_graphs.insert("both".into(), ring(2));
    one.col_graphs.insert("mine".into(), ring(2));
    two.col_graphs.insert("both".into(), ring(1));
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("1.loom");
    let how = AddLoom::new().convert_attrs(true).include_graphs(true);
    writable(&path)
        .add_loom(folder.path("2.loom"), &how)
        .unwrap();
    let found = read(&path);
    assert_eq!(found.ca["title"], ["x", "x", "y"].as_slice().into());
    assert_eq!(found.ca["extra"], vec![0, 0, 2].into());
    assert_eq!(found.attrs.keys().collect::<Vec<_>>(), ["same"]);
    let edges: Vec<_> = found.col_graphs["both"].iter().collect();
    assert_eq!(edges, [(0, 1, 0.5), (1, 0, 1.5), (2, 2, 0.5)]);
    assert_eq!(found.col_graphs["mine"].data(), ring(2).data());
}

/// Files of other versions and programs, each appended to itself.
#[test]
fn every_program_s_files_can_grow() {
    for name in [
        "anndata.loom",
        "bustools.loom",
        "loom-experiment.loom",
        "loompy2.loom",
        "loompy2-columns.loom",
        "loompy3-columns.loom",
        "loompy3-edited.loom",
        "loompy3-names.loom",
        "loompy3-one-column.loom",
        "loompy3-types.loom",
        "loomr.loom",
        "seuratdisk.loom",
        "unversioned.loom",
    ] {
        let folder = Folder::new(&[]);
        let path = folder.path("x.loom");
        fs::copy(fixture(name), &path).unwrap();
        let validate = |mode| Connect::new().mode(mode).validate(false);
        let mut ds = validate(Mode::ReadWrite).open(&path).unwrap();
        let before = ds.view(.., ..).unwrap();
        let cols = ds.shape().1;
        // What is appended has to be valid.
        let dropped = match ds.add_loom(fixture(name), &AddLoom::new()) {
            Err(Error::NotLoom { .. }) => continue,
            other => other.unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        assert!(dropped.is_empty(), "{name}: {dropped:?}");
        drop(ds);
        let ds = validate(Mode::Read).open(&path).unwrap();
        assert_eq!(ds.shape().1, 2 * cols);
        for half in [ds.view(.., ..cols).unwrap(), ds.view(.., cols..).unwrap()] {
            let of = |view: &LoomView| format!("{:?}{:?}{:?}", view.layers, view.ra, view.ca);
            assert!(of(&half) == of(&before), "{name}");
        }
    }
}

/// The call fails with a message that has these parts, and the file stays byte for byte.
fn refused(path: &Path, other: &Path, how: &AddLoom, expected: &[&str]) -> Error {
    let before = fs::read(path).unwrap();
    let error = writable(path).add_loom(other, how).unwrap_err();
    let message = error.to_string();
    for part in expected {
        assert!(message.contains(part), "{part:?} in {message:?}");
    }
    assert!(
        fs::read(path).unwrap() == before,
        "{message}: the file was changed"
    );
    error
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let (mut one, mut two) = pair();
    let mut three = two.clone();
    three
        .ra
        .insert("Gene".into(), ["C", "B", "D"].as_slice().into());
    one.ra
        .insert("twice".into(), ["p", "q", "p"].as_slice().into());
    two.ra
        .insert("twice".into(), ["p", "q", "r"].as_slice().into());
    two.ca.insert("kind".into(), ["x"].as_slice().into());
    one.ca.insert("number".into(), vec![1, 2].into());
    let mut text = two.clone();
    text.ca.insert("number".into(), ["x"].as_slice().into());
    let mut half = two.clone();
    half.layers
        .insert(String::new(), arr2(&[[0.5], [1.0], [1.5]]).into());
    let folder = Folder::new(&[
        ("1.loom", &one),
        ("2.loom", &two),
        ("3.loom", &three),
        ("4.loom", &sample(4, 2, 0)),
        ("text.loom", &text),
        ("half.loom", &half),
    ]);
    fs::write(folder.path("none.loom"), "x").unwrap();
    let path = folder.path("1.loom");
    let of = |name: &str, how: AddLoom, expected: &[&str]| {
        refused(&path, &folder.path(name), &how, expected)
    };
    let plain = AddLoom::new;
    let error = of(
        "3.loom",
        plain().key("Gene"),
        &[
            "row attribute \"Gene\" of",
            "3.loom",
            "1.loom: \"A\"",
            "3.loom: \"D\"",
        ],
    );
    assert!(matches!(error, Error::Keys { .. }));
    of(
        "2.loom",
        plain().key("twice"),
        &["\"twice\" of", "1.loom", "several times: \"p\""],
    );
    of("2.loom", plain().key("x"), &["row attribute", "\"x\""]);
    of("4.loom", plain(), &["4.loom", "[4, 2]", "3 rows"]);
    let types = [
        "column attribute \"number\" of",
        "text.loom",
        "str",
        "int32",
    ];
    of("text.loom", plain(), &types);
    of(
        "half.loom",
        plain(),
        &["layer \"\"", "0.5", "row 0, column 0", "int32"],
    );
    of("none.loom", plain(), &["none.loom"]);
    of("no.loom", plain(), &["no.loom", "no such file"]);
    of("1.loom", plain(), &["1.loom", "locked"]);
    of("2.loom", plain().batch_size(0), &["batches of 0"]);
    let fill = plain().fill(Fill::Values(BTreeMap::new()));
    of("2.loom", fill, &["fill value", "\"kind\""]);
    let less = folder.path("less.loom");
    one.layers
        .insert("spliced".into(), arr2(&[[1, 2], [3, 4], [5, 6]]).into());
    create(&less, &one).unwrap();
    let missing = ["2.loom", "layer \"spliced\"", "less.loom"];
    refused(&less, &folder.path("2.loom"), &plain(), &missing);
    let mut reading = connect(&path, Mode::Read).unwrap();
    let error = reading
        .add_loom(folder.path("2.loom"), &plain())
        .unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }));
    let mut empty = crate::new(folder.path("new.loom")).unwrap();
    let error = empty.add_loom(folder.path("2.loom"), &plain()).unwrap_err();
    assert!(error.to_string().contains("no matrix"), "{error}");
}
