//! Matrices and tables in files of other formats, to make Loom files of.
//!
//! A matrix is never in memory as a whole: it is read as batches of columns, which is what
//! [`create_from`](crate::create_from) takes. What is not stored in that order, Matrix Market and
//! text, is brought into it through temporary files.

mod dense;
mod lines;
mod market;
mod npy;
mod numbers;
mod spill;
mod table;
mod text;

use std::path::{Path, PathBuf};

use h5lite::DType;

pub use lines::Lines;
pub use table::{ReadTable, Table};

use self::{
    dense::DenseFile,
    numbers::{Found, Numbers, array_of, number},
    spill::Spill,
};
use crate::{
    edit::{Matrix, fit},
    error::{Error, Result},
};

/// Columns in a batch of a matrix that is read from a file.
pub const BATCH: usize = 256;

/// How a file is read as a matrix.
///
/// # Examples
/// ```
/// use loom_core::{LoomView, Mode, connect, create_from, import::ReadMatrix};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let (mtx, out) = (folder.path().join("m.mtx"), folder.path().join("m.loom"));
/// std::fs::write(&mtx, "%%MatrixMarket matrix coordinate integer general\n3 2 2\n1 1 5\n3 2 7\n")?;
/// let matrix = ReadMatrix::new().open(&mtx)?;
/// assert_eq!(matrix.shape(), (3, 2));
/// create_from(&out, &LoomView::default(), matrix.batches().map(|batch| Ok(batch?.into())))?;
/// assert_eq!(connect(&out, Mode::Read)?.read::<i32>(2, ..)?, ndarray::arr2(&[[0, 7]]));
/// # Ok::<(), loom_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadMatrix {
    dtype: Option<DType>,
    transposed: bool,
    delimiter: Option<u8>,
    scratch: Option<PathBuf>,
    value: (usize, usize),
    places: Option<(Vec<Option<u32>>, usize)>,
}

impl Default for ReadMatrix {
    fn default() -> Self {
        Self {
            dtype: None,
            transposed: false,
            delimiter: None,
            scratch: None,
            value: (0, 1),
            places: None,
        }
    }
}

impl ReadMatrix {
    /// The format is told from the content: Matrix Market, numpy's `npy`, or text with a line for
    /// each row, with names of the columns in the first line and of the rows in the first column;
    /// all but `npy` may be compressed with gzip.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The type of the matrix. Floats are rounded to it; integers that do not fit are an error.
    ///
    /// If it is not given, `npy` keeps its type, and other formats get the first of `int32`,
    /// `int64` and `float64` that holds all values.
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// Whether the file has a row for each cell: rows and columns are exchanged.
    #[must_use]
    pub fn transposed(mut self, transposed: bool) -> Self {
        self.transposed = transposed;
        self
    }

    /// What stands between the fields of text; a comma for names that end in `.csv` or `.csv.gz`
    /// and a tab for others, if it is not given.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// The folder for temporary files, which take about as much space as the input does once it is
    /// decompressed; the system's, if it is not given.
    #[must_use]
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = Some(folder.into());
        self
    }

    /// Which value of an entry is taken, counted from 0, and how many there are in each line of a
    /// Matrix Market file: the first of one, if this is not called. (STARsolo wrote files with
    /// three.)
    #[must_use]
    pub fn value(mut self, number: usize, of: usize) -> Self {
        self.value = (number, of);
        self
    }

    /// Where each column of a Matrix Market file goes in a matrix of so many columns, once rows and
    /// columns are exchanged if they are. Columns without a place are left out, columns of one place
    /// add up, and places that no column goes to hold zeros.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a place outside the matrix.
    pub fn places(mut self, places: Vec<Option<u32>>, width: usize) -> Result<Self> {
        if let Some(place) = places
            .iter()
            .flatten()
            .find(|&&place| place as usize >= width)
        {
            return Err(Error::Misuse(format!("place {place} of {width} columns")));
        }
        self.places = Some((places, width));
        Ok(self)
    }

    /// Opens a file, and reads it once where it is not stored column by column.
    ///
    /// # Errors
    /// [`Error::NoFile`]; [`Error::Import`] with the line for what is no matrix;
    /// [`Error::Write`] where temporary files cannot be written.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<MatrixFile> {
        let path = path.as_ref();
        let mut lines = Lines::open(path)?;
        let start = lines.start()?;
        let read = if start.starts_with(npy::MAGIC) {
            npy::open(path)?
        } else if start.starts_with(market::BANNER) {
            market::read(lines, self)?
        } else {
            text::read(lines, self)?
        };
        let Read {
            content,
            shape,
            found,
            names,
        } = read;
        let (shape, names) = match self.transposed {
            true => ((shape.1, shape.0), [names.1, names.0]),
            false => (shape, [names.0, names.1]),
        };
        let [row_names, col_names] = names;
        if shape.0 == 0 || shape.1 == 0 {
            let reason = format!(
                "an empty matrix of {} rows and {} columns",
                shape.0, shape.1
            );
            return Err(bad(path, None, reason));
        }
        let file = MatrixFile {
            path: path.to_owned(),
            content,
            shape,
            dtype: self.dtype.unwrap_or(found.dtype),
            transposed: self.transposed,
            row_names,
            col_names,
        };
        file.check(&found)?;
        Ok(file)
    }
}

/// A matrix in a file of another format.
#[derive(Debug)]
pub struct MatrixFile {
    path: PathBuf,
    content: Content,
    shape: (usize, usize),
    dtype: DType,
    transposed: bool,
    row_names: Option<Vec<String>>,
    col_names: Option<Vec<String>>,
}

/// Where the values are.
#[derive(Debug)]
enum Content {
    Dense(DenseFile),
    Sparse(Spill),
}

/// What was found in a file.
struct Read {
    content: Content,
    /// As in the file.
    shape: (usize, usize),
    found: Found,
    /// Of the rows and the columns of the file.
    names: (Option<Vec<String>>, Option<Vec<String>>),
}

impl MatrixFile {
    /// A matrix of triplets that `each` hands over in any order, about `count` of them: they are
    /// brought into the order of their columns through temporary files in `scratch`, or the system's
    /// folder. `path` is what errors speak of.
    ///
    /// # Errors
    /// What `each` returns; [`Error::Misuse`] for a triplet outside the shape; [`Error::Import`] for
    /// values that do not fit the type; [`Error::Write`].
    pub fn from_triplets(
        path: &Path,
        shape: (usize, usize),
        dtype: DType,
        count: u64,
        scratch: Option<&Path>,
        each: impl FnOnce(&mut dyn FnMut(u32, u32, f64) -> Result<()>) -> Result<()>,
    ) -> Result<Self> {
        let mut spill = Spill::new(shape, count, scratch)?;
        each(&mut |row, col, value| {
            if row as usize >= shape.0 || col as usize >= shape.1 {
                let reason = format!("row {row}, column {col} in a matrix of shape {shape:?}");
                return Err(Error::Misuse(reason));
            }
            spill.push(row, col, value)
        })?;
        spill.finish()?;
        let found = spill.numbers.found();
        let file = Self {
            path: path.to_owned(),
            content: Content::Sparse(spill),
            shape,
            dtype,
            transposed: false,
            row_names: None,
            col_names: None,
        };
        file.check(&found)?;
        Ok(file)
    }

    /// (rows, columns).
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The type of its values.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// What the rows are called, where the file says so.
    #[must_use]
    pub fn row_names(&self) -> Option<&[String]> {
        self.row_names.as_deref()
    }

    /// What the columns are called, where the file says so.
    #[must_use]
    pub fn col_names(&self) -> Option<&[String]> {
        self.col_names.as_deref()
    }

    /// The matrix as batches of columns, from the first to the last; those of matrices of as many
    /// columns are as wide.
    pub fn batches(&self) -> impl Iterator<Item = Result<Matrix<'static>>> + '_ {
        let (rows, cols) = self.shape;
        let mut loaded = None;
        (0..cols).step_by(BATCH).map(move |start| {
            let columns = start..cols.min(start + BATCH);
            match &self.content {
                Content::Dense(dense) => {
                    let block = dense.block(self.transposed, columns, self.dtype)?;
                    Ok(block.into())
                }
                Content::Sparse(spill) => spill.columns(columns, rows, self.dtype, &mut loaded),
            }
        })
    }

    /// Whether the values are numbers of the type they are to have.
    fn check(&self, found: &Found) -> Result<()> {
        if self.dtype == DType::Str {
            let reason = "a matrix holds numbers, not text".to_owned();
            return Err(bad(&self.path, None, reason));
        }
        if self.dtype.is_float() || found.dtype.is_safe_in(self.dtype) {
            return Ok(());
        }
        let fits = |ends: [f64; 2]| {
            let ends = ends.to_vec().into();
            found.integers && fit(&ends, self.dtype, &|_| String::new()).is_ok()
        };
        match found.range {
            Some((low, high)) if fits([low, high]) => Ok(()),
            Some((low, high)) => {
                let reason = format!(
                    "values from {low} to {high}, of type {}, do not fit {}",
                    found.dtype, self.dtype
                );
                Err(bad(&self.path, None, reason))
            }
            None => {
                let reason = format!("{} is not changed to {}", found.dtype, self.dtype);
                Err(bad(&self.path, None, reason))
            }
        }
    }
}

/// An [`Error::Import`].
fn bad(path: &Path, line: Option<u64>, reason: String) -> Error {
    Error::Import {
        path: path.to_owned(),
        line,
        reason,
    }
}
