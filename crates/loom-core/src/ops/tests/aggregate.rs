//! Aggregates as files.

use h5lite::{Array, File};
use ndarray::arr2;

use super::{Folder, content, refused, sample};
use crate::{Aggregate, ColumnFunc, Error, Func, GroupBy, LoomView, Mode, connect, create};

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

/// What `numpy_groupies.aggregate_numpy.aggregate(groups, values, func=name, fill_value=0)` gives for
/// `groups = [0, 1, 0, 1, 0, 2, 0, 3]`, of `[1.5, -2, nan, 4, 0, 3, -0.5, nan]` and of
/// `[1, 2, 200, 4, 0, 3, 250, 7]`.
const GROUPIES: [(&str, [f64; 4], [f64; 4]); 26] = {
    const NAN: f64 = f64::NAN;
    [
        ("sum", [NAN, 2.0, 3.0, NAN], [451.0, 6.0, 3.0, 7.0]),
        ("prod", [NAN, -8.0, 3.0, NAN], [0.0, 8.0, 3.0, 7.0]),
        ("mean", [NAN, 1.0, 3.0, NAN], [112.75, 3.0, 3.0, 7.0]),
        ("var", [NAN, 9.0, 0.0, NAN], [12_912.687_5, 1.0, 0.0, 0.0]),
        (
            "std",
            [NAN, 3.0, 0.0, NAN],
            [113.634_006_793_741_11, 1.0, 0.0, 0.0],
        ),
        ("min", [NAN, -2.0, 3.0, NAN], [0.0, 2.0, 3.0, 7.0]),
        ("max", [NAN, 4.0, 3.0, NAN], [250.0, 4.0, 3.0, 7.0]),
        ("first", [1.5, -2.0, 3.0, NAN], [1.0, 2.0, 3.0, 7.0]),
        ("last", [-0.5, 4.0, 3.0, NAN], [250.0, 4.0, 3.0, 7.0]),
        ("median", [NAN, 1.0, 3.0, NAN], [100.5, 3.0, 3.0, 7.0]),
        ("all", [0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0]),
        ("any", [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]),
        ("len", [4.0, 2.0, 1.0, 1.0], [4.0, 2.0, 1.0, 1.0]),
        ("nansum", [1.0, 2.0, 3.0, 0.0], [451.0, 6.0, 3.0, 7.0]),
        ("nanprod", [-0.0, -8.0, 3.0, 0.0], [0.0, 8.0, 3.0, 7.0]),
        (
            "nanmean",
            [0.333_333_333_333_333_3, 1.0, 3.0, 0.0],
            [112.75, 3.0, 3.0, 7.0],
        ),
        (
            "nanvar",
            [0.722_222_222_222_222_3, 9.0, 0.0, 0.0],
            [12_912.687_5, 1.0, 0.0, 0.0],
        ),
        (
            "nanstd",
            [0.849_836_585_598_797_5, 3.0, 0.0, 0.0],
            [113.634_006_793_741_11, 1.0, 0.0, 0.0],
        ),
        ("nanmin", [-0.5, -2.0, 3.0, 0.0], [0.0, 2.0, 3.0, 7.0]),
        ("nanmax", [1.5, 4.0, 3.0, 0.0], [250.0, 4.0, 3.0, 7.0]),
        ("nanfirst", [1.5, -2.0, 3.0, 0.0], [1.0, 2.0, 3.0, 7.0]),
        ("nanlast", [-0.5, 4.0, 3.0, 0.0], [250.0, 4.0, 3.0, 7.0]),
        ("nanmedian", [0.0, 1.0, 3.0, 0.0], [100.5, 3.0, 3.0, 7.0]),
        ("nanall", [0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]),
        ("nanany", [1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]),
        ("nanlen", [3.0, 2.0, 1.0, 0.0], [4.0, 2.0, 1.0, 1.0]),
    ]
};

#[test]
fn every_function_gives_what_numpy_groupies_gives() {
    let reals = [1.5, -2.0, f64::NAN, 4.0, 0.0, 3.0, -0.5, f64::NAN];
    let mut view = LoomView::default();
    view.layers.insert(String::new(), arr2(&[[0.0; 8]]).into());
    let bytes = arr2(&[[1_u8, 2, 200, 4, 0, 3, 250, 7]]);
    view.layers.insert("u8".into(), bytes.into());
    let folder = Folder::new(&[("in.loom", &view)]);
    let path = folder.path("in.loom");
    // No call of this crate writes what is not a number into a matrix.
    let mut file = File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    edit.write_at("/matrix", &[], &arr2(&[reals]).into())
        .unwrap();
    edit.commit().unwrap();
    drop(file);
    let ds = connect(&path, Mode::Read).unwrap();
    let labels: Array = vec![0, 1, 0, 1, 0, 2, 0, 3].into();
    for (name, of_reals, of_bytes) in GROUPIES {
        let how = Aggregate::by(labels.clone()).function(name.parse().unwrap());
        for (layer, expected) in [("", of_reals), ("u8", of_bytes)] {
            let found = ds.aggregate(&how.clone().layer(layer)).unwrap();
            let Array::F64(found) = &found.layers[""] else {
                panic!("{name} gives {}", found.layers[""].dtype());
            };
            let same =
                |(a, b): (&f64, f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            assert!(
                found.iter().zip(expected).all(same),
                "{name} of {layer:?}: {found}"
            );
        }
    }
}

/// Six columns in two groups, with attributes of every kind.
fn grouped() -> LoomView {
    let mut view = LoomView::default();
    let main = arr2(&[[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]);
    view.layers.insert(String::new(), main.into());
    let attributes: [(&str, Array); 6] = [
        ("k", ["10", "9", "10", "9", "9", "9"].as_slice().into()),
        (
            "Class",
            ["T/B", "x.y", "T-B", "x.y", "", "T/B"].as_slice().into(),
        ),
        ("n", vec![1_i8, 2, 3, 4, 5, 2].into()),
        ("f", vec![0.5_f32, 1.5, 2.5, f32::NAN, 1.0, 2.0].into()),
        ("same", vec![7_u16, 8, 7, 8, 8, 8].into()),
        ("half", vec![1.5, -0.5, 1.5, 0.25, 0.25, -0.25].into()),
    ];
    view.ca = attributes
        .map(|(name, values)| (name.to_owned(), values))
        .into_iter()
        .collect();
    view
}

#[test]
fn column_attributes_become_what_loompy_makes_of_them() {
    let view = grouped();
    let folder = Folder::new(&[("in.loom", &view)]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let columns = |how: &Aggregate| ds.aggregate(how).unwrap().ca;
    let of = |name: &str, function: &str| {
        columns(&Aggregate::by("k").column(name, function.parse().unwrap()))
    };
    let counts = |pairs: &[(&str, [i64; 2])]| {
        let pairs = pairs
            .iter()
            .map(|(name, counts)| (name.to_string(), counts.to_vec().into()));
        pairs.collect()
    };
    // Text that is whole numbers is in their order. loompy lets T-B take the place of T/B.
    let expected = [
        ("Class_", [1, 0]),
        ("Class_T-B", [1, 2]),
        ("Class_x_y", [2, 0]),
    ];
    assert_eq!(of("Class", "tally"), counts(&expected));
    let expected = [
        ("half_-0.25", [1, 0]),
        ("half_-0.5", [1, 0]),
        ("half_0.25", [2, 0]),
        ("half_1.5", [0, 2]),
    ];
    assert_eq!(of("half", "tally"), counts(&expected));
    let expected = [
        ("n_1", [0, 1]),
        ("n_2", [2, 0]),
        ("n_3", [0, 1]),
        ("n_4", [1, 0]),
        ("n_5", [1, 0]),
    ];
    assert_eq!(of("n", "tally"), counts(&expected));
    // loompy: 0 of what is not a number.
    assert_eq!(of("f", "tally")["f_nan"], vec![1_i64, 0].into());
    assert_eq!(of("n", "mean")["n"], vec![3.25, 2.0].into());
    let Array::F32(means) = &of("f", "mean")["f"] else {
        panic!("the mean of float32 is float32");
    };
    assert!(means[0].is_nan() && means[1] == 1.5);
    assert_eq!(
        of("Class", "first")["Class"],
        ["x.y", "T/B"].as_slice().into()
    );
    assert_eq!(
        of("n", "mode")["n"],
        vec![2_i8, 1].into(),
        "the smallest of several"
    );
    assert_eq!(
        of("Class", "mode")["Class"],
        ["x.y", "T-B"].as_slice().into()
    );
    let equal = columns(&Aggregate::by("k").columns_if_equal(true));
    assert_eq!(equal["same"], vec![8_u16, 7].into());
    assert_eq!(equal["k"], ["9", "10"].as_slice().into());
    assert_eq!(equal.len(), 2);
    // Two attributes together, numbers by their whole part: (9, 0), (10, 1).
    let both = Aggregate::by(["k", "half"].as_slice()).function(Func::Len);
    assert_eq!(
        ds.aggregate(&both).unwrap().layers[""],
        arr2(&[[4.0, 2.0], [4.0, 2.0]]).into()
    );
    assert_eq!(
        GroupBy::from(vec!["k".to_owned()]),
        GroupBy::from("k".to_owned())
    );
}

#[test]
fn what_is_no_group_and_no_function() {
    let folder = Folder::new(&[("in.loom", &grouped())]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let refused = |how: Aggregate, parts: &[&str]| {
        let error = ds.aggregate(&how).unwrap_err().to_string();
        parts
            .iter()
            .for_each(|part| assert!(error.contains(part), "{part:?} in {error:?}"));
    };
    refused(
        Aggregate::by("f"),
        &["column attribute \"f\"", "finite", "NaN"],
    );
    refused(
        Aggregate::by(Vec::<String>::new()),
        &["no attribute to group by"],
    );
    refused(
        Aggregate::by(Array::from(vec![1, 2])),
        &["group labels", "6 columns", "[2]"],
    );
    let error = "median".parse::<ColumnFunc>().unwrap_err().to_string();
    assert!(
        error.contains("\"median\"") && error.contains("tally, mode, mean, first"),
        "{error}"
    );
    let error = "cumsum".parse::<Func>().unwrap_err().to_string();
    assert!(
        error.contains("\"cumsum\"") && error.contains("nanlen"),
        "{error}"
    );
    assert!(
        Func::ALL
            .iter()
            .all(|func| func.to_string().parse::<Func>().unwrap() == *func)
    );
}
