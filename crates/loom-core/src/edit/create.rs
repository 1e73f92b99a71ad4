//! New files: loompy's `new` and `create`.

use std::{collections::HashSet, fmt, path::Path};

use h5lite::{Array, Edit, File};

use super::{
    Change,
    columns::{Appender, Columns},
};
use crate::{
    axis::Axis,
    connection::{Connect, LoomConnection, Mode},
    coo::Coo,
    error::{Error, Result},
    spec::{self, SpecVersion},
    view::LoomView,
};

/// Makes a Loom file of what is in memory: loompy's `create`.
///
/// Whatever has this path is replaced; a failure leaves it as it was. Of the global attributes
/// given, `LOOM_SPEC_VERSION` and `last_modified` are not taken over; `CreationDate` is the present
/// unless it is given.
///
/// # Errors
/// As [`NewFile`]'s calls, and where the file cannot be written.
///
/// # Examples
/// ```
/// use loom_core::{LoomView, Mode, connect, create};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("x.loom");
/// let mut data = LoomView::default();
/// data.layers.insert(String::new(), ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).into());
/// data.ra.insert("Gene".into(), ["Actb", "Gapdh", "Xist"].as_slice().into());
/// data.ca.insert("CellID".into(), ["one", "two"].as_slice().into());
/// create(&path, &data)?;
/// let ds = connect(&path, Mode::Read)?;
/// assert_eq!(ds.shape(), (3, 2));
/// assert_eq!(ds.ra().get::<String>("Gene")?[2], "Xist");
/// # Ok::<(), loom_core::Error>(())
/// ```
pub fn create(path: impl AsRef<Path>, data: &LoomView) -> Result<()> {
    Create::new().write(path, |file| {
        file.metadata(data)?;
        file.columns(data)
    })
}

/// Makes a Loom file from batches of columns, so that it can be larger than memory: what is kept is
/// a batch, a chunk's width of columns, and the column attributes. How many columns there are need
/// not be known.
///
/// `rest` has everything but the columns: row attributes, graphs, global attributes. Its layers and
/// column attributes are not looked at.
///
/// # Errors
/// As [`create`], and the first error among the batches.
pub fn create_from<'a>(
    path: impl AsRef<Path>,
    rest: &LoomView,
    batches: impl IntoIterator<Item = Result<Columns<'a>>>,
) -> Result<()> {
    Create::new().write(path, |file| {
        file.metadata(rest)?;
        batches
            .into_iter()
            .try_for_each(|batch| file.columns(batch?))
    })
}

/// Makes an empty Loom file, in the place of whatever has this path, and opens it: loompy's `new`.
///
/// It is no valid file until it has a matrix: [`Connect::validate`] has to be off to open it.
///
/// # Errors
/// Where the file cannot be written or opened.
pub fn new(path: impl AsRef<Path>) -> Result<LoomConnection> {
    let path = path.as_ref();
    File::create(path, |edit| {
        let mut file = NewFile::begin(edit, SpecVersion::V3)?;
        file.date()?;
        file.change.stamp_file()
    })?;
    Connect::new()
        .mode(Mode::ReadWrite)
        .validate(false)
        .open(path)
}

/// Choices for a new file.
#[derive(Clone, Debug)]
pub struct Create {
    spec: SpecVersion,
}

impl Default for Create {
    fn default() -> Self {
        Self {
            spec: SpecVersion::V3,
        }
    }
}

impl Create {
    /// The choices [`create`] makes: version 3.0.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The version of the specification whose conventions the file follows.
    #[must_use]
    pub fn spec(mut self, version: SpecVersion) -> Self {
        self.spec = version;
        self
    }

    /// Makes a file of what `fill` puts into it, in the place of whatever has this path.
    ///
    /// The file is written beside its place and renamed when it is complete and durable: a failure,
    /// in `fill` too, leaves what was there.
    ///
    /// # Errors
    /// What `fill` returns; [`Error::Misuse`] for a file without columns; [`Error::Shape`] where
    /// attributes or graphs do not fit the columns; and where the file cannot be written.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        fill: impl FnOnce(&mut NewFile<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        File::create(path, |edit| {
            let mut file = NewFile::begin(edit, self.spec)?;
            fill(&mut file)?;
            file.finish()
        })
    }
}

/// A Loom file that is being made. Its parts can be given in any order, columns in any number of
/// batches.
pub struct NewFile<'e, 'f> {
    pub(super) change: Change<'e, 'f>,
    columns: Appender,
    spec: SpecVersion,
    /// Attributes and graphs, and how many rows or columns they want.
    lengths: Vec<Length>,
    globals: HashSet<String>,
}

/// How many rows or columns something wants.
pub(super) struct Length {
    pub(super) what: String,
    pub(super) axis: Axis,
    pub(super) shape: Vec<usize>,
}

impl fmt::Debug for NewFile<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewFile")
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}

impl<'e, 'f> NewFile<'e, 'f> {
    fn begin(edit: &'e mut Edit<'f>, spec: SpecVersion) -> Result<Self> {
        if spec >= SpecVersion::V3 {
            edit.create_group(spec::ATTRS)?;
        }
        Ok(Self {
            change: Change::new(edit, spec, (0, 0))?,
            columns: Appender::default(),
            spec,
            lengths: Vec::new(),
            globals: HashSet::new(),
        })
    }

    /// (rows, columns) so far; (0, 0) before the first columns.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.columns.shape()
    }

    /// Sets a global attribute.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Text`].
    pub fn attr(&mut self, name: &str, value: &Array) -> Result<()> {
        if matches!(name, spec::LOOM_SPEC_VERSION | spec::LAST_MODIFIED) {
            return Ok(());
        }
        self.globals.insert(name.to_owned());
        self.change.write_global(name, value)
    }

    /// Sets a row attribute.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Text`], [`Error::Shape`].
    pub fn row_attr(&mut self, name: &str, values: &Array) -> Result<()> {
        self.axis_attr(Axis::Rows, name, values)
    }

    /// Sets a graph between rows.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Shape`].
    pub fn row_graph(&mut self, name: &str, graph: &Coo<f64>) -> Result<()> {
        self.axis_graph(Axis::Rows, name, graph)
    }

    /// Sets a graph between columns.
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::Shape`] once there are more columns than it has vertices.
    pub fn col_graph(&mut self, name: &str, graph: &Coo<f64>) -> Result<()> {
        self.axis_graph(Axis::Cols, name, graph)
    }

    /// Everything that a view has beside its columns: global attributes, row attributes, graphs.
    ///
    /// # Errors
    /// As the calls for each of them.
    pub fn metadata(&mut self, view: &LoomView) -> Result<()> {
        for (name, value) in &view.attrs {
            self.attr(name, value)?;
        }
        for (name, values) in &view.ra {
            self.row_attr(name, values)?;
        }
        for axis in Axis::BOTH {
            for (name, graph) in view.axis_graphs(axis) {
                self.axis_graph(axis, name, graph)?;
            }
        }
        Ok(())
    }

    /// Appends columns. All batches have the same layers and column attributes, of the same types.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::NotFinite`], [`Error::Text`]; [`Error::Shape`], [`Error::Type`]
    /// and [`Error::NotFound`] where something in the batch does not fit the rest of it, or what is
    /// there; [`Error::Misuse`] for a batch without a main matrix.
    pub fn columns<'b>(&mut self, batch: impl Into<Columns<'b>>) -> Result<()> {
        let first = self.shape() == (0, 0);
        self.columns.push(&mut self.change, batch.into())?;
        if first {
            let rows = self.shape().0;
            let mut rows_wanted = self.lengths.iter().filter(|l| l.axis == Axis::Rows);
            rows_wanted.try_for_each(|length| length.check(rows))?;
        }
        Ok(())
    }

    /// Checks now what can be checked now, and notes it for the end.
    pub(super) fn wants(&mut self, length: Length) -> Result<()> {
        if length.axis == Axis::Rows && self.shape() != (0, 0) {
            length.check(self.shape().0)?;
        }
        self.lengths.push(length);
        Ok(())
    }

    /// The date of creation, unless it was given, and the version.
    fn date(&mut self) -> Result<()> {
        if !self.globals.contains(spec::CREATION_DATE) {
            let now = self.change.now().into();
            self.change.write_global(spec::CREATION_DATE, &now)?;
        }
        let version = Array::from(self.spec.to_string());
        (self.change).write_global(spec::LOOM_SPEC_VERSION, &version)
    }

    fn finish(mut self) -> Result<()> {
        self.columns.finish(&mut self.change)?;
        let shape = self.change.shape;
        if shape == (0, 0) {
            let reason = "a Loom file without a main matrix: it has at least one row and column";
            return Err(Error::Misuse(reason.to_owned()));
        }
        for length in &self.lengths {
            length.check(length.axis.of(shape))?;
        }
        self.date()?;
        self.change.stamp_file()
    }
}

impl Length {
    fn check(&self, length: usize) -> Result<()> {
        let axis = self.axis;
        let graph = self.what.starts_with(axis.graph());
        let (fits, expected) = match graph {
            true => (
                self.shape == [length, length],
                format!("[{length}, {length}], a vertex for each of the {axis},"),
            ),
            false => (
                self.shape.first() == Some(&length),
                format!("one value for each of {length} {axis}"),
            ),
        };
        match fits {
            true => Ok(()),
            false => Err(Error::Shape {
                what: self.what.clone(),
                expected,
                found: self.shape.clone(),
            }),
        }
    }
}
