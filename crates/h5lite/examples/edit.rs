//! Edits a Loom file in one commit, for tests that kill it: `edit FILE OPERATION`.
//!
//! Prints `READY` before its first write and `DONE` behind its last sync; the exit status is 0 only
//! when the edit is durable. `digest` prints one number for everything the file holds.

use std::{env, io::Write, path::Path, process::ExitCode};

use h5lite::{
    Array, Attribute, Class, DType, Dataset, DatasetOptions, Edit, File, LinkTarget, Object, Result,
};
use ndarray::{Array1, Array2};

#[path = "../tests/common/digest.rs"]
mod digest;

/// Columns that `grow` adds.
const ADDED: usize = 700;
/// Attributes that `attributes` writes.
const ATTRIBUTES: usize = 12;

type Operation = fn(&mut Edit<'_>, (usize, usize)) -> Result<()>;

/// Adds columns to the matrix, a layer, and the attributes of the columns.
fn grow(edit: &mut Edit<'_>, (rows, columns): (usize, usize)) -> Result<()> {
    let values = Array2::from_shape_fn((rows, ADDED), |(i, j)| small((i * 7 + j * 3) % 11 / 8));
    let values: Array = values.into_dyn().into();
    for path in ["/matrix", "/layers/spliced"] {
        edit.resize(path, &[rows, columns + ADDED])?;
        edit.write_at(path, &[(..).into(), (columns..).into()], &values)?;
    }
    let names: Vec<String> = (0..columns + ADDED)
        .map(|i| format!("Grown_{i:07}"))
        .collect();
    let names: Array = Array1::from(names).into_dyn().into();
    edit.write("/col_attrs/CellID", &names, &DatasetOptions::contiguous())?;
    numbers(edit, "/col_attrs/Age", columns + ADDED, 5)?;
    numbers(edit, "/col_attrs/Clusters", columns + ADDED, 3)
}

/// Replaces and adds attributes of the columns, and one of the file.
fn attributes(edit: &mut Edit<'_>, (_, columns): (usize, usize)) -> Result<()> {
    numbers(edit, "/col_attrs/Clusters", columns, 7)?;
    for number in 0..ATTRIBUTES {
        numbers(edit, &format!("/col_attrs/extra{number}"), columns, number)?;
    }
    edit.set_attribute("/", "edited", &"yes".into())
}

/// Writes all values of a layer anew.
fn rewrite(edit: &mut Edit<'_>, (rows, columns): (usize, usize)) -> Result<()> {
    let values = Array2::from_shape_fn((rows, columns), |(i, j)| small((i + j * 5) % 13 / 9));
    edit.write_at("/layers/spliced", &[], &values.into_dyn().into())
}

/// A count of a few molecules.
fn small(count: usize) -> f32 {
    f32::from(u8::try_from(count).unwrap_or_default())
}

fn numbers(edit: &mut Edit<'_>, path: &str, count: usize, seed: usize) -> Result<()> {
    let values: Array1<i64> = (0..count)
        .map(|i| i64::try_from(i * (seed + 3) % 1009).unwrap_or_default())
        .collect();
    edit.write(
        path,
        &values.into_dyn().into(),
        &DatasetOptions::contiguous(),
    )
}

fn run(path: &Path, operation: Operation) -> Result<()> {
    let mut file = File::open_rw(path)?;
    let shape = match *file.dataset("/matrix")?.shape() {
        [rows, columns] => (rows, columns),
        _ => (0, 0),
    };
    say("READY");
    let mut edit = file.edit()?;
    operation(&mut edit, shape)?;
    edit.commit()?;
    say("DONE");
    Ok(())
}

fn say(word: &str) {
    println!("{word}");
    // Whoever waits for the word may have gone.
    let _ = std::io::stdout().flush();
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (path, operation) = match arguments.as_slice() {
        [path, operation] => (Path::new(path), operation.as_str()),
        _ => (Path::new(""), ""),
    };
    let done = match operation {
        "grow" => run(path, grow),
        "attributes" => run(path, attributes),
        "rewrite" => run(path, rewrite),
        "digest" => File::open(path)
            .and_then(|file| digest::digest(&file))
            .map(|digest| println!("DIGEST {digest:016x}")),
        _ => {
            eprintln!("usage: edit FILE grow|attributes|rewrite|digest");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
