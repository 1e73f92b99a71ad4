//! `loom split`: a file for each value of an attribute.

use std::{collections::BTreeSet, io::Write, path::PathBuf};

use super::subset::wanted;
use crate::{
    args,
    error::{Cause, Result},
    open,
    output::Output,
    progress, render, tables,
};

/// Makes the files, and says which.
pub(super) fn run(args: &args::Split, out: &mut Output) -> Result<()> {
    let pattern = match &args.output {
        Some(pattern) if pattern.contains("{}") => pattern.clone(),
        Some(_) => return Err(Cause::asked("-o needs a {} where the value goes")),
        None => args
            .file
            .with_extension("{}.loom")
            .to_string_lossy()
            .into_owned(),
    };
    let path = |value: &str| {
        let value: String = value
            .chars()
            .map(|c| {
                if c.is_control() || "/\\".contains(c) {
                    '_'
                } else {
                    c
                }
            })
            .collect();
        PathBuf::from(pattern.replace("{}", &value))
    };
    let mut ds = open::loom(&args.file)?;
    let attrs = ds.axis_attrs(args.axis);
    let values = match attrs.get_any(&args.by) {
        Err(error) if error.is_not_found() => {
            let others = open::instead(&attrs.keys()?);
            return Err(Cause::asked(format!("{error}{others}")));
        }
        other => other?,
    };
    let values: BTreeSet<String> = tables::texts(&values).into_iter().collect();
    for value in &values {
        let path = path(value);
        tables::check_new(&path, args.new)
            .map_err(|cause| Cause::asked(format!("{}: {cause}", path.display())))?;
    }
    if args.new.dry_run {
        for value in &values {
            writeln!(
                out,
                "would write {}",
                render::escape(&path(value).to_string_lossy())
            )?;
        }
        return Ok(());
    }
    ds.watch(progress::watch("copying values")?);
    for part in wanted(&ds, &args.wanted)?.split(args.axis, &args.by, path)? {
        let path = part.path.to_string_lossy().into_owned();
        writeln!(out, "{}\t{}", render::escape(&path), part.len)?;
    }
    Ok(())
}
