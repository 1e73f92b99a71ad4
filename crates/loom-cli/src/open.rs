//! Opening files: one that breaks the specification is opened all the same.

use std::path::Path;

use loom_core::{
    Axis, Connect, Layer, LoomConnection, Mode,
    h5lite::{Dataset, File},
    spec,
};

use crate::error::{Cause, Result};

/// Any HDF5 file.
pub(crate) fn hdf5(path: &Path) -> Result<File> {
    Ok(File::open(path)?)
}

/// A Loom file, whatever rules it breaks.
///
/// # Errors
/// For a file that has nothing a Loom file has.
pub(crate) fn loom(path: &Path) -> Result<LoomConnection> {
    opened(path, Mode::Read)
}

/// The same, to be changed.
pub(crate) fn change(path: &Path) -> Result<LoomConnection> {
    opened(path, Mode::ReadWrite)
}

fn opened(path: &Path, mode: Mode) -> Result<LoomConnection> {
    let ds = Connect::new().mode(mode).validate(false).open(path)?;
    let marks = [
        spec::MATRIX,
        spec::LAYERS,
        Axis::Rows.attrs_path(),
        Axis::Cols.attrs_path(),
    ];
    for path in marks {
        // What is there and cannot be read is there.
        if ds.file().contains(path).unwrap_or(true) {
            return Ok(ds);
        }
    }
    Err(Cause::asked(
        "not a Loom file: it has no /matrix, /layers, /row_attrs or /col_attrs; \
         `loom ls --tree` shows what it has",
    ))
}

/// A layer by name; `""` is the main matrix.
pub(crate) fn layer<'ds>(ds: &'ds LoomConnection, name: &str) -> Result<Layer<'ds>> {
    match ds.layer(name) {
        Err(error) if error.is_not_found() && name.is_empty() => {
            Err(Cause::asked(format!("it has no {}", spec::MATRIX)))
        }
        Err(error) if error.is_not_found() => {
            let names = ds.layers().keys()?;
            Err(Cause::asked(format!("{error}{}", instead(&names))))
        }
        other => Ok(other?),
    }
}

/// One of the three datasets of a graph that exists: `a`, `b` or `w`.
pub(crate) fn graph_member<'ds>(
    ds: &'ds LoomConnection,
    axis: Axis,
    name: &str,
    member: &str,
) -> Result<Dataset<'ds>> {
    let [today, early] = axis.graphs_paths();
    let path = format!("{today}/{name}");
    if ds.file().contains(&path)? {
        Ok(ds.file().dataset(&format!("{path}/{member}"))?)
    } else {
        Ok(ds.file().dataset(&format!("{early}/{name}/{member}"))?)
    }
}

/// What could have been asked for: "; there are A, B and C", as far as fits a line.
pub(crate) fn instead(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = (names.iter().map(String::as_str))
        .filter(|name| !name.is_empty())
        .collect();
    let shown = names.get(..SHOWN).unwrap_or(&names).join(", ");
    match names.len() {
        0 => "; there is none".to_owned(),
        1..=SHOWN => format!("; there are: {shown}"),
        many => format!("; there are: {shown} and {} more", many - SHOWN),
    }
}
