//! The command that goes between formats.

use std::path::PathBuf;

use clap::ValueHint;
use loom_convert::Format;

use super::change::{Matrices, New};

/// Makes a Loom file of what other programs write, and the other way
///
/// The format of the input is told from its content: folders of Cell Ranger (any version, outs or
/// the folder it is in, or one with a matrix), STARsolo and kallisto|bustools; h5ad and 10x .h5
/// files; Loom files; and matrices as text, Matrix Market or npy. The output is h5ad where it is
/// called so, Loom otherwise; it is written beside its place and renamed when it is complete.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom convert run_count_sample1 -o sample1.loom
  loom convert cells.loom -o cells.h5ad --report -
  loom convert cells.h5ad -o cells.loom
  loom convert filtered_feature_bc_matrix.h5 -o cells.loom --sample sample1
  loom convert star_output -o cells.loom --sample 10X01 --layer GeneFull
  loom convert counts.csv.gz -o cells.loom --cell-table cells.tsv
  loom convert old.loom -o new.loom --spec 3.0.0 --report -")]
pub(crate) struct Convert {
    /// The file or folder to convert
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) input: PathBuf,
    /// What to write
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath)]
    pub(crate) output: PathBuf,
    /// The format of the input, if it is not to be told from its content
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(crate) from: Option<Format>,
    /// The format of the output, loom or h5ad, if its name does not say it
    #[arg(long, value_name = "FORMAT", value_parser = written)]
    pub(crate) to: Option<Format>,
    /// Write what had no place in the output, and what changed, to a file, or - for the standard
    /// output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// The version of the Loom specification to follow: 3.0.0 or 2.0.1
    #[arg(long, value_name = "VERSION", default_value = "3.0.0")]
    pub(crate) spec: String,
    #[command(flatten)]
    pub(crate) importing: Importing,
    #[command(flatten)]
    pub(crate) matrices: Matrices,
    #[command(flatten)]
    pub(crate) new: New,
}

/// What is taken from the input.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is taken from the input")]
pub(crate) struct Importing {
    /// What stands in front of barcodes in CellID [default: the name of a Cell Ranger run]
    #[arg(long, value_name = "NAME")]
    pub(crate) sample: Option<String>,
    /// The genome, where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) genome: Option<String>,
    /// All barcodes, not only those of cells
    #[arg(long)]
    pub(crate) raw: bool,
    /// STARsolo: which cells: star, none, combine, or a feature whose filter decides
    #[arg(long, value_name = "FILTER")]
    pub(crate) cells: Option<String>,
    /// STARsolo: the main matrix, a feature or velosum
    #[arg(long, value_name = "FEATURE")]
    pub(crate) main: Option<String>,
    /// STARsolo: another feature, as a layer (may be given several times)
    #[arg(long = "layer", value_name = "FEATURE")]
    pub(crate) layers: Vec<String>,
    /// Text: a Loom file whose rows the result has
    #[arg(long, value_name = "LOOM", value_hint = ValueHint::FilePath)]
    pub(crate) rows_of: Option<PathBuf>,
    /// Text: the row attribute of that file by which lines belong to its rows [default: Accession]
    #[arg(long, value_name = "NAME", requires = "rows_of")]
    pub(crate) key: Option<String>,
    /// Text: a table of attributes of the cells, whose first column are their names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) cell_table: Option<PathBuf>,
}

fn format(text: &str) -> Result<Format, String> {
    let known = Format::ALL.into_iter().find(|format| format.name() == text);
    known.ok_or_else(|| {
        let names = Format::ALL.map(Format::name);
        format!("there are {}", names.join(", "))
    })
}

fn written(text: &str) -> Result<Format, String> {
    match format(text) {
        Ok(written @ (Format::Loom | Format::H5ad)) => Ok(written),
        _ => Err("there are loom, h5ad".to_owned()),
    }
}

/// Says where the chunks of any HDF5 file stand, so that readers of Zarr take them from the file itself
///
/// zarr-python, xarray and Dask open the references through fsspec (`fsspec.filesystem("reference",
/// fo=REFS)`), here or from afar, and fetch only the chunks they need. Numbers stay in the file,
/// text is copied. What cannot be pointed at, such as compounds or lzf, is listed on the standard
/// error stream and left out.
#[derive(Debug, clap::Args)]
pub(crate) struct Index {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The references to write, as JSON
    #[arg(long, value_name = "REFS", value_hint = ValueHint::FilePath)]
    pub(crate) kerchunk: PathBuf,
    /// Where readers will find the file: a path or address that fsspec understands; if not given, its
    /// path on this machine
    #[arg(long)]
    pub(crate) url: Option<String>,
}
