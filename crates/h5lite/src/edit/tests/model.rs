//! Random edits of a file in memory against a map in memory.

use std::collections::BTreeMap;

use ndarray::{Array2, s};
use proptest::{collection::vec, prelude::*};

use super::super::{DatasetOptions, Edit};
use crate::{Array, File, Group, Object, Result, Selection};

const PATHS: [&str; 7] = ["/a", "/b", "/g", "/g/a", "/g/h", "/g/h/a", "/b/c/d"];
const FILL: i32 = -7;

/// What a path leads to, with its attributes.
#[derive(Clone, Debug, PartialEq)]
struct Thing {
    /// `None`: a group. Whether it can be resized, and its values.
    data: Option<(bool, Array2<i32>)>,
    attributes: BTreeMap<String, i64>,
}

type Model = BTreeMap<String, Thing>;

#[derive(Clone, Debug)]
enum Op {
    Write {
        shape: (usize, usize),
        seed: i32,
        chunk: Option<(usize, usize)>,
        filters: u8,
    },
    WriteAt {
        from: (usize, usize),
        to: (usize, usize),
        step: usize,
        seed: i32,
    },
    Resize {
        shape: (usize, usize),
    },
    Remove,
    Rename {
        to: &'static str,
    },
    Group,
    Attribute {
        name: &'static str,
        value: i64,
    },
    RemoveAttribute {
        name: &'static str,
    },
}

fn op() -> impl Strategy<Value = (&'static str, Op)> {
    let shape = || (0_usize..12, 0_usize..12);
    let path = || prop::sample::select(PATHS.to_vec());
    let name = || prop::sample::select(vec!["x", "y", "z"]);
    let chunk = prop::option::weighted(0.7, (1_usize..5, 1_usize..5));
    let op = prop_oneof![
        3 => (shape(), any::<i32>(), chunk, 0_u8..8)
            .prop_map(|(shape, seed, chunk, filters)| Op::Write { shape, seed, chunk, filters }),
        4 => (shape(), shape(), 1_usize..4, any::<i32>())
            .prop_map(|(from, to, step, seed)| Op::WriteAt { from, to, step, seed }),
        5 => shape().prop_map(|shape| Op::Resize { shape }),
        1 => Just(Op::Remove),
        1 => path().prop_map(|to| Op::Rename { to }),
        1 => Just(Op::Group),
        2 => (name(), any::<i64>()).prop_map(|(name, value)| Op::Attribute { name, value }),
        1 => name().prop_map(|name| Op::RemoveAttribute { name }),
    ];
    (path(), op)
}

fn values(shape: (usize, usize), seed: i32) -> Array2<i32> {
    Array2::from_shape_fn(shape, |(i, j)| {
        let at = i32::try_from(i * 100 + j).unwrap();
        seed.wrapping_add(at.wrapping_mul(7919))
    })
}

fn is_inside(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Makes the groups around a path. `None`: something on the way is none.
fn make_groups(model: &mut Model, path: &str) -> Option<()> {
    let around = path.match_indices('/').skip(1).map(|(at, _)| &path[..at]);
    let around: Vec<&str> = around.collect();
    if around
        .iter()
        .any(|path| model.get(*path).is_some_and(|thing| thing.data.is_some()))
    {
        return None;
    }
    let group = Thing {
        data: None,
        attributes: BTreeMap::new(),
    };
    for path in around {
        model
            .entry(path.to_owned())
            .or_insert_with(|| group.clone());
    }
    Some(())
}

/// The selection `from..to` on both axes with a step, as the model and as the edit want it.
fn selections(from: (usize, usize), to: (usize, usize), step: usize) -> [Selection; 2] {
    let range = |from: usize, to: usize| Selection::Range {
        start: from.min(to),
        end: Some(from.max(to)),
        step,
    };
    [range(from.0, to.0), range(from.1, to.1)]
}

/// Applies an operation to the model. `None`: it fails, and the model is as it was.
fn apply(model: &mut Model, path: &str, op: &Op) -> Option<()> {
    match op {
        Op::Write {
            shape, seed, chunk, ..
        } => {
            make_groups(model, path)?;
            model.retain(|other, _| !is_inside(other, path));
            let data = Some((chunk.is_some(), values(*shape, *seed)));
            model.insert(
                path.to_owned(),
                Thing {
                    data,
                    attributes: BTreeMap::new(),
                },
            );
        }
        Op::WriteAt {
            from,
            to,
            step,
            seed,
        } => {
            let (_, data) = model.get_mut(path)?.data.as_mut()?;
            let (rows, columns) = data.dim();
            let (i, end_i) = (from.0.min(to.0), from.0.max(to.0));
            let (j, end_j) = (from.1.min(to.1), from.1.max(to.1));
            if end_i > rows || end_j > columns {
                return None;
            }
            let mut part = data.slice_mut(s![i..end_i; *step, j..end_j; *step]);
            let new = values(part.dim(), *seed);
            part.assign(&new);
        }
        Op::Resize { shape } => {
            let (growing, data) = model.get_mut(path)?.data.as_mut()?;
            if !*growing && *shape != data.dim() {
                return None;
            }
            let old = std::mem::take(data);
            *data = Array2::from_shape_fn(*shape, |at| old.get(at).copied().unwrap_or(FILL));
        }
        Op::Remove => {
            model.get(path)?;
            model.retain(|other, _| !is_inside(other, path));
        }
        Op::Rename { to } => {
            model.get(path)?;
            if is_inside(to, path) || model.contains_key(*to) {
                return None;
            }
            make_groups(model, to)?;
            let moved: Vec<String> = model
                .keys()
                .filter(|other| is_inside(other, path))
                .cloned()
                .collect();
            for old in moved {
                let thing = model.remove(&old)?;
                model.insert(format!("{to}{}", &old[path.len()..]), thing);
            }
        }
        Op::Group => {
            if model.get(path).is_some_and(|thing| thing.data.is_some()) {
                return None;
            }
            make_groups(model, &format!("{path}/"))?;
        }
        Op::Attribute { name, value } => {
            model
                .get_mut(path)?
                .attributes
                .insert((*name).to_owned(), *value);
        }
        Op::RemoveAttribute { name } => {
            model.get_mut(path)?.attributes.remove(*name)?;
        }
    }
    Some(())
}

/// Applies an operation to the edit.
fn edited(edit: &mut Edit<'_>, path: &str, op: &Op) -> Result<()> {
    match op {
        Op::Write {
            shape,
            seed,
            chunk,
            filters,
        } => {
            let mut options = match chunk {
                Some((i, j)) => DatasetOptions::chunked(&[*i, *j]).max_shape(&[None, None]),
                None => DatasetOptions::contiguous(),
            };
            if chunk.is_some() {
                options = if filters & 1 == 0 {
                    options
                } else {
                    options.shuffle()
                };
                options = if filters & 2 == 0 {
                    options
                } else {
                    options.deflate(3)
                };
                options = if filters & 4 == 0 {
                    options
                } else {
                    options.fletcher32()
                };
            }
            edit.write(
                path,
                &values(*shape, *seed).into(),
                &options.fill(FILL.into()),
            )
        }
        Op::WriteAt {
            from,
            to,
            step,
            seed,
        } => {
            let selections = selections(*from, *to, *step);
            let count = |selection: &Selection| selection.count(0, 1000).unwrap();
            let shape = (count(&selections[0]), count(&selections[1]));
            edit.write_at(path, &selections, &values(shape, *seed).into())
        }
        Op::Resize { shape } => edit.resize(path, &[shape.0, shape.1]),
        Op::Remove => edit.remove(path),
        Op::Rename { to } => edit.rename(path, to),
        Op::Group => edit.create_group(path),
        Op::Attribute { name, value } => edit.set_attribute(path, name, &(*value).into()),
        Op::RemoveAttribute { name } => edit.remove_attribute(path, name),
    }
}

/// What the file holds, as a model.
fn read(group: &Group<'_>, into: &mut Model) {
    for name in group.names().unwrap() {
        let object = group.object(&name).unwrap();
        let attributes = object.attributes().unwrap().into_iter().map(|attribute| {
            let value = attribute.read::<i64>().unwrap();
            (attribute.name().to_owned(), value[[]])
        });
        let attributes = attributes.collect();
        let path = format!("{}/{name}", group.path().trim_end_matches('/'));
        let data = match &object {
            Object::Dataset(dataset) => {
                let Array::I32(values) = dataset.read_any(&[]).unwrap() else {
                    panic!("{path}")
                };
                Some((
                    dataset.chunk_shape().is_some(),
                    values.into_dimensionality().unwrap(),
                ))
            }
            _ => None,
        };
        into.insert(path, Thing { data, attributes });
        if let Object::Group(group) = object {
            read(&group, into);
        }
    }
}

proptest! {
    #[test]
    fn a_file_holds_what_was_committed(edits in vec((vec(op(), 1..9), prop::bool::weighted(0.85)), 1..9)) {
        let mut file = File::create_in_memory().unwrap();
        let mut committed = Model::new();
        for (ops, commit) in edits {
            let mut model = committed.clone();
            let mut edit = file.edit().unwrap();
            for (path, op) in &ops {
                let before = model.clone();
                let expected = apply(&mut model, path, op).is_some();
                if !expected {
                    model = before;
                }
                let done = edited(&mut edit, path, op);
                prop_assert_eq!(done.is_ok(), expected, "{} {:?}: {:?}", path, op, done);
            }
            if commit {
                edit.commit().unwrap();
                committed = model;
            } else {
                drop(edit);
            }
            let mut found = Model::new();
            read(&file.root().unwrap(), &mut found);
            prop_assert_eq!(&found, &committed);
        }
        // The same from the bytes alone.
        let file = File::from_bytes(file.into_bytes().unwrap()).unwrap();
        let mut found = Model::new();
        read(&file.root().unwrap(), &mut found);
        prop_assert_eq!(found, committed);
    }
}
