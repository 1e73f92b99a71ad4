//! Datasets: arrays of values.

use ndarray::ArrayD;

use super::{Node, Reader};
use crate::{
    edit::PendingData,
    error::{Error, InObject, Result},
    filter::Decoder,
    format::message::{
        Class, DataLayout, Dataspace, Datatype, ExternalFiles, FillValue, Filter, FilterPipeline,
        Message, OldFillValue,
    },
    image::Address,
    read::{Projection, Storage, Values, leads_elsewhere},
    value::{Array, DType, Element, Number, Selection},
};

/// A dataset. Opening one reads its header and nothing of its data.
///
/// Where a call takes selections, it wants one for each axis, or none at all for everything.
#[derive(Clone, Debug)]
pub struct Dataset<'f> {
    node: Node<'f>,
    max_shape: Option<Vec<Option<u64>>>,
    null: bool,
    filters: Vec<Filter>,
    values: Values<'f>,
}

/// Length of every axis on this machine; a null dataspace is an axis of length 0.
pub(super) fn shape_of(dataspace: &Dataspace, address: Address) -> Result<Vec<usize>> {
    if *dataspace == Dataspace::Null {
        return Ok(vec![0]);
    }
    let dim = |&dim: &u64| {
        usize::try_from(dim).map_err(|_| {
            Error::corrupt(
                "dataspace message",
                address,
                format_args!("an axis of {dim}"),
            )
        })
    };
    dataspace.dims().iter().map(dim).collect()
}

impl<'f> Dataset<'f> {
    pub(super) fn new(node: Node<'f>) -> Result<Self> {
        let (image, header) = (node.file.image(), &node.header);
        let dataspace: Dataspace = header.require(image)?;
        let datatype: Datatype = header.require(image)?;
        let layout: DataLayout = header.require(image)?;
        let filters = header
            .get::<FilterPipeline>(image)?
            .unwrap_or_default()
            .filters;
        let fill = match header.get::<FillValue>(image)? {
            Some(fill) => fill.value,
            None => header
                .get::<OldFillValue>(image)?
                .and_then(|fill| fill.value),
        };
        let size = datatype.size as usize;
        if let Some(fill) = fill.as_ref().filter(|fill| fill.len() != size) {
            let reason = format_args!("{} bytes for an element of {size}", fill.len());
            return Err(Error::corrupt("fill value message", header.address, reason));
        }
        let shape = shape_of(&dataspace, header.address)?;
        let max_shape = match &dataspace {
            Dataspace::Simple { max_dims, .. } => max_dims.clone(),
            Dataspace::Scalar | Dataspace::Null => None,
        };
        let storage = if header.has(ExternalFiles::KIND) {
            Storage::refused("raw data in external files", &shape, size)
        } else {
            let axes = (&shape[..], max_shape.as_deref());
            Storage::new(header.address, layout, filters.clone(), axes, size)?
        };
        let values = Values {
            image,
            limits: node.file.limits(),
            threads: node.file.threads(),
            storage,
            datatype,
            projection: Projection {
                stride: size,
                offset: 0,
                size,
            },
            shape,
            fill,
        };
        let null = dataspace == Dataspace::Null;
        Ok(Self {
            node,
            max_shape,
            null,
            filters,
            values,
        })
    }

    pub(super) fn node(&self) -> &Node<'f> {
        &self.node
    }

    pub(super) fn node_mut(&mut self) -> &mut Node<'f> {
        &mut self.node
    }

    pub(crate) fn values(&self) -> &Values<'f> {
        &self.values
    }

    /// Whether all its filters are known.
    pub(crate) fn check_filters(&self) -> Result<()> {
        Decoder::new(&self.filters).map(drop)
    }

    /// The data, to be changed.
    pub(crate) fn pending(&self) -> Result<PendingData> {
        // However large it is: only what changes is read.
        let storage = &self.values.storage;
        storage.check_readable(self.values.limits)?;
        Decoder::new(&self.filters)?;
        Ok(PendingData::of(
            &self.values,
            self.max_shape.as_deref(),
            &self.filters,
        ))
    }

    /// Length of every axis; a single value has none.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.values.shape
    }

    /// How long each axis may become (`None`: without limit), where that is more than it is.
    #[must_use]
    pub fn max_shape(&self) -> Option<&[Option<u64>]> {
        self.max_shape.as_deref()
    }

    /// Whether it has a type but no value: a null dataspace, whose shape is `[0]` here.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.null
    }

    /// How a value is stored.
    #[must_use]
    pub fn datatype(&self) -> &Datatype {
        &self.values.datatype
    }

    /// The type values have once they are read.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for compounds and other types without a counterpart in memory.
    pub fn dtype(&self) -> Result<DType> {
        self.values.dtype().in_object(&self.node.path)
    }

    /// Whether the values are booleans as h5py stores them: an enumeration of `FALSE` and `TRUE`.
    /// They are read as `uint8`.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        self.datatype().is_boolean()
    }

    /// Shape of a chunk, where the dataset is stored in chunks.
    #[must_use]
    pub fn chunk_shape(&self) -> Option<&[usize]> {
        self.values.storage.chunk_shape()
    }

    /// The filters each chunk went through, first applied first.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Whether all values could be read with one call, as far as can be told without trying: the
    /// layout and the filters are known, and the values are within the limits.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming what is not read, or [`Error::Limit`].
    pub fn check_readable(&self) -> Result<()> {
        let checked = self.values.check_all_readable();
        checked
            .and_then(|()| Decoder::new(&self.filters).map(drop))
            .in_object(&self.node.path)
    }

    /// Reads values as `T`, if every value the file's type can hold has its place there: numpy's
    /// "safe" casts.
    ///
    /// The result has an axis for each of the dataset's, and those of array types after them.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the type does not fit, [`Error::OutOfBounds`], [`Error::Limit`],
    /// [`Error::Unsupported`] for layouts and filters that are not read, [`Error::Corrupt`]; each
    /// with the path of the dataset.
    pub fn read<T: Element>(&self, selections: &[Selection]) -> Result<ArrayD<T>> {
        self.values
            .read(selections, false)
            .in_object(&self.node.path)
    }

    /// Reads numbers as `T` even where values may be rounded, cut off, or changed in sign, as
    /// Rust's `as` does.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_lossy<T: Number>(&self, selections: &[Selection]) -> Result<ArrayD<T>> {
        self.values
            .read(selections, true)
            .in_object(&self.node.path)
    }

    /// Reads numbers into a buffer, in C order. Its length must be the number of selected values.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_into<T: Number>(&self, selections: &[Selection], out: &mut [T]) -> Result<()> {
        self.values
            .read_into(selections, out, false)
            .in_object(&self.node.path)
    }

    /// The same as [`read_into`](Self::read_into), with the conversions of
    /// [`read_lossy`](Self::read_lossy).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_into_lossy<T: Number>(
        &self,
        selections: &[Selection],
        out: &mut [T],
    ) -> Result<()> {
        self.values
            .read_into(selections, out, true)
            .in_object(&self.node.path)
    }

    /// A reader for many small reads on one thread.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for layouts and filters that are not read.
    pub fn reader(&self) -> Result<Reader<'_>> {
        Reader::new(&self.values, &self.node.path)
    }

    /// Reads values in the type the file holds (`float16` as `float32`).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_any(&self, selections: &[Selection]) -> Result<Array> {
        self.values.read_any(selections).in_object(&self.node.path)
    }

    /// Reads the bytes of values as they are stored, in C order.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_bytes(&self, selections: &[Selection]) -> Result<Vec<u8>> {
        self.values.bytes(selections).in_object(&self.node.path)
    }

    /// The same in the place of what `bytes` holds: its memory is used again where as many are read.
    /// After an error, what it holds is of no use.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_bytes_into(&self, selections: &[Selection], bytes: &mut Vec<u8>) -> Result<()> {
        let read = self.values.bytes_into(selections, bytes);
        read.in_object(&self.node.path)
    }

    /// The bytes of strings, without padding and whether they are UTF-8 or not.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_strings(&self, selections: &[Selection]) -> Result<Vec<Vec<u8>>> {
        self.values.strings(selections).in_object(&self.node.path)
    }

    /// The bytes of variable-length sequences, as their elements are stored.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_sequences(&self, selections: &[Selection]) -> Result<Vec<Vec<u8>>> {
        self.values.sequences(selections).in_object(&self.node.path)
    }

    /// Whether elements, as [`read_bytes`](Self::read_bytes) gives them, mean the same in another
    /// file: no part of them leads to a value or an object elsewhere in this one.
    #[must_use]
    pub fn is_self_contained(&self) -> bool {
        !leads_elsewhere(self.datatype())
    }

    /// The names of the members, where the type is a compound.
    #[must_use]
    pub fn field_names(&self) -> Vec<String> {
        match &self.datatype().class {
            Class::Compound(members) => members.iter().map(|member| member.name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// The same dataset seen through one member of its compound type.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Mismatch`] where the type is no compound.
    pub fn field(&self, name: &str) -> Result<Self> {
        let values = self.values.member(name).in_object(&self.node.path)?;
        Ok(Self {
            values,
            ..self.clone()
        })
    }
}
