//! Opens a file and keeps it open until its standard input ends, for tests of locks.
//!
//! `hold FILE r|r+ [SECONDS]` prints `open` once it is, or the error. With SECONDS it waits that long
//! for a lock; otherwise it does as `HDF5_USE_FILE_LOCKING` says. With `r+` the file gets an
//! attribute `held` before the program ends.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
    time::Duration,
};

use h5lite::{File, Locking, Result};

fn run(path: &str, mode: &str, locking: Locking) -> Result<()> {
    let options = File::options().locking(locking);
    let mut file = match mode {
        "r+" => options.open_rw(path)?,
        _ => options.open(path)?,
    };
    println!("open");
    let _ = io::stdin().read_to_end(&mut Vec::new());
    if mode == "r+" {
        let mut edit = file.edit()?;
        edit.set_attribute("/", "held", &1_i32.into())?;
        edit.commit()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, mode, seconds @ ..] = &args[..] else {
        eprintln!("hold FILE r|r+ [SECONDS]");
        return ExitCode::from(2);
    };
    let seconds = seconds.first().and_then(|seconds| seconds.parse().ok());
    let locking = seconds.map_or(Locking::FromEnvironment, |s| {
        Locking::Wait(Duration::from_secs(s))
    });
    match run(path, mode, locking) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be listening any longer.
            let _ = writeln!(io::stdout(), "{error}");
            ExitCode::FAILURE
        }
    }
}
