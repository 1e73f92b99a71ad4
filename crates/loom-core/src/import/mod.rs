//! Matrices and tables in files of other formats, to make Loom files of.
//!
//! A matrix is never in memory as a whole: it is read as batches of columns, which is what
//! [`create_from`](crate::create_from) takes. What is not stored in that order, Matrix Market and
//! text, is brought into it through temporary files.

mod dense;
mod lines;
mod market;
mod npy;
mod spill;
mod table;
mod text;

use std::path::{Path, PathBuf};

use h5lite::{Array, DType};

pub use table::{ReadTable, Table};

use self::{dense::DenseFile, lines::Lines, spill::Spill};
use crate::{
    edit::Matrix,
    error::{Error, Result},
    numeric::with_number,
};

/// Columns in a batch.
const BATCH: usize = 256;

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
#[derive(Clone, Debug, Default)]
pub struct ReadMatrix {
    dtype: Option<DType>,
    transposed: bool,
    delimiter: Option<u8>,
    scratch: Option<PathBuf>,
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

/// What the values are like.
struct Found {
    dtype: DType,
    /// The smallest and the largest, where they have been looked at.
    range: Option<(f64, f64)>,
}

impl MatrixFile {
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
        let fits = |value: f64| {
            with_number!(self.dtype, T => {
                use h5lite::Number;
                T::from_f64(value).to_f64() == value
            }, text => false)
        };
        match found.range {
            Some((low, high)) if !found.dtype.is_float() && fits(low) && fits(high) => Ok(()),
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

/// What text numbers are like, so far.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    integers: bool,
    low: f64,
    high: f64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            integers: true,
            low: 0.0,
            high: 0.0,
        }
    }
}

impl Numbers {
    fn see(&mut self, value: f64) {
        self.integers &= value.fract() == 0.0;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    fn found(self) -> Found {
        let narrow = self.low >= f64::from(i32::MIN) && self.high <= f64::from(i32::MAX);
        let dtype = match (self.integers, narrow) {
            (true, true) => DType::I32,
            (true, false) => DType::I64,
            (false, _) => DType::F64,
        };
        Found {
            dtype,
            range: Some((self.low, self.high)),
        }
    }
}

/// A number that a matrix can hold, of text.
///
/// # Errors
/// Why it is none.
fn number(text: &[u8]) -> Result<f64, String> {
    /// From here on, `f64` leaves integers out.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let text = String::from_utf8_lossy(text);
    let value: f64 = (text.trim().parse()).map_err(|_| format!("{text:?} is no number"))?;
    if !value.is_finite() {
        return Err(format!("{text:?}, where a finite number is needed"));
    }
    if value.abs() > EXACT && text.trim().bytes().all(|byte| byte != b'.' && byte != b'e') {
        return Err(format!("{text:?} is an integer beyond 2^53"));
    }
    Ok(value)
}

/// Numbers as an array of another type. What that cannot hold has been refused before.
fn array_of(values: impl Iterator<Item = f64>, dtype: DType) -> Array {
    with_number!(dtype, T => {
        use h5lite::Number;
        values.map(T::from_f64).collect::<Vec<T>>().into()
    }, text => Vec::<u8>::new().into())
}

/// An [`Error::Import`].
fn bad(path: &Path, line: Option<u64>, reason: String) -> Error {
    Error::Import {
        path: path.to_owned(),
        line,
        reason,
    }
}
