//! A Loom file as a folder of tables, in Arrow IPC or Parquet.

mod columns;
mod file;
mod long;

use std::{collections::HashSet, fmt::Write as _, path::Path, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use loom_core::{Array, Axis, DType, Error, LoomConnection, Result, Watch};

use self::{
    columns::{column, data_type, single},
    file::{Form, TableFile, arrow},
};
use super::{Export, Memory, Target, main, place::NewFolder};
use crate::Report;

/// The folder of the main matrix, and that of the folders of other layers.
const MATRIX: &str = "matrix";
const LAYERS: &str = "layers";
/// The table of global attributes.
const ATTRS: &str = "attrs";
/// Lines of a table of attributes that are written together.
const BATCH: usize = 1 << 16;
/// What a text counts as.
const TEXT_BYTES: usize = 64;

/// The table of an axis, and the column that numbers its lines from 0.
fn table_of(axis: Axis) -> (&'static str, &'static str) {
    axis.pair(("genes", "gene"), ("cells", "cell")).0
}

/// The folder of an axis' graphs.
fn graphs_of(axis: Axis) -> &'static str {
    axis.pair("row_graphs", "col_graphs").0
}

/// Writes the folder.
pub(super) fn folder(
    ds: &LoomConnection,
    path: &Path,
    how: &Export,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    main(ds)?;
    let form = match how.target {
        Target::Arrow => Form::Arrow,
        _ => Form::Parquet,
    };
    let mut ours: HashSet<String> = [MATRIX, LAYERS].map(ToOwned::to_owned).into();
    for name in [ATTRS, table_of(Axis::Rows).0, table_of(Axis::Cols).0] {
        ours.extend([Form::Arrow, Form::Parquet].map(|form| file_name(name, form)));
    }
    ours.extend(Axis::BOTH.map(|axis| graphs_of(axis).to_owned()));
    let folder = NewFolder::create(path, |name| ours.contains(name))?;
    let place = folder.path();
    for axis in Axis::BOTH {
        attributes(ds, axis, place, form, how.memory, report)?;
        for graph in ds.axis_graphs(axis).iter()? {
            let (name, graph) = graph?;
            let folder = place.join(graphs_of(axis));
            std::fs::create_dir_all(&folder)?;
            let (a, b, w) = graph.into_parts();
            let batch = RecordBatch::try_from_iter([
                ("a", Arc::new(UInt32Array::from(a)) as ArrayRef),
                ("b", Arc::new(UInt32Array::from(b)) as ArrayRef),
                ("w", column(&Array::from(w))?),
            ]);
            whole(
                &folder.join(file_name(&escaped(&name), form)),
                form,
                &batch.map_err(arrow)?,
            )?;
        }
    }
    globals(ds, place, form)?;
    long::layers(ds, place, form, how, watch, report)?;
    Ok(folder.finish()?)
}

fn file_name(name: &str, form: Form) -> String {
    format!("{name}.{}", form.extension())
}

/// A table in one piece.
fn whole(path: &Path, form: Form, batch: &RecordBatch) -> Result<()> {
    let mut file = TableFile::create(path, form, &batch.schema())?;
    file.write(batch)?;
    file.finish()
}

/// The global attributes: one line, with a column for each.
fn globals(ds: &LoomConnection, place: &Path, form: Form) -> Result<()> {
    let mut columns = Vec::new();
    for attribute in ds.attrs().iter()? {
        let (name, value) = attribute?;
        columns.push((name, single(&value)?));
    }
    if columns.is_empty() {
        return Ok(());
    }
    let batch = RecordBatch::try_from_iter(columns).map_err(arrow)?;
    whole(&place.join(file_name(ATTRS, form)), form, &batch)
}

/// A column of the table of an axis.
struct Attribute {
    /// What the Loom file calls it.
    name: String,
    field: Field,
    /// Bytes of an entry.
    size: usize,
}

/// The attributes of an axis: a line for each gene or cell.
fn attributes(
    ds: &LoomConnection,
    axis: Axis,
    place: &Path,
    form: Form,
    memory: Memory,
    report: &mut Report,
) -> Result<()> {
    let (table, number) = table_of(axis);
    let attributes = described(ds, axis, number, report)?;
    let mut fields = vec![Field::new(number, DataType::Int64, false)];
    fields.extend(attributes.iter().map(|attribute| attribute.field.clone()));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let length = axis.of(ds.shape());
    let size = attributes
        .iter()
        .map(|attribute| attribute.size)
        .sum::<usize>();
    let lines = memory.band(3 * (size + 8), 1, length)?.min(BATCH);
    let mut file = TableFile::create(&place.join(file_name(table, form)), form, &schema)?;
    for start in (0..length).step_by(lines) {
        let end = length.min(start + lines);
        let positions = (start..end).map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(positions))];
        for Attribute { name, .. } in &attributes {
            columns.push(column(&ds.axis_attrs(axis).get_at(name, start..end)?)?);
        }
        file.write(&RecordBatch::try_new(schema.clone(), columns).map_err(arrow)?)?;
    }
    file.finish()
}

/// What columns the table of an axis has, beside the one called `number`.
fn described(
    ds: &LoomConnection,
    axis: Axis,
    number: &str,
    report: &mut Report,
) -> Result<Vec<Attribute>> {
    let attrs = ds.axis_attrs(axis);
    let mut taken = HashSet::from([number.to_owned()]);
    let mut described = Vec::new();
    let short = axis.pair("ra", "ca").0;
    for name in attrs.columns()? {
        let what = format!("{short}:{name}");
        let none = match attrs.get_at(&name, 0..0) {
            Ok(none) => none,
            Err(error @ (Error::Shape { .. } | Error::Type { .. })) => {
                report.leave_out(what, error.to_string());
                continue;
            }
            Err(Error::H5(error)) if error.is_unsupported() => {
                report.leave_out(what, error.to_string());
                continue;
            }
            Err(error) => return Err(error),
        };
        if attrs
            .dataset(&name)
            .is_ok_and(|dataset| dataset.dtype().ok() == Some(DType::F16))
        {
            report.change(what.clone(), "float16, now float32");
        }
        let mut called = name.replace('/', ".");
        if called != name {
            report.change(what.clone(), format!("a field of a compound, now {called}"));
        }
        while !taken.insert(called.clone()) {
            called.push('_');
            report.change(what.clone(), format!("its name is taken, now {called}"));
        }
        let entry = &none.shape()[1..];
        let values = entry
            .iter()
            .fold(1_usize, |product, &axis| product.saturating_mul(axis));
        described.push(Attribute {
            field: Field::new(called, data_type(none.dtype(), entry.len()), false),
            size: values.saturating_mul(none.dtype().size().unwrap_or(TEXT_BYTES)),
            name,
        });
    }
    Ok(described)
}

/// A name as a part of a path: with `%` and two digits for what separates or steers, as Hive has it.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if c.is_ascii_control() || "\"#%'*/:=?\\{[]^<>|".contains(c) {
            // A String takes everything.
            let _ = write!(escaped, "%{:02X}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    match &escaped[..] {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parts_of_paths() {
        assert_eq!(escaped("CD4+ T/NK: 50%"), "CD4+ T%2FNK%3A 50%25");
        assert_eq!(escaped("\t\u{e9}"), "%09\u{e9}");
        assert_eq!((&escaped(".")[..], &escaped("..")[..]), ("%2E", "%2E%2E"));
    }
}
