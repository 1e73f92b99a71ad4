//! Damaged files: whatever is done to the bytes, every call returns a value or an error, soon and in
//! little memory.

mod walk;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use h5lite::{File, OpenOptions};

use self::walk::{Walked, walk};

/// No walk over a damaged file may take longer.
const SLOWEST: Duration = Duration::from_secs(10);
/// All tests of this program together, which run side by side, may not hold more memory.
const CEILING: usize = 512 << 20;

/// The most memory this program has held so far, where the system says.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// Random numbers that are the same every time: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % end
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

fn bytes_of(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

/// Walks over a file if it can be opened, and holds the walk to its time and memory.
fn survive(name: &str, damage: &str, bytes: &[u8]) -> Option<Walked> {
    let mut slow = 0;
    loop {
        let start = Instant::now();
        let walked = File::from_bytes(bytes).map(|file| walk(&file));
        let (took, peak) = (start.elapsed(), peak());
        assert!(peak < CEILING, "{name}, {damage}: {peak} bytes of memory");
        if took < SLOWEST {
            return walked.ok();
        }
        // A machine that is busy with something else is slow once; a file that makes us slow is so
        // every time.
        slow += 1;
        assert!(slow < 3, "{name}, {damage}: {took:?}");
    }
}

/// Files that between them have every structure that is read, small enough to be walked often.
const EVERYTHING: [&str; 26] = [
    "loompy3-one-column.loom",
    "loompy2-columns.loom",
    "seuratdisk.loom",
    "userblock-512.loom",
    "sizes-2.loom",
    "superblock-0-k.h5",
    "superblock-3-k.h5",
    "superblock-extension-page.h5",
    "hdf5r.h5",
    "h5py-earliest.h5",
    "h5py-latest.h5",
    "h5py-v108.h5",
    "h5py-v110.h5",
    "track-order-latest.loom",
    "partial-edges.h5",
    "layouts-earliest.h5",
    "layouts-latest.h5",
    "btree-v2-latest.h5",
    "phase-change.h5",
    "compounds-earliest.h5",
    "arrays-latest.h5",
    "sequences-earliest.h5",
    "links-latest.h5",
    "committed-earliest.h5",
    "enums-latest.h5",
    "numbers-earliest.h5",
];

/// Larger ones, walked less often.
const LARGE: [&str; 6] = [
    "filters-earliest.h5",
    "dense-attributes-v108.h5",
    "dense-links.h5",
    "strings-latest.h5",
    "btree-v1.h5",
    "fill-latest.h5",
];

/// Flips single bits of these files, so many of each.
fn flip(names: &[&str], count: usize, seed: u64) {
    let mut random = Random(seed);
    let mut changed = 0;
    for name in names {
        let clean = bytes_of(name);
        let expected = survive(name, "clean", &clean);
        let read = expected.is_some_and(|walked| walked.values > 5);
        assert!(read, "{name} is read");
        for _ in 0..count {
            let mut bytes = clean.clone();
            let (at, bit) = (random.below(bytes.len()), random.below(8));
            bytes[at] ^= 1 << bit;
            let walked = survive(name, &format!("bit {bit} of byte {at} flipped"), &bytes);
            changed += usize::from(walked != expected);
        }
    }
    let flips = names.len() * count;
    assert!(
        changed > flips / 10,
        "{changed} of {flips} made a difference: is everything read?"
    );
}

// Ten thousand flips, in two tests that run side by side.

#[test]
fn five_thousand_flips() {
    flip(&EVERYTHING[..13], 390, 0x5eed);
}

#[test]
fn five_thousand_more_flips() {
    flip(&EVERYTHING[13..], 390, 0x5eed5);
    flip(&LARGE, 10, 0x1a59e);
}

/// What random flips seldom hit: words that look like counts, lengths and addresses.
#[test]
fn numbers_that_matter() {
    let mut random = Random(0x00ad_2e55);
    for name in EVERYTHING {
        let clean = bytes_of(name);
        for _ in 0..30 {
            let mut bytes = clean.clone();
            let at = random.below(bytes.len() - 8);
            let other = random.below(bytes.len()) as u64 & !7;
            let len = bytes.len() as u64;
            let words = [
                0,
                1,
                u64::MAX,
                1 << 63,
                i64::MAX as u64,
                1 << 32,
                1 << 40,
                len,
                other,
            ];
            let (word, width) = (words[random.below(words.len())], [2, 4, 8][random.below(3)]);
            bytes[at..at + width].copy_from_slice(&word.to_le_bytes()[..width]);
            survive(
                name,
                &format!("{width} bytes at {at} set to {word:#x}"),
                &bytes,
            );
        }
    }
}

/// A file is as long as its superblock says, or refused.
#[test]
fn truncations() {
    let clean = bytes_of("demo.loom");
    assert!(File::from_bytes(clean.clone()).is_ok());
    for len in (0..clean.len()).step_by(997) {
        let damage = format!("cut off at {len}");
        let walked = survive("demo.loom", &damage, &clean[..len]);
        assert_eq!(walked, None, "libhdf5 refuses it, too");
    }
}

/// So that what follows the superblock is tested too, it is made to say what is left of the file.
#[test]
fn truncations_that_are_not_noticed_at_once() {
    let name = "loompy3.loom";
    let clean = bytes_of(name);
    // The end of the file in a version 0 superblock.
    let end = 40..48;
    assert_eq!(clean[end.clone()], (clean.len() as u64).to_le_bytes());
    for len in (100..clean.len()).step_by(4_999) {
        let mut cut = clean[..len].to_vec();
        cut[end.clone()].copy_from_slice(&(len as u64).to_le_bytes());
        survive(name, &format!("cut off at {len}, and says so"), &cut);
    }
}

#[test]
fn every_prefix() {
    for name in ["only-matrix.loom", "phase-change.h5"] {
        let clean = bytes_of(name);
        for len in 0..clean.len() {
            survive(name, &format!("cut off at {len}"), &clean[..len]);
        }
        assert!(survive(name, "clean", &clean).is_some());
    }
}

/// A memory map, positional reads and bytes in memory give the same values and errors, in whole
/// files and damaged ones.
#[test]
fn all_sources_give_the_same() {
    let mut random = Random(0xd1ff);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.h5");
    let mut names: Vec<_> = fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|extension| extension == "h5" || extension == "loom")
        })
        // 140,000 chunks each, which take an unoptimised program many seconds.
        .filter(|name| !name.starts_with("fixed-array") && !name.starts_with("extensible-array"))
        .collect();
    names.sort();
    assert!(names.len() > 60);
    for name in names {
        let clean = bytes_of(&name);
        let large = clean.len() > 100_000;
        for round in 0..if large { 1 } else { 4 } {
            let mut bytes = clean.clone();
            for _ in 0..round * 3 {
                let at = random.below(bytes.len());
                bytes[at] = u8::try_from(random.below(256)).unwrap();
            }
            fs::write(&path, &bytes).unwrap();
            let walked = |file: h5lite::Result<File>| file.ok().map(|file| walk(&file));
            let in_memory = walked(File::from_bytes(bytes));
            assert_eq!(walked(File::open(&path)), in_memory, "{name}, mapped");
            let positioned = OpenOptions::default().positioned(true).open(&path);
            assert_eq!(walked(positioned), in_memory, "{name}, by position");
        }
    }
}
