//! `loom stats`: what the values of every cell or gene sum up to.

use std::{collections::HashSet, path::Path};

use loom_core::{Array, Axis, Categories, LoomConnection, Selection, Summary, h5lite::File};
use ndarray::Array1;

use crate::{
    args,
    error::{Cause, Result},
    labels, open,
    output::Output,
    positions::Picked,
    render, tables,
    write::{self, Columns, Table},
};

/// A column of the result.
type Column = (String, Array);

/// Prints the sums, or stores them.
pub(super) fn run(args: &args::Stats, out: &mut Output) -> Result<()> {
    let mut ds = match args.store {
        true => open::change(&args.file)?,
        false => open::loom(&args.file)?,
    };
    let shares = shares(&ds, args)?;
    if args.store {
        let names = names(args, shares.iter().map(|(name, _)| name.as_str()));
        check_free(&ds, args, &names)?;
        let columns = columns(&sums(&ds, args, shares)?, args);
        return Ok(ds.atomically(|ds| {
            let mut attrs = ds.axis_attrs_mut(args.axis);
            (columns.into_iter()).try_for_each(|(name, values)| attrs.insert(&name, values))
        })?);
    }
    let table = match &args.by {
        None => {
            let mut lines = vec![named(&ds, args.axis)?];
            lines.extend(columns(&sums(&ds, args, shares)?, args));
            lines
        }
        Some((axis, name)) => {
            let categories = categories(&ds, *axis, name)?;
            match *axis == args.axis {
                true => together(&categories, name, sums(&ds, args, shares)?, args),
                false if shares.is_empty() => each(&ds, &categories, name, args)?,
                false => {
                    let reason = "shares go with categories of cells, not of genes";
                    return Err(Cause::asked(reason));
                }
            }
        }
    };
    print(ds.file(), table, args, out)
}

/// What was summed up for each row or column: all values, and those of each share.
struct Sums {
    all: Vec<Summary>,
    shares: Vec<(String, Vec<Summary>)>,
}

fn sums(
    ds: &LoomConnection,
    args: &args::Stats,
    shares: Vec<(String, Vec<usize>)>,
) -> Result<Sums> {
    let (names, chosen): (Vec<String>, Vec<Vec<usize>>) = shares.into_iter().unzip();
    let mut across = vec![Selection::All];
    across.extend(chosen.into_iter().map(Selection::from));
    let mut summaries = open::layer(ds, &args.layer)?.summaries(args.axis, &across)?;
    let shares = names.into_iter().zip(summaries.drain(1..)).collect();
    let all = summaries.pop().unwrap_or_default();
    Ok(Sums { all, shares })
}

/// A line for each category of the axis itself.
fn together(categories: &Categories, name: &str, sums: Sums, args: &args::Stats) -> Vec<Column> {
    let count = |members: &[usize]| i64::try_from(members.len()).unwrap_or(i64::MAX);
    let counts: Vec<i64> = categories.members().map(count).collect();
    let pooled = |of_each: Vec<Summary>| -> Vec<Summary> {
        let sum = |members: &[usize]| {
            (members.iter()).fold(Summary::default(), |sum, &at| sum.with(&of_each[at]))
        };
        categories.members().map(sum).collect()
    };
    let shares = sums.shares.into_iter();
    let sums = Sums {
        all: pooled(sums.all),
        shares: shares
            .map(|(name, chosen)| (name, pooled(chosen)))
            .collect(),
    };
    let mut lines = vec![
        (name.to_owned(), categories.values().clone()),
        ("Count".to_owned(), counts.into()),
    ];
    lines.extend(columns(&sums, args));
    lines
}

/// A line for each row or column and each category of the other axis.
fn each(
    ds: &LoomConnection,
    categories: &Categories,
    name: &str,
    args: &args::Stats,
) -> Result<Vec<Column>> {
    let across: Vec<Selection> = categories.members().map(Selection::from).collect();
    let summaries = open::layer(ds, &args.layer)?.summaries(args.axis, &across)?;
    let (label, labels) = named(ds, args.axis)?;
    let (mut lanes, mut parts, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for lane in 0..labels.len() {
        for (part, summaries) in summaries.iter().enumerate() {
            lanes.push(lane);
            parts.push(part);
            all.push(summaries[lane]);
        }
    }
    let mut lines = vec![
        (label, labels.take(&lanes)?),
        (name.to_owned(), categories.values().take(&parts)?),
    ];
    let shares = Vec::new();
    lines.extend(columns(&Sums { all, shares }, args));
    Ok(lines)
}

/// The columns, under the names they would be stored by.
fn columns(sums: &Sums, args: &args::Stats) -> Vec<Column> {
    let float = |value: fn(&Summary) -> f64| -> Array {
        (sums.all.iter().map(value)).collect::<Array1<f64>>().into()
    };
    let detected = |sum: &Summary| i64::try_from(sum.detected).unwrap_or(i64::MAX);
    let mut values = vec![
        float(|sum| sum.total),
        sums.all
            .iter()
            .map(detected)
            .collect::<Array1<i64>>()
            .into(),
        float(Summary::mean),
        float(Summary::variance),
    ];
    for (_, chosen) in &sums.shares {
        let pairs = chosen.iter().zip(&sums.all);
        let shares: Array1<f64> = pairs.map(|(part, all)| part.total / all.total).collect();
        values.push(shares.into());
    }
    let names = names(args, sums.shares.iter().map(|(name, _)| name.as_str()));
    names.into_iter().zip(values).collect()
}

fn names<'a>(args: &args::Stats, shares: impl Iterator<Item = &'a str>) -> Vec<String> {
    let shares = shares.map(|name| format!("Share_{name}"));
    let names = ["Total", "Detected", "Mean", "Variance"].map(ToOwned::to_owned);
    let of_layer = |name| match &args.layer[..] {
        "" => name,
        layer => format!("{name}_{layer}"),
    };
    names.into_iter().chain(shares).map(of_layer).collect()
}

/// The names of all rows or columns, and what they are called: their positions where nothing names
/// them.
fn named(ds: &LoomConnection, axis: Axis) -> Result<Column> {
    let attribute = labels::attribute(ds, axis);
    if let Some(name) = attribute {
        let values = ds.axis_attrs(axis).get_at(&name, ..)?;
        return Ok((name, values));
    }
    let length = axis.of(ds.shape());
    ds.file()
        .afford("positions, in bytes,", &[length], size_of::<i64>())?;
    let positions: Vec<i64> = (0..).take(length).collect();
    Ok(("Position".to_owned(), positions.into()))
}

fn categories(ds: &LoomConnection, axis: Axis, name: &str) -> Result<Categories> {
    let attrs = ds.axis_attrs(axis);
    match attrs.categories(name) {
        Err(error) if error.is_not_found() => {
            let others = open::instead(&attrs.keys()?);
            Err(Cause::asked(format!("{error}{others}")))
        }
        other => Ok(other?),
    }
}

/// The genes of each share, by what it is called.
fn shares(ds: &LoomConnection, args: &args::Stats) -> Result<Vec<(String, Vec<usize>)>> {
    if args.prefix.is_empty() && args.genes.is_empty() {
        return Ok(Vec::new());
    }
    if args.axis == Axis::Rows {
        return Err(Cause::asked(
            "shares are those of cells, and this is --axis 0",
        ));
    }
    let attrs = ds.axis_attrs(Axis::Rows);
    let genes: Vec<String> = match attrs.get_at(&args.gene_attr, ..) {
        Ok(values) if values.ndim() == 1 => tables::texts(&values),
        Ok(_) => {
            let reason = format!(
                "row attribute {:?} has several values a gene",
                args.gene_attr
            );
            return Err(Cause::asked(reason));
        }
        Err(error) if error.is_not_found() => {
            let others = open::instead(&attrs.keys()?);
            return Err(Cause::asked(format!(
                "{error}{others}; --gene-attr chooses"
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let chosen = |is_one: &dyn Fn(&String) -> bool| -> Vec<usize> {
        let genes = genes.iter().enumerate();
        genes
            .filter(|(_, gene)| is_one(gene))
            .map(|(at, _)| at)
            .collect()
    };
    let mut shares = Vec::new();
    for prefix in &args.prefix {
        let begins = |gene: &String| {
            (gene.get(..prefix.len())).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        shares.push((prefix.clone(), chosen(&begins)));
    }
    for path in &args.genes {
        let list: HashSet<String> = tables::lines_of(path)?.into_iter().collect();
        let positions = chosen(&|gene| list.contains(gene));
        let found: HashSet<&String> = positions.iter().map(|&at| &genes[at]).collect();
        if !found.is_empty() && found.len() < list.len() {
            let missing = list.len() - found.len();
            warn(&args.file, &format!("{missing} of {}", path.display()));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        shares.push((name.into_owned(), positions));
    }
    let mut taken = HashSet::new();
    for (name, positions) in &shares {
        if !taken.insert(name) {
            let reason = format!("two shares would be called {name:?}");
            return Err(Cause::asked(reason));
        }
        if positions.is_empty() {
            warn(&args.file, &format!("any of {name:?}"));
        }
    }
    Ok(shares)
}

/// Says which genes are not there, which may be a slip in their names.
fn warn(file: &Path, what: &str) {
    let message = format!("{}: no gene is called as {what}", file.display());
    eprintln!("loom: {}", render::escape(&message));
}

/// Refuses to replace attributes, unless that is wanted.
fn check_free(ds: &LoomConnection, args: &args::Stats, names: &[String]) -> Result<()> {
    if args.force {
        return Ok(());
    }
    let there = ds.axis_attrs(args.axis).keys()?;
    match names.iter().find(|name| there.contains(name)) {
        Some(name) => Err(Cause::asked(format!(
            "an attribute of the {} is named {name:?} already; --force replaces it",
            args.axis
        ))),
        None => Ok(()),
    }
}

fn print(file: &File, columns: Vec<Column>, args: &args::Stats, out: &mut Output) -> Result<()> {
    let length = columns.first().map_or(0, |(_, values)| values.len());
    let columns = (columns.into_iter())
        .map(|(name, values)| Columns {
            names: vec![name],
            dtype: values.dtype(),
            read: Box::new(move |selection| Ok(values.take(&selection.positions(0, length)?)?)),
        })
        .collect();
    let picked = Picked::run(0..length);
    write::table(&Table { columns, picked }, file, args.to.format, out)
}
