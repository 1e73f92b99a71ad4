//! The command that sums up rows and columns.

use std::path::PathBuf;

use clap::ValueHint;

use super::{To, derive::axis};
use crate::what::What;

/// Sums up every cell or every gene: total, detected, mean, variance
///
/// One line for each, with the columns Total (the sum of its values), Detected (how many are not 0),
/// Mean, and Variance (as a population: divided by the number of values). Everything is computed as
/// float64 in one pass over the file, and is the same on any number of cores. What is not a number
/// makes all but Detected NaN.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --by, values of one category count together. By an attribute of what the lines are for (cells, or
genes with --axis 0) there is a line for each category, with the Count of cells or genes in it; by an
attribute of the others there is a line for each cell or gene and category.

--store adds the columns as attributes: Total, Detected, Mean, Variance, and Share_NAME for each
--prefix NAME and each --genes NAME.txt; of another layer Total_LAYER and so on.

Examples:
  loom stats cells.loom --prefix mt- > cells.tsv
  loom stats cells.loom --axis 0 --by Clusters -f csv     each gene in each cluster
  loom stats cells.loom --by Clusters                     each cluster
  loom stats cells.loom --by ra:Chromosome                each cell on each chromosome
  loom stats cells.loom --prefix mt- --prefix rp --store")]
pub(crate) struct Stats {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// What to sum up: rows, genes (0) or columns, cells (1)
    #[arg(short, long, value_name = "0|1", default_value = "1", value_parser = axis)]
    pub(crate) axis: loom_core::Axis,
    /// The layer, if not the main matrix
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) layer: String,
    /// Category by category of this attribute, of cells unless it is ra:NAME
    #[arg(short, long, value_name = "NAME|ra:NAME", value_parser = by)]
    pub(crate) by: Option<(loom_core::Axis, String)>,
    /// The share of the total that is in genes whose names begin so, in capitals or not (may be given
    /// several times)
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Vec<String>,
    /// The share of the total that is in genes that are named in this file, one a line (may be given
    /// several times)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) genes: Vec<PathBuf>,
    /// The row attribute with the names of genes
    #[arg(long, value_name = "NAME", default_value = "Gene")]
    pub(crate) gene_attr: String,
    /// Store the columns as attributes, all at once, and print nothing
    #[arg(long, conflicts_with_all = ["by", "output", "format"])]
    pub(crate) store: bool,
    /// Replace attributes that have these names
    #[arg(long, requires = "store")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) to: To,
}

fn by(text: &str) -> Result<(loom_core::Axis, String), String> {
    match text.parse() {
        Ok(What::Attribute(axis, name)) => Ok((axis, name)),
        Ok(_) if text.contains([':', '/']) => Err("take NAME, ca:NAME or ra:NAME".to_owned()),
        _ => Ok((loom_core::Axis::Cols, text.to_owned())),
    }
}
