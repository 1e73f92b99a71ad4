//! What an importer has opened: a Loom file that is not written yet.

use std::{collections::BTreeMap, fmt, path::Path};

use loom_core::{
    Array, Columns, Create, DType, LoomView, Matrix, Result, SpecVersion, Watch,
    h5lite::Threads,
    import::{BATCH, MatrixFile},
};

use crate::{Memory, Report};

/// A layer that is read while it is written.
pub(crate) trait Layer: fmt::Debug + Send + Sync {
    /// The type of its values.
    fn dtype(&self) -> DType;

    /// Its columns from the first to the last, [`BATCH`](loom_core::import::BATCH) at a time.
    fn batches(&self) -> Batches<'_>;
}

/// Batches of columns.
pub(crate) type Batches<'a> = Box<dyn Iterator<Item = Result<Matrix<'static>>> + Send + 'a>;

impl Layer for MatrixFile {
    fn dtype(&self) -> DType {
        self.dtype()
    }

    fn batches(&self) -> Batches<'_> {
        Box::new(self.batches())
    }
}

/// Everything a Loom file is made of, opened and checked, with the matrices still where they are.
#[derive(Debug)]
pub struct Import {
    shape: (usize, usize),
    layers: BTreeMap<String, Box<dyn Layer>>,
    /// All but layers and column attributes.
    pub(crate) rest: LoomView,
    pub(crate) ca: BTreeMap<String, Array>,
    pub(crate) report: Report,
    /// Whether a batch of columns is read while the one before is written.
    ahead: bool,
}

impl Import {
    /// With this main matrix, and nothing else yet.
    pub(crate) fn new(shape: (usize, usize), main: Box<dyn Layer>) -> Self {
        Self {
            shape,
            layers: BTreeMap::from([(String::new(), main)]),
            rest: LoomView::default(),
            ca: BTreeMap::new(),
            report: Report::default(),
            ahead: true,
        }
    }

    /// Of matrices of one shape by the names of their layers (`""` is the main one), with everything
    /// but layers and column attributes in `rest`.
    #[must_use]
    pub fn of_parts(
        matrices: impl IntoIterator<Item = (String, MatrixFile)>,
        rest: LoomView,
        ca: BTreeMap<String, Array>,
    ) -> Self {
        let mut shape = (0, 0);
        let mut layers: BTreeMap<String, Box<dyn Layer>> = BTreeMap::new();
        for (name, matrix) in matrices {
            shape = matrix.shape();
            layers.insert(name, Box::new(matrix));
        }
        Self {
            shape,
            layers,
            rest,
            ca,
            report: Report::default(),
            ahead: true,
        }
    }

    /// Adds a layer of the same shape.
    pub(crate) fn layer(&mut self, name: impl Into<String>, layer: Box<dyn Layer>) {
        self.layers.insert(name.into(), layer);
    }

    /// Adds a row attribute.
    pub(crate) fn row_attr(&mut self, name: impl Into<String>, values: impl Into<Array>) {
        self.rest.ra.insert(name.into(), values.into());
    }

    /// Adds a column attribute.
    pub(crate) fn col_attr(&mut self, name: impl Into<String>, values: impl Into<Array>) {
        self.ca.insert(name.into(), values.into());
    }

    /// Adds a global attribute.
    pub(crate) fn attr(&mut self, name: impl Into<String>, value: impl Into<Array>) {
        self.rest.attrs.insert(name.into(), value.into());
    }

    /// (rows, columns): genes and cells.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Names and types of the layers; `""` is the main matrix.
    #[must_use]
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (&str, DType)> {
        (self.layers.iter()).map(|(name, layer)| (name.as_str(), layer.dtype()))
    }

    /// What is not in the Loom file as it is in the input.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Refuses to be written where a batch of columns would not fit into memory, if no value were 0;
    /// where no second one would, none is read before the one before is written.
    ///
    /// # Errors
    /// [`Error::Misuse`](loom_core::Error::Misuse), which says how much more is needed.
    pub fn check_memory(&mut self, memory: Memory) -> Result<()> {
        let sizes = (self.layers.values()).map(|layer| layer.dtype().size().unwrap_or(8));
        // As triplets; to be written, also dense and in chunks.
        let (mut read, mut written) = (0, 0);
        for size in sizes {
            read += 2 * size_of::<u32>() + size;
            written += 2 * size_of::<u32>() + 3 * size;
        }
        let batch = self.shape.0.saturating_mul(BATCH.min(self.shape.1));
        let fits = |each: usize| memory.band(batch.saturating_mul(each), 1, 1);
        fits(written)?;
        self.ahead = fits(written + read).is_ok();
        Ok(())
    }

    /// Writes the Loom file, in the place of whatever has this path. In memory are two batches of each
    /// layer, one that is written and one that is read (see [`check_memory`](Self::check_memory)), and
    /// the attributes. The steps that `watch` is told of are columns.
    ///
    /// # Errors
    /// Where the input cannot be read, or breaks a rule of Loom files: names, finite numbers; and
    /// where the file cannot be written. Whatever had the path is then as it was.
    pub fn write(&self, path: impl AsRef<Path>, spec: SpecVersion, watch: &Watch) -> Result<()> {
        let mut steps = watch.begin(self.shape.1 as u64)?;
        let threads = if self.ahead {
            Threads::default()
        } else {
            Threads::ONE
        };
        Create::new().spec(spec).write(path, |file| {
            file.metadata(&self.rest)?;
            let mut batches = self.columns();
            let mut read = batches.next();
            while let Some((width, columns)) = read.transpose()? {
                let (mut columns, mut written) = (Some(columns), Ok(()));
                read = None;
                threads.both(
                    &mut || {
                        if let Some(columns) = columns.take() {
                            written = file.columns(columns);
                        }
                    },
                    &mut || read = batches.next(),
                );
                written?;
                steps.advance(width as u64)?;
            }
            Ok(())
        })
    }

    /// Batches of columns with their attributes, and how many columns each has.
    fn columns(&self) -> impl Iterator<Item = Result<(usize, Columns<'static>)>> + Send {
        let layers = self.layers.iter();
        let mut layers: Vec<_> = layers
            .map(|(name, layer)| (name, layer.batches()))
            .collect();
        let mut done = 0;
        let mut batch = move || {
            let mut columns = Columns::default();
            let mut width = 0;
            for (name, batches) in &mut layers {
                let Some(batch) = batches.next().transpose()? else {
                    break;
                };
                width = batch.shape().map_or(width, |shape| shape.1);
                columns.layers.insert((*name).clone(), batch);
            }
            for (name, values) in &self.ca {
                let part = values.part(0, done..done + width)?;
                columns.ca.insert(name.clone(), part);
            }
            done += width.max(1);
            Ok((width, columns))
        };
        (0..self.shape.1).step_by(BATCH).map(move |_| batch())
    }
}
