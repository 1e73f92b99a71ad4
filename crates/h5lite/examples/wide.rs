//! Makes a matrix of millions of chunks and adds columns to it; prints what that took.
//!
//! ```text
//! cargo run --release -p h5lite --example wide -- create wide.h5 30000 1000000
//! cargo run --release -p h5lite --example wide -- grow wide.h5 100
//! ```
//!
//! The matrix is of bytes, in compressed chunks of 64 x 64. `create` writes it as a stream, in one
//! edit; 7.3 million chunks with the numbers above. Memory is the peak of the process, where the
//! system tells it.

use std::{env, fs, process::ExitCode, time::Instant};

use h5lite::{Array, DType, DatasetOptions, Edit, Error, File, Result, Selection};
use ndarray::Array2;

const CHUNK: usize = 64;
/// Columns of a block: 64 rows of them are written at once.
const BLOCK: usize = 1 << 16;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|n| n.parse::<usize>().ok());
    let started = Instant::now();
    let done = match (arguments.first().map(String::as_str), arguments.get(1)) {
        (Some("create"), Some(path)) => match (number(2), number(3)) {
            (Some(rows), Some(columns)) => create(path, rows, columns),
            _ => return usage(),
        },
        (Some("grow"), Some(path)) => match number(2) {
            Some(columns) => grow(path, columns),
            None => return usage(),
        },
        _ => return usage(),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    println!("{:.1} s", started.elapsed().as_secs_f64());
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM"))
            .for_each(|line| println!("{line}"));
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: wide create FILE ROWS COLUMNS | wide grow FILE COLUMNS");
    ExitCode::from(2)
}

fn create(path: &str, rows: usize, columns: usize) -> Result<()> {
    File::create(path, |edit| {
        let options = DatasetOptions::chunked(&[CHUNK, CHUNK])
            .max_shape(&[None, None])
            .deflate(1);
        edit.create("/matrix", DType::U8, &[0, columns], &options)?;
        for row in (0..rows).step_by(CHUNK) {
            let end = (row + CHUNK).min(rows);
            edit.resize("/matrix", &[end, columns])?;
            for column in (0..columns).step_by(BLOCK) {
                write(edit, row..end, column..(column + BLOCK).min(columns))?;
            }
        }
        Ok::<(), Error>(())
    })?;
    println!("{} bytes", length(path));
    Ok(())
}

fn grow(path: &str, columns: usize) -> Result<()> {
    let before = length(path);
    let mut file = File::open_rw(path)?;
    let shape = file.dataset("/matrix")?.shape().to_vec();
    let [rows, old] = shape[..] else {
        let (expected, found) = ("a matrix".into(), format!("{shape:?}"));
        return Err(Error::Mismatch { expected, found });
    };
    let mut edit = file.edit()?;
    edit.resize("/matrix", &[rows, old + columns])?;
    write(&mut edit, 0..rows, old..old + columns)?;
    edit.commit()?;
    println!("{} bytes more", length(path) - before);
    Ok(())
}

fn write(
    edit: &mut Edit<'_>,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> Result<()> {
    let values = Array2::from_elem((rows.len(), columns.len()), 1_u8);
    let place: [Selection; 2] = [rows.into(), columns.into()];
    edit.write_at("/matrix", &place, &Array::from(values))
}

fn length(path: &str) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
