//! `loom rm`: attributes, graphs and layers go.

use std::io::Write;

use loom_core::LoomConnection;

use crate::{
    args,
    error::{Cause, Result},
    open,
    output::Output,
    what::What,
};

/// Removes all of it in one change.
pub(super) fn run(args: &args::Rm, out: &mut Output) -> Result<()> {
    if args.dry_run {
        let ds = open::loom(&args.file)?;
        for what in &args.what {
            require(&ds, what)?;
            writeln!(out, "would remove {what}")?;
        }
        return Ok(());
    }
    let mut ds = open::change(&args.file)?;
    for what in &args.what {
        require(&ds, what)?;
    }
    ds.atomically(|ds| args.what.iter().try_for_each(|what| remove(ds, what)))?;
    Ok(())
}

fn remove(ds: &mut LoomConnection, what: &What) -> loom_core::Result<()> {
    match what {
        What::Layer(name) => ds.layers_mut().remove(name),
        What::Attribute(axis, name) => ds.axis_attrs_mut(*axis).remove(name),
        What::Graph(axis, name) => ds.axis_graphs_mut(*axis).remove(name),
        What::Global(name) => ds.attrs_mut().remove(name),
        What::Path(_) => Ok(()),
    }
}

/// Whether there is such a thing, and it has a name that can be taken away.
pub(super) fn require(ds: &LoomConnection, what: &What) -> Result<()> {
    let (found, names) = match what {
        What::Layer(name) if name.is_empty() => {
            return Err(Cause::asked("the main matrix stays, and keeps its name"));
        }
        What::Path(path) => {
            return Err(Cause::asked(format!(
                "{path} is a path: take attr:NAME, ra:NAME, ca:NAME, row-graph:NAME, \
                 col-graph:NAME or layer:NAME"
            )));
        }
        What::Layer(name) => (ds.layers().contains(name)?, ds.layers().keys()?),
        What::Attribute(axis, name) => {
            let attrs = ds.axis_attrs(*axis);
            (attrs.contains(name)?, attrs.keys()?)
        }
        What::Graph(axis, name) => {
            let graphs = ds.axis_graphs(*axis);
            (graphs.contains(name)?, graphs.keys()?)
        }
        What::Global(name) => (ds.attrs().contains(name)?, ds.attrs().keys()?),
    };
    if found {
        return Ok(());
    }
    Err(Cause::asked(format!(
        "there is no {what}{}",
        open::instead(&names)
    )))
}
