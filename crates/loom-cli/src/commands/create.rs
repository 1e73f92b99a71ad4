//! `loom create`: a Loom file from a matrix and tables.

use std::{io::Write, path::Path};

use loom_convert::Import;
use loom_core::{
    Array, Axis, LoomView, SpecVersion,
    import::{MatrixFile, Table},
};

use crate::{
    args,
    error::{Cause, Result},
    output::Output,
    progress, tables,
};

/// Makes the file.
pub(super) fn run(args: &args::Create, out: &mut Output) -> Result<()> {
    let spec = version(&args.spec)?;
    tables::check_new(&args.out, args.new)?;
    let read = tables::matrices(&args.matrices, &args.out);
    let mut layers = vec![(String::new(), read.open(&args.matrix)?)];
    let shape = layers[0].1.shape();
    for (name, path) in &args.layers {
        if layers.iter().any(|(known, _)| known == name) {
            let reason = format!("--layer {name}: there is such a layer already");
            return Err(Cause::asked(reason));
        }
        let layer = read.open(path)?;
        if layer.shape() != shape {
            return Err(Cause::asked(format!(
                "{path} is of {} x {}, and the main matrix of {} x {}",
                layer.shape().0,
                layer.shape().1,
                shape.0,
                shape.1
            )));
        }
        layers.push((name.clone(), layer));
    }
    let main = &layers[0].1;
    let ra = attributes(
        args.row_attrs.as_deref(),
        args.row_names.as_deref(),
        (Axis::Rows, main),
    )?;
    let ca = attributes(
        args.col_attrs.as_deref(),
        args.col_names.as_deref(),
        (Axis::Cols, main),
    )?;
    let attrs = (args.attrs.iter()).map(|(name, text)| (name.clone(), text.as_str().into()));
    let rest = LoomView {
        ra: ra.into_iter().collect(),
        attrs: attrs.collect(),
        ..LoomView::default()
    };
    if args.new.dry_run {
        let what = format!("would write {} x {} as {}", shape.0, shape.1, main.dtype());
        writeln!(out, "{what}, {} layers", layers.len())?;
        return Ok(());
    }
    let watch = progress::watch("writing columns")?;
    Import::of_parts(layers, rest, ca.into_iter().collect()).write(&args.out, spec, &watch)?;
    Ok(())
}

/// A version of the specification that files are written by.
pub(super) fn version(text: &str) -> Result<SpecVersion> {
    match text {
        "3.0.0" | "2.0.1" => Ok(text.parse()?),
        other => Err(Cause::asked(format!(
            "{other:?} is not a version that is written; there are 3.0.0 and 2.0.1"
        ))),
    }
}

/// The attributes of an axis: those of a table, and the names that come with the matrix.
fn attributes(
    path: Option<&Path>,
    names: Option<&[String]>,
    (axis, matrix): (Axis, &MatrixFile),
) -> Result<Vec<(String, Array)>> {
    let length = axis.of(matrix.shape());
    let (usual, own) = match axis {
        Axis::Rows => ("Gene", matrix.row_names()),
        Axis::Cols => ("CellID", matrix.col_names()),
    };
    let table = match path {
        Some(path) => tables::table(path, names)?,
        None => Table::default(),
    };
    if let Some(path) = path.filter(|_| table.len() != length) {
        return Err(Cause::asked(format!(
            "{} has {} lines, and the matrix {length} {axis}",
            path.display(),
            table.len()
        )));
    }
    let mut all: Vec<(String, Array)> = (table.iter())
        .map(|(name, values)| (name.to_owned(), values.clone()))
        .collect();
    if let Some(own) = own.filter(|_| table.get(usual).is_none()) {
        all.push((usual.to_owned(), own.to_vec().into()));
    }
    Ok(all)
}
