//! An open Loom file: loompy's `LoomConnection`.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use h5lite::{File, Limits, Number, OpenOptions, Selection, Threads, Watch};
use ndarray::Array2;

use crate::{
    attrs::Attrs,
    axis::Axis,
    error::{Error, Result},
    global_attrs::GlobalAttrs,
    graphs::Graphs,
    layers::{Layer, Layers},
    spec::{self, SpecVersion},
    state::State,
    timestamp,
    validate::{LoomValidator, Strictness},
};

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// To be read only, under the shared lock that the HDF5 library takes: any number of readers
    /// at a time, and no writer.
    #[default]
    Read,
    /// To be read and changed, under the exclusive lock that the HDF5 library takes: nobody else
    /// has the file open meanwhile.
    ReadWrite,
}

/// loompy's text for the mode: `r` or `r+`.
impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "r" => Ok(Self::Read),
            "r+" => Ok(Self::ReadWrite),
            other => Err(Error::Misuse(format!(
                "{other:?} is not a mode; files are opened with \"r\" or \"r+\""
            ))),
        }
    }
}

/// Opens a Loom file after validating it: loompy's `connect`.
///
/// The mode is always given (loompy takes `r+` when it is left out), and a file is never changed
/// by reading it. [`Connect`] has more to choose, such as no validation.
///
/// # Errors
/// [`Error::NoFile`], [`Error::NotHdf5`], [`Error::NotLoom`] with every rule the file breaks,
/// [`Error::Locked`], or [`Error::H5`] where the file is damaged or the system refuses.
///
/// # Examples
/// ```
/// use loom_core::{Mode, connect};
///
/// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
/// let (rows, cols) = ds.shape();
/// let first = ds.read::<f64>(.., 0)?;
/// assert_eq!(first.dim(), (rows, 1));
/// assert_eq!(ds.ca().get::<String>("CellID")?.len(), cols);
/// # Ok::<(), loom_core::Error>(())
/// ```
pub fn connect(path: impl AsRef<Path>, mode: Mode) -> Result<LoomConnection> {
    Connect::new().mode(mode).open(path)
}

/// Choices for opening a file; by default it is validated.
#[derive(Clone, Debug)]
pub struct Connect {
    mode: Mode,
    validate: bool,
    spec: Option<SpecVersion>,
    options: OpenOptions,
    threads: usize,
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            mode: Mode::Read,
            validate: true,
            spec: None,
            options: File::options(),
            threads: 0,
        }
    }
}

impl Connect {
    /// The choices [`connect`] makes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How the file is opened.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether a file that breaks the specification is refused. If not, what is missing from it is
    /// taken as empty, and [`LoomConnection::warnings`] says so.
    #[must_use]
    pub fn validate(mut self, validate: bool) -> Self {
        self.validate = validate;
        self
    }

    /// The version of the specification by which the file is read, whatever version it states.
    #[must_use]
    pub fn spec(mut self, version: SpecVersion) -> Self {
        self.spec = Some(version);
        self
    }

    /// How much the file may make one call do.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options = self.options.limits(limits);
        self
    }

    /// How many threads share the work of a call: 1 for the caller's alone, 0 for one for each
    /// core, which is the default. What comes out never depends on it.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = count;
        self
    }

    /// Whether the file is read by position rather than mapped into memory; see
    /// [`OpenOptions::positioned`].
    #[must_use]
    pub fn positioned(mut self, positioned: bool) -> Self {
        self.options = self.options.positioned(positioned);
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<LoomConnection> {
        let path = path.as_ref();
        let options = self.options()?;
        let file = match self.mode {
            Mode::Read => options.open(path),
            Mode::ReadWrite => options.open_rw(path),
        };
        self.file(file.map_err(|error| opening(path, error))?)
    }

    /// Opens a file that is in memory. Validation is as in [`open`](Self::open).
    ///
    /// # Errors
    /// As [`connect`].
    pub fn bytes(&self, bytes: impl Into<Vec<u8>>) -> Result<LoomConnection> {
        let options = self.options()?;
        let file = match self.mode {
            Mode::Read => options.from_bytes(bytes),
            Mode::ReadWrite => options.from_bytes_rw(bytes),
        };
        self.file(file.map_err(|error| opening(Path::new(IN_MEMORY), error))?)
    }

    fn options(&self) -> Result<OpenOptions> {
        Ok(self.options.clone().threads(Threads::new(self.threads)?))
    }

    fn file(&self, file: File) -> Result<LoomConnection> {
        if self.validate {
            refuse_invalid(&file, self.spec)?;
        }
        Ok(LoomConnection {
            state: State::open(file, self.spec)?,
        })
    }
}

/// Refuses a file that breaks a rule of the specification, naming every one it breaks.
fn refuse_invalid(file: &File, spec: Option<SpecVersion>) -> Result<()> {
    let validator = match spec {
        Some(version) => LoomValidator::with_version(version.to_string()),
        None => LoomValidator::new(),
    };
    let report = validator.check(file, Strictness::SpecOnly);
    if report.is_valid() {
        return Ok(());
    }
    Err(Error::NotLoom {
        name: name_of(file),
        version: report.version,
        failed: report.errors,
    })
}

const IN_MEMORY: &str = "file in memory";

/// What a file is called in errors.
pub(crate) fn name_of(file: &File) -> String {
    file.path()
        .map_or_else(|| IN_MEMORY.to_owned(), |path| path.display().to_string())
}

/// Gives the reasons for which a file does not open names of their own.
fn opening(path: &Path, error: h5lite::Error) -> Error {
    let path = PathBuf::from(path);
    match error.root_cause() {
        h5lite::Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Error::NoFile { path }
        }
        h5lite::Error::NotHdf5 => Error::NotHdf5 { path },
        h5lite::Error::Locked(reason) => Error::Locked {
            path,
            reason: reason.clone(),
        },
        _ => error.into(),
    }
}

/// An open Loom file. Dropping it closes the file.
///
/// Each call that changes the file is durable when it returns, and done as a whole or not at all,
/// whatever interrupts it; [`atomically`](Self::atomically) makes several calls one change.
#[derive(Debug)]
pub struct LoomConnection {
    pub(crate) state: State,
}

impl LoomConnection {
    /// The Loom file in an HDF5 file that is open already, read without validation. What is
    /// missing is taken as empty; see [`warnings`](Self::warnings). The mode is that of the file.
    ///
    /// # Errors
    /// Where not even the root group can be read.
    pub fn from_file(file: File) -> Result<Self> {
        Ok(Self {
            state: State::open(file, None)?,
        })
    }

    /// Who follows the long calls of this connection: [`add_loom`](Self::add_loom),
    /// [`permute`](Self::permute), [`aggregate_into`](Self::aggregate_into), and those of
    /// [`Subset`](crate::Subset). Their steps are values of matrices. A call that is ended leaves
    /// the file, and whatever is in the place of a new one, as they were, and no temporary files.
    pub fn watch(&mut self, watch: Watch) {
        self.state.watch = watch;
    }

    /// Closes the connection, and with it the file; loompy's `close`. Dropping it does the same.
    pub fn close(self) {}

    /// The HDF5 file underneath, no longer read as a Loom file.
    #[must_use]
    pub fn into_file(self) -> File {
        self.state.file
    }

    /// The HDF5 file underneath.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.state.file
    }

    /// The path it was opened by; `None` for a file in memory.
    #[must_use]
    pub fn filename(&self) -> Option<&Path> {
        self.state.file.path()
    }

    /// How it was opened.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.state.file.is_writable() {
            true => Mode::ReadWrite,
            false => Mode::Read,
        }
    }

    /// (rows, columns) of the main matrix; (0, 0) while there is none.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.state.shape
    }

    /// The version of the specification by which the file is read; 0.0.0 where it states none.
    #[must_use]
    pub fn spec_version(&self) -> SpecVersion {
        self.state.version
    }

    /// What was wrong with the file, so far, and read all the same.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.state.warnings()
    }

    /// Global attributes.
    #[must_use]
    pub fn attrs(&self) -> GlobalAttrs<'_> {
        GlobalAttrs::new(&self.state)
    }

    /// Row attributes.
    #[must_use]
    pub fn ra(&self) -> Attrs<'_> {
        self.axis_attrs(Axis::Rows)
    }

    /// Column attributes.
    #[must_use]
    pub fn ca(&self) -> Attrs<'_> {
        self.axis_attrs(Axis::Cols)
    }

    /// The attributes of an axis.
    #[must_use]
    pub fn axis_attrs(&self, axis: Axis) -> Attrs<'_> {
        Attrs::new(&self.state, axis)
    }

    /// Graphs between rows.
    #[must_use]
    pub fn row_graphs(&self) -> Graphs<'_> {
        self.axis_graphs(Axis::Rows)
    }

    /// Graphs between columns.
    #[must_use]
    pub fn col_graphs(&self) -> Graphs<'_> {
        self.axis_graphs(Axis::Cols)
    }

    /// The graphs of an axis.
    #[must_use]
    pub fn axis_graphs(&self, axis: Axis) -> Graphs<'_> {
        Graphs::new(&self.state, axis)
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> Layers<'_> {
        Layers::new(&self.state)
    }

    /// A layer; `""` is the main matrix.
    ///
    /// # Errors
    /// As [`Layers::get`].
    pub fn layer(&self, name: &str) -> Result<Layer<'_>> {
        self.layers().get(name)
    }

    /// A block of the main matrix: loompy's `ds[rows, cols]`.
    ///
    /// # Errors
    /// As [`Layer::read`].
    pub fn read<T: Number>(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
    ) -> Result<Array2<T>> {
        self.layer("")?.read(rows, cols)
    }

    /// When the file last changed, as far as it says.
    ///
    /// loompy 3 stamps the HDF5 attribute of `/` but reads `/attrs/last_modified`; this is the
    /// later of the two. (loompy returns the present time where there is no stamp.)
    ///
    /// # Errors
    /// Where a stamp cannot be read.
    pub fn last_modified(&self) -> Result<Option<String>> {
        let root = self.state.file.root()?;
        let stamped = timestamp::read(root.attribute(spec::LAST_MODIFIED))?;
        let global = match self.attrs().get_any(spec::LAST_MODIFIED) {
            Ok(value) => timestamp::text(value),
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(stamped.max(global))
    }
}
