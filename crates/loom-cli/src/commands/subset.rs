//! `loom subset`: some rows, columns and layers in a new file.

use std::io::Write;

use loom_core::{Axis, LoomConnection, Subset};

use crate::{args, chosen, error::Result, open, output::Output, progress, tables};

/// Makes the file.
pub(super) fn run(args: &args::Subset, out: &mut Output) -> Result<()> {
    tables::check_new(&args.output, args.new)?;
    let mut ds = open::loom(&args.file)?;
    let rows = chosen::positions(&ds, Axis::Rows, &args.wanted)?;
    let cols = chosen::positions(&ds, Axis::Cols, &args.wanted)?;
    if args.new.dry_run {
        let (n_rows, n_cols) = ds.shape();
        let counts = (rows.count(0, n_rows), cols.count(1, n_cols));
        let (rows, cols) = (counts.0?, counts.1?);
        writeln!(
            out,
            "would write {rows} of {n_rows} rows, {cols} of {n_cols} columns"
        )?;
        return Ok(());
    }
    ds.watch(progress::watch("copying values")?);
    Ok(wanted(&ds, &args.wanted)?.write(&args.output)?)
}

/// What is wanted of a file.
pub(super) fn wanted<'ds>(ds: &'ds LoomConnection, wanted: &args::Wanted) -> Result<Subset<'ds>> {
    let mut subset = ds
        .subset()
        .rows(chosen::positions(ds, Axis::Rows, wanted)?)
        .cols(chosen::positions(ds, Axis::Cols, wanted)?);
    if let Some(layers) = &wanted.layers {
        for layer in layers {
            open::layer(ds, layer)?;
        }
        subset = subset.layers(layers);
    }
    Ok(subset)
}
