//! Loom files as text, arrays and tables.

mod market;
mod memory;
mod nonzeros;
mod place;
mod plain;
#[cfg(feature = "tables")]
mod tables;

use std::{collections::HashSet, fmt, path::Path};

use loom_core::{Array, Axis, Error, Layer, LoomConnection, Result, Watch};

pub use memory::Memory;

use crate::{Report, cell};

/// What a Loom file is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Loom.
    Loom,
    /// anndata's h5ad.
    H5ad,
    /// A folder as Cell Ranger 3 writes it: a Matrix Market file, features and barcodes.
    TenX,
    /// The main matrix as one Matrix Market file.
    Market,
    /// The main matrix as tab-separated text, with names.
    Tsv,
    /// The main matrix as comma-separated text, with names.
    Csv,
    /// The main matrix as numpy's `npy`.
    Npy,
    /// A folder of tables, as Arrow IPC files.
    Arrow,
    /// A folder of tables, as Parquet files.
    Parquet,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 9] = [
        Self::Loom,
        Self::H5ad,
        Self::TenX,
        Self::Market,
        Self::Tsv,
        Self::Csv,
        Self::Npy,
        Self::Arrow,
        Self::Parquet,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loom => "loom",
            Self::H5ad => "h5ad",
            Self::TenX => "10x",
            Self::Market => "mtx",
            Self::Tsv => "tsv",
            Self::Csv => "csv",
            Self::Npy => "npy",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// What the name of an output asks for: by its extension, before which `.gz` may stand for text;
    /// a name that ends in a slash is that of a 10x folder, and any other that of a Loom file.
    #[must_use]
    pub fn of_name(path: &Path) -> Self {
        let name = path.to_string_lossy().to_ascii_lowercase();
        let text = name.strip_suffix(".gz").unwrap_or(&name);
        match text.rsplit_once('.').map(|(_, extension)| extension) {
            _ if name.ends_with(std::path::is_separator) => Self::TenX,
            Some("mtx") => Self::Market,
            Some("tsv" | "tab" | "txt") => Self::Tsv,
            Some("csv") => Self::Csv,
            _ if text.len() < name.len() => Self::Loom,
            Some("h5ad") => Self::H5ad,
            Some("npy") => Self::Npy,
            Some("arrow" | "feather") => Self::Arrow,
            Some("parquet") => Self::Parquet,
            _ => Self::Loom,
        }
    }

    /// Whether it is a folder rather than a file.
    #[must_use]
    pub fn is_folder(self) -> bool {
        matches!(self, Self::TenX | Self::Arrow | Self::Parquet)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the non-zeros of tables are divided into files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partition {
    /// So many cells after one another in each file.
    Cells(usize),
    /// A file for each value of a column attribute.
    By(String),
}

/// How a Loom file is written as something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// As what. Loom and h5ad are not for here: [`to_h5ad`](crate::to_h5ad) writes the one, a
    /// [`Subset`](loom_core::Subset) the other.
    pub target: Target,
    /// How non-zeros are divided into files.
    pub partition: Partition,
    /// How much memory there is.
    pub memory: Memory,
}

impl Export {
    /// As this target; 65,536 cells in each file of non-zeros.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            partition: Partition::Cells(1 << 16),
            memory: Memory::default(),
        }
    }

    /// Writes the file or folder, in the place of whatever has this path, and says what is not in it
    /// as it was. It is written beside its place and renamed when it is complete. The steps that
    /// `watch` is told of are cells, of text and `npy` genes.
    ///
    /// # Errors
    /// Where the Loom file has no main matrix, cannot be read, or the output not be written;
    /// [`Error::Misuse`] for a folder in the place of one that holds other things, for too little
    /// memory, and for a target that is not for here or was left out when the program was built.
    /// Whatever had the path is then as it was.
    pub fn write(
        &self,
        ds: &LoomConnection,
        path: impl AsRef<Path>,
        watch: &Watch,
    ) -> Result<Report> {
        crate::afford_names(ds)?;
        let path = path.as_ref();
        let mut report = Report::default();
        let made = &mut report;
        match self.target {
            Target::TenX => market::folder(ds, path, self.memory, watch, made)?,
            Target::Market => market::file(ds, path, self.memory, watch, made)?,
            Target::Tsv => plain::text(ds, path, b'\t', self.memory, watch, made)?,
            Target::Csv => plain::text(ds, path, b',', self.memory, watch, made)?,
            Target::Npy => plain::npy(ds, path, self.memory, watch, made)?,
            #[cfg(feature = "tables")]
            Target::Arrow | Target::Parquet => tables::folder(ds, path, self, watch, made)?,
            other => {
                let reason = format!("{other} is not written by this call, or not in this build");
                return Err(Error::Misuse(reason));
            }
        }
        Ok(report)
    }
}

/// The main matrix.
fn main(ds: &LoomConnection) -> Result<Layer<'_>> {
    ds.layer("")
}

/// The names of rows or columns, from the first of these attributes whose values differ, else the
/// first that is there, and which one that is; numbers where none is there.
fn names(
    ds: &LoomConnection,
    axis: Axis,
    of: &[&str],
    report: &mut Report,
) -> Result<(String, Vec<String>)> {
    let mut found: Option<(String, Vec<String>)> = None;
    for &name in of {
        let Some(names) = texts(ds, axis, name)? else {
            continue;
        };
        let unique = names.iter().collect::<HashSet<_>>().len() == names.len();
        if unique || found.is_none() {
            found = Some((name.to_owned(), names));
        }
        if unique {
            break;
        }
    }
    Ok(found.unwrap_or_else(|| {
        let reason = format!(
            "numbers are the names, because there is no {}",
            of.join(" or ")
        );
        report.change(axis.to_string(), reason);
        (String::new(), numbers(axis.of(ds.shape())))
    }))
}

/// An attribute with one value for each row or column, as text, if there is one.
fn texts(ds: &LoomConnection, axis: Axis, name: &str) -> Result<Option<Vec<String>>> {
    let attributes = ds.axis_attrs(axis);
    if !attributes.columns()?.iter().any(|known| known == name) {
        return Ok(None);
    }
    Ok(match attributes.get_at(name, ..)? {
        values if values.ndim() != 1 => None,
        Array::Str(texts) => Some(texts.into_iter().collect()),
        numbers => {
            let text = |at| cell::text(&numbers, at);
            Some((0..numbers.len()).map(text).collect())
        }
    })
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// Reports everything but the main matrix and these attributes, as `ra:Gene`, as left out.
fn leave_out_all_but(ds: &LoomConnection, kept: &[String], report: &mut Report) -> Result<()> {
    let mut leave_out = |what: String| {
        if !kept.contains(&what) {
            report.leave_out(what, "the format has no place for it");
        }
    };
    for name in ds.layers().keys()? {
        if !name.is_empty() {
            leave_out(format!("layer:{name}"));
        }
    }
    for axis in Axis::BOTH {
        let (attribute, graph) = axis.pair(("ra", "row-graph"), ("ca", "col-graph")).0;
        for name in ds.axis_attrs(axis).columns()? {
            leave_out(format!("{attribute}:{name}"));
        }
        for name in ds.axis_graphs(axis).keys()? {
            leave_out(format!("{graph}:{name}"));
        }
    }
    for name in ds.attrs().keys()? {
        leave_out(format!("attr:{name}"));
    }
    Ok(())
}
