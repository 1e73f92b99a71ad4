//! Tables and matrices in files of other formats, as the arguments of a command name them.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use loom_core::{
    Array, Fill, LoomConnection,
    import::{ReadMatrix, ReadTable, Table},
};

use crate::{
    args::{Matrices, New},
    error::{Cause, Result},
    write,
};

/// How matrices are read. Temporary files stand beside the file that is made of them.
pub(crate) fn matrices(args: &Matrices, beside: &Path) -> ReadMatrix {
    let mut read = ReadMatrix::new()
        .transposed(args.transposed)
        .scratch(folder(beside));
    if let Some(dtype) = args.dtype {
        read = read.dtype(dtype);
    }
    read
}

/// The folder a file is in.
pub(crate) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A table, whose columns are called `names` if its first line does not say so.
pub(crate) fn table(path: &Path, names: Option<&[String]>) -> Result<Table> {
    let mut read = ReadTable::new();
    if let Some(names) = names {
        read = read.names(names.to_vec());
    }
    Ok(read.open(path)?)
}

/// Refuses to replace a file, unless that is wanted.
pub(crate) fn check_new(path: &Path, new: New) -> Result<()> {
    if !new.force && path.symlink_metadata().is_ok() {
        let reason = "it exists; --force replaces it";
        return Err(Cause::asked(reason));
    }
    Ok(())
}

/// A value as people write it: a number where it looks like one and is not meant to be text.
pub(crate) fn value(text: &str, is_text: bool) -> Array {
    let integer = text
        .parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == text);
    let looks = text.bytes().any(|byte| byte.is_ascii_digit());
    let code = text.starts_with('0') && text.len() > 1 && !text.starts_with("0.");
    let float = text.parse::<f64>().ok().filter(|_| looks && !code);
    match (is_text, integer, float) {
        (false, Some(integer), _) => integer.into(),
        (false, None, Some(float)) => float.into(),
        _ => text.into(),
    }
}

/// For each row or column the line of the table that belongs to it: the one with the same value of
/// `key`, or, without a key, the one with the same number.
pub(crate) fn lines(
    ds: &LoomConnection,
    axis: loom_core::Axis,
    table: &Table,
    key: Option<&str>,
) -> Result<Vec<usize>> {
    let length = axis.of(ds.shape());
    let Some(key) = key else {
        if table.len() == length {
            return Ok((0..length).collect());
        }
        return Err(Cause::asked(format!(
            "the table has {} lines, and there are {length} {axis}; --key tells which line belongs \
             to which",
            table.len()
        )));
    };
    let wanted = texts(&ds.axis_attrs(axis).get_any(key)?);
    let given = table.get(key).ok_or_else(|| {
        let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
        let others = crate::open::instead(&names);
        Cause::asked(format!("the table has no column {key:?}{others}"))
    })?;
    let mut by_key = HashMap::new();
    for (line, text) in texts(given).into_iter().enumerate() {
        if by_key.contains_key(&text) {
            let reason = format!("{key} {text:?} is in the table more than once");
            return Err(Cause::asked(reason));
        }
        by_key.insert(text, line);
    }
    let missing: Vec<&str> = (wanted.iter())
        .filter(|text| !by_key.contains_key(*text))
        .map(String::as_str)
        .collect();
    if let Some(first) = missing.first() {
        return Err(Cause::asked(format!(
            "the table has no line for {} of {length} {axis}; the first is {key} {first:?}",
            missing.len()
        )));
    }
    Ok(wanted
        .iter()
        .filter_map(|text| by_key.get(text).copied())
        .collect())
}

/// The lines of a text file, without empty ones.
pub(crate) fn lines_of(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Cause::asked(format!("{}: {error}", path.display())))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(ToOwned::to_owned).collect())
}

/// What `--fill` says: nothing, `auto`, or values.
pub(crate) fn fill(given: &[String]) -> Result<Fill> {
    match given {
        [] => Ok(Fill::Drop),
        [auto] if auto == "auto" => Ok(Fill::Auto),
        values => {
            let pair = |text: &String| match text.split_once('=') {
                Some((name, text)) => Ok((name.to_owned(), value(text, false))),
                None => Err(Cause::asked(format!(
                    "--fill {text}: it is auto alone, or NAME=VALUE"
                ))),
            };
            Ok(Fill::Values(
                values.iter().map(pair).collect::<Result<_>>()?,
            ))
        }
    }
}

/// Values as text, to compare them.
pub(crate) fn texts(values: &Array) -> Vec<String> {
    match values {
        Array::Str(texts) => texts.iter().cloned().collect(),
        numbers => (0..numbers.len())
            .map(|at| write::cell_text(numbers, at))
            .collect(),
    }
}
