//! Systems that fail at some call, and lose power behind that.

use super::{
    Base, CHANGES, COPIES, Error, File, Make, Result, SUPERBLOCK_2, Step, USER_BLOCK_0,
    USER_BLOCK_3, change, change_in_steps, digest, digest_after, fixture,
    judge::{Judge, Verdict},
    open, with_wide,
};
use crate::store::faulty::{EINTR, EIO, ENOSPC, Fault, FaultyStore, Plan};

/// How a commit that met a fault ended, and what was wrong with the file then.
fn faulty(base: Base, old: &[u8], new: u64, make: Make<'_>, plan: Plan) -> (End, Vec<String>) {
    let story = || format!("{}: {plan:?}", base.name);
    let store = FaultyStore::new(old.to_vec(), plan);
    let mut file = open(store.clone()).unwrap();
    let before = digest(&file).unwrap();
    let result = make(&mut file);
    let met = store.heal();
    let now = store.file.bytes();
    let mut judge = Judge::of(before, new, file.superblock_version());
    judge.sound = file.contains("/wide").unwrap();
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
    judge.judge_all(&store.file, 8, allowed);
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
    let end = match result {
        _ if !met => End::NoFault,
        Ok(()) => End::Done,
        Err(_) if unknown => End::Unknown,
        Err(_) if as_before => End::AsBefore,
        Err(_) => End::Longer,
    };
    (end, wrong)
}

/// How a commit that met a fault ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It was over before the fault came.
    NoFault,
    /// It tried again, or did without.
    Done,
    /// Byte for byte as before.
    AsBefore,
    /// The old content, with bytes behind it that could not be cut off.
    Longer,
    /// Old or new.
    Unknown,
}

fn faults_in_changes(base: Base) {
    let one = |name| {
        let (_, kind) = CHANGES.iter().find(|(kind, _)| *kind == name).unwrap();
        move |file: &mut File| change(file, base, *kind, None)
    };
    let (grow, strings) = (one("grow"), one("write strings"));
    let in_steps = |file: &mut File| change_in_steps(file, base);
    let makes: [(&str, Make<'_>); 3] = [
        ("grow", &grow),
        ("write strings", &strings),
        ("in steps", &in_steps),
    ];
    faults_everywhere(base, &fixture(base.name), &makes);
}

fn faults_everywhere(base: Base, old: &[u8], makes: &[(&str, Make<'_>)]) {
    let mut ends = Vec::new();
    for &(name, make) in makes {
        let new = digest_after(old, make);
        for fault in [
            Fault::Error(EIO),
            Fault::Error(ENOSPC),
            Fault::Half(EIO),
            Fault::Short,
            Fault::Error(EINTR),
        ] {
            for times in [1, 3, usize::MAX] {
                // A system that is interrupted for ever, or fails three times, is no case of its own.
                let repeated = match fault {
                    Fault::Short => true,
                    Fault::Error(EINTR) => times == 1,
                    _ => times != 3,
                };
                if !repeated {
                    continue;
                }
                for call in 1.. {
                    let plan = Plan { call, times, fault };
                    let (end, wrong) = faulty(base, old, new, make, plan);
                    assert_eq!(wrong, Vec::<String>::new(), "{name}");
                    if end == End::NoFault {
                        break;
                    }
                    let interrupted = fault == Fault::Error(EINTR);
                    assert!(
                        !interrupted || end == End::Done,
                        "{name}: {plan:?} not tried again"
                    );
                    // Once, and it can be taken back.
                    assert!(
                        times > 1 || end != End::Longer,
                        "{name}: {plan:?} left bytes"
                    );
                    ends.push(end);
                }
            }
        }
    }
    let count = |end| ends.iter().filter(|found| **found == end).count();
    println!(
        "{}: {} faults; {} made no difference, {} as before, {} left bytes, {} unknown",
        base.name,
        ends.len(),
        count(End::Done),
        count(End::AsBefore),
        count(End::Longer),
        count(End::Unknown)
    );
}

#[test]
fn a_system_that_fails_leaves_the_old_content() {
    for base in [USER_BLOCK_0, USER_BLOCK_3, SUPERBLOCK_2] {
        faults_in_changes(base);
    }
}

#[test]
fn a_system_that_fails_leaves_a_sound_index() {
    let (name, kind) = COPIES[0];
    for base in [USER_BLOCK_0, USER_BLOCK_3] {
        let copy = |file: &mut File| change(file, base, kind, None);
        faults_everywhere(base, &with_wide(base), &[(name, &copy)]);
    }
}

#[test]
fn every_step_of_taking_back_that_is_left_out_is_noticed() {
    let kind = CHANGES[11].1;
    for (base, step) in [
        (USER_BLOCK_0, Step::TakeBack),
        (USER_BLOCK_0, Step::SyncTakenBack),
        (USER_BLOCK_3, Step::TakeBack),
        (USER_BLOCK_3, Step::SyncTakenBack),
    ] {
        let old = fixture(base.name);
        let make = |file: &mut File| change(file, base, kind, Some(step));
        let new = digest_after(&old, &|file| change(file, base, kind, None));
        let fails = |call, (fault, times)| {
            let plan = Plan { call, times, fault };
            !faulty(base, &old, new, &make, plan).1.is_empty()
        };
        // The second leaves a superblock of versions 2 and 3 half written.
        let faults = [(Fault::Error(EIO), 1), (Fault::Short, 3)];
        let noticed = faults
            .iter()
            .any(|fault| (1..8).any(|call| fails(call, *fault)));
        assert!(noticed, "{}: nobody misses {step:?}", base.name);
    }
}
