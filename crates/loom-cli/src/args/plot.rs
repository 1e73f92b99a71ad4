//! The command that draws.

use std::path::{Path, PathBuf};

use clap::{ValueEnum, ValueHint};

use super::change::New;

/// Draws the cells of a Loom file, as SVG or PNG
///
/// In a scatter plot, cells are discs at the place that two attributes give them, usually of an
/// embedding, coloured by a category, a number or the expression of a gene. Colours differ for the
/// colour-blind too: those of Okabe and Ito, more of them where there are more categories, and
/// viridis for numbers. Cells are drawn in a random order, the same every time, so that no category
/// hides another; by a gene, those that express most are drawn last. More than 5,000 cells are
/// pixels in the SVG, under text and axes that stay text and lines.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
VALUE is an attribute of the cells (NAME; NAME.0 or NAME[0] for the first of several values; NAME.FIELD
of a compound), ca:NAME for one whose name looks otherwise, or gene:NAME for the expression of a gene.

Examples:
  loom plot cells.loom --color Clusters -o clusters.svg
  loom plot cells.loom -x UMAP.0 -y UMAP.1 --color gene:CD3E --log -o cd3e.png
  loom plot cells.loom --kind histogram -x TotalUMI --log -o umi.svg
  loom plot cells.loom --kind violin -x Clusters -y gene:CD3E --log -o cd3e.svg
  loom plot cells.loom --kind qc --color Clusters -o qc.png")]
pub(crate) struct Plot {
    /// The Loom file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The picture, whose name ends in .svg or .png
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// What is drawn
    #[arg(short, long, value_enum, default_value_t = Kind::Scatter)]
    pub(crate) kind: Kind,
    /// What is drawn to the right; of a violin plot the categories [default: for a scatter plot, the
    /// usual embedding there is: _X and _Y, UMAP and so on]
    #[arg(short, value_name = "VALUE")]
    pub(crate) x: Option<String>,
    /// What is drawn upwards; of a violin plot the numbers
    #[arg(short, value_name = "VALUE")]
    pub(crate) y: Option<String>,
    /// The attribute that holds both, or that both are called after: UMAP for UMAP.0 and UMAP.1, or
    /// for UMAP1 and UMAP2
    #[arg(long, value_name = "NAME", conflicts_with_all = ["x", "y"])]
    pub(crate) embedding: Option<String>,
    /// What colours stand for, in a scatter plot; in a qc sheet, categories
    #[arg(short, long, value_name = "VALUE")]
    pub(crate) color: Option<String>,
    /// Take it for categories or for numbers [default: text, and whole numbers of at most 48
    /// different values, are categories]
    #[arg(long = "as", value_name = "KIND", value_enum)]
    pub(crate) kind_of: Option<KindOf>,
    /// Show the numbers (those of colours, in a scatter plot) by the logarithm of one more than they
    /// are; a qc sheet always does, where none is negative
    #[arg(long)]
    pub(crate) log: bool,
    /// The layer genes are read from, if not the main matrix
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) layer: String,
    /// The attribute that names genes [default: Gene, or else the usual one]
    #[arg(long, value_name = "NAME")]
    pub(crate) gene_attr: Option<String>,
    /// What stands above [default: the name of the file]
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// How large it is, in units of 1/96 inch
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "720x540", value_parser = size)]
    pub(crate) size: (f64, f64),
    /// Pixels for each unit: 3.125 is 300 dpi
    #[arg(long, value_name = "N", default_value = "2", value_parser = scale)]
    pub(crate) scale: f64,
    #[command(flatten)]
    pub(crate) new: New,
}

impl Plot {
    /// The picture, if it is to be drawn.
    pub(crate) fn picture(&self) -> Option<&Path> {
        (!self.new.dry_run).then_some(self.output.as_path())
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Cells by two values, such as an embedding
    Scatter,
    /// How often the numbers of -x are how large
    Histogram,
    /// The numbers of -y for each category of -x, as densities with median and quartiles
    Violin,
    /// Totals, detected genes, both against each other, and how many cells the categories of --color
    /// have
    Qc,
}

/// What values are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindOf {
    /// Each value is a category of its own
    Category,
    /// Values have a size
    Number,
}

fn size(text: &str) -> Result<(f64, f64), String> {
    let length = |text: &str| text.parse::<u16>().ok().filter(|length| *length <= 10_000);
    let parts = text
        .split_once('x')
        .and_then(|(width, height)| Some((f64::from(length(width)?), f64::from(length(height)?))));
    parts.ok_or_else(|| "it is a width and a height of at most 10000, as in 720x540".to_owned())
}

fn scale(text: &str) -> Result<f64, String> {
    let scale = text.parse::<f64>().ok();
    let scale = scale.filter(|scale| (0.1..=20.0).contains(scale));
    scale.ok_or_else(|| "it is a number from 0.1 to 20".to_owned())
}
