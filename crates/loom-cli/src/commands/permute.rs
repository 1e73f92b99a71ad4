//! `loom permute`: rows or columns in another order.

use std::{io::Write, path::Path};

use loom_core::Axis;

use crate::{
    args::{self, Place},
    error::{Cause, Result},
    open,
    output::Output,
    progress, tables,
};

/// Brings them into the order that a file holds.
pub(super) fn run(args: &args::Permute, out: &mut Output) -> Result<()> {
    let mut order = Vec::new();
    for line in tables::lines_of(&args.order)? {
        order.push(line.parse().map_err(|_| {
            let path = args.order.display();
            Cause::asked(format!("{path}: {line:?} is no position"))
        })?);
    }
    permute(&args.file, args.axis, &order, &args.place, out)
}

/// Brings them into this order, in the file itself or in a new one.
pub(super) fn permute(
    file: &Path,
    axis: Axis,
    order: &[usize],
    place: &Place,
    out: &mut Output,
) -> Result<()> {
    let length = axis.of(open::loom(file)?.shape());
    check(axis, order, length)?;
    if let Some(output) = &place.output {
        tables::check_new(output, place.new)?;
    }
    if place.new.dry_run {
        let output = place.output.as_deref().unwrap_or(file);
        writeln!(
            out,
            "would bring {length} {axis} into another order in {}",
            output.display()
        )?;
        return Ok(());
    }
    let watch = progress::watch("moving values")?;
    match &place.output {
        None => {
            let mut ds = open::change(file)?;
            ds.watch(watch);
            Ok(ds.permute(axis, order)?)
        }
        Some(output) => {
            let mut ds = open::loom(file)?;
            ds.watch(watch);
            let all = match axis {
                Axis::Rows => ds.subset().rows(order.to_vec()),
                Axis::Cols => ds.subset().cols(order.to_vec()),
            };
            Ok(all.write(output)?)
        }
    }
}

/// Whether every position is there once.
fn check(axis: Axis, order: &[usize], length: usize) -> Result<()> {
    let refuse = |reason: String| {
        Err(Cause::asked(format!(
            "not an order of the {axis}: {reason}"
        )))
    };
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if let Some(outside) = sorted.iter().find(|&&position| position >= length) {
        return refuse(format!("there is no {outside}; there are {length}"));
    }
    let mut neighbours = sorted.iter().zip(sorted.iter().skip(1));
    if let Some((twice, _)) = neighbours.find(|(a, b)| a == b) {
        return refuse(format!("{twice} is there more than once"));
    }
    // As none is there twice, the first that is not where it should be stands behind the missing one.
    let missing = (0..length).find(|&at| sorted.get(at) != Some(&at));
    missing.map_or(Ok(()), |missing| refuse(format!("{missing} is missing")))
}
