//! Values on their way out, a band at a time: a [`Block`] of one type, or a [`Table`] of columns,
//! as text, JSON or numpy's file format.

mod json;
mod npy;
mod text;

pub(crate) use json::document;
pub(crate) use loom_convert::cell::text as cell_text;

use std::{iter::once, ops::Range};

use loom_core::{Array, DType, Selection, h5lite::File};

use crate::{
    args::Format,
    error::{Cause, Result},
    output::Output,
    positions::{Bands, Picked},
};

/// Bytes of values in memory at a time, where a band can be that small.
const BAND_BYTES: usize = 32 << 20;
/// Bytes up to which a band grows to whole chunks, so that none is decoded twice.
const CHUNK_BAND_BYTES: usize = 256 << 20;
/// What a value of text counts as in these sums.
const TEXT_BYTES: usize = 64;

/// An array of one type, read a band of its first axis at a time.
pub(crate) struct Block<'a> {
    /// Length of every axis; a single value has none.
    pub(crate) shape: Vec<usize>,
    /// The type it is stored in.
    pub(crate) dtype: DType,
    /// Which bands of the first axis to read; a single value is one of length 1.
    pub(crate) bands: Bands,
    /// Reads a band.
    pub(crate) read: Box<dyn Fn(Range<usize>) -> Result<Array> + 'a>,
    /// The names around it, in forms that have room for them.
    pub(crate) labels: Option<Labels<'a>>,
}

/// The names of a block's columns, and of the rows in a band.
pub(crate) struct Labels<'a> {
    /// The names of the columns, that of the row names first.
    pub(crate) header: Vec<String>,
    /// Reads the names of the rows of a band.
    pub(crate) rows: Box<dyn Fn(Range<usize>) -> Result<Vec<String>> + 'a>,
}

/// Columns of equal length, each of a type of its own.
pub(crate) struct Table<'a> {
    pub(crate) columns: Vec<Columns<'a>>,
    /// Which positions of the columns.
    pub(crate) picked: Picked,
}

/// Columns that are read together.
pub(crate) struct Columns<'a> {
    /// Their names.
    pub(crate) names: Vec<String>,
    /// The type they are stored in.
    pub(crate) dtype: DType,
    /// Reads some positions: an axis for the positions, and one for the columns or, for a single
    /// column, none.
    pub(crate) read: Box<dyn Fn(Selection) -> Result<Array> + 'a>,
}

/// How many positions to read at a time: whole chunks of `chunk` positions, as far as memory goes.
pub(crate) fn band_size(chunk: usize, per_position: usize, dtype: DType) -> usize {
    let bytes = per_position
        .max(1)
        .saturating_mul(dtype.size().unwrap_or(TEXT_BYTES));
    let chunk = chunk.max(1);
    let affordable = BAND_BYTES / bytes;
    if affordable >= chunk {
        affordable / chunk * chunk
    } else if chunk <= CHUNK_BAND_BYTES / bytes {
        chunk
    } else {
        affordable.max(1)
    }
}

/// Refuses lines that a file only states: it cannot hold so many values, and they would be written for
/// ever. An entry of no values counts as one of one.
fn afford(file: &File, counts: &[usize]) -> Result<()> {
    let counts: Vec<usize> = match counts {
        [lines, inner @ ..] => (once(*lines).chain(inner.iter().map(|&n| n.max(1)))).collect(),
        [] => Vec::new(),
    };
    file.afford("values", &counts, 1).map_err(|_| {
        let values = counts
            .iter()
            .fold(1_u64, |all, &n| all.saturating_mul(n as u64));
        Cause::asked(format!(
            "these would be {values} values, more than the file can hold; choose some of them"
        ))
    })
}

/// Writes an array of one type.
///
/// # Errors
/// Where it cannot be read or written, has more axes than the form has room for, or more values than
/// `file`, where they come from, can hold.
pub(crate) fn block(
    block: &Block<'_>,
    file: &File,
    format: Format,
    out: &mut Output,
) -> Result<()> {
    afford(file, &block.shape)?;
    let escape = out.is_terminal();
    match format {
        Format::Tsv => text::Text::new(b'\t', escape, out).block(block),
        Format::Csv => text::Text::new(b',', escape, out).block(block),
        Format::Json => json::block(block, escape, out),
        Format::Npy => npy::block(block, out),
    }
}

/// Writes columns.
///
/// # Errors
/// Where they cannot be read or written, or, for numpy, where two have one name.
pub(crate) fn table(
    table: &Table<'_>,
    file: &File,
    format: Format,
    out: &mut Output,
) -> Result<()> {
    afford(file, &[table.picked.len(), table.names().count()])?;
    let escape = out.is_terminal();
    match format {
        Format::Tsv => text::Text::new(b'\t', escape, out).table(table),
        Format::Csv => text::Text::new(b',', escape, out).table(table),
        Format::Json => json::table(table, escape, out),
        Format::Npy => npy::table(table, out),
    }
}

impl Table<'_> {
    /// The names of all columns.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.columns.iter().flat_map(|columns| &columns.names)
    }

    /// Reads band after band: the values of all columns, and how many positions they are.
    fn each_band(&self, mut band: impl FnMut(&[Array], usize) -> Result<()>) -> Result<()> {
        let size = band_size(1, self.names().count(), DType::Str);
        for part in self.picked.bands(size) {
            let arrays = (self.columns.iter())
                .map(|columns| (columns.read)(self.picked.part(part.clone())))
                .collect::<Result<Vec<_>>>()?;
            band(&arrays, part.len())?;
        }
        Ok(())
    }

    /// Reads band after band; `row` gets the values of all columns and the number of a position
    /// in them.
    fn each_row(&self, mut row: impl FnMut(&[Array], usize) -> Result<()>) -> Result<()> {
        self.each_band(|arrays, rows| (0..rows).try_for_each(|number| row(arrays, number)))
    }
}
