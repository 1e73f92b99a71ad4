//! What can go wrong with a Loom file, on top of what can go wrong with an HDF5 file.

use std::{io, path::PathBuf};

/// The result of everything that touches a Loom file.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The HDF5 layer failed; its error names the object, and the file where one was opened.
    #[error(transparent)]
    H5(#[from] h5lite::Error),
    /// There is no such file.
    #[error("{}: no such file", path.display())]
    NoFile {
        /// The path asked for.
        path: PathBuf,
    },
    /// The file exists, but is not an HDF5 file.
    #[error("{}: not an HDF5 file", path.display())]
    NotHdf5 {
        /// The path asked for.
        path: PathBuf,
    },
    /// Another program writes to the file.
    #[error("{}: locked by another program ({reason})", path.display())]
    Locked {
        /// The path asked for.
        path: PathBuf,
        /// What the lock conflicts with.
        reason: String,
    },
    /// An HDF5 file that breaks rules of the Loom specification.
    #[error("{name}: not a valid Loom file (specification {version}): {}", failed.join("; "))]
    NotLoom {
        /// The file, or "file in memory".
        name: String,
        /// The version of the specification it was checked against.
        version: String,
        /// Every rule it breaks.
        failed: Vec<String>,
    },
    /// A layer, attribute or graph that does not exist.
    #[error("no {what} named {name:?}")]
    NotFound {
        /// "layer", "row attribute", "column graph", ...
        what: &'static str,
        /// The name asked for.
        name: String,
    },
    /// Something has another shape than the rest of the file, or the call, demands.
    #[error("{what} has shape {found:?} where {expected} is needed")]
    Shape {
        /// What has the wrong shape: `row attribute "Gene"`.
        what: String,
        /// The shape that was needed.
        expected: String,
        /// The shape it has.
        found: Vec<usize>,
    },
    /// Something has another type than the call demands.
    #[error("{what} is {found} where {expected} is needed")]
    Type {
        /// What has the wrong type: `row attribute "Gene"`.
        what: String,
        /// The type that was needed.
        expected: String,
        /// The type it has.
        found: String,
    },
    /// Content that contradicts the Loom specification, found while reading it.
    #[error("{what} breaks the Loom specification: {reason}")]
    BreaksSpec {
        /// What is at fault: `column graph "KNN"`.
        what: String,
        /// Which rule it breaks, and where.
        reason: String,
    },
    /// A matrix would hold something else than finite numbers.
    #[error(
        "layer {layer:?} would hold {value} at row {row}, column {col}, where finite numbers are needed"
    )]
    NotFinite {
        /// The layer; `""` is the main matrix.
        layer: String,
        /// Where the value would be.
        row: usize,
        /// Where the value would be.
        col: usize,
        /// The first such value.
        value: f64,
    },
    /// Values that are to identify rows or columns, and do not.
    #[error("{what} cannot be the key: {reason}")]
    Keys {
        /// Which values: `row attribute "Accession" of b.loom`.
        what: String,
        /// Some of the values that are there several times, or in one file only.
        reason: String,
    },
    /// A name that nothing in a Loom file can have.
    #[error(
        "{what} cannot be called {name:?}: a name is not empty, \".\" or \"..\" and contains neither \
         a slash nor NUL"
    )]
    Name {
        /// "layer", "row attribute", "column graph", ...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The new name is that of something else.
    #[error("there is a {what} named {name:?} already")]
    Exists {
        /// "layer", "row attribute", "column graph", ...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Text that this file cannot hold.
    #[error("{what} cannot hold {text:?}: {reason}")]
    Text {
        /// What was to hold it: `row attribute "Gene"`.
        what: String,
        /// The text.
        text: String,
        /// Why not.
        reason: String,
    },
    /// A change to a file that was opened for reading.
    #[error("{name}: opened for reading only (mode r); a change needs mode r+")]
    ReadOnly {
        /// The file, or "file in memory".
        name: String,
    },
    /// A call that asks for something impossible, whatever the file.
    #[error("{0}")]
    Misuse(String),
    /// A file of another format that does not hold what it should.
    #[error("{}: {}{reason}", path.display(), in_line(*line))]
    Import {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, where it has lines.
        line: Option<u64>,
        /// What is wrong with it.
        reason: String,
    },
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Write(#[from] io::Error),
}

impl Error {
    /// An [`Error::NotFound`].
    pub(crate) fn not_found(what: &'static str, name: &str) -> Self {
        Self::NotFound {
            what,
            name: name.to_owned(),
        }
    }

    /// Whether a named thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::H5(error) => error.is_not_found(),
            Self::NotFound { .. } | Self::NoFile { .. } => true,
            _ => false,
        }
    }
}

fn in_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}
