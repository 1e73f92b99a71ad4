//! What is written to Loom files is read back, and what is refused changes nothing.

mod writing {
    pub(crate) mod calls;
    pub(crate) mod columns;
    pub(crate) mod creating;
    pub(crate) mod faults;
    pub(crate) mod older;
    pub(crate) mod parts;
    pub(crate) mod stopped;
    pub(crate) mod wrong;
}

use std::{fs, path::PathBuf};

use loom_core::{Array, Connect, Coo, LoomConnection, LoomView, Mode};
use ndarray::{Array2, ArrayD, IxDyn};

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    fs::read(folder.join(name)).unwrap()
}

/// A fixture in memory, open for writing.
fn open(name: &str) -> LoomConnection {
    reopen(fixture(name))
}

fn reopen(bytes: Vec<u8>) -> LoomConnection {
    let connect = Connect::new().mode(Mode::ReadWrite).validate(false);
    connect.bytes(bytes).unwrap()
}

/// The bytes of a file, which is closed.
fn bytes(ds: LoomConnection) -> Vec<u8> {
    ds.into_file().into_bytes().unwrap()
}

fn numbers(rows: usize, cols: usize) -> Array2<i32> {
    Array2::from_shape_fn((rows, cols), |(row, col)| {
        let value = i32::try_from(row * 31 + col * 7).unwrap();
        if value % 3 == 0 { value } else { 0 }
    })
}

fn words(prefix: &str, count: usize) -> Array {
    let words: Vec<String> = (0..count).map(|i| format!("{prefix}{i}")).collect();
    words.into()
}

fn graph(vertices: usize) -> Coo<f64> {
    let last = u32::try_from(vertices - 1).unwrap();
    let (row, col) = (vec![0, last, 0], vec![last, 0, 0]);
    Coo::new((vertices, vertices), row, col, vec![0.5, -1.0, 2.0]).unwrap()
}

/// Something of everything.
fn sample(rows: usize, cols: usize) -> LoomView {
    let mut view = LoomView::default();
    let main = numbers(rows, cols);
    view.layers
        .insert("x".into(), main.mapv(|v| f64::from(v) / 4.0).into());
    view.layers.insert(String::new(), main.into());
    view.ra.insert("Gene".into(), words("g\u{e9}ne-", rows));
    view.ra
        .insert("Length".into(), vec![1_u64 << 60; rows].into());
    view.ca.insert("CellID".into(), words("", cols));
    let pca = ArrayD::from_shape_fn(IxDyn(&[cols, 2, 3]), |at| (at[0] * 6 + at[2]) as f32);
    view.ca.insert("PCA".into(), pca.into());
    view.row_graphs.insert("up".into(), graph(rows));
    view.col_graphs.insert("KNN".into(), graph(cols));
    view.attrs.insert("title".into(), "\u{65e5}\u{672c}".into());
    view.attrs
        .insert("list".into(), ["a", "", "c"].as_slice().into());
    view.attrs.insert("number".into(), 5_i64.into());
    view
}

/// A view without the attributes that every file gets.
fn without_dates(mut view: LoomView) -> LoomView {
    for name in ["CreationDate", "LOOM_SPEC_VERSION", "last_modified"] {
        view.attrs
            .remove(name)
            .unwrap_or_else(|| panic!("no {name}"));
    }
    view
}

/// Whether arrays are equal, NaN being equal to itself.
fn same(a: &Array, b: &Array) -> bool {
    match (a, b) {
        (Array::F32(a), Array::F32(b)) => a.mapv(f32::to_bits) == b.mapv(f32::to_bits),
        (Array::F64(a), Array::F64(b)) => a.mapv(f64::to_bits) == b.mapv(f64::to_bits),
        _ => a == b,
    }
}

/// Two views have the same content.
fn assert_same(found: &LoomView, expected: &LoomView, what: &str) {
    for (found, expected) in [
        (&found.layers, &expected.layers),
        (&found.ra, &expected.ra),
        (&found.ca, &expected.ca),
        (&found.attrs, &expected.attrs),
    ] {
        assert!(
            found.keys().eq(expected.keys()),
            "{what}: {:?}",
            found.keys()
        );
        for (name, values) in found {
            assert!(same(values, &expected[name]), "{what}: {name}");
        }
    }
    assert_eq!(found.row_graphs, expected.row_graphs, "{what}");
    assert_eq!(found.col_graphs, expected.col_graphs, "{what}");
}
