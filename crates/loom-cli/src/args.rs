//! The command line: definitions and help texts, nothing else.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};

use crate::{positions::Positions, what::What};

mod care;
mod change;
mod convert;
mod derive;
#[cfg(feature = "plot")]
mod plot;
mod stats;

pub(crate) use care::{Check, Recover, Repack};
pub(crate) use change::{Create, Matrices, New, Rename, Rm, Set, Settable};
pub(crate) use convert::{Convert, Index};
pub(crate) use derive::{Aggregate, Append, Combine, Permute, Place, Sort, Split, Subset, Wanted};
#[cfg(feature = "plot")]
pub(crate) use plot::{Kind, KindOf, Plot};
pub(crate) use stats::Stats;

/// Looks into Loom files (genes x cells in HDF5), makes and changes them
#[derive(Debug, Parser)]
#[command(name = "loom", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  loom info cells.loom                        what the file holds
  loom head cells.loom                        the corner of its matrix
  loom cells cells.loom --columns CellID,Clusters > cells.tsv
  loom get cells.loom layer:spliced --cols 0:500 --format npy -o spliced.npy

Exit status: 0 fine, 1 the file is invalid, 2 an error.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Info(Info),
    Ls(Ls),
    Head(Head),
    Get(Get),
    Cells(Cells),
    Genes(Genes),
    Validate(Validate),
    Export(Export),
    Digest(Digest),
    Create(Create),
    Convert(Convert),
    Index(Index),
    #[cfg(feature = "plot")]
    Plot(Plot),
    Set(Set),
    Rm(Rm),
    Rename(Rename),
    Append(Append),
    Combine(Combine),
    Permute(Permute),
    Sort(Sort),
    Aggregate(Aggregate),
    Subset(Subset),
    Split(Split),
    Stats(Stats),
    Check(Check),
    Recover(Recover),
    Repack(Repack),
}

/// Sums up a Loom file: shape, layers, attributes, graphs
///
/// Descriptions are read, never the matrix, and the indexes of chunks, to tell how much of the file
/// is in use: `unreachable` is what edits and crashes have left behind. A file that breaks the specification is summed up as far as it goes, with warnings.
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Lists the groups and datasets of any HDF5 file
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[command(after_help = "\
Examples:
  loom ls cells.loom                  what is at the top
  loom ls -l cells.loom /col_attrs    types and shapes of the cells' attributes
  loom ls --tree cells.loom           everything")]
pub(crate) struct Ls {
    /// The HDF5 file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The group or dataset to list
    #[arg(default_value = "/")]
    pub(crate) path: String,
    /// Show types, shapes, chunks and filters
    #[arg(short, long)]
    pub(crate) long: bool,
    /// Show what is in the groups, and in those, and so on
    #[arg(short, long)]
    pub(crate) tree: bool,
    /// Show HDF5 attributes too, as PATH@NAME
    #[arg(short, long)]
    pub(crate) attributes: bool,
    /// Print JSON, with everything -l and -a show
    #[arg(long)]
    pub(crate) json: bool,
}

/// Shows the upper left corner of a layer, with the names of genes and cells
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom head cells.loom
  loom head cells.loom -n 20 -c 5 --layer spliced")]
pub(crate) struct Head {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// How many rows to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) rows: usize,
    /// How many columns to show
    #[arg(short = 'c', long, value_name = "N", default_value_t = 6)]
    pub(crate) cols: usize,
    /// The layer, if not the main matrix
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) layer: String,
}

/// Prints values: a block of a layer, an attribute, a graph, any dataset
///
/// Values are read and written a band at a time, so that blocks of any size fit in memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
WHAT is one of
  matrix              the main matrix
  layer:NAME          another layer
  ra:NAME  ca:NAME    a row (gene) attribute, a column (cell) attribute
  row-graph:NAME  col-graph:NAME    the edges of a graph: from, to, weight
  attr:NAME           a global attribute
  /PATH  /PATH@NAME   any HDF5 dataset, any HDF5 attribute
A field of a compound is named after a dot: ca:Embeddings_X.-1

SELECTION lists positions, counted from 0, and ranges START:END[:STEP] as in Python: the end is left
out, and negative positions count from the end. 0:100,5,-1 is the first hundred, then 5, then the
last. Any order, repeats allowed.

In csv and tsv, floats print as the shortest text that reads back the same; in JSON, NaN and the
infinities are null.

Examples:
  loom get cells.loom matrix --rows 0:10 --cols 0:5 --labels
  loom get cells.loom matrix --cols 0:1000 --format npy -o block.npy
  loom get cells.loom ca:Clusters --cols -100:
  loom get cells.loom col-graph:KNN --format csv")]
pub(crate) struct Get {
    /// The HDF5 file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What to print, see below
    pub(crate) what: What,
    /// Which rows (genes); of a plain dataset, which positions of its first axis
    #[arg(short, long, value_name = "SELECTION", allow_hyphen_values = true)]
    pub(crate) rows: Option<Positions>,
    /// Which columns (cells); of a plain dataset, which positions of its second axis
    #[arg(short, long, value_name = "SELECTION", allow_hyphen_values = true)]
    pub(crate) cols: Option<Positions>,
    /// With the names of genes and cells around a block of a layer, in csv and tsv
    #[arg(long)]
    pub(crate) labels: bool,
    #[command(flatten)]
    pub(crate) to: To,
}

/// Prints the attributes of the columns (cells) as a table
///
/// Attributes with several values for each cell become columns NAME.0, NAME.1, ...; compound
/// attributes NAME.FIELD.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom cells cells.loom -n 5
  loom cells cells.loom --columns CellID,Clusters,UMAP > cells.tsv
  loom cells cells.loom --columns UMAP.0 --select -100: --format csv")]
pub(crate) struct Cells {
    #[command(flatten)]
    pub(crate) table: Table,
}

/// Prints the attributes of the rows (genes) as a table
///
/// Attributes with several values for each gene become columns NAME.0, NAME.1, ...; compound
/// attributes NAME.FIELD.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom genes cells.loom -n 5
  loom genes cells.loom --columns Gene,Accession > genes.tsv")]
pub(crate) struct Genes {
    #[command(flatten)]
    pub(crate) table: Table,
}

/// What `cells` and `genes` have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct Table {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Which attributes, in this order; all, if left out
    #[arg(short, long, value_name = "NAME,...")]
    pub(crate) columns: Vec<String>,
    /// Only the first N
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "select")]
    pub(crate) first: Option<usize>,
    /// Only these: positions and ranges, as in `loom get`
    #[arg(short, long, value_name = "SELECTION", allow_hyphen_values = true)]
    pub(crate) select: Option<Positions>,
    #[command(flatten)]
    pub(crate) to: To,
}

/// In which form values are written, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct To {
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = Format::Tsv)]
    pub(crate) format: Format,
    /// Write to a file, which appears under its name once it is complete
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tab-separated text, quoted where it must be
    Tsv,
    /// Comma-separated text, quoted where it must be
    Csv,
    /// JSON
    Json,
    /// numpy's file format
    Npy,
}

/// Checks a file against the Loom specification
///
/// Exit status 0 if it is valid, 1 if not, 2 if it cannot be opened.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Check the conventions on names and types of attributes too
    #[arg(long)]
    pub(crate) conventions: bool,
    /// Check against this version of the specification, whatever the file states
    #[arg(long, value_name = "VERSION")]
    pub(crate) spec: Option<String>,
    /// Show what was found fine, too
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints attributes and a layer as one tab-separated table, as loompy exports it
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The layer, if not the main matrix
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) layer: String,
    /// Write to a file, which appears under its name once it is complete
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// Prints a hash of the content of everything in an HDF5 file
///
/// Two files with the same digest hold the same, whoever wrote them and however they are chunked
/// into bytes. A line for each object, then DIGEST and the hash over all lines. What cannot be read
/// has its reason in place of a hash.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom digest a.loom
  loom digest --ignore last_modified a.loom | tail -1")]
pub(crate) struct Digest {
    /// The HDF5 file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Leave out the HDF5 attributes of this name (may be given several times)
    #[arg(long, value_name = "NAME")]
    pub(crate) ignore: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
