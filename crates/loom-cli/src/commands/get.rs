//! `loom get`: values of anything in a file.

use loom_core::{
    Array, Axis, LoomConnection, Selection,
    h5lite::{Attribute, File, Object},
};

use crate::{
    args::Get,
    error::{Cause, Result},
    fields::{self, Leaf},
    labels, open,
    output::Output,
    positions::{Bands, Picked, Positions},
    what::What,
    write::{self, Block, Labels, Table, band_size},
};

/// What the name of a row counts as beside its values: so many more of them.
const LABEL: usize = 64;

/// Writes what was asked for.
pub(super) fn run(args: &Get, out: &mut Output) -> Result<()> {
    if args.labels && !matches!(args.what, What::Layer(_)) {
        return Err(Cause::asked("--labels goes with a layer only"));
    }
    match &args.what {
        What::Layer(name) => layer(&open::loom(&args.file)?, name, args, out),
        What::Attribute(axis, name) => attribute(&open::loom(&args.file)?, *axis, name, args, out),
        What::Graph(axis, name) => graph(&open::loom(&args.file)?, *axis, name, args, out),
        What::Global(name) => {
            let ds = open::loom(&args.file)?;
            let value = match ds.attrs().get_any(name) {
                Err(error) if error.is_not_found() => {
                    let names = ds.attrs().keys()?;
                    return Err(Cause::asked(format!("{error}{}", open::instead(&names))));
                }
                other => other?,
            };
            in_memory(ds.file(), &value, args, out)
        }
        What::Path(path) => object(&open::hdf5(&args.file)?, path, args, out),
    }
}

/// A block of a layer.
fn layer(ds: &LoomConnection, name: &str, args: &Get, out: &mut Output) -> Result<()> {
    let layer = open::layer(ds, name)?;
    let (n_rows, n_cols) = layer.shape();
    let rows = Picked::new(args.rows.as_ref(), n_rows)?;
    let cols = Picked::new(args.cols.as_ref(), n_cols)?;
    let names = if args.labels {
        if layer.shape() != ds.shape() {
            return Err(Cause::asked(
                "the layer's shape is not that of the matrix, so no labels fit",
            ));
        }
        let [of_rows, of_cols] = Axis::BOTH.map(|axis| labels::attribute(ds, axis));
        let mut header = vec![of_rows.clone().unwrap_or_default()];
        header.extend(labels::read(ds, Axis::Cols, of_cols.as_deref(), &cols)?);
        let rows = &rows;
        Some(Labels {
            header,
            rows: Box::new(move |band| {
                labels::read(ds, Axis::Rows, of_rows.as_deref(), &rows.within(band))
            }),
        })
    } else {
        None
    };
    let chunk = layer
        .dataset()
        .chunk_shape()
        .and_then(|chunk| chunk.first().copied());
    let selected = cols.all();
    let named = if args.labels { LABEL } else { 0 };
    let size = band_size(chunk.unwrap_or(1), cols.len() + named, layer.dtype());
    let block = Block {
        shape: vec![rows.len(), cols.len()],
        dtype: layer.dtype(),
        bands: rows.bands(size),
        read: Box::new(|band| Ok(layer.read_any(rows.part(band), selected.clone())?)),
        labels: names,
    };
    write::block(&block, ds.file(), args.to.format, out)
}

/// A row or column attribute, or a field of one, at the positions asked for.
fn attribute(
    ds: &LoomConnection,
    axis: Axis,
    name: &str,
    args: &Get,
    out: &mut Output,
) -> Result<()> {
    let attrs = ds.axis_attrs(axis);
    let known = |name: &str| match Leaf::attribute(attrs, name) {
        Ok(leaf) => Ok(Some(leaf)),
        Err(Cause::Input(error)) if error.is_not_found() => Ok(None),
        Err(cause) => Err(cause),
    };
    let Some((leaf, rest)) = fields::longest(name, known)? else {
        return Err(Cause::asked(format!(
            "no attribute of the {axis} is named {name:?}{}",
            open::instead(&attrs.keys()?)
        )));
    };
    let (along, across) = axis.pair(args.rows.as_ref(), args.cols.as_ref());
    if across.is_some() {
        let (option, instead) = axis.pair("--cols", "--rows");
        return Err(Cause::asked(format!(
            "{option} says nothing about an attribute of the {axis}; take {instead}"
        )));
    }
    values(ds.file(), field(leaf, rest)?, [along, None], args, out)
}

/// The edges of a graph, as they are stored.
fn graph(ds: &LoomConnection, axis: Axis, name: &str, args: &Get, out: &mut Output) -> Result<()> {
    no_selection(args, "a graph")?;
    let graphs = ds.axis_graphs(axis);
    if !graphs.contains(name)? {
        return Err(Cause::asked(format!(
            "no graph of the {axis} is named {name:?}{}",
            open::instead(&graphs.keys()?)
        )));
    }
    let mut columns = Vec::new();
    let mut lengths = Vec::new();
    for member in ["a", "b", "w"] {
        let leaf = Leaf::dataset(member, open::graph_member(ds, axis, name, member)?);
        lengths.push(leaf.shape());
        columns.push(leaf.columns()?);
    }
    match &lengths[..] {
        [a, b, w] if a.len() == 1 && a == b && b == w => {
            let picked = Picked::run(0..a.iter().sum());
            let table = Table { columns, picked };
            write::table(&table, ds.file(), args.to.format, out)
        }
        _ => Err(Cause::asked(format!(
            "graph {name:?} is broken: its a, b and w have shapes {lengths:?}"
        ))),
    }
}

/// Whatever has this path.
fn object(file: &File, path: &str, args: &Get, out: &mut Output) -> Result<()> {
    let known = |path: &str| match file.object(path) {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    };
    match fields::longest(path, known)? {
        Some((Object::Dataset(dataset), rest)) => {
            let name = dataset.path().rsplit('/').next().unwrap_or_default();
            let leaf = field(Leaf::dataset(name, dataset.clone()), rest)?;
            values(
                file,
                leaf,
                [args.rows.as_ref(), args.cols.as_ref()],
                args,
                out,
            )
        }
        Some((Object::Group(_), "")) => Err(Cause::asked(format!(
            "{path} is a group; `loom ls` shows what is in it"
        ))),
        Some((Object::Datatype(_), "")) => {
            Err(Cause::asked(format!("{path} is a type, and has no values")))
        }
        _ => match hdf5_attribute(file, path)? {
            Some(attribute) => in_memory(file, &attribute.read_any()?, args, out),
            None => Err(Cause::asked(format!("there is no {path}"))),
        },
    }
}

/// The attribute `PATH@NAME`, or the field `PATH@NAME.FIELD` of one.
fn hdf5_attribute<'f>(file: &'f File, path: &str) -> Result<Option<Attribute<'f>>> {
    for (at, _) in path.match_indices('@') {
        let (object, name) = (path.get(..at), path.get(at + 1..));
        let (Some(object), Some(name)) = (object, name) else {
            continue;
        };
        let object = match file.object(object) {
            Err(error) if error.is_not_found() => continue,
            other => other?,
        };
        let known = |name: &str| match object.attribute(name) {
            Ok(attribute) => Ok(Some(attribute)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        };
        match fields::longest(name, known)? {
            Some((attribute, "")) => return Ok(Some(attribute)),
            Some((attribute, field)) => return Ok(Some(attribute.field(field)?)),
            None => {}
        }
    }
    Ok(None)
}

/// The field of a leaf, or the leaf itself.
fn field<'a>(leaf: Leaf<'a>, path: &str) -> Result<Leaf<'a>> {
    match leaf.descend(path)? {
        (leaf, "") => Ok(leaf),
        (leaf, rest) => Err(Cause::asked(format!(
            "{} has no fields, so no {rest:?}",
            leaf.name
        ))),
    }
}

/// Values of a dataset, its first two axes cut to what was asked for; a compound as a table.
fn values(
    file: &File,
    leaf: Leaf<'_>,
    asked: [Option<&Positions>; 2],
    args: &Get,
    out: &mut Output,
) -> Result<()> {
    let mut shape = leaf.shape();
    for (axis, positions) in asked.iter().enumerate() {
        if positions.is_some() && leaf.axes() <= axis {
            return Err(Cause::asked(format!(
                "{} has {} axes, too few for this selection",
                leaf.name,
                leaf.axes()
            )));
        }
    }
    let Some(&length) = shape.first() else {
        if leaf.is_compound() {
            return Err(Cause::asked(format!(
                "{} is a single compound; name one of its fields after a dot",
                leaf.name
            )));
        }
        return in_memory(file, &leaf.read(Vec::new())?, args, out);
    };
    let picked = Picked::new(asked[0], length)?;
    if leaf.is_compound() {
        if asked[1].is_some() || shape.len() > 1 {
            return Err(Cause::asked(format!(
                "{} is a compound with {} axes; name one of its fields after a dot",
                leaf.name,
                shape.len()
            )));
        }
        let columns = (leaf.spread()?.into_iter().map(Leaf::columns)).collect::<Result<_>>()?;
        let table = Table { columns, picked };
        return write::table(&table, file, args.to.format, out);
    }
    shape[0] = picked.len();
    let mut rest = Vec::new();
    if let (Some(positions), Some(length)) = (asked[1], shape.get_mut(1)) {
        let second = positions.resolve(*length)?;
        *length = second.len();
        rest.push(second.all());
    }
    let dtype = leaf.dtype()?;
    let per_position =
        (shape.iter().skip(1)).fold(1_usize, |product, &n| product.saturating_mul(n));
    let block = Block {
        bands: picked.bands(band_size(leaf.chunk(), per_position, dtype)),
        shape,
        dtype,
        read: Box::new(|band| {
            let mut selections: Vec<Selection> = vec![picked.part(band)];
            selections.extend_from_slice(&rest);
            leaf.read(selections)
        }),
        labels: None,
    };
    write::block(&block, file, args.to.format, out)
}

/// Values that have been read already.
fn in_memory(file: &File, values: &Array, args: &Get, out: &mut Output) -> Result<()> {
    no_selection(args, "an attribute of the file or of an object")?;
    let length = values.shape().first().copied().unwrap_or(1);
    let block = Block {
        shape: values.shape().to_vec(),
        dtype: values.dtype(),
        bands: Bands::one(length),
        read: Box::new(|_| Ok(values.clone())),
        labels: None,
    };
    write::block(&block, file, args.to.format, out)
}

fn no_selection(args: &Get, what: &str) -> Result<()> {
    if args.rows.is_some() || args.cols.is_some() {
        return Err(Cause::asked(format!(
            "--rows and --cols say nothing about {what}, which is printed whole"
        )));
    }
    Ok(())
}
