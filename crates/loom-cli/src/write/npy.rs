//! numpy's file format.

use std::{collections::HashSet, io::Write};

use loom_convert::{
    cell::{self, Cell},
    npy::{code, header},
};
use loom_core::{Array, DType, h5lite::with_array};
use ndarray::Axis;

use super::{Block, Table};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_python() {
        assert_eq!(quoted("d'rei\\\n\u{e9}"), "'d\\'rei\\\\\\x0a\u{e9}'");
    }
}
