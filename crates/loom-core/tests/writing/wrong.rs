//! Wrong input: an error that names the object, what was expected and what was found; and nothing
//! is changed.

use std::fs;

use loom_core::{
    Array, Axis, Connect, Coo, DType, Error, Fill, LoomConnection, Mode, Number, Result, connect,
    h5lite::{DatasetOptions, File},
};
use ndarray::{Array2, arr2};

use crate::{bytes, fixture, graph, numbers, open, sample, words};

type Call = Box<dyn FnOnce(&mut LoomConnection) -> Result<()>>;

/// The call fails with a message that has these parts, and the file stays byte for byte.
fn refused(call: Call, expected: &[&str]) -> Error {
    let old = fixture("loompy3.loom");
    let mut ds = open("loompy3.loom");
    let error = call(&mut ds).unwrap_err();
    let text = error.to_string();
    for part in expected {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
    assert!(bytes(ds) == old, "{text}: the file was changed");
    error
}

fn call(call: impl FnOnce(&mut LoomConnection) -> Result<()> + 'static) -> Call {
    Box::new(call)
}

#[test]
fn names_that_cannot_be() {
    for name in ["a/b", "/", ".", "..", "a\0b", ""] {
        let quoted = format!("{name:?}");
        let parts = |what| [what, "cannot be called", quoted.as_str()];
        let name = name.to_owned();
        let of = || name.clone();
        let (n, m, k, l, r) = (of(), of(), of(), of(), of());
        refused(
            call(move |ds| ds.ra_mut().insert(&n, words("", 130))),
            &parts("row attribute"),
        );
        refused(
            call(move |ds| ds.attrs_mut().insert(&m, 1)),
            &parts("global attribute"),
        );
        refused(
            call(move |ds| {
                let cols = ds.shape().1;
                ds.col_graphs_mut().insert(&k, &graph(cols))
            }),
            &parts("column graph"),
        );
        refused(
            call(move |ds| ds.ca_mut().rename("CellID", &r)),
            &parts("column attribute"),
        );
        if !name.is_empty() {
            refused(
                call(move |ds| ds.layers_mut().insert(&l, DType::U8)),
                &parts("layer"),
            );
        }
    }
}

#[test]
fn lengths_that_do_not_fit() {
    let (rows, cols) = open("loompy3.loom").shape();
    let wanted = |count: usize| format!("one value for each of {count}");
    refused(
        call(move |ds| ds.ra_mut().insert("x", words("", rows + 1))),
        &[
            "row attribute \"x\"",
            &wanted(rows),
            &format!("[{}]", rows + 1),
        ],
    );
    refused(
        call(move |ds| ds.ca_mut().insert("x", Array2::<f64>::zeros((rows, cols)))),
        &[
            "column attribute \"x\"",
            &wanted(cols),
            &format!("[{rows}, {cols}]"),
        ],
    );
    refused(call(|ds| ds.ca_mut().insert("x", 5)), &["\"x\"", "[]"]);
    refused(
        call(move |ds| ds.col_graphs_mut().insert("x", &graph(cols - 1))),
        &[
            "column graph \"x\"",
            &format!("[{cols}, {cols}]"),
            &format!("[{0}, {0}]", cols - 1),
        ],
    );
    let shape = format!("[{rows}, {cols}]");
    let found = format!("[{cols}, {rows}]");
    refused(
        call(move |ds| ds.layers_mut().insert("x", numbers(cols, rows))),
        &["layer \"x\"", &shape, &found],
    );
    refused(
        call(move |ds| ds.layers_mut().insert("", numbers(cols, rows))),
        &["layer \"\"", &shape, &found, "because of"],
    );
    refused(
        call(|ds| ds.layers_mut().insert("x", Array::from(vec![1, 2]))),
        &["layer \"x\"", "two axes", "[2]"],
    );
    refused(
        call(|ds| ds.write(..2, ..3, arr2(&[[1_u8, 2], [3, 4]]))),
        &["layer \"\"", "[2, 3]", "[2, 2]"],
    );
    refused(
        call(move |ds| ds.write(rows, 0, 1_u8)),
        &[
            &format!("index {rows}"),
            "axis 0",
            &format!("length {rows}"),
        ],
    );
}

#[test]
fn types_that_do_not_fit() {
    let (rows, cols) = open("loompy3.loom").shape();
    refused(
        call(move |ds| ds.layers_mut().insert("x", words("", rows))),
        &["layer \"x\"", "integers or floats", "str"],
    );
    refused(call(|ds| ds.write(0, 0, "text")), &["/matrix", "str"]);
    refused(
        call(|ds| ds.layers_mut().write("spliced", 3, 4, 1_u64 << 40)),
        &[
            "1099511627776",
            "row 3, column 4",
            "\"spliced\"",
            "int16",
            "uint64",
        ],
    );
    let weights = Coo::new((cols, cols), vec![0], vec![0], vec![u64::MAX]).unwrap();
    refused(
        call(move |ds| ds.col_graphs_mut().insert("x", &weights)),
        &[
            "18446744073709551615",
            "column graph \"x\"",
            "float64",
            "uint64",
        ],
    );
    refused(
        call(|ds| ds.attrs_mut().insert("LOOM_SPEC_VERSION", "2.0.1")),
        &["LOOM_SPEC_VERSION", "converted"],
    );
    refused(
        call(|ds| ds.attrs_mut().remove("LOOM_SPEC_VERSION")),
        &["LOOM_SPEC_VERSION"],
    );
    let nul: Array = vec!["a\0b"; rows].as_slice().into();
    refused(
        call(move |ds| ds.ra_mut().insert("x", nul)),
        &["row attribute \"x\"", "a\\0b", "NUL"],
    );
    let mut old = open("loompy2.loom");
    let rows = old.shape().0;
    let control: Array = vec!["\u{85}"; rows].as_slice().into();
    let error = old.ra_mut().insert("x", control).unwrap_err().to_string();
    assert!(
        error.contains("row attribute \"x\"") && error.contains("2.0"),
        "{error}"
    );
    assert!(bytes(old) == fixture("loompy2.loom"));
}

#[test]
fn values_that_are_not_finite() {
    let (rows, cols) = open("loompy3.loom").shape();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut matrix = Array2::<f64>::zeros((rows, cols));
        matrix[(rows - 1, 2)] = bad;
        let text = bad.to_string();
        let parts = [
            "layer \"x\"",
            text.as_str(),
            &format!("row {}, column 2", rows - 1),
        ];
        let narrow = matrix.mapv(f32::from_f64);
        refused(call(move |ds| ds.layers_mut().insert("x", matrix)), &parts);
        refused(call(move |ds| ds.layers_mut().insert("x", narrow)), &parts);
        let last = u32::try_from(rows - 1).unwrap();
        let sparse = Coo::new((rows, cols), vec![last], vec![2], vec![bad]).unwrap();
        refused(call(move |ds| ds.layers_mut().insert("x", sparse)), &parts);
        refused(
            call(move |ds| {
                ds.write(
                    vec![3, 1],
                    vec![0, 2],
                    arr2(&[[0.0, 1.0], [2.0, f32::from_f64(bad)]]),
                )
            }),
            &["layer \"\"", &text, "row 1, column 2"],
        );
    }
}

#[test]
fn what_is_not_there_and_what_is_there_already() {
    refused(
        call(|ds| ds.ra_mut().remove("x")),
        &["row attribute", "\"x\""],
    );
    refused(
        call(|ds| ds.ca_mut().rename("x", "y")),
        &["column attribute", "\"x\""],
    );
    refused(
        call(|ds| ds.attrs_mut().remove("x")),
        &["global attribute", "\"x\""],
    );
    refused(
        call(|ds| ds.row_graphs_mut().remove("x")),
        &["row graph", "\"x\""],
    );
    refused(call(|ds| ds.layers_mut().remove("x")), &["layer", "\"x\""]);
    refused(
        call(|ds| ds.layers_mut().write("x", .., .., 0)),
        &["layer", "\"x\""],
    );
    refused(
        call(|ds| ds.layers_mut().remove("")),
        &["layer \"\"", "main matrix"],
    );
    refused(
        call(|ds| ds.layers_mut().rename("", "x")),
        &["layer \"\"", "main matrix"],
    );
    let ds = open("loompy3.loom");
    let taken = ds.ra().keys().unwrap();
    let (from, to) = (taken[0].clone(), taken[1].clone());
    let quoted = format!("{to:?}");
    let error = refused(
        call(move |ds| ds.ra_mut().rename(&from, &to)),
        &["row attribute", &quoted, "already"],
    );
    assert!(matches!(error, Error::Exists { .. }));
    let globals = ds.attrs().keys().unwrap();
    let user = globals
        .iter()
        .find(|name| *name != "LOOM_SPEC_VERSION")
        .unwrap()
        .clone();
    refused(
        call(move |ds| {
            ds.attrs_mut()
                .rename(&user, "CreationDate")
                .and(ds.attrs_mut().rename("x", "y"))
        }),
        &["global attribute"],
    );
}

/// Another main matrix has to fit what else is in the file.
#[test]
fn a_main_matrix_that_does_not_fit_the_rest() {
    let refused = |ds: &mut LoomConnection, shape: (usize, usize), because: &str| {
        let matrix = numbers(shape.0, shape.1);
        let error = ds.layers_mut().insert("", matrix).unwrap_err().to_string();
        let found = format!("[{}, {}]", shape.0, shape.1);
        for part in ["layer \"\"", because, &found] {
            assert!(error.contains(part), "{part} in {error}");
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    loom_core::create(&path, &sample(3, 4)).unwrap();
    let mut ds = connect(&path, Mode::ReadWrite).unwrap();
    refused(&mut ds, (3, 5), "layer \"x\"");
    ds.layers_mut().remove("x").unwrap();
    refused(&mut ds, (2, 4), "row attribute \"Gene\"");
    refused(&mut ds, (3, 5), "column attribute \"CellID\"");
    for name in ["CellID", "PCA"] {
        ds.ca_mut().remove(name).unwrap();
    }
    refused(&mut ds, (3, 5), "column graph \"KNN\"");
    ds.col_graphs_mut().remove("KNN").unwrap();
    ds.layers_mut().insert("", numbers(3, 5)).unwrap();
    assert_eq!(ds.shape(), (3, 5));
    refused(&mut ds, (4, 5), "row attribute \"Gene\"");
    let mut empty = loom_core::new(folder.path().join("new.loom")).unwrap();
    let error = empty.ra_mut().insert("x", 5).unwrap_err().to_string();
    assert!(
        error.contains("row attribute \"x\"") && error.contains("[]"),
        "{error}"
    );
}

/// Another program may have written what a permutation cannot move.
#[test]
fn what_cannot_be_permuted() {
    for (path, shape, what) in [
        ("/layers/odd", vec![2, 4], "layer \"odd\""),
        ("/row_attrs/odd", vec![2], "row attribute \"odd\""),
        ("/row_attrs/none", vec![], "row attribute \"none\""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.loom");
        loom_core::create(&file, &sample(3, 4)).unwrap();
        let mut odd = File::open_rw(&file).unwrap();
        let mut edit = odd.edit().unwrap();
        let options = DatasetOptions::contiguous();
        edit.create(path, DType::I32, &shape, &options).unwrap();
        edit.commit().unwrap();
        drop(odd);
        let before = fs::read(&file).unwrap();
        let open = Connect::new().mode(Mode::ReadWrite).validate(false);
        let mut ds = open.open(&file).unwrap();
        let error = ds.permute(Axis::Rows, &[2, 0, 1]).unwrap_err();
        assert!(matches!(error, Error::Shape { .. }), "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
        drop(ds);
        assert!(fs::read(&file).unwrap() == before, "{path}");
    }
}

#[test]
fn a_connection_for_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    fs::write(&path, fixture("loompy3.loom")).unwrap();
    let mut ds = connect(&path, Mode::Read).unwrap();
    let calls: Vec<Call> = vec![
        call(|ds| ds.ra_mut().insert("x", words("", 1))),
        call(|ds| ds.ra_mut().remove("Gene")),
        call(|ds| ds.ca_mut().rename("CellID", "x")),
        call(|ds| ds.attrs_mut().insert("x", 1)),
        call(|ds| ds.attrs_mut().remove("x")),
        call(|ds| ds.attrs_mut().rename("x", "y")),
        call(|ds| ds.col_graphs_mut().insert("x", &graph(3))),
        call(|ds| ds.col_graphs_mut().remove("x")),
        call(|ds| ds.col_graphs_mut().rename("x", "y")),
        call(|ds| ds.layers_mut().insert("x", DType::U8)),
        call(|ds| ds.layers_mut().remove("x")),
        call(|ds| ds.layers_mut().rename("x", "y")),
        call(|ds| ds.write(0, 0, 1)),
        call(|ds| ds.atomically(|_| Ok(()))),
        call(|ds| ds.add_columns(&sample(3, 3), &Fill::Drop).map(drop)),
        call(|ds| ds.permute(Axis::Rows, &[])),
    ];
    for call in calls {
        let error = call(&mut ds).unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("x.loom") && text.contains("r+"), "{text}");
    }
    drop(ds);
    assert!(fs::read(&path).unwrap() == fixture("loompy3.loom"));
}

#[test]
fn files_that_cannot_be_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let open = |path: &std::path::Path| connect(path, Mode::ReadWrite).unwrap_err();
    assert!(matches!(open(&path), Error::NoFile { .. }));
    fs::write(&path, "not HDF5").unwrap();
    assert!(matches!(open(&path), Error::NotHdf5 { .. }));
    fs::write(&path, fixture("breaks-spec.loom")).unwrap();
    assert!(matches!(open(&path), Error::NotLoom { .. }));
    fs::write(&path, fixture("loompy3.loom")).unwrap();
    let reader = connect(&path, Mode::Read).unwrap();
    assert!(matches!(open(&path), Error::Locked { .. }));
    drop(reader);
    let writer = connect(&path, Mode::ReadWrite).unwrap();
    assert!(matches!(
        connect(&path, Mode::Read),
        Err(Error::Locked { .. })
    ));
    drop(writer);
}
