//! `loom aggregate`: one column for each group of columns.

use std::io::Write;

use loom_core::Aggregate;

use crate::{args, error::Result, open, output::Output, progress, tables};

/// Makes the file.
pub(super) fn run(args: &args::Aggregate, out: &mut Output) -> Result<()> {
    tables::check_new(&args.output, args.new)?;
    let mut ds = open::loom(&args.file)?;
    open::layer(&ds, &args.layer)?;
    let by = &args.by;
    let mut how = match &by[..] {
        [one] => Aggregate::by(one.as_str()),
        several => Aggregate::by(several.to_vec()),
    };
    how = how
        .function(args.fun)
        .layer(&args.layer)
        .columns_if_equal(args.keep_equal);
    for (name, function) in &args.attrs {
        how = how.column(name, *function);
    }
    if args.new.dry_run {
        let (by, output) = (by.join(", "), args.output.display());
        writeln!(out, "would write the {} of each {by} to {output}", args.fun)?;
        return Ok(());
    }
    ds.watch(progress::watch("aggregating columns")?);
    Ok(ds.aggregate_into(&args.output, &how)?)
}
