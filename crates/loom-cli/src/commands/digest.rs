//! `loom digest`: the content of a file as hashes.

use std::io::Write;

use crate::{args::Digest, digest, error::Result, open, render::escape, write};

/// Writes the digest of every object, and that of all together.
pub(super) fn run(args: &Digest, out: &mut impl Write) -> Result<()> {
    let file = open::hdf5(&args.file)?;
    let entries = digest::digest(&file, &args.ignore)?;
    if args.json {
        let document = digest::to_json(&args.file.display().to_string(), entries);
        return write::document(&document, out);
    }
    for entry in &entries {
        // JSON leaves only controls beyond ASCII as they are.
        writeln!(out, "{}", escape(&entry.to_line()))?;
    }
    writeln!(out, "DIGEST {}", digest::total(&entries))?;
    Ok(())
}
