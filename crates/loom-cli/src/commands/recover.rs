//! `loom recover`: what is left of a damaged file, in a new one.

use std::io::Write;

use loom_core::h5lite::File;

use super::check::list;
use crate::{Status, args::Recover, error::Result, progress, render::escape};

/// Writes the new file, and lists what is lost.
pub(super) fn run(args: &Recover, out: &mut impl Write) -> Result<Status> {
    let damaged = File::options().open_damaged(&args.file)?;
    let watch = progress::watch("saving values")?;
    let mut lost = Vec::new();
    File::create(&args.output, |edit| {
        lost = damaged.recover_into(edit, &watch)?;
        Ok::<(), loom_core::h5lite::Error>(())
    })?;
    list(lost.iter(), out)?;
    let name = args.output.display().to_string();
    let what = match lost.len() {
        0 => "everything is there".to_owned(),
        1 => "1 thing is lost".to_owned(),
        many => format!("{many} things are lost"),
    };
    writeln!(out, "{}: {what}", escape(&name))?;
    Ok(match lost.len() {
        0 => Status::Fine,
        _ => Status::Invalid,
    })
}
