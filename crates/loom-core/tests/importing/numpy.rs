//! Matrices in numpy's format.

use loom_core::{DType, import::ReadMatrix};
use ndarray::arr2;

use crate::{Folder, says, values};

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
