//! The README shows the example that is compiled and run here, letter by letter.

use std::{fs, path::Path};

#[test]
fn the_readme_shows_the_example() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(crate_dir.join("examples/first_look.rs")).unwrap();
    let readme = fs::read_to_string(crate_dir.join("../../README.md")).unwrap();
    let shown = example.split_once("\n\n").unwrap().1;
    assert!(
        readme.contains(shown.trim_end()),
        "README.md does not show examples/first_look.rs"
    );
}
