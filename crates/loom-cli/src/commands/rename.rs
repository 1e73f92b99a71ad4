//! `loom rename`: another name for an attribute, a graph or a layer.

use std::io::Write;

use super::rm::require;
use crate::{args, error::Result, open, output::Output, what::What};

/// Renames it.
pub(super) fn run(args: &args::Rename, out: &mut Output) -> Result<()> {
    let (what, to) = (&args.what, &args.name);
    if args.dry_run {
        require(&open::loom(&args.file)?, what)?;
        writeln!(out, "would rename {what} to {to}")?;
        return Ok(());
    }
    let mut ds = open::change(&args.file)?;
    require(&ds, what)?;
    match what {
        What::Layer(name) => ds.layers_mut().rename(name, to)?,
        What::Attribute(axis, name) => ds.axis_attrs_mut(*axis).rename(name, to)?,
        What::Graph(axis, name) => ds.axis_graphs_mut(*axis).rename(name, to)?,
        What::Global(name) => ds.attrs_mut().rename(name, to)?,
        What::Path(_) => {}
    }
    Ok(())
}
