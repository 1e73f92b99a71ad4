//! What each fuzz target does with its input: any bytes.
//!
//! `fuzz/` runs them on inputs of its own making, `cargo test` on the seeds and on every input that
//! once failed.

mod edit;
mod loom;
mod sources;
#[path = "../../../crates/h5lite/tests/walk/mod.rs"]
mod walk;

use std::fs;

use h5lite::{File, Limits, Watch, testing};

use crate::{fixture, fixtures, workspace};

/// Name, what it does with an input, and which seeds it starts from.
pub struct Target {
    /// The name of the file under `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub run: fn(&[u8]),
    seeds: fn(&[u8]) -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 10] = [
    target("read", read, whole),
    target("message", testing::message, testing::messages_of),
    target("structure", testing::structure, testing::structures_of),
    target("filters", testing::filters, chunks),
    target("deflate", testing::deflate, chunks),
    target("edit", edit::valid, edit::scripts),
    target("edit_damaged", edit::damaged, whole),
    target("sources", sources::agree, whole),
    target("loom", loom::everything, whole),
    target("recover", recover, whole),
];

/// Runs the target of this name.
///
/// # Panics
/// Where a promise is broken, or there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of that name").run)(input);
}

const fn target(name: &'static str, run: fn(&[u8]), seeds: fn(&[u8]) -> Vec<Vec<u8>>) -> Target {
    Target { name, run, seeds }
}

/// Larger fixtures make slow seeds, and have nothing that smaller ones have not.
const LARGEST_SEED: usize = 33_000;

impl Target {
    /// The inputs it starts from, made of the fixtures.
    ///
    /// # Panics
    /// Where the fixtures cannot be read.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let files = fixtures()
            .into_iter()
            .map(|name| fs::read(fixture(&name)).expect("a fixture"));
        let small = files.filter(|file| file.len() <= LARGEST_SEED);
        let mut seeds: Vec<Vec<u8>> = small.flat_map(|file| (self.seeds)(&file)).collect();
        seeds.sort();
        seeds.dedup();
        seeds
    }

    /// The inputs on which it failed once: the name of each and its bytes.
    ///
    /// # Panics
    /// Where a file among them cannot be read.
    #[must_use]
    pub fn regressions(&self) -> Vec<(String, Vec<u8>)> {
        let folder = workspace().join("fuzz/regressions").join(self.name);
        let files = fs::read_dir(folder).into_iter().flatten();
        let mut inputs: Vec<_> = files
            .map(|entry| entry.expect("an input").path())
            .map(|path| {
                let bytes = fs::read(&path).expect("an input");
                (path.display().to_string(), bytes)
            })
            .collect();
        inputs.sort();
        inputs
    }
}

/// Bounds that keep an input to milliseconds.
fn limits() -> Limits {
    Limits {
        read_bytes: 1 << 20,
        bytes_per_file_byte: 64,
        chunk_bytes: 1 << 24,
        ..Limits::default()
    }
}

fn whole(file: &[u8]) -> Vec<Vec<u8>> {
    vec![file.to_vec()]
}

/// Some bytes of a file, through each filter.
fn chunks(file: &[u8]) -> Vec<Vec<u8>> {
    let chunk = file.get(..400).unwrap_or(file);
    (0..16)
        .map(|chosen| [&[chosen, 4, 20][..], chunk].concat())
        .collect()
}

/// Saves what can be saved: the result is sound.
fn recover(data: &[u8]) {
    let Ok(damaged) = File::options().limits(limits()).from_damaged_bytes(data) else {
        return;
    };
    let _ = damaged.check();
    let mut file = File::create_in_memory().expect("a new file");
    let mut edit = file.edit().expect("an edit of a new file");
    if damaged.recover_into(&mut edit, &Watch::default()).is_ok() && edit.commit().is_ok() {
        edit::assert_sound(&file);
    }
}

/// Opens the bytes as a file and reads everything in it.
fn read(data: &[u8]) {
    if let Ok(file) = File::options().limits(limits()).from_bytes(data) {
        walk::walk(&file);
    }
}
