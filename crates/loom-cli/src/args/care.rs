//! The commands that look after any HDF5 file.

use std::path::PathBuf;

use clap::ValueHint;

/// Reads everything in an HDF5 file and lists all that is wrong with it
///
/// Every structure is followed, every checksum verified, every chunk decoded. Found are structures
/// and chunks that cannot be read, structures that lie over each other, soft links that lead
/// nowhere, and edges of graphs outside their axis. Exit status 0 if there is no problem, 1 if there
/// is one, 2 if the file cannot be opened.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The HDF5 file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Show the space that nothing leads to as well
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Print JSON, with everything -v shows
    #[arg(long)]
    pub(crate) json: bool,
}

/// Writes everything that can still be read from a damaged file into a new one
///
/// Also from a file that is shorter than it should be, as a writer that was killed leaves it. What
/// cannot be carried over is listed: objects, attributes, chunks (which hold the fill value then),
/// and values of types that `loom` does not write. Exit status 0 if nothing is lost, 1 if something
/// is, 2 if nothing can be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Recover {
    /// The damaged file, which is left as it is
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
}

/// Writes any HDF5 file anew, without the space that nothing leads to any longer
///
/// Everything in the file is carried over: also what `loom` itself does not decode. The new file
/// is written beside its place and renamed when it is complete. Chunks are copied as they are
/// unless their filters or their shape change.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom repack cells.loom -o small.loom
  loom repack cells.loom --in-place --gzip 9 --shuffle on
  loom repack cells.loom -o rows.loom --chunks 16,4096
  loom repack old.loom -o new.loom --spec 3.0.0")]
pub(crate) struct Repack {
    /// The HDF5 file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "in_place", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Put the new file in the place of the old one, which nobody may have open
    #[arg(long, conflicts_with = "output")]
    pub(crate) in_place: bool,
    /// Compress chunks with gzip at this level, 0 to 9
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u32).range(0..=9))]
    pub(crate) gzip: Option<u32>,
    /// Sort the bytes of numbers before they are compressed, or no longer
    #[arg(long, value_name = "on|off", value_parser = on_or_off)]
    pub(crate) shuffle: Option<bool>,
    /// Shape of the chunks of datasets with as many axes: 64,64
    #[arg(long, value_name = "N,N...", value_delimiter = ',', num_args = 1, value_parser = chunk_length)]
    pub(crate) chunks: Option<Vec<usize>>,
    /// Follow this version of the Loom specification, 3.0.0 or 2.0.1: what a Loom file has, and
    /// nothing else, is stored as loompy of that version does
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["gzip", "shuffle", "chunks"])]
    pub(crate) spec: Option<String>,
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("{other:?} is neither \"on\" nor \"off\"")),
    }
}

fn chunk_length(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("a chunk is at least 1 long on each axis".to_owned()),
        Ok(length) if u32::try_from(length).is_ok() => Ok(length),
        Ok(_) => Err("a chunk is shorter than 2^32 on each axis".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
