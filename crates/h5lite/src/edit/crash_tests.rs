//! Edits that are killed, lose power, or meet a system that fails: the file is the old one or the
//! new one, in every state that can be left.
//!
//! The files come from loompy and h5py. What is compared is a digest of everything they hold.

use std::{collections::HashMap, fs, hash::Hasher, path::PathBuf};

use ndarray::{ArrayD, IxDyn};

use super::{Edit, commit::Step};
use crate::{
    Array, Attribute, Class, DType, Dataset, DatasetOptions, Error, File, Limits, LinkTarget,
    Object, Result, Selection,
    store::{
        CrashStore, Store,
        crash::{CrashState, Tear},
        faulty::{EINTR, EIO, ENOSPC, Fault, FaultyStore, Plan},
    },
};

#[path = "../../tests/common/digest.rs"]
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

/// What a crash state turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Old,
    New,
    Other,
}

/// Tells the old content from the new.
struct Judge {
    old: u64,
    new: u64,
    tear: Tear,
    /// Digests by the bytes a reader can see: most states differ in others only.
    seen: HashMap<u64, Option<u64>>,
    /// How many states were judged, and the stories of those that were neither.
    judged: usize,
    bad: Vec<String>,
}

impl Judge {
    fn new(old: &[u8], new: &[u8]) -> Self {
        let of = |bytes: &[u8]| {
            let file = File::from_bytes(bytes).unwrap();
            (digest(&file).unwrap(), file.superblock_version())
        };
        let ((old, version), (new, _)) = (of(old), of(new));
        Self::of(old, new, version)
    }

    fn of(old: u64, new: u64, version: u8) -> Self {
        assert_ne!(old, new, "the edit changes nothing");
        let tear = if version < 2 {
            Tear::Words
        } else {
            Tear::Bytes
        };
        let seen = HashMap::new();
        Self {
            old,
            new,
            tear,
            seen,
            judged: 0,
            bad: Vec::new(),
        }
    }

    fn digest(&mut self, file: &File) -> Option<u64> {
        let content = file
            .image()
            .bytes("file", crate::Address(0), file.content_len());
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&content.ok()?);
        let key = hasher.finish();
        *self.seen.entry(key).or_insert_with(|| digest(file).ok())
    }

    fn verdict(&mut self, bytes: &[u8]) -> Verdict {
        let readable = match File::from_bytes(bytes) {
            Ok(file) => Ok(file),
            // Only what was torn may be refused, and only with the advice that helps.
            Err(error) if error.to_string().contains("open the file for writing once") => {
                File::from_bytes_rw(bytes)
            }
            Err(error) => Err(error),
        };
        let found = readable.ok().and_then(|file| self.digest(&file));
        match found {
            Some(found) if found == self.old => Verdict::Old,
            Some(found) if found == self.new => Verdict::New,
            _ => Verdict::Other,
        }
    }

    /// Looks at a state, of which only some are allowed once everything has been done.
    fn judge(&mut self, state: &CrashState, allowed_at_the_end: &[Verdict]) {
        let verdict = self.verdict(&state.bytes);
        self.judged += 1;
        let either = [Verdict::Old, Verdict::New];
        let allowed = if state.finished {
            allowed_at_the_end
        } else {
            &either
        };
        if !allowed.contains(&verdict) {
            self.bad.push(format!("{verdict:?}: {}", state.story));
        }
    }

    fn judge_all(&mut self, store: &CrashStore, draws: usize, at_the_end: &[Verdict]) {
        let tear = self.tear;
        store.kills(tear, &mut |state| self.judge(&state, at_the_end));
        store.power_losses(tear, draws, &mut |state| self.judge(&state, at_the_end));
    }
}

/// Commits a change and looks at every state a crash could leave. How many there were, and what was
/// wrong.
fn crash(base: Base, file: Vec<u8>, kind: Change, left_out: Option<Step>) -> (usize, Vec<String>) {
    let store = CrashStore::new(file.clone());
    let mut opened = open(store.clone()).unwrap();
    let end = usize::try_from(opened.superblock().end_of_file).unwrap();
    change(&mut opened, base, kind, left_out).unwrap();
    let header = usize::try_from(opened.superblock().base).unwrap() + 128;
    let overwritten = store.overwritten(end) - store.overwritten(header.min(end));
    assert_eq!(overwritten, 0, "bytes of the old content were overwritten");
    let mut judge = Judge::new(&file, &store.bytes());
    judge.judge_all(&store, 150, &[Verdict::New]);
    (judge.judged, judge.bad)
}

fn crash_everywhere(base: Base) {
    let old = fixture(base.name);
    let mut judged = 0;
    let mut check = |name: &str, file: Vec<u8>, kind| {
        let (count, bad) = crash(base, file, kind, None);
        assert_eq!(bad, Vec::<String>::new(), "{}: {name}", base.name);
        judged += count;
    };
    for (name, kind) in CHANGES {
        check(name, old.clone(), *kind);
    }
    // What was edited already, and what a crash left bytes behind.
    let store = CrashStore::new(old.clone());
    let mut file = open(store.clone()).unwrap();
    change(&mut file, base, CHANGES[14].1, None).unwrap();
    let edited = store.bytes();
    for name in ["grow", "rename", "replace an attribute"] {
        let (_, kind) = CHANGES.iter().find(|(kind, _)| *kind == name).unwrap();
        let kind = if name == "rename" {
            (|edit, _, _, _| edit.rename("/a/b", "/b")) as Change
        } else {
            *kind
        };
        check(name, edited.clone(), kind);
        let orphaned = [&old[..], &edited[old.len()..]].concat();
        check(
            name,
            orphaned,
            if name == "rename" { CHANGES[9].1 } else { kind },
        );
    }
    assert!(judged >= 2000, "{}: only {judged} states", base.name);
    println!("{}: {judged} crash states, all old or new", base.name);
}

#[test]
fn a_crash_leaves_loompys_file_old_or_new() {
    crash_everywhere(LOOMPY);
}

#[test]
fn a_crash_leaves_superblock_1_old_or_new() {
    crash_everywhere(SUPERBLOCK_1);
}

#[test]
fn a_crash_leaves_superblock_2_old_or_new() {
    crash_everywhere(SUPERBLOCK_2);
}

#[test]
fn a_crash_leaves_superblock_3_old_or_new() {
    crash_everywhere(SUPERBLOCK_3);
}

#[test]
fn a_crash_leaves_a_user_block_old_or_new() {
    crash_everywhere(USER_BLOCK_0);
    crash_everywhere(USER_BLOCK_3);
}

#[test]
fn every_step_that_is_left_out_is_noticed() {
    let bad_states = |base: Base, step| {
        let old = fixture(base.name);
        let of = |(_, kind): &(&str, Change)| crash(base, old.clone(), *kind, Some(step)).1.len();
        CHANGES.iter().skip(12).map(of).sum::<usize>()
    };
    for (base, step) in [
        (USER_BLOCK_0, Step::SyncContent),
        (USER_BLOCK_0, Step::EndOfFileFirst),
        (USER_BLOCK_0, Step::SyncEndOfFile),
        (USER_BLOCK_0, Step::SyncSwitch),
        (USER_BLOCK_3, Step::SyncContent),
        (USER_BLOCK_3, Step::RescueRecord),
        (USER_BLOCK_3, Step::SyncSwitch),
    ] {
        let bad = bad_states(base, step);
        println!("{} without {step:?}: {bad} bad states", base.name);
        assert!(bad > 0, "{}: nobody misses {step:?}", base.name);
    }
}

/// How a commit that met a fault ended, and what the file is then.
fn faulty(
    base: Base,
    old: &[u8],
    new: u64,
    kind: Change,
    plan: Plan,
    left_out: Option<Step>,
) -> Met {
    let story = || format!("{}: {plan:?}", base.name);
    let store = FaultyStore::new(old.to_vec(), plan);
    let mut file = open(store.clone()).unwrap();
    let before = digest(&file).unwrap();
    let result = change(&mut file, base, kind, left_out);
    let met = store.heal();
    let now = store.file.bytes();
    let mut judge = Judge::of(before, new, file.superblock_version());
    let verdict = judge.verdict(&now);
    let unknown = matches!(result, Err(Error::CommitUnknown(_)));
    let allowed: &[Verdict] = match &result {
        Ok(()) => &[Verdict::New],
        Err(_) if unknown => &[Verdict::Old, Verdict::New],
        Err(_) => &[Verdict::Old],
    };
    let mut wrong = Vec::new();
    if !allowed.contains(&verdict) {
        wrong.push(format!("{}: {result:?}, but {verdict:?}", story()));
    }
    judge.judge_all(&store.file, 20, allowed);
    wrong.extend(
        judge
            .bad
            .iter()
            .map(|bad| format!("{}: {result:?}, then {bad}", story())),
    );
    // The handle goes on showing one content, and what it shows can be edited.
    let shows = digest(&file).unwrap();
    let expected = if result.is_ok() { new } else { before };
    if shows != expected {
        wrong.push(format!(
            "{}: {result:?}, and the handle shows something else",
            story()
        ));
    }
    let as_before = now == old;
    let mut again = |file: &mut File| -> Result<()> {
        store.file.forget();
        let mut edit = file.edit()?;
        edit.create_group("/later")?;
        edit.commit()?;
        let mut edit = file.edit()?;
        edit.remove("/later")?;
        edit.commit()?;
        let shows = (
            digest(file)?,
            digest(&File::from_bytes(store.file.bytes())?)?,
        );
        if shows != (expected, expected) {
            wrong.push(format!("{}: a later edit changed something else", story()));
        }
        Ok(())
    };
    match again(&mut file) {
        Err(Error::CommitUnknown(_)) if unknown => {}
        Ok(()) if !unknown => {}
        other => wrong.push(format!(
            "{}: {result:?}, and the next edit {other:?}",
            story()
        )),
    }
    Met {
        met,
        as_before,
        unknown,
        failed: result.is_err(),
        wrong,
    }
}

/// What came of a fault.
#[derive(Debug)]
struct Met {
    /// Whether it happened at all.
    met: bool,
    /// Whether the file is byte for byte what it was.
    as_before: bool,
    unknown: bool,
    failed: bool,
    wrong: Vec<String>,
}

fn faults_everywhere(base: Base) {
    let old = fixture(base.name);
    let (mut unknown, mut longer, mut met) = (0, 0, 0);
    for (name, kind) in CHANGES
        .iter()
        .filter(|(name, _)| ["grow", "write strings"].contains(name))
    {
        let store = CrashStore::new(old.clone());
        change(&mut open(store.clone()).unwrap(), base, *kind, None).unwrap();
        let new = digest(&File::from_bytes(store.bytes()).unwrap()).unwrap();
        for fault in [
            Fault::Error(EIO),
            Fault::Error(ENOSPC),
            Fault::Half(EIO),
            Fault::Short,
            Fault::Error(EINTR),
        ] {
            for times in [1, usize::MAX] {
                if fault == Fault::Error(EINTR) && times > 1 {
                    continue;
                }
                for call in 1.. {
                    let plan = Plan { call, times, fault };
                    let ended = faulty(base, &old, new, *kind, plan, None);
                    assert_eq!(ended.wrong, Vec::<String>::new(), "{name}");
                    if !ended.met {
                        break;
                    }
                    met += 1;
                    let interrupted = fault == Fault::Error(EINTR);
                    assert!(
                        !(interrupted && ended.failed),
                        "{name}: {plan:?} not tried again"
                    );
                    unknown += usize::from(ended.unknown);
                    let bytes_stay = ended.failed && !ended.unknown && !ended.as_before;
                    longer += usize::from(bytes_stay);
                    // Once, and it can be taken back.
                    assert!(!(times == 1 && bytes_stay), "{name}: {plan:?} left bytes");
                }
            }
        }
    }
    println!(
        "{}: {met} faults, {unknown} of them unknown, {longer} left bytes",
        base.name
    );
}

#[test]
fn a_system_that_fails_leaves_the_old_content() {
    for base in [USER_BLOCK_0, USER_BLOCK_3, SUPERBLOCK_2, SUPERBLOCK_1] {
        faults_everywhere(base);
    }
}
