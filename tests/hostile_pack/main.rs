//! Files made by hand to break a reader, one for each trap: what each is answered with, how long that
//! takes, and how much memory.

mod bytes;
mod data;
mod groups;
mod headers;
mod heaps;
mod indexes;
mod limits;
mod loom;
mod superblocks;
mod trap;
#[path = "../../crates/h5lite/tests/walk/mod.rs"]
mod walk;

use std::{env, fs, path::Path, time::Duration};

use h5lite::{File, Finding, FindingKind};

use crate::{trap::Trap, walk::walk};

/// No trap may take more of a core; without optimisation it gets more.
const SLOWEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });
/// No trap may take more memory than the program had before.
const MOST: usize = 64 << 20;

/// The name of a trap, and how it is made.
type Named = (&'static str, fn() -> Trap);

fn traps() -> impl Iterator<Item = &'static Named> {
    let all: [&'static [Named]; 7] = [
        data::TRAPS,
        groups::TRAPS,
        headers::TRAPS,
        heaps::TRAPS,
        indexes::TRAPS,
        loom::TRAPS,
        superblocks::TRAPS,
    ];
    all.into_iter().flatten()
}

/// Does with a file whatever can be done with it.
fn everything(bytes: &[u8]) {
    if let Ok(file) = File::from_bytes(bytes) {
        walk(&file);
        let _ = file.check();
        let _ = file.space();
    }
    loom::everything(bytes);
}

/// The time all cores have spent on this program, where the system says.
fn spent() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|tick| tick.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// A figure of this program's memory in bytes, where the system says.
fn memory(figure: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// What was wrong with the way a file was taken.
fn cost(bytes: &[u8]) -> Option<String> {
    // The system starts to look for the peak anew.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (resting, before) = (memory("VmRSS"), spent());
    everything(bytes);
    let (took, more) = (
        spent().saturating_sub(before),
        memory("VmHWM").saturating_sub(resting),
    );
    // A program that counts its lines says how much longer it may take.
    let seconds = env::var("HOSTILE_SECONDS").ok();
    let slowest = seconds.and_then(|seconds| Some(Duration::from_secs(seconds.parse().ok()?)));
    let bad = took > slowest.unwrap_or(SLOWEST) || more > MOST;
    bad.then(|| format!("{took:?} and {} MiB", more >> 20))
}

// One test, for nothing else may take time and memory meanwhile.
#[test]
fn every_trap_is_answered_soon_and_in_little_memory() {
    let only = env::var("HOSTILE_ONLY").unwrap_or_default();
    let mut failed = Vec::new();
    for (name, make) in traps().filter(|(name, _)| name.contains(&only)) {
        let trap = make();
        if let Err(why) = trap.spring() {
            failed.push(format!("{name}: {why}"));
        }
        if let Some(cost) = cost(&trap.bytes) {
            failed.push(format!("{name}: {cost}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// A trap that was laid in a file that was broken before proves nothing.
#[test]
fn what_the_traps_were_made_of_is_sound() {
    for (name, make) in traps() {
        let found = File::from_bytes(make().base).unwrap().check();
        // Links that lead nowhere are sound.
        let problem =
            |found: &&Finding| found.kind.is_problem() && found.kind != FindingKind::Dangling;
        let problems: Vec<_> = found.iter().filter(problem).collect();
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
}

#[test]
fn there_is_one_of_each() {
    let mut names: Vec<_> = traps().map(|(name, _)| *name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == count && count >= 60, "{count}");
}

/// Writes the pack into the folder that `HOSTILE_PACK` names, and what it was made of into `sound`
/// beside it, for other programs:
///
/// ```text
/// HOSTILE_PACK=DIR cargo test -p loom-tests --test hostile_pack -- --ignored
/// ```
#[test]
#[ignore = "writes files"]
fn write_the_pack() {
    let folder = env::var("HOSTILE_PACK").unwrap();
    let (traps_in, sound_in) = (
        Path::new(&folder).join("traps"),
        Path::new(&folder).join("sound"),
    );
    fs::create_dir_all(&traps_in).unwrap();
    fs::create_dir_all(&sound_in).unwrap();
    for (name, make) in traps() {
        let trap = make();
        fs::write(traps_in.join(format!("{name}.h5")), trap.bytes).unwrap();
        fs::write(sound_in.join(format!("{name}.h5")), trap.base).unwrap();
    }
}
