//! Every call that changes a file.

use loom_core::{
    Array, Axis, Coo, DType, Error, LoomConnection, Matrix, Result, Selection, Triplets,
};
use ndarray::{Array2, ArrayD, IxDyn, arr2};

use crate::{bytes, graph, numbers, open, reopen, same, sample, words};

/// A file with something of everything, open for writing.
fn file() -> LoomConnection {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    loom_core::create(&path, &sample(70, 130)).unwrap();
    reopen(std::fs::read(&path).unwrap())
}

fn now(ds: &LoomConnection) -> String {
    ds.last_modified().unwrap().unwrap()
}

#[test]
fn attributes_of_every_type_and_rank() {
    let mut ds = file();
    let before = now(&ds);
    let of_rank = |shape: &[usize]| -> Array {
        ArrayD::from_shape_fn(IxDyn(shape), |at| i16::try_from(at[0]).unwrap()).into()
    };
    let texts: Vec<String> = (0..130).map(|i| "\u{1f9ec}&amp;".repeat(i % 4)).collect();
    let values: Vec<(&str, Array)> = vec![
        ("i8", vec![-1_i8; 130].into()),
        ("u16", vec![u16::MAX; 130].into()),
        ("u64", vec![u64::MAX; 130].into()),
        ("f32", vec![f32::NAN; 130].into()),
        ("f64", vec![f64::MIN_POSITIVE; 130].into()),
        ("text", texts.into()),
        ("2-D", of_rank(&[130, 7])),
        ("3-D", of_rank(&[130, 2, 2])),
        ("no width", of_rank(&[130, 0])),
        ("!x", words("", 130)),
        ("\u{e9} \u{65e5}", words("", 130)),
    ];
    for (name, values) in &values {
        ds.ca_mut().insert(name, values.clone()).unwrap();
    }
    assert!(now(&ds) > before);
    let ds = reopen(bytes(ds));
    for (name, values) in &values {
        let found = ds.ca().get_any(name).unwrap();
        assert!(same(&found, values), "{name}");
        let stamp = ds.ca().last_modified_of(name).unwrap().unwrap();
        assert!(stamp > before, "{name}");
    }
    let changed = ds.get_changes_since(&before).unwrap();
    assert_eq!(changed.col_attrs.len(), values.len());
    assert_eq!((changed.row_attrs.len(), changed.layers.len()), (0, 0));
}

#[test]
fn attributes_are_replaced_renamed_and_removed() {
    let mut ds = file();
    ds.ra_mut().insert("Length", words("l", 70)).unwrap();
    assert_eq!(ds.ra().get_any("Length").unwrap(), words("l", 70));
    let before = now(&ds);
    ds.ra_mut().rename("Length", "Name").unwrap();
    assert_eq!(ds.ra().keys().unwrap(), ["Gene", "Name"]);
    assert!(ds.ra().last_modified_of("Name").unwrap().unwrap() > before);
    let before = now(&ds);
    ds.ra_mut().remove("Name").unwrap();
    assert_eq!(ds.ra_mut().as_ref().keys().unwrap(), ["Gene"]);
    assert!(
        ds.ra().last_modified().unwrap().unwrap() > before,
        "removal stamps the group"
    );
    assert!(ds.ca().last_modified().unwrap().unwrap() < before);
}

#[test]
fn global_attributes() {
    let mut ds = file();
    let before = now(&ds);
    ds.attrs_mut().insert("title", 1.5).unwrap();
    ds.attrs_mut()
        .insert("matrix", arr2(&[[1_u8, 2], [3, 4]]))
        .unwrap();
    ds.attrs_mut().insert("none", Vec::<i32>::new()).unwrap();
    ds.attrs_mut().rename("list", "words").unwrap();
    ds.attrs_mut().remove("number").unwrap();
    assert!(now(&ds) > before);
    let ds = reopen(bytes(ds));
    assert_eq!(ds.attrs().value::<f64>("title").unwrap(), 1.5);
    assert_eq!(ds.attrs().get::<u8>("matrix").unwrap().shape(), [2, 2]);
    assert_eq!(ds.attrs().get::<i32>("none").unwrap().len(), 0);
    assert_eq!(
        ds.attrs().get_any("words").unwrap(),
        ["a", "", "c"].as_slice().into()
    );
    assert!(!ds.attrs().contains("number").unwrap() && !ds.attrs().contains("list").unwrap());
}

#[test]
fn graphs() {
    let mut ds = file();
    let before = now(&ds);
    let empty = Coo::<f32>::new((130, 130), vec![], vec![], vec![]).unwrap();
    let counts = Coo::new((130, 130), vec![129], vec![0], vec![7_u8]).unwrap();
    ds.col_graphs_mut().insert("empty", &empty).unwrap();
    ds.col_graphs_mut().insert("KNN", &counts).unwrap();
    ds.row_graphs_mut().insert("new", &graph(70)).unwrap();
    ds.row_graphs_mut().rename("new", "newer").unwrap();
    ds.row_graphs_mut().remove("up").unwrap();
    let ds = reopen(bytes(ds));
    assert_eq!(ds.col_graphs().keys().unwrap(), ["KNN", "empty"]);
    assert_eq!(
        ds.col_graphs().dtype("KNN").unwrap(),
        DType::F64,
        "weights are floats"
    );
    assert_eq!(ds.col_graphs().dtype("empty").unwrap(), DType::F32);
    let knn = ds.col_graphs().get::<f64>("KNN").unwrap();
    assert_eq!(knn.iter().collect::<Vec<_>>(), [(129, 0, 7.0)]);
    assert_eq!(ds.row_graphs().keys().unwrap(), ["newer"]);
    assert_eq!(ds.row_graphs().get::<f64>("newer").unwrap(), graph(70));
    let changed = ds.get_changes_since(&before).unwrap();
    assert_eq!(
        (changed.col_graphs, changed.row_graphs.len()),
        (vec!["KNN".into(), "empty".into()], 1)
    );
}

#[test]
fn layers_dense_sparse_and_empty() {
    let mut ds = file();
    let before = now(&ds);
    let dense = numbers(70, 130).mapv(|v| u16::try_from(v).unwrap());
    let sparse = Coo::new(
        (70, 130),
        vec![69, 0, 69],
        vec![129, 0, 129],
        vec![1_i64, 2, 3],
    )
    .unwrap();
    ds.layers_mut().insert("dense", dense.clone()).unwrap();
    ds.layers_mut().insert("sparse", &sparse).unwrap();
    ds.layers_mut().insert("empty", DType::F32).unwrap();
    ds.layers_mut().insert("", dense.mapv(f64::from)).unwrap();
    ds.layers_mut().insert("gone", DType::I8).unwrap();
    ds.layers_mut().rename("x", "y").unwrap();
    ds.layers_mut().remove("gone").unwrap();
    let ds = reopen(bytes(ds));
    assert_eq!(
        ds.layers().keys().unwrap(),
        ["", "dense", "empty", "sparse", "y"]
    );
    assert_eq!(ds.read::<f64>(.., ..).unwrap(), dense.mapv(f64::from));
    assert_eq!(
        ds.layer("dense").unwrap().read::<u16>(.., ..).unwrap(),
        dense
    );
    let found = ds.layer("sparse").unwrap().read::<i64>(.., ..).unwrap();
    assert_eq!(found.mapv(|v| v as f64), sparse.to_dense());
    assert_eq!(found[(69, 129)], 4, "triplets of one position add up");
    let empty = ds.layer("empty").unwrap();
    assert_eq!(
        empty.read::<f32>(.., ..).unwrap(),
        Array2::<f32>::zeros((70, 130))
    );
    let changed = ds.get_changes_since(&before).unwrap();
    assert_eq!(changed.layers, ["", "dense", "empty", "sparse", "y"]);
}

#[test]
fn any_selection_of_a_layer() {
    let mut ds = file();
    let mut expected = numbers(70, 130);
    let before = now(&ds);
    let rows = vec![69, 3, 10];
    let mask: Vec<bool> = (0..130).map(|col| col % 50 == 1).collect();
    let block = arr2(&[[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    for (i, &row) in rows.iter().enumerate() {
        for (j, &col) in [1, 51, 101].iter().enumerate() {
            expected[(row, col)] = block[(i, j)];
        }
    }
    ds.write(rows, Selection::from(&mask[..]), block).unwrap();
    ds.write(5, .., vec![-1; 130]).unwrap();
    expected.row_mut(5).fill(-1);
    ds.write(..2, 100.., -2).unwrap();
    expected.slice_mut(ndarray::s![..2, 100..]).fill(-2);
    ds.write(.., 7, vec![-3_i8; 70]).unwrap();
    expected.column_mut(7).fill(-3);
    ds.layers_mut().write("x", 0, 0, 9_i16).unwrap();
    let ds = reopen(bytes(ds));
    assert_eq!(ds.read::<i32>(.., ..).unwrap(), expected);
    assert_eq!(
        ds.layer("x").unwrap().read::<f64>(0, 0).unwrap()[(0, 0)],
        9.0
    );
    assert_eq!(ds.get_changes_since(&before).unwrap().layers, ["", "x"]);
}

#[test]
fn several_calls_are_one_change() {
    let mut ds = file();
    ds.atomically(|ds| {
        ds.ra_mut().insert("A", words("a", 70))?;
        assert_eq!(ds.ra().get_any("A")?, words("a", 70));
        ds.ra_mut().rename("A", "B")?;
        ds.atomically(|ds| ds.layers_mut().insert("z", DType::U8))?;
        let undone: Result<()> = ds.atomically(|ds| {
            ds.ra_mut().remove("B")?;
            Err(Error::Misuse("no".into()))
        });
        assert!(undone.is_err() && ds.ra().contains("B")?);
        Ok(())
    })
    .unwrap();
    assert!(ds.ra().contains("B").unwrap() && ds.layers().contains("z").unwrap());
    let old = bytes(ds);
    let mut ds = reopen(old.clone());
    let failed: Result<()> = ds.atomically(|ds| {
        ds.attrs_mut().insert("title", "lost")?;
        ds.layers_mut().remove("z")?;
        ds.layers_mut().remove("z")
    });
    assert!(matches!(failed, Err(Error::NotFound { .. })));
    assert!(ds.layers().contains("z").unwrap());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Result<()> = ds.atomically(|ds| {
            ds.layers_mut().remove("z")?;
            panic!("in the middle")
        });
    }));
    assert!(panicked.is_err() && ds.layers().contains("z").unwrap());
    assert_eq!(bytes(ds), old, "byte for byte as before");
}

#[test]
fn the_shape_follows_what_is_undone() {
    let mut ds = open("loompy3-new.loom");
    let undone: Result<()> = ds.atomically(|ds| {
        ds.layers_mut().insert("", numbers(3, 4))?;
        assert_eq!(ds.shape(), (3, 4));
        Err(Error::Misuse("no".into()))
    });
    assert!(undone.is_err());
    assert_eq!(ds.shape(), (0, 0));
    ds.axis_attrs_mut(Axis::Rows)
        .insert("Gene", words("", 3))
        .unwrap();
    ds.layers_mut().insert("", numbers(3, 4)).unwrap();
}

/// Batches of the columns of a layer of 70 x 130.
fn batches(widths: &[usize]) -> Vec<Result<Matrix<'static>>> {
    let whole: Array = numbers(70, 130).mapv(i64::from).into();
    let mut start = 0;
    let part = |&width: &usize| {
        start += width;
        whole.part(1, start - width..start).unwrap()
    };
    widths
        .iter()
        .map(part)
        .map(|part| Ok(part.into()))
        .collect()
}

#[test]
fn a_layer_comes_in_batches() {
    for widths in [vec![130], vec![64, 66], vec![1, 63, 65, 1], vec![50, 0, 80]] {
        let mut ds = file();
        let before = now(&ds);
        let mut layers = ds.layers_mut();
        layers
            .insert_columns("new", DType::I64, batches(&widths))
            .unwrap();
        // In the place of one of another type.
        layers
            .insert_columns("x", DType::I64, batches(&widths))
            .unwrap();
        let zeros = [Ok(Matrix::from(DType::I64))];
        layers.insert_columns("zeros", DType::I64, zeros).unwrap();
        let ds = reopen(bytes(ds));
        for name in ["new", "x"] {
            let found = ds.layer(name).unwrap().read::<i64>(.., ..).unwrap();
            assert_eq!(
                found,
                numbers(70, 130).mapv(i64::from),
                "{name}, {widths:?}"
            );
        }
        let zeros = ds.layer("zeros").unwrap().read::<i64>(.., ..).unwrap();
        assert_eq!(zeros.sum(), 0);
        let changed = ds.get_changes_since(&before).unwrap().layers;
        assert_eq!(changed, ["new", "x", "zeros"]);
    }
}

#[test]
fn batches_that_do_not_make_a_layer_leave_what_was_there() {
    let refused = |batches: Vec<Result<Matrix<'static>>>, parts: &[&str]| {
        let mut ds = file();
        let before = ds.layer("x").unwrap().read_any(.., ..).unwrap();
        let error = ds.layers_mut().insert_columns("x", DType::I64, batches);
        let error = error.unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error:?}");
        }
        let after = ds.layer("x").unwrap().read_any(.., ..).unwrap();
        assert_eq!(after, before);
    };
    let shape = ["layer \"x\"", "[70, 130]"];
    let all = |found| [&shape[..], &[found]].concat();
    refused(batches(&[100]), &all("[70, 100]"));
    refused(vec![], &all("[70, 0]"));
    let mut many = batches(&[130]);
    many.extend(batches(&[2]));
    refused(many, &all("[70, 132]"));
    let short: Matrix<'static> = numbers(69, 130).mapv(i64::from).into();
    refused(vec![Ok(short)], &all("[69, 130]"));
    let narrow: Matrix<'static> = numbers(70, 130).into();
    refused(
        vec![Ok(narrow)],
        &["batch", "layer \"x\"", "int64", "int32"],
    );
    let mut broken = batches(&[10]);
    broken.push(Err(Error::Misuse("the source ran dry".into())));
    refused(broken, &["the source ran dry"]);
}

#[test]
fn few_values_far_apart_are_few_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let (rows, cols) = (3, 64 * 300);
    let last = u32::try_from(cols - 1).unwrap();
    let (row, col) = (vec![2, 0, 1, 0], vec![last, 0, last, 64 * 150]);
    let data = Array::from(vec![1_u8, 2, 3, 4]);
    let triplets = Triplets::new((rows, cols), row.clone(), col.clone(), data.clone()).unwrap();
    assert_eq!((triplets.row(), triplets.col()), (&row[..], &col[..]));
    assert_eq!((triplets.shape(), triplets.data()), ((rows, cols), &data));
    let columns = loom_core::Columns::from(Matrix::Sparse(triplets));
    let rest = loom_core::LoomView::default();
    loom_core::create_from(&path, &rest, [Ok(columns)]).unwrap();
    let ds = reopen(std::fs::read(&path).unwrap());
    let found = ds.sparse::<u8>(.., ..).unwrap();
    let mut found: Vec<_> = found.iter().collect();
    found.sort_unstable();
    let expected = [(0, 0, 2), (0, 64 * 150, 4), (1, last, 3), (2, last, 1)];
    assert_eq!(found, expected);
    let mut chunks = 0;
    ds.file()
        .each_extent(&mut |_, extent| {
            chunks += u32::from(extent.structure == "chunk");
            Ok(())
        })
        .unwrap();
    assert_eq!(chunks, 3);
    let outside = Triplets::new((2, 2), vec![0], vec![2], vec![1_u8].into());
    assert!(matches!(outside, Err(Error::Misuse(_))));
    let uneven = Triplets::new((2, 2), vec![0, 1], vec![0], vec![1_u8].into());
    assert!(matches!(uneven, Err(Error::Misuse(_))));
}
