//! The non-zeros of matrices that are read in several parts.

use ndarray::Array2;

use super::Folder;
use crate::{LoomView, Mode, connect};

#[test]
fn parts_follow_each_other() {
    let matrix = Array2::from_shape_fn((20_000, 5), |(row, col)| {
        let n = u32::try_from(row * 5 + col).unwrap();
        if n % 3 == 0 { n } else { 0 }
    });
    let mut view = LoomView::default();
    view.layers.insert(String::new(), matrix.clone().into());
    let folder = Folder::new(&[("x.loom", &view)]);
    let ds = connect(folder.path("x.loom"), Mode::Read).unwrap();
    let found = ds.sparse::<u32>(.., ..).unwrap();
    assert!(found.row().is_sorted());
    let dense = matrix.mapv(f64::from);
    assert_eq!(found.to_dense(), dense);
    let backwards: Vec<usize> = (0..20_000).rev().collect();
    let found = ds.sparse::<u32>(backwards, ..).unwrap();
    assert!(found.row().is_sorted());
    assert_eq!(found.to_dense(), dense.slice(ndarray::s![..;-1, ..]));
}
