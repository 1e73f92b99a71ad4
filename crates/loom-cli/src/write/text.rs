//! Comma- or tab-separated text (RFC 4180's quoting).

use std::io::Write;

use h5lite::with_array;
use loom_convert::cell::{self, Cell};

use super::{Block, Table};
use crate::{
    error::{Cause, Result},
    render,
};

/// A writer of separated text.
pub(super) struct Text<W: Write> {
    records: csv::Writer<W>,
    /// Whether a terminal would obey what it is sent.
    escape: bool,
    cell: String,
}

impl<W: Write> Text<W> {
    pub(super) fn new(delimiter: u8, escape: bool, out: W) -> Self {
        let records = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_writer(out);
        Self {
            records,
            escape,
            cell: String::new(),
        }
    }

    /// A line for each entry of the first axis, with a field for each of the second.
    pub(super) fn block(mut self, block: &Block<'_>) -> Result<()> {
        if block.shape.len() > 2 {
            return Err(Cause::asked(format!(
                "it has {} axes ({}), and text has room for two; take json or npy",
                block.shape.len(),
                render::shape(&block.shape)
            )));
        }
        if let Some(labels) = &block.labels {
            self.line(&labels.header)?;
        }
        for band in block.bands.clone() {
            let names = match &block.labels {
                Some(labels) => (labels.rows)(band.clone())?,
                None => Vec::new(),
            };
            let mut names = names.iter();
            with_array!(&(block.read)(band.clone())?, values => {
                for row in cell::entries(values) {
                    if let Some(name) = names.next() {
                        self.field(name)?;
                    }
                    for value in row {
                        self.field(value)?;
                    }
                    self.end_line()?;
                }
            });
        }
        Ok(self.records.flush()?)
    }

    /// A line of names, and one for each position.
    pub(super) fn table(mut self, table: &Table<'_>) -> Result<()> {
        let names: Vec<String> = table.names().cloned().collect();
        if !names.is_empty() {
            self.line(&names)?;
        }
        table.each_row(|arrays, row| {
            for array in arrays {
                with_array!(array, values => {
                    for value in values.index_axis(ndarray::Axis(0), row) {
                        self.field(value)?;
                    }
                });
            }
            self.end_line()
        })?;
        Ok(self.records.flush()?)
    }

    fn line(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            self.field(name)?;
        }
        self.end_line()
    }

    fn field(&mut self, value: &impl Cell) -> Result<()> {
        self.cell.clear();
        value.push_text(&mut self.cell);
        if self.escape {
            self.records
                .write_field(render::escape(&self.cell).as_bytes())?;
        } else {
            self.records.write_field(&self.cell)?;
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<()> {
        Ok(self.records.write_record(None::<&[u8]>)?)
    }
}
