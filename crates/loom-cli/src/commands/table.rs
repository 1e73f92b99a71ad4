//! `loom cells` and `loom genes`: the attributes of an axis as a table.

use loom_core::{Axis, LoomConnection};

use crate::{
    args,
    error::{Cause, Result},
    fields::{self, Leaf},
    labels, open,
    output::Output,
    positions::Picked,
    render,
    write::{self, Columns, Table},
};

/// Writes the attributes of the positions of an axis, a line for each position.
pub(super) fn run(args: &args::Table, axis: Axis, out: &mut Output) -> Result<()> {
    let ds = open::loom(&args.file)?;
    let length = axis.of(ds.shape());
    let columns = if args.columns.is_empty() {
        all(&ds, axis, |message| {
            let file = args.file.display().to_string();
            eprintln!(
                "loom: {}: {}",
                render::escape(&file),
                render::escape(&message)
            );
        })?
    } else {
        let mut columns = Vec::new();
        for name in names(&ds, axis, &args.columns)? {
            columns.extend(named(&ds, axis, &name)?);
        }
        columns
    };
    let picked = match args.first {
        // Lines without a field would be no table.
        _ if columns.is_empty() => Picked::run(0..0),
        Some(first) => Picked::run(0..first.min(length)),
        None => Picked::new(args.select.as_ref(), length)?,
    };
    let table = Table { columns, picked };
    write::table(&table, ds.file(), args.to.format, out)
}

/// The names given, each of which may be a list with commas, unless an attribute is called so.
fn names(ds: &LoomConnection, axis: Axis, given: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for name in given {
        if ds.axis_attrs(axis).keys()?.contains(name) {
            names.push(name.clone());
        } else {
            names.extend(name.split(',').map(ToOwned::to_owned));
        }
    }
    Ok(names)
}

/// All columns, that with the names of the positions first. What cannot be a column is left out,
/// with a warning.
fn all(ds: &LoomConnection, axis: Axis, warn: impl Fn(String)) -> Result<Vec<Columns<'_>>> {
    let mut names = ds.axis_attrs(axis).keys()?;
    if let Some(label) = labels::attribute(ds, axis) {
        names.sort_by_key(|name| *name != label);
    }
    let mut columns = Vec::new();
    for name in names {
        match attribute(ds, axis, &name) {
            Ok(found) => columns.extend(found),
            Err(cause) => warn(format!("left out {name}: {cause}")),
        }
    }
    Ok(columns)
}

/// The columns of an attribute, of a field of one, or the one at a place in its entries.
pub(super) fn named<'a>(
    ds: &'a LoomConnection,
    axis: Axis,
    name: &str,
) -> Result<Vec<Columns<'a>>> {
    let known = |name: &str| match attribute_leaf(ds, axis, name) {
        Ok(leaf) => Ok(Some(leaf)),
        Err(Cause::Input(error)) if error.is_not_found() => Ok(None),
        Err(cause) => Err(cause),
    };
    let Some((leaf, rest)) = fields::longest(name, known)? else {
        let names = ds.axis_attrs(axis).keys()?;
        return Err(Cause::asked(format!(
            "no attribute of the {axis} is named {name:?}{}",
            open::instead(&names)
        )));
    };
    let (leaf, place) = leaf.descend(rest)?;
    if place.is_empty() {
        leaf.spread()?.into_iter().map(Leaf::columns).collect()
    } else {
        Ok(vec![leaf.column(place)?])
    }
}

fn attribute<'a>(ds: &'a LoomConnection, axis: Axis, name: &str) -> Result<Vec<Columns<'a>>> {
    let leaves = attribute_leaf(ds, axis, name)?.spread()?;
    leaves.into_iter().map(Leaf::columns).collect()
}

/// An attribute that has an entry for each position of its axis.
fn attribute_leaf<'a>(ds: &'a LoomConnection, axis: Axis, name: &str) -> Result<Leaf<'a>> {
    let leaf = Leaf::attribute(ds.axis_attrs(axis), name)?;
    let (shape, length) = (leaf.shape(), axis.of(ds.shape()));
    if shape.first() == Some(&length) {
        return Ok(leaf);
    }
    Err(Cause::asked(format!(
        "{name} has shape [{}], and there are {length} {axis}",
        render::shape(&shape)
    )))
}
