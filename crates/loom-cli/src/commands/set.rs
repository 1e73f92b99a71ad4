//! `loom set`: an attribute, a graph or a layer.

use std::{io::Write, path::Path};

use loom_core::{
    Array, Axis, Coo, LoomConnection,
    h5lite::{Number, with_array},
    import::Table,
};
use ndarray::{ArrayD, IxDyn};

use crate::{
    args::{self, Settable},
    error::{Cause, Result},
    open,
    output::Output,
    progress, tables,
    what::What,
};

/// What is to be written, all at once.
enum Change {
    Attributes(Axis, Vec<(String, Array)>),
    Global(String, Array),
    Graph(Axis, String, Coo<f64>),
    Zeros(String, loom_core::DType),
    Layer(String, loom_core::import::MatrixFile),
}

/// Sets it.
pub(super) fn run(args: &args::Set, out: &mut Output) -> Result<()> {
    let mut ds = match args.dry_run {
        true => open::loom(&args.file)?,
        false => open::change(&args.file)?,
    };
    let change = change(&ds, args)?;
    if args.dry_run {
        writeln!(out, "would set {}", change.names())?;
        return Ok(());
    }
    match change {
        Change::Global(name, value) => ds.attrs_mut().insert(&name, value)?,
        Change::Graph(axis, name, graph) => ds.axis_graphs_mut(axis).insert(&name, &graph)?,
        Change::Zeros(name, dtype) => ds.layers_mut().insert(&name, dtype)?,
        Change::Attributes(axis, all) => ds.atomically(|ds| {
            let mut attrs = ds.axis_attrs_mut(axis);
            (all.into_iter()).try_for_each(|(name, values)| attrs.insert(&name, values))
        })?,
        Change::Layer(name, matrix) => {
            let mut steps = progress::watch("writing columns")?.begin(matrix.shape().1 as u64)?;
            let batches = matrix.batches().map(|batch| {
                let batch = batch?;
                steps.advance(batch.shape().map_or(0, |shape| shape.1 as u64))?;
                Ok(batch)
            });
            let mut layers = ds.layers_mut();
            layers.insert_columns(&name, matrix.dtype(), batches)?;
        }
    }
    Ok(())
}

/// What the arguments ask for.
fn change(ds: &LoomConnection, args: &args::Set) -> Result<Change> {
    let from = args.from.as_deref();
    match (&args.what, &args.value, from) {
        (Settable::Axis(axis), None, Some(from)) => {
            if args.column.is_some() {
                let reason = "--column goes with one attribute, such as ca:NAME";
                return Err(Cause::asked(reason));
            }
            let (table, lines) = table(ds, *axis, from, args)?;
            let wanted = table
                .iter()
                .filter(|(name, _)| Some(*name) != args.key.as_deref());
            let all = wanted.map(|(name, values)| Ok((name.to_owned(), values.take(&lines)?)));
            Ok(Change::Attributes(*axis, all.collect::<Result<_>>()?))
        }
        (Settable::One(What::Attribute(axis, name)), None, Some(from)) => {
            let (table, lines) = table(ds, *axis, from, args)?;
            let values = column(&table, args.column.as_deref().unwrap_or(name))?;
            let values = values.take(&lines)?;
            Ok(Change::Attributes(*axis, vec![(name.clone(), values)]))
        }
        (Settable::One(What::Attribute(axis, name)), Some(text), None) => {
            let length = axis.of(ds.shape());
            let value = tables::value(text, args.text);
            let bytes = size_of::<String>() + text.len();
            ds.file()
                .afford("the values, in bytes,", &[length], bytes)?;
            let values = with_array!(value, value => {
                let value = value.into_iter().next().unwrap_or_default();
                ArrayD::from_elem(IxDyn(&[length]), value).into()
            });
            Ok(Change::Attributes(*axis, vec![(name.clone(), values)]))
        }
        (Settable::One(What::Global(name)), Some(text), None) => {
            Ok(Change::Global(name.clone(), tables::value(text, args.text)))
        }
        (Settable::One(What::Global(name)), None, Some(from)) => {
            let table = tables::table(from, args.names.as_deref())?;
            let values = column(&table, args.column.as_deref().unwrap_or(name))?;
            Ok(Change::Global(name.clone(), values.clone()))
        }
        (Settable::One(What::Graph(axis, name)), None, Some(from)) => {
            let table = tables::table(from, args.names.as_deref())?;
            let graph = graph(&table, axis.of(ds.shape()))?;
            Ok(Change::Graph(*axis, name.clone(), graph))
        }
        (Settable::One(What::Layer(name)), None, Some(from)) => {
            let read = tables::matrices(&args.matrices, &args.file);
            Ok(Change::Layer(name.clone(), read.open(from)?))
        }
        (Settable::One(What::Layer(name)), None, None) if args.zeros.is_some() => Ok(
            Change::Zeros(name.clone(), args.zeros.unwrap_or(loom_core::DType::F32)),
        ),
        (Settable::One(What::Path(_)), ..) => Err(Cause::asked(
            "what is to be set has no path: take attr:NAME, ra:NAME, ca:NAME, row-graph:NAME, \
             col-graph:NAME, layer:NAME or matrix",
        )),
        (Settable::One(what @ What::Layer(_)), ..) => Err(Cause::asked(format!(
            "{what} needs --from FILE or --zeros TYPE"
        ))),
        (Settable::One(what @ (What::Global(_) | What::Attribute(..))), ..) => Err(Cause::asked(
            format!("{what} needs a value, or --from FILE"),
        )),
        (Settable::One(_) | Settable::Axis(_), ..) => {
            Err(Cause::asked("it comes from a table: --from FILE"))
        }
    }
}

impl Change {
    fn names(&self) -> String {
        match self {
            Self::Global(name, _) => What::Global(name.clone()).to_string(),
            Self::Graph(axis, name, _) => What::Graph(*axis, name.clone()).to_string(),
            Self::Zeros(name, _) | Self::Layer(name, _) => What::Layer(name.clone()).to_string(),
            Self::Attributes(axis, all) => {
                let name =
                    |(name, _): &(String, Array)| What::Attribute(*axis, name.clone()).to_string();
                all.iter().map(name).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// A table of the attributes of an axis, and which of its lines belong to which position.
fn table(
    ds: &LoomConnection,
    axis: Axis,
    from: &Path,
    args: &args::Set,
) -> Result<(Table, Vec<usize>)> {
    let table = tables::table(from, args.names.as_deref())?;
    let lines = tables::lines(ds, axis, &table, args.key.as_deref())?;
    Ok((table, lines))
}

fn column<'t>(table: &'t Table, name: &str) -> Result<&'t Array> {
    table.get(name).ok_or_else(|| {
        let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
        let others = open::instead(&names);
        Cause::asked(format!("the table has no column {name:?}{others}"))
    })
}

/// A graph from the columns `a`, `b` and `w`; without weights, all are 1.
fn graph(table: &Table, vertices: usize) -> Result<Coo<f64>> {
    let ends = |name: &str| -> Result<Vec<u32>> {
        let wrong = || Cause::asked(format!("column {name} holds no numbers of vertices"));
        let Array::I64(ends) = column(table, name)? else {
            return Err(wrong());
        };
        let ends = ends.iter().map(|&end| u32::try_from(end));
        ends.collect::<Result<_, _>>().map_err(|_| wrong())
    };
    let weights = match table.get("w") {
        None => vec![1.0; table.len()],
        Some(Array::F64(weights)) => weights.iter().copied().collect(),
        Some(Array::I64(weights)) => weights.iter().map(|weight| weight.to_f64()).collect(),
        Some(_) => return Err(Cause::asked("column w holds no numbers")),
    };
    Ok(Coo::new(
        (vertices, vertices),
        ends("a")?,
        ends("b")?,
        weights,
    )?)
}
