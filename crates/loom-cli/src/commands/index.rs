//! `loom index`: where the chunks of a file stand, for readers of Zarr.

use std::fs;

use crate::{
    args::Index,
    error::{Cause, Result},
    open,
    output::Output,
    render,
};

/// Writes the references, and lists on the standard error stream what is not in them.
pub(super) fn run(args: &Index, out: &mut Output) -> Result<()> {
    let file = open::hdf5(&args.file)?;
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            let path = fs::canonicalize(&args.file)?;
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| Cause::asked("its path is not UTF-8; --url says where it is"))?
        }
    };
    let report = loom_convert::kerchunk(&file, &url, out)?;
    for line in report.to_string().lines() {
        let fields: Vec<_> = line.split('\t').map(render::escape).collect();
        eprintln!("{}", fields.join("\t"));
    }
    Ok(())
}
