//! One file a command: a function of its arguments and of what it writes to.

mod aggregate;
mod append;
mod check;
mod combine;
mod convert;
mod create;
mod digest;
mod export;
mod get;
mod head;
mod index;
mod info;
mod ls;
mod permute;
#[cfg(feature = "plot")]
mod plot;
mod recover;
mod rename;
mod repack;
mod rm;
mod set;
mod sort;
mod split;
mod stats;
mod subset;
mod table;
mod validate;

use std::path::Path;

use loom_core::Axis;

use crate::{
    Status,
    args::Command,
    error::{Error, Result},
    output::Output,
    render,
};

/// Runs a command on the standard output stream, or the file it was told to write.
pub(crate) fn run(command: &Command) -> Result<Status, Error> {
    #[cfg(feature = "plot")]
    use Command::Plot;
    use Command::{
        Aggregate, Append, Cells, Check, Combine, Convert, Create, Digest, Export, Genes, Get,
        Head, Index, Info, Ls, Permute, Recover, Rename, Repack, Rm, Set, Sort, Split, Stats,
        Subset, Validate,
    };
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
        Create(args) => (&args.out, None),
        // Its output is a file of its own.
        Convert(args) => (&args.input, None),
        Index(args) => (&args.file, Some(args.kerchunk.as_path())),
        #[cfg(feature = "plot")]
        Plot(args) => (&args.file, args.picture()),
        Set(args) => (&args.file, None),
        Rm(args) => (&args.file, None),
        Rename(args) => (&args.file, None),
        Append(args) => (&args.file, None),
        Combine(args) => (&args.output, None),
        Permute(args) => (&args.file, None),
        Sort(args) => (&args.file, None),
        Aggregate(args) => (&args.output, None),
        Subset(args) => (&args.output, None),
        Split(args) => (&args.file, None),
        Stats(args) => (&args.file, args.to.output.as_deref()),
        Check(args) => (&args.file, None),
        // Its output is a file of its own.
        Recover(args) => (&args.file, None),
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
            Create(args) => create::run(args, &mut out).map(fine),
            Convert(args) => convert::run(args, &mut out).map(fine),
            Index(args) => index::run(args, &mut out).map(fine),
            #[cfg(feature = "plot")]
            Plot(args) => plot::run(args, &mut out).map(fine),
            Set(args) => set::run(args, &mut out).map(fine),
            Rm(args) => rm::run(args, &mut out).map(fine),
            Rename(args) => rename::run(args, &mut out).map(fine),
            Append(args) => append::run(args, &mut out).map(fine),
            Combine(args) => combine::run(args, &mut out).map(fine),
            Permute(args) => permute::run(args, &mut out).map(fine),
            Sort(args) => sort::run(args, &mut out).map(fine),
            Aggregate(args) => aggregate::run(args, &mut out).map(fine),
            Subset(args) => subset::run(args, &mut out).map(fine),
            Split(args) => split::run(args, &mut out).map(fine),
            Stats(args) => stats::run(args, &mut out).map(fine),
            Check(args) => check::run(args, &mut out),
            Recover(args) => recover::run(args, &mut out),
            Repack(args) => repack::run(args, &mut out).map(fine),
        }?;
        out.finish()?;
        Ok(status)
    };
    run().map_err(|cause: crate::error::Cause| cause.about(file))
}

/// Says which attributes did not get into the result, where that was not asked for.
fn report_dropped(file: &Path, dropped: &[String]) {
    if !dropped.is_empty() {
        let message = format!(
            "{}: left out attributes that not all files have: {}; --fill keeps them",
            file.display(),
            dropped.join(", ")
        );
        eprintln!("loom: {}", render::escape(&message));
    }
}

fn fine((): ()) -> Status {
    Status::Fine
}
