//! Aggregates as files.

use h5lite::Array;
use ndarray::arr2;

use super::{Folder, content, refused, sample};
use crate::{Aggregate, ColumnFunc, Error, Func, Mode, connect, create};

#[test]
fn the_file_holds_what_is_returned() {
    let folder = Folder::new(&[("in.loom", &sample(150, 160, 0))]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    // As many groups as there are columns: the result has several tiles.
    let each: Array = (0..160).rev().collect::<Vec<_>>().into();
    let hows = [
        Aggregate::by("Cluster")
            .function(Func::Sum)
            .layer("half")
            .column("Cluster", ColumnFunc::First)
            .column("CellID", ColumnFunc::Mode),
        Aggregate::by(each).function(Func::Max),
    ];
    let path = folder.path("out.loom");
    for how in hows {
        ds.aggregate_into(&path, &how).unwrap();
        assert_eq!(content(&path), ds.aggregate(&how).unwrap());
    }
    assert_eq!(content(&path).layers[""].shape(), [150, 160]);
}

#[test]
fn a_sum_by_hand() {
    let mut view = sample(2, 4, 0);
    view.layers
        .insert(String::new(), arr2(&[[1, 2, 3, 4], [5, 6, 7, 8]]).into());
    view.ca
        .insert("k".into(), ["b", "a", "b", "a"].as_slice().into());
    let folder = Folder::new(&[("in.loom", &view)]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let how = Aggregate::by("k")
        .function(Func::Sum)
        .column("k", ColumnFunc::First);
    ds.aggregate_into(folder.path("out.loom"), &how).unwrap();
    let found = content(&folder.path("out.loom"));
    assert_eq!(found.layers[""], arr2(&[[6.0, 4.0], [14.0, 12.0]]).into());
    assert_eq!(found.ca["k"], ["a", "b"].as_slice().into());
    assert_eq!(found.ra, view.ra);
}

#[test]
fn what_cannot_be_aggregated_changes_nothing() {
    let mut view = sample(2, 4, 0);
    view.layers
        .insert(String::new(), arr2(&[[f64::MAX; 4], [1.0; 4]]).into());
    let folder = Folder::new(&[]);
    let path = folder.path("in.loom");
    view.layers.remove("half");
    create(&path, &view).unwrap();
    let ds = connect(&path, Mode::Read).unwrap();
    let how = Aggregate::by("Cluster").function(Func::Sum);
    let error = refused(
        |path| ds.aggregate_into(path, &how),
        &["inf", "row 0, column 0"],
    );
    assert!(matches!(error, Error::NotFinite { .. }));
    let by = |name: &str| Aggregate::by(name);
    refused(
        |path| ds.aggregate_into(path, &by("x")),
        &["attribute", "\"x\""],
    );
    refused(
        |path| ds.aggregate_into(path, &by("Cluster").layer("x")),
        &["layer", "\"x\""],
    );
    let mean = by("Cluster").column("CellID", ColumnFunc::Mean);
    refused(
        |path| ds.aggregate_into(path, &mean),
        &["column attribute \"CellID\"", "mean"],
    );
}
