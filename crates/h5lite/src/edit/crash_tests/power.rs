//! Kills and power failures.

use super::{
    Base, CHANGES, COPIES, Change, CrashStore, LOOMPY, Make, RIVAL, SUPERBLOCK_1, SUPERBLOCK_2,
    SUPERBLOCK_3, Step, USER_BLOCK_0, USER_BLOCK_3, change, change_in_steps, copy_in_steps,
    fixture,
    judge::{Judge, Verdict},
    open, with_wide,
};
use crate::store::crash::Tear;

/// Commits a change and looks at every state a crash could leave. How many there were, and what was
/// wrong.
pub(super) fn crash(file: &[u8], make: Make<'_>) -> (usize, Vec<String>) {
    let store = CrashStore::new(file.to_vec());
    let mut opened = open(store.clone()).unwrap();
    let end = usize::try_from(opened.superblock().end_of_file).unwrap();
    make(&mut opened).unwrap();
    let header = usize::try_from(opened.superblock().base).unwrap() + 128;
    let overwritten = store.overwritten(end) - store.overwritten(header.min(end));
    let copying = opened.contains("/wide").unwrap();
    if copying {
        let new = store.bytes();
        for at in (header..end).filter(|&at| file[at] != new[at]) {
            let is_node = |node: usize| file[node..].starts_with(b"TREE\x01");
            let sibling = (8..24).any(|into| at.checked_sub(into).is_some_and(is_node));
            assert!(sibling, "{at}: no sibling of a node was overwritten");
        }
    } else {
        assert_eq!(overwritten, 0, "bytes of the old content were overwritten");
    }
    let mut judge = Judge::new(file, &store.bytes());
    judge.sound = copying;
    let draws = if judge.tear == Tear::Words { 100 } else { 30 };
    judge.judge_all(&store, draws, &[Verdict::New]);
    (judge.judged, judge.bad)
}

fn crash_everywhere(base: Base) {
    let old = fixture(base.name);
    let mut judged = 0;
    let mut check = |name: &str, file: &[u8], kind| {
        let (count, bad) = crash(file, &|file| change(file, base, kind, None));
        assert_eq!(bad, Vec::<String>::new(), "{}: {name}", base.name);
        judged += count;
    };
    for (name, kind) in CHANGES {
        check(name, &old, *kind);
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
        check(name, &edited, kind);
        let orphaned = [&old[..], &edited[old.len()..]].concat();
        check(
            name,
            &orphaned,
            if name == "rename" { CHANGES[9].1 } else { kind },
        );
    }
    let (count, bad) = crash(&old, &|file| change_in_steps(file, base));
    assert_eq!(bad, Vec::<String>::new(), "{}: in steps", base.name);
    judged += count;
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
fn a_crash_leaves_a_rivals_file_old_or_new() {
    crash_everywhere(RIVAL);
}

#[test]
fn a_crash_leaves_a_user_block_old_or_new() {
    crash_everywhere(USER_BLOCK_0);
    crash_everywhere(USER_BLOCK_3);
}

#[test]
fn a_crash_leaves_a_copied_index_old_or_new_and_sound() {
    for base in [
        LOOMPY,
        SUPERBLOCK_1,
        SUPERBLOCK_2,
        SUPERBLOCK_3,
        USER_BLOCK_3,
    ] {
        let old = with_wide(base);
        let mut judged = 0;
        let mut check = |name: &str, make: Make<'_>| {
            let (count, bad) = crash(&old, make);
            assert_eq!(bad, Vec::<String>::new(), "{}: {name}", base.name);
            judged += count;
        };
        for (name, kind) in COPIES {
            check(name, &|file| change(file, base, *kind, None));
        }
        check("in steps", &|file| copy_in_steps(file, base));
        println!("{}: {judged} crash states, all old or new", base.name);
    }
}

#[test]
fn every_step_around_the_siblings_that_is_left_out_is_noticed() {
    for base in [USER_BLOCK_0, USER_BLOCK_3] {
        let old = with_wide(base);
        for step in [
            Step::SyncContent,
            Step::Record,
            Step::RecordRelinks,
            Step::SyncSwitch,
            Step::Relink,
            Step::RelinkLast,
            Step::SyncRelinked,
        ] {
            for (name, kind) in COPIES {
                let (_, bad) = crash(&old, &|file| change(file, base, *kind, Some(step)));
                assert!(
                    !bad.is_empty(),
                    "{}, {name}: nobody misses {step:?}",
                    base.name
                );
            }
        }
    }
}

#[test]
fn every_step_that_is_left_out_is_noticed() {
    for (base, step) in [
        (USER_BLOCK_0, Step::SyncContent),
        (USER_BLOCK_0, Step::EndOfFileFirst),
        (USER_BLOCK_0, Step::SyncEndOfFile),
        (USER_BLOCK_0, Step::SyncSwitch),
        (USER_BLOCK_3, Step::SyncContent),
        (USER_BLOCK_3, Step::Record),
        (USER_BLOCK_3, Step::SyncSwitch),
    ] {
        let old = fixture(base.name);
        for (name, kind) in CHANGES.iter().skip(11) {
            let (_, bad) = crash(&old, &|file| change(file, base, *kind, Some(step)));
            assert!(
                !bad.is_empty(),
                "{}, {name}: nobody misses {step:?}",
                base.name
            );
        }
    }
}
