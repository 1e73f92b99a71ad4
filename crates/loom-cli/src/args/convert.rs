//! The command that goes between formats.

use std::path::PathBuf;

use clap::ValueHint;
use loom_convert::{Format, Memory, Partition, Target};

use super::change::{Matrices, New};

/// Makes a Loom file of what other programs write, and the other way
///
/// The format of the input is told from its content: folders of Cell Ranger (any version, outs or
/// the folder it is in, or one with a matrix), STARsolo and kallisto|bustools; h5ad and 10x .h5
/// files; Loom files; and matrices as text, Matrix Market or npy. The format of the output is told from its
/// name; it is written beside its place and renamed when it is complete.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Formats of the output, and the names that ask for them:
  loom                    any other name
  h5ad                    .h5ad
  10x                     a name that ends in /: a folder with matrix.mtx.gz, features.tsv.gz, barcodes.tsv.gz
  mtx, tsv, csv           .mtx, .tsv, .csv, compressed with .gz: the main matrix
  npy                     .npy: the main matrix, genes x cells
  parquet, arrow          .parquet, .arrow: a folder with tables of cells, genes, and non-zeros in long form

Examples:
  loom convert run_count_sample1 -o sample1.loom
  loom convert cells.loom -o cells.h5ad --report -
  loom convert cells.h5ad -o cells.loom
  loom convert filtered_feature_bc_matrix.h5 -o cells.loom --sample sample1
  loom convert star_output -o cells.loom --sample 10X01 --layer GeneFull
  loom convert counts.csv.gz -o cells.loom --cell-table cells.tsv
  loom convert cells.loom -o cells.parquet --partition Clusters
  loom convert cells.loom -o feature_bc_matrix/ --report -
  loom convert cells.loom -o cells.csv.gz --memory 512M
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
    /// The format of the output, if its name does not say it
    #[arg(long, value_name = "FORMAT", value_parser = target)]
    pub(crate) to: Option<Target>,
    /// Write what had no place in the output, and what changed, to a file, or - for the standard
    /// output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// The version of the Loom specification to follow: 3.0.0 or 2.0.1
    #[arg(long, value_name = "VERSION", default_value = "3.0.0")]
    pub(crate) spec: String,
    /// The memory that may be used, as 512M or 2G: bands of the matrix are made to fit
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<u64>,
    /// How many threads work [default: one for each core]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Arrow, Parquet: a file of non-zeros for each value of this column attribute
    #[arg(long, value_name = "NAME", conflicts_with = "partition_cells")]
    pub(crate) partition: Option<String>,
    /// Arrow, Parquet: so many cells in each file of non-zeros
    #[arg(long, value_name = "N", default_value = "65536", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) partition_cells: u32,
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

fn target(text: &str) -> Result<Target, String> {
    let known = Target::ALL.into_iter().find(|target| target.name() == text);
    known.ok_or_else(|| format!("there are {}", Target::ALL.map(Target::name).join(", ")))
}

fn size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        _ => (text, 0),
    };
    let size = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift));
    size.ok_or_else(|| "a number of bytes, behind which may stand K, M or G".to_owned())
}

impl Convert {
    /// How much memory there is.
    pub(crate) fn memory(&self) -> Memory {
        self.memory.map_or_else(Memory::default, Memory::bytes)
    }

    /// How non-zeros are divided into files.
    pub(crate) fn partition(&self) -> Partition {
        match &self.partition {
            Some(name) => Partition::By(name.clone()),
            None => Partition::Cells(self.partition_cells as usize),
        }
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
