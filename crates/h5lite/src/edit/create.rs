//! New datasets.

use super::{
    Context, Edit,
    dataset::{PendingData, Place},
    pending_chunks::PendingChunks,
    tree::{Kind, Target},
    values::{self, Incoming},
};
use crate::{
    error::{Error, InObject, Result},
    format::{
        message::{
            Class, DataLayout, Dataspace, Datatype, FillValue, Filter, FilterId, FilterPipeline,
        },
        object_header::RawMessage,
    },
    read::total_bytes,
    value::{Array, DType},
};

/// How a new dataset is stored.
#[derive(Clone, Debug, Default)]
pub struct DatasetOptions {
    compact: bool,
    chunk: Option<Vec<usize>>,
    max_shape: Option<Vec<Option<u64>>>,
    filters: Vec<Filter>,
    datatype: Option<Datatype>,
    fill: Option<Array>,
}

impl DatasetOptions {
    /// In one run of bytes.
    #[must_use]
    pub fn contiguous() -> Self {
        Self::default()
    }

    /// In the object header, beside everything else that is known of the dataset: for values of at
    /// most 64,000 bytes. Strings of variable length take 16 each there.
    #[must_use]
    pub fn compact() -> Self {
        Self {
            compact: true,
            ..Self::default()
        }
    }

    /// In chunks of this shape.
    #[must_use]
    pub fn chunked(chunk: &[usize]) -> Self {
        Self {
            chunk: Some(chunk.to_vec()),
            ..Self::default()
        }
    }

    /// How long each axis may become (`None`: without limit). Only chunks can grow.
    #[must_use]
    pub fn max_shape(mut self, max_shape: &[Option<u64>]) -> Self {
        self.max_shape = Some(max_shape.to_vec());
        self
    }

    /// Chunks are compressed with DEFLATE at this level, 0 to 9.
    #[must_use]
    pub fn deflate(self, level: u32) -> Self {
        self.filter(FilterId::DEFLATE, vec![level.min(9)])
    }

    /// Bytes of equal significance are put side by side, which helps DEFLATE with wide numbers.
    #[must_use]
    pub fn shuffle(self) -> Self {
        self.filter(FilterId::SHUFFLE, Vec::new())
    }

    /// Chunks carry a checksum.
    #[must_use]
    pub fn fletcher32(self) -> Self {
        self.filter(FilterId::FLETCHER32, Vec::new())
    }

    fn filter(mut self, id: FilterId, parameters: Vec<u32>) -> Self {
        let optional = id != FilterId::FLETCHER32;
        let name = id.name().map(str::to_owned);
        self.filters.push(Filter {
            id,
            optional,
            parameters,
            name,
        });
        self
    }

    /// The type elements are stored as, where [`Datatype::of`] is not wanted.
    #[must_use]
    pub fn datatype(mut self, datatype: Datatype) -> Self {
        self.datatype = Some(datatype);
        self
    }

    /// What values that were never written are read as; zero or the empty string otherwise.
    #[must_use]
    pub fn fill(mut self, value: Array) -> Self {
        self.fill = Some(value);
        self
    }

    /// Whether this shape can be stored so.
    fn check(&self, shape: &[usize]) -> Result<()> {
        let mismatch = |expected: &str, found: String| {
            Err(Error::Mismatch {
                expected: expected.to_owned(),
                found,
            })
        };
        let Some(chunk) = &self.chunk else {
            if self.filters.is_empty() && self.max_shape.is_none() {
                return Ok(());
            }
            return mismatch(
                "chunks, for filters and for growth",
                "a contiguous or compact layout".to_owned(),
            );
        };
        if chunk.is_empty() || chunk.len() != shape.len() || chunk.contains(&0) {
            return mismatch(
                "a chunk length for each axis",
                format!("{chunk:?} for {shape:?}"),
            );
        }
        if chunk.iter().any(|&dim| u32::try_from(dim).is_err()) {
            return mismatch(
                "chunks shorter than 2^32 on each axis",
                format!("{chunk:?}"),
            );
        }
        let fits = |max: &Vec<Option<u64>>| {
            let axes = max.iter().zip(shape);
            max.len() == shape.len()
                && axes
                    .into_iter()
                    .all(|(max, &dim)| max.is_none_or(|max| dim as u64 <= max))
        };
        match &self.max_shape {
            Some(max) if !fits(max) => mismatch("a shape within the maximum", format!("{shape:?}")),
            _ => Ok(()),
        }
    }
}

impl Edit<'_> {
    /// Writes a new dataset with these values, in the place of whatever has that path. The groups
    /// around it are made where they do not exist.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the options do not fit the values or something on the way is no
    /// group, [`Error::Io`].
    pub fn write(&mut self, path: &str, values: &Array, options: &DatasetOptions) -> Result<()> {
        self.check_place(path)?;
        let (mut context, _) = self.parts()?;
        let (mut data, messages) = options
            .dataset(&mut context, values.dtype(), values.shape())
            .in_object(path)?;
        data.write(&mut context, None, &[], Incoming::Values(values))
            .in_object(path)?;
        self.add(path, data, messages)
    }

    /// Makes a new dataset without values, in the place of whatever has that path: all of it reads
    /// as the fill value until [`write_at`](Self::write_at) writes to it.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn create(
        &mut self,
        path: &str,
        dtype: DType,
        shape: &[usize],
        options: &DatasetOptions,
    ) -> Result<()> {
        self.check_place(path)?;
        let (mut context, _) = self.parts()?;
        let (data, messages) = options
            .dataset(&mut context, dtype, shape)
            .in_object(path)?;
        self.add(path, data, messages)
    }

    fn add(&mut self, path: &str, data: PendingData, messages: Vec<RawMessage>) -> Result<()> {
        let (_, tree) = self.parts()?;
        let id = tree.add(Kind::Dataset(Some(Box::new(data))), messages);
        self.place(path, Target::Object(id))
    }
}

impl DatasetOptions {
    /// A dataset that is stored so, and its messages but for those about data and shape.
    fn dataset(
        &self,
        context: &mut Context<'_>,
        dtype: DType,
        shape: &[usize],
    ) -> Result<(PendingData, Vec<RawMessage>)> {
        self.check(shape)?;
        let datatype = self.datatype.clone().unwrap_or_else(|| Datatype::of(dtype));
        let bytes = total_bytes(shape, datatype.size as usize)?;
        let in_heap = matches!(datatype.class, Class::VariableLength { .. });
        let summed = |filter: &Filter| filter.id == FilterId::FLETCHER32;
        if in_heap && self.filters.iter().any(summed) {
            // libhdf5 makes no such dataset, and some versions crash on one.
            let what = "fletcher32 for values of variable length";
            return Err(Error::unsupported(what));
        }
        let sizes = context.file.image().sizes();
        let fill = match &self.fill {
            Some(value) if value.len() != 1 => {
                let expected = "one fill value".to_owned();
                let found = format!("{} values", value.len());
                return Err(Error::Mismatch { expected, found });
            }
            Some(value) => Some(values::stored(context, value, &datatype)?),
            None => None,
        };
        let filters: Vec<Filter> = self
            .filters
            .iter()
            .map(|filter| filter.sized(&datatype))
            .collect();
        let dims: Vec<u64> = shape.iter().map(|&dim| dim as u64).collect();
        let space = if shape.is_empty() {
            Dataspace::Scalar
        } else {
            Dataspace::Simple {
                dims,
                max_dims: self.max_shape.clone(),
            }
        };
        let allocation_time = match &self.chunk {
            Some(_) => CHUNK_BY_CHUNK,
            None if self.compact => AT_ONCE,
            None => LATE,
        };
        let fill_message = FillValue {
            allocation_time,
            value: fill.clone(),
            ..FillValue::default()
        };
        let mut messages = vec![
            RawMessage::new(&space, sizes),
            RawMessage::new(&datatype, sizes),
            RawMessage::new(&fill_message, sizes),
            RawMessage::new(
                &DataLayout::Contiguous {
                    address: None,
                    size: Some(0),
                },
                sizes,
            ),
        ];
        if !filters.is_empty() {
            messages.push(RawMessage::new(
                &FilterPipeline {
                    filters: filters.clone(),
                },
                sizes,
            ));
        }
        let place = match &self.chunk {
            None if self.compact => Place::Compact(None),
            None => Place::Contiguous(None),
            Some(chunk) => {
                let nothing = vec![0; shape.len()];
                Place::Chunked(Box::new(PendingChunks::new(chunk, None, &nothing)))
            }
        };
        if matches!(place, Place::Contiguous(_)) {
            let layout = DataLayout::Contiguous {
                address: None,
                size: Some(bytes),
            };
            super::dataset::replace(&mut messages, RawMessage::new(&layout, sizes));
        }
        let mut data = PendingData {
            shape: shape.to_vec(),
            max_shape: self.max_shape.clone(),
            datatype,
            filters,
            fill,
            place,
        };
        if self.compact {
            data.place = Place::Compact(Some(data.compact_fill()?));
        }
        Ok((data, messages))
    }
}

impl PendingData {
    /// All of a compact dataset that nothing was written to.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where it is too large for a header.
    fn compact_fill(&self) -> Result<Vec<u8>> {
        let count = (self.shape.iter()).try_fold(1_usize, |n, &dim| n.checked_mul(dim));
        let bytes = count.and_then(|count| count.checked_mul(self.element()));
        match (count, bytes) {
            (Some(count), Some(..=MAX_COMPACT)) => Ok(self.fill_bytes(count)),
            _ => Err(Error::Mismatch {
                expected: format!("at most {MAX_COMPACT} bytes for a compact layout"),
                found: format!("{:?} of {} bytes", self.shape, self.element()),
            }),
        }
    }
}

/// The most bytes of a compact dataset, so that its message fits into a header.
const MAX_COMPACT: usize = 64_000;

/// Space is set aside with the header.
const AT_ONCE: u8 = 1;
/// Space is set aside when first written.
const LATE: u8 = 2;
/// Space is set aside chunk by chunk.
const CHUNK_BY_CHUNK: u8 = 3;

impl Filter {
    /// The filter for elements of this type: shuffle has to know how long they are.
    fn sized(&self, datatype: &Datatype) -> Self {
        let mut filter = self.clone();
        if filter.id == FilterId::SHUFFLE {
            filter.parameters = vec![datatype.size];
        }
        filter
    }
}
