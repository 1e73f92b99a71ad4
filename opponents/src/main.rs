//! Runs workloads of the benchmarks on other HDF5 libraries in pure Rust, as `loom-bench` does on
//! this one: those that they have a call for, on a file of `float32`.

#[path = "../../crates/loom-bench/src/measure.rs"]
mod measure;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../crates/loom-bench/src/numpy_random.rs"]
mod numpy_random;

use std::{error::Error, fs, ops::Range, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{measure::measure, numpy_random::Generator};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Parser)]
struct Arguments {
    library: Library,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum Library {
    RustHdf5,
    Hdf5Pure,
}

#[derive(Subcommand)]
enum Command {
    Bench {
        workload: String,
        file: PathBuf,
        #[arg(long, default_value_t = 1)]
        threads: usize,
        #[arg(long, default_value_t = 7)]
        seed: u64,
        #[arg(long, default_value = ".")]
        scratch: PathBuf,
    },
}

fn main() -> Outcome<()> {
    let Arguments { library, command } = Arguments::parse();
    let Command::Bench {
        workload,
        file,
        threads,
        seed,
        scratch,
    } = command;
    if threads != 1 {
        return Err("these are measured on one thread".into());
    }
    let [rows, cols] = shape(&file)?;
    let mut random = Generator::new(seed);
    let line = match workload.as_str() {
        "read_full" => measure(move || {
            let values = match library {
                Library::RustHdf5 => rust_hdf5::H5File::open(&file)?
                    .dataset("matrix")?
                    .read_raw()?,
                Library::Hdf5Pure => hdf5_pure::File::open(&file)?
                    .dataset("matrix")?
                    .read_f32()?,
            };
            Ok(values.last().copied().unwrap_or(0.0).into())
        }),
        "create_dense" => {
            let values: Vec<f32> = rust_hdf5::H5File::open(&file)?
                .dataset("matrix")?
                .read_raw()?;
            let out = scratch.join("opponent.h5");
            measure(move || {
                match library {
                    Library::RustHdf5 => {
                        let made = rust_hdf5::H5File::create(&out)?;
                        let options = made
                            .new_dataset::<f32>()
                            .shape([rows, cols])
                            .chunk(&[64, 64]);
                        let options = options.max_shape(&[Some(rows), None]);
                        options.deflate(2).create("matrix")?.write_raw(&values)?;
                        made.close()?;
                    }
                    Library::Hdf5Pure => {
                        let mut made = hdf5_pure::FileBuilder::new();
                        let dataset = made.create_dataset("matrix");
                        dataset
                            .with_f32_data(&values)
                            .with_shape(&[rows as u64, cols as u64]);
                        dataset.with_chunks(&[64, 64]).with_deflate(2);
                        made.write(&out)?;
                    }
                }
                std::mem::forget(values);
                Ok(fs::metadata(&out)?.len() as f64)
            })
        }
        selection => {
            let (rows, cols) = selected(selection, (rows, cols), &mut random)?;
            measure(move || {
                let values: Vec<f32> = match library {
                    Library::RustHdf5 => {
                        let matrix = rust_hdf5::H5File::open(&file)?.dataset("matrix")?;
                        matrix.read_slice(&[rows.start, cols.start], &[rows.len(), cols.len()])?
                    }
                    Library::Hdf5Pure if selection == "read_row1" => {
                        let matrix = hdf5_pure::File::open(&file)?;
                        matrix
                            .dataset("matrix")?
                            .read_f32_rows(rows.start as u64, 1)?
                    }
                    Library::Hdf5Pure => return Err("it reads whole rows only".into()),
                };
                Ok(values.iter().map(|&value| f64::from(value)).sum())
            })
        }
    };
    println!("{}", line?);
    Ok(())
}

fn shape(file: &PathBuf) -> Outcome<[usize; 2]> {
    let shape = rust_hdf5::H5File::open(file)?.dataset("matrix")?.shape();
    shape.try_into().map_err(|_| "not a matrix".into())
}

/// The box that a workload reads.
fn selected(
    workload: &str,
    (rows, cols): (usize, usize),
    random: &mut Generator,
) -> Outcome<(Range<usize>, Range<usize>)> {
    let mut one = |length: usize| {
        let at = random.choice(length, 1)[0];
        at..at + 1
    };
    Ok(match workload {
        "read_col1" => (0..rows, one(cols)),
        "read_row1" => (one(rows), 0..cols),
        "read_cols64" => {
            let first = 64 * random.integers((cols.saturating_sub(64) / 64).max(1));
            (0..rows, first..cols.min(first + 64))
        }
        "read_block500" => {
            let mut part = |length: usize| {
                let first = random.integers(length.saturating_sub(500).max(1));
                first..length.min(first + 500)
            };
            (part(rows), part(cols))
        }
        _ => return Err(format!("no workload {workload:?} here").into()),
    })
}
