//! Matrix Market, alone and in a folder as Cell Ranger writes it.

use std::{collections::HashSet, fmt::Write as _, io::Write, path::Path};

use loom_core::{
    Axis, Error, Layer, LoomConnection, Result, Watch,
    h5lite::{Number, Threads, with_number},
};

use super::{
    Memory, leave_out_all_but, main, names,
    nonzeros::{self, NonZeros},
    numbers,
    place::{NewFile, NewFolder, Text, within},
    texts,
};
use crate::{Report, cell::Cell};

const MATRIX: &str = "matrix.mtx.gz";
const FEATURES: &str = "features.tsv.gz";
const BARCODES: &str = "barcodes.tsv.gz";
/// What a feature is if nothing says so.
const USUAL_TYPE: &str = "Gene Expression";
/// Lines formatted on one thread.
const LINES: usize = 1 << 15;
/// Groups of lines in memory.
const GROUPS: usize = 16;

/// Writes `matrix.mtx.gz`, `features.tsv.gz` and `barcodes.tsv.gz`.
pub(super) fn folder(
    ds: &LoomConnection,
    path: &Path,
    memory: Memory,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    let layer = main(ds)?;
    let folder = NewFolder::create(path, |name| [MATRIX, FEATURES, BARCODES].contains(&name))?;
    let (barcode, barcodes) = names(ds, Axis::Cols, &["CellID"], report)?;
    let mut kept = HashSet::from([format!("ca:{barcode}")]);
    let lines = |name: &str, columns: &[Vec<String>], report: &mut Report| {
        within(&folder.path().join(name), |out| {
            lists(out, columns, name, report)
        })
    };
    lines(BARCODES, &[barcodes], report)?;
    lines(FEATURES, &features(ds, &mut kept, report)?, report)?;
    within(&folder.path().join(MATRIX), |out| {
        matrix(ds, &layer, out, memory, watch)
    })?;
    let kept: Vec<String> = kept.into_iter().collect();
    leave_out_all_but(ds, &kept, report)?;
    Ok(folder.finish()?)
}

/// Writes the matrix alone.
pub(super) fn file(
    ds: &LoomConnection,
    path: &Path,
    memory: Memory,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    let layer = main(ds)?;
    let mut out = Text::new(NewFile::create(path)?, path);
    matrix(ds, &layer, &mut out, memory, watch)?;
    leave_out_all_but(ds, &[], report)?;
    Ok(out.finish()?.finish()?)
}

/// Accession, name and type of each gene, and its place on the genome where all three columns of that
/// are there.
fn features(
    ds: &LoomConnection,
    kept: &mut HashSet<String>,
    report: &mut Report,
) -> Result<Vec<Vec<String>>> {
    let axis = Axis::Rows;
    let genes = axis.of(ds.shape());
    let (accession, gene) = (texts(ds, axis, "Accession")?, texts(ds, axis, "Gene")?);
    let missing = match (&accession, &gene) {
        (None, None) => Some("numbers are the accessions and names of genes"),
        (None, Some(_)) => Some("names are the accessions of genes, too"),
        (Some(_), None) => Some("accessions are the names of genes, too"),
        _ => None,
    };
    if let Some(missing) = missing {
        report.change(axis.to_string(), missing);
    }
    let (ids, names) = match (accession, gene) {
        (Some(ids), Some(names)) => (ids, names),
        (Some(one), None) | (None, Some(one)) => (one.clone(), one),
        (None, None) => (numbers(genes), numbers(genes)),
    };
    kept.extend(["ra:Accession".to_owned(), "ra:Gene".to_owned()]);
    let mut columns = vec![ids, names];
    match texts(ds, axis, "FeatureType")? {
        Some(types) => {
            kept.insert("ra:FeatureType".to_owned());
            columns.push(types);
        }
        None => columns.push(vec![USUAL_TYPE.to_owned(); genes]),
    }
    let places = ["Chromosome", "Start", "End"];
    let mut columns_of_places = Vec::new();
    for name in places {
        columns_of_places.extend(texts(ds, axis, name)?);
    }
    if columns_of_places.len() == places.len() {
        kept.extend(places.map(|name| format!("ra:{name}")));
        columns.extend(columns_of_places);
    }
    Ok(columns)
}

/// Lines of fields with tabs between them, which cannot be in a field.
fn lists(
    out: &mut impl Write,
    columns: &[Vec<String>],
    name: &str,
    report: &mut Report,
) -> Result<()> {
    let mut changed = 0;
    let mut line = String::new();
    for number in 0..columns.first().map_or(0, Vec::len) {
        line.clear();
        for (at, column) in columns.iter().enumerate() {
            let separates = |c: char| matches!(c, '\t' | '\n' | '\r');
            let field = column.get(number).map_or("", String::as_str);
            changed += usize::from(field.contains(separates));
            line.push_str(if at > 0 { "\t" } else { "" });
            line.extend(field.chars().map(|c| if separates(c) { ' ' } else { c }));
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    if changed > 0 {
        let reason = format!("{changed} values with tabs or line ends, which are spaces now");
        report.change(name, reason);
    }
    Ok(())
}

/// The matrix, cell after cell, as Cell Ranger orders it.
fn matrix(
    ds: &LoomConnection,
    layer: &Layer<'_>,
    out: &mut impl Write,
    memory: Memory,
    watch: &Watch,
) -> Result<()> {
    let (genes, cells) = layer.shape();
    let mut steps = watch.begin(cells as u64)?;
    let counts = nonzeros::counts(layer)?;
    let field = if layer.dtype().is_float() {
        "real"
    } else {
        "integer"
    };
    writeln!(out, "%%MatrixMarket matrix coordinate {field} general")?;
    writeln!(out, "{genes} {cells} {}", counts.iter().sum::<u64>())?;
    for band in nonzeros::bands(layer, &counts, memory, 0)? {
        with_number!(
            layer.dtype(),
            T => entries::<T>(ds.file().threads(), layer, band.clone(), out)?,
            text => return Err(Error::Misuse("a layer of text".to_owned()))
        );
        steps.advance(band.len() as u64)?;
    }
    Ok(())
}

/// The lines of some cells.
fn entries<T: Number + Cell>(
    threads: &Threads,
    layer: &Layer<'_>,
    band: std::ops::Range<usize>,
    out: &mut impl Write,
) -> Result<()> {
    let found = NonZeros::<T>::read(layer, band.clone())?;
    let starts: Vec<usize> = (0..found.len()).step_by(LINES).collect();
    for group in starts.chunks(GROUPS) {
        let texts = threads.each(
            group.to_vec(),
            || Ok::<(), Error>(()),
            |(), start| {
                let mut text = String::with_capacity(LINES * 16);
                for at in start..found.len().min(start + LINES) {
                    let (gene, cell) = (found.genes[at], found.cells[at] as usize + band.start);
                    // A String takes everything.
                    let _ = write!(text, "{} {} ", u64::from(gene) + 1, cell + 1);
                    found.values[at].push_text(&mut text);
                    text.push('\n');
                }
                Ok(text)
            },
        )?;
        for text in texts {
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}
