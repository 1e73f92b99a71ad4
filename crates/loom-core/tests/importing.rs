//! Matrices and tables of other formats: what is read, and what is refused with its line.

mod importing {
    pub(crate) mod market;
    pub(crate) mod numpy;
}

use std::{fs, io::Write, path::PathBuf};

use loom_core::{
    Array, DType, Error, Number, Result,
    h5lite::with_numbers,
    import::{MatrixFile, ReadMatrix, ReadTable},
};
use ndarray::{Array2, arr2};

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
