//! New files.

use std::fs;

use loom_core::{
    Array, Columns, Coo, Create, DType, Error, LoomView, Matrix, Mode, SpecVersion, connect,
    create, create_from, h5lite::File, new,
};

use crate::{numbers, sample, without_dates, words};

#[test]
fn what_is_created_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    for (rows, cols) in [(1, 1), (3, 130), (130, 64), (65, 63)] {
        let view = sample(rows, cols);
        create(&path, &view).unwrap();
        let ds = connect(&path, Mode::Read).unwrap();
        assert_eq!(ds.mode(), Mode::Read);
        assert_eq!(without_dates(ds.view(.., ..).unwrap()), view);
        assert_eq!(
            ds.attrs().value::<String>("LOOM_SPEC_VERSION").unwrap(),
            "3.0.0"
        );
        assert_eq!(ds.warnings(), Vec::<String>::new());
        let stamp = ds.last_modified().unwrap().unwrap();
        assert!(ds.attrs().value::<String>("CreationDate").unwrap() <= stamp);
        let changed = ds.get_changes_since("2026").unwrap();
        assert_eq!(changed.layers, ["", "x"]);
        assert_eq!(
            (changed.row_graphs, changed.col_attrs.len()),
            (vec!["up".into()], 2)
        );
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no other file is left"
    );
}

/// As h5py 3.16 shows what loompy 3.0.8 writes of such values.
#[test]
fn datasets_are_stored_as_loompy_stores_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    create(&path, &sample(30, 1000)).unwrap();
    let file = File::open(&path).unwrap();
    let stored = |path: &str| {
        let dataset = file.dataset(path).unwrap();
        let chunk = dataset.chunk_shape().map(<[_]>::to_vec);
        (chunk, dataset.max_shape().map(<[_]>::to_vec))
    };
    let chunked = |chunk: &[usize], max: &[Option<u64>]| (Some(chunk.to_vec()), Some(max.to_vec()));
    assert_eq!(stored("/matrix"), chunked(&[30, 64], &[Some(30), None]));
    assert_eq!(stored("/layers/x"), chunked(&[30, 64], &[Some(30), None]));
    assert_eq!(stored("/row_attrs/Length"), chunked(&[30], &[Some(30)]));
    assert_eq!(stored("/col_attrs/CellID"), chunked(&[1000], &[Some(1000)]));
    for path in ["/attrs/title", "/attrs/list", "/col_graphs/KNN/w"] {
        assert_eq!(stored(path), (None, None), "{path}");
    }
    let edge = file.dataset("/col_graphs/KNN/a").unwrap().dtype().unwrap();
    assert_eq!(edge, DType::I32);
    let filters = file.dataset("/row_attrs/Gene").unwrap().filters().to_vec();
    assert_eq!((filters.len(), &filters[0].parameters[..]), (1, &[2][..]));
    for path in [
        "/",
        "/matrix",
        "/row_attrs",
        "/row_attrs/Gene",
        "/col_graphs/KNN",
    ] {
        let object = file.object(path).unwrap();
        assert!(object.has_attribute("last_modified").unwrap(), "{path}");
    }
    assert_eq!(file.superblock_version(), 0);
}

#[test]
fn batches_of_any_kind_make_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let (rows, cols) = (70, 300);
    let whole = sample(rows, cols);
    let mut rest = whole.clone();
    rest.layers.clear();
    rest.ca.clear();
    let part =
        |array: &Array, axis, at: &std::ops::Range<usize>| array.part(axis, at.clone()).unwrap();
    for widths in [
        vec![300],
        vec![64, 128, 108],
        vec![1; 300],
        vec![100; 3],
        vec![10, 200, 90],
    ] {
        for kind in 0..3 {
            let mut start = 0;
            let batches = widths.iter().enumerate().map(|(number, width)| {
                let at = start..start + width;
                start = at.end;
                let sparse = kind == 1 || kind == 2 && number % 2 == 1;
                let layers = whole.layers.iter().map(|(name, layer)| {
                    let dense = part(layer, 1, &at);
                    let matrix = if sparse {
                        triplets(&dense)
                    } else {
                        dense.into()
                    };
                    (name.clone(), matrix)
                });
                let ca = whole.ca.iter();
                Ok(Columns {
                    layers: layers.collect(),
                    ca: ca
                        .map(|(name, values)| (name.clone(), part(values, 0, &at)))
                        .collect(),
                })
            });
            let batches: Vec<_> = batches.collect();
            create_from(&path, &rest, batches).unwrap();
            let ds = connect(&path, Mode::Read).unwrap();
            let found = without_dates(ds.view(.., ..).unwrap());
            assert_eq!(found, whole, "{widths:?}, {kind}");
            let chunk = ds
                .layer("")
                .unwrap()
                .dataset()
                .chunk_shape()
                .unwrap()
                .to_vec();
            assert_eq!(chunk, [64, 64]);
        }
    }
}

/// A dense matrix as triplets, the largest value in two that add up.
fn triplets(dense: &Array) -> Matrix<'static> {
    fn of<T: loom_core::Number>(
        dense: &ndarray::ArrayD<T>,
        one: T,
        less: fn(T, T) -> T,
    ) -> Matrix<'static>
    where
        Array: From<Vec<T>>,
    {
        let shape = (dense.shape()[0], dense.shape()[1]);
        let (mut row, mut col, mut data) = (vec![], vec![], vec![]);
        for (at, &value) in dense
            .indexed_iter()
            .filter(|(_, value)| value.to_f64() != 0.0)
        {
            for part in [less(value, one), one] {
                row.push(u32::try_from(at[0]).unwrap());
                col.push(u32::try_from(at[1]).unwrap());
                data.push(part);
            }
        }
        Coo::new(shape, row, col, data).unwrap().into()
    }
    match dense {
        Array::I32(dense) => of(dense, 1, |a, b| a - b),
        Array::F64(dense) => of(dense, 1.0, |a, b| a - b),
        other => panic!("{other:?}"),
    }
}

#[test]
fn layers_of_zeros_take_no_space() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    Create::new()
        .write(&path, |file| {
            for _ in 0..10 {
                // 2 GB of zeros in all, no more than machines of 32 bits can count.
                let none = Coo::<f32>::new((20_000, 2_600), vec![], vec![], vec![])?;
                let main = Matrix::from(&none);
                let mut columns = Columns::from(main);
                columns.layers.insert("half".into(), DType::F16.into());
                file.columns(columns)?;
            }
            assert_eq!(file.shape(), (20_000, 26_000));
            Ok(())
        })
        .unwrap();
    let ds = connect(&path, Mode::Read).unwrap();
    assert_eq!(ds.shape(), (20_000, 26_000));
    assert_eq!(ds.layer("half").unwrap().dtype(), DType::F16);
    assert!(
        ds.read::<f64>(..50, 25_990..)
            .unwrap()
            .iter()
            .all(|&v| v == 0.0)
    );
    // That of the groups and attributes; a byte for each chunk would be 254,000.
    assert!(fs::metadata(&path).unwrap().len() < 100_000);
}

#[test]
fn older_versions_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let view = sample(4, 5);
    let version: SpecVersion = "2.0.1".parse().unwrap();
    Create::new()
        .spec(version)
        .write(&path, |file| {
            file.columns(&view)?;
            file.metadata(&view)
        })
        .unwrap();
    let ds = connect(&path, Mode::Read).unwrap();
    assert_eq!(ds.spec_version(), version);
    assert_eq!(without_dates(ds.view(.., ..).unwrap()), view);
    assert!(!ds.file().contains("/attrs").unwrap());
    let genes = ds.file().dataset("/row_attrs/Gene").unwrap();
    assert_eq!(genes.read_strings(&[]).unwrap()[1], b"g&#233;ne-1");
    assert_eq!(genes.datatype().size, 11);
}

#[test]
fn a_failure_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    fs::write(&path, "what was there").unwrap();
    let mut view = sample(3, 4);
    view.ca.insert("short".into(), words("", 3));
    assert!(matches!(create(&path, &view), Err(Error::Shape { .. })));
    let failed = create_from(
        &path,
        &LoomView::default(),
        [
            Ok(Columns::from(&sample(3, 4))),
            Err(Error::Misuse("the source failed".into())),
        ],
    );
    assert_eq!(failed.unwrap_err().to_string(), "the source failed");
    assert_eq!(fs::read(&path).unwrap(), b"what was there");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// What the batches make fails with a message that has these parts, and leaves no file.
fn refused(rest: &LoomView, batches: Vec<Columns<'_>>, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let error = create_from(&path, rest, batches.into_iter().map(Ok)).unwrap_err();
    for part in expected {
        assert!(error.to_string().contains(part), "{part:?} in {error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn matrix(rows: usize, cols: usize) -> Columns<'static> {
    Columns::from(Matrix::from(numbers(rows, cols)))
}

#[test]
fn batches_have_to_be_alike() {
    let none = LoomView::default();
    refused(&none, vec![], &["main matrix"]);
    refused(&none, vec![Columns::default()], &["main matrix"]);
    refused(
        &none,
        vec![matrix(3, 2), matrix(4, 2)],
        &["batch", "3 rows", "[4, 2]"],
    );
    refused(
        &none,
        vec![matrix(0, 2)],
        &["layer \"\"", "at least one", "[0, 2]"],
    );
    let with = |name: &str, layer: Matrix<'static>| {
        let mut columns = matrix(3, 2);
        columns.layers.insert(name.into(), layer);
        columns
    };
    refused(
        &none,
        vec![with("x", numbers(3, 3).into())],
        &["layer \"x\"", "[3, 2]", "[3, 3]"],
    );
    refused(
        &none,
        vec![with("x", words("", 3).into())],
        &["layer \"x\"", "str", "integers or floats"],
    );
    refused(
        &none,
        vec![with("a/b", DType::U8.into())],
        &["layer", "a/b"],
    );
    refused(
        &none,
        vec![with("x", DType::U8.into()), matrix(3, 2)],
        &["layer", "\"x\""],
    );
    refused(
        &none,
        vec![matrix(3, 2), with("x", DType::U8.into())],
        &["layer", "\"x\"", "before"],
    );
    refused(
        &none,
        vec![with("x", DType::U8.into()), with("x", DType::I8.into())],
        &["layer \"x\"", "uint8", "int8"],
    );
    let attribute = |values: Array| {
        let mut columns = matrix(3, 2);
        columns.ca.insert("c".into(), values);
        columns
    };
    refused(
        &none,
        vec![attribute(vec![1; 3].into())],
        &["\"c\"", "2 columns", "[3]"],
    );
    refused(
        &none,
        vec![attribute(vec![1; 2].into()), attribute(words("", 2))],
        &["column attribute \"c\"", "int32", "str"],
    );
    let pairs = || numbers(2, 3).into();
    refused(
        &none,
        vec![attribute(pairs()), attribute(numbers(2, 4).into())],
        &["column attribute \"c\"", "[3] for each column", "[2, 4]"],
    );
    refused(
        &none,
        vec![attribute(pairs()), attribute(vec![1; 2].into())],
        &["column attribute \"c\"", "[3] for each column", "[2]"],
    );
}

#[test]
fn batches_have_to_fit_the_rest_and_be_finite() {
    let none = LoomView::default();
    let mut rest = LoomView::default();
    rest.ra.insert("r".into(), words("", 4));
    refused(
        &rest,
        vec![matrix(3, 2)],
        &["row attribute \"r\"", "3 rows", "[4]"],
    );
    let mut rest = LoomView::default();
    rest.col_graphs.insert("g".into(), crate::graph(3));
    refused(
        &rest,
        vec![matrix(3, 2)],
        &["column graph \"g\"", "[2, 2]", "[3, 3]"],
    );
    let nan = ndarray::arr2(&[[0.0, 1.0], [2.0, f64::NAN]]);
    let good = || Columns::from(Matrix::from(nan.mapv(|_| 1.0)));
    refused(
        &none,
        vec![good(), Columns::from(Matrix::from(nan.clone()))],
        &["layer \"\"", "NaN", "row 1, column 3"],
    );
    let sparse = Coo::new((70, 2), vec![69], vec![1], vec![f32::INFINITY]).unwrap();
    refused(
        &none,
        vec![Columns::from(Matrix::from(sparse))],
        &["inf", "row 69, column 1"],
    );
    let large = Coo::new((3, 2), vec![1, 1], vec![0, 0], vec![100_i8, 100]).unwrap();
    refused(
        &none,
        vec![Columns::from(Matrix::from(large))],
        &["row 1, column 0", "int8"],
    );
}

#[test]
fn a_new_file_is_filled_as_with_loompy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let mut ds = new(&path).unwrap();
    assert_eq!((ds.shape(), ds.mode()), ((0, 0), Mode::ReadWrite));
    ds.layers_mut().insert("", numbers(5, 6)).unwrap();
    assert_eq!(ds.shape(), (5, 6));
    ds.ra_mut().insert("Gene", words("g", 5)).unwrap();
    ds.ca_mut().insert("CellID", words("c", 6)).unwrap();
    ds.close();
    let ds = connect(&path, "r".parse().unwrap()).unwrap();
    assert_eq!(ds.read::<i32>(.., ..).unwrap(), numbers(5, 6));
}
