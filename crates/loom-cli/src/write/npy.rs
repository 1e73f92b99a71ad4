//! numpy's file format: a header in Python's notation, then the values in C order
//! (numpy's `numpy.lib.format`, versions 1.0, 2.0 and 3.0).

use std::{collections::HashSet, io::Write};

use loom_core::{Array, DType, h5lite::with_array};
use ndarray::Axis;

use super::{
    Block, Table,
    cell::{self, Cell},
};
use crate::error::{Cause, Result};

/// An array of one type. Text is read twice: numpy wants to know its width first.
pub(super) fn block(block: &Block<'_>, out: &mut impl Write) -> Result<()> {
    let mut width = 0;
    if block.dtype == DType::Str {
        for band in block.bands.clone() {
            width = width.max(cell::widest(&(block.read)(band.clone())?));
        }
    }
    let width = width.max(1);
    header(
        &format!("'{}'", code(block.dtype, width)),
        &block.shape,
        out,
    )?;
    let mut bytes = Vec::new();
    for band in block.bands.clone() {
        with_array!(&(block.read)(band.clone())?, values => {
            for entry in cell::entries(values) {
                bytes.clear();
                for value in entry {
                    value.push_npy(block.dtype, width, &mut bytes);
                }
                out.write_all(&bytes)?;
            }
        });
    }
    Ok(())
}

/// A structured array, with a field for each column.
pub(super) fn table(table: &Table<'_>, out: &mut impl Write) -> Result<()> {
    let mut seen = HashSet::new();
    if let Some(name) = table.names().find(|&name| !seen.insert(name)) {
        return Err(Cause::asked(format!(
            "two columns are called {name:?}, which numpy does not allow"
        )));
    }
    let widths = widths(table)?;
    let mut fields = String::new();
    for (columns, &width) in table.columns.iter().zip(&widths) {
        for name in &columns.names {
            let (name, code) = (quoted(name), code(columns.dtype, width));
            fields.extend(["(", &name, ", '", &code, "'), "]);
        }
    }
    header(&format!("[{fields}]"), &[table.picked.len()], out)?;
    let mut bytes = Vec::new();
    table.each_row(|arrays, row| {
        bytes.clear();
        for ((array, columns), &width) in arrays.iter().zip(&table.columns).zip(&widths) {
            with_array!(array, values => {
                for value in values.index_axis(Axis(0), row) {
                    value.push_npy(columns.dtype, width, &mut bytes);
                }
            });
        }
        Ok(out.write_all(&bytes)?)
    })
}

/// The width of the text in each group of columns, at least 1.
fn widths(table: &Table<'_>) -> Result<Vec<usize>> {
    let mut widths = vec![1; table.columns.len()];
    if table
        .columns
        .iter()
        .all(|columns| columns.dtype != DType::Str)
    {
        return Ok(widths);
    }
    table.each_band(|arrays: &[Array], _| {
        for (width, array) in widths.iter_mut().zip(arrays) {
            *width = cell::widest(array).max(*width);
        }
        Ok(())
    })?;
    Ok(widths)
}

/// numpy's code of a type: `<f4`, `|u1`, `<U12`.
fn code(dtype: DType, width: usize) -> String {
    let kind = match dtype {
        DType::Str => return format!("<U{width}"),
        _ if dtype.is_float() => 'f',
        _ if dtype.is_signed() => 'i',
        _ => 'u',
    };
    match dtype.size() {
        Some(1) => format!("|{kind}1"),
        size => format!("<{kind}{}", size.unwrap_or_default()),
    }
}

/// Text as Python writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(["\\x", &format!("{:02x}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// The magic, the version, and the header, so that values begin at a multiple of 64 bytes.
fn header(dtype: &str, shape: &[usize], out: &mut impl Write) -> Result<()> {
    let lengths: Vec<String> = shape.iter().map(|length| format!("{length},")).collect();
    let mut text = format!(
        "{{'descr': {dtype}, 'fortran_order': False, 'shape': ({}), }}",
        lengths.join(" ")
    );
    // Magic, version and length take 10 bytes in version 1, 12 in versions 2 and 3.
    let (version, before) = match (text.is_ascii(), text.len() < 65_000) {
        (true, true) => (1, 10),
        (true, false) => (2, 12),
        (false, _) => (3, 12),
    };
    let end = (before + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(end - before - text.len() - 1));
    text.push('\n');
    out.write_all(&[0x93, b'N', b'U', b'M', b'P', b'Y', version, 0])?;
    let too_long =
        |_| Cause::asked("so many columns that a header for numpy cannot hold their names");
    if version == 1 {
        let length = u16::try_from(text.len()).map_err(too_long)?;
        out.write_all(&length.to_le_bytes())?;
    } else {
        let length = u32::try_from(text.len()).map_err(too_long)?;
        out.write_all(&length.to_le_bytes())?;
    }
    Ok(out.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `numpy.lib.format.header_data_from_array_1_0` and `write_array_header_1_0` of numpy
    /// 1.26 make of an array of shape (3,) and type float32, as far as the braces go.
    #[test]
    fn the_header_is_numpys() {
        let mut out = Vec::new();
        header("'<f4'", &[3], &mut out).unwrap();
        assert!(out.starts_with(
            b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
        ));
        assert_eq!((out.len(), out.last()), (128, Some(&b'\n')));
    }

    #[test]
    fn names_are_quoted_for_python() {
        assert_eq!(quoted("d'rei\\\n\u{e9}"), "'d\\'rei\\\\\\x0a\u{e9}'");
    }
}
