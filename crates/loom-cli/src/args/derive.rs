//! The commands that make files of others.

use std::path::PathBuf;

use clap::ValueHint;
use loom_core::{ColumnFunc, Func, Join};

use super::change::{New, pair};
use crate::{condition::Condition, positions::Positions};

/// Appends the columns (cells) of another file
///
/// The file changes at once when everything has been written: whatever interrupts the command leaves
/// it as it was. The other file is only read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom append cells.loom more.loom --key Accession
  loom append cells.loom more.loom --fill auto
  loom append cells.loom more.loom --fill Batch=old --fill Age=0")]
pub(crate) struct Append {
    /// The Loom file to append to
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The Loom file whose columns are appended
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) other: PathBuf,
    /// The row attribute by which rows are found in the other file
    #[arg(short, long, value_name = "NAME")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) columns: ColumnRules,
    /// Check what can be checked, and change nothing
    #[arg(short = 'N', long)]
    pub(crate) dry_run: bool,
}

/// What becomes of column attributes and graphs that only some of the columns have.
#[derive(Debug, clap::Args)]
pub(crate) struct ColumnRules {
    /// Columns without an attribute get 0 or "" (auto), or this value (may be given several times);
    /// without it, attributes that are not in both files are dropped
    #[arg(long, value_name = "auto|NAME=VALUE")]
    pub(crate) fill: Vec<String>,
    /// Global attributes that differ become column attributes
    #[arg(long)]
    pub(crate) convert_attrs: bool,
    /// Take over the edges of column graphs
    #[arg(long)]
    pub(crate) include_graphs: bool,
}

/// Puts files side by side in a new one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom combine a.loom b.loom c.loom -o all.loom --key Accession
  loom combine *.loom -o all.loom --key Gene --join inner --source Sample
  loom combine rna.loom protein.loom -o both.loom --axis 0 --key CellID --join inner")]
pub(crate) struct Combine {
    /// The Loom files
    #[arg(required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The file to make
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// The row attribute by which rows are found in the other files
    #[arg(short, long, value_name = "NAME")]
    pub(crate) key: Option<String>,
    /// What becomes of rows that are not in every file: strict (an error), inner (left out) or outer
    /// (kept, with zeros)
    #[arg(long, value_name = "JOIN", default_value = "strict")]
    pub(crate) join: Join,
    /// What follows each other: columns (1) or rows (0)
    #[arg(long, value_name = "0|1", default_value = "1", value_parser = axis)]
    pub(crate) axis: loom_core::Axis,
    /// A column attribute that says which file a column is from
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Attributes to leave out
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) skip_attrs: Vec<String>,
    #[command(flatten)]
    pub(crate) columns: ColumnRules,
    #[command(flatten)]
    pub(crate) new: New,
}

/// Brings rows or columns into another order
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom permute cells.loom --axis 1 --order order.txt --in-place
  loom permute cells.loom --axis 0 --order order.txt -o sorted.loom")]
pub(crate) struct Permute {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Rows (0) or columns (1)
    #[arg(short, long, value_name = "0|1", value_parser = axis)]
    pub(crate) axis: loom_core::Axis,
    /// A file with the present positions in their new order, counted from 0, one a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) order: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Sorts rows or columns by an attribute
///
/// Numbers from small to large, text by its characters; equal ones stay in their order, and what is
/// not a number comes last.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom sort cells.loom --by Clusters --in-place
  loom sort cells.loom --axis 0 --by Gene -o sorted.loom")]
pub(crate) struct Sort {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The attribute
    #[arg(short, long, value_name = "NAME")]
    pub(crate) by: String,
    /// Rows (0) or columns (1)
    #[arg(short, long, value_name = "0|1", default_value = "1", value_parser = axis)]
    pub(crate) axis: loom_core::Axis,
    /// From large to small
    #[arg(short, long)]
    pub(crate) descending: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Where the result goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Change the file itself, at once when everything has been written
    #[arg(
        short,
        long,
        required_unless_present = "output",
        conflicts_with = "output"
    )]
    pub(crate) in_place: bool,
    /// The file to make
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) new: New,
}

/// Makes a file with one column for each group of columns
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Functions: sum, prod, mean, var, std, min, max, first, last, median, all, any, len, and each as
nansum and so on, which leaves out what is not a number.

Examples:
  loom aggregate cells.loom -o clusters.loom --by Clusters --fun mean
  loom aggregate cells.loom -o types.loom --by Tissue,CellType --fun sum \\
      --attr Age=mean --attr Batch=tally")]
pub(crate) struct Aggregate {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The file to make
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// The column attributes by which columns are grouped
    #[arg(
        short,
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        required = true
    )]
    pub(crate) by: Vec<String>,
    /// What becomes of the values of a group
    #[arg(long, value_name = "FUNCTION", default_value = "mean")]
    pub(crate) fun: Func,
    /// The layer, if not the main matrix
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) layer: String,
    /// What becomes of a column attribute: tally, mode, mean or first (may be given several times)
    #[arg(long = "attr", value_name = "NAME=FUNCTION", value_parser = column_function)]
    pub(crate) attrs: Vec<(String, ColumnFunc)>,
    /// Keep other column attributes that have one value in each group
    #[arg(long)]
    pub(crate) keep_equal: bool,
    #[command(flatten)]
    pub(crate) new: New,
}

/// Which rows and columns are taken. What is asked for in several ways has to hold in all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// Cells for which this holds, see below
    #[arg(short = 'w', long = "where", value_name = "CONDITION")]
    pub(crate) cols_where: Option<Condition>,
    /// Genes for which this holds
    #[arg(long, value_name = "CONDITION")]
    pub(crate) rows_where: Option<Condition>,
    /// Cells at these positions, in this order, as in `loom get`
    #[arg(short, long, value_name = "SELECTION", allow_hyphen_values = true)]
    pub(crate) cols: Option<Positions>,
    /// Genes at these positions, in this order
    #[arg(short, long, value_name = "SELECTION", allow_hyphen_values = true)]
    pub(crate) rows: Option<Positions>,
    /// Cells that are named in this file, one a line, in this order
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "cols")]
    pub(crate) ids: Option<PathBuf>,
    /// Genes that are named in this file, one a line, in this order
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "rows")]
    pub(crate) row_ids: Option<PathBuf>,
    /// The attribute that names cells [default: the usual one]
    #[arg(long, value_name = "NAME", requires = "ids")]
    pub(crate) id_attr: Option<String>,
    /// The attribute that names genes [default: the usual one]
    #[arg(long, value_name = "NAME", requires = "row_ids")]
    pub(crate) row_id_attr: Option<String>,
    /// Which layers come with the main matrix [default: all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) layers: Option<Vec<String>>,
}

/// Copies some of the rows, columns and layers into a new file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
CONDITION compares attributes with numbers or with text in quotes: ==, !=, <, <=, >, >=,
in (A, B); joined by and, or, not and parentheses. A name alone holds where the attribute is not 0.
Names with other characters than letters stand between ` and `.

Examples:
  loom subset cells.loom -o t.loom --where \"CellType in ('CD4 T', 'CD8 T') and TotalUMI >= 500\"
  loom subset cells.loom -o good.loom --where Valid --rows-where 'Selected' --layers spliced
  loom subset cells.loom -o chosen.loom --ids barcodes.txt")]
pub(crate) struct Subset {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The file to make
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    #[command(flatten)]
    pub(crate) new: New,
}

/// Makes a file for each value of an attribute
///
/// All files appear once all are complete.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  loom split cells.loom --by Batch                  cells.A.loom, cells.B.loom, ...
  loom split cells.loom --by CellType -o 'types/{}.loom'")]
pub(crate) struct Split {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The attribute
    #[arg(short, long, value_name = "NAME")]
    pub(crate) by: String,
    /// Rows (0) or columns (1)
    #[arg(short, long, value_name = "0|1", default_value = "1", value_parser = axis)]
    pub(crate) axis: loom_core::Axis,
    /// The files to make: {} is the value, / in it becomes _ [default: FILE.{}.loom]
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<String>,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    #[command(flatten)]
    pub(crate) new: New,
}

pub(super) fn axis(text: &str) -> Result<loom_core::Axis, String> {
    match text {
        "0" => Ok(loom_core::Axis::Rows),
        "1" => Ok(loom_core::Axis::Cols),
        _ => Err("it is 0 (rows) or 1 (columns)".to_owned()),
    }
}

fn column_function(text: &str) -> Result<(String, ColumnFunc), String> {
    let (name, function) = pair(text)?;
    let function = function.parse();
    Ok((
        name,
        function.map_err(|error: loom_core::Error| error.to_string())?,
    ))
}
