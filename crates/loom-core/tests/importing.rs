//! Matrices and tables of other formats: what is read, and what is refused with its line.

use std::{fs, io::Write, path::PathBuf};

use loom_core::{
    Array, DType, Error, Number, Result,
    h5lite::with_numbers,
    import::{MatrixFile, ReadMatrix, ReadTable},
};
use ndarray::{Array2, Axis, arr2};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// All of a matrix, as `f64`.
fn values(matrix: &MatrixFile) -> Array2<f64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let batches = matrix.batches().map(|batch| Ok(batch?.into()));
    loom_core::create_from(&path, &loom_core::LoomView::default(), batches).unwrap();
    let ds = loom_core::connect(&path, loom_core::Mode::Read).unwrap();
    assert_eq!(ds.layer("").unwrap().dtype(), matrix.dtype());
    let found = ds.layer("").unwrap().read_any(.., ..).unwrap();
    let floats =
        with_numbers!(found, a => a.iter().map(|v| v.to_f64()).collect(), text => panic!("text"));
    Array2::from_shape_vec(matrix.shape(), floats).unwrap()
}

fn says<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let error = result.unwrap_err();
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
}

/// A file in numpy's format, as its NEP 1 describes it.
fn npy(version: u8, descr: &str, by_column: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let order = if by_column { "True" } else { "False" };
    let header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let len = u32::try_from(header.len()).unwrap().to_le_bytes();
    let len = if version == 1 { &len[..2] } else { &len[..] };
    [
        b"\x93NUMPY",
        &[version, 0][..],
        len,
        header.as_bytes(),
        values,
    ]
    .concat()
}

#[test]
fn numpy_files_of_every_type_and_order() {
    let folder = Folder::new();
    // As `numpy.array([[0, 1, 2], [3, 4, 5]], dtype)` is stored.
    let expected = arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    macro_rules! stored {
        ($descr:expr, $dtype:expr, $of:expr) => {
            (
                $descr,
                $dtype,
                (0..6_u8)
                    .map($of)
                    .map(|bytes| bytes.to_vec())
                    .collect::<Vec<_>>(),
            )
        };
    }
    let types: Vec<(&str, DType, Vec<Vec<u8>>)> = vec![
        stored!("'|u1'", DType::U8, u8::to_le_bytes),
        stored!("'|i1'", DType::I8, u8::to_le_bytes),
        stored!("'<i2'", DType::I16, |v| i16::from(v).to_le_bytes()),
        stored!("'>i2'", DType::I16, |v| i16::from(v).to_be_bytes()),
        stored!("'<u2'", DType::U16, |v| u16::from(v).to_le_bytes()),
        stored!("'<i4'", DType::I32, |v| i32::from(v).to_le_bytes()),
        stored!("'>u4'", DType::U32, |v| u32::from(v).to_be_bytes()),
        stored!("'<i8'", DType::I64, |v| i64::from(v).to_le_bytes()),
        stored!("'>u8'", DType::U64, |v| u64::from(v).to_be_bytes()),
        stored!("'<f4'", DType::F32, |v| f32::from(v).to_le_bytes()),
        stored!("'>f8'", DType::F64, |v| f64::from(v).to_be_bytes()),
        // 0 to 5 in binary16; there is none in memory.
        (
            "'<f2'",
            DType::F32,
            [0_u16, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500]
                .map(|half| half.to_le_bytes().to_vec())
                .to_vec(),
        ),
    ];
    for (descr, dtype, numbers) in types {
        for version in [1, 2] {
            for by_column in [false, true] {
                let order = if by_column {
                    [0, 3, 1, 4, 2, 5]
                } else {
                    [0, 1, 2, 3, 4, 5]
                };
                let bytes: Vec<u8> = order.iter().flat_map(|&at| numbers[at].clone()).collect();
                let path = folder.file("x.npy", npy(version, descr, by_column, "(2, 3)", &bytes));
                let matrix = ReadMatrix::new().open(&path).unwrap();
                assert_eq!((matrix.dtype(), matrix.shape()), (dtype, (2, 3)), "{descr}");
                assert_eq!(values(&matrix), expected, "{descr}, {by_column}");
                assert_eq!((matrix.row_names(), matrix.col_names()), (None, None));
                let turned = ReadMatrix::new().transposed(true).open(&path).unwrap();
                assert_eq!(values(&turned), expected.t(), "{descr}, {by_column}");
            }
        }
    }
}

#[test]
fn numpy_files_that_are_no_matrix() {
    let folder = Folder::new();
    let open = |bytes: Vec<u8>| ReadMatrix::new().open(folder.file("x.npy", bytes));
    let good = npy(1, "'<f8'", false, "(2, 3)", &[0; 48]);
    assert!(open(good.clone()).is_ok());
    says(
        open(good[..good.len() - 1].to_vec()),
        &["x.npy", "47 bytes", "2 x 3"],
    );
    says(open(good[..20].to_vec()), &["x.npy"]);
    says(open(good[..7].to_vec()), &["x.npy"]);
    says(
        open(npy(1, "'<U5'", false, "(2, 3)", &[0; 120])),
        &["'<U5'", "numbers are needed"],
    );
    says(open(npy(1, "'=f8'", false, "(2, 3)", &[0; 48])), &["'=f8'"]);
    says(
        open(npy(1, "'<f8'", false, "(6,)", &[0; 48])),
        &["two axes"],
    );
    says(
        open(npy(1, "'<f8'", false, "(2, x)", &[0; 48])),
        &["not a header"],
    );
    says(
        open(npy(1, "'<f8'", false, "(0, 3)", &[])),
        &["empty matrix", "0 rows"],
    );
    let huge = format!("({0}, {0})", u64::from(u32::MAX) * 2);
    says(open(npy(1, "'<f8'", false, &huge, &[0; 48])), &["too few"]);
    let mut long = npy(2, "'<f8'", false, "(2, 3)", &[0; 48]);
    long[8..12].copy_from_slice(&(1_u32 << 20).to_le_bytes());
    says(open(long), &["a header of 1048576 bytes"]);
    let typed = |dtype, descr, bytes: &[u8]| {
        let path = folder.file("x.npy", npy(1, descr, false, "(1, 2)", bytes));
        ReadMatrix::new().dtype(dtype).open(path)
    };
    says(
        typed(DType::U8, "'<i2'", &[0; 4]),
        &["int16 is not changed to uint8"],
    );
    says(typed(DType::Str, "'<i2'", &[0; 4]), &["numbers, not text"]);
    assert_eq!(
        values(&typed(DType::I32, "'<i2'", &[0xff, 0xff, 2, 0]).unwrap()),
        arr2(&[[-1.0, 2.0]])
    );
}

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

#[test]
fn text_matrices_have_names_on_both_axes() {
    let folder = Folder::new();
    let cases = [
        ("x.csv", "gene,c1,c2\na,1,2\n\"b,b\",3,-4\n", None),
        ("x.tsv", "c1\tc2\na\t1\t2\nb,b\t3\t-4\n", None),
        ("x.txt", "c1;c2\na;1;2\nb,b;3;-4\n", Some(b';')),
    ];
    for (name, text, delimiter) in cases {
        for zipped in [false, true] {
            let path = match zipped {
                false => folder.file(name, text),
                true => folder.file(&format!("{name}.gz"), gzip(text.as_bytes())),
            };
            let mut how = ReadMatrix::new().scratch(folder.0.path());
            if let Some(delimiter) = delimiter {
                how = how.delimiter(delimiter);
            }
            let matrix = how.open(&path).unwrap();
            assert_eq!(values(&matrix), arr2(&[[1.0, 2.0], [3.0, -4.0]]), "{name}");
            assert_eq!(matrix.row_names().unwrap(), ["a", "b,b"]);
            assert_eq!(matrix.col_names().unwrap(), ["c1", "c2"]);
            let turned = how.transposed(true).open(&path).unwrap();
            assert_eq!(values(&turned), arr2(&[[1.0, 3.0], [2.0, -4.0]]), "{name}");
            assert_eq!(turned.row_names().unwrap(), ["c1", "c2"]);
        }
    }
    let refused = |text: &[u8], parts: &[&str]| {
        says(ReadMatrix::new().open(folder.file("x.csv", text)), parts);
    };
    refused(
        b"g,c1,c2\na,1,2\nb,3\n",
        &["line 3", "2 fields", "the first row has 3"],
    );
    refused(b"g,c1\na,x\n", &["line 2", "\"x\" is no number"]);
    refused(b"g,c1\na,inf\n", &["line 2", "finite"]);
    refused(b"g,\xff\na,1\n", &["line 1", "not UTF-8"]);
    refused(b"g,c1\n\xff,1\n", &["line 2", "not UTF-8"]);
    refused(
        b"g,c1,c2,c3\na,1\n",
        &["line 1", "4 names of columns for 1 columns"],
    );
    refused(b"", &["empty matrix of 0 rows"]);
    refused(b"g\na\n", &["empty matrix of 1 rows and 0 columns"]);
}

#[test]
fn files_that_cannot_be_read() {
    let folder = Folder::new();
    let missing = folder.0.path().join("none.csv");
    let error = ReadMatrix::new().open(&missing).unwrap_err();
    assert!(matches!(error, Error::NoFile { .. }), "{error:?}");
    says(ReadMatrix::new().open(folder.0.path()), &["directory"]);
    let text = "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n";
    let mut zipped = gzip(text.as_bytes());
    zipped.truncate(zipped.len() - 9);
    let cut = folder.file("x.mtx.gz", &zipped);
    says(ReadMatrix::new().open(&cut), &["x.mtx.gz"]);
    let table = ReadTable::new().open(&cut).map(|table| table.len());
    says(table, &["x.mtx.gz"]);
    let nowhere = ReadMatrix::new().scratch(folder.0.path().join("none"));
    let error = nowhere
        .open(folder.file("x.csv", "g,c\na,1\n"))
        .unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error:?}");
    let lines = loom_core::import::Lines::open(folder.file("x.txt", "a\r\nb")).unwrap();
    assert!(format!("{lines:?}").contains("x.txt"));
}

#[test]
fn tables_are_attributes() {
    let folder = Folder::new();
    let path = folder.file("x.tsv", "name\tn\tx\na\t1\t0.5\n\"b\tc\"\t-2\tNA\n");
    let table = ReadTable::new().open(&path).unwrap();
    assert_eq!((table.len(), table.is_empty()), (2, false));
    let names: Vec<&str> = table.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["name", "n", "x"]);
    assert_eq!(table.get("name"), Some(&["a", "b\tc"].as_slice().into()));
    assert_eq!(table.get("n"), Some(&vec![1_i64, -2].into()));
    assert!(matches!(table.get("x"), Some(Array::F64(x)) if x[0] == 0.5 && x[1].is_nan()));
    assert_eq!(table.get("y"), None);
    let plain = folder.file("x.csv", "1;2\n3;4\n");
    let named = ReadTable::new()
        .delimiter(b';')
        .names(vec!["a".into(), "b".into()]);
    let table = named.open(&plain).unwrap();
    assert_eq!(table.get("b"), Some(&vec![2_i64, 4].into()));
    let empty = ReadTable::new()
        .open(folder.file("x.csv", "a,b\n"))
        .unwrap();
    assert_eq!((empty.len(), empty.iter().len()), (0, 2));
    assert!(
        ReadTable::new()
            .open(folder.file("x.csv", ""))
            .unwrap()
            .is_empty()
    );
    let refused = |text: &[u8], parts: &[&str]| {
        says(ReadTable::new().open(folder.file("x.csv", text)), parts);
    };
    refused(b"a,b\n1\n", &["line 2", "1 fields", "2 columns"]);
    refused(
        b"a,b,a\n1,2,3\n",
        &["line 1", "two columns are called \"a\""],
    );
    refused(b"a\n\xff\n", &["line 2", "not UTF-8"]);
}

#[test]
fn triplets_in_any_order_become_a_matrix() {
    let path = PathBuf::from("triplets");
    let make = |triplets: &'static [(u32, u32, f64)], dtype| {
        MatrixFile::from_triplets(&path, (2, 3), dtype, 4, None, |push| {
            triplets
                .iter()
                .try_for_each(|&(row, col, value)| push(row, col, value))
        })
    };
    let triplets = &[(1, 2, 3.0), (0, 0, 1.0), (1, 2, 4.0), (1, 0, -1.0)];
    let matrix = make(triplets, DType::I16).unwrap();
    assert_eq!(values(&matrix), arr2(&[[1.0, 0.0, 0.0], [-1.0, 0.0, 7.0]]));
    assert_eq!((matrix.row_names(), matrix.dtype()), (None, DType::I16));
    says(
        make(&[(2, 0, 1.0)], DType::I16),
        &["row 2, column 0", "(2, 3)"],
    );
    says(make(&[(0, 3, 1.0)], DType::I16), &["row 0, column 3"]);
    says(
        make(&[(0, 0, 1e6)], DType::I16),
        &["triplets", "1000000", "int16"],
    );
    says(make(&[(0, 0, 0.5)], DType::I16), &["triplets", "int16"]);
    let largest = &[(0, 0, 9.3e18), (1, 1, 1.0)];
    let matrix = make(largest, DType::U64).unwrap();
    assert_eq!(values(&matrix)[(0, 0)], 9.3e18);
    says(make(largest, DType::I64), &["triplets", "int64"]);
    // The first number that the type does not hold is rounded to the last one that it does.
    says(
        make(&[(0, 0, 9.223_372_036_854_776e18)], DType::I64),
        &["int64"],
    );
    says(
        make(&[(0, 0, 18_446_744_073_709_551_616.0)], DType::U64),
        &["uint64"],
    );
}
