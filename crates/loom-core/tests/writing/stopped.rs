//! Long calls that are followed, and ended at each step.

use std::{
    fs,
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex},
};

use loom_core::{
    AddLoom, Aggregate, Axis, Combine, Mode, Result, Watch, connect,
    h5lite::{self, File, RepackOptions},
};

use crate::sample;

/// A call on `x.loom` in a folder that also has `other.loom`; new files are `new.loom`.
type Call = fn(&Path, Watch) -> Result<()>;

const CALLS: &[(&str, Call)] = &[
    ("add_loom", |folder, watch| {
        let mut ds = connect(folder.join("x.loom"), Mode::ReadWrite)?;
        ds.watch(watch);
        ds.add_loom(folder.join("other.loom"), &AddLoom::new())
            .map(drop)
    }),
    ("permute", |folder, watch| {
        let mut ds = connect(folder.join("x.loom"), Mode::ReadWrite)?;
        ds.watch(watch);
        let order: Vec<usize> = (0..ds.shape().1).rev().collect();
        ds.permute(Axis::Cols, &order)
    }),
    ("subset", |folder, watch| {
        let mut ds = connect(folder.join("x.loom"), Mode::Read)?;
        ds.watch(watch);
        ds.subset().cols(..3).write(folder.join("new.loom"))
    }),
    ("subset out of order", |folder, watch| {
        let mut ds = connect(folder.join("x.loom"), Mode::Read)?;
        ds.watch(watch);
        let picked = ds.subset().rows(vec![2, 0]).cols(vec![3, 1]);
        picked.write(folder.join("new.loom"))
    }),
    ("split", |folder, watch| {
        let mut ds = connect(folder.join("x.loom"), Mode::Read)?;
        ds.watch(watch);
        let path = |_: &str| folder.join("new.loom");
        ds.subset()
            .rows(1)
            .split(Axis::Rows, "Gene", path)
            .map(drop)
    }),
    ("aggregate_into", |folder, watch| {
        let mut ds = connect(folder.join("x.loom"), Mode::Read)?;
        ds.watch(watch);
        ds.aggregate_into(folder.join("new.loom"), &Aggregate::by("CellID"))
    }),
    ("combine", |folder, watch| {
        let files = ["x.loom", "other.loom"].map(|name| folder.join(name));
        let combine = Combine::new(files).watch(watch);
        combine.write(folder.join("new.loom")).map(drop)
    }),
    ("repack", |folder, watch| {
        let options = RepackOptions::new().watch(watch);
        Ok(File::open(folder.join("x.loom"))?.repack(folder.join("new.loom"), &options)?)
    }),
];

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = (fs::read_dir(folder).unwrap())
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_call_that_is_stopped_at_any_step_changes_nothing() {
    for (what, call) in CALLS {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        loom_core::create(folder.join("x.loom"), &sample(5, 7)).unwrap();
        loom_core::create(folder.join("other.loom"), &sample(5, 3)).unwrap();
        fs::write(folder.join("new.loom"), "in the way").unwrap();
        let before = contents(folder);
        let mut stops = 0;
        loop {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&seen);
            let result = call(
                folder,
                Watch::new(move |done, total| {
                    let mut log = log.lock().unwrap();
                    log.push((done, total));
                    match log.len() > stops {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                }),
            );
            let seen = seen.lock().unwrap();
            let Err(error) = result else {
                assert!(seen.len() <= stops, "{what}");
                let all_steps = seen.last().is_some_and(|(done, total)| done == total);
                assert!(all_steps || *what == "repack", "{what}: {seen:?}");
                break;
            };
            assert_eq!(
                seen.len(),
                stops + 1,
                "{what}: called again after it said no"
            );
            assert!(seen.is_sorted() && seen.iter().all(|(_, total)| *total == seen[0].1));
            let loom_core::Error::H5(inner) = &error else {
                panic!("{what}: {error}");
            };
            assert!(
                matches!(inner.root_cause(), h5lite::Error::Stopped),
                "{what}: {error}"
            );
            assert!(
                contents(folder) == before,
                "{what}: stopped at step {stops}"
            );
            stops += 1;
        }
        assert!(stops > 1, "{what} was watched at {stops} steps");
        assert!(contents(folder) != before, "{what}");
    }
}
