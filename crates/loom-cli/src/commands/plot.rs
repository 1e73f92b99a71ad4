//! `loom plot`: pictures of cells.

mod place;
mod values;

use std::{ffi::OsStr, io::Write, path::Path};

use clap::ValueEnum;
use loom_core::{Axis, LoomConnection, Stat};
use loom_plot::{Numbers, Page, Scale, Scene};

use self::{place::places, values::Values};
use crate::{
    args::{Kind, Plot},
    error::{Cause, Result},
    open,
    output::Output,
    progress, render, tables,
};

/// A form of pictures.
#[derive(Clone, Copy)]
enum Form {
    Svg,
    Png,
}

/// Draws the picture.
pub(super) fn run(args: &Plot, out: &mut Output) -> Result<()> {
    let form = form(&args.output)?;
    tables::check_new(&args.output, args.new)?;
    let mut ds = open::loom(&args.file)?;
    ds.watch(progress::watch("reading cells")?);
    if ds.shape().1 == 0 {
        return Err(Cause::asked("there is nothing to draw: it has no cells"));
    }
    let scene = match args.kind {
        Kind::Scatter => scatter(&ds, args),
        Kind::Histogram => histogram(&ds, args),
        Kind::Violin => violin(&ds, args),
        Kind::Qc => qc(&ds, args),
    }?;
    if args.new.dry_run {
        let cells = render::count(ds.shape().1, "cell", "cells");
        writeln!(out, "would draw {cells} to {}", args.output.display())?;
        return Ok(());
    }
    Ok(match form {
        Form::Svg => scene.svg(args.scale, out),
        Form::Png => scene.png(args.scale, out),
    }?)
}

/// The form that the name of the picture says.
fn form(path: &Path) -> Result<Form> {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    match extension.as_ref().and_then(|text| text.to_str()) {
        Some("svg") => Ok(Form::Svg),
        Some("png") => Ok(Form::Png),
        _ => Err(Cause::asked(format!(
            "{} ends neither in .svg nor in .png",
            path.display()
        ))),
    }
}

/// Cells by two values.
fn scatter(ds: &LoomConnection, args: &Plot) -> Result<Scene> {
    let values = Values::new(ds, args);
    let (x, y) = places(ds, args)?;
    let color = values.color(args.color.as_deref())?;
    let numbers = (values.numbers(&x)?, values.numbers(&y)?);
    let scene = loom_plot::scatter(&page(args), &numbers.0, &numbers.1, &color)?;
    if args.x.is_none() && args.embedding.is_none() {
        let message = format!("{}: drawn by {x} and {y}", args.file.display());
        eprintln!("loom: {}", render::escape(&message));
    }
    Ok(scene)
}

/// How often numbers are how large.
fn histogram(ds: &LoomConnection, args: &Plot) -> Result<Scene> {
    let values = Values::new(ds, args);
    let x = needed(args.x.as_ref(), args, "-x, the numbers")?;
    refuse(
        args,
        &[("-y", args.y.is_some()), ("--color", args.color.is_some())],
    )?;
    let numbers = values.numbers(x)?.scale(values.scale());
    Ok(loom_plot::histogram(&page(args), &numbers)?)
}

/// Numbers by category.
fn violin(ds: &LoomConnection, args: &Plot) -> Result<Scene> {
    let values = Values::new(ds, args);
    let x = needed(args.x.as_ref(), args, "-x, the categories")?;
    let y = needed(args.y.as_ref(), args, "-y, the numbers")?;
    refuse(args, &[("--color", args.color.is_some())])?;
    let by = values.categories(x)?;
    let numbers = values.numbers(y)?.scale(values.scale());
    Ok(loom_plot::violin(&page(args), &by, &numbers)?)
}

/// What tells good cells from bad.
fn qc(ds: &LoomConnection, args: &Plot) -> Result<Scene> {
    refuse(args, &[("-x", args.x.is_some()), ("-y", args.y.is_some())])?;
    let values = Values::new(ds, args);
    let color = args.color.as_ref();
    let by = color.map(|name| values.categories(name)).transpose()?;
    let layer = open::layer(ds, &args.layer)?;
    let stats = layer.stats(Axis::Cols, .., &[Stat::Sum, Stat::Nonzeros])?;
    let mut stats = stats.into_iter().map(|values| {
        let values = values.to_vec();
        let scale = match values.iter().any(|value| *value < 0.0) {
            true => Scale::Linear,
            false => Scale::Log1p,
        };
        (values, scale)
    });
    let mut next = |name: &str| {
        let (values, scale) = stats.next().unwrap_or_default();
        Numbers::new(name, values).scale(scale)
    };
    let (totals, detected) = (values.of_layer("total of a cell"), "detected genes");
    let (totals, detected) = (next(&totals), next(&values.of_layer(detected)));
    Ok(loom_plot::qc(&page(args), &totals, &detected, by)?)
}

/// What this kind of picture cannot do without.
fn needed<'a>(given: Option<&'a String>, args: &Plot, what: &str) -> Result<&'a String> {
    given.ok_or_else(|| Cause::asked(format!("--kind {} needs {what}", kind(args))))
}

/// Refuses what has no meaning for this kind of picture.
fn refuse(args: &Plot, given: &[(&str, bool)]) -> Result<()> {
    let always = [
        ("--embedding", args.embedding.is_some()),
        ("--as", args.kind_of.is_some()),
    ];
    let mut given = given.iter().chain(&always);
    match given.find(|(_, given)| *given) {
        Some((name, _)) => Err(Cause::asked(format!(
            "{name} has no meaning for --kind {}",
            kind(args)
        ))),
        None => Ok(()),
    }
}

/// The name of the kind of picture.
fn kind(args: &Plot) -> String {
    let value = args.kind.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

fn page(args: &Plot) -> Page {
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let title = args.title.clone().unwrap_or_else(|| name.into_owned());
    Page {
        size: args.size,
        ..Page::new(title)
    }
}
