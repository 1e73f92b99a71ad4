//! Lists of genes and cells beside a matrix: a line for each.

use std::path::{Path, PathBuf};

use loom_core::{Error, Result, import::Lines};

/// An [`Error::Import`] about a file.
pub(crate) fn bad(path: &Path, reason: impl Into<String>) -> Error {
    Error::Import {
        path: path.to_owned(),
        line: None,
        reason: reason.into(),
    }
}

/// The first of these files that is in the folder, compressed or not.
///
/// # Errors
/// Naming them all, where none is there.
pub(crate) fn find(folder: &Path, names: &[&str]) -> Result<PathBuf> {
    try_find(folder, names).ok_or_else(|| {
        let names = names.join(" or ");
        bad(folder, format!("no {names} (or with .gz) in this folder"))
    })
}

/// The first of these files that is in the folder, compressed or not, if there is one.
pub(crate) fn try_find(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let both = |name: &&str| [folder.join(name), folder.join(format!("{name}.gz"))];
    names.iter().flat_map(both).find(|path| path.is_file())
}

/// The lines of a file, each cut at its tabs. All have as many fields as the first.
///
/// # Errors
/// [`Error::Import`] with the line, for text that is not UTF-8, another number of fields, or another
/// number of lines than `wanted`, which `of` speaks of: "columns of matrix.mtx".
pub(crate) fn columns(path: &Path, wanted: usize, of: &str) -> Result<Vec<Vec<String>>> {
    let mut lines = Lines::open(path)?;
    let mut columns: Vec<Vec<String>> = Vec::new();
    let mut count = 0;
    while let Some(line) = lines.next_line()? {
        let Ok(text) = str::from_utf8(line).map(ToOwned::to_owned) else {
            return Err(lines.bad("not UTF-8".to_owned()));
        };
        let fields: Vec<&str> = text.split('\t').collect();
        if count == 0 {
            columns = vec![Vec::new(); fields.len()];
        }
        if fields.len() != columns.len() {
            let (found, first) = (fields.len(), columns.len());
            let reason = format!("{found} fields, where the first line has {first}");
            return Err(lines.bad(reason));
        }
        count += 1;
        if count > wanted {
            return Err(lines.bad(format!("one line too many for {wanted} {of}")));
        }
        for (column, field) in columns.iter_mut().zip(fields) {
            column.push(field.trim().to_owned());
        }
    }
    if count < wanted {
        return Err(lines.bad(format!("the end after {count} lines, for {wanted} {of}")));
    }
    Ok(columns)
}

/// The first field of each line.
///
/// # Errors
/// As [`columns`].
pub(crate) fn names(path: &Path, wanted: usize, of: &str) -> Result<Vec<String>> {
    Ok(columns(path, wanted, of)?
        .into_iter()
        .next()
        .unwrap_or_default())
}

/// All lines of a list whose length is to be found out: their first fields.
///
/// # Errors
/// [`Error::Import`] for text that is not UTF-8.
pub(crate) fn all_names(path: &Path) -> Result<Vec<String>> {
    let mut lines = Lines::open(path)?;
    let mut names = Vec::new();
    while let Some(line) = lines.next_line()? {
        let first = line.split(|&byte| byte == b'\t').next().unwrap_or_default();
        match str::from_utf8(first) {
            Ok(name) => names.push(name.trim().to_owned()),
            Err(_) => return Err(lines.bad("not UTF-8".to_owned())),
        }
    }
    Ok(names)
}

/// The last part of a path, as text.
pub(crate) fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Barcodes as the names of cells: behind the name of the sample and a colon, if there is one.
pub(crate) fn cell_ids(sample: Option<&str>, barcodes: &[String]) -> Vec<String> {
    match sample {
        None => barcodes.to_vec(),
        Some(sample) => (barcodes.iter())
            .map(|barcode| format!("{sample}:{barcode}"))
            .collect(),
    }
}
