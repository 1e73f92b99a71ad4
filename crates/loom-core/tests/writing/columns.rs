//! Columns that are added, and rows and columns in another order.

use std::collections::BTreeMap;

use loom_core::{
    Array, Axis, DType, Error, Fill, LoomConnection, LoomView, Mode, connect,
    h5lite::{DatasetOptions, File},
    new,
};

use crate::{assert_same, bytes, numbers, open, reopen, same, sample, words};

fn file(view: &LoomView) -> LoomConnection {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    loom_core::create(&path, view).unwrap();
    reopen(std::fs::read(&path).unwrap())
}

/// Two arrays of one type, along an axis.
fn both(axis: usize, first: &Array, second: &Array) -> Array {
    Array::concatenate(axis, vec![first.clone(), second.clone()]).unwrap()
}

#[test]
fn columns_follow_those_that_are_there() {
    for (before, added) in [(1, 1), (130, 70), (64, 64), (3, 200)] {
        let (first, second) = (sample(70, before), sample(70, added));
        let mut ds = file(&first);
        let stamp = ds.last_modified().unwrap().unwrap();
        let dropped = ds.add_columns(&second, &Fill::Drop).unwrap();
        assert_eq!(dropped, Vec::<String>::new());
        assert_eq!(ds.shape(), (70, before + added));
        let ds = reopen(bytes(ds));
        let view = ds.view(.., ..).unwrap();
        for (name, layer) in &view.layers {
            assert_eq!(
                *layer,
                both(1, &first.layers[name], &second.layers[name]),
                "{name}"
            );
        }
        for (name, values) in &view.ca {
            assert_eq!(
                *values,
                both(0, &first.ca[name], &second.ca[name]),
                "{name}"
            );
        }
        assert_eq!(view.ra, first.ra);
        assert_eq!(view.row_graphs, first.row_graphs);
        let knn = &view.col_graphs["KNN"];
        assert_eq!(knn.shape(), (before + added, before + added));
        assert_eq!(knn.data(), first.col_graphs["KNN"].data());
        let changed = ds.get_changes_since(&stamp).unwrap();
        assert_eq!((changed.layers.len(), changed.col_attrs.len()), (2, 2));
        assert_eq!(changed.row_attrs.len(), 0);
    }
}

#[test]
fn types_are_those_of_the_layer_and_those_that_hold_both() {
    let mut first = sample(3, 4);
    first.ca.insert("number".into(), vec![1_u8; 4].into());
    let mut second = sample(3, 2);
    second
        .layers
        .insert(String::new(), numbers(3, 2).mapv(f64::from).into());
    second.ca.insert("number".into(), vec![-1_i8; 2].into());
    let mut ds = file(&first);
    ds.add_columns(&second, &Fill::Drop).unwrap();
    let ds = reopen(bytes(ds));
    assert_eq!(ds.layer("").unwrap().dtype(), DType::I32);
    let expected: Array = vec![1_i16, 1, 1, 1, -1, -1].into();
    assert_eq!(ds.ca().get_any("number").unwrap(), expected);
}

#[test]
fn attributes_of_one_side_are_dropped_or_filled() {
    let mut first = sample(3, 4);
    let pairs: Array = ndarray::Array2::<f32>::ones((4, 2)).into();
    first.ca.insert("old".into(), pairs.clone());
    first.ca.insert("shape".into(), pairs.clone());
    let mut second = sample(3, 2);
    second.ca.insert("new".into(), words("n", 2));
    second.ca.insert("shape".into(), vec![1.0_f32; 2].into());

    let mut ds = file(&first);
    let dropped = ds.add_columns(&second, &Fill::Drop).unwrap();
    assert_eq!(dropped, ["new", "old", "shape"]);
    assert_eq!(ds.ca().keys().unwrap(), ["CellID", "PCA"]);

    let mut ds = file(&first);
    assert_eq!(ds.add_columns(&second, &Fill::Auto).unwrap(), ["shape"]);
    let zeros: Array = ndarray::Array2::<f32>::zeros((2, 2)).into();
    assert_eq!(ds.ca().get_any("old").unwrap(), both(0, &pairs, &zeros));
    let new = ["", "", "", "", "n0", "n1"].as_slice();
    assert_eq!(ds.ca().get_any("new").unwrap(), new.into());

    let mut values = BTreeMap::from([
        ("old".to_owned(), Array::from(vec![2.5_f64, 0.0])),
        ("new".to_owned(), "?".into()),
    ]);
    let mut ds = file(&first);
    ds.add_columns(&second, &Fill::Values(values.clone()))
        .unwrap();
    let old = ds.ca().get_any("old").unwrap();
    assert_eq!((old.dtype(), old.shape()), (DType::F64, &[6, 2][..]));
    assert_eq!(ds.ca().get::<String>("new").unwrap()[3], "?");

    let refused = |fill: Fill, parts: &[&str]| {
        let mut ds = file(&first);
        let error = ds.add_columns(&second, &fill).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert_eq!(ds.shape(), (3, 4));
    };
    values.insert("old".into(), 1.0.into());
    refused(
        Fill::Values(values.clone()),
        &["fill value", "\"old\"", "[2]", "[]"],
    );
    values.insert("old".into(), ["", ""].as_slice().into());
    refused(Fill::Values(values.clone()), &["\"old\"", "float32", "str"]);
    values.remove("old");
    refused(Fill::Values(values), &["fill value", "\"old\""]);
}

#[test]
fn every_fixture_can_grow() {
    for name in [
        "loompy2.loom",
        "loompy2-columns.loom",
        "loompy3.loom",
        "loompy3-columns.loom",
        "loompy3-edited.loom",
        "loomr.loom",
        "seuratdisk.loom",
        "userblock-1024-latest.loom",
        "unversioned.loom",
    ] {
        let mut ds = open(name);
        let before = ds.view(.., ..).unwrap();
        let mut added = ds.view(.., ..2).unwrap();
        for values in added.ca.values_mut() {
            if let Array::Str(values) = values {
                values.fill("\u{e9}\u{1f9ec} longer than anything before, by far".to_owned());
            }
        }
        let dropped = ds.add_columns(&added, &Fill::Drop).unwrap();
        assert_eq!(dropped, Vec::<String>::new(), "{name}");
        let ds = reopen(bytes(ds));
        let view = ds.view(.., ..).unwrap();
        for (layer, values) in &view.layers {
            let expected = both(1, &before.layers[layer], &added.layers[layer]);
            assert!(same(values, &expected), "{name}: {layer}");
        }
        for (attribute, values) in &view.ca {
            let expected = both(0, &before.ca[attribute], &added.ca[attribute]);
            assert!(same(values, &expected), "{name}: {attribute}");
        }
        for (attribute, values) in &view.ra {
            assert!(same(values, &before.ra[attribute]), "{name}: {attribute}");
        }
    }
}

#[test]
fn columns_that_do_not_fit() {
    let first = sample(3, 4);
    let refused = |change: &dyn Fn(&mut LoomView), parts: &[&str]| {
        let mut second = sample(3, 2);
        change(&mut second);
        let mut ds = file(&first);
        let error = ds
            .add_columns(&second, &Fill::Auto)
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert_eq!(ds.view(.., ..).unwrap().layers, first.layers);
        assert_eq!(ds.ca().keys().unwrap(), ["CellID", "PCA"]);
    };
    refused(&|view| *view = sample(5, 2), &["3 rows", "[5, 2]"]);
    refused(&|view| drop(view.layers.remove("x")), &["layer", "\"x\""]);
    refused(
        &|view| drop(view.layers.insert("y".into(), numbers(3, 2).into())),
        &["layer", "\"y\""],
    );
    refused(
        &|view| {
            drop(view.layers.insert(
                String::new(),
                ndarray::arr2(&[[0.0, 1.0], [2.0, f64::NAN], [0.0, 0.0]]).into(),
            ));
        },
        &["layer \"\"", "NaN", "row 1, column 5"],
    );
    refused(
        &|view| {
            drop(view.layers.insert(
                String::new(),
                ndarray::arr2(&[[0.0, 1.0], [2.5, 0.0], [0.0, 0.0]]).into(),
            ));
        },
        &["2.5", "row 1, column 4", "layer \"\"", "int32", "float64"],
    );
    refused(
        &|view| drop(view.ca.insert("CellID".into(), vec![1, 2].into())),
        &["column attribute \"CellID\"", "str", "int32"],
    );
    refused(
        &|view| drop(view.ca.insert("CellID".into(), words("", 3))),
        &["column attribute \"CellID\"", "2 columns", "[3]"],
    );
    let mut second = sample(3, 2);
    second.ca.insert("n".into(), vec![1, 2].into());
    let fill = Fill::Values([("n".to_owned(), "text".into())].into());
    let mut ds = file(&first);
    let error = ds.add_columns(&second, &fill).unwrap_err().to_string();
    for part in ["fill value", "column attribute \"n\"", "int32", "str"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(ds.shape(), (3, 4));
}

#[test]
fn the_first_columns_bring_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let mut ds = new(&path).unwrap();
    let (first, second) = (sample(70, 100), sample(70, 9));
    let mut without = first.clone();
    without.ra.clear();
    let error = ds
        .add_columns(&without, &Fill::Drop)
        .unwrap_err()
        .to_string();
    assert!(error.contains("row attributes"), "{error}");
    ds.add_columns(&first, &Fill::Drop).unwrap();
    ds.add_columns(&second, &Fill::Drop).unwrap();
    ds.close();
    let ds = connect(&path, Mode::Read).unwrap();
    assert_eq!(ds.shape(), (70, 109));
    assert_eq!(ds.ra().get_any("Gene").unwrap(), first.ra["Gene"]);
    assert_eq!(
        ds.ca().get_any("PCA").unwrap(),
        both(0, &first.ca["PCA"], &second.ca["PCA"])
    );
}

/// A layer that another program did not store in chunks is in chunks behind a permutation.
#[test]
fn a_layer_without_chunks_is_permuted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let view = sample(70, 130);
    loom_core::create(&path, &view).unwrap();
    let mut file = File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::contiguous();
    edit.write("/layers/x", &view.layers["x"], &options)
        .unwrap();
    edit.commit().unwrap();
    drop(file);
    let mut ds = connect(&path, Mode::ReadWrite).unwrap();
    for axis in Axis::BOTH {
        let order = order(axis.of((70, 130)));
        let before = ds.layer("x").unwrap().read_any(.., ..).unwrap();
        ds.permute(axis, &order).unwrap();
        let after = ds.layer("x").unwrap();
        assert!(after.dataset().chunk_shape().is_some());
        let part = |at: usize| before.part(axis.index(), at..at + 1).unwrap();
        let parts = order.iter().map(|&at| part(at)).collect();
        let expected = Array::concatenate(axis.index(), parts).unwrap();
        assert_eq!(after.read_any(.., ..).unwrap(), expected, "{axis}");
    }
}

#[test]
fn an_axis_without_positions_is_permuted() {
    for shape in [(5, 0), (0, 5)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.loom");
        new(&path).unwrap().close();
        let mut file = File::open_rw(&path).unwrap();
        let mut edit = file.edit().unwrap();
        let options = DatasetOptions::default();
        edit.create("/matrix", DType::F32, &[shape.0, shape.1], &options)
            .unwrap();
        edit.commit().unwrap();
        drop(file);
        let mut ds = connect(&path, Mode::ReadWrite).unwrap();
        assert_eq!(ds.shape(), shape);
        for axis in Axis::BOTH {
            ds.permute(axis, &order(axis.of(shape))).unwrap();
        }
        assert_eq!(ds.shape(), shape);
    }
}

/// A permutation without a pattern.
fn order(length: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by_key(|&i| i.wrapping_mul(2_654_435_761) % 1_000_003);
    order
}

#[test]
fn both_axes_are_permuted_with_all_that_belongs_to_them() {
    for name in [
        "demo.loom",
        "loompy2.loom",
        "loompy3.loom",
        "loompy3-types.loom",
        "loom-experiment.loom",
        "seuratdisk.loom",
        "scope-json.loom",
        "unversioned.loom",
        "userblock-1024-latest.loom",
    ] {
        for axis in Axis::BOTH {
            let mut ds = open(name);
            let order = order(axis.of(ds.shape()));
            let mut expected = match axis {
                Axis::Rows => ds.view(order.clone(), ..),
                Axis::Cols => ds.view(.., order.clone()),
            }
            .unwrap();
            let stored = |ds: &LoomConnection| {
                let matrix = ds.layer("").unwrap();
                (
                    matrix.dtype(),
                    matrix.dataset().chunk_shape().map(<[_]>::to_vec),
                )
            };
            let before = stored(&ds);
            ds.permute(axis, &order).unwrap();
            let ds = reopen(bytes(ds));
            let mut found = ds.view(.., ..).unwrap();
            for view in [&mut found, &mut expected] {
                view.attrs.remove("last_modified");
            }
            assert_same(&found, &expected, &format!("{name}, {axis}"));
            if before.1.is_some() {
                assert_eq!(stored(&ds), before, "{name}, {axis}");
            }
        }
    }
}

#[test]
fn what_is_no_permutation() {
    let view = sample(3, 4);
    let mut ds = file(&view);
    let mut refused = |axis, order: &[usize], parts: &[&str]| {
        let error = ds.permute(axis, order).unwrap_err();
        assert!(matches!(error, Error::Misuse(_)));
        for part in parts {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
    };
    refused(Axis::Rows, &[0, 1], &["3 rows", "2 positions"]);
    refused(
        Axis::Cols,
        &[0, 1, 2, 4],
        &["4 columns", "position 4", "outside"],
    );
    refused(
        Axis::Cols,
        &[0, 1, 1, 3],
        &["4 columns", "position 1", "twice"],
    );
    assert_eq!(ds.view(.., ..).unwrap().layers, view.layers);
}
