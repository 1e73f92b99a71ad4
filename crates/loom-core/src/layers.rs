//! The matrices of a file: loompy's `ds.layers`.

use std::fmt;

use h5lite::{Array, DType, Dataset, Element, Number, Reader, Selection};
use ndarray::{Array2, ArrayD, Ix2};

use crate::{
    axis::Axis,
    error::{Error, Result},
    numeric::with_number,
    spec,
    state::State,
    timestamp,
};

pub(crate) const WHAT: &str = "layer";

/// What a chunk that has to be looked for counts as, in bytes: about what one takes in an index.
const CHUNK_BYTES: usize = 64;

/// The layers: name to matrix. The main matrix, `/matrix`, is the layer `""`.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'ds> {
    state: &'ds State,
}

impl<'ds> Layers<'ds> {
    pub(crate) fn new(state: &'ds State) -> Self {
        Self { state }
    }

    /// Names: `""` where there is a main matrix, then the others in the file's order.
    ///
    /// # Errors
    /// Where the group of layers cannot be read.
    pub fn keys(self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        if self.state.file.contains(spec::MATRIX)? {
            keys.push(String::new());
        }
        keys.extend(self.state.names(spec::LAYERS)?);
        Ok(keys)
    }

    /// Number of layers, the main matrix being one.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn len(self) -> Result<usize> {
        Ok(self.keys()?.len())
    }

    /// Whether there is no layer.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn is_empty(self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Whether there is a layer of this name.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn contains(self, name: &str) -> Result<bool> {
        if name.is_empty() {
            Ok(self.state.file.contains(spec::MATRIX)?)
        } else {
            self.state.holds(spec::LAYERS, name)
        }
    }

    /// A layer.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::BreaksSpec`] for something that is not a matrix of numbers.
    pub fn get(self, name: &str) -> Result<Layer<'ds>> {
        if !self.contains(name)? {
            return Err(Error::not_found(WHAT, name));
        }
        let dataset = self.state.file.dataset(&path(name))?;
        Layer::new(self.state, name, dataset)
    }

    /// The layers themselves, in the order of [`keys`](Self::keys).
    ///
    /// # Errors
    /// As [`keys`](Self::keys); each layer as [`get`](Self::get).
    pub fn iter(self) -> Result<impl Iterator<Item = Result<Layer<'ds>>>> {
        Ok((self.keys()?.into_iter()).map(move |name| self.get(&name)))
    }

    /// When a layer last changed, or the set of layers, as far as the file says.
    ///
    /// # Errors
    /// Where the stamps cannot be read.
    pub fn last_modified(self) -> Result<Option<String>> {
        let mut latest = match self.state.group(spec::LAYERS)? {
            Some(group) => timestamp::read(group.attribute(spec::LAST_MODIFIED))?,
            None => None,
        };
        for layer in self.iter()? {
            latest = latest.max(layer?.last_modified()?);
        }
        Ok(latest)
    }
}

/// Where a layer is.
pub(crate) fn path(name: &str) -> String {
    match name {
        "" => spec::MATRIX.to_owned(),
        _ => format!("{}/{name}", spec::LAYERS),
    }
}

/// How many values so many layers of a shape hold: the steps of a call that is watched.
pub(crate) fn volume((rows, cols): (usize, usize), layers: usize) -> u64 {
    (rows as u64)
        .saturating_mul(cols as u64)
        .saturating_mul(layers as u64)
}

/// One matrix of the file, read a block at a time.
///
/// Rows and columns are given as ranges, index lists in any order and with repeats, or masks, on
/// both axes at once; the block has them in the order asked for.
#[derive(Clone)]
pub struct Layer<'ds> {
    state: &'ds State,
    name: String,
    dataset: Dataset<'ds>,
    shape: (usize, usize),
    dtype: DType,
}

impl fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("name", &self.name)
            .field("shape", &self.shape)
            .field("dtype", &self.dtype)
            .finish_non_exhaustive()
    }
}

impl<'ds> Layer<'ds> {
    fn new(state: &'ds State, name: &str, dataset: Dataset<'ds>) -> Result<Self> {
        let broken = |reason| Error::BreaksSpec {
            what: format!("{WHAT} {name:?}"),
            reason,
        };
        let shape = match *dataset.shape() {
            [rows, cols] => (rows, cols),
            ref other => {
                return Err(broken(format!("it has shape {other:?}, not two axes")));
            }
        };
        let dtype = dataset.dtype()?;
        if dtype == DType::Str {
            return Err(broken("it holds text, not numbers".to_owned()));
        }
        Ok(Self {
            state,
            name: name.to_owned(),
            dataset,
            shape,
            dtype,
        })
    }

    /// Its name; `""` for the main matrix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// (rows, columns).
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The type its values are stored in.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The HDF5 dataset that holds it, with its chunks and filters.
    #[must_use]
    pub fn dataset(&self) -> &Dataset<'ds> {
        &self.dataset
    }

    /// A block, its values converted to `T` where none can change (numpy's "safe" casts).
    ///
    /// # Errors
    /// [`h5lite::Error::OutOfBounds`] naming the position and the axis' length,
    /// [`h5lite::Error::Mismatch`] for an unsafe conversion, or where the file cannot be read.
    pub fn read<T: Number>(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
    ) -> Result<Array2<T>> {
        self.block(self.dataset.read(&[rows.into(), cols.into()])?)
    }

    /// A block, any number converted to `T` as Rust's `as` does.
    ///
    /// # Errors
    /// As [`read`](Self::read), but every conversion is allowed.
    pub fn read_lossy<T: Number>(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
    ) -> Result<Array2<T>> {
        self.block(self.dataset.read_lossy(&[rows.into(), cols.into()])?)
    }

    /// A block, row after row, into memory that is there already.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where `out` is not exactly as long as the block.
    pub fn read_into<T: Number>(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
        out: &mut [T],
    ) -> Result<()> {
        Ok(self.dataset.read_into(&[rows.into(), cols.into()], out)?)
    }

    /// A block in the type it is stored in (`float16` as `float32`).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_any(
        &self,
        rows: impl Into<Selection>,
        cols: impl Into<Selection>,
    ) -> Result<Array> {
        Ok(self.dataset.read_any(&[rows.into(), cols.into()])?)
    }

    /// When it last changed, as far as the file says. (loompy stamps a layer when a part of it is
    /// assigned, not when the whole of it is.)
    ///
    /// # Errors
    /// Where the stamp cannot be read.
    pub fn last_modified(&self) -> Result<Option<String>> {
        timestamp::read(self.dataset.attribute(spec::LAST_MODIFIED))
    }

    /// Rows and columns of a chunk; where the layer is not stored in chunks, of a piece of a row.
    pub(crate) fn chunk(&self) -> (usize, usize) {
        match self.dataset.chunk_shape() {
            Some(&[rows, cols]) => (rows.max(1), cols.max(1)),
            _ => (1, 1 << 16),
        }
    }

    /// Refuses to work through `rows` x `cols` of its values, a part at a time, where the file cannot
    /// hold so many: a stored value takes a byte at least.
    pub(crate) fn afford(&self, rows: usize, cols: usize) -> Result<()> {
        let longest = self.shape.0.max(self.shape.1);
        (self.state).afford("a list of positions, in bytes,", &[longest], 8)?;
        if let Some(&[high, wide]) = self.dataset.chunk_shape() {
            let chunks = [rows.div_ceil(high.max(1)), cols.div_ceil(wide.max(1))];
            (self.state).afford("chunks to look for, in bytes,", &chunks, CHUNK_BYTES)?;
        }
        (self.state).afford("values to go through", &[rows, cols], 1)
    }

    /// Refuses to return so many values of `size` bytes where the file has not given cause for
    /// them.
    pub(crate) fn afford_results(&self, counts: &[usize], size: usize) -> Result<()> {
        self.state.afford("the result, in bytes,", counts, size)
    }

    /// A reader for one thread.
    pub(crate) fn reader(&self) -> Result<Reader<'_>> {
        Ok(self.dataset.reader()?)
    }

    /// As [`read_any`](Self::read_any), in the memory of an array that is no longer needed where that
    /// is of the same type.
    pub(crate) fn read_any_over(
        &self,
        rows: Selection,
        cols: Selection,
        over: Option<Array>,
    ) -> Result<Array> {
        let shape = [rows.count(0, self.shape.0)?, cols.count(1, self.shape.1)?];
        with_number!(self.dtype, T => {
            let Some(over) = over.and_then(|over| T::from_array(over).ok()) else {
                return self.read_any(rows, cols);
            };
            self.afford_results(&shape, size_of::<T>())?;
            let (mut values, _) = over.into_raw_vec_and_offset();
            values.resize(shape[0] * shape[1], T::default());
            self.read_into(rows, cols, &mut values)?;
            self.array(shape, values)
        }, text => self.read_any(rows, cols))
    }

    fn array<T>(&self, shape: [usize; 2], values: Vec<T>) -> Result<Array>
    where
        Array: From<Array2<T>>,
    {
        let found = vec![values.len()];
        let array = Array2::from_shape_vec(shape, values);
        array.map(Array::from).map_err(|_| Error::Shape {
            what: format!("a block of {WHAT} {:?}", self.name),
            expected: format!("{shape:?}"),
            found,
        })
    }

    /// How many threads share the work of a call.
    pub(crate) fn threads(&self) -> usize {
        self.state.file.threads().count()
    }

    /// Does `work` for each item on the connection's threads, each of which makes itself a
    /// workspace and keeps it from item to item; the results come in the order of the items.
    pub(crate) fn each<I: Send, W, R: Send>(
        &self,
        items: Vec<I>,
        workspace: impl Fn() -> Result<W> + Send + Sync,
        work: impl Fn(&mut W, I) -> Result<R> + Send + Sync,
    ) -> Result<Vec<R>> {
        self.state.file.threads().each(items, workspace, work)
    }

    /// Does both, at once where the connection has two threads.
    pub(crate) fn both(&self, first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
        self.state.file.threads().both(first, second);
    }

    /// Refuses a layer that is not shaped as the main matrix is.
    pub(crate) fn check_shape(&self, shape: (usize, usize)) -> Result<()> {
        if self.shape == shape {
            return Ok(());
        }
        Err(Error::Shape {
            what: format!("{WHAT} {:?}", self.name),
            expected: format!("[{}, {}], that of the main matrix,", shape.0, shape.1),
            found: vec![self.shape.0, self.shape.1],
        })
    }

    /// The length of an axis.
    pub(crate) fn length(&self, axis: Axis) -> usize {
        axis.of(self.shape)
    }

    fn block<T>(&self, values: ArrayD<T>) -> Result<Array2<T>> {
        let found = values.shape().to_vec();
        values
            .into_dimensionality::<Ix2>()
            .map_err(|_| Error::Shape {
                what: format!("a block of {WHAT} {:?}", self.name),
                expected: "two axes".to_owned(),
                found,
            })
    }
}
