//! `loom append`: the columns of another file.

use std::io::Write;

use loom_core::AddLoom;

use super::report_dropped;
use crate::{args, error::Result, open, output::Output, progress, tables};

/// Appends them in one change.
pub(super) fn run(args: &args::Append, out: &mut Output) -> Result<()> {
    let rules = &args.columns;
    let mut how = AddLoom::new()
        .validate(false)
        .fill(tables::fill(&rules.fill)?)
        .convert_attrs(rules.convert_attrs)
        .include_graphs(rules.include_graphs);
    if let Some(key) = &args.key {
        how = how.key(key);
    }
    if args.dry_run {
        let (ds, other) = (open::loom(&args.file)?, open::loom(&args.other)?);
        let (before, more) = (ds.shape().1, other.shape().1);
        writeln!(out, "would append {more} columns to {before}")?;
        return Ok(());
    }
    let mut ds = open::change(&args.file)?;
    ds.watch(progress::watch("appending columns")?);
    let dropped = ds.add_loom(&args.other, &how)?;
    report_dropped(&args.file, &dropped);
    Ok(())
}
