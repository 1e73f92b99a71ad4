//! The main matrix as text with names, and as numpy's `npy`.

use std::{io::Write, path::Path};

use loom_core::{
    Array, Axis, Error, Layer, LoomConnection, Result, Watch,
    h5lite::{Threads, with_array},
};
use ndarray::ArrayViewD;

use super::{
    Memory, leave_out_all_but, main, names,
    nonzeros::chunk,
    place::{NewFile, Text},
};
use crate::{
    Report,
    cell::{self, Cell},
    npy,
};

/// Values formatted on one thread.
const VALUES: usize = 1 << 17;

/// Writes a line for each gene: its name, then its values; the first line has the names of the cells
/// behind what genes are named by.
pub(super) fn text(
    ds: &LoomConnection,
    path: &Path,
    delimiter: u8,
    memory: Memory,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    let layer = main(ds)?;
    let mut out = Text::new(NewFile::create(path)?, path);
    let (of_genes, genes) = names(ds, Axis::Rows, &["Gene", "Accession"], report)?;
    let (of_cells, cells) = names(ds, Axis::Cols, &["CellID"], report)?;
    let header = line(delimiter, std::iter::once(&of_genes).chain(&cells))?;
    out.write_all(&header)?;
    drop(cells);
    bands(&layer, memory, watch, 24, |start, band| {
        let lines = lines(ds.file().threads(), (&genes, start), band, delimiter)?;
        lines.iter().try_for_each(|lines| Ok(out.write_all(lines)?))
    })?;
    leave_out_all_but(
        ds,
        &[format!("ra:{of_genes}"), format!("ca:{of_cells}")],
        report,
    )?;
    Ok(out.finish()?.finish()?)
}

/// Writes genes x cells in the type they are stored in.
pub(super) fn npy(
    ds: &LoomConnection,
    path: &Path,
    memory: Memory,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    let layer = main(ds)?;
    let mut out = NewFile::create(path)?;
    let (rows, cols) = layer.shape();
    let code = npy::code(layer.dtype(), 1);
    npy::header(&format!("'{code}'"), &[rows, cols], &mut out)?;
    let mut bytes = Vec::new();
    bands(&layer, memory, watch, 1, |_, band| {
        with_array!(band, values => {
            for entry in cell::entries(values) {
                bytes.clear();
                for value in entry {
                    value.push_npy(layer.dtype(), 1, &mut bytes);
                }
                out.write_all(&bytes)?;
            }
        });
        Ok(())
    })?;
    leave_out_all_but(ds, &[], report)?;
    Ok(out.finish()?)
}

/// Reads bands of genes, and where each begins. A value takes `more` bytes beside its own.
fn bands(
    layer: &Layer<'_>,
    memory: Memory,
    watch: &Watch,
    more: usize,
    mut each: impl FnMut(usize, &Array) -> Result<()>,
) -> Result<()> {
    let (rows, cols) = layer.shape();
    let size = layer.dtype().size().unwrap_or(8);
    let height = memory.band(cols * (size + more), chunk(layer, Axis::Rows), rows)?;
    let mut steps = watch.begin(rows as u64)?;
    for start in (0..rows).step_by(height) {
        let end = rows.min(start + height);
        each(start, &layer.read_any(start..end, ..)?)?;
        steps.advance((end - start) as u64)?;
    }
    Ok(())
}

/// Lines of some genes, in groups.
fn lines(
    threads: &Threads,
    (genes, first): (&[String], usize),
    band: &Array,
    delimiter: u8,
) -> Result<Vec<Vec<u8>>> {
    let (rows, cols) = match band.shape() {
        &[rows, cols] => (rows, cols),
        _ => (0, 0),
    };
    let group = (VALUES / cols.max(1)).max(1);
    threads.each(
        (0..rows).step_by(group).collect(),
        || Ok::<_, Error>(()),
        |(), start| {
            let names = genes.get(first + start..).unwrap_or_default();
            let part = band.part(0, start..rows.min(start + group))?;
            let mut records = writer(delimiter);
            let mut text = String::new();
            with_array!(&part, values => {
                for (name, row) in names.iter().zip(cell::entries(values)) {
                    record(&mut records, name, &row, &mut text)?;
                }
            });
            done(records)
        },
    )
}

fn record<T: Cell>(
    records: &mut csv::Writer<Vec<u8>>,
    name: &str,
    row: &ArrayViewD<'_, T>,
    text: &mut String,
) -> Result<()> {
    records.write_field(name).map_err(std::io::Error::from)?;
    for value in row {
        text.clear();
        value.push_text(text);
        records.write_field(&*text).map_err(std::io::Error::from)?;
    }
    let end = records.write_record(None::<&[u8]>);
    Ok(end.map_err(std::io::Error::from)?)
}

fn line<'a>(delimiter: u8, fields: impl Iterator<Item = &'a String>) -> Result<Vec<u8>> {
    let mut records = writer(delimiter);
    for field in fields {
        records.write_field(field).map_err(std::io::Error::from)?;
    }
    let end = records.write_record(None::<&[u8]>);
    end.map_err(std::io::Error::from)?;
    done(records)
}

fn writer(delimiter: u8) -> csv::Writer<Vec<u8>> {
    let mut builder = csv::WriterBuilder::new();
    builder
        .delimiter(delimiter)
        .flexible(true)
        .from_writer(Vec::new())
}

fn done(records: csv::Writer<Vec<u8>>) -> Result<Vec<u8>> {
    let done = records.into_inner();
    Ok(done.map_err(csv::IntoInnerError::into_error)?)
}
