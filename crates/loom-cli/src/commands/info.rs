//! `loom info`: what a Loom file holds, and how much of it is in use.

mod print;
mod summary;

use std::io::Write;

use crate::{args::Info, error::Result, open, write};

use summary::Summary;

/// Writes the summary of a file.
pub(super) fn run(args: &Info, out: &mut impl Write) -> Result<()> {
    let ds = open::loom(&args.file)?;
    let summary = Summary::new(&args.file, &ds);
    if args.json {
        write::document(&summary, out)
    } else {
        Ok(print::print(&summary, out)?)
    }
}
