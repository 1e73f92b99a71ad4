//! Edits seen from outside: what is committed is read back, what is not leaves no trace.

mod damaged;
mod filled;
pub(super) mod index;
mod mended;
mod model;
mod refused;
mod selections;
mod transactions;
mod widened;

use ndarray::{ArrayD, IxDyn};

use super::DatasetOptions;
use crate::{Array, File, Selection};

fn numbers(shape: &[usize]) -> Array {
    let count = shape.iter().product::<usize>();
    let values = (0..count)
        .map(|i| f32::from(u16::try_from(i % 60_000).unwrap()))
        .collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).unwrap().into()
}

#[test]
fn what_is_committed_is_read_back() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::chunked(&[8, 8])
        .max_shape(&[Some(20), None])
        .shuffle()
        .deflate(2);
    edit.write("/matrix", &numbers(&[20, 30]), &options)
        .unwrap();
    edit.write(
        "/row_attrs/Gene",
        &["a", "", "\u{e9}"].as_slice().into(),
        &DatasetOptions::contiguous(),
    )
    .unwrap();
    edit.set_attribute("/matrix", "last_modified", &"now".into())
        .unwrap();
    edit.soft_link("/x", "/row_attrs/Gene").unwrap();
    edit.commit().unwrap();
    assert_eq!(
        file.dataset("matrix").unwrap().read_any(&[]).unwrap(),
        numbers(&[20, 30])
    );
    let genes = file.dataset("x").unwrap().read::<String>(&[]).unwrap();
    assert_eq!(genes.as_slice().unwrap(), ["a", "", "\u{e9}"]);
    let stamp = file
        .dataset("matrix")
        .unwrap()
        .attribute("last_modified")
        .unwrap();
    assert_eq!(stamp.read_any().unwrap(), "now".into());

    let mut edit = file.edit().unwrap();
    edit.resize("/matrix", &[20, 33]).unwrap();
    edit.write_at(
        "/matrix",
        &[Selection::All, (30..33).into()],
        &numbers(&[20, 3]),
    )
    .unwrap();
    edit.rename("/x", "/y/z").unwrap();
    edit.commit().unwrap();
    let matrix = file.dataset("matrix").unwrap();
    assert_eq!(
        matrix.read_any(&[(..).into(), (..30).into()]).unwrap(),
        numbers(&[20, 30])
    );
    assert_eq!(
        matrix.read_any(&[(..).into(), (30..).into()]).unwrap(),
        numbers(&[20, 3])
    );
    assert!(file.contains("/y/z").unwrap() && !file.contains("/x").unwrap());
}

#[test]
fn what_is_not_committed_leaves_no_trace() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write("/a", &numbers(&[1000, 1000]), &DatasetOptions::contiguous())
        .unwrap();
    drop(edit);
    let untouched = File::create_in_memory().unwrap().into_bytes();
    assert_eq!(file.into_bytes(), untouched);
}
