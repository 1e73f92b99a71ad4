//! Where the values of a dataset stand, for those who fetch them by other means.

use super::Dataset;
use crate::{
    error::{Error, InObject, Result},
    format::message::{ByteOrder, Class, Datatype, FloatLayout},
};

/// Where the values of a dataset stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawData<'d> {
    /// Nowhere: nothing was written, and every value is the fill value.
    Unallocated,
    /// In the object header.
    Compact(&'d [u8]),
    /// In one run of bytes.
    Contiguous {
        /// Where they start, counted from the very start of the file.
        offset: u64,
        /// How many there are.
        len: u64,
    },
    /// In chunks: see [`Dataset::each_chunk`].
    Chunked,
}

/// Where a chunk is stored; what h5py's `get_chunk_info` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkLocation {
    /// Its place in the grid of chunks: on each axis, how many chunks come before it.
    pub coordinates: Vec<u64>,
    /// Where its bytes start, counted from the very start of the file.
    pub offset: u64,
    /// How many bytes are stored.
    pub size: u64,
    /// Bit i set: the i-th filter was not applied.
    pub filter_mask: u32,
}

impl Dataset<'_> {
    /// Where the values stand.
    ///
    /// # Errors
    /// [`Unsupported`](crate::Error::Unsupported) for data in other files or datasets,
    /// [`Corrupt`](crate::Error::Corrupt) where it reaches past the end of the file.
    pub fn raw_data(&self) -> Result<RawData<'_>> {
        let node = self.node();
        let (storage, image) = (&self.values().storage, node.file.image());
        (|| {
            storage.check_readable(self.values().limits)?;
            if storage.chunk_shape().is_some() {
                return Ok(RawData::Chunked);
            }
            if let Some(bytes) = storage.memory() {
                return Ok(RawData::Compact(bytes));
            }
            let Some((start, all_there)) = storage.run(image) else {
                return Ok(RawData::Unallocated);
            };
            if !all_there {
                let reason = "it reaches past the end of the file";
                return Err(Error::corrupt("raw data", start, reason));
            }
            let count: usize = self.shape().iter().product();
            Ok(RawData::Contiguous {
                offset: image.position(start),
                len: count as u64 * u64::from(self.datatype().size),
            })
        })()
        .in_object(&node.path)
    }

    /// Visits all chunks that are stored, in the grid's row-major order. A dataset that is not
    /// chunked has none.
    ///
    /// The index is walked part by part; none of the chunks is read.
    ///
    /// # Errors
    /// Those of the index, and what `visit` returns.
    pub fn each_chunk(&self, visit: &mut dyn FnMut(ChunkLocation) -> Result<()>) -> Result<()> {
        let node = self.node();
        let (storage, image) = (&self.values().storage, node.file.image());
        if storage.chunk_shape().is_none() {
            return Ok(());
        }
        storage
            .each_batch(image, &mut image.len(), &mut |entries| {
                entries.into_iter().try_for_each(|entry| {
                    visit(ChunkLocation {
                        coordinates: entry.coordinates,
                        offset: image.position(entry.address),
                        size: entry.size,
                        filter_mask: entry.filter_mask,
                    })
                })
            })
            .in_object(&node.path)
    }

    /// The value of elements that were never written, as it is stored. `None`: zeros.
    #[must_use]
    pub fn fill_value(&self) -> Option<&[u8]> {
        self.values().fill.as_deref()
    }
}

impl Datatype {
    /// numpy's type string (`<f4`, `>i8`, `|b1`), where an element is stored as numpy has it in
    /// memory: a number of the usual layout, or one of h5py's booleans; other enumerations are their
    /// numbers.
    #[must_use]
    pub fn numpy_format(&self) -> Option<String> {
        let (kind, order) = match &self.class {
            Class::FixedPoint {
                order,
                signed,
                bit_offset: 0,
                precision,
            } if u32::from(*precision) == self.size * 8 && matches!(self.size, 1 | 2 | 4 | 8) => {
                (if *signed { 'i' } else { 'u' }, order)
            }
            Class::FloatingPoint { order, layout }
                if FloatLayout::ieee(self.size).as_ref() == Some(layout) =>
            {
                ('f', order)
            }
            Class::Enumeration { .. } if self.is_boolean() => return Some("|b1".to_owned()),
            Class::Enumeration { base, .. } => return base.numpy_format(),
            _ => return None,
        };
        let order = match order {
            _ if self.size == 1 => '|',
            ByteOrder::Little => '<',
            ByteOrder::Big => '>',
            ByteOrder::Vax => return None,
        };
        Some(format!("{order}{kind}{}", self.size))
    }
}
