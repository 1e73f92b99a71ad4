//! Several files as one: loompy's `combine` and `combine_faster`.

mod align;
mod columns;
mod graphs;
mod kind;
mod matrix;
mod rows;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use h5lite::{Array, Selection, Watch};

pub use align::Join;
pub(super) use align::Keys;
pub(super) use columns::{Plan, Rules};
pub(super) use graphs::{joined_graph, narrow};

use self::{align::Alignment, matrix::Joined};
use crate::{
    axis::Axis,
    connection::{Connect, LoomConnection},
    edit::{Create, Fill, NewFile},
    error::{Error, Result},
    layers::volume,
};

/// How files are put side by side in a new one: loompy's `combine` and `combine_faster`.
///
/// The columns of the files follow each other; the rows are those of the first file. Where a
/// [`key`](Self::key) is given, the rows of the other files are found by it, else they are taken
/// as they come. [`axis`](Self::axis) makes rows follow each other instead; all that is said about
/// columns is then said about rows.
///
/// | | of the result |
/// |---|---|
/// | layers | those of the first file, which all have to have; in an outer join those of any file, with zeros for the others |
/// | types | the smallest that holds the values of all files, as numpy promotes them (`combine` writes all into the type of the first file, `combine_faster` refuses) |
/// | column attributes | those that all files have, with values of one shape; the others are left out, or [filled](Self::fill) |
/// | row attributes, row graphs | those of the first file; in an outer join, a row that it lacks has its values from the first file that has it |
/// | column graphs | those of the first file, with its edges, or with those of [all files](Self::include_graphs) |
/// | global attributes | those of the first file, and those [given](Self::attr) |
/// | version, date | 3.0.0 and, where there is no other, the present: it is a new file, as `combine_faster` makes one (`combine` changes a copy of the first file) |
///
/// # Examples
/// ```no_run
/// use loom_core::{Combine, Join};
///
/// Combine::new(["one.loom", "two.loom"])
///     .key("Accession")
///     .join(Join::Inner)
///     .source("File")
///     .write("both.loom")?;
/// # Ok::<(), loom_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is combined until it is written"]
pub struct Combine {
    files: Vec<PathBuf>,
    axis: Axis,
    key: Option<String>,
    join: Join,
    selections: Option<Vec<Selection>>,
    batch_size: usize,
    skipped: Vec<String>,
    fill: Fill,
    convert_attrs: bool,
    include_graphs: bool,
    source: Option<String>,
    attrs: BTreeMap<String, Array>,
    watch: Watch,
    validate: bool,
}

/// What [`Combine::write`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Combined {
    /// (rows, columns).
    pub shape: (usize, usize),
    /// Column attributes that were left out, because a file lacks them, the shapes of their values
    /// differ, or they are compounds that differ in type or hold text of variable length.
    pub dropped: Vec<String>,
}

/// A file to be combined.
#[derive(Debug)]
pub(crate) struct Input<'ds> {
    /// What it is called in errors and in the attribute that names it.
    pub(crate) name: String,
    pub(crate) ds: &'ds LoomConnection,
    /// Its columns in the result.
    pub(crate) positions: Vec<usize>,
}

impl Combine {
    /// These files, in this order.
    pub fn new<P: Into<PathBuf>>(files: impl IntoIterator<Item = P>) -> Self {
        Self {
            files: files.into_iter().map(Into::into).collect(),
            axis: Axis::Cols,
            key: None,
            join: Join::Strict,
            selections: None,
            batch_size: 1000,
            skipped: Vec::new(),
            fill: Fill::Drop,
            convert_attrs: false,
            include_graphs: false,
            source: None,
            attrs: BTreeMap::new(),
            watch: Watch::default(),
            validate: true,
        }
    }

    /// What follows each other: columns, unless called.
    pub fn axis(mut self, axis: Axis) -> Self {
        self.axis = axis;
        self
    }

    /// The row attribute by which rows are found in the other files. In each file its values
    /// differ.
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// What becomes of rows that are not in every file. An error, unless called.
    pub fn join(mut self, join: Join) -> Self {
        self.join = join;
        self
    }

    /// The columns to take of each file, in this order: all, unless called.
    pub fn selections<S: Into<Selection>>(mut self, all: impl IntoIterator<Item = S>) -> Self {
        self.selections = Some(all.into_iter().map(Into::into).collect());
        self
    }

    /// How many columns of a layer are in memory at a time, at most, rounded to whole chunks of
    /// 64; 1,000, unless called. They never take more than about 64 MiB.
    pub fn batch_size(mut self, columns: usize) -> Self {
        self.batch_size = columns;
        self
    }

    /// Row and column attributes to leave out.
    pub fn skip_attrs<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.skipped = names.into_iter().map(Into::into).collect();
        self
    }

    /// What becomes of column attributes that a file lacks. They are dropped, unless called.
    pub fn fill(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
    }

    /// Whether global attributes that differ between files become column attributes. Files that
    /// lack one get 0, or `""` (loompy drops one that the first files have and the third lacks);
    /// `CreationDate` is one of them.
    pub fn convert_attrs(mut self, convert: bool) -> Self {
        self.convert_attrs = convert;
        self
    }

    /// Whether the column graphs of the first file get the edges of those of the same name in the
    /// other files.
    pub fn include_graphs(mut self, include: bool) -> Self {
        self.include_graphs = include;
        self
    }

    /// A column attribute that says which file a column is from: by its name, or where two have
    /// the same by its path.
    pub fn source(mut self, attribute: impl Into<String>) -> Self {
        self.source = Some(attribute.into());
        self
    }

    /// A global attribute of the result.
    pub fn attr(mut self, name: impl Into<String>, value: impl Into<Array>) -> Self {
        self.attrs.insert(name.into(), value.into());
        self
    }

    /// Whether the files have to be valid: yes, unless called. Those with compound attributes, as
    /// SCope writes them, are not.
    pub fn validate(mut self, validate: bool) -> Self {
        self.validate = validate;
        self
    }

    /// Who follows [`write`](Self::write); its steps are values of matrices.
    pub fn watch(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// Writes the file, in the place of whatever has this path. A failure leaves what was there.
    ///
    /// Beside the tile of a layer, the positions of both axes, the keys of all files, and one
    /// attribute or graph are in memory at a time.
    ///
    /// # Errors
    /// [`Error::Keys`] naming keys that occur several times in a file, or in a strict join keys
    /// that are not in both of two files; [`Error::Shape`] for another number of rows without a
    /// key; [`Error::Type`] for an attribute that is text in one file and numbers in another, and for
    /// a compound row attribute with text of variable length;
    /// [`Error::Exists`] where a file has an attribute of the name given to
    /// [`source`](Self::source); [`Error::NotFound`] for the key; [`Error::Misuse`] for no files,
    /// another number of selections, a batch of 0, a join without a key, or a layer that a file
    /// lacks; those of [`connect`](crate::connect); and where a file cannot be read or written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<Combined> {
        let axis = self.axis;
        let files = self.open()?;
        let inputs = self.inputs(&files)?;
        let rows = Alignment::new(&inputs, axis.other(), self.key.as_deref(), self.join)?;
        let plan = Plan::new(&self.rules(), &inputs)?;
        let layers = Joined::all(&inputs, self.join)?;
        let along = inputs.iter().map(|input| input.positions.len()).sum();
        let mut steps = (self.watch).begin(volume((along, rows.len), layers.len()))?;
        Create::new().write(path, |file| {
            for layer in &layers {
                layer.write(file, axis, self.batch_size, (&inputs, &rows), &mut steps)?;
            }
            for column in &plan.columns {
                file.axis_values(axis, &column.name, &column.values(axis, &inputs)?)?;
            }
            self.copy_globals(file, &inputs, &plan)?;
            self.copy_row_attrs(file, &inputs, &rows)?;
            self.copy_row_graphs(file, &inputs, &rows)?;
            self.copy_graphs(file, &inputs, along)
        })?;
        Ok(Combined {
            shape: axis.pair(along, rows.len),
            dropped: plan.dropped,
        })
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            axis: self.axis,
            skipped: &self.skipped,
            fill: &self.fill,
            convert_attrs: self.convert_attrs,
            source: self.source.as_deref(),
        }
    }

    fn open(&self) -> Result<Vec<LoomConnection>> {
        let misuse = |reason: String| Err(Error::Misuse(reason));
        if self.files.is_empty() {
            return misuse("no files to combine".to_owned());
        }
        if self.batch_size == 0 {
            return misuse("files combined in batches of 0".to_owned());
        }
        match &self.selections {
            Some(selections) if selections.len() != self.files.len() => misuse(format!(
                "{} selections for {} files",
                selections.len(),
                self.files.len()
            )),
            _ => (self.files.iter())
                .map(|path| Connect::new().validate(self.validate).open(path))
                .collect(),
        }
    }

    fn inputs<'ds>(&self, files: &'ds [LoomConnection]) -> Result<Vec<Input<'ds>>> {
        let mut inputs = Vec::with_capacity(files.len());
        for (number, (ds, name)) in files.iter().zip(self.names()).enumerate() {
            ds.state.afford_positions()?;
            let selection = (self.selections.as_ref()).map_or(&Selection::All, |all| &all[number]);
            let length = self.axis.of(ds.shape());
            let positions = selection.positions(self.axis.index(), length)?;
            inputs.push(Input {
                name,
                ds,
                positions,
            });
        }
        Ok(inputs)
    }

    /// What the files are called: by their names, or where two have the same by their paths.
    fn names(&self) -> Vec<String> {
        let paths = self.files.iter().map(|path| path.display().to_string());
        let names: Vec<String> = (self.files.iter())
            .map(|path| {
                path.file_name()
                    .unwrap_or(path.as_os_str())
                    .display()
                    .to_string()
            })
            .collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        match sorted.windows(2).any(|two| two[0] == two[1]) {
            true => paths.collect(),
            false => names,
        }
    }

    fn copy_globals(
        &self,
        file: &mut NewFile<'_, '_>,
        inputs: &[Input<'_>],
        plan: &Plan,
    ) -> Result<()> {
        for attr in inputs[0].ds.attrs().iter()? {
            let (name, value) = attr?;
            if !plan.converted.contains(&name) && !self.attrs.contains_key(&name) {
                file.attr(&name, &value)?;
            }
        }
        self.attrs
            .iter()
            .try_for_each(|(name, value)| file.attr(name, value))
    }
}
