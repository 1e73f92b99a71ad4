//! Every call that changes a file, on a system that fails at some write, sync or cut.

use loom_core::{
    AddLoom, Axis, Connect, DType, Error, Fill, LoomConnection, LoomView, Mode, Result,
    h5lite::{self, testing::FaultyFile},
};

use crate::{assert_same, fixture, graph, numbers, sample, words};

type Call = fn(&mut LoomConnection) -> Result<()>;

/// Each changing call, and several as one.
const CALLS: &[(&str, Call)] = &[
    ("ra.insert", |ds| {
        let rows = ds.shape().0;
        ds.ra_mut().insert("new", words("\u{e9}", rows))
    }),
    ("ca.insert, replacing", |ds| {
        let cols = ds.shape().1;
        ds.ca_mut().insert("CellID", vec![0.5; cols])
    }),
    ("ra.rename", |ds| ds.ra_mut().rename("Gene", "other")),
    ("ca.remove", |ds| ds.ca_mut().remove("CellID")),
    ("attrs.insert", |ds| ds.attrs_mut().insert("title", "new")),
    ("attrs.rename", |ds| {
        ds.attrs_mut().rename("CreationDate", "date")
    }),
    ("attrs.remove", |ds| ds.attrs_mut().remove("CreationDate")),
    ("graphs.insert", |ds| {
        let cols = ds.shape().1;
        ds.col_graphs_mut().insert("new", &graph(cols))
    }),
    ("graphs.rename", |ds| {
        ds.col_graphs_mut().rename("KNN", "other")
    }),
    ("graphs.remove", |ds| ds.col_graphs_mut().remove("KNN")),
    ("layers.insert", |ds| {
        let (rows, cols) = ds.shape();
        ds.layers_mut().insert("new", numbers(rows, cols))
    }),
    ("layers.insert, zeros", |ds| {
        ds.layers_mut().insert("new", DType::F32)
    }),
    ("layers.write", |ds| ds.write(1.., vec![0, 2], 3_i8)),
    ("layers.remove", |ds| ds.layers_mut().remove("spliced")),
    ("add_columns", |ds| {
        let data = ds.view(.., ..3)?;
        ds.add_columns(&data, &Fill::Auto).map(drop)
    }),
    ("add_loom", |ds| {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other.loom");
        let mut view = ds.view(.., ..3)?;
        view.attrs.insert("note".into(), "x".into());
        loom_core::create(&other, &view)?;
        let how = AddLoom::new().key("Gene").fill(Fill::Auto);
        let how = how.convert_attrs(true).include_graphs(true);
        ds.add_loom(&other, &how).map(drop)
    }),
    ("permute rows", |ds| {
        let order: Vec<_> = (0..ds.shape().0).rev().collect();
        ds.permute(Axis::Rows, &order)
    }),
    ("permute columns", |ds| {
        let order: Vec<_> = (0..ds.shape().1).rev().collect();
        ds.permute(Axis::Cols, &order)
    }),
    ("atomically", |ds| {
        ds.atomically(|ds| {
            ds.attrs_mut().insert("title", "new")?;
            ds.layers_mut().insert("new", DType::U8)?;
            ds.ca_mut().remove("CellID")
        })
    }),
];

fn view(bytes: Vec<u8>) -> LoomView {
    let ds = Connect::new().validate(false).bytes(bytes).unwrap();
    ds.view(.., ..).unwrap()
}

fn without_stamp(mut view: LoomView) -> LoomView {
    view.attrs.remove("last_modified");
    view
}

/// The call meets a fault. Whether there was one.
fn meets(what: &str, old: &[u8], call: Call, number: usize, times: usize) -> bool {
    let what = format!("{what}, call {number}, {times} times");
    let file = FaultyFile::new(old.to_vec(), number, times);
    let before = view(old.to_vec());
    let mut ds = LoomConnection::from_file(file.open().unwrap()).unwrap();
    assert_eq!(ds.mode(), Mode::ReadWrite);
    let result = call(&mut ds);
    let met = file.heal();
    let now = view(file.bytes());
    let unknown = |error: &Error| {
        let Error::H5(error) = error else {
            return false;
        };
        matches!(error.root_cause(), h5lite::Error::CommitUnknown(_))
    };
    match &result {
        Ok(()) => return met,
        // The old content or the new: that it is one of the two is for h5lite's tests to show.
        Err(error) if unknown(error) => {}
        Err(_) => assert_same(&now, &before, &what),
    }
    assert_same(&ds.view(.., ..).unwrap(), &before, &what);
    if times == 1 && !result.as_ref().is_err_and(unknown) {
        assert!(file.bytes() == old, "{what}: bytes were left");
    }
    // What the handle shows can be changed, unless nobody knows what the file holds.
    let again = call(&mut ds);
    assert_eq!(
        again.is_err(),
        result.is_err_and(|error| unknown(&error)),
        "{what}"
    );
    if again.is_ok() {
        let mut undisturbed = Connect::new()
            .mode(Mode::ReadWrite)
            .validate(false)
            .bytes(old)
            .unwrap();
        call(&mut undisturbed).unwrap();
        let (found, expected) = (ds.view(.., ..).unwrap(), undisturbed.view(.., ..).unwrap());
        assert_same(&without_stamp(found), &without_stamp(expected), &what);
    }
    met
}

fn faults_everywhere(name: &str, old: &[u8]) {
    let mut faults = 0;
    for (what, call) in CALLS {
        for times in [1, usize::MAX] {
            let met = (1..)
                .take_while(|&number| meets(&format!("{name}: {what}"), old, *call, number, times));
            let met = met.count();
            // Contents, end of file, root: each written and made durable.
            assert!(met >= 4, "{name}: {what}: only {met} faults");
            faults += met;
        }
    }
    println!("{name}: {faults} faults; the old content each time");
}

/// With the names that the calls use.
fn small() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let mut view = sample(5, 7);
    let x = view.layers.remove("x").unwrap();
    view.layers.insert("spliced".into(), x);
    loom_core::create(&path, &view).unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn a_fault_at_any_write_leaves_the_old_content() {
    faults_everywhere("small", &small());
}

#[test]
fn so_it_does_in_a_file_of_version_2() {
    let mut ds = Connect::new()
        .mode(Mode::ReadWrite)
        .bytes(fixture("loompy2.loom"))
        .unwrap();
    let (rows, cols) = ds.shape();
    ds.atomically(|ds| {
        ds.ca_mut().insert("CellID", words("c", cols))?;
        ds.ra_mut().insert("Gene", words("g", rows))?;
        ds.col_graphs_mut().insert("KNN", &graph(cols))?;
        ds.layers_mut().insert("spliced", DType::U8)
    })
    .unwrap();
    faults_everywhere("version 2", &crate::bytes(ds));
}
