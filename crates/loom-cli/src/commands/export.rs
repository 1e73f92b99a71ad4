//! `loom export`: attributes and a layer as one table of text.

use loom_core::Format;

use crate::{args::Export, error::Result, open, output::Output};

/// Writes what loompy's export writes.
pub(super) fn run(args: &Export, out: &mut Output) -> Result<()> {
    let ds = open::loom(&args.file)?;
    open::layer(&ds, &args.layer)?;
    Ok(ds.export(out, &args.layer, Format::Tab)?)
}
