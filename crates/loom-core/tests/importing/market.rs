//! Matrices in the format of Matrix Market.

use loom_core::{DType, import::ReadMatrix};
use ndarray::{Array2, Axis, arr2};

use crate::{Folder, gzip, says, values};

/// What `scipy.io.mmread` makes of each.
#[test]
fn matrix_market_files_of_every_kind() {
    let folder = Folder::new();
    let read = |text: &str| {
        let path = folder.file("x.mtx", text);
        let zipped = folder.file("x.mtx.gz", gzip(text.as_bytes()));
        let (plain, zipped) = (ReadMatrix::new().open(path), ReadMatrix::new().open(zipped));
        let (plain, zipped) = (plain.unwrap(), zipped.unwrap());
        assert_eq!(values(&plain), values(&zipped));
        (plain.dtype(), values(&plain))
    };
    let general = "%%MatrixMarket matrix coordinate real general\n% a comment\n\n2 3 3\n\
                   1 1 1.5\n2 3 -2\n1 1 0.25\n";
    assert_eq!(
        read(general),
        (DType::F64, arr2(&[[1.75, 0.0, 0.0], [0.0, 0.0, -2.0]]))
    );
    let pattern = "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n";
    let expected = arr2(&[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
    assert_eq!(read(pattern), (DType::I32, expected));
    let skew = "%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 5000000000\n";
    assert_eq!(read(skew), (DType::I64, arr2(&[[0.0, -5e9], [5e9, 0.0]])));
    let array = "%%MatrixMarket matrix array double general\n2 2\n1\n2\n3\n4E20\n";
    // No integer type that is chosen unasked holds the last one.
    let expected = arr2(&[[1.0, 3.0], [2.0, 4e20]]);
    assert_eq!(read(array), (DType::F64, expected));
    let edges = "%%MatrixMarket matrix coordinate real general\n1 2 2\n1 1 -1e10\n";
    let below = read(&format!("{edges}1 2 9007199254740992\n"));
    assert_eq!(
        below,
        (DType::I64, arr2(&[[-1e10, 9_007_199_254_740_992.0]]))
    );
    let beyond = read(&format!("{edges}1 2 9.223372036854775808e18\n"));
    assert_eq!(
        beyond,
        (DType::F64, arr2(&[[-1e10, 9_223_372_036_854_775_808.0]]))
    );
    let lower = "%%MatrixMarket matrix array integer symmetric\n2 2\n1\n2\n3\n";
    assert_eq!(read(lower), (DType::I32, arr2(&[[1.0, 2.0], [2.0, 3.0]])));
}

#[test]
fn columns_of_a_matrix_market_file_go_to_places() {
    let folder = Folder::new();
    let text = "%%MatrixMarket matrix coordinate integer general\n2 4 4\n\
                1 1 1 10\n2 2 2 20\n1 3 3 30\n2 4 4 40\n";
    let path = folder.file("x.mtx", text);
    let places = || vec![Some(2), None, Some(0), Some(2)];
    let how = ReadMatrix::new().value(1, 2).scratch(folder.0.path());
    let placed = how
        .clone()
        .places(places(), 4)
        .unwrap()
        .open(&path)
        .unwrap();
    let expected = arr2(&[[30.0, 0.0, 10.0, 0.0], [0.0, 0.0, 40.0, 0.0]]);
    assert_eq!(values(&placed), expected);
    let turned = ReadMatrix::new().value(0, 2).transposed(true);
    let turned = turned
        .places(vec![Some(1), Some(1)], 2)
        .unwrap()
        .open(&path)
        .unwrap();
    assert_eq!(
        (turned.shape(), values(&turned)),
        ((4, 2), {
            let mut expected = Array2::zeros((4, 2));
            expected
                .column_mut(1)
                .assign(&arr2(&[[1.0, 2.0, 3.0, 4.0]]).index_axis(Axis(0), 0));
            expected
        })
    );
    says(how.clone().places(places(), 2), &["place 2 of 2 columns"]);
    let few = how.places(vec![Some(0)], 1).unwrap().open(&path);
    says(few, &["4 columns, where 1 are needed"]);
}

#[test]
fn matrix_market_files_that_are_broken() {
    let folder = Folder::new();
    let refused = |text: &str, parts: &[&str]| {
        says(
            ReadMatrix::new().open(folder.file("x.mtx", text)),
            &[&["x.mtx"], parts].concat(),
        );
    };
    let coordinate = |rest: &str| format!("%%MatrixMarket matrix coordinate real general\n{rest}");
    let array = |rest: &str| format!("%%MatrixMarket matrix array real general\n{rest}");
    refused("%%MatrixMarket matrix array\n", &["line 1", "is needed"]);
    refused(
        "%%MatrixMarket vector coordinate real general\n",
        &["line 1", "not supported"],
    );
    refused(
        "%%MatrixMarket matrix coordinate complex general\n",
        &["line 1", "not supported"],
    );
    refused(
        "%%MatrixMarket matrix array pattern general\n",
        &["line 1", "not supported"],
    );
    refused(
        "%%MatrixMarket matrix coordinate real hermitian\n",
        &["line 1", "not supported"],
    );
    refused(&coordinate("% nothing\n"), &["no line with the sizes"]);
    refused(&coordinate("2 2\n"), &["line 2", "sizes"]);
    refused(&array("2 2 4\n"), &["line 2", "sizes"]);
    refused(
        "%%MatrixMarket matrix array real symmetric\n2 3\n",
        &["line 2", "symmetric", "2 x 3"],
    );
    refused(
        &coordinate("2 2 1\n3 1 5\n"),
        &["line 3", "row \"3\"", "1 to 2"],
    );
    refused(
        &coordinate("2 2 1\n1 0 5\n"),
        &["line 3", "column \"0\"", "1 to 2"],
    );
    refused(
        &coordinate("2 2 1\n1 1 x\n"),
        &["line 3", "\"x\" is no number"],
    );
    refused(&coordinate("2 2 1\n1 1 nan\n"), &["line 3", "finite"]);
    refused(
        &coordinate("2 2 1\n1 1 1 1\n"),
        &["line 3", "\"1\" behind the value"],
    );
    refused(
        &coordinate("2 2 2\n1 1 1\n"),
        &["1 entries", "the header says 2"],
    );
    refused(
        &array("1 2\n1\n2\n3\n"),
        &["line 5", "more than the 2 values of 1 x 2"],
    );
    refused(&coordinate("0 2 0\n"), &["empty matrix"]);
    let narrow = folder.file("x.mtx", coordinate("1 2 2\n1 1 1\n1 2 300\n"));
    says(
        ReadMatrix::new().dtype(DType::U8).open(&narrow),
        &["from 0 to 300", "int32", "uint8"],
    );
    let real = folder.file("x.mtx", coordinate("1 1 1\n1 1 1.5\n"));
    says(
        ReadMatrix::new().dtype(DType::I64).open(&real),
        &["float64", "int64"],
    );
    let path = folder.file("x.mtx", coordinate("1 2 2\n1 1 1\n1 2 200\n"));
    let fits = ReadMatrix::new().dtype(DType::U8).open(path).unwrap();
    assert_eq!(
        (fits.dtype(), values(&fits)),
        (DType::U8, arr2(&[[1.0, 200.0]]))
    );
}
