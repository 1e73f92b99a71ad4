//! Writes the seeds of all fuzz targets, and the inputs that failed once, into a folder for each
//! target: `cargo run -p loom-tests --example fuzz_seeds FOLDER`.

use std::{env, fs, path::PathBuf};

use loom_tests::fuzz::TARGETS;

fn main() -> std::io::Result<()> {
    let folder = env::args_os().nth(1).map_or_else(
        || loom_tests::workspace().join("fuzz/corpus"),
        PathBuf::from,
    );
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        let known = target.regressions().into_iter().map(|(_, input)| input);
        for (number, input) in target.seeds().into_iter().chain(known).enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), input)?;
        }
    }
    Ok(())
}
