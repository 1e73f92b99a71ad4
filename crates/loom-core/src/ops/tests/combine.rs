//! Several files as one.

use std::collections::BTreeMap;

use h5lite::{Array, DType, Number, Selection};
use ndarray::arr2;

use super::{Folder, content, refused, ring, sample};
use crate::{AddLoom, Axis, Combine, Coo, Error, Fill, Join, LoomView, Mode, connect};

/// Without a key: columns side by side, everything else from the first file.
#[test]
fn columns_follow_each_other() {
    let (one, two, three) = (sample(70, 100, 1), sample(70, 30, 2), sample(70, 65, 3));
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two), ("3.loom", &three)]);
    let path = folder.path("out.loom");
    for batch in [1, 64, 1000] {
        let combined = Combine::new(folder.paths(["1.loom", "2.loom", "3.loom"]))
            .batch_size(batch)
            .write(&path)
            .unwrap();
        assert_eq!((combined.shape, combined.dropped.len()), ((70, 195), 0));
        let mut expected = one.clone();
        for view in [&two, &three] {
            for (name, layer) in &view.layers {
                let all = vec![expected.layers.remove(name).unwrap(), layer.clone()];
                expected
                    .layers
                    .insert(name.clone(), Array::concatenate(1, all).unwrap());
            }
            for (name, values) in &view.ca {
                let all = vec![expected.ca.remove(name).unwrap(), values.clone()];
                expected
                    .ca
                    .insert(name.clone(), Array::concatenate(0, all).unwrap());
            }
        }
        let (a, b, w) = ring(100).into_parts();
        expected
            .col_graphs
            .insert("KNN".into(), Coo::new((195, 195), a, b, w).unwrap());
        assert_eq!(content(&path), expected);
    }
    let valid = connect(&path, Mode::Read).unwrap();
    assert_eq!(valid.layer("").unwrap().dtype(), DType::I32);
}

/// Two small files whose genes are B, A, C and C, B, D.
pub(super) fn genes() -> (LoomView, LoomView) {
    let (mut one, mut two) = (LoomView::default(), LoomView::default());
    one.layers
        .insert(String::new(), arr2(&[[1, 2], [3, 4], [5, 6]]).into());
    one.ra
        .insert("Gene".into(), ["B", "A", "C"].as_slice().into());
    one.ra.insert("Length".into(), vec![20, 10, 30].into());
    one.row_graphs.insert("g".into(), ring(3));
    one.ca
        .insert("CellID".into(), ["a1", "a2"].as_slice().into());
    two.layers
        .insert(String::new(), arr2(&[[7], [8], [9]]).into());
    two.ra
        .insert("Gene".into(), ["C", "B", "D"].as_slice().into());
    two.ra.insert("Length".into(), vec![31, 21, 41].into());
    two.ca.insert("CellID".into(), ["b1"].as_slice().into());
    (one, two)
}

#[test]
fn columns_are_selected_and_say_where_they_are_from() {
    let (one, two) = genes();
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two), ("3.loom", &one)]);
    let path = folder.path("out.loom");
    Combine::new(folder.paths(["1.loom", "2.loom", "3.loom"]))
        .selections::<Selection>([
            [false, true].as_slice().into(),
            (..).into(),
            vec![1, 0].into(),
        ])
        .skip_attrs(["Length"])
        .source("File")
        .attr("title", "three")
        .include_graphs(true)
        .write(&path)
        .unwrap();
    let found = content(&path);
    assert_eq!(
        found.layers[""],
        arr2(&[[2, 7, 2, 1], [4, 8, 4, 3], [6, 9, 6, 5]]).into()
    );
    assert_eq!(
        found.ca["File"],
        ["1.loom", "2.loom", "3.loom", "3.loom"].as_slice().into()
    );
    assert_eq!(
        found.ca["CellID"],
        ["a2", "b1", "a2", "a1"].as_slice().into()
    );
    assert!(!found.ra.contains_key("Length"));
    assert_eq!(found.attrs["title"], "three".into());
    let same = folder.path("more");
    std::fs::create_dir(&same).unwrap();
    std::fs::copy(folder.path("1.loom"), same.join("1.loom")).unwrap();
    let twice = [folder.path("1.loom"), same.join("1.loom")];
    Combine::new(twice.clone())
        .source("File")
        .write(&path)
        .unwrap();
    let names = connect(&path, Mode::Read)
        .unwrap()
        .ca()
        .get::<String>("File")
        .unwrap();
    assert_eq!(names[0], twice[0].display().to_string());
    assert_eq!(names[3], twice[1].display().to_string());
}

#[test]
fn graphs_of_all_files_are_offset() {
    let (one, two) = (sample(3, 4, 0), sample(3, 2, 0));
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    Combine::new(folder.paths(["1.loom", "2.loom"]))
        .selections([vec![3, 0, 1], vec![1, 0]])
        .include_graphs(true)
        .write(&path)
        .unwrap();
    let mut edges: Vec<_> = content(&path).col_graphs["KNN"].iter().collect();
    edges.sort_by_key(|&(a, b, _)| (a, b));
    // 3 -> 0 and 0 -> 1 of the first, 0 -> 1 and 1 -> 0 of the second.
    assert_eq!(edges, [(0, 1, 3.5), (1, 2, 0.5), (3, 4, 1.5), (4, 3, 0.5)]);
}

/// Weights of `float32` stay what they are where all files have them.
#[test]
fn graphs_keep_the_type_of_their_weights() {
    let (one, two) = (sample(3, 4, 0), sample(3, 2, 0));
    for narrow in [["1.loom", "2.loom"].as_slice(), &["1.loom"]] {
        let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
        for name in narrow {
            let mut ds = connect(folder.path(name), Mode::ReadWrite).unwrap();
            let knn = ds.col_graphs().get::<f64>("KNN").unwrap();
            let (shape, (row, col, data)) = (knn.shape(), knn.into_parts());
            let data = data.into_iter().map(f32::from_f64).collect();
            let knn = Coo::new(shape, row, col, data).unwrap();
            ds.col_graphs_mut().insert("KNN", &knn).unwrap();
        }
        let expected = match narrow.len() {
            2 => DType::F32,
            _ => DType::F64,
        };
        let path = folder.path("out.loom");
        let combine = Combine::new(folder.paths(["1.loom", "2.loom"]));
        combine.include_graphs(true).write(&path).unwrap();
        let mut grown = connect(folder.path("1.loom"), Mode::ReadWrite).unwrap();
        let how = AddLoom::new().include_graphs(true);
        grown.add_loom(folder.path("2.loom"), &how).unwrap();
        drop(grown);
        let edges = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 4)];
        let weights = [0.5, 1.5, 2.5, 3.5, 0.5, 1.5];
        for path in [&path, &folder.path("1.loom")] {
            let ds = connect(path, Mode::Read).unwrap();
            assert_eq!(ds.col_graphs().dtype("KNN").unwrap(), expected);
            let mut found: Vec<_> = content(path).col_graphs["KNN"].iter().collect();
            found.sort_by_key(|&(a, b, _)| (a, b));
            let wanted = edges.iter().zip(weights).map(|(&(a, b), w)| (a, b, w));
            assert!(found.into_iter().eq(wanted), "{}", path.display());
        }
    }
}

#[test]
fn types_are_promoted_and_attributes_dropped_or_filled() {
    let (mut one, mut two) = genes();
    two.layers
        .insert(String::new(), arr2(&[[0.5], [1.5], [2.5]]).into());
    one.ca.insert("n".into(), vec![1_u8, 2].into());
    two.ca.insert("n".into(), vec![-3_i8].into());
    one.ca.insert("only".into(), ["x", "y"].as_slice().into());
    two.ca.insert("last".into(), vec![1.5].into());
    one.ca.insert("wide".into(), arr2(&[[1, 2], [3, 4]]).into());
    two.ca.insert("wide".into(), arr2(&[[1, 2, 3]]).into());
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"]));
    let combined = combine.clone().write(&path).unwrap();
    assert_eq!(combined.dropped, ["last", "only", "wide"]);
    let found = content(&path);
    let main = arr2(&[[1.0, 2.0, 0.5], [3.0, 4.0, 1.5], [5.0, 6.0, 2.5]]);
    assert_eq!(found.layers[""], main.into());
    assert_eq!(found.ca["n"], vec![1_i16, 2, -3].into());
    assert_eq!(found.ca.keys().collect::<Vec<_>>(), ["CellID", "n"]);
    let combined = combine.clone().fill(Fill::Auto).write(&path).unwrap();
    assert_eq!(combined.dropped, ["wide"]);
    let found = content(&path);
    assert_eq!(found.ca["only"], ["x", "y", ""].as_slice().into());
    assert_eq!(found.ca["last"], vec![0.0, 0.0, 1.5].into());
    let mut values = BTreeMap::from([("only".to_owned(), "none".into())]);
    let fill = |values: &BTreeMap<_, _>| combine.clone().fill(Fill::Values(values.clone()));
    let lacking = ["fill value", "\"last\""];
    refused(|path| fill(&values).write(path), &lacking);
    values.insert("last".to_owned(), vec![-1].into());
    let shape = ["fill value", "column attribute \"last\"", "[1]"];
    refused(|path| fill(&values).write(path), &shape);
    values.insert("last".to_owned(), (-1).into());
    fill(&values).write(&path).unwrap();
    let found = content(&path);
    assert_eq!(found.ca["only"], ["x", "y", "none"].as_slice().into());
    assert_eq!(found.ca["last"], vec![-1.0, -1.0, 1.5].into());
}

#[test]
fn global_attributes_that_differ_become_column_attributes() {
    let (mut one, mut two) = genes();
    for (view, title, number) in [(&mut one, "x", 1), (&mut two, "y", 1)] {
        view.attrs.insert("title".into(), title.into());
        view.attrs.insert("same".into(), number.into());
        view.attrs.insert("CreationDate".into(), "then".into());
    }
    two.attrs.insert("extra".into(), 2.5.into());
    one.ca.insert("given".into(), vec![7, 8].into());
    one.attrs.insert("given".into(), 1.into());
    two.attrs.insert("given".into(), 9.into());
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"])).convert_attrs(true);
    combine.write(&path).unwrap();
    let found = content(&path);
    assert_eq!(found.ca["title"], ["x", "x", "y"].as_slice().into());
    assert_eq!(found.ca["extra"], vec![0.0, 0.0, 2.5].into());
    assert_eq!(found.ca["given"], vec![7, 8, 9].into());
    assert_eq!(found.attrs.keys().collect::<Vec<_>>(), ["same"]);
}

/// Rows of two files, cells aligned by their names.
#[test]
fn rows_can_follow_each_other() {
    let (mut one, mut two) = (LoomView::default(), LoomView::default());
    one.layers.insert(String::new(), arr2(&[[1, 2, 3]]).into());
    one.ca
        .insert("CellID".into(), ["a", "b", "c"].as_slice().into());
    one.ra.insert("Gene".into(), ["RNA"].as_slice().into());
    two.layers
        .insert(String::new(), arr2(&[[4, 5], [6, 7]]).into());
    two.ca.insert("CellID".into(), ["c", "a"].as_slice().into());
    two.ra
        .insert("Gene".into(), ["CD3", "CD4"].as_slice().into());
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"]))
        .axis(Axis::Rows)
        .key("CellID")
        .source("Assay");
    combine.clone().join(Join::Outer).write(&path).unwrap();
    let found = content(&path);
    assert_eq!(
        found.layers[""],
        arr2(&[[1, 2, 3], [5, 0, 4], [7, 0, 6]]).into()
    );
    assert_eq!(found.ra["Gene"], ["RNA", "CD3", "CD4"].as_slice().into());
    assert_eq!(
        found.ra["Assay"],
        ["1.loom", "2.loom", "2.loom"].as_slice().into()
    );
    assert_eq!(found.ca["CellID"], ["a", "b", "c"].as_slice().into());
    refused(
        |path| combine.write(path),
        &[
            "column attribute \"CellID\" of 2.loom",
            "only in 1.loom: \"b\"",
        ],
    );
}

#[test]
fn what_cannot_be_combined_changes_nothing() {
    let (mut one, mut two) = genes();
    one.ra
        .insert("twice".into(), ["p", "q", "p"].as_slice().into());
    two.ra
        .insert("twice".into(), ["p", "q", "r"].as_slice().into());
    one.ca.insert("kind".into(), vec![1, 2].into());
    two.ca.insert("kind".into(), ["x"].as_slice().into());
    let folder = Folder::new(&[
        ("1.loom", &one),
        ("2.loom", &two),
        ("4.loom", &sample(4, 2, 0)),
    ]);
    std::fs::write(folder.path("none.loom"), "x").unwrap();
    let files = |names: [&str; 2]| Combine::new(folder.paths(names));
    let error = refused(
        |path| files(["1.loom", "2.loom"]).key("twice").write(path),
        &["row attribute \"twice\" of 1.loom", "several times: \"p\""],
    );
    assert!(matches!(error, Error::Keys { .. }));
    let type_of_kind = [
        "column attribute \"kind\" of 2.loom",
        "str",
        "int32, as in 1.loom",
    ];
    refused(
        |path| files(["1.loom", "2.loom"]).write(path),
        &type_of_kind,
    );
    refused(
        |path| files(["1.loom", "4.loom"]).write(path),
        &["4.loom", "[4, 2]", "3 rows, as in 1.loom"],
    );
    refused(
        |path| files(["1.loom", "2.loom"]).key("x").write(path),
        &["row attribute", "\"x\""],
    );
    refused(
        |path| files(["1.loom", "none.loom"]).write(path),
        &["none.loom"],
    );
    refused(
        |path| files(["1.loom", "3.loom"]).write(path),
        &["3.loom", "no such file"],
    );
    refused(
        |path| Combine::new(Vec::<String>::new()).write(path),
        &["no files"],
    );
    let some = || files(["1.loom", "2.loom"]).skip_attrs(["kind"]);
    refused(|path| some().batch_size(0).write(path), &["batches of 0"]);
    refused(
        |path| some().selections([..]).write(path),
        &["1 selections", "2 files"],
    );
    refused(
        |path| some().selections([..2, ..2]).write(path),
        &["axis 1"],
    );
    refused(
        |path| some().join(Join::Outer).write(path),
        &["outer join of rows", "key"],
    );
    refused(
        |path| some().source("CellID").write(path),
        &["column attribute", "\"CellID\"", "already"],
    );
    refused(
        |path| some().source("a/b").write(path),
        &["column attribute", "\"a/b\""],
    );
    refused(
        |path| some().selections([..0, ..0]).write(path),
        &["layer \"\"", "[3, 0]", "at least one row and one column"],
    );
}
