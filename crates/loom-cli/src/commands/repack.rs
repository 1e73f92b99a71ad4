//! `loom repack`: the same file without what nothing leads to.

use std::{fs, io::Write, path::Path};

use loom_core::{
    LoomConnection,
    h5lite::{File, RepackOptions},
};

use super::create::version;

use crate::{
    args::Repack,
    error::{Cause, Result},
    open, progress, render,
};

/// Writes the file anew and says what it took before and after.
pub(super) fn run(args: &Repack, out: &mut impl Write) -> Result<()> {
    let mut options = RepackOptions::new();
    if let Some(level) = args.gzip {
        options = options.deflate(level);
    }
    if let Some(shuffle) = args.shuffle {
        options = options.shuffle(shuffle);
    }
    if let Some(chunk) = &args.chunks {
        options = options.chunk(chunk);
    }
    options = options.watch(progress::watch("copying values")?);
    let before = size(&args.file)?;
    let target = if let Some(target) = &args.output {
        if same_file(&args.file, target) {
            let reason =
                "input and output are the same file; --in-place puts the new one in its place";
            return Err(Cause::asked(reason));
        }
        match &args.spec {
            None => File::open(&args.file)?.repack(target, &options)?,
            Some(spec) => convert(open::loom(&args.file)?, spec, target)?,
        }
        target
    } else {
        match &args.spec {
            None => File::repack_in_place(&args.file, &options)?,
            // Opened for a change, so that nobody else makes one meanwhile.
            Some(spec) => convert(open::change(&args.file)?, spec, &args.file)?,
        }
        &args.file
    };
    let after = size(target)?;
    writeln!(
        out,
        "{}: {} before, {} after",
        render::escape(&target.display().to_string()),
        render::bytes(before),
        render::bytes(after)
    )?;
    Ok(())
}

/// Writes all of a Loom file by another version of the specification.
fn convert(mut ds: LoomConnection, spec: &str, target: &Path) -> Result<()> {
    ds.watch(progress::watch("copying values")?);
    Ok(ds.subset().spec(version(spec)?).write(target)?)
}

fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path);
    Ok(metadata
        .map_err(|error| Cause::asked(format!("cannot look at {}: {error}", path.display())))?
        .len())
}

/// Whether both paths lead to one file.
fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
