//! Compound attributes, as SCope and pySCENIC write them, in files that are put together.

use std::{fs, path::Path};

use h5lite::{Array, Class, DType, DatasetOptions, Datatype, Edit, File, Member};
use ndarray::arr2;

use super::{Folder, fixture, without_dates};
use crate::{
    AddLoom, Aggregate, Axis, Combine, Connect, Error, Fill, Func, Join, LoomView, Mode, create,
};

const SCOPE: [&str; 3] = ["scope-json.loom", "scope-zlib.loom", "scope-gzip.loom"];

fn view(path: &Path) -> LoomView {
    let ds = Connect::new().validate(false).open(path).unwrap();
    without_dates(ds.view(.., ..).unwrap())
}

fn fields(view: &LoomView) -> usize {
    let names = view.ra.keys().chain(view.ca.keys());
    names.filter(|name| name.contains('/')).count()
}

#[test]
fn they_follow_each_other() {
    for name in SCOPE {
        let folder = Folder::new(&[]);
        let [grown, both] = folder.paths(["grown.loom", "both.loom"]);
        fs::copy(fixture(name), &grown).unwrap();
        let mut ds = Connect::new()
            .mode(Mode::ReadWrite)
            .validate(false)
            .open(&grown)
            .unwrap();
        let how = AddLoom::new().validate(false);
        assert_eq!(ds.add_loom(fixture(name), &how).unwrap(), [""; 0], "{name}");
        drop(ds);
        let files = [fixture(name), fixture(name)];
        let how = Combine::new(files).validate(false);
        assert_eq!(how.write(&both).unwrap().dropped, [""; 0], "{name}");
        let expected = view(&fixture(name));
        assert!(fields(&expected) > 3, "{name}");
        let cols = expected.layers[""].shape()[1];
        for path in [&grown, &both] {
            let ds = Connect::new().validate(false).open(path).unwrap();
            assert_eq!(ds.shape().1, 2 * cols);
            for half in [ds.view(.., ..cols).unwrap(), ds.view(.., cols..).unwrap()] {
                let of = |view: &LoomView| format!("{:?}{:?}{:?}", view.layers, view.ra, view.ca);
                assert!(of(&half) == of(&expected), "{name}");
            }
        }
    }
}

#[test]
fn those_of_rows_stay_when_columns_are_aggregated() {
    for name in SCOPE {
        let folder = Folder::new(&[]);
        let path = folder.path("out.loom");
        let ds = Connect::new().validate(false).open(fixture(name)).unwrap();
        let how = Aggregate::by(Array::from(vec![0; ds.shape().1])).function(Func::Sum);
        ds.aggregate_into(&path, &how).unwrap();
        assert!(view(&path).ra == view(&fixture(name)).ra, "{name}");
    }
}

/// A compound of a number and another.
fn pair(first: &str) -> Datatype {
    let number = |name: &str, offset| Member {
        name: name.to_owned(),
        offset,
        datatype: Datatype::of(DType::U8),
    };
    Datatype {
        class: Class::Compound(vec![number(first, 0), number("y", 1)]),
        size: 2,
    }
}

fn put(edit: &mut Edit<'_>, path: &str, datatype: Datatype, bytes: &[u8]) {
    let shape = [bytes.len() / 2];
    let options = DatasetOptions::contiguous().datatype(datatype);
    edit.create(path, DType::U8, &shape, &options).unwrap();
    edit.write_bytes_at(path, &[], bytes).unwrap();
}

/// Two files, the genes a, b and b, c, with compounds on both axes.
fn two() -> Folder {
    let folder = Folder::new(&[]);
    for (number, (name, genes)) in [("1.loom", ["a", "b"]), ("2.loom", ["b", "c"])]
        .into_iter()
        .enumerate()
    {
        let mut view = LoomView::default();
        view.layers
            .insert(String::new(), arr2(&[[1, 2], [3, 4]]).into());
        view.ra.insert("Gene".into(), genes.as_slice().into());
        create(folder.path(name), &view).unwrap();
        let mut file = File::open_rw(folder.path(name)).unwrap();
        let mut edit = file.edit().unwrap();
        let start = u8::try_from(number * 10).unwrap();
        put(
            &mut edit,
            "/row_attrs/R",
            pair("x"),
            &[start, 1, start + 2, 3],
        );
        put(
            &mut edit,
            "/col_attrs/Same",
            pair("x"),
            &[start, 5, start, 6],
        );
        let other = ["x", "z"][number];
        put(&mut edit, "/col_attrs/Differ", pair(other), &[1, 2, 3, 4]);
        if number == 0 {
            put(&mut edit, "/col_attrs/Mine", pair("x"), &[7, 8, 9, 10]);
        }
        edit.commit().unwrap();
    }
    folder
}

fn combine(folder: &Folder) -> Combine {
    let files = folder.paths(["1.loom", "2.loom"]);
    Combine::new(files).validate(false).key("Gene")
}

#[test]
fn rows_of_other_files_bring_theirs() {
    let folder = two();
    let out = folder.path("out.loom");
    let how = combine(&folder).join(Join::Outer);
    assert_eq!(how.write(&out).unwrap().dropped, ["Differ", "Mine"]);
    let found = view(&out);
    assert_eq!(found.ra["R/x"], vec![0_u8, 2, 12].into());
    assert_eq!(found.ra["R/y"], vec![1_u8, 3, 3].into());
    assert_eq!(found.ca["Same/x"], vec![0_u8, 0, 10, 10].into());
    assert_eq!(found.ca["Same/y"], vec![5_u8, 6, 5, 6].into());
    let how = how.fill(Fill::Auto);
    assert_eq!(how.write(&out).unwrap().dropped, ["Differ"]);
    assert_eq!(view(&out).ca["Mine/x"], vec![7_u8, 9, 0, 0].into());
    let values = [("Mine".to_owned(), 1.into())].into_iter().collect();
    let error = how.fill(Fill::Values(values)).write(&out).unwrap_err();
    assert!(matches!(error, Error::Type { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("\"Mine\"") && message.contains("compound"),
        "{message}"
    );
    // Rows behind each other: the attributes of columns are found by the key then.
    let how = combine(&folder).axis(Axis::Rows).join(Join::Strict);
    assert!(how.write(&out).is_err(), "columns have no key");
}

/// A compound with text of variable length is an address in its own file: it is not carried.
#[test]
fn what_leads_elsewhere_is_not_carried() {
    let text = Member {
        name: "t".to_owned(),
        offset: 0,
        datatype: Datatype::of(DType::Str),
    };
    let leads = Datatype {
        class: Class::Compound(vec![text]),
        size: 16,
    };
    for (file, axis) in [("1.loom", "row"), ("2.loom", "row"), ("2.loom", "col")] {
        let folder = two();
        let mut changed = File::open_rw(folder.path(file)).unwrap();
        let mut edit = changed.edit().unwrap();
        let options = DatasetOptions::contiguous().datatype(leads.clone());
        let name = if axis == "row" { "R" } else { "Same" };
        let path = format!("/{axis}_attrs/{name}");
        edit.create(&path, DType::U8, &[2], &options).unwrap();
        edit.commit().unwrap();
        drop(changed);
        let out = folder.path("out.loom");
        let combined = combine(&folder).join(Join::Outer).write(&out);
        match (file, axis) {
            // Its own rows cannot do without.
            ("1.loom", _) => {
                let error = combined.unwrap_err();
                assert!(matches!(error, Error::Type { .. }), "{error:?}");
                let message = error.to_string();
                assert!(message.contains("row attribute \"R\""), "{message}");
                assert!(message.contains("variable length"), "{message}");
            }
            // What only the other has is zero.
            (_, "row") => {
                combined.unwrap();
                assert_eq!(view(&out).ra["R/y"], vec![1_u8, 3, 0].into());
            }
            _ => {
                let dropped = combined.unwrap().dropped;
                assert_eq!(dropped, ["Differ", "Mine", "Same"]);
            }
        }
    }
}
