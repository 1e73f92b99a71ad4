//! Where the raw data of a dataset is: a grid of chunks, whatever the layout.

use crate::{
    error::{Error, Result},
    format::{
        chunk_grid::ChunkGrid,
        message::{ChunkIndex, DataLayout, Filter},
    },
    image::{Address, Image},
    limits::Limits,
    read::index::{self, ChunkEntry, Known, each},
};

/// What planning and looking up one chunk takes, in bytes: so much each chunk counts at least.
pub(super) const CHUNK_COST: u64 = 512;

const LAYOUT: &str = "data layout message";
/// Contiguous data is read in runs of about this many bytes.
const RUN: usize = 1 << 20;
/// A filter mask that leaves out every filter.
const UNFILTERED: u32 = u32::MAX;

/// The raw data of a dataset as a grid of chunks. Compact and contiguous data becomes a grid of
/// runs along the first axis, so that all layouts are read the same way.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    /// Length of every axis; a scalar has one axis of length 1.
    pub(super) shape: Vec<usize>,
    /// Shape of a chunk: as many axes as `shape`, no zeros.
    pub(super) chunk: Vec<usize>,
    /// Bytes of an element.
    pub(super) element: usize,
    /// The filters every chunk went through.
    pub(super) filters: Vec<Filter>,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Somewhere this crate does not go; says where.
    Refused(&'static str),
    /// Nothing has been written.
    Nowhere,
    /// In memory.
    Memory(Vec<u8>),
    /// One run of bytes in the file.
    Run(Address),
    /// Chunks of the file.
    Chunks {
        index: ChunkIndex,
        /// How many chunks each axis can ever have; `None` where it is unlimited.
        max_chunks: Vec<Option<u64>>,
        /// Whether chunks that reach over the upper edges were stored without filters.
        plain_partial: bool,
    },
}

impl Storage {
    /// Values in memory, as those of an attribute.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where there are fewer bytes than the shape needs.
    pub(crate) fn in_memory(
        header: Address,
        data: Vec<u8>,
        shape: &[usize],
        element: usize,
    ) -> Result<Self> {
        let shape = at_least_one_axis(shape);
        let total = total_bytes(&shape, element)?;
        if (data.len() as u64) < total {
            let reason = format_args!("{} bytes of data where {total} are due", data.len());
            return Err(Error::corrupt(LAYOUT, header, reason));
        }
        let chunk = shape.iter().map(|&dim| dim.max(1)).collect();
        Ok(Self {
            shape,
            chunk,
            element,
            filters: Vec::new(),
            place: Place::Memory(data),
        })
    }

    /// Data that can be listed but not read.
    pub(crate) fn refused(where_it_is: &'static str, shape: &[usize], element: usize) -> Self {
        let shape = at_least_one_axis(shape);
        let chunk = vec![1; shape.len()];
        Self {
            shape,
            chunk,
            element,
            filters: Vec::new(),
            place: Place::Refused(where_it_is),
        }
    }

    /// The data that a dataset's messages describe.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they contradict each other.
    pub(crate) fn new(
        header: Address,
        layout: DataLayout,
        filters: Vec<Filter>,
        (shape, max_shape): (&[usize], Option<&[Option<u64>]>),
        element: usize,
    ) -> Result<Self> {
        let corrupt = |reason: String| Error::corrupt(LAYOUT, header, reason);
        match layout {
            DataLayout::Virtual { .. } => Ok(Self::refused("virtual dataset", shape, element)),
            DataLayout::Compact(data) => Self::in_memory(header, data, shape, element),
            DataLayout::Contiguous { address, size } => {
                let shape = at_least_one_axis(shape);
                let total = total_bytes(&shape, element)?;
                if address.is_some() && size.is_some_and(|size| size < total) {
                    return Err(corrupt(format!("{size:?} bytes where {total} are due")));
                }
                let place = address.map_or(Place::Nowhere, Place::Run);
                let chunk = run_shape(&shape, element);
                Ok(Self {
                    shape,
                    chunk,
                    element,
                    filters: Vec::new(),
                    place,
                })
            }
            DataLayout::Chunked {
                shape: chunk,
                element_size,
                index,
                plain_partial_chunks,
            } => {
                if chunk.len() != shape.len() || element_size != element as u64 {
                    return Err(corrupt(format!(
                        "chunks of {chunk:?} x {element_size} bytes for {shape:?} x {element}"
                    )));
                }
                total_bytes(shape, element)?;
                let max_chunks = (0..shape.len()).map(|axis| {
                    let max = max_shape.map_or(Some(shape[axis] as u64), |max| max[axis]);
                    max.map(|max| max.div_ceil(chunk[axis]))
                });
                let place = Place::Chunks {
                    index,
                    max_chunks: max_chunks.collect(),
                    plain_partial: plain_partial_chunks,
                };
                let usize_of = |dim: u64| usize::try_from(dim).map_err(|e| corrupt(e.to_string()));
                let chunk = chunk.into_iter().map(usize_of).collect::<Result<_>>()?;
                Ok(Self {
                    shape: shape.to_vec(),
                    chunk,
                    element,
                    filters,
                    place,
                })
            }
        }
    }

    /// Whether reading may be tried.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for data in other files or datasets, [`Error::Limit`] for chunks that
    /// are too large.
    pub(crate) fn check_readable(&self, limits: &Limits) -> Result<()> {
        if let Place::Refused(where_it_is) = self.place {
            return Err(Error::unsupported(where_it_is));
        }
        let len = self
            .chunk
            .iter()
            .try_fold(self.element, |len, &dim| len.checked_mul(dim));
        if self.chunk_shape().is_none() {
            return Ok(());
        }
        let len = len.map_or(u64::MAX, |len| len as u64);
        Limits::check("bytes of a chunk", len, limits.chunk_bytes, "chunk_bytes")
    }

    /// Shape of a chunk, where the data is stored in chunks.
    pub(crate) fn chunk_shape(&self) -> Option<&[usize]> {
        matches!(self.place, Place::Chunks { .. }).then_some(&self.chunk)
    }

    /// The index, where the data is stored in chunks.
    pub(crate) fn chunk_index(&self) -> Option<ChunkIndex> {
        match self.place {
            Place::Chunks { index, .. } => Some(index),
            _ => None,
        }
    }

    /// Where the index of the chunks starts.
    pub(super) fn index_address(&self) -> Address {
        match &self.place {
            Place::Chunks { index, .. } => index.address().unwrap_or_default(),
            _ => Address::default(),
        }
    }

    /// The data itself, where it is in memory.
    pub(crate) fn memory(&self) -> Option<&[u8]> {
        match &self.place {
            Place::Memory(data) => Some(data),
            _ => None,
        }
    }

    /// Where values outside of chunks stand that should be in the file, and whether their bytes
    /// all are.
    pub(crate) fn run(&self, image: &Image) -> Option<(Address, bool)> {
        let Place::Run(start) = self.place else {
            return None;
        };
        let len = total_bytes(&self.shape, self.element).ok();
        let end = len.and_then(|len| start.0.checked_add(len));
        Some((start, end.is_some_and(|end| end <= image.len())))
    }

    /// Bytes of a chunk before its filters.
    pub(crate) fn chunk_len(&self) -> usize {
        self.chunk.iter().product::<usize>() * self.element
    }

    /// How many of the chunk's bytes lie inside the dataset, where that is a run of them: a chunk
    /// with filters is always whole, a run at the end of the first axis is short.
    pub(super) fn len_at(&self, coordinates: &[u64]) -> usize {
        match (&self.place, coordinates) {
            (Place::Chunks { .. }, _) | (_, []) => self.chunk_len(),
            (_, [first, ..]) => {
                let start = usize::try_from(*first)
                    .unwrap_or(usize::MAX)
                    .saturating_mul(self.chunk[0]);
                let rows = self.shape[0].saturating_sub(start).min(self.chunk[0]);
                self.chunk_len() / self.chunk[0] * rows
            }
        }
    }

    /// The chunks of the grid that were written, in its order.
    pub(crate) fn entries(&self, image: &Image, grid: &ChunkGrid) -> Result<Vec<ChunkEntry>> {
        self.entries_from(image, grid, &mut Known::default())
    }

    /// The same, with what earlier calls have read of the index.
    pub(super) fn entries_from<'a>(
        &self,
        image: &'a Image,
        grid: &ChunkGrid,
        known: &mut Known<'a>,
    ) -> Result<Vec<ChunkEntry>> {
        match &self.place {
            Place::Refused(_) | Place::Nowhere | Place::Memory(_) => Ok(Vec::new()),
            Place::Run(start) => {
                let run = |coordinates: &[u64]| {
                    let first = coordinates.first().copied().unwrap_or(0);
                    let before = first.saturating_mul(self.chunk_len() as u64);
                    Ok(Some(ChunkEntry {
                        coordinates: coordinates.to_vec(),
                        address: start.plus(LAYOUT, before)?,
                        size: self.len_at(coordinates) as u64,
                        filter_mask: 0,
                    }))
                };
                each(grid, run)
            }
            Place::Chunks {
                index,
                max_chunks,
                plain_partial,
            } => {
                let chunk: Vec<u64> = self.chunk.iter().map(|&dim| dim as u64).collect();
                let chunk = (&chunk[..], self.chunk_len() as u64);
                let mut entries = index::find(image, *index, grid, chunk, max_chunks, known)?;
                if *plain_partial {
                    for entry in entries.iter_mut().filter(|entry| self.is_partial(entry)) {
                        entry.filter_mask = UNFILTERED;
                    }
                }
                Ok(entries)
            }
        }
    }

    /// Whether a chunk reaches over an upper edge.
    fn is_partial(&self, entry: &ChunkEntry) -> bool {
        let over = |((&at, &chunk), &length): ((&u64, &usize), &usize)| {
            at.saturating_add(1).saturating_mul(chunk as u64) > length as u64
        };
        entry
            .coordinates
            .iter()
            .zip(&self.chunk)
            .zip(&self.shape)
            .any(over)
    }
}

/// A scalar is an axis of length 1.
fn at_least_one_axis(shape: &[usize]) -> Vec<usize> {
    if shape.is_empty() {
        vec![1]
    } else {
        shape.to_vec()
    }
}

/// Bytes of a whole dataset, which must be countable.
pub(crate) fn total_bytes(shape: &[usize], element: usize) -> Result<u64> {
    let total = shape
        .iter()
        .try_fold(element, |bytes, &dim| bytes.checked_mul(dim.max(1)));
    match total.filter(|&total| isize::try_from(total).is_ok()) {
        Some(_) if shape.contains(&0) => Ok(0),
        Some(total) => Ok(total as u64),
        None => Err(Error::unsupported(format_args!(
            "size of a dataset of {shape:?} x {element} bytes"
        ))),
    }
}

/// Runs of whole rows of about [`RUN`] bytes.
fn run_shape(shape: &[usize], element: usize) -> Vec<usize> {
    let mut run: Vec<usize> = shape.iter().map(|&dim| dim.max(1)).collect();
    let row = run.iter().skip(1).product::<usize>() * element;
    run[0] = (RUN / row.max(1)).clamp(1, run[0]);
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_data_is_cut_into_runs() {
        assert_eq!(run_shape(&[1_000_000, 4], 8), [32_768, 4]);
        assert_eq!(run_shape(&[3, 10_000_000], 8), [1, 10_000_000]);
        assert_eq!(run_shape(&[0, 7], 8), [1, 7]);
        assert!(total_bytes(&[usize::MAX, 2], 1).is_err());
    }

    #[test]
    fn messages_that_contradict_each_other_are_corrupt() {
        let storage = |layout| {
            let storage = Storage::new(Address(0), layout, vec![], (&[10, 10], None), 4)?;
            let limits = Limits {
                chunk_bytes: 1000,
                ..Limits::default()
            };
            storage.check_readable(&limits).map(|()| storage)
        };
        let chunked = |shape: &[u64], element_size| DataLayout::Chunked {
            shape: shape.to_vec(),
            element_size,
            index: ChunkIndex::BtreeV1(None),
            plain_partial_chunks: false,
        };
        assert!(storage(chunked(&[5, 5], 4)).is_ok());
        assert!(storage(chunked(&[5], 4)).unwrap_err().is_corrupt());
        assert!(storage(chunked(&[5, 5], 8)).unwrap_err().is_corrupt());
        assert!(matches!(
            storage(chunked(&[50, 50], 4)),
            Err(Error::Limit { .. })
        ));
        assert!(
            storage(DataLayout::Compact(vec![0; 399]))
                .unwrap_err()
                .is_corrupt()
        );
        let contiguous = DataLayout::Contiguous {
            address: Some(Address(0)),
            size: Some(399),
        };
        assert!(storage(contiguous).unwrap_err().is_corrupt());
        let elsewhere = DataLayout::Virtual {
            heap: None,
            index: 0,
        };
        assert!(storage(elsewhere).unwrap_err().is_unsupported());
    }
}
