//! Reads everything in a file, as the robustness tests do, and prints one number for it:
//! `walk FILE`. Exit status 2 where the file cannot be opened, 1 where something in it is
//! damaged or asks for too much.

#[path = "../tests/walk/mod.rs"]
mod walk;

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: walk FILE");
        return ExitCode::from(2);
    };
    match h5lite::File::open(&path) {
        Ok(file) => {
            let walked = walk::walk(&file);
            println!("{} values, {} errors", walked.values, walked.errors);
            println!("DIGEST {:016x}", walked.hash);
            ExitCode::from(u8::from(walked.errors > 0))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
