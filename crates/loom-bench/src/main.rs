//! Runs the workloads of the benchmarks on this engine, one a call, for a script that runs them on
//! loompy and h5py at the same time.

mod measure;
mod numpy_random;
mod workloads;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    measure::measure,
    workloads::{Setting, prepare},
};

#[derive(Parser)]
#[command(about = "Runs a workload of the benchmarks and prints what it took as a line of JSON")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one workload.
    Bench {
        /// Its name.
        workload: String,
        /// The Loom file to work on; it is not changed.
        file: PathBuf,
        /// How many threads.
        #[arg(long, default_value_t = 1)]
        threads: usize,
        /// From what numpy's generator selects rows and columns.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// Where files are written.
        #[arg(long, default_value = ".")]
        scratch: PathBuf,
        /// Reads the file by position where it would be mapped into memory.
        #[arg(long)]
        positioned: bool,
    },
}

fn main() -> ExitCode {
    let Command::Bench {
        workload,
        file,
        threads,
        seed,
        scratch,
        positioned,
    } = Arguments::parse().command;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    if let Err(error) = pool.build_global() {
        eprintln!("loom-bench: {error}");
        return ExitCode::FAILURE;
    }
    let mut setting = Setting::new(file, threads, seed, scratch);
    setting.positioned = positioned;
    match run(setting, &workload) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("loom-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(setting: Setting, workload: &str) -> Result<serde_json::Value, Box<dyn Error>> {
    let work = prepare(setting, workload)?;
    measure(work)
}
