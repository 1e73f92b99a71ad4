//! Verbs that make a file of others. Tiles are small in tests, so that matrices have several.

mod add_loom;
mod aggregate;
mod combine;
mod compounds;
mod joins;
mod sparse;
mod subset;
mod summary;

use std::{
    fs,
    path::{Path, PathBuf},
};

use h5lite::Array;
use ndarray::{Array2, ArrayD, IxDyn};

use crate::{Connect, Coo, Error, LoomConnection, LoomView, Mode, Result, connect, create};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

fn open(name: &str) -> LoomConnection {
    Connect::new().validate(false).open(fixture(name)).unwrap()
}

fn text(prefix: &str, numbers: impl IntoIterator<Item = usize>) -> Array {
    let words: Vec<String> = numbers
        .into_iter()
        .map(|i| format!("{prefix}{i}"))
        .collect();
    words.into()
}

/// Something of everything; `seed` makes two of them differ.
fn sample(rows: usize, cols: usize, seed: usize) -> LoomView {
    let mut view = LoomView::default();
    let main = Array2::from_shape_fn((rows, cols), |(row, col)| {
        i32::try_from(row * 1_000 + col + seed * 1_000_000).unwrap()
    });
    view.layers
        .insert("half".into(), main.mapv(|v| f64::from(v) / 2.0).into());
    view.layers.insert(String::new(), main.into());
    view.ra.insert("Gene".into(), text("g\u{e9}ne", 0..rows));
    view.ra
        .insert("Length".into(), (0..rows as u64).collect::<Vec<_>>().into());
    view.ca
        .insert("CellID".into(), text(&format!("{seed}:"), 0..cols));
    view.ca.insert(
        "Cluster".into(),
        (0..cols).map(|i| (i % 3) as f64).collect::<Vec<_>>().into(),
    );
    let pca = ArrayD::from_shape_fn(IxDyn(&[cols, 2]), |at| (at[0] * 2 + at[1]) as f32);
    view.ca.insert("PCA".into(), pca.into());
    view.row_graphs.insert("up".into(), ring(rows));
    view.col_graphs.insert("KNN".into(), ring(cols));
    view.attrs
        .insert("title".into(), format!("\u{65e5} {seed}").into());
    view.attrs
        .insert("list".into(), ["a", "", "c"].as_slice().into());
    view
}

/// Each vertex has an edge to the next.
fn ring(vertices: usize) -> Coo<f64> {
    let count = u32::try_from(vertices).unwrap();
    let next = (0..count).map(|n| (n + 1) % count).collect();
    let weights = (0..count).map(|n| f64::from(n) + 0.5).collect();
    Coo::new((vertices, vertices), (0..count).collect(), next, weights).unwrap()
}

/// What is in a file but for the attributes that every file gets.
fn content(path: &Path) -> LoomView {
    let ds = connect(path, Mode::Read).unwrap();
    assert_eq!(ds.warnings(), Vec::<String>::new());
    without_dates(ds.view(.., ..).unwrap())
}

fn without_dates(mut view: LoomView) -> LoomView {
    for name in ["CreationDate", "LOOM_SPEC_VERSION", "last_modified"] {
        view.attrs.remove(name);
    }
    view
}

/// The call fails with a message that has these parts, and leaves what was there.
fn refused<R: std::fmt::Debug>(call: impl FnOnce(&Path) -> Result<R>, expected: &[&str]) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.loom");
    fs::write(&path, "before").unwrap();
    let error = call(&path).unwrap_err();
    let message = error.to_string();
    for part in expected {
        assert!(message.contains(part), "{part:?} in {message:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"before");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no other file is left"
    );
    error
}

/// Files with these contents in a folder, and where the result goes.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(views: &[(&str, &LoomView)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, view) in views {
            create(folder.path(name), view).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn paths<const N: usize>(&self, names: [&str; N]) -> [PathBuf; N] {
        names.map(|name| self.path(name))
    }
}
