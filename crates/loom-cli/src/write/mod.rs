//! Values on their way out, a band at a time: a [`Block`] of one type, or a [`Table`] of columns,
//! as text, JSON or numpy's file format.

mod json;
mod npy;
mod text;

pub(crate) use json::document;
pub(crate) use loom_convert::cell::text as cell_text;

use std::ops::Range;

use loom_core::{Array, DType, Selection, h5lite::File};

use crate::{
    args::Format,
    error::Result,
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

/// What is written counts as what one call returns.
const PRINTED: &str = "what is to be written, in bytes,";

/// What a value takes in memory, the characters of text left out.
fn value_bytes(dtype: DType) -> usize {
    dtype.size().unwrap_or(size_of::<String>())
}

/// Writes an array of one type.
///
/// # Errors
/// Where it cannot be read or written, or has more axes than the form has room for.
pub(crate) fn block(block: &Block<'_>, format: Format, out: &mut Output) -> Result<()> {
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
pub(crate) fn table(table: &Table<'_>, format: Format, out: &mut Output) -> Result<()> {
    let escape = out.is_terminal();
    match format {
        Format::Tsv => text::Text::new(b'\t', escape, out).table(table),
        Format::Csv => text::Text::new(b',', escape, out).table(table),
        Format::Json => json::table(table, escape, out),
        Format::Npy => npy::table(table, out),
    }
}

impl Block<'_> {
    /// Refuses values that the file only states: it cannot hold so many, and they would be written for
    /// ever. A line of no values counts as one of one.
    pub(crate) fn afford(&self, file: &File) -> Result<()> {
        let mut counts = self.shape.clone();
        (counts.iter_mut().skip(1)).for_each(|count| *count = (*count).max(1));
        Ok(file.afford(PRINTED, &counts, value_bytes(self.dtype))?)
    }
}

impl Table<'_> {
    /// As [`Block::afford`].
    pub(crate) fn afford(&self, file: &File) -> Result<()> {
        let bytes = (self.columns.iter())
            .map(|columns| {
                columns
                    .names
                    .len()
                    .saturating_mul(value_bytes(columns.dtype))
            })
            .fold(1, usize::saturating_add);
        Ok(file.afford(PRINTED, &[self.picked.len()], bytes)?)
    }

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
