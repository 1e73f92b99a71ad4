//! The fuzz targets on their seeds, and on every input that failed once.

use std::fs;

use loom_tests::{fuzz::TARGETS, workspace};

#[test]
fn every_target_is_built_for_fuzzing() {
    let folder = workspace().join("fuzz/fuzz_targets");
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(found, names);
    // A folder by another name would never be replayed.
    let kept = fs::read_dir(workspace().join("fuzz/regressions"));
    for entry in kept.into_iter().flatten() {
        let name = entry.unwrap().file_name();
        assert!(names.iter().any(|known| name == *known), "{name:?}");
    }
}

#[test]
fn inputs_that_failed_once() {
    for target in TARGETS {
        for (name, input) in target.regressions() {
            println!("{name}");
            (target.run)(&input);
        }
    }
}

#[test]
fn seeds() {
    for target in TARGETS {
        let seeds = target.seeds();
        assert!(
            seeds.len() > 30,
            "{} seeds for {}",
            seeds.len(),
            target.name
        );
        for (number, seed) in seeds.iter().enumerate() {
            println!("{}, seed {number}", target.name);
            (target.run)(seed);
        }
    }
}
