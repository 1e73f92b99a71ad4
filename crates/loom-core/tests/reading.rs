//! What loom-core reads from the fixtures is what loompy and h5py read from them.
//!
//! `reading/expected.json` was written by `reading/expect.py`, which says what comes from where.

mod reading {
    pub(crate) mod compare;
}

use std::{collections::BTreeMap, path::PathBuf};

use loom_core::{Axis, Connect, Error, LoomConnection, LoomView, Selection, Stat};
use serde_json::Value;

use reading::compare::{
    all_by_row, all_same, axis, list, number, object, positions, same, same_graph, same_graphs,
    strings,
};

fn open(name: &str) -> LoomConnection {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name);
    Connect::new().validate(false).open(path).unwrap()
}

/// The files that `expected` has a section on, with that section.
fn files(section: &str) -> Vec<(String, LoomConnection, Value)> {
    let expected: Value = serde_json::from_str(include_str!("reading/expected.json")).unwrap();
    let files: Vec<_> = object(&expected["files"])
        .iter()
        .filter(|(_, file)| !file[section].is_null())
        .map(|(name, file)| (name.clone(), open(name), file[section].clone()))
        .collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn every_value_of_every_file() {
    let expected: Value = serde_json::from_str(include_str!("reading/expected.json")).unwrap();
    for (file, expected) in object(&expected["files"]) {
        let ds = open(file);
        let what = |part: &str| format!("{file}: {part}");
        let (rows, cols) = ds.shape();
        assert_eq!(vec![rows, cols], positions(&expected["shape"]), "{file}");
        assert_eq!(ds.spec_version().to_string(), expected["version"], "{file}");
        let keys = &expected["keys"];
        assert_eq!(
            ds.layers().keys().unwrap(),
            strings(&keys["layers"]),
            "{file}"
        );
        assert_eq!(ds.ra().keys().unwrap(), strings(&keys["ra"]), "{file}");
        assert_eq!(ds.ca().keys().unwrap(), strings(&keys["ca"]), "{file}");
        assert_eq!(
            ds.attrs().keys().unwrap(),
            strings(&keys["attrs"]),
            "{file}"
        );
        let layers = ds.layers().iter().unwrap().map(|layer| {
            let layer = layer.unwrap();
            (layer.name().to_owned(), layer.read_any(.., ..).unwrap())
        });
        all_same(&what("layer"), &expected["layers"], layers);
        for (axis, attrs, graphs) in [
            (Axis::Rows, &expected["ra"], &expected["row_graphs"]),
            (Axis::Cols, &expected["ca"], &expected["col_graphs"]),
        ] {
            let found = ds.axis_attrs(axis).iter().unwrap().map(Result::unwrap);
            all_same(&what("attribute"), attrs, found);
            let found: Vec<_> = (ds.axis_graphs(axis).iter().unwrap())
                .map(Result::unwrap)
                .collect();
            let found = found.iter().map(|(name, graph)| (name, graph));
            same_graphs(&what("graph"), graphs, found);
        }
        let found = ds.attrs().iter().unwrap().map(Result::unwrap);
        all_same(&what("global attribute"), &expected["attrs"], found);
        if let Some(time) = expected["last_modified"].as_str() {
            assert_eq!(ds.last_modified().unwrap().unwrap(), time, "{file}");
        }
    }
}

#[test]
fn views_and_sparse_matrices_in_any_order() {
    for (file, ds, expected) in files("views") {
        for (number, expected) in list(&expected).iter().enumerate() {
            let what = |part: &str| format!("{file}: view {number}: {part}");
            let rows: Selection = positions(&expected["rows"]).into();
            let cols: Selection = positions(&expected["cols"]).into();
            let view = ds.view(rows.clone(), cols.clone()).unwrap();
            same_view(&what(""), expected, &view);
            let attrs: BTreeMap<_, _> = ds.attrs().iter().unwrap().map(Result::unwrap).collect();
            assert_eq!(*view.attrs, attrs);
            let sparse = ds.sparse(rows.clone(), cols.clone()).unwrap();
            same_graph(&what("sparse"), &expected["sparse"], &sparse);
            let dense = ds.read::<f64>(rows, cols).unwrap();
            assert_eq!(sparse.to_dense(), dense, "{}", what("sparse"));
        }
    }
}

/// Where loompy has nothing on a part, nothing is compared.
fn same_view(what: &str, expected: &Value, view: &LoomView) {
    all_same(
        &format!("{what} layer"),
        &expected["layers"],
        view.layers.clone(),
    );
    let graphs = all_by_row(&view.row_graphs);
    same_graphs(
        &format!("{what} row graph"),
        &expected["row_graphs"],
        &graphs,
    );
    let graphs = all_by_row(&view.col_graphs);
    same_graphs(
        &format!("{what} column graph"),
        &expected["col_graphs"],
        &graphs,
    );
    for (expected, found) in [(&expected["ra"], &view.ra), (&expected["ca"], &view.ca)] {
        for (name, expected) in object(expected) {
            same(&format!("{what} {name:?}"), expected, &found[name]);
        }
    }
}

#[test]
fn scans() {
    for (file, ds, expected) in files("scans") {
        for (number, plan) in list(&expected).iter().enumerate() {
            let size = usize::try_from(plan["batch_size"].as_u64().unwrap()).unwrap();
            let mut scan = ds.scan(axis(plan)).batch_size(size);
            match plan["items"].as_array().map(Vec::as_slice) {
                None => {}
                Some(mask @ [Value::Bool(_), ..]) => {
                    let mask: Vec<bool> = mask.iter().filter_map(Value::as_bool).collect();
                    scan = scan.items(mask.as_slice());
                }
                Some(_) => scan = scan.items(positions(&plan["items"])),
            }
            if let Some(key) = plan["key"].as_str() {
                scan = scan.key(key);
            }
            if plan["layers"].is_array() {
                scan = scan.layers(strings(&plan["layers"]));
            }
            let mut ahead = Vec::new();
            let read = scan.clone().each(|batch| {
                ahead.push(batch);
                Ok::<_, Error>(())
            });
            read.unwrap();
            let batches: Vec<_> = scan.into_iter().map(Result::unwrap).collect();
            let expected = list(&plan["batches"]);
            for batches in [batches, ahead] {
                assert_eq!(batches.len(), expected.len(), "{file}: scan {number}");
                for (batch, expected) in batches.into_iter().zip(expected) {
                    let what = format!("{file}: scan {number} at {}", batch.start);
                    assert_eq!(batch.start as u64, expected["ix"], "{what}");
                    assert_eq!(batch.indices, positions(&expected["indices"]), "{what}");
                    same_view(&what, expected, &batch.view);
                }
            }
        }
    }
}

#[test]
fn a_scan_that_reads_ahead_ends_at_the_first_error() {
    let ds = open("loompy3.loom");
    let mut visited = 0;
    let result = ds.scan(Axis::Cols).batch_size(10).each(|batch| {
        visited += 1;
        match batch.start {
            20 => Err(Error::Misuse("enough".into())),
            _ => Ok(()),
        }
    });
    assert_eq!(result.unwrap_err().to_string(), "enough");
    assert_eq!(visited, 3);
    let none = ds.scan(Axis::Cols).layers(["none"]);
    let result = none.each(|_| Err(Error::Misuse("there is no batch".into())));
    assert!(result.unwrap_err().is_not_found());
}

#[test]
fn maps_and_statistics() {
    const STATS: [Stat; 6] = [
        Stat::Sum,
        Stat::Mean,
        Stat::Variance,
        Stat::Nonzeros,
        Stat::Min,
        Stat::Max,
    ];
    for (file, ds, expected) in files("maps") {
        for plan in list(&expected) {
            let axis = axis(plan);
            let selection = if plan["selection"].is_null() {
                Selection::All
            } else {
                positions(&plan["selection"]).into()
            };
            let layer = ds.layer(plan["layer"].as_str().unwrap()).unwrap();
            let stats = layer.stats(axis, selection.clone(), &STATS).unwrap();
            let (mut sums, mut means) = (|lane: ndarray::ArrayView1<'_, f64>| lane.sum(), {
                |lane: ndarray::ArrayView1<'_, f64>| lane.mean().unwrap()
            });
            let maps = layer
                .map(axis, selection, &mut [&mut sums, &mut means])
                .unwrap();
            for (stat, found) in STATS
                .into_iter()
                .zip(&stats)
                .chain([(Stat::Sum, &maps[0]), (Stat::Mean, &maps[1])])
            {
                let expected = list(&plan["result"][format!("{stat:?}")]);
                let magnitude = list(&plan["result"]["Magnitude"]);
                assert_eq!(found.len(), expected.len(), "{file} {plan} {stat:?}");
                for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
                    // A sum is as exact as what was summed was large; the rest, as the result is.
                    let scale = match stat {
                        Stat::Sum | Stat::Mean => magnitude[place].as_f64(),
                        Stat::Variance => expected.as_f64(),
                        _ => Some(0.0),
                    };
                    let close = expected
                        .as_f64()
                        .zip(scale)
                        .is_some_and(|(expected, scale)| {
                            (found - expected).abs() <= 1e-14 * scale.abs()
                        });
                    assert!(
                        close || number(*found) == *expected,
                        "{file}: {stat:?} of {axis} {place} of {plan}: {found}, not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn changes_since_a_time() {
    for (file, ds, expected) in files("changes") {
        for expected in list(&expected) {
            let changes = ds
                .get_changes_since(expected["since"].as_str().unwrap())
                .unwrap();
            for (part, found) in [
                ("row_graphs", changes.row_graphs),
                ("col_graphs", changes.col_graphs),
                ("row_attrs", changes.row_attrs),
                ("col_attrs", changes.col_attrs),
                ("layers", changes.layers),
            ] {
                assert_eq!(
                    found,
                    strings(&expected[part]),
                    "{file}: {part} of {expected}"
                );
            }
        }
    }
}
