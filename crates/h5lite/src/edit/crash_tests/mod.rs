//! Edits that are killed, lose power, or meet a system that fails: the file is the old one or the
//! new one, in every state that can be left.
//!
//! The files come from loompy, h5py and hdf5-pure. What is compared is a digest of everything they hold.

mod faults;
mod judge;
mod others;
mod power;

use std::{fs, path::PathBuf};

use ndarray::{ArrayD, IxDyn};

use super::{Edit, commit::Step};
use crate::{
    Array, Attribute, Class, DType, Dataset, DatasetOptions, Error, File, Limits, LinkTarget,
    Object, Result, Selection,
    store::{CrashStore, Store},
};

#[path = "../../../tests/common/digest.rs"]
mod digest;
use digest::digest;

/// A file to edit.
#[derive(Clone, Copy, Debug)]
struct Base {
    name: &'static str,
    /// A chunked dataset of two axes, and the axis along which it can grow.
    matrix: (&'static str, usize),
    /// Some other dataset.
    other: &'static str,
    /// A group with an attribute, and its name.
    attribute: (&'static str, &'static str),
}

/// As loompy makes them.
const LOOMPY: Base = Base {
    name: "loompy3.loom",
    matrix: ("/layers/spliced", 1),
    other: "/row_attrs/Gene",
    attribute: ("/row_attrs", "last_modified"),
};
const SUPERBLOCK_1: Base = Base {
    name: "superblock-1.h5",
    matrix: ("/deep", 0),
    other: "/filtered",
    attribute: ("/", "none yet"),
};
/// Its matrix has two names.
const SUPERBLOCK_2: Base = Base {
    name: "h5py-v108.h5",
    matrix: ("/hard", 1),
    other: "/many/d07",
    attribute: ("/beta", "a1"),
};
const SUPERBLOCK_3: Base = Base {
    name: "h5py-latest.h5",
    ..SUPERBLOCK_2
};
const USER_BLOCK_0: Base = Base {
    name: "userblock-512.loom",
    matrix: ("/matrix", 1),
    other: "/row_attrs/Gene",
    attribute: ("/", "last_modified"),
};
const USER_BLOCK_3: Base = Base {
    name: "userblock-1024-latest.loom",
    ..USER_BLOCK_0
};

/// By another writer in Rust, with a superblock 3.
const RIVAL: Base = Base {
    name: "hdf5-pure.loom",
    matrix: ("/matrix", 1),
    other: "/row_attrs/Name",
    attribute: ("/row_attrs", "last_modified"),
};

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    fs::read(folder.join(name)).unwrap()
}

fn numbers(shape: &[usize], first: i16) -> Array {
    let count = i16::try_from(shape.iter().product::<usize>()).unwrap();
    let values = (0..count).map(|i| first.wrapping_add(i % 100)).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).unwrap().into()
}

/// The values of a matrix, as many as this shape has, in its own type.
fn values_like(dtype: DType, shape: &[usize]) -> Array {
    let count = shape.iter().product::<usize>();
    let values: Vec<u8> = (0..count)
        .map(|i| u8::try_from(i % 90).unwrap() + 7)
        .collect();
    macro_rules! of {
        ($t:ty) => {{
            let values = values.iter().map(|&v| v.into()).collect::<Vec<$t>>();
            ArrayD::from_shape_vec(IxDyn(shape), values).unwrap().into()
        }};
    }
    match dtype {
        DType::U8 => of!(u8),
        DType::I16 => of!(i16),
        DType::F32 => of!(f32),
        other => panic!("no matrix here is of {other:?}"),
    }
}

/// The shape and type of the matrix.
fn matrix(file: &File, base: Base) -> (Vec<usize>, DType) {
    let dataset = file.dataset(base.matrix.0).unwrap();
    (dataset.shape().to_vec(), dataset.dtype().unwrap())
}

/// Makes a change to a file and commits it.
type Make<'a> = &'a dyn Fn(&mut File) -> Result<()>;

type Change = fn(&mut Edit<'_>, Base, &[usize], DType) -> Result<()>;

/// Every kind of edit.
const CHANGES: &[(&str, Change)] = &[
    ("create a group", |edit, _, _, _| {
        edit.create_group("/new/group")
    }),
    ("write a contiguous dataset", |edit, _, _, _| {
        edit.write("/new", &numbers(&[40], 3), &DatasetOptions::contiguous())
    }),
    ("write a chunked dataset", |edit, _, _, _| {
        let options = DatasetOptions::chunked(&[5, 5])
            .shuffle()
            .deflate(2)
            .fletcher32();
        edit.write("/chunked", &numbers(&[12, 12], 3), &options)
    }),
    ("write strings", |edit, _, _, _| {
        let words = ["one", "", "zw\u{f6}lf"];
        edit.write(
            "/words",
            &words.as_slice().into(),
            &DatasetOptions::contiguous(),
        )
    }),
    ("replace a dataset", |edit, base, _, _| {
        edit.write(base.other, &numbers(&[9], 1), &DatasetOptions::contiguous())
    }),
    ("write a part", |edit, base, _, dtype| {
        let part = [Selection::from(1..3), (2..5).into()];
        edit.write_at(base.matrix.0, &part, &values_like(dtype, &[2, 3]))
    }),
    ("grow", grow),
    ("shrink", |edit, base, shape, _| {
        let mut smaller = shape.to_vec();
        smaller[base.matrix.1] = smaller[base.matrix.1] / 2 + 1;
        edit.resize(base.matrix.0, &smaller)
    }),
    ("remove", |edit, base, _, _| edit.remove(base.other)),
    ("rename", |edit, base, _, _| {
        edit.rename(base.other, "/elsewhere/moved")
    }),
    ("soft link", |edit, base, _, _| {
        edit.soft_link("/link", base.other)
    }),
    ("set an attribute", |edit, base, _, _| {
        edit.set_attribute(base.matrix.0, "new", &numbers(&[6], 0))
    }),
    ("replace an attribute", |edit, base, _, _| {
        edit.set_attribute(base.attribute.0, base.attribute.1, &"a new value".into())
    }),
    ("remove an attribute", |edit, base, _, _| {
        let (object, name) = base.attribute;
        if name == "none yet" {
            edit.set_attribute(object, name, &"then let there be one".into())?;
            edit.set_attribute(object, "another", &"too".into())?;
        }
        edit.remove_attribute(object, name)
    }),
    ("several in one", |edit, base, shape, dtype| {
        grow(edit, base, shape, dtype)?;
        edit.remove(base.other)?;
        edit.soft_link(base.other, base.matrix.0)?;
        edit.set_attribute("/", "title", &"several".into())?;
        edit.write("/a/b/c", &numbers(&[3], 3), &DatasetOptions::contiguous())
    }),
];

/// Edits of the dataset of [`with_wide`] that copy paths through its index.
const COPIES: &[(&str, Change)] = &[
    ("write one chunk", |edit, _, _, _| {
        edit.set_index_limits(0, usize::MAX);
        edit.write_at("/wide", &[4.into(), 7.into()], &numbers(&[1, 1], 99))
    }),
    ("append a row", |edit, _, _, _| {
        edit.set_index_limits(0, usize::MAX);
        edit.resize("/wide", &[11, 40])?;
        let row = [10.into(), Selection::All];
        edit.write_at("/wide", &row, &numbers(&[1, 40], 5))
    }),
    ("cut rows, through an index of the edit", |edit, _, _, _| {
        edit.set_index_limits(0, 1);
        edit.write_at("/wide", &[3.into(), 0.into()], &numbers(&[1, 1], 99))?;
        edit.resize("/wide", &[8, 40])?;
        edit.write_at("/wide", &[3.into(), 1.into()], &numbers(&[1, 1], 99))
    }),
];

/// Copies of paths in a transaction, some of them taken back.
fn copy_in_steps(file: &mut File, base: Base) -> Result<()> {
    let copy = |file: &mut File, (_, kind): (&str, Change)| change(file, base, kind, None);
    file.begin()?;
    copy(file, COPIES[0])?;
    file.begin()?;
    copy(file, COPIES[2])?;
    file.roll_back();
    copy(file, COPIES[1])?;
    file.commit()
}

/// The file with a dataset of 10 x 40 chunks, which take an index of two levels.
fn with_wide(base: Base) -> Vec<u8> {
    let store = CrashStore::new(fixture(base.name));
    let mut file = open(store.clone()).unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::chunked(&[1, 1]).max_shape(&[None, None]);
    edit.write("/wide", &numbers(&[10, 40], 1), &options)
        .unwrap();
    edit.commit().unwrap();
    store.bytes()
}

fn grow(edit: &mut Edit<'_>, base: Base, shape: &[usize], dtype: DType) -> Result<()> {
    let (path, axis) = base.matrix;
    let mut grown = shape.to_vec();
    grown[axis] += 3;
    edit.resize(path, &grown)?;
    let mut selections = vec![Selection::All; 2];
    selections[axis] = (shape[axis]..shape[axis] + 3).into();
    let mut added = grown.clone();
    added[axis] = 3;
    edit.write_at(path, &selections, &values_like(dtype, &added))
}

fn open(store: impl Store + 'static) -> Result<File> {
    File::from_store(Box::new(store), Limits::default(), false)
}

/// Makes one change and commits it, one step of the commit left out.
fn change(file: &mut File, base: Base, change: Change, left_out: Option<Step>) -> Result<()> {
    let (shape, dtype) = matrix(file, base);
    let mut edit = file.edit()?;
    change(&mut edit, base, &shape, dtype)?;
    if let Some(step) = left_out {
        edit.leave_out(step);
    }
    edit.commit()
}

/// Makes several changes, each seeing those before it, as one transaction with others inside.
fn change_in_steps(file: &mut File, base: Base) -> Result<()> {
    file.begin()?;
    match steps(file, base) {
        Ok(()) => file.commit(),
        Err(error) => {
            while file.in_transaction() {
                file.roll_back();
            }
            Err(error)
        }
    }
}

fn steps(file: &mut File, base: Base) -> Result<()> {
    change(file, base, grow, None)?;
    change(file, base, grow, None)?;
    let (shape, _) = matrix(file, base);
    file.begin()?;
    change(file, base, |edit, base, _, _| edit.remove(base.other), None)?;
    file.roll_back();
    let words = ["one", "", "zw\u{f6}lf"];
    let options = DatasetOptions::contiguous();
    let mut edit = file.edit()?;
    edit.write("/a/words", &words.as_slice().into(), &options)?;
    edit.rename("/a/words", base.other).unwrap_err();
    edit.remove(base.other)?;
    edit.commit()?;
    file.begin()?;
    let mut edit = file.edit()?;
    edit.rename("/a/words", base.other)?;
    edit.set_attribute("/", "columns", &(shape[base.matrix.1] as u64).into())?;
    edit.commit()?;
    file.commit()
}

/// What a file holds with a change.
fn digest_after(old: &[u8], make: Make<'_>) -> u64 {
    let store = CrashStore::new(old.to_vec());
    make(&mut open(store.clone()).unwrap()).unwrap();
    digest(&File::from_bytes(store.bytes()).unwrap()).unwrap()
}
