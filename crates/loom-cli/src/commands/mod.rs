//! One file a command: a function of its arguments and of what it writes to.

pub(crate) mod get;

mod digest;
mod export;
mod head;
mod info;
mod ls;
mod repack;
mod table;
mod validate;

use loom_core::Axis;

use crate::{
    Status,
    args::Command,
    error::{Error, Result},
    output::Output,
};

/// Runs a command on the standard output stream, or the file it was told to write.
pub(crate) fn run(command: &Command) -> Result<Status, Error> {
    use Command::{Cells, Digest, Export, Genes, Get, Head, Info, Ls, Repack, Validate};
    let (file, output) = match command {
        Info(args) => (&args.file, None),
        Ls(args) => (&args.file, None),
        Head(args) => (&args.file, None),
        Get(args) => (&args.file, args.to.output.as_deref()),
        Cells(args) => (&args.table.file, args.table.to.output.as_deref()),
        Genes(args) => (&args.table.file, args.table.to.output.as_deref()),
        Validate(args) => (&args.file, None),
        Export(args) => (&args.file, args.output.as_deref()),
        Digest(args) => (&args.file, None),
        // Its output is a file of its own.
        Repack(args) => (&args.file, None),
    };
    let run = || {
        let mut out = Output::create(output, file)?;
        let status = match command {
            Info(args) => info::run(args, &mut out).map(fine),
            Ls(args) => ls::run(args, &mut out).map(fine),
            Head(args) => head::run(args, &mut out).map(fine),
            Get(args) => get::run(args, &mut out).map(fine),
            Cells(args) => table::run(&args.table, Axis::Cols, &mut out).map(fine),
            Genes(args) => table::run(&args.table, Axis::Rows, &mut out).map(fine),
            Validate(args) => validate::run(args, &mut out),
            Export(args) => export::run(args, &mut out).map(fine),
            Digest(args) => digest::run(args, &mut out).map(fine),
            Repack(args) => repack::run(args, &mut out).map(fine),
        }?;
        out.finish()?;
        Ok(status)
    };
    run().map_err(|cause: crate::error::Cause| cause.about(file))
}

fn fine((): ()) -> Status {
    Status::Fine
}
