//! Matrices as text: a line for each row, the names of the columns in the first line, those of the
//! rows in the first column.

use std::{
    io::{BufWriter, Write},
    path::Path,
};

use h5lite::DType;

use super::{Content, DenseFile, Lines, Numbers, Read, ReadMatrix, bad, number};
use crate::error::Result;

/// Reads a matrix into a temporary file, from which any part of it can be read.
pub(super) fn read(lines: Lines, options: &ReadMatrix) -> Result<Read> {
    let path = lines.path.clone();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(options.delimiter.unwrap_or_else(|| delimiter(&path)))
        .from_reader(lines.into_rest());
    let temporary = match &options.scratch {
        Some(folder) => tempfile::tempfile_in(folder)?,
        None => tempfile::tempfile()?,
    };
    let mut out = BufWriter::with_capacity(1 << 20, temporary);
    let mut numbers = Numbers::default();
    let (mut header, mut names) = (None, Vec::new());
    let mut record = csv::ByteRecord::new();
    let mut width = None;
    while (reader.read_byte_record(&mut record)).map_err(|error| of_csv(&path, &error))? {
        let wrong = |reason| bad(&path, record.position().map(csv::Position::line), reason);
        if header.is_none() {
            header = Some(texts(record.iter()).map_err(wrong)?);
            continue;
        }
        let width = *width.get_or_insert(record.len());
        if record.len() != width {
            let found = record.len();
            return Err(wrong(format!(
                "{found} fields, where the first row has {width}"
            )));
        }
        let mut fields = record.iter();
        names.extend(texts(fields.by_ref().take(1)).map_err(wrong)?);
        for field in fields {
            let value = number(field).map_err(wrong)?;
            numbers.see(value);
            out.write_all(&value.to_le_bytes())?;
        }
    }
    let cols = width.map_or(0, |width| width - 1);
    let mut header = header.unwrap_or_default();
    match header.len() {
        // The column of the rows' names has no name, or one that is not a column's.
        len if width.is_some() && len == cols + 1 => drop(header.remove(0)),
        len if len == cols => {}
        len => {
            let reason = format!("{len} names of columns for {cols} columns");
            return Err(bad(&path, Some(1), reason));
        }
    }
    let file = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    Ok(Read {
        shape: (names.len(), cols),
        content: Content::Dense(DenseFile {
            file,
            start: 0,
            lines: names.len(),
            line: cols,
            by_column: false,
            dtype: DType::F64,
            big_endian: false,
        }),
        found: numbers.found(),
        names: (Some(names), Some(header)),
    })
}

/// Comma or tab, by the name of the file.
pub(super) fn delimiter(path: &Path) -> u8 {
    let is = |path: &Path, kind: &str| {
        let extension = path.extension();
        extension.is_some_and(|extension| extension.eq_ignore_ascii_case(kind))
    };
    let stem = path.file_stem().map_or(path, Path::new);
    let path = if is(path, "gz") { stem } else { path };
    if is(path, "csv") { b',' } else { b'\t' }
}

/// Fields as text.
pub(super) fn texts<'f>(fields: impl Iterator<Item = &'f [u8]>) -> Result<Vec<String>, String> {
    let text = |field: &[u8]| match std::str::from_utf8(field) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(format!("{:?} is not UTF-8", String::from_utf8_lossy(field))),
    };
    fields.map(text).collect()
}

/// An error of the parser, with its line.
pub(super) fn of_csv(path: &Path, error: &csv::Error) -> crate::Error {
    bad(
        path,
        error.position().map(csv::Position::line),
        error.to_string(),
    )
}
