//! The program as a person or a script meets it. What it must print comes from what h5py reads of
//! the fixtures, or from the script that made them.

mod changing;
mod content;
mod endings;
mod hostile;
mod interrupted;
#[cfg(feature = "plot")]
mod pictures;
mod stats;
mod tables;
mod values;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// The program with these arguments, in the folder of the fixtures.
fn loom(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loom"));
    let folder = loom_tests::workspace().join("fixtures");
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    loom(args).output().unwrap()
}

/// What it prints, if all goes well and nothing is said on the side.
fn stdout(args: &[&str]) -> Vec<u8> {
    let output = run(args);
    assert_eq!(text(&output.stderr), "", "{args:?}");
    assert_eq!(output.status.code(), Some(0), "{args:?}");
    output.stdout
}

fn lines(args: &[&str]) -> Vec<String> {
    let text = text(&stdout(args));
    text.lines().map(ToOwned::to_owned).collect()
}

fn json(args: &[&str]) -> serde_json::Value {
    let text = stdout(args);
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// The message with which it fails.
fn failure(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert_eq!(text(&output.stdout), "", "{args:?}");
    text(&output.stderr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn str(path: &Path) -> &str {
    path.to_str().unwrap()
}
