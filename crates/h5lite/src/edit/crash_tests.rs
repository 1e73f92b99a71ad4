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
    for (base, step) in [
        (USER_BLOCK_0, Step::SyncContent),
        (USER_BLOCK_0, Step::EndOfFileFirst),
        (USER_BLOCK_0, Step::SyncEndOfFile),
        (USER_BLOCK_0, Step::SyncSwitch),
        (USER_BLOCK_3, Step::SyncContent),
        (USER_BLOCK_3, Step::RescueRecord),
        (USER_BLOCK_3, Step::SyncSwitch),
    ] {
        let old = fixture(base.name);
        for (name, kind) in CHANGES.iter().skip(11) {
            let (_, bad) = crash(base, old.clone(), *kind, Some(step));
            assert!(
                !bad.is_empty(),
                "{}, {name}: nobody misses {step:?}",
                base.name
            );
        }
    }
}

#[test]
fn every_step_of_taking_back_that_is_left_out_is_noticed() {
    let change = CHANGES[11].1;
    for (base, step) in [
        (USER_BLOCK_0, Step::TakeBack),
        (USER_BLOCK_0, Step::SyncTakenBack),
        (USER_BLOCK_3, Step::TakeBack),
        (USER_BLOCK_3, Step::SyncTakenBack),
    ] {
        let old = fixture(base.name);
        let new = digest_after(base, &old, change);
        let fails = |call, (fault, times)| {
            let plan = Plan { call, times, fault };
            let ended = faulty(base, &old, new, change, plan, Some(step));
            !ended.wrong.is_empty()
        };
        // The second leaves a superblock of versions 2 and 3 half written.
        let faults = [(Fault::Error(EIO), 1), (Fault::Short, 3)];
        let noticed = faults
            .iter()
            .any(|fault| (1..8).any(|call| fails(call, *fault)));
        assert!(noticed, "{}: nobody misses {step:?}", base.name);
    }
}

/// What a file holds with a change.
fn digest_after(base: Base, old: &[u8], kind: Change) -> u64 {
    let store = CrashStore::new(old.to_vec());
    change(&mut open(store.clone()).unwrap(), base, kind, None).unwrap();
    digest(&File::from_bytes(store.bytes()).unwrap()).unwrap()
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
        let new = digest_after(base, &old, *kind);
        for fault in [
            Fault::Error(EIO),
            Fault::Error(ENOSPC),
            Fault::Half(EIO),
            Fault::Short,
            Fault::Error(EINTR),
        ] {
            for times in [1, 3, usize::MAX] {
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
    for base in [USER_BLOCK_0, USER_BLOCK_3, SUPERBLOCK_2] {
        faults_everywhere(base);
    }
}

/// What another program may do to a file while we have it open.
fn interferences(base: Base, old: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let store = CrashStore::new(old.to_vec());
    change(&mut open(store.clone()).unwrap(), base, CHANGES[12].1, None).unwrap();
    let longer = [old, &[1; 100]].concat();
    vec![
        ("committed", store.bytes()),
        ("appended", longer),
        ("cut", old[..old.len() - 1].to_vec()),
    ]
}

#[test]
fn a_file_that_somebody_else_changed_is_left_alone() {
    for base in [
        LOOMPY,
        SUPERBLOCK_1,
        SUPERBLOCK_2,
        SUPERBLOCK_3,
        USER_BLOCK_0,
        USER_BLOCK_3,
    ] {
        let old = fixture(base.name);
        for (what, theirs) in interferences(base, &old) {
            let refused = |result: Result<()>, store: &CrashStore, when| {
                let refused = matches!(result, Err(Error::ChangedUnderUs));
                assert!(refused, "{}, {what} {when}: {result:?}", base.name);
                assert!(
                    store.bytes() == theirs,
                    "{}, {what} {when}: touched",
                    base.name
                );
            };
            // Between opening and the edit.
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            store.replace(theirs.clone());
            refused(file.edit().map(drop), &store, "before the edit");
            // In the edit, before anything was written.
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            let mut edit = file.edit().unwrap();
            edit.create_group("/new").unwrap();
            store.replace(theirs.clone());
            refused(edit.commit(), &store, "in the edit");
            // Even if the edit wrote some of its bytes before: 1 MiB is more than it holds back.
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            let mut edit = file.edit().unwrap();
            let large = Array::from(ArrayD::<f64>::zeros(IxDyn(&[200_000])));
            edit.write("/large", &large, &DatasetOptions::contiguous())
                .unwrap();
            assert!(store.bytes().len() > old.len() + 1_000_000);
            store.replace(theirs.clone());
            refused(edit.commit(), &store, "late in the edit");
            refused(file.edit().map(drop), &store, "behind the edit");
        }
    }
}

#[test]
fn the_check_for_other_writers_is_needed() {
    // A superblock that another program changed and a length that is as it should be: only the
    // check in front of the switch sees that.
    for base in [USER_BLOCK_0, USER_BLOCK_3] {
        let old = fixture(base.name);
        for left_out in [None, Some(Step::CheckUnchanged)] {
            let store = Meddled(CrashStore::new(old.clone()), base);
            let mut file = open(store.clone()).unwrap();
            let result = change(&mut file, base, CHANGES[0].1, left_out);
            let refused = matches!(result, Err(Error::ChangedUnderUs));
            assert_eq!(refused, left_out.is_none(), "{}: {result:?}", base.name);
        }
    }
}

/// A file in whose superblock somebody writes while we sync.
#[derive(Clone, Debug)]
struct Meddled(CrashStore, Base);

impl Store for Meddled {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(at, buffer)
    }
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write_at(at, bytes)
    }
    fn sync(&mut self) -> std::io::Result<()> {
        let mut bytes = self.0.bytes();
        let base = File::from_bytes(fixture(self.1.name))
            .unwrap()
            .user_block_len();
        bytes[usize::try_from(base).unwrap() + 36] ^= 1;
        self.0.replace(bytes);
        self.0.sync()
    }
    fn set_len(&mut self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }
    fn source(&self, mapped: bool) -> Result<crate::source::Source> {
        self.0.source(mapped)
    }
}

#[test]
fn a_dropped_edit_leaves_every_byte_as_it_was() {
    for base in [
        LOOMPY,
        SUPERBLOCK_1,
        SUPERBLOCK_2,
        SUPERBLOCK_3,
        USER_BLOCK_0,
        USER_BLOCK_3,
    ] {
        for trailing in [0, 3000] {
            let mut old = fixture(base.name);
            old.resize(old.len() + trailing, 0x5a);
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            let (shape, dtype) = matrix(&file, base);
            let mut edit = file.edit().unwrap();
            for (_, kind) in CHANGES.iter().take(8) {
                kind(&mut edit, base, &shape, dtype).unwrap();
            }
            let large = Array::from(ArrayD::<f64>::ones(IxDyn(&[200_000])));
            edit.write("/large", &large, &DatasetOptions::contiguous())
                .unwrap();
            assert_ne!(store.bytes().len(), old.len(), "it has written something");
            let refused = edit.remove("/not/there").unwrap_err();
            assert!(refused.is_not_found());
            drop(edit);
            assert!(store.bytes() == old, "{}", base.name);
            change(&mut file, base, CHANGES[0].1, None).unwrap();
            assert!(store.bytes()[old.len() - trailing..].starts_with(&vec![0x5a; trailing]));
        }
    }
}

#[test]
fn a_user_block_put_in_front_of_a_file_stays_in_front_of_it() {
    // As h5jam does it: no address in the file changes, not even the base address.
    for base in [LOOMPY, SUPERBLOCK_1, SUPERBLOCK_2, SUPERBLOCK_3] {
        let moved = [&vec![7; 1024][..], &fixture(base.name)].concat();
        let before = digest(&File::from_bytes(fixture(base.name)).unwrap()).unwrap();
        for name in ["create a group", "grow"] {
            let (_, kind) = CHANGES.iter().find(|(kind, _)| *kind == name).unwrap();
            let (judged, bad) = crash(base, moved.clone(), *kind, None);
            assert_eq!((judged > 0, bad), (true, Vec::new()));
            let new = digest_after(base, &moved, *kind);
            assert_eq!(new, digest_after(base, &fixture(base.name), *kind));
            assert_ne!(new, before);
        }
    }
}

#[test]
fn a_version_1_superblock_is_not_switched_across_4_gib() {
    let file = open(CrashStore::new(fixture(SUPERBLOCK_1.name))).unwrap();
    let state = file.state().unwrap();
    let root = crate::Address(4000);
    assert!(state.switched(root, u64::from(u32::MAX)).is_ok());
    let refused = state.switched(root, 1 << 32).unwrap_err();
    assert!(refused.is_unsupported(), "{refused}");
}
