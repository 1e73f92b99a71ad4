//! Every call that changes a file.

use loom_core::{Array, Axis, Coo, DType, Error, LoomConnection, Selection};
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
        let undone: Result<(), _> = ds.atomically(|ds| {
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
    let failed: Result<(), Error> = ds.atomically(|ds| {
        ds.attrs_mut().insert("title", "lost")?;
        ds.layers_mut().remove("z")?;
        ds.layers_mut().remove("z")
    });
    assert!(matches!(failed, Err(Error::NotFound { .. })));
    assert!(ds.layers().contains("z").unwrap());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Result<(), Error> = ds.atomically(|ds| {
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
    let undone: Result<(), Error> = ds.atomically(|ds| {
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
