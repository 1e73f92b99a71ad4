//! `loom combine`: files side by side.

use std::io::Write;

use loom_core::Combine;

use super::report_dropped;
use crate::{args, error::Result, open, output::Output, progress, tables};

/// Makes the file.
pub(super) fn run(args: &args::Combine, out: &mut Output) -> Result<()> {
    tables::check_new(&args.output, args.new)?;
    let rules = &args.columns;
    let mut how = Combine::new(&args.files)
        .validate(false)
        .axis(args.axis)
        .join(args.join)
        .skip_attrs(&args.skip_attrs)
        .fill(tables::fill(&rules.fill)?)
        .convert_attrs(rules.convert_attrs)
        .include_graphs(rules.include_graphs);
    if let Some(key) = &args.key {
        how = how.key(key);
    }
    if let Some(source) = &args.source {
        how = how.source(source);
    }
    if args.new.dry_run {
        for file in &args.files {
            let (rows, cols) = open::loom(file)?.shape();
            writeln!(out, "{rows} x {cols} of {}", file.display())?;
        }
        writeln!(out, "would be written to {}", args.output.display())?;
        return Ok(());
    }
    let how = how.watch(progress::watch("combining files")?);
    let combined = how.write(&args.output)?;
    report_dropped(&args.output, &combined.dropped);
    Ok(())
}
