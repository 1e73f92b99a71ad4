//! A file as tab-separated text: loompy's `export`.

use std::{io::Write, str::FromStr};

use h5lite::{Array, DType, Number, Selection};
use half::f16;

use super::bands;
use crate::{
    attrs::Attrs,
    axis::Axis,
    connection::LoomConnection,
    error::{Error, Result},
    layers::Layer,
    numeric::with_number,
    numpy_text::{NumpyText, entries},
};

/// Values formatted at a time, so that the text in memory stays small however wide the file is.
const BATCH: usize = 1 << 20;

/// What a file is exported as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Tab-separated text: loompy's `tab`.
    #[default]
    Tab,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "tab" => Ok(Self::Tab),
            other => Err(Error::Misuse(format!(
                "cannot export as {other:?}, only as \"tab\""
            ))),
        }
    }
}

impl LoomConnection {
    /// Writes the attributes and one layer (`""` is the main matrix) as text.
    ///
    /// The text is byte for byte what loompy 3.0.8 writes: a line for each column attribute, a
    /// line of row attribute names, then a line for each row with its attributes and values.
    /// Every cell ends in a tab. Numbers are printed as numpy prints them, the entries of
    /// attributes with several axes as arrays in brackets. Three things differ, because the values
    /// do: text keeps its characters beyond ASCII (loompy drops them), booleans are 0 and 1, and a
    /// compound attribute is exported field by field, as `NAME/FIELD`.
    ///
    /// A band of rows is in memory at a time, and the attributes.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a layer that does not exist, [`Error::Shape`] for an attribute or
    /// layer that does not fit the main matrix, [`Error::Write`] where `out` fails, and where the
    /// file cannot be read.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Format, Mode, connect};
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let mut text = Vec::new();
    /// ds.export(&mut text, "", Format::Tab)?;
    /// let lines = text.split(|&byte| byte == b'\n').count() - 1;
    /// assert_eq!(lines, ds.ca().len()? + 1 + ds.shape().0);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn export(&self, out: &mut dyn Write, layer: &str, format: Format) -> Result<()> {
        let Format::Tab = format;
        let layer = self.layer(layer)?;
        layer.check_shape(self.shape())?;
        layer.afford(layer.shape().0, layer.shape().1)?;
        let ra = texts_of(self.ra())?;
        export_column_attributes(out, self.ca(), ra.len())?;
        let names: Vec<&str> = ra.iter().map(|(name, ..)| name.as_str()).collect();
        export_names(out, &names, self.shape().1)?;
        with_number!(layer.dtype(), T => export_rows::<T>(out, &ra, &layer), text => {
            Err(Error::Misuse(format!("layer {:?} holds text", layer.name())))
        })
    }
}

/// All attributes of an axis, with the types they are stored in.
fn texts_of(attrs: Attrs<'_>) -> Result<Vec<(String, Array, DType)>> {
    (attrs.iter_at(Selection::All)?)
        .map(|attribute| {
            let (name, values) = attribute?;
            let stored = stored_type(attrs, &name, &values)?;
            Ok((name, values, stored))
        })
        .collect()
}

/// The type in which the file holds an attribute's values: `float16` is `float32` in memory.
pub(crate) fn stored_type(attrs: Attrs<'_>, name: &str, values: &Array) -> Result<DType> {
    match values {
        Array::F32(_) => Ok(attrs.dataset(name)?.dtype()?),
        other => Ok(other.dtype()),
    }
}

/// A line for each column attribute, indented by the number of row attributes.
fn export_column_attributes(out: &mut dyn Write, ca: Attrs<'_>, indent: usize) -> Result<()> {
    for attribute in ca.iter_at(Selection::All)? {
        let (name, values) = attribute?;
        let stored = stored_type(ca, &name, &values)?;
        let mut line = "\t".repeat(indent);
        push_cell(&mut line, &name);
        for text in entries(&values, stored) {
            push_cell(&mut line, &text);
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// The line of row attribute names, with an empty cell for each column.
fn export_names(out: &mut dyn Write, names: &[&str], columns: usize) -> Result<()> {
    let mut line = String::new();
    for name in names {
        push_cell(&mut line, name);
    }
    out.write_all(line.as_bytes())?;
    let tabs = [b'\t'; 4096];
    let mut left = columns.saturating_add(1);
    while left > 0 {
        let some = tabs.get(..left).unwrap_or(&tabs);
        out.write_all(some)?;
        left -= some.len();
    }
    out.write_all(b"\n")?;
    Ok(())
}

/// A line for each row: its attributes, an empty cell, its values.
fn export_rows<T: Number + NumpyText>(
    out: &mut dyn Write,
    attributes: &[(String, Array, DType)],
    layer: &Layer<'_>,
) -> Result<()> {
    let (rows, cols) = layer.shape();
    let halves = layer.dtype() == DType::F16;
    let batch = (BATCH / cols.max(1)).max(1);
    let mut block = Vec::new();
    for band in bands::run_bands(&(0..rows), bands::band(layer, Axis::Rows, cols)) {
        block.resize(band.len * cols, T::default());
        layer.read_into(band.selection, .., &mut block)?;
        for first in (0..band.len).step_by(batch) {
            let last = band.len.min(first + batch);
            let positions: Vec<usize> = (band.first + first..band.first + last).collect();
            let texts = (attributes.iter())
                .map(|(_, values, stored)| Ok(entries(&values.take(&positions)?, *stored)))
                .collect::<Result<Vec<_>>>()?;
            let lines = layer.each(
                (first..last).collect(),
                || Ok(()),
                |(), row| {
                    let mut line = String::with_capacity(4 * cols);
                    for texts in &texts {
                        push_cell(&mut line, texts.get(row - first).map_or("", String::as_str));
                    }
                    line.push('\t');
                    for &value in block.get(row * cols..(row + 1) * cols).unwrap_or_default() {
                        push_number(&mut line, value, halves);
                    }
                    line.push('\n');
                    Ok(line)
                },
            )?;
            for line in lines {
                out.write_all(line.as_bytes())?;
            }
        }
    }
    Ok(())
}

fn push_cell(line: &mut String, text: &str) {
    line.push_str(text);
    line.push('\t');
}

fn push_number<T: Number + NumpyText>(line: &mut String, value: T, halves: bool) {
    if halves {
        f16::from_f64(value.to_f64()).push_to(line);
    } else {
        value.push_to(line);
    }
    line.push('\t');
}
