//! Sequences of edits, drawn from the input.

use std::{collections::BTreeMap, fs};

use arbitrary::{Result as Drawn, Unstructured};
use h5lite::{DatasetOptions, Edit, File, FindingKind, Object, Result};
use ndarray::Array1;

use super::walk::walk;
use crate::fixture;

/// The files that are edited: one for each way of storing links, attributes and chunks.
const FILES: [&str; 9] = [
    "loompy3-one-column.loom",
    "loompy2-columns.loom",
    "h5py-earliest.h5",
    "h5py-latest.h5",
    "btree-v2-latest.h5",
    "links-latest.h5",
    "track-order-latest.loom",
    "userblock-512.loom",
    "committed-earliest.h5",
];

/// Where datasets are written whose content is known.
const PLACES: [&str; 4] = ["/fuzz/a", "/fuzz/b", "/fuzz/g/a", "/fuzz/g/h/a"];

/// What the datasets in those places hold.
type Model = BTreeMap<String, Vec<i32>>;

/// Some scripts, of the bytes of a file.
pub(super) fn scripts(file: &[u8]) -> Vec<Vec<u8>> {
    let starts = (0..file.len()).step_by(8000);
    starts
        .filter_map(|at| Some(file.get(at..at + 200)?.to_vec()))
        .collect()
}

/// Edits a valid file: what was committed is there, what was dropped is not, and nothing breaks.
pub(super) fn valid(data: &[u8]) {
    let mut script = Unstructured::new(data);
    let which = script.int_in_range(0..=FILES.len()).unwrap_or(0);
    let mut file = match FILES.get(which) {
        Some(name) => {
            let bytes = fs::read(fixture(name)).expect("a fixture");
            File::from_bytes_rw(bytes).expect("a fixture can be opened")
        }
        None => File::create_in_memory().expect("a new file"),
    };
    let paths = paths(&file);
    let mut committed = Model::new();
    let mut before = walk(&file);
    assert_eq!(before.errors, 0, "{which} is valid");
    while !script.is_empty() && script.len() < data.len() {
        let mut model = committed.clone();
        let mut edit = file.edit().expect("an edit of this file");
        let steps = script.int_in_range(1..=6).unwrap_or(1);
        for _ in 0..steps {
            // A draw from too few bytes is the end of the script.
            let _ = step(&mut edit, &mut model, &paths, &mut script);
        }
        let outcome = script.ratio(4, 5).unwrap_or(true).then(|| edit.commit());
        match outcome {
            Some(Ok(())) => {
                committed = model;
                before = walk(&file);
                assert_sound(&file);
            }
            Some(Err(error)) if !error.is_unsupported() => panic!("a commit in memory: {error}"),
            _ => assert_eq!(walk(&file), before, "an edit that was dropped left traces"),
        }
        for (path, values) in &committed {
            let found = file
                .dataset(path)
                .and_then(|dataset| dataset.read::<i32>(&[]));
            let found = found.expect("what was written can be read");
            assert_eq!(found.into_raw_vec_and_offset().0, *values, "{path}");
        }
    }
    let bytes = file.into_bytes().expect("a file open for writing");
    let again = File::from_bytes(bytes).expect("a file that was edited");
    assert_eq!(
        walk(&again),
        before,
        "the bytes are not what the handle saw"
    );
}

/// Nothing is damaged and nothing overlaps.
pub(super) fn assert_sound(file: &File) {
    let findings = file.check();
    let bad = |finding: &&h5lite::Finding| {
        matches!(finding.kind, FindingKind::Damaged | FindingKind::Overlap)
    };
    assert_eq!(findings.iter().find(bad), None, "the file is damaged");
}

/// One change to the edit and the model.
fn step(
    edit: &mut Edit<'_>,
    model: &mut Model,
    paths: &[String],
    script: &mut Unstructured<'_>,
) -> Drawn<()> {
    let place = *script.choose(&PLACES)?;
    let path = script.choose(paths)?;
    let is_inside = |other: &str, outer: &str| {
        let rest = other.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match script.int_in_range(0..=9)? {
        0..=2 => {
            let values = script.arbitrary::<[i16; 5]>()?.map(i32::from).to_vec();
            if edit
                .write(place, &array(&values), &options(script)?)
                .is_ok()
            {
                model.retain(|other, _| !is_inside(other, place));
                model.insert(place.to_owned(), values);
            }
        }
        3 => {
            let len = script.int_in_range(0..=12)?;
            if edit.resize(place, &[len]).is_ok() {
                model.get_mut(place).expect("a dataset").resize(len, 0);
            }
        }
        4 => {
            let (at, value) = (script.int_in_range(0..=8_usize)?, script.arbitrary()?);
            let selection = [at.into()];
            if edit.write_at(place, &selection, &array(&[value])).is_ok() {
                model.get_mut(place).expect("a dataset")[at] = value;
            }
        }
        5 => {
            let to = *script.choose(&PLACES)?;
            if edit.rename(place, to).is_ok() {
                let values = model.remove(place).expect("a dataset");
                model.insert(to.to_owned(), values);
            }
        }
        6 if edit.remove(place).is_ok() => drop(model.remove(place)),
        7 => drop(edit.set_attribute(path, "fuzz", &array(&[script.arbitrary()?]))),
        8 => drop(edit.remove_attribute(path, "fuzz")),
        _ if path != "/" => drop(edit.remove(path)),
        _ => {}
    }
    Ok(())
}

fn options(script: &mut Unstructured<'_>) -> Drawn<DatasetOptions> {
    let chunk = script.int_in_range(0..=4)?;
    if chunk == 0 {
        return Ok(DatasetOptions::contiguous());
    }
    let options = DatasetOptions::chunked(&[chunk]).max_shape(&[None]);
    Ok(match script.int_in_range(0..=3)? {
        0 => options,
        1 => options.deflate(6),
        2 => options.shuffle().deflate(1),
        _ => options.fletcher32(),
    })
}

fn array(values: &[i32]) -> h5lite::Array {
    Array1::from(values.to_vec()).into_dyn().into()
}

/// The paths of a file, two levels deep.
fn paths(file: &File) -> Vec<String> {
    let mut paths = vec!["/".to_owned()];
    let root = file.root().expect("a root group");
    for name in root.names().expect("its links") {
        let inner = match root.object(&name) {
            Ok(Object::Group(group)) => group.names().unwrap_or_default(),
            _ => Vec::new(),
        };
        paths.extend(inner.iter().map(|inner| format!("/{name}/{inner}")));
        paths.push(format!("/{name}"));
    }
    paths
}

/// Edits any bytes: errors, but no panic; and what was committed can be read.
pub(super) fn damaged(data: &[u8]) {
    let Ok(mut file) = File::from_bytes_rw(data) else {
        return;
    };
    if changes(&mut file).is_err() {
        return;
    }
    let bytes = file.into_bytes().expect("a file open for writing");
    let again = File::from_bytes(bytes).expect("a file after a commit");
    let values = again
        .dataset("/fuzz")
        .and_then(|dataset| dataset.read::<i32>(&[]))
        .expect("what was written can be read");
    assert_eq!(values.into_raw_vec_and_offset().0, [1, 2, 3]);
}

/// Every kind of change, to whatever is there.
fn changes(file: &mut File) -> Result<()> {
    let names = file.root().and_then(|root| root.names());
    let paths = names.unwrap_or_default();
    let mut edit = file.edit()?;
    edit.set_attribute("/", "fuzz", &5.into())?;
    for path in paths.iter().take(10) {
        let _ = edit.set_attribute(path, "fuzz", &5.into());
        let _ = edit.write_at(path, &[0.into(), 0.into()], &1.0.into());
        let _ = edit.resize(path, &[3, 3]);
        let _ = edit.resize(path, &[7]);
    }
    if let Some(first) = paths.first() {
        let _ = edit.rename(first, "/renamed");
    }
    if let Some(last) = paths.last() {
        let _ = edit.remove(last);
    }
    let options = DatasetOptions::chunked(&[2]).deflate(1);
    edit.write("/fuzz", &array(&[1, 2, 3]), &options)?;
    edit.commit()
}
