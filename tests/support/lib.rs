//! What the tests share: where things are, and what the fixtures hold according to h5py.

pub mod fuzz;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The path of a fixture.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    workspace().join("fixtures").join(name)
}

/// The names of all fixtures: every file that has its content beside it, in order.
///
/// # Panics
/// Where the folder cannot be read, or is empty.
#[must_use]
pub fn fixtures() -> Vec<String> {
    let folder = fs::read_dir(workspace().join("fixtures")).expect("the folder of fixtures");
    let mut names: Vec<String> = folder
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".json").map(ToOwned::to_owned))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no fixtures");
    names
}

/// The content of a fixture as h5py reads it: the output of `tests/oracle/digest_h5py.py`.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn expected(name: &str) -> Value {
    let path = fixture(&format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
