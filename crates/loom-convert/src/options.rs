//! What importers are told.

use std::path::PathBuf;

use loom_core::{DType, import::ReadMatrix};

use crate::Star;

/// What importers are told beside where the input is. Each looks at what concerns it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What stands in front of the barcodes in `CellID`, with a colon between.
    pub sample: Option<String>,
    /// The genome, where a folder has several, or does not say which.
    pub genome: Option<String>,
    /// All barcodes, not only those of cells.
    pub raw: bool,
    /// The type of matrices; as for [`ReadMatrix::dtype`].
    pub dtype: Option<DType>,
    /// The folder for temporary files; the system's, if not given.
    pub scratch: Option<PathBuf>,
    /// What is taken from STARsolo.
    pub star: Star,
    /// How text is read.
    pub text: Text,
}

/// How a matrix in text is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// A line for each cell.
    pub transposed: bool,
    /// A Loom file whose rows, in its order, the result has.
    pub rows_of: Option<PathBuf>,
    /// Its row attribute by which lines belong to rows; `Accession`, if not given.
    pub key: Option<String>,
    /// A table with a line for each cell, in the order of the matrix, with a column `CellID`, or one
    /// without a name.
    pub cells: Option<PathBuf>,
}

impl Options {
    /// How a matrix is read.
    pub(crate) fn read_matrix(&self) -> ReadMatrix {
        let mut read = ReadMatrix::new();
        if let Some(dtype) = self.dtype {
            read = read.dtype(dtype);
        }
        if let Some(scratch) = &self.scratch {
            read = read.scratch(scratch);
        }
        read
    }
}
