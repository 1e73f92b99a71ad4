//! The commands that make or change files.

use std::path::PathBuf;

use clap::ValueHint;
use loom_core::DType;

use crate::what::What;

/// Makes a Loom file from a matrix and tables of attributes
///
/// A matrix is a Matrix Market file (.mtx), numpy's .npy, or a table of text with a line for each
/// gene; all but .npy may be compressed with gzip. A table of attributes has a line for each gene or
/// cell, and the names of the attributes in its first line. The matrix may be larger than memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom create cells.loom --matrix counts.tsv.gz
  loom create cells.loom --matrix matrix.mtx.gz \\
      --row-attrs features.tsv.gz --row-names Accession,Gene,Type \\
      --col-attrs barcodes.tsv.gz --col-names CellID
  loom create cells.loom --matrix counts.npy --transposed --col-attrs cells.csv \\
      --layer spliced=spliced.npy --attr title='My cells'")]
pub(crate) struct Create {
    /// The file to make
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// The main matrix
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) matrix: PathBuf,
    /// Another layer (may be given several times)
    #[arg(long = "layer", value_name = "NAME=FILE", value_parser = pair)]
    pub(crate) layers: Vec<(String, String)>,
    /// Attributes of the rows (genes)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) row_attrs: Option<PathBuf>,
    /// What the columns of that table are called, if its first line does not say so
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        requires = "row_attrs"
    )]
    pub(crate) row_names: Option<Vec<String>>,
    /// Attributes of the columns (cells)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) col_attrs: Option<PathBuf>,
    /// What the columns of that table are called, if its first line does not say so
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        requires = "col_attrs"
    )]
    pub(crate) col_names: Option<Vec<String>>,
    /// A global attribute (may be given several times)
    #[arg(long = "attr", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) attrs: Vec<(String, String)>,
    /// The version of the specification to follow: 3.0.0 or 2.0.1
    #[arg(long, value_name = "VERSION", default_value = "3.0.0")]
    pub(crate) spec: String,
    #[command(flatten)]
    pub(crate) matrices: Matrices,
    #[command(flatten)]
    pub(crate) new: New,
}

/// How files are read as matrices.
#[derive(Debug, clap::Args)]
pub(crate) struct Matrices {
    /// Matrices in files have a row for each cell
    #[arg(long)]
    pub(crate) transposed: bool,
    /// The type of a matrix, as int32 or float32 [default: that of .npy, or the first of int32,
    /// int64 and float64 that holds all values]
    #[arg(long, value_name = "TYPE", value_parser = dtype)]
    pub(crate) dtype: Option<DType>,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct New {
    /// Replace the file that has this name
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'N', long)]
    pub(crate) dry_run: bool,
}

/// Sets an attribute, a graph or a layer
///
/// What was there under the name is replaced. The file changes at once when everything has been
/// written: whatever interrupts the command leaves it as it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
WHAT is one of
  attr:NAME           a global attribute
  ra:NAME  ca:NAME    a row (gene) attribute, a column (cell) attribute
  ra  ca              all columns of a table as attributes, under their own names
  row-graph:NAME  col-graph:NAME    a graph, from a table with the columns a, b and w
  layer:NAME  matrix  a layer, from a file as for `loom create`, or of zeros

Examples:
  loom set cells.loom attr:title 'My cells'
  loom set cells.loom ca:Batch run1
  loom set cells.loom ca:Clusters --from clusters.tsv --key CellID
  loom set cells.loom ca --from cells.csv --key CellID
  loom set cells.loom layer:spliced --from spliced.mtx.gz
  loom set cells.loom layer:scratch --zeros float32")]
pub(crate) struct Set {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What to set, see below
    pub(crate) what: Settable,
    /// The value; of a row or column attribute, that of every row or column. A number where it looks
    /// like one
    #[arg(allow_hyphen_values = true, conflicts_with_all = ["from", "zeros"])]
    pub(crate) value: Option<String>,
    /// The value is text, even if it looks like a number
    #[arg(long, requires = "value")]
    pub(crate) text: bool,
    /// A table, or a matrix
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
    /// Which column of the table, if not the one of the attribute's name
    #[arg(long, value_name = "NAME", requires = "from")]
    pub(crate) column: Option<String>,
    /// The attribute by which lines of the table belong to rows or columns, and the table's column
    /// of that name. Without it, lines are taken in their order
    #[arg(long, value_name = "NAME", requires = "from")]
    pub(crate) key: Option<String>,
    /// What the columns of the table are called, if its first line does not say so
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        requires = "from"
    )]
    pub(crate) names: Option<Vec<String>>,
    /// A layer of zeros of this type, which takes no space
    #[arg(long, value_name = "TYPE", value_parser = dtype, conflicts_with = "from")]
    pub(crate) zeros: Option<DType>,
    #[command(flatten)]
    pub(crate) matrices: Matrices,
    /// Check what can be checked, and change nothing
    #[arg(short = 'N', long)]
    pub(crate) dry_run: bool,
}

/// What can be set: one thing, or the attributes of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settable {
    One(What),
    Axis(loom_core::Axis),
}

impl std::str::FromStr for Settable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ra" => Ok(Self::Axis(loom_core::Axis::Rows)),
            "ca" => Ok(Self::Axis(loom_core::Axis::Cols)),
            text => text.parse().map(Self::One),
        }
    }
}

/// Removes attributes, graphs or layers
///
/// All of them are removed at once, or none. The space they took can be given back with
/// `loom repack`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom rm cells.loom ca:Clusters layer:spliced
  loom rm cells.loom attr:title")]
pub(crate) struct Rm {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What to remove: attr:NAME, ra:NAME, ca:NAME, row-graph:NAME, col-graph:NAME, layer:NAME
    #[arg(required = true)]
    pub(crate) what: Vec<What>,
    /// Check that it is there, and remove nothing
    #[arg(short = 'N', long)]
    pub(crate) dry_run: bool,
}

/// Gives an attribute, a graph or a layer another name
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom rename cells.loom ca:Cluster Clusters
  loom rename cells.loom layer:unspliced nascent")]
pub(crate) struct Rename {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What to rename: attr:NAME, ra:NAME, ca:NAME, row-graph:NAME, col-graph:NAME, layer:NAME
    pub(crate) what: What,
    /// The new name
    pub(crate) name: String,
    /// Check that it can be done, and do nothing
    #[arg(short = 'N', long)]
    pub(crate) dry_run: bool,
}

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("NAME=VALUE is needed".to_owned()),
    }
}

/// A type of number, as numpy calls it.
fn dtype(text: &str) -> Result<DType, String> {
    use DType::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let all = [I8, I16, I32, I64, U8, U16, U32, U64, F32, F64];
    let known = all.into_iter().find(|dtype| dtype.to_string() == text);
    known.ok_or_else(|| {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        format!("there are {}", names.join(", "))
    })
}
