//! What the code as a whole must hold: short files, `unsafe` in one place, no C.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use loom_tests::workspace;

/// Lines a source file may have before its tests.
const MAX_LINES: usize = 400;

/// The one file that may be `unsafe`: the memory map.
const UNSAFE: &str = "crates/h5lite/src/map.rs";

/// Crates that call the operating system and look as if they linked C, and do not.
const NO_C_AFTER_ALL: [(&str, &str); 3] = [
    (
        "linux-raw-sys",
        "constants and types of the Linux system calls, made of its headers",
    ),
    ("windows-sys", "declarations of Windows' own functions"),
    ("windows-link", "where Windows' own functions are"),
];

/// Crates that compile or find C.
const C_BUILDERS: [&str; 9] = [
    "cc",
    "cmake",
    "bindgen",
    "pkg-config",
    "vcpkg",
    "autotools",
    "nasm-rs",
    "meson",
    "system-deps",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of the workspace: its path and its text.
fn all_sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in ["crates", "tests", "fuzz"] {
        let folder = workspace().join(folder);
        if folder.is_dir() {
            sources(&folder, &mut paths);
        }
    }
    assert!(paths.len() > 20, "only {} sources found", paths.len());
    let text = |path: &PathBuf| {
        let name = path.strip_prefix(workspace()).unwrap();
        (
            name.to_str().unwrap().replace('\\', "/"),
            fs::read_to_string(path).unwrap(),
        )
    };
    paths.iter().map(text).collect()
}

#[test]
fn files_are_short() {
    let too_long: Vec<String> = (all_sources().iter())
        .map(|(name, text)| {
            let code = text
                .lines()
                .take_while(|line| line.trim() != "#[cfg(test)]");
            (name, code.count())
        })
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(too_long.is_empty(), "over {MAX_LINES} lines: {too_long:#?}");
}

#[test]
fn sources_are_ascii() {
    for (name, text) in all_sources() {
        let line = text.lines().position(|line| !line.is_ascii());
        assert_eq!(
            line.map(|line| line + 1),
            None,
            "{name} is not ASCII at that line"
        );
    }
}

/// The line without its comment and without what is in quotes.
fn code(line: &str) -> String {
    let code = line.split("//").next().unwrap_or_default();
    code.split('"').step_by(2).collect()
}

#[test]
fn unsafe_stays_in_the_memory_map() {
    let is_unsafe = |line: &str| {
        let code = code(line);
        code.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == "unsafe")
    };
    let files: Vec<String> = (all_sources().into_iter())
        .filter(|(_, text)| text.lines().any(is_unsafe))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(files, [UNSAFE], "files with unsafe code");
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"deny\""));
}

/// The crates that building the program takes, `--edges normal,build`.
fn dependencies() -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}", "--locked"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<String> = (text.lines())
        .filter_map(|line| line.split(' ').next().map(ToOwned::to_owned))
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn no_crate_brings_c() {
    let names = dependencies();
    assert!(names.iter().any(|name| name == "zlib-rs"), "{names:?}");
    let brings_c = |name: &&String| {
        let allowed = NO_C_AFTER_ALL.iter().any(|(fine, _)| fine == name);
        !allowed && (C_BUILDERS.contains(&name.as_str()) || name.ends_with("-sys"))
    };
    let bad: Vec<&String> = names.iter().filter(brings_c).collect();
    assert!(bad.is_empty(), "{bad:?} compile or link C");
}
